package main

import (
	"runtime"
	"runtime/debug"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/spf13/cobra"
)

// versionInfo says what this program is.
type versionInfo struct {
	Version string `json:"version"`
	Format  int    `json:"format"` // the newest that it reads
	Go      string `json:"go"`
	System  string `json:"system"`
}

func versionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "The version of this program and of the format that it reads",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := versionInfo{Version: "unknown", Format: record.Version, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
			if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
				v.Version = info.Main.Version
			}
			finish := a.open(false)
			if a.json {
				a.lines.Header(cmd.Name(), &inspect.Journal{})
				a.lines.Line("version", v)
				a.lines.Line("end", end{Reason: "all shown"})
			} else {
				a.text.Line("journal-inspect %s, reads format %d, %s, %s", v.Version, v.Format, v.Go, v.System)
			}
			return finish()
		},
	}
}
