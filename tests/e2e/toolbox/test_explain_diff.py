# SPDX-License-Identifier: BSD-2-Clause
"""cadeado explain and cadeado diff, on files of others and on files made with Python's cryptography."""

import glob
import json
import os
import subprocess
import sys

import pytest

import lab as labs
from lab import program

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "data")
LISTS = os.path.join(DATA, "lists")
GUIDE = os.path.join(LISTS, "CTLFile.tlv")
sys.path.insert(0, DATA)

import phonefiles as files  # noqa: E402

KINDS = {".tlv": "list", ".enc.sgn": "encrypted", ".sgn": "signed"}
FILES = sorted(path for folder in ("lists", "lists/certutils", "phone") for end in (".tlv", ".sgn")
               for path in glob.glob(os.path.join(DATA, folder, "*" + end)) if "truncated" not in path)


def run(*words):
    return subprocess.run([program("cadeado"), *map(str, words)], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=labs.PATIENCE, check=False)


def report(*words, status=0):
    done = run(*words, "--json")
    assert done.returncode == status, done
    return json.loads(done.stdout)


def tiled(fields, length):
    at = 0
    for field in fields:
        assert field["offset"] == at and field["size"] > 0, field
        at += field["size"]
    assert at == length


@pytest.mark.parametrize("path", FILES, ids=os.path.basename)
def test_every_byte_has_a_field(path):
    said = report("explain", path)
    assert said["kind"] == next(kind for end, kind in KINDS.items() if path.endswith(end))
    assert said["length"] == os.path.getsize(path)
    tiled(said["fields"], said["length"])


@pytest.mark.parametrize("offset, name, value", [
    ("72", "header > SIGNERID > SERIALNUMBER", "BD:A3:02:00:00:00:D8:88:64:1F"),
    ("0x48", "header > SIGNERID > SERIALNUMBER", "BD:A3:02:00:00:00:D8:88:64:1F"),
    ("148", "header > SIGNATURE", "128 bytes; the field itself is not signed"),
    ("294", "header > TIMESTAMP", "2011-08-31T17:28:03Z"),
    ("0301", "header > PADDING", "3 bytes of 0D"),
    ("2748", "record 3 > FUNCTION", "CCM+TFTP (2)"),
    ("4711", "record 4 > IPADDRESS", "14.48.44.80"),
])
def test_an_offset_names_its_field(offset, name, value):
    fields = report("explain", GUIDE, offset)["fields"]
    assert [(f["name"], f["value"]) for f in fields] == [(name, value)]
    done = run("explain", GUIDE, offset)
    assert f" is in {name}, bytes " in done.stdout and done.stdout.endswith(f": {value}\n")


@pytest.mark.parametrize("offset", ["4712", "0x", "x", "1x", "-1"])
def test_an_offset_that_is_none(offset):
    assert run("explain", GUIDE, offset).returncode == 2


def test_a_broken_file_is_explained_up_to_its_break(tmp_path):
    with open(GUIDE, "rb") as f:
        whole = f.read()
    broken = tmp_path / "CTLFile.tlv"
    broken.write_bytes(whole[:2711])
    said = report("explain", broken, status=2)
    tiled(said["fields"], 2711)
    assert said["brokenAt"] == 2662 and said["fields"][-1]["offset"] == 2662
    assert "record 3, RECORDLENGTH at byte 2662" in said["reason"]
    damaged = bytearray(whole)
    damaged[422 + 1] = 0x7F  # the length of record 1's SERIALNUMBER
    broken.write_bytes(damaged)
    done = run("explain", broken)
    assert done.returncode == 2 and "The file breaks at byte 42" in done.stdout
    assert "record 1, SERIALNUMBER at byte 422" in done.stderr
    assert "record 1 > ISSUERNAME" in done.stdout and "record 1 > SERIALNUMBER" not in done.stdout
    (tmp_path / "empty").write_bytes(b"")
    assert run("explain", tmp_path / "empty").returncode == 2
    assert run("explain", tmp_path / "none").returncode == 2


class Cluster:
    def __init__(self):
        self.first, self.second, self.stranger = (files.Identity(n, 1024) for n in ("SAST-1", "SAST-2", "SAST-X"))
        self.manager, self.renewed = files.Identity("CallManager", 1024), files.Identity("CallManager", 1024)

    def records(self, manager=None, role=files.CCM_TFTP, extra=()):
        return [files.record(self.first, files.SAST), files.record(self.second, files.SAST),
                files.record(manager or self.manager, role, "node.example", "192.0.2.10"), *extra]


@pytest.fixture(scope="module")
def cluster():
    return Cluster()


def write(path, data):
    path.write_bytes(data)
    return path


def changes(said):
    return {(c["what"], c.get("field", ""), c.get("oldRecord", 0), c.get("newRecord", 0)) for c in said["changes"]}


def test_the_same_list():
    done = run("diff", GUIDE, GUIDE)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "Both lists say the same.",
        f"A phone holding {GUIDE} accepts {GUIDE}, because it is the very list that the phone holds"]


def test_a_renewed_certificate(cluster, tmp_path):
    old = write(tmp_path / "old", files.ctl(cluster.first, cluster.records()))
    new = write(tmp_path / "new", files.ctl(cluster.first, cluster.records(cluster.renewed)))
    said = report("diff", old, new)
    assert said["accepts"] and changes(said) == {
        ("changed", field, 3, 3) for field in ("serial number", "public key", "certificate")}
    done = run("diff", old, new)
    assert done.stdout.splitlines()[-1].startswith(
        f"A phone holding {old} accepts {new}, because its signer is SAST record 1 of that list: ")


def test_records_come_and_go_and_change_their_role(cluster, tmp_path):
    extra = [files.record(cluster.stranger, files.CAPF, "node.example", "192.0.2.10")]
    old = write(tmp_path / "old", files.ctl(cluster.first, cluster.records(extra=extra)))
    new = write(tmp_path / "new", files.ctl(cluster.second, cluster.records(role=files.TFTP), digest=files.SHA512,
                                            made=1700000001))
    said = report("diff", old, new)
    assert said["accepts"]
    found = changes(said)
    assert {("removed", "", 4, 0), ("changed", "role", 3, 3), ("signer", "name", 0, 0),
            ("signer", "serial number", 0, 0), ("header", "digest", 0, 0), ("header", "timestamp", 0, 0)} <= found
    assert ("added", "", 0, 4) in changes(report("diff", new, old))
    role = next(c for c in said["changes"] if c.get("field") == "role")
    assert (role["before"], role["after"]) == ("CCM+TFTP (2)", "TFTP (3)")


def test_order_is_no_difference(cluster, tmp_path):
    records = cluster.records()
    old = write(tmp_path / "old", files.ctl(cluster.first, records))
    new = write(tmp_path / "new", files.ctl(cluster.first, records[::-1]))
    assert report("diff", old, new)["changes"] == []


def test_a_strangers_list_is_rejected(cluster, tmp_path):
    old = write(tmp_path / "old", files.ctl(cluster.first, cluster.records()))
    extra = [files.record(cluster.stranger, files.SAST)]
    new = write(tmp_path / "new", files.ctl(cluster.stranger, cluster.records(extra=extra)))
    done = run("diff", old, new)
    assert done.returncode == 1
    assert f"A phone holding {old} rejects {new}, because its signer is no SAST of that list" in done.stdout
    assert report("diff", old, new, status=1)["accepts"] is False
    damaged = bytearray(files.ctl(cluster.first, cluster.records()))
    damaged[-1] ^= 1
    assert report("diff", old, write(tmp_path / "bad", bytes(damaged)), status=1)["accepts"] is False


def test_what_is_no_list(tmp_path):
    none = write(tmp_path / "none", b"no list")
    assert run("diff", GUIDE, none).returncode == 2
    assert run("diff", none, GUIDE).returncode == 2
    assert run("diff", GUIDE).returncode == 2
