package inspect

import (
	"fmt"

	"github.com/forewrite/forewrite/recovery"
)

var decisionStyles = map[recovery.Decision]Style{recovery.Redo: Green, recovery.KeepFound: Cyan, recovery.Displace: Yellow, recovery.SetAside: Red}

// PlanText writes what the next open will do. refused is the error that stops it,
// or nil.
func PlanText(p *Printer, r *recovery.Report, owner Owner, refused error) {
	if owner.Present {
		p.Line("%s has the journal open. If it died now, the next open would do this:", processName(owner))
		p.Line("")
	}
	if refused != nil {
		p.Styled(Red, "refuse: %s", refused)
	}
	if r == nil {
		return
	}
	if refused == nil {
		p.Styled(planStyle(r), "%s", r.Summary())
	}
	t := Table{}
	t.Row(cell("log"), cell("%s", list(count(len(r.Segments), "segment"), count(r.Groups, "group"), count(r.Transactions, "transaction"))))
	t.Row(cell("checkpointed"), cell("up to group %d", r.CheckpointLSN))
	t.Row(cell("replay"), cell("%s", count(r.Replayed, "transaction")))
	t.Row(cell("discard"), cell("%s", count(r.Discarded, "transaction")))
	t.Row(cell("tail"), cell("%s", tailText(&r.Tail)))
	t.Print(p)
	actionsText(p, r.Actions)
}

func processName(o Owner) string { return fmt.Sprintf("pid %d on %s", o.PID, quote(o.Host)) }

func planStyle(r *recovery.Report) Style {
	if r.Clean {
		return Green
	}
	return Yellow
}

func tailText(t *recovery.Tail) string {
	if t.State == recovery.TailClean {
		return "clean"
	}
	if t.Segment == "" {
		return t.State.String() + ": " + t.Reason
	}
	return fmt.Sprintf("%s: %s at %s of segment %s: %s", t.State, count(t.Length, "byte"), at(t.Offset), t.Segment, t.Reason)
}

func actionsText(p *Printer, actions []recovery.Action) {
	if len(actions) == 0 {
		return
	}
	p.Line("")
	t := Table{}
	for i := range actions {
		a := &actions[i]
		tx := ""
		if a.Tx != 0 {
			tx = fmt.Sprintf("tx %d", a.Tx)
		}
		t.Row(styled(decisionStyles[a.Decision], a.Decision.String()), cell("%s", a.Op), cell("%s", tx), cell("%s", quote(a.Path)), cell("%s", a.Reason))
	}
	t.Print(p)
}
