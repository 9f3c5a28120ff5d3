# SPDX-License-Identifier: BSD-2-Clause
"""The node's keys as a stranger sees them: what signs files, what terminates TLS."""

import os
import subprocess
import sys

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from peers import HOST, PATIENCE, Tftp

CHECK = os.path.join(os.path.dirname(__file__), "..", "..", "data", "check_sgn.py")


def fetch(lab, name):
    """A file over TFTP; None when it is not found."""
    with Tftp(lab.port("tftp")) as client:
        client.request(name)
        first = client.recv()
        if first[:2] == b"\0\5":
            return None
        return client.rest(first)


def pem(lab, *parts):
    with open(lab.path("keys", *parts), "rb") as f:
        return x509.load_pem_x509_certificate(f.read())


def der(cert):
    return cert.public_bytes(serialization.Encoding.DER)


def shown(lab, port):
    """The certificate that a TLS port shows, also where it ends the handshake because we have none."""
    said = subprocess.run(["openssl", "s_client", "-connect", f"{HOST}:{lab.port(port)}", "-tls1_2", "-showcerts"],
                          stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=PATIENCE).stdout
    begin, end = said.index(b"-----BEGIN CERT"), said.index(b"-----END CERTIFICATE-----")
    return der(x509.load_pem_x509_certificate(said[begin:end] + b"-----END CERTIFICATE-----\n"))


def signed_by(lab, content, cert):
    """Is this .sgn file signed with that certificate's key?"""
    path = lab.path("a.sgn")
    with open(path, "wb") as f:
        f.write(content)
    with open(lab.path("a.pem"), "wb") as f:
        f.write(cert.public_bytes(serialization.Encoding.PEM))
    return subprocess.run([sys.executable, CHECK, "sgn", path, lab.path("a.pem")], check=False,
                          capture_output=True).returncode == 0


def names(content, cert):
    return der(cert) in content
