# Darkroom's commands. Each needs Python 3.12 or newer and make; uv is used where it is there.
#
#   make run      start everything; PORT and DATA_DIR say where (8000, ./var)
#   make test     run every test; ARGS passes options on, as in: make test ARGS="-k mail"
#   make faults   break everything for half an hour and account for it; docs/faults.md
#   make check    run every static check
#   make format   put the code into shape
#   make lock     resolve the dependencies anew (needs uv)
#   make clean    remove what the commands above made, but no data

# Tried in this order and really run: a version manager's shim may exist and still fail.
CANDIDATES := $(PYTHON) python3.13 python3.12 python3.14 python3 python
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/run.stamp
TEST_STAMP := $(VENV)/test.stamp
FAILED := test-results/failed.txt

# A venv knows its own path: made elsewhere, moved, half made or without its Python, it is made anew.
ifneq ($(shell cat $(VENV)/made.stamp 2>/dev/null && $(BIN)/python -c pass 2>/dev/null && echo works),$(CURDIR) works)
$(shell rm -f $(VENV)/*.stamp)
endif

.PHONY: run test faults check lock format clean
.DEFAULT_GOAL := run

run: $(RUN_STAMP)
	@exec $(BIN)/python -m project.dev

# At the end once more what failed in either run: what the first printed is far up by then.
test: $(RUN_STAMP) $(TEST_STAMP)
	@rm -f $(FAILED); \
	$(BIN)/python -m pytest $(ARGS); first=$$?; \
	$(BIN)/python -m tests.on_postgres $(ARGS); second=$$?; \
	if [ -e $(FAILED) ]; then echo "Failed:"; cat $(FAILED); fi; \
	[ $$first -eq 0 ] && [ $$second -eq 0 ]

# The broker's part empties its Redis again and again: it never sees yours.
faults: $(RUN_STAMP) $(TEST_STAMP)
	@env -u REDIS_URL -u DATABASE_URL FAULTS=full $(BIN)/python -m pytest tests/faults \
		--ignore tests/faults/app; first=$$?; \
	$(BIN)/python -m tests.faults.app $(ARGS) && [ $$first -eq 0 ]

check: $(RUN_STAMP) $(TEST_STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python manage.py check --fail-level WARNING
	$(BIN)/python manage.py makemigrations --check --dry-run

format: $(RUN_STAMP) $(TEST_STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

LOCK := uv pip compile --universal --python-version 3.12 --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command "make lock" --quiet

lock:
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/"; exit 1; }
	$(LOCK) pyproject.toml --output-file requirements.lock
	$(LOCK) --group pyproject.toml:test --constraints requirements.lock \
		--output-file tests/requirements.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/made.stamp:
	@found=; \
	for candidate in $(CANDIDATES); do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then \
			found=$$candidate; break; \
		fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Darkroom needs Python 3.12 or newer, and none was found. Install one from"; \
		echo "https://www.python.org/downloads/, or name yours: make run PYTHON=/path/to/python3"; \
		exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$found" --version), once."; \
	rm -rf $(VENV); \
	if command -v uv >/dev/null; then \
		uv venv --quiet --python "$$(command -v "$$found")" $(VENV); \
	elif "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
		"$$found" -m venv $(VENV); \
	else \
		echo "This Python cannot make virtual environments. On Debian and Ubuntu, install them with"; \
		echo "  apt install python3-venv"; \
		exit 1; \
	fi && echo "$(CURDIR)" > $@

# The locks name every package with its hash, so nothing is left to resolve: --no-deps.
define install
	@echo "Installing $(1)."
	@if command -v uv >/dev/null; then \
		uv pip install --quiet --python $(BIN)/python --require-hashes --no-deps -r $(1); \
	else \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
			-r $(1); \
	fi
	@touch $@
endef

$(RUN_STAMP): $(VENV)/made.stamp requirements.lock
	$(call install,requirements.lock)

$(TEST_STAMP): $(RUN_STAMP) tests/requirements.lock
	$(call install,tests/requirements.lock)
