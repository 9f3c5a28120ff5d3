# SPDX-License-Identifier: BSD-2-Clause
"""An operation makes registered phones start again; whoever looks on sees every step of it."""

import json
import os
import subprocess

import lab as labs
from lab import FIRST, SECOND, wait_for

STEPS = ["reset sent", "connected", "key generation", "waits for the authority", "storing the certificate", "installed"]


class Watch:
    """`device capf watch` in a pipe."""

    def __init__(self, lab, *words):
        self.lines = lab.path("watch.out")
        with open(self.lines, "wb") as out:
            self.process = subprocess.Popen(
                [labs.program("cadeado"), "--state", lab.dir, "device", "capf", "watch", *words],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)

    def rows(self):
        with open(self.lines, encoding="utf-8") as f:
            return [json.loads(line) for line in f if line.endswith("\n")]

    def steps(self, device):
        return [r["step"] for r in self.rows() if r["name"] == device]

    def end(self):
        self.process.terminate()
        self.process.wait(labs.PATIENCE)


def test_one_phone_is_reset_and_watched(lab):
    lab.cadeado("device", "add", FIRST, "--number", "1001", "--profile", "Non Secure")
    lab.cadeado("device", "add", SECOND, "--number", "1002", "--profile", "Non Secure")
    assert lab.cadeado("device", "capf", "watch").stdout == "No certificate operation goes on.\n"
    lab.phone(FIRST)
    assert lab.registered(FIRST), lab.output(FIRST)[-2000:]
    watch = Watch(lab, "--follow", "--json")
    done = lab.json("device", "update", FIRST, "--operation", "Install/Upgrade", "--auth", "By Null String")
    assert done["reset"] is True and "It calls CAPF now" in done["then"]
    try:
        assert wait_for(lambda: "installed" in watch.steps(FIRST)), (watch.rows(), lab.output(FIRST)[-2000:])
    finally:
        watch.end()
    # All of them, though each took a moment.
    assert [s for s in watch.steps(FIRST) if s in STEPS] == STEPS
    last = watch.rows()[-1]
    assert last["ended"] and last["good"] and last["status"] == "Upgrade Success" and last["address"] == "127.0.0.1"
    assert lab.registered(FIRST)
    # Nobody tells one that is not there, or where that was asked for.
    for device, words in ((SECOND, ()), (FIRST, ("--no-reset",))):
        done = lab.cadeado("device", "update", device, "--operation", "Troubleshoot", *words)
        assert "It is not told: it calls CAPF when it starts next." in done.stdout
    shown = {r["name"]: r for r in lab.json("device", "capf", "show")["operations"]}
    assert {d: shown[d]["step"] for d in shown} == {FIRST: "pending", SECOND: "pending"}
    reset = lab.json("device", "reset", SECOND, FIRST)
    assert reset == {"reset": [FIRST], "notRegistered": 1}
    assert wait_for(lambda: lab.json("device", "capf", "show", FIRST)["operations"][0]["status"] ==
                    "Troubleshoot Success")


def test_string_mode_says_what_to_press(lab):
    done = lab.cadeado("device", "add", FIRST, "--auth", "By Authentication String", "--install")
    assert "presses Settings, Security Configuration, **#, LSC, Update on it" in done.stdout
    assert f"None is set yet: cadeado device capf generate {FIRST}" in done.stdout
    lab.cadeado("device", "capf", "generate", FIRST)
    again = lab.cadeado("device", "update", FIRST, "--operation", "Install/Upgrade")
    assert "None is set" not in again.stdout and "types its string" in again.stdout


def test_watch_ends_with_what_became_of_it(lab):
    lab.cadeado("device", "add", FIRST, "--auth", "By Null String", "--install")
    watch = Watch(lab, FIRST)
    assert wait_for(lambda: os.path.getsize(watch.lines))
    client = [labs.program("cadeado-phone"), "capf", "--mac", FIRST[3:], "--dir", lab.folder(FIRST), "--port",
              str(lab.port("capf")), "--server-cert", lab.path("keys", "CAPF.pem"), "--quiet"]
    done = subprocess.run([*client, "--capf-fault", "no-key"], check=False, timeout=labs.PATIENCE, capture_output=True)
    assert done.returncode == 1, done.stderr
    assert watch.process.wait(30) == 1
    with open(watch.lines, encoding="utf-8") as f:
        lines = f.read().splitlines()
    assert lines[0].endswith(f" {FIRST} pending") and " connected 127.0.0.1" in lines[1]
    assert "Upgrade Failed: Key Generation Failed/Timeout 127.0.0.1: the phone says that it cannot make the key" in \
        lines[-1]


def test_watch_without_a_daemon(idle_lab):
    done = idle_lab.cadeado("device", "capf", "watch", check=False)
    assert done.returncode == 1 and "cadeadod --state" in done.stderr
    assert "no daemon runs" in idle_lab.cadeado("device", "capf", "show", "--after", "x", check=False).stderr
    assert idle_lab.cadeado("device", "reset", "all").stdout == "0 phones reset, 0 are not registered\n"


def test_a_list_of_thousands_comes_through_the_socket(lab):
    """An answer of several MiB, of which the stream takes one at a time."""
    with open(lab.path("phones.csv"), "w", encoding="utf-8") as f:
        f.write("Device Name,Certificate Operation\n")
        f.writelines(f"SEP{0x100000 + i:012X},Install/Upgrade\n" for i in range(4000))
    lab.cadeado("device", "import", lab.path("phones.csv"))
    shown = lab.json("device", "capf", "show")["operations"]
    assert len(shown) == 4000 and {r["step"] for r in shown} == {"pending"}
    assert lab.cadeado("device", "list").stdout.count("Operation Pending") == 4000
