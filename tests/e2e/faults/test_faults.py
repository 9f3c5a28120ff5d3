# SPDX-License-Identifier: BSD-2-Clause
"""Killed, or out of disk, at every step: afterwards everything is old or new, whole, and goes on."""

import os
import shutil
import signal
import subprocess

import pytest

import lab as labs
from lab import FIRST, PIN, SECOND, program, wait_for


def run(lab, words, fault=None, count=None):
    env = dict(os.environ)
    if fault:
        env["CADEADO_FAULT"] = fault
    if count:
        env["CADEADO_FAULT_COUNT"] = count
    return subprocess.run([program("cadeado"), "--state", lab.dir, *words], env=env, text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=labs.PATIENCE, check=False)


def points(lab, words, tmp_path):
    """How many numbered steps this command takes."""
    path = str(tmp_path / "count")
    done = run(lab, words, count=path)
    assert done.returncode == 0, done.stderr
    with open(path, encoding="ascii") as f:
        number = int(f.read().split()[-1])
    assert number > 0
    return number


def strays(folder):
    """Temporary files that a failed (not killed) writer left behind."""
    return [os.path.join(base, f) for base, _, files in os.walk(folder) for f in files
            if f.startswith(".") and not f.endswith((".lock", ".count"))]


def test_making_a_cluster(tmp_path):
    lab = labs.Lab(tmp_path / "lab", labs.free_base())
    words = ["cluster", "init", "--port-base", str(lab.base)]
    number = points(lab, words, tmp_path)
    # Some of the steps, for each makes up to ten keys; core/cluster_faults walks them all with keys that are lent.
    for n in range(number % 9 + 1, number + 1, 9):
        shutil.rmtree(lab.dir)
        run(lab, words, fault=f"{n}:kill")
        again = run(lab, words)
        assert again.returncode == 0, (n, again.stderr)
        for name in ("CallManager", "CAPF", "TVS", "ITLRecovery", "CTLProvider"):
            key = subprocess.run(["openssl", "rsa", "-in", lab.path("keys", name + ".key"), "-modulus", "-noout"],
                                 capture_output=True, text=True, check=True).stdout
            cert = subprocess.run(["openssl", "x509", "-in", lab.path("keys", name + ".pem"), "-modulus", "-noout"],
                                  capture_output=True, text=True, check=True).stdout
            assert key == cert, (n, name)


@pytest.mark.parametrize("kind", ["kill", "full", "short"])
def test_publishing_a_ctl(template, tmp_path, kind):
    lab = labs.copy(template, tmp_path / "lab")
    with open(lab.path("pin"), "w", encoding="ascii") as f:
        f.write(PIN)
    words = ["utils", "ctl", "update", "CTLFile", "--token", "SAST-ADN5bbd7b14", "--pin-file", lab.path("pin"), "--yes"]
    number = points(lab, words, tmp_path)
    for n in range(1, number + 1):
        failed = run(lab, words, fault=f"{n}:{kind}")
        shown = run(lab, ["show", "ctl"])
        assert shown.returncode == 0, (n, shown.stdout)
        if kind != "kill":
            assert not strays(lab.dir), n
            if failed.returncode != 0:
                assert failed.stderr.strip(), n
        if n % 10 == 0:  # each fault may have cost a try, and fifteen in a row lock the token
            assert run(lab, words).returncode == 0, n
    assert run(lab, words).returncode == 0
    # No try was lost on the way that a right PIN does not give back.
    assert {t["attemptsLeft"] for t in lab.json("token", "list")["tokens"]} == {15}


def test_making_a_token(template, tmp_path):
    lab = labs.copy(template, tmp_path / "lab")
    with open(lab.path("pin"), "w", encoding="ascii") as f:
        f.write(PIN)
    number = points(lab, ["token", "create", "--serial", "ADN00000000", "--pin-file", lab.path("pin")], tmp_path)
    for n in range(1, number + 1):
        words = ["token", "create", "--serial", f"ADN{n:08d}", "--pin-file", lab.path("pin")]
        run(lab, words, fault=f"{n}:kill")
        listed = run(lab, ["token", "list", "--json"])
        assert listed.returncode == 0, (n, listed.stderr)
    # Whatever was left half-made does not keep the others from signing.
    lab.publish("update", "CTLFile")


STAGES = [
    ("ctftp", f"[CTL{FIRST}.tlv]"),
    ("ctftp", f"[{FIRST}.cnf.xml.sgn]"),
    ("capf", "Got a new ph conn"),
    ("capf", "CAPF_MSG_REQ_IN_PROGRESS"),
    ("capf", "Generated the cert"),
    ("capf", "Certificate upgrade successful"),
    ("ctftp", f"[{FIRST}.cnf.xml.enc.sgn]"),
    ("ccm", "New connection accepted"),
    ("ccm", f"TLS Connection Cipher - INFO:deviceName={FIRST}"),
]


def test_the_daemon_is_killed_at_every_step_and_started_again(lab):
    """For every step a phone that is switched on for the first time; another stays on all the time. However late the kill
    comes, the step is in the trace of its way."""
    lab.add_phones()
    lab.phone(SECOND, "--answer")

    def both_are_back():
        return {s["device"] for s in lab.json("show", "stations")["stations"]} == {FIRST, SECOND}
    assert lab.registered(SECOND), (lab.output(SECOND)[-2000:], lab.log()[-2000:])
    for name, text in STAGES:
        lab.hang_up(FIRST)
        shutil.rmtree(lab.folder(FIRST))
        lab.cadeado("device", "update", FIRST, "--install")
        before = len(lab.trace(name))
        lab.phone(FIRST)
        assert wait_for(lambda: text in lab.trace(name)[before:], every=0.02), (name, text, lab.output(FIRST)[-2000:])
        lab.stop(signal.SIGKILL)
        lab.start()
        assert lab.cadeado("show", "ctl").returncode == 0
        assert wait_for(both_are_back), (name, text, lab.output(FIRST)[-2000:], lab.output(SECOND)[-2000:], lab.log()[-2000:])
    lab.hang_up(FIRST)
    lab.phone(FIRST, "--call", "1002", "--talk", "3600", "--call-tries", "100")
    assert lab.call_up(), (lab.output(FIRST)[-2000:], lab.log()[-2000:])


def test_the_daemon_is_killed_in_a_call(lab):
    lab.whole_path()
    lab.stop(signal.SIGKILL)
    lab.start()

    def back():
        return len(lab.json("show", "stations")["stations"]) == 2
    assert wait_for(back), (lab.output(FIRST)[-2000:], lab.log()[-2000:])
