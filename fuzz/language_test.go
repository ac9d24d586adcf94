package fuzz

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A workload is a text, one command a line:
//
//	file NAME SIZE, dir NAME, link NAME TARGET   made before the journal is
//	segment BYTES, inline BYTES                    options of the journal
//	open, close, checkpoint
//	tx                                           begins a transaction, and these are part of one:
//	  write|create|append NAME SIZE, remove|removeall|mkdir|mkdirall NAME,
//	  rename|copy FROM TO, symlink NAME TARGET, chmod NAME OCTAL, expect|read NAME
//	commit | rollback
//	par ... end                                  runs the transactions in between side by side
//	kill                                         the process dies
//	powerloss N                                  the machine does; N draws what is left
//
// After kill and powerloss comes another open. Lines that make no sense are left
// out, so that any text is a workload.
type workload struct {
	name     string
	commands []command
}

// command is a line; par has the transactions of its block.
type command struct {
	op
	txs [][]op // of tx: one; of par: several
	end string // of tx: how it ends
}

// op is one operation with its arguments.
type op struct {
	verb string
	a, b string
	n    int // size in bytes, mode, or seed
	tag  int // makes its content unlike that of any other
}

// content is what an operation writes: text without a zero byte, as the model of
// the disk tells zeroes from data.
func (o op) content() string {
	unit := fmt.Sprintf("<%d %s %d>", o.tag, o.a, o.n)
	return strings.Repeat(unit, o.n/len(unit)+1)[:o.n]
}

const (
	setupVerbs = " file dir link segment inline "
	plainVerbs = " open close checkpoint kill powerloss "
	txVerbs    = " write create append remove removeall mkdir mkdirall rename copy symlink chmod expect read "

	maxSize     = 70_000 // of one file
	maxCommands = 200
)

func verb(list, v string) bool { return strings.Contains(list, " "+v+" ") && v != "" }

// parse reads a workload.
func parse(name, text string) workload {
	w := workload{name: name}
	var par *command
	var tx []op
	inTx := false
	for i, line := range strings.Split(text, "\n") {
		if i == maxCommands {
			break
		}
		o, ok := parseOp(line, i+1)
		switch {
		case !ok:
		case inTx && verb(txVerbs, o.verb):
			tx = append(tx, o)
		case inTx && (o.verb == "commit" || o.verb == "rollback"):
			inTx = false
			if par != nil {
				par.txs = append(par.txs, tx)
			} else {
				w.commands = append(w.commands, command{op: op{verb: "tx"}, txs: [][]op{tx}, end: o.verb})
			}
		case inTx:
		case o.verb == "tx":
			inTx, tx = true, nil
		case par != nil && o.verb == "end":
			w.commands = append(w.commands, *par)
			par = nil
		case par != nil:
		case o.verb == "par":
			par = &command{op: o}
		case verb(setupVerbs+plainVerbs, o.verb):
			w.commands = append(w.commands, command{op: o})
		}
	}
	return w
}

// parseOp reads a line; it refuses names that would make a workload fail for
// reasons of its own.
func parseOp(line string, tag int) (op, bool) {
	f := strings.Fields(line)
	if len(f) == 0 || strings.HasPrefix(f[0], "#") {
		return op{}, false
	}
	o := op{verb: f[0], tag: tag}
	arg := func(i int) string {
		if i < len(f) {
			return f[i]
		}
		return ""
	}
	base := 10
	switch o.verb {
	case "rename", "copy", "link", "symlink":
		o.a, o.b = arg(1), arg(2)
		if o.b == "" || !isText(o.b) || o.verb != "link" && o.verb != "symlink" && !validName(o.b) {
			return op{}, false
		}
	case "segment", "inline", "powerloss":
		o.n, _ = strconv.Atoi(arg(1))
		return o, true
	case "chmod":
		base = 8
		fallthrough
	default:
		o.a = arg(1)
		n, _ := strconv.ParseInt(arg(2), base, 32)
		o.n = int(n)
	}
	if base == 8 {
		o.n = o.n&0o777 | 0o700
	}
	o.n = max(0, min(o.n, maxSize))
	named := verb(txVerbs, o.verb) || o.verb == "file" || o.verb == "dir" || o.verb == "link"
	return o, !named || validName(o.a)
}

func validName(p string) bool {
	return p != "" && p != "." && path.Clean(p) == p && !strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "../") &&
		p != ".." && len(p) < 100 && !strings.HasPrefix(p, ".journal") && !strings.ContainsAny(p, "\x00\\:") && isText(p)
}

func isText(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0xfffd })
}

// seedTexts returns the workloads in testdata, one a file.
func seedTexts(t testing.TB) map[string]string {
	files, err := filepath.Glob("testdata/workloads/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no workloads: %v", err)
	}
	out := map[string]string{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(name), ".txt")] = string(text)
	}
	return out
}

// workloads returns them parsed.
func workloads(t testing.TB) []workload {
	texts := seedTexts(t)
	var out []workload
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		out = append(out, parse(name, texts[name]))
	}
	return out
}

func TestLanguage(t *testing.T) {
	w := parse("x", `
file a 10
nonsense
open
tx
  write ../up 3
  write b 5
  chmod b 640
commit
par
tx
  append c 7
commit
tx
  rename a d
rollback
end
kill
`)
	var got []string
	for _, c := range w.commands {
		got = append(got, fmt.Sprintf("%s %s%d", c.verb, c.end, len(c.txs)))
	}
	want := "[file 0 open 0 tx commit1 par 2 kill 0]"
	if fmt.Sprint(got) != want {
		t.Errorf("parsed as %v, want %s", got, want)
	}
	if ops := w.commands[2].txs[0]; len(ops) != 2 || ops[1].n != 0o740 {
		t.Errorf("transaction parsed as %v", ops)
	}
	if c := (op{a: "b", n: 100, tag: 3}).content(); len(c) != 100 || strings.Contains(c, "\x00") {
		t.Errorf("content is %q", c)
	}
}
