# SPDX-License-Identifier: BSD-2-Clause
"""Stations in plain Python and openssl: registration, calls, and what must not work."""

import os
import re
import socket
import ssl
import struct
import subprocess

import pytest

from lab import FIRST, PATIENCE, SECOND, wait_for
from peers import HOST, Sccp, enrol, new_key, tls

PLAIN = "SEP0011215A1AE9"


@pytest.fixture
def server(idle_lab):
    """Two phones with an encrypted profile, one without, and the daemon."""
    idle_lab.add_phones()
    idle_lab.cadeado("device", "add", PLAIN, "--number", "1009", "--profile", "Non Secure")
    idle_lab.start()
    return idle_lab


def secure(lab, device):
    return Sccp(lab.port("sccps"), enrol(lab, device))


def rejected(station, device, version=17):
    station.register(device, version)
    text = station.until(0x9D).rstrip(b"\0").decode()
    assert station.closed()
    return text


def stations(lab):
    return {s["device"]: s for s in lab.json("show", "stations")["stations"]}


# ---- registration ----

@pytest.mark.parametrize("version,agreed", [(3, 3), (5, 5), (11, 11), (17, 17), (20, 20), (22, 22), (19, 17), (21, 20),
                                            (99, 22)])
def test_versions(server, version, agreed):
    with Sccp(server.port("sccp")) as s:
        s.register(PLAIN, version)
        kind, word, ack = s.recv()
        assert (kind, word, len(ack)) == (0x81, 0, 20)
        assert struct.unpack("<I", ack[:4])[0] == 30 and ack[16] == agreed
        kind, word, _ = s.recv()
        assert (kind, word) == (0x9B, agreed if agreed >= 10 else 0)


def test_everything_a_phone_asks_for(server):
    for version in (11, 22):
        with Sccp(server.port("sccp")) as s:
            s.register(PLAIN, version)
            s.until(0x9B)
            answers = {}
            requests = [(0x0E, b"", 0x97), (0x28, b"", 0x108), (0x25, b"", 0x109), (0x0C, b"", 0x93),
                        (0x0B, struct.pack("<I", 1), 0x147 if version > 16 else 0x92),
                        (0x09, struct.pack("<I", 1), 0x90),
                        (0x0A, struct.pack("<I", 1), 0x149 if version > 16 else 0x91),
                        (0x34, struct.pack("<I", 1), 0x146 if version > 16 else 0x11F),
                        (0x33, struct.pack("<I", 1), 0x12F), (0x0F, b"", 0x98), (0x12, b"", 0x9E), (0x0D, b"", 0x94),
                        (0x00, b"", 0x100)]
            s.raw(b"".join(s.message(kind, body) for kind, body, _ in requests))  # in one segment
            for _, _, answer in requests:
                answers[answer] = s.until(answer)
            buttons = answers[0x97]
            assert struct.unpack("<3I", buttons[:12]) == (0, 1, 1)
            assert buttons[12:] == b"\1\x09" + b"\0\xff" * 41
            assert struct.unpack("<3I", answers[0x108][:12]) == (0, 18, 18) and len(answers[0x108]) == 652
            assert answers[0x108][12 + 20:12 + 22] == b"\x80\x02"
            assert len(answers[0x109]) == 780 and answers[0x109][12:14] == b"\x02\x00"
            assert answers[0x109][12 + 16:12 + 18] == struct.pack("<H", 302)
            assert answers[0x93][:16].rstrip(b"\0").decode() == PLAIN
            assert struct.unpack("<I", answers[0x93][104:108])[0] == 1
            year, month = struct.unpack("<2I", answers[0x94][:8])
            assert year >= 2024 and 1 <= month <= 12
            port = struct.unpack("<I", answers[0x9E][240:244])[0]
            assert port == server.port("sccp")


def test_secure_registration(server):
    key, der = enrol(server, FIRST)
    with Sccp(server.port("sccps"), (key, der), ciphers="AES128-SHA") as s:
        assert s.ready(FIRST) == "1001"
        port = s.sock.getsockname()[1]
        found = stations(server)[FIRST]
        assert found.pop("since").endswith("Z")
        assert found == {"device": FIRST, "number": "1001", "address": HOST, "port": port, "transport": "TLS",
                         "cipher": "AES128-SHA", "securityMode": 3, "protocol": 17}
    trace = server.trace("ccm")
    lines = [x.split("|", 1)[1] for x in trace.splitlines() if re.match(r"\d\d:\d\d:\d\d\.\d{3} \|", x)]
    assert lines[0] == "SdlSSLTCPListener::verify_cb pre-verified=1,cert verification errno=0,depth=0"
    assert re.fullmatch(r"New connection accepted\. DeviceName=, TCPPid = \[1\.100\.13\.\d+\], IPAddr=127\.0\.0\.1, "
                        r"Port=%d, ?" % port, lines[1])
    assert re.fullmatch(r"StationD: \(\d{7}\) ClusterSecurityMode = \(1\) DeviceSecurityMode = \(3\)", lines[2])
    assert re.fullmatch(r"StationD: \(\d{7}\) TLS Connection Cipher - INFO:deviceName=%s, Cipher=AES128-SHA, "
                        r"Security Mode=3" % FIRST, lines[3])


def test_unregister_and_again(server):
    with Sccp(server.port("sccp")) as s:
        s.ready(PLAIN)
        s.send(0x27)
        assert s.until(0x118) == b"\0\0\0\0"
        assert s.closed()
    assert PLAIN not in stations(server)
    with Sccp(server.port("sccp")) as s:
        s.ready(PLAIN)


def test_comes_again_after_losing_power(server):
    with Sccp(server.port("sccp")) as old, Sccp(server.port("sccp")) as new:
        old.ready(PLAIN)
        assert new.ready(PLAIN) == "1009"
        assert old.closed()
        assert stations(server)[PLAIN]["port"] == new.sock.getsockname()[1]


def test_asks_for_a_token_first(server):
    with Sccp(server.port("sccp")) as s:
        s.send(0x29, struct.pack("<16sIII", PLAIN.encode(), 0, 1, 0) + struct.pack("<I", 30018))
        assert s.recv()[0] == 0x11A
        s.ready(PLAIN)


# ---- who may not ----

def test_unknown_device(server):
    for name in ("SEPFFFFFFFFFFFF", "", "x", "SEP00112233445G", "../../etc/passwd"):
        with Sccp(server.port("sccp")) as s:
            assert rejected(s, name) == "Error: unknown device"


def test_secure_device_on_the_plain_port(server):
    with Sccp(server.port("sccp")) as s:
        assert rejected(s, FIRST) == "Security Error: TLS required"
    assert wait_for(lambda: "asks for TLS" in server.log()) and FIRST in server.log()


def test_certificate_of_another(server):
    with secure(server, FIRST) as s:
        assert rejected(s, SECOND) == "Security Error: certificate"
    line = wait_for(lambda: [x for x in server.log().splitlines() if "certificate shown" in x])[0]
    assert FIRST in line and SECOND in line


def refused_by_tls(lab, lsc, errno):
    """The handshake fails; the alert's text."""
    with pytest.raises((ssl.SSLError, ConnectionError)) as failure:
        with Sccp(lab.port("sccps"), lsc) as s:
            s.register(FIRST)
            s.recv()
    assert wait_for(lambda: "pre-verified=0,cert verification errno=%d,depth=0" % errno in lab.trace("ccm"))
    return str(failure.value)


def forged(issuer_cert, issuer_key, name, days):
    import datetime
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    key, now = new_key(2048), datetime.datetime.utcnow()
    cert = (x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
            .issuer_name(issuer_cert.subject if issuer_cert else
                         x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(days=days[0]))
            .not_valid_after(now + datetime.timedelta(days=days[1]))
            .sign(issuer_key or key, hashes.SHA256()))
    return key, cert.public_bytes(serialization.Encoding.DER)


def capf(lab):
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    with open(lab.path("keys", "CAPF.pem"), "rb") as f:
        cert = x509.load_pem_x509_certificate(f.read())
    with open(lab.path("keys", "CAPF.key"), "rb") as f:
        return cert, serialization.load_pem_private_key(f.read(), None)


def test_no_certificate(server):
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
        sock = tls(server.port("sccps"))
        sock.sendall(b"\0")
        if not sock.recv(1):
            raise EOFError
    assert wait_for(lambda: "peer did not return a certificate" in server.log())


def test_stranger(server):
    assert "unknown ca" in refused_by_tls(server, forged(None, None, FIRST, (-1, 30)), 20)
    cert, _ = capf(server)
    assert "unknown ca" in refused_by_tls(server, forged(cert, new_key(2048), FIRST, (-1, 30)), 20)


def test_expired(server):
    text = refused_by_tls(server, forged(*capf(server), FIRST, (-30, -1)), 10)
    assert "expired" in text
    assert wait_for(lambda: "the LSC of %s is expired" % FIRST in server.log())
    refused_by_tls(server, forged(*capf(server), FIRST, (1, 30)), 10)


def test_openssl_s_client(server):
    done = subprocess.run(["openssl", "s_client", "-connect", "%s:%d" % (HOST, server.port("sccps")), "-tls1_2"],
                          input=b"Q\n", capture_output=True, timeout=PATIENCE, check=False)
    assert b"handshake failure" in done.stderr and b"CN = " in done.stdout


# ---- bad input ----

def message(kind, body=b"", length=None):
    return struct.pack("<III", len(body) + 4 if length is None else length, 0, kind) + body


HOSTILE = {
    "other protocol": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "length below four": message(0, length=3),
    "length zero": message(0, length=0),
    "length above the limit": message(1, length=8189),
    "length of all ones": message(1, length=0xFFFFFFFF),
    "register without a name": message(1, b"SEP"),
    "empty register": message(1),
    "tls hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "random": b"\xa5" * 5000,
}
HOSTILE_LATER = {
    "registers twice": message(1, Sccp.register_body(PLAIN)),
    "more codecs than sent": message(0x10, struct.pack("<I", 20)),
    "more codecs than possible": message(0x10, struct.pack("<I", 0x40000000)),
    "line request cut": message(0x0B, b"\1"),
    "key press cut": message(0x03),
}


@pytest.mark.parametrize("what", sorted(HOSTILE))
def test_garbage_before_registration(server, what):
    with Sccp(server.port("sccp")) as good, Sccp(server.port("sccp")) as bad:
        good.ready(PLAIN)
        bad.raw(HOSTILE[what])
        if what == "empty register" or what == "register without a name":
            while not bad.closed():
                bad.recv()
        else:
            assert bad.closed()
        good.send(0)
        assert good.until(0x100) == b""
    port = bad_port(server, "AWAIT_REGISTER")
    assert port


def bad_port(lab, state):
    return wait_for(lambda: re.search(r"sccp: 127\.0\.0\.1:(\d+) .*: .* in %s\n" % state, lab.log()))


@pytest.mark.parametrize("what", sorted(HOSTILE_LATER))
def test_garbage_of_a_registered_station(server, what):
    with secure(server, FIRST) as good, Sccp(server.port("sccp")) as bad:
        good.ready(FIRST)
        bad.ready(PLAIN)
        bad.raw(HOSTILE_LATER[what])
        assert bad.closed()
        good.send(0)
        assert good.until(0x100) == b""
    assert bad_port(server, "REGISTERED")
    assert PLAIN not in stations(server)


def test_unknown_messages_are_skipped(server):
    with Sccp(server.port("sccp")) as s:
        s.ready(PLAIN)
        for kind in (0x015A, 0x0157, 0x0159, 0x7777, 0xFFFFFFFF, 0x2B, 0x49):
            s.send(kind, os.urandom(64))
        s.send(0)
        assert s.until(0x100) == b""


def test_message_in_pieces(server):
    with Sccp(server.port("sccp")) as s:
        for byte in s.message(1, s.register_body(PLAIN)):
            s.raw(bytes([byte]))
        assert s.recv()[0] == 0x81


def test_station_that_never_reads(server):
    """It asks for more than it takes: it is given up, others are served."""
    with Sccp(server.port("sccp")) as s, secure(server, FIRST) as good:
        s.ready(PLAIN)
        good.ready(FIRST)
        s.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.sock.settimeout(PATIENCE)
        with pytest.raises((ConnectionError, TimeoutError)):
            for _ in range(100000):
                s.raw(s.message(0x25) * 100)
        good.send(0)
        assert good.until(0x100) == b""
    assert wait_for(lambda: "does not take what is sent to it in REGISTERED" in server.log())


def test_silent_connections_leave_room(server):
    """Connections of one address that never register are limited; they hold no registered phone up."""
    idle = []
    try:
        with Sccp(server.port("sccp")) as good:
            good.ready(PLAIN)
            for _ in range(70):
                idle.append(socket.create_connection((HOST, server.port("sccp")), PATIENCE))
            assert wait_for(lambda: "too many connections that have not registered" in server.log())
            good.send(0)
            assert good.until(0x100) == b""
    finally:
        for s in idle:
            s.close()


def test_silence(server):
    """A registered phone that says nothing is given up; one that keeps alive, or is in a call, is not before it."""
    server.stop()
    with open(server.path("cadeado.conf"), encoding="utf-8") as f:
        settings = re.sub(r"(?m)^keepalive *=.*$", "keepalive = 5", f.read())
    with open(server.path("cadeado.conf"), "w", encoding="utf-8") as f:
        f.write(settings)
    server.start()
    with Sccp(server.port("sccp")) as silent, secure(server, FIRST) as a, secure(server, SECOND) as b:
        silent.register(PLAIN)
        assert struct.unpack("<I", silent.until(0x81)[:4])[0] == 5
        a.ready(FIRST)
        b.ready(SECOND)
        call(a, b, "1002")  # both then say nothing, but have longer

        def given_up():
            return re.findall(r"(SEP\w+): keepalive missed", server.log())
        assert wait_for(lambda: len(given_up()) > 1)
        assert given_up()[0] == PLAIN and given_up()[1] in (FIRST, SECOND)


# ---- calls ----

def ack(station, port):
    """Answers OpenReceiveChannel; its 48 bytes of encryption."""
    body = station.until(0x105)
    conference, party = struct.unpack("<2I", body[:8])
    call = struct.unpack("<I", body[24:28])[0]
    station.send(0x22, struct.pack("<II16sIII", 0, 0, bytes([127, 0, 0, 1]), port, party, call))
    return body[28:76], call


def call(a, b, number):
    """a dials b; the keys and ports that both got."""
    a.send(0x06)
    a.until(0x111)
    for digit in number:
        a.send(0x03, struct.pack("<III", int(digit), 1, 0))
    b.until(0x85)
    b.send(0x06)
    rx_b, call_b = ack(b, 20002)
    rx_a, call_a = ack(a, 20001)
    start_a, start_b = a.until(0x8A), b.until(0x8A)
    port = lambda start: struct.unpack("<I", start[28:32])[0]  # noqa: E731
    assert (port(start_a), port(start_b)) == (20002, 20001)
    return rx_a, start_a[60:108], rx_b, start_b[60:108], call_a, call_b


def test_encrypted_call(server):
    with secure(server, FIRST) as a, secure(server, SECOND) as b:
        a.ready(FIRST)
        b.ready(SECOND)
        rx_a, tx_a, rx_b, tx_b, call_a, call_b = call(a, b, "1002")
        assert tx_a == rx_b and tx_b == rx_a and tx_a != tx_b
        for block in (tx_a, tx_b):
            assert struct.unpack("<IHH", block[:8]) == (1, 16, 14)
            assert len(set(block[8:24])) > 4 and block[38:] == bytes(10)
        found = server.json("show", "stations")["calls"]
        assert found == [{"caller": "1001", "called": "1002", "state": "connected", "security": "encrypted",
                          "icon": "lock"}]
        keys = [block[8:24].hex() for block in (tx_a, tx_b)]
        for name in ("ccm", "capf", "ctftp"):
            assert not any(key in server.trace(name) for key in keys)
        a.send(0x07, struct.pack("<II", 1, call_a))
        assert b.until(0x106) and b.until(0x8B)
        assert wait_for(lambda: server.json("show", "stations")["calls"] == [])


def test_call_to_an_unsecured_phone_has_no_keys(server):
    with secure(server, FIRST) as a, Sccp(server.port("sccp")) as b:
        a.ready(FIRST)
        b.ready(PLAIN)
        rx_a, tx_a, rx_b, tx_b, _, _ = call(a, b, "1009")
        assert rx_a == tx_a == rx_b == tx_b == bytes(48)
        assert server.json("show", "stations")["calls"][0]["icon"] == "none"


def test_other_party_vanishes(server):
    with secure(server, FIRST) as a:
        a.ready(FIRST)
        b = secure(server, SECOND)
        b.ready(SECOND)
        call(a, b, "1002")
        b.sock.close()
        assert a.until(0x106) and a.until(0x8B)
        assert server.json("show", "stations")["calls"] == []
