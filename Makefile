# Warden VoIP. Two commands matter: `make run` and `make test`; they set everything up themselves.

PYTHON ?= python3
DATA   ?= data
HTTP   ?= 0.0.0.0:9000
SIP    ?= 0.0.0.0:5060
RTP    ?= 10000-20000
TARGET  ?= switch
SECONDS ?= 3600

BIN        := .venv/bin
PIP        := $(BIN)/pip --disable-pip-version-check --quiet
PYTEST     := $(BIN)/pytest --quiet
UNIT       := not (integration or interop or bench or image)
RUN_READY  := .venv/.ready-run
TEST_READY := .venv/.ready-test
NODE_READY := webui/node_modules/.ready
DASHBOARD  := webui/dist/index.html
WEB_FILES  := $(filter-out webui/node_modules/% webui/dist/%,$(shell find webui -type f \
                -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null))

# Another Python than the one .venv was made with (a Debian upgrade, say) means: make .venv anew.
# The same one by another way (an activated .venv, a shim) does not.
WHICH_PYTHON = $(PYTHON) -c 'import sys; print(sys.base_prefix, sys.version)' 2>/dev/null
FORGET := $(shell $(WHICH_PYTHON) | cmp -s - .venv/.python || rm -f .venv/.ready-*)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check unit web-test peer-test bench fuzz setup lock clean

help: ## what you are reading
	@echo "Warden VoIP, the office phone system."
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

run: $(RUN_READY) $(DASHBOARD) ## start the phone system here; Ctrl-C stops it (HTTP= SIP= RTP= DATA= change its places)
	@exec $(BIN)/warden run --data $(DATA) --http $(HTTP) --sip $(SIP) --rtp $(RTP)

test: check web-test peer-test ## everything: check, the dashboard's tests, real sockets, SIPp, baresip, Chromium

check: $(TEST_READY) ## ruff, mypy strict, import contracts and unit tests, in under 30 s
	@$(BIN)/ruff check --quiet pbx tests
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo
	@$(PYTEST) -m '$(UNIT)'

unit: $(TEST_READY) ## the unit tests alone
	@$(PYTEST) -m '$(UNIT)'

web-test: $(DASHBOARD) ## the dashboard's types and tests
	@cd webui && npm run --silent check && npm run --silent lint && npm test --silent

peer-test: $(TEST_READY) $(DASHBOARD) ## our own processes on real sockets, and real phones
	@sh tests/peers.sh peers
	@$(PYTEST) -m 'integration or interop' --timeout 180

bench: $(TEST_READY) $(DASHBOARD) ## what a call, a registration and an audio stream cost, beside Asterisk's figures
	@sh tests/peers.sh peers
	@$(BIN)/python -m tests.bench

fuzz: $(TEST_READY) ## an hour of inputs that look for trouble (TARGET=switch|stream|message, SECONDS= change it)
	@$(PIP) install --require-hashes --only-binary :all: -r tests/fuzz/requirements.lock
	@nice -n 19 $(BIN)/python -m tests.fuzz $(TARGET) $(SECONDS)

setup: $(TEST_READY) $(DASHBOARD) ## all set-up of the two commands, without starting anything
	@sh tests/peers.sh peers

lock: ## choose the newest versions of the dependencies again
	@sh tests/lock.sh

clean: ## remove what make made (the data folder stays)
	rm -rf .venv webui/node_modules webui/dist artefacts .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(RUN_READY): requirements.lock pyproject.toml
	@sh tests/peers.sh python
	@echo "Setting up .venv: the Python packages of requirements.lock"
	@$(PYTHON) -m venv --clear .venv
	@$(WHICH_PYTHON) >.venv/.python
	@$(PIP) install --require-hashes --only-binary :all: -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(TEST_READY): requirements-dev.lock $(RUN_READY)
	@echo "Setting up .venv: the developers' packages of requirements-dev.lock"
	@$(PIP) install --require-hashes --only-binary :all: -r requirements-dev.lock
	@touch $@

$(NODE_READY): webui/package.json webui/package-lock.json
	@sh tests/peers.sh node
	@echo "Setting up webui/node_modules: the packages of webui/package-lock.json"
	@cd webui && npm ci --silent --no-audit --no-fund
	@touch $@

$(DASHBOARD): $(NODE_READY) $(WEB_FILES)
	@echo "Building the dashboard"
	@cd webui && npm run --silent build -- --logLevel warn
	@touch $@
