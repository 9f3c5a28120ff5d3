# SPDX-License-Identifier: BSD-2-Clause
# The front door. `make` builds; the programs are then build/cadeado, build/cadeadod and
# build/cadeado-phone. Everything else is in meson.build.

BUILD ?= build
MESON_OPTIONS ?=

.PHONY: all run test lint fuzz bench install clean

all:
	@tools/build $(BUILD) $(MESON_OPTIONS)

# ONCE=1 ends after the checks; PORTBASE=20000 moves every port.
run:
	@tools/packages run
	@tools/build $(BUILD)
	@BUILD=$(BUILD) ONCE=$(ONCE) PORTBASE=$(PORTBASE) LAB=$(LAB) tools/run

test:
	@tools/packages run test
	@tools/test

lint:
	@tools/packages run test
	@tools/lint

# SECONDS=60 for each target
fuzz:
	@tools/packages run fuzz
	@tools/fuzz $(SECONDS)

# CERTUTILS=FOLDER times certutils' tlvfile, too
bench:
	@tools/packages run
	@CERTUTILS=$(CERTUTILS) tools/bench

install: all
	@meson install -C $(BUILD)/.meson

clean:
	rm -rf $(BUILD) build-*
