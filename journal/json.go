package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
)

// ReadJSON reads the file name of fsys, such as a transaction or a snapshot, and
// decodes it into a T. A missing file is an error that is [fs.ErrNotExist].
func ReadJSON[T any](fsys fs.FS, name string) (T, error) {
	var v T
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return v, fmt.Errorf("journal: read JSON %s: %w", name, err)
	}
	return v, nil
}

// WriteJSON makes v the content of the file name, indented by two spaces, with a final
// newline and without escaping HTML. A new file gets mode 0644, less the umask.
func WriteJSON(tx *Tx, name string, v any) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return tx.fail("write", name, fmt.Errorf("encode JSON: %w", err))
	}
	return tx.WriteFile(name, buf.Bytes(), fs.FileMode(0o644))
}
