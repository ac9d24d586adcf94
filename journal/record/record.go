package record

import (
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
)

// LSN is the log sequence number of a group. The first group of a log has LSN 1.
type LSN uint64

// TxID identifies a transaction of a journal. Transactions get their id when
// they begin, so that ids in the log are unique but not in order.
type TxID uint64

// Kind says what a record is.
type Kind uint8

// The kinds of records. The numbers are part of the format.
const (
	KindOpen       Kind = 1
	KindIntent     Kind = 2
	KindCommit     Kind = 3
	KindCheckpoint Kind = 4
	KindClose      Kind = 5
)

var kindNames = [...]string{KindOpen: "open", KindIntent: "intent", KindCommit: "commit",
	KindCheckpoint: "checkpoint", KindClose: "close"}

// String returns the kind in a word.
func (k Kind) String() string { return name(kindNames[:], uint8(k), "kind") }

// Op says what an intent wants at its path.
type Op uint8

// The operations of intents. The numbers are part of the format.
const (
	OpPut       Op = 1
	OpSymlink   Op = 2
	OpMkdir     Op = 3
	OpRemove    Op = 4
	OpRemoveAll Op = 5
	OpChmod     Op = 6
)

var opNames = [...]string{OpPut: "put", OpSymlink: "symlink", OpMkdir: "mkdir",
	OpRemove: "remove", OpRemoveAll: "removeall", OpChmod: "chmod"}

// String returns the operation in a word.
func (o Op) String() string { return name(opNames[:], uint8(o), "op") }

// PayloadKind says where the content of a put is stored.
type PayloadKind uint8

// The kinds of payloads. The numbers are part of the format.
const (
	PayloadNone   PayloadKind = 0
	PayloadInline PayloadKind = 1
	PayloadStaged PayloadKind = 2
	PayloadLinked PayloadKind = 3
)

var payloadNames = [...]string{PayloadNone: "none", PayloadInline: "inline",
	PayloadStaged: "staged", PayloadLinked: "linked"}

// String returns the kind in a word.
func (p PayloadKind) String() string { return name(payloadNames[:], uint8(p), "payload") }

// ReplacedKind says what an intent found at its path when it was prepared.
type ReplacedKind uint8

// The kinds of what was replaced. The numbers are part of the format.
const (
	ReplacedUnknown ReplacedKind = 0 // not recorded: the version before is in the log, or does not matter
	ReplacedNothing ReplacedKind = 1
	ReplacedFile    ReplacedKind = 2 // known by its size and mtime
	ReplacedVersion ReplacedKind = 3 // put by the journal itself, known by its size and hash
)

var replacedNames = [...]string{ReplacedUnknown: "unknown", ReplacedNothing: "nothing", ReplacedFile: "file",
	ReplacedVersion: "version"}

// String returns the kind in a word.
func (r ReplacedKind) String() string { return name(replacedNames[:], uint8(r), "replaced") }

func name(names []string, i uint8, what string) string {
	if int(i) < len(names) && names[i] != "" {
		return names[i]
	}
	return fmt.Sprintf("%s(%d)", what, i)
}

// Record is one item of a group's payload. Kind says which of the parts is set.
type Record struct {
	Kind   Kind
	Offset int // of the record's first byte within the group's payload
	Size   int // encoded size in bytes, kind and length included

	Open   Open   // KindOpen
	Intent Intent // KindIntent
	Commit Commit // KindCommit
	Mark   Mark   // KindOpen, KindCheckpoint and KindClose
}

// Located is a record and its position in the log.
type Located struct {
	Segment string // name of the segment's directory
	Offset  int64  // of the group's log entry within the segment's file
	LSN     LSN
	Record  Record
}

// Mark says how far the files are durable without the log.
type Mark struct {
	CheckpointLSN LSN  // every transaction up to this group is applied and fsynced
	LastTx        TxID // the highest id given out so far
	Time          time.Time
}

// Open begins a session: one process owning the journal.
type Open struct {
	PID     int
	BootID  string
	Host    string
	Version string
}

// Intent is one intended update.
type Intent struct {
	Tx       TxID
	Op       Op
	Mode     fs.FileMode // permission, set-id and sticky bits; the type is that of Op
	Path     string
	Replaced Replaced
	Payload  Payload
}

// Replaced describes what an intent replaces, as it was found when the transaction
// was prepared. By it, recovery can see whether another program has changed the path
// since.
type Replaced struct {
	Kind  ReplacedKind
	Size  int64
	MTime int64  // ReplacedFile: Unix ns
	Hash  uint64 // ReplacedVersion: xxhash64 of the content
}

// IsFile reports whether a regular file was replaced.
func (r *Replaced) IsFile() bool { return r.Kind == ReplacedFile || r.Kind == ReplacedVersion }

// Payload is the content of a put, or the target of a symlink.
type Payload struct {
	Kind  PayloadKind
	Data  []byte // inline; after decoding it aliases the decoder's input
	Name  string // staged, linked: the file's name in staging
	Size  int64
	Hash  uint64 // inline, staged: xxhash64 of the content
	MTime int64  // linked: Unix ns
}

// Inline returns a payload that holds data inside the record.
func Inline(data []byte) Payload {
	return Payload{Kind: PayloadInline, Data: data, Size: int64(len(data)), Hash: xxhash.Sum64(data)}
}

// Commit ends a transaction.
type Commit struct {
	Tx      TxID
	Time    time.Time
	Intents int
	Hash    uint64 // over the bytes of the intent records
}

// modeBits returns the twelve Unix permission bits of m, as they are encoded.
func modeBits(m fs.FileMode) uint32 {
	bits := uint32(m.Perm())
	if m&fs.ModeSetuid != 0 {
		bits |= 0o4000
	}
	if m&fs.ModeSetgid != 0 {
		bits |= 0o2000
	}
	if m&fs.ModeSticky != 0 {
		bits |= 0o1000
	}
	return bits
}

// fileMode is the inverse of modeBits.
func fileMode(bits uint32) fs.FileMode {
	m := fs.FileMode(bits & 0o777)
	if bits&0o4000 != 0 {
		m |= fs.ModeSetuid
	}
	if bits&0o2000 != 0 {
		m |= fs.ModeSetgid
	}
	if bits&0o1000 != 0 {
		m |= fs.ModeSticky
	}
	return m
}

// ValidPath reports whether p can be the path of an intent: slash-separated,
// relative, without "." and ".." elements, not the root itself, without NUL.
func ValidPath(p string) bool {
	return p != "." && fs.ValidPath(p) && strings.IndexByte(p, 0) < 0
}

// ValidName reports whether n can name a file in staging: one path element.
func ValidName(n string) bool {
	return ValidPath(n) && !strings.ContainsAny(n, `/\:`)
}
