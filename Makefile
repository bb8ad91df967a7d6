# Two commands: `make run` and `make test`. Everything else is for developers.
# A fresh machine needs CPython 3.11+, pip, npm and make; what more it takes lands in .venv and var.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
LOCK_FLAGS := --quiet --disable-pip-version-check --require-hashes --no-deps

export FACEAUTH_HOME ?= $(CURDIR)/var

.PHONY: help run demo install models test check format lock wheel clean

help:
	@echo "make run      set everything up and serve on https://localhost:8443"
	@echo "make demo     the whole story on six faces, in seconds"
	@echo "make test     set everything up and run all tests"
	@echo "make check    ruff, mypy, import-linter"
	@echo "make install  set-up only: afterwards $(BIN)/faceauth works"
	@echo "make lock     renew requirements*.lock from pyproject.toml"
	@echo "make wheel    build dist/faceauth-*.whl and put the lock beside it"

$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing locked dependencies into $(VENV) ..."
	@$(BIN)/python -m pip install $(LOCK_FLAGS) -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(DEV_STAMP): $(STAMP) requirements-dev.lock
	@echo "Installing locked developer tools into $(VENV) ..."
	@$(BIN)/python -m pip install $(LOCK_FLAGS) -r requirements-dev.lock
	@touch $@

models: $(STAMP)
	@$(BIN)/faceauth models install

install: models

run: models
	@exec $(BIN)/faceauth serve

demo: models
	@$(BIN)/faceauth demo

# What measures time runs alone, afterwards; both passes always run, and either failing fails the command.
WORKERS ?= logical

test: $(DEV_STAMP) models
	@$(BIN)/python -m pytest -m "not alone" -n $(WORKERS) --maxprocesses=4 --dist loadfile --no-loadscope-reorder; \
	together=$$?; $(BIN)/python -m pytest -m alone; alone=$$?; exit $$((together | alone))

check: $(DEV_STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(DEV_STAMP)
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

UV_COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-package opencv-python pyproject.toml --group build

lock: $(DEV_STAMP)
	@$(UV_COMPILE) -o requirements.lock
	@$(UV_COMPILE) --group dev -o requirements-dev.lock

wheel: $(STAMP)
	@rm -rf dist
	@$(BIN)/python -m hatchling build -t wheel
	@cp requirements.lock dist/

clean:
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
