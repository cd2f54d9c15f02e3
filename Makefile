# Tilth: what there is to do here, one target each. `make` alone lists them.
#
# The environment is .venv; the folder holds a stamp for each kind of it, so that nothing is installed twice.
#   make PYTHON=/path/to/python3.12 …    which Python makes it; else the first on PATH that is new enough
#   make test JOBS=1 ARGS="-k impute"    how many tests at once; words for pytest

.DEFAULT_GOAL := help
.PHONY: help demo test test-deep check lint fix types docs load bench constraints hooks changelog clean

RUN := .venv/bin/python -m
PYTEST = $(RUN) pytest -n $(JOBS) --maxprocesses 8 --dist loadgroup
JOBS ?= auto
ARGS ?=

# The tests start many processes and workers: where this is set, each of them would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/.demo  ## example data with planted flaws through the whole flow; prints where the report lies
	@$(RUN) tilth demo -o demo
	@echo "The report: $(CURDIR)/demo/result/report.html"

test: lint types  ## lint, types, and every test, Spark and a browser included
	@$(PYTEST) $(ARGS)

test-deep: .venv/.test  ## every test, also of full size, and with many more examples for each property
	@HYPOTHESIS_PROFILE=deep $(PYTEST) -o faulthandler_timeout=3600 $(ARGS)

check: .venv/.test  ## lint, types, and the quick tests: no Spark, no browser
	@$(RUN) ruff check
	@$(RUN) ruff format --check
	@{ .venv/bin/lint-imports && $(RUN) mypy; } & \
		HYPOTHESIS_PROFILE=quick $(PYTEST) -m "not spark and not browser and not slow" $(ARGS); tests=$$?; wait $$! && exit $$tests

lint: .venv/.test  ## style, layout of the code, and the layers
	@$(RUN) ruff check
	@$(RUN) ruff format --check
	@.venv/bin/lint-imports

fix: .venv/.test  ## mends what the linter and the formatter can mend by themselves
	@$(RUN) ruff check --fix
	@$(RUN) ruff format

types: .venv/.test  ## the type checker
	@$(RUN) mypy

docs: .venv/.test  ## runs the examples in the pages and in the docstrings
	@$(RUN) pytest src tests/house/test_documents.py $(ARGS)

load: .venv/.test  ## five minutes of valid and broken requests against a server at full load
	@$(RUN) bench.load --seconds 300 $(ARGS)

bench: .venv/.test  ## the measurements behind docs/performance.md
	@$(RUN) bench $(ARGS)

constraints: .venv/.test  ## pins the newest versions that fit, for Python 3.11 and newer, on every machine
	@$(RUN) uv pip compile -q --upgrade --universal --no-header --no-annotate --python-version 3.11 --all-extras \
		pyproject.toml -o constraints.txt

hooks: .venv/.test  ## runs the checks before each commit from now on
	@$(RUN) pre_commit install

changelog: .venv/.demo  ## the changes since the last release, as the changelog will show them
	@.venv/bin/python scripts/changelog.py

clean:  ## removes all that was made here, the environment included
	rm -rf .venv .*_cache .hypothesis build dist demo out bench/data bench/out bench/.peers spark-warehouse
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.demo: pyproject.toml constraints.txt scripts/environment
	@scripts/environment
	@touch $@

.venv/.test: pyproject.toml constraints.txt scripts/environment
	@scripts/environment test
	@$(RUN) tests.archive
	@touch $@ .venv/.demo
