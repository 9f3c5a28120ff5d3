# SPDX-License-Identifier: BSD-2-Clause
"""Does a phone that holds only an ITL follow a cluster into mixed mode, because its TVS vouches?"""

import datetime
import os
import socket
import ssl
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from lab import FIRST, PATIENCE, PIN, Lab, free_base, program, wait_for


@pytest.fixture
def young(template, tmp_path):
    """A cluster of the template's keys and tokens that never had a CTL."""
    import shutil
    folder = tmp_path / "lab"
    shutil.copytree(template.dir, folder, ignore=shutil.ignore_patterns("admin.sock", "cadeado.db*", "ctl", "*.tlv", "trust"))
    lab = Lab(folder, free_base())
    lab.cadeado("cluster", "init", "--port-base", str(lab.base))
    yield lab
    lab.end()


def holds(lab, name):
    return os.path.exists(os.path.join(lab.folder(FIRST), name))


def published(lab, name):
    with open(lab.path("tftp", name), "rb") as f, open(os.path.join(lab.folder(FIRST), name), "rb") as g:
        return f.read() == g.read()


def boot(lab, *profile):
    lab.cadeado("device", "add", FIRST, "--number", "1001", *profile)
    lab.start()
    lab.phone(FIRST)
    assert lab.registered(FIRST), lab.output(FIRST)
    assert holds(lab, "ITLFile.tlv") and not holds(lab, "CTLFile.tlv")


def restart(lab, *services):
    for name in services:
        lab.cadeado("utils", "service", "restart", *name.split())


def test_first_ctl_is_taken_because_tvs_vouches(young):
    boot(young)
    young.publish("set-cluster", "mixed-mode")
    restart(young, "Cisco Tftp", "Cisco CallManager")
    assert wait_for(lambda: holds(young, "CTLFile.tlv")), young.output(FIRST)
    assert published(young, "CTLFile.tlv")
    assert "TVS_MSG_QUERY_CERT_RES, status 0" in young.output(FIRST)
    assert "Trust List Verification Failed" not in young.status(FIRST)
    assert "Phone-SAST-trust" in young.trace("tvs") or "CTL record" in young.trace("tvs")


def test_without_tvs_it_is_refused_and_nothing_is_lost(young):
    boot(young)
    young.cadeado("utils", "service", "stop", "Cisco", "Trust", "Verification", "Service")
    young.publish("set-cluster", "mixed-mode")
    restart(young, "Cisco Tftp", "Cisco CallManager")
    assert wait_for(lambda: "Trust List Verification Failed" in young.status(FIRST)), young.output(FIRST)
    assert not holds(young, "CTLFile.tlv") and holds(young, "ITLFile.tlv")
    assert wait_for(lambda: young.output(FIRST).count("registered as 1001") == 2), young.output(FIRST)
    young.cadeado("utils", "service", "start", "Cisco", "Trust", "Verification", "Service")
    restart(young, "Cisco CallManager")
    assert wait_for(lambda: holds(young, "CTLFile.tlv")), young.output(FIRST)


class Stranger:
    """A server in CAPF's place whose certificate no list names; vouch() puts it into CAPF-trust."""

    def __init__(self, lab, folder):
        self.lab = lab
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CAPF-of-another-cluster")])
        now = datetime.datetime.now(datetime.timezone.utc)
        cert = x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key()) \
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1)) \
            .not_valid_after(now + datetime.timedelta(days=1)).sign(key, hashes.SHA256())
        self.cert = cert.public_bytes(serialization.Encoding.PEM)
        pem = folder / "capf.pem"
        pem.write_bytes(self.cert + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_ciphers("AES128-SHA:AES256-SHA@SECLEVEL=0")
        self.context.load_cert_chain(pem)
        lab.cadeado("utils", "service", "stop", "Cisco", "Certificate", "Authority", "Proxy", "Function")
        self.server = socket.create_server(("127.0.0.1", lab.port("capf")))
        self.server.settimeout(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.close()

    def vouch(self):
        folder = self.lab.path("keys", "trust", "CAPF-trust")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "other.pem"), "wb") as f:
            f.write(self.cert)

    def meet(self, answer=None):
        """What the phone says to AUTH_REQ; None when it hangs up over the certificate."""
        raw, _ = self.server.accept()
        raw.settimeout(PATIENCE)
        try:
            with self.context.wrap_socket(raw, server_side=True) as phone:
                phone.sendall(bytes.fromhex("550100000001000407000103"))
                said = phone.recv(1000) or None
                if said and answer:
                    phone.sendall(answer)
                return said
        except (ssl.SSLError, ConnectionError):
            return None


def test_a_server_that_only_tvs_knows(idle_lab, tmp_path):
    lab = idle_lab
    lab.cadeado("device", "add", FIRST, "--number", "1001", "--install")
    lab.start()
    with Stranger(lab, tmp_path) as stranger:
        lab.phone(FIRST)
        assert stranger.meet() is None
        assert wait_for(lambda: "TVS does not vouch for it" in lab.output(FIRST)), lab.output(FIRST)
        stranger.vouch()
        said = None
        for _ in range(4):
            said = stranger.meet()
            if said:
                break
        assert said and said[:2] == b"\x55\x02" and FIRST.encode() in said, lab.output(FIRST)
    assert "status 0, 1 roles" in lab.output(FIRST)
    assert PIN not in lab.output(FIRST)


def test_update_at_a_server_that_only_tvs_knows(idle_lab, tmp_path):
    """The same when the user starts it, while the phone stays registered."""
    lab = idle_lab
    lab.cadeado("device", "add", FIRST, "--number", "1001")
    lab.start()
    lab.phone(FIRST)
    assert lab.registered(FIRST), lab.output(FIRST)

    def update():
        return subprocess.Popen([program("cadeado-phone"), "menu", "--dir", lab.folder(FIRST), "Settings", "Security Configuration",
                                 "**#", "LSC", "Update"], stdout=subprocess.PIPE, text=True)
    with Stranger(lab, tmp_path) as stranger:
        with update() as menu:
            assert stranger.meet() is None
            assert "LSC: Failed" in menu.stdout.read() and menu.wait(PATIENCE) == 1
        assert "TVS does not vouch for it" in lab.output(FIRST)
        stranger.vouch()
        with update() as menu:
            assert stranger.meet() is None  # then it asks TVS, and comes again
            assert stranger.meet(bytes.fromhex("550f000000010004010001") + b"\0")[:2] == b"\x55\x02"
            assert "LSC: Not Installed" in menu.stdout.read() and menu.wait(PATIENCE) == 0
    assert lab.state(FIRST)["registered"]
    assert lab.output(FIRST).count("registered as 1001") == 1
