# SPDX-License-Identifier: BSD-2-Clause
"""The original's file commands over the served folder and the traces, and cadeado logs."""

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from lab import FIRST, PATIENCE, program, wait_for

TRACES = "cm/trace/ctftp/sdi"


def put(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def trace(lab, number, text, kind="ctftp"):
    path = lab.path("activelog", "cm", "trace", kind, "sdi", "%s%08d.txt" % (kind, number))
    put(path, text)
    return path


def refused(done, text, status=1):
    assert done.returncode == status and text in done.stderr, (done.returncode, done.stdout, done.stderr)


class Follower:
    """A command that goes on: its lines as they come."""

    def __init__(self, lab, *words):
        self.process = subprocess.Popen([program("cadeado"), "--state", lab.dir, *words], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines = []
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def until(self, count):
        assert wait_for(lambda: len(self.lines) >= count, every=0.02), self.lines
        return self.lines

    def end(self):
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        self.process.stdout.close()
        errors = self.process.stderr.read()
        self.process.stderr.close()
        return status, errors


def test_list_shows_what_md5sum_says(idle_lab):
    put(idle_lab.path("tftp", "Desktops", "320x196x4", "List.xml"), "<x/>")
    put(idle_lab.path("tftp", ".hidden"), "no")
    os.symlink("/etc/passwd", idle_lab.path("tftp", "passwd"))
    os.symlink("CTLFile.tlv", idle_lab.path("tftp", "again.tlv"))
    shown = idle_lab.cadeado("file", "list", "tftp", "*", "detail").stdout.splitlines()
    names = [line.split()[-1] for line in shown]
    assert names == ["CTLFile.tlv", "Desktops", "again.tlv"]
    with open(idle_lab.path("tftp", "CTLFile.tlv"), "rb") as f:
        content = f.read()
    assert shown[0].split()[3:5] == [f"{len(content):,}", hashlib.md5(content).hexdigest()]
    assert "<dir>" in shown[1]
    inside = idle_lab.json("file", "list", "tftp", "desktops/*/list.*", "detail")["files"]
    assert [(f["name"], f["size"], f["md5"]) for f in inside] == [
        ("Desktops/320x196x4/List.xml", 4, hashlib.md5(b"<x/>").hexdigest())]
    assert idle_lab.cadeado("file", "list", "tftp", "Desktops").stdout == "Desktops/320x196x4/\n"
    # With a daemon the same, by the daemon.
    idle_lab.start()
    assert idle_lab.cadeado("file", "list", "tftp", "C*", "detail").stdout.splitlines() == [shown[0]]


def test_nothing_outside_is_reached(idle_lab):
    put(idle_lab.path("tftp", "loop.txt"), "inside")
    os.symlink("..", idle_lab.path("tftp", "up"))
    for words in (("list",), ("view",), ("get",), ("delete", "--yes"), ("tail", "--once")):
        for pattern in ("../cadeado.conf", "up/cadeado.conf", "/../cadeado.conf", "x/../../cadeado.conf", ".hidden"):
            done = idle_lab.cadeado("file", words[0], "tftp", pattern, *words[1:], check=False)
            assert "node" not in done.stdout and (done.returncode != 0 or not done.stdout), (words, pattern, done)
    assert os.path.exists(idle_lab.path("cadeado.conf"))
    refused(idle_lab.cadeado("file", "list", "etc", check=False), "not in \"etc\"", 2)
    refused(idle_lab.cadeado("file", "list", "tftp", "*", "details", check=False), "only the words detail and recent", 2)


def test_view_and_get(idle_lab, tmp_path):
    trace(idle_lab, 1, "first\n")
    trace(idle_lab, 2, "second\x1b[2J\nend without a line end")
    os.utime(trace(idle_lab, 3, "oldest\n"), (1, 1))
    shown = idle_lab.cadeado("file", "view", "activelog", TRACES, "recent").stdout
    assert shown == "second\\x1B[2J\nend without a line end\n"
    both = idle_lab.cadeado("file", "view", "activelog", TRACES + "/ctftp0000000[12].txt", check=False)
    refused(both, "no file there fits")
    several = idle_lab.cadeado("file", "view", "activelog", TRACES + "/*1.txt").stdout
    assert several == "first\n"
    assert idle_lab.cadeado("file", "view", "activelog", TRACES).stdout.count("== cm/trace/") == 3
    refused(idle_lab.cadeado("file", "view", "tftp", "CTLFile.tlv", check=False), "is no text")

    got = idle_lab.json("file", "get", "activelog", TRACES + "/*", "--to", str(tmp_path))["files"]
    assert [f["size"] for f in got] == [6, 33, 7]
    assert (tmp_path / "ctftp00000001.txt").read_text() == "first\n"
    refused(idle_lab.cadeado("file", "get", "activelog", TRACES + "/*1.txt", "--to", str(tmp_path), check=False),
            "is there already")
    idle_lab.cadeado("file", "get", "activelog", TRACES + "/*1.txt", "--to", str(tmp_path), "--force")


def test_delete(idle_lab):
    trace(idle_lab, 1, "x\n")
    trace(idle_lab, 2, "y\n")
    put(idle_lab.path("tftp", "ring.raw"), "z")
    refused(idle_lab.cadeado("file", "delete", "activelog", TRACES + "/*", check=False), "add --yes", 2)
    done = idle_lab.cadeado("file", "delete", "activelog", TRACES + "/*1*", "--yes")
    assert done.stdout == "files: found = 1, deleted = 1\n"
    assert idle_lab.cadeado("file", "list", "activelog", TRACES).stdout == TRACES + "/ctftp00000002.txt\n"
    refused(idle_lab.cadeado("file", "delete", "tftp", "*", "--yes", check=False), "CTLFile.tlv is among these")
    assert os.path.exists(idle_lab.path("tftp", "ring.raw")) and os.path.exists(idle_lab.path("tftp", "CTLFile.tlv"))
    idle_lab.cadeado("file", "delete", "tftp", "RING.raw", "--yes")
    assert not os.path.exists(idle_lab.path("tftp", "ring.raw"))
    refused(idle_lab.cadeado("file", "delete", "tftp", "ring.raw", "--yes", check=False), "no file there fits")
    audit = idle_lab.cadeado("utils", "audit", "show").stdout
    assert "tftp RING.raw" in audit


def test_tail_follows_whatever_comes_next(idle_lab):
    first = trace(idle_lab, 1, "".join("line %d\n" % i for i in range(30)))
    once = idle_lab.cadeado("file", "tail", "activelog", TRACES, "recent", "--once", "--lines", "2").stdout
    assert once == "line 28\nline 29\n"
    tail = Follower(idle_lab, "file", "tail", "activelog", TRACES, "recent", "--lines", "1")
    try:
        tail.until(1)
        with open(first, "a", encoding="utf-8") as f:
            f.write("half")
            f.flush()
            time.sleep(0.5)
            assert tail.lines == ["line 29"]
            f.write(" and half\n")
        tail.until(2)
        trace(idle_lab, 2, "of the next file\n")
        tail.until(3)
        os.unlink(first)
        trace(idle_lab, 2, "x\n")  # shorter: it began anew
        tail.until(4)
    finally:
        status, errors = tail.end()
    assert tail.lines == ["line 29", "half and half", "of the next file", "x"]
    assert (status, errors) == (0, "")
    refused(idle_lab.cadeado("file", "tail", "activelog", "cm/none", check=False), "no file there fits")


def test_logs_are_in_order_of_time(idle_lab):
    day = 1_800_000_000 - 1_800_000_000 % 86400 + 86400  # a midnight of UTC
    env = {"TZ": "UTC"}
    os.utime(trace(idle_lab, 1, "23:59:58.500 |a\n00:00:01.000 |c\n"), (day + 1, day + 1))
    os.utime(trace(idle_lab, 1, "23:59:59.000 | debug b\n00:00:02.000 | debug d\n", "capf"), (day + 2, day + 2))
    shown = idle_lab.cadeado("logs", env={**os.environ, **env}).stdout.splitlines()
    assert shown == ["ctftp 23:59:58.500 |a", "capf  23:59:59.000 | debug b", "ctftp 00:00:01.000 |c",
                     "capf  00:00:02.000 | debug d"]
    assert idle_lab.cadeado("logs", "--lines", "1", env={**os.environ, **env}).stdout.splitlines() == shown[-1:]
    assert idle_lab.cadeado("logs", "capf").stdout.count("\n") == 2
    lines = idle_lab.cadeado("logs", "tftp", "--json").stdout.splitlines()
    assert [json.loads(x)["trace"] for x in lines] == ["ctftp", "ctftp"]
    refused(idle_lab.cadeado("logs", "nonsense", check=False), "there is no trace", 2)


@pytest.mark.parametrize("words", (("logs", "-f", "--lines", "0"), ("logs", "--follow", "ctftp", "--lines", "0")))
def test_logs_of_a_daemon(lab, words):
    lab.add_phones()
    follower = Follower(lab, *words)
    try:
        time.sleep(0.5)
        subprocess.run(["curl", "-sS", "-o", "/dev/null", "tftp://127.0.0.1:%d/CTL%s.tlv" % (lab.port("tftp"), FIRST)],
                       check=True, capture_output=True, timeout=PATIENCE)
        follower.until(2)
    finally:
        status, errors = follower.end()
    assert status == 0, errors
    assert re.match(r"ctftp \d\d:\d\d:\d\d\.\d{3} \|TFTPEngine::isReadRequest", follower.lines[0])
    assert "Transferred[CTLFile.tlv]" in follower.lines[1]


def test_the_daemon_rotates(idle_lab):
    conf = idle_lab.path("cadeado.conf")
    with open(conf, encoding="utf-8") as f:
        text = f.read()
    text = re.sub(r"(?m)^trace_size = .*$", "trace_size = 16", text)
    with open(conf, "w", encoding="utf-8") as f:
        f.write(re.sub(r"(?m)^trace_files = .*$", "trace_files = 2", text))
    idle_lab.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(PATIENCE)
        for i in range(400):
            s.sendto(b"\0\1absent-%04d\0octet\0" % i, ("127.0.0.1", idle_lab.port("tftp")))
            s.recvfrom(600)
    files = idle_lab.json("file", "list", "activelog", TRACES)["files"]
    assert len(files) == 2 and all(f["size"] <= 16384 for f in files), files
    assert "absent-0399" in idle_lab.cadeado("file", "view", "activelog", TRACES, "recent").stdout
