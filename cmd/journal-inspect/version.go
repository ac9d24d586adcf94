package main

import (
	"runtime"
	"runtime/debug"

	"github.com/forewrite/forewrite/internal/inspect/ndjson"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/spf13/cobra"
)

func versionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Show the version of this program and of the format that it reads",
		Long:    "version shows the version of this program, and the newest on-disk format that it reads.",
		Example: `  journal-inspect version --json`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p := program()
			return a.show(cmd, func() { a.lines.Write(p) }, func() {
				a.text.Line("journal-inspect %s, reads format %d, %s, %s", p.Version, p.Format, p.Go, p.System)
			})
		},
	}
}

func program() ndjson.Program {
	p := ndjson.Program{Version: "unknown", Format: record.Version, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		p.Version = info.Main.Version
	}
	return p
}
