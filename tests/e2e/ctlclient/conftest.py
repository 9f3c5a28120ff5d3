# SPDX-License-Identifier: BSD-2-Clause
"""Clusters of two or three nodes on addresses of this machine, and a desk with tokens that is none of them."""

import json
import os
import shutil
import subprocess
import sys

import pytest

HERE = os.path.dirname(__file__)
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "tokens"))

import lab as labs  # noqa: E402
from tokendesk import Hsm  # noqa: E402

USER, PASSWORD = "admin", "right horse"
ONE, TWO = "SAST-ADN4e31f914", "SAST-ADN5bbd7b14"
STRANGE = "SAST-ADNffffffff"


class Node(labs.Lab):
    def __init__(self, folder, base, name, address):
        super().__init__(folder, base)
        self.name, self.address = name, address

    def init(self):
        self.cadeado("cluster", "init", "--node", self.name, "--address", self.address, "--port-base", str(self.base),
                     *([] if self.name == "pub" else ["--subscriber"]))

    def fingerprint(self):
        shown = self.json("show", "cert", "own", "CTLProvider")
        return shown["certificates"][0]["sha256"]

    def ctl(self):
        try:
            with open(self.path("tftp", "CTLFile.tlv"), "rb") as f:
                return f.read()
        except OSError:
            return None


class Desk:
    """The machine of the person with the tokens: no daemon, no state folder."""

    def __init__(self, folder):
        self.dir = folder
        self.tokens = folder / "tokens"
        self.known = folder / "known_nodes"
        for name, text in (("password", PASSWORD), ("wrong", "wrong horse"), ("pin", labs.PIN), ("badpin", "0000000")):
            (folder / name).write_text(text + "\n")

    def create(self, *labels):
        for label in labels:
            subprocess.run([labs.program("cadeado"), "--state", self.dir / "none", "token", "create", "--tokens",
                            self.tokens, "--serial", label[5:], "--pin-file", self.dir / "pin"], check=True,
                           stdin=subprocess.DEVNULL, capture_output=True)

    def argv(self, cluster, command, *words):
        return [labs.program("cadeado"), "--state", str(self.dir / "none"), *command.split(),
                "--known", str(self.known), "--server", cluster.host, "--port", str(cluster.port), *map(str, words)]

    def run(self, cluster, *words, command="ctl-client", user=USER, password="password", token=ONE, pin="pin",
            trusting=True, env=None, pass_fds=()):
        """A script's run; the answer in JSON has the exit status as "exit"."""
        argv = self.argv(cluster, command, "--json")
        if user:
            argv += ["--user", user]
        if password:
            argv += ["--password-file", str(self.dir / password)]
        if command == "ctl-client":
            argv += ["--tokens", str(self.tokens)] + (["--token", token] if token else [])
            argv += ["--pin-file", str(self.dir / pin)] if pin else []
        if trusting:
            for print_ in cluster.fingerprints():
                argv += ["--fingerprint", print_]
        done = subprocess.run(argv + [str(w) for w in words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=labs.PATIENCE, check=False, env=env, pass_fds=pass_fds)
        answer = json.loads(done.stdout)
        assert answer["exit"] == done.returncode, done
        assert PASSWORD not in done.stdout + done.stderr and labs.PIN not in done.stdout + done.stderr
        answer["stderr"] = done.stderr
        return answer

    def mixed(self, cluster, *words, **kwargs):
        return self.run(cluster, "--choice", "mixed", "--add-token", TWO, "--yes", *words, **kwargs)

    def update(self, cluster, *words, **kwargs):
        return self.run(cluster, "--choice", "update", "--yes", *words, **kwargs)


class Cluster:
    def __init__(self, nodes):
        self.nodes = nodes
        self.host, self.port = nodes[0].address, nodes[0].port("provider")

    def fingerprints(self):
        return [n.fingerprint() for n in self.nodes]

    def start(self):
        for node in self.nodes:
            node.start()

    def end(self):
        for node in self.nodes:
            node.end()

    def ctls(self):
        return [n.ctl() for n in self.nodes]

    def same(self):
        """The CTL that all nodes have."""
        lists = self.ctls()
        assert lists[0] and all(one == lists[0] for one in lists), [one and len(one) for one in lists]
        return lists[0]


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Nodes and tokens that are made once: keys take time."""
    folder = tmp_path_factory.mktemp("nodes")
    base = labs.free_base()
    nodes = [Node(folder / name, base, name, f"127.0.0.{i + 1}") for i, name in enumerate(("pub", "sub1", "sub2"))]
    (folder / "password").write_text(PASSWORD + "\n")
    for node in nodes:
        node.init()
        node.cadeado("set", "account", "name", USER, "--password-file", str(folder / "password"))
        if node.name != "pub":
            node.cadeado("utils", "service", "deactivate", "capf")
    (folder / "desk").mkdir()
    Desk(folder / "desk").create(ONE, TWO, STRANGE)
    return folder, nodes


@pytest.fixture
def desk(made, tmp_path):
    shutil.copytree(made[0] / "desk", tmp_path / "desk")
    for name in ("ADNffffffff",):
        for path in (tmp_path / "desk" / "tokens").glob(f"*{name}*"):
            (tmp_path / "desk" / "elsewhere").mkdir(exist_ok=True)
            shutil.move(path, tmp_path / "desk" / "elsewhere" / path.name)
    return Desk(tmp_path / "desk")


@pytest.fixture
def new_cluster(made, tmp_path):
    """new_cluster(n): n real nodes with their daemons; others=[(name, address, port)] are further names in the
    publisher's list."""
    clusters = []

    def make(count, others=(), start=True):
        nodes = []
        for old in made[1][:count]:
            shutil.copytree(old.dir, tmp_path / old.name, ignore=shutil.ignore_patterns("admin.sock"))
        base = labs.free_base()
        for old in made[1][:count]:
            node = Node(tmp_path / old.name, base, old.name, old.address)
            node.init()
            nodes.append(node)
        for name, address, port in [(n.name, n.address, n.port("provider")) for n in nodes[1:]] + list(others):
            nodes[0].cadeado("cluster", "node", "add", name, "--address", address, "--port", str(port))
        cluster = Cluster(nodes)
        clusters.append(cluster)
        if start:
            cluster.start()
        return cluster

    yield make
    for cluster in clusters:
        cluster.end()


@pytest.fixture
def fakes():
    """Broken nodes, ended after the test."""
    started = []
    yield started.append
    for one in started:
        one.end()
