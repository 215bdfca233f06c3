.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# The demo and the tests start many processes: each would compile all its imports.
unexport PYTHONDONTWRITEBYTECODE
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-header --no-annotate

# The C modules compiled for this machine; components/compiler.py builds them.
NATIVE := lake/_native.abi3.so loadgen/_native.abi3.so sandbox/_native.abi3.so transform/_native.abi3.so
NATIVE_SOURCES := $(wildcard components/native/*.h lake/native/*.[ch] loadgen/native/*.[ch] sandbox/native/*.[ch] transform/native/*.[ch])

.PHONY: help install demo test test-native test-page pictures test-newest test-engine test-oracle test-clients test-athena-clients test-capacity chaos coverage check snapshots bench bench-transform bench-loadgen bench-pacing bench-sandbox bench-lake bench-athena bench-page bench-metrics bench-before clean lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/.installed $(NATIVE) ## install the dependencies and compile the C modules

demo: $(NATIVE) ## run the whole pipeline in the sandbox and prove that nothing is lost
	$(BIN)/python -m sandbox demo

test: $(NATIVE) ## run every test
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

chaos: $(NATIVE) ## 200,000 writes under every fault and kill -9 of every process, and the proof that nothing is lost
	$(BIN)/python -m tests.chaos

coverage: $(NATIVE) ## measure line coverage, including the processes that tests start; about three times as long as make test
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 4 --dist loadfile --no-loadscope-reorder
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

test-newest: .venv-newest/.installed $(NATIVE) ## the lake's and the sandbox's tests with the newest boto3, which aioboto3 holds back
	.venv-newest/bin/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder \
	  tests/unit/lake tests/unit/sandbox tests/property/lake tests/property/sandbox tests/integration/lake tests/integration/sandbox

test-native: $(NATIVE) ## test and fuzz the compiled parts under sanitizers
	$(BIN)/python -m tests.unit.native.sanitizers

ORACLE := .build/dynamodb-local
TRINO := .build/trino

test-oracle: ## compare the sandbox with AWS's DynamoDB Local and with the real Trino, if Java and Maven are installed
	@if command -v javac >/dev/null && command -v mvn >/dev/null; then \
	  { [ -d $(ORACLE) ] || mvn -q -f tests/oracle/pom.xml dependency:copy-dependencies -DoutputDirectory=$(CURDIR)/$(ORACLE); } && \
	  { [ -d $(TRINO) ] || mvn -q -f tests/oracle/trino/pom.xml dependency:copy-dependencies -DoutputDirectory=$(CURDIR)/$(TRINO); } && \
	  DYNAMODB_LOCAL=$${DYNAMODB_LOCAL:-$(ORACLE)} TRINO=$${TRINO:-$(TRINO)} $(BIN)/python -m pytest -q -m oracle tests/oracle; \
	  else echo "test-oracle: skipped, because there is no JDK or no Maven on the PATH"; fi

test-engine: ## run the program under the real Pulumi engine against a recording provider, if the pulumi CLI is installed
	@if command -v pulumi >/dev/null; then $(BIN)/python -m pytest -q --tb=short --show-capture=no -m engine -n 2 --dist worksteal tests/engine; \
	  else echo "test-engine: skipped, because there is no pulumi CLI on the PATH (https://www.pulumi.com/docs/install/)"; fi

test-clients: .venv/.installed ## the SDKs for Go, JavaScript and Java, the KCL and the Streams adapter against a sandbox, if their toolchains are installed
	$(BIN)/python -m tests.clients

test-page: .venv-page/.installed ## the console's page in a headless Chromium, if one is installed
	$(BIN)/python -m tests.page .venv-page/bin/python

pictures: .venv-page/.installed ## draw the console's pictures in the documents again, in a headless Chromium
	$(BIN)/python -m tests.page .venv-page/bin/python --documents docs/pictures

test-capacity: $(NATIVE) ## limit each stage of a running pipeline in turn; `loadgen capacity` must name it and find the limit within 10 %
	$(BIN)/python -m tests.capacity

test-athena-clients: .venv-athena-clients/.installed ## PyAthena, SQLAlchemy, awswrangler, dbt-athena and the AWS CLI against a sandbox
	$(BIN)/python -m tests.athena_clients .venv-athena-clients/bin/python

check: $(NATIVE) ## lint, format, types, the import rules, the words of docs/glossary.md, and unique class names
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run -Werror $(NATIVE_SOURCES) tests/unit/native/facts.c
	$(BIN)/pyright --warnings
	$(BIN)/lint-imports
	$(BIN)/python docs/words.py
	$(BIN)/python docs/names.py

snapshots: .venv/.installed ## rewrite the golden files: stacks with their inputs, rows of events
	$(BIN)/python -m tests.golden

bench: bench-transform bench-loadgen bench-pacing ## run every side-by-side measurement in benchmarks/

bench-transform: $(NATIVE) .venv-bench/.installed ## the transform beside its peers: exactness, then records a second
	$(BIN)/python -m benchmarks.transform --python .venv-bench/bin/python --json bench-transform.json

lock: .venv/.installed ## update the pins of every dependency, by name, version and hash
	$(LOCK) pyproject.toml --extra sandbox --extra reference --extra cluster --extra dev -o requirements/dev.txt
	$(LOCK) pyproject.toml --extra pulumi --extra lake --extra reference -c requirements/dev.txt -o requirements/runtime.txt
	$(LOCK) pyproject.toml --extra sandbox --extra test --upgrade-package boto3 --upgrade-package botocore -o requirements/newest.txt
	$(LOCK) requirements/transform.in -c requirements/dev.txt -o requirements/transform.txt
	$(LOCK) requirements/athena-clients.in -o requirements/athena-clients.txt
	$(LOCK) requirements/page.in -o requirements/page.txt
	$(LOCK) requirements/bench.in -c requirements/dev.txt -o requirements/bench.txt
	$(LOCK) requirements/bootstrap.in -c requirements/dev.txt -o requirements/bootstrap.txt

bench-loadgen: $(NATIVE) .venv-bench/.installed ## the load generator beside other clients, and one process beside several
	$(BIN)/python -m benchmarks.loadgen --python .venv-bench/bin/python --json bench-loadgen.json
	$(BIN)/python -m benchmarks.loadgen.processes --json bench-processes.json

bench-before: $(NATIVE) ## this checkout and an earlier commit in turn: make bench-before COMMIT=c57f2c6
	$(BIN)/python -m benchmarks.before $(COMMIT) $(if $(shell command -v valgrind),--instructions) --json bench-before.json

bench-sandbox: $(NATIVE) ## the sandbox of this checkout and of an earlier commit in turn, beside DynamoDB Local: make bench-sandbox COMMIT=c57f2c6
	$(BIN)/python -m benchmarks.sandbox $(COMMIT) --json bench-sandbox.json

bench-lake: $(NATIVE) ## measure the cost of lake verify beside an earlier commit's, and of queries of the current state: make bench-lake COMMIT=c57f2c6
	$(BIN)/python -m benchmarks.lake $(COMMIT) --json bench-lake.json
	$(BIN)/python -m benchmarks.lake.queries --json bench-queries.json

bench-page: $(NATIVE) .venv-page/.installed ## measure the memory of the console's page and of the sandbox while 1,000 changes a second flow: make bench-page MINUTES=60
	$(BIN)/python -m benchmarks.console.page .venv-page/bin/python --minutes $(or $(MINUTES),60) --json bench-page.jsonl

bench-metrics: $(NATIVE) ## measure the cost of metrics, alarms and console beside a sandbox without them
	$(BIN)/python -m benchmarks.console.cost --json bench-metrics.json

bench-athena: $(NATIVE) ## the sandbox's Athena: planning, and the demo's queries beside an earlier commit and DuckDB alone: make bench-athena COMMIT=c57f2c6
	$(BIN)/python -m benchmarks.athena $(COMMIT) --json bench-athena.json

bench-pacing: $(NATIVE) ## measure the lag of writes beside the usual ways of pacing
	$(BIN)/python -m benchmarks.pacing --json bench-pacing.json

.venv-newest/.installed: requirements/newest.txt .venv/.installed
	$(PYTHON) -m venv .venv-newest
	$(BIN)/uv pip sync --quiet --python .venv-newest/bin/python --require-hashes requirements/newest.txt \
	  || .venv-newest/bin/python -m pip install --quiet --require-hashes -r requirements/newest.txt
	@touch $@

.venv-page/.installed: requirements/page.txt .venv/.installed
	$(PYTHON) -m venv .venv-page
	$(BIN)/uv pip sync --quiet --python .venv-page/bin/python --require-hashes requirements/page.txt \
	  || .venv-page/bin/python -m pip install --quiet --require-hashes -r requirements/page.txt
	@touch $@

.venv-athena-clients/.installed: requirements/athena-clients.txt .venv/.installed
	$(PYTHON) -m venv .venv-athena-clients
	$(BIN)/uv pip sync --quiet --python .venv-athena-clients/bin/python --require-hashes requirements/athena-clients.txt \
	  || .venv-athena-clients/bin/python -m pip install --quiet --require-hashes -r requirements/athena-clients.txt
	@touch $@

.venv-bench/.installed: requirements/bench.txt .venv/.installed
	$(PYTHON) -m venv .venv-bench
	$(BIN)/uv pip sync --quiet --python .venv-bench/bin/python --require-hashes requirements/bench.txt \
	  || .venv-bench/bin/python -m pip install --quiet --require-hashes -r requirements/bench.txt
	@touch $@

clean: ## stop the sandbox; remove all built and installed files
	@if [ -x $(BIN)/python ] && [ -d .sandbox ]; then $(BIN)/python -m sandbox down --forget; fi
	rm -rf $(NATIVE) .venv .venv-athena-clients .venv-bench .venv-newest .venv-page .sandbox .build .coverage* .pytest_cache .ruff_cache .hypothesis .import_linter_cache .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(NATIVE): %/_native.abi3.so: $(NATIVE_SOURCES) components/compiler.py .venv/.installed
	$(BIN)/python -m components.compiler $*

# uv installs the same hashes ten times as fast; if it cannot reach the
# registry of pip's configuration, pip installs them.
.venv/.installed: requirements/dev.txt requirements/bootstrap.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@
