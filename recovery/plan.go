package recovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Policy says what recovery does with a log that is damaged.
type Policy uint8

const (
	// Strict refuses a damaged log with a *CorruptError and changes nothing.
	Strict Policy = iota
	// Salvage recovers what comes before the damage. Everything after it goes to
	// lost+found, including acknowledged transactions. Files that only lost
	// transactions changed stay as they are, so that the tree can be a mix of both.
	Salvage
)

// String returns "strict" or "salvage".
func (p Policy) String() string {
	if p == Salvage {
		return "salvage"
	}
	return "strict"
}

// Check returns an error that is [fs.ErrInvalid] if p is none of the constants.
func (p Policy) Check() error {
	if p > Salvage {
		return fmt.Errorf("policy %d is none of recovery.Strict and recovery.Salvage: %w", p, fs.ErrInvalid)
	}
	return nil
}

// Options for [Plan] and [Records]. The zero value, like nil, is a strict recovery of a journal in
// the default directory.
type Options struct {
	Dir    string // journal directory, a slash-separated path below the root; empty means .journal
	Policy Policy
}

func (o *Options) policy() Policy {
	if o == nil {
		return Strict
	}
	return o.Policy
}

// openDir opens the journal directory of root.
func openDir(root string, opts *Options) (*layout.Dir, error) {
	rel := ""
	if opts != nil {
		rel = opts.Dir
	}
	if err := opts.policy().Check(); err != nil {
		return nil, fmt.Errorf("recovery: %w", err)
	}
	dir, err := layout.Open(root, rel)
	if err != nil {
		return nil, fmt.Errorf("recovery: %w", err)
	}
	return dir, nil
}

// Plan reports what opening the journal of the tree root would do, without doing it.
// It takes no lock and changes nothing. When recovery would refuse the log, Plan
// returns the error together with a report of what it found. It does not check
// whether this user may open the journal.
func Plan(ctx context.Context, root string, opts *Options) (*Report, error) {
	start := time.Now()
	dir, err := openDir(root, opts)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	a, err := analyse(ctx, dir, segment.Options{}, opts.policy())
	if a == nil {
		return nil, err
	}
	defer a.close()
	a.report.Duration = time.Since(start)
	return a.report, err
}

// analysis is what recovery finds out and decides before it changes anything.
type analysis struct {
	dir      *layout.Dir
	tree     *observer
	log      *segment.Log
	segments []segment.Name // of the log, without those that salvage drops
	txs      logReader      // the transactions of the log
	report   *Report

	changes  apply.Set                  // what is going to be redone
	lsn      map[record.TxID]record.LSN // of the transactions in changes
	staged   map[string]bool            // names in staging that these transactions use
	inPlace  []string                   // paths that are right already, and only have to be fsynced
	rescues  []rescue                   // copies to make in lost+found before anything is displaced
	salvaged salvaged
}

// analyse reads the log and looks at the tree. When the log could be read, but must
// be refused, it returns an analysis together with the error.
func analyse(ctx context.Context, dir *layout.Dir, scan segment.Options, policy Policy) (*analysis, error) {
	tree, err := newObserver(ctx, dir)
	if err != nil {
		return nil, fmt.Errorf("recovery: %w", err)
	}
	a := &analysis{dir: dir, tree: tree, report: newReport(), lsn: make(map[record.TxID]record.LSN), staged: make(map[string]bool)}
	if err := a.readLog(ctx, scan, policy); err != nil {
		a.close()
		return nil, err
	}
	a.report.describe(a.log)
	a.report.Next = a.next()
	if err := endError(dir.Log(), a.log.End); err != nil {
		if policy == Strict || a.log.End.State == segment.Newer {
			return a, err
		}
		a.salvage()
	}
	if err := a.decide(ctx); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

func (a *analysis) close() error { return a.tree.close() }

// readLog reads FORMAT and the log.
func (a *analysis) readLog(ctx context.Context, scan segment.Options, policy Policy) error {
	format, err := layout.ReadFormat(a.dir.Home)
	made := err == nil
	if !made && !errors.Is(err, fs.ErrNotExist) {
		return formatError(a.dir, err)
	}
	if made {
		a.report.Journal = fmt.Sprintf("%016x", format.ID)
	}
	a.log, err = segment.Scan(ctx, a.dir.Log(), scan, a.txs.visit)
	switch {
	case err == nil:
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("recovery: read the log: %w", err)
	case !made:
		return fmt.Errorf("recovery: %w in %s", ErrNoJournal, a.dir.Path(""))
	case policy == Strict:
		return &CorruptError{LSN: 1, Err: err}
	default:
		a.log = &segment.Log{}
	}
	a.segments = a.log.Segments
	a.checkFormat(made)
	return nil
}

// checkFormat makes the log's end corrupt when it does not agree with FORMAT. FORMAT
// is written after the first group is durable, and before the first transaction.
func (a *analysis) checkFormat(made bool) {
	log := a.log
	if log.End.State != segment.Clean && log.End.State != segment.Torn {
		return
	}
	var err error
	switch {
	case made && log.Groups == 0:
		err = errors.New("the log holds no valid group")
		if log.End.Err != nil {
			err = fmt.Errorf("%w: %w", err, log.End.Err)
		}
	case !made && len(a.txs.groups) > 0:
		err = fmt.Errorf("%s is missing, but the log holds transactions", layout.FormatFile)
		log.End = segment.End{LSN: log.First}
	}
	if err != nil {
		log.End.State, log.End.Err = segment.Corrupt, err
	}
}

// decide folds the transactions and decides about each path.
func (a *analysis) decide(ctx context.Context) error {
	a.fold()
	if a.changes.Len() > 0 {
		a.tree.learn(a.txs.groups, a.lastSign())
		d := &decider{ctx: ctx, tree: a.tree, changes: &a.changes, lsn: a.lsn}
		if err := d.decideAll(); err != nil {
			return err
		}
		slices.SortFunc(d.actions, func(x, y Action) int { return cmp.Compare(x.Path, y.Path) })
		a.report.Actions = append(a.report.Actions, d.actions...)
		a.inPlace = d.inPlace
		a.rescues = append(a.rescues, d.rescues...)
	}
	r := a.report
	r.Clean = r.Tail.State == TailClean && r.Replayed == 0 && r.Discarded == 0
	r.Next = a.next()
	return nil
}

// fold makes one change a path out of the transactions that are not checkpointed.
func (a *analysis) fold() {
	for _, g := range a.txs.groups {
		for _, tx := range g.txs {
			if tx.Committed() {
				a.report.Transactions++
			}
			if g.lsn <= a.log.CheckpointLSN {
				continue
			}
			if !tx.Committed() {
				a.report.Discarded++
				continue
			}
			a.report.Replayed++
			a.lsn[tx.ID] = g.lsn
			for _, i := range tx.Intents {
				a.changes.Add(i)
				if i.Payload.Name != "" {
					a.staged[i.Payload.Name] = true
				}
			}
		}
	}
}

// next returns what the log continues with if nothing has to be done.
func (a *analysis) next() Next {
	n := Next{Segment: 1, LSN: a.log.Next(), Prev: a.log.Prev, LastTx: a.log.LastTx}
	if len(a.segments) > 0 {
		n.Segment = a.segments[len(a.segments)-1].Number + 1
	}
	return n
}
