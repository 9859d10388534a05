# The face of evalkit. `make help` lists what there is.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
# Compiled modules are kept, whatever the surroundings say: without them every start costs seconds.
unexport PYTHONDONTWRITEBYTECODE

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

# ------------------------------------------------------------------ reports
PY := $(BIN)/python
DEMO := data/demo/extract.toml
IS_DEMO = $(filter data/demo data/demo/,$(DATA))
NEEDS_DEMO = $(if $(IS_DEMO),$(DEMO))
# The demonstration is set beside the published evaluation; your own extract is evaluated on its own.
SPEC ?= $(if $(IS_DEMO),notebooks/specs/ete.toml,notebooks/specs/employment.toml)

$(DEMO): $(wildcard evalkit/synthetic/*.py evalkit/ogrs/*.py evalkit/ogrs/*.toml evalkit/ogrs/*.csv) | $(RUN_READY)
	@rm -rf data/demo
	@$(PY) -m evalkit demo data/demo

.PHONY: demo
demo: $(DEMO)  ## the demonstration extract, data/demo (synthetic people)

.PHONY: report
report: $(NEEDS_DEMO) | $(RUN_READY)  ## the employment report, reports/ete.html; DATA=folder takes your own extract
	@$(PY) -m evalkit report "$(SPEC)" --data "$(DATA)" --out "$(OUT)"

.PHONY: matched
matched: $(NEEDS_DEMO) | $(RUN_READY)  ## the matched comparison of the same service, reports/matched.html
	@$(PY) -m evalkit report notebooks/specs/matched.toml --data "$(DATA)" --out "$(OUT)"

.PHONY: rat
rat: $(NEEDS_DEMO) | $(RUN_READY)  ## are people in teams, areas, cohorts reconvicted more, or less, than people like them?
	@$(PY) -m evalkit report notebooks/specs/rat.toml --data "$(DATA)" --out "$(OUT)"
	@$(PY) -m evalkit batch notebooks/specs/briefing.toml --by area --data "$(DATA)" --out "$(OUT)"
	@$(PY) -m evalkit batch notebooks/specs/briefing.toml --by team --data "$(DATA)" --out "$(OUT)"
	@$(PY) -c "import sys, evalkit.reports.briefings as made; print('Written:', made.write_briefings_index(sys.argv[1]))" "$(OUT)"

.PHONY: reports
reports: report matched gate interventions summary  ## every report of the demonstration extract

.PHONY: summary
summary: $(NEEDS_DEMO) | $(RUN_READY)  ## every evaluation's headline on one page, reports/summary.html
	@$(PY) -m evalkit report notebooks/specs/summary.toml --data "$(DATA)" --out "$(OUT)"

.PHONY: gate
gate: $(NEEDS_DEMO) | $(RUN_READY)  ## from prison to community: the Through-the-Gate report, reports/through_the_gate.html
	@$(PY) -m evalkit report notebooks/specs/through_the_gate.toml --data "$(DATA)" --out "$(OUT)"

INTERVENTIONS := domestic_abuse accommodation wellbeing skills
.PHONY: interventions
interventions: $(NEEDS_DEMO) | $(RUN_READY)  ## one notebook, four services: reports/{domestic_abuse,accommodation,wellbeing,skills}.html
	@for name in $(INTERVENTIONS); do $(PY) -m evalkit report "notebooks/specs/$$name.toml" --data "$(DATA)" --out "$(OUT)" || exit 1; done

REPORT ?= reports/ete.html
.PHONY: pdf
pdf: | $(RUN_READY)  ## a report on paper, REPORT=reports/ete.html (needs Chromium)
	@$(PY) -m evalkit pdf "$(REPORT)"

BY ?= area
.PHONY: areas
areas: $(NEEDS_DEMO) | $(RUN_READY)  ## the employment report of each area, reports/index.html lists them; BY=team takes teams
	@$(PY) -m evalkit batch "$(SPEC)" --by "$(BY)" --data "$(DATA)" --out "$(OUT)"

.PHONY: real-data
real-data: | $(DEV_READY)  ## two studies of real people from public microdata: rossi.html, recid.html, recid_matched.html
	@$(PY) data/prepare_real.py data/real
	@$(PY) -m evalkit report notebooks/specs/rossi.toml --out "$(OUT)"
	@$(PY) -m evalkit report notebooks/specs/recid.toml --out "$(OUT)"
	@$(PY) -m evalkit report notebooks/specs/recid_matched.toml --out "$(OUT)"

.PHONY: lab
lab: $(NEEDS_DEMO) | $(RUN_READY)  ## JupyterLab at notebooks/, to explore (start with explore.ipynb)
	@$(BIN)/jupyter lab --notebook-dir=notebooks $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_ARGS)

# ------------------------------------------------------------------ development
.PHONY: test
test: $(DEMO) | $(DEV_READY)  ## every test, on two processes (each with one thread: more would wait for each other)
	@OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: test-full
test-full: | $(DEV_READY)  ## the full-size runs: a million people, minutes
	@$(PY) -m pytest -m full --timeout 0

.PHONY: validate
validate: $(DEMO) | $(DEV_READY)  ## does it tell the truth? a thousand simulated studies, reports/validation.html, minutes
	@$(PY) data/prepare_real.py data/real
	@$(PY) -m evalkit report notebooks/specs/validation.toml --out "$(OUT)"

.PHONY: check
check: | $(DEV_READY)  ## format, lint and types
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy

.PHONY: fix
fix: | $(DEV_READY)  ## put format and simple lint right
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet .

.PHONY: bench
bench: $(DEMO) | $(DEV_READY)  ## timings and memory beside the alternatives, as ratios (not part of the tests)
	@for script in benchmarks/*.py; do echo "== $$script"; $(PY) $$script || exit 1; done

data/README.md: $(wildcard evalkit/intake/*.py evalkit/synthetic/*.py) | $(RUN_READY)
	@$(PY) -m evalkit dictionary > $@

.PHONY: dictionary
dictionary: data/README.md  ## the data dictionary, data/README.md, from the declared tables

.PHONY: clean
clean:  ## remove reports, the demonstration extract and caches (not the environment)
	@rm -f reports/*.html reports/manifest.json reports/.evalkit.lock
	@rm -rf data/demo data/real .pytest_cache .ruff_cache .mypy_cache .hypothesis
