// Package jsonfile is the form in which the module writes JSON files, and how
// strictly it reads them.
package jsonfile

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Encode returns v as JSON for people to read, too: indented by two spaces, with
// <, > and & as they are and a newline at the end.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Decode returns the one JSON value that data is. Data that is empty, cut short or
// has something after the value is an error, with the zero T.
func Decode[T any](data []byte) (T, error) {
	var v, zero T
	err := json.Unmarshal(data, &v)
	if err == nil {
		return v, nil
	}
	if len(bytes.TrimSpace(data)) == 0 {
		err = fmt.Errorf("the file is empty: %w", err)
	}
	return zero, err
}
