// Package inspecttest makes journals for tests from a script, always the same bytes for
// the same script: healthy ones, and those that crashes and accidents leave.
//
// A line of a script is a command with its arguments; a line that begins with # is a
// comment. Each of these writes one group:
//
//	open
//	tx ID OP PATH [ARG...] [; OP PATH [ARG...]]...
//	draft ID OP PATH ...  the same without a commit record
//	checkpoint LSN
//	close
//
// The OPs are put PATH TEXT, staged PATH NAME TEXT, linked PATH NAME TEXT,
// symlink PATH TARGET, mkdir PATH, remove PATH, removeall PATH and chmod PATH MODE.
// Texts may be quoted as in Go. The other commands are:
//
//	segment SIZE         go on in the next segment, its file filled with zeroes to SIZE
//	torn N               the first N bytes of the group that would come next
//	flip SEGMENT AT      invert the byte at an offset of a segment's file
//	zero SEGMENT AT N    zeroes at an offset
//	raw SEGMENT AT TEXT  bytes at an offset
//	lose SEGMENT         remove the segment's directory
//	stray NAME           a file in the log directory that does not belong there
//	leftover NAME        a directory in the log directory
//	newer                the group that comes next, in a later format version
//	format TEXT          FORMAT has this content; empty for no FORMAT
//	unstage NAME         remove a file from staging
//	stage NAME TEXT      a file in staging that no record names
//	lost NAME            a folder in lost+found
//	jump N               leave out N LSNs
//	unchain              the next group carries a wrong hash of the group before
//	nonsense             a valid group with a payload that is not a record
//	impostors N          N headers that look like groups up to the end of the segment
//	owner PID HOST       LOCK names this owner; "self" and "gone" are a PID on this host
package inspecttest

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Start is the time of the first group; each further one is a second later.
var Start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Build makes a journal directory .journal below root, by the script.
func Build(root, script string) error {
	b := &builder{dir: filepath.Join(root, layout.DefaultDir), lsn: 1, size: 4096, format: layout.Format{Version: record.Version, ID: 0x00c0ffee00c0ffee}.String()}
	for _, sub := range []string{layout.LogDir, layout.StagingDir, layout.LostFoundDir} {
		if err := os.MkdirAll(filepath.Join(b.dir, sub), 0o700); err != nil {
			return err
		}
	}
	b.next(1)
	for n, line := range strings.Split(script, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := b.line(line); err != nil {
			return fmt.Errorf("line %d: %s: %w", n+1, line, err)
		}
	}
	return b.write()
}

type builder struct {
	dir      string
	size     int
	format   string
	segments []*builtSegment
	lsn      record.LSN
	prev     uint64
	lastTx   record.TxID
	count    int
}

type builtSegment struct {
	name segment.Name
	size int
	data []byte
	lost bool
}

func (b *builder) next(number uint64) {
	b.segments = append(b.segments, &builtSegment{name: segment.Name{Number: number, Salt: 0x0101010101010101 * number}, size: b.size})
}

func (b *builder) current() *builtSegment { return b.segments[len(b.segments)-1] }

func (b *builder) now() time.Time { return Start.Add(time.Duration(b.count) * time.Second) }

func (b *builder) mark(checkpointed record.LSN) record.Mark {
	return record.Mark{CheckpointLSN: checkpointed, LastTx: b.lastTx, Time: b.now()}
}

func (b *builder) line(line string) error {
	parts := strings.Split(line, " ; ")
	words, err := fields(parts[0])
	if err != nil {
		return err
	}
	switch arg := words[1:]; words[0] {
	case "open":
		o := record.Open{PID: 4242, BootID: "boot-1", Host: "web1", Version: "v1.0.0"}
		return b.group(record.AppendOpen(nil, b.mark(b.lsn-1), o))
	case "checkpoint":
		return b.group(record.AppendCheckpoint(nil, b.mark(record.LSN(number(arg[0])))))
	case "close":
		return b.group(record.AppendClose(nil, b.mark(b.lsn-1)))
	case "tx", "draft":
		parts[0] = strings.Join(strings.SplitN(parts[0], " ", 3)[2:], "")
		return b.tx(record.TxID(number(arg[0])), parts, words[0] == "tx")
	case "segment":
		b.size = number(arg[0])
		b.next(b.current().name.Number + 1)
	case "newer":
		b.newer()
	default:
		return b.damage(words[0], arg)
	}
	return nil
}

// group seals the payload and appends it to the log.
func (b *builder) group(payload []byte) error {
	s := b.current()
	g := append(make([]byte, record.HeaderSize), payload...)
	b.prev = record.Seal(g, s.name.Salt, b.lsn, b.prev)
	b.lsn++
	b.count++
	s.data = segment.AppendEntry(s.data, g)
	return nil
}

// newer appends a group as a later version would: header and hash stay the same.
func (b *builder) newer() {
	s := b.current()
	g := append(make([]byte, record.HeaderSize), "what this says is not known yet"...)
	record.Seal(g, s.name.Salt, b.lsn, b.prev)
	g[3] = record.Version + 1
	var sum xxhash.Digest
	sum.ResetWithSeed(s.name.Salt)
	sum.Write(g[:24])
	sum.Write(g[record.HeaderSize:])
	hash := sum.Sum64()
	for i := range 8 {
		g[24+i] = byte(hash >> (8 * i))
	}
	s.data = segment.AppendEntry(s.data, g)
}

func (b *builder) tx(id record.TxID, updates []string, commit bool) error {
	var intents []byte
	for _, u := range updates {
		words, err := fields(u)
		if err != nil {
			return err
		}
		intent, err := b.intent(words)
		if err != nil {
			return err
		}
		intent.Tx = id
		intents = record.AppendIntent(intents, &intent)
	}
	b.lastTx = max(b.lastTx, id)
	payload := bytes.Clone(intents)
	if commit {
		payload = record.AppendCommit(payload, record.Commit{Tx: id, Time: b.now(), Intents: len(updates)}, intents)
	}
	return b.group(payload)
}

func (b *builder) intent(words []string) (record.Intent, error) {
	i := record.Intent{Path: words[1], Mode: 0o644}
	arg := append(words[2:], "", "")
	switch words[0] {
	case "put":
		i.Op, i.Payload = record.OpPut, record.Inline([]byte(arg[0]))
	case "staged":
		i.Op = record.OpPut
		i.Payload = record.Payload{Kind: record.PayloadStaged, Name: arg[0], Size: int64(len(arg[1])), Hash: xxhash.Sum64String(arg[1])}
		return i, b.stage(arg[0], arg[1])
	case "linked":
		i.Op = record.OpPut
		i.Payload = record.Payload{Kind: record.PayloadLinked, Name: arg[0], Size: int64(len(arg[1])), MTime: Start.UnixNano()}
		return i, b.stage(arg[0], arg[1])
	case "symlink":
		i.Op, i.Mode, i.Payload = record.OpSymlink, 0, record.Inline([]byte(arg[0]))
	case "mkdir":
		i.Op, i.Mode = record.OpMkdir, 0o755
	case "remove":
		i.Op, i.Mode = record.OpRemove, 0
	case "removeall":
		i.Op, i.Mode = record.OpRemoveAll, 0
	case "chmod":
		bits, err := strconv.ParseUint(arg[0], 8, 32)
		i.Op, i.Mode = record.OpChmod, fs.FileMode(bits)
		return i, err
	default:
		return i, fmt.Errorf("no such op: %s", words[0])
	}
	return i, nil
}

// stage makes a file in staging, with the time that a linked one has in the log.
func (b *builder) stage(name, text string) error {
	path := filepath.Join(b.dir, layout.StagingDir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return err
	}
	return os.Chtimes(path, Start, Start)
}

func (b *builder) write() error {
	for _, s := range b.segments {
		if s.lost {
			continue
		}
		dir := filepath.Join(b.dir, layout.LogDir, s.name.String())
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		data := append(s.data, make([]byte, max(0, s.size-len(s.data)))...)
		if err := os.WriteFile(filepath.Join(dir, segment.FileName), data, 0o600); err != nil {
			return err
		}
	}
	if b.format == "" {
		return nil
	}
	return os.WriteFile(filepath.Join(b.dir, layout.FormatFile), []byte(b.format), 0o600)
}

// fields splits a line at blanks; a field may be a quoted Go string.
func fields(line string) ([]string, error) {
	var words []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		if line[0] == '"' {
			quoted, err := strconv.QuotedPrefix(line)
			if err != nil {
				return nil, err
			}
			word, err := strconv.Unquote(quoted)
			if err != nil {
				return nil, err
			}
			words, line = append(words, word), line[len(quoted):]
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		words, line = append(words, word), rest
	}
	return words, nil
}
