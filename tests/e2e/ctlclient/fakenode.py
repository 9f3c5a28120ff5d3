# SPDX-License-Identifier: BSD-2-Clause
"""A node that misbehaves: speaks the protocol of docs/formats/ctl-provider.md as far as it is told to, and then does
something that a real node does only when it is broken, dies or is not what it says."""

import base64
import datetime
import hashlib
import http.server
import json
import socket
import ssl
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

TITLES = {"tftp": "Cisco Tftp", "callmanager": "Cisco CallManager", "provider": "Cisco CTL Provider",
          "capf": "Cisco Certificate Authority Proxy Function", "tvs": "Cisco Trust Verification Service"}


def certificate(name, days=(-1, 365), key=None):
    """(certificate, key), self-signed, valid from and to so many days from now."""
    key = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
    now = datetime.datetime.now(datetime.timezone.utc)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name),
                         x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Example")])
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now + datetime.timedelta(days=days[0]))
            .not_valid_after(now + datetime.timedelta(days=days[1])).sign(key, hashes.SHA256()))
    return made, key


def pem(cert):
    return cert.public_bytes(serialization.Encoding.PEM).decode()


def fingerprint(cert):
    return cert.fingerprint(hashes.SHA256()).hex(":").upper()


class FakeNode:
    """`broken` names what is wrong: "refuses-stage", "dies-after-stage", "dies-in-activate", "never-activates",
    "forgets", "nonsense", "waits"."""

    def __init__(self, folder, name, address, port, publisher=False, peers=(), broken=None, clock=0, days=(-1, 365),
                 services=("tftp", "callmanager", "provider"), user="admin", password="right horse"):
        self.name, self.address, self.port, self.publisher = name, address, port, publisher
        self.peers = [(name, address, port), *peers] if publisher else []
        self.broken, self.clock, self.services = broken, clock, services
        self.account = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.ctl, self.staged, self.last, self.mode = None, None, None, 0
        self.requests = []
        self.may_answer = threading.Event()  # to what is staged
        if broken != "waits":
            self.may_answer.set()
        self.certs = {"CallManager": certificate(name, days)[0]}
        if "capf" in services:
            self.certs["CAPF"] = certificate("CAPF-" + name, days)[0]
        self.face, key = certificate("provider-" + name)
        chain = folder / f"{name}.pem"
        chain.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                            serialization.NoEncryption()) + pem(self.face).encode())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        self.server = http.server.ThreadingHTTPServer((address, port), handler(self))
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.server.handle_error = lambda *_: None
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def fingerprint(self):
        return fingerprint(self.face)

    def end(self):
        if self.server:
            server, self.server = self.server, None
            server.shutdown()
            server.server_close()

    def describe(self):
        return {"node": self.name, "address": self.address, "version": "0.1.0",
                "time": int(time.time()) + self.clock, "mode": self.mode, "publisher": self.publisher,
                "nodes": [{"name": n, "address": a, "port": p} for n, a, p in self.peers],
                "services": [{"name": title, "activated": word in self.services,
                              "started": word in self.services} for word, title in TITLES.items()],
                "certificates": [{"name": n, "pem": pem(c)} for n, c in self.certs.items()],
                "tvsPort": 0,
                "ctl": self.ctl and {"sha256": hashlib.sha256(self.ctl).hexdigest(), "bytes": len(self.ctl)},
                "ever": self.ctl is not None,
                "staged": self.staged and {"id": self.staged[0], "by": "admin", "at": self.staged[2]},
                "last": self.last}


def handler(node):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def answer(self, status, body, kind="application/json"):
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def die(self):
            """As a killed process looks from outside: the connection ends and nobody listens any more."""
            self.close_connection = True
            threading.Thread(target=node.end, daemon=True).start()

        def may(self):
            node.requests.append(f"{self.command} {self.path}")
            if self.headers.get("Authorization") == "Basic " + node.account:
                return True
            self.answer(401, {"error": "account", "text": "unknown name or wrong password"})
            return False

        def do_GET(self):
            if not self.may():
                return
            if node.broken == "nonsense":
                self.answer(200, b"<html>\x1b[2Jwelcome</html>")
            elif self.path == "/v1/node":
                self.answer(200, node.describe())
                if node.broken == "dies-after-stage" and node.staged:
                    self.die()
            elif self.path == "/v1/ctl" and node.ctl:
                self.answer(200, node.ctl, "application/octet-stream")
            else:
                self.answer(404, {"error": "notfound", "text": "nothing here"})

        def do_PUT(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not self.may():
                return
            if node.broken == "refuses-stage":
                self.answer(500, {"error": "internal", "text": "the disk is full \x1b[31m"})
                return
            node.staged = (self.path.split("/")[-1], body, int(time.time()) + node.clock)
            node.may_answer.wait()
            self.answer(200, {})
            if node.broken == "dies-before-ready":
                self.die()

        def do_POST(self):
            if not self.may():
                return
            if node.broken == "dies-in-activate":
                self.die()
                return
            if node.broken == "cannot-activate":
                self.answer(500, {"error": "internal", "text": "the disk is full"})
                return
            node.ctl, node.last, node.staged = node.staged[1], node.staged[0], None
            self.answer(200, {})

        def do_DELETE(self):
            if not self.may():
                return
            node.staged = None
            self.answer(200, {})

    return Handler


class Silent:
    """Accepts connections and never says a word."""

    def __init__(self, address, port):
        self.socket = socket.create_server((address, port))
        self.kept = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        try:
            while True:
                self.kept.append(self.socket.accept()[0])
        except OSError:
            pass

    def end(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for one in self.kept:
            one.close()
