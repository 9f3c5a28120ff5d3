# SPDX-License-Identifier: BSD-2-Clause
"""Phones on PostgreSQL, and while it is away."""

import re

import pytest

import lab as labs
from database import Database
from lab import FIRST, SECOND, wait_for


@pytest.fixture
def database():
    made = Database()
    made.start()
    yield made
    made.end()


@pytest.fixture
def cluster(tmp_path, database):
    """In non-secure mode, with its rows in PostgreSQL."""
    lab = labs.Lab(tmp_path / "lab", labs.free_base())
    lab.cadeado("cluster", "init", "--port-base", str(lab.base))
    with open(lab.path("cadeado.conf"), encoding="utf-8") as f:
        text = re.sub(r"^store = .*$", f"store = {database.url}", f.read(), flags=re.M)
    with open(lab.path("cadeado.conf"), "w", encoding="utf-8") as f:
        f.write(text)
    lab.cadeado("cluster", "init")
    for device, number in ((FIRST, "1001"), (SECOND, "1002")):
        lab.cadeado("device", "add", device, "--number", number)
    yield lab
    lab.end()


def test_phones_go_on_while_the_database_is_away(cluster, database):
    lab = cluster
    lab.start()
    lab.phone(FIRST)
    assert lab.registered(FIRST), lab.output(FIRST)
    assert wait_for(lambda: lab.json("device", "show", FIRST)["device"]["lastSeen"] > 0)
    database.stop()
    # It loses its power and comes again.
    lab.hang_up(FIRST)
    lab.phone(FIRST)
    assert wait_for(lambda: "registered with what is known" in lab.log()), lab.log()
    assert lab.registered(FIRST), lab.output(FIRST)
    # Nobody knows the other one yet; commands say what is the matter.
    lab.phone(SECOND)
    done = lab.cadeado("device", "show", FIRST, check=False)
    assert done.returncode == 1 and "cannot be reached" in done.stderr
    assert wait_for(lambda: "cannot be reached" in lab.log())
    assert not lab.state(SECOND).get("registered")
    # The daemon finds it again by itself.
    database.start()
    assert lab.registered(SECOND), (lab.output(SECOND)[-2000:], lab.log()[-2000:])
    assert lab.json("device", "show", SECOND)["device"]["number"] == "1002"


def test_bulk_changes_on_postgresql(cluster, database):
    lab = cluster
    lab.cadeado("bat", "update", "Device Name begins with SEP", "--set", "Owner=bulk")
    database.stop()
    done = lab.cadeado("bat", "apply", "--yes", check=False)
    assert done.returncode == 1 and "cannot be reached" in done.stderr
    database.start()
    lab.cadeado("bat", "apply", "--yes")
    assert lab.json("bat", "query", "Owner is bulk")["found"] == 2
    assert lab.json("bat", "undo", "--yes")["restored"] == 2
    assert lab.json("bat", "query", "Owner is empty")["found"] == 2
