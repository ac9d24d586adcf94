//go:build linux && (amd64 || arm64)

package crashfs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestLikeARealFileSystem runs small programs here and on an ordinary file
// system: what they see has to be the same.
func TestLikeARealFileSystem(t *testing.T) {
	programs := map[string]func(d dir) any{
		"missing":            func(d dir) any { _, err := os.Stat(d.name("x")); return errno(err) },
		"exclusive":          func(d dir) any { d.write("x", ""); return errno(create(d.name("x"), os.O_EXCL)) },
		"long name":          func(d dir) any { return errno(create(d.name(strings.Repeat("n", 256)), 0)) },
		"longest name":       func(d dir) any { return errno(create(d.name(strings.Repeat("n", 255)), 0)) },
		"no parent":          func(d dir) any { return errno(create(d.name("no/x"), 0)) },
		"file as parent":     func(d dir) any { d.write("f", ""); return errno(create(d.name("f/x"), 0)) },
		"remove full dir":    func(d dir) any { d.mkdir("a"); d.write("a/f", ""); return errno(unix.Rmdir(d.name("a"))) },
		"unlink dir":         func(d dir) any { d.mkdir("a"); return errno(unix.Unlink(d.name("a"))) },
		"rmdir file":         func(d dir) any { d.write("a", ""); return errno(unix.Rmdir(d.name("a"))) },
		"rename onto dir":    func(d dir) any { d.write("f", ""); d.mkdir("a"); return errno(os.Rename(d.name("f"), d.name("a"))) },
		"rename dir on file": func(d dir) any { d.write("f", ""); d.mkdir("a"); return errno(os.Rename(d.name("a"), d.name("f"))) },
		"rename into itself": func(d dir) any { d.mkdir("a"); return errno(os.Rename(d.name("a"), d.name("a/b"))) },
		"noreplace": func(d dir) any {
			d.write("f", "")
			d.write("g", "")
			return errno(unix.Renameat2(unix.AT_FDCWD, d.name("f"), unix.AT_FDCWD, d.name("g"), unix.RENAME_NOREPLACE))
		},
		"exchange":       exchange,
		"links":          links,
		"unlinked":       unlinkedButOpen,
		"times":          times,
		"append":         appends,
		"sparse":         sparse,
		"copy":           copies,
		"symlink":        symlink,
		"mode":           modes,
		"xattr":          xattrs,
		"os.Root":        roots,
		"list":           lists,
		"flock":          flocks,
		"removed parent": removedParent,
		"remove tree":    removeTree,
	}
	for name, program := range programs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := fmt.Sprint(program(dir{t, realDir(t)}))
			if got := fmt.Sprint(program(dir{t, mount(t).Dir()})); got != want {
				t.Errorf("crashfs: %s\nreal:    %s", got, want)
			}
		})
	}
}

// realDir is on a disk: tmpfs has no user extended attributes on older kernels.
func realDir(t *testing.T) string { return t.TempDir() }

func errno(err error) syscall.Errno {
	var e syscall.Errno
	errors.As(err, &e)
	return e
}

func create(name string, flag int) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR|flag, 0o600)
	if err == nil {
		err = f.Close()
	}
	return err
}

func exchange(d dir) any {
	d.write("f", "1")
	d.mkdir("a")
	d.write("a/g", "2")
	d.must(unix.Renameat2(unix.AT_FDCWD, d.name("f"), unix.AT_FDCWD, d.name("a"), unix.RENAME_EXCHANGE))
	return read(d, "a") + read(d, "f/g")
}

func read(d dir, name string) string {
	b, err := os.ReadFile(d.name(name))
	if err != nil {
		return errno(err).Error()
	}
	return string(b)
}

func stat(d dir, name string) *syscall.Stat_t {
	fi, err := os.Lstat(d.name(name))
	d.must(err)
	return fi.Sys().(*syscall.Stat_t)
}

func links(d dir) any {
	d.write("f", "1")
	d.must(os.Link(d.name("f"), d.name("g")))
	a, err := os.Stat(d.name("f"))
	d.must(err)
	b, err := os.Stat(d.name("g"))
	d.must(err)
	two := stat(d, "f").Nlink
	d.must(os.Rename(d.name("f"), d.name("g"))) // a no-op
	_, gone := os.Stat(d.name("f"))
	d.must(os.Remove(d.name("f")))
	d.mkdir("d")
	d.mkdir("d/e")
	d.rename("d/e", "e")
	return fmt.Sprint(os.SameFile(a, b), two, gone, stat(d, "g").Nlink, stat(d, "d").Nlink, stat(d, "e").Nlink)
}

func unlinkedButOpen(d dir) any {
	f := d.write("f", "still")
	d.must(os.Remove(d.name("f")))
	_, err := f.WriteAt([]byte("S"), 0)
	d.must(err)
	d.sync(f)
	b := make([]byte, 5)
	_, err = f.ReadAt(b, 0)
	d.must(err)
	fi, err := f.Stat()
	d.must(err)
	return fmt.Sprint(string(b), fi.Size(), fi.Sys().(*syscall.Stat_t).Nlink)
}

func times(d dir) any {
	d.write("f", "1")
	at := time.Unix(1_700_000_000, 123456789)
	d.must(os.Chtimes(d.name("f"), at, at))
	set, err := os.Stat(d.name("f"))
	d.must(err)
	d.must(os.Chmod(d.name("f"), 0o600))
	kept, err := os.Stat(d.name("f"))
	d.must(err)
	d.write("f", "2")
	moved, err := os.Stat(d.name("f"))
	d.must(err)
	fresh := time.Since(time.Unix(stat(d, "f").Ctim.Unix())) < time.Minute
	return fmt.Sprint(set.ModTime().Equal(at), kept.ModTime().Equal(at), moved.ModTime().After(at), fresh)
}

func appends(d dir) any {
	d.write("f", "one")
	f := d.open("f", os.O_WRONLY|os.O_APPEND)
	_, err := f.WriteString("two")
	d.must(err)
	return read(d, "f")
}

func sparse(d dir) any {
	f := d.write("f", strings.Repeat("x", 1000))
	d.must(f.Truncate(3))
	_, err := f.WriteAt([]byte("y"), 2000)
	d.must(err)
	d.must(f.Truncate(3000))
	b := read(d, "f")
	return fmt.Sprint(len(b), b[:3], strings.Trim(b[3:2000], "\x00") == "", b[2000:2001], strings.Trim(b[2001:], "\x00") == "")
}

func copies(d dir) any {
	big := strings.Repeat("0123456789abcdef", 40_000)
	d.write("f", big)
	in, out := d.open("f", os.O_RDONLY), d.open("g", os.O_CREATE|os.O_RDWR)
	n, err := io.Copy(out, in)
	d.must(err)
	return fmt.Sprint(n, read(d, "g") == big)
}

func symlink(d dir) any {
	d.write("f", "1")
	d.must(os.Symlink("f", d.name("l")))
	to, err := os.Readlink(d.name("l"))
	d.must(err)
	return fmt.Sprint(to, read(d, "l"), stat(d, "l").Size, os.FileMode(stat(d, "l").Mode).Perm())
}

func modes(d dir) any {
	d.write("f", "1")
	d.must(os.Chmod(d.name("f"), 0o640|os.ModeSetgid))
	d.must(os.Chown(d.name("f"), os.Getuid(), os.Getgid()))
	d.must(os.Mkdir(d.name("d"), 0o700))
	return fmt.Sprintf("%o %o", stat(d, "f").Mode&^syscall.S_ISGID, stat(d, "d").Mode)
}

func xattrs(d dir) any {
	d.write("f", "1")
	d.must(unix.Setxattr(d.name("f"), "user.a", []byte("value"), 0))
	d.must(unix.Setxattr(d.name("f"), "user.empty", nil, 0))
	buf := make([]byte, 100)
	n, err := unix.Getxattr(d.name("f"), "user.a", buf)
	d.must(err)
	_, small := unix.Getxattr(d.name("f"), "user.a", buf[50:51])
	_, none := unix.Getxattr(d.name("f"), "user.none", buf[50:])
	d.must(unix.Removexattr(d.name("f"), "user.a"))
	size, err := unix.Listxattr(d.name("f"), nil)
	d.must(err)
	return fmt.Sprint(string(buf[:n]), small, none, size)
}

func roots(d dir) any {
	r, err := os.OpenRoot(d.path)
	d.must(err)
	defer r.Close()
	d.must(r.MkdirAll("a/b", 0o755))
	d.must(r.WriteFile("a/b/f", []byte("1"), 0o644))
	d.must(r.Rename("a/b/f", "a/g"))
	d.must(r.Symlink("../..", "a/up"))
	_, escape := r.Stat("a/up/etc")
	d.must(r.RemoveAll("a/b"))
	b, err := r.ReadFile("a/g")
	d.must(err)
	return fmt.Sprint(string(b), escape != nil)
}

func lists(d dir) any {
	for i := range 500 {
		d.must(os.WriteFile(d.name(fmt.Sprintf("%03d-%s", i, strings.Repeat("x", 200))), nil, 0o600))
	}
	d.mkdir("sub")
	got, err := os.ReadDir(d.path)
	d.must(err)
	return fmt.Sprint(len(got), got[0].Name(), got[500].Name(), got[500].IsDir())
}

func flocks(d dir) any {
	a, b := d.write("l", ""), d.open("l", os.O_RDWR)
	d.must(unix.Flock(int(a.Fd()), unix.LOCK_EX|unix.LOCK_NB))
	held := unix.Flock(int(b.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	d.must(a.Close())
	return fmt.Sprint(held, unix.Flock(int(b.Fd()), unix.LOCK_EX|unix.LOCK_NB))
}

func removedParent(d dir) any {
	d.mkdir("a")
	a, err := os.OpenRoot(d.name("a"))
	d.must(err)
	defer a.Close()
	d.must(os.Remove(d.name("a")))
	_, err = a.Create("f")
	return errno(err)
}

func removeTree(d dir) any {
	for i := range 100 {
		d.must(os.MkdirAll(d.name(fmt.Sprintf("t/%d/x", i)), 0o755))
	}
	d.must(os.RemoveAll(d.name("t")))
	left, err := filepath.Glob(d.name("*"))
	d.must(err)
	return left
}

func TestTmpfileAndSyncWritesAreRefused(t *testing.T) {
	f := mount(t)
	for _, flag := range []int{unix.O_TMPFILE | unix.O_RDWR, unix.O_CREAT | unix.O_RDWR | unix.O_DSYNC} {
		name := f.Dir()
		if flag&unix.O_CREAT != 0 {
			name += "/f"
		}
		fd, err := unix.Open(name, flag, 0o600)
		if err != syscall.EOPNOTSUPP {
			t.Errorf("open with flags %#x = %v, want %v", flag, err, syscall.EOPNOTSUPP)
		}
		if err == nil {
			unix.Close(fd)
		}
	}
}

func TestFaults(t *testing.T) {
	abc := func(d dir) (out []string) {
		for _, n := range []string{"a", "b", "c"} {
			err := os.WriteFile(d.name(n), []byte("data"), 0o600)
			out = append(out, fmt.Sprintf("%s %v", read(d, n), errno(err) != 0))
		}
		return out
	}
	none := syscall.ENOENT.Error()
	tests := []struct {
		name  string
		fault Fault
		want  []string
		hits  int
	}{
		{"none", Fault{}, []string{"data false", "data false", "data false"}, 0},
		{"second create", Fault{N: 2, Kinds: []Kind{KindCreate}, Err: syscall.EMFILE}, []string{"data false", none + " true", "data false"}, 1},
		{"from the second create on", Fault{N: 2, Kinds: []Kind{KindCreate}, Err: syscall.EROFS, Sticky: true},
			[]string{"data false", none + " true", none + " true"}, 2},
		{"second write", Fault{N: 2, Kinds: []Kind{KindWrite}, Err: syscall.ENOSPC}, []string{"data false", " true", "data false"}, 1},
		{"short write", Fault{N: 2, Kinds: []Kind{KindWrite}, Err: syscall.ENOSPC, Short: true}, []string{"data false", "da true", "data false"}, 2},
		{"short write, then room", Fault{N: 2, Kinds: []Kind{KindWrite}, Short: true}, []string{"data false", "data false", "data false"}, 2},
		{"short write, then none", Fault{N: 2, Kinds: []Kind{KindWrite}, Err: syscall.ENOSPC, Short: true, Sticky: true},
			[]string{"data false", "da true", " true"}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := mount(t)
			f.SetFault(tt.fault)
			got := abc(dir{t, f.Dir()})
			if _, hits := f.Faults(); fmt.Sprint(got) != fmt.Sprint(tt.want) || hits != tt.hits {
				t.Errorf("got %v with %d hits, want %v with %d", got, hits, tt.want, tt.hits)
			}
		})
	}
}
