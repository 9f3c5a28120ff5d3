# SPDX-License-Identifier: BSD-2-Clause
"""The eight checks on a cluster that works, and on one broken in exactly one way each."""

import glob
import os
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

import pytest

import lab as labs
from lab import FIRST, SECOND, wait_for

GOOD, FAULT, CANNOT = "good", "fault", "cannot tell"


def verdicts(lab, *words):
    """Verdicts of the eight checks, and the evidence of each as one text."""
    done = lab.cadeado("doctor", "--json", *words, check=False)
    import json
    report = json.loads(done.stdout)
    found = [c["verdict"] for c in report["checks"]]
    assert len(found) == 8
    assert (done.returncode == 0) == (found == [GOOD] * 8) == report["good"], done.stdout
    assert done.returncode in (0, 1)
    return found, ["\n".join(c["evidence"]) for c in report["checks"]], done


def test_all_eight_are_good(lab):
    lab.whole_path()
    found, evidence, _ = verdicts(lab)
    assert found == [GOOD] * 8, evidence
    assert "serial" in evidence[0]
    md5 = lab.json("show", "ctl")["md5"]
    assert md5 in evidence[1] and md5 in evidence[2] and md5 in evidence[4]
    assert "Trust List Updated" in evidence[3]
    assert "LSC issued by CN=CAPF-" in evidence[5]
    assert "Cipher=AES128-SHA, Security Mode=3" in evidence[6]
    assert evidence[7].count("lock") == 2
    text = lab.cadeado("doctor").stdout
    assert "All eight checks are good." in text


def node_certificate(lab, name, days, key=None):
    """A certificate of the node made by openssl: the same subject, other dates, maybe another key."""
    keys = lab.path("keys")
    pem, keyfile = os.path.join(keys, name + ".pem"), os.path.join(keys, name + ".key")
    subject = subprocess.run(["openssl", "x509", "-in", pem, "-noout", "-subject", "-nameopt", "compat"],
                             capture_output=True, text=True, check=True).stdout.strip()[len("subject="):]
    if key:
        subprocess.run(["openssl", "genrsa", "-out", keyfile, "2048"], check=True, capture_output=True)
        os.chmod(keyfile, 0o600)
    start, end = days
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    import datetime
    with open(keyfile, "rb") as f:
        private = serialization.load_pem_private_key(f.read(), None)
    with open(pem, "rb") as f:
        old = x509.load_pem_x509_certificate(f.read())
    now = datetime.datetime.utcnow()
    new = x509.CertificateBuilder().subject_name(old.subject).issuer_name(old.subject)
    new = new.public_key(private.public_key()).serial_number(x509.random_serial_number())
    new = new.not_valid_before(now + datetime.timedelta(days=start)).not_valid_after(now + datetime.timedelta(days=end))
    for ext in old.extensions:
        if ext.oid.dotted_string not in ("2.5.29.14", "2.5.29.35"):
            new = new.add_extension(ext.value, ext.critical)
    made = new.sign(private, hashes.SHA256())
    with open(pem, "wb") as f:
        f.write(made.public_bytes(serialization.Encoding.PEM))
    assert subject
    return made


def test_1_an_expired_certificate(lab):
    lab.whole_path()
    node_certificate(lab, "CallManager", (-400, -1))
    found, evidence, _ = verdicts(lab)
    assert found[0] == FAULT and "CallManager.pem has expired" in evidence[0]
    # The list still names the certificate that was valid: that is a fault of its own.
    assert found[1] == FAULT and "CallManager.pem does not stand in the list" in evidence[1]


def test_1_a_certificate_that_expires_soon_is_said(lab):
    node_certificate(lab, "CAPF", (-10, 10))
    found, evidence, _ = verdicts(lab)
    assert found[0] == GOOD and "CAPF.pem expires within 30 days" in evidence[0]


def test_2_a_byte_of_the_ctl_on_disk(lab):
    lab.whole_path()
    path = lab.path("tftp", "CTLFile.tlv")
    with open(path, "r+b") as f:
        f.seek(-10, os.SEEK_END)
        byte = f.read(1)[0]
        f.seek(-10, os.SEEK_END)
        f.write(bytes([byte ^ 1]))
    found, evidence, done = verdicts(lab)
    assert found[0] == GOOD
    assert found[1] == FAULT and "Verification of the CTL File Failed" in evidence[1]
    assert found[2:] == [CANNOT] * 6, found
    assert "check 2" in evidence[2]


class OtherTftp(threading.Thread):
    """A TFTP server of somebody else's that answers every request with one file (RFC 1350)."""

    def __init__(self, port, content):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))
        self.content = content

    def run(self):
        while True:
            try:
                packet, peer = self.socket.recvfrom(2048)
            except OSError:
                return
            if packet[:2] != b"\0\1":
                continue
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.settimeout(5)
                for n in range(len(self.content) // 512 + 1):
                    s.sendto(struct.pack(">HH", 3, n + 1) + self.content[n * 512:(n + 1) * 512], peer)
                    s.recv(64)


def test_3_tftp_serves_another_list(lab, tmp_path):
    lab.whole_path()
    stranger = labs.Lab(tmp_path / "stranger", lab.base)
    stranger.create()
    with open(stranger.path("tftp", "CTLFile.tlv"), "rb") as f:
        content = f.read()
    lab.stop()
    other = OtherTftp(lab.port("tftp"), content)
    other.start()
    found, evidence, _ = verdicts(lab)
    other.socket.close()
    assert found[:2] == [GOOD, GOOD]
    assert found[2] == FAULT and "over TFTP" in evidence[2]
    assert found[3:] == [CANNOT] * 5, found


def test_4_a_phone_that_holds_a_strangers_list(lab, tmp_path):
    stranger = labs.Lab(tmp_path / "stranger", lab.base)
    stranger.create()
    shutil.copy(stranger.path("tftp", "CTLFile.tlv"), os.path.join(lab.folder(FIRST), "CTLFile.tlv"))
    lab.add_phones()
    lab.phone(SECOND)
    lab.phone(FIRST)
    assert lab.registered(SECOND)
    assert wait_for(lambda: "Trust List Verification Failed" in lab.status(FIRST))
    found, evidence, _ = verdicts(lab)
    assert found[:3] == [GOOD] * 3, evidence
    assert found[3] == FAULT and FIRST in evidence[3] and "Trust List Verification Failed" in evidence[3]
    assert found[4:] == [CANNOT] * 4, (found, evidence)
    # The other phone's state is still told.
    assert SECOND in evidence[6]


def test_5_a_phones_copy_is_one_byte_off(lab):
    lab.whole_path()
    path = os.path.join(lab.folder(SECOND), "CTLFile.tlv")
    with open(path, "rb") as f:
        content = bytearray(f.read())
    content[200] ^= 0x40
    with open(path, "wb") as f:
        f.write(content)
    found, evidence, _ = verdicts(lab)
    assert found[:4] == [GOOD] * 4, evidence
    assert found[4] == FAULT and SECOND in evidence[4] and "MD5" in evidence[4]
    assert found[5:] == [GOOD] * 3, evidence


def test_6_a_capf_key_that_is_not_in_the_ctl(lab):
    lab.whole_path()
    shutil.copytree(lab.path("keys"), lab.path("keys.was"))
    node_certificate(lab, "CAPF", (-1, 1000), key=True)
    lab.stop()
    lab.start()
    shutil.rmtree(lab.path("keys"))
    os.rename(lab.path("keys.was"), lab.path("keys"))
    found, evidence, _ = verdicts(lab)
    assert found[:5] == [GOOD] * 5, evidence
    assert found[5] == FAULT and "not in the list" in evidence[5]
    assert found[6:] == [CANNOT] * 2, found


def test_7_a_phone_on_2000(lab):
    lab.add_phones()
    lab.phone(SECOND)
    lab.phone(FIRST)
    assert lab.registered(FIRST, SECOND)
    lab.hang_up(SECOND)
    lab.cadeado("device", "add", SECOND, "--profile", "Non Secure")
    os.unlink(os.path.join(lab.folder(SECOND), "phone.json"))
    lab.phone(SECOND)
    assert lab.registered(SECOND)
    assert lab.state(SECOND)["transport"] == "tcp"
    found, evidence, _ = verdicts(lab)
    assert found[:6] == [GOOD] * 6, evidence
    assert found[6] == FAULT and f"{SECOND} is registered over TCP {lab.port('sccp')}" in evidence[6]
    assert found[7] == CANNOT


def test_8_one_leg_without_keys(lab):
    lab.add_phones()
    lab.phone(SECOND, "--answer", "--media-clear")
    lab.phone(FIRST, "--call", "1002", "--talk", "3600")

    def heard():
        call = lab.state(FIRST).get("call") or {}
        return call.get("rejected", 0) + call.get("clear", 0) > 20
    assert wait_for(heard), lab.output(FIRST)[-2000:]
    found, evidence, _ = verdicts(lab)
    assert found[:7] == [GOOD] * 7, evidence
    assert found[7] == FAULT and FIRST in evidence[7]


def test_without_a_daemon(idle_lab):
    idle_lab.add_phones()
    found, evidence, _ = verdicts(idle_lab)
    assert found[:3] == [GOOD, GOOD, FAULT], evidence
    assert found[3:] == [CANNOT] * 5


def test_without_phones(lab):
    found, evidence, _ = verdicts(lab)
    assert found == [GOOD] * 3 + [CANNOT] * 5
    assert "no phone" in evidence[3]


def test_an_expired_lsc(lab):
    """A certificate of the phone that ran out: the server refuses it, and check 6 says why."""
    lab.add_phones()
    lab.phone(SECOND)
    lab.phone(FIRST)
    assert lab.registered(FIRST, SECOND)
    lab.hang_up(FIRST)
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    import datetime
    with open(os.path.join(lab.folder(FIRST), "LSC.pem"), "rb") as f:
        old = x509.load_pem_x509_certificate(f.read())
    with open(lab.path("keys", "CAPF.key"), "rb") as f:
        capf = serialization.load_pem_private_key(f.read(), None)
    now = datetime.datetime.utcnow()
    new = x509.CertificateBuilder().subject_name(old.subject).issuer_name(old.issuer).public_key(old.public_key())
    new = new.serial_number(4711).not_valid_before(now - datetime.timedelta(days=30))
    new = new.not_valid_after(now - datetime.timedelta(days=1))
    for ext in old.extensions:
        new = new.add_extension(ext.value, ext.critical)
    with open(os.path.join(lab.folder(FIRST), "LSC.pem"), "wb") as f:
        f.write(new.sign(capf, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    os.unlink(os.path.join(lab.folder(FIRST), "phone.json"))
    lab.phone(FIRST)
    assert wait_for(lambda: "errno=10" in lab.trace("ccm")), lab.trace("ccm")[-2000:]
    assert not lab.state(FIRST).get("registered")
    found, evidence, done = verdicts(lab)
    assert found[5] == FAULT and FIRST in evidence[5] and "not valid today" in evidence[5]
    assert found[6] == CANNOT
    # What the doctor advises helps.
    assert f"cadeado device add {FIRST} --install, then reset the phone" in done.stdout
    lab.hang_up(FIRST)
    lab.cadeado("device", "add", FIRST, "--install")
    lab.phone(FIRST)
    assert lab.registered(FIRST)
    found, evidence, _ = verdicts(lab)
    assert found[:7] == [GOOD] * 7, evidence


def test_a_list_left_under_a_phones_name(lab, tmp_path):
    """A file CTLSEP<MAC>.tlv in the served folder is served in place of the list."""
    lab.whole_path()
    stranger = labs.Lab(tmp_path / "stranger", lab.base)
    stranger.create()
    name = f"CTL{FIRST}.tlv"
    shutil.copy(stranger.path("tftp", "CTLFile.tlv"), lab.path("tftp", name))
    found, evidence, done = verdicts(lab)
    assert found == [GOOD, GOOD, FAULT] + [CANNOT] * 5, evidence
    assert f"fault: {name} over TFTP" in evidence[2] and "CTLFile.tlv over TFTP" in evidence[2]
    assert f"remove tftp/{name}" in done.stdout
    assert SECOND in evidence[7]
    os.unlink(lab.path("tftp", name))
    found, evidence, _ = verdicts(lab)
    assert found == [GOOD] * 8, evidence


def test_a_daemon_that_hangs(lab):
    lab.whole_path()
    lab.daemon.send_signal(signal.SIGSTOP)
    try:
        # On a busy machine threads of it go on for a moment.
        assert wait_for(lambda: states_of_threads(lab.daemon.pid) == {"T"}, every=0.01)
        start = time.monotonic()
        found, evidence, _ = verdicts(lab)
        took = time.monotonic() - start
    finally:
        lab.daemon.send_signal(signal.SIGCONT)
    assert found == [GOOD, GOOD, FAULT] + [CANNOT] * 5, evidence
    assert "no answer" in evidence[2]
    assert took < 60  # three questions of 5 s; a daemon that answers on no socket is not asked for stations


def states_of_threads(process):
    """The letters that /proc has for them: T is stopped."""
    states = set()
    for path in glob.glob(f"/proc/{process}/task/*/stat"):
        with open(path, encoding="utf-8", errors="replace") as f:
            states.add(f.read().rpartition(")")[2].split()[0])
    return states


def test_a_daemon_that_takes_questions_and_answers_none(lab):
    """Its services work, its admin socket does not: that is waited for in seconds."""
    os.unlink(lab.path("admin.sock"))
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(lab.path("admin.sock"))
        deaf.listen()
        found, evidence, _ = verdicts(lab)
    assert found == [GOOD] * 3 + [CANNOT] * 5, evidence


def test_a_phone_forced_to_plain_signalling(lab):
    """Its record says Encrypted: it is not let in on 2000."""
    lab.add_phones()
    lab.phone(SECOND, "--signalling", "plain")
    lab.phone(FIRST)
    assert lab.registered(FIRST)
    assert wait_for(lambda: lab.state(SECOND).get("port"))
    found, evidence, done = verdicts(lab)
    assert found[:6] == [GOOD] * 6, evidence
    assert found[6] == FAULT and f"{SECOND} is not registered: it asks over TCP {lab.port('sccp')}" in evidence[6]
    assert "its profile asks for Encrypted" in done.stdout


def test_a_phone_that_is_to_be_non_secure(lab):
    """Added without a word on security: nothing is wrong until its registration."""
    lab.cadeado("device", "add", FIRST, "--number", "1001")
    lab.phone(FIRST)
    assert lab.registered(FIRST)
    found, evidence, done = verdicts(lab)
    assert found == [GOOD] * 6 + [FAULT, CANNOT], evidence
    assert "asks for none" in evidence[5]
    assert f"cadeado device add {FIRST} --profile Encrypted --install" in done.stdout


def test_a_phone_that_was_switched_off(lab):
    lab.whole_path()
    phone = lab.phones.pop(FIRST)
    phone.kill()
    phone.wait()
    assert wait_for(lambda: FIRST not in lab.cadeado("show", "stations").stdout)
    found, evidence, _ = verdicts(lab)
    assert found[:6] == [GOOD] * 6, evidence
    assert found[6] == FAULT and f"{FIRST} says that it is registered" in evidence[6]
    assert found[7] == CANNOT


@pytest.mark.parametrize("name, check, verdict", [
    ("CTLFile.tlv", 4, FAULT), ("LSC.pem", 6, FAULT), ("capf.cap", 6, CANNOT), ("sccp.cap", 7, CANNOT),
    ("phone.json", 7, CANNOT)])
def test_what_lies_in_a_phones_folder_does_not_hold_it_up(lab, tmp_path, name, check, verdict):
    """A pipe instead of the file, then garbage."""
    lab.whole_path()
    folder = tmp_path / "export"
    shutil.copytree(lab.path("phones"), folder, ignore=shutil.ignore_patterns("phone.sock"))
    path = folder / FIRST / name
    path.unlink()
    os.mkfifo(path)
    found, evidence, _ = verdicts(lab, "--phones", str(folder))
    assert found[check - 1] == verdict and found[:check - 1] == [GOOD] * (check - 1), evidence
    path.unlink()
    path.write_bytes(os.urandom(5000))
    found, evidence, _ = verdicts(lab, "--phones", str(folder))
    # A list that is no list is for the phone to say; the copy differs.
    check, verdict = (5, FAULT) if name == "CTLFile.tlv" else (check, verdict)
    assert found[check - 1] == verdict and found[:check - 1] == [GOOD] * (check - 1), evidence


@pytest.mark.parametrize("words", [["doctor", "--phones", "/nonexistent"]])
def test_phones_folder_that_is_not_there(lab, words):
    lab.add_phones()
    done = lab.cadeado(*words, check=False)
    assert done.returncode == 1
    assert "nothing of this phone is at hand" in done.stdout


def test_an_address_changed_after_the_list_was_signed(idle_lab):
    idle_lab.cadeado("cluster", "init", "--address", "127.0.0.2")
    idle_lab.start()
    found, evidence, done = verdicts(idle_lab)
    assert found == [GOOD, FAULT, GOOD] + [CANNOT] * 5, evidence
    assert "the list names the node 127.0.0.1, but its address is 127.0.0.2" in evidence[1]
    assert "cadeado utils ctl update CTLFile" in done.stdout
    idle_lab.publish("update", "CTLFile")
    found, evidence, done = verdicts(idle_lab)
    assert found[:3] == [GOOD, GOOD, FAULT], evidence
    assert "another one is published since" in evidence[2]
    assert "cadeado utils service restart Cisco Tftp" in done.stdout
    idle_lab.restart("Cisco Tftp")
    found, evidence, _ = verdicts(idle_lab)
    assert found[:3] == [GOOD] * 3, evidence
