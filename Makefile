# What people run, laptops and CI alike; `make` alone lists it. Needs git, make and any python3.

PYTHON := .venv/bin/python
UV = $(shell command -v uv || echo .thaw/uv/bin/uv)
LOCK = $(UV) pip compile --universal --python-version 3.11 --no-header --quiet
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help env dev test test-slow test-all check fix lock package

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# .venv's own Python first: it starts faster than a pyenv shim.
env: ## .venv with everything pinned; does nothing when it is up to date
	@for python in $(PYTHON) python3 /usr/bin/python3; do \
		"$$python" -c "" 2>/dev/null && exec "$$python" dev/bootstrap.py; \
	done; echo "make env: no python3 runs here: install Python 3.13." >&2; exit 1

dev: env ## database, API and a demo token, until Ctrl-C
	@.venv/bin/thaw up

test: env ## the fast tests, with coverage
	@$(PYTHON) -m pytest -m "not slow" -n $(WORKERS) --cov --cov-report=term-missing:skip-covered

test-slow: env ## the tests that take minutes, or Node and PgBouncer
	@$(PYTHON) -m pytest -m slow -n $(WORKERS)

test-all: test test-slow ## both

check: env ## format, lint, types, who may import whom, the revisions' SQL, the workflows
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@.venv/bin/thaw lint

package: env ## what is deployed: Lambda's zips and Vercel's function, in .thaw/build
	@begun=$$(date +%s); \
	for arch in x86_64 arm64; do .venv/bin/thaw build lambda --arch $$arch || exit 1; done; \
	.venv/bin/thaw build vercel || exit 1; \
	echo "make package: $$(($$(date +%s) - begun)) seconds"

fix: env ## format, and mend what can be mended
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

lock: env ## pin the newest versions that the pyproject.tomls allow
	@$(LOCK) --upgrade --group pyproject.toml:deploy -o requirements.txt
	@$(LOCK) --upgrade --group dev/pyproject.toml:dev -c requirements.txt -o dev/requirements.txt
	@$(LOCK) --upgrade --group dev/pyproject.toml:clients -o tests/clients/requirements.txt
	@$(LOCK) --upgrade --group dev/pyproject.toml:lambda -o dev/aws/requirements.txt
	@$(LOCK) --upgrade --group dev/pyproject.toml:cloud -o dev/aws/cloud.txt
	@$(LOCK) --upgrade --group dev/pyproject.toml:emulator --no-deps -o dev/aws/emulator.txt
