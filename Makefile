# agtui: `make run` starts the program, `make test` runs its tests. Everything else is below.
# Each target sets up what it needs in .venv; a second run finds it there and does not touch the network.

SHELL  := /bin/bash
VENV   := .venv
PY     := $(VENV)/bin/python
STAMPS := $(VENV)/.stamps

.PHONY: run serve test install lint bench shots clean

run: $(STAMPS)/runtime  ## start agtui (the terminal program; headless on the sandbox without a terminal)
	@if [ -t 0 ] && [ -t 1 ]; then exec $(VENV)/bin/agtui; else exec $(VENV)/bin/agtui serve --sandbox; fi

serve: $(STAMPS)/runtime  ## start the gateway alone, on the sandbox
	@exec $(VENV)/bin/agtui serve --sandbox

install: $(STAMPS)/runtime  ## set up the runtime only

test: $(STAMPS)/dev  ## run all tests
	@$(PY) -m pytest

lint: $(STAMPS)/dev $(STAMPS)/lint  ## ruff, pyright, import rules
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/pyright
	$(VENV)/bin/lint-imports

bench: $(STAMPS)/dev  ## print the figures of this machine
	@$(PY) -m pytest -m bench tests/bench -q -s --timeout 600

shots: $(STAMPS)/dev  ## write screenshots/ from the real program on the sandbox
	@$(PY) -m tests.shots

clean:
	rm -rf $(VENV)

# A virtual environment from the standard library, else from uv, else one sentence that helps.
$(PY):
	@python3 -m venv $(VENV) 2>/dev/null \
	  || { rm -rf $(VENV); command -v uv >/dev/null && uv venv --seed --quiet $(VENV); } \
	  || { rm -rf $(VENV); echo "agtui needs Python 3.11 or newer with the venv module: install python3-venv (or uv) and try again." >&2; exit 1; }
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { rm -rf $(VENV); echo "agtui needs Python 3.11 or newer; python3 here is older." >&2; exit 1; }

$(STAMPS)/runtime: pyproject.toml | $(PY)
	@echo "agtui: setting up .venv (once)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --editable .
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: pyproject.toml | $(PY)
	@echo "agtui: setting up .venv for the tests (once)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@mkdir -p $(STAMPS) && touch $@ $(STAMPS)/runtime

$(STAMPS)/lint: pyproject.toml | $(PY)
	@$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[lint]'
	@mkdir -p $(STAMPS) && touch $@
