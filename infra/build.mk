# Builds what is deployed, without Docker and without an AWS account: `make build` needs python3 (3.11 or newer), make and
# a package index. The root Makefile includes this file and has the target `models`.

PYTHON ?= python3

SAM_VENV := .venv-sam
ARTEFACT_VENV := .venv-artefact

# The interpreter of the Lambda runtime, where this machine has it: it compiles bytecode, and runs the artefacts' tests.
RUNTIME_PYTHON := $(shell for python in python3.12 "$$HOME"/.pyenv/versions/3.12.*/bin/python; do \
	"$$python" -c '' 2>/dev/null && echo "$$python" && break; done)

.PHONY: build artefact-venv

# SAM has a virtual environment of its own, because its pins contradict ours.
$(SAM_VENV)/.ready: infra/sam-constraints.txt
	$(PYTHON) -m venv --clear $(SAM_VENV)
	$(SAM_VENV)/bin/pip install --quiet --constraint infra/sam-constraints.txt aws-sam-cli
	touch $@

build: export REPO := $(CURDIR)
build: export BUILD_PIP := $(CURDIR)/$(SAM_VENV)/bin/python -m pip
build: export RUNTIME_PYTHON := $(RUNTIME_PYTHON)
build: export SAM_CLI_TELEMETRY := 0
build: models $(SAM_VENV)/.ready ## Build every zip function and both layers into .aws-sam/, without Docker
	AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-us-east-1} $(SAM_VENV)/bin/sam build --template-file template.yaml

# As bare as the runtime's own: boto3, the runtime client, and an embedded Qdrant in place of the server.
$(ARTEFACT_VENV)/.ready: infra/artefact-constraints.txt
	$(RUNTIME_PYTHON) -m venv --clear $(ARTEFACT_VENV)
	$(ARTEFACT_VENV)/bin/pip install --quiet --constraint infra/artefact-constraints.txt \
		awslambdaric boto3 qdrant-edge-py
	touch $@

ifdef RUNTIME_PYTHON
artefact-venv: $(ARTEFACT_VENV)/.ready
else
artefact-venv:
	@echo "python3.12, the Lambda runtime's version, is not on this machine: the artefacts' tests will be skipped"
endif
