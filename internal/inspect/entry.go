package inspect

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Entry is one record as it is shown. It holds no bytes of the log.
type Entry struct {
	LSN     record.LSN   `json:"lsn"`
	Segment segment.Name `json:"segment"`
	Offset  int64        `json:"offset"` // of the record within the segment's file
	Size    int          `json:"size"`   // of the record, in bytes
	Kind    string       `json:"kind"`
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

// Payload describes the content of a put without holding it, unless it was asked
// for.
type Payload struct {
	Kind    string    `json:"kind"`
	Size    int64     `json:"size"`
	Hash    string    `json:"hash,omitempty"`
	Name    string    `json:"name,omitempty"` // in staging
	MTime   time.Time `json:"mtime,omitzero"` // of a linked file
	Content *string   `json:"content,omitempty"`
}

// Replaced describes what an intent found at its path.
type Replaced struct {
	Kind  string    `json:"kind"`
	Size  int64     `json:"size"`
	MTime time.Time `json:"mtime,omitzero"`
	Hash  string    `json:"hash,omitempty"`
}

// Session is who wrote an open record.
type Session struct {
	PID     int    `json:"pid"`
	Host    string `json:"host"`
	Boot    string `json:"boot"`
	Version string `json:"version"`
}

// View says how much of a record's bytes is shown.
type View struct {
	Content string // of inline payloads: "" for none, "preview", "hex", "base64"
	Hex     bool   // the bytes of whole records
}

// Entries decodes a group's records.
func (v View) Entries(g *segment.Group) ([]Entry, error) {
	base := g.Offset + g.Size - int64(len(g.Payload))
	txs, seen := g.Content.Txs, 0 // the transaction of the next intent, and how many of its intents came
	var entries []Entry
	for r, err := range record.Records(g.Payload) {
		if err != nil {
			return entries, err
		}
		e := Entry{LSN: g.Header.LSN, Segment: g.Segment, Offset: base + int64(r.Offset), Size: r.Size, Kind: r.Kind.String()}
		switch r.Kind {
		case record.KindIntent:
			if seen == len(txs[0].Intents) {
				txs, seen = txs[1:], 0
			}
			seen++
			v.intent(&e, &r.Intent, &txs[0])
		case record.KindCommit:
			e.Tx, e.Time, e.Updates = r.Commit.Tx, r.Commit.Time, r.Commit.Intents
		default:
			e.mark(&r)
		}
		if v.Hex {
			e.Hex = hex.EncodeToString(g.Payload[r.Offset : r.Offset+r.Size])
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func (v View) intent(e *Entry, i *record.Intent, tx *record.Tx) {
	e.Tx, e.Op, e.Path = i.Tx, i.Op.String(), i.Path
	committed := tx.Committed()
	e.Committed = &committed
	if committed {
		e.Time = tx.Commit.Time
	}
	if hasMode(i.Op) {
		e.Mode = mode(i.Mode)
	}
	if i.Replaced.Kind != record.ReplacedUnknown {
		e.Replaced = replacedOf(i.Replaced)
	}
	if i.Payload.Kind != record.PayloadNone {
		e.Payload = v.payload(&i.Payload)
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
		d.Hash = hash(r.Hash)
	}
	return d
}

func (v View) payload(p *record.Payload) *Payload {
	d := &Payload{Kind: p.Kind.String(), Size: p.Size, Name: p.Name}
	switch p.Kind {
	case record.PayloadInline:
		d.Hash = hash(p.Hash)
		d.Content = v.content(p.Data)
	case record.PayloadStaged:
		d.Hash = hash(p.Hash)
	case record.PayloadLinked:
		d.MTime = time.Unix(0, p.MTime).UTC()
	}
	return d
}

// previewSize is how many bytes of a payload a preview shows.
const previewSize = 60

func (v View) content(data []byte) *string {
	var s string
	switch v.Content {
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
		return quote(string(data))
	}
	cut := previewSize
	for !utf8.RuneStart(data[cut]) {
		cut--
	}
	return quote(string(data[:cut])) + "…"
}

func (e *Entry) mark(r *record.Record) {
	e.Time = r.Mark.Time
	e.CheckpointLSN, e.LastTx = &r.Mark.CheckpointLSN, &r.Mark.LastTx
	if r.Kind == record.KindOpen {
		e.Session = &Session{PID: r.Open.PID, Host: r.Open.Host, Boot: r.Open.BootID, Version: r.Open.Version}
	}
}
