.DEFAULT_GOAL := help
PYTHON ?= python3.11
BIN := .venv/bin
DEMO ?= 1
DATABASE ?= sqlite
export DATABASE

.PHONY: help run test check check-types check-rest bench docs lock clean
help: ## Show what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-7s %s\n", $$1, $$2}'

run: .venv/ready ## Set up, migrate, start the desk on SQLite and play the demo (DEMO=0: an empty desk)
	@$(BIN)/lianqin up $(if $(filter 0,$(DEMO)),--no-demo)

test: .venv/ready ## Run every test on SQLite (DATABASE=postgresql: on PostgreSQL)
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(TESTS)

check: check-types check-rest ## Lint, types, import rules, sizes, generated documents (-j2: types beside the rest)

check-types: .venv/ready
	@$(BIN)/mypy

check-rest: .venv/ready
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports && $(BIN)/python -m scripts.sizes && $(BIN)/python -m scripts.docs --check

bench: .venv/ready ## Measure ratios against raw limits and naive versions
	@$(BIN)/python -m benchmarks

docs: .venv/ready ## Write the generated documents anew
	@$(BIN)/python -m scripts.docs

lock: ## Resolve the locked dependencies anew (needs uv)
	@for extra in "" "-dev"; do uv pip compile pyproject.toml --extra build $${extra:+--extra dev} --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 -q -o requirements$$extra.lock; done

clean: ## Remove the environment and what the desk wrote
	@rm -rf .venv var

.venv/ready: requirements-dev.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
