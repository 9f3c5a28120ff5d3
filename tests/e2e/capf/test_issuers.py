# SPDX-License-Identifier: BSD-2-Clause
"""Whose key signs: CAPF's renewed one, and one in a PKCS #11 token."""

import glob
import os
import subprocess

import pytest

import lab as labs
from capfphone import Client, openssl
from signing import settings

FIRST, SECOND = labs.FIRST, labs.SECOND
PIN = "24681357"
CHECK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "data", "check_lsc.py")


def issuers(lab):
    return {i["subject"].split(";")[0][3:]: i for i in lab.json("show", "capf", "issuers", check=False)["issuers"]}


def client(lab, folder, device):
    lab.cadeado("device", "add", device, "--rsa-bits", "1024", "--operation", "Install/Upgrade")
    return Client(folder / device, lab.port("capf"), device)


def enrol(phone):
    assert phone.run() == 0 and phone.json["reason"] == 1, phone.out + phone.err
    return phone.cert()


def name(cert):
    return cert.issuer.rfc4514_string().split(",")[0][3:]


def test_renewal_of_the_capf_key(lab, tmp_path):
    first, second = client(lab, tmp_path, FIRST), client(lab, tmp_path, SECOND)
    old = name(enrol(first))
    assert [(n, i["phones"], i["issues"]) for n, i in issuers(lab).items()] == [(old, 1, True)]
    # The new key: until lists name it and CAPF is restarted, the old one issues, and both are trusted.
    lab.cadeado("set", "cert", "regen", "CAPF", "--yes")
    new = next(n for n in issuers(lab) if n != old)
    assert name(enrol(second)) == old and issuers(lab)[old]["phones"] == 2
    lab.publish("update", "CTLFile")
    lab.restart("Cisco Tftp", "Cisco Certificate Authority Proxy Function")
    lab.cadeado("device", "update", SECOND, "--operation", "Install/Upgrade")
    assert name(enrol(second)) == new
    both = issuers(lab)
    assert (both[old]["phones"], both[new]["phones"], both[old]["issues"], both[new]["issues"]) == (1, 1, False, True)
    # A phone with the old one proves itself by it, which is recorded; nobody takes its issuer away before.
    place = both[old]["place"]
    unit, file = place.split("/")
    kept = lab.cadeado("set", "cert", "delete", unit, file, "--yes", check=False)
    assert kept.returncode == 1 and "1 phones still hold an LSC issued by " + old in kept.stderr
    lab.cadeado("device", "update", FIRST, "--auth", "By Existing Certificate (Precedence to LSC)", "--operation",
                "Install/Upgrade")
    assert first.run("--auth", "lsc") == 0 and first.json["reason"] == 1, first.out + first.err
    assert name(first.cert()) == new and issuers(lab)[old]["phones"] == 0
    lab.cadeado("set", "cert", "delete", unit, file, "--yes")
    assert list(issuers(lab)) == [new] and issuers(lab)[new]["phones"] == 2


@pytest.fixture
def token(tmp_path, monkeypatch):
    """An initialised token of SoftHSM2."""
    (tmp_path / "store").mkdir()
    (tmp_path / "softhsm.conf").write_text(f"directories.tokendir = {tmp_path}/store\nlog.level = ERROR\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm.conf"))
    # Leaks inside SoftHSM are not ours to judge.
    monkeypatch.setenv("LSAN_OPTIONS", "detect_leaks=0")
    subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "CAPF key", "--so-pin", "12345678", "--pin",
                    PIN], check=True, capture_output=True)
    return glob.glob("/usr/lib/*/softhsm/libsofthsm2.so")[0]


def test_the_key_in_a_token_signs(idle_lab, tmp_path, token):
    lab, pin = idle_lab, tmp_path / "pin"
    pin.write_text(PIN + "\n")
    pin.chmod(0o600)
    create = ("utils", "capf", "token", "create", "CAPF key", "--module", token, "--pin-file", str(pin), "--yes")
    subject = lab.json(*create)["subject"]
    assert subject.startswith("CN=CAPF-")
    again = lab.cadeado(*create, check=False)
    assert again.returncode == 1 and "holds a certificate already" in again.stderr
    settings(lab, capf_token="CAPF key", capf_module=token, capf_pin_file=pin)
    lab.start()
    phone = client(lab, tmp_path, FIRST)
    cert = enrol(phone)
    ca = subject.split(";")[0][3:]
    # Signed by the key in the token, while TLS shows the certificate that lists name.
    assert name(cert) == ca and phone.json["server_certificate"]["subject"].split(",")[0] != "CN=" + ca
    place = issuers(lab)[ca]["place"].split("/")
    pem = lab.path("keys", "trust", place[0], place[1] + ".pem")
    openssl(tmp_path, "verify", "-x509_strict", "-auth_level", "0", "-CAfile", pem, phone.path("LSC.pem"))
    done = subprocess.run(["/usr/bin/python3", CHECK, FIRST, "1825", phone.path("LSC.pem"), pem], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert issuers(lab)[ca]["phones"] == 1 and PIN not in lab.log()
    # What cannot sign is told when the daemon starts, not by the first phone.
    lab.stop()
    pin.write_text("00000000\n")
    assert "PIN" in refusal(lab)
    pin.write_text(PIN + "\n")
    pin.chmod(0o644)
    assert "others can read it" in refusal(lab)
    pin.chmod(0o600)
    # A certificate that is trusted no more would sign what no phone can register with.
    os.rename(pem, tmp_path / "ca.pem")
    assert "not in CAPF-trust" in refusal(lab)
    lab.cadeado("set", "cert", "import", "trust", "CAPF-trust", str(tmp_path / "ca.pem"))
    settings(lab, capf_token="another")
    assert "no token another in any slot" in refusal(lab)
    settings(lab, capf_token="CAPF key")
    lab.start()
    lab.cadeado("device", "update", FIRST, "--operation", "Install/Upgrade")
    assert name(enrol(phone)) == ca


def refusal(lab):
    done = subprocess.run([labs.program("cadeadod"), "--state", lab.dir], capture_output=True, text=True, timeout=20,
                          check=False)
    assert done.returncode == 1, done.stderr
    return done.stderr
