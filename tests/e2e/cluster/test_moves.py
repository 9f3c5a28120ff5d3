# SPDX-License-Identifier: BSD-2-Clause
"""From tokens to none and back, to non-secure mode and back, to new keys: a phone that holds the list before follows
each step, and the short ways, which it would refuse, are refused."""

import os
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "ctlclient"))

import lab as labs  # noqa: E402
from lab import FIRST, PIN, program, wait_for  # noqa: E402
from person import Person  # noqa: E402

TOKENS = ("SAST-ADN4e31f914", "SAST-ADN5bbd7b14")


class Fleet:
    """One phone that has held a list of this cluster from the beginning."""

    def __init__(self, lab):
        self.lab = lab
        lab.cadeado("device", "add", FIRST, "--number", "1001")
        with open(lab.path("pin"), "w", encoding="ascii") as f:
            f.write(PIN)

    def run(self, *words, check=True):
        """A command, then what must follow a publication: TFTP is restarted."""
        done = self.lab.cadeado(*words, "--yes", check=False)
        assert not check or done.returncode == 0, (words, done.stderr)
        if done.returncode == 0:
            self.lab.restart("Cisco Tftp")
        return done

    def signed(self, *words, token=TOKENS[0], check=True):
        return self.run(*words, "--token", token, "--pin-file", self.lab.path("pin"), check=check)

    def boots(self):
        """The phone starts, asks for its lists, and is switched off when it holds them."""
        folder = self.lab.folder(FIRST)
        for name in ("status.log", "phone.json"):
            if os.path.exists(os.path.join(folder, name)):
                os.unlink(os.path.join(folder, name))
        phone = subprocess.Popen([program("cadeado-phone"), "--mac", FIRST[3:], "--dir", folder, "--port-base",
                                  str(self.lab.base), "--retry-delay", "1", "--quiet"], stdin=subprocess.DEVNULL)
        try:
            asked = wait_for(lambda: self.lab.state(FIRST).get("config"), seconds=20)
        finally:
            phone.terminate()
            phone.wait(labs.PATIENCE)
        return asked

    def erased(self):
        for name in os.listdir(self.lab.folder(FIRST)):
            os.unlink(os.path.join(self.lab.folder(FIRST), name))

    def holds(self, name):
        try:
            with open(os.path.join(self.lab.folder(FIRST), name), "rb") as f:
                return f.read()
        except FileNotFoundError:
            return None

    def published(self, name):
        with open(self.lab.path("tftp", name), "rb") as f:
            return f.read()

    def follows(self):
        """After its next start the phone holds what is published now."""
        before = self.holds("CTLFile.tlv")
        self.boots()
        for name in ("CTLFile.tlv", "ITLFile.tlv"):
            assert self.holds(name) == self.published(name), (name, self.lab.status(FIRST), before is None)
        assert "Verification Failed" not in self.lab.status(FIRST)


@pytest.fixture
def fleet(lab):
    fleet = Fleet(lab)
    fleet.follows()
    return fleet


def refused(done, *texts):
    assert done.returncode == 1, done.stdout
    for text in texts:
        assert text in done.stderr, done.stderr


def test_from_tokens_to_none_and_back(fleet):
    held = fleet.published("CTLFile.tlv")
    refused(fleet.run("utils", "ctl", "set-cluster", "mixed-mode", check=False), "--with-local-key")
    assert fleet.published("CTLFile.tlv") == held
    fleet.signed("utils", "ctl", "update", "CTLFile", "--with-local-key")
    fleet.follows()
    fleet.run("utils", "ctl", "update", "CTLFile")
    fleet.follows()
    shown = fleet.lab.json("show", "ctl")
    assert "CN=publisher" in str(shown)

    done = fleet.signed("utils", "ctl", "update", "CTLFile", check=False)
    refused(done, "The Security Token you have inserted does not exist in the CTL File", "--with-tokens")
    fleet.run("utils", "ctl", "update", "CTLFile", "--with-tokens")
    fleet.follows()
    fleet.signed("utils", "ctl", "update", "CTLFile", token=TOKENS[1])
    fleet.follows()


def test_to_non_secure_mode_and_back(fleet):
    done = fleet.signed("utils", "ctl", "set-cluster", "non-secure-mode")
    assert "Cluster set to Non Secure Mode" in done.stdout
    fleet.follows()
    emptied = [line for line in fleet.lab.cadeado("show", "ctl").stdout.splitlines() if line.startswith("1\tRECORDLENGTH")]
    assert "1\tRECORDLENGTH\t2\t30" in emptied  # 5, name 3 + 10, role 5, address 7
    refused(fleet.signed("utils", "ctl", "set-cluster", "non-secure-mode", check=False), "already")
    # A token can be exchanged here too, and the mode stays.
    fleet.lab.cadeado("token", "create", "--serial", "ADN00000003", "--pin-file", fleet.lab.path("pin"))
    told = fleet.lab.json("utils", "ctl", "update", "CTLFile", "--token", TOKENS[0], "--pin-file", fleet.lab.path("pin"),
                          "--yes")
    assert told["clusterSecurityMode"] == 0 and told["tokens"] == 3
    fleet.lab.restart("Cisco Tftp")
    fleet.follows()
    shown = fleet.lab.json("show", "ctl")["records"]
    assert [r["function"] for r in shown].count("System Administrator Security Token") == 3
    assert "certificate" not in str([r for r in shown if r["function"] == "CCM+TFTP"]).lower()
    # A phone without any list finds its way in too, though the CTL names nobody who signs the ITL or files.
    fleet.erased()
    assert fleet.boots()
    assert fleet.holds("CTLFile.tlv") == fleet.published("CTLFile.tlv")
    assert wait_for(lambda: fleet.lab.state(FIRST).get("config")), fleet.lab.status(FIRST)
    fleet.signed("utils", "ctl", "set-cluster", "mixed-mode", token=TOKENS[1])
    fleet.follows()


def tokenless(fleet):
    fleet.signed("utils", "ctl", "update", "CTLFile", "--with-local-key")
    fleet.follows()
    fleet.run("utils", "ctl", "update", "CTLFile")
    fleet.follows()


def test_a_lost_callmanager_key_in_tokenless_mode(fleet):
    tokenless(fleet)
    # The key is gone for good, and somebody made another one in its place.
    keys = fleet.lab.path("keys")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "99", "-subj",
                    "/O=Cadeado/OU=Cadeado/CN=publisher", "-keyout", keys + "/CallManager.key", "-out",
                    keys + "/CallManager.pem"], check=True, capture_output=True)
    os.chmod(keys + "/CallManager.key", 0o600)
    refused(fleet.run("utils", "ctl", "update", "CTLFile", check=False), "utils ctl reset localkey")
    fleet.run("utils", "ctl", "reset", "localkey")
    fleet.follows()
    fleet.run("utils", "ctl", "update", "CTLFile")
    fleet.follows()


def test_a_new_callmanager_certificate(fleet):
    done = fleet.lab.cadeado("set", "cert", "regen", "CallManager", "--yes")
    assert "Successfully Regenerated Certificate for CallManager." in done.stdout
    steps = fleet.lab.json("show", "cert", "own", "CallManager/CallManager.pem")["certificates"]
    assert steps[0]["inForce"] is False
    refused(fleet.lab.cadeado("set", "cert", "regen", "TVS", "--yes", check=False), "CallManager was changed already")
    fleet.signed("utils", "ctl", "update", "CTLFile")
    fleet.follows()
    fleet.lab.restart("Cisco CallManager")
    assert fleet.lab.json("show", "cert", "own", "CallManager")["certificates"][0]["inForce"] is True
    assert not os.listdir(fleet.lab.path("keys", "previous"))
    fleet.follows()


def test_itl_signed_by_an_exported_key(fleet, tmp_path):
    lab, p12 = fleet.lab, str(tmp_path / "ITLRecovery.p12")
    word = str(tmp_path / "word")
    with open(word, "w", encoding="ascii") as f:
        f.write("correct horse\n")
    lab.cadeado("utils", "itl", "export", p12, "--passphrase-file", word)
    assert os.stat(p12).st_mode & 0o777 == 0o600
    shown = subprocess.run(["openssl", "pkcs12", "-in", p12, "-info", "-nodes", "-passin", "file:" + word],
                           capture_output=True, text=True, check=True)
    assert "PRIVATE KEY" in shown.stdout and "ITLRECOVERY_publisher" in shown.stdout
    wrong = subprocess.run(["openssl", "pkcs12", "-in", p12, "-nodes", "-passin", "pass:wrong"], capture_output=True,
                           check=False)
    assert wrong.returncode != 0
    # Written over by nobody, and not without a passphrase worth the name.
    refused(lab.cadeado("utils", "itl", "export", p12, "--passphrase-file", word, check=False), "exists")
    fleet.run("utils", "itl", "reset", "remotekey", p12, "--passphrase-file", word)
    fleet.follows()
    fleet.run("utils", "itl", "reset", "end")
    fleet.follows()
    # As other programs write it.
    old = str(tmp_path / "old.p12")
    pem = str(tmp_path / "pem")
    subprocess.run(["openssl", "pkcs12", "-in", p12, "-nodes", "-passin", "file:" + word, "-out", pem], check=True,
                   capture_output=True)
    subprocess.run(["openssl", "pkcs12", "-export", "-in", pem, "-passout", "file:" + word, "-out", old, "-certpbe",
                    "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1"], check=True, capture_output=True)
    fleet.run("utils", "itl", "reset", "remotekey", old, "--passphrase-file", word)
    fleet.follows()
    fleet.run("utils", "itl", "reset", "localkey")
    fleet.follows()
    with open(word, "w", encoding="ascii") as f:
        f.write("wrong horse\n")
    refused(lab.cadeado("utils", "itl", "reset", "remotekey", p12, "--passphrase-file", word, "--yes", check=False),
            "wrong passphrase")


def test_a_typed_passphrase_is_typed_twice(fleet, tmp_path):
    """A slip would be found out on the day when the file is all that is left."""
    p12 = str(tmp_path / "typed.p12")
    for second, exported in (("correct hoarse", False), ("correct horse", True)):
        person = Person([program("cadeado"), "--state", fleet.lab.dir, "utils", "itl", "export", p12])
        person.answer("Passphrase for the file: ", "correct horse")
        person.answer("The same again: ", second)
        assert (person.leaves() == 0) == exported, person.seen
        assert os.path.exists(p12) == exported and "correct" not in person.seen


def test_prepared_for_a_rollback(fleet):
    done = fleet.run("utils", "itl", "rollback", "enable", "--until", "2020-01-01", check=False)
    refused(done, "a time from now on")
    until = subprocess.run(["date", "-u", "-d", "+1 day", "+%Y-%m-%dT%H:%M:%SZ"], capture_output=True, text=True,
                           check=True).stdout.strip()
    done = fleet.run("utils", "itl", "rollback", "enable", "--until", until)
    assert "frees no phone from its CTL" in done.stdout
    sast = "System Administrator Security Token"
    assert {r["function"] for r in fleet.lab.json("show", "itl")["records"]} == {sast}
    fleet.follows()
    fleet.run("utils", "itl", "rollback", "disable")
    assert {r["function"] for r in fleet.lab.json("show", "itl")["records"]} == {sast, "CCM+TFTP", "TVS", "CAPF"}
    fleet.follows()


def test_starting_over(fleet):
    lab = fleet.lab
    lab.cadeado("device", "add", "SEP0011215A1AFF", "--device-type", "Cisco 8841")
    done = lab.cadeado("file", "delete", "tftp", "CTLFile.tlv", check=False)
    assert done.returncode == 2 and FIRST in done.stdout and "Erase" in done.stdout  # nobody was asked
    # Each phone with the keys of its model.
    assert "Settings, Admin Settings, Reset Settings, Security Settings" in done.stdout
    lab.cadeado("device", "delete", "SEP0011215A1AFF", "--yes")
    assert fleet.published("CTLFile.tlv")
    done = lab.cadeado("file", "delete", "tftp", "CTLFile.tlv", "--json", check=False)
    assert done.returncode == 2 and FIRST in done.stderr and not done.stdout  # where a program expects JSON
    refused(lab.cadeado("file", "delete", "tftp", "cadeado.conf", "--yes", check=False), "no file there fits")
    # Taken away by hand it is no way to start over.
    os.rename(lab.path("tftp", "CTLFile.tlv"), lab.path("kept"))
    refused(fleet.signed("utils", "ctl", "set-cluster", "mixed-mode", check=False), "file delete tftp CTLFile.tlv")
    os.rename(lab.path("kept"), lab.path("tftp", "CTLFile.tlv"))
    lab.cadeado("cluster", "node", "add", "sub1", "--address", "192.0.2.9")
    done = fleet.run("file", "delete", "tftp", "CTLFile.tlv")
    assert FIRST in done.stdout and "deleted at their consoles too: sub1" in done.stdout
    lab.cadeado("cluster", "node", "delete", "sub1", "--yes")
    assert not os.path.exists(lab.path("tftp", "CTLFile.tlv"))
    fleet.run("utils", "ctl", "set-cluster", "mixed-mode")
    audit = lab.cadeado("utils", "audit", "show").stdout
    begun, ended = [audit.index(f"file delete tftp CTLFile.tlv: {word}") for word in ("begun", "done")]
    assert begun < ended and "utils ctl set-cluster mixed-mode" in audit[ended:]
    assert PIN not in audit


def test_certificates_of_others(fleet, tmp_path):
    lab, pem = fleet.lab, str(tmp_path / "other.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "99", "-subj", "/CN=other",
                    "-keyout", str(tmp_path / "key"), "-out", pem], check=True, capture_output=True)
    lab.cadeado("set", "cert", "import", "trust", "TVS-trust", pem, "--name", "other")
    assert "TVS-trust/other.pem: CN=other" in lab.cadeado("show", "cert", "list", "trust").stdout
    refused(lab.cadeado("set", "cert", "import", "trust", "nowhere", pem, check=False), "Phone-SAST-trust")
    refused(lab.cadeado("set", "cert", "delete", "TVS", "TVS", "--yes", check=False), "not deleted")
    refused(lab.cadeado("set", "cert", "delete", "TVS-trust", "../../TVS", "--yes", check=False), "holds no certificate")
    lab.restart("Cisco Tftp")
    assert "CN=other" in lab.cadeado("show", "itl").stdout
    lab.cadeado("set", "cert", "delete", "TVS-trust", "other.pem", "--yes")
    assert "other" not in lab.cadeado("show", "cert", "list", "trust").stdout
