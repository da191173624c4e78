# make demo | make test: all that a fresh machine needs. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DOCKS := tests/plugin src/napari_morphogen/plugin

.PHONY: help demo test lint types unit docs bench clean

help:
	@echo "demo   segment a sample by every method; pictures in demo-results/"
	@echo "test   lint, types, unit, docs: what continuous integration runs"
	@echo "unit   the tests alone        docs   the site, strict"
	@echo "bench  timings                clean  remove what make has made"

demo: $(INSTALLED)
	$(BIN)/python docs/demo.py --out demo-results

test: lint types unit docs

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)
	$(BIN)/mypy

# a process per core, so each has one thread: more would wait for one another.
# The docks alone: they measure how long a window hangs
unit: $(INSTALLED)
	OMP_NUM_THREADS=1 sh tests/screen.sh $(BIN)/python -m pytest -n auto --dist worksteal $(DOCKS:%=--ignore %)
	sh tests/screen.sh $(BIN)/python -m pytest $(DOCKS)

docs: $(INSTALLED)
	$(BIN)/mkdocs build --strict

bench: $(INSTALLED)
	$(BIN)/python benchmarks/classical.py
	$(BIN)/python benchmarks/contours.py
	$(BIN)/python benchmarks/features.py
	$(BIN)/python benchmarks/dbscan.py
	$(BIN)/python benchmarks/matching.py
	$(BIN)/python benchmarks/textures.py
	sh tests/screen.sh $(BIN)/python benchmarks/preview.py
	sh tests/screen.sh $(BIN)/python benchmarks/offthread.py

clean:
	rm -rf $(VENV) demo-results site dist build

$(INSTALLED): pyproject.toml constraints.txt
	@echo "Installing into $(VENV); this takes a few minutes the first time."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[viewer,networks]" --group dev
	@touch $@
