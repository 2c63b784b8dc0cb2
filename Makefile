# Two commands do everything on a fresh machine: `make demo` and `make test`.
# BACKEND chooses MLX's back end on Linux: cpu or cuda. On macOS there is only one.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

ifeq ($(shell uname -s),Darwin)
BACKEND ?= metal
EXTRAS := dev
else
BACKEND ?= $(shell command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L >/dev/null 2>&1 && echo cuda || echo cpu)
EXTRAS := $(BACKEND),dev
endif

STAMP := $(VENV)/.installed-$(BACKEND)

.PHONY: help setup demo test lint types imports unit eval bench clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## / — /'

setup: $(STAMP)  ## prepare .venv only

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v >= (3, 11) else f"Python 3.11 or newer is needed, and {sys.executable} is {v[0]}.{v[1]}: make PYTHON=python3.11 ...")'
	@echo "Preparing $(VENV) (back end: $(BACKEND)); the first time takes a minute or two."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS)]'
	@rm -f $(VENV)/.installed-* && touch $@

demo: setup  ## a short tour of the engine on the bundled model
	@$(BIN)/python -m proxy_inference_engine.cli.demo

test: lint types imports unit  ## everything that must hold: lint, types, import rules, tests

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports

unit: setup
	$(BIN)/pytest

eval: setup  ## the whole evaluation of the bundled model (long)
	$(BIN)/python demo/evaluate.py --full

bench: setup  ## what this machine does on the bundled model
	$(BIN)/pie bench demo

clean:  ## remove what was made here
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
