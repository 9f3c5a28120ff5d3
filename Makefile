# SPDX-License-Identifier: BSD-2-Clause
# The front door. `make` builds; the programs are then build/cadeado, build/cadeadod and
# build/cadeado-phone. Everything else is in meson.build.

BUILD ?= build
MESON_OPTIONS ?=

.PHONY: all run run-lab test lint fuzz bench install clean

all:
	@tools/build $(BUILD) $(MESON_OPTIONS)

# ONCE=1 ends after the checks; PORTBASE=20000 moves every port. Exit status: 0 all is well, 1 a
# fault was found, 2 something is missing. Make itself knows only "a command failed", which is 2;
# its one way to say 1 is the answer of a question (-q), so the second step asks one.
ifeq ($(MAKECMDGOALS),run)
MAKEFLAGS += -q
endif
run: run-lab
	@$(shell ls $(BUILD)/fault 2>/dev/null)
run-lab:
	+@MAKEFLAGS= tools/packages run
	+@MAKEFLAGS= tools/build $(BUILD)
	+@rm -f $(BUILD)/fault; status=0; \
	MAKEFLAGS= BUILD='$(BUILD)' ONCE='$(ONCE)' PORTBASE='$(PORTBASE)' LAB='$(LAB)' tools/run || status=$$?; \
	[ $$status -ne 1 ] || { touch $(BUILD)/fault; status=0; }; exit $$status

test:
	@tools/packages run test
	@tools/test

# The shape of the sources, and of the libraries that were built from them.
lint:
	@tools/packages run test
	@tools/build $(BUILD)
	@tools/lint $(BUILD)/.meson

# SECONDS=60 for each target
fuzz:
	@tools/packages run fuzz
	@tools/fuzz $(SECONDS)

# CERTUTILS=FOLDER times certutils' tlvfile, too
bench:
	@tools/packages run bench
	@CERTUTILS=$(CERTUTILS) tools/bench

# DESTDIR=/tmp/x installs below that folder.
install: all
	@meson install --no-rebuild -C $(BUILD)/.meson

clean:
	rm -rf $(BUILD) build-*
