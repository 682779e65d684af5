# Every target sets up what it needs in .venv and nothing else, except those of the VS Code extension, which have a cache
# outside the repository (tests/vscode/set-up.sh). `make help` lists them.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install --quiet --disable-pip-version-check
TORCH := torch==2.13.0
PYTEST_ARGS ?=

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# torch comes first and alone, so that nothing that depends on it can choose another build.
$(VENV)/torch.stamp: $(VENV)/bin/python
	$(PIP) $(TORCH)
	@touch $@

$(VENV)/demo.stamp: $(VENV)/torch.stamp pyproject.toml
	$(PIP) --editable .
	@touch $@

# pip knows dependency groups from 25.1 on. The packages of the last line declare torchvision, which would bring another
# torch; the tests use none of it.
$(VENV)/dev.stamp: $(VENV)/torch.stamp pyproject.toml tests/requirements-without-dependencies.txt
	$(PIP) --upgrade 'pip>=25.1'
	$(PIP) --editable . --group dev
	$(PIP) --no-deps -r tests/requirements-without-dependencies.txt
	@touch $@

.PHONY: demo
demo: $(VENV)/demo.stamp ## Install into .venv, trace an example, print its descriptor map
	$(VENV)/bin/aotlens trace docs/examples/decoder.py::Decoder

.PHONY: demo-mesh
demo-mesh: $(VENV)/demo.stamp ## Trace a model on a fake mesh of eight devices: its shards, and what it communicates
	$(VENV)/bin/aotlens trace docs/examples/sharded.py::Decoder
	$(VENV)/bin/aotlens trace docs/examples/sharded.py::Decoder --collectives

.PHONY: dev
dev: $(VENV)/dev.stamp ## Install into .venv with all that development needs

.PHONY: test
test: $(VENV)/dev.stamp lint ## Run every test and check
	tests/editors/set-up.sh
	$(RUN) -m pytest -n auto --dist loadfile $(PYTEST_ARGS)
	$(MAKE) test-vscode

.PHONY: test-fast
test-fast: $(VENV)/dev.stamp ## Run the tests that take less than ten seconds each
	$(RUN) -m pytest -m 'not slow and not proof' $(PYTEST_ARGS)

.PHONY: proofs
proofs: $(VENV)/dev.stamp ## Run the proofs of which `make test` has samples, 10 minutes
	$(RUN) -m pytest -n auto -m proof $(PYTEST_ARGS)

.PHONY: hostile
hostile: $(VENV)/dev.stamp ## Trace all kinds of hostile modules by command line and server, and print a table, 25 minutes
	$(RUN) tests/hostile/table.py
	$(RUN) tests/hostile/table.py --server

.PHONY: bench
bench: $(VENV)/dev.stamp ## Time answers and edits (docs/benchmarks.md), and say which figure broke its bound, 20 minutes
	$(RUN) tests/benchmarks/bounds.py

SOAK_ARGS ?=

.PHONY: soak
soak: $(VENV)/dev.stamp ## Edit, trace and kill processes for five minutes, or longer with SOAK_ARGS=--long
	PYTHONPATH=server:tests $(RUN) tests/soak/run.py $(SOAK_ARGS)

# The unit tests need no torch, so that an environment for them is made in seconds.
.PHONY: test-pythons
test-pythons: ## Run the unit tests on the oldest and the newest Python, where this machine has them
	tests/pythons.sh 3.10 3.13

PACKAGES_ARGS ?=

.PHONY: test-packages
test-packages: $(VENV)/dev.stamp ## Build the packages, run the unit tests of the one, trace with the other
	tests/packages.sh $(PACKAGES_ARGS)

TARGET ?=

.PHONY: vscode
vscode: $(VENV)/dev.stamp ## Build the VS Code extension, build/aotlens.vsix, for this machine or TARGET=darwin-arm64
	vscode-extension/scripts/build.sh $(TARGET)

.PHONY: test-vscode
test-vscode: vscode ## Test the VS Code extension, also in the real editor
	tests/vscode/run.sh

.PHONY: pictures
pictures: test-vscode ## Take the documentation's pictures from the editor's tests
	tests/vscode/pictures.sh

# Without what the packages declare: it would bring another torch. The compiled part of torchaudio wants CUDA's.
.PHONY: reach
reach: $(VENV)/dev.stamp ## Trace whole packages with nothing written; the table goes into docs/examples.md
	$(PIP) --no-deps --upgrade --target .reach/site-packages -r tests/benchmarks/reach-requirements.txt
	find .reach/site-packages/torchaudio -name '*.so' -delete
	PYTHONPATH=.reach/site-packages $(RUN) tests/benchmarks/reach.py .reach/site-packages --write docs/examples.md

.PHONY: seeded
seeded: $(VENV)/dev.stamp ## Trace 60 seeded errors in real models, with and without an example and after an edit, 6 minutes
	$(RUN) tests/tracer/seeded.py

.PHONY: numbers
numbers: $(VENV)/dev.stamp ## Compare the numbers of every class of the corpus in lens, hover, tree, graph and report, 3 minutes
	$(RUN) tests/tracer/numbers_shown.py

.PHONY: folded
folded: $(VENV)/dev.stamp ## Compare the provisional maps of all models with equal layers with their exact maps, a minute
	AOTLENS_FOLDED=all $(RUN) -m pytest tests/tracer/test_folding.py

.PHONY: gradients
gradients: $(VENV)/dev.stamp ## Compare gradients with those of eager on real tensors, in whole packages, 20 minutes
	$(PIP) --no-deps --upgrade --target .reach/site-packages -r tests/benchmarks/reach-requirements.txt
	find .reach/site-packages/torchaudio -name '*.so' -delete
	PYTHONPATH=.reach/site-packages $(RUN) tests/benchmarks/gradients_of_packages.py .reach/site-packages

.PHONY: shapes
shapes: $(VENV)/dev.stamp ## Compare recorded shapes with runs on real tensors, in classes drawn from packages
	$(PIP) --no-deps --upgrade --target .reach/site-packages -r tests/benchmarks/reach-requirements.txt
	PYTHONPATH=server:.reach/site-packages $(RUN) tests/benchmarks/shapes.py

.PHONY: dimensions
dimensions: $(VENV)/dev.stamp ## Hold dimensions and their names against runs with other sizes, in models of packages
	PYTHONPATH=server $(RUN) tests/benchmarks/dimensions.py

.PHONY: compiled
compiled: $(VENV)/dev.stamp ## Compare maps of the compile convention with runs of torch.compile, in modules of other packages
	$(PIP) --no-deps --upgrade --target .reach/site-packages -r tests/benchmarks/reach-requirements.txt
	PYTHONPATH=.reach/site-packages AOTLENS_PACKAGES=$(CURDIR)/.reach/site-packages $(RUN) -m pytest tests/tracer/compiled/test_truth_of_compile.py

.PHONY: lint
lint: $(VENV)/dev.stamp ## Check style, formatting and types
	$(RUN) -m ruff check server tests docs vscode-extension/scripts
	$(RUN) -m ruff format --check server tests docs vscode-extension/scripts
	$(RUN) -m mypy

.PHONY: format
format: $(VENV)/dev.stamp ## Format the code
	$(RUN) -m ruff check --fix server tests docs vscode-extension/scripts
	$(RUN) -m ruff format server tests docs vscode-extension/scripts

.PHONY: clean
clean: ## Remove .venv and what builds left
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis */node_modules tests/vscode/node_modules \
	    vscode-extension/bundled vscode-extension/dist
