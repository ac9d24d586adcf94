package inspecttest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// damage runs a command that does not write a group.
func (b *builder) damage(word string, arg []string) error {
	switch word {
	case "torn":
		b.torn(number(arg[0]))
	case "flip":
		b.segment(arg[0]).data[number(arg[1])] ^= 0xff
	case "zero":
		clear(b.segment(arg[0]).data[number(arg[1]):][:number(arg[2])])
	case "raw":
		s := b.segment(arg[0])
		s.data = append(s.data, make([]byte, max(0, number(arg[1])-len(s.data)))...)
		s.data = append(s.data[:number(arg[1])], arg[2]...)
	case "lose":
		b.segment(arg[0]).lost = true
	case "stray":
		return os.WriteFile(filepath.Join(b.dir, layout.LogDir, arg[0]), nil, 0o600)
	case "leftover":
		return os.Mkdir(filepath.Join(b.dir, layout.LogDir, arg[0]), 0o700)
	case "format":
		b.format = arg[0]
	case "unstage":
		return os.Remove(filepath.Join(b.dir, layout.StagingDir, arg[0]))
	case "stage":
		return b.stage(arg[0], arg[1])
	case "lost":
		return os.Mkdir(filepath.Join(b.dir, layout.LostFoundDir, arg[0]), 0o700)
	case "jump":
		b.lsn += record.LSN(number(arg[0]))
	case "unchain":
		b.prev++
	case "nonsense":
		return b.group([]byte("nonsense"))
	case "impostors":
		b.impostors(number(arg[0]))
	case "owner":
		return b.owner(arg)
	default:
		return fmt.Errorf("no such command: %s", word)
	}
	return nil
}

// torn appends the beginning of a group.
func (b *builder) torn(n int) {
	e, before := b.current(), len(b.current().data)
	defer func(lsn record.LSN, prev uint64) { b.lsn, b.prev = lsn, prev }(b.lsn, b.prev)
	i := record.Intent{Tx: b.lastTx + 1, Op: record.OpPut, Path: "torn.txt", Payload: record.Inline([]byte(strings.Repeat("torn ", 20)))}
	payload := record.AppendIntent(nil, &i)
	b.group(record.AppendCommit(payload, record.Commit{Tx: i.Tx, Time: b.now(), Intents: 1}, payload))
	e.data = e.data[:before+n]
}

// impostors appends headers that look like the beginnings of groups that reach to the
// end of the segment.
func (b *builder) impostors(n int) {
	e, next := b.current(), b.lsn
	for i := range n {
		rest := e.size - len(e.data) - 3 // bytes of the entry's length
		g := make([]byte, rest)
		record.Seal(g, e.name.Salt+1, next+record.LSN(i), 0)
		e.data = segment.AppendEntry(e.data, g)[:len(e.data)+3+record.HeaderSize]
	}
}

// owner writes LOCK as its owner does: one line of fixed length.
func (b *builder) owner(arg []string) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	pid := 0
	switch arg[0] {
	case "self":
		pid = os.Getpid()
	case "gone":
		cmd := exec.Command(os.Args[0], "-test.run=^$") // it ends at once
		if err := cmd.Run(); err != nil {
			return err
		}
		pid = cmd.Process.Pid
	default:
		pid, host = number(arg[0]), arg[1]
	}
	line := fmt.Sprintf("pid=%d host=%s since=%s", pid, host, Start.Format("2006-01-02T15:04:05Z"))
	return os.WriteFile(filepath.Join(b.dir, layout.LockFile), fmt.Appendf(nil, "%-127s\n", line), 0o600)
}

func (b *builder) segment(number string) *builtSegment {
	for _, e := range b.segments {
		if strconv.FormatUint(e.name.Number, 10) == number {
			return e
		}
	}
	panic("no segment " + number)
}

// number reads a number of the script, 0x for hexadecimal.
func number(s string) int {
	n, err := strconv.ParseInt(s, 0, 64)
	if err != nil {
		panic(err)
	}
	return int(n)
}
