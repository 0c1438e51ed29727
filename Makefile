# Python 3.11 or newer, git and make are all that is needed; everything else is installed into .venv.
.DEFAULT_GOAL := help
.NOTPARALLEL:

BIN := .venv/bin
HEADING := printf '\n== %s\n'
# For tools that start others by name. Not exported to everything: setup has to find the machine's own Python.
WITH_TOOLS := PATH="$(CURDIR)/$(BIN):$$PATH"

# An installed copy of the collection would win over the checkout, and a proxy would be asked for the simulated hosts.
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.cache
export no_proxy := localhost,127.0.0.1,127.0.0.0/8,$(or $(no_proxy),$(NO_PROXY))

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

.PHONY: setup
setup: ## Make .venv with the pinned tools and the checkout importable as a collection
	@.ci/setup

.PHONY: demo
demo: setup ## Audit, minimize and prove a simulated Windows 2000 and a simulated Windows XP host
	@$(BIN)/python tests/demo/run.py

.PHONY: test
test: unit lint sanity molecule ## Run every check there is

.PHONY: unit
unit: setup ## Run the unit and integration tests
	@$(HEADING) 'unit and integration tests (pytest)'
	@$(BIN)/python -m pytest -q -n 4 -r fEs

.PHONY: fuzz
fuzz: setup ## For minutes, answer with rows, faults and records that make no sense
	@$(HEADING) 'answers that make no sense (hypothesis)'
	@NETMIN_FUZZ=$(or $(NETMIN_FUZZ),40) $(BIN)/python -m pytest -q -n 2 tests/unit/test_fuzz.py

.PHONY: lint
lint: setup ## Check code, types, playbooks, documentation and changelog
	@$(HEADING) 'code (ruff)'
	@$(BIN)/ruff check .
	@$(HEADING) 'types (mypy --strict)'
	@$(BIN)/python -m mypy
	@cd winsim && ../$(BIN)/python -m mypy
	@$(HEADING) 'roles, playbooks and YAML (ansible-lint, profile production)'
	@$(WITH_TOOLS) ansible-lint
	@$(HEADING) 'module documentation (antsibull-docs)'
	@$(WITH_TOOLS) antsibull-docs lint-collection-docs --plugin-docs .
	@$(HEADING) 'changelog (antsibull-changelog)'
	@$(WITH_TOOLS) antsibull-changelog lint
	@.ci/changelog-fragment
	@$(HEADING) 'hosted checks (check-jsonschema)'
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec tests/real/compose.yml
	@if command -v actionlint >/dev/null; then actionlint; else echo 'actionlint is not installed: workflows were checked by their schema alone'; fi
	@$(HEADING) 'licences (reuse)'
	@$(BIN)/reuse lint --quiet || $(BIN)/reuse lint

.PHONY: sanity
sanity: setup ## Run ansible-test sanity
	@$(HEADING) 'ansible-test sanity'
	@$(WITH_TOOLS) .ci/sanity

.PHONY: molecule
molecule: setup ## Converge, converge again and verify simulated hosts, and real ones where NETMIN_WINDOWS_INVENTORY names some
	@$(HEADING) 'molecule: simulated hosts'
	@$(WITH_TOOLS) molecule test --scenario-name default
	@$(HEADING) 'molecule: real hosts'
	@$(WITH_TOOLS) .ci/molecule-windows-vm

.PHONY: matrix
matrix: setup ## Try the built artifact with the oldest and the newest Python, ansible-core and libraries; `nox` alone tries all
	@$(HEADING) 'controllers: the oldest and the newest (nox)'
	@$(BIN)/nox --tags corners

.PHONY: bench
bench: setup ## Count requests, bytes and seconds per scenario and for 1, 10, 50 hosts, then serial round trips, then a fleet of 1,000
	@$(BIN)/python tests/benchmark/run.py
	@$(BIN)/python tests/benchmark/fleet.py

.PHONY: real
real: setup ## Try a real Windows: WINDOWS=2022 (Linux with KVM and Docker), or REAL_HOST=web01 REAL_INVENTORY=hosts.yml; docs/real.md
	@$(BIN)/python tests/real/run.py $(if $(WINDOWS),--windows '$(WINDOWS)') $(if $(REAL_HOST),--host '$(REAL_HOST)') \
		$(if $(REAL_INVENTORY),--inventory '$(REAL_INVENTORY)') $(if $(filter yes,$(BREAK)),--may-break-it) \
		$(if $(filter yes,$(REAL_SUDO)),--sudo) $(if $(REAL_NOT_ITS_OWN),--not-its-own '$(REAL_NOT_ITS_OWN)') $(if $(STEPS),--steps '$(STEPS)') \
		$(if $(REAL_ENGINE),--engine '$(REAL_ENGINE)') $(if $(REAL_IMAGE),--image '$(REAL_IMAGE)') $(if $(REAL_FILES),--files '$(REAL_FILES)')

.PHONY: docs
docs: setup ## Build the docsite with its guides, and check its links
	@.ci/docs

.PHONY: release
release: setup ## Build VERSION from what is committed and check it as Galaxy does; publishes nothing
	@.ci/release "$(VERSION)"

.PHONY: clean
clean: ## Remove everything that the other targets made
	rm -rf .venv .cache .nox .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache build tests/output netmin-windows-*.tar.gz
	rm -rf winsim/.hypothesis winsim/.mypy_cache winsim/.pytest_cache winsim/.ruff_cache winsim/build winsim/src/winsim.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
