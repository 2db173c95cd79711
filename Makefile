# Prerequisites: Python >= 3.11, Terraform >= 1.9 (or OpenTofu: TERRAFORM=tofu) and make.
# Everything else is installed by these targets into .venv*, from locked and hashed requirements.
# Every path is relative, so that a clone in a directory with a space in its name works too.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

PYTHON ?= python3
TERRAFORM ?= terraform
# An external LocalStack-compatible endpoint, e.g. http://localhost:4566. Empty: start the embedded one.
ENDPOINT ?=
# Added to every pytest call, e.g. PYTEST_ARGS="-k claim -x".
PYTEST_ARGS ?=
# Of `make drills`: how many times a serial number is claimed in both Regions, and how many devices lose one.
ROUNDS ?= 30
DEVICES ?= 12
# Of `make rollout`: the manifest, and options of `iot-provisioning rollout run`.
MANIFEST ?= rollout.yaml
ARGS ?=

export TERRAFORM
export ENDPOINT
export PIP_DISABLE_PIP_VERSION_CHECK := 1

VENV := .venv
PY := $(VENV)/bin/python
PYTEST := $(PY) -m pytest
ENDPOINT_ENV := .venv-endpoint
CHECKOV_ENV := .venv-checkov
# The layers of `make test`; tests/conftest.py says how three processes share them.
LAYERS := tests/static tests/unit tests/plan tests/checkov tests/terraform tests/e2e tests/security

##@ Start here

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { line[++n] = substr($$0, 5) } \
	  /^[a-z][a-z0-9-]*:.*## / { name[++n] = $$1; line[n] = $$2; if (length($$1) > width) width = length($$1) } \
	  END { for (i = 1; i <= n; i++) \
	    if (i in name) printf "  %-" width "s  %s\n", name[i], line[i]; \
	    else printf "\n%s\n", line[i] }' $(MAKEFILE_LIST)
	@printf '\nVariables: PYTHON=%s TERRAFORM=%s ENDPOINT=%s PYTEST_ARGS=%s\n' \
	  '$(PYTHON)' '$(TERRAFORM)' '$(ENDPOINT)' '$(PYTEST_ARGS)'

.PHONY: demo
demo: environments package ## Two stacks on an embedded endpoint, devices let in and refused; then stop it
	@$(PY) -m tools.demo run

.PHONY: test
test: environments package ## Run every test layer except the slow ones
	@$(PYTEST) $(LAYERS) -n 3 --cov --cov-report=term --cov-fail-under=100 $(PYTEST_ARGS)

##@ Build

.PHONY: setup
setup: environments ## Install the tools, the embedded endpoint and checkov into .venv*
	@$(PY) -m tools.terraform_env check

.PHONY: package
package: $(VENV)/.stamp ## Build the byte-identical Lambda packages in build/
	@$(PY) -m tools.packaging

.PHONY: docs
docs: $(VENV)/.stamp ## Write the inputs and outputs tables of the Terraform modules' READMEs
	@$(PY) -m tools.terraform_docs

.PHONY: format
format: $(VENV)/.stamp ## Format Python and Terraform
	@$(PY) -m ruff check --fix --select I --quiet .
	@$(PY) -m ruff format --quiet .
	@$(PY) -m tools.terraform_env run -- fmt -recursive terraform

.PHONY: lock
lock: $(VENV)/.stamp ## Resolve the locked requirements again (UPGRADE=1: to the newest versions)
	@$(PY) tools/lock.py $(if $(UPGRADE),--upgrade)

##@ Checks

.PHONY: lint
lint: lint-python lint-terraform lint-docs lint-workflows ## Lint, format and type checks, validate, documentation freshness

.PHONY: lint-python
lint-python: $(VENV)/.stamp ## ruff and mypy only
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --check --quiet .
	@$(PY) -m mypy

.PHONY: lint-terraform
lint-terraform: package ## terraform fmt and validate only
	@$(PY) -m tools.terraform_env run -- fmt -check -diff -recursive terraform
	@$(PY) -m tools.terraform_validate

.PHONY: lint-docs
lint-docs: $(VENV)/.stamp ## Freshness of the generated documentation only
	@$(PY) -m tools.terraform_docs --check

.PHONY: lint-workflows
lint-workflows: $(VENV)/.stamp ## The rollout's pipelines only: their schema, and zizmor's audits
	@$(PY) -m check_jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(VENV)/bin/zizmor --offline --quiet --no-progress --strict-collection .github/workflows

.PHONY: checkov
checkov: environments ## Scan code, plans and repository with checkov and the project's own checks: reports/
	@$(PY) -m tools.checkov

.PHONY: test-unit
test-unit: environments package ## Unit tests, with full branch coverage of lambda_src
	@$(PYTEST) tests/unit --cov --cov-report=term --cov-fail-under=100 $(PYTEST_ARGS)

.PHONY: test-plan
test-plan: environments package ## Plan tests: validations, names and limits, without an endpoint
	@$(PYTEST) tests/plan $(PYTEST_ARGS)

.PHONY: test-checkov
test-checkov: environments ## The check pack: its fixtures as HCL and as a plan, and each line taken out
	@$(PYTEST) tests/checkov $(PYTEST_ARGS)

.PHONY: test-terraform
test-terraform: environments package ## Apply, plan again, update and destroy modules and examples
	@$(PYTEST) tests/terraform $(PYTEST_ARGS)

.PHONY: test-e2e
test-e2e: environments package ## Devices over mutual TLS with the AWS IoT Device SDK
	@$(PYTEST) tests/e2e $(PYTEST_ARGS)

.PHONY: test-security
test-security: environments package ## IAM enforced: what must work works, what must be denied is denied
	@$(PYTEST) tests/security $(PYTEST_ARGS)

.PHONY: test-destroy
test-destroy: environments package ## Slow on AWS-like endpoints: decommission, then destroy, leave nothing
	@$(PYTEST) tests -m slow $(PYTEST_ARGS)

.PHONY: drills
drills: environments package ## Slow: two Regions; one is lost, serial numbers are claimed in both (ROUNDS, DEVICES)
	@DRILL_ROUNDS=$(ROUNDS) DRILL_DEVICES=$(DEVICES) $(PYTEST) tests/e2e tests/security -m drill -s $(PYTEST_ARGS)

.PHONY: test-rollout
test-rollout: environments package ## Slow: three accounts and two Regions in three waves, a failure, and its mending
	@$(PYTEST) tests/terraform -m rollout $(PYTEST_ARGS)

.PHONY: least-privilege
least-privilege: environments package ## Slow: take each right away by itself, see what breaks; reports/least-privilege.md
	@$(PY) -m tests.least_privilege

.PHONY: mutation
mutation: $(VENV)/.stamp ## Slow: mutation testing of the decision code
	@$(PY) -m tools.mutation

.PHONY: bench
bench: environments package ## Benchmarks as ratios to a baseline, as a table and build/bench.json
	@$(PY) -m tests.benchmarks

##@ Explore

.PHONY: up
up: environments package ## Start the embedded endpoint with examples/complete applied, and keep it running
	@$(PY) -m tools.demo up

.PHONY: down
down: $(VENV)/.stamp ## Stop what `make up` started
	@$(PY) -m tools.demo down

.PHONY: rollout
rollout: environments package ## Many accounts and Regions in waves: MANIFEST=rollout.yaml ARGS="--dry-run"
	@$(PY) -m tools rollout run "$(MANIFEST)" $(ARGS)

.PHONY: clean
clean: ## Remove everything generated, the environments too
	@if [ -x $(PY) ] && [ -e build/endpoint.json ]; then $(PY) -m tools.endpoint stop; fi
	@rm -rf $(VENV) $(ENDPOINT_ENV) $(CHECKOV_ENV) build reports mutants *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
	@find terraform lambda_src policies tools tests -name __pycache__ -prune -exec rm -rf {} +
	@find terraform -name .terraform -prune -exec rm -rf {} +

# --- environments ---------------------------------------------------------------------------------

.PHONY: environments
environments: $(VENV)/.stamp $(ENDPOINT_ENV)/.stamp $(CHECKOV_ENV)/.stamp

# $(1): directory, $(2): lock file. An environment whose interpreter is gone is made anew.
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or newer is needed, and '$(PYTHON)' is not: install it, or name one with PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "'$(PYTHON)' lacks the venv module: install it (on Debian and Ubuntu: the python3-venv package)." >&2; exit 1; }
	@echo "Installing $(2) into $(1)"
	@$(1)/bin/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(1)
	@$(1)/bin/python -m pip install -qq --require-hashes --requirement $(2)
endef

$(VENV)/.stamp: requirements-dev.txt pyproject.toml
	$(call install,$(VENV),requirements-dev.txt)
	@$(PY) -m pip install -qq --no-deps --no-index --no-build-isolation --editable .
	@touch $@

$(ENDPOINT_ENV)/.stamp: requirements-endpoint.txt
	$(call install,$(ENDPOINT_ENV),requirements-endpoint.txt)
	@touch $@

$(CHECKOV_ENV)/.stamp: requirements-checkov.txt
	$(call install,$(CHECKOV_ENV),requirements-checkov.txt)
	@touch $@
