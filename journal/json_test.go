package journal_test

import (
	"errors"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/forewrite/forewrite/journal"
)

func TestReadJSONReadsAnyFileSystemStrictly(t *testing.T) {
	t.Parallel()
	type conf struct{ Port int }
	fsys := fstest.MapFS{
		"conf.json":     {Data: []byte(`{"Port": 80}`)},
		"empty.json":    {},
		"trailing.json": {Data: []byte(`{"Port": 80} x`)},
		"type.json":     {Data: []byte(`{"Port": "80"}`)},
	}
	if got, err := journal.ReadJSON[conf](fsys, "conf.json"); err != nil || got.Port != 80 {
		t.Errorf("%+v, %v", got, err)
	}
	for name, want := range map[string]string{
		"missing.json":  "journal: read JSON missing.json: file does not exist",
		"empty.json":    "journal: read JSON empty.json: the file is empty: unexpected end of JSON input",
		"trailing.json": "journal: read JSON trailing.json: invalid character 'x' after top-level value",
		"type.json":     "journal: read JSON type.json: json: cannot unmarshal string into Go struct field conf.Port of type int",
	} {
		got, err := journal.ReadJSON[conf](fsys, name)
		if err == nil || err.Error() != want || got != (conf{}) {
			t.Errorf("%+v, %v\nwant %s", got, err, want)
		}
		if (name == "missing.json") != errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: is fs.ErrNotExist or not: %v", name, err)
		}
	}
}
