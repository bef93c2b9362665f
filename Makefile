# Two commands do all the set-up: `make demo` and `make test`.
# Everything is installed into .venv of this checkout, from requirements.lock with its hashes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MODELS := $(VENV)/share/memsvc/models
RUNTIME := --extra models --extra cpu --extra llm --extra hub
EVERYTHING := $(RUNTIME) --extra plots --extra embedded --group dev
LOCK_FLAGS := --generate-hashes --no-emit-package memsvc-client --python-version 3.11 --universal -q
PYTEST_WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test check lint types imports hygiene format unit tests coverage kills own-writes build lock bench bench-peers bench-docs clean

help: ## Show what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.installed $(MODELS)/.installed ## Install everything into .venv

$(VENV)/.installed: requirements.lock pyproject.toml clients/python/pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed." if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-build-isolation --no-deps -e clients/python -e .
	touch $@

$(MODELS)/.installed: $(VENV)/.installed
	$(BIN)/memsvc models install --dir $(MODELS)
	touch $@

demo: setup ## Remember a conversation, recall from it, show why; then shut down
	$(BIN)/python examples/run_demo.py

serve: setup ## Keep the service running on http://127.0.0.1:8700
	$(BIN)/memsvc serve

test: check tests build ## Everything CI runs

check: lint types imports hygiene ## Lint, types, import contracts, dependencies

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy memsvc gpu_index clients/python/memsvc_client bench examples tests

imports: setup
	PYTHONPATH=.:clients/python $(BIN)/lint-imports

hygiene: setup
	$(BIN)/deptry .
	$(BIN)/vulture
	$(BIN)/python -m pip check
	@! grep -nE '^litellm==1\.82\.(7|8)\b' requirements.lock

format: setup ## Format the code
	$(BIN)/ruff check --fix-only -q .
	$(BIN)/ruff format .

unit: setup ## The tests that need no database
	$(BIN)/pytest -q tests/unit tests/architecture

tests: setup
	$(BIN)/pytest -q -n $(PYTEST_WORKERS)

coverage: setup ## The tests, and which lines none of them reaches; takes half as long again
	$(BIN)/pytest -q -n $(PYTEST_WORKERS) --cov --cov-report=term:skip-covered

kills: setup ## The tests that kill processes, workers in every kind of job a hundred times
	$(BIN)/pytest -q tests/e2e -k killed --kill-rounds 100

own-writes: setup ## The test that looks for what was just written, ten thousand times
	$(BIN)/pytest -q --timeout 0 tests/integration/promises/test_recall.py -k acknowledged --trials 10000

build: setup ## Build both distributions and import them from their wheels
	rm -rf dist
	$(BIN)/python -m pip wheel -q --disable-pip-version-check --no-build-isolation --no-deps -w dist . clients/python
	$(BIN)/python tests/check_wheels.py dist

lock: setup ## Resolve the dependencies anew
	$(BIN)/uv pip compile pyproject.toml $(EVERYTHING) $(LOCK_FLAGS) --upgrade -o requirements.lock
	# What the image holds: the same versions, less what tests and the embedded database need.
	$(BIN)/uv pip compile pyproject.toml $(RUNTIME) $(LOCK_FLAGS) -c requirements.lock --upgrade -o requirements-runtime.lock

bench: setup ## What can be measured, and how
	$(BIN)/python -m bench --help

bench-peers: setup ## Install what benchmarks compare with: into .venv, Mem0 into an environment of its own
	$(BIN)/uv pip install -q --python $(BIN)/python --group bench
	$(PYTHON) -m venv $(VENV)/peers/mem0ai
	$(VENV)/peers/mem0ai/bin/python -m pip install -q --disable-pip-version-check -r bench/peers/mem0.txt -c bench/peers/constraints.txt

bench-docs: setup ## Make the tables of docs/benchmarks.md from bench/results
	$(BIN)/python -m bench report

clean: ## Remove what make has made
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
