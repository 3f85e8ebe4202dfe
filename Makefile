# `make demo` and `make test` set up what they need and may be run again and again.
# Pass arguments on with ARGS, e.g. `make test ARGS="-k decay -x"`, `make demo ARGS="--out plots"`.

SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
ARGS ?=
# One test process a core: linear algebra with threads of its own would only get in its way.
TEST_ENV := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

# aihwkit 1.1.0 loads with torch 2.13 and misreads every tensor; with 2.10.0 it works.
AIHWKIT := torch==2.10.0 aihwkit==1.1.0
AIHWKIT_ENV := .venv-aihwkit

.PHONY: help demo test test-slow lint format types ci clean venv dev ngspice ngspice46 chromium design-tools kicad aihwkit

help:  ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: venv  ## fit -> card -> Verilog-A and SPICE -> ngspice -> crossbar -> plots, in ./demo
	@$(BIN)/compactmodels demo $(ARGS)

test: dev  ## the tests, without the slow ones
	@$(TEST_ENV) $(BIN)/python -m pytest -n 2 -m "not slow" $(ARGS)

test-slow: dev  ## the slow tests only
	@$(TEST_ENV) $(BIN)/python -m pytest -n 2 -m slow $(ARGS) \
		|| { status=$$?; [ $$status -eq 5 ] && echo "no slow tests were selected" || exit $$status; }

lint: dev  ## ruff: rules and format
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: dev  ## ruff: mend what can be mended
	@$(BIN)/ruff check --fix-only . ; $(BIN)/ruff format .

types: dev  ## mypy
	@$(BIN)/mypy $(ARGS)

ci: ## what CI runs, all of it (upgrades ngspice if it may)
	@bash .ci/run

venv:  ## set up only: .venv with the package, and ngspice
	@.ci/bootstrap run

dev:  ## set up only: the same with the developers' tools
	@.ci/bootstrap dev

ngspice:  ## install ngspice from the system's own sources
	@.ci/bootstrap ngspice

ngspice46:  ## upgrade ngspice to 46 from backports (adds an apt source; needs root or sudo)
	@.ci/bootstrap ngspice46

chromium:  ## install Chromium, for the test that opens a report's page
	@.ci/bootstrap chromium

design-tools:  ## install xschem and admsXml, for the tests of symbols and of Verilog-A
	@.ci/bootstrap design-tools

kicad:  ## install KiCad with its command line (7 or later; on Debian 12 from backports), for the test of symbols
	@.ci/bootstrap kicad

aihwkit: dev  ## aihwkit in .venv-aihwkit (once; 7 GB with torch), and the test that reads an export with it
	@test -e $(AIHWKIT_ENV)/ready || { $(BIN)/python -m venv $(AIHWKIT_ENV) && echo '*' > $(AIHWKIT_ENV)/.gitignore \
		&& $(AIHWKIT_ENV)/bin/python -m pip install --quiet $(AIHWKIT) && touch $(AIHWKIT_ENV)/ready; }
	@$(TEST_ENV) $(BIN)/python -m pytest -m needs_aihwkit tests/cli/test_export.py $(ARGS)

clean:  ## remove what was built, .venv included
	rm -rf .venv $(AIHWKIT_ENV) build dist demo *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
