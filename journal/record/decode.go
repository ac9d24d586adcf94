package record

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/cespare/xxhash/v2"
)

// Records decodes a group's payload, record by record. It stops at the first
// error, which wraps [ErrFormat] or [ErrHash]. Whatever the bytes are, it does not
// panic, and allocates no more than their size. Inline payloads alias payload.
func Records(payload []byte) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for at := 0; at < len(payload); {
			r, err := decode(payload, at)
			if err != nil {
				yield(Record{}, fmt.Errorf("at byte %d of the payload: %w", at, err))
				return
			}
			at += r.Size
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Tx is a transaction of a group.
type Tx struct {
	ID      TxID
	Intents []Intent
	Commit  Commit // the zero value when the group has no commit record for it
}

// Committed reports whether the transaction has a commit record.
func (t *Tx) Committed() bool { return t.Commit.Tx != 0 }

// Content is what a group's payload says.
type Content struct {
	Txs   []Tx
	Marks []Record // open, checkpoint and close records, in order
}

// Parse decodes a whole payload and checks the grammar: the intents of a
// transaction are adjacent, its commit record follows right after them and
// agrees with their number and hash. Intents without a commit record are
// returned as a Tx that is not Committed.
func Parse(payload []byte) (Content, error) {
	var c Content
	open := -1 // where the intents of the current transaction begin
	for r, err := range Records(payload) {
		if err != nil {
			return Content{}, err
		}
		switch r.Kind {
		case KindIntent:
			if open < 0 || c.Txs[len(c.Txs)-1].ID != r.Intent.Tx {
				open = r.Offset
				c.Txs = append(c.Txs, Tx{ID: r.Intent.Tx})
			}
			tx := &c.Txs[len(c.Txs)-1]
			tx.Intents = append(tx.Intents, r.Intent)
		case KindCommit:
			if open < 0 {
				return Content{}, fmt.Errorf("at byte %d of the payload: %w: commit of tx %d without intents", r.Offset, ErrFormat, r.Commit.Tx)
			}
			tx := &c.Txs[len(c.Txs)-1]
			if err := checkCommit(tx, r.Commit, payload[open:r.Offset]); err != nil {
				return Content{}, fmt.Errorf("at byte %d of the payload: %w", r.Offset, err)
			}
			tx.Commit = r.Commit
			open = -1
		default:
			c.Marks = append(c.Marks, r)
			open = -1
		}
	}
	return c, nil
}

func checkCommit(tx *Tx, c Commit, intents []byte) error {
	switch {
	case c.Tx != tx.ID:
		return fmt.Errorf("%w: commit of tx %d after the intents of tx %d", ErrFormat, c.Tx, tx.ID)
	case c.Intents != len(tx.Intents):
		return fmt.Errorf("%w: commit of tx %d counts %d intents, %d are there", ErrFormat, c.Tx, c.Intents, len(tx.Intents))
	case c.Hash != xxhash.Sum64(intents):
		return fmt.Errorf("%w: intents of tx %d", ErrHash, c.Tx)
	}
	return nil
}

func decode(payload []byte, at int) (Record, error) {
	d := decoder{b: payload[at:]}
	r := Record{Kind: Kind(d.u8()), Offset: at}
	body := d.bytes()
	if d.err != nil {
		return Record{}, d.err
	}
	r.Size = len(payload) - at - len(d.b)
	d.b = body
	switch r.Kind {
	case KindOpen:
		r.Mark = d.mark()
		r.Open = Open{PID: int(d.uvarint(math.MaxInt32)), BootID: d.string(), Host: d.string(), Version: d.string()}
	case KindIntent:
		r.Intent = d.intent()
	case KindCommit:
		r.Commit = Commit{Tx: d.tx(), Time: d.time(), Intents: int(d.uvarint(math.MaxInt32)), Hash: d.u64()}
	case KindCheckpoint, KindClose:
		r.Mark = d.mark()
	default:
		return Record{}, fmt.Errorf("%w: unknown %s", ErrFormat, r.Kind)
	}
	if d.err == nil && len(d.b) > 0 {
		d.fail("%d bytes left over", len(d.b))
	}
	if d.err != nil {
		return Record{}, fmt.Errorf("%s record: %w", r.Kind, d.err)
	}
	return r, nil
}

// decoder reads fields off the front of b. The first error sticks, and every
// read after it returns zero.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) intent() Intent {
	i := Intent{Tx: d.tx(), Op: Op(d.u8()), Mode: fileMode(uint32(d.uvarint(0o7777))), Path: d.string(),
		Replaced: d.replaced(), Payload: d.payload()}
	if d.err == nil {
		d.err = i.check()
	}
	return i
}

// check refuses an intent that no writer makes, first of all a path that could
// lead out of the root.
func (i *Intent) check() error {
	switch {
	case i.Tx == 0:
		return fmt.Errorf("%w: transaction 0", ErrFormat)
	case !ValidPath(i.Path):
		return fmt.Errorf("%w: invalid path %q", ErrFormat, i.Path)
	}
	switch p := i.Payload.Kind; i.Op {
	case OpPut:
		if p == PayloadNone {
			return fmt.Errorf("%w: put without payload", ErrFormat)
		}
	case OpSymlink:
		if p != PayloadInline {
			return fmt.Errorf("%w: symlink with %s payload", ErrFormat, p)
		}
	case OpMkdir, OpRemove, OpRemoveAll, OpChmod:
		if p != PayloadNone {
			return fmt.Errorf("%w: %s with %s payload", ErrFormat, i.Op, p)
		}
	default:
		return fmt.Errorf("%w: unknown %s", ErrFormat, i.Op)
	}
	return nil
}

func (d *decoder) replaced() Replaced {
	r := Replaced{Kind: ReplacedKind(d.u8())}
	switch r.Kind {
	case ReplacedUnknown, ReplacedNothing:
	case ReplacedFile:
		r.Size = int64(d.uvarint(math.MaxInt64))
		r.MTime = d.varint()
	case ReplacedVersion:
		r.Hash = d.u64()
		r.Size = int64(d.uvarint(math.MaxInt64))
	default:
		d.fail("unknown %s", r.Kind)
	}
	return r
}

func (d *decoder) payload() Payload {
	p := Payload{Kind: PayloadKind(d.u8())}
	switch p.Kind {
	case PayloadNone:
		return p
	case PayloadInline:
		p.Hash = d.u64()
		p.Data = d.bytes()
		p.Size = int64(len(p.Data))
		if d.err == nil && xxhash.Sum64(p.Data) != p.Hash {
			d.err = fmt.Errorf("%w: inline payload", ErrHash)
		}
		return p
	case PayloadStaged:
		p.Hash = d.u64()
		p.Size = int64(d.uvarint(math.MaxInt64))
	case PayloadLinked:
		p.Size = int64(d.uvarint(math.MaxInt64))
		p.MTime = d.varint()
	default:
		d.fail("unknown %s", p.Kind)
	}
	p.Name = d.string()
	if d.err == nil && !ValidName(p.Name) {
		d.fail("invalid staging name %q", p.Name)
	}
	return p
}

func (d *decoder) mark() Mark {
	return Mark{CheckpointLSN: LSN(d.uvarint(math.MaxUint64)), LastTx: TxID(d.uvarint(math.MaxUint64)), Time: d.time()}
}

func (d *decoder) tx() TxID        { return TxID(d.uvarint(math.MaxUint64)) }
func (d *decoder) time() time.Time { return time.Unix(0, d.varint()).UTC() }
func (d *decoder) string() string  { return string(d.bytes()) }

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: "+format, append([]any{ErrFormat}, args...)...)
	}
	d.b = nil
}

func (d *decoder) next(n int) []byte {
	if d.err != nil || n > len(d.b) {
		d.fail("it ends early")
		return nil
	}
	b := d.b[:n:n]
	d.b = d.b[n:]
	return b
}

func (d *decoder) u8() uint8 {
	if b := d.next(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) u64() uint64 {
	if b := d.next(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (d *decoder) bytes() []byte {
	return d.next(int(d.uvarint(uint64(len(d.b)))))
}

// uvarint reads a number no larger than most, in its shortest form.
func (d *decoder) uvarint(most uint64) uint64 {
	x, n := binary.Uvarint(d.b)
	if d.err != nil || n <= 0 || (n > 1 && d.b[n-1] == 0) || x > most {
		d.fail("bad number")
		return 0
	}
	d.b = d.b[n:]
	return x
}

func (d *decoder) varint() int64 {
	x, n := binary.Varint(d.b)
	if d.err != nil || n <= 0 || (n > 1 && d.b[n-1] == 0) {
		d.fail("bad number")
		return 0
	}
	d.b = d.b[n:]
	return x
}
