# SPDX-License-Identifier: BSD-2-Clause
"""A file that cannot be read: every command tells the place and what to do, with exit status 2."""

import os
import subprocess

import pytest

import lab as labs
from lab import program

LISTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "data", "lists")
COMMANDS = {"show ctl": ["show", "ctl"], "show itl": ["show", "itl"], "show": ["show"], "explain": ["explain"],
            "verify": ["verify"], "diff": ["diff", os.path.join(LISTS, "CTLFile.tlv")]}


def content(name):
    with open(os.path.join(LISTS, name), "rb") as f:
        return f.read()


def run(*words):
    return subprocess.run([program("cadeado"), *map(str, words)], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=labs.PATIENCE, check=False)


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS.keys())
@pytest.mark.parametrize("data, place, remedy", [
    (content("CTLFile.tlv")[:2000], "record 2, RECORDLENGTH at byte 1482", "cut short: fetch it again"),
    (content("CTLFile.tlv")[:200], "HEADERLENGTH at byte 5", "cut short: fetch it again"),
    (b"", "at byte 0", "it is empty: fetch it again"),
    (b"<html>404</html>\n", "byte 0", "neither a trust list nor a signed file"),
    (content("CTLFile.tlv")[:-2] + b"\x0d\x00\x00\x00", "record 5", "fetch it again, or have it made anew"),
], ids=["cut", "cut-header", "empty", "page", "tail"])
def test_broken_lists(words, data, place, remedy, tmp_path):
    path = tmp_path / "CTLFile.tlv"
    path.write_bytes(data)
    done = run(*words, path)
    assert done.returncode == 2
    assert place in done.stderr or (remedy.startswith("neither") and words == ["show"]), done.stderr
    assert remedy in done.stderr, done.stderr


@pytest.mark.parametrize("words", [COMMANDS["show ctl"], COMMANDS["diff"]], ids=["show ctl", "diff"])
def test_a_signed_file_is_no_list(words):
    done = run(*words, os.path.join(LISTS, "certutils", "ring.xml.sgn"))
    assert done.returncode == 2 and "it is a signed file, which cadeado show reads" in done.stderr


def test_strip_and_decrypt(tmp_path):
    key = tmp_path / "key.pem"
    subprocess.run(["openssl", "genrsa", "-out", key, "1024"], check=True, capture_output=True)
    key.chmod(0o600)
    strange = bytearray(content("certutils/ring.xml.sgn"))
    strange[3] = 13
    for words in (["strip"], ["decrypt", "--key", key]):
        path = tmp_path / "x.enc.sgn"
        path.write_bytes(bytes(strange))
        done = run(*words, path)
        assert done.returncode == 2 and "byte 0" in done.stderr
        path.write_bytes(content("certutils/ring.xml.sgn")[:100])
        done = run(*words, path)
        assert done.returncode == 2 and "cut short: fetch it again" in done.stderr
        assert sorted(os.listdir(tmp_path)) == ["key.pem", "x.enc.sgn"]
