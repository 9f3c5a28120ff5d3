# SPDX-License-Identifier: BSD-2-Clause
"""LSCs that another authority signs: openssl, as an administrator would run it."""

import os

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

import lab as labs
from signing import Authority, crash, settings
from capfphone import Client, openssl

FIRST, SECOND = labs.FIRST, labs.SECOND


@pytest.fixture
def node(idle_lab, tmp_path):
    """CAPF signs nothing itself, and two phones have their orders."""
    lab = idle_lab
    settings(lab, capf_ca="offline")
    lab.start()
    lab.clients = {}
    for device in (FIRST, SECOND):
        lab.cadeado("device", "add", device, "--rsa-bits", "1024", "--operation", "Install/Upgrade")
        lab.clients[device] = Client(tmp_path / device, lab.port("capf"), device)
    return lab


def status(lab, device):
    return lab.json("device", "show", device)["device"]["certificateOperationStatus"]


def requests(lab):
    return {r["name"]: r for r in lab.json("utils", "capf", "csr", "list")["requests"]}


def test_an_offline_authority_signs(node, tmp_path):
    ca, phone, out = Authority(tmp_path / "ca"), node.clients[FIRST], tmp_path / "out"
    # The phone brings its key, and its operation waits; coming again changes nothing, nor does a crash.
    assert phone.run() == 0 and phone.json["reason"] == 0, phone.out
    waiting = requests(node)[FIRST]
    crash(node)
    assert phone.run() == 0 and phone.json["reason"] == 0
    assert requests(node) == {FIRST: waiting} and status(node, FIRST) == "Operation Pending"
    assert "waits for the authority" in node.cadeado("device", "capf", "show", FIRST).stdout
    # What is exported verifies by CAPF's key, and the certificate is for the phone's.
    told = node.cadeado("utils", "capf", "csr", "export", str(out)).stdout
    assert "1 requests exported" in told and "-force_pubkey" in told
    assert sorted(os.listdir(out)) == [FIRST + ".csr", FIRST + ".pub"]
    openssl(out, "req", "-in", FIRST + ".csr", "-verify", "-noout")
    request = x509.load_pem_x509_csr((out / (FIRST + ".csr")).read_bytes())
    with open(node.path("keys", "CAPF.pem"), "rb") as f:
        capf = x509.load_pem_x509_certificate(f.read())
    assert request.is_signature_valid and request.public_key().public_numbers() == capf.public_key().public_numbers()
    signed = ca.sign(out, FIRST)
    # Nobody trusts that authority yet.
    refused = node.cadeado("utils", "capf", "csr", "import", str(signed), check=False)
    assert refused.returncode == 1 and "not trusted here" in refused.stdout and not requests(node)[FIRST]["imported"]
    ca.trust(node)
    assert f"certificate of {FIRST}" in node.cadeado("utils", "capf", "csr", "import", str(signed)).stdout
    crash(node)
    # The phone makes no second key, and what it gets is what was signed.
    assert phone.run() == 0 and phone.json["reason"] == 1, phone.out + phone.err
    got = phone.cert()
    assert got.public_bytes(serialization.Encoding.PEM) == signed.read_bytes()
    assert got.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value == \
        x509.SubjectKeyIdentifier.from_public_key(got.public_key())
    openssl(phone.folder, "verify", "-x509_strict", "-purpose", "sslclient", "-auth_level", "0", "-CAfile", ca.cert,
            "LSC.pem")
    assert status(node, FIRST) == "Upgrade Success" and not requests(node)
    row, = (r for r in node.json("show", "capf", "report")["phones"] if r["name"] == FIRST)
    assert "Corp Phones CA" in row["issuedBy"]
    # As long as a phone holds one of its certificates the authority stays.
    name, = (c["name"] for c in node.json("show", "cert", "list", "trust")["certificates"] if c["unit"] == "CAPF-trust")
    kept = node.cadeado("set", "cert", "delete", "CAPF-trust", name, "--yes", check=False)
    assert kept.returncode == 1 and "1 phones still hold" in kept.stderr


def test_only_certificates_that_the_phone_can_use_are_taken(node, tmp_path):
    ca, out = Authority(tmp_path / "ca"), tmp_path / "out"
    ca.trust(node)
    for phone in node.clients.values():
        assert phone.run() == 0 and phone.json["reason"] == 0
    node.cadeado("utils", "capf", "csr", "export", str(out))
    common = ["-CA", str(ca.cert), "-CAkey", str(ca.folder / "ca.key")]
    forced = ["x509", "-req", "-in", FIRST + ".csr", "-force_pubkey", FIRST + ".pub", *common]

    def bad(name, *how, extensions=None):
        if extensions:
            (out / "ext").write_text(extensions)
            how = [*how, "-extfile", "ext"]
        openssl(out, *how, "-out", name)
        return name

    openssl(out, "x509", "-in", ca.cert, "-noout", "-pubkey", "-out", "ca.pub")
    files = {
        bad("capf-key", "x509", "-req", "-in", FIRST + ".csr", *common, "-days", "9"): "holds CAPF's key",
        bad("name", *forced, "-days", "9", "-subj", "/CN=" + SECOND): "its common name is another",
        bad("ca", *forced, "-days", "9", extensions="basicConstraints=critical,CA:TRUE"): "an authority's certificate",
        bad("server", *forced, "-days", "9", extensions="extendedKeyUsage=serverAuth"): "a TLS client",
        bad("sign", *forced, "-days", "9", extensions="keyUsage=critical,dataEncipherment"): "a TLS client",
        bad("big", *forced, "-days", "9", extensions="nsComment=" + "x" * 9000): "more than 8186 bytes",
        bad("stranger", "x509", "-req", "-in", FIRST + ".csr", "-force_pubkey", "ca.pub", *common, "-days", "9"):
            "no phone's request with this key waits",
    }
    (out / "rubbish").write_bytes(b"\x30\x82\xff\xff" + b"A" * 100)
    (out / "empty").write_bytes(b"")
    (out / "half").write_text("-----BEGIN CERTIFICATE-----\nMIIB")
    for name in ("rubbish", "empty"):
        files[name] = "neither a certificate nor a certs-only PKCS #7"
    files["half"] = "a block has no end"
    for name, words in files.items():
        done = node.cadeado("utils", "capf", "csr", "import", str(out / name), check=False)
        assert done.returncode == 1 and words in done.stdout and len(done.stdout.splitlines()) == 2, (name, done.stdout)
    assert not any(r["imported"] for r in requests(node).values())
    # Two phones, one serial number.
    for device in (FIRST, SECOND):
        openssl(out, "x509", "-req", "-in", device + ".csr", "-force_pubkey", device + ".pub", *common, "-set_serial",
                "0x77", "-days", "9", "-copy_extensions", "copyall", "-out", device + ".pem")
    both = node.cadeado("utils", "capf", "csr", "import", str(out / (FIRST + ".pem")), str(out / (SECOND + ".pem")),
                        str(out / (FIRST + ".pem")), check=False)
    assert both.returncode == 1 and both.stdout.count(f"certificate of {FIRST}") == 2
    assert f"given out serial number 77 before, to {FIRST}" in both.stdout
    # All of them in one PKCS #7; the certificate that came first is replaced.
    ca.sign(out, FIRST)
    ca.sign(out, SECOND)
    for form in ("PEM", "DER"):
        openssl(ca.folder, "crl2pkcs7", "-nocrl", "-certfile", "ca.pem", "-certfile", FIRST + ".pem", "-certfile",
                SECOND + ".pem", "-outform", form, "-out", "all." + form)
        done = node.cadeado("utils", "capf", "csr", "import", str(ca.folder / ("all." + form)))
        assert "2 certificates imported" in done.stdout
    for device, phone in node.clients.items():
        assert phone.run() == 0 and phone.json["reason"] == 1, phone.err
        assert status(node, device) == "Upgrade Success"


def test_a_phone_that_lost_its_key_makes_another(node, tmp_path):
    ca, phone, out = Authority(tmp_path / "ca"), node.clients[FIRST], tmp_path / "out"
    ca.trust(node)
    assert phone.run() == 0
    node.cadeado("utils", "capf", "csr", "export", str(out))
    signed = ca.sign(out, FIRST)
    first = requests(node)[FIRST]["keySha256"]
    phone.path("lsc.key.kept").unlink()
    # Before the certificate is here: the administrator says so, and the old one is of no use any more.
    node.cadeado("utils", "capf", "csr", "delete", FIRST, "--yes")
    assert phone.run() == 0 and phone.json["reason"] == 0
    assert requests(node)[FIRST]["keySha256"] != first
    done = node.cadeado("utils", "capf", "csr", "import", str(signed), check=False)
    assert done.returncode == 1 and "no phone's request with this key waits" in done.stdout
    # After it: the phone refuses, which ends the order, and the next one begins with a new key.
    node.cadeado("utils", "capf", "csr", "export", str(out))
    node.cadeado("utils", "capf", "csr", "import", str(ca.sign(out, FIRST)))
    phone.path("lsc.key.kept").unlink()
    assert phone.run() == 1 and phone.json["reason"] == 7
    assert status(node, FIRST) == "Upgrade Failed" and not requests(node)
    node.cadeado("device", "update", FIRST, "--operation", "Install/Upgrade")
    # An authority that takes CAPF's word gets the phone's key in the request itself.
    assert phone.run() == 0 and phone.json["reason"] == 0
    node.cadeado("utils", "capf", "csr", "export", str(out), "--device", FIRST, "--phone-key")
    request = x509.load_pem_x509_csr((out / (FIRST + ".csr")).read_bytes())
    key = serialization.load_pem_public_key((out / (FIRST + ".pub")).read_bytes())
    assert request.public_key().public_numbers() == key.public_numbers() and not request.is_signature_valid
    assert request.subject.rfc4514_string().startswith("CN=" + FIRST)
