package text

import (
	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/recovery"
)

var healthStyles = map[inspect.Health]Style{
	inspect.Healthy:       Green,
	inspect.NeedsRecovery: Yellow,
	inspect.Foreign:       Yellow,
	inspect.Corrupt:       Red,
	inspect.Newer:         Red,
}

var tailStyles = map[string]Style{"clean": Plain, "torn": Yellow, "corrupt": Red, "newer format": Red}

func tailStyle(t *inspect.Tail) Style {
	if t.InFlight {
		return Plain
	}
	return tailStyles[t.State]
}

var targetStyles = map[inspect.State]Style{
	inspect.AsWritten:  Green,
	inspect.Later:      Cyan,
	inspect.Earlier:    Yellow,
	inspect.Missing:    Red,
	inspect.Other:      Red,
	inspect.Unreadable: Red,
}

var decisionStyles = map[recovery.Decision]Style{
	recovery.Redo:      Green,
	recovery.KeepFound: Cyan,
	recovery.Displace:  Yellow,
	recovery.SetAside:  Red,
}

var txStyles = map[string]Style{
	inspect.TxCheckpointed: Green,
	inspect.TxCommitted:    Yellow,
	inspect.TxUncommitted:  Red,
}

var salvageStyles = map[string]Style{inspect.SalvageWritten: Green, inspect.SalvageLost: Red}
