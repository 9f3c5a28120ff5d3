# SPDX-License-Identifier: BSD-2-Clause
"""A cluster of its own for a test: state folder, free ports, daemon, simulated phones."""

import glob
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time

BUILD = os.environ.get("CADEADO_BUILD", os.path.join(os.path.dirname(__file__), "..", "..", "build"))
PIN = "48151623"
FIRST, SECOND = "SEP0011215A1AE3", "SEP0011215A1AE4"
PORTS = {"tftp": 69, "sccp": 2000, "sccps": 2443, "provider": 2444, "tvs": 2445, "capf": 3804,
         "http": 6970, "https": 6971, "https-auth": 6972}
PATIENCE = 90  # seconds until something that must happen counts as never happening


def program(name):
    return os.path.join(BUILD, name)


def free_base():
    """A port base at which all ports of a node are free."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    for _ in range(200):
        # Of two multiples of 38 no ports of a node meet, and each worker has its own: a daemon may be down.
        # All are below those that the kernel gives to clients.
        base = 10000 - 10000 % 38 + 38 * (8 * random.randrange(51) + worker % 8)
        try:
            for name, port in PORTS.items():
                kind = socket.SOCK_DGRAM if name == "tftp" else socket.SOCK_STREAM
                with socket.socket(socket.AF_INET, kind) as s:
                    # What a daemon left behind waits for a minute, and labs may be more than one a second.
                    if kind == socket.SOCK_STREAM:
                        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(("127.0.0.1", base + port))
        except OSError:
            continue
        return base
    raise RuntimeError("no free ports")


def wait_for(what, seconds=PATIENCE, every=0.1):
    """Calls `what` until it returns something true, and returns that; None when it never does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = what()
        if got:
            return got
        time.sleep(every)
    return None


class Lab:
    def __init__(self, folder, base):
        self.dir = str(folder)
        self.base = base
        self.daemon = None
        self.phones = {}

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def port(self, name):
        return self.base + PORTS[name]

    def cadeado(self, *words, check=True, **kwargs):
        done = subprocess.run([program("cadeado"), "--state", self.dir, *words], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False,
                              **kwargs)
        assert not check or done.returncode == 0, (words, done.returncode, done.stdout, done.stderr)
        return done

    def json(self, *words, check=True):
        return json.loads(self.cadeado(*words, "--json", check=check).stdout)

    def create(self):
        """Store, certificates, two tokens, a published CTL."""
        pin = self.dir + ".pin"
        with open(pin, "w", encoding="ascii") as f:
            f.write(PIN + "\n")
        self.cadeado("cluster", "init", "--port-base", str(self.base))
        for serial in ("ADN4e31f914", "ADN5bbd7b14"):
            self.cadeado("token", "create", "--serial", serial, "--pin-file", pin)
        self.publish("set-cluster", "mixed-mode")

    def publish(self, *words):
        pin = self.path("pin")
        with open(pin, "w", encoding="ascii") as f:
            f.write(PIN + "\n")
        return self.cadeado("utils", "ctl", *words, "--token", "SAST-ADN4e31f914", "--pin-file", pin, "--yes")

    def restart(self, *services):
        """As the guide says after a publication: restart("Cisco Tftp", "Cisco CallManager")."""
        for service in services:
            self.cadeado("utils", "service", "restart", *service.split())

    def log(self):
        with open(self.path("cadeadod.log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def trace_files(self, name):
        """Of a trace ("ctftp"), oldest first."""
        return sorted(glob.glob(self.path("activelog", "cm", "trace", name, "sdi", name + "*.txt")))

    def trace(self, name):
        """All lines of a trace: "ctftp", "capf", "ccm" or "tvs"."""
        name = {"sdi.log": "ccm"}.get(name, name.removesuffix(".log"))
        text = ""
        for path in self.trace_files(name):
            with open(path, encoding="utf-8", errors="replace") as f:
                text += f.read()
        return text

    def start(self):
        with open(self.path("cadeadod.log"), "ab") as log:
            at = log.tell()
            self.daemon = subprocess.Popen([program("cadeadod"), "--state", self.dir],
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        ready = wait_for(lambda: "ready:" in self.log()[at:] or self.daemon.poll() is not None)
        assert ready and self.daemon.poll() is None, self.log()

    def stop(self, how=signal.SIGTERM):
        """Ends the daemon; an ordinary end must be in order (and without a sanitizer's report)."""
        if not self.daemon:
            return
        self.daemon.send_signal(how)
        status = self.daemon.wait(PATIENCE)
        self.daemon = None
        if how == signal.SIGTERM:
            assert status == 0, (status, self.log()[-4000:])

    def add_phones(self, **changes):
        for device, number in ((FIRST, "1001"), (SECOND, "1002")):
            self.cadeado("device", "add", device, "--number", number, "--profile", "Encrypted", "--install")

    def folder(self, device):
        folder = self.path("phones", device)
        os.makedirs(folder, exist_ok=True)
        return folder

    def phone(self, device, *options):
        """Starts a simulated phone."""
        out = open(os.path.join(self.folder(device), "out"), "ab")
        self.phones[device] = subprocess.Popen(
            [program("cadeado-phone"), "--mac", device[3:], "--dir", self.folder(device), "--port-base", str(self.base),
             "--retry-delay", "1", *options],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        out.close()
        return self.phones[device]

    def hang_up(self, device):
        phone = self.phones.pop(device, None)
        if phone:
            phone.terminate()
            phone.wait(PATIENCE)

    def state(self, device):
        try:
            with open(os.path.join(self.folder(device), "phone.json"), encoding="utf-8") as f:
                return json.load(f)
        except (OSError, ValueError):
            return {}

    def status(self, device):
        try:
            with open(os.path.join(self.folder(device), "status.log"), encoding="utf-8") as f:
                return f.read()
        except OSError:
            return ""

    def output(self, device):
        with open(os.path.join(self.folder(device), "out"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def registered(self, *devices):
        return wait_for(lambda: all(self.state(d).get("registered") for d in devices))

    def call_up(self, first=FIRST, second=SECOND):
        """Both ends hear the other in the call that is up."""
        def both():
            return all((self.state(d).get("call") or {}).get("audio_ok") for d in (first, second))
        return wait_for(both)

    def whole_path(self):
        """Two phones from power-on to a call that stays up."""
        self.add_phones()
        self.phone(SECOND, "--answer")
        self.phone(FIRST, "--call", "1002", "--talk", "3600")
        assert self.call_up(), (self.output(FIRST)[-3000:], self.output(SECOND)[-3000:], self.log()[-3000:])

    def end(self):
        for phone in self.phones.values():
            phone.terminate()
        for phone in self.phones.values():
            phone.wait(PATIENCE)
        self.phones = {}
        self.stop()


def copy(template, folder):
    """The template's state on ports of its own."""
    shutil.copytree(template.dir, folder, ignore=shutil.ignore_patterns("admin.sock"))
    lab = Lab(folder, free_base())
    lab.cadeado("cluster", "init", "--port-base", str(lab.base))
    return lab
