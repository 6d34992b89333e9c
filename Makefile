# Needs Python 3.11 to 3.13 and make; everything else is installed into .venv (locked, with hashes) at first use.

PYTHON ?= python3
FILE ?= sample/comments.csv
OUT ?= results
ARGS ?=

UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
CLUSTER := .venv-cluster
STORE := .venv-store
SYNC := $(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python
COMPILE := UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SILENT:
.NOTPARALLEL:
.PHONY: help run ui airflow test store-test up down logs password cluster cluster-test lint format lock fuzz bench \
	bench-days bench-polling bench-cluster train train-feedback evaluate clean

help: ## list the targets
	awk -F '## ' '/^[a-z-]+:.*## / {split($$1, target, ":"); printf "make %-15s %s\n", target[1], $$2}' Makefile

# The values reach the shell through the environment, so any character may be in a file's name.
export COMMENTS_FILE = $(value FILE)
export COMMENTS_OUT = $(value OUT)
run: $(VENV)/.runtime-stamp ## analyse an export: FILE=path OUT=dir ARGS="--batch-size 5000 ..."
	exec $(BIN)/python -m include.local_airflow run --out "$$COMMENTS_OUT" $(ARGS) -- "$$COMMENTS_FILE"

ui: $(VENV)/.runtime-stamp ## the whole Airflow with its UI, until Ctrl-C: ARGS="--port 8080"
	exec $(BIN)/python -m include.local_airflow ui $(ARGS)

airflow: $(VENV)/.runtime-stamp ## a command of Airflow's own, for the Airflow of make ui: ARGS="dags list"
	exec $(BIN)/python -m include.local_airflow airflow $(ARGS)

test: $(VENV)/.dev-stamp ## run the tests: ARGS="-m 'not slow' ..."
	exec $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

store-test: $(STORE)/.store-stamp ## test roots in an object store, against a real S3 server
	exec $(STORE)/bin/python -m pytest tests/store $(ARGS)

lint: $(VENV)/.dev-stamp ## ruff and mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/.dev-stamp ## let ruff format and mend the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

up: ## start the cluster of docker-compose.yaml: ARGS="--scale worker=4"
	docker compose up --detach --build $(ARGS)
	echo "Airflow is at http://$$(docker compose port api-server 8080)  user: admin  password: make password"

down: ## end the cluster; its data stays
	docker compose down

logs: ## follow what the cluster says: ARGS="worker"
	exec docker compose logs --follow --tail 100 $(ARGS)

password: ## the passwords of the cluster's UI
	exec docker compose exec -T api-server cat /opt/airflow/login/passwords.json

cluster: $(CLUSTER)/.cluster-stamp ## the same as local processes, without Docker, until Ctrl-C: ARGS="--workers 2"
	exec $(CLUSTER)/bin/python -m tests.cluster $(ARGS)

cluster-test: $(CLUSTER)/.cluster-stamp ## test these processes, and what they survive
	exec $(CLUSTER)/bin/python -m pytest tests/cluster -m cluster -v $(ARGS)

lock: $(VENV)/.uv-stamp ## resolve the requirements*.txt into the lock files
	$(COMPILE) requirements.txt -o requirements.lock
	$(COMPILE) -c requirements.lock requirements-dev.txt -o requirements-dev.lock
	$(COMPILE) -c requirements-dev.lock requirements-cluster.txt -o requirements-cluster.lock
	$(COMPILE) requirements-store.txt -o requirements-store.lock

fuzz: $(VENV)/.dev-stamp ## feed damaged files to the reader for a minute: ARGS="--seconds 60 --seed 1"
	exec $(BIN)/python -m tests.fuzz_reader $(ARGS)

bench: $(VENV)/.dev-stamp ## measure each target beside its reference: ARGS="--quick", "--only engine dag", "--large"
	exec $(BIN)/python -m tests.bench $(ARGS)

bench-days: $(VENV)/.dev-stamp ## measure a backfill of many days: ARGS="--days 365 --rows 1000"
	exec $(BIN)/python -m tests.bench_days $(ARGS)

bench-polling: $(VENV)/.dev-stamp ## measure what many who follow a run take of it: ARGS="--clients 50 --seconds 3"
	exec $(BIN)/python -m tests.bench_polling $(ARGS)

bench-cluster: $(CLUSTER)/.cluster-stamp ## measure the cluster with 1 and 2 workers: ARGS="--rows 500000"
	exec $(CLUSTER)/bin/python -m tests.bench_cluster $(ARGS)

train: $(VENV)/.dev-stamp ## learn the weights of the emotion model again: ARGS="--data folder --out file"
	exec $(BIN)/python -m train.emotions $(ARGS)

train-feedback: $(VENV)/.dev-stamp ## learn from the labelled customer comments again: ARGS="--out file"
	exec $(BIN)/python -m train.feedback $(ARGS)

evaluate: $(VENV)/.dev-stamp ## how well the analyses agree with a reader: ARGS="--differences 4"
	exec $(BIN)/python -m evaluation $(ARGS)

clean: ## remove .venv*, .airflow and caches
	rm -rf $(VENV) $(CLUSTER) $(STORE) .airflow .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is written last and removed first, so an interrupted set-up is done again.
$(VENV)/.uv-stamp:
	command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is not here; install Python 3.11, 3.12 or 3.13, or name one: make PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
		{ echo "error: $(PYTHON) is $$($(PYTHON) -V 2>&1), but 3.11, 3.12 or 3.13 is needed; name one: make PYTHON=python3.12" >&2; exit 2; }
	echo "Setting up (once) ..." >&2
	[ "$$($(BIN)/python -m uv --version 2>/dev/null | cut -d' ' -f1,2)" = "uv $(UV_VERSION)" ] || \
		{ rm -rf $(VENV) && $(PYTHON) -m venv $(VENV) && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); }
	touch $@

$(VENV)/.runtime-stamp: requirements.lock | $(VENV)/.uv-stamp
	if [ -e $(VENV)/.dev-stamp ]; then lock=requirements-dev.lock; else lock=requirements.lock; fi; \
	echo "Installing $$lock ..." >&2; rm -f $@; $(SYNC) $$lock
	touch $@

$(VENV)/.dev-stamp: requirements-dev.lock requirements.lock | $(VENV)/.uv-stamp
	echo "Installing requirements-dev.lock ..." >&2
	rm -f $@ $(VENV)/.runtime-stamp
	$(SYNC) requirements-dev.lock
	touch $(VENV)/.runtime-stamp $@

# The cluster has an environment of its own, so that one machine does not carry what it does not need.
$(CLUSTER)/.cluster-stamp: requirements-cluster.lock requirements-dev.lock
	$(MAKE) --no-print-directory VENV=$(CLUSTER) $(CLUSTER)/.uv-stamp
	echo "Installing requirements-cluster.lock ..." >&2
	rm -f $@
	$(CLUSTER)/bin/uv pip sync --quiet --python $(CLUSTER)/bin/python requirements-dev.lock requirements-cluster.lock
	touch $@

# The tests of object stores have an environment of their own: what opens S3 holds back libraries of the others.
$(STORE)/.store-stamp: requirements-store.lock
	$(MAKE) --no-print-directory VENV=$(STORE) $(STORE)/.uv-stamp
	echo "Installing requirements-store.lock ..." >&2
	rm -f $@
	$(STORE)/bin/uv pip sync --quiet --python $(STORE)/bin/python requirements-store.lock
	touch $@
