# quantrac. "make" lists the targets. `make run` and `make test` install what they need.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Arguments for "make run", e.g. make run ARGS="--http 127.0.0.1:9000".
ARGS ?=
# Packages for "make race", e.g. make race PKG=./ingest/...
PKG ?= ./...
FUZZTIME ?= 10s
BENCH ?= .
COUNT ?= 1

TOOLS := $(CURDIR)/.tools/bin
GOLANGCI_VERSION := v2.15.0
GOVULNCHECK_VERSION := v1.9.0
INFLUXD_VERSION := v1.8.3
GOLANGCI := $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION)
INFLUXD := $(TOOLS)/influxd
GOVULNCHECK := $(TOOLS)/govulncheck-$(GOVULNCHECK_VERSION)

VERSION = $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT = $(shell git rev-parse HEAD 2>/dev/null)
LDFLAGS = -X main.version=$(VERSION) -X main.commit=$(COMMIT)

UI := web/ui
# Programs in JavaScript that tests talk to: a client of MQTT and a verifier of webhooks, both of another make.
PEERS := ingest/broker/testdata/mqttjs alerts/webhook/testdata/standardwebhooks
UI_SOURCES = $(shell find $(UI) \( -name node_modules -o -name dist -o -name test-results -o -name shots \) -prune -o -type f -print 2>/dev/null)

.PHONY: help run test race lint vuln fuzz bench e2e soak ui build clean tools telegraf fmt

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build everything and start the demo; Ctrl-C stops it
	@exec bin/quantrac demo $(ARGS)

test: ## install test tools, then every test: Go (race), UI, browser
	@exec .ci/test.sh

race: tools ## Go tests with the race detector, in random order
	@. .ci/env.sh; go test -race -shuffle=on -vet=all -p 2 -timeout 20m $(PKG)

lint: $(GOLANGCI) $(UI)/node_modules/.stamp ## golangci-lint, and the UI's own linter
	$(GOLANGCI) run ./...
	npm --prefix $(UI) run lint

vuln: $(GOVULNCHECK) ## known vulnerabilities (needs the internet)
	$(GOVULNCHECK) ./...

fuzz: ## every fuzz target for FUZZTIME (10s)
	@FUZZTIME=$(FUZZTIME) .ci/fuzz.sh

bench: ## benchmarks: BENCH=pattern COUNT=n, output fit for benchstat
	go test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) $(PKG)

e2e: build tools ## browser tests against a demo of their own
	@.ci/e2e.sh

soak: ui tools ## leave a page open for SOAK_MINUTES (60) and watch its heap
	@. .ci/env.sh; npm --prefix $(UI) run soak

ui: $(UI)/dist/index.html ## build the page

build: ui ## build the page and bin/quantrac
	@command -v go >/dev/null || { echo "Go 1.26 or newer is needed: https://go.dev/dl/" >&2; exit 1; }
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/quantrac ./cmd/quantrac

fmt: $(GOLANGCI) ## format the Go code
	$(GOLANGCI) fmt ./...

tools: ## install what the tests need: mosquitto, chromium, promtool, influxd, MQTT.js …
	@.ci/setup.sh
	@$(MAKE) $(INFLUXD) $(PEERS:%=%/node_modules/.stamp)

telegraf: ## build Telegraf, which "quantrac bench ingest --against telegraf" compares with
	@.ci/telegraf.sh

clean: ## remove what was built; data and tools stay
	rm -rf bin $(UI)/node_modules $(UI)/test-results $(UI)/shots
	find $(UI)/dist -mindepth 1 ! -name .gitkeep -delete

# npm ci removes node_modules first, so the stamp is newer than every file that it depends on.
$(UI)/node_modules/.stamp: $(UI)/package.json $(UI)/package-lock.json
	@command -v npm >/dev/null || { echo "Node.js 20.19 or newer with npm is needed: https://nodejs.org/" >&2; exit 1; }
	npm --prefix $(UI) ci --no-audit --no-fund
	@touch $@

$(PEERS:%=%/node_modules/.stamp): %/node_modules/.stamp: %/package.json %/package-lock.json
	@command -v npm >/dev/null || { echo "Node.js 20.19 or newer with npm is needed: https://nodejs.org/" >&2; exit 1; }
	npm --prefix $* ci --no-audit --no-fund
	@touch $@

$(UI)/dist/index.html: $(UI)/node_modules/.stamp $(UI_SOURCES)
	npm --prefix $(UI) run build
	@touch $@ $(UI)/dist/.gitkeep

$(INFLUXD):
	GOBIN=$(TOOLS) go install github.com/influxdata/influxdb/cmd/influxd@$(INFLUXD_VERSION)

# The version in the file's name makes a change of version install anew.
$(GOLANGCI):
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv $(TOOLS)/golangci-lint $@

$(GOVULNCHECK):
	GOBIN=$(TOOLS) go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
	@mv $(TOOLS)/govulncheck $@
