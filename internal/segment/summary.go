package segment

import (
	"github.com/forewrite/forewrite/journal/record"
)

// Summary is what one segment's file holds.
type Summary struct {
	Name   Name
	Size   int64      // of the file, in bytes
	Used   int64      // bytes up to the end of the last valid group
	Groups int        // number of valid groups that continue the log
	First  record.LSN // of these groups; 0 when there are none
	Last   record.LSN
	Rest   []Span // what the bytes from Used to Size are, without a gap

	// The evidence for where the log ends.
	gap     error // segments are missing before this one
	unread  error // why the file was not read
	resumes bool  // the log had ended badly, and goes on here
	flaw    flaw  // what follows the last valid group
	search  error // why it isn't known whether valid groups follow the flaw
}

// summarise returns what a segment with these bytes holds when it comes after c, and
// the chain after it. The result depends on the arguments only. It calls visit for
// each group that continues the log, and fails when visit does.
func summarise(c chain, name Name, data []byte, visit func(Group) error) (Summary, chain, error) {
	s := Summary{Name: name, Size: int64(len(data))}
	s.gap = c.enter(name)
	if s.resumes = c.resumedBy(name, data); s.resumes {
		c.ended = false
	}
	if !c.ended {
		if err := s.read(&c, data, visit); err != nil {
			return Summary{}, chain{}, err
		}
	}
	s.Rest, s.search = survey(data, int(s.Used), name.Salt, c.last)
	return s, c, nil
}

// summariseUnread is summarise for a segment whose file is not read, for this reason.
func summariseUnread(c chain, name Name, size int64, reason error) (Summary, chain) {
	s := Summary{Name: name, Size: size, unread: reason}
	s.gap = c.enter(name)
	c.ended = true
	if size > 0 {
		s.Rest = []Span{{Kind: Unknown, Length: size}}
	}
	return s, c
}

// read adds the groups at the beginning of data to the chain, up to the first flaw.
func (s *Summary) read(c *chain, data []byte, visit func(Group) error) error {
	for at := 0; at < len(data); at = int(s.Used) {
		if data[at] == 0 && trimZeroes(data[at:]) == 0 {
			return nil
		}
		g, f := c.next(s.Name, data, at)
		if f.kind != noFlaw {
			s.flaw = f
			c.ended, c.newer = true, f.kind == newerGroup
			return nil
		}
		c.add(&g)
		s.add(&g)
		if err := visit(g); err != nil {
			return err
		}
	}
	return nil
}

func (s *Summary) add(g *Group) {
	if s.Groups == 0 {
		s.First = g.Header.LSN
	}
	s.Groups++
	s.Last = g.Header.LSN
	s.Used = g.Offset + g.Size
}

// bad returns the length of what follows the last valid group, without the zeroes at
// the end.
func (s *Summary) bad() int64 {
	n := int64(0)
	for _, span := range s.Rest {
		if span.Kind != Zero {
			n = span.Offset + span.Length - s.Used
		}
	}
	return n
}

// stranded returns the LSN of the first valid group that follows the flaw, or 0.
func (s *Summary) stranded() record.LSN {
	for _, span := range s.Rest {
		if span.Kind == Stranded {
			return span.LSN
		}
	}
	return 0
}
