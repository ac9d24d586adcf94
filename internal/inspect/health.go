package inspect

import (
	"fmt"

	"github.com/forewrite/forewrite/internal/segment"
)

// Health is how bad it is: the worst of what was seen.
type Health uint8

// The healths, in order.
const (
	Healthy Health = iota
	Pending        // the next open has something to do
	Foreign        // a target matches nothing that the log knows
	Corrupt        // acknowledged bytes are damaged
	Newer          // written by a newer version
)

var healthNames = [...]string{"healthy", "recovery pending", "foreign target", "corrupt", "newer format"}

func (h Health) String() string { return healthNames[h] }

// MarshalText makes a Health its String in JSON.
func (h Health) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// Health is what the log alone says.
func (l *Log) Health() Health {
	switch l.End.State {
	case segment.Newer:
		return Newer
	case segment.Corrupt:
		return Corrupt
	}
	switch {
	case l.Groups == 0 && !l.Owner.Present:
		return Corrupt // a FORMAT is there, and a segment is retired only for a newer one
	case !l.Owner.Present && (l.End.State == segment.Torn || l.LastTxs > l.CheckpointLSN):
		return Pending
	}
	return Healthy
}

// Ending says in words why there is nothing after the last group.
func (l *Log) Ending() string {
	switch {
	case l.InFlight():
		return "in flight: the owner is writing a group"
	case l.End.State == segment.Clean && l.Closed:
		return "clean, closed by its owner"
	case l.End.State == segment.Clean && l.Owner.Present:
		return "clean, in use"
	case l.End.State == segment.Clean:
		return "clean, but not closed: the owner stopped without warning"
	}
	if l.End.Segment.Number == 0 {
		return l.End.State.String() + ": " + errText(l.End.Err)
	}
	return fmt.Sprintf("%s: %s at %s of segment %s, where group %d should stand",
		l.End.State, count(l.End.Length, "byte"), at(l.End.Offset), l.End.Segment, l.End.LSN)
}

func errText(err error) string {
	if err == nil {
		return "no reason known"
	}
	return err.Error()
}
