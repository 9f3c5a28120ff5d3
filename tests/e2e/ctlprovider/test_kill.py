# SPDX-License-Identifier: BSD-2-Clause
"""A node that is killed, or whose disk is full, at every step of a publication: it comes back with one of the two
lists, whole, and whoever comes next finishes or rolls back."""

import http.client
import os
import shutil
import signal

import pytest

import lab as labs
from lab import PATIENCE
from provider import Provider, make_list, new_id, published, sha256


class Rig:
    """A node whose folder is put back before each try."""

    def __init__(self, lab, tmp_path, monkeypatch):
        self.lab, self.env = lab, monkeypatch
        self.saved = str(tmp_path / "saved")
        self.count = str(tmp_path / "count")
        self.provider = Provider(lab)

    def save(self):
        shutil.copytree(self.lab.dir, self.saved, ignore=shutil.ignore_patterns("admin.sock"))

    def back(self):
        shutil.rmtree(self.lab.dir)
        shutil.copytree(self.saved, self.lab.dir)

    def start(self, **env):
        for name, value in env.items():
            self.env.setenv(name, value)
        try:
            self.lab.start()
        finally:
            for name in env:
                self.env.delenv(name)

    def steps(self, *works):
        """How many steps a node has taken after each of these, its start included."""
        counts = []
        for n in range(len(works) + 1):
            self.back()
            if os.path.exists(self.count):
                os.unlink(self.count)
            self.start(CADEADO_FAULT_COUNT=self.count)
            for work in works[:n]:
                work()
            self.lab.stop(signal.SIGTERM)
            with open(self.count, encoding="ascii") as f:
                counts.append(int(f.read().split()[-1]))
        return counts

    def end(self, died):
        """Killed by itself, now or while it ends, or ended in order."""
        if not died:
            self.lab.daemon.terminate()
        status = self.lab.daemon.wait(PATIENCE)
        self.lab.daemon = None
        return status


@pytest.fixture
def rig(idle_node, tmp_path, monkeypatch):
    """Below the ports that the kernel gives to clients: none may be taken while the node is down."""
    while idle_node.base + max(labs.PORTS.values()) >= 32768:
        idle_node.base = labs.free_base()
    idle_node.cadeado("cluster", "init", "--port-base", str(idle_node.base))
    return Rig(idle_node, tmp_path, monkeypatch)


def tried(work):
    """The answer, or None when the node died in it."""
    try:
        return work()
    except (OSError, http.client.HTTPException):
        return None


@pytest.mark.parametrize("held, kind, every", [(True, "kill", 2), (False, "kill", 5), (True, "full", 5), (False, "full", 7)],
                         ids=["next-kill", "first-kill", "next-full", "first-full"])
def test_at_every_step(rig, held, kind, every):
    """Some of the steps, for `core/stage` walks them all without a network."""
    lab, provider = rig.lab, rig.provider
    old = None
    if held:
        old = make_list(lab, later=3600)
        lab.start()
        provider.publish(old)
        lab.stop()
    new = make_list(lab, later=7200)
    seen = {"If-None-Match": "*"}
    if held:
        seen = {"If-Match": f'"{sha256(old)}"'}
    rig.save()
    publication = new_id()

    def stage():
        return provider.stage(publication, new, seen)

    def activate():
        return provider.activate(publication)

    begun, staged, active = rig.steps(stage, activate)
    assert begun < staged < active
    seen_states = set()
    for n in range(begun + 1, active + 1, every):
        rig.back()
        rig.start(CADEADO_FAULT=f"{n}:{kind}")
        first = tried(stage)
        second = tried(activate) if first and first.status == 200 else None
        status = rig.end(died=first is None or (first.status == 200 and second is None))
        assert status in ((0, 137) if kind == "kill" else (0,)), n
        for answer in (first, second):
            assert answer is None or answer.status in (200, 500), (n, answer)
        here = published(lab)
        assert here in (old, new), (n, "neither of the two lists")
        if second and second.status == 200:
            assert here == new, n
        if kind == "full" and second and second.status != 200:
            assert here == old, (n, second)

        # Back again: whole, and it can be finished or rolled back.
        rig.start()
        node = provider.node()
        now = published(lab)
        assert now == here, (n, "what is published changed by a start")
        assert node["mode"] == (1 if now else 0), (n, node)
        assert bool(node["ctl"]) == bool(now) and node["ever"] == bool(now), (n, node)
        waits, done = bool(node["staged"]), node["last"] == publication
        assert not (waits and done), (n, node)
        assert done == (now == new), (n, node)
        seen_states.add("done" if done else "waits" if waits else "nothing")
        if first and first.status == 200 and not done:
            assert waits, (n, "a list that was staged is gone")
        if done:
            assert provider.activate(publication).status == 200
            assert provider.abort(publication).status == 409
        elif n % 2:
            assert provider.abort(publication).status == 200
            assert provider.node()["staged"] is None and published(lab) == old
        assert provider.stage(publication, new, seen).status == 200, n
        assert provider.activate(publication).status == 200, n
        assert published(lab) == new and provider.node()["last"] == publication
        assert lab.cadeado("utils", "audit", "verify").returncode == 0
        lab.stop()
    assert "nothing" in seen_states and (every > 2 or {"waits", "done"} <= seen_states), seen_states


def test_killed_between_the_phases(rig):
    """The list still waits, TVS vouches for its tokens, and it can be finished or rolled back."""
    lab, provider = rig.lab, rig.provider
    content = make_list(lab)
    rig.save()
    for finish in (True, False):
        rig.back()
        lab.start()
        publication = new_id()
        assert provider.stage(publication, content, {"If-None-Match": "*"}).status == 200
        lab.stop(signal.SIGKILL)
        lab.start()
        node = provider.node()
        assert node["staged"]["id"] == publication and node["ctl"] is None and node["mode"] == 0
        trust = os.listdir(lab.path("keys", "trust", "Phone-SAST-trust"))
        assert len([name for name in trust if name.endswith(".pem")]) == 2, trust
        if finish:
            assert provider.activate(publication).status == 200
            assert published(lab) == content
        else:
            assert provider.abort(publication).status == 200
            assert published(lab) is None and provider.node()["ever"] is False
            assert not [name for name in os.listdir(lab.path("keys", "trust", "Phone-SAST-trust"))
                        if name.endswith(".pem")]
        lab.stop()
