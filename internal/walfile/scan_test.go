package walfile_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/forewrite/forewrite/internal/walfile"
	"github.com/forewrite/forewrite/internal/walfile/walfiletest"
	"github.com/forewrite/forewrite/journal/record"
)

// threeEpochs writes a log of seven groups and returns the builder, and the paths
// of the epochs' files.
func threeEpochs(t testing.TB, fill int) (*walfiletest.Builder, []string) {
	b := walfiletest.New(t, filepath.Join(t.TempDir(), "log"))
	var paths []string
	for _, write := range []func(){
		func() { b.Open(0, 0).Tx(1, walfiletest.Put("a", "one")).Tx(2, walfiletest.Put("b", "two")) },
		func() { b.Tx(3, walfiletest.Put("a", "three")).Checkpoint(2, 3) },
		func() { b.Tx(4, walfiletest.Put("c", strings.Repeat("four", 40))).Tx(5, walfiletest.Put("a", "five")) },
	} {
		b.Epoch(fill)
		write()
		paths = append(paths, b.Path())
	}
	return b, paths
}

type seen struct {
	lsn     record.LSN
	payload string
}

func scan(t testing.TB, dir string) (*walfile.Log, []seen) {
	t.Helper()
	var groups []seen
	log, err := walfile.Scan(context.Background(), dir, walfile.Options{}, func(g walfile.Group) error {
		groups = append(groups, seen{g.Header.LSN, string(g.Payload)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	checkSpans(t, log)
	return log, groups
}

// checkSpans: groups and spans cover each file exactly.
func checkSpans(t testing.TB, log *walfile.Log) {
	t.Helper()
	for _, e := range log.Files {
		at := e.Used
		for _, s := range e.Rest {
			if s.Offset != at || s.Length <= 0 {
				t.Fatalf("%s: span %+v begins elsewhere than at %d", e.Name, s, at)
			}
			at += s.Length
		}
		if at != e.Size {
			t.Fatalf("%s: spans end at %d of %d bytes", e.Name, at, e.Size)
		}
	}
}

func isPrefix(got, want []seen) bool {
	if len(got) > len(want) {
		return false
	}
	for i := range got {
		if got[i] != want[i] {
			return false
		}
	}
	return true
}

func TestScanReadsAWholeLog(t *testing.T) {
	t.Parallel()
	for _, fill := range []int{0, 1, 5000} {
		b, _ := threeEpochs(t, fill)
		log, groups := scan(t, b.Dir)
		if len(groups) != 7 || log.Groups != 7 || log.First != 1 || log.Last != 7 || log.Prev != b.Prev {
			t.Errorf("fill %d: %d groups, log %+v", fill, len(groups), log)
		}
		if log.End.State != walfile.Clean || log.End.Epoch != b.Name || log.End.Offset != b.Ends[1] || log.End.LSN != 8 {
			t.Errorf("fill %d: end %+v", fill, log.End)
		}
		if log.Through != 2 || log.LastTx != 5 || log.Closed {
			t.Errorf("fill %d: through %d, last tx %d, closed %v", fill, log.Through, log.LastTx, log.Closed)
		}
	}
}

func TestEveryCutLeavesAPrefixOrIsCorruption(t *testing.T) {
	t.Parallel()
	b, paths := threeEpochs(t, 40)
	_, want := scan(t, b.Dir)
	for i, path := range paths {
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for size := range whole {
			rewrite(t, path, whole[:size])
			log, got := scan(t, b.Dir)
			if missing := errors.Is(log.End.Err, walfile.ErrMissing); missing != (i == 0 && size == 0) || !missing && !isPrefix(got, want) {
				t.Fatalf("epoch %d cut to %d: not a prefix: %v", i+1, size, log.End.Err)
			}
			lost := len(got) < len(want)
			switch state := log.End.State; {
			case state == walfile.Newer,
				i < 2 && (state == walfile.Corrupt) != lost, // lost groups, and later ones prove it
				i == 2 && state == walfile.Corrupt,
				i == 2 && (state == walfile.Clean) != (size == 0 || contains(b.Ends, int64(size)) || !lost):
				t.Fatalf("epoch %d cut to %d: %s after %d groups: %v", i+1, size, state, len(got), log.End.Err)
			}
		}
		rewrite(t, path, whole)
	}
}

func TestEveryBitFlipLeavesAPrefixOrIsCorruption(t *testing.T) {
	t.Parallel()
	b, paths := threeEpochs(t, 24)
	_, want := scan(t, b.Dir)
	for i, path := range paths {
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for bit := range len(whole) * 8 {
			damaged := bytes.Clone(whole)
			damaged[bit/8] ^= 1 << (bit % 8)
			rewrite(t, path, damaged)
			log, got := scan(t, b.Dir)
			if !isPrefix(got, want) {
				t.Fatalf("epoch %d bit %d: not a prefix", i+1, bit)
			}
			lost := len(want) - len(got)
			switch state := log.End.State; {
			case lost > 1 && state != walfile.Corrupt, // an acknowledged group, proved by the next
				lost == 1 && state != walfile.Torn, // the very last one
				lost == 0 && i == 2 && state != walfile.Torn,
				lost == 0 && i < 2 && state != walfile.Clean: // in the zeroes, and the next epoch continues
				t.Fatalf("epoch %d bit %d: %s after %d groups: %v", i+1, bit, state, len(got), log.End.Err)
			}
		}
		rewrite(t, path, whole)
	}
}

func TestWhatIsWrongIsTold(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		damage func(t *testing.T, b *walfiletest.Builder, paths []string)
		state  walfile.State
		err    error
		groups int
		at     record.LSN
	}{
		{"an epoch in the middle is missing", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			removeDir(t, filepath.Dir(paths[1]))
		}, walfile.Corrupt, walfile.ErrMissing, 3, 4},
		{"the first epoch is missing", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			removeDir(t, filepath.Dir(paths[0]))
		}, walfile.Corrupt, walfile.ErrMissing, 4, 3},
		{"an epoch in the middle has lost its file", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			removeDir(t, paths[1])
		}, walfile.Corrupt, walfile.ErrSequence, 3, 4},
		{"the last epoch has lost its file", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			removeDir(t, paths[2])
		}, walfile.Clean, nil, 5, 6},
		{"a stray file in an epoch", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			rewrite(t, filepath.Join(filepath.Dir(paths[1]), "00000000000000000002"), nil)
		}, walfile.Corrupt, walfile.ErrStray, 7, 8},
		{"a stray file in the log", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			rewrite(t, filepath.Join(b.Dir, "notes.txt"), nil)
		}, walfile.Corrupt, walfile.ErrStray, 7, 8},
		{"a directory where an epoch's file should be", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			removeDir(t, paths[2])
			mkdir(t, paths[2])
		}, walfile.Corrupt, walfile.ErrStray, 5, 6},
		{"the last two epochs swapped", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			swap(t, paths[1], paths[2])
		}, walfile.Corrupt, walfile.ErrLater, 3, 4},
		{"a zeroed sector in front of whole groups", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			edit(t, paths[0], func(data []byte) { clear(data[:60]) })
		}, walfile.Corrupt, walfile.ErrEntry, 0, 1},
		{"a group that is damaged, and one after it", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			edit(t, paths[2], func(data []byte) { data[50]++ })
		}, walfile.Corrupt, record.ErrHash, 5, 6},
		{"the last group is damaged", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			edit(t, paths[2], func(data []byte) { data[b.Ends[0]+40]++ })
		}, walfile.Torn, record.ErrHash, 6, 7},
		{"old bytes of another epoch behind the last group", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			old, err := os.ReadFile(paths[0])
			if err != nil {
				t.Fatal(err)
			}
			b.Raw(old)
		}, walfile.Torn, record.ErrHash, 7, 8},
		{"the last group twice", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			data, err := os.ReadFile(paths[2])
			if err != nil {
				t.Fatal(err)
			}
			b.Raw(data[b.Ends[0]:b.Ends[1]])
		}, walfile.Torn, walfile.ErrSequence, 7, 8},
		{"a length that is not in its shortest form", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			data, err := os.ReadFile(paths[2])
			if err != nil {
				t.Fatal(err)
			}
			long := append([]byte{data[b.Ends[0]] | 0x80, 0}, data[b.Ends[0]+1:b.Ends[1]]...)
			rewrite(t, paths[2], append(data[:b.Ends[0]:b.Ends[0]], long...))
		}, walfile.Torn, walfile.ErrEntry, 6, 7},
		{"a gap in the numbers of groups", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			b.LSN++
			b.Tx(9, walfiletest.Put("d", "nine"))
		}, walfile.Corrupt, walfile.ErrSequence, 7, 8},
		{"a group that continues another log", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			b.Prev++
			b.Tx(9, walfiletest.Put("d", "nine"))
		}, walfile.Corrupt, walfile.ErrChain, 7, 8},
		{"a whole group with a payload that no writer makes", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			b.Group([]byte("nonsense"))
		}, walfile.Corrupt, record.ErrFormat, 7, 8},
		{"a mark that is ahead of the log", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			b.Checkpoint(8, 5)
		}, walfile.Corrupt, record.ErrFormat, 7, 8},
		{"a torn tail and an epoch that is ready", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			b.Raw([]byte("torn"))
			b.Epoch(4096)
		}, walfile.Torn, walfile.ErrEntry, 7, 8},
		{"a torn tail and bytes in a later epoch", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			b.Raw([]byte("torn"))
			b.Epoch(4096).Raw([]byte("?"))
		}, walfile.Corrupt, walfile.ErrLater, 7, 8},
		{"a torn tail that recovery has passed", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			b.Raw([]byte("torn"))
			b.Epoch(4096)
			b.Epoch(0).Checkpoint(7, 5)
		}, walfile.Clean, nil, 8, 9},
		{"unused epochs at the end and in the middle", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			b.Epoch(4096)
			b.Epoch(0).Close(7, 5)
			b.Epoch(100).Epoch(0)
		}, walfile.Clean, nil, 8, 9},
		{"a newer format", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			b.Raw(newerGroup(b))
		}, walfile.Newer, record.ErrVersion, 7, 8},
		{"a file that is too large", func(t *testing.T, b *walfiletest.Builder, paths []string) {
			if err := os.Truncate(paths[2], walfile.MaxEpoch+1); err != nil {
				t.Fatal(err)
			}
		}, walfile.Corrupt, walfile.ErrTooLarge, 5, 6},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b, paths := threeEpochs(t, 64)
			test.damage(t, b, paths)
			log, groups := scan(t, b.Dir)
			if log.End.State != test.state || len(groups) != test.groups || log.End.LSN != test.at || !errors.Is(log.End.Err, test.err) {
				t.Errorf("%s after %d groups, at %d: %v", log.End.State, len(groups), log.End.LSN, log.End.Err)
			}
		})
	}
}

// newerGroup returns the entry of a group of the next format version.
func newerGroup(b *walfiletest.Builder) []byte {
	group := make([]byte, record.HeaderSize+5)
	record.Seal(group, b.Name.Salt, b.LSN+1, b.Prev)
	group[3]++
	var d xxhash.Digest
	d.ResetWithSeed(b.Name.Salt)
	d.Write(group[:24])
	d.Write(group[record.HeaderSize:])
	binary.LittleEndian.PutUint64(group[24:], d.Sum64())
	return walfile.AppendEntry(nil, group)
}

func TestAMapShowsWhatLiesBehindTheDamage(t *testing.T) {
	t.Parallel()
	b, paths := threeEpochs(t, 64)
	ends := b.Ends
	edit(t, paths[2], func(data []byte) { data[50]++ })
	log, _ := scan(t, b.Dir)
	want := []walfile.Span{
		{Kind: walfile.Unknown, Offset: 0, Length: ends[0]},
		{Kind: walfile.Stranded, Offset: ends[0], Length: ends[1] - ends[0], Groups: 1, LSN: 7},
		{Kind: walfile.Zero, Offset: ends[1], Length: 64},
	}
	got := log.Files[2].Rest
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("span %d: %+v, want %+v", i, got[i], want[i])
		}
	}
}

// A file full of bytes that pose as long groups must not cost the square of its size.
func TestHostileCandidatesAreGivenUpInTime(t *testing.T) {
	t.Parallel()
	b := walfiletest.New(t, filepath.Join(t.TempDir(), "log")).Epoch(0).Open(0, 0)
	const size = 2 << 20
	lie := make([]byte, size)
	for at := 8; at+40 < size; at += 40 {
		length := size - at - record.HeaderSize
		prefix := binary.AppendUvarint(nil, uint64(length+record.HeaderSize))
		copy(lie[at-len(prefix):], prefix)
		copy(lie[at:], record.Magic+"\x01")
		binary.LittleEndian.PutUint32(lie[at+4:], uint32(length))
		binary.LittleEndian.PutUint64(lie[at+8:], 99)
	}
	b.Raw(lie)
	start := time.Now()
	log, _ := scan(t, b.Dir)
	if log.End.State != walfile.Corrupt || !errors.Is(log.End.Err, walfile.ErrBudget) {
		t.Errorf("%s: %v", log.End.State, log.End.Err)
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("it took %v", d)
	}
}

func TestScanStopsWithItsContextAndItsVisitor(t *testing.T) {
	t.Parallel()
	b, _ := threeEpochs(t, 0)
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	_, err := walfile.Scan(ctx, b.Dir, walfile.Options{}, func(walfile.Group) error {
		if n++; n == 2 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || n != 2 {
		t.Errorf("cancelled: %v after %d groups", err, n)
	}
	stop := errors.New("stop")
	_, err = walfile.Scan(context.Background(), b.Dir, walfile.Options{}, func(walfile.Group) error { return stop })
	if err != stop {
		t.Errorf("stopped: %v", err)
	}
}

func FuzzScan(f *testing.F) {
	_, paths := threeEpochs(f, 10)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	name := walfile.Name{Number: 1, Salt: 0x9e3779b97f4a7c15}
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := filepath.Join(t.TempDir(), "log")
		mkdir(t, filepath.Join(dir, name.String()))
		rewrite(t, walfile.Path(dir, name), data)
		log, groups := scan(t, dir)
		if len(groups) != log.Groups {
			t.Errorf("%d groups seen, %d counted", len(groups), log.Groups)
		}
	})
}
