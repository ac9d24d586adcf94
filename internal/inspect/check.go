package inspect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

// Finding is one thing that a check found.
type Finding struct {
	Code     Code        `json:"code"`
	Severity Health      `json:"severity"`
	Text     string      `json:"text"`
	Segment  string      `json:"segment,omitempty"`
	Offset   int64       `json:"offset,omitempty"`
	LSN      record.LSN  `json:"lsn,omitempty"`
	Tx       record.TxID `json:"tx,omitempty"`
	Path     string      `json:"path,omitempty"`
}

// Check is what was checked, and what was found.
type Check struct {
	Groups       int           `json:"groups"`
	Transactions int           `json:"transactions"`
	Records      int           `json:"records"`
	Bytes        int64         `json:"bytes"`  // of groups, as read
	Staged       int           `json:"staged"` // payloads in staging
	Targets      int           `json:"targets"`
	Health       Health        `json:"health"`
	Ending       string        `json:"ending"`
	Elapsed      time.Duration `json:"elapsed_ns"`
	Findings     []Finding     `json:"-"`

	journal *Journal
	tally   tally
	staged  []Version // payloads in staging of those that are to be redone
	targets *targets  // nil unless they are checked
}

// Check reads the whole log and proves what can be proved: every hash, the chain,
// that no group is missing, the grammar of transactions, and the staged payloads
// that a redo would need; with files also the targets. What it saw is returned
// together with an error, too.
//
// Without files it needs memory for one segment's file and for what is not
// checkpointed, however large the log is.
func (j *Journal) Check(ctx context.Context, files bool) (*Check, error) {
	start := time.Now()
	c := &Check{journal: j}
	if files {
		c.targets = &targets{history: newHistory()}
	}
	defer func() { c.Elapsed = time.Since(start) }()
	log, err := j.Scan(ctx, func(g *segment.Group) error {
		c.group(g)
		return nil
	})
	if err != nil {
		c.Ending = "not known: " + err.Error()
		return c, err
	}
	c.Ending = log.Ending()
	if _, err := j.Format(); err != nil {
		c.format(err)
	}
	c.end(log)
	if err := c.checkStaged(ctx, log); err != nil {
		return c, err
	}
	c.leftovers(log)
	if files {
		err = c.checkTargets(ctx, log)
	}
	return c, err
}

func (c *Check) add(code Code, f Finding) {
	e, _ := Explain(code)
	f.Code, f.Severity = code, e.Health
	c.Health = max(c.Health, f.Severity)
	c.Findings = append(c.Findings, f)
}

func (c *Check) format(err error) {
	var newer *recovery.FormatError
	if errors.As(err, &newer) {
		c.add("JI013", Finding{Text: newer.Err.Error()})
		return
	}
	if errors.Is(err, fs.ErrNotExist) && c.Transactions == 0 {
		c.add("JI109", Finding{Text: "FORMAT is not there yet"})
		return
	}
	c.add("JI012", Finding{Text: err.Error()})
}

// group counts a group in, and forgets what its marks say is checkpointed.
func (c *Check) group(g *segment.Group) {
	c.Groups++
	c.Bytes += g.Size
	c.Records += len(g.Content.Marks)
	c.tally.add(g)
	for _, m := range g.Content.Marks {
		for len(c.staged) > 0 && c.staged[0].LSN <= m.Mark.CheckpointLSN {
			c.staged = c.staged[1:]
		}
	}
	for i := range g.Content.Txs {
		tx := &g.Content.Txs[i]
		c.Records += len(tx.Intents)
		if !tx.Committed() {
			continue
		}
		c.Records++
		c.Transactions++
		for _, intent := range tx.Intents {
			c.intent(g.Header.LSN, intent)
		}
	}
	if c.targets != nil {
		c.targets.history.add(g)
	}
}

func (c *Check) intent(lsn record.LSN, i record.Intent) {
	i.Payload.Data = nil // it aliases the log's buffer
	if i.Payload.Kind == record.PayloadStaged || i.Payload.Kind == record.PayloadLinked {
		c.staged = append(c.staged, Version{lsn, i})
	}
	if c.targets != nil {
		c.targets.set.Add(i)
	}
}

// end says how the log ends, and what that leaves to do.
func (c *Check) end(log *Log) {
	end := log.End
	if code := codeOf(log); code != "" {
		c.add(code, Finding{Segment: segmentName(end.Segment), Offset: end.Offset, LSN: end.LSN, Text: errText(end.Err)})
	}
	for _, e := range log.Files {
		for _, s := range e.Rest {
			if s.Kind == segment.Stranded && log.End.State == segment.Corrupt {
				c.add(codeOf(log), Finding{Segment: e.Name.String(), Offset: s.Offset, LSN: s.LSN,
					Text: fmt.Sprintf("%s of %s can't be reached from group %d on", count(s.Groups, "group"), size(s.Length), s.LSN)})
			}
		}
	}
	if log.Groups == 0 && len(c.Findings) == 0 && log.End.State != segment.Corrupt && !log.Owner.Present {
		c.add("JI011", Finding{Text: "the log is empty"})
	}
	if log.Owner.Present || c.Health >= Corrupt {
		return // the next open is not what comes next, or it refuses
	}
	redo, open := c.tally.open()
	if open > 0 {
		c.add("JI103", Finding{Text: count(open, "transaction") + " without a commit record"})
	}
	switch {
	case redo > 0:
		c.add("JI102", Finding{Text: fmt.Sprintf("%s after group %d", count(redo, "transaction"), log.CheckpointLSN)})
	case !log.Closed && end.State == segment.Clean && log.Groups > 0:
		c.add("JI104", Finding{Text: "the last record is no close record"})
	}
}

func segmentName(n segment.Name) string {
	if n.Number == 0 {
		return ""
	}
	return n.String()
}

// checkStaged reads the payloads that a redo would need.
func (c *Check) checkStaged(ctx context.Context, log *Log) error {
	if len(c.staged) == 0 {
		return nil
	}
	check := func(*record.Payload) error { return errGone } // when there is no staging directory
	staging, err := c.journal.OpenStaging()
	switch {
	case err == nil:
		defer staging.Close()
		check = staging.Check
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	for i := range c.staged {
		v := &c.staged[i]
		if err := ctx.Err(); err != nil {
			return err
		}
		err := check(&v.Payload)
		c.Staged++
		switch {
		case err == nil:
		case errors.Is(err, errGone):
			if !log.Owner.Present { // which may have checkpointed it by now
				c.add("JI201", Finding{LSN: v.LSN, Tx: v.Tx, Path: v.Path, Text: err.Error()})
			}
		default:
			c.add("JI202", Finding{LSN: v.LSN, Tx: v.Tx, Path: v.Path, Text: err.Error()})
		}
	}
	return nil
}

// leftovers notes what lies around.
func (c *Check) leftovers(log *Log) {
	for _, name := range log.Leftovers {
		c.add("JI105", Finding{Path: logDir + "/" + name, Text: "a segment that was being made or removed"})
	}
	if names, err := readNames(filepath.Join(c.journal.Dir, stagingDir)); err == nil {
		if n := len(names) - c.namedIn(names); n > 0 {
			c.add("JI106", Finding{Text: count(n, "file") + " that the log does not name"})
		}
	}
	names, err := readNames(filepath.Join(c.journal.Dir, lostDir))
	if err == nil && len(names) > 0 {
		for _, name := range names {
			c.add("JI107", Finding{Path: lostDir + "/" + name, Text: "set aside by a recovery"})
		}
	}
}

// namedIn counts the names that transactions to be redone need.
func (c *Check) namedIn(names []string) (n int) {
	needed := make(map[string]bool)
	for i := range c.staged {
		needed[c.staged[i].Payload.Name] = true
	}
	for _, name := range names {
		if needed[name] {
			n++
		}
	}
	return n
}

func readNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}
