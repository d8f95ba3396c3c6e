# make demo   two people, a catalogue, a notebook and a hand-off on this machine (STORY=1: play it without a browser)
# make test   everything that a change must pass
# make test-idle   every idle scenario, a few minutes each time (REPEAT=20; ONLY=K01,T03)
# make test-labs   the panel in every JupyterLab that one wheel has to work in (LABS="4.4 4.5 4.6")
# make fuzz-access   data access fuzzed over HTTP by its own openapi.json, 5,000 steps of its promises, and all of its
#             properties with ten times as many examples as in make test (EXAMPLES=50)
# make bench-idle   what idle shutdown costs, beside its peers (SHORT=1: under a minute; PARTS="cost churn simulated")
# make bench-access   what data access costs, beside its peers (SHORT=1: a minute; PARTS="commands load"; LARGE=1: a million datasets)
# make build  the panel only; the Node of this machine is needed for that and for nothing else
# make clean  remove what these have made, the demo's folder excepted
#
# Everything is installed into .venv here. Stamps in .make say what was done, so the second time is quick.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11 python3.10,\
  $(shell command -v $(name) >/dev/null && $(name) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo $(name))))
FOLDER ?= demo-workspace
LABS ?= 4.4 4.5 4.6
BIN := .venv/bin
# These compute, while the others mostly wait for kernels and processes: they are run at the same time.
BESIDE ?= tests/access tests/aws tests/benchmarks
# What jlpm says once for each of a thousand packages.
NOISE := YN0002|YN0004|YN0013|YN0066
PANEL := jupyter_mlplatform/labextension/static/style.js
PANEL_SOURCES := $(shell find labextension/src labextension/style labextension/schema -type f) \
  labextension/package.json labextension/tsconfig.json labextension/yarn.lock
PACKAGING := pyproject.toml jupyter_mlplatform/__init__.py $(shell find etc jupyter-config -type f)

ifeq ($(wildcard $(BIN)/python),)
$(shell rm -rf .make) # the environment is gone, and what was installed into it
endif

.PHONY: demo test test-idle test-labs fuzz-access bench-idle bench-access build clean needs-python needs-node
.DEFAULT_GOAL := demo

demo: .make/demo
	@if [ -n "$(STORY)" ] || [ ! -t 1 ]; then $(BIN)/mlplat demo --story --folder "$(FOLDER)"; \
	else $(BIN)/mlplat demo --folder "$(FOLDER)"; fi

test: .make/dev .make/tools
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@mkdir -p .make
	nice -n 10 $(BIN)/python -m pytest -m "not browser" $(BESIDE) > .make/beside.log 2>&1 & beside=$$!; failed=0; \
	$(BIN)/python -m pytest -m "not browser" $(addprefix --ignore=,$(BESIDE)) || failed=$$?; \
	wait $$beside || failed=$$?; \
	echo "── Beside it: $(BESIDE)"; tail -n 200 .make/beside.log; exit $$failed
	cd labextension/tools && PATH="$(CURDIR)/$(BIN):$$PATH" jlpm run lint
	cd labextension/tools && PATH="$(CURDIR)/$(BIN):$$PATH" jlpm run test
	$(BIN)/python -m pytest -m browser

test-idle: .make/dev
	$(BIN)/python -m tests.idle.scenarios.run --repeat $(or $(REPEAT),1) --only "$(ONLY)"

test-labs: .make/dev
	rm -rf .make/wheel
	$(BIN)/python -m build --wheel --no-isolation --outdir .make/wheel
	for lab in $(LABS); do \
	  $(BIN)/python -m venv .make/lab-$$lab; \
	  .make/lab-$$lab/bin/python -m pip install -q "$$(ls .make/wheel/*.whl)[demo]" "jupyterlab==$$lab.*"; \
	  .make/lab-$$lab/bin/python -m pip install -q --force-reinstall --no-deps .make/wheel/*.whl; \
	  .make/lab-$$lab/bin/python -m jupyterlab --version; \
	  LAB_PYTHON="$(CURDIR)/.make/lab-$$lab/bin/python" $(BIN)/python -m pytest tests/ui/test_panel.py; \
	done

fuzz-access: .make/dev .make/fuzz-env
	$(BIN)/python -m pytest tests/access/fuzz/steps.py
	$(BIN)/python -m pytest tests/access tests/aws -m hypothesis --hypothesis-profile=thorough
	$(BIN)/python -m tests.access.fuzz.served --schemathesis .make/fuzz/bin/schemathesis --examples $(or $(EXAMPLES),50)

bench-idle: .make/bench-env
	.make/bench/bin/python -m benchmarks.idle $(PARTS) $(if $(SHORT),--short,--page)

bench-access: .make/bench-access-env
	.make/bench-access/bin/python -m benchmarks.access $(PARTS) $(if $(SHORT),--short,--page) $(if $(LARGE),--large)

build: $(PANEL)

clean:
	rm -rf .venv .make labextension/node_modules labextension/lib labextension/tools/node_modules
	rm -rf jupyter_mlplatform/labextension

# What the demo needs. An editable installation: what you change in Python is in force at once.
.make/demo: .make/venv $(PANEL) $(PACKAGING)
	@echo "── Installing the workspace and JupyterLab into .venv (the first time takes a few minutes)"
	$(BIN)/python -m pip install --disable-pip-version-check -e '.[demo]'
	@touch $@

.make/dev: .make/venv $(PANEL) $(PACKAGING)
	@echo "── Installing what the tests need into .venv"
	$(BIN)/python -m pip install --disable-pip-version-check -e '.[dev]'
	@touch $@ .make/demo

# Its own environment: the peers bring a server extension that must not be there in any test.
.make/bench-env: .make/venv $(PANEL) $(PACKAGING) benchmarks/requirements.txt
	@echo "── Installing the benchmark and its peers into .make/bench"
	$(PYTHON) -m venv .make/bench
	.make/bench/bin/python -m pip install --disable-pip-version-check -q -r benchmarks/requirements.txt -e .
	@touch $@

.make/bench-access-env: .make/venv $(PANEL) $(PACKAGING) benchmarks/access/requirements.txt
	@echo "── Installing the access benchmark and its peers into .make/bench-access"
	$(PYTHON) -m venv .make/bench-access
	.make/bench-access/bin/python -m pip install --disable-pip-version-check -q -r benchmarks/access/requirements.txt -e '.[aws,pandas]'
	@touch $@

# Its own environment, too: a pytest plugin that must not be in any test.
.make/fuzz-env: .make/venv tests/access/fuzz/requirements.txt
	@echo "── Installing the fuzzer into .make/fuzz"
	$(PYTHON) -m venv .make/fuzz
	.make/fuzz/bin/python -m pip install --disable-pip-version-check -q -r tests/access/fuzz/requirements.txt
	@touch $@

.make/tools: labextension/tools/package.json labextension/tools/yarn.lock .make/builder
	@echo "── Installing the panel's test tools"
	cd labextension/tools && PATH="$(CURDIR)/$(BIN):$$PATH" jlpm install --immutable | grep -vE "$(NOISE)"
	@touch $@

$(PANEL): $(PANEL_SOURCES) .make/builder
	@$(MAKE) --no-print-directory needs-node
	@echo "── Building the panel"
	cd labextension && PATH="$(CURDIR)/$(BIN):$$PATH" jlpm install --immutable | grep -vE "$(NOISE)"
	cd labextension && PATH="$(CURDIR)/$(BIN):$$PATH" jlpm run build:prod
	@touch $@

.make/builder: .make/venv
	@echo "── Installing the panel's builder into .venv"
	$(BIN)/python -m pip install --disable-pip-version-check --quiet 'jupyter-builder>=1.2'
	@touch $@

.make/venv:
	@$(MAKE) --no-print-directory needs-python
	@echo "── Making .venv with $(PYTHON)"
	@mkdir -p .make
	@$(PYTHON) -m venv .venv || { \
	  echo "Python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@touch $@

needs-python:
	@[ -n "$(PYTHON)" ] && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "Python 3.10 or newer is needed. Install it, or name one: make demo PYTHON=/path/to/python3" >&2; exit 1; }

needs-node:
	@command -v node >/dev/null && [ "$$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || { \
	  echo "Node 20 or newer is needed to build the panel: found $$(node --version 2>/dev/null || echo none)." >&2; exit 1; }
