# Everything a person or CI does here is a target. `make` alone lists them.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

GO ?= go
ARGS ?=
# nomsgpack leaves out a codec that gin would pull in. The tests use it too: they test what ships, from one build cache.
TAGS := -tags=nomsgpack
# The engine's tests share every compiled package with its build, which is minutes long, by using the same flags.
ENGINE_FLAGS := -trimpath -tags=disable_grpc_modules

# What the main program is made of: sources and embedded files, and folders, whose times tell of removed files.
PROGRAM_DIRS := $(wildcard cmd domain workflows activities schemas app server worker internal test/bench)
PROGRAM := go.mod go.sum $(shell find $(PROGRAM_DIRS) ! -name '*_test.go' ! -name '.*' ! -path '*/testdata*' 2>/dev/null)
ENGINE := $(shell find engine ! -name '*_test.go' ! -name '.*' ! -path '*/testdata*' 2>/dev/null)

# The suites that start whole systems, apart from the rest: those run one package at a time on purpose.
SYSTEM_SUITES := /test/(integration|browser|chaos)(/|$$)

help: ## List every target
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\nStart with: make run   (ARGS="--listen 127.0.0.1:9000 --data DIR" goes to holdfast up)\n'

setup: ## Find or install all that build and tests need: Go (checked), PostgreSQL, Chromium
	@scripts/setup go postgres browser

build: setup-go bin/holdfast bin/holdfast-engine ## Build bin/holdfast and bin/holdfast-engine

bin/holdfast: $(PROGRAM)
	$(GO) build $(TAGS) -o $@ ./cmd/holdfast

bin/holdfast-engine: $(ENGINE)
	scripts/cached engine $@

run: setup-go setup-postgres build ## Build and start everything on this machine: engine, database, worker, server
	@exec bin/holdfast up $(ARGS)

test: setup build ## Run every test: unit, workflow, replay, store, engine, integration, browser, short chaos
	@$(MAKE) test-unit
	@$(MAKE) test-engine
	@$(MAKE) test-system

test-unit: setup-go setup-postgres ## Run all but the system suites: pure, workflow, replay and store tests
	@packages=$$($(GO) list $(TAGS) ./...) && \
	scripts/tests $(TAGS) -p 2 -parallel 4 -timeout 10m $$(printf '%s\n' "$$packages" | grep -vE '$(SYSTEM_SUITES)')

test-race: setup-go setup-postgres ## Run the same tests under the race detector (needs a C compiler)
	@packages=$$($(GO) list $(TAGS) ./...) && \
	CGO_ENABLED=1 scripts/tests $(TAGS) -race -p 2 -parallel 4 -timeout 20m $$(printf '%s\n' "$$packages" | grep -vE '$(SYSTEM_SUITES)')

test-engine: setup-go setup-postgres ## Run the engine module's own tests
	cd engine && ../scripts/tests $(ENGINE_FLAGS) -p 1 -parallel 4 -timeout 15m ./...

test-integration: setup-postgres build ## Run the integration tests on a real engine
	scripts/tests $(TAGS) -p 1 -parallel 8 -timeout 15m ./test/integration/...

test-browser: setup-postgres setup-browser build ## Run the browser tests in a real Chromium
	scripts/tests $(TAGS) -p 1 -parallel 2 -timeout 10m ./test/browser/...

test-chaos: setup-postgres build ## Run the long chaos tests: every failure that operations.md lists
	scripts/tests $(TAGS) -p 1 -count 1 -timeout 60m ./test/chaos/...

# The short chaos runs here; one package at a time, because each starts an engine of its own. Of the visitors in the browser few
# come at once: each keeps a renderer busy, and pages that are drawn late look like pages that are wrong.
test-system: setup-postgres setup-browser build
	scripts/tests $(TAGS) -short -p 1 -parallel 8 -timeout 20m ./test/integration/...
	scripts/tests $(TAGS) -p 1 -parallel 2 -timeout 10m ./test/browser/...
	scripts/tests $(TAGS) -short -p 1 -parallel 8 -timeout 20m ./test/chaos/...

bench: setup-postgres build ## Measure Holdfast beside the bare engine: p50, p99, ratios (ARGS= go to holdfast bench)
	@bin/holdfast bench $(ARGS)

histories: setup-postgres build ## Play the scripted scenarios on a real engine and store their histories for the replay tests
	$(GO) run $(TAGS) ./test/histories $(ARGS)

lint: setup-go ## Check format, vet, staticcheck, workflow determinism, and the shell scripts
	@scripts/lint

format: setup-go ## Bring every Go file into gofumpt's format
	@tools=$$(scripts/cached tools) && "$$tools/gofumpt" -l -w .

deadcode: setup-go ## List functions that no program and no test reaches
	@tools=$$(scripts/cached tools) && "$$tools/deadcode" $(TAGS) -test ./...

vulncheck: setup-go ## Check the modules against Go's vulnerability database; skips, saying so, where that is out of reach
	@scripts/vulncheck

generate: setup-go ## Make the generated files again: templ pages, OpenAPI, JSON Schemas, diagrams
	@tools=$$(scripts/cached tools) && PATH="$$tools:$$PATH" && export PATH && \
	templ generate -log-level warn -path . && \
	$(GO) generate $(TAGS) ./...

verify: setup-go ## Check that the generated files are what `make generate` makes
	@scripts/verify

migrate: build ## Bring the database of HOLDFAST_DATABASE_URL to the newest schema
	@bin/holdfast migrate $(ARGS)

new-migration: ## Begin a migration: make new-migration NAME=add_release_tables
	@scripts/new-migration "$(NAME)"

fresh: ## Try the last commit as a stranger would: clone, build, start, stop, start again, test
	@scripts/fresh

clean: ## Remove what was built here (the machine's cache of engine and tools stays)
	rm -rf bin coverage.out

setup-go:
	@scripts/setup go

setup-postgres:
	@scripts/setup postgres

setup-browser:
	@scripts/setup browser

.PHONY: help setup build run test test-unit test-race test-engine test-integration test-browser test-chaos \
	test-system bench histories lint format deadcode vulncheck generate verify migrate new-migration fresh clean \
	setup-go setup-postgres setup-browser
