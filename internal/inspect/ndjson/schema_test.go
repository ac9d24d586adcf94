package ndjson

import (
	"encoding"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// field is one field of an object, as docs/json.md has it in a row.
type field struct {
	name     string // of a nested one with dots: tail.state, segments[].name
	kind     string
	optional bool // it can be absent
}

// row is the field's row in docs/json.md, without its meaning.
func (f field) row() string {
	absent := "never"
	if f.optional {
		absent = "…"
	}
	return fmt.Sprintf("| `%s` | %s | %s | … |", f.name, f.kind, absent)
}

var (
	timeType      = reflect.TypeFor[time.Time]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

// fieldsOf returns the fields that encoding/json writes of a struct.
func fieldsOf(t reflect.Type, prefix string) (fields []field) {
	for f := range fieldSeq(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			fields = append(fields, fieldsOf(f.Type, prefix)...)
			continue
		case name == "-" || !f.IsExported():
			continue
		case name == "":
			name = f.Name
		}
		kind, nested, brackets := kindOf(f.Type)
		fields = append(fields, field{prefix + name, kind, strings.Contains(options, "omit")})
		if nested != nil {
			fields = append(fields, fieldsOf(nested, prefix+name+brackets+".")...)
		}
	}
	return fields
}

func fieldSeq(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

// kindOf names the JSON type of a Go type, and returns the struct that it is made of.
func kindOf(t reflect.Type) (kind string, nested reflect.Type, brackets string) {
	if t.Kind() == reflect.Pointer {
		return kindOf(t.Elem())
	}
	if t == timeType {
		return "time", nil, ""
	}
	if t.Implements(textMarshaler) {
		return "string", nil, ""
	}
	switch t.Kind() {
	case reflect.String:
		return "string", nil, ""
	case reflect.Bool:
		return "boolean", nil, ""
	case reflect.Struct:
		return "object", t, ""
	case reflect.Map:
		return "object", nil, ""
	case reflect.Slice:
		elem, nested, _ := kindOf(t.Elem())
		return "array of " + elem + "s", nested, "[]"
	}
	return "number", nil, ""
}

var (
	includeLine = regexp.MustCompile("^All fields of `(\\w+)`, and:$")
	headingLine = regexp.MustCompile("^## `(\\w+)`$")
	rowLine     = regexp.MustCompile("^\\| `([\\w.\\[\\]]+)` \\| ([\\w ]+) \\| (.+) \\| .+ \\|$")
)

// documented reads the objects and their fields from docs/json.md.
func documented(t *testing.T) map[string][]field {
	data, err := os.ReadFile("../../../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	objects, includes, object := make(map[string][]field), make(map[string]string), ""
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if m := headingLine.FindStringSubmatch(line); m != nil {
			object = m[1]
			objects[object] = nil
		} else if m := rowLine.FindStringSubmatch(line); m != nil && object != "" {
			objects[object] = append(objects[object], field{m[1], m[2], m[3] != "never"})
		} else if m := includeLine.FindStringSubmatch(line); m != nil {
			includes[object] = m[1]
		} else if strings.HasPrefix(line, "## ") {
			object = ""
		}
	}
	for object, included := range includes {
		objects[object] = append(objects[object], objects[included]...)
	}
	return objects
}

// docs/json.md has each object and each field of the schema, with its type and whether
// it can be absent, and no others.
func TestSchemaIsDocumented(t *testing.T) {
	t.Parallel()
	docs := documented(t)
	for typ, object := range types {
		want := fieldsOf(typ, "")
		got, ok := docs[object]
		if !ok {
			t.Errorf("docs/json.md has no object %s", object)
		}
		for _, f := range want {
			if !slices.Contains(got, f) {
				t.Errorf("docs/json.md, object %s lacks the row %s", object, f.row())
			}
		}
		for _, f := range got {
			if !slices.Contains(want, f) {
				t.Errorf("docs/json.md, object %s has a field that does not exist: %s", object, f.row())
			}
		}
	}
	names := slices.Collect(maps.Values(types))
	for object := range docs {
		if !slices.Contains(names, object) {
			t.Errorf("docs/json.md has an object that does not exist: %s", object)
		}
	}
}

// Each object can be told from the others by its name.
func TestObjectNamesAreUnique(t *testing.T) {
	t.Parallel()
	seen := make(map[string]reflect.Type)
	for typ, name := range types {
		if other, ok := seen[name]; ok {
			t.Errorf("%s and %s are both called %s", typ, other, name)
		}
		seen[name] = typ
	}
}
