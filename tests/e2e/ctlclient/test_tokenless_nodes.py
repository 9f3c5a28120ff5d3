# SPDX-License-Identifier: BSD-2-Clause
"""Without tokens on several nodes: the publisher's console signs with a key of its own and hands the list to all."""

import json
import os
import subprocess
import time

import pytest
from fakenode import FakeNode

import lab as labs
from lab import FIRST, wait_for

USER = "admin"


class Console:
    """The publisher's own, with the account's password in a file."""

    def __init__(self, cluster, folder):
        self.cluster, self.pub, self.folder = cluster, cluster.nodes[0], folder
        for name, text in (("password", "right horse"), ("wrong", "wrong horse"), ("pin", labs.PIN)):
            (folder / name).write_text(text + "\n")

    def run(self, *words, node=None, user=USER, password="password", trusting=True):
        """(exit status, the answer in JSON)"""
        options = ["--user", user, "--password-file", str(self.folder / password), "--known",
                   str(self.folder / "known")]
        for one in self.cluster.nodes[1:] if trusting else []:
            options += ["--fingerprint", one.fingerprint()]
        done = (node or self.pub).cadeado("utils", "ctl", *words, "--yes", "--json", *options, check=False)
        assert "right horse" not in done.stdout + done.stderr
        return done.returncode, json.loads(done.stdout)

    def does(self, *words, **kwargs):
        status, answer = self.run(*words, **kwargs)
        assert status == 0, answer
        assert answer["outcome"] == "done" and {a["ctl"] for a in answer["answers"]} == {"activated"}
        return answer


@pytest.fixture
def console(new_cluster, tmp_path):
    folder = tmp_path / "console"
    folder.mkdir()
    return Console(new_cluster(2), folder)


def records(node):
    """(role, address, subject) of every record of the CTL that the node has."""
    shown = node.json("show", "ctl", node.path("tftp", "CTLFile.tlv"))
    return [(r["function"], r.get("dnsName")) for r in shown["records"]]


def nothing_changed(cluster, before):
    assert cluster.ctls() == before
    for node in cluster.nodes:
        assert not os.path.exists(node.path("ctl", "staged.tlv"))


def test_mixed_mode_update_reset_and_back(console):
    pub, sub = console.cluster.nodes
    first = console.does("set-cluster", "mixed-mode")
    assert first["signedBy"] == "CallManager" and [n["node"] for n in first["nodes"]] == ["pub", "sub1"]
    lists = [console.cluster.same()]
    assert [role for role, _ in records(sub)[:2]] == ["System Administrator Security Token"] * 2
    assert records(sub)[2:] == [("CCM+TFTP", pub.address), ("CCM+TFTP", sub.address), ("CAPF", pub.address)]
    sub.cadeado("verify", sub.path("tftp", "CTLFile.tlv"))

    # Fingerprints are known from now on. A list's time has whole seconds.
    time.sleep(1.1)
    console.does("update", "CTLFile", trusting=False)
    lists.append(console.cluster.same())
    time.sleep(1.1)
    again = console.does("reset", "localkey")
    assert again["signedBy"] == "ITLRecovery"
    lists.append(console.cluster.same())
    console.does("set-cluster", "non-secure-mode")
    lists.append(console.cluster.same())
    assert len(lists[3]) < len(lists[2]) and len(set(lists)) == 4
    status, answer = console.run("set-cluster", "non-secure-mode")
    assert status == 1 and "already" in answer["reason"]
    console.does("set-cluster", "mixed-mode")

    for node in (pub, sub):
        text = node.cadeado("utils", "audit", "show").stdout
        assert f"ctl activate {first['publication']}" in text and USER in text


def test_the_other_nodes_are_trusted_here(console):
    pub, sub = console.cluster.nodes
    console.does("set-cluster", "mixed-mode")
    kept = [(c["unit"], c["name"].split("-")[-1]) for c in pub.json("show", "cert", "list", "trust")["certificates"]]
    for name, unit in (("TVS", "TVS-trust"), ("CallManager", "CallManager-trust")):
        serial = sub.json("show", "cert", "own", name)["certificates"][0]["serial"]
        assert (unit, serial.replace(":", "").lower()) in kept
    pub.restart("Cisco Tftp")
    shown = pub.json("show", "itl", pub.path("tftp", "ITLFile.tlv"))
    assert [r["function"] for r in shown["records"]].count("TVS") == 2
    # Nothing that came over the network makes the other node trust a TVS.
    assert {c["unit"] for c in sub.json("show", "cert", "list", "trust")["certificates"]} == {"Phone-SAST-trust"}
    sub.cadeado("set", "cert", "import", "trust", "TVS-trust", pub.path("keys", "TVS.pem"), "--yes")
    sub.restart("Cisco Tftp")
    shown = sub.json("show", "itl", sub.path("tftp", "ITLFile.tlv"))
    assert [r["function"] for r in shown["records"]].count("TVS") == 2


def test_a_dead_node_stops_it_everywhere(console):
    before = console.cluster.ctls()
    console.cluster.nodes[1].stop()
    status, answer = console.run("set-cluster", "mixed-mode")
    assert status == 1 and "sub1" in answer["reason"]
    nothing_changed(console.cluster, before)
    assert console.pub.json("show", "cert", "list", "trust")["certificates"] == []
    console.cluster.nodes[1].start()
    console.does("set-cluster", "mixed-mode")

    before = console.cluster.ctls()
    console.cluster.nodes[0].stop()
    status, answer = console.run("update", "CTLFile")
    assert status == 1, answer
    console.cluster.nodes[0].start()
    nothing_changed(console.cluster, before)


@pytest.mark.parametrize("broken", ["refuses-stage", "dies-before-ready"])
def test_a_node_that_cannot_stops_it_everywhere(new_cluster, fakes, tmp_path, broken):
    port = labs.free_base()
    cluster = new_cluster(1, others=[("sub9", "127.0.0.9", port)])
    fake = FakeNode(tmp_path, "sub9", "127.0.0.9", port, broken=broken)
    fakes(fake)
    console = Console(cluster, tmp_path)
    status, answer = console.run("set-cluster", "mixed-mode", "--fingerprint", fake.fingerprint)
    assert status == 1 and answer["outcome"] == "nothing" and "nothing was changed anywhere" in answer["reason"]
    nothing_changed(cluster, [None])
    trusted = cluster.nodes[0].json("show", "cert", "list", "trust")["certificates"]
    assert not [c for c in trusted if c["unit"] != "Phone-SAST-trust"]


def test_wrong_accounts_and_strangers(console):
    before = console.cluster.ctls()
    for kwargs in ({"password": "wrong"}, {"user": "nobody"}):
        status, answer = console.run("set-cluster", "mixed-mode", **kwargs)
        assert status == 1 and answer["error"] == "DENIED", answer
    status, answer = console.run("set-cluster", "mixed-mode", trusting=False)
    assert status == 1 and "--fingerprint" in answer["reason"]
    nothing_changed(console.cluster, before)
    missing = console.pub.cadeado("utils", "ctl", "set-cluster", "mixed-mode", "--yes", check=False)
    assert missing.returncode == 2 and "--user" in missing.stderr


def test_a_subscriber_publishes_nothing(console):
    sub = console.cluster.nodes[1]
    status, answer = console.run("set-cluster", "mixed-mode", node=sub)
    assert status == 1 and "not the publisher" in answer["reason"]
    console.does("set-cluster", "mixed-mode")
    before = console.cluster.ctls()
    status, answer = console.run("update", "CTLFile", node=sub)
    assert status == 1 and answer["reason"].endswith("run this at the console of 127.0.0.1")
    nothing_changed(console.cluster, before)


def test_with_a_token(console):
    for serial in ("ADN4e31f914", "ADN5bbd7b14"):
        console.pub.cadeado("token", "create", "--serial", serial, "--pin-file", str(console.folder / "pin"))
    answer = console.does("set-cluster", "mixed-mode", "--token", "SAST-ADN4e31f914", "--pin-file",
                          str(console.folder / "pin"))
    assert answer["signedBy"] == "SAST-ADN4e31f914"
    assert [role for role, _ in records(console.cluster.nodes[1])].count("CCM+TFTP") == 2
    before = console.cluster.same()
    assert console.run("update", "CTLFile")[0] == 1
    assert console.cluster.same() == before


def boots(node):
    """A phone that is switched on at this node until it has its configuration; what it keeps."""
    phone = subprocess.Popen([labs.program("cadeado-phone"), "--mac", FIRST[3:], "--dir", node.folder(FIRST), "--server",
                              node.address, "--port-base", str(node.base), "--retry-delay", "1", "--quiet"],
                             stdin=subprocess.DEVNULL)
    try:
        assert wait_for(lambda: node.state(FIRST).get("registered"), seconds=40), node.status(FIRST)
    finally:
        phone.terminate()
        phone.wait(labs.PATIENCE)
    kept = {}
    for name in ("CTLFile.tlv", "ITLFile.tlv"):
        with open(os.path.join(node.folder(FIRST), name), "rb") as f:
            kept[name] = f.read()
    os.unlink(os.path.join(node.folder(FIRST), "phone.json"))
    assert "Verification Failed" not in node.status(FIRST), node.status(FIRST)
    return kept


def test_a_phone_at_the_second_node(console):
    """It follows from one list to the next, though the key that signs them is the publisher's."""
    sub = console.cluster.nodes[1]
    sub.cadeado("device", "add", FIRST, "--number", "1001")
    console.does("set-cluster", "mixed-mode")
    sub.restart("Cisco Tftp", "Cisco CallManager")
    assert boots(sub)["CTLFile.tlv"] == console.cluster.same()
    for words in (("update", "CTLFile"), ("reset", "localkey"), ("set-cluster", "non-secure-mode"),
                  ("set-cluster", "mixed-mode")):
        console.does(*words)
        sub.restart("Cisco Tftp", "Cisco CallManager")
        assert boots(sub)["CTLFile.tlv"] == console.cluster.same(), words
