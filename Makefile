# Each target is what a person could type. `make demo` and `make test` set up all they need by themselves.
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.collections
export PYTHONDONTWRITEBYTECODE :=
HERE := .collections/ansible_collections/astro/privatelink
# Tests wait for the lab's times and for processes: three workers for each core.
WORKERS := $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) * 3)))
JUDGED := PYTHONPATH=tests:tests/lab AWS=$(AWS)
PIN := uv pip compile -q --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url --upgrade

.PHONY: help demo test pytest whole chaos lint sanity sanity-all importer docs molecule bench bench-limits bench-playbooks acceptance acceptance-clean awx-acceptance rulebooks contract judges picture setup lock clean
help:            ## what can be made
	@grep -hE '^[a-z-]+: .*##|^[a-z-]+:  +##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

setup: .venv/ready            ## the virtual environment, and this checkout visible as astro.privatelink

demo: setup            ## the main job on the lab: agents move from the public to the private path
	@tests/demo

test: setup            ## lint and every test, side by side
	@tests/browser.sh
	@tests/kubectl.sh
	@$(MAKE) --no-print-directory -j 2 lint pytest

pytest: setup            ## every test
	@python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -q

whole: setup            ## every test, and all that `make test` does by turns: it tries a third each day
	@WHOLE=yes python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -q

chaos: setup            ## playbooks broken off at every call in every way (STORIES=, FAULTS=, CALLS=changing, SAMPLE=calls of each, LABS=): docs/promises.md
	@$(JUDGED) STORIES="$(STORIES)" FAULTS="$(FAULTS)" CALLS="$(CALLS)" SAMPLE=$(SAMPLE) SEED=$(SEED) LABS=$(LABS) RESULTS="$(RESULTS)" DOCUMENT=yes python -m chaos

lint: setup            ## ruff, mypy, ansible-lint, changelog, ansible-test sanity
	ruff check --quiet .
	ruff format --quiet --check .
	mypy $(HERE)/plugins tests/lab/astrolab tests/lab/recording tests/acceptance tests/awx tests/chaos tests/plays.py
	ansible-lint -q
	antsibull-changelog lint
	@tests/sanity.sh >.venv/sanity.log 2>&1 && echo "ansible-test sanity: clean" || { cat .venv/sanity.log; exit 1; }

sanity: setup            ## ansible-test sanity with the installed ansible-core, or with another: make sanity CORE=2.17
	@CORE=$(CORE) tests/sanity.sh

sanity-all: setup            ## ansible-test sanity with every ansible-core that is supported on this Python
	@tests/sanity_all.sh

importer: setup            ## the artifact through Galaxy's importer, without a warning
	@tests/importer.sh

docs: setup            ## docs/findings.md, docs/iam, the layout in CONTRIBUTING.md, the pictures of docs/topologies.md, and the site in docs/build/html
	@PYTHONPATH=.collections python docs/findings.py
	@PYTHONPATH=.collections python docs/policies.py
	@python docs/layout.py
	@PYTHONPATH=.collections python docs/pictures.py
	@PYTHONPATH=.collections python docs/scale.py
	@docs/build.sh

molecule: setup            ## all Molecule scenarios, each on a lab of its own
	@molecule test --all

bench: setup            ## CPU seconds, memory and AWS calls, beside amazon.aws: into docs/performance.md
	@PYTHONPATH=tests/lab python tests/bench/bench.py

bench-limits: setup            ## how long fleets take under AWS's request limits
	@PYTHONPATH=tests/lab python tests/bench/limits.py

bench-playbooks: setup            ## CPU seconds, memory and AWS calls of each playbook, by the size of the fleet
	@PYTHONPATH=tests/lab python tests/bench/playbooks.py

acceptance: setup            ## the whole story on AWS (ACCEPT_COSTS=yes, REGION=...), or on the lab: make acceptance AWS=lab
	@$(JUDGED) python -m acceptance

acceptance-clean: setup            ## take away what an acceptance run left in REGION
	@$(JUDGED) python -m acceptance clean

awx-acceptance: setup            ## the pattern on a controller: CONTROLLER_HOST=, CONTROLLER_OAUTH_TOKEN=, PATTERN=file; docs/awx.md
	@PYTHONPATH=tests python -m awx

rulebooks: setup            ## the rulebooks of extensions/eda on sample events, by ansible-rulebook (needs Java)
	@tests/rulebooks/check.sh

contract: setup            ## the contract tests on the double, or with AWS=real those that can on AWS, and where the two differ
	@$(JUDGED) python -m recording $(if $(filter real,$(AWS)),real,double)

judges: setup            ## where plain moto and ministack differ from the double: tests/lab/astrolab/aws/JUDGES.md
	@$(JUDGED) python -m recording judges

.venv/ready: tests/requirements.txt tests/requirements-collections.txt tests/setup.sh
	@PYTHON=$(PYTHON) tests/setup.sh

picture:            ## the README's picture, from the report of the last demo (needs chromium)
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1100,1000 --screenshot=docs/images/report.png file://$(CURDIR)/privatelink-report/report.html

lock: setup            ## pin tests/requirements.in and tests/requirements-lowest.in anew
	$(PIN) tests/requirements.in -o tests/requirements.txt
	$(PIN) tests/requirements-lowest.in -o tests/requirements-lowest.txt

clean:            ## forget everything that was set up
	rm -rf .venv .venv-docs .collections docs/build privatelink-report
