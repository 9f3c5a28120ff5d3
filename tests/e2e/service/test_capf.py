# SPDX-License-Identifier: BSD-2-Clause
"""Enrolment as a phone in plain Python and openssl meet it."""

import os
import re
import struct
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from lab import FIRST, PATIENCE, SECOND, wait_for
from peers import HOST, Capf, element, enrol, new_key, spki


@pytest.fixture
def server(service_lab):
    return service_lab


def status(lab, device=FIRST):
    return lab.json("device", "show", device)


def pending(lab, device=FIRST):
    with Capf(lab.port("capf")) as phone:
        phone.auth(device)
        return phone.recv()[0] == 3


def test_enrolment(server, tmp_path):
    key, der = enrol(server, FIRST)
    cert = x509.load_der_x509_certificate(der)
    assert cert.public_key().public_numbers() == key.public_key().public_numbers()
    assert cert.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value == FIRST
    lsc = tmp_path / "lsc.pem"
    lsc.write_bytes(cert.public_bytes(x509.base.serialization.Encoding.PEM))
    done = subprocess.run(["openssl", "verify", "-CAfile", server.path("keys", "CAPF.pem"), str(lsc)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    # It was recorded: the encrypted configuration is there now, and nothing is ordered any more.
    done = subprocess.run(["curl", "-sS", "tftp://%s:%d/%s.cnf.xml.enc.sgn" % (HOST, server.port("tftp"), FIRST)],
                          capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0 and done.stdout[:5] == b"\1\0\2\2\0", done.stderr
    with Capf(server.port("capf")) as phone:
        phone.auth(FIRST)
        assert phone.ended() == 0
    assert pending(server, SECOND)


def test_key_type_is_named_from_version_3_on(server):
    for version, tags in ((2, {10}), (3, {10, 17})):
        with Capf(server.port("capf")) as phone:
            phone.auth(FIRST, version=version)
            kind, found = phone.recv()
            assert kind == 3 and set(found) == tags
            assert found.get(17, b"\0") == b"\0"


def test_messages_in_pieces_and_together(server):
    with Capf(server.port("capf")) as phone:
        assert phone.recv()[0] == 1
        message = struct.pack(">BBIH", 0x55, 2, phone.session, 23) + element(7, b"\2") \
            + element(13, FIRST.encode() + b"\0")
        for i in range(len(message)):
            phone.sock.sendall(message[i:i + 1])
        kind, found = phone.recv()
        key = new_key(struct.unpack(">H", found[10])[0])
        body = element(9, spki(key))
        progress = struct.pack(">BBIH", 0x55, 17, phone.session, 0)
        result = struct.pack(">BBIH", 0x55, 4, phone.session, len(body)) + body
        phone.sock.sendall(progress * 3 + result)
        assert phone.recv()[0] == 9
        phone.send(10, element(1, b"\1"))
        assert phone.ended() == 1


def test_unknown_device(server):
    for name in ("SEPFFFFFFFFFFFF", "nonsense", "SEP", "x" * 200):
        with Capf(server.port("capf")) as phone:
            phone.auth(name)
            assert phone.ended() == 9, name


def test_wrong_string(server):
    with Capf(server.port("capf")) as phone:
        phone.auth(FIRST, password=b"13579\0")
        assert phone.ended() == 7
    assert pending(server)
    for log in (server.log(), server.trace("capf")):
        assert "13579" not in log


def test_null_string_as_one_nul(server):
    with Capf(server.port("capf")) as phone:
        phone.enrol(FIRST, password=b"\0")


def test_phone_cannot_make_a_key(server):
    with Capf(server.port("capf")) as phone:
        phone.auth(FIRST)
        phone.recv()
        phone.send(4, element(1, b"\7"))
        assert phone.ended() == 7
    assert not pending(server)
    assert "Upgrade Failed: Key Generation Failed/Timeout" in server.cadeado("device", "show", FIRST).stdout


@pytest.mark.parametrize("what", ["small", "ec", "garbage"])
def test_another_key_than_asked_for(server, what):
    keys = {"small": lambda: spki(new_key(1024)), "ec": lambda: spki(ec.generate_private_key(ec.SECP256R1())),
            "garbage": lambda: b"\x30\x03\x02\x01\x01"}
    with Capf(server.port("capf")) as phone:
        phone.auth(FIRST)
        phone.recv()
        phone.send(4, element(9, keys[what]()))
        assert phone.ended() == 7
    assert "Upgrade Failed" in server.cadeado("device", "show", FIRST).stdout


def test_phone_does_not_store(server):
    with Capf(server.port("capf")) as phone:
        phone.auth(FIRST)
        kind, found = phone.recv()
        phone.send(4, element(9, spki(new_key(struct.unpack(">H", found[10])[0]))))
        assert phone.recv()[0] == 9
        phone.send(10, element(1, b"\7"))
        assert phone.ended() == 7
    assert "Upgrade Failed" in server.cadeado("device", "show", FIRST).stdout


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_lost_connection_keeps_the_order(server, after):
    """The phone vanishes after so many of its messages: it may come again."""
    phone = Capf(server.port("capf"))
    phone.recv()
    if after > 0:
        phone.send(2, element(7, b"\3"), element(13, FIRST.encode() + b"\0"))
        size = struct.unpack(">H", phone.recv()[1][10])[0]
    if after > 1:
        phone.send(17)
    if after > 2:
        phone.send(4, element(9, spki(new_key(size))))
        assert phone.recv()[0] == 9
    phone.sock.close()
    assert wait_for(lambda: "CAPF_OP_FAIL_PHONE_COMM_ERROR" in server.log())
    enrol(server, FIRST)


def test_certificate_of_another_phone(server):
    lsc = enrol(server, FIRST)
    with Capf(server.port("capf"), cert=lsc[1], key=lsc[0]) as phone:
        phone.auth(SECOND)
        assert phone.ended() == 7
    assert wait_for(lambda: "certificate shown is not this device's" in server.log())
    with Capf(server.port("capf"), cert=lsc[1], key=lsc[0]) as phone:
        phone.auth(FIRST)
        assert phone.ended() == 0
    assert pending(server, SECOND)


def hostile(session):
    head = lambda kind, length: struct.pack(">BBIH", 0x55, kind, session, length)  # noqa: E731
    name = element(13, FIRST.encode() + b"\0")
    return {
        "other protocol": b"GET / HTTP/1.1\r\n\r\n",
        "length above the limit": head(2, 0xFFFF),
        "element beyond the message": head(2, 3) + b"\x0d\xff\xff",
        "element cut": head(2, 2) + b"\x0d\x00",
        "element twice": head(2, 2 * len(name)) + name + name,
        "too many elements": head(2, 3 * 200) + b"".join(element(100 + i % 100, b"") for i in range(200)),
        "no name": head(2, 4) + element(7, b"\3"),
        "two names in one": head(2, 3 + 20) + element(13, b"SEP\0" + b"A" * 16),
        "unknown type": head(99, 0),
        "message of a server": head(3, 5) + element(10, b"\x08\x00"),
        "message of a later state": head(10, 4) + element(1, b"\1"),
        "another session": struct.pack(">BBIH", 0x55, 2, session + 7, len(name)) + name,
    }


@pytest.mark.parametrize("what", sorted(hostile(0)))
def test_bad_messages(server, what):
    """Each ends its session with reason 7 (9 where a name is missing), while another phone enrols."""
    with Capf(server.port("capf")) as other, Capf(server.port("capf")) as phone:
        other.auth(SECOND)
        assert other.recv()[0] == 3
        phone.recv()
        phone.sock.sendall(hostile(phone.session)[what])
        assert phone.ended() == (9 if what == "no name" else 7)
        key = new_key(2048)
        other.send(4, element(9, spki(key)))
        assert other.recv()[0] == 9
        other.send(10, element(1, b"\1"))
        assert other.ended() == 1
    assert pending(server)
    assert re.search(r"capf: \d+:UNKNOWN: 127\.0\.0\.1:\d+: .* in CAPF_STATE_AWAIT_AUTH_RES", server.log())


def test_message_that_never_ends(server):
    """A header and then silence holds one session and nothing else."""
    with Capf(server.port("capf")) as phone:
        phone.recv()
        phone.sock.sendall(struct.pack(">BBIH", 0x55, 2, phone.session, 27) + b"\x07")
        enrol(server, FIRST)
        enrol(server, SECOND)


def test_openssl_s_client(server):
    for options, good in ((["-tls1_2", "-cipher", "AES128-SHA"], True), (["-tls1_3"], True),
                          (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], False),
                          (["-tls1_2", "-cipher", "NULL-SHA:@SECLEVEL=0"], False)):
        done = subprocess.run(["openssl", "s_client", "-connect", "%s:%d" % (HOST, server.port("capf")), *options],
                              input=b"Q\n", capture_output=True, timeout=PATIENCE, check=False)
        shown = b"Verification" in done.stdout and b"BEGIN CERTIFICATE" in done.stdout
        assert shown == good, (options, done.stdout, done.stderr)


def test_plain_tcp_and_half_a_handshake(server):
    import socket
    with socket.create_connection((HOST, server.port("capf"))) as s:
        s.sendall(b"\x16\x03\x01\x02\x00\x01")
        enrol(server, FIRST)
        s.sendall(os.urandom(600))
        s.settimeout(PATIENCE)
        while s.recv(4096):
            pass
    enrol(server, SECOND)


def test_traces(server):
    enrol(server, FIRST)
    assert wait_for(lambda: "Certificate upgrade successful" in server.trace("capf"))
    lines = [re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} \| debug (.*)", x).group(1)
             for x in server.trace("capf").splitlines()]
    n = lines[0].split(":")[0]
    phone = "%s:%s:" % (n, FIRST)
    assert re.fullmatch(n + r":UNKNOWN:Got a new ph conn 127\.0\.0\.1 on \d+", lines[0])
    assert lines[1:] == [
        "TLS HS Done for ph_conn .",
        "MsgType : CAPF_MSG_AUTH_REQ",
        n + ":UNKNOWN:Incoming Phone Msg:",
        "MsgType : CAPF_MSG_AUTH_RES",
        n + ":UNKNOWN:CAPF CORE: Rcvd Event: CAPF_EV_AUTH_RES in State: CAPF_STATE_AWAIT_AUTH_RES",
        "MsgType : CAPF_MSG_KEY_GEN_REQ",
        phone + "Incoming Phone Msg:",
        "MsgType : CAPF_MSG_REQ_IN_PROGRESS",
        phone + "CAPF CORE: Rcvd Event: CAPF_EV_REQUEST_IN_PROGRESS in State: CAPF_STATE_AWAIT_KEY_GEN_RES",
        phone + "Incoming Phone Msg:",
        "MsgType : CAPF_MSG_KEY_GEN_RES",
        phone + "CAPF CORE: Rcvd Event: CAPF_EV_KEY_GEN_RES in State: CAPF_STATE_AWAIT_KEY_GEN_RES",
        "Generated the cert",
        "MsgType : CAPF_MSG_STORE_CERT_REQ",
        phone + "Incoming Phone Msg:",
        "MsgType : CAPF_MSG_STORE_CERT_RES",
        phone + "CAPF CORE: Rcvd Event: CAPF_EV_STORE_CERT_RES in State: CAPF_STATE_AWAIT_STORE_CERT_RES",
        phone + "Certificate upgrade successful",
        "MsgType : CAPF_MSG_END_SESSION",
    ]
