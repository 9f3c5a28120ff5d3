# SPDX-License-Identifier: BSD-2-Clause
"""Bulk changes: found, tried, made, interrupted, gone on with and taken back."""

import re
import subprocess
import time

import pytest

import lab as labs
from lab import FIRST, SECOND, program

HEAD = "Device Name,Description,Device Type,Security Profile,Directory Number 1\n"


def load(lab, lines):
    with open(lab.path("phones.csv"), "w", encoding="utf-8") as f:
        f.write(HEAD + "".join(lines))
    lab.cadeado("device", "import", lab.path("phones.csv"))


def name(i):
    return "SEP%012X" % (0x100000 + i)


def found(lab, query):
    return lab.json("bat", "query", query)["found"]


@pytest.fixture
def small(idle_lab):
    load(idle_lab, [f"{name(i)},Room {i},{(7961, 7975, 7960)[i % 3]},Non Secure,{2000 + i}\n" for i in range(30)])
    return idle_lab


@pytest.mark.parametrize("query,count", [
    ("all", 30),
    ("Device Type is Cisco 7961", 10),
    ("Device Type is 7961 or Device Type is 7975", 20),
    ("Description begins with room 1 and Device Type is not Cisco 7960", 8),
    ("Directory Number is 2007", 1),
    ("Security Profile contains enc", 0),
    ("Device Security Mode is Non Secure", 30),
    ("LSC Expires is empty", 30),
    ("LSC Expires is before 2100-01-01", 0),
    ("Authentication String is not empty", 0),
    ("LSC Status is None", 30),
    ("Last Registered is after 2020-01-01", 0),
    ("Last Registered is before 2020-01-01", 30),
])
def test_queries(small, query, count):
    done = small.json("bat", "query", query)
    assert done["found"] == count and len(done["first"]) == min(count, 10)


def test_a_change_from_the_dry_run_to_the_end(small):
    lab = small
    assert "No bulk change" in lab.cadeado("bat", "status").stdout
    assert lab.cadeado("bat", "apply", "--yes", check=False).returncode == 1
    done = lab.cadeado("bat", "update", "Device Type is 7961", "--set", "Security Profile=encrypted", "--set",
                       "Owner=bulk")
    assert "10 phones found: 10 would change, 0 are so already, 0 refused\n" in done.stdout
    assert found(lab, "Owner is bulk") == 0
    assert lab.json("bat", "status")["update"]["state"] == "prepared"
    lab.cadeado("bat", "apply", "--yes")
    assert found(lab, "Security Profile is Encrypted and Owner is bulk") == 10
    again = lab.cadeado("bat", "update", "Owner is bulk", "--set", "Owner=bulk")
    assert "0 would change, 10 are so already" in again.stdout
    # What was changed by others meanwhile stays; a phone that is gone is passed over.
    lab.cadeado("device", "update", name(0), "--description", "Hall")
    lab.cadeado("device", "delete", name(3), "--yes")
    assert lab.json("bat", "undo", "--yes")["restored"] == 9
    got = lab.json("device", "show", name(0))["device"]
    assert (got["owner"], got["profile"], got["description"]) == ("", "Non Secure", "Hall")
    assert found(lab, "Owner is bulk") == 0
    done = lab.cadeado("bat", "undo", "--yes", check=False)
    assert done.returncode == 1 and "taken back already" in done.stderr


def test_stranded_phones_stop_it(small):
    done = small.cadeado("bat", "update", "all", "--set", "Security Profile=Encrypted", check=False)
    assert done.returncode == 1
    assert "20 would change, 0 are so already, 10 refused" in done.stdout
    assert f"for 10 phones; the first: {name(2)}: Cisco 7960 cannot open" in done.stderr
    assert small.cadeado("bat", "apply", "--yes", check=False).returncode == 1
    assert found(small, "Security Profile is Encrypted") == 0


@pytest.mark.parametrize("change,words", [
    ("Directory Number 1=7", "is each phone's own"),
    ("Secure Shell Password=x", "is each phone's own"),
    ("Colour=red", "a phone has no field Colour"),
    ("Owner", "is not FIELD=VALUE"),
    ("Web Access=perhaps", "Web Access is one of"),
])
def test_what_cannot_be_set(small, change, words):
    done = small.cadeado("bat", "update", "all", "--set", change, check=False)
    assert done.returncode == 1 and words in done.stderr


def test_killed_and_gone_on_with(idle_lab):
    lab = idle_lab
    total = 20000
    load(lab, [f"{name(i)},Room {i},7961,Non Secure,{100000 + i}\n" for i in range(total)])
    lab.cadeado("bat", "update", "all", "--set", "Owner=bulk")
    interrupted = 0
    for pause in (0.05, 0.1, 0.1, 0.2):
        p = subprocess.Popen([program("cadeado"), "--state", lab.dir, "bat", "apply", "--yes"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(pause)
        p.kill()
        p.wait(labs.PATIENCE)
        now = lab.json("bat", "status")["update"]
        assert found(lab, "Owner is bulk") == now["done"]
        interrupted += now["state"] == "interrupted"
    if now["state"] == "interrupted":
        done = lab.cadeado("bat", "update", "all", "--set", "Owner=other", check=False)
        assert done.returncode == 1 and re.search(r"stopped after \d+ of 20000 phones", done.stderr)
    if now["state"] != "finished":
        lab.cadeado("bat", "apply", "--yes")
    assert lab.json("bat", "status")["update"]["state"] == "finished"
    assert found(lab, "Owner is bulk") == total
    # None was changed twice, and none is missing in what is kept.
    assert lab.json("bat", "undo", "--yes")["restored"] == total
    assert found(lab, "Owner is empty") == total


def test_two_phones_keep_their_own_lines(idle_lab):
    lab = idle_lab
    lab.add_phones()
    lab.cadeado("bat", "update", "all", "--set", "Certificate Operation=No Pending Operation", "--set",
                "Description=x")
    lab.cadeado("bat", "apply", "--yes")
    for device, number in ((FIRST, "1001"), (SECOND, "1002")):
        got = lab.json("device", "show", device)["device"]
        assert (got["number"], got["certificateOperationStatus"], got["description"]) == (number, "None", "x")
    lab.cadeado("bat", "undo", "--yes")
    got = lab.json("device", "show", FIRST)["device"]
    assert got["certificateOperation"] == "Install/Upgrade" and got["certificateOperationStatus"] == "Operation Pending"
    assert got["operationCompletesBy"] > 0


def test_an_end_that_is_given_counts_wherever_it_stands(small):
    small.cadeado("bat", "update", "Device Type is Cisco 7961", "--set", "Operation Completes By=2031-01-01",
                  "--set", "Certificate Operation=Install/Upgrade")
    done = small.cadeado("bat", "apply", "--yes")
    assert "0 registered phones were reset" in done.stdout
    shown = small.json("device", "show", name(0))["device"]
    assert shown["operationCompletesBy"] == 1924992000 and shown["certificateOperationStatus"] == "Operation Pending"
