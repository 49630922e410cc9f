# Everything runs in .venv; each target sets up what it needs.
PYTHON ?= python3
VENV = .venv
BIN = $(VENV)/bin
STAMP = $(VENV)/.installed
# These tests keep a stack of their own, in a process of its own, whose clock is the real one.
REAL_TIME = tests/e2e/test_drift_table_events.py tests/e2e/test_canary_rollback_time.py
# These take their stack through many minutes of its clock, and so are run beside the others.
LONG = tests/e2e/test_canary_stopped.py
# Two hundred drifts under faults take long, and how long depends on the machine; `make test-faults`.
FAULTS = tests/e2e/test_drift_under_faults.py

.PHONY: install demo test test-parts test-e2e test-faults lint checkov iam up build clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[local,dev]' --constraint constraints.txt
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/trellis local demo

up: $(STAMP)
	$(BIN)/trellis local up --port 4566 --speed 1

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy layers/trellis/trellis cli/trellis_cli local/trellis_local functions
	$(BIN)/lint-imports
	AWS_DEFAULT_REGION=us-west-2 SAM_CLI_TELEMETRY=0 $(BIN)/sam validate --lint

# checkov cannot live beside moto and aws-sam-cli: their dependencies exclude each other.
checkov: .checkov/.installed
	.checkov/bin/checkov --config-file .checkov.yaml

.checkov/.installed: Makefile
	$(PYTHON) -m venv .checkov
	.checkov/bin/python -m pip install --quiet checkov==3.3.30
	touch .checkov/.installed

iam: $(STAMP)
	$(BIN)/python -m trellis_local.iam.rights_page

# Two processes at a time: the end-to-end tests keep one stack for all of them, which no other test may meet.
test: lint
	$(MAKE) --jobs=2 test-parts test-e2e

test-parts: $(STAMP)
	$(BIN)/pytest tests/unit
	$(BIN)/pytest tests/workflows
	$(BIN)/pytest tests/load
	$(BIN)/pytest $(REAL_TIME)
	$(BIN)/pytest $(LONG)

test-e2e: $(STAMP)
	$(BIN)/pytest tests/e2e $(addprefix --ignore ,$(REAL_TIME) $(LONG) $(FAULTS))

test-faults: $(STAMP)
	$(BIN)/pytest $(FAULTS)

build: $(STAMP)
	SAM_CLI_TELEMETRY=0 $(BIN)/sam build

clean:
	rm -rf $(VENV) .checkov .local .aws-sam build
