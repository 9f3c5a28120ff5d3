# SPDX-License-Identifier: BSD-2-Clause
"""Tokens of a test's own; see tokendesk.py."""

import pytest

from tokendesk import Desk, Hsm


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


@pytest.fixture
def hsm(tmp_path):
    return Hsm(tmp_path / "hsm")


@pytest.fixture
def hardware(tmp_path, hsm):
    """Two tokens with keys, SAST-H1 and SAST-H2."""
    made = Desk(tmp_path, hsm)
    for label, pin in (("SAST-H1", "11112222"), ("SAST-H2", "33334444")):
        hsm.token(label, pin)
        made.run("token", "create", "--token", label, "--serial", label[5:], pins=[pin])
    (hsm.folder / "control").write_text("")
    return made
