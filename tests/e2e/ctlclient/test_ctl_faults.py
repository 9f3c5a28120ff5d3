# SPDX-License-Identifier: BSD-2-Clause
"""What may go wrong between the CTL client and the nodes: afterwards every node has one whole list, and the client said
what happened."""

import json
import os
import re
import signal
import subprocess
import time

import fakenode
import pytest
from fakenode import FakeNode, Silent
from person import Person
from tokendesk import Hsm

import lab as labs

ONE, TWO = "SAST-ADN4e31f914", "SAST-ADN5bbd7b14"
KILLS = 6  # steps at which a node is killed


class WithBroken:
    """A real publisher and one node that misbehaves."""

    def __init__(self, cluster, fake):
        self.nodes, self.host, self.port, self.fake = cluster.nodes, cluster.host, cluster.port, fake

    def ctls(self):
        return [n.ctl() for n in self.nodes]

    def fingerprints(self):
        return [n.fingerprint() for n in self.nodes] + ([self.fake.fingerprint] if hasattr(self.fake, "face") else [])


@pytest.fixture
def broken(new_cluster, fakes, tmp_path):
    def make(kind=FakeNode, **what):
        port = labs.free_base()
        cluster = new_cluster(1, others=[("sub9", "127.0.0.9", port)])
        fake = Silent("127.0.0.9", port) if kind is Silent else FakeNode(tmp_path, "sub9", "127.0.0.9", port, **what)
        fakes(fake)
        return WithBroken(cluster, fake)

    return make


def codes(answer, severity):
    """Of the tests' nodes none has a backup."""
    return [f["code"] for f in answer["findings"] if f["severity"] == severity and f["code"] != "no-backup"]


def test_a_node_that_accepts_and_never_answers(broken, desk):
    cluster = broken(Silent)
    answer = desk.mixed(cluster, "--timeout", "2")
    assert answer["exit"] == 3 and codes(answer, "fault") == ["silent"]
    assert cluster.nodes[0].ctl() is None
    assert desk.run(cluster, "--timeout", "2", command="utils ctl status")["exit"] == 3


def test_a_dead_node(new_cluster, desk):
    cluster = new_cluster(2)
    assert desk.mixed(cluster)["exit"] == 0
    ctl = cluster.same()
    cluster.nodes[1].stop(signal.SIGKILL)
    answer = desk.update(cluster)
    assert answer["exit"] == 3 and codes(answer, "fault") == ["unreachable"]
    assert cluster.same() == ctl


def test_a_name_that_means_nothing(new_cluster, desk):
    cluster = new_cluster(1, others=[("sub9", "sub9.invalid", 2444)])
    answer = desk.mixed(cluster)
    assert answer["exit"] == 3 and codes(answer, "fault") == ["name"]
    assert cluster.ctls() == [None]


def test_a_node_that_is_something_else(broken, desk):
    cluster = broken(broken="nonsense")
    answer = desk.mixed(cluster)
    assert answer["exit"] == 3 and codes(answer, "fault") == ["answer"]
    assert "\x1b" not in json.dumps(answer)


def test_clocks_that_differ(broken, desk):
    cluster = broken(clock=-3600)
    answer = desk.mixed(cluster)
    assert answer["exit"] == 0 and "clock" in codes(answer, "warning")
    assert [n["clockDifference"] for n in answer["nodes"] if n["node"] == "sub9"][0] in range(-3602, -3597)


def test_a_list_from_the_future(broken, desk):
    """This machine's clock was set back since the last publication."""
    cluster = broken()
    assert desk.mixed(cluster)["exit"] == 0
    path = cluster.nodes[0].path("tftp", "CTLFile.tlv")
    ctl = open(path, "rb").read()
    at = re.search(rb"\x0f\x00\x04", ctl).start() + 3
    cluster.fake.ctl = ctl[:at] + b"\xf0" + ctl[at + 1:]
    answer = desk.update(cluster)
    assert answer["exit"] == 1 and "clock-behind" in codes(answer, "fault")
    assert cluster.nodes[0].ctl() == ctl


def test_expired_certificates(broken, desk):
    cluster = broken(days=(-20, -2))
    answer = desk.mixed(cluster)
    assert answer["exit"] == 1 and codes(answer, "fault") == ["expired"]
    assert cluster.nodes[0].ctl() is None


def test_certificates_that_expire_soon(broken, desk):
    answer = desk.mixed(broken(days=(-20, 5)))
    assert answer["exit"] == 0 and "expires-soon" in codes(answer, "warning")


@pytest.mark.parametrize("fault", ["refuses-stage", "dies-before-ready"])
def test_a_node_that_cannot_stage_changes_nothing_anywhere(broken, desk, fault):
    cluster = broken(broken=fault)
    answer = desk.mixed(cluster, "--timeout", "5")
    assert answer["exit"] == 3 and answer["outcome"] == "nothing", answer
    assert {a["ctl"] for a in answer["answers"]} <= {"unchanged", "staged"}
    assert "nothing was changed anywhere" in answer["reason"] and "sub9" in answer["reason"]
    assert cluster.nodes[0].ctl() is None and not os.path.exists(cluster.nodes[0].path("ctl", "staged.tlv"))


@pytest.mark.parametrize("fault", ["dies-in-activate", "cannot-activate", "dies-after-stage"])
def test_a_node_that_fails_between_the_phases_is_finished_later(broken, desk, fakes, tmp_path, fault):
    cluster = broken(broken=fault)
    answer = desk.mixed(cluster, "--timeout", "5")
    assert answer["exit"] == 7 and answer["outcome"] == "partly", answer
    assert "utils ctl status" in answer["reason"]
    ctl = cluster.nodes[0].ctl()
    assert ctl
    # It comes back with what it had staged.
    old = cluster.fake
    old.end()
    again = FakeNode(tmp_path, "sub9", "127.0.0.9", old.port)
    again.staged = old.staged
    fakes(again)
    cluster.fake = again
    desk.known.write_text("\n".join(desk.known.read_text().split("\n")[:1]) + "\n")
    answer = desk.run(cluster, command="utils ctl status")
    assert answer["exit"] == 7 and answer["remedy"] == "finish" and again.ctl is None
    answer = desk.run(cluster, "--yes", command="utils ctl status")
    assert answer["exit"] == 0, answer
    assert again.ctl == ctl and again.staged is None


def test_a_publication_that_nobody_activated_is_rolled_back(broken, desk):
    cluster = broken()
    cluster.fake.staged = ("ab" * 16, b"x", 0)
    answer = desk.run(cluster, command="utils ctl status")
    assert answer["exit"] == 7 and answer["remedy"] == "roll back"
    person = Person(desk.argv(cluster, "utils ctl status", "--user", "admin", "--password-file", desk.dir / "password"))
    person.expect("staged by admin")
    person.answer(r"Roll it back\? \(yes/no\): $", "yes")
    person.expect("All nodes have the same")
    assert person.leaves() == 0
    assert cluster.fake.staged is None


def test_the_wizard_offers_to_finish_what_was_interrupted(broken, desk):
    cluster = broken(broken="cannot-activate")
    assert desk.mixed(cluster)["exit"] == 7
    ctl, cluster.fake.broken = cluster.nodes[0].ctl(), None
    person = Person(desk.argv(cluster, "ctl-client", "--token", ONE, "--tokens", desk.tokens, "--user", "admin",
                              "--password-file", desk.dir / "password"))
    person.expect("staged by admin")
    person.answer(r"Finish it\? \(yes/no\): $", "no")
    person.answer("Your choice .*: $", "q")
    assert person.leaves() == 1 and cluster.fake.ctl is None
    person = Person(desk.argv(cluster, "ctl-client", "--token", ONE, "--tokens", desk.tokens, "--user", "admin",
                              "--password-file", desk.dir / "password"))
    person.answer(r"Finish it\? \(yes/no\): $", "yes")
    person.expect("sub9 +has activated the new CTL")
    person.answer("Your choice .*: $", "q")
    assert person.leaves() == 1 and cluster.fake.ctl == ctl


def test_ctrl_c_between_two_nodes_takes_everything_back(broken, desk):
    cluster = broken(broken="waits")
    person = Person(desk.argv(cluster, "ctl-client", "--choice", "mixed", "--token", ONE, "--add-token", TWO, "--tokens",
                              desk.tokens, "--user", "admin", "--password-file", desk.dir / "password", "--pin-file",
                              desk.dir / "pin", "--yes", *[w for f in cluster.fingerprints() for w in ("--fingerprint", f)]))
    person.expect("pub +has staged the new CTL")
    assert labs.wait_for(lambda: cluster.fake.staged)
    os.kill(person.pid, signal.SIGINT)
    cluster.fake.may_answer.set()
    person.expect("pub +has forgotten what was staged")
    person.expect("sub9 +has forgotten what was staged")
    person.expect("nothing was changed anywhere: .*interrupted")
    assert person.leaves() == 1
    assert cluster.fake.staged is None and cluster.fake.ctl is None and cluster.ctls() == [None]
    assert desk.run(cluster, command="utils ctl status")["remedy"] == "none"


def test_lists_that_differ_are_told(broken, desk):
    cluster = broken()
    assert desk.mixed(cluster)["exit"] == 0
    ctl, cluster.fake.ctl = cluster.fake.ctl, None
    answer = desk.run(cluster, "--yes", command="utils ctl status")
    assert answer["exit"] == 7 and answer["remedy"] == "update"
    cluster.fake.ctl = ctl
    assert desk.run(cluster, command="utils ctl status")["exit"] == 0


def test_two_administrators_at_once(new_cluster, desk):
    """One of them publishes, or both, one after the other; never half of each."""
    cluster = new_cluster(2)
    assert desk.mixed(cluster)["exit"] == 0
    words = ["--json", "--yes", "--choice", "update", "--user", "admin", "--password-file", desk.dir / "password",
             "--tokens", desk.tokens, "--pin-file", desk.dir / "pin", "--token"]
    for _ in range(2):
        before = cluster.same()
        time.sleep(1.1)  # lists of one second with the same records are the same
        running = [subprocess.Popen(desk.argv(cluster, "ctl-client", *words, token), stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for token in (ONE, TWO)]
        answers = [json.loads(p.communicate(timeout=labs.PATIENCE)[0]) for p in running]
        exits = sorted(a["exit"] for a in answers)
        assert exits in ([0, 0], [0, 1], [1, 1]), answers
        done = [a for a in answers if a["exit"] == 0]
        ctl = cluster.same()
        assert (ctl != before) == bool(done)
        assert len(done) == 0 or fakenode.hashlib.sha256(ctl).hexdigest() in [a["list"]["sha256"] for a in done]


def writes_of_a_publication(cluster, desk):
    """Numbers of the steps of file writing that the subscriber makes from its start to the end of a publication, with
    those up to the publication's begin."""
    counted = cluster.nodes[1].path("..", "count")
    ends = []
    for publish in (False, True):
        cluster.nodes[1].stop()
        if os.path.exists(counted):
            os.unlink(counted)
        os.environ["CADEADO_FAULT_COUNT"] = counted
        cluster.nodes[1].start()
        del os.environ["CADEADO_FAULT_COUNT"]
        if publish:
            assert desk.update(cluster)["exit"] == 0
        cluster.nodes[1].stop()
        ends.append(int(open(counted, encoding="ascii").read().split()[-1]))
        cluster.nodes[1].start()
    return ends


def test_killed_while_it_writes(new_cluster, desk):
    """The subscriber is killed at steps all over a publication, its audit included; with what it comes back with, the
    cluster has one list again. (Every single step: tests/e2e/ctlprovider.)"""
    cluster = new_cluster(2)
    assert desk.mixed(cluster)["exit"] == 0
    start, end = writes_of_a_publication(cluster, desk)
    assert end > start
    for step in range(start + 1, end + 1, max(1, (end - start) // KILLS)):
        before = cluster.same()
        cluster.nodes[1].stop()
        os.environ["CADEADO_FAULT"] = f"{step}:kill"
        try:
            cluster.nodes[1].start()
        finally:
            del os.environ["CADEADO_FAULT"]
        answer = desk.update(cluster)
        assert answer["exit"] in (0, 3, 7), answer
        if cluster.nodes[1].daemon.poll() is None:
            cluster.nodes[1].stop(signal.SIGKILL)
        else:
            cluster.nodes[1].daemon = None
        assert all(one in (before, cluster.nodes[0].ctl()) for one in cluster.ctls())
        cluster.nodes[1].start()
        answer = desk.run(cluster, "--yes", command="utils ctl status")
        assert answer["exit"] == 0, (step, answer)
        cluster.same()


def test_a_full_disk(new_cluster, desk):
    cluster = new_cluster(2)
    assert desk.mixed(cluster)["exit"] == 0
    start, _ = writes_of_a_publication(cluster, desk)
    before = cluster.same()
    cluster.nodes[1].stop()
    os.environ["CADEADO_FAULT"] = f"{start + 1}:full"
    try:
        cluster.nodes[1].start()
    finally:
        del os.environ["CADEADO_FAULT"]
    answer = desk.update(cluster)
    assert answer["exit"] in (0, 1, 3, 4), answer
    assert cluster.same() == before or answer["exit"] == 0


# --- hardware ---


@pytest.fixture
def hardware(tmp_path, desk):
    hsm = Hsm(tmp_path / "hsm")
    for label in ("SAST-H1", "SAST-H2"):
        hsm.token(label, labs.PIN)
        subprocess.run([labs.program("cadeado"), "--state", desk.dir / "none", "token", "create", "--token", label,
                        "--serial", label[5:], "--tokens", desk.tokens, "--module", hsm.module, "--pin-file",
                        desk.dir / "pin"], check=True, stdin=subprocess.DEVNULL, capture_output=True, env=hsm.env)
    (hsm.folder / "control").write_text("")
    return hsm


def test_a_token_pulled_out_while_it_signs(new_cluster, desk, hardware):
    cluster = new_cluster(2)
    words = ["--module", hardware.module]
    answer = desk.mixed(cluster, *words, "--add-token", "SAST-H2", token="SAST-H1", env=hardware.env)
    assert answer["exit"] == 0 and answer["list"]["tokens"] == 3, answer
    ctl = cluster.same()
    hardware.say("pull", "SAST-H1")
    answer = desk.update(cluster, *words, token="SAST-H1", env=hardware.env)
    assert answer["exit"] == 5 and "outcome" not in answer
    assert cluster.same() == ctl
    # Somebody at the terminal puts it back.
    time.sleep(1.1)  # lists of one second with the same records are the same
    hardware.say("in", "SAST-H1")
    hardware.say("pull", "SAST-H1")
    person = Person(desk.argv(cluster, "ctl-client", "--choice", "update", "--token", "SAST-H1", "--tokens", desk.tokens,
                              "--user", "admin", "--password-file", desk.dir / "password", *words), hardware.env)
    person.answer(r"Next \[f\]: $", "f")
    person.answer(r"continue\? \(yes/no\): $", "yes")
    person.answer("PIN of SAST-H1: $", labs.PIN)
    person.expect("it was removed; nothing has changed")
    person.expect(r"Please insert the Security Token SAST-H1 \(q cancels\): $")
    assert cluster.same() == ctl
    hardware.say("in", "SAST-H1")
    person.expect("SAST-H1 was inserted")
    person.answer("PIN of SAST-H1: $", labs.PIN)
    person.expect("CTL file updated on every node")
    assert person.leaves() == 0
    assert cluster.same() != ctl


def test_a_hardware_token_that_is_inserted_and_removed(new_cluster, desk, hardware):
    cluster = new_cluster(1)
    assert desk.mixed(cluster, "--module", hardware.module, "--add-token", "SAST-H2", token="SAST-H1",
                      env=hardware.env)["exit"] == 0
    for path in desk.tokens.glob("SAST-ADN*"):
        path.unlink()
    hardware.say("out", "SAST-H1")
    hardware.say("out", "SAST-H2")
    person = Person(desk.argv(cluster, "ctl-client", "--choice", "update", "--tokens", desk.tokens, "--user", "admin",
                              "--password-file", desk.dir / "password", "--module", hardware.module), hardware.env)
    person.expect("Please insert a Security Token")
    hardware.say("in", "SAST-H2")
    person.expect("SAST-H2 was inserted")
    person.expect("Number of the token")
    hardware.say("out", "SAST-H2")
    person.expect("SAST-H2 was removed")
    person.expect("Please insert a Security Token")
    hardware.say("locked", "SAST-H2")
    hardware.say("in", "SAST-H2")
    person.expect("-  SAST-H2 +cannot be chosen: locked")
    person.expect("Please insert a Security Token")
    hardware.say("in", "SAST-H1")
    person.expect("SAST-H1 was inserted")
    person.answer(r"Number of the token.*: $", "1")
    person.expect(r"SAST-H1 \(pkcs11\)")
    person.answer("Next.*: $", "q")
    assert person.leaves() == 1
    # To look for tokens nobody gave a PIN.
    assert hardware.happened("login") == ["SAST-H1"]


def test_one_place_for_two_tokens(new_cluster, desk, hardware):
    """The first token is taken out to add the second; it is asked for before its PIN is, and for nothing is the PIN of
    another given."""
    cluster = new_cluster(1)
    for path in [*desk.tokens.glob("SAST-ADN*"), desk.tokens / "tokens.json"]:
        path.unlink()
    hardware.say("out", "SAST-H2")
    person = Person(desk.argv(cluster, "ctl-client", "--choice", "mixed", "--tokens", desk.tokens, "--user", "admin",
                              "--password-file", desk.dir / "password", "--module", hardware.module), hardware.env)
    person.answer(r"Is it the same\? \(yes/no\): $", "yes")
    person.answer(r"Number of the token.*\[1\]: $", "")
    person.expect(r"Next \[a\]: $")
    # Noticed at every question, and what was typed stays.
    os.write(person.fd, b"a")
    hardware.say("out", "SAST-H1")
    person.expect("SAST-H1 was removed")
    person.answer(r"Next \[a\]: a$", "")
    person.expect("Please insert another Security Token")
    hardware.say("in", "SAST-H2")
    person.expect("SAST-H2 was inserted")
    person.answer(r"Number of the token.*\[1\]: $", "")
    person.answer(r"Next \[f\]: $", "")
    person.answer(r"continue\? \(yes/no\): $", "yes")
    person.answer(r"Please insert the Security Token SAST-H1 \(q cancels\): $", "")
    person.expect(r"Please insert the Security Token SAST-H1 \(q cancels\): $")
    hardware.say("out", "SAST-H2")
    person.expect("SAST-H2 was removed")
    hardware.say("in", "SAST-H1")
    person.expect("SAST-H1 was inserted")
    person.answer("PIN of SAST-H1: $", labs.PIN)
    person.expect("Cluster set to Mixed Mode")
    assert person.leaves() == 0
    assert verified_tokens(cluster) == ["SAST-H1", "SAST-H2"]
    assert hardware.happened("login") == ["SAST-H1"]


def test_a_token_goes_by_the_label_that_it_has_here(new_cluster, desk, hardware):
    """A hardware token's certificate may have another name than the token."""
    hardware.token("Ana's", labs.PIN)
    words = ["--module", hardware.module]
    subprocess.run([labs.program("cadeado"), "--state", desk.dir / "none", "token", "create", "--token", "Ana's",
                    "--serial", "X7", "--tokens", desk.tokens, *words, "--pin-file", desk.dir / "pin"], check=True,
                   stdin=subprocess.DEVNULL, capture_output=True, env=hardware.env)
    cluster = new_cluster(1)
    assert desk.mixed(cluster, *words, "--add-token", "Ana's", env=hardware.env)["list"]["tokens"] == 3
    answer = desk.update(cluster, *words, "--remove-token", "Maria's", env=hardware.env)
    assert answer["exit"] == 1 and f"names {ONE}, {TWO}, Ana's" in answer["reason"]
    assert desk.update(cluster, *words, "--remove-token", "Ana's", env=hardware.env)["list"]["tokens"] == 2
    assert verified_tokens(cluster) == [ONE, TWO]


def verified_tokens(cluster):
    """As another command of the product reads the list that all nodes have."""
    cluster.same()
    shown = cluster.nodes[0].json("show", "ctl")
    return [r["subjectName"].split(";")[0].split("=")[1].strip('"') for r in shown["records"]
            if r["function"] == "System Administrator Security Token"]
