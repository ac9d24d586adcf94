package fsx

import (
	"os"
	"strings"
	"sync"
)

// HostName returns the name of this host as lock files have it: one word of at most 64
// bytes, and "unknown" where the system has none.
var HostName = sync.OnceValue(func() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "unknown"
	}
	name = strings.Join(strings.Fields(name), "-")
	return name[:min(len(name), 64)]
})
