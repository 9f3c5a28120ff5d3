# SPDX-License-Identifier: BSD-2-Clause
"""Phones on PostgreSQL, and while it is away."""

import os
import re
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "service"))

import lab as labs
from database import Database
from lab import FIRST, SECOND, wait_for
from peers import HOST, Tftp


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


def test_files_that_are_known_are_served_while_the_database_is_away(cluster, database):
    """In memory, on disk, in neither; what nobody can say is not said."""
    lab, third, strange = cluster, "SEP0011215A1AE5", "SEP0011215A1AE6"
    lab.start()
    tftp = Tftp(lab.port("tftp"))

    def fetch(name):
        tftp.request(name)
        return tftp.rest(tftp.recv())

    def http(name):
        done = subprocess.run(["curl", "-s", "-D", "-", "http://%s:%d/%s" % (HOST, lab.port("http"), name)],
                              stdout=subprocess.PIPE, check=True, timeout=labs.PATIENCE)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        return int(head.split()[1]), head.lower(), body

    names = [FIRST + ".cnf.xml.sgn", FIRST + ".cnf.xml", "ITL" + FIRST + ".tlv", "ITLFile.tlv", "dialplan.xml"]
    known = {name: fetch(name) for name in names}
    prepared = lab.json("device", "prepare")
    assert (prepared["phones"], prepared["made"], prepared["failed"]) == (2, 1, 0)
    # Whose record changed since is known as it was; one who came since is not known.
    lab.cadeado("device", "update", SECOND, "--description", "Hall")
    lab.cadeado("device", "add", third, "--number", "1003")
    database.stop()
    for name in names:
        assert fetch(name) == known[name] and http(name)[2] == known[name], name
    assert fetch("dialplan.xml.sgn").endswith(known["dialplan.xml"])
    clear = fetch(SECOND + ".cnf.xml")
    assert b"<fullConfig>true" in clear and fetch(SECOND + ".cnf.xml.sgn").endswith(clear)
    assert fetch("ITL" + SECOND + ".tlv") == known["ITLFile.tlv"]
    # Known not to be encrypted: a phone that was asks for that first, and then for the signed one.
    tftp.request(SECOND + ".cnf.xml.enc.sgn")
    assert tftp.error()[0] == 1 and http(SECOND + ".cnf.xml.enc.sgn")[0] == 404
    for device in (third, strange):
        for name in (device + ".cnf.xml", device + ".cnf.xml.sgn", "CTL" + device + ".tlv", "ITL" + device + ".tlv"):
            tftp.request(name)
            assert wait_for(lambda: "Not answered[%s]" % name in lab.trace("ctftp")), name
            status, head, _ = http(name)
            assert status == 503 and b"retry-after: 1" in head
    # Of all these not one was answered: the next packet is that of the next question.
    assert fetch("ITLFile.tlv") == known["ITLFile.tlv"]
    assert "cannot be reached" in lab.log()
    database.start()
    assert wait_for(lambda: http(third + ".cnf.xml")[0] == 200)
    assert b"<fullConfig>true" in fetch(third + ".cnf.xml.sgn")
    tftp.request(strange + ".cnf.xml")
    assert tftp.error()[0] == 1
    assert fetch(SECOND + ".cnf.xml") != clear
    tftp.sock.close()


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
