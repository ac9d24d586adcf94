// Package docstest compiles the Go code in README.md and docs.
//
// A block that begins with ```go is compiled. If its first word is package, it is
// compiled as it is. Otherwise it is the body of a function that returns an error,
// its imports are found by their names, and it can use
//
//	ctx  context.Context
//	j    *journal.Journal
//	tx   *journal.Tx
//	err  error
//
// or declare these itself. A block that shall not be compiled begins with ```.
package docstest

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestGoBlocksCompile(t *testing.T) {
	t.Parallel()
	files := []string{"README.md"}
	docs, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range docs {
		files = append(files, "docs/"+filepath.Base(name))
	}
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join("../..", file))
		if err != nil {
			t.Fatal(err)
		}
		found := blocks(file, string(text))
		if file == "README.md" && len(found) == 0 {
			t.Error("no Go blocks in README.md")
		}
		for _, b := range found {
			t.Run(fmt.Sprintf("%s:%d", file, b.line), func(t *testing.T) {
				t.Parallel()
				if out, err := b.compile(t); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	}
}

func TestBlocksThatAreWrongDoNotCompile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"a call that does not exist", "text\n\n```go\nj.Discommit()\n```\n", "doc.md:4"},
		{"an unused result", "```go\nfsys := os.DirFS(\".\")\n```\n", "declared and not used: fsys"},
		{"a program without an import", "```go\npackage main\n\nfunc main() { fmt.Println() }\n```\n", "undefined: fmt"},
		{"no Go", "```go\nfor {\n```\n", "doc.md"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			found := blocks("doc.md", c.text)
			if len(found) != 1 {
				t.Fatalf("%d blocks", len(found))
			}
			if out, err := found[0].compile(t); err == nil || !strings.Contains(out, c.want) {
				t.Errorf("error %v; %q is not in\n%s", err, c.want, out)
			}
		})
	}
}

func TestBlocksAreThoseMarkedAsGo(t *testing.T) {
	t.Parallel()
	found := blocks("doc.md", "```sh\nls\n```\n```go\na\nb\n```\n    ```go\n```\nno\n```\n```go\nc\n```\n")
	want := []block{{"doc.md", 5, "a\nb\n"}, {"doc.md", 13, "c\n"}}
	if !slices.Equal(found, want) {
		t.Errorf("%+v", found)
	}
}

// block is Go code in a document, and the line where it begins.
type block struct {
	file string
	line int
	code string
}

func blocks(file, text string) []block {
	var found []block
	var open *block
	fenced := false
	number := 0
	for line := range strings.Lines(text) {
		number++
		fence, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		isFence = isFence && line[0] == '`'
		switch {
		case isFence && fenced:
			fenced, open = false, nil
		case isFence:
			if fenced = true; fence == "go" {
				found = append(found, block{file: file, line: number + 1})
				open = &found[len(found)-1]
			}
		case open != nil:
			open.code += line
		}
	}
	return found
}

// compile builds the block as a package of this module that is only in a file for
// the go command's -overlay, and returns what the compiler said.
func (b block) compile(t *testing.T) (string, error) {
	t.Helper()
	source, err := b.source()
	if err != nil {
		return err.Error(), err
	}
	temp := t.TempDir()
	code := filepath.Join(temp, "main.go")
	if err := os.WriteFile(code, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	inModule, err := filepath.Abs("block/main.go")
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{inModule: code}})
	if err != nil {
		t.Fatal(err)
	}
	overlayFile := filepath.Join(temp, "overlay.json")
	if err := os.WriteFile(overlayFile, overlay, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "go", "build", "-overlay="+overlayFile, "-o", os.DevNull, "./block").CombinedOutput()
	return string(out), err
}

// source returns a file for the compiler, in which errors are said to be in the
// document.
func (b block) source() (string, error) {
	line := fmt.Sprintf("//line %s:%d\n", b.file, b.line)
	if strings.HasPrefix(b.code, "package ") {
		return line + b.code, nil
	}
	body := "func fragment(ctx context.Context, j *journal.Journal, tx *journal.Tx, err error) error {\n{\n" +
		line + b.code + "\n}\nreturn err\n}\n\nfunc main() {}\n"
	parsed, err := parser.ParseFile(token.NewFileSet(), "", "package main\n"+body, 0)
	if err != nil {
		return "", err
	}
	imports := map[string]bool{packages["context"]: true, packages["journal"]: true}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && packages[x.Name] != "" {
				imports[packages[x.Name]] = true
			}
		}
		return true
	})
	head := "package main\n"
	for _, path := range slices.Sorted(maps.Keys(imports)) {
		head += fmt.Sprintf("import %q\n", path)
	}
	return head + body, nil
}

// packages are those that fragments can use.
var packages = map[string]string{
	"atomic":   "github.com/forewrite/forewrite/atomic",
	"context":  "context",
	"errors":   "errors",
	"fmt":      "fmt",
	"fs":       "io/fs",
	"io":       "io",
	"journal":  "github.com/forewrite/forewrite/journal",
	"log":      "log",
	"os":       "os",
	"record":   "github.com/forewrite/forewrite/journal/record",
	"recovery": "github.com/forewrite/forewrite/recovery",
	"slog":     "log/slog",
	"time":     "time",
}
