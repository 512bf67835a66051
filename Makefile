# One door for people and for CI. `make help` tells what there is.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
ifeq ($(OS),Windows_NT)
$(error Landfast runs on Linux and macOS: on Windows, clone it into WSL (wsl --install) and give this command there)
endif
MAKEFLAGS += --no-builtin-rules --no-print-directory
# Every module is compiled once, into .tools, also where the shell keeps Python from writing beside the sources.
export PYTHONDONTWRITEBYTECODE :=
export PYTHONPYCACHEPREFIX := $(CURDIR)/.tools/pycache

UV_VERSION := 0.13.9
UV := .tools/bin/uv
BIN := .venv/bin
PYTHON := $(CURDIR)/.venv/bin/python
READY := .venv/.ready
REQUIREMENTS := layers/shared/requirements.txt
SOURCES := demo deployment functions layers tests
TYPES := types-shop
REST := template-lint
UNITS := units-shop
TESTS := tests-shop
# --- the tool ---
SOURCES += landfast benchmarks tools
SITE := .tools/site
TYPES += types-tool types-tool-tests
UNITS += units-tool
TESTS += tests-tool tests-tool-processes
REST += site
# --- shared ---

# The fast layers open no socket and start no process; the others run real workers and a real emulator on loopback.
FAST := tests/architecture tests/unit
SLOW := tests/template tests/local_invoke tests/end_to_end
# --- the tool ---
FAST += tests/starter
SLOW += tests/docs
TOOL_FAST := tests/architecture tests/console tests/delivery tests/driver tests/eventplane tests/failures tests/lint tests/protocols \
	tests/report tests/simulate tests/sources tests/starter tests/template_reader
TOOL_SLOW := tests/faithful tests/testing tests/contract tests/dataplane tests/clients
TOOL_PROCESSES := tests/browser tests/end_to_end tests/wheel
# They look what their process leaves open, so no other test may have a service running in it.
TOOL_ALONE := tests/runtime tests/service
# --- shared ---

PYTEST := $(CURDIR)/$(BIN)/pytest
SIDE_BY_SIDE := -n 2 --dist worksteal
# Those of an xdist_group share a service, so that one worker runs them all.
BY_GROUP := -n 2 --dist loadgroup
# What the tests of a file share, a running shop or a copy of the project, is made once; the longest files begin first.
BY_FILE := -n 2 --dist loadfile --no-loadscope-reorder
# Side by side with others, each line says whose it is. Ctrl-C is for the tests alone: their last lines are shown, too.
AS = $(if $(MAKE_TERMOUT),--color=yes) 2>&1 | (trap "" INT; while IFS= read -r line; do echo "$(1) | $$line"; done)

##@ Use
demo: $(READY)  ## Run the whole application locally, send it events, and check where each one lands (CONSOLE=1 shows it)
	@$(PYTHON) -m demo $(if $(CONSOLE),--console)

up: $(READY)  ## Run the application until Ctrl-C
	@$(BIN)/landfast up

##@ Take apart
remove: $(READY)  ## Remove pipelines from the project: make remove PIPELINE=receipts (FORCE=1 with uncommitted changes)
	@$(BIN)/landfast pipelines remove "$(PIPELINE)" $(if $(FORCE),--force)
	@$(MAKE) docs # --- the tool ---

keep: $(READY)  ## Keep these pipelines and remove all others: make keep PIPELINES=payments,order-files
	@$(BIN)/landfast pipelines keep "$(PIPELINES)" $(if $(FORCE),--force)
	@$(MAKE) docs # --- the tool ---

##@ Check
# What is slow begins at once, and waits for processes now and then; beside it what is quick, with one worker each.
test: style  ## Everything: what check does, and templates, workers, emulators and end-to-end tests
	@$(MAKE) -sj5 SIDE_BY_SIDE= $(TESTS) $(UNITS) $(TYPES) $(REST)

check: style  ## The fast part: format, lint, types, contracts, units
	@$(MAKE) -sj4 $(UNITS) $(TYPES)

units-shop: $(READY)
	@$(PYTEST) $(SIDE_BY_SIDE) $(FAST) $(call AS,shop)

# Its copies of the project take over what was checked here, and check what is changed.
tests-shop: types-shop
	@$(PYTEST) $(BY_FILE) $(SLOW) $(call AS,shop)

# --- the tool ---
units-tool: $(READY)
	@cd landfast && $(PYTEST) $(SIDE_BY_SIDE) $(TOOL_FAST) $(call AS,tool)

tests-tool: $(READY)
	@cd landfast && $(PYTEST) $(BY_GROUP) $(TOOL_ALONE) $(call AS,tool)
	@cd landfast && $(PYTEST) $(BY_GROUP) $(TOOL_SLOW) $(call AS,tool)

tests-tool-processes: $(READY)
	@cd landfast && $(PYTEST) $(BY_GROUP) $(TOOL_PROCESSES) $(call AS,tool)

# --- shared ---
style: format-check lint contracts

format-check: $(READY)
	@$(BIN)/ruff format --check --quiet $(SOURCES) || { echo "Mend it with: make format"; exit 1; }

lint: $(READY)  ## Lint the Python code
	@$(BIN)/ruff check --quiet $(SOURCES)

types: $(READY)  ## Check the types
	@$(MAKE) -j2 --output-sync $(TYPES)

# --- the tool ---
types-tool:
	@cd landfast && $(CURDIR)/$(BIN)/mypy

# The tool is for every Python of landfast/pyproject.toml, its tests are for the one of this environment. Their first run
# takes over what the shop's has read, the tool and the packages, since both have the same options.
types-tool-tests: types-shop
	@[ -e landfast/.mypy_cache/3.13 ] || { mkdir -p landfast/.mypy_cache; cp -R .mypy_cache/3.13 landfast/.mypy_cache/; }
	@cd landfast && $(CURDIR)/$(BIN)/mypy --python-version 3.13 --follow-imports silent tests benchmarks ../benchmarks

# --- shared ---
types-shop:
	@$(BIN)/mypy

contracts: $(READY)  ## Check who may import whom
	@cd landfast && $(CURDIR)/$(BIN)/lint-imports --no-logo >../.venv/contracts.txt || { cat ../.venv/contracts.txt; exit 1; } # --- the tool ---
	@PYTHONPATH=layers/shared $(BIN)/lint-imports --no-logo >.venv/contracts.txt || { cat .venv/contracts.txt; exit 1; }

# --- the tool ---
style: conformance-check
conformance-check: $(READY)
	@cd landfast && $(PYTHON) -m tests.conformance --check

# --- shared ---
template-lint: $(READY)  ## Validate and lint the template, also for hazards of delivery (tests/template lint what SAM makes of it)
	@$(BIN)/sam validate --lint
	@$(BIN)/landfast lint

# --- the tool ---
SCHEMA := .tools/workflows/bin/check-jsonschema --quiet --builtin-schema vendor.
workflows: .tools/workflows/.ready  ## Audit the workflows (zizmor), and check the forms of what GitHub reads
	@.tools/workflows/bin/zizmor --quiet --offline --strict-collection .github
	@$(SCHEMA)github-workflows .github/workflows/*.yml
	@$(SCHEMA)dependabot .github/dependabot.yml
	@$(SCHEMA)github-issue-config .github/ISSUE_TEMPLATE/config.yml
	@$(SCHEMA)github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	@$(SCHEMA)citation-file-format CITATION.cff

.tools/workflows/.ready: uv.lock .python-version | $(UV)
	@UV_PROJECT_ENVIRONMENT=.tools/workflows $(UV) sync --quiet --frozen --only-group workflows
	@touch $@

# --- shared ---
malformed: $(READY)  ## Send each function 1,000 malformed payloads; every failure needs a reason, and no log may hold data
	@seed=$${LANDFAST_SEED:-$$RANDOM}; echo "LANDFAST_SEED=$$seed"; \
		LANDFAST_MALFORMED=1000 LANDFAST_SEED=$$seed $(BIN)/pytest -n 2 --dist worksteal tests/unit/shop/test_malformed.py

conservation: $(READY)  ## Send 10,000 mixed events with poison and duplicates; count every effect and every failure
	@LANDFAST_EVENTS=10000 LANDFAST_ENGINE=ministack $(BIN)/pytest -s tests/end_to_end/test_conservation.py

# --- the tool ---
pages: $(READY)  ## Follow every page of docs/ in a copy, and compare what is printed (the tests follow one how-to)
	@LANDFAST_PAGES=all $(PYTEST) $(BY_GROUP) tests/docs

replays: $(READY)  ## Replay 1,000 failures by one command that is killed and given again (the tests replay 60)
	@cd landfast && LANDFAST_FAILURES=1000 $(PYTEST) tests/end_to_end/test_failures.py

# --- shared ---
pipelines: $(READY)  ## Take out each pipeline, and leave each alone; what is left must pass its tests (the tests try one)
	@LANDFAST_PIPELINES=all $(PYTEST) tests/end_to_end/test_pipelines.py

killed: $(READY)  ## The same, while the service is killed at ten moments
	@LANDFAST_EVENTS=10000 LANDFAST_KILLS=10 LANDFAST_ENGINE=ministack \
		$(BIN)/pytest -s tests/end_to_end/test_killed_service.py

# --- payments ---
crashes: $(READY)  ## Kill the payments function at any of its calls, 2,000 times, and check every balance
	@$(BIN)/python -m tests.crashes --trials 2000

# --- shared ---
pre-commit: $(READY)  ## Check at every commit from now on
	@$(BIN)/pre-commit install

# --- the tool ---
##@ Document
site: $(SITE)/.ready  ## Build the site of docs/ into dist/site; every link and anchor is checked
	@$(SITE)/bin/python -m tools.site build

docs: $(READY)  ## Draw the pictures of docs/ and write its reference anew, from template, scenarios and code
	@$(PYTHON) -m tools.pictures
	@$(PYTHON) -m tools.reference

screenshots: $(READY)  ## Take the pictures of the console for docs/ anew (needs Chromium and pngquant): make screenshots VIEWS="map clock"
	@$(PYTHON) -m tools.screenshots $(VIEWS)

$(SITE)/.ready: uv.lock .python-version | $(UV)
	@UV_PROJECT_ENVIRONMENT=$(SITE) bash tools/setup.sh $(UV) sync --quiet --frozen --only-group site
	@touch $@

site-serve: $(SITE)/.ready  ## Show the site on loopback until Ctrl-C, and every change of docs/
	@$(SITE)/bin/python -m tools.site serve

##@ Measure
bench: $(READY)  ## Measure against named peers and computed limits, as ratios in one run
	@PYTHONPATH=landfast:. $(BIN)/python -m benchmarks

mutants: $(READY)  ## Break the delivery rules one after the other; every break must be caught by a test of that rule
	@cd landfast && $(PYTHON) -m tests.mutants

# --- shared ---
##@ Deploy
build: $(READY) $(REQUIREMENTS)  ## Build for AWS
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/sam build

deploy: build  ## Deploy to AWS: make deploy ENV=staging (of samconfig.toml; without ENV, development)
	@$(BIN)/sam deploy --config-env $(or $(ENV),default)

kept: $(READY)  ## Say what a deletion would keep: make kept ENV=staging
	@$(PYTHON) -m deployment.stacks kept --env $(or $(ENV),default)

delete: $(READY)  ## Delete a deployed stack, and say what stays: make delete ENV=trial
	@$(PYTHON) -m deployment.stacks delete --env $(or $(ENV),default)

deploy-rehearsal: build  ## Deploy twice and delete, to an emulator on this machine; look for what is left
	@$(PYTHON) -m deployment.rehearsal

local-invoke: $(READY)  ## Run every sample event in AWS's own container image (needs Docker; see events/README.md)
	@$(BIN)/python -m tests.local_invoke

##@ Maintain
format: $(READY)  ## Format the code
	@$(BIN)/ruff check --fix-only --quiet $(SOURCES); $(BIN)/ruff format --quiet $(SOURCES)

# --- the tool ---
conformance: $(READY)  ## Write docs/conformance.md from the tests
	@cd landfast && $(PYTHON) -m tests.conformance

starter: $(READY)  ## Build the starter, and the wheel that brings it, into dist
	@$(PYTHON) -m tools.starter

release: starter site  ## Put what a release has into dist/release: wheel, starter, site, checksums, notes
	@$(PYTHON) -m tools.release

.PHONY: bench conformance conformance-check docs mutants pages release screenshots site site-serve starter tests-tool \
	tests-tool-processes types-tool types-tool-tests units-tool workflows

# --- shared ---
lock: $(UV)  ## Take newer versions of the dependencies, and export those of the layer
	@$(UV) lock --upgrade
	@$(MAKE) --always-make $(REQUIREMENTS)

clean:  ## Remove everything that can be made again
	@[ ! -x $(BIN)/landfast ] || $(BIN)/landfast down >/dev/null 2>&1 || true
	@rm -rf .venv .tools .aws-sam .landfast dist {.,landfast}/.{hypothesis,mypy_cache,pytest_cache,ruff_cache,import_linter_cache}

help:  ## This list
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*##/ {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Setting up: uv, then the environments that uv.lock describes.

$(REQUIREMENTS): uv.lock | $(UV)
	@$(UV) export --quiet --frozen --only-group layer --no-emit-project --output-file $@ >/dev/null

$(READY): uv.lock pyproject.toml $(wildcard landfast/pyproject.toml) .python-version | $(UV)
	@bash tools/setup.sh $(UV) sync --quiet --frozen
	@UV_PROJECT_ENVIRONMENT=.tools/sam bash tools/setup.sh $(UV) sync --quiet --frozen --only-group sam
	@ln -sf ../../.tools/sam/bin/sam $(BIN)/sam
	@touch $@

$(UV):
	@mkdir -p .tools/bin
	@if command -v uv >/dev/null; then ln -sf "$$(command -v uv)" $@; exit; fi; \
	for python in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do \
		if "$$python" -m venv .tools 2>/dev/null; then bash tools/setup.sh .tools/bin/python -m pip install --disable-pip-version-check uv==$(UV_VERSION); exit; fi; \
	done; \
	echo "set-up: no Python with venv was found: install Python 3 (on Debian also python3-venv), or uv" >&2; exit 1

.PHONY: build check clean conservation contracts crashes delete demo deploy deploy-rehearsal format format-check help keep kept \
	killed lint local-invoke lock malformed pipelines pre-commit remove style template-lint test tests-shop types types-shop \
	units-shop up
