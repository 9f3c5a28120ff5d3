# SPDX-License-Identifier: BSD-2-Clause
"""The client of the simulated phone at our daemon: every operation, every mode, every kind of key."""

import itertools
import os
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

import lab as labs
from capfphone import Client, manufacture, openssl
from peers import Capf, element

KINDS = {"RSA-512": None, "RSA-1024": None, "RSA-2048": None, "RSA-3072": None, "RSA-4096": None, "EC-256": "P-256",
         "EC-384": "P-384", "EC-521": "P-521"}
NULL, STRING, LSC, MIC = ("By Null String", "By Authentication String", "By Existing Certificate (Precedence to LSC)",
                          "By Existing Certificate (Precedence to MIC)")
DIGITS = "0048151623"


@pytest.fixture(scope="module")
def node(template, tmp_path_factory):
    """One daemon for all: each test has phones of its own."""
    made = labs.copy(template, tmp_path_factory.mktemp("node") / "lab")
    made.keys = tmp_path_factory.mktemp("keys")
    made.numbers = itertools.count(0x0011215B0000)
    made.start()
    yield made
    made.end()


@pytest.fixture(scope="module")
def factory(node, tmp_path_factory):
    """Manufacturer's certificates; the daemon knows the authority of the first two."""
    made = {}
    os.makedirs(node.path("manufacturer"), exist_ok=True)
    for name, kind in (("rsa", ("-newkey", "rsa:2048")),
                       ("ec", ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384")),
                       ("stranger", ("-newkey", "rsa:2048"))):
        device = "SEP%012X" % next(node.numbers)
        made[name] = device, manufacture(tmp_path_factory.mktemp("factory") / name, kind, device)
        if name != "stranger":
            with open(node.path("manufacturer", name + ".pem"), "wb") as f:
                f.write((made[name][1] / "ca.pem").read_bytes())
    return made


class Phone(Client):
    def __init__(self, node, folder, device, kind="RSA-1024"):
        super().__init__(folder, node.port("capf"), device)
        self.node, self.fixed = node, ["--new-key", ready_key(node, kind)]

    def order(self, operation, *more):
        self.node.cadeado("device", "update", self.device, "--operation", operation, *more)

    def secret(self, digits):
        path = self.folder.parent / "digits"
        path.write_text(digits + "\n")
        self.node.cadeado("device", "secret", self.device, "auth-string", "--secret-file", str(path))

    @property
    def status(self):
        return self.node.json("device", "show", self.device)["device"]["certificateOperationStatus"]

    def ends(self, reason, status, *options):
        """A session that ends with this reason, and what is on record before the phone hears of it."""
        good = reason in (0, 1)
        assert self.run(*options) == (0 if good else 1), self.out + self.err
        assert (self.json["reason"], self.status) == (reason, status), self.out
        return self


def ready_key(node, kind):
    """A client's key, made once: it is not the phone's speed that is looked at."""
    path = node.keys / kind
    if not path.exists():
        how = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:" + KINDS[kind]] if KINDS[kind] else \
            ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:" + kind[4:]]
        openssl(node.keys, "genpkey", *how, "-out", kind)
        path.chmod(0o600)
    return path


@pytest.fixture
def phone(node, tmp_path):
    """A new phone with its record."""
    def make(*options, kind="RSA-1024", device=None, operation="Install/Upgrade"):
        device = device or "SEP%012X" % next(node.numbers)
        node.cadeado("device", "add", device, "--rsa-bits", "1024", "--operation", operation, *options)
        return Phone(node, tmp_path / device, device, kind)
    return make


def recorded(phone):
    """What the server knows of the phone's LSC."""
    rows = phone.node.json("show", "capf", "report")["phones"]
    return next(r for r in rows if r["name"] == phone.device)


def alarms(node, device):
    """Rows of the audit log that a phone is to blame for."""
    rows = node.json("utils", "audit", "show")["entries"]
    return [r["action"] for r in rows if r["who"] == device]


# ---- install, and all kinds of keys ----

@pytest.mark.parametrize("kind", KINDS)
def test_install(phone, node, kind):
    family, bits = kind.split("-")
    one = phone("--device-type", "Cisco 8841", *(("--rsa-bits", bits) if family == "RSA" else
                                                 ("--key-order", "EC Only", "--ec-bits", bits)), kind=kind)
    one.ends(1, "Upgrade Success")
    cert, capf = one.cert(), node.path("keys", "CAPF.pem")
    assert one.json["lsc"]["key"] == kind and one.json["operation"] == "install"
    openssl(one.folder, "verify", "-x509_strict", "-auth_level", "0", "-CAfile", capf, "LSC.pem")
    with open(capf, "rb") as f:
        issuer = x509.load_pem_x509_certificate(f.read())
    assert cert.issuer.public_bytes() == issuer.subject.public_bytes()
    issuer.public_key().verify(cert.signature, cert.tbs_certificate_bytes, padding.PKCS1v15(), cert.signature_hash_algorithm)
    key = serialization.load_pem_private_key(ready_key(node, kind).read_bytes(), None)
    assert cert.public_key().public_numbers() == key.public_key().public_numbers()
    usage = cert.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical and usage.value.digital_signature and not usage.value.key_cert_sign
    assert usage.value.key_encipherment or not isinstance(key, rsa.RSAPrivateKey)
    assert one.node.json("device", "show", one.device)["device"]["certificateOperation"] == "No Pending Operation"
    assert recorded(one)["issuedBy"].startswith("CAPF-") and alarms(node, one.device) == []


def test_backup_key(phone):
    """A phone that cannot make the EC key is asked for the RSA key in the same session."""
    one = phone("--device-type", "Cisco 8841", "--key-order", "EC Preferred, RSA Backup")
    one.ends(1, "Upgrade Success", "--capf-version", "2")
    assert one.json["lsc"]["key"] == "RSA-1024"
    two = phone("--device-type", "Cisco 8841", "--key-order", "EC Preferred, RSA Backup", "--ec-bits", "256",
                kind="EC-256")
    two.ends(1, "Upgrade Success")
    assert two.json["lsc"]["key"] == "EC-256"
    three = phone("--device-type", "Cisco 8841", "--key-order", "EC Only", kind="EC-256")
    three.ends(7, "Upgrade Failed: No Support for EC only in CAPF version 3", "--capf-fault", "no-key")


# ---- delete, troubleshoot, nothing ----

def test_delete(phone, node):
    one = phone().ends(1, "Upgrade Success")
    assert recorded(one)["expires"] != "NA"
    one.order("Delete")
    one.ends(1, "Delete Success")
    assert one.json["operation"] == "delete" and not one.path("LSC.pem").exists()
    assert recorded(one)["expires"] == "NA"
    one.ends(0, "Delete Success")
    assert one.json["operation"] == "none" and alarms(node, one.device) == []
    one.order("Delete")
    one.ends(7, "Delete Failed", "--capf-fault", "refuse-delete")


def test_troubleshoot(phone, node, factory):
    """What the phone holds is read, kept beside the trace, and changes nothing on the phone."""
    device, folder = factory["rsa"]
    one = phone("--auth", NULL, device=device).ends(1, "Upgrade Success", "--mic", folder)
    one.order("Troubleshoot")
    one.ends(0, "Troubleshoot Success")
    assert one.json["operation"] == "fetch"
    for kind, name in (("L", "LSC.pem"), ("M", "MIC.pem")):
        with open(node.path("activelog", "cm", "trace", "capf", "sdi", "%s-%s1.cer" % (device, kind)), "rb") as f:
            assert f.read() == one.cert(name).public_bytes(serialization.Encoding.DER)
    two = phone(operation="Troubleshoot")
    two.ends(0, "Troubleshoot Success")
    assert "the phone has no certificate" in node.cadeado("device", "capf", "show", two.device).stdout


@pytest.mark.parametrize("how", ["goes", "other"])
def test_troubleshoot_a_client_that_knows_no_second_request(phone, node, how):
    """usecallmanager's client hangs up when it is asked for the MIC: its LSC is taken."""
    one = phone().ends(1, "Upgrade Success")
    one.order("Troubleshoot")
    der = one.cert().public_bytes(serialization.Encoding.DER)
    with Capf(node.port("capf")) as client:
        client.auth(one.device)
        assert client.recv() == (11, {})
        client.send(12, element(1, b"\1"), element(4, b"\1" + (len(der) + 2).to_bytes(2, "big") + b"\0\1" + der))
        assert client.recv() == (11, {3: b"\2"})
        if how == "other":
            client.send(14, element(1, b"\1"))
            assert client.ended() == 0
    assert labs.wait_for(lambda: one.status == "Troubleshoot Success"), one.status
    assert "asked for its MIC" in node.cadeado("device", "capf", "show", one.device).stdout


def test_nothing_pending(phone):
    phone(operation="No Pending Operation").ends(0, "None")


# ---- who it is: the server's record decides ----

def test_strings(phone, node):
    one = phone("--auth", STRING)
    one.ends(7, "Upgrade Failed: Invalid Authentication String")  # the phone thinks: null string
    one.secret(DIGITS)
    (one.folder.parent / "typed").write_text(DIGITS + "\n")
    typed = "--auth", "string", "--string-file", one.folder.parent / "typed"
    one.ends(7, "Upgrade Failed: Invalid Authentication String", *typed, "--capf-fault", "wrong-string")
    one.ends(7, "Upgrade Failed: Invalid Authentication String", *typed, "--capf-fault", "no-string")
    one.ends(1, "Upgrade Success", *typed)  # wrong ones have not used it up
    one.ends(0, "Upgrade Success", *typed)
    assert alarms(node, one.device) == ["capf outside its window"]
    one.order("Install/Upgrade")
    one.ends(7, "Upgrade Failed: Invalid Authentication String", *typed)
    one.secret(DIGITS)
    one.ends(1, "Upgrade Success", *typed)
    assert alarms(node, one.device)[1:] == ["capf second enrolment"]
    for text in (node.log(), node.trace("capf")):
        assert DIGITS not in text


def test_ten_wrong_strings(phone, node):
    """Then not even the right one is looked at; how long, core/enrol is asked with a clock of its own."""
    one = phone("--auth", STRING)
    one.secret(DIGITS)
    for name, digits in (("right", DIGITS), ("wrong", "9999")):
        (one.folder.parent / name).write_text(digits + "\n")
    typed = ("--auth", "string", "--string-file")
    for _ in range(10):
        assert one.run(*typed, one.folder.parent / "wrong") == 1
    assert alarms(node, one.device) == ["capf wrong strings"]
    one.ends(7, "Upgrade Failed: Invalid Authentication String", *typed, one.folder.parent / "right")
    shown = node.cadeado("device", "capf", "show", one.device).stdout
    assert "10 wrong authentication strings: no other is looked at before" in shown


def test_null_string(phone):
    one = phone("--auth", NULL)
    (one.folder.parent / "typed").write_text(DIGITS + "\n")
    one.ends(7, "Upgrade Failed: Invalid Authentication String", "--auth", "string", "--string-file",
             one.folder.parent / "typed")
    one.ends(1, "Upgrade Success", "--auth", "null")
    one.order("Install/Upgrade")
    # It says that it proves itself by its LSC: in this mode nobody asks, but it is no second enrolment.
    one.ends(1, "Upgrade Success", "--auth", "lsc")
    one.order("Delete")
    one.ends(1, "Delete Success", "--auth", "none")


@pytest.mark.parametrize("kind", ["RSA-512", "RSA-2048", "EC-256", "EC-384", "EC-521"])
def test_by_lsc(phone, node, kind):
    """SHA-1 alone as version 2 has it, and SHA-512 beside it; a small key has no room for that."""
    family, bits = kind.split("-")
    plain = ("--no-tls-cert",) if kind == "RSA-512" else ()
    one = phone("--device-type", "Cisco 8841", *(("--rsa-bits", bits) if family == "RSA" else
                                                 ("--key-order", "EC Only", "--ec-bits", bits)), kind=kind)
    one.ends(1, "Upgrade Success")
    one.order("Install/Upgrade", "--auth", LSC)
    one.ends(7, "Upgrade Failed: Invalid Credentials")
    for fault in ("no-proof", "wrong-proof", *(("short-padding",) if family == "RSA" and bits != "512" else ())):
        one.ends(7, "Upgrade Failed: Invalid Credentials", "--auth", "lsc", "--capf-fault", fault, *plain)
    one.ends(1, "Upgrade Success", "--auth", "lsc", *plain)
    one.order("Delete")
    one.ends(1, "Delete Success", "--auth", "lsc", "--capf-version", "2", *plain)
    assert alarms(node, one.device) == []


@pytest.mark.parametrize("made", ["rsa", "ec"])
@pytest.mark.parametrize("mode,auth", [(LSC, "lsc"), (MIC, "mic")])
def test_precedence(phone, node, factory, made, mode, auth, tmp_path):
    """Without an LSC the MIC serves in either mode."""
    device, folder = factory[made]
    node.cadeado("device", "delete", device, "--yes", check=False)
    before = len(alarms(node, device))
    one = phone("--auth", mode, device=device)
    more = ("--sudi",) if made == "rsa" else ()
    one.ends(1, "Upgrade Success", "--auth", auth, "--mic", folder, *more)
    one.order("Install/Upgrade")
    one.ends(1, "Upgrade Success", "--auth", auth)
    # Who comes with the LSC renews it; who comes with the MIC while one is recorded might be somebody else.
    assert alarms(node, device)[before:] == ([] if mode == LSC else ["capf second enrolment"])


def test_mic_of_a_stranger(phone, factory):
    device, folder = factory["stranger"]
    one = phone("--auth", MIC, device=device)
    one.ends(7, "Upgrade Failed: Invalid MIC", "--auth", "mic", "--mic", folder)


def test_too_late(phone, node):
    one = phone("--operation-by", "2020-01-01")
    one.ends(0, "Upgrade Failed: User Initiated Request Late/Timedout")
    assert alarms(node, one.device) == ["capf outside its window"]


# ---- how phones speak ----

def test_pieces_and_patience(phone, node):
    one = phone()
    one.ends(1, "Upgrade Success", "--capf-fault", "pieces", "--capf-fault", "slow-key=2", "--capf-progress", "1")
    assert [m["type"] for m in one.json["messages"]].count("REQ_IN_PROGRESS") >= 2
    assert re.search(r"%s:CAPF CORE: Rcvd Event: CAPF_EV_REQUEST_IN_PROGRESS in State: CAPF_STATE_AWAIT_KEY_GEN_RES" %
                     one.device, node.trace("capf"))


@pytest.mark.parametrize("fault,status", [
    ("hang-up=KEY_GEN_REQ", "Upgrade Failed: Phone Communication Failure"),
    ("lose-answer", "Upgrade Failed: Phone Communication Failure"),
    ("garbage=KEY_GEN_REQ", "Upgrade Failed: Phone Communication Failure"),
    ("unknown-type=STORE_CERT_REQ", "Upgrade Failed: Phone Communication Failure"),
    ("wrong-key-size", "Upgrade Failed: Key Generation Failed/Timeout"),
    ("wrong-key-type", "Upgrade Failed: Key Generation Failed/Timeout"),
    ("bad-key", "Upgrade Failed: Key Generation Failed/Timeout"),
    ("no-key", "Upgrade Failed: Key Generation Failed/Timeout"),
    ("refuse-certificate", "Upgrade Failed")])
def test_what_goes_wrong(phone, node, fault, status):
    """One status for each session; a phone that was lost finds its order again."""
    one = phone()
    one.run("--capf-fault", fault, "--timeout", "1")
    assert labs.wait_for(lambda: one.status == status), one.status
    kept = node.json("device", "show", one.device)["device"]["certificateOperation"]
    assert kept == ("Install/Upgrade" if "Communication" in status else "No Pending Operation")
    one.order("Install/Upgrade")
    one.ends(1, "Upgrade Success")
