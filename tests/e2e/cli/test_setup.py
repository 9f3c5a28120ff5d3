# SPDX-License-Identifier: BSD-2-Clause
"""cadeado setup: from a folder to a node that phones reach."""

import json
import os
import shutil
import socket
import subprocess

import pytest

import lab as labs
from lab import PATIENCE, program
from test_cli import terminal


def setup(folder, *words, check=None, before=()):
    done = subprocess.run([*before, program("cadeado"), "--state", str(folder), "setup", *words], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert check is None or done.returncode == check, (done.returncode, done.stdout, done.stderr)
    return done


@pytest.fixture
def folder(template, tmp_path):
    """With keys, for those take time, and at a port base of its own."""
    return labs.copy(template, tmp_path / "lab")


def test_a_new_node(tmp_path):
    base = labs.free_base()
    done = setup(tmp_path / "new", "--address", "127.0.0.1", "--port-base", str(base), "--json", check=0)
    found = json.loads(done.stdout)
    assert found["address"] == "127.0.0.1" and found["node"] == "publisher" and found["exit"] == 0
    assert {(p["service"], p["port"] - base, p["state"]) for p in found["ports"]} >= {
        ("TFTP", 69, "free"), ("Secure SCCP", 2443, "free"), ("CAPF", 3804, "free"), ("HTTP", 6970, "free")}
    assert found["dhcp"] == {
        "dnsmasq": "dhcp-option=150,127.0.0.1",
        "isc": "option cisco-tftp code 150 = array of ip-address;\noption cisco-tftp 127.0.0.1;"}
    assert any(c.startswith("CallManager") and "CN=publisher" in c for c in found["certificates"])
    assert {row["feature"] for row in found["tls"]} == {"TLS 1.0", "AES128-SHA", "NULL-SHA", "SHA-1", "RSA-1024"}
    # Again without a word: what was chosen stays.
    again = setup(tmp_path / "new", check=0).stdout
    assert "publisher at 127.0.0.1" in again and "Start the daemon" in again and "dhcp-option=150,127.0.0.1" in again


def test_what_is_refused(tmp_path):
    for words, status, text in (
            ((), 2, "--address; it has 127.0.0.1 (lo)"),
            (("--address", "203.0.113.77"), 2, "is not an address of this machine"),
            (("--address", "phone.example"), 2, "give the IPv4 address"),
            (("--address", "::1"), 2, "give the IPv4 address"),
            (("--address", "127.0.0.1", "--tls-profile", "old"), 2, "modern or legacy")):
        done = setup(tmp_path / "new", *words, check=status)
        assert text in done.stderr, (words, done.stderr)
    assert not os.path.exists(tmp_path / "new" / "cadeado.db")
    done = setup(tmp_path / "new", "--json", check=2)
    assert json.loads(done.stdout)["error"] == "arg" or "reason" in json.loads(done.stdout)


def test_a_list_that_names_another_address(folder):
    done = setup(folder.dir, "--address", "127.0.0.2", "--json", check=1)
    found = json.loads(done.stdout)
    assert found["ctlNamesAnotherAddress"]
    assert any("utils ctl update CTLFile" in row.get("command", "") for row in found["next"])
    folder.publish("update", "CTLFile")
    assert not json.loads(setup(folder.dir, "--json", check=0).stdout)["ctlNamesAnotherAddress"]


def test_a_port_that_is_taken(folder):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", folder.port("tftp")))
        done = setup(folder.dir, check=1)
    assert "UDP port %d" % folder.port("tftp") in done.stdout and "pid %d" % os.getpid() in done.stdout


def test_beside_its_daemon(folder):
    folder.start()
    try:
        found = json.loads(setup(folder.dir, "--json", check=0).stdout)
        assert found["daemon"] and {p["state"] for p in found["ports"]} == {"served"}
        assert any(row["text"] == "Start the daemon anew" for row in found["next"])
    finally:
        folder.stop()


def test_a_port_that_needs_a_right(folder):
    """As somebody without the right; whether the kernel asks for it is what Python meets, too."""
    without = ["setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service"] if os.geteuid() == 0 else []
    judge = subprocess.run([*without, "/usr/bin/python3", "-c", "import socket\nsocket.socket(2, 2).bind(('127.0.0.9', 69))"],
                           capture_output=True, text=True, timeout=PATIENCE, check=False)
    done = setup(folder.dir, "--address", "127.0.0.9", "--port-base", "0", "--tftp-port", "69", "--json", before=without)
    tftp = json.loads(done.stdout)["ports"][0]
    assert tftp["state"] == ("denied" if "PermissionError" in judge.stderr else "free"), (judge.stderr, tftp)
    if tftp["state"] == "denied":
        commands = [row.get("command", "") for row in json.loads(done.stdout)["next"]]
        assert done.returncode == 1 and any(c.startswith("setcap cap_net_bind_service=+ep /") for c in commands)


def test_a_unit_of_systemd(folder, tmp_path):
    unit = tmp_path / "cadeado.service"
    setup(folder.dir, "--unit", str(unit), check=0)
    text = unit.read_text()
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE\n" in text and folder.dir in text
    if shutil.which("systemd-analyze"):
        done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert str(unit.name) not in done.stderr, done.stderr


def test_questions(folder):
    out, status, left = terminal(
        [program("cadeado"), "--state", folder.dir, "setup"],
        [("reach it", "203.0.113.77\n"), ("not an address of this machine", "127.0.0.1\n"),
         ("79xx series connect? (yes/no)", "yes\n")])
    assert status == 0 and not left, out
    assert "tls_profile = legacy) take TLS 1.0" in " ".join(out.split())
    with open(folder.path("cadeado.conf"), encoding="utf-8") as f:
        assert "tls_profile = legacy\n" in f.read()
