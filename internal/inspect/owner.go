package inspect

import (
	"fmt"
	"time"

	"github.com/forewrite/forewrite/atomic"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/inspect/wording"
	"github.com/forewrite/forewrite/internal/layout"
)

// Owner is what LOCK says about the process that has the journal open. Whether it
// really holds the lock can't be known without trying to lock.
type Owner struct {
	PID     int       `json:"pid,omitempty"`
	Host    string    `json:"host,omitempty"`
	Since   time.Time `json:"since,omitzero"`
	Present bool      `json:"present"` // its process runs on this host
	State   string    `json:"state"`   // "none", "alive", "gone", or "on another host", where it may run

	idle bool // no process writes, as far as can be seen
}

func (j *Journal) owner() Owner {
	h, err := atomic.ReadHolder(j.path(layout.LockFile))
	if err != nil || h.PID == 0 {
		return Owner{State: "none", idle: true}
	}
	o := Owner{PID: h.PID, Host: h.Host, Since: h.Since}
	switch {
	case h.Host != fsx.HostName():
		o.State = "on another host"
	case fsx.ProcessAlive(h.PID):
		o.Present, o.State = true, "alive"
	default:
		o.State, o.idle = "gone", true
	}
	return o
}

// Process names the owner's process.
func (o Owner) Process() string { return fmt.Sprintf("pid %d on %s", o.PID, wording.Quote(o.Host)) }

// String describes the owner in one line.
func (o Owner) String() string {
	if o.PID == 0 {
		return o.State
	}
	return fmt.Sprintf("%s, %s, since %s", o.Process(), o.State, o.Since.UTC().Format(time.DateTime+" UTC"))
}
