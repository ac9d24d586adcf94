package recovery

import (
	"fmt"
	"strings"
	"time"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// ReportVersion is the version of the JSON form of a [Report]. It grows when a field is
// removed or changes its meaning; fields may be added without.
const ReportVersion = 1

// Report says what recovery found and did, or, from [Plan], would do.
//
// Its JSON form is an object with the fields below, under the names in their tags. All
// sizes and offsets are in bytes. LSNs and transaction ids are numbers; 0 means none.
// Fields that are empty are left out where the tag says so. A field that Go shows as a
// State or [Decision] is the text that its String method returns.
type Report struct {
	Version  int       `json:"version"`           // [ReportVersion]
	Journal  string    `json:"journal,omitempty"` // the journal's id, 16 hex digits; empty until the journal is completely made
	Segments []Segment `json:"segments"`          // of the log, in order
	Strays   []string  `json:"strays,omitempty"`  // unexpected files in the log, relative to its directory
	Tail     Tail      `json:"tail"`

	Groups        int        `json:"groups"`         // number of valid groups in the log
	Transactions  int        `json:"transactions"`   // number of committed transactions in them
	CheckpointLSN record.LSN `json:"checkpoint_lsn"` // groups up to this one need no redo
	Replayed      int        `json:"replayed"`       // number of transactions that are redone
	Discarded     int        `json:"discarded"`      // number of transactions without a commit record

	Actions   []Action `json:"actions"`              // one for each path, ordered by path
	LostFound string   `json:"lost_found,omitempty"` // folder that this recovery made, relative to the journal directory; not in a plan

	Clean    bool          `json:"clean"`       // nothing to redo, to discard or to repair
	Next     Next          `json:"next"`        // in a plan, only valid if Clean
	Duration time.Duration `json:"duration_ns"` // of the analysis or recovery, in nanoseconds
}

// Next is what the log continues with.
type Next struct {
	Segment uint64      `json:"segment"` // number of the next segment
	LSN     record.LSN  `json:"lsn"`     // of the next group
	Prev    uint64      `json:"-"`       // hash of the last group
	LastTx  record.TxID `json:"last_tx"` // the highest transaction id in use
}

// Segment is one segment of the log.
type Segment struct {
	Name   string       `json:"name"`            // of its directory
	Size   int64        `json:"size"`            // of its file, in bytes
	Used   int64        `json:"used"`            // bytes that hold valid groups
	Groups int          `json:"groups"`          // number of valid groups
	First  record.LSN   `json:"first,omitempty"` // of the first of these groups
	Last   record.LSN   `json:"last,omitempty"`  // of the last
	State  SegmentState `json:"state"`
}

// Tail is the end of the log.
type Tail struct {
	State     TailState  `json:"state"`
	Segment   string     `json:"segment,omitempty"`    // in which the log ends; empty when the damage is not in a segment
	Offset    int64      `json:"offset"`               // of the first byte after the last valid group
	Length    int64      `json:"length"`               // bytes from there on that are not a valid group
	LSN       record.LSN `json:"lsn"`                  // of the group that must follow
	Reason    string     `json:"reason,omitempty"`     // why the tail is not clean
	LostFound []string   `json:"lost_found,omitempty"` // copies of these bytes, relative to the journal directory; not in a plan
}

// Action is what is done about one path.
type Action struct {
	Path      string      `json:"path"`          // below the root, slash-separated
	Op        string      `json:"op"`            // as record.Op.String
	Tx        record.TxID `json:"tx,omitempty"`  // the last transaction that changed the path
	LSN       record.LSN  `json:"lsn,omitempty"` // of the group that holds Tx
	Decision  Decision    `json:"decision"`
	Reason    string      `json:"reason,omitempty"`     // for the decision; empty for most that are Redo
	LostFound string      `json:"lost_found,omitempty"` // what was put into lost+found, relative to the journal directory; not in a plan
}

// TailState says how a log ends.
type TailState uint8

// The states of a tail.
const (
	TailClean   TailState = iota // "clean": nothing follows the last valid group
	TailTorn                     // "torn": a group that was being written, and was never acknowledged
	TailCorrupt                  // "corrupt": acknowledged groups are damaged or missing
	TailNewer                    // "newer format": a group that a later version wrote
)

var tailStates = names{TailClean: "clean", TailTorn: "torn", TailCorrupt: "corrupt", TailNewer: "newer format"}

// String returns the state as it is written in a report.
func (s TailState) String() string { return tailStates.text(uint8(s)) }

// MarshalText returns the state as String does.
func (s TailState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText returns.
func (s *TailState) UnmarshalText(text []byte) (err error) {
	*s, err = parse[TailState](tailStates, "tail state", text)
	return err
}

// SegmentState says what a segment holds.
type SegmentState uint8

// The states of a segment.
const (
	SegmentUsed    SegmentState = iota // "used": groups of the log
	SegmentUnused                      // "unused": no groups yet
	SegmentTorn                        // "torn": the end of a torn log
	SegmentCorrupt                     // "corrupt": the damage is in it
	SegmentNewer                       // "newer format": a group that a later version wrote
)

var segmentStates = names{SegmentUsed: "used", SegmentUnused: "unused", SegmentTorn: "torn", SegmentCorrupt: "corrupt", SegmentNewer: "newer format"}

// String returns the state as it is written in a report.
func (s SegmentState) String() string { return segmentStates.text(uint8(s)) }

// MarshalText returns the state as String does.
func (s SegmentState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText returns.
func (s *SegmentState) UnmarshalText(text []byte) (err error) {
	*s, err = parse[SegmentState](segmentStates, "segment state", text)
	return err
}

// Decision is what is done about a path.
type Decision uint8

// The decisions.
const (
	// Redo, "redo": the path gets what the log says.
	Redo Decision = iota
	// KeepFound, "keep": the path was edited after the crash. What is found there
	// stays, and what the log says goes to lost+found.
	KeepFound
	// Displace, "displace": what is found at the path is unknown. It goes to lost+found,
	// and the path gets what the log says.
	Displace
	// SetAside, "set aside": what the log says can't be done at this path. It goes to
	// lost+found, and what is found there stays.
	SetAside
)

var decisions = names{Redo: "redo", KeepFound: "keep", Displace: "displace", SetAside: "set aside"}

// String returns the decision as it is written in a report.
func (d Decision) String() string { return decisions.text(uint8(d)) }

// MarshalText returns the decision as String does.
func (d Decision) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText returns.
func (d *Decision) UnmarshalText(text []byte) (err error) {
	*d, err = parse[Decision](decisions, "decision", text)
	return err
}

// names are the texts of the values of a type, in their order.
type names []string

func (n names) text(v uint8) string {
	if int(v) < len(n) {
		return n[v]
	}
	return fmt.Sprintf("unknown (%d)", v)
}

func parse[T ~uint8](n names, what string, text []byte) (T, error) {
	for v, name := range n {
		if name == string(text) {
			return T(v), nil
		}
	}
	return 0, fmt.Errorf("recovery: %q is not a %s, which are %q", text, what, []string(n))
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

// Summary returns the report in one line.
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
	case TailTorn:
		parts = append(parts, fmt.Sprintf("a torn tail of %s cut off", plural(int(r.Tail.Length), "byte")))
	case TailCorrupt:
		parts = append(parts, fmt.Sprintf("the log is corrupt from group %d on", r.Tail.LSN))
	}
	add(r.Count(Redo)+r.Count(Displace), "path", "redone")
	add(r.Count(KeepFound), "path", "left as edited after the crash")
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

func newReport() *Report {
	return &Report{Version: ReportVersion, Segments: []Segment{}, Actions: []Action{}}
}

// tailStateOf and segmentStateOf translate the states of a scan.
var (
	tailStateOf    = [...]TailState{segment.Clean: TailClean, segment.Torn: TailTorn, segment.Corrupt: TailCorrupt, segment.Newer: TailNewer}
	segmentStateOf = [...]SegmentState{segment.Torn: SegmentTorn, segment.Corrupt: SegmentCorrupt, segment.Newer: SegmentNewer}
)

// describe adds what the scan of the log has found.
func (r *Report) describe(log *segment.Log) {
	end := log.End
	r.Strays = log.Strays
	r.Groups, r.CheckpointLSN = log.Groups, log.CheckpointLSN
	r.Tail = Tail{State: tailStateOf[end.State], Segment: end.Segment.String(), Offset: end.Offset, Length: end.Length, LSN: end.LSN}
	if end.Err != nil {
		r.Tail.Reason = end.Err.Error()
	}
	for i := range log.Files {
		s := &log.Files[i]
		state := SegmentUsed
		switch {
		case end.State != segment.Clean && s.Name == end.Segment:
			state = segmentStateOf[end.State]
		case s.Groups == 0:
			state = SegmentUnused
		}
		r.Segments = append(r.Segments, Segment{Name: s.Name.String(), Size: s.Size, Used: s.Used, Groups: s.Groups,
			First: s.First, Last: s.Last, State: state})
	}
}
