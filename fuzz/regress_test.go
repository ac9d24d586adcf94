//go:build unix

package fuzz

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/forewrite/forewrite/journal"
)

// Every test here is named after something that once went wrong.

func update(t *testing.T, dir string, fn func(*journal.Tx) error) {
	t.Helper()
	jr, err := journal.Open(context.Background(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer jr.Close()
	if err := jr.Update(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func TestRegressChmodOfFileWrittenInTheSameTransaction(t *testing.T) {
	dir := t.TempDir()
	update(t, dir, func(tx *journal.Tx) error {
		return cmpErr(tx.WriteFile("f", nil, 0o644), tx.Chmod("f", 0o600), tx.Mkdir("d", 0o755), tx.Chmod("d", 0o700))
	})
	got, err := readTree(dir)
	if want := (tree{"f": {Mode: 0o600}, "d": {Mode: fs.ModeDir | 0o700}}); err != nil || got.diff(want) != "" {
		t.Errorf("%s (%v)", got.diff(want), err)
	}
}

func TestRegressDirectoryInPlaceOfLink(t *testing.T) {
	for _, target := range []string{"/", "../..", "a", "missing"} {
		t.Run(target, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Symlink(target, filepath.Join(dir, "a")); err != nil {
				t.Fatal(err)
			}
			update(t, dir, func(tx *journal.Tx) error {
				if err := cmpErr(tx.Remove("a"), tx.Mkdir("a", 0o755), tx.Mkdir("a/etc", 0o755)); err != nil {
					return err
				}
				if in, err := fs.ReadDir(tx, "a/etc"); err != nil || len(in) > 0 {
					t.Errorf("the new directory holds %v, %v", in, err)
				}
				return tx.Rename("a/etc", "a/b")
			})
			got, err := readTree(dir)
			want := tree{"a": {Mode: fs.ModeDir | 0o755}, "a/b": {Mode: fs.ModeDir | 0o755}}
			if err != nil || got.diff(want) != "" {
				t.Errorf("%s (%v)", got.diff(want), err)
			}
		})
	}
}
