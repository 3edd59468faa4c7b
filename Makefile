# The front door. `make` alone shows what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CHECKOV := .venv-checkov
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Compiled modules are kept, whatever the machine says: the tests start hundreds of processes.
export PYTHONDONTWRITEBYTECODE :=
SCHEDULES ?= 1000000
# Which lab system: sanvi, vendhub, inventory, marketplace; for `make lab` also all.
SYSTEM ?= sanvi

.PHONY: help
help: ## show this
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: python
python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; PYTHON=python3.12 make ... picks another"; exit 2; }

# The virtual environment is as old as what it was made from.
$(VENV)/.made: pyproject.toml constraints.txt | python
	$(PYTHON) -m venv $(VENV)
	@# What comes with Python 3.11 takes twice as long to find out what fits.
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt --upgrade pip
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt --editable '.[dev]'
	@# pyinfra writes no bytecode: without this every run would compile the same modules again. Packages hold files for
	@# other Pythons, too, which do not compile.
	@$(BIN)/python -m compileall -qq -j 0 src $(VENV)/lib || true
	@touch $@

.PHONY: setup
setup: $(VENV)/.made ## make the virtual environment

.PHONY: demo
demo: setup ## deploy and roll back a system on lab hosts under load, and show what it cost; SYSTEM=vendhub ...
	@$(BIN)/python -m lab.demo --system $(SYSTEM)

.PHONY: test
test: setup ## run every test, those on the lab, too; WITHIN=1500 leaves out long ones that do not fit
	@$(BIN)/python -m pytest tests --ignore=tests/verify --ignore=tests/aws -n 4 $(if $(WITHIN),--within $(WITHIN))

.PHONY: test-aws
test-aws: setup ## build, change, deploy to and destroy the whole of production on an AWS of this machine; minutes
	@$(BIN)/python -m pytest tests/aws -n 2 -q
	@$(BIN)/python -m tests.aws

.PHONY: conformance
conformance: setup ## try every runtime with the same tests on the lab, and print what they measured
	@$(BIN)/python -m pytest tests/lab/conformance -n 2 -q
	@$(BIN)/python -m tests.lab.conformance

.PHONY: check
check: lint ## all of lint, and the fast tests
	@$(BIN)/python -m pytest tests -m "not lab" --ignore=tests/verify --ignore=tests/aws -n 3 -q

.PHONY: lint style types contracts schedules
lint: style types contracts schedules ## ruff, mypy, import contracts, 20,000 simulated schedules

style: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .

types: setup
	@$(BIN)/mypy

contracts: setup
	@$(BIN)/lint-imports --no-cache

schedules: setup
	@$(BIN)/python -m tests.simulation --schedules 20000

# It brings a hundred packages, many of them older than ours: a virtual environment of its own.
$(CHECKOV)/.made: terraform/checkov.txt | python
	$(PYTHON) -m venv $(CHECKOV)
	$(CHECKOV)/bin/pip install --quiet --disable-pip-version-check --constraint terraform/checkov.txt checkov
	@touch $@

.PHONY: checkov
checkov: $(CHECKOV)/.made ## what checkov says of terraform/; each exception stands there, with its reason
	@$(CHECKOV)/bin/checkov --config-file .checkov.yaml

.PHONY: simulate
simulate: setup ## simulate SCHEDULES schedules of faults, or one: make simulate SEED=4711
	@$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED) --story,--schedules $(SCHEDULES))

# The lab needs nothing but Python's own library: it comes up while the virtual environment is made.
.PHONY: lab
lab: python ## bring up the lab hosts of SYSTEM (sanvi, vendhub, inventory, marketplace, all)
	@$(PYTHON) -m lab up --system $(SYSTEM)

.PHONY: lab-down
lab-down: python ## take the lab hosts of all systems down, leaving only the built images
	@$(PYTHON) -m lab down

.PHONY: bench
bench: setup ## compare with Ansible and with the bare minimum, on the lab
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	@$(BIN)/python -m bench

.PHONY: docs
docs: setup ## write the parts of docs/reference that are made from the code
	@$(BIN)/fab schema
	@$(BIN)/python docs/generate.py > docs/reference/system.md
