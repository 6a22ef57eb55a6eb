# `make demo` and `make test` install what they need by themselves; see tools/bootstrap.sh.
.DEFAULT_GOAL := help
.PHONY: help setup demo bench test lint fix lock matrix fuzz soak clean
BIN := .venv/bin

help: ## show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is missing: system parts by apt, Python parts into .venv
	@sh tools/bootstrap.sh

demo: setup ## the whole loop on a private nginx on loopback, in under a minute
	@$(BIN)/handclasp demo

bench: setup ## measure nginx with 100,000 people, 500 sites, long CRLs and long files; results in docs/bench.json
	@test -x .bench/bin/python || ($(BIN)/python -m venv .bench && .bench/bin/pip install --quiet crossplane gixy-ng django-ca)
	@$(BIN)/python tools/bench.py
	@$(BIN)/python tools/bench_doctor.py
	@$(BIN)/python tools/bench_ca.py
	@$(BIN)/python tools/bench_serve.py

test: lint ## lint, then every test on the real nginx, OpenSSL, curl and Chromium of this machine
	@sh tools/bootstrap.sh test
	@echo "test: pytest on a real nginx"
	@$(BIN)/python -m pytest -q -n 3 --dist worksteal

lint: setup ## ruff, ruff format, mypy strict, import-linter
	@echo "lint: ruff, ruff format, mypy, import-linter"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports >.import-linter.log || { cat .import-linter.log; exit 1; }

fix: setup ## let ruff repair and format what it can
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

matrix: setup ## CASES=10000 SEED=1: the model and every scenario on nginx of Debian 11 to 14 (root; downloads once)
	@roots=$$(sh tools/lab_roots.sh) && \
		$(BIN)/handclasp lab fuzz --cases $${CASES:-10000} --seed $${SEED:-1} $$roots && \
		$(BIN)/handclasp lab run --quiet --save src/handclasp/lab/data/scenarios.json $$roots && \
		$(BIN)/handclasp lab holes --quiet --save docs/holes.md $$roots >/dev/null && \
		$(BIN)/python tools/check_differences.py --seed $${SEED:-1} $$(echo $$roots | sed 's/--root//g') && \
		$(BIN)/python tools/matrix_apply.py $$roots && \
		$(BIN)/python tools/catalogue_measured.py

fuzz: setup ## CASES=2000 SEED=1: hostile names and requests (10,000), the library's vectors, random hierarchies on this nginx, the REST API by schemathesis
	@$(BIN)/python tools/fuzz_requests.py --seed $${SEED:-1}
	@$(BIN)/python tools/fuzz_vectors.py --every 20
	@test -x .fuzz/bin/schemathesis || (python3 -m venv .fuzz && .fuzz/bin/pip install --quiet schemathesis)
	@$(BIN)/handclasp lab fuzz --cases $${CASES:-2000} --seed $${SEED:-1}
	@$(BIN)/python tools/fuzz_api.py --seed $${SEED:-1}

soak: setup ## SECONDS=1800: issue, revoke, OCSP, CRL and API under load, processes killed at random
	@HANDCLASP_SOAK_SECONDS=$${SECONDS:-1800} HANDCLASP_SOAK_REPORT=docs/benchmarks/soak.md $(BIN)/python -m pytest -q -s tests/serve/test_chaos.py

lock: setup ## resolve requirements.lock anew from pyproject.toml
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --quiet -o requirements.lock

clean: ## remove .venv and caches
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
