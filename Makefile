# make run    set up and serve the drawn classroom on 127.0.0.1:8000
# make test   set up and run every test
# make lint   look for mistakes without running anything
# make bench  measure speed and size, each beside the plain way (a quarter of an hour)
# make texts  collect the texts for people into app/translations, to be translated there
# make screenshots   render every page to docs/screenshots (wants Chromium)

PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: run test lint bench texts screenshots clean

run: .venv/installed
	@$(BIN)/flask --app wsgi db upgrade
	@exec $(BIN)/gunicorn wsgi:app

test: .venv/installed-dev
	$(BIN)/python -m pytest

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: .venv/installed-dev
	for subject in start classify detection pipeline newcomers running latency viewers store browser_camera; do \
	  $(BIN)/python -m benchmarks.$$subject || exit 1; \
	done

texts: .venv/installed
	@texts=$$(mktemp) && \
	$(BIN)/pybabel -q extract -F babel.cfg -k Words -k t -k lazy_gettext --add-location=file --sort-by-file --no-wrap \
	  --omit-header -o $$texts app && \
	$(BIN)/pybabel -q update -i $$texts -d app/translations -N --no-wrap --ignore-obsolete --ignore-pot-creation-date; \
	done=$$?; rm -f $$texts; exit $$done

screenshots: .venv/installed-dev
	$(BIN)/python -m tests.screenshots

# Debian and Ubuntu keep venv in a package of its own, hence the hint
.venv/bin/pip:
	@echo "Making a virtual environment in .venv"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
	  echo "This needs Python 3.11 with venv: apt install python3.11 python3.11-venv, or make run PYTHON=/path/to/python3.11"; exit 1; }

.venv/installed: .venv/bin/pip requirements.txt
	@echo "Installing what the program needs (some 300 MB to fetch, once)"
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt requirements-train.txt
	@echo "Installing what the tests need"
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

clean:
	rm -rf .venv
