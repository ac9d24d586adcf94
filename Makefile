# Tasks for people. Those that CI does as well are steps of .ci/run, so that both do
# the same. "make" lists them.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

FUZZTIME ?= 1m
FUZZ ?= Fuzz[A-Za-z]*
BASE ?= origin/main
BENCHFLAGS ?=
BUG ?= all
SEED ?= 1
KEEP ?=

.PHONY: help
help: ## list the tasks
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

.PHONY: ci
ci: ## everything that must hold before a change lands (.ci/run)
	.ci/run

.PHONY: test
test: ## all tests
	go test ./...

.PHONY: test-user
test-user: ## all tests as a user without privileges; needs root
	.ci/run user

.PHONY: race
race: ## all tests with the race detector
	.ci/run race

.PHONY: lint
lint: ## gofmt, go mod tidy, staticcheck
	.ci/run format tidy lint

.PHONY: vet-all
vet-all: ## go vet for Linux, Windows and macOS, and builds for five targets
	.ci/run vet cross

.PHONY: vuln
vuln: ## govulncheck; needs its database from the network
	go -C tools tool govulncheck -C .. ./...

.PHONY: explore
explore: ## the crash explorer at its ordinary size, about 2 minutes
	.ci/run explore

.PHONY: explore-full
explore-full: ## the crash explorer at full size, about 20 minutes; SEED=n, KEEP=dir for crashes
	$(if $(KEEP),mkdir -p "$(KEEP)")
	go test ./fuzz -timeout 0 -v -run 'TestExplore$$|TestFaults$$' -explore=full -seed $(SEED) $(if $(KEEP),-keep "$(abspath $(KEEP))")

.PHONY: planted
planted: ## plant each bug and see which test catches it, hours; BUG=part of a name for fewer
	go test ./fuzz -timeout 0 -run 'TestPlantedBugs$$' -planted=$(BUG) -v

.PHONY: planted-check
planted-check: ## show which planted bugs do not fit the code any more, or do not compile
	go test ./fuzz -run 'TestPlantedBugsFitTheCode|TestPlantedBugsCompile' -planted=$(BUG)

.PHONY: plant
plant: ## make the unstaged changes the planted bug BUG=name, and undo them
	@[ "$(BUG)" != all ] || { echo "usage: make plant BUG=name"; exit 2; }
	fuzz/plant.sh $(BUG)

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME=1m; FUZZ=FuzzCrash for one
	grep -roE '^func $(FUZZ)\(f ' --include='*_test.go' . | sort | \
	while IFS=: read -r file func; do \
		target=$${func#func }; target=$${target%%(*}; \
		echo "== $$(dirname $$file) $$target"; \
		go test "$$(dirname $$file)" -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x </dev/null; \
	done

.PHONY: bench
bench: ## forewrite beside its peers; BENCHFLAGS='-fs ext4 -targets' as root for a fresh ext4
	cd bench && go run . $(BENCHFLAGS)

.PHONY: bench-compare
bench-compare: ## this tree against the commit BASE=origin/main, through benchstat
	bench/compare.sh $(BASE) $(BENCHFLAGS)
