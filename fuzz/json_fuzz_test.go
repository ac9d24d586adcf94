package fuzz

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/forewrite/forewrite/atomic"
)

// FuzzUpdateJSON: an update changes what it says and nothing else, or it fails and
// changes nothing.
func FuzzUpdateJSON(f *testing.F) {
	f.Add([]byte(`{"a": 1, "b": [true, null, "x"]}`), "k", "v")
	f.Add([]byte(`{}`), "", "")
	f.Add([]byte(`null`), "a", "b")
	f.Add([]byte(`[1]`), "a", "b")
	f.Add([]byte(``), "a", "b")
	f.Add([]byte(`{"a": 1} x`), "a", "b")
	f.Add([]byte("\xef\xbb\xbf{}"), "\xff", "b")
	f.Fuzz(func(t *testing.T, initial []byte, key, value string) {
		name := filepath.Join(t.TempDir(), "f.json")
		if err := os.WriteFile(name, initial, 0o600); err != nil {
			t.Fatal(err)
		}
		var want map[string]any
		valid := json.Unmarshal(initial, &want) == nil
		err := atomic.UpdateJSON(context.Background(), name, func(m *map[string]any, exists bool) error {
			if !exists {
				t.Error("the file is there and UpdateJSON says that it is not")
			}
			if *m == nil {
				*m = map[string]any{}
			}
			(*m)[key] = value
			return nil
		}, nil)
		got, readErr := os.ReadFile(name)
		if readErr != nil {
			t.Fatal(readErr)
		}
		if (err == nil) != valid {
			t.Fatalf("UpdateJSON of %q = %v; is it valid: %v", initial, err, valid)
		}
		if err != nil {
			if !bytes.Equal(got, initial) {
				t.Fatalf("failed with %v, and made %q of %q", err, got, initial)
			}
			return
		}
		if want == nil {
			want = map[string]any{}
		}
		want[key] = value
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var a, b any
		if err := cmpErr(json.Unmarshal(text, &a), json.Unmarshal(got, &b)); err != nil || !reflect.DeepEqual(a, b) {
			t.Fatalf("%q became %q, want the same as %q (%v)", initial, got, text, err)
		}
		if !bytes.HasSuffix(got, []byte("\n")) {
			t.Fatalf("%q does not end in a newline", got)
		}
	})
}
