package recovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Policy says what Run does with a log that is damaged.
type Policy uint8

const (
	// Strict refuses it with a *CorruptError and changes nothing.
	Strict Policy = iota
	// Salvage keeps what comes before the damage. Everything from there on goes
	// to lost+found, acknowledged transactions included.
	Salvage
)

func (p Policy) String() string {
	if p == Salvage {
		return "salvage"
	}
	return "strict"
}

// Options for Run. The zero value is the safe choice.
type Options struct {
	Dir    string
	Policy Policy
}

// Plan says what Run would do to the tree root with the journal in dir, which is
// root/.journal when empty. It takes no lock and changes nothing. Along with an
// error about the log it returns what it found there.
func Plan(ctx context.Context, root string, opts *Options) (*Report, error) {
	dir := ""
	if opts != nil && opts.Dir != "" {
		dir = filepath.Join(root, opts.Dir)
	}
	start := time.Now()
	a, err := analyse(ctx, root, dir, segment.Options{}, Strict)
	if a == nil {
		return nil, err
	}
	defer a.close()
	a.report.Duration = time.Since(start)
	return a.report, err
}

// analysis is everything that recovery knows before it changes anything.
type analysis struct {
	looker
	scanned *segment.Log
	report  *Report
	set     apply.Set                  // what is going to be redone
	lsn     map[record.TxID]record.LSN // of the transactions in it
	used    map[string]bool            // staging names that they refer to
	settled []string                   // paths that are as they shall be, but not fsynced
	jobs    []job                      // what goes to lost+found before anything is displaced
	salvage salvage
}

// analyse reads the log and looks at the tree. It returns an analysis along with
// an error when the log could be read but must be refused.
func analyse(ctx context.Context, root, dir string, opts segment.Options, policy Policy) (a *analysis, err error) {
	p, err := openPlace(root, dir)
	if err != nil {
		return nil, err
	}
	a = &analysis{report: &Report{Actions: []Action{}}, lsn: make(map[record.TxID]record.LSN), used: make(map[string]bool)}
	a.looker = looker{place: p, ctx: ctx}
	refused := false
	defer func() {
		if err != nil && !refused {
			a.close()
			a = nil
		}
	}()
	if a.staging, err = p.home.OpenRoot(stagingName); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return a, err
	}
	format, err := ReadFormat(p.dir)
	made := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return a, err
	}
	if made {
		a.report.Journal = fmt.Sprintf("%016x", format.ID)
	}
	var r reader
	if a.scanned, err = segment.Scan(ctx, p.log, opts, r.visit); err != nil {
		if !errors.Is(err, fs.ErrNotExist) || made && policy == Strict {
			return a, a.noLog(err)
		}
		if !made {
			return a, fmt.Errorf("recovery: %w in %s", ErrNoJournal, p.dir)
		}
		a.scanned = &segment.Log{}
	}
	a.refuse(made, len(r.groups) > 0)
	a.report.describe(a.scanned)
	if err := endError(p.log, a.scanned.End); err != nil {
		if policy == Strict || a.scanned.End.State == segment.Newer {
			refused = true
			a.next()
			return a, err
		}
		a.plunder(&r)
	}
	a.alive = lastSign(&r, p, a.scanned)
	return a, a.decide(r.groups)
}

func (a *analysis) close() error {
	if a.staging != nil {
		return errors.Join(a.staging.Close(), a.place.close())
	}
	return a.place.close()
}

func (a *analysis) noLog(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &CorruptError{LSN: 1, Err: err}
	}
	return err
}

// refuse applies what only holds for the log together with FORMAT: that file is
// written when the first group is durable, and before the first transaction.
func (a *analysis) refuse(made, transactions bool) {
	log := a.scanned
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
	case !made && transactions:
		err = fmt.Errorf("%s is missing, but the log holds transactions", FormatFile)
		log.End = segment.End{LSN: log.First}
	}
	if err != nil {
		log.End.State, log.End.Err = segment.Corrupt, err
	}
}

// decide folds the transactions and decides about each path.
func (a *analysis) decide(groups []group) error {
	a.fold(groups)
	if a.set.Len() > 0 {
		var linked map[string]record.Payload
		a.paths, linked = histories(groups)
		a.find(linked)
		if err := a.considerAll(); err != nil {
			return err
		}
	}
	slices.SortFunc(a.report.Actions, func(x, y Action) int { return cmp.Compare(x.Path, y.Path) })
	r := a.report
	r.Clean = r.Tail.State == segment.Clean.String() && r.Replayed == 0 && r.Discarded == 0
	a.next()
	return nil
}

// fold makes one state a path out of the transactions that are to be redone.
func (a *analysis) fold(groups []group) {
	for _, g := range groups {
		for _, tx := range g.txs {
			if tx.Committed() {
				a.report.Transactions++
			}
			if g.lsn <= a.scanned.CheckpointLSN {
				continue
			}
			if !tx.Committed() {
				a.report.Discarded++
				continue
			}
			a.report.Replayed++
			a.lsn[tx.ID] = g.lsn
			for _, i := range tx.Intents {
				a.set.Add(i)
				if i.Payload.Name != "" {
					a.used[i.Payload.Name] = true
				}
			}
		}
	}
}

// next fills in what the log continues with if nothing has to be done.
func (a *analysis) next() {
	n := Next{Segment: 1, LSN: a.scanned.Next(), Prev: a.scanned.Prev, LastTx: a.scanned.LastTx}
	if segments := a.scanned.Segments; len(segments) > 0 {
		n.Segment = segments[len(segments)-1].Number + 1
	}
	a.report.Next = n
}

// act notes what is decided about a path.
func (a *analysis) act(c *apply.Change, d Decision, reason string) {
	a.report.Actions = append(a.report.Actions, Action{Path: c.Path, Op: c.Op.String(), Tx: c.Tx, LSN: a.lsn[c.Tx],
		Decision: d, Reason: reason})
}
