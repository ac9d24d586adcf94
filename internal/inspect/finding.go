package inspect

import (
	"fmt"
	"time"

	"github.com/forewrite/forewrite/internal/inspect/wording"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Finding is one thing that a check found.
type Finding struct {
	Code     Code         `json:"code"`
	Severity Health       `json:"severity"`
	Text     string       `json:"text"`
	Segment  segment.Name `json:"segment,omitzero"`
	Offset   int64        `json:"offset,omitempty"` // within the segment's file
	LSN      record.LSN   `json:"lsn,omitempty"`
	Tx       record.TxID  `json:"tx,omitempty"`
	Path     string       `json:"path,omitempty"`
}

// Where returns what the finding is about, in words.
func (f *Finding) Where() string {
	var segment, group, path, tx string
	if f.Segment.Number != 0 {
		segment = fmt.Sprintf("%s at %s", f.Segment, wording.Offset(f.Offset))
	}
	if f.LSN != 0 && f.Tx == 0 {
		group = fmt.Sprintf("group %d", f.LSN)
	}
	if f.Tx != 0 {
		tx = fmt.Sprintf("tx %d", f.Tx)
	}
	if f.Path != "" {
		path = wording.Quote(f.Path)
	}
	return wording.List(segment, group, tx, path)
}

// Worst returns the code of the first of the worst findings; "" when there are none.
func (c *Check) Worst() Code {
	for _, f := range c.Findings {
		if f.Severity == c.Health {
			return f.Code
		}
	}
	return ""
}

// Speed describes how fast the log was read.
func (c *Check) Speed() string {
	if c.Elapsed < time.Millisecond {
		return c.Elapsed.String()
	}
	return fmt.Sprintf("%s, %s/s", c.Elapsed.Round(time.Millisecond), wording.Size(int64(float64(c.Bytes)/c.Elapsed.Seconds())))
}
