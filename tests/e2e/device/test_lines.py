# SPDX-License-Identifier: BSD-2-Clause
"""Phones with more than one line."""

import os
import struct
import sys

import pytest

from lab import FIRST, SECOND, wait_for

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "service"))

from peers import Sccp  # noqa: E402


@pytest.fixture
def phones(idle_lab):
    for device, number in ((FIRST, "1001"), (SECOND, "1002")):
        idle_lab.cadeado("device", "add", device, "--number", number)
    return idle_lab


def lines(lab, device):
    return [(x["line"], x["number"], x["display"], x["label"]) for x in lab.json("device", "show", device)["device"]["lines"]]


def test_lines_are_set_and_taken_away(phones):
    lab = phones
    lab.cadeado("device", "line", FIRST, "2", "--number", "2001")
    lab.cadeado("device", "line", FIRST, "4", "--number", "2004", "--display", "Hall", "--label", "H")
    assert lines(lab, FIRST) == [(2, "2001", "2001", ""), (4, "2004", "Hall", "H")]
    assert "Directory Number 4:           2004 (Hall)\n" in lab.cadeado("device", "show", FIRST).stdout
    # A display name that merely repeats the number goes with it.
    lab.cadeado("device", "line", FIRST, "2", "--number", "2002")
    assert lines(lab, FIRST)[0] == (2, "2002", "2002", "")
    lab.cadeado("device", "line", FIRST, "4", "--delete")
    assert lines(lab, FIRST) == [(2, "2002", "2002", "")]
    assert lab.json("bat", "query", "Directory Number is 2002")["found"] == 1


@pytest.mark.parametrize("words,said", [
    (["2", "--number", "1002"], "1002 is that of another line"),
    (["2", "--number", "12a"], "directory number"),
    (["2", "--display", "x"], "has no number"),
    (["1", "--number", "7"], "line 1 is in the phone's record"),
    (["17", "--number", "7"], "a line from 2 to 16"),
    (["two", "--number", "7"], "a line from 2 to 16"),
    (["3", "--delete"], "has no line 3"),
])
def test_what_cannot_be(phones, words, said):
    done = phones.cadeado("device", "line", FIRST, *words, check=False)
    assert done.returncode == 1 and said in done.stderr, done
    assert lines(phones, FIRST) == []


@pytest.mark.parametrize("version", [11, 22])
def test_a_phone_is_told_its_lines(phones, version):
    lab = phones
    lab.cadeado("device", "line", FIRST, "2", "--number", "2001", "--display", "Two", "--label", "Door")
    lab.cadeado("device", "line", FIRST, "4", "--number", "2004")
    lab.start()
    with Sccp(lab.port("sccp")) as s:
        s.register(FIRST, version)
        s.until(0x9B)
        s.send(0x0E)
        buttons = s.until(0x97)
        assert struct.unpack("<3I", buttons[:12]) == (0, 3, 3)
        assert buttons[12:18] == b"\1\x09\2\x09\4\x09"
        for line, texts in ((1, [b"1001"]), (2, [b"2001", b"Two", b"Door"]), (4, [b"2004"])):
            s.send(0x0B, struct.pack("<I", line))
            got = s.until(0x147 if version > 16 else 0x92)
            assert struct.unpack("<I", got[:4])[0] == line and all(t in got for t in texts), got
        # One that it has not.
        s.send(0x0B, struct.pack("<I", 3))
        assert b"200" not in s.until(0x147 if version > 16 else 0x92)


def test_the_second_line_is_called(phones):
    lab = phones
    lab.cadeado("device", "line", SECOND, "2", "--number", "2002")
    lab.start()
    lab.phone(SECOND, "--answer")
    assert lab.registered(SECOND), lab.output(SECOND)
    lab.phone(FIRST, "--call", "2002", "--talk", "3600")
    assert wait_for(lambda: lab.json("show", "stations")["calls"]), lab.output(FIRST)[-2000:]
    call = lab.json("show", "stations")["calls"][0]
    assert "2002" in str(call), call
