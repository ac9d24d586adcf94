package fuzz

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

// entries returns a log of the sample payloads in one segment.
func entries(salt uint64) []byte {
	var out []byte
	prev := uint64(0)
	for i, p := range samplePayloads() {
		if i == 3 {
			continue // a transaction without its end
		}
		group := append(make([]byte, record.HeaderSize), p...)
		prev = record.Seal(group, salt, record.LSN(i+1), prev)
		out = segment.AppendEntry(out, group)
	}
	return out
}

// reseal makes the hashes of mutated groups right again, or nothing behind a hash
// would ever be tested. Bit i of which is about group i.
func reseal(data []byte, salt uint64, which byte) {
	prev := uint64(0)
	for i := 0; len(data) > 0; i++ {
		length, n := binary.Uvarint(data)
		if n <= 0 || length < record.HeaderSize || length > uint64(len(data)-n) {
			return
		}
		group := data[n : n+int(length)]
		if which>>(i%8)&1 != 0 {
			prev = record.Seal(group, salt, record.LSN(i+1), prev)
		} else {
			prev = binary.LittleEndian.Uint64(group[24:])
		}
		data = data[n+int(length):]
	}
}

var fuzzSegments = []segment.Name{{Number: 1, Salt: 0x1111}, {Number: 2, Salt: 0x2222}}

// FuzzScan: whatever is in the log, reading it ends, with records in order that
// hang together, and a typed error if anything.
func FuzzScan(f *testing.F) {
	whole := entries(fuzzSegments[0].Salt)
	f.Add(whole, []byte{}, byte(0))
	f.Add(append(whole, make([]byte, 5000)...), entries(fuzzSegments[1].Salt), byte(0xff))
	f.Add(whole[:len(whole)-3], whole, byte(0x0f))
	f.Add([]byte{}, []byte{1, 2, 3}, byte(0))
	f.Fuzz(func(t *testing.T, a, b []byte, which byte) {
		if len(a)+len(b) > 1<<16 {
			t.Skip("larger than it needs to be")
		}
		dir := t.TempDir()
		for i, data := range [][]byte{a, b} {
			data = append([]byte{}, data...)
			reseal(data, fuzzSegments[i].Salt, which)
			segment := filepath.Join(dir, ".journal", "log", fuzzSegments[i].String())
			if err := cmpErr(os.MkdirAll(segment, 0o700), os.WriteFile(filepath.Join(segment, "00000000000000000001"), data, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		last, bytes := record.LSN(0), 0
		for r, err := range recovery.Records(context.Background(), dir, nil) {
			if err != nil {
				var corrupt *recovery.CorruptError
				var newer *recovery.FormatError
				if !errors.As(err, &corrupt) && !errors.As(err, &newer) {
					t.Fatalf("error of no known kind: %v", err)
				}
				break
			}
			if last > 0 && r.LSN != last && r.LSN != last+1 {
				t.Fatalf("group %d comes after %d", r.LSN, last)
			}
			last = r.LSN
			if bytes += r.Record.Size; bytes > len(a)+len(b) {
				t.Fatalf("%d bytes of records out of %d", bytes, len(a)+len(b))
			}
		}
	})
}
