# SPDX-License-Identifier: BSD-2-Clause
"""Every name, at every port, in every case and with every suffix: what only one phone may read, nobody is given."""

import base64
import html
import http.client
import os
import ssl
import subprocess
import sys

import pytest

from lab import FIRST, PATIENCE, SECOND
from peers import HOST, Tftp, enrol, new_key

from cryptography import x509
from cryptography.hazmat.primitives import serialization

CHECK = os.path.join(os.path.dirname(__file__), "..", "..", "data", "check_sgn.py")
DOORS = ("tftp", "http", "https", "https-auth")

SSH, DIGEST, OTHER_SSH = "Ab3&geheim<ssh>", "Zq9-geheim-digest", "Kp7 geheim other"
# What a phone's encrypted file alone may say: its secrets, and who it is.
SEALED = (SSH, DIGEST, "sshjoe", "digestjoe", "4711001", "<fullConfig>true", "<devicePool>", "<sipLines>",
          "<deviceSecurityMode>")
OPEN = (OTHER_SSH, "sshana")

SUFFIXES = ("", ".sgn", ".enc", ".enc.sgn", ".sgn.sgn", ".enc.sgn.sgn", ".sgn.enc", ".enc.enc.sgn", ".sha512",
            ".sgn.sha512", ".gz", ".sgn.gz", ".enc.sgn.gz", ".zip", ".tmp", "~", ".bak", ".orig", ".old", ".swp", ".1")
OTHER_NAMES = ("%s", "%s.cnf", "%s.xml", "%s.cfg", "%s.xml.sgn", "%s.cnf.sgn", "%s.enc.sgn", "%s.cnf.enc.sgn", "SIP%.0s%s.cnf",
               "ctl%s.tlv", "itl%s.tlv", "CTL%s.tlv.sgn", "%s.cnf.xml.sgn/", "prepared/%s", "%s.cnf.xml/..")


def forms(secret):
    """The ways in which a file might say it."""
    raw = secret.encode()
    yield raw
    yield html.escape(secret).encode()
    yield base64.b64encode(raw).rstrip(b"=")[:-1]
    yield raw.hex().encode()
    yield secret.encode("utf-16-le")


def spellings(name):
    yield name
    yield name.upper()
    yield name.lower()
    yield name.swapcase()
    yield "".join(c.upper() if i % 2 else c.lower() for i, c in enumerate(name))
    for before in ("/", "//", "./", "/./", "../", "x/../", "tftp/", "/tftp/", "prepared/", "../prepared/", "..\\", "\\", "C:\\", "C:/"):
        yield before + name
    for after in (" ", ".", "/", "/.", "\\", "::$DATA", ";1", "?", "?.sgn", "#", "%00"):
        yield name + after


def percent(name):
    """What a path of a URL may be written as beside its plain form."""
    yield name.replace(".", "%2e")
    yield name.replace(".", "%2E").lower()
    yield "".join("%%%02x" % ord(c) for c in name)
    yield name.replace("/", "%2f").replace("S", "%53")
    yield name.replace(".", "%252e")


class Doors:
    """Asks each port for a name, on connections that are kept; None where nothing is to be had."""

    def __init__(self, lab):
        self.lab, self.http = lab, {}
        self.tftp = Tftp(lab.port("tftp"))
        self.trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.trusting.check_hostname = False
        self.trusting.verify_mode = ssl.CERT_NONE

    def close(self):
        self.tftp.sock.close()
        for connection in self.http.values():
            connection.close()

    def connect(self, door):
        if door == "http":
            return http.client.HTTPConnection(HOST, self.lab.port(door), timeout=PATIENCE)
        return http.client.HTTPSConnection(HOST, self.lab.port(door), timeout=PATIENCE, context=self.trusting)

    def get(self, door, name, **headers):
        if door == "tftp":
            self.tftp.request(name)
            packet = self.tftp.recv()
            return self.tftp.rest(packet) if packet[:2] == b"\0\3" else None
        connection = self.http.setdefault(door, self.connect(door))
        connection.putrequest("GET", "/" + name.translate({32: "%20", 35: "%23", 92: "%5c"}), skip_accept_encoding=True)
        for field, value in headers.items():
            connection.putheader(field.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        if answer.getheader("connection") == "close":
            connection.close()
        assert answer.status in (200, 404), (door, name, answer.status)
        assert answer.getheader("content-encoding") is None
        return body if answer.status == 200 else None


@pytest.fixture
def lab(idle_lab):
    """The first phone: SIP, encrypted, enrolled, with all secrets. The second: SCCP, in clear, with a password for SSH."""
    made = idle_lab
    made.cadeado("profile", "add", "Sealed SIP", "--device-type", "Cisco 8841", "--protocol", "SIP", "--mode", "Encrypted", "--transport",
                 "TLS", "--encrypted-config", "true")
    made.cadeado("device", "add", FIRST, "--number", "4711001", "--device-type", "Cisco 8841", "--protocol", "SIP", "--profile",
                 "Sealed SIP", "--install", "--ssh-user", "sshjoe", "--digest-user", "digestjoe")
    made.cadeado("device", "add", SECOND, "--number", "4711002", "--ssh-user", "sshana")
    for device, field, text in ((FIRST, "ssh-password", SSH), (FIRST, "digest-credentials", DIGEST),
                                (SECOND, "ssh-password", OTHER_SSH)):
        with open(made.path("secret"), "w", encoding="ascii") as f:
            f.write(text + "\n")
        made.cadeado("device", "secret", device, field, "--secret-file", made.path("secret"))
    os.unlink(made.path("secret"))
    # What an operator might have left there from another system.
    for name in (FIRST + ".cnf.xml", "old/" + FIRST + ".cnf.xml", "x/" + FIRST.lower() + ".cnf.xml.sgn"):
        os.makedirs(os.path.dirname(made.path("tftp", name)), exist_ok=True)
        with open(made.path("tftp", name), "w", encoding="ascii") as f:
            f.write("<device><fullConfig>true</fullConfig><sshPassword>%s</sshPassword></device>" % SSH)
    made.start()
    return made


def walk(lab, device, never):
    """Asks for everything. {(door, name): answer} of what was given; nothing in it says what must not be said."""
    never = [form for secret in never for form in forms(secret)]
    given, doors = {}, Doors(lab)
    for door in DOORS:
        names = [spelt for suffix in SUFFIXES for spelt in spellings(device + ".cnf.xml" + suffix)]
        names += [spelt for pattern in OTHER_NAMES for name in [pattern % ((device,) * pattern.count("%"))]
                  for spelt in (name, name.lower())]
        names += ["old/" + device + ".cnf.xml", "OLD/" + device.lower() + ".cnf.xml.sgn", "x/" + device + ".cnf.xml"]
        if door != "tftp":
            names += [spelt for suffix in SUFFIXES for spelt in percent(device + ".cnf.xml" + suffix)]
        for name in names:
            body = doors.get(door, name)
            if body is None:
                continue
            given[door, name] = body
            for form in never:
                assert form not in body, (door, name, form)
    # No server compresses what is asked for like this; a part of a file is no way around either.
    for headers in ({"Accept_Encoding": "gzip, deflate, br"}, {"Range": "bytes=0-"}):
        connection = doors.connect("http")
        connection.request("GET", "/%s.cnf.xml" % device, headers={k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        assert answer.status in (200, 206) and answer.read() == given["http", device + ".cnf.xml"]
        connection.close()
    doors.close()
    return given


def decrypt(lab, folder, key, content):
    """The judge's word, not that of the program under test."""
    paths = [str(folder / name) for name in ("file", "cert.pem", "key.pem")]
    with open(paths[0], "wb") as f:
        f.write(content)
    with open(paths[2], "wb") as f:
        f.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    done = subprocess.run([sys.executable, CHECK, "enc", paths[0], lab.path("keys", "CallManager.pem"), paths[2]],
                          capture_output=True, check=True, timeout=PATIENCE)
    return done.stdout.decode()


def test_what_is_encrypted_is_nowhere_in_clear(lab, tmp_path):
    key, _ = enrol(lab, FIRST, key=new_key(2048))
    given = walk(lab, FIRST, SEALED)
    names = {suffix: FIRST + ".cnf.xml" + suffix for suffix in ("", ".sgn", ".enc.sgn")}
    # The phone itself is given all of it: what was searched for is what is there.
    for door in DOORS:
        whole = decrypt(lab, tmp_path, key, given[door, names[".enc.sgn"]])
        for secret in SEALED:
            assert secret in html.unescape(whole), (door, secret)
    reduced = given["tftp", names[""]]
    assert b"<fullConfig>false</fullConfig>" in reduced and b"<encrConfig>true" in reduced
    for (door, name), body in given.items():
        if "tlv" in name.lower():
            continue
        # Phones ask 6971 for the signed name and expect it unsigned.
        if body[:1] == b"<":
            assert body == reduced, (door, name)
            assert door == "https" or "sgn" not in name.split("?")[0].lower(), (door, name)
        else:
            assert body[:3] == b"\1\0\2" and "sgn" in name.split("?")[0].lower().replace("%73%67%6e", "sgn"), (door, name)
    assert given["https", names[".sgn"]] == reduced and given["https-auth", names[".sgn"]].endswith(reduced)
    # On disk neither, but where the operator has put it.
    found = subprocess.run(["grep", "-rlF", "-e", SSH, "-e", DIGEST, lab.dir, "--exclude-dir=tftp"], capture_output=True,
                           text=True, check=False)
    assert (found.stdout, found.stderr) == ("", "")


def test_what_was_in_clear_goes_with_the_first_change(lab):
    given = walk(lab, SECOND, OPEN)
    for door in DOORS:
        clear = given[door, SECOND + ".cnf.xml"]
        assert b"<fullConfig>true" in clear and b"4711002" not in clear and given[door, SECOND + ".cnf.xml.sgn"].endswith(clear)
        assert (door, SECOND + ".cnf.xml.enc.sgn") not in given
    lab.cadeado("device", "update", SECOND, "--profile", "Encrypted", "--install")
    given = walk(lab, SECOND, OPEN + ("<fullConfig>true", "<devicePool>", "<deviceSecurityMode>"))
    for door in DOORS:
        assert b"<fullConfig>false" in given[door, SECOND + ".cnf.xml"]
        assert given[door, SECOND + ".cnf.xml.sgn"].endswith(given[door, SECOND + ".cnf.xml"])
