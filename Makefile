# The face of evalkit. `make help` lists what there is.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
DATA ?= data/demo
OUT ?= reports
# Stamps carry the lock's content, not its time: a fresh checkout with the same lock installs nothing.
lock_id = $(shell cksum < $(1) | cut -d" " -f1)
RUN_READY := $(VENV)/.ready-run-$(call lock_id,requirements.lock)
DEV_READY := $(VENV)/.ready-dev-$(call lock_id,requirements-dev.lock)

.PHONY: help
help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# ------------------------------------------------------------------ the environment, made once
$(UV):
	@sh .ci/bootstrap $(VENV) $(UV_VERSION)

$(RUN_READY): | $(UV)
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@rm -f $(VENV)/.ready-*; touch $@

$(DEV_READY): $(RUN_READY)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements-dev.lock
	@touch $@

.PHONY: env
env: $(RUN_READY)  ## the environment alone (reports and JupyterLab)

.PHONY: lock
lock: $(UV)  ## resolve pyproject.toml into the two hashed lock files again
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --custom-compile-command "make lock" pyproject.toml -o requirements.lock
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --custom-compile-command "make lock" --all-extras -c requirements.lock pyproject.toml -o requirements-dev.lock
