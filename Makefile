# Everything starts here: `make demo` and `make test` work from a clean clone with Python 3.13, make and PyPI.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# Python 3.13: from PATH, else from pyenv.
PYTHON ?= $(shell .ci/find-python)
PIP_FLAGS := --quiet --disable-pip-version-check --require-hashes
export PYTHONPATH := $(CURDIR):$(CURDIR)/layers/samklang/python
PY := .venv/bin/python

.PHONY: help setup up down demo test check bench lock openapi clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' Makefile

.venv/.done: .ci/requirements.txt layers/dependencies/core/requirements.txt
	@echo "Setting up .venv (once)…"
	@$(PYTHON) -m venv --clear .venv
	@.venv/bin/pip install $(PIP_FLAGS) -r .ci/requirements.txt
	@touch $@

.venv-cloud/.done: local/requirements.txt
	@echo "Setting up .venv-cloud (once)…"
	@$(PYTHON) -m venv --clear .venv-cloud
	@.venv-cloud/bin/pip install $(PIP_FLAGS) -r local/requirements.txt
	@touch $@

.venv-sam/.done: .ci/requirements-sam.txt
	@echo "Setting up .venv-sam (once)…"
	@$(PYTHON) -m venv --clear .venv-sam
	@.venv-sam/bin/pip install $(PIP_FLAGS) -r .ci/requirements-sam.txt
	@touch $@

setup: .venv/.done .venv-cloud/.done  ## environments for running and testing

up: setup  ## start the local cloud and leave it running
	@$(PY) -m local up

down:  ## stop the local cloud; data are kept in .local/
	@$(PY) -m local down

demo: setup  ## the whole story over HTTP on the local cloud, which is left running
	@$(PY) -m local up --quiet
	@$(PY) -m local.demo

check: .venv/.done .venv-sam/.done  ## style, types, template (no tests)
	@.ci/check

test: setup .venv-sam/.done  ## every check and every test
	@.ci/check
	@.ci/test

bench: setup  ## measure speed and cost (not part of the tests)
	@$(PY) -m pytest tests/benchmarks -c tests/benchmarks/pytest.ini -s

openapi: .venv/.done  ## write the OpenAPI document anew from the code
	@$(PY) .ci/openapi.py

lock: .venv/.done  ## resolve every requirements.in anew, with hashes
	@.ci/lock

clean: down  ## remove environments and local data
	@rm -rf .venv .venv-cloud .venv-sam .local
