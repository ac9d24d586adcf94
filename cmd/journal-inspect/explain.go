package main

import (
	"fmt"
	"strings"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/spf13/cobra"
)

func explainCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [CODE]",
		Short: "What a finding of check means, how it comes about, and what to do",
		Args:  cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var codes []string
			for _, e := range inspect.Explanations {
				codes = append(codes, string(e.Code)+"\t"+e.Title)
			}
			return codes, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			which := inspect.Explanations
			if len(args) == 1 {
				e, ok := inspect.Explain(inspect.Code(strings.ToUpper(args[0])))
				if !ok {
					return usageError{fmt.Errorf("there is no code %q; 'journal-inspect explain' lists them", args[0])}
				}
				which = []inspect.Explanation{e}
			}
			finish := a.open(true)
			switch {
			case a.json:
				a.lines.Header(cmd.Name(), &inspect.Journal{})
				for i := range which {
					a.lines.Line("explanation", &which[i])
				}
				a.lines.Line("end", end{Reason: "all shown"})
			case len(which) == 1:
				which[0].Text(a.text)
			default:
				inspect.ExplanationsText(a.text)
			}
			return finish()
		},
	}
}
