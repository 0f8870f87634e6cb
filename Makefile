# The one way to do each thing; `make help` lists them. Everything missing on the machine is installed, or named.
PYTHON ?= python3
PY := .venv/bin/python
PYTEST := $(PY) -m pytest -q
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help venv demo test test-full lint unit contracts integration api e2e bench cluster-up cluster-down generate plugin

help: ## this list
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

venv:
	@$(PYTHON) -m tests.tools.venv

demo: venv ## from nothing: a real Kubernetes, real calls, a bad model rolled back, a good one promoted
	@$(PY) -m tests.demo

test: venv ## all that must pass to land: lint, unit, contracts, integration, api, e2e
	@$(PY) -m tests.tools.check lint unit contracts integration api e2e

test-full: venv ## everything in `test`, and the long matrices
	@UNDERSTUDY_FULL=1 $(PY) -m tests.tools.check lint unit contracts integration api e2e

lint unit contracts integration api e2e: venv ## one part of `make test`
	@$(PY) -m tests.tools.check $@

bench: venv ## benchmarks: all, or NAME=turn|rollback|routing|proxy|faults|speech|verdict [ARGS=--quick]; each ends with one JSON object
	@$(PY) -m tests.bench $(NAME) $(ARGS)

cluster-up: venv ## only the cluster, with the images loaded
	@$(PYTHON) -m tests.cluster up

cluster-down: ## take the cluster away; nothing is left behind but the build cache
	@$(PYTHON) -m tests.cluster down

generate: venv ## regenerate crds/ and docs/reference from the models
	@$(PY) -m tests.tools.generate

plugin: venv ## dist/kubectl-understudy: the kubectl plugin as one file, for this Python and platform
	@$(PY) -m tests.tools.plugin
