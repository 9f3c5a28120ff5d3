# SPDX-License-Identifier: BSD-2-Clause
"""What the toolbox writes: read by a reader of its own, verified by OpenSSL's command line."""

import base64
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import time
import xml.etree.ElementTree as xml

import pytest

import lab as labs
from lab import PIN, program

sys.path.insert(0, os.path.dirname(__file__))

from written import Certs, Read, SoftToken, openssl  # noqa: E402

WHEN = int(time.time()) + 3600
ISO = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(WHEN))
CHECK = os.path.join(os.path.dirname(__file__), "..", "..", "data", "check_sgn.py")
DEVICE = "SEP0011215A1AE3"
CONFIG = b"""<?xml version="1.0" encoding="UTF-8"?>
<device xsi:type="axl:XIPPhone" ctiid="7">
  <fullConfig>true</fullConfig>
  <sshPassword>hidden</sshPassword>
  <loadInformation model="Cisco 7961">SCCP41.9-4-2SR3-1S</loadInformation>
  <ipAddressMode>0</ipAddressMode>
  <capfAuthMode>2</capfAuthMode>
  <capfList><capf><phonePort>3804</phonePort><processNodeName>192.0.2.10</processNodeName></capf></capfList>
  <encrConfig>true</encrConfig>
</device>
"""
SERVERS = ["--ccm-tftp", "ccm", "--capf", "capf"]
SASTS = ["--sast", "one", "--sast", "two"]
ROLE_OPTIONS = ("--sast", "--ccm", "--ccm-tftp", "--tftp", "--capf", "--tvs", "--app-server")


@pytest.fixture(scope="module")
def certs(tmp_path_factory):
    made = Certs(tmp_path_factory.mktemp("certs"))
    for name in ("one", "two", "ccm", "capf", "tvs", "phone"):
        made.make(name)
    made.make("old", days=1).make("big", ("rsa", "4096")).make("odd", ("rsa", "3072")).make("ec", ("ec", "P-256"))
    made.make("tiny", ("rsa", "512"))
    return made


def run(*words, env=None, state="/nowhere"):
    return subprocess.run([program("cadeado"), "--state", state, *words], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=labs.PATIENCE, check=False, env=env)


def roles(certs, words):
    """Names of certificates after roles become paths; what follows a comma stays."""
    return [re.sub(r"^[^,]*", lambda m: certs.pem(m[0]), w) if words[i - 1] in ROLE_OPTIONS else w
            for i, w in enumerate(words)]


def build(certs, kind, out, *words, signer="one", key=True, **kwargs):
    signing = ["--signer", certs.pem(signer)] + (["--key", certs.key(signer)] if key else [])
    return run("build", kind, "--out", str(out), *roles(certs, list(words)), *signing, **kwargs)


def built(certs, tmp_path, kind, *words, signer="one"):
    out = tmp_path / (kind + ".tlv")
    done = build(certs, kind, out, *words, signer=signer)
    assert done.returncode == 0, done.stderr
    read = Read(out)
    assert read.verified_by(certs.pem(signer), tmp_path)
    return read


def facts(certs, record, name, compat=False):
    """The record says what the certificate says."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    cert = x509.load_der_x509_certificate(certs.der(name))
    printed = ",".join(a.rfc4514_string() for a in cert.subject) if compat else \
        f"CN={name};OU=Lab;O=Example;L=RTP;ST=NC;C=US"
    assert record[3] == record[5] == printed.encode() + b"\0"
    assert int.from_bytes(record[6], "big") == cert.serial_number
    key = cert.public_key()
    if name == "ec":
        assert record[7] == key.public_bytes(serialization.Encoding.X962,
                                             serialization.PublicFormat.UncompressedPoint)
    else:
        assert record[7] == key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    if 8 in record:
        assert record[8] == cert.signature
    if 9 in record:
        assert record[9] == certs.der(name)
    if 11 in record:
        assert record[11] == hashlib.sha1(certs.der(name)).digest() and record[12] == b"\1"


def summary(record):
    return struct.unpack(">H", record[4])[0], list(record)


def test_a_ctl_as_tokens_sign_it(certs, tmp_path):
    read = built(certs, tmp_path, "ctl", "--capf", "capf,pub.example.net,192.0.2.10", *SASTS, "--ccm-tftp",
                 "ccm,192.0.2.10", "--tftp", "ec,2001:db8::a", "--date", ISO)
    assert read.version == (1, 2) and read.filename == "CTLFile.tlv" and read.digest == "sha1"
    assert read.timestamp == WHEN
    assert read.order == [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15]
    records = read.records()
    tags = [2, 3, 4, 5, 6, 7, 9, 10]
    assert [summary(r) for r in records] == [(0, tags), (0, tags), (2, tags), (3, tags), (4, tags)]
    for record, name in zip(records, ("one", "two", "ccm", "ec", "capf")):
        facts(certs, record, name)
    assert [r[2] for r in records] == [b"\0", b"\0", b"192.0.2.10\0", b"2001:db8::a\0", b"pub.example.net\0"]
    assert [r[10].hex() for r in records] == ["00000000", "00000000", "c000020a",
                                              "20010db800000000000000000000000a", "c000020a"]
    # The header's signer is, byte for byte, what its record says.
    assert (read.tags[4], read.tags[5], read.tags[6]) == (records[0][3], records[0][6], records[0][5])


def test_a_tokenless_ctl(certs, tmp_path):
    read = built(certs, tmp_path, "ctl", "--with-signatures", *SASTS, *SERVERS, signer="two")
    tags = [2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert [summary(r) for r in read.records()] == [(0, tags), (0, tags), (2, tags), (4, tags)]
    for record, name in zip(read.records(), ("one", "two", "ccm", "capf")):
        facts(certs, record, name)


def test_an_itl(certs, tmp_path):
    read = built(certs, tmp_path, "itl", "--sast", "one", "--tvs", "tvs,tvs.example.net", *SERVERS, "--digest",
                 "sha512", "--signer-version", "1.1")
    assert read.filename == "ITLFile.tlv" and read.digest == "sha512"
    assert read.order[0] == 28 and read.tags[28] == b"\1\1"
    whole, short = [2, 3, 4, 5, 6, 7, 8, 9], [2, 3, 4, 5, 6, 7, 8, 11, 12]
    assert [summary(r) for r in read.records()] == [(0, whole), (2, whole), (21, short), (4, short)]
    for record, name in zip(read.records(), ("one", "ccm", "tvs", "capf")):
        facts(certs, record, name)


@pytest.mark.parametrize("kind", ["ctl", "itl"])
def test_the_order_of_certutils(certs, tmp_path, kind):
    read = built(certs, tmp_path, kind, "--compat", *SASTS, *SERVERS, "--tvs", "tvs", "--app-server", "ec")
    assert read.order == [28, 3, 4, 6, 5, 7, 8, 9, 10, 11, 12, 14, 15] and read.tags[28] == b"\1\0"
    tags = [3, 5, 6, 4, 7, 8, 9]
    assert [summary(r) for r in read.records()] == [(n, tags) for n in (0, 0, 2, 21, 4, 7)]
    for record, name in zip(read.records(), ("one", "two", "ccm", "tvs", "capf", "ec")):
        facts(certs, record, name, compat=True)
    assert read.tags[4] == read.records()[0][3] == b"C=US,ST=NC,L=RTP,O=Example,OU=Lab,CN=one\0"
    shown = run("show", "ctl", str(tmp_path / (kind + ".tlv")))
    assert shown.returncode == 0 and "verified successfully" in shown.stdout


def test_the_same_inputs_give_the_same_bytes(certs, tmp_path):
    for words in (["build", "ctl", *roles(certs, SASTS + SERVERS), "--signer", certs.pem("one"), "--out"],
                  ["build", "itl", *roles(certs, SASTS + SERVERS), "--signer", certs.pem("one"), "--compat", "--out"]):
        files = []
        for name, date in (("a", str(WHEN)), ("b", ISO), ("c", str(WHEN + 1))):
            done = run(*words, str(tmp_path / name), "--key", certs.key("one"), "--date", date)
            assert done.returncode == 0, done.stderr
            files.append((tmp_path / name).read_bytes())
        assert files[0] == files[1] != files[2]
    (tmp_path / "ring.xml").write_bytes(b"<CiscoIPPhoneRingList/>")
    signed = []
    for _ in range(2):
        assert run("sign", str(tmp_path / "ring.xml"), "--cert", certs.pem("one"), "--key", certs.key("one"), "--date",
                   str(WHEN)).returncode == 0
        signed.append((tmp_path / "ring.xml.sgn").read_bytes())
    assert signed[0] == signed[1]


REFUSALS = [
    (["--sast", "one", *SERVERS], "one", "at least 2 security tokens"),
    (["--sast", "one", "--sast", "one", *SERVERS], "one", "at least 2 security tokens"),
    (SERVERS, "one", "at least 2 security tokens"),
    ([*SASTS, *SERVERS], "ccm", "ccm is not among the security tokens"),
    ([*SASTS, "--ccm", "old", "--date", "2035-01-01"], "one", "has expired"),
    ([*SASTS, "--date", "2001-01-01"], "one", "not valid yet"),
    ([*SASTS, "--ccm", "ccm,192.0.2.1", "--ccm", "ccm,192.0.2.1"], "one", "twice with the same role and address"),
    ([*SASTS, *SERVERS, "--for", "79xx", "--digest", "sha512"], "one", "79xx phones check SHA-1 signatures alone"),
    ([*SASTS, *SERVERS, "--for", "all", "--digest", "sha256"], "one", "known to check SHA-256"),
    ([*SASTS, *SERVERS, "--for", "newer", "--digest", "sha256"], "one", "no phones are known to check SHA-256"),
    (["--sast", "big", "--sast", "one", "--for", "all"], "big", "a key of 4096 bits"),
    (["--sast", "tiny", "--sast", "one", "--digest", "sha512"], "tiny", "512 bits is too short for SHA-512"),
    # certutils' records have no address: these two would be the same.
    (["--compat", *SASTS, "--ccm", "ccm,192.0.2.1", "--ccm", "ccm,192.0.2.2"], "one", "twice with the same role"),
    (["--sast", "odd", "--sast", "one"], "odd", "3072 bits"),
    (["--sast", "ec", "--sast", "one"], "ec", "not RSA"),
    ([*SASTS] + [w for n in range(64) for w in ("--ccm", f"ccm,192.0.2.{n}")], "one", "phones take at most 65536"),
]


@pytest.mark.parametrize("words,signer,reason", REFUSALS)
def test_lists_that_could_not_work_are_refused(certs, tmp_path, words, signer, reason):
    out = tmp_path / "CTLFile.tlv"
    out.write_bytes(b"what was there")
    # With a key that is not there: nobody was asked to sign.
    done = build(certs, "ctl", out, *words, signer=signer, key=False)
    assert done.returncode == 2, "a key must be named"
    done = run("build", "ctl", "--out", str(out), *roles(certs, list(words)), "--signer", certs.pem(signer), "--key",
               "/nowhere/key", "--json")
    assert done.returncode == 1 and reason in json.loads(done.stdout)["reason"], done.stdout
    assert reason in done.stderr
    assert out.read_bytes() == b"what was there" and os.listdir(tmp_path) == ["CTLFile.tlv"]


def test_what_is_allowed_when_told(certs, tmp_path):
    done = build(certs, "ctl", tmp_path / "a", "--sast", "one", *SERVERS, "--one-token")
    assert done.returncode == 0 and "Note: " in done.stdout
    for words in (["--digest", "sha512"], ["--digest", "sha512", "--for", "newer"]):
        done = build(certs, "ctl", tmp_path / "a", *SASTS, *SERVERS, *words)
        assert done.returncode == 0
        assert ("79xx phones check SHA-1" in done.stdout) == (len(words) == 2)
    assert Read(tmp_path / "a").verified_by(certs.pem("one"), tmp_path)
    read = built(certs, tmp_path, "ctl", "--sast", "big", "--sast", "one", *SERVERS, "--for", "newer", signer="big")
    assert read.tags[11] == b"\3" and len(read.signature) == 512
    # One certificate in two roles, or at two addresses, is no repetition.
    built(certs, tmp_path, "ctl", *SASTS, "--ccm", "ccm,192.0.2.1", "--ccm", "ccm,192.0.2.2", "--tftp", "ccm,192.0.2.1")


def test_wrong_use_and_files_that_cannot_be_read(certs, tmp_path):
    text = tmp_path / "text"
    text.write_text("no certificate")
    for words, reason in ((["--ccm", "absent"], "absent.pem"), (["--digest", "md5"], "sha1, sha256 or sha512"),
                          (["--date", "yesterday"], "--date is"), (["--for", "7961"], "79xx, newer or all"),
                          (["--signer-version", "2"], "1.0 or 1.1"), (["--token", "X"], "with whose key"),
                          (["--ccm", "ccm,192.0.2.1,192.0.2.2"], "two addresses"), (["--ccm", "ccm,"], "after a comma")):
        done = build(certs, "ctl", tmp_path / "out", *SASTS, *words)
        assert done.returncode == 2 and reason in done.stderr, done.stderr
    done = run("build", "ctl", *SASTS)
    assert done.returncode == 2 and "missing: out" in done.stderr
    assert run("certhash", str(text)).returncode == 2
    # Another's key is found out before anything is written; one that others may read is not used.
    done = run("build", "ctl", "--out", str(tmp_path / "out"), *roles(certs, SASTS), "--signer", certs.pem("one"),
               "--key", certs.key("two"))
    assert done.returncode == 1 and "not that of the certificate CN=one" in done.stderr
    open_key = tmp_path / "open.key"
    shutil.copy(certs.key("one"), open_key)
    os.chmod(open_key, 0o644)
    done = run("build", "ctl", "--out", str(tmp_path / "out"), *roles(certs, SASTS), "--signer", certs.pem("one"),
               "--key", str(open_key))
    assert done.returncode == 1 and "chmod 600" in done.stderr
    assert not (tmp_path / "out").exists()


def test_names_with_commas(certs, tmp_path):
    odd = str(tmp_path / "node 1, ccm, new.pem")
    shutil.copy(certs.pem("ccm"), odd)
    out = tmp_path / "list"
    done = run("build", "ctl", "--out", str(out), *roles(certs, SASTS), "--ccm", odd, "--tftp",
               odd + ",192.0.2.1,node1", "--signer", certs.pem("one"), "--key", certs.key("one"))
    assert done.returncode == 0, done.stderr
    assert [r[2] for r in Read(out).records()][2:] == [b"\0", b"node1\0"]


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
def test_signing_a_file(certs, tmp_path, digest):
    for content in (b"", b"x", bytes(range(256)) * 300):
        (tmp_path / "tones.xml").write_bytes(content)
        words = ["sign", str(tmp_path / "tones.xml"), "--cert", certs.pem("ccm"), "--key", certs.key("ccm"),
                 "--digest", digest]
        done = run(*words)
        assert done.returncode == 0, done.stderr
        read = Read(tmp_path / "tones.xml.sgn")
        assert read.version == (1, 0) and read.filename == "tones.xml.sgn" and read.digest == digest
        assert read.content == content and read.order == [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15]
        assert read.verified_by(certs.pem("ccm"), tmp_path) and not read.verified_by(certs.pem("one"), tmp_path)
        done = run(*words, "--name", "New_Zealand/tones.xml.sgn", "--json")
        assert json.loads(done.stdout)["name"] == Read(tmp_path / "tones.xml.sgn").filename
        assert run(*words, "--name", "tones.xml").returncode == 2


def test_headers_as_certutils_writes_them(certs, tmp_path):
    """For phones whose list certutils made: the signer is found there by name."""
    (tmp_path / "tones.xml").write_bytes(b"<tones/>")
    (tmp_path / f"{DEVICE}.cnf.xml").write_bytes(CONFIG)
    words = ["--cert", certs.pem("ccm"), "--key", certs.key("ccm"), "--compat"]
    for done in (run("sign", str(tmp_path / "tones.xml"), *words),
                 run("encrypt", str(tmp_path / f"{DEVICE}.cnf.xml"), "--for", certs.pem("phone"), *words)):
        assert done.returncode == 0, done.stderr
    out = tmp_path / "ITLFile.tlv"
    assert build(certs, "itl", out, "--compat", "--sast", "one", "--tftp", "ccm").returncode == 0
    record = Read(out).records()[1]
    for name in ("tones.xml.sgn", f"{DEVICE}.cnf.xml.sgn", f"{DEVICE}.cnf.xml.enc.sgn"):
        read = Read(tmp_path / name)
        assert read.order[:4] == [3, 4, 6, 5]
        assert (read.tags[4], read.tags[5], read.tags[6]) == (record[3], record[6], record[5])
        assert read.verified_by(certs.pem("ccm"), tmp_path)


def test_a_key_too_short_for_the_digest(certs, tmp_path):
    (tmp_path / "a.xml").write_bytes(b"<a/>")
    words = ["sign", str(tmp_path / "a.xml"), "--cert", certs.pem("tiny"), "--key", certs.key("tiny"), "--digest"]
    done = run(*words, "sha512")
    assert done.returncode == 1 and "512 bits is too short for SHA-512" in done.stderr
    assert not (tmp_path / "a.xml.sgn").exists()
    assert run(*words, "sha256").returncode == 0
    assert Read(tmp_path / "a.xml.sgn").verified_by(certs.pem("tiny"), tmp_path)


def test_nothing_is_signed_twice(certs, tmp_path):
    vendor = os.path.join(os.path.dirname(CHECK), "lists")
    made = tmp_path / "a.xml"
    made.write_bytes(b"<a/>")
    words = ["--cert", certs.pem("ccm"), "--key", certs.key("ccm")]
    assert run("sign", str(made), *words).returncode == 0
    shutil.copy(os.path.join(vendor, "CTLFile.tlv"), tmp_path / "list.tlv")
    (tmp_path / "cut.sgn").write_bytes((tmp_path / "a.xml.sgn").read_bytes()[:20])
    for name in ("a.xml.sgn", "list.tlv", "cut.sgn"):
        done = run("sign", str(tmp_path / name), *words)
        assert done.returncode == 1 and "signed already" in done.stderr
        assert not (tmp_path / (name + ".sgn")).exists()


@pytest.fixture
def config(tmp_path):
    folder = tmp_path / "tftp"
    folder.mkdir()
    (folder / f"{DEVICE}.cnf.xml").write_bytes(CONFIG)
    return folder


def encrypt(certs, folder, *more, phone="phone", **kwargs):
    return run("encrypt", str(folder / f"{DEVICE}.cnf.xml"), "--for", certs.pem(phone), "--cert", certs.pem("ccm"),
               "--key", certs.key("ccm"), *more, **kwargs)


def decrypted(certs, folder):
    """What the phone gets, by a decryption of Python's own."""
    return subprocess.run([sys.executable, CHECK, "enc", str(folder / f"{DEVICE}.cnf.xml.enc.sgn"), certs.pem("ccm"),
                           certs.key("phone")], capture_output=True, check=True).stdout


@pytest.mark.parametrize("digest", ["sha1", "sha512"])
def test_encrypting_a_configuration(certs, config, tmp_path, digest):
    done = encrypt(certs, config, "--digest", digest)
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(config)) == [f"{DEVICE}.cnf.xml.enc.sgn", f"{DEVICE}.cnf.xml.sgn"]
    full, short = Read(config / f"{DEVICE}.cnf.xml.enc.sgn"), Read(config / f"{DEVICE}.cnf.xml.sgn")
    assert full.version == (2, 0) and short.version == (1, 0)
    for read, name in ((full, ".enc.sgn"), (short, ".sgn")):
        assert read.verified_by(certs.pem("ccm"), tmp_path) and read.digest == digest
        assert read.filename == f"{DEVICE}.cnf.xml{name}"
    assert decrypted(certs, config) == CONFIG and b"hidden" not in full.data
    device = xml.fromstring(short.content)
    assert [e.tag for e in device] == ["fullConfig", "loadInformation", "ipAddressMode", "capfAuthMode", "capfList",
                                       "certHash", "encrConfig"]
    assert device.findtext("certHash") == hashlib.md5(certs.der("phone")).hexdigest()
    assert device.findtext("fullConfig") == "false" and device.findtext("encrConfig") == "true"
    assert device.findtext("capfList/capf/processNodeName") == "192.0.2.10" and b"hidden" not in short.data


def test_configurations_that_cannot_be_encrypted(certs, config, tmp_path):
    path = config / f"{DEVICE}.cnf.xml"
    done = encrypt(certs, config, phone="ec")
    assert done.returncode == 1 and "RSA keys only" in done.stderr
    path.write_bytes(CONFIG.replace(b"<fullConfig>true", b"<fullConfig>false"))
    done = encrypt(certs, config)
    assert done.returncode == 2 and "reduced configuration already" in done.stderr
    path.write_bytes(CONFIG[:200])
    assert encrypt(certs, config).returncode == 2
    assert os.listdir(config) == [path.name]
    for name in ("phone.cnf.xml", f"{DEVICE}.xml", f"{DEVICE.lower()}.cnf.xml"):
        (tmp_path / name).write_bytes(CONFIG)
        done = run("encrypt", str(tmp_path / name), "--for", certs.pem("phone"), "--cert", certs.pem("ccm"), "--key",
                   certs.key("ccm"))
        assert done.returncode == 2 and "SEP<MAC>.cnf.xml" in done.stderr


def test_a_clear_file_with_another_name_would_stay(certs, config, tmp_path):
    """What removes a name only would leave the secrets where they were."""
    path, other = config / f"{DEVICE}.cnf.xml", tmp_path / "other"
    for make in (os.symlink, os.link):
        path.unlink()
        other.write_bytes(CONFIG)
        make(other, path)
        done = encrypt(certs, config)
        assert done.returncode == 2 and "another name" in done.stderr
        assert os.listdir(config) == [path.name] and other.read_bytes() == CONFIG


@pytest.mark.parametrize("kind", ["full", "short", "kill"])
def test_encrypting_is_all_or_nothing(certs, config, tmp_path, kind):
    env = dict(os.environ, CADEADO_FAULT_COUNT=str(tmp_path / "count"))
    assert encrypt(certs, config, env=env).returncode == 0
    points = int((tmp_path / "count").read_text().split()[-1])
    assert points > 10
    names = [f"{DEVICE}.cnf.xml", f"{DEVICE}.cnf.xml.enc.sgn", f"{DEVICE}.cnf.xml.sgn"]
    for before in (names[:1], names):
        for n in range(1, points + 1):
            shutil.rmtree(config)
            config.mkdir()
            for name in before:
                (config / name).write_bytes(CONFIG if name == names[0] else b"of yesterday")
            done = encrypt(certs, config, env=dict(os.environ, CADEADO_FAULT=f"{n}:{kind}"))
            assert done.returncode == (137 if kind == "kill" else 1), (n, done.stderr)
            assert (config / names[0]).read_bytes() == CONFIG
            if kind != "kill":
                assert sorted(os.listdir(config)) == sorted(before)
                assert all((config / name).read_bytes() == b"of yesterday" for name in before[1:])
                continue
            # Whoever was killed is run again.
            assert encrypt(certs, config).returncode == 0
            assert decrypted(certs, config) == CONFIG and not (config / names[0]).exists()


def test_a_file_token_signs(template, certs, tmp_path):
    tokens = tmp_path / "tokens"
    shutil.copytree(template.path("tokens"), tokens)
    pin, wrong = tmp_path / "pin", tmp_path / "wrong"
    pin.write_text(PIN + "\n")
    wrong.write_text("00000000\n")
    label, other = "SAST-ADN4e31f914", "SAST-ADN5bbd7b14"
    token = ["--token", label, "--tokens", str(tokens)]
    sasts = ["--sast", str(tokens / (label + ".token")), "--sast", str(tokens / (other + ".token"))]
    words = ["build", "ctl", "--out", str(tmp_path / "list"), *sasts, *roles(certs, SERVERS), *token]
    tries = (tokens / (label + ".tries")).read_bytes()
    # A list that is refused costs no try of the PIN.
    done = run(*words[:6], *token, "--pin-file", str(wrong))
    assert done.returncode == 1 and "2 security tokens" in done.stderr
    assert (tokens / (label + ".tries")).read_bytes() == tries
    done = run(*words, "--pin-file", str(wrong))
    assert done.returncode == 1 and "attempts left" in done.stderr
    assert not (tmp_path / "list").exists()
    done = run(*words, "--pin-file", str(pin))
    assert done.returncode == 0, done.stderr
    read = Read(tmp_path / "list")
    signer = tmp_path / "signer.pem"
    signer.write_bytes(openssl("x509", "-inform", "der", data=read.records()[0][9]))
    assert read.verified_by(signer, tmp_path) and label.encode() in read.tags[4]
    (tmp_path / "x").write_text("x")
    done = run("sign", str(tmp_path / "x"), *token, "--pin-file", str(pin))
    assert done.returncode == 0 and Read(tmp_path / "x.sgn").verified_by(signer, tmp_path)


@pytest.fixture(scope="module")
def hsm(certs, tmp_path_factory):
    """A token with the key of `one` beside its certificate, and one with the key of `two` alone that asks for the PIN
    each time."""
    made = SoftToken(tmp_path_factory.mktemp("hsm") / "hsm")
    made.init("SAST-ONE")
    made.write("SAST-ONE", "privkey", openssl("pkcs8", "-topk8", "-nocrypt", "-in", certs.key("one"), "-outform", "der"),
               "a1", "--usage-sign")
    made.write("SAST-ONE", "cert", certs.der("one"), "a1")
    made.write("SAST-ONE", "cert", certs.der("ccm"), "a2")
    made.init("SAST-TWO")
    made.write("SAST-TWO", "privkey", openssl("pkcs8", "-topk8", "-nocrypt", "-in", certs.key("two"), "-outform", "der"),
               "b1", "--usage-sign", "--always-auth")
    return made


def with_token(hsm, label, *words, pin=None):
    return run(*words, "--module", hsm.module, "--token", label, "--pin-file", pin or hsm.pin_file(), env=hsm.env)


def test_a_pkcs11_token_signs(certs, hsm, tmp_path):
    words = ["build", "ctl", *roles(certs, SASTS + SERVERS), "--date", str(WHEN)]
    for label, signer, named in (("SAST-ONE", "one", False), ("SAST-ONE", "one", True), ("SAST-TWO", "two", True)):
        for digest in ("sha1", "sha256", "sha512"):
            more = ["--digest", digest, "--out", str(tmp_path / "token")]
            more += ["--signer", certs.pem(signer)] if named else []
            done = with_token(hsm, label, *words, *more)
            assert done.returncode == 0, done.stderr
            read = Read(tmp_path / "token")
            assert read.verified_by(certs.pem(signer), tmp_path)
            # RSA PKCS #1 v1.5 is the same whoever computes it.
            done = run(*words, "--digest", digest, "--out", str(tmp_path / "file"), "--signer", certs.pem(signer),
                       "--key", certs.key(signer))
            assert done.returncode == 0 and (tmp_path / "file").read_bytes() == read.data
    (tmp_path / f"{DEVICE}.cnf.xml").write_bytes(CONFIG)
    done = with_token(hsm, "SAST-TWO", "encrypt", str(tmp_path / f"{DEVICE}.cnf.xml"), "--for", certs.pem("phone"),
                      "--cert", certs.pem("two"))
    assert done.returncode == 0, done.stderr
    for tail in (".enc.sgn", ".sgn"):
        assert Read(tmp_path / f"{DEVICE}.cnf.xml{tail}").verified_by(certs.pem("two"), tmp_path)


def test_what_can_be_wrong_with_a_pkcs11_token(certs, hsm, tmp_path):
    words = ["build", "ctl", *roles(certs, SASTS + SERVERS), "--out", str(tmp_path / "out")]
    bad = tmp_path / "bad"
    bad.write_text("99999999\n")
    done = with_token(hsm, "SAST-ONE", *words, pin=str(bad))
    assert done.returncode == 1 and "token SAST-ONE: wrong PIN" in done.stderr
    done = with_token(hsm, "SAST-ONE", *words, "--signer", certs.pem("two"))
    assert done.returncode == 2 and "no RSA key of CN=two" in done.stderr
    done = with_token(hsm, "SAST-TWO", *words)
    assert done.returncode == 2 and "with a certificate beside it" in done.stderr
    done = with_token(hsm, "SAST-THREE", *words)
    assert done.returncode == 2 and "no token labelled SAST-THREE" in done.stderr
    for module, reason in (("/nowhere.so", "no such PKCS #11 module"), (certs.pem("one"), "is no PKCS #11 module")):
        done = run(*words, "--module", module, "--token", "SAST-ONE", "--pin-file", hsm.pin_file(), env=hsm.env)
        assert done.returncode != 0 and reason in done.stderr
    assert not (tmp_path / "out").exists()


def test_commands_about_files_do_not_load_p11_kit(certs, hsm, tmp_path):
    """The loader's own account of what it loads."""
    def loaded(*words):
        done = run(*words, env=dict(hsm.env, LD_DEBUG="files"))
        assert done.returncode == 0
        return "libp11-kit" in done.stderr

    words = ["build", "ctl", *roles(certs, SASTS), "--out", str(tmp_path / "out")]
    assert not loaded("certhash", certs.pem("one"))
    assert not loaded(*words, "--signer", certs.pem("one"), "--key", certs.key("one"))
    assert loaded(*words, "--module", hsm.module, "--token", "SAST-ONE", "--pin-file", hsm.pin_file())


def test_certhash(certs):
    told = json.loads(run("certhash", certs.pem("ccm"), "--json").stdout)
    der = certs.der("ccm")
    assert told["sha1"] == base64.b64encode(hashlib.sha1(der).digest()).decode()
    assert told["sha512"] == base64.b64encode(hashlib.sha512(der).digest()).decode()
    assert told["md5"] == hashlib.md5(der).hexdigest()
    text = run("certhash", certs.pem("ccm")).stdout
    assert all(told[k] in text for k in ("sha1", "sha512", "md5")) and "VPN" in text and "reduced" in text


def test_key_and_certificate_in_one_file(certs, tmp_path):
    """As certutils keeps them: the certificate first, then the key."""
    both = tmp_path / "both.pem"
    with open(certs.pem("one"), "rb") as cert, open(certs.key("one"), "rb") as key:
        both.write_bytes(cert.read() + key.read())
    both.chmod(0o600)
    out = tmp_path / "CTLFile.tlv"
    done = run("build", "ctl", "--out", str(out), *roles(certs, SASTS + SERVERS), "--key", str(both))
    assert done.returncode == 0, done.stderr
    assert Read(out).verified_by(certs.pem("one"), tmp_path)
    done = run("build", "ctl", "--out", str(out), *roles(certs, SASTS + SERVERS), "--key", certs.key("one"))
    assert done.returncode == 2 and "or both in one PEM file" in done.stderr
