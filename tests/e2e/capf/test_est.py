# SPDX-License-Identifier: BSD-2-Clause
"""LSCs from an authority that speaks EST, and from servers that do not, or not well."""

import base64
import os

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

import lab as labs
from capfphone import Client, openssl
from est import Server
from signing import Authority, crash, settings

FIRST, SECOND = labs.FIRST, labs.SECOND
PKCS7 = [("Content-Type", "application/pkcs7-mime")]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("est") / "ca")


@pytest.fixture
def node(idle_lab, tmp_path, authority):
    lab = idle_lab
    lab.server = Server(authority, lab.path("keys", "CAPF.pem"), account="capf:s3cret, sic")
    password = tmp_path / "password"
    password.write_text("s3cret, sic\n")
    password.chmod(0o600)
    settings(lab, capf_ca="est", est_url=lab.server.url + "/", est_trust=authority.cert, est_user="capf",
             est_password_file=password)
    authority.trust(lab)
    lab.cadeado("device", "add", FIRST, "--rsa-bits", "1024", "--operation", "Install/Upgrade")
    lab.start()
    lab.phone = Client(tmp_path / FIRST, lab.port("capf"), FIRST)
    yield lab
    lab.server.end()


def status(lab):
    return lab.json("device", "show", FIRST)["device"]["certificateOperationStatus"]


def note(lab):
    return lab.json("device", "capf", "show", FIRST)["operations"][0]["note"]


def order(lab):
    lab.cadeado("device", "update", FIRST, "--operation", "No Pending Operation")
    lab.cadeado("device", "update", FIRST, "--operation", "Install/Upgrade")


def test_enrols_in_one_session(node):
    phone = node.phone
    assert phone.run() == 0 and phone.json["reason"] == 1, phone.out + phone.err
    assert status(node) == "Upgrade Success"
    issued, = node.server.issued
    assert phone.cert().public_bytes(serialization.Encoding.PEM) == issued.read_bytes()
    # The request is for the phone's key under the names that CAPF gives it, in lines of base 64.
    body, = node.server.asked
    request = x509.load_der_x509_csr(base64.b64decode(body))
    assert max(map(len, body.splitlines())) == 64
    assert request.public_key().public_numbers() == phone.cert().public_key().public_numbers()
    assert request.subject.rfc4514_string().startswith(f"CN={FIRST},")
    kinds = {type(e.value).__name__ for e in request.extensions}
    assert kinds == {"BasicConstraints", "KeyUsage", "ExtendedKeyUsage", "SubjectKeyIdentifier"}
    row, = node.json("show", "capf", "report")["phones"]
    assert "Corp Phones CA" in row["issuedBy"]
    with open(node.path("cadeadod.log"), encoding="utf-8") as f:
        assert "s3cret" not in f.read()
    # A renewal has a key and a certificate of its own.
    order(node)
    assert phone.run() == 0 and phone.json["reason"] == 1
    assert len(node.server.issued) == 2 and node.server.asked[0] != node.server.asked[1]


def test_an_authority_that_decides_later(node):
    phone = node.phone
    node.server.answers = [(202, [("Retry-After", "1")]), (202, [("Retry-After", "86400")])]
    assert phone.run() == 0 and phone.json["reason"] == 0 and status(node) == "Operation Pending"
    assert "decides later" in note(node)
    # Asked for the same once more when it is time, and not before; a crash forgets nothing.
    assert labs.wait_for(lambda: phone.run() == 0 and len(node.server.asked) == 2, every=0.3)
    crash(node)
    assert phone.run() == 0 and phone.json["reason"] == 0 and len(node.server.asked) == 2
    assert "wants to be asked after" in note(node) and node.server.asked[0] == node.server.asked[1]
    # Whoever is tired of waiting has it signed by hand.
    row, = node.json("utils", "capf", "csr", "list")["requests"]
    assert row["name"] == FIRST and not row["imported"]
    signed = node.server.ca.folder / "by-hand.pem"
    node.cadeado("utils", "capf", "csr", "export", node.path("out"), "--device", FIRST)
    node.server.ca.sign(node.path("out"), FIRST, signed)
    node.cadeado("utils", "capf", "csr", "import", str(signed))
    assert phone.run() == 0 and phone.json["reason"] == 1, phone.err
    assert status(node) == "Upgrade Success" and len(node.server.asked) == 2


def test_a_lost_phone_gets_what_was_issued_for_it(node):
    phone = node.phone
    # It goes before the certificate comes, or with the certificate in its hands.
    for count, fault in enumerate(("hang-up=STORE_CERT_REQ", "lose-answer"), 1):
        order(node)
        phone.run("--capf-fault", fault)
        assert labs.wait_for(lambda: status(node) == "Upgrade Failed: Phone Communication Failure")
        crash(node)
        assert phone.run() == 0 and phone.json["reason"] == 1, note(node)
        assert len(node.server.issued) == count and status(node) == "Upgrade Success"


LOST, REFUSED = "Upgrade Failed: CA Communication Failure", "Upgrade Failed: CA Rejected Connection"


def test_answers_that_are_of_no_use(node, tmp_path, authority):
    """Each ends in one status, and those that may be our network's fault leave the order as it is."""
    phone, other = node.phone, tmp_path / "other"
    other.mkdir()
    openssl(other, "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", "k", "-out", "c", "-subj", "/CN=" + FIRST)
    openssl(other, "crl2pkcs7", "-nocrl", "-certfile", "c", "-outform", "DER", "-out", "p7")
    p7 = base64.b64encode((other / "p7").read_bytes())
    rows = [
        ((200, PKCS7, p7), REFUSED, "another key than the phone's"),
        ((200, PKCS7, p7[:-12]), REFUSED, "the authority's answer"),
        ((200, PKCS7, base64.b64encode(b"\x30\x84\xff\xff\xff\xff")), REFUSED, "the authority's answer"),
        ((200, PKCS7, base64.b64encode(b"\x30\x00")), REFUSED, "the authority's answer"),
        ((200, PKCS7, b""), REFUSED, "the authority's answer"),
        ((200, PKCS7, b"<html>login"), LOST, "base 64"),
        ((200, [("Content-Type", "text/html")], b"<html>"), LOST, "text/html"),
        ((200, PKCS7, b"A" * 300000), LOST, "more than 262144 bytes"),
        ((400, [], b"no such \x1b[31mprofile"), REFUSED, "refused (400) no such"),
        (403, REFUSED, "refuses this account (403)"),
        (404, LOST, "no EST at this address"),
        (503, LOST, "503"),
        ((302, [("Location", "https://127.0.0.1:1/")]), LOST, "302"),
        (204, LOST, "204"),
    ]
    for answer, ends, words in rows:
        order(node)
        node.server.answers = [answer]
        assert phone.run() == 1 and phone.json["reason"] == 7, (answer, phone.out)
        assert status(node) == ends and words in note(node), (answer, status(node), note(node))
        assert "\x1b" not in note(node)
        pending = node.json("device", "show", FIRST)["device"]["certificateOperation"]
        assert (pending == "Install/Upgrade") == (ends == LOST), answer
    assert not node.server.issued
    # After all that, the next one is served.
    order(node)
    assert phone.run() == 0 and phone.json["reason"] == 1


def test_whom_it_speaks_to_and_as_whom(node, tmp_path, authority):
    phone = node.phone
    # A server that another authority vouches for, though it may be one of the machine's own.
    stranger = Authority(tmp_path / "stranger", "Stranger")
    false = Server(stranger, node.path("keys", "CAPF.pem"))
    node.stop()
    settings(node, est_url=false.url)
    node.start()
    assert phone.run() == 1 and status(node) == LOST and "est_trust vouches for" in note(node)
    assert not false.asked
    false.end()
    # Nobody there.
    assert phone.run() == 1 and status(node) == LOST
    # A certificate instead of an account.
    openssl(tmp_path, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "capf.key", "-out", "capf.pem", "-subj",
            "/CN=CAPF as registrar", "-days", "9")
    os.chmod(tmp_path / "capf.key", 0o600)
    by_cert = Server(authority, node.path("keys", "CAPF.pem"), client_ca=tmp_path / "capf.pem")
    node.stop()
    settings(node, est_url=by_cert.url, est_user="none", est_password_file="none", est_cert=tmp_path / "capf.pem",
             est_key=tmp_path / "capf.key")
    node.start()
    assert phone.run() == 0 and phone.json["reason"] == 1, note(node)
    by_cert.end()


def test_secrets_and_settings_are_looked_at_before_capf_starts(node, tmp_path):
    restart = ("utils", "service", "restart", "Cisco", "Certificate", "Authority", "Proxy", "Function")
    os.chmod(tmp_path / "password", 0o644)
    done = node.cadeado(*restart, check=False)
    assert done.returncode == 1 and "others can read it" in done.stderr
    assert node.phone.run() == 1 and "others can read it" in note(node)
    os.chmod(tmp_path / "password", 0o600)
    node.cadeado(*restart)
    assert node.phone.run() == 0
    node.stop()
    for name, value, words in (("est_url", "http://127.0.0.1/", "https://"), ("est_trust", "none", "est_trust"),
                               ("est_trust", tmp_path / "password", "est_trust"),
                               ("est_user", "none", "belong together"), ("est_key", "x", "belong together")):
        with open(node.path("cadeado.conf"), encoding="utf-8") as f:
            before = f.read()
        settings(node, **{name: value})
        done = labs.subprocess.run([labs.program("cadeadod"), "--state", node.dir], capture_output=True, text=True,
                                   timeout=20, check=False)
        assert done.returncode == 1 and words in done.stderr, (name, done.stderr)
        with open(node.path("cadeado.conf"), "w", encoding="utf-8") as f:
            f.write(before)
