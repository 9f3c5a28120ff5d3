# SPDX-License-Identifier: BSD-2-Clause
"""Services one by one: what is started, what survives, what a phone meets meanwhile."""

import os
import pty
import select
import signal
import socket
import subprocess
import threading
import time

import pytest
from keys import fetch
from lab import FIRST, PATIENCE, SECOND, program, wait_for
from peers import HOST, Sccp, enrol, tls

PLAIN = "SEP0011215A1AE9"
TITLES = {"tftp": "Cisco Tftp", "callmanager": "Cisco CallManager", "ctlprovider": "Cisco CTL Provider",
          "capf": "Cisco Certificate Authority Proxy Function", "tvs": "Cisco Trust Verification Service"}
PORT = {"callmanager": "sccps", "ctlprovider": "provider", "capf": "capf", "tvs": "tvs"}


def service(lab, what, name, **how):
    return lab.cadeado("utils", "service", what, *name.split(), **how)


def states(lab):
    return {s["word"]: s for s in lab.json("utils", "service", "list")["services"]}


def answers(lab, name):
    """Does anybody listen on the service's port?"""
    if name == "tftp":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            try:
                s.bind((HOST, lab.port("tftp")))
            except OSError:
                return True
            return False
    try:
        with socket.create_connection((HOST, lab.port(PORT[name])), 5):
            return True
    except OSError:
        return False


def stations(lab):
    return {s["device"]: s for s in lab.json("show", "stations")["stations"]}


@pytest.mark.parametrize("name", TITLES)
def test_stop_and_start(lab, name):
    title = TITLES[name]
    assert f"{title}[STARTED]\n" in lab.cadeado("utils", "service", "list").stdout
    assert answers(lab, name)
    assert f"{title}[STOPPED]" in service(lab, "stop", title).stdout
    assert f"{title}[STOPPED]\n" in lab.cadeado("utils", "service", "list").stdout
    assert not answers(lab, name)
    assert f"{title}[STOPPED]" in service(lab, "stop", name).stdout  # once more is no error
    assert f"{title}[STARTED]" in service(lab, "start", title.upper()).stdout
    assert answers(lab, name)
    assert f"{title}[STARTED]" in service(lab, "restart", name).stdout
    assert answers(lab, name)
    # Stopped is not deactivated.
    service(lab, "stop", name)
    lab.stop()
    lab.start()
    assert answers(lab, name)


@pytest.mark.parametrize("name", [n for n in TITLES if n != "tvs"])
def test_deactivated_stays_stopped(lab, name):
    title = TITLES[name]
    assert f"{title}[STOPPED]  Service Not Activated" in service(lab, "deactivate", title).stdout
    refused = service(lab, "start", title, check=False)
    assert refused.returncode == 1 and "Service Not Activated" in refused.stderr
    lab.stop()
    # Without a daemon too it is known what is activated.
    said = lab.cadeado("utils", "service", "list").stdout
    assert f"{title}[STOPPED]  Service Not Activated\n" in said and "No daemon runs" in said
    lab.start()
    assert not answers(lab, name) and not states(lab)[name]["started"]
    assert all(s["started"] for word, s in states(lab).items() if word != name)
    assert f"{title}[STARTED]\n" in service(lab, "activate", title).stdout
    assert answers(lab, name)
    lab.stop()
    lab.start()
    assert answers(lab, name)


def test_tvs_cannot_be_deactivated(lab):
    refused = service(lab, "deactivate", "tvs", check=False)
    assert refused.returncode == 1 and "always activated" in refused.stderr
    assert answers(lab, "tvs")


def test_no_such_service(lab):
    done = service(lab, "restart", "Cisco Tomcat", check=False)
    assert done.returncode == 2 and "Cisco CallManager" in done.stderr


def test_without_a_daemon(idle_lab):
    done = service(idle_lab, "restart", "Cisco Tftp", check=False)
    assert done.returncode == 1 and "no daemon runs" in done.stderr
    service(idle_lab, "deactivate", "capf")
    idle_lab.start()
    assert not answers(idle_lab, "capf")


def test_a_port_that_is_taken_meanwhile(lab):
    service(lab, "stop", "capf")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((HOST, lab.port("capf")))
        other.listen()
        failed = service(lab, "start", "capf", check=False)
        assert failed.returncode == 1 and str(lab.port("capf")) in failed.stderr
        assert f"{TITLES['capf']}[STOPPED]" in failed.stdout
    service(lab, "start", "capf")
    assert answers(lab, "capf")


def test_system_restart_asks(lab):
    words = [program("cadeado"), "--state", lab.dir, "utils", "system", "restart"]

    def asked(answer):
        pid, fd = pty.fork()
        if pid == 0:
            os.execv(words[0], words)
        out = b""
        end = time.monotonic() + PATIENCE
        answered = False
        while time.monotonic() < end:
            if not select.select([fd], [], [], 1)[0]:
                continue
            try:
                chunk = os.read(fd, 65536)
            except OSError:
                break
            if not chunk:
                break
            out += chunk
            if b"(yes/no)?" in out and not answered:
                answered = True
                os.write(fd, answer + b"\n")
        os.close(fd)
        return os.waitpid(pid, 0)[1], out.decode()

    status, out = asked(b"no")
    assert status != 0 and "Do you really want to restart ?" in out and "STARTED" not in out
    started = lab.log().count("Cisco Tftp started")
    status, out = asked(b"yes")
    assert status == 0, out
    order = [out.index(f"{TITLES[n]}[STARTED]") for n in ("tftp", "tvs", "capf", "callmanager", "ctlprovider")]
    assert order == sorted(order)
    assert lab.log().count("Cisco Tftp started") == started + 1
    assert lab.daemon.poll() is None


def test_a_restart_reads_no_settings(lab):
    """Somebody edits cadeado.conf and restarts a service: the answer says what would take it."""
    said = "Warning: cadeado.conf has changed since cadeadod was started"
    assert said not in service(lab, "restart", "tvs").stdout
    with open(lab.path("cadeado.conf"), "a", encoding="ascii") as f:
        f.write("# a remark\n")
    assert said in service(lab, "restart", "tvs").stdout
    assert lab.json("utils", "service", "restart", "tvs")["settingsChanged"] is True


def test_restart_with_a_call_up(lab):
    lab.whole_path()
    before = [lab.output(d).count("registered as") for d in (FIRST, SECOND)]
    asked = lab.trace("ctftp").count("Transferred[CTLFile.tlv]")
    service(lab, "restart", "Cisco CallManager")

    def again():
        return all(lab.output(d).count("Reset by the server") == 1 and
                   lab.output(d).count("registered as") == n + 1 for d, n in zip((FIRST, SECOND), before))
    assert wait_for(again), (lab.output(FIRST)[-2000:], lab.output(SECOND)[-2000:], lab.log()[-2000:])
    # Each fetched the lists before it registered, and they talk again.
    assert lab.trace("ctftp").count("Transferred[CTLFile.tlv]") >= asked + 2
    assert lab.registered(FIRST, SECOND)
    assert wait_for(lambda: len(stations(lab)) == 2)
    lab.hang_up(FIRST)
    lab.phone(FIRST, "--call", "1002", "--talk", "3600")
    assert lab.call_up()


def test_stop_tells_stations_and_capf_sessions_end(lab):
    lab.add_phones()
    lab.cadeado("device", "add", PLAIN, "--number", "1009", "--profile", "Non Secure")
    key = enrol(lab, FIRST)
    with Sccp(lab.port("sccp")) as plain, Sccp(lab.port("sccps"), key) as secure, tls(lab.port("capf")) as half:
        plain.ready(PLAIN)
        secure.ready(FIRST)
        assert set(stations(lab)) == {PLAIN, FIRST}
        service(lab, "stop", "Cisco CallManager")
        assert plain.until(0x9F) == b"\1\0\0\0" and plain.closed()
        assert secure.until(0x9F) == b"\1\0\0\0" and secure.closed()
        refused = lab.cadeado("show", "stations", check=False)
        assert refused.returncode == 1 and "Cisco CallManager is not started" in refused.stderr
        service(lab, "restart", "capf")
        half.settimeout(PATIENCE)
        while True:  # the greeting may be there; then the end
            try:
                if not half.recv(4096):
                    break
            except OSError:
                break
        service(lab, "start", "Cisco CallManager")
        with Sccp(lab.port("sccps"), key) as again:
            again.ready(FIRST)


def test_a_deleted_phone_is_sent_away(lab):
    lab.add_phones()
    key = enrol(lab, FIRST)
    with Sccp(lab.port("sccps"), key) as station:
        station.ready(FIRST)
        lab.cadeado("device", "delete", FIRST, "--yes")
        assert station.until(0x9F) == b"\1\0\0\0" and station.closed()
    assert not stations(lab)
    with Sccp(lab.port("sccps"), key) as station:
        station.register(FIRST)
        assert station.until(0x9D)
    lab.cadeado("device", "delete", SECOND, "--yes")  # one that is not registered
    service(lab, "stop", "callmanager")
    lab.cadeado("device", "add", PLAIN, "--number", "1009")
    lab.cadeado("device", "delete", PLAIN, "--yes")  # and with nobody to tell


class Storm:
    """Strangers and phones that use every port until they are told to stop; all of it may fail."""

    def __init__(self, lab, keys):
        self.lab, self.keys, self.over, self.served = lab, keys, False, 0
        self.threads = [threading.Thread(target=self.repeat, args=(what,)) for what in
                        (self.tftp, self.tftp, self.config, self.secure, self.plain, self.capf, self.greet,
                         self.talk)]

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.over = True
        for t in self.threads:
            t.join(PATIENCE)
            assert not t.is_alive()

    def repeat(self, what):
        while not self.over:
            try:
                what()
                self.served += 1
            except (OSError, EOFError, AssertionError, KeyError):
                time.sleep(0.005)

    def ask(self, name):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.5)
            s.sendto(b"\0\1" + name.encode() + b"\0octet\0", (HOST, self.lab.port("tftp")))
            s.recv(2048)

    def tftp(self):
        self.ask("CTLFile.tlv")

    def config(self):
        self.ask(FIRST + ".cnf.xml.sgn")

    def secure(self):
        with Sccp(self.lab.port("sccps"), self.keys[0]) as s:
            s.sock.settimeout(5)
            s.ready(FIRST)

    def plain(self):
        with Sccp(self.lab.port("sccp")) as s:
            s.sock.settimeout(5)
            s.register(PLAIN)
            s.until(0x81)

    def capf(self):
        with socket.create_connection((HOST, self.lab.port("capf")), 5) as s:
            s.send(b"\x16\x03\x01")

    def greet(self):
        for port in ("capf", "tvs", "provider"):
            with tls(self.lab.port(port)) as s:
                s.settimeout(5)

    def talk(self):
        self.lab.cadeado("show", "stations", "--json", check=False)


def test_every_service_under_load(lab):
    lab.add_phones()
    lab.cadeado("device", "add", PLAIN, "--number", "1009", "--profile", "Non Secure")
    keys = [enrol(lab, FIRST)]
    with Storm(lab, keys) as storm:
        for _ in range(3):
            for name in TITLES:
                service(lab, "restart", name)
                service(lab, "stop", name)
                service(lab, "start", name)
            lab.cadeado("utils", "system", "restart", "--yes")
        assert storm.served
    assert lab.daemon.poll() is None, lab.log()[-3000:]
    assert all(s["started"] for s in states(lab).values())
    with Sccp(lab.port("sccps"), keys[0]) as s:
        s.ready(FIRST)
    with open(lab.path("tftp", "CTLFile.tlv"), "rb") as f:
        assert fetch(lab, "CTLFile.tlv") == f.read()
    enrol(lab, SECOND)
    lab.stop()


def test_the_daemon_stops_while_services_do(lab):
    """A stop in the middle of restarts: no deadlock, an orderly end, and nothing is left of dropped jobs."""
    lab.add_phones()
    keys = [enrol(lab, FIRST)]
    lab.cadeado("device", "add", PLAIN, "--number", "1009", "--profile", "Non Secure")
    for _ in range(5):
        with Storm(lab, keys):
            going = [subprocess.Popen([program("cadeado"), "--state", lab.dir, "utils", "system", "restart", "--yes"],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                     for _ in range(4)]
            time.sleep(0.05)
            lab.stop()
            for p in going:
                assert p.wait(PATIENCE) in (0, 1)
        lab.start()
    assert all(s["started"] for s in states(lab).values())


def test_strangers_do_not_fill_the_log(lab):
    size = len(lab.log())
    for n in range(300):
        for port in ("sccp", "sccps", "capf"):
            with socket.create_connection((HOST, lab.port(port)), 5) as s:
                s.send(b"\xff" * 32)
    time.sleep(1.1)
    with socket.create_connection((HOST, lab.port("sccp")), 5) as s:
        s.send(b"\xff" * 32)
        s.recv(1)
    said = lab.log()[size:]
    assert "more lines like the last were left out" in said
    assert said.count("\n") < 300, said[-2000:]


def test_the_socket_goes_with_the_daemon(lab):
    assert os.path.exists(lab.path("admin.sock"))
    lab.stop()
    assert not os.path.exists(lab.path("admin.sock"))


def test_a_list_that_disappears_is_told(lab):
    with open(lab.path("tftp", "CTLFile.tlv"), "rb") as f:
        ctl = f.read()
    os.unlink(lab.path("tftp", "CTLFile.tlv"))
    assert wait_for(lambda: "tftp/CTLFile.tlv is gone" in lab.log(), 30)
    assert fetch(lab, "CTLFile.tlv") == ctl
    service(lab, "restart", "tftp")
    assert fetch(lab, "CTLFile.tlv") is None
    time.sleep(6)
    assert lab.log().count("tftp/CTLFile.tlv is gone") == 1
    lab.stop()
    lab.start()
    assert wait_for(lambda: lab.log().count("tftp/CTLFile.tlv is gone") == 2, 30)


@pytest.mark.parametrize("limit,good", [(150, True), (256, True), (60, False)])
def test_few_descriptors(idle_lab, limit, good):
    with open(idle_lab.path("limits.log"), "wb") as log:
        daemon = subprocess.Popen(["prlimit", f"--nofile={limit}", program("cadeadod"), "--state", idle_lab.dir],
                                  stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def said():
        with open(idle_lab.path("limits.log"), encoding="utf-8") as f:
            return f.read()
    try:
        if not good:
            assert daemon.wait(PATIENCE) == 1
            assert "the limit of open files is 60" in said() and "ulimit" in said()
            return
        assert wait_for(lambda: "ready:" in said() or daemon.poll() is not None) and daemon.poll() is None, said()
        idle_lab.add_phones()
        enrol(idle_lab, FIRST)
        # More connections than there is room for leave it able to serve files and commands.
        crowd = []
        try:
            for _ in range(limit):
                crowd.append(socket.create_connection((HOST, idle_lab.port("sccps")), 5))
            for _ in range(limit):
                crowd.append(socket.create_connection((HOST, idle_lab.port("capf")), 5))
        except OSError:
            pass
        assert fetch(idle_lab, "CTLFile.tlv")
        assert idle_lab.json("utils", "service", "list")["daemon"]
        for s in crowd:
            s.close()
    finally:
        daemon.send_signal(signal.SIGTERM)
        status = daemon.wait(PATIENCE)
    assert status == (0 if good else 1), said()
