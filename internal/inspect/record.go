package inspect

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/forewrite/forewrite/internal/inspect/wording"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Record is one record as it is shown. It holds no bytes of the log.
type Record struct {
	LSN     record.LSN   `json:"lsn"`
	Segment segment.Name `json:"segment"`
	Offset  int64        `json:"offset"` // of the record within the segment's file
	Size    int          `json:"size"`   // of the record, in bytes
	Kind    string       `json:"kind"`   // "open", "intent", "commit", "checkpoint" or "close"
	Tx      record.TxID  `json:"tx,omitempty"`
	Time    time.Time    `json:"time,omitzero"` // of the commit, or of the mark

	// Intents.
	Op        string    `json:"op,omitempty"`
	Path      string    `json:"path,omitempty"`
	Mode      string    `json:"mode,omitempty"` // octal
	Payload   *Payload  `json:"payload,omitempty"`
	Replaced  *Replaced `json:"replaced,omitempty"`
	Committed *bool     `json:"committed,omitempty"`

	// Commits.
	Updates int `json:"updates,omitempty"`

	// Marks.
	CheckpointLSN *record.LSN  `json:"checkpoint_lsn,omitempty"`
	LastTx        *record.TxID `json:"last_tx,omitempty"`
	Session       *Session     `json:"session,omitempty"`

	Hex string `json:"hex,omitempty"` // the record's bytes, when they were asked for
}

// Payload describes the content of a put. It holds the content itself only when that
// was asked for.
type Payload struct {
	Kind    string    `json:"kind"`
	Size    int64     `json:"size"`
	Hash    string    `json:"hash,omitempty"`
	Name    string    `json:"name,omitempty"` // in staging
	MTime   time.Time `json:"mtime,omitzero"` // of a linked file
	Content *string   `json:"content,omitempty"`
}

// Replaced describes what was at an intent's path before.
type Replaced struct {
	Kind  string    `json:"kind"`
	Size  int64     `json:"size"`
	MTime time.Time `json:"mtime,omitzero"`
	Hash  string    `json:"hash,omitempty"`
}

// Session describes the process that wrote an open record.
type Session struct {
	PID     int    `json:"pid"`
	Host    string `json:"host"`
	Boot    string `json:"boot"`
	Version string `json:"version"`
}

// Bytes says how much of the log's bytes a Record carries. The zero value is none.
type Bytes struct {
	Content string // of inline payloads: "" for none, "preview", "hex", "base64"
	Hex     bool   // the bytes of whole records
}

// Records decodes a group's records.
func (b Bytes) Records(g *segment.Group) ([]Record, error) {
	base := g.Offset + g.Size - int64(len(g.Payload))
	txs, seen := g.Content.Txs, 0 // the next intent is that of txs[0] with index seen
	var records []Record
	for r, err := range record.Records(g.Payload) {
		if err != nil {
			return records, err
		}
		d := Record{LSN: g.Header.LSN, Segment: g.Segment, Offset: base + int64(r.Offset), Size: r.Size, Kind: r.Kind.String()}
		switch r.Kind {
		case record.KindIntent:
			if seen == len(txs[0].Intents) {
				txs, seen = txs[1:], 0
			}
			seen++
			b.intent(&d, &r.Intent, &txs[0])
		case record.KindCommit:
			d.Tx, d.Time, d.Updates = r.Commit.Tx, r.Commit.Time, r.Commit.Intents
		default:
			d.mark(&r)
		}
		if b.Hex {
			d.Hex = hex.EncodeToString(g.Payload[r.Offset : r.Offset+r.Size])
		}
		records = append(records, d)
	}
	return records, nil
}

func (b Bytes) intent(d *Record, i *record.Intent, tx *record.Tx) {
	d.Tx, d.Op, d.Path = i.Tx, i.Op.String(), i.Path
	committed := tx.Committed()
	d.Committed = &committed
	if committed {
		d.Time = tx.Commit.Time
	}
	if hasMode(i.Op) {
		d.Mode = wording.Mode(i.Mode)
	}
	if i.Replaced.Kind != record.ReplacedUnknown {
		d.Replaced = replacedOf(i.Replaced)
	}
	if i.Payload.Kind != record.PayloadNone {
		d.Payload = b.payload(&i.Payload)
	}
}

func hasMode(op record.Op) bool {
	return op == record.OpPut || op == record.OpMkdir || op == record.OpChmod
}

func replacedOf(r record.Replaced) *Replaced {
	d := &Replaced{Kind: r.Kind.String(), Size: r.Size}
	switch r.Kind {
	case record.ReplacedFile:
		d.MTime = time.Unix(0, r.MTime).UTC()
	case record.ReplacedVersion:
		d.Hash = wording.Hash(r.Hash)
	}
	return d
}

func (b Bytes) payload(p *record.Payload) *Payload {
	d := &Payload{Kind: p.Kind.String(), Size: p.Size, Name: p.Name}
	switch p.Kind {
	case record.PayloadInline:
		d.Hash = wording.Hash(p.Hash)
		d.Content = b.content(p.Data)
	case record.PayloadStaged:
		d.Hash = wording.Hash(p.Hash)
	case record.PayloadLinked:
		d.MTime = time.Unix(0, p.MTime).UTC()
	}
	return d
}

// previewSize is how many bytes of a payload a preview shows.
const previewSize = 60

func (b Bytes) content(data []byte) *string {
	var s string
	switch b.Content {
	case "preview":
		s = preview(data)
	case "hex":
		s = hex.EncodeToString(data)
	case "base64":
		s = base64.StdEncoding.EncodeToString(data)
	default:
		return nil
	}
	return &s
}

// preview shows how data begins, its bytes in hex when it is not text.
func preview(data []byte) string {
	if !utf8.Valid(data) || strings.IndexByte(string(data), 0) >= 0 {
		if len(data) > previewSize/2 {
			return "binary " + hex.EncodeToString(data[:previewSize/2]) + "…"
		}
		return "binary " + hex.EncodeToString(data)
	}
	if len(data) <= previewSize {
		return wording.Quote(string(data))
	}
	cut := previewSize
	for !utf8.RuneStart(data[cut]) {
		cut--
	}
	return wording.Quote(string(data[:cut])) + "…"
}

func (d *Record) mark(r *record.Record) {
	d.Time = r.Mark.Time
	d.CheckpointLSN, d.LastTx = &r.Mark.CheckpointLSN, &r.Mark.LastTx
	if r.Kind == record.KindOpen {
		d.Session = &Session{PID: r.Open.PID, Host: r.Open.Host, Boot: r.Open.BootID, Version: r.Open.Version}
	}
}

// Uncommitted reports whether the record is an intent of a transaction without a
// commit record.
func (d *Record) Uncommitted() bool { return d.Committed != nil && !*d.Committed }
