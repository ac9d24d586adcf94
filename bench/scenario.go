package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Scenario is a question and how it is answered.
type Scenario struct {
	Name  string
	Title string
	Run   func(ctx context.Context, b *Bench) (Results, error)
	Table func(Results) table
}

func scenarios() []Scenario {
	return []Scenario{
		oneFile, sixteenFiles, ownFiles, modifyFiles, sustained,
		crashOpen, cleanOpen, cost, growFiles, growSizes, growWriters,
	}
}

// chooseScenarios returns the named ones, in the order of the tables.
func chooseScenarios(names string) ([]Scenario, error) {
	all := scenarios()
	if names == "" || names == "all" {
		return all, nil
	}
	wanted := strings.Split(names, ",")
	for _, name := range wanted {
		if !slices.ContainsFunc(all, func(s Scenario) bool { return s.Name == name }) {
			return nil, fmt.Errorf("no scenario is called %q; see -help", name)
		}
	}
	return slices.DeleteFunc(all, func(s Scenario) bool { return !slices.Contains(wanted, s.Name) }), nil
}
