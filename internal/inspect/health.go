package inspect

import "github.com/forewrite/forewrite/internal/segment"

// Health is the worst that was found of a journal.
type Health uint8

// The healths, from good to bad. Each has an exit code of its own.
const (
	Healthy       Health = iota
	NeedsRecovery        // the next open has something to do, and will do it
	Foreign              // a file matches no version that the log knows
	Corrupt              // bytes that the journal had acknowledged are damaged or missing
	Newer                // written by a newer version
)

var healthNames = [...]string{"healthy", "needs recovery", "foreign file", "corrupt", "newer format"}

// String returns the health in one or two words.
func (h Health) String() string { return healthNames[h] }

// MarshalText makes a Health its String in JSON.
func (h Health) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// Health returns what the log alone says.
func (l *Log) Health() Health {
	switch l.End.State {
	case segment.Newer:
		return Newer
	case segment.Corrupt:
		return Corrupt
	}
	switch {
	case l.Owner.Present:
		return Healthy
	case l.Groups == 0:
		return Corrupt // a segment is only retired once a newer one holds a group
	case l.End.State == segment.Torn || l.LastTxs > l.CheckpointLSN:
		return NeedsRecovery
	}
	return Healthy
}
