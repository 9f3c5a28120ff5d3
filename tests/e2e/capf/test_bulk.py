# SPDX-License-Identifier: BSD-2-Clause
"""An operation for many phones: the daemon does it batch by batch, whoever is there to look."""

import signal

from lab import FIRST, SECOND, wait_for

START = ("device", "capf", "bulk", "start")


def counts(lab):
    got = lab.json("device", "capf", "bulk", "status")
    return {k: got[k] for k in ("good", "failed", "pending", "waits", "passedOver", "takenBack") if got[k]}


def state(lab):
    return lab.json("device", "capf", "bulk", "status")["bulk"]["state"]


def test_two_phones_one_after_the_other(lab):
    for number, device in enumerate((FIRST, SECOND)):
        lab.cadeado("device", "add", device, "--number", str(1001 + number), "--profile", "Non Secure")
        lab.phone(device)
    assert lab.registered(FIRST, SECOND)
    done = lab.cadeado(*START, "all", "--auth", "By Null String", "--batch", "1", "--pause", "3600", "--yes")
    assert "Install/Upgrade for 2 phones, 1 at once, in 2 batches: 60 min until the last is told." in done.stdout
    assert "this program may end" in done.stdout
    assert wait_for(lambda: counts(lab) == {"good": 1, "waits": 1}), (counts(lab), lab.log()[-2000:])
    # A daemon that died goes on where it was, and waits as long as it was told to.
    lab.stop(signal.SIGKILL)
    lab.start()
    assert lab.registered(FIRST, SECOND)
    assert counts(lab) == {"good": 1, "waits": 1} and state(lab) == "under way"
    refused = lab.cadeado(*START, "all", "--yes", check=False)
    assert refused.returncode == 1 and "under way after 1 of 2 phones" in refused.stderr
    lab.cadeado("device", "capf", "bulk", "stop")
    assert state(lab) == "stopped"
    lab.cadeado("device", "capf", "bulk", "resume")
    assert wait_for(lambda: counts(lab) == {"good": 2}), (counts(lab), lab.log()[-2000:])
    assert state(lab) == "finished"
    phones = lab.json("device", "capf", "bulk", "status", "--phones")["list"]
    assert [(p["name"], p["state"]) for p in phones] == [(FIRST, "Upgrade Success"), (SECOND, "Upgrade Success")]
    assert "cadeadod (publisher): device capf bulk all: finished" in lab.cadeado("utils", "audit", "show").stdout


def test_without_a_daemon_it_waits_and_can_be_taken_back(idle_lab, tmp_path):
    lab = idle_lab
    lab.cadeado("device", "add", FIRST)
    lab.cadeado("device", "add", SECOND, "--device-type", "Cisco 7912")
    phones = tmp_path / "phones.csv"
    phones.write_text(f"Device Name\n{FIRST}\n")
    assert lab.cadeado("device", "capf", "bulk", "status").stdout == "No bulk operation was begun.\n"
    # Nobody was asked whether.
    asked = lab.cadeado(*START, "all", check=False)
    assert asked.returncode == 2 and "for 2 phones" in asked.stdout
    assert f"1 of them will be passed over; the first: {SECOND}: a Cisco 7912 takes no certificate" in asked.stdout
    assert asked.stderr.endswith("add --yes\n")
    assert lab.json("device", "capf", "bulk", "status")["list"] == []
    done = lab.cadeado(*START, "--csv", str(phones), "--operation", "delete", "--yes")
    assert "It begins when a daemon runs" in done.stdout
    assert counts(lab) == {"waits": 1}
    assert "It waits for a daemon: cadeadod" in lab.cadeado("device", "capf", "bulk", "status").stdout
    undone = lab.cadeado("device", "capf", "bulk", "undo", "--yes").stdout
    assert "taken back" in undone and "0 orders taken back" in undone
    assert counts(lab) == {"takenBack": 1}
    for words, says in ((("all", "--operation-by", "2020-01-01"), "is over"),
                        (("all", "--operation", "Upgrade"), "Install/Upgrade, Delete or Troubleshoot"),
                        (("all", "--auth", "By Magic"), "Authentication Mode is one of"),
                        (("Owner is nobody",), "no phone is chosen")):
        refused = lab.cadeado(*START, *words, "--yes", check=False)
        assert refused.returncode == 1 and says in refused.stderr, refused
