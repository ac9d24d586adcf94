package main

import (
	"fmt"
	"strings"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/text"
	"github.com/spf13/cobra"
)

func explainCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [CODE]",
		Short: "Explain a finding of check: its meaning, causes, and what to do",
		Long: `explain shows what a finding of check means, what can cause it, and what to do.
Without a code it lists all codes.`,
		Example: `  journal-inspect explain JI101`,
		Args:    cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var codes []string
			for _, e := range inspect.Explanations {
				codes = append(codes, string(e.Code)+"\t"+e.Title)
			}
			return codes, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			asked := inspect.Explanations
			if len(args) == 1 {
				e, ok := inspect.Explain(inspect.Code(strings.ToUpper(args[0])))
				if !ok {
					return usageError{fmt.Errorf("unknown code %q; 'journal-inspect explain' lists all codes", args[0])}
				}
				asked = []inspect.Explanation{e}
			}
			return a.show(cmd, func() {
				for i := range asked {
					a.lines.Write(&asked[i])
				}
			}, func() {
				if len(args) == 1 {
					text.Explanation(a.text, &asked[0])
				} else {
					text.Explanations(a.text, asked)
				}
			})
		},
	}
}
