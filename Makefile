# Every target sets up what it needs in .venv and nothing else. `make help` lists them.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
TORCH := torch==2.13.0
PYTEST_ARGS ?=

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# torch comes first and alone, so that nothing that depends on it can choose another build.
$(VENV)/torch.stamp: $(VENV)/bin/python
	$(RUN) -m pip install --quiet --disable-pip-version-check $(TORCH)
	@touch $@

$(VENV)/demo.stamp: $(VENV)/torch.stamp pyproject.toml
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# The packages of the second line declare torchvision, which would bring another torch; the tests use none of it.
$(VENV)/dev.stamp: $(VENV)/torch.stamp pyproject.toml tests/requirements-without-dependencies.txt
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps -r tests/requirements-without-dependencies.txt
	@touch $@

.PHONY: demo
demo: $(VENV)/demo.stamp ## Install into .venv, trace an example, print its descriptor map
	$(VENV)/bin/aotlens trace docs/examples/decoder.py::Decoder

.PHONY: dev
dev: $(VENV)/dev.stamp ## Install into .venv with all that development needs

.PHONY: test
test: $(VENV)/dev.stamp lint ## Run every test and check
	$(RUN) -m pytest $(PYTEST_ARGS)

.PHONY: test-fast
test-fast: $(VENV)/dev.stamp ## Run the tests that take less than ten seconds each
	$(RUN) -m pytest -m 'not slow' $(PYTEST_ARGS)

.PHONY: bench
bench: $(VENV)/dev.stamp ## Time the language server next to an empty one (docs/benchmarks.md), 5 minutes
	$(RUN) tests/benchmarks/server.py
	$(RUN) tests/benchmarks/answers.py

.PHONY: lint
lint: $(VENV)/dev.stamp ## Check style and formatting
	$(RUN) -m ruff check server tests docs
	$(RUN) -m ruff format --check server tests docs

.PHONY: format
format: $(VENV)/dev.stamp ## Format the code
	$(RUN) -m ruff check --fix server tests docs
	$(RUN) -m ruff format server tests docs

.PHONY: clean
clean: ## Remove .venv and what builds left
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis
