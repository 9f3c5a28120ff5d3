# SPDX-License-Identifier: BSD-2-Clause
"""The CTL client without a person: every step answered by an option, every outcome an exit status of its own."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import time

import lab as labs

ONE, TWO, STRANGE = "SAST-ADN4e31f914", "SAST-ADN5bbd7b14", "SAST-ADNffffffff"


def verified(node):
    """As another command of the product sees the file."""
    return subprocess.run([labs.program("cadeado"), "verify", node.path("tftp", "CTLFile.tlv")],
                          capture_output=True, text=True, check=False).returncode == 0



def test_from_nothing_to_mixed_mode_and_back(new_cluster, desk):
    cluster = new_cluster(3)
    first = desk.mixed(cluster)
    assert first["exit"] == 0, first
    assert first["accepts"] and first["outcome"] == "done"
    assert [a["ctl"] for a in first["answers"]] == ["activated"] * 3
    assert [f["code"] for f in first["findings"]] == ["no-backup"] * 3
    assert [(r["node"], r["service"]) for r in first["restarts"]] == [
        (n, s) for s in ("Cisco Tftp", "Cisco CallManager") for n in ("pub", "sub1", "sub2")]
    ctl = cluster.same()
    assert all(verified(n) for n in cluster.nodes)
    shown = cluster.nodes[0].json("show", "ctl", cluster.nodes[1].path("tftp", "CTLFile.tlv"))
    roles = json.dumps(shown).count('"CCM+TFTP"')
    assert roles == 3 and json.dumps(shown).count('"CAPF"') == 1

    time.sleep(1.1)  # a list's time has whole seconds
    again = desk.run(cluster, "--choice", "update", "--yes", token=TWO)
    assert again["exit"] == 0, again
    assert again["because"].startswith("A phone that holds the CTL of pub accepts the new one")
    assert {c["field"] for c in again["changes"]} >= {"timestamp", "serial number"}
    assert cluster.same() != ctl

    off = desk.run(cluster, "--choice", "non-secure", "--yes")
    assert off["exit"] == 0, off
    assert len(cluster.same()) < len(ctl)
    status = desk.run(cluster, command="utils ctl status")
    assert status["exit"] == 0 and {n["mode"] for n in status["nodes"]} == {"non-secure"}
    assert desk.run(cluster, "--choice", "non-secure", "--yes")["exit"] == 1
    back = desk.run(cluster, "--choice", "mixed", "--yes")
    assert back["exit"] == 0 and len(cluster.same()) == len(ctl)


def test_who_did_it_is_recorded(new_cluster, desk):
    cluster = new_cluster(2)
    publication = desk.mixed(cluster)["publication"]
    for node in cluster.nodes:
        text = node.cadeado("utils", "audit", "show").stdout
        assert f"ctl stage {publication}" in text and f"ctl activate {publication}" in text and "admin" in text
        node.cadeado("utils", "audit", "verify")


def test_what_may_be_chosen_when(new_cluster, desk):
    cluster = new_cluster(1)
    assert desk.run(cluster, "--choice", "update", "--yes")["exit"] == 1
    assert desk.run(cluster, "--choice", "non-secure", "--yes")["exit"] == 1
    assert desk.run(cluster, "--choice", "maybe", "--yes")["exit"] == 2
    assert cluster.ctls() == [None]
    assert desk.mixed(cluster)["exit"] == 0
    ctl = cluster.same()
    answer = desk.mixed(cluster)
    assert answer["exit"] == 1 and "in mixed mode already" in answer["reason"] and "Update CTL File" in answer["reason"]
    assert cluster.same() == ctl


def test_one_token_is_not_enough(new_cluster, desk):
    cluster = new_cluster(1)
    answer = desk.run(cluster, "--choice", "mixed", "--yes")
    assert answer["exit"] == 1 and "at least two security tokens" in answer["reason"]
    assert desk.mixed(cluster)["exit"] == 0
    ctl = cluster.same()
    answer = desk.update(cluster, "--remove-token", TWO)
    assert answer["exit"] == 1 and "at least two security tokens" in answer["reason"]
    assert cluster.same() == ctl


def test_a_strange_token_signs_nothing(new_cluster, desk):
    """Somebody with the password and tokens of their own."""
    cluster = new_cluster(2)
    assert desk.mixed(cluster)["exit"] == 0
    ctl = cluster.same()
    for path in (desk.dir / "elsewhere").iterdir():
        shutil.copy(path, desk.tokens / path.name)
    answer = desk.update(cluster, token=STRANGE)
    assert answer["exit"] == 6
    assert answer["reason"] == "The Security Token you have inserted does not exist in the CTL File"
    assert cluster.same() == ctl
    # It may be added by one that is trusted, and is trusted then.
    assert desk.update(cluster, "--add-token", STRANGE)["exit"] == 0
    assert desk.update(cluster, "--remove-token", ONE, token=STRANGE)["exit"] == 0
    ctl = cluster.same()
    assert desk.update(cluster)["exit"] == 6
    assert cluster.same() == ctl


def test_a_retired_token_is_left_out_and_signs_nothing(new_cluster, desk):
    cluster = new_cluster(1)
    for path in (desk.dir / "elsewhere").iterdir():
        shutil.copy(path, desk.tokens / path.name)
    assert desk.mixed(cluster, "--add-token", STRANGE)["list"]["tokens"] == 3
    subprocess.run([labs.program("cadeado"), "--state", desk.dir / "none", "token", "retire", TWO, "--tokens",
                    desk.tokens, "--yes"], check=True, stdin=subprocess.DEVNULL, capture_output=True)
    answer = desk.update(cluster, token=TWO)
    assert answer["exit"] == 5 and "retired" in answer["reason"]
    answer = desk.update(cluster)
    assert answer["exit"] == 0 and answer["list"]["tokens"] == 2


def test_wrong_pins(new_cluster, desk):
    cluster = new_cluster(1)
    for left in (14, 13):
        answer = desk.mixed(cluster, pin="badpin")
        assert answer["exit"] == 5 and answer["attemptsLeft"] == left
        assert f"{left} attempts left" in answer["reason"]
    assert cluster.ctls() == [None]
    assert desk.mixed(cluster)["exit"] == 0


def test_wrong_passwords(new_cluster, desk):
    cluster = new_cluster(1)
    for user, password in (("admin", "wrong"), ("nobody", "password")):
        answer = desk.mixed(cluster, user=user, password=password)
        assert answer["exit"] == 4, answer
    # Even the right one has to wait now. How long a wait of seconds is on a busy machine nobody knows: the
    # store says what it would after ten wrong ones, each of which a person has to wait for.
    with contextlib.closing(sqlite3.connect(cluster.nodes[0].path("cadeado.db"), timeout=30)) as store, store:
        changed = store.execute("UPDATE account SET failures = 10, wait_until = ? WHERE name = 'admin' AND failures > 0",
                                (int(time.time()) + 1700,)).rowcount
        assert changed == 1
    answer = desk.mixed(cluster)
    assert answer["exit"] == 4, answer
    assert cluster.ctls() == [None]


def test_a_missing_answer_is_named(new_cluster, desk):
    cluster = new_cluster(1)
    for given, option in ((dict(user=None), "--user"), (dict(password=None), "--password-file"),
                          (dict(token=None), "--token"), (dict(pin=None), "--pin-file")):
        answer = desk.mixed(cluster, **given)
        assert answer["exit"] == 2 and option in answer["reason"], answer
    answer = desk.run(cluster, "--yes")
    assert answer["exit"] == 2 and "--choice" in answer["reason"]
    answer = desk.run(cluster, "--choice", "mixed", "--add-token", TWO)
    assert answer["exit"] == 2 and "--yes" in answer["reason"]
    assert cluster.ctls() == [None]


def test_secrets_from_a_descriptor(new_cluster, desk):
    cluster = new_cluster(1)
    read, write = os.pipe()
    os.write(write, b"right horse\n" + labs.PIN.encode() + b"\n")
    os.close(write)
    answer = desk.mixed(cluster, "--password-fd", read, "--pin-fd", read, password=None, pin=None, pass_fds=(read,))
    os.close(read)
    assert answer["exit"] == 0, answer


def test_a_node_is_recognised_once_and_for_all(new_cluster, desk):
    cluster = new_cluster(2)
    answer = desk.mixed(cluster, trusting=False)
    assert answer["exit"] == 8 and cluster.nodes[0].fingerprint() in answer["reason"]
    # The publisher is known now, its subscriber is not.
    answer = desk.mixed(cluster, "--fingerprint", cluster.nodes[0].fingerprint(), trusting=False)
    assert answer["exit"] == 8 and "sub1" in answer["reason"]
    answer = desk.mixed(cluster, "--known", "/dev/null/known")
    assert answer["exit"] == 2 and "--known" in answer["reason"]
    assert desk.mixed(cluster)["exit"] == 0
    assert desk.update(cluster, trusting=False)["exit"] == 0
    assert oct(desk.known.stat().st_mode & 0o777) == "0o600"
    # A node with another key, and somebody who says that it is fine.
    lines = desk.known.read_text().split("\n")
    desk.known.write_text("\n".join([lines[0][:-5] + "00:00", *lines[1:]]))
    before = cluster.same()
    answer = desk.update(cluster)
    assert answer["exit"] == 8 and "remove line 1" in answer["reason"]
    assert cluster.same() == before


def test_capf_nowhere_is_told(new_cluster, desk):
    cluster = new_cluster(1)
    cluster.nodes[0].cadeado("utils", "service", "deactivate", "capf")
    answer = desk.mixed(cluster)
    assert answer["exit"] == 0
    assert [f["code"] for f in answer["findings"]] == ["no-backup", "capf-nowhere"]
    assert "on no node" in answer["findings"][1]["text"]
    assert "utils service activate capf" in answer["findings"][1]["text"]
    cluster.nodes[0].cadeado("utils", "service", "activate", "capf")
    answer = desk.update(cluster)
    assert [f["code"] for f in answer["findings"]] == ["no-backup"]
    assert [c["record"].split()[0] for c in answer["changes"] if c["what"] == "added"] == ["CAPF"]


def test_keys_that_no_backup_holds_are_told(new_cluster, desk, tmp_path):
    cluster = new_cluster(2)
    secret = tmp_path / "passphrase"
    secret.write_text("correct horse battery staple\n")
    for node in cluster.nodes:
        node.cadeado("utils", "backup", "create", str(tmp_path / f"{node.name}.backup"), "--passphrase-file", str(secret))
    assert desk.mixed(cluster)["findings"] == []
    cluster.nodes[1].cadeado("set", "cert", "regen", "CAPF", "--yes")
    told = desk.update(cluster)["findings"]
    assert [(f["node"], f["code"]) for f in told] == [(cluster.nodes[1].name, "old-backup")]
    assert "1 of its keys" in told[0]["text"]


def test_a_subscriber_is_not_the_one_to_ask(new_cluster, desk):
    cluster = new_cluster(2)
    cluster.host = cluster.nodes[1].address
    answer = desk.mixed(cluster)
    assert answer["exit"] == 1 and "not the publisher" in answer["reason"]


def test_started_over_only_at_the_nodes_console(new_cluster, desk):
    cluster = new_cluster(1)
    assert desk.mixed(cluster)["exit"] == 0
    cluster.nodes[0].stop()
    os.remove(cluster.nodes[0].path("tftp", "CTLFile.tlv"))
    cluster.nodes[0].start()
    answer = desk.mixed(cluster)
    assert answer["exit"] == 1 and "file delete tftp CTLFile.tlv" in answer["reason"]
    cluster.nodes[0].cadeado("file", "delete", "tftp", "CTLFile.tlv", "--yes")
    assert desk.mixed(cluster)["exit"] == 0
