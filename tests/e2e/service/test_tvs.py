# SPDX-License-Identifier: BSD-2-Clause
"""TVS as a phone in plain Python meets it."""

import datetime
import os
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from lab import wait_for
from peers import Tvs, element, new_key

SAST, CCM_TFTP, TFTP, CAPF, TVS = 0, 2, 3, 4, 21
DAY = datetime.timedelta(days=1)


def der_of(path):
    with open(path, "rb") as f:
        return x509.load_pem_x509_certificate(f.read()).public_bytes(serialization.Encoding.DER)


def own(lab, name):
    return der_of(lab.path("keys", name + ".pem"))


def made(name, start=-DAY, end=DAY):
    """A certificate of somebody else's, PEM."""
    key = new_key(2048)
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name),
                     x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Example")])
    now = datetime.datetime.now(datetime.timezone.utc)
    return x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key()) \
        .serial_number(x509.random_serial_number()).not_valid_before(now + start).not_valid_after(now + end) \
        .sign(key, hashes.SHA256())


def to_der(cert):
    return cert.public_bytes(serialization.Encoding.DER)


def put(lab, unit, name, cert):
    """Into the trust folder, as an administrator's tool would: whole or not at all."""
    folder = lab.path("keys", "trust", unit)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "." + name), "wb") as f:
        f.write(cert.public_bytes(serialization.Encoding.PEM))
    os.rename(os.path.join(folder, "." + name), os.path.join(folder, name + ".pem"))


def names(lab, der):
    """Subject, issuer and serial as lists write them."""
    cert = x509.load_der_x509_certificate(der)
    order = ["CN", "OU", "O", "L", "ST", "C"]

    def text(name):
        found = {a.rfc4514_attribute_name: a.value for a in name}
        return ";".join("%s=%s" % (k, found[k]) for k in order if k in found)
    serial = cert.serial_number.to_bytes((cert.serial_number.bit_length() + 7) // 8, "big")
    return text(cert.subject), text(cert.issuer), serial


def good(answer, kind, roles, certificate=None):
    assert answer[0] == kind
    found = answer[1]
    assert found[7] == b"\0" and set(found[8]) == set(roles) and found[9] == (86400).to_bytes(4, "big"), found
    assert list(found) == ([7, 2, 8, 9] if certificate else [7, 8, 9])
    assert found.get(2) == certificate


def bad(answer, kind):
    assert answer == (kind, {7: b"\1"})


def test_own_certificates(lab):
    with Tvs(lab.port("tvs")) as phone:
        assert phone.shown() == own(lab, "TVS")
        good(phone.verify(own(lab, "CallManager")), 2, {SAST, CCM_TFTP, TFTP})
        good(phone.verify(own(lab, "CAPF")), 2, {CAPF})
        good(phone.verify(own(lab, "TVS")), 2, {TVS})
        good(phone.verify(own(lab, "ITLRecovery")), 2, {SAST})
        bad(phone.verify(to_der(made("stranger"))), 2)
        bad(phone.verify(own(lab, "CTLProvider")), 2)
    trace = lab.trace("tvs")
    assert "CertificateDBCache::getCertificateInformation - Found entry {rolecount : 3} (CallManager of this node)" in trace
    assert "CP-8861-SEP0011215A1AE3:Sending CERT_VERIF_RES msg" in trace
    assert "TVS CORE: Rcvd Event: TVS_EV_CERT_VERIFICATION_REQ in State: TVS_STATE_AWAIT_REQ" in trace


def test_query_brings_the_certificate(lab):
    der = own(lab, "CallManager")
    subject, issuer, serial = names(lab, der)
    with Tvs(lab.port("tvs")) as phone:
        good(phone.query(subject, issuer, serial), 4, {SAST, CCM_TFTP, TFTP}, der)
        good(phone.query("", issuer, b"\0" + serial), 4, {SAST, CCM_TFTP, TFTP}, der)
        bad(phone.query(subject, issuer, serial[:-1] + bytes([serial[-1] ^ 1])), 4)
        bad(phone.query(subject, "CN=somebody else", serial), 4)
        bad(phone.query("CN=somebody else", issuer, serial), 4)


def test_records_of_the_ctl(lab):
    token = subprocess.run(["openssl", "x509", "-inform", "PEM", "-outform", "DER"], check=True, capture_output=True,
                           input=ctl_certificate(lab)).stdout
    with Tvs(lab.port("tvs")) as phone:
        good(phone.verify(token), 2, {SAST})


def test_the_list_that_is_still_served_counts_until_tftp_is_restarted(lab):
    """Phones that hold only an ITL are offered the list that a token signed which the published one leaves out."""
    first, second = "SAST-ADN4e31f914", "SAST-ADN5bbd7b14"
    token = subprocess.run(["openssl", "x509", "-inform", "PEM", "-outform", "DER"], check=True, capture_output=True,
                           input=ctl_certificate(lab)).stdout
    lab.publish("update", "CTLFile")  # of which Phone-SAST-trust knows how its tokens came
    lab.cadeado("token", "create", "--serial", "ADN00000003", "--pin-file", lab.path("pin"))
    lab.cadeado("token", "retire", first, "--yes")
    lab.cadeado("utils", "ctl", "update", "CTLFile", "--token", second, "--pin-file", lab.path("pin"), "--yes")
    for name in os.listdir(lab.path("keys", "trust", "Phone-SAST-trust")):
        if der_of(lab.path("keys", "trust", "Phone-SAST-trust", name)) == token:
            os.unlink(lab.path("keys", "trust", "Phone-SAST-trust", name))
    with Tvs(lab.port("tvs")) as phone:
        good(phone.verify(token), 2, {SAST})
        assert "(served CTL record 1)" in lab.trace("tvs.log")
        lab.restart("Cisco Tftp")
        bad(phone.verify(token), 2)


def ctl_certificate(lab):
    """The signing token's certificate out of the published CTL, by Python alone."""
    with open(lab.path("tftp", "CTLFile.tlv"), "rb") as f:
        data = f.read()
    at = int.from_bytes(data[8:10], "big")
    end = at + int.from_bytes(data[at + 3:at + 5], "big")
    while at < end:
        tag, size = data[at], int.from_bytes(data[at + 1:at + 3], "big")
        if tag == 9:
            cert = x509.load_der_x509_certificate(data[at + 3:at + 3 + size])
            return cert.public_bytes(serialization.Encoding.PEM)
        at += 3 + size
    raise AssertionError("no certificate in the first record")


def test_trust_units_are_read_again(lab):
    sast, server = made("old token"), made("the other cluster")
    with Tvs(lab.port("tvs")) as phone:
        bad(phone.verify(to_der(sast)), 2)
        put(lab, "Phone-SAST-trust", "old", sast)
        good(phone.verify(to_der(sast)), 2, {SAST})
        put(lab, "CallManager-trust", "other", server)
        good(phone.verify(to_der(server)), 2, {CCM_TFTP})
        put(lab, "CAPF-trust", "other", server)
        good(phone.verify(to_der(server)), 2, {CCM_TFTP, CAPF})
        os.unlink(lab.path("keys", "trust", "Phone-SAST-trust", "old.pem"))
        bad(phone.verify(to_der(sast)), 2)


def test_expired_is_invalid(lab):
    old, early = made("old", -10 * DAY, -DAY), made("early", DAY, 2 * DAY)
    put(lab, "Phone-SAST-trust", "old", old)
    put(lab, "Phone-SAST-trust", "early", early)
    with Tvs(lab.port("tvs")) as phone:
        bad(phone.verify(to_der(old)), 2)
        bad(phone.verify(to_der(early)), 2)
    assert "not vouched for: expired, or not valid yet" in lab.trace("tvs")


def test_a_spoilt_file_hinders_no_other(lab):
    """Neither while TVS runs, nor when it is started with it; and it is told once, not with every question."""
    der, token = own(lab, "CallManager"), made("stolen token")
    put(lab, "Phone-SAST-trust", "stolen", token)
    folder = lab.path("keys", "trust", "CAPF-trust")
    os.makedirs(folder, exist_ok=True)
    with Tvs(lab.port("tvs")) as phone:
        good(phone.verify(to_der(token)), 2, {SAST})
        with open(os.path.join(folder, "spoilt.pem"), "w", encoding="ascii") as f:
            f.write("no certificate")
        for _ in range(3):
            good(phone.verify(der), 2, {SAST, CCM_TFTP, TFTP})
        assert wait_for(lambda: "spoilt.pem" in lab.log())
        assert lab.log().count("spoilt.pem") == 1
        os.unlink(lab.path("keys", "trust", "Phone-SAST-trust", "stolen.pem"))
        bad(phone.verify(to_der(token)), 2)
    lab.cadeado("utils", "service", "restart", "tvs")
    with Tvs(lab.port("tvs")) as phone:
        good(phone.verify(der), 2, {SAST, CCM_TFTP, TFTP})


def test_messages_in_pieces_and_together(lab):
    der = own(lab, "CAPF")
    with Tvs(lab.port("tvs")) as phone:
        message = phone.message(1, element(2, der))
        for i in range(0, len(message), 100):
            phone.sock.sendall(message[i:i + 100])
        good(phone.recv(), 2, {CAPF})
        first = phone.message(1, element(2, der))
        second = phone.message(1, element(2, b"rubbish"))
        phone.sock.sendall(first + second)
        phone.session -= 1
        good(phone.recv(), 2, {CAPF})
        phone.session += 1
        bad(phone.recv(), 2)


@pytest.mark.parametrize("what", ["protocol", "version", "type", "length", "no certificate", "too long", "twice"])
def test_hostile(lab, what):
    with Tvs(lab.port("tvs")) as phone:
        der = own(lab, "CAPF")
        message = phone.message(1, element(2, der))
        phone.sock.sendall({
            "protocol": b"\x55" + message[1:],
            "version": message[:1] + b"\2" + message[2:],
            "type": message[:2] + b"\2" + message[3:],
            "length": message[:10] + b"\1\xff\xff" + message[13:],
            "no certificate": phone.message(1),
            "too long": message[:8] + b"\xff\xff" + message[10:],
            "twice": phone.message(1, element(2, der), element(2, der)),
        }[what])
        assert phone.recv() is None
    with Tvs(lab.port("tvs")) as phone:
        good(phone.verify(own(lab, "CAPF")), 2, {CAPF})


def test_many_and_silent(lab):
    silent = [Tvs(lab.port("tvs")) for _ in range(50)]
    asking = [Tvs(lab.port("tvs")) for _ in range(50)]
    der = own(lab, "CAPF")
    for phone in asking:
        phone.sock.sendall(phone.message(1, element(2, der)))
    for phone in asking:
        good(phone.recv(), 2, {CAPF})
    for phone in silent + asking:
        phone.sock.close()


def test_a_name_that_spoils_no_log(lab):
    with Tvs(lab.port("tvs")) as phone:
        phone.sock.sendall(phone.message(1, element(2, own(lab, "CAPF")), device=b"\1A\n\x1b[31mB"))
        good(phone.recv(), 2, {CAPF})
    assert "\x1b" not in lab.trace("tvs") and "A\n" not in lab.trace("tvs")
