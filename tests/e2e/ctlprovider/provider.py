# SPDX-License-Identifier: BSD-2-Clause
"""What tests say to a CTL Provider, with Python's own HTTP and TLS; lists made by `cadeado build ctl`."""

import base64
import hashlib
import http.client
import json
import os
import secrets
import ssl
import time

from lab import PIN

ACCOUNT, PASSWORD = "admin", "correct horse"
TOKENS = ("SAST-ADN4e31f914", "SAST-ADN5bbd7b14")


def context():
    """The client would pin the certificate; here its bytes are compared where they matter."""
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ctx.check_hostname = False
    ctx.verify_mode = ssl.CERT_NONE
    return ctx


def basic(account, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{account}:{password}".encode()).decode()}


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.bytes = response.read()

    @property
    def json(self):
        return json.loads(self.bytes)

    def __repr__(self):
        return f"{self.status} {self.bytes[:300]!r}"


class Provider:
    def __init__(self, lab):
        self.lab = lab
        self.port = lab.port("provider")

    def connect(self, source="127.0.0.1", timeout=60):
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=context(), timeout=timeout,
                                           source_address=(source, 0))

    def ask(self, method, path, body=None, headers=None, auth=(ACCOUNT, PASSWORD), source="127.0.0.1"):
        connection = self.connect(source)
        try:
            connection.request(method, "/v1/" + path, body, {**(basic(*auth) if auth else {}), **(headers or {})})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def node(self):
        answer = self.ask("GET", "node")
        assert answer.status == 200, answer
        return answer.json

    def seen(self):
        """What a publisher says that it saw."""
        ctl = self.node()["ctl"]
        return {"If-Match": f'"{ctl["sha256"]}"'} if ctl else {"If-None-Match": "*"}

    def stage(self, publication, content, headers=None, **how):
        return self.ask("PUT", f"staged/{publication}", content, self.seen() if headers is None else headers, **how)

    def activate(self, publication, **how):
        return self.ask("POST", f"staged/{publication}/activate", **how)

    def abort(self, publication, **how):
        return self.ask("DELETE", f"staged/{publication}", **how)

    def publish(self, content):
        publication = new_id()
        staged = self.stage(publication, content)
        assert staged.status == 200, staged
        activated = self.activate(publication)
        assert activated.status == 200, activated
        return publication


def new_id():
    return secrets.token_hex(16)


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def add_account(lab, name=ACCOUNT, password=PASSWORD):
    path = lab.dir + ".password"
    with open(path, "w", encoding="utf-8") as f:
        f.write(password + "\n")
    lab.cadeado("set", "account", "name", name, "--password-file", path)


def pin_file(lab):
    path = lab.dir + ".pin"
    with open(path, "w", encoding="ascii") as f:
        f.write(PIN + "\n")
    return path


def make_list(lab, signer=TOKENS[0], sasts=TOKENS, later=0, tokens=None):
    """The bytes of a CTL for this node, signed by a token so many seconds from now."""
    folder = tokens or lab.path("tokens")
    out = lab.dir + f".{secrets.token_hex(4)}.tlv"
    words = ["build", "ctl", "--out", out, "--token", signer, "--tokens", folder, "--pin-file", pin_file(lab),
             "--ccm-tftp", lab.path("keys", "CallManager.pem") + ",publisher,127.0.0.1",
             "--capf", lab.path("keys", "CAPF.pem"), "--date", str(int(time.time()) + later)]
    for token in sasts:
        words += ["--sast", token if "/" in token else os.path.join(folder, token + ".token")]
    lab.cadeado(*words)
    with open(out, "rb") as f:
        return f.read()


def published(lab):
    try:
        with open(lab.path("tftp", "CTLFile.tlv"), "rb") as f:
            return f.read()
    except FileNotFoundError:
        return None


def audit(lab):
    return lab.json("utils", "audit", "show")["entries"]
