package inspect

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/forewrite/forewrite/atomic"
	"github.com/forewrite/forewrite/internal/fsx"
)

// Owner is what LOCK says about who has the journal open. Whether the lock is
// really held can't be known without taking it.
type Owner struct {
	PID     int       `json:"pid,omitempty"`
	Host    string    `json:"host,omitempty"`
	Since   time.Time `json:"since,omitzero"`
	Present bool      `json:"present"` // its process runs on this host
	State   string    `json:"state"`   // in words

	idle bool // nobody writes, as far as can be seen
}

func (j *Journal) owner() Owner {
	h, err := atomic.ReadHolder(filepath.Join(j.Dir, lockFile))
	if err != nil || h.PID == 0 {
		return Owner{State: "nobody", idle: true}
	}
	o := Owner{PID: h.PID, Host: h.Host, Since: h.Since}
	switch {
	case h.Host != hostname():
		o.State = "on another host, so it can't be seen whether it runs"
	case fsx.ProcessAlive(h.PID):
		o.Present, o.State = true, "alive"
	default:
		o.State, o.idle = "gone", true
	}
	return o
}

// String says it in one line.
func (o Owner) String() string {
	if o.PID == 0 {
		return o.State
	}
	return fmt.Sprintf("pid %d on %s, %s, since %s", o.PID, quote(o.Host), o.State, o.Since.UTC().Format(time.DateTime+" UTC"))
}

// hostname is this host as LOCK would name it.
func hostname() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		return "unknown"
	}
	host = strings.Join(strings.Fields(host), "-")
	return host[:min(len(host), 64)]
}
