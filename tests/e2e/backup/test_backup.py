# SPDX-License-Identifier: BSD-2-Clause
"""Backups: opened by other programs, restored whole or not at all, refused when hostile."""

import hashlib
import importlib.util
import io
import json
import os
import re
import shutil
import signal
import subprocess
import tarfile

import pytest

import lab as labs
from lab import program

PASSPHRASE = "correct horse battery staple"
TOOL = os.path.join(os.path.dirname(__file__), "..", "..", "data", "backup", "backupfile.py")
spec = importlib.util.spec_from_file_location("backupfile", TOOL)
backupfile = importlib.util.module_from_spec(spec)
spec.loader.exec_module(backupfile)

# What a backup must bring back, byte for byte.
SAVED = ("cadeado.conf", "keys", "tokens", "ctl", "tftp/CTLFile.tlv", "tftp/ITLFile.tlv")


def passphrase_file(tmp_path, text=PASSPHRASE):
    path = tmp_path / f"pass{hashlib.sha256(text.encode()).hexdigest()[:4]}"
    path.write_text(text + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def secret(tmp_path):
    return passphrase_file(tmp_path)


def backup(lab, path, secret, **kwargs):
    return lab.cadeado("utils", "backup", "create", str(path), "--passphrase-file", secret, **kwargs)


def restore(folder, path, secret, *options, fault=None, count=None):
    env = dict(os.environ)
    if fault:
        env["CADEADO_FAULT"] = fault
    if count:
        env["CADEADO_FAULT_COUNT"] = str(count)
    return subprocess.run([program("cadeado"), "--state", str(folder), "utils", "backup", "restore", str(path),
                           "--passphrase-file", secret, "--yes", *options], env=env, text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=labs.PATIENCE, check=False)


def digest(folder):
    """Of everything that a backup must bring back; locks and leftovers of killed writers do not count."""
    found = {}
    for name in SAVED:
        path = os.path.join(folder, name)
        files = [path] if os.path.isfile(path) else [os.path.join(d, f) for d, _, fs in os.walk(path) for f in fs]
        for f in files:
            if not f.endswith(".lock") and not os.path.basename(f).startswith("."):
                with open(f, "rb") as opened:
                    found[os.path.relpath(f, folder)] = hashlib.sha256(opened.read()).hexdigest()
    return found


def beside(folder):
    """Names beside a state folder that a restore made."""
    above, own = os.path.split(str(folder))
    return sorted(n for n in os.listdir(above) if n.startswith(own + ".restoring") or n.startswith(own + ".before"))


def archive_of(path, secret=PASSPHRASE):
    with open(path, "rb") as f:
        return backupfile.unseal(f.read(), secret.encode())


def test_other_programs_open_it(idle_lab, tmp_path, secret):
    path = tmp_path / "one.backup"
    told = backup(idle_lab, path, secret)
    assert "read back" in told.stdout and os.stat(path).st_mode & 0o777 == 0o600
    opened = tmp_path / "archive.tar"
    subprocess.run([TOOL, "open", str(path), secret, str(opened)], check=True)
    listed = subprocess.run(["tar", "-tvf", str(opened)], capture_output=True, text=True, check=True)
    assert not listed.stderr
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    subprocess.run(["tar", "-xf", str(opened), "-C", str(unpacked)], check=True)
    assert digest(unpacked) == digest(idle_lab.dir)
    assert os.stat(unpacked / "keys/CallManager.key").st_mode & 0o777 == 0o600
    assert {"keys/CallManager.key", "tftp/CTLFile.tlv"} <= set(digest(unpacked))
    store = subprocess.run(["/usr/bin/python3", "-c", """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
print(db.execute("SELECT value FROM param WHERE name = 'ClusterSecurityMode'").fetchone()[0])
""", str(unpacked / "cadeado.db")], capture_output=True, text=True, check=True)
    assert store.stdout.strip() == "1"
    # Nothing secret can be read without the passphrase.
    with open(path, "rb") as f:
        whole = f.read()
    assert b"PRIVATE KEY" not in whole and b"SQLite" not in whole and PASSPHRASE.encode() not in whole


def test_show(idle_lab, tmp_path, secret):
    path = str(tmp_path / "one.backup")
    backup(idle_lab, path, secret)
    outside = idle_lab.json("utils", "backup", "show", path)
    assert outside["node"] == "publisher" and not outside["verified"] and "keys" not in outside
    inside = idle_lab.json("utils", "backup", "show", path, "--passphrase-file", secret)
    assert inside["verified"]
    keys = {k["file"]: k for k in inside["keys"]}
    assert keys["keys/CallManager.pem"]["privateKey"]
    assert keys["tokens/SAST-ADN4e31f914.token"]["subject"].startswith("CN=SAST-ADN4e31f914")
    said = subprocess.run(["openssl", "x509", "-in", idle_lab.path("keys", "CAPF.pem"), "-noout", "-fingerprint",
                           "-sha256"], capture_output=True, text=True, check=True).stdout
    assert keys["keys/CAPF.pem"]["sha256"] == said.strip().split("=")[1]
    assert {"cadeado.conf", "cadeado.db", "audit/audit.log", "tftp/CTLFile.tlv"} <= {f["name"] for f in inside["files"]}
    wrong = idle_lab.cadeado("utils", "backup", "show", path, "--passphrase-file",
                             passphrase_file(tmp_path, "something else"), check=False)
    assert wrong.returncode == 1 and "passphrase" in wrong.stderr


def test_passphrases(idle_lab, tmp_path):
    path = str(tmp_path / "one.backup")
    short = backup(idle_lab, path, passphrase_file(tmp_path, "too short"), check=False)
    assert short.returncode == 1 and "passphrase" in short.stderr and not os.path.exists(path)
    assert idle_lab.cadeado("utils", "backup", "create", path, "--passphrase", "x", check=False).returncode == 2
    read, write = os.pipe()
    os.write(write, (PASSPHRASE + "\n").encode())
    os.close(write)
    idle_lab.cadeado("utils", "backup", "create", path, "--passphrase-fd", str(read), pass_fds=(read,))
    os.close(read)
    assert archive_of(path)
    again = backup(idle_lab, path, passphrase_file(tmp_path), check=False)
    assert again.returncode == 1 and "exists" in again.stderr
    assert PASSPHRASE not in idle_lab.cadeado("utils", "audit", "show").stdout


def test_a_lost_machine_comes_back(lab, tmp_path, secret):
    path = tmp_path / "one.backup"
    lab.cadeado("device", "add", labs.FIRST, "--number", "1001")
    backup(lab, path, secret)  # the daemon runs
    was = digest(lab.dir)
    refused = restore(lab.dir, path, secret, "--force")
    assert refused.returncode == 1 and "daemon" in refused.stderr and not beside(lab.dir)
    assert digest(lab.dir) == was
    lab.stop()
    shutil.rmtree(lab.dir)
    done = restore(lab.dir, path, secret)
    assert done.returncode == 0, done.stderr
    assert digest(lab.dir) == was and not beside(lab.dir)
    assert lab.cadeado("show", "ctl").returncode == 0
    assert [d["name"] for d in lab.json("device", "list")["devices"]] == [labs.FIRST]
    lab.cadeado("utils", "audit", "verify")
    assert "backup restore" in lab.cadeado("utils", "audit", "show").stdout
    # It works: daemon, both tokens, and the next list.
    lab.start()
    published = lab.publish("update", "CTLFile")
    assert "backup" not in published.stdout
    lab.stop()


def test_a_stopped_daemon_that_was_killed_is_no_obstacle(lab, tmp_path, secret):
    path = tmp_path / "one.backup"
    backup(lab, path, secret)
    lab.stop(signal.SIGKILL)  # its socket stays behind
    assert restore(lab.dir, path, secret, "--force").returncode == 0


def test_what_is_there_is_kept(idle_lab, tmp_path, secret):
    path = tmp_path / "one.backup"
    backup(idle_lab, path, secret)
    old = digest(idle_lab.dir)
    idle_lab.publish("update", "CTLFile")
    new = digest(idle_lab.dir)
    assert new != old
    refused = restore(idle_lab.dir, path, secret)
    assert refused.returncode == 1 and "--force" in refused.stderr and digest(idle_lab.dir) == new
    for n in (1, 2):
        assert restore(idle_lab.dir, path, secret, "--force").returncode == 0
        assert digest(idle_lab.dir) == old and len(beside(idle_lab.dir)) == n
    assert digest(os.path.join(os.path.dirname(idle_lab.dir), beside(idle_lab.dir)[0])) in (old, new)
    asked = subprocess.run([program("cadeado"), "--state", idle_lab.dir, "utils", "backup", "restore", str(path),
                            "--passphrase-file", secret, "--force"], stdin=subprocess.DEVNULL, capture_output=True,
                           text=True, check=False)
    assert asked.returncode == 2 and "--yes" in asked.stderr


def test_publishing_warns(idle_lab, tmp_path, secret):
    assert "no backup" in idle_lab.publish("update", "CTLFile").stdout
    assert idle_lab.json("utils", "ctl", "update", "CTLFile", "--token", "SAST-ADN4e31f914", "--pin-file",
                         idle_lab.path("pin"), "--yes")["keysWithoutBackup"] == 4
    backup(idle_lab, tmp_path / "one.backup", secret)
    assert "backup" not in idle_lab.publish("update", "CTLFile").stdout
    idle_lab.cadeado("token", "create", "--serial", "ADN0badcafe", "--pin-file", idle_lab.path("pin"))
    warned = idle_lab.publish("update", "CTLFile").stdout
    assert "SAST-ADN0badcafe" in warned and "older" in warned and "CallManager," not in warned
    backup(idle_lab, tmp_path / "two.backup", secret)
    assert "backup" not in idle_lab.publish("update", "CTLFile").stdout
    # A folder that was restored knows what its own backup holds.
    restore(idle_lab.dir, tmp_path / "one.backup", secret, "--force")
    with open(idle_lab.path("backup.json"), encoding="utf-8") as f:
        assert json.load(f)["time"] == backupfile.head_of((tmp_path / "one.backup").read_bytes())[0]["time"]


def count_of(path):
    with open(path, encoding="ascii") as f:
        return int(f.read().split()[-1])


@pytest.mark.parametrize("kind", ["kill", "full", "short"])
def test_a_restore_that_is_cut_off_at_every_step(idle_lab, tmp_path, secret, kind):
    path = tmp_path / "one.backup"
    backup(idle_lab, path, secret)
    old = digest(idle_lab.dir)
    # One that is quick to open, of the same content.
    path.write_bytes(backupfile.seal(archive_of(path), PASSPHRASE.encode(), address="127.0.0.1"))
    idle_lab.publish("update", "CTLFile")
    new = digest(idle_lab.dir)
    above = os.path.dirname(idle_lab.dir)
    kept = os.path.join(above, "kept")
    shutil.copytree(idle_lab.dir, kept)
    assert restore(idle_lab.dir, path, secret, "--force", count=tmp_path / "count").returncode == 0
    steps = count_of(tmp_path / "count")
    assert steps > 30
    seen = set()
    for n in range(1, steps + 1):
        for name in [os.path.basename(idle_lab.dir), *beside(idle_lab.dir)]:
            shutil.rmtree(os.path.join(above, name))
        shutil.copytree(kept, idle_lab.dir)
        done = restore(idle_lab.dir, path, secret, "--force", fault=f"{n}:{kind}")
        now = digest(idle_lab.dir)
        assert now in (old, new), (n, done.stderr)
        seen.add(now == old)
        # Neither state is ever lost, and none is thrown away by the next restore.
        if now == old:
            assert [b for b in beside(idle_lab.dir) if digest(os.path.join(above, b)) == new], (n, done.stderr)
        if kind != "kill" and done.returncode != 0:
            assert done.stderr.strip(), n
            assert now == old or not beside(idle_lab.dir), (n, beside(idle_lab.dir))
        if n % 3 == 0:
            again = restore(idle_lab.dir, path, secret, "--force")
            assert again.returncode == 0, (n, again.stderr)
            assert digest(idle_lab.dir) == old
            assert [b for b in beside(idle_lab.dir) if digest(os.path.join(above, b)) == new], n
            assert not [b for b in beside(idle_lab.dir) if b.endswith(".restoring")], n
    assert seen == {True, False}


@pytest.mark.parametrize("kind", ["kill", "full", "short"])
def test_a_backup_that_is_cut_off_at_every_step(idle_lab, tmp_path, secret, kind):
    words = ["utils", "backup", "create", str(tmp_path / "b"), "--passphrase-file", secret]
    idle_lab.cadeado(*words, env={**os.environ, "CADEADO_FAULT_COUNT": str(tmp_path / "count")})
    was = digest(idle_lab.dir)
    for n in range(1, count_of(tmp_path / "count") + 1):
        if os.path.exists(tmp_path / "b"):
            os.unlink(tmp_path / "b")
        failed = idle_lab.cadeado(*words, check=False, env={**os.environ, "CADEADO_FAULT": f"{n}:{kind}"})
        assert digest(idle_lab.dir) == was, n
        if os.path.exists(tmp_path / "b"):
            assert archive_of(tmp_path / "b"), n  # whole, if there is one
        elif kind != "kill":
            assert failed.returncode == 1 and failed.stderr.strip(), n
    if os.path.exists(tmp_path / "b"):
        os.unlink(tmp_path / "b")
    idle_lab.cadeado(*words)
    assert not os.path.exists(idle_lab.path(".backup.db"))
    idle_lab.cadeado("utils", "audit", "verify")


def with_entry(archive, **fields):
    """The archive with one more entry, made by Python's tarfile."""
    out = io.BytesIO(archive)
    with tarfile.open(fileobj=out, mode="a", format=fields.pop("format", tarfile.USTAR_FORMAT)) as tar:
        info = tarfile.TarInfo()
        content = fields.pop("content", b"hello")
        info.size = len(content)
        for key, value in fields.items():
            setattr(info, key, value)
        tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


HOSTILE = {
    "above": {"name": "keys/../../escaped"},
    "absolute": {"name": "/tmp/cadeado-escaped"},
    "dot": {"name": "keys/./x.pem"},
    "unknown": {"name": "authorized_keys"},
    "unknown below": {"name": "tftp/SEP.cnf.xml"},
    "hidden": {"name": "keys/.bashrc"},
    "control": {"name": "keys/a\x1b[2J.pem"},
    "symbolic link": {"name": "keys/x", "type": tarfile.SYMTYPE, "linkname": "/etc/passwd", "content": b""},
    "hard link": {"name": "keys/x", "type": tarfile.LNKTYPE, "linkname": "keys/CAPF.pem", "content": b""},
    "device": {"name": "keys/x", "type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3, "content": b""},
    "twice": {"name": "keys/CAPF.pem"},
    "file as folder": {"name": "keys/CAPF.pem/x"},
    "folder as file": {"name": "keys", "content": b"x"},
    "long name": {"name": "keys/" + 300 * "x", "format": tarfile.GNU_FORMAT},
    "pax": {"name": "keys/\u00e9" + 200 * "x", "format": tarfile.PAX_FORMAT},
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_names(idle_lab, tmp_path, secret, what):
    path = tmp_path / "one.backup"
    backup(idle_lab, path, secret)
    path.write_bytes(backupfile.seal(with_entry(archive_of(path), **HOSTILE[what]), PASSPHRASE.encode()))
    target = tmp_path / "deep" / "er" / "state"
    target.parent.mkdir(parents=True)
    refused = restore(target, path, secret)
    assert refused.returncode == 1 and refused.stderr.startswith("cadeado: "), refused.stderr
    assert "\x1b" not in refused.stderr
    left = [f for d, _, fs in os.walk(tmp_path / "deep") for f in fs]
    assert not left and not os.path.exists(target) and not os.path.exists("/tmp/cadeado-escaped"), left


def test_hostile_archives(idle_lab, tmp_path, secret):
    path = tmp_path / "one.backup"
    backup(idle_lab, path, secret)
    good = archive_of(path)
    for n, archive in enumerate([b"", b"\0" * 1024, good[:-1024], good[:5000], good + b"x" * 512, b"x" * 10240,
                                 good.replace(b"-----BEGIN CERTIFICATE-----\nM", b"-----BEGIN CERTIFICATE-----\nX"),
                                 re.sub(rb"-----BEGIN PRIVATE KEY-----\nM", b"-----BEGIN PRIVATE KEY-----\nX", good),
                                 good.replace(b"SQLite format 3", b"SQLite format 4")]):
        path.write_bytes(backupfile.seal(archive, PASSPHRASE.encode()))
        refused = restore(tmp_path / "state", path, secret)
        assert refused.returncode == 1 and refused.stderr.strip(), n
        assert not os.path.exists(tmp_path / "state") and not beside(tmp_path / "state"), n


def test_a_store_elsewhere_is_left_alone(idle_lab, tmp_path, secret):
    """A restore must not open, and change, the store that somebody works with."""
    path, live = tmp_path / "one.backup", tmp_path / "live.db"
    backup(idle_lab, path, secret)
    good = archive_of(path)
    shutil.copy(idle_lab.path("cadeado.db"), live)
    was = live.read_bytes()
    with open(idle_lab.path("cadeado.conf"), encoding="utf-8") as f:
        conf = f.read()
    conf = "\n".join(l for l in conf.split("\n") if not l.startswith("store ") and not l.startswith("store="))
    conf += f"\nstore = sqlite:{live}\n"
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(good)) as old, tarfile.open(fileobj=out, mode="w",
                                                                     format=tarfile.USTAR_FORMAT) as new:
        for m in old:
            content = conf.encode() if m.name == "cadeado.conf" else old.extractfile(m).read() if m.isfile() else b""
            m.size = len(content)
            new.addfile(m, io.BytesIO(content))
    path.write_bytes(backupfile.seal(out.getvalue(), PASSPHRASE.encode()))
    refused = restore(tmp_path / "state", path, secret)
    assert refused.returncode == 1 and "setting store" in refused.stderr, refused.stderr
    assert live.read_bytes() == was and not os.path.exists(tmp_path / "state")
    with open(idle_lab.path("cadeado.conf"), "w", encoding="utf-8") as f:
        f.write(conf)
    refused = backup(idle_lab, tmp_path / "two.backup", secret, check=False)
    assert refused.returncode == 1 and "setting store" in refused.stderr, refused.stderr


def test_hostile_files(idle_lab, tmp_path, secret):
    path, head = tmp_path / "one.backup", 56
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT):
        pass
    good = backupfile.seal(archive.getvalue() * 14, PASSPHRASE.encode())
    cases = [good[:n] for n in (0, 1, 15, 16, 31, head, len(good) - 1)] + [good + b"x", b"x" * 70000]
    for at in (0, 17, 19, 21, 25, 29, 33, 50, 56, 70, len(good) // 2, len(good) - 1):
        cases.append(good[:at] + bytes([good[at] ^ 0x40]) + good[at + 1:])
    # A cost that would take the machine down, lengths that lead nowhere.
    cases += [good[:20] + b"\xff" * 12 + good[32:], good[:18] + b"\xff\xff" + good[20:], good[:56] + b"\xff" + good[57:]]
    for n, content in enumerate(cases):
        path.write_bytes(content)
        shown = idle_lab.cadeado("utils", "backup", "show", str(path), "--passphrase-file", secret, check=False)
        assert shown.returncode == 1 and shown.stderr.strip(), n
        idle_lab.cadeado("utils", "backup", "show", str(path), check=False)
    assert idle_lab.cadeado("utils", "backup", "show", idle_lab.dir, check=False).returncode == 1
    assert idle_lab.cadeado("utils", "backup", "show", "/dev/zero", check=False).returncode == 1
