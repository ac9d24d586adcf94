package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The manual page has every command, every option and every exit code.
func TestManualIsComplete(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/journal-inspect.1")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	has := func(what string) {
		if !strings.Contains(page, what) {
			t.Errorf("the manual lacks %q", what)
		}
	}
	root := rootCommand(&app{})
	options := func(usages string) {
		for _, flag := range regexp.MustCompile(`(?m)^ +(?:-(\w), )? *--([\w-]+)`).FindAllStringSubmatch(usages, -1) {
			has("Fl " + flag[1])
			has("Fl -" + flag[2])
		}
	}
	options(root.PersistentFlags().FlagUsages())
	for _, cmd := range root.Commands() {
		has(".It Cm " + cmd.Name())
		options(cmd.Flags().FlagUsages())
	}
	for line := range strings.Lines(exitHelp) {
		if code, meaning, ok := strings.Cut(strings.TrimSpace(line), "  "); ok {
			has(".It " + code + "\n" + strings.TrimSpace(meaning))
		}
	}
}

// Each command explains itself, with an example, and has a transcript in testdata.
func TestCommandsExplainThemselves(t *testing.T) {
	t.Parallel()
	for _, cmd := range rootCommand(&app{}).Commands() {
		if cmd.Short == "" || cmd.Long == "" || cmd.Example == "" {
			t.Errorf("%s lacks a description or an example", cmd.Name())
		}
		if _, err := os.Stat("testdata/" + cmd.Name() + ".txt"); err != nil {
			t.Error(err)
		}
	}
}
