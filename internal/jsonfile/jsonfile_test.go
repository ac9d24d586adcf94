package jsonfile_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/forewrite/forewrite/internal/jsonfile"
)

type point struct {
	X    int    `json:"x"`
	Name string `json:"name,omitempty"`
}

func TestEncodeIsForPeopleToo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v    any
		want string
	}{
		{point{1, "<b> & c"}, "{\n  \"x\": 1,\n  \"name\": \"<b> & c\"\n}\n"},
		{[]int{1}, "[\n  1\n]\n"},
		{nil, "null\n"},
	} {
		if got, err := jsonfile.Encode(c.v); err != nil || string(got) != c.want {
			t.Errorf("%v: %q, %v, want %q", c.v, got, err, c.want)
		}
	}
	var unsupported *json.UnsupportedTypeError
	if got, err := jsonfile.Encode(make(chan int)); !errors.As(err, &unsupported) || got != nil {
		t.Errorf("a channel: %q, %v", got, err)
	}
}

func TestDecodeReadsWhatEncodeWrote(t *testing.T) {
	t.Parallel()
	want := point{7, "<b>"}
	b, err := jsonfile.Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := jsonfile.Decode[point](b); err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

func TestDecodeRefusesWhatIsNotOneValue(t *testing.T) {
	t.Parallel()
	for content, syntax := range map[string]bool{
		"": true, " \n": true, "{": true, `{"x":1`: true, `{"x":1} x`: true, `{"x":1}{"x":2}`: true, "\x00\x00": true,
		`{"x":"one"}`: false, "[]": false, `{"x":1,"name":2}`: false,
	} {
		v, err := jsonfile.Decode[point]([]byte(content))
		var se *json.SyntaxError
		var te *json.UnmarshalTypeError
		if syntax && !errors.As(err, &se) || !syntax && !errors.As(err, &te) {
			t.Errorf("%q: %v", content, err)
		}
		if v != (point{}) {
			t.Errorf("%q: %+v beside an error, want the zero value", content, v)
		}
		if empty := strings.TrimSpace(content) == ""; err != nil && empty != strings.Contains(err.Error(), "the file is empty") {
			t.Errorf("%q: %v", content, err)
		}
	}
}
