# SPDX-License-Identifier: BSD-2-Clause
"""A reader of its own for what the toolbox writes, certificates by OpenSSL, and a PKCS #11 token by SoftHSM."""

import glob
import os
import struct
import subprocess

CONTAINERS = (3, 7, 9, 16, 17, 21)
PIN = "48151623"


def openssl(*words, data=None):
    return subprocess.run(["openssl", *words], input=data, capture_output=True, check=True).stdout


class Certs:
    """Keys and certificates by name, made on first use. `Certs(folder).pem("ccm")` is a path."""

    def __init__(self, folder):
        self.folder = str(folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def make(self, name, key=("rsa", "2048"), days=3000):
        kind = ["-newkey", "rsa:" + key[1]] if key[0] == "rsa" else ["-newkey", "ec", "-pkeyopt",
                                                                      "ec_paramgen_curve:" + key[1]]
        openssl("req", "-x509", *kind, "-nodes", "-sha256", "-days", str(days), "-keyout", self.path(name + ".key"),
                "-out", self.path(name + ".pem"), "-subj", f"/C=US/ST=NC/L=RTP/O=Example/OU=Lab/CN={name}")
        os.chmod(self.path(name + ".key"), 0o600)
        return self

    def pem(self, name):
        return self.path(name + ".pem")

    def key(self, name):
        return self.path(name + ".key")

    def der(self, name):
        return openssl("x509", "-in", self.pem(name), "-outform", "der")


class Read:
    """Header tags in their order, the signed bytes, what follows."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = data = f.read()
        assert data[:3] == b"\x01\x00\x02" and data[5:8] == b"\x02\x00\x02"
        self.version = tuple(data[3:5])
        self.length = struct.unpack(">H", data[8:10])[0]
        assert self.length % 4 == 0
        self.tags, self.order, pos, cut = {}, [], 10, None
        while pos < self.length:
            tag = data[pos]
            if tag == 13:
                assert data[pos:self.length] == b"\x0d" * (self.length - pos) and self.length - pos < 4
                break
            size = struct.unpack(">H", data[pos + 1:pos + 3])[0]
            assert tag not in self.tags
            self.order.append(tag)
            self.tags[tag] = data[pos + 3:pos + 3 + size]
            if tag == 12:
                cut = (pos, pos + 3 + size)
            pos += 3 if tag in CONTAINERS else 3 + size
        self.signed = data[:cut[0]] + data[cut[1]:]
        self.signature = self.tags[12]
        self.content = data[self.length:]
        self.digest = {1: "sha1", 2: "sha256", 3: "sha512"}[self.tags[8][0]]
        self.filename = self.tags[14][:-1].decode()
        # The vendor's own files have none.
        self.timestamp = struct.unpack(">I", self.tags[15])[0] if 15 in self.tags else None

    def records(self):
        pos, out = 0, []
        while pos < len(self.content):
            assert self.content[pos:pos + 3] == b"\x01\x00\x02"
            end = pos + struct.unpack(">H", self.content[pos + 3:pos + 5])[0]
            pos, record = pos + 5, {}
            while pos < end:
                size = struct.unpack(">H", self.content[pos + 1:pos + 3])[0]
                assert self.content[pos] not in record
                record[self.content[pos]] = self.content[pos + 3:pos + 3 + size]
                pos += 3 + size
            assert pos == end
            out.append(record)
        return out

    def verified_by(self, certificate, folder):
        """OpenSSL's command line says so."""
        paths = [os.path.join(str(folder), n) for n in ("judge.pub", "judge.sig", "judge.bin")]
        for path, content in zip(paths, (openssl("x509", "-in", certificate, "-noout", "-pubkey"), self.signature,
                                         self.signed)):
            with open(path, "wb") as f:
                f.write(content)
        done = subprocess.run(["openssl", "dgst", "-" + self.digest, "-verify", paths[0], "-signature", *paths[1:]],
                              capture_output=True, check=False)
        return done.returncode == 0 and b"Verified OK" in done.stdout


class SoftToken:
    """A software token with a configuration of its own."""

    def __init__(self, folder):
        self.folder = str(folder)
        os.makedirs(os.path.join(self.folder, "store"))
        self.env = dict(os.environ, SOFTHSM2_CONF=os.path.join(self.folder, "softhsm2.conf"))
        with open(self.env["SOFTHSM2_CONF"], "w", encoding="ascii") as f:
            f.write(f"directories.tokendir = {self.folder}/store\nobjectstore.backend = file\nlog.level = ERROR\n")
        with open(self.pin_file(), "w", encoding="ascii") as f:
            f.write(PIN + "\n")
        found = [path for folder in ("/usr/lib", "/usr/lib/*", "/usr/local/lib")
                 for path in glob.glob(folder + "/softhsm/libsofthsm2.so")]
        assert found, "the package softhsm2 is missing: tools/packages test"
        self.module = found[0]

    def pin_file(self):
        return os.path.join(self.folder, "pin")

    def run(self, *words):
        return subprocess.run(words, env=self.env, capture_output=True, check=True)

    def init(self, label):
        self.run("softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", PIN)

    def write(self, label, kind, content, ident, *more):
        path = os.path.join(self.folder, "object")
        with open(path, "wb") as f:
            f.write(content)
        self.run("pkcs11-tool", "--module", self.module, "--token-label", label, "--login", "--pin", PIN,
                 "--write-object", path, "--type", kind, "--id", ident, *more)
        os.unlink(path)
