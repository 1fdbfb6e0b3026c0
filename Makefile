# Thin on purpose: a target is one command, and `podium --help` has all of its options.
VENV   := .venv
READY  := $(VENV)/.ready
PODIUM := $(VENV)/bin/podium

COMP   ?= spaceship-titanic
MODEL  ?= offline
SUITE  ?= mle-bench/low
SEEDS  ?= 3
GROUP  ?= $(subst /,-,$(SUITE)-$(MODEL))

.DEFAULT_GOAL := help
.PHONY: help setup bench leaderboard regress test boundary soak browser lint perf coverage study smoke doctor image image-gpu base lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo '  Parameters of bench: COMP AGENT MODEL STEPS SEED RAW GPUS PROMPTS BUDGET WORKERS VALIDATION, as in: make bench COMP=spaceship-titanic STEPS=10'

setup: $(READY) ## Make .venv with everything Podium needs (done once)

$(READY): pyproject.toml
	@sh harness/setup/environment.sh $(VENV)
	@touch $@

bench: $(READY) ## Run competitions, grade and report: COMP AGENT MODEL STEPS SEED RAW GPUS PROMPTS BUDGET WORKERS VALIDATION
	@$(PODIUM) bench $(COMP) $(if $(AGENT),--agent '$(AGENT)') --model $(MODEL) $(if $(STEPS),--steps $(STEPS)) $(if $(SEED),--seed $(SEED)) \
	    $(if $(RAW),--raw '$(RAW)') $(if $(GPUS),--gpus $(GPUS)) $(if $(PROMPTS),--prompts $(PROMPTS)) \
	    $(if $(BUDGET),--budget $(BUDGET)) $(if $(WORKERS),--workers $(WORKERS)) \
	    $(if $(VALIDATION),--validation $(VALIDATION))

leaderboard: $(READY) ## Run what is missing of a suite, then show it among published rows: SUITE MODEL SEEDS GROUP
	@$(PODIUM) leaderboard show --suite $(SUITE) > /dev/null
	@$(PODIUM) bench --suite $(SUITE) --model $(MODEL) --seeds $(SEEDS) --group '$(GROUP)' $(if $(RAW),--raw '$(RAW)') \
	    $(if $(STEPS),--steps $(STEPS)) $(if $(BUDGET),--budget $(BUDGET)); ended=$$?; \
	    $(PODIUM) leaderboard show '$(GROUP)' --suite $(SUITE) && exit $$ended

regress: $(READY) ## Run two prompt sets, what is missing of them, and compare: BASE NEW SUITE SEEDS MODEL STEPS BUDGET FAIL_ON
	@$(PODIUM) regress '$(BASE)' '$(NEW)' --suite $(SUITE) --model $(MODEL) --seeds $(SEEDS) \
	    $(if $(STEPS),--steps $(STEPS)) $(if $(BUDGET),--budget $(BUDGET)) $(if $(FAIL_ON),--fail-on $(FAIL_ON))

test: image browser ## Run every test, those in real containers too
	@$(VENV)/bin/python tests/side_by_side.py

boundary: image ## Try to leave the box, to read what is secret and to cheat: probes, and that each can succeed elsewhere
	@$(VENV)/bin/python -m pytest -q tests/boundary

soak: image ## 200 short runs with random failures, then the books must balance: RUNS SEED
	@$(VENV)/bin/python -m perf.soak $(if $(RUNS),--runs $(RUNS)) $(if $(SEED),--seed $(SEED))

browser: ## Have chromium, for the tests of pages, where it may be installed
	@sh harness/setup/browser.sh

lint: $(READY) ## Check style, types and the import rules
	@$(VENV)/bin/ruff check && $(VENV)/bin/ruff format --check && $(VENV)/bin/mypy && $(VENV)/bin/lint-imports

perf: image ## Measure speed, as ratios within one run
	@$(VENV)/bin/python -m perf

study: $(READY) ## Compare search policies, simulated and with the offline coder; what was run is kept: QUICK=1 PAGE=docs
	@$(VENV)/bin/python -m study $(if $(PAGE),--page '$(PAGE)')

coverage: $(READY) ## Let the offline coder try every stand-in for five steps, or COMPS alone
	@$(VENV)/bin/python -m perf.offline_coverage $(COMPS)

smoke: $(READY) ## Try a model for real, for less than $0.25: MODEL=openai/NAME
	@$(PODIUM) smoke --model $(MODEL)

doctor: $(READY) ## Check engine, image, disk, memory, GPUs and credentials
	@$(PODIUM) doctor

image: $(READY) ## Make the engine and the agent's image ready
	@$(PODIUM) image

image-gpu: $(READY) ## Make the image with torch ready (several GB)
	@$(PODIUM) image --gpu

base: $(READY) ## Make the base image anew, to renew its system packages
	@$(PODIUM) image --base

lock: $(READY) ## Renew the versions behind the images' package lists
	@sh dockerfiles/lock.sh

clean: $(READY) ## Remove what dead runs left: containers, workspaces, doors
	@$(PODIUM) clean --yes
