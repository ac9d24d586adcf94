package text

import (
	"fmt"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/wording"
	"github.com/forewrite/forewrite/recovery"
)

// Plan writes what the next open would do.
func Plan(p *Printer, plan *inspect.Plan) {
	if plan.Owner.Present {
		p.Line("%s has the journal open. If it ended now, the next open would do this:", plan.Owner.Process())
		p.Line("")
	}
	r := plan.Report
	switch {
	case plan.Refused != nil:
		p.Styled(Red, "refuse: %s", plan.Refused)
	case r != nil && r.Clean:
		p.Styled(Green, "%s", plan.Summary())
	default:
		p.Styled(Yellow, "%s", plan.Summary())
	}
	if r == nil {
		return
	}
	var t table
	t.row(plain("log"), plain(wording.List(wording.Count(len(r.Segments), "segment"), wording.Count(r.Groups, "group"),
		wording.Count(r.Transactions, "transaction"))))
	t.row(plain("checkpointed"), plainf("up to group %d", r.CheckpointLSN))
	t.row(plain("redo"), plain(wording.Count(r.Replayed, "transaction")))
	t.row(plain("discard"), plain(wording.Count(r.Discarded, "transaction")))
	t.row(plain("tail"), plain(tail(&r.Tail)))
	t.print(p)
	actions(p, r.Actions)
}

func tail(t *recovery.Tail) string {
	switch {
	case t.State == recovery.TailClean:
		return t.State.String()
	case t.Segment == "":
		return fmt.Sprintf("%s: %s", t.State, t.Reason)
	}
	return fmt.Sprintf("%s: %s at %s of segment %s: %s", t.State, wording.Count(t.Length, "byte"),
		wording.Offset(t.Offset), t.Segment, t.Reason)
}

func actions(p *Printer, all []recovery.Action) {
	if len(all) == 0 {
		return
	}
	p.Line("")
	var t table
	for i := range all {
		a := &all[i]
		tx := ""
		if a.Tx != 0 {
			tx = fmt.Sprintf("tx %d", a.Tx)
		}
		t.row(styled(decisionStyles[a.Decision], a.Decision.String()), plain(a.Op), plain(tx), plain(wording.Quote(a.Path)), plain(a.Reason))
	}
	t.print(p)
}
