package segment_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/internal/segment/segmenttest"
	"github.com/forewrite/forewrite/journal/record"
)

// threeSegments writes a log of seven groups and returns the builder, and the paths
// of the segments' files.
func threeSegments(t testing.TB, fill int) (*segmenttest.Builder, []string) {
	b := segmenttest.New(t, filepath.Join(t.TempDir(), "log"))
	var paths []string
	for _, write := range []func(){
		func() { b.Open(0, 0).Tx(1, segmenttest.Put("a", "one")).Tx(2, segmenttest.Put("b", "two")) },
		func() { b.Tx(3, segmenttest.Put("a", "three")).Checkpoint(2, 3) },
		func() { b.Tx(4, segmenttest.Put("c", strings.Repeat("four", 40))).Tx(5, segmenttest.Put("a", "five")) },
	} {
		b.Segment(fill)
		write()
		paths = append(paths, b.Path())
	}
	return b, paths
}

type seen struct {
	lsn     record.LSN
	payload string
}

func scan(t testing.TB, dir string) (*segment.Log, []seen) {
	t.Helper()
	var groups []seen
	log, err := segment.Scan(context.Background(), dir, segment.Options{}, func(g segment.Group) error {
		groups = append(groups, seen{g.Header.LSN, string(g.Payload)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	checkSpans(t, log)
	return log, groups
}

// checkSpans fails the test unless groups and spans cover each file exactly.
func checkSpans(t testing.TB, log *segment.Log) {
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
		b, _ := threeSegments(t, fill)
		log, groups := scan(t, b.Dir)
		if len(groups) != 7 || log.Groups != 7 || log.First != 1 || log.Last != 7 || log.Prev != b.Prev {
			t.Errorf("fill %d: %d groups, log %+v", fill, len(groups), log)
		}
		if log.End.State != segment.Clean || log.End.Segment != b.Name || log.End.Offset != b.Ends[1] || log.End.LSN != 8 {
			t.Errorf("fill %d: end %+v", fill, log.End)
		}
		if log.CheckpointLSN != 2 || log.LastTx != 5 || log.Closed {
			t.Errorf("fill %d: checkpoint LSN %d, last tx %d, closed %v", fill, log.CheckpointLSN, log.LastTx, log.Closed)
		}
	}
}

func TestEveryCutLeavesAPrefixOrIsCorruption(t *testing.T) {
	t.Parallel()
	b, paths := threeSegments(t, 40)
	_, want := scan(t, b.Dir)
	for i, path := range paths {
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for size := range whole {
			rewrite(t, path, whole[:size])
			log, got := scan(t, b.Dir)
			if missing := errors.Is(log.End.Err, segment.ErrMissing); missing != (i == 0 && size == 0) || !missing && !isPrefix(got, want) {
				t.Fatalf("segment %d cut to %d: not a prefix: %v", i+1, size, log.End.Err)
			}
			lost := len(got) < len(want)
			switch state := log.End.State; {
			case state == segment.Newer,
				i < 2 && (state == segment.Corrupt) != lost, // lost groups, and later ones prove it
				i == 2 && state == segment.Corrupt,
				i == 2 && (state == segment.Clean) != (size == 0 || contains(b.Ends, int64(size)) || !lost):
				t.Fatalf("segment %d cut to %d: %s after %d groups: %v", i+1, size, state, len(got), log.End.Err)
			}
		}
		rewrite(t, path, whole)
	}
}

func TestEveryBitFlipLeavesAPrefixOrIsCorruption(t *testing.T) {
	t.Parallel()
	b, paths := threeSegments(t, 24)
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
				t.Fatalf("segment %d bit %d: not a prefix", i+1, bit)
			}
			lost := len(want) - len(got)
			switch state := log.End.State; {
			case lost > 1 && state != segment.Corrupt, // an acknowledged group, proved by the next
				lost == 1 && state != segment.Torn, // the very last one
				lost == 0 && i == 2 && state != segment.Torn,
				lost == 0 && i < 2 && state != segment.Clean: // in the zeroes, and the next segment continues
				t.Fatalf("segment %d bit %d: %s after %d groups: %v", i+1, bit, state, len(got), log.End.Err)
			}
		}
		rewrite(t, path, whole)
	}
}

func TestDamageIsClassified(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		damage func(t *testing.T, b *segmenttest.Builder, paths []string)
		state  segment.State
		err    error
		groups int
		at     record.LSN
	}{
		{"a segment in the middle is missing", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			removeDir(t, filepath.Dir(paths[1]))
		}, segment.Corrupt, segment.ErrMissing, 3, 4},
		{"the first segment is missing", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			removeDir(t, filepath.Dir(paths[0]))
		}, segment.Corrupt, segment.ErrMissing, 4, 3},
		{"a segment in the middle has lost its file", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			removeDir(t, paths[1])
		}, segment.Corrupt, segment.ErrSequence, 3, 4},
		{"the last segment has lost its file", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			removeDir(t, paths[2])
		}, segment.Clean, nil, 5, 6},
		{"a stray file in a segment", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			rewrite(t, filepath.Join(filepath.Dir(paths[1]), "00000000000000000002"), nil)
		}, segment.Corrupt, segment.ErrStray, 7, 8},
		{"a stray file in the log", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			rewrite(t, filepath.Join(b.Dir, "notes.txt"), nil)
		}, segment.Corrupt, segment.ErrStray, 7, 8},
		{"a directory where a segment's file should be", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			removeDir(t, paths[2])
			mkdir(t, paths[2])
		}, segment.Corrupt, segment.ErrStray, 5, 6},
		{"the last two segments swapped", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			swap(t, paths[1], paths[2])
		}, segment.Corrupt, segment.ErrLater, 3, 4},
		{"a zeroed sector in front of whole groups", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			edit(t, paths[0], func(data []byte) { clear(data[:60]) })
		}, segment.Corrupt, segment.ErrEntry, 0, 1},
		{"a group that is damaged, and one after it", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			edit(t, paths[2], func(data []byte) { data[50]++ })
		}, segment.Corrupt, record.ErrHash, 5, 6},
		{"the last group is damaged", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			edit(t, paths[2], func(data []byte) { data[b.Ends[0]+40]++ })
		}, segment.Torn, record.ErrHash, 6, 7},
		{"old bytes of another segment behind the last group", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			old, err := os.ReadFile(paths[0])
			if err != nil {
				t.Fatal(err)
			}
			b.Raw(old)
		}, segment.Torn, record.ErrHash, 7, 8},
		{"the last group twice", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			data, err := os.ReadFile(paths[2])
			if err != nil {
				t.Fatal(err)
			}
			b.Raw(data[b.Ends[0]:b.Ends[1]])
		}, segment.Torn, segment.ErrSequence, 7, 8},
		{"a length that is not in its shortest form", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			data, err := os.ReadFile(paths[2])
			if err != nil {
				t.Fatal(err)
			}
			long := append([]byte{data[b.Ends[0]] | 0x80, 0}, data[b.Ends[0]+1:b.Ends[1]]...)
			rewrite(t, paths[2], append(data[:b.Ends[0]:b.Ends[0]], long...))
		}, segment.Torn, segment.ErrEntry, 6, 7},
		{"a gap in the numbers of groups", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			b.LSN++
			b.Tx(9, segmenttest.Put("d", "nine"))
		}, segment.Corrupt, segment.ErrSequence, 7, 8},
		{"a group that continues another log", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			b.Prev++
			b.Tx(9, segmenttest.Put("d", "nine"))
		}, segment.Corrupt, segment.ErrChain, 7, 8},
		{"a whole group with a payload that no writer makes", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			b.Group([]byte("nonsense"))
		}, segment.Corrupt, record.ErrFormat, 7, 8},
		{"a mark that is ahead of the log", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			b.Checkpoint(8, 5)
		}, segment.Corrupt, record.ErrFormat, 7, 8},
		{"a torn tail and a segment that is ready", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			b.Raw([]byte("torn"))
			b.Segment(4096)
		}, segment.Torn, segment.ErrEntry, 7, 8},
		{"a torn tail and bytes in a later segment", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			b.Raw([]byte("torn"))
			b.Segment(4096).Raw([]byte("?"))
		}, segment.Corrupt, segment.ErrLater, 7, 8},
		{"a torn tail that recovery has passed", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			b.Raw([]byte("torn"))
			b.Segment(4096)
			b.Segment(0).Checkpoint(7, 5)
		}, segment.Clean, nil, 8, 9},
		{"unused segments at the end and in the middle", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			b.Segment(4096)
			b.Segment(0).Close(7, 5)
			b.Segment(100).Segment(0)
		}, segment.Clean, nil, 8, 9},
		{"a newer format", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			b.Raw(newerGroup(b))
		}, segment.Newer, record.ErrVersion, 7, 8},
		{"a file that is too large", func(t *testing.T, b *segmenttest.Builder, paths []string) {
			if err := os.Truncate(paths[2], segment.MaxSize+1); err != nil {
				t.Fatal(err)
			}
		}, segment.Corrupt, segment.ErrTooLarge, 5, 6},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b, paths := threeSegments(t, 64)
			test.damage(t, b, paths)
			log, groups := scan(t, b.Dir)
			if log.End.State != test.state || len(groups) != test.groups || log.End.LSN != test.at || !errors.Is(log.End.Err, test.err) {
				t.Errorf("%s after %d groups, at %d: %v", log.End.State, len(groups), log.End.LSN, log.End.Err)
			}
		})
	}
}

// newerGroup returns the entry of a group of the next format version.
func newerGroup(b *segmenttest.Builder) []byte {
	group := make([]byte, record.HeaderSize+5)
	record.Seal(group, b.Name.Salt, b.LSN+1, b.Prev)
	group[3]++
	var d xxhash.Digest
	d.ResetWithSeed(b.Name.Salt)
	d.Write(group[:24])
	d.Write(group[record.HeaderSize:])
	binary.LittleEndian.PutUint64(group[24:], d.Sum64())
	return segment.AppendEntry(nil, group)
}

func TestSpansDescribeWhatFollowsDamage(t *testing.T) {
	t.Parallel()
	b, paths := threeSegments(t, 64)
	ends := b.Ends
	edit(t, paths[2], func(data []byte) { data[50]++ })
	log, _ := scan(t, b.Dir)
	want := []segment.Span{
		{Kind: segment.Unknown, Offset: 0, Length: ends[0]},
		{Kind: segment.Stranded, Offset: ends[0], Length: ends[1] - ends[0], Groups: 1, LSN: 7},
		{Kind: segment.Zero, Offset: ends[1], Length: 64},
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

// A file full of bytes that look like long groups must not cost the square of its
// size: the search ends with ErrBudget.
func TestTheSearchForGroupsIsLimited(t *testing.T) {
	t.Parallel()
	b := segmenttest.New(t, filepath.Join(t.TempDir(), "log")).Segment(0).Open(0, 0)
	const size = 2 << 20
	hostile := make([]byte, size)
	for at := 8; at+40 < size; at += 40 {
		length := size - at - record.HeaderSize
		prefix := binary.AppendUvarint(nil, uint64(length+record.HeaderSize))
		copy(hostile[at-len(prefix):], prefix)
		copy(hostile[at:], record.Magic+"\x01")
		binary.LittleEndian.PutUint32(hostile[at+4:], uint32(length))
		binary.LittleEndian.PutUint64(hostile[at+8:], 99)
	}
	b.Raw(hostile)
	log, _ := scan(t, b.Dir)
	if log.End.State != segment.Corrupt || !errors.Is(log.End.Err, segment.ErrBudget) {
		t.Errorf("%s: %v", log.End.State, log.End.Err)
	}
}

func TestScanStopsWhenItsContextEndsOrVisitFails(t *testing.T) {
	t.Parallel()
	b, _ := threeSegments(t, 0)
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	_, err := segment.Scan(ctx, b.Dir, segment.Options{}, func(segment.Group) error {
		if n++; n == 2 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || n != 2 {
		t.Errorf("cancelled: %v after %d groups", err, n)
	}
	stop := errors.New("stop")
	_, err = segment.Scan(context.Background(), b.Dir, segment.Options{}, func(segment.Group) error { return stop })
	if err != stop {
		t.Errorf("stopped: %v", err)
	}
}

func FuzzScan(f *testing.F) {
	_, paths := threeSegments(f, 10)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	name := segment.Name{Number: 1, Salt: 0x9e3779b97f4a7c15}
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := filepath.Join(t.TempDir(), "log")
		mkdir(t, filepath.Join(dir, name.String()))
		rewrite(t, segment.Path(dir, name), data)
		log, groups := scan(t, dir)
		if len(groups) != log.Groups {
			t.Errorf("%d groups seen, %d counted", len(groups), log.Groups)
		}
	})
}
