# SPDX-License-Identifier: BSD-2-Clause
"""A node without a CTL, with two tokens and an administrator's account."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import lab as labs  # noqa: E402
import provider as providers  # noqa: E402


@pytest.fixture(scope="session")
def fresh(tmp_path_factory):
    """Made once: keys take time. No list was ever published."""
    made = labs.Lab(tmp_path_factory.mktemp("fresh") / "lab", labs.free_base())
    made.cadeado("cluster", "init", "--port-base", str(made.base))
    for token in providers.TOKENS:
        made.cadeado("token", "create", "--serial", token[5:], "--pin-file", providers.pin_file(made))
    providers.add_account(made)
    return made


@pytest.fixture
def idle_node(fresh, tmp_path):
    lab = labs.copy(fresh, tmp_path / "lab")
    yield lab
    lab.end()


@pytest.fixture
def node(idle_node):
    idle_node.start()
    return idle_node


@pytest.fixture
def provider(node):
    return providers.Provider(node)
