# SPDX-License-Identifier: BSD-2-Clause
"""End to end: are the programs compatible with phones, tools and one another?"""

import os
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.dirname(__file__))

# Passwords and PINs are stretched little, for what that costs is not asked here (crypto/password.c).
os.environ.setdefault("CADEADO_KDF", "cheap")
# Nor how primes are found (crypto/key_quick.c). No two keys of a run are the same.
if "CADEADO_KEYS" not in os.environ:
    keys = tempfile.NamedTemporaryFile(prefix="cadeado-keys-")
    os.environ["CADEADO_KEYS"] = keys.name

import lab as labs  # noqa: E402


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A cluster that is made once: keys take time."""
    made = labs.Lab(tmp_path_factory.mktemp("template") / "lab", labs.free_base())
    made.create()
    return made


@pytest.fixture
def idle_lab(template, tmp_path):
    """A cluster of the test's own: two tokens, a published CTL, no phone, no daemon running."""
    lab = labs.copy(template, tmp_path / "lab")
    yield lab
    lab.end()


@pytest.fixture
def lab(idle_lab):
    """The same with its daemon running."""
    idle_lab.start()
    return idle_lab
