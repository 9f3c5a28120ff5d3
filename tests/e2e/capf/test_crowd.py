# SPDX-License-Identifier: BSD-2-Clause
"""Many phones at once, silent ones among them, and a daemon that is killed in their midst."""

import signal
import socket
import sqlite3
import ssl
import struct
import threading

import pytest
from cryptography import x509

from peers import HOST, Capf, element, new_key, spki, tls

FIRST = 0x0011215C0000


@pytest.fixture(scope="module")
def key():
    """One for all: it is not phones that are looked at."""
    return spki(new_key(1024))


def phones(lab, count):
    """So many, each with an order."""
    names = ["SEP%012X" % (FIRST + i) for i in range(count)]
    path = lab.path("phones.csv")
    with open(path, "w", encoding="ascii", newline="") as f:
        f.write("Device Name,Authentication Mode,RSA Key Size (Bits),Certificate Operation\r\n"
                + "".join(f"{n},By Null String,1024,Install/Upgrade\r\n" for n in names))
    lab.cadeado("device", "import", path)
    return names


class Crowd:
    """Phones that come again until they are through; what each was told is kept."""

    def __init__(self, lab, key, names):
        self.lab, self.key, self.left = lab, key, list(names)
        self.lock = threading.Condition()
        self.steps = 0
        self.given, self.through, self.refused = [], set(), []

    def step(self):
        with self.lock:
            self.steps += 1
            self.lock.notify_all()

    def session(self, device):
        with Capf(self.lab.port("capf")) as phone:
            phone.sock.settimeout(30)
            phone.auth(device)
            self.step()
            kind, found = phone.recv()
            if kind == 15:  # it was through, and had not heard of it
                return found[1][0] == 0
            assert kind == 3
            self.step()
            phone.send(4, element(9, self.key))
            kind, found = phone.recv()
            assert kind == 9, (kind, found)
            with self.lock:
                self.given.append((device, found[4][5:]))
            self.step()
            phone.send(10, element(1, b"\1"))
            return phone.ended() == 1

    def work(self):
        while True:
            with self.lock:
                if not self.left:
                    return
                device = self.left.pop(0)
            try:
                good = self.session(device)
            except (OSError, EOFError, ssl.SSLError):
                good = None  # the daemon is gone, or on its way
            with self.lock:
                if good:
                    self.through.add(device)
                elif good is None:
                    self.left.append(device)
                    self.lock.wait(0.05)
                else:
                    self.refused.append(device)

    def begin(self, threads):
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(threads)]
        for t in self.threads:
            t.start()

    def reach(self, steps):
        with self.lock:
            return self.lock.wait_for(lambda: self.steps >= steps, 60)

    def join(self):
        for t in self.threads:
            t.join(120)
            assert not t.is_alive()


def issued(lab):
    """Serial numbers and devices of all certificates that were ever given out, as the store has them."""
    with sqlite3.connect(f"file:{lab.path('cadeado.db')}?mode=ro", uri=True) as db:
        return [(int(serial, 16), device) for serial, device in db.execute("SELECT serial, device FROM issued")]


def test_killed_in_the_midst_of_a_crowd(idle_lab, key):
    """No certificate that a phone was given is lost, no serial number is there twice, and every phone gets through."""
    lab = idle_lab
    names = phones(lab, 40)
    lab.start()
    crowd = Crowd(lab, key, names)
    crowd.begin(8)
    for steps in (17, 41, 66, 90):
        assert crowd.reach(steps)
        lab.stop(signal.SIGKILL)
        lab.start()
    crowd.join()
    assert crowd.through == set(names) and not crowd.refused
    rows = issued(lab)
    assert len({serial for serial, _ in rows}) == len(rows)
    assert len({der for _, der in crowd.given}) == len(crowd.given)
    for device, der in crowd.given:
        assert (x509.load_der_x509_certificate(der).serial_number, device) in rows
    report = {r["name"]: r for r in lab.json("show", "capf", "report")["phones"]}
    assert all(report[n]["status"] == "Upgrade Success" and report[n]["expires"] != "NA" for n in names)


def test_silent_ones_hold_up_nobody(idle_lab, key):
    """Silent before TLS, after it, and in the middle of a message; then a crowd."""
    lab = idle_lab
    names = phones(lab, 48)
    lab.start()
    held = []
    try:
        for i in range(240):
            if i % 3 == 0:
                held.append(socket.create_connection((HOST, lab.port("capf"))))
                continue
            held.append(tls(lab.port("capf")))
            if i % 3 == 1:
                held[-1].sendall(struct.pack(">BBIH", 0x55, 2, 1, 27) + b"\x07")
        crowd = Crowd(lab, key, names)
        crowd.begin(16)
        crowd.join()
        assert crowd.through == set(names) and not crowd.refused and crowd.steps == 3 * len(names)
    finally:
        for s in held:
            s.close()
