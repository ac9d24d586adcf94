package overlay

import "github.com/forewrite/forewrite/internal/layout"

// structure counts changes to what exists and of which kind it is, and has the paths of
// the last ones, so that a transaction that was prepared without the writer lock can
// find out whether what it found is still true.
type structure struct {
	count  uint64
	recent []string
}

// maxRecent is by how many changes of the structure a prepared transaction may lag
// behind before it is prepared again.
const maxRecent = 4096

// change counts a change at p.
func (s *structure) change(p string) {
	s.count++
	s.recent = append(s.recent, p)
	if len(s.recent) > 2*maxRecent {
		s.recent = append([]string(nil), s.recent[maxRecent:]...)
	}
}

// forget makes everything that was found before count as changed.
func (s *structure) forget() {
	s.count += 2 * maxRecent
	s.recent = nil
}

// changed reports whether one of the paths, or a directory above one, has changed since
// the count was since.
func (s *structure) changed(since uint64, paths []string) bool {
	n := s.count - since
	if n > uint64(len(s.recent)) {
		return true
	}
	for _, changed := range s.recent[uint64(len(s.recent))-n:] {
		for _, p := range paths {
			if p == changed || layout.Below(p, changed) {
				return true
			}
		}
	}
	return false
}
