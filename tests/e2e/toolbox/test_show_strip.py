# SPDX-License-Identifier: BSD-2-Clause
"""cadeado show, strip and decrypt, on files that Python's cryptography and certutils made."""

import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys

import pytest

import lab as labs
from lab import program

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "data")
LISTS, PHONE = os.path.join(DATA, "lists"), os.path.join(DATA, "phone")
CERTUTILS = os.path.join(LISTS, "certutils")
CTL, ITL = os.path.join(LISTS, "CTLFile.tlv"), os.path.join(PHONE, "itl.tlv")
RING = os.path.join(CERTUTILS, "ring.xml.sgn")
CONFIG = "SEP001122334455.cnf.xml"
ENCRYPTED = os.path.join(CERTUTILS, CONFIG + ".enc.sgn")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from written import Read, openssl  # noqa: E402


def run(*words, **kwargs):
    return subprocess.run([program("cadeado"), "--state", "/nowhere", *map(str, words)], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=labs.PATIENCE, check=False, **kwargs)


def content(path):
    with open(path, "rb") as f:
        return f.read()


@pytest.fixture
def loads(tmp_path):
    """A vendor's .loads: header 1.1, no timestamp."""
    with open(os.path.join(DATA, "..", "vectors", "sgn", "vendor.txt"), encoding="ascii") as f:
        bytes_ = re.search(r"^decode ((?:[0-9a-f]+\s+)+)", f.read(), re.M)[1]
    path = tmp_path / "term41.test.loads"
    path.write_bytes(bytes.fromhex("".join(bytes_.split())))
    return path


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "phone.pem"
    openssl("pkey", "-inform", "der", "-in", os.path.join(CERTUTILS, "phone.key"), "-out", str(path))
    path.chmod(0o600)
    return path


def test_show_itl():
    done = run("show", "itl", ITL)
    assert done.returncode == 0 and done.stderr == ""
    data = content(ITL)
    assert done.stdout.startswith(
        f"The checksum value of the ITL file:\n{hashlib.md5(data).hexdigest()}(MD5)\n"
        f"{hashlib.sha1(data).hexdigest()}(SHA1)\n\nLength of ITL file: {len(data)}\n")
    assert "\tParse ITL File\n" in done.stdout and "\tITL Record #:1\n" in done.stdout
    assert done.stdout.endswith("The ITL file was verified successfully.\n")
    report = json.loads(run("--json", "show", "itl", ITL).stdout)
    assert report["kind"] == "ITL" and report["verified"] is True and report["length"] == len(data)
    # Recognised by its header, whatever it is called.
    assert run("show", ITL).stdout == done.stdout


def test_show_itl_of_the_state_folder(tmp_path):
    (tmp_path / "tftp").mkdir()
    words = [program("cadeado"), "--state", str(tmp_path), "show", "itl"]
    done = subprocess.run(words, text=True, capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stdout == "Length of ITL file: 0\nITL File not found.\nError parsing the ITL File.\n"
    shutil.copy(ITL, tmp_path / "tftp" / "ITLFile.tlv")
    done = subprocess.run(words, text=True, capture_output=True, check=False)
    assert done.returncode == 0 and "The ITL file was verified successfully." in done.stdout


def test_several_lists(tmp_path):
    broken = tmp_path / "broken.tlv"
    broken.write_bytes(content(CTL)[:2000])
    bad = os.path.join(PHONE, "ctl-a-bad-signature.tlv")
    good = run("show", "ctl", CTL).stdout
    done = run("show", "ctl", CTL, CTL)
    assert done.returncode == 0 and done.stdout == f"{CTL}:\n{good}\n{CTL}:\n{good}"
    assert run("show", "ctl", CTL, bad).returncode == 1
    done = run("show", "ctl", broken, CTL, bad)
    assert done.returncode == 2 and str(broken) in done.stderr and "at byte" in done.stderr
    assert [line for line in done.stdout.split("\n") if line.endswith(".tlv:")] == [f"{p}:" for p in (broken, CTL, bad)]
    rows = json.loads(run("--json", "show", "ctl", broken, CTL, bad).stdout)["files"]
    assert [(r["file"], r["exit"]) for r in rows] == [(str(broken), 2), (CTL, 0), (bad, 1)]
    assert rows[0]["error"] == "SHORT" and rows[1]["verified"] is True and rows[2]["verified"] is False


def test_a_record_that_contradicts_its_certificate_is_told(tmp_path):
    path = os.path.join(PHONE, "ctl-contradictory.tlv")
    done = run("show", "ctl", path)
    assert "record 1, PUBLICKEY at byte" in done.stderr and path in done.stderr
    # The exit status is the signature's alone.
    verified = "verified successfully" in done.stdout
    assert done.returncode == (0 if verified else 1)
    assert run("show", "ctl", CTL).stderr == ""


def rows_of(text):
    return re.findall(r"^(\d+)\t(\w+)\t(\d+)", text, re.M)


def test_show_a_signed_file():
    read = Read(RING)
    done = run("show", RING)
    assert done.returncode == 0, done.stderr
    rows = rows_of(done.stdout)
    assert [int(r[0]) for r in rows] == sorted([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15])
    lengths = {int(tag): int(length) for tag, _, length in rows}
    assert lengths[4] == len(read.tags[4]) and lengths[12] == len(read.tags[12])
    assert f"Length of SGN file: {len(content(RING))}\n" in done.stdout
    assert "File name: ring.xml.sgn\n" in done.stdout and "Content: 9 bytes\n" in done.stdout
    assert "verified" not in done.stdout and "cadeado verify --with" in done.stdout
    report = json.loads(run("--json", "show", RING).stdout)
    assert report["kind"] == "signed" and report["contentLength"] == 9
    assert report["header"]["signerName"] == "CN=publisher.lab" and "verified" not in report


def test_show_a_vendors_file_without_timestamp(loads):
    done = run("show", loads)
    assert done.returncode == 0 and "Version:\t1.1\n" in done.stdout and "TIMESTAMP" not in done.stdout
    assert "Signed at" not in done.stdout and "File name: term41.test.loads.sg\n" in done.stdout
    assert f"Content: {len(content(loads)) - 408} bytes\n" in done.stdout


def test_show_an_encrypted_file():
    done = run("show", ENCRYPTED)
    tags, plain = Read(ENCRYPTED).tags, content(os.path.join(CERTUTILS, CONFIG))
    padding = 16 - len(plain) % 16
    assert done.returncode == 0, done.stderr
    for line in ("Version:\t2.0", f"Content: {len(plain) + padding} bytes", f"IV: {tags[19].hex()}",
                 f"Padding: {padding} bytes", "Key size: 2048 bits",
                 f"Content digest: SHA-1 {hashlib.sha1(plain).hexdigest()}"):
        assert line + "\n" in done.stdout, line
    report = json.loads(run("--json", "show", ENCRYPTED).stdout)
    assert report["kind"] == "encrypted" and report["iv"] == tags[19].hex() and report["padding"] == padding
    assert report["keyBits"] == 2048 and report["contentDigest"] == hashlib.sha1(plain).hexdigest()


def test_show_what_is_no_signed_file(tmp_path):
    path = tmp_path / "plain.xml"
    path.write_bytes(b"<device/>")
    done = run("show", path)
    assert done.returncode == 2 and "neither a trust list nor a signed file" in done.stderr
    path.write_bytes(content(ENCRYPTED)[:300])
    done = run("show", path)
    assert done.returncode == 2 and str(path) in done.stderr and "at byte" in done.stderr
    done = run("show", CTL, RING, tmp_path / "none.sgn", ENCRYPTED)
    assert done.returncode == 2 and "none.sgn" in done.stderr
    assert "Parse CTL File" in done.stdout and "Parse ENC.SGN File" in done.stdout
    assert run("show", CTL, RING, ENCRYPTED).returncode == 0


def test_a_mistyped_word_is_no_file(tmp_path):
    done = run("show", "clt", cwd=tmp_path)
    assert done.returncode == 2 and 'unknown word "clt" and no file of that name' in done.stderr
    assert "cert, ctl, itl, stations, FILE" in done.stderr
    shutil.copy(CTL, tmp_path / "clt")
    assert run("show", "clt", cwd=tmp_path).returncode == 0
    done = run("show")
    assert done.returncode == 2 and "cert, ctl, itl, stations, FILE" in done.stderr


def test_strip(tmp_path, loads):
    path = tmp_path / "ring.xml.sgn"
    shutil.copy(RING, path)
    done = run("strip", path)
    assert done.returncode == 0 and "not checked" in done.stdout, done.stderr
    out = tmp_path / "ring.xml"
    assert out.read_bytes() == content(RING)[Read(RING).length:] == b"one ring\n"
    out.write_bytes(b"mine")
    done = run("strip", path)
    assert done.returncode == 1 and "--force" in done.stderr and out.read_bytes() == b"mine"
    report = json.loads(run("--json", "strip", path, "--force").stdout)
    assert report["file"] == str(out) and report["bytes"] == 9 and out.read_bytes() == b"one ring\n"
    # Without .sgn in its name there is no name to write to.
    done = run("strip", loads)
    assert done.returncode == 2 and "--out" in done.stderr
    assert run("strip", loads, "--out", tmp_path / "loads").returncode == 0
    assert (tmp_path / "loads").read_bytes() == loads.read_bytes()[408:]


def test_strip_a_vendors_package(tmp_path):
    """Packages signed with SHA-512 have the same header under another suffix."""
    path = tmp_path / "firmware.cop.sha512"
    shutil.copy(RING, path)
    done = run("strip", path)
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(tmp_path)) == ["firmware.cop", "firmware.cop.sha512"]


def test_strip_refuses_what_it_cannot_strip(tmp_path):
    out = tmp_path / "out"
    done = run("strip", ENCRYPTED, "--out", out)
    assert done.returncode == 2 and "cadeado decrypt" in done.stderr
    done = run("strip", os.path.join(CERTUTILS, CONFIG), "--out", out)
    assert done.returncode == 2 and "not a signed file" in done.stderr
    broken = tmp_path / "x.sgn"
    broken.write_bytes(content(RING)[:200])
    assert run("strip", broken).returncode == 2
    assert run("strip", tmp_path / "none.sgn").returncode == 2
    assert os.listdir(tmp_path) == ["x.sgn"]


def test_decrypt(tmp_path, key):
    path, out = tmp_path / (CONFIG + ".enc.sgn"), tmp_path / CONFIG
    shutil.copy(ENCRYPTED, path)
    done = run("decrypt", path, "--key", key)
    assert done.returncode == 0, done.stderr
    assert out.read_bytes() == content(os.path.join(CERTUTILS, CONFIG))
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    done = run("decrypt", path, "--key", key)
    assert done.returncode == 1 and "--force" in done.stderr
    out.write_bytes(b"old")
    out.chmod(0o644)
    assert run("decrypt", path, "--key", key, "--force").returncode == 0
    assert out.read_bytes() == content(os.path.join(CERTUTILS, CONFIG))
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    done = run("decrypt", RING, "--key", key, "--out", tmp_path / "x")
    assert done.returncode == 2 and "cadeado strip" in done.stderr
    key.chmod(0o644)
    assert run("decrypt", path, "--key", key, "--force").returncode != 0


def test_decrypt_of_the_phones_own(tmp_path):
    key, out = tmp_path / "lsc.pem", tmp_path / "config.xml"
    openssl("pkey", "-inform", "der", "-in", os.path.join(PHONE, "lsc-key.der"), "-out", str(key))
    key.chmod(0o600)
    assert run("decrypt", os.path.join(PHONE, "config.enc.sgn"), "--key", key, "--out", out).returncode == 0
    assert out.read_bytes() == content(os.path.join(PHONE, "config.xml"))


def test_decrypt_says_the_same_of_a_wrong_key_and_of_damage(tmp_path, key):
    other = tmp_path / "other.pem"
    openssl("genrsa", "-out", str(other), "2048")
    other.chmod(0o600)
    good, path, said = content(ENCRYPTED), tmp_path / "x.enc.sgn", set()
    wrapped = good.index(Read(ENCRYPTED).tags[25])
    path.write_bytes(good)
    tries = [(good, other)]
    for at in (wrapped + 200, len(good) - 1, len(good) - 20):
        altered = bytearray(good)
        altered[at] ^= 1
        tries.append((bytes(altered), key))
    for data, which in tries:
        path.write_bytes(data)
        done = run("decrypt", path, "--key", which)
        assert done.returncode == 1 and not (tmp_path / "x").exists()
        said.add(done.stderr)
    assert len(said) == 1 and "another phone's" in said.pop()
