# SPDX-License-Identifier: BSD-2-Clause
"""cadeado verify: lists and signed files, one and by the folder. Files are made with Python's cryptography."""

import datetime
import json
import os
import pty
import re
import shutil
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

import lab as labs
from lab import program

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "data")
LISTS, PHONE = os.path.join(DATA, "lists"), os.path.join(DATA, "phone")
sys.path.insert(0, DATA)

import phonefiles as files  # noqa: E402

GUIDE = os.path.join(LISTS, "CTLFile.tlv")
STRANGER = "1656dfbe56b7a827580386c968e6479609728043"
DAY = datetime.timedelta(1)
NOW = datetime.datetime.utcnow().replace(microsecond=0)


def run(*words, **kwargs):
    return subprocess.run([program("cadeado"), "verify", *map(str, words)], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=labs.PATIENCE, check=False, **kwargs)


def report(*words, status=0):
    done = run(*words, "--json")
    assert done.returncode == status, done
    return json.loads(done.stdout)


def one(*words, status=0):
    return report(*words, status=status)["files"][0]


def codes(file):
    return [(f["code"], f.get("record", 0)) for f in file["findings"]]


class Renewed(files.Identity):
    """The same key and name (and serial, if told so) with other dates."""

    def __init__(self, old, serial=None, start=files.START, end=files.END):
        self.key, self.name, self.issuer = old.key, old.name, old.issuer
        self.serial = serial or x509.random_serial_number() >> 8 | 1 << 100
        builder = (x509.CertificateBuilder().subject_name(old.cert.subject).issuer_name(old.cert.issuer)
                   .public_key(old.key.public_key()).serial_number(self.serial)
                   .not_valid_before(start).not_valid_after(end))
        self.cert = builder.sign(old.key, hashes.SHA256())
        self.der = self.cert.public_bytes(serialization.Encoding.DER)
        self.pem = self.cert.public_bytes(serialization.Encoding.PEM)


class Cluster:
    def __init__(self):
        self.first, self.second, self.stranger = (files.Identity(n, 1024) for n in ("SAST-1", "SAST-2", "SAST-X"))
        self.manager, self.capf = files.Identity("CallManager", 1024), files.Identity("CAPF-1", 1024)

    def records(self, manager=None, capf=None):
        return [files.record(self.first, files.SAST), files.record(self.second, files.SAST),
                files.record(manager or self.manager, files.CCM_TFTP, "node.example", "192.0.2.10"),
                files.record(capf or self.capf, files.CAPF, "node.example", "192.0.2.10")]

    def ctl(self, **kwargs):
        return files.ctl(self.first, self.records(), **kwargs)

    def certs(self, folder, **changed):
        """The certificates in use, by names that tell nothing, in both encodings."""
        folder.mkdir()
        used = {"first": self.first, "second": self.second, "manager": self.manager, "capf": self.capf, **changed}
        for i, identity in enumerate(used.values()):
            if identity:
                (folder / str(i)).write_bytes(identity.pem if i % 2 else identity.der)
        (folder / "README").write_text("no certificate\n")
        return folder


@pytest.fixture(scope="module")
def cluster():
    return Cluster()


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_guide_beside_its_own_certificates(tmp_path):
    """Tokens' names are cut, quoted and padded, their serials backwards: nothing but the dates is odd."""
    folder = tmp_path / "certs"
    folder.mkdir()
    for i, name in enumerate(("token-1", "token-2", "callmanager", "capf")):
        shutil.copy(os.path.join(LISTS, name + ".der"), folder / f"{i}.cer")
    done = run(GUIDE, "--certs", folder)
    with open(os.path.join(LISTS, "show-ctl.txt"), encoding="ascii") as f:
        verdict = f.read().splitlines()[-1]
    assert done.returncode == 0 and done.stdout.splitlines()[0] == verdict and not done.stderr
    assert codes(one(GUIDE, "--certs", folder)) == [("expired", n) for n in (1, 2, 3, 4)]
    # Without the second token's, and with one that nobody knows.
    (folder / "1.cer").unlink()
    shutil.copy(os.path.join(LISTS, "rsa-3072.der"), folder)
    found = codes(one(GUIDE, "--certs", folder))
    assert ("missing", 2) in found and ("not-in-list", 0) in found and len(found) == 6


def test_findings_do_not_touch_the_verdict(tmp_path, cluster):
    path = put(tmp_path / "CTLFile.tlv", cluster.ctl())
    assert run(path).stdout == "The CTL file was verified successfully.\n"
    alone = put(tmp_path / "alone.tlv", files.ctl(cluster.first, cluster.records()[:1] + cluster.records()[2:]))
    done = run(alone)
    assert done.returncode == 0
    assert re.match(r"The CTL file was verified successfully\.\n\nFindings: 1\n  warning  file: .*\(few-tokens\)\n$",
                    done.stdout)
    assert run(alone, "--strict").returncode == 1 and run(path, "--strict").returncode == 0


def test_beside_certificates_in_use(tmp_path, cluster):
    path = put(tmp_path / "CTLFile.tlv", cluster.ctl())
    same = cluster.certs(tmp_path / "same")
    shutil.copy(same / "2", same / "CallManager-copy.der")
    assert codes(one(path, "--certs", same)) == []
    renewed = Renewed(cluster.manager, start=NOW - DAY)
    found = one(path, "--certs", cluster.certs(tmp_path / "renewed", manager=renewed))["findings"]
    assert [(f["code"], f["record"]) for f in found] == [("different-serial", 3), ("older-than-certificate", 3)]
    assert ":".join(f"{b:02X}" for b in renewed.serial_bytes) in found[0]["text"]
    assert "another key" not in found[0]["text"]
    other = files.Identity("CAPF-1", 1024)
    found = one(path, "--certs", cluster.certs(tmp_path / "rekeyed", capf=other))["findings"]
    assert [(f["code"], f["record"]) for f in found] == [("different-serial", 4)]
    assert "another key" in found[0]["text"]
    dated = Renewed(cluster.manager, serial=cluster.manager.serial, end=files.END - DAY)
    assert codes(one(path, "--certs", cluster.certs(tmp_path / "dated", manager=dated))) == [("different-dates", 3)]
    same = Renewed(cluster.manager, serial=cluster.manager.serial)
    assert codes(one(path, "--certs", cluster.certs(tmp_path / "bytes", manager=same))) == [
        ("different-certificate", 3)]
    assert codes(one(path, "--certs", cluster.certs(tmp_path / "less", capf=None))) == [("missing", 4)]


def test_hash_only_records(tmp_path, cluster):
    itl = put(tmp_path / "ITLFile.tlv", files.ctl(cluster.manager, [
        files.record(cluster.manager, files.SAST), files.record(cluster.manager, files.TFTP),
        files.hash_record(cluster.capf, files.CAPF)], filename="ITLFile.tlv"))
    unknown = {"first": None, "second": None}
    assert run(itl).stdout == "The ITL file was verified successfully.\n"
    assert codes(one(itl, "--certs", cluster.certs(tmp_path / "same", **unknown))) == []
    other = Renewed(cluster.capf, serial=cluster.capf.serial, end=files.END - DAY)
    assert codes(one(itl, "--certs", cluster.certs(tmp_path / "other", capf=other, **unknown))) == [
        ("different-certificate", 3)]


def test_dates(tmp_path, cluster):
    cases = {"expired": (files.START, NOW - DAY), "expires-soon": (files.START, NOW + 29 * DAY),
             None: (files.START, NOW + 31 * DAY)}
    for code, (start, end) in cases.items():
        manager = Renewed(cluster.manager, start=start, end=end)
        path = put(tmp_path / "CTLFile.tlv", files.ctl(cluster.first, cluster.records(manager)))
        assert codes(one(path)) == ([(code, 3)] if code else []), code
    path = put(tmp_path / "CTLFile.tlv", cluster.ctl(made=int(files.START.timestamp()) - 3 * 86400))
    assert codes(one(path)) == [("older-than-certificate", n) for n in (1, 2, 3, 4)]


def test_stranger_whose_key_is_known(tmp_path, cluster):
    """A token that is told by its hash alone is enough."""
    body = files.tlv(3, files.text("CN=SAST,O=SAST,OU=SAST")) + files.tlv(4, b"\0\0")
    body += files.tlv(11, bytes.fromhex(STRANGER)) + files.tlv(12, b"\x01")
    known = files.tlv(1, (len(body) + 5).to_bytes(2, "big")) + body
    path = put(tmp_path / "ITLFile.tlv", files.ctl(cluster.first, cluster.records() + [known], filename="ITLFile.tlv"))
    found = one(path, "--strict", status=1)
    assert found["verified"] and codes(found) == [("known-signer", 5), ("hash-only-token", 5)]
    assert found["findings"][0]["severity"] == "fault" and "strangers" in found["findings"][0]["text"]


def test_odd_headers(tmp_path, cluster):
    assert codes(one(put(tmp_path / "a.tlv", cluster.ctl(digest=files.SHA512)))) == [("digest", 0)]
    assert codes(one(put(tmp_path / "b.tlv", cluster.ctl(filename="CTLSEP0011215A1AE3.tlv")))) == [("file-name", 0)]
    assert codes(one(put(tmp_path / "CTL.tlv", cluster.ctl(filename="ITLFile.tlv")))) == [("file-name", 0)]
    large = put(tmp_path / "c.tlv", files.ctl(cluster.first, cluster.records() * 30))
    assert codes(one(large)) == [("too-large", 0)]


@pytest.mark.parametrize("offered,accepted,because", [
    ("ctl-a.tlv", True, "the very list"),
    ("ctl-a2-signed-by-second.tlv", True, "SAST record 2 of that list: CN=SAST-2"),
    ("ctl-stranger.tlv", False, "no SAST of that list: CN=SAST-X"),
    ("ctl-impostor.tlv", False, "signature"),
    ("ctl-a-bad-signature.tlv", False, "signature"),
    ("ctl-signed-by-manager.tlv", False, "no SAST of that list: CN=CallManager"),
    ("ctl-without-signer.tlv", False, "no SAST of that list"),
])
def test_holding(offered, accepted, because):
    held = os.path.join(PHONE, "ctl-a.tlv")
    file = one(os.path.join(PHONE, offered), "--holding", held, status=0 if accepted else 1)
    assert file["holding"]["accepts"] is accepted and because in file["holding"]["because"]
    done = run(os.path.join(PHONE, offered), "--holding", held)
    verdict = " accepts it: " if accepted else " rejects it: "
    assert "A phone that holds " + held + verdict in done.stdout
    # The verdict itself speaks of signature and signer alone.
    own = run(os.path.join(PHONE, offered))
    assert own.stdout.splitlines()[0] == done.stdout.splitlines()[0]
    assert file["verified"] is (own.returncode == 0)


def test_signed_files(tmp_path, cluster):
    ctl = put(tmp_path / "CTLFile.tlv", cluster.ctl())
    pem, der = put(tmp_path / "m.pem", cluster.manager.pem), put(tmp_path / "m.der", cluster.manager.der)
    other = put(tmp_path / "c.pem", cluster.capf.pem)
    content = files.sgn(cluster.manager, "ring.xml.sgn", b"<ring/>\n")
    ring = put(tmp_path / "ring.xml.sgn", content)
    phone = cluster.stranger.cert.public_key()
    sealed = put(tmp_path / "SEP001122334455.cnf.xml.enc.sgn", files.enc_sgn(
        cluster.manager, "SEP001122334455.cnf.xml.enc.sgn", files.config(), phone, files.SHA512))
    for judge in (ctl, pem, der):
        done = run(ring, "--with", judge)
        assert done.returncode == 0 and done.stdout == "The signed file was verified successfully.\n", judge
        file = one(sealed, "--with", judge)
        assert file["kind"] == "encrypted" and file["verified"] and codes(file) == [("digest", 0)]
    assert run(ring, "--holding", ctl).returncode == 0
    done = run(ring, "--with", other)
    assert done.returncode == 1 and "not the certificate's: CN=CallManager" in done.stdout
    # A list's token may sign lists, not files.
    done = run(put(tmp_path / "t" / "ring.xml.sgn", files.sgn(cluster.first, "ring.xml.sgn", b"x")), "--with", ctl)
    assert done.returncode == 1 and "with the role TFTP: CN=SAST-1" in done.stdout
    bad = put(tmp_path / "bad" / "ring.xml.sgn", content[:-2] + b"?\n")
    assert run(bad, "--with", ctl).returncode == 1
    assert run(ring).returncode == 2 and "--with" in run(ring).stderr
    moved = put(tmp_path / "other.xml.sgn", content)
    assert codes(one(moved, "--with", ctl)) == [("file-name", 0)]


def test_vendor_loads(tmp_path):
    with open(os.path.join(DATA, "..", "vectors", "sgn", "vendor.txt"), encoding="ascii") as f:
        hexes = re.search(r"^decode ((?:[0-9a-f]+\n\s+)*[0-9a-f]+)$", f.read(), re.M).group(1)
    loads = put(tmp_path / "term.loads", bytes.fromhex("".join(hexes.split())))
    file = one(loads, "--with", os.path.join(LISTS, "vendor.der"))
    assert file["verified"] and file["kind"] == "signed"
    # This header names more than the certificate does.
    assert ("signer-name", 0) in codes(file)
    assert not one(loads, "--with", os.path.join(LISTS, "capf.der"), status=1)["verified"]


def test_unreadable(tmp_path, cluster):
    good = put(tmp_path / "CTLFile.tlv", cluster.ctl())
    cut = put(tmp_path / "cut.tlv", cluster.ctl()[:-5])
    done = run(cut)
    assert done.returncode == 2 and "at byte" in done.stderr and "at byte" in done.stdout
    assert run(tmp_path / "absent.tlv").returncode == 2
    assert run(put(tmp_path / "empty.tlv", b"")).returncode == 2
    for words in (["--holding", cut], ["--with", put(tmp_path / "x", b"nothing")], ["--certs", tmp_path / "absent"],
                  ["--with", tmp_path / "absent"], ["--certs", put(tmp_path / "d" / "readme", b"").parent]):
        done = run(good, *words)
        assert done.returncode == 2 and done.stderr.startswith("cadeado: ") and not done.stdout, words
    (tmp_path / "void").mkdir()
    assert run(tmp_path / "void").returncode == 2
    assert run().returncode == 2
    several = run(good, cut)
    assert several.returncode == 2 and several.stdout.startswith(f"{good}:\nThe CTL file was verified")
    assert several.stdout.endswith("2 files: 1 verified, 0 not, 1 unreadable\n")


@pytest.fixture(scope="module")
def many(tmp_path_factory, cluster):
    """Three hundred lists, four of them bad, in folders of a hundred, with what else lies about."""
    top = tmp_path_factory.mktemp("many") / "top"
    records = cluster.records()
    for i in range(300):
        put(top / str(i % 3) / f"CTLSEP{i:012X}.tlv", files.ctl(cluster.first, records, made=1700000000 + i))
    flipped = bytearray(files.ctl(cluster.first, records))
    flipped[-1] ^= 1
    put(top / "0" / "CTLSEP000000000000.tlv", bytes(flipped))
    put(top / "1" / "deep" / "er" / "cut.tlv", bytes(flipped[:-9]))
    put(top / "2" / "empty.tlv", b"")
    put(top / "2" / "a\x1b[31mname.tlv", files.ctl(cluster.stranger, records))
    put(top / "list without suffix", files.ctl(cluster.first, records))
    put(top / "2" / "ring.xml.sgn", files.sgn(cluster.manager, "ring.xml.sgn", b"<ring/>"))
    put(top / "2" / "SEP0.cnf.xml", b"<device/>")
    os.symlink("..", top / "2" / "up")
    return top


def test_folder(many, cluster, tmp_path):
    done = run(many)
    assert done.returncode == 2 and done.stderr == ""
    lines = done.stdout.splitlines()
    assert [line[len(str(many)):].split(": ")[:2] for line in lines[:-1]] == [
        ["/0/CTLSEP000000000000.tlv", "not verified"], ["/1/deep/er/cut.tlv", "cannot be read"],
        ["/2/a\\x1B[31mname.tlv", "not verified"], ["/2/empty.tlv", "cannot be read"]]
    assert lines[-1] == "305 files: 300 verified, 2 not, 2 unreadable, 1 signed left out for want of --with"
    all_of_it = report(many, status=2)
    assert (all_of_it["verified"], all_of_it["notVerified"], all_of_it["unreadable"], all_of_it["leftOut"]) == (
        300, 2, 2, 1)
    assert len(all_of_it["files"]) == 305
    signed = tmp_path / "signed"
    shutil.copytree(many / "2", signed, ignore=lambda _, names: [n for n in names if not n.endswith(".sgn")])
    done = run(signed)
    assert done.returncode == 2 and "--with" in done.stderr and "0 verified" in done.stdout
    ctl = put(tmp_path / "CTLFile.tlv", cluster.ctl())
    assert run(many, "--with", ctl).stdout.splitlines()[-1] == "305 files: 301 verified, 2 not, 2 unreadable"
    stranger = put(tmp_path / "other.tlv", files.ctl(cluster.stranger, [files.record(cluster.stranger, files.SAST)]))
    done = run(many / "1", "--holding", stranger)
    assert done.stdout.count("rejected by a phone that holds") == 100
    assert " 0 verified, 100 not, 1 unreadable" in done.stdout
    good = run(many / "0" / ".." / "0", "--strict")
    assert good.returncode == 1 and good.stdout.endswith("100 files: 99 verified, 1 not, 0 unreadable\n")


def test_folder_on_one_core_says_the_same(many):
    core = str(min(os.sched_getaffinity(0)))
    alone = subprocess.run(["taskset", "-c", core, program("cadeado"), "verify", str(many), "--json"],
                           capture_output=True, text=True, check=False, timeout=labs.PATIENCE)
    assert alone.returncode == 2 and alone.stdout == run(many, "--json").stdout


def test_progress_on_a_terminal_only(many):
    master, slave = pty.openpty()
    with subprocess.Popen([program("cadeado"), "verify", str(many)], stdout=subprocess.PIPE, stderr=slave,
                          stdin=subprocess.DEVNULL, text=True) as child:
        os.close(slave)
        out = child.stdout.read()
        shown = b""
        try:
            while chunk := os.read(master, 4096):
                shown += chunk
        except OSError:
            pass  # the terminal's other end is closed
        child.wait(timeout=labs.PATIENCE)
    os.close(master)
    assert re.findall(rb"\r\[#+ +\] +\d+ %  (\d+) of 305", shown) == [b"64", b"128", b"192", b"256"]
    assert shown.endswith(b"\r\x1b[K") and out == run(many).stdout


def test_names_cannot_write_on_the_terminal(tmp_path, cluster):
    signer = Renewed(cluster.stranger)
    signer.name = signer.issuer = "CN=a\x1b[2Jb"
    path = put(tmp_path / "a.tlv", files.ctl(signer, cluster.records()))
    held = put(tmp_path / "held.tlv", cluster.ctl())
    done = run(path, "--holding", held)
    assert done.returncode == 1 and "\x1b" not in done.stdout + done.stderr
