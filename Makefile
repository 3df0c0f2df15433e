# Two commands matter to a newcomer: `make demo` and `make test`. Both set up what they need.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: help install demo check format test programs test-fast docs crash fuzz contract bench clean

help:
	@echo "make demo     set up, start everything and follow messages to the handset"
	@echo "make test     set up, run every check and every test (under 15 minutes on 2 cores)"
	@echo "make check    format, lint, strict types, import contracts, repository rules, documentation site"
	@echo "make docs     build the documentation site into site/"
	@echo "make install  only make .venv with heliograph in it"
	@echo "make crash    the whole crash matrix: 20 seeded runs for each fault"
	@echo "make fuzz     one million inputs for each parser"
	@echo "make contract 20,000 generated requests against the API and its OpenAPI document"
	@echo "make bench    the performance table, written to bench/results.json"

$(STAMP): requirements.lock pyproject.toml
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $(STAMP)

install: $(STAMP)

demo: install
	$(BIN)/heliograph demo

format: install
	$(BIN)/ruff format src tests bench examples
	$(BIN)/ruff check --fix --quiet src tests bench examples

check: install
	$(BIN)/ruff format --check src tests bench examples
	$(BIN)/ruff check src tests bench examples
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest -q tests/repository

test: check programs
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup tests

# The portal is tested in Debian's chromium, and an example needs PHP with curl.
programs:
	test -x /usr/bin/chromium && test -x /usr/bin/php || \
	(apt-get update --quiet=2 && DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends \
	chromium php-cli php-curl)

test-fast: install
	$(BIN)/python -m pytest -q tests/domain tests/smpp

docs: install
	$(BIN)/zensical build --strict --clean

crash: install
	$(BIN)/python -m pytest -q tests/crash --crash-runs 20

fuzz: install
	$(BIN)/python -m pytest -q -m fuzz tests --fuzz-inputs 1000000

contract: install
	$(BIN)/python -m pytest -q -s tests/contract --contract-requests 20000

bench: install
	$(BIN)/python -m bench

clean:
	rm -rf .venv
