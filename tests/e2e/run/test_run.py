# SPDX-License-Identifier: BSD-2-Clause
"""What `make run` does after installing and building, as a newcomer would see it."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import time

import lab as labs
from lab import FIRST, SECOND

ROOT = os.path.join(os.path.dirname(__file__), "..", "..", "..")


@contextlib.contextmanager
def started(folder, base, **env):
    """tools/run; whatever happens to the test, nothing of it is left running."""
    running = subprocess.Popen(
        [os.path.join(ROOT, "tools", "run")], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True,
        env={**os.environ, "BUILD": labs.BUILD, "LAB": str(folder), "PORTBASE": str(base), **env})
    try:
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        running.stdout.close()


def once(folder, base):
    with started(folder, base, ONCE="1") as running:
        out, _ = running.communicate(timeout=labs.PATIENCE * 3)
        return running.returncode, out.decode()


def read_until(running, complete):
    """What it prints, until that is enough, it ends, or patience does."""
    out, end = "", time.monotonic() + labs.PATIENCE * 2
    while time.monotonic() < end and not complete(out):
        ready, _, _ = select.select([running.stdout], [], [], 1)
        chunk = os.read(running.stdout.fileno(), 65536) if ready else b""
        out += chunk.decode(errors="replace")
        if ready and not chunk:
            break
    return out


def test_once_reuses_its_lab_and_tells_when_it_is_broken(tmp_path):
    folder, base = tmp_path / "lab", labs.free_base()
    status, out = once(folder, base)
    assert status == 0, out
    assert "All eight checks are good." in out
    assert out.count("Trust List Updated") >= 2
    assert os.stat(folder / "pins").st_mode & 0o777 == 0o700
    for pin in os.listdir(folder / "pins"):
        assert os.stat(folder / "pins" / pin).st_mode & 0o777 == 0o600
        # The PIN is nowhere in what was printed or logged.
        secret = (folder / "pins" / pin).read_text().strip()
        assert len(secret) >= 8 and secret not in out
    ctl = (folder / "tftp" / "CTLFile.tlv").read_bytes()
    for device in (FIRST, SECOND):
        assert (folder / "phones" / device / "CTLFile.tlv").read_bytes() == ctl

    # Again, on other ports: the same tokens and list.
    status, out = once(folder, labs.free_base())
    assert status == 0, out
    assert (folder / "tftp" / "CTLFile.tlv").read_bytes() == ctl

    broken = bytearray(ctl)
    broken[-3] ^= 1
    (folder / "tftp" / "CTLFile.tlv").write_bytes(broken)
    status, out = once(folder, base)
    assert status == 1, out
    assert "Verification of the CTL File Failed" in out and "Fault: 2" in out


def test_a_taken_port_is_named_with_its_owner(tmp_path):
    base = labs.free_base()
    with socket.socket() as s:
        s.bind(("127.0.0.1", base + 3804))
        s.listen()
        status, out = once(tmp_path / "lab", base)
    assert status == 1
    assert f"{base + 3804}" in out and f"pid {os.getpid()}" in out and "PORTBASE" in out


def test_it_stays_up_with_traces_until_it_is_interrupted(tmp_path):
    shapes = ("TFTPEngine::isReadRequest[0x", "Transferred[CTLFile.tlv]", "Certificate upgrade successful",
              "TLS Connection Cipher - INFO:deviceName=SEP")

    def traces(out):
        return out[out.index("Live traces"):] if "Live traces" in out else ""
    with started(tmp_path / "lab", labs.free_base()) as running:
        out = read_until(running, lambda out: all(s in traces(out) for s in shapes))
        for shape in shapes:
            assert shape in traces(out), out

        # A second run leaves the first one's folder alone, and says whose it is.
        log = (tmp_path / "lab" / "cadeadod.log").read_bytes()
        settings = (tmp_path / "lab" / "cadeado.conf").read_bytes()
        status, second = once(tmp_path / "lab", labs.free_base())
        assert status == 1 and "in use by an earlier run" in second and f"pid {running.pid}" in second, second
        assert (tmp_path / "lab" / "cadeadod.log").read_bytes().startswith(log)
        assert (tmp_path / "lab" / "cadeado.conf").read_bytes() == settings

        os.killpg(running.pid, signal.SIGINT)
        running.communicate(timeout=labs.PATIENCE)
        left = subprocess.run(["pgrep", "-f", str(tmp_path / "lab")], capture_output=True, text=True, check=False)
        assert not left.stdout, left.stdout


def test_a_run_that_was_killed_is_taken_up_again(tmp_path):
    folder, base = tmp_path / "lab", labs.free_base()
    with started(folder, base) as running:
        out = read_until(running, lambda _: (folder / "pins").exists() and any((folder / "pins").iterdir()))
    # What a kill may leave: a PIN whose token was never made, first in the alphabet.
    (folder / "pins" / "SAST-ADN00000000").write_text("0000000000")
    status, out = once(folder, base)
    assert status == 0, out


def test_make_says_one_for_a_fault_and_two_for_what_is_missing(tmp_path):
    """The Makefile alone, with stand-ins for the tools that it calls."""
    (tmp_path / "Makefile").write_bytes(open(os.path.join(ROOT, "Makefile"), "rb").read())
    (tmp_path / "tools").mkdir()
    (tmp_path / "build").mkdir()
    for tool in ("packages", "build", "run"):
        path = tmp_path / "tools" / tool
        path.write_text(f"#!/bin/sh\necho {tool} >>called\nexit ${{{tool.upper()}_STATUS:-0}}\n")
        path.chmod(0o755)

    def made(**env):
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS", "BUILD", "LAB"))}
        (tmp_path / "called").write_text("")
        status = subprocess.run(["make", "run", "ONCE=1"], cwd=tmp_path, env={**plain, **env}, check=False,
                                capture_output=True).returncode
        return status, (tmp_path / "called").read_text().split()
    everything = ["packages", "build", "run"]
    assert made() == (0, everything)
    assert made(RUN_STATUS="1") == (1, everything)
    assert made() == (0, everything)
    assert made(RUN_STATUS="2") == (2, everything)
    assert made(PACKAGES_STATUS="2") == (2, ["packages"])
