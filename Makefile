# All commands of this repository. "make help" lists them.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

CACHE := $(CURDIR)/.cache
BIN := $(CURDIR)/.venv/bin
FLOOR := $(CURDIR)/.venv-2.18/bin
TARGET := $(CURDIR)/.venv-target/bin
# All supported ansible-cores. The newest may be a pre-release.
CORES := 2.18 2.19 2.20 2.21 2.22
NEWEST_CORE := $(lastword $(CORES))
# Ansible finds a collection by its path: ansible_collections/<namespace>/<name>.
CHECKOUT := $(CACHE)/collections/ansible_collections/evenkeel/fleet
INSTALLED := $(CACHE)/installed
PEERS := $(CACHE)/peers
PYTEST := $(BIN)/pytest --numprocesses 4 --dist worksteal
WITH_ENGINE := PYTHONPATH=tests $(BIN)/python -m testbed engine

export PATH := $(BIN):$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CACHE)/collections
export ANSIBLE_HOME := $(CACHE)/ansible

.PHONY: help
help: ## List the commands.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

.PHONY: demo
demo: setup ## Show an update that works, and one that is rolled back.
	@PYTHONPATH=tests:$(CACHE)/collections $(BIN)/python -m demo

.PHONY: demo-fleet
demo-fleet: setup ## Show a rollout of a good image over four hosts, and one of a bad image.
	@PYTHONPATH=tests:$(CACHE)/collections $(BIN)/python -m demo.fleet

.PHONY: test
test: checks demo all-tests some-rollouts bench-smoke floor test-core-$(NEWEST_CORE) installed ## Run all checks and tests, with samples of the matrices. Installs and starts what they need.

# Each of these uses one processor. All of sanity runs with the oldest and the newest ansible-core, and pylint with the newest that brings it.
.PHONY: checks
checks: setup setup-floor
	$(MAKE) --jobs 2 --output-sync=target lint types pylint sanity-floor sanity-core-$(NEWEST_CORE)

.PHONY: test-full
test-full: PYTEST += --whole-matrices
test-full: test test-fleet ## Run "make test" and "make test-fleet", with the complete matrices.

.PHONY: lint
lint: setup ## Check the style of Python, YAML, the changelog and Ansible content.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/yamllint --strict .
	$(BIN)/antsibull-changelog lint
	$(BIN)/ansible-lint --offline --profile production --strict

.PHONY: types
types: setup ## Check the types of plugins/module_utils strictly.
	$(BIN)/mypy -p ansible_collections.evenkeel.fleet.plugins.module_utils

.PHONY: sanity
sanity: sanity-newest sanity-floor ## Run ansible-test sanity with the newest ansible-core and with 2.18.

.PHONY: shellcheck
shellcheck: setup
	-PYTHONPATH=tests $(BIN)/python -m testbed unpack shellcheck

.PHONY: sanity-newest
sanity-newest: setup shellcheck
	tools/sanity $(BIN) $(CACHE)/sanity-newest

.PHONY: pylint
pylint: setup
	tools/sanity $(BIN) $(CACHE)/sanity-newest --test pylint

.PHONY: sanity-floor
sanity-floor: setup-floor shellcheck
	tools/sanity $(FLOOR) $(CACHE)/sanity-floor

# The pylint of the newest ansible-core requires a package that is in no registry yet.
.PHONY: $(CORES:%=sanity-core-%)
$(CORES:%=sanity-core-%): sanity-core-%: setup shellcheck
	@tools/with-core $* $(CACHE)/pythons sh -c 'tools/sanity $$BIN $(CACHE)/sanity-$* $(if $(filter $(NEWEST_CORE),$*),--skip-test pylint)'

.PHONY: unit
unit: setup ## Run the tests that need no engine.
	$(BIN)/pytest tests/unit

.PHONY: integration
integration: setup testbed ## Run the tests on an engine configured like 29, and those that depend on its release on 20.10 too.
	$(WITH_ENGINE) 29-like prefer $(PYTEST) tests/contract tests/integration
	$(WITH_ENGINE) 20.10 prefer $(PYTEST) -m oldest_engine tests/contract tests/integration

.PHONY: all-tests
all-tests: setup testbed
	$(PYTEST) --ignore tests/fleet

.PHONY: some-rollouts
some-rollouts: setup testbed
	EVENKEEL_HOSTS=3 $(BIN)/pytest -m sample tests/fleet

.PHONY: molecule
molecule: setup testbed ## Run all molecule scenarios over six real hosts.
	$(BIN)/pytest tests/fleet/test_scenarios.py

.PHONY: test-fleet
test-fleet: setup testbed ## Run the molecule scenarios, and rollouts behind a load balancer.
	$(BIN)/pytest tests/fleet

ENGINES := 20.10 26 28 29-like
.PHONY: test-engines $(ENGINES:%=test-engine-%)
test-engines: $(ENGINES:%=test-engine-%) ## Run all engine tests on engines 20.10, 26, 28, and 28 configured like 29. Requires root.
$(ENGINES:%=test-engine-%): test-engine-%: setup testbed
	$(WITH_ENGINE) $* run $(PYTEST) --record $(CACHE)/tested/$*.json tests/contract tests/integration

MEASURE := env PYTHONPATH=tests:$(CACHE)/collections $(BIN)/python -m bench
.PHONY: bench
bench: setup setup-peers testbed ## Measure on two engines and write docs/benchmarks*. BENCH="--only SUBJECT" prints one subject instead.
	@$(WITH_ENGINE) 29-like run $(MEASURE) $(BENCH)
	@$(WITH_ENGINE) 20.10 run $(MEASURE) $(BENCH)

.PHONY: bench-smoke
bench-smoke: setup setup-peers
	@$(MEASURE) --smoke

.PHONY: chaos
chaos: setup ## Update random containers on a private engine while other actors interfere. CHAOS="--for 600 --seed 7 --engine 29-like".
	@PYTHONPATH=tests:$(CACHE)/collections $(BIN)/python -m testbed up
	@PYTHONPATH=tests:$(CACHE)/collections $(BIN)/python -m chaos $(CHAOS)

.PHONY: floor
floor: setup setup-floor testbed ## Run the main tests with the oldest ansible-core, Python and Docker SDK.
	EVENKEEL_ANSIBLE=$(FLOOR) EVENKEEL_TARGET_PYTHON=$(TARGET)/python $(PYTEST) $(call RECORD,floor) -m floor tests/integration

.PHONY: test-cores $(CORES:%=test-core-%)
test-cores: $(CORES:%=sanity-core-%) $(CORES:%=test-core-%) ## Run sanity, the main tests and the search for secrets with each ansible-core from 2.18 to 2.22.
$(CORES:%=test-core-%): test-core-%: setup testbed
	@tools/with-core $* $(CACHE)/pythons sh -c 'EVENKEEL_ANSIBLE=$$BIN $(PYTEST) $(call RECORD,core-$*) -m "cores or floor" tests/integration'

# "make tested-versions" sets this to record the versions that these runs used.
RECORD =
.PHONY: tested-versions
tested-versions: RECORD = --record $(CACHE)/tested/$(1).json
tested-versions: test-engines floor test-cores ## Run "make test-engines", "make floor" and "make test-cores", and write docs/tested_versions.md.
	@PYTHONPATH=tests:$(CACHE)/collections $(BIN)/python -m support.docs.tested_versions

.PHONY: installed
installed: setup testbed ## Build and install the collection, and test its documentation and run the main tests there.
	rm -rf $(INSTALLED) $(CACHE)/build
	$(BIN)/ansible-galaxy collection build --output-path $(CACHE)/build
	ANSIBLE_COLLECTIONS_PATH=$(INSTALLED) $(BIN)/ansible-galaxy collection install --offline $(CACHE)/build/*.tar.gz
	EVENKEEL_COLLECTIONS=$(INSTALLED) $(PYTEST) -m "installed or floor" tests/integration

.PHONY: testbed
testbed: setup ## Start what the tests and the demo need: an engine, a registry, images.
	@PYTHONPATH=tests $(BIN)/python -m testbed up

.PHONY: testbed-down
testbed-down: setup ## Stop and remove everything that the test bed set up.
	@PYTHONPATH=tests $(BIN)/python -m testbed down

.PHONY: docs
docs: setup ## Write the documents that are generated from the tests.
	@PYTHONPATH=tests $(BIN)/python -m support.docs.behaviours
	@PYTHONPATH=tests $(BIN)/python -m support.docs.engine_calls
	@PYTHONPATH=tests $(BIN)/python -m support.docs.nights

.PHONY: format
format: setup ## Format the Python code.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: clean
clean: ## Remove all generated files from this directory.
	rm -rf .cache .venv .venv-2.18 .venv-target .mypy_cache .pytest_cache .ruff_cache

.PHONY: setup
setup: $(BIN)/.done $(CHECKOUT)

.PHONY: setup-floor
setup-floor: $(FLOOR)/.done $(TARGET)/.done

.PHONY: setup-peers
setup-peers: $(PEERS)/.done

$(CACHE)/pythons/.done: tools/link-pythons
	tools/link-pythons $(@D)
	touch $@

$(BIN)/.done: tests/requirements.txt $(CACHE)/pythons/.done
	tools/virtualenv newest $(CACHE)/pythons $(BIN) $<

$(FLOOR)/.done: tests/requirements-floor-controller.txt $(CACHE)/pythons/.done
	tools/virtualenv newest $(CACHE)/pythons $(FLOOR) $<

$(TARGET)/.done: tests/requirements-floor-target.txt $(CACHE)/pythons/.done
	tools/virtualenv oldest $(CACHE)/pythons $(TARGET) $<

$(PEERS)/.done: tests/requirements-peers.txt tools/peers $(BIN)/.done
	tools/peers $(BIN) $< $(@D)

$(CHECKOUT):
	mkdir -p $(@D)
	ln -s ../../../.. $@
