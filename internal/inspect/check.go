package inspect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/forewrite/forewrite/internal/inspect/wording"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Check is what was checked, and what was found.
type Check struct {
	Groups       int           `json:"groups"`
	Transactions int           `json:"transactions"` // committed ones
	Records      int           `json:"records"`
	Bytes        int64         `json:"bytes"`   // of groups, as read
	Staged       int           `json:"staged"`  // payloads in staging
	Targets      int           `json:"targets"` // files of the tree that were compared
	Health       Health        `json:"health"`
	Tail         Tail          `json:"tail"`
	Elapsed      time.Duration `json:"elapsed_ns"`
	Findings     []Finding     `json:"-"`

	// CheckedTargets reports whether files of the tree were compared.
	CheckedTargets bool `json:"-"`

	journal *Journal
	tally   tally
	staged  []Version // staged and linked payloads of transactions that are to be redone
	targets targets
}

// Check reads the whole log and checks every hash, the chain, that no group is
// missing, the grammar of transactions, and the staged payloads that a redo would
// need; with files also the files of the tree. Along with an error it returns what it
// saw before.
//
// Without files it needs memory for one segment's file and for what is not
// checkpointed, however large the log is.
func (j *Journal) Check(ctx context.Context, files bool) (*Check, error) {
	start := time.Now()
	c := &Check{journal: j, CheckedTargets: files, targets: targets{history: newHistory()}}
	defer func() { c.Elapsed = time.Since(start) }()
	log, err := j.Scan(ctx, func(g *segment.Group) error {
		c.group(g)
		return nil
	})
	if err != nil {
		c.Tail.Summary = "not known: " + err.Error()
		return c, err
	}
	c.Tail = log.Tail()
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
	switch {
	case errors.Is(err, record.ErrVersion):
		c.add(newerVersion, Finding{Text: err.Error()})
	case errors.Is(err, fs.ErrNotExist) && c.Transactions == 0:
		c.add(incomplete, Finding{Text: "FORMAT does not exist yet"})
	default:
		c.add(badFormat, Finding{Text: err.Error()})
	}
}

// group counts a group, and forgets the payloads that its marks say are checkpointed.
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
	if c.CheckedTargets {
		c.targets.history.add(g)
	}
}

func (c *Check) intent(lsn record.LSN, i record.Intent) {
	i.Payload.Data = nil // it aliases the log's buffer
	if i.Payload.Kind == record.PayloadStaged || i.Payload.Kind == record.PayloadLinked {
		c.staged = append(c.staged, Version{i, lsn})
	}
	if c.CheckedTargets {
		c.targets.set.Add(i)
	}
}

// end adds findings for how the log ends, and for what that leaves to the next open.
func (c *Check) end(log *Log) {
	c.tail(log)
	if log.Groups == 0 && len(c.Findings) == 0 && log.End.State != segment.Corrupt && !log.Owner.Present {
		c.add(noGroups, Finding{Text: "the log is empty"})
	}
	if log.Owner.Present || c.Health >= Corrupt {
		return // there is no next open yet, or it refuses
	}
	redo, discard := c.tally.next()
	if discard > 0 {
		c.add(uncommitted, Finding{Text: wording.Count(discard, "transaction") + " without a commit record"})
	}
	switch {
	case redo > 0:
		c.add(toRedo, Finding{Text: fmt.Sprintf("%s after group %d", wording.Count(redo, "transaction"), log.CheckpointLSN)})
	case !log.Closed && log.End.State == segment.Clean && log.Groups > 0:
		c.add(notClosed, Finding{Text: "the last record is not a close record"})
	}
}

// tail adds findings for a tail that is not clean.
func (c *Check) tail(log *Log) {
	code := codeOf(log)
	if code == "" {
		return
	}
	end := log.End
	c.add(code, Finding{Segment: end.Segment, Offset: end.Offset, LSN: end.LSN, Text: errText(end.Err)})
	if end.State != segment.Corrupt {
		return
	}
	for _, e := range log.Files {
		for _, s := range e.Rest {
			if s.Kind == segment.Stranded {
				c.add(code, Finding{Segment: e.Name, Offset: s.Offset, LSN: s.LSN, Text: fmt.Sprintf(
					"%s of %s from group %d on can't be reached", wording.Count(s.Groups, "group"), wording.Size(s.Length), s.LSN)})
			}
		}
	}
}

// leftovers adds findings for what could be removed.
func (c *Check) leftovers(log *Log) {
	for _, name := range log.Leftovers {
		c.add(logLeftover, Finding{Path: path.Join(layout.LogDir, name), Text: "a segment that was being made or removed"})
	}
	if names, err := readNames(c.journal.path(layout.StagingDir)); err == nil {
		if n := c.unneeded(names); n > 0 {
			c.add(stagingLeftover, Finding{Text: wording.Count(n, "file") + " that the log does not name"})
		}
	}
	names, err := readNames(c.journal.path(layout.LostFoundDir))
	if err != nil {
		return // without it nothing was set aside
	}
	for _, name := range names {
		c.add(setAside, Finding{Path: path.Join(layout.LostFoundDir, name), Text: "set aside by a recovery"})
	}
}

// unneeded counts the names that no transaction to be redone needs.
func (c *Check) unneeded(names []string) (n int) {
	needed := make(map[string]bool)
	for i := range c.staged {
		needed[c.staged[i].Payload.Name] = true
	}
	for _, name := range names {
		if !needed[name] {
			n++
		}
	}
	return n
}
