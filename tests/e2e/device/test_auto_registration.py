# SPDX-License-Identifier: BSD-2-Clause
"""Phones that nobody has added: they register where that is allowed, and nowhere else."""

import os
import re
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "ctlclient"))

import lab as labs  # noqa: E402
from lab import FIRST, SECOND, program, wait_for  # noqa: E402
from person import Person  # noqa: E402


def allow(lab, **settings):
    with open(lab.path("cadeado.conf"), encoding="utf-8") as f:
        text = f.read()
    for name, value in settings.items():
        text, found = re.subn(rf"^{name} = .*$", f"{name} = {value}", text, flags=re.M)
        assert found == 1, name
    with open(lab.path("cadeado.conf"), "w", encoding="utf-8") as f:
        f.write(text)


@pytest.fixture
def open_lab(tmp_path):
    """A cluster without tokens, in non-secure mode, that adds unknown phones from 7001 to 7003."""
    lab = labs.Lab(tmp_path / "open", labs.free_base())
    lab.cadeado("cluster", "init", "--port-base", str(lab.base))
    allow(lab, auto_registration="yes", auto_registration_start=7001, auto_registration_end=7003)
    yield lab
    lab.end()


def refused(lab, device):
    assert wait_for(lambda: "File not found XMLDefault.cnf.xml" in lab.status(device)), lab.output(device)
    assert lab.json("device", "list")["devices"] == []


def test_unknown_phones_get_the_free_numbers(open_lab):
    lab = open_lab
    lab.cadeado("device", "add", "SEP00112233AABB", "--number", "7002")
    lab.start()
    lab.phone(FIRST)
    assert lab.registered(FIRST), (lab.output(FIRST), lab.log())
    lab.phone(SECOND)
    assert lab.registered(SECOND), (lab.output(SECOND), lab.log())
    first, second = (lab.json("device", "show", d)["device"] for d in (FIRST, SECOND))
    assert (first["number"], second["number"]) == ("7001", "7003")
    assert first["profile"] == "Non Secure" and first["description"] == "Auto 7001"
    assert "added by auto-registration" in lab.log()
    # The range is used up: a third phone is told so and not added.
    third = lab.phone("SEP0011215A1AE5", "--once")
    assert third.wait(labs.PATIENCE) != 0
    assert "all numbers from 7001 to 7003 are taken" in lab.log()
    assert len(lab.json("device", "list")["devices"]) == 3
    # From now on it has a file of its own.
    lab.hang_up(FIRST)
    lab.phone(FIRST)
    assert wait_for(lambda: "SEP0011215A1AE3.cnf.xml.sgn" in lab.trace("ctftp").rsplit("XMLDefault", 1)[-1])
    assert lab.registered(FIRST)


def test_off_by_default(open_lab):
    allow(open_lab, auto_registration="no")
    open_lab.start()
    open_lab.phone(FIRST)
    refused(open_lab, FIRST)


def test_mixed_mode_stops_it(open_lab):
    lab = open_lab
    done = lab.cadeado("utils", "ctl", "set-cluster", "mixed-mode", "--yes")
    assert "Auto-registration is enabled on at least one CM node.\nIt stops in mixed mode.\n" in done.stdout
    lab.start()
    lab.phone(FIRST)
    refused(lab, FIRST)


def test_a_person_is_warned_before_the_question(open_lab):
    words = [program("cadeado"), "--state", open_lab.dir, "utils", "ctl", "set-cluster", "mixed-mode"]
    for answer in "n", "y":
        person = Person(words)
        person.expect("Auto-registration is enabled on at least one CM node.\nIt stops in mixed mode.\n"
                      "This operation will set the cluster to Mixed mode. Do you want to continue\\? \\(y/n\\):")
        person.type(answer)
        assert (person.leaves() == 0) == (answer == "y"), person.seen
        assert ("Cluster set to Mixed Mode" in person.seen) == (answer == "y")
        assert person.seen.count("Auto-registration") == 1


def test_mixed_mode_with_the_setting(open_lab):
    lab = open_lab
    allow(lab, auto_registration_secure="yes")
    done = lab.cadeado("utils", "ctl", "set-cluster", "mixed-mode", "--yes")
    assert "Auto-registration is enabled on at least one CM node.\nIt goes on in mixed mode" in done.stdout
    lab.start()
    lab.phone(FIRST)
    assert lab.registered(FIRST), (lab.output(FIRST), lab.log())
    assert lab.json("device", "show", FIRST)["device"]["number"] == "7001"


def test_the_operators_own_default_comes_first(open_lab):
    lab = open_lab
    with open(lab.path("tftp", "XMLDefault.cnf.xml"), "w", encoding="utf-8") as f:
        f.write("<Default><callManagerGroup><members><member priority='0'><callManager><ports><ethernetPhonePort>"
                "%d</ethernetPhonePort></ports><processNodeName>127.0.0.1</processNodeName></callManager></member>"
                "</members></callManagerGroup><loadInformation30018 model='Cisco 7961'>X</loadInformation30018>"
                "</Default>" % lab.port("sccp"))
    lab.start()
    lab.phone(FIRST)
    assert lab.registered(FIRST), (lab.output(FIRST), lab.log())


def test_an_impossible_range_is_refused(open_lab):
    allow(open_lab, auto_registration_end=7000)
    done = open_lab.cadeado("device", "list", check=False)
    assert done.returncode == 1 and "auto_registration_end: 7000 is not within" in done.stdout + done.stderr
    allow(open_lab, auto_registration_end=7003)
