# SPDX-License-Identifier: BSD-2-Clause
"""The CTL client as somebody at a terminal meets it."""

import os
import shutil
import signal
import subprocess
import time

import pytest
from person import Person

import lab as labs

ONE, TWO, STRANGE = "SAST-ADN4e31f914", "SAST-ADN5bbd7b14", "SAST-ADNffffffff"


@pytest.fixture
def sits_down(desk):
    people = []

    def sit(cluster, *words, command="ctl-client", env=None):
        argv = [labs.program("cadeado"), "--state", str(desk.dir / "none"), *command.split(), "--known",
                str(desk.known), *map(str, words)]
        if command == "ctl-client":
            argv += ["--tokens", str(desk.tokens)]
        people.append(Person(argv, env))
        return people[-1]

    yield sit
    for person in people:
        person.end()


def logs_in(person, cluster, known=False, server=True):
    if server:
        person.answer("Server: .*: $", cluster.host)
        person.answer(r"Port \[2444\]: $", str(cluster.port))
    if not known:
        person.expect("is not known here yet")
        person.answer(r"Is it the same\? \(yes/no\): $", "yes")
    person.answer("User name: $", "admin")
    person.answer("Password: $", "right horse")
    if not known:
        for _ in cluster.nodes[1:]:
            person.answer(r"Is it the same\? \(yes/no\): $", "yes")


def takes_away(desk, *labels):
    """The tokens are in somebody's pocket."""
    pocket = desk.dir / "pocket"
    pocket.mkdir(exist_ok=True)
    for label in labels:
        for path in list(desk.tokens.glob(f"{label}*")):
            shutil.move(path, pocket / path.name)


def inserts(desk, label):
    for path in sorted((desk.dir / "pocket").glob(f"{label}*"), reverse=True):
        shutil.move(path, desk.tokens / path.name)


def test_the_guides_way(new_cluster, desk, sits_down):
    """Steps 4 and 5 of the guide: the first run, with two tokens that are put in one after the other."""
    cluster = new_cluster(2)
    takes_away(desk, ONE, TWO)
    person = sits_down(cluster)
    logs_in(person, cluster)
    shown = cluster.nodes[0].fingerprint()
    assert shown[:47] in person.seen and shown[48:] in person.seen
    assert "right horse" not in person.seen
    person.expect("Set Cisco Unified CallManager Cluster to Mixed Mode")
    person.expect("Not now: the cluster is in non-secure mode already")
    person.expect("Not now: there is no CTL to update")
    person.answer("Your choice .*: $", "3")
    person.answer("Your choice .*: $", "1")
    person.expect(r"Please insert a Security Token \(q cancels\): $")
    inserts(desk, ONE)
    person.expect(f"{ONE} was inserted")
    person.answer(r"Number of the token.*\[1\]: $", "")
    person.expect(f"Subject name   CN={ONE}")
    person.expect("State          15 attempts left")
    person.expect(r"pub +127.0.0.1 +yes +yes +yes +yes")
    person.expect(r"sub1 +127.0.0.2 +yes +- +yes +yes")
    person.expect("Two are needed at least")
    person.answer(r"Next \[a\]: $", "f")
    person.expect("only one security token is in the list")
    person.answer(r"Next \[a\]: $", "a")
    # The desk remembers the certificate of a token that it has seen.
    person.expect(f"1  {TWO} +known by its certificate")
    person.expect("Number of the token, or insert another.*: $")
    inserts(desk, TWO)
    person.expect(f"{TWO} was inserted")
    person.answer(r"Number of the token.*: $", "1")
    person.answer(r"Next \[f\]: $", "")
    person.expect("warning +sub1: there is no backup of it")
    person.expect("This is the first CTL")
    person.answer(r"This operation will set the cluster to Mixed mode. Do you want to continue\? \(yes/no\): $", "yes")
    person.answer(f"PIN of {ONE}: $", "0000000")
    person.expect("wrong PIN, 14 attempts left")
    assert cluster.ctls() == [None, None]
    person.answer(f"PIN of {ONE}: $", labs.PIN)
    for text in ("pub +has staged", "sub1 +has staged", r"pub +vouches for the new tokens \(TVS\)", "pub +has activated",
                 "sub1 +has activated", "Cluster set to Mixed Mode", "1  on pub +cadeado utils service restart tftp",
                 "2  on sub1 +cadeado utils service restart tftp", "3  on pub +cadeado utils service restart callmanager",
                 "4  on sub1 +cadeado utils service restart callmanager", "You must reset"):
        person.expect(text)
    assert person.leaves() == 0
    assert labs.PIN not in person.seen
    cluster.same()
    # The counter is full again.
    tokens = subprocess.run([labs.program("cadeado"), "token", "list", "--tokens", desk.tokens], text=True,
                            capture_output=True, check=True, stdin=subprocess.DEVNULL).stdout
    assert tokens.count("15 attempts left") == 2

    # The next time nobody has to be introduced.
    person = sits_down(cluster)
    logs_in(person, cluster, known=True)
    person.answer("Your choice .*: $", "3")
    person.expect("Number of the token.*: $")
    time.sleep(2)  # meanwhile the tokens are looked at again, and nothing has changed
    person.type("2")
    person.expect(f"Subject name   CN={TWO}")
    person.expect("in the present CTL file")
    person.answer(r"Next \[f\]: $", "")
    person.expect("A phone that holds the CTL of pub accepts the new one")
    person.answer(r"continue\? \(yes/no\): $", "no")
    ctl = cluster.same()
    assert person.leaves() == 1
    assert cluster.same() == ctl and "nothing was changed" in person.seen


def test_a_strange_token_can_be_exchanged(new_cluster, desk, sits_down):
    cluster = new_cluster(1)
    assert desk.mixed(cluster)["exit"] == 0
    takes_away(desk, TWO)
    for path in (desk.dir / "elsewhere").iterdir():
        shutil.copy(path, desk.tokens / path.name)
    person = sits_down(cluster, "--choice", "update", "--server", cluster.host, "--port", cluster.port)
    logs_in(person, cluster, known=True, server=False)
    person.expect(f"2  {STRANGE}")
    person.answer("Number of the token.*: $", "2")
    person.expect("The Security Token you have inserted does not exist in the CTL File")
    person.expect("Number of the token.*: $")
    takes_away(desk, STRANGE)
    person.expect(f"{STRANGE} was removed")
    person.answer(r"Number of the token.*\[1\]: $", "1")
    person.answer(r"Next \[f\]: $", "q")
    assert person.leaves() == 1


def test_ctrl_c_leaves_everything_as_it_was(new_cluster, desk, sits_down):
    cluster = new_cluster(1)
    person = sits_down(cluster)
    logs_in(person, cluster)
    person.expect("Your choice .*: $")
    os.write(person.fd, b"\x03")
    assert person.leaves() == 1
    assert cluster.ctls() == [None]


def test_a_wrong_password_can_be_typed_again(new_cluster, desk, sits_down):
    cluster = new_cluster(1)
    person = sits_down(cluster, "--server", cluster.host, "--port", cluster.port)
    person.answer(r"Is it the same\? \(yes/no\): $", "yes")
    person.answer("User name: $", "admin")
    person.answer("Password: $", "wrong horse")
    person.answer("Password: $", "right horse")
    person.expect("What should the CTL client do")


def test_an_unknown_fingerprint_gets_no_password(new_cluster, desk, sits_down):
    cluster = new_cluster(1)
    person = sits_down(cluster, "--server", cluster.host, "--port", cluster.port, "--yes")
    person.answer(r"Is it the same\? \(yes/no\): $", "no")
    assert person.leaves() == 8
    assert "nothing was sent" in person.seen and "User name" not in person.seen
    assert not desk.known.exists()


def test_a_node_comes_back_during_the_checks(new_cluster, desk, sits_down):
    cluster = new_cluster(2)
    assert desk.mixed(cluster)["exit"] == 0
    cluster.nodes[1].stop(signal.SIGKILL)
    person = sits_down(cluster, "--choice", "update", "--token", ONE)
    logs_in(person, cluster, known=True)
    person.expect("sub1 +127.0.0.2 +does not answer")
    person.answer(r"Next \[f\]: $", "f")
    person.expect("fault +sub1: 127.0.0.2 port .* cannot be reached")
    person.expect("This forbids to go on")
    person.expect(r"Check again\? \(yes/no\): $")
    cluster.nodes[1].start()
    person.type("yes")
    person.expect("warning +sub1: there is no backup of it")
    person.answer(r"continue\? \(yes/no\): $", "yes")
    person.answer(f"PIN of {ONE}: $", labs.PIN)
    person.expect("CTL file updated on every node")
    assert person.leaves() == 0
    cluster.same()
