package recovery

import (
	"fmt"
	"strings"
	"time"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Report says what recovery found and did, or, from Plan, would do.
type Report struct {
	Journal  string    `json:"journal,omitempty"` // its id; empty while it is being made
	Segments []Segment `json:"segments"`
	Strays   []string  `json:"strays,omitempty"` // unexpected files in the log
	Tail     Tail      `json:"tail"`

	Groups        int        `json:"groups"`         // valid ones in the log
	Transactions  int        `json:"transactions"`   // committed ones in them
	CheckpointLSN record.LSN `json:"checkpoint_lsn"` // everything up to this group was durable before
	Replayed      int        `json:"replayed"`       // transactions done again
	Discarded     int        `json:"discarded"`      // transactions without a commit record

	Actions []Action `json:"actions"`        // one a path, in the order of the paths
	Lost    string   `json:"lost,omitempty"` // folder in lost+found that this Run made

	// Clean: nothing was to be replayed, discarded or repaired.
	Clean    bool          `json:"clean"`
	Next     Next          `json:"next"` // known after Run; Plan knows it if Clean
	Duration time.Duration `json:"duration"`
}

// Next is what the log continues with.
type Next struct {
	Segment uint64      `json:"segment"` // number of the next segment
	LSN     record.LSN  `json:"lsn"`     // of the next group
	Prev    uint64      `json:"-"`       // hash of the last group
	LastTx  record.TxID `json:"last_tx"`
}

// Segment is one part of the log.
type Segment struct {
	Name   string     `json:"name"`
	Size   int64      `json:"size"` // of its file, in bytes
	Used   int64      `json:"used"` // bytes of it that hold groups
	Groups int        `json:"groups"`
	First  record.LSN `json:"first,omitempty"`
	Last   record.LSN `json:"last,omitempty"`
	State  string     `json:"state"` // "used", "unused", or the tail's state in the segment where the log ends badly
}

// Tail is how the log ends.
type Tail struct {
	State   string     `json:"state"` // "clean", "torn", "corrupt" or "newer format"
	Segment string     `json:"segment,omitempty"`
	Offset  int64      `json:"offset"` // of the first byte after the last valid group
	Length  int64      `json:"length"` // bytes there that are no valid group
	LSN     record.LSN `json:"lsn"`    // of the group that should follow
	Reason  string     `json:"reason,omitempty"`
	Kept    []string   `json:"kept,omitempty"` // where those bytes are now, in the journal directory
}

// Decision is what is done about a path.
type Decision uint8

// The decisions.
const (
	// Redo: the path gets what the log says.
	Redo Decision = iota
	// Keep: somebody changed it after the crash. It stays, and what the log says
	// goes to lost+found.
	Keep
	// Displace: what is there is not known. It goes to lost+found, and the path
	// gets what the log says.
	Displace
	// SetAside: what the log says can't be done at this path. It goes to
	// lost+found, and what is there stays.
	SetAside
)

var decisionNames = [...]string{Redo: "redo", Keep: "keep", Displace: "displace", SetAside: "set aside"}

func (d Decision) String() string { return decisionNames[d] }

// MarshalText makes a Decision its String in JSON.
func (d Decision) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// Action is what happens to one path.
type Action struct {
	Path     string      `json:"path"`
	Op       string      `json:"op"`
	Tx       record.TxID `json:"tx,omitempty"` // the last one that changed it
	LSN      record.LSN  `json:"lsn,omitempty"`
	Decision Decision    `json:"decision"`
	Reason   string      `json:"reason,omitempty"`
	Kept     string      `json:"kept,omitempty"` // what was put into lost+found, in the journal directory; only after Run
}

// Count returns the number of actions with this decision.
func (r *Report) Count(d Decision) (n int) {
	for i := range r.Actions {
		if r.Actions[i].Decision == d {
			n++
		}
	}
	return n
}

// Summary says it in one line.
func (r *Report) Summary() string {
	if r.Clean {
		return "closed cleanly, nothing to do"
	}
	parts := []string{fmt.Sprintf("%s replayed", plural(r.Replayed, "transaction"))}
	add := func(n int, thing, what string) {
		if n > 0 {
			parts = append(parts, plural(n, thing)+" "+what)
		}
	}
	add(r.Discarded, "transaction", "without commit discarded")
	switch r.Tail.State {
	case segment.Torn.String():
		parts = append(parts, fmt.Sprintf("a torn tail of %s cut off", plural(int(r.Tail.Length), "byte")))
	case segment.Corrupt.String():
		parts = append(parts, fmt.Sprintf("the log is corrupt from group %d on", r.Tail.LSN))
	}
	add(r.Count(Redo)+r.Count(Displace), "path", "redone")
	add(r.Count(Keep), "path", "kept as edited by hand")
	add(r.Count(Displace), "unknown version", "moved to lost+found")
	add(r.Count(SetAside), "path", "that could not be redone set aside")
	return strings.Join(parts, ", ")
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// describe fills in what the scan of the log has shown.
func (r *Report) describe(log *segment.Log) {
	end := log.End
	r.Strays = log.Strays
	r.Groups, r.CheckpointLSN = log.Groups, log.CheckpointLSN
	r.Tail = Tail{State: end.State.String(), Segment: end.Segment.String(), Offset: end.Offset, Length: end.Length, LSN: end.LSN}
	if end.Err != nil {
		r.Tail.Reason = end.Err.Error()
	}
	for _, e := range log.Files {
		state := "used"
		switch {
		case end.State != segment.Clean && e.Name == end.Segment:
			state = end.State.String()
		case e.Groups == 0:
			state = "unused"
		}
		r.Segments = append(r.Segments, Segment{Name: e.Name.String(), Size: e.Size, Used: e.Used, Groups: e.Groups,
			First: e.First, Last: e.Last, State: state})
	}
}
