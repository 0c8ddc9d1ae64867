# One target folder for every build, outside the checkout, so that a fresh clone builds on earlier work.
CARGO_TARGET_DIR ?= $(if $(HOME),$(HOME)/.cache/huecry/target,$(CURDIR)/target)
export CARGO_TARGET_DIR

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo lint check-tls test soak bench fuzz pictures

# ONLY=name narrows test, soak and bench to what has the name in it.
ONLY ?=

nextest := $(shell cargo nextest --version >/dev/null 2>&1 && echo yes)
ifeq ($(nextest),yes)
suite := cargo nextest run --locked $(ONLY)
soak := cargo nextest run --locked --profile soak -E 'test(/^(faults|plans|races)::/)' $(ONLY)
else
suite := cargo test --locked --lib --bins --tests --no-fail-fast $(ONLY)
soak := cargo test --locked --test it --no-fail-fast -- $(or $(ONLY),faults:: plans:: races::)
endif

help: ## Show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## Install what the tests need (as root, on Debian)
	@scripts/setup

demo: ## Run the demonstration
	@cargo run --release --locked -- demo

lint: check-tls ## Formatting, Clippy, documentation, one TLS stack
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

# TLS is rustls with ring, whatever the features.
check-tls:
	@tree=$$(cargo tree --locked --all-features --target all --prefix none) || exit 1; \
	for crate in aws-lc-rs openssl-sys; do \
		if grep -q "^$$crate v" <<<"$$tree"; then \
			echo "$$crate is among the dependencies, by way of:" >&2; \
			cargo tree --locked --all-features --target all -i $$crate; \
			exit 1; \
		fi; \
	done

# With --pdeathsig the servers stop also when make is told to: make tells the recipe's shell only.
test: ## Everything that must pass: set-up, lint, the suite, doc tests (ONLY=name)
	@report=; \
	step() { \
		local name=$$1 started=$$SECONDS note=; shift; \
		printf '== %s\n' "$$name"; \
		"$$@" || note=' (failed)'; \
		report+=$$(printf '%6d s  %s%s' $$((SECONDS - started)) "$$name" "$$note")$$'\n'; \
		[[ -z $$note ]]; \
	}; \
	trap 'printf "\n%s%6d s  in all\n" "$$report" $$SECONDS' EXIT; \
	step setup scripts/setup && \
	step lint $(MAKE) --no-print-directory lint && \
	step suite setpriv --pdeathsig TERM scripts/services run -- $(suite) && \
	step 'doc tests' cargo test --locked --doc

soak: setup ## The fault and race tests, for long (ONLY=name)
	HUECRY_SOAK=1 scripts/services run -- $(soak)

# The bounds are for two cores that gateway, database, carrier and clients share.
CORES ?= 0,1
bench: ## Measure: one JSON line a figure, and the README's table (ONLY=name)
	@scripts/setup bench
	@cargo bench --locked --bench figures --no-run
	@taskset -c $(CORES) scripts/services run --only postgres,dovecot -- cargo bench --locked --bench figures -- $(ONLY)

# Coverage counters are the compiler's own and need no nightly; a sanitizer would.
SECONDS ?= 60
fuzz: ## Any bytes as a mail, for a minute (SECONDS=n)
	@mkdir -p fuzz/corpus
	@cp -n fixtures/email/*/*.eml fuzz/corpus/ 2>/dev/null || true
	@cd fuzz && RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares" \
		cargo run --release --locked --target "$$(rustc -vV | sed -n 's/^host: //p')" --bin mail -- -max_total_time=$(SECONDS) -timeout=5 -max_len=20000 corpus

pictures: setup ## Pictures of the main pages, at desk and phone width, light and dark, into target/pictures
	@HUECRY_TEST_SHOTS=$(CURDIR)/target/pictures scripts/services run --only webdriver -- cargo nextest run --locked -E 'test(/^browser::sound_pages::/)'
