# make run          set up and serve the drawn classroom on 127.0.0.1:8000
# make test         set up and run every test, two files at a time (23 minutes); JOBS=0: one after the other
# make lint         check style and names without running the program
# make audit        look the packages of requirements.txt up among known weaknesses (needs pypi.org)
# make reliability  run the fault tests and write docs/reliability.md (10 minutes)
# make soak         run for hours, kill at random, count memory; writes docs/reliability.md too (90 minutes)
# make image-test   build the container image, start it and open its pages (3 minutes, root, Debian)
# make bench        measure speed and size beside the usual solutions (18 minutes)
# make texts        collect the texts for people into app/translations, to be translated there
# make screenshots  render every page to docs/screenshots (needs Chromium)
# make clean        remove the virtual environment

SHELL := /bin/bash
JOBS := 2
BIN := .venv/bin

# The newest Python that runs here and can make virtual environments; or say make run PYTHON=/path/to/python
PYTHON ?= $(shell for version in 3.13 3.12 3.11; do \
  python$$version -c "import ensurepip, venv" 2>/dev/null && echo python$$version && break; done)

# When the Python that made .venv is gone, its link is broken; the rules below then make .venv anew
$(shell test -e $(BIN)/python || rm -rf .venv)

.PHONY: run test lint reliability soak audit image-test bench texts screenshots clean

run: .venv/installed
	@$(BIN)/flask --app wsgi db upgrade
	@exec $(BIN)/gunicorn wsgi:app

test: .venv/installed-dev
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m tests.class_names app models

reliability: .venv/installed-dev
	$(BIN)/python -m tests.reliability faults

soak: .venv/installed-dev
	$(BIN)/python -m tests.reliability soak

# Without --strict it finds "no known vulnerabilities" in packages that it could not look up
audit: .venv/installed-dev
	@said=$$($(BIN)/pip-audit --strict --progress-spinner off -r requirements.txt 2>&1); status=$$?; \
	echo "$$said"; \
	if [ $$status != 0 ] && ! grep -q "^Found" <<< "$$said"; then \
	  echo "Not every package was checked: pip-audit can't get its data from pypi.org."; \
	  echo "Run make audit on a machine that reaches it."; \
	fi; \
	exit $$status

image-test: .venv/installed-dev
	$(BIN)/python -m tests.image

bench: .venv/installed-dev
	for subject in start classify detection pipeline newcomers running latency viewers store browser_camera pulse rooms; do \
	  $(BIN)/python -m benchmarks.$$subject || exit 1; \
	done

texts: .venv/installed
	@texts=$$(mktemp) && \
	$(BIN)/pybabel -q extract -F babel.cfg -k Translatable -k t -k lazy_gettext --add-location=file --sort-by-file --no-wrap \
	  --omit-header -o $$texts app && \
	$(BIN)/pybabel -q update -i $$texts -d app/translations -N --no-wrap --ignore-obsolete --ignore-pot-creation-date; \
	status=$$?; rm -f $$texts; exit $$status

screenshots: .venv/installed-dev
	$(BIN)/python -m tests.screenshots

.venv/bin/python:
	@python="$(PYTHON)"; \
	"$${python:-false}" -c "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))" 2>/dev/null || { \
	  echo "Aula needs Python 3.11, 3.12 or 3.13 with venv: apt install python3 python3-venv,"; \
	  echo "or name one: make run PYTHON=/path/to/python"; exit 1; }; \
	echo "Making a virtual environment in .venv, with $$("$$python" --version)"; \
	"$$python" -m venv .venv || { rm -rf .venv; exit 1; }

.venv/installed: .venv/bin/python requirements.txt
	@echo "Installing what the server needs (about 140 MB to download, once)"
	$(call install,requirements.txt)

.venv/installed-dev: .venv/installed requirements-dev.txt requirements-train.txt
	@echo "Installing what training and the tests need (about 500 MB to download, once)"
	$(call install,requirements-dev.txt)

# pip prints hundreds of lines. A terminal shows one, which names what pip is doing now
define install
@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
  echo "The Python that made .venv was replaced: run make clean, then try again"; exit 1; }
@set -o pipefail; \
$(BIN)/python -m pip install --disable-pip-version-check -r $(1) | while read -r step package _; do \
  test -t 1 || continue; \
  case $$step in \
    Collecting) printf '  fetching %s\033[K\r' "$${package%%[[<>=~!;]*}" ;; \
    Installing) printf '  unpacking\033[K\r' ;; \
    Successfully) printf '\033[K' ;; \
  esac; \
done
@touch $@
endef

clean:
	rm -rf .venv
