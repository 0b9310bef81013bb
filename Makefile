# SPDX-License-Identifier: MPL-2.0
# `make help` lists the targets. A fresh Debian machine needs only Swift 6: what else is missing is installed.

PREFIX = /usr/local
# static: one file that runs anywhere; dynamic: the C libraries are shared ones, for distributions
LINK = static
BENCH = Tests/bench/bench
ifeq ($(BENCH),Tests/bench/bench)
BENCHFLAGS = --write docs/performance.md
endif

export VSH_LINK = $(LINK)
binary = .build/release/vsh
bindir = $(DESTDIR)$(PREFIX)/bin
mandir = $(DESTDIR)$(PREFIX)/share/man/man1
docdir = $(DESTDIR)$(PREFIX)/share/doc/vsh
pages = $(notdir $(wildcard docs/man/*.1))
man7dir = $(DESTDIR)$(PREFIX)/share/man/man7
pages7 = $(notdir $(wildcard docs/man/*.7))
texts = README.adoc LICENSE $(filter-out docs/decisions docs/man,$(wildcard docs/*))

CONFORMANCE ?= $(wildcard ../shared/conformance/conformance)
SUITES ?=

.PHONY: all build run test check proofs lint format bench bench-undo bench-recorder fuzz conformance install uninstall clean help setup-build setup-test

all: build

build: setup-build ## build the release binary, .build/release/vsh (LINK=dynamic: against shared C libraries)
	@swift build -c release --product vsh

run: build ## start the shell
	@$(binary)

test: build setup-test ## run every test: units, script cases, undo harnesses, terminal
	@Tests/all

check: lint build setup-test ## lints and tests (tests that passed on exactly these files are not run again)
	@Tests/all --unless-unchanged

# PROOFS: options of proofs/check.sh, such as --install coq,z3,agda
proofs: ## check the proofs with the systems that are installed (proofs/README.md)
	@proofs/check.sh $(PROOFS)

lint: ## format, import table, licence lines, layout, file lengths
	@Tests/lint

format: ## bring the sources into the format that lint asks for
	@swift format --in-place --recursive --parallel Package.swift Sources Tests

bench: build ## time vsh against the installed shells, table into docs/performance.md (BENCH=program that takes the shell, BENCHFLAGS=)
	@$(BENCH) $(binary) $(BENCHFLAGS)

bench-undo: build ## what undo costs, tables into docs/performance.md (takes minutes; BENCHFLAGS=--changes N)
	@Tests/bench/undo $(binary) --write docs/performance.md $(BENCHFLAGS)

bench-recorder: build ## time programs with and without the recorder (paired medians)
	@Tests/bench/recorder $(binary) $(BENCHFLAGS)

# CONFORMANCE: a program that takes [SUITES=directory in the environment] SHELL SUITE... and prints the scores
conformance: build ## score vsh with test suites of others, where they are at hand (CONFORMANCE=program SUITES=directory)
	@if [ -z '$(CONFORMANCE)' ] || ! [ -x '$(CONFORMANCE)' ]; then \
		echo 'conformance: no suites at hand; CONFORMANCE=program names the one that runs them, SUITES=directory where they are'; \
	else \
		$(if $(SUITES),SUITES='$(SUITES)') '$(CONFORMANCE)' -o .build/conformance $(binary); \
	fi

fuzz: ## fuzz the parser for a minute (libFuzzer; Tests/fuzz/run SECONDS for longer)
	@Tests/fuzz/run

$(binary):
	@$(MAKE) build

install: $(binary) ## install into $(DESTDIR)$(PREFIX)
	install -d '$(bindir)' '$(mandir)' '$(man7dir)' '$(docdir)/decisions'
	install -m 755 $(binary) '$(bindir)/vsh'
	cd docs/man && install -m 644 $(pages) '$(mandir)'
	cd docs/man && install -m 644 $(pages7) '$(man7dir)'
	install -m 644 $(texts) '$(docdir)'
	install -m 644 docs/decisions/* '$(docdir)/decisions'

uninstall: ## remove what install put there
	rm -f '$(bindir)/vsh'
	cd '$(mandir)' 2>/dev/null && rm -f $(pages) || true
	cd '$(man7dir)' 2>/dev/null && rm -f $(pages7) || true
	rm -rf '$(docdir)'

clean: ## remove everything that was built
	rm -rf .build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

setup-build:
	@.ci/setup build

setup-test:
	@.ci/setup test
