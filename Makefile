# Every target makes .venv from nothing; python3 (3.10 or newer) and make are all it takes. Where there are
# node (18 or newer) and npm too, `make test` also runs ftrack's JavaScript client.
#
#   make demo     start a local ftrack with demo data, click an action, show the file     (ONCE=1: stop there)
#   make test     all tests
#   make soak     the fuzz tests with ten times as many examples, others each time (some minutes)
#   make check    ruff, mypy, and whether the page of features and their tests is up to date
#   make bench    every script in benchmarks/
#   make bundle   the plugin for ftrack Connect, in dist/
#   make clean    remove what the others made

PYTHON3 ?= python3
VENV ?= .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PYTHON := $(BIN)/python
INSTALL := $(PYTHON) -m pip install --quiet --disable-pip-version-check

# ftrack's JavaScript client, which tests run where there is Node.
JAVASCRIPT := tests/contract/javascript
ifneq ($(and $(shell command -v node 2>/dev/null),$(shell command -v npm 2>/dev/null)),)
JAVASCRIPT_READY := $(JAVASCRIPT)/node_modules/.ready
endif

.PHONY: demo test soak check bench bundle clean

# Two marks, so that the demo waits for no test tool.
RUN_READY := $(VENV)/.ready-to-run
TEST_READY := $(VENV)/.ready-to-test

demo: $(RUN_READY)
	$(PYTHON) demo/run.py

test: $(TEST_READY) $(JAVASCRIPT_READY)
	$(PYTHON) -m pytest -n auto --dist loadfile $(PYTEST_ARGS)

soak: $(TEST_READY)
	FTRACK_SOAK=1 $(PYTHON) -m pytest tests/contract/test_fuzz.py $(PYTEST_ARGS)

check: $(TEST_READY)
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy --strict source
	$(PYTHON) doc/coverage.py --check

bench: $(TEST_READY)
	@found=no; \
	for script in benchmarks/*.py; do \
	    if [ -f "$$script" ]; then found=yes; echo "$(PYTHON) $$script"; $(PYTHON) "$$script" || exit 1; fi; \
	done; \
	if [ $$found = no ]; then echo "make bench: there is no benchmark in benchmarks/ yet"; fi

bundle: $(TEST_READY)
	$(PYTHON) setup.py --quiet build_plugin

$(RUN_READY): setup.py pyproject.toml | $(PYTHON)
	$(INSTALL) --editable '.[sandbox]'
	@touch $@

$(TEST_READY): setup.py pyproject.toml | $(PYTHON)
	$(INSTALL) --editable '.[test]'
	@touch $(RUN_READY) $@

# Without it those tests say why they are skipped, or fail in CI; all others run.
$(JAVASCRIPT)/node_modules/.ready: $(JAVASCRIPT)/package.json $(JAVASCRIPT)/package-lock.json
	@if npm ci --prefix $(JAVASCRIPT) --no-audit --no-fund --loglevel=error; then touch $@; else \
	    echo "make: npm could not install ftrack's JavaScript client" >&2; fi

# Debian and Ubuntu keep ensurepip in a package of its own (python3-venv); with a pip of the system's it works without.
$(PYTHON):
	@$(PYTHON3) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	    echo "make: '$(PYTHON3)' is missing or older than Python 3.10; name another one: make PYTHON3=python3.12 ..." >&2; \
	    exit 1; }
	@if $(PYTHON3) -c 'import ensurepip' 2>/dev/null; then \
	    $(PYTHON3) -m venv --clear $(VENV); \
	elif $(PYTHON3) -m pip --version >/dev/null 2>&1; then \
	    $(PYTHON3) -m venv --clear --without-pip $(VENV) && \
	    $(PYTHON3) -m pip --quiet --python $(PYTHON) install pip; \
	else \
	    echo "make: this Python can make no virtual environment, since it has neither ensurepip nor pip." >&2; \
	    echo "make: on Debian and Ubuntu: apt-get install python3-venv" >&2; \
	    false; \
	fi || { rm -rf $(VENV); exit 1; }

clean:
	rm -rf $(VENV) build dist demo-output .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf source/*.egg-info $(JAVASCRIPT)/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
