# SPDX-License-Identifier: BSD-2-Clause
"""What `make run` does after installing and building, as a newcomer would see it."""

import os
import select
import signal
import socket
import subprocess
import time

import lab as labs
from lab import FIRST, SECOND

ROOT = os.path.join(os.path.dirname(__file__), "..", "..", "..")


def start(folder, base, **env):
    return subprocess.Popen(
        [os.path.join(ROOT, "tools", "run")], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True,
        env={**os.environ, "BUILD": labs.BUILD, "LAB": str(folder), "PORTBASE": str(base), **env})


def once(folder, base):
    running = start(folder, base, ONCE="1")
    out, _ = running.communicate(timeout=labs.PATIENCE * 3)
    return running.returncode, out.decode()


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
    running = start(tmp_path / "lab", labs.free_base())
    out = ""
    end = time.monotonic() + labs.PATIENCE * 2
    shapes = ("TFTPEngine::isReadRequest[0x", "Transferred[CTLFile.tlv]", "Certificate upgrade successful",
              "TLS Connection Cipher - INFO:deviceName=SEP")

    def complete():
        return "Live traces" in out and all(s in out[out.index("Live traces"):] for s in shapes)
    while time.monotonic() < end and not complete():
        ready, _, _ = select.select([running.stdout], [], [], 1)
        chunk = os.read(running.stdout.fileno(), 65536) if ready else b""
        out += chunk.decode()
        if ready and not chunk:
            break
    os.killpg(running.pid, signal.SIGINT)
    rest, _ = running.communicate(timeout=labs.PATIENCE)
    out += rest.decode()
    assert "Live traces" in out, out
    traces = out[out.index("Live traces"):]
    for shape in shapes:
        assert shape in traces, out
    left = subprocess.run(["pgrep", "-f", str(tmp_path / "lab")], capture_output=True, text=True, check=False).stdout
    assert not left, left
