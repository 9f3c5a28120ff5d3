# SPDX-License-Identifier: BSD-2-Clause
"""An EST server (RFC 7030, /simpleenroll) of Python's ssl and http.server and of openssl. It takes CAPF for its
registration authority: a request is good when CAPF's key has signed it, whatever key stands in it."""

import base64
import http.server
import ssl
import subprocess
import threading

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding

from capfphone import openssl

PATH = "/.well-known/est/phones"


class Server(http.server.ThreadingHTTPServer):
    """`answers` are given first, one a request: a status, or (status, headers, body); then it enrols."""

    daemon_threads = True

    def __init__(self, ca, registrar, account=None, client_ca=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.ca, self.account = ca, account
        with open(registrar, "rb") as f:
            self.registrar = x509.load_pem_x509_certificate(f.read()).public_key()
        self.answers, self.asked, self.issued = [], [], []
        self.lock = threading.Lock()
        if not (ca.folder / "tls.pem").exists():
            openssl(ca.folder, "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "tls.key", "-out", "tls.csr",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
            openssl(ca.folder, "x509", "-req", "-in", "tls.csr", "-copy_extensions", "copyall", "-CA", ca.cert, "-CAkey",
                    "ca.key", "-days", "30", "-out", "tls.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(ca.folder / "tls.pem", ca.folder / "tls.key")
        if client_ca:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(client_ca)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.server_port}{PATH}"

    def handle_error(self, request, client_address):
        pass  # clients that do not like the certificate

    def enrol(self, body):
        """Certs-only PKCS #7 in base 64, with the authority's own certificate in front."""
        der = base64.b64decode(body)
        request = x509.load_der_x509_csr(der)
        self.registrar.verify(request.signature, request.tbs_certrequest_bytes, padding.PKCS1v15(),
                              request.signature_hash_algorithm)
        with self.lock:
            number = len(self.issued)
            names = [self.ca.folder / f"{number}.{end}" for end in ("csr", "pub", "pem")]
            key = request.public_key().public_bytes(serialization.Encoding.PEM,
                                                    serialization.PublicFormat.SubjectPublicKeyInfo)
            names[1].write_bytes(key)
            # The request does not verify by the key in it; one that does is needed for openssl alone.
            subject = request.subject.rfc4514_string().split(",")[0]
            openssl(self.ca.folder, "req", "-new", "-key", "ca.key", "-subj", "/" + subject, "-out", names[0])
            openssl(self.ca.folder, "x509", "-req", "-in", names[0], "-force_pubkey", names[1], "-CA", self.ca.cert,
                    "-CAkey", "ca.key", "-days", "30", "-out", names[2])
            self.issued.append(names[2])
        der = subprocess.run(["openssl", "crl2pkcs7", "-nocrl", "-certfile", self.ca.cert, "-certfile", names[2],
                              "-outform", "DER"], check=True, capture_output=True).stdout
        return base64.encodebytes(der)

    def end(self):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, headers=(), body=b""):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        server = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.asked.append(body)
        account = base64.b64encode((server.account or "").encode()).decode()
        if server.account and self.headers["Authorization"] != "Basic " + account:
            self.answer(401, [("WWW-Authenticate", 'Basic realm="est"')])
        elif (self.path, self.headers["Content-Type"]) != (PATH + "/simpleenroll", "application/pkcs10"):
            self.answer(404)
        elif server.answers:
            given = server.answers.pop(0)
            self.answer(*(given if isinstance(given, tuple) else (given,)))
        else:
            self.answer(200, [("Content-Type", "application/pkcs7-mime; smime-type=certs-only"),
                              ("Content-Transfer-Encoding", "base64")], server.enrol(body))

    def log_message(self, *_):
        pass
