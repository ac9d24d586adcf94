package journal

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/jsonfile"
)

// ReadJSON reads the file name in fsys as one JSON value. A missing file is
// fs.ErrNotExist. A file that is empty, is cut short, has something after the value,
// or does not fit a T is an error as well, with the zero T.
func ReadJSON[T any](fsys fs.FS, name string) (T, error) {
	var zero T
	data, err := fs.ReadFile(fsys, name)
	var te *TxError
	if errors.As(err, &te) {
		return zero, err // it names the file
	}
	if err != nil {
		return zero, fmt.Errorf("journal: read JSON %s: %w", name, fsx.Underlying(err))
	}
	v, err := jsonfile.Decode[T](data)
	if err != nil {
		return zero, fmt.Errorf("journal: read JSON %s: %w", name, err)
	}
	return v, nil
}

// WriteJSON makes v the content of the file name, indented by two spaces, with <, >
// and & as they are and a newline at the end. A new file gets mode 0644, less the
// umask.
func WriteJSON(tx *Tx, name string, v any) error {
	data, err := jsonfile.Encode(v)
	if err != nil {
		return tx.fail("write", name, fmt.Errorf("encode JSON: %w", err))
	}
	return tx.WriteFile(name, data, 0o644)
}
