# make install   .venv with the jmlr command
# make demo      the whole job on the sample that ships, in minutes
# make test      the test suite
# make site      the documentation as pages, in build/site
# make lint      ruff, and mypy on every type hint
# make fuzz      ten thousand inputs for each reader, the recipes and the server
# make test-thorough   hundreds of kills, minutes of load, large files: half an hour
# make security  bandit over the code, pip-audit over the pinned versions (which needs an advisory service)
PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip --quiet --disable-pip-version-check

.PHONY: install demo test test-thorough fuzz site lint security clean

install: $(VENV)/installed

demo: install
	$(VENV)/bin/jmlr demo

# two workers with one thread each use two cores better than one worker with two threads
test: $(VENV)/installed-test
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest --numprocesses 2 --dist worksteal

lint: $(VENV)/installed-dev
	$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/mypy

test-thorough: $(VENV)/installed-test
	JMLR_THOROUGH=1 OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest --numprocesses 2 --dist worksteal tests/safety tests/serving

fuzz: $(VENV)/installed-fuzz
	JMLR_FUZZ=10000 OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest --numprocesses 2 --dist worksteal tests/safety/test_fuzz.py

security: $(VENV)/installed-security
	$(VENV)/bin/python -m bandit --quiet --configfile pyproject.toml --recursive jmlr_cli plugins
	$(VENV)/bin/python .ci/audit.py

site: $(VENV)/installed-docs
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict --quiet

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'jmlr needs Python 3.11 or newer; name one: make PYTHON=python3.12'; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo 'the venv module is missing: apt install python3-venv'; rm -rf $(VENV); exit 1; }

$(VENV)/installed: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo 'installing jmlr and what it needs (about 1 GB; a few minutes)'
	$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(PIP) install --constraint constraints.txt --editable '.[test]'
	@touch $@

$(VENV)/installed-docs: $(VENV)/installed
	$(PIP) install --constraint constraints.txt --editable '.[docs]'
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed-test
	$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(VENV)/installed-fuzz: $(VENV)/installed-test
	$(PIP) install --constraint constraints.txt --editable '.[fuzz]' \
		|| echo 'atheris cannot be installed here: no inputs are bred by coverage, only drawn' >&2
	@touch $@

$(VENV)/installed-security: $(VENV)/installed
	$(PIP) install --constraint constraints.txt --editable '.[security]'
	@touch $@

clean:
	rm -rf $(VENV) build dist
