# SPDX-License-Identifier: BSD-2-Clause
"""A CAPF server in plain Python that orders anything, checks every proof by itself and remembers what
each phone said. Layouts: docs/formats/capf.md."""
import datetime
import hashlib
import ssl
import struct

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from servers import Listener, exactly, tls_context

SESSION = 0x01020304
CURVES = {256: 0, 384: 1, 521: 2}


def der_of(cert):
    return cert.public_bytes(serialization.Encoding.DER)


def block_of(key, signature):
    """What an RSA signature holds, padding and all."""
    numbers, size = key.public_numbers(), key.key_size // 8
    assert len(signature) == size
    return pow(int.from_bytes(signature, 'big'), numbers.e, numbers.n).to_bytes(size, 'big')


def signs(key, signature, message, name):
    """PKCS #1 type 1 around the bare hash for RSA, all of it; ECDSA otherwise."""
    digest = hashlib.new(name, message).digest()
    if isinstance(key, rsa.RSAPublicKey):
        pad = key.key_size // 8 - len(digest) - 3
        return pad >= 8 and block_of(key, signature) == b'\0\1' + b'\xff' * pad + b'\0' + digest
    try:
        key.verify(signature, message, ec.ECDSA({'sha1': hashes.SHA1, 'sha512': hashes.SHA512}[name]()))
        return True
    except InvalidSignature:
        return False


def coded(value, code):
    """The value of code | length | value, and what follows it."""
    assert value[0] == code
    size = struct.unpack('>H', value[1:3])[0]
    return value[3:3 + size], value[3 + size:]


def proof_of(elements):
    """The certificate, if the proofs that are there hold; None for a wrong one."""
    prefix, der = elements[4][:5], elements[4][5:]
    assert prefix == struct.pack('>BHBB', 1, len(der) + 2, 0, prefix[4])
    key = x509.load_der_x509_certificate(der).public_key()
    message = elements[13] + der
    good = 6 in elements and signs(key, elements[6], message, 'sha1')
    if 20 in elements:
        signature, rest = coded(elements[20], 3)
        good = good and rest == b'' and signs(key, signature, message, 'sha512')
    return der if good else None


def sudi_of(elements):
    der, rest = coded(elements[16], 0)
    first, rest = coded(rest, 1)
    second, rest = coded(rest, 3)
    key = x509.load_der_x509_certificate(der).public_key()
    message = struct.pack('<I', SESSION) + der
    good = rest == b'' and signs(key, first, message, 'sha1') and signs(key, second, message, 'sha512')
    return der if good else None


class Session:
    """What one phone said."""

    def __init__(self, shown):
        self.log = []         # (type, elements)
        self.tls_cert = shown  # DER, or None
        self.fetched = {}     # 1 LSC, 2 MIC: (type that the phone wrote, DER)
        self.lsc = None
        self.ended = None     # reason

    @property
    def auth(self):
        return self.log[0][1]

    @property
    def kinds(self):
        return [kind for kind, _ in self.log]


class Authority(Listener):
    """`order`: install, delete, fetch, none, later, retry-key (a key of no known kind), session (changes its number),
    store (a certificate for another key), hang-up (closes after AUTH_RES). `check` gets the elements of AUTH_RES and says
    whether the phone is let in."""

    def __init__(self, identity, order='install', bits=1024, curve=None, check=lambda _: True, trusted=(),
                 wanted=(1,)):
        self.identity, self.order, self.bits, self.curve = identity, order, bits, curve
        self.check, self.wanted = check, wanted
        self.sessions = []
        context = tls_context(identity)
        context.set_ciphers('ALL:@SECLEVEL=0')
        if trusted:
            context.verify_mode = ssl.CERT_OPTIONAL
            for ca in trusted:
                context.load_verify_locations(cadata=ca)
        super().__init__(context)

    @property
    def last(self):
        return self.sessions[-1]

    def send(self, kind, *elements, session=SESSION):
        body = b''.join(struct.pack('>BH', tag, len(value)) + value for tag, value in elements)
        self.connection.sendall(struct.pack('>BBIH', 0x55, kind, session, len(body)) + body)

    def receive(self):
        magic, kind, session, length = struct.unpack('>BBIH', exactly(self.connection, 8))
        assert magic == 0x55
        body, elements = exactly(self.connection, length), {}
        while body:
            tag, size = struct.unpack('>BH', body[:3])
            assert tag not in elements
            elements[tag] = body[3:3 + size]
            body = body[3 + size:]
        self.last.log.append((kind, elements))
        assert session == SESSION
        return kind, elements

    def end(self, reason):
        self.last.ended = reason
        self.send(15, (1, bytes([reason])))

    def handle(self, connection):
        self.connection = connection
        self.sessions.append(Session(connection.getpeercert(binary_form=True)))
        self.send(1, (7, b'\3'), (8, b'\0'))
        try:
            _, answer = self.receive()
            if self.check(answer):
                getattr(self, self.order.replace('-', '_'))()
            else:
                self.end(7)
        except AssertionError:
            self.end(7)

    # ---- orders ----

    def none(self):
        self.end(0)

    def later(self):
        self.send(16, (12, b'\0\0\0\x3c'))

    def hang_up(self):
        pass

    def session(self):
        self.send(13, session=SESSION + 1)

    def retry_key(self):
        self.send(3, (17, b'\7'), (10, b'\4\0'))
        _, answer = self.receive()
        assert answer == {1: b'\7'}
        self.end(7)

    def delete(self):
        self.send(13)
        _, answer = self.receive()
        self.end(1 if answer[1] == b'\1' else 7)

    def fetch(self):
        for kind in self.wanted:
            self.send(11, *([(3, bytes([kind]))] if kind == 2 else []))
            _, answer = self.receive()
            if answer[1] == b'\1':
                self.last.fetched[kind] = (answer[4][4], answer[4][5:])
        self.end(0)

    def ask_for_key(self):
        if self.curve:
            self.send(3, (17, b'\1'), (18, bytes([CURVES[self.curve]])))
        elif self.last.auth[7] == b'\2':
            self.send(3, (10, struct.pack('>H', self.bits)))
        else:
            self.send(3, (10, struct.pack('>H', self.bits)), (17, b'\0'))
        kind, answer = self.receive()
        while kind == 17:
            kind, answer = self.receive()
        assert kind == 4
        return answer

    def sent_key_is_good(self, key):
        if self.curve:
            return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size == self.curve
        return isinstance(key, rsa.RSAPublicKey) and key.key_size == self.bits

    def issue(self, device, key):
        now = datetime.datetime(2024, 1, 1)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, device)])
        return (x509.CertificateBuilder().subject_name(name).issuer_name(self.identity.cert.subject)
                .public_key(key).serial_number(x509.random_serial_number()).not_valid_before(now)
                .not_valid_after(now.replace(year=2044))
                .add_extension(x509.BasicConstraints(False, None), critical=True)
                .sign(self.identity.key, hashes.SHA256()))

    def install(self, key=None):
        answer = self.ask_for_key()
        if 9 not in answer:
            self.end(7)
            return
        try:
            theirs = serialization.load_der_public_key(answer[9])
        except ValueError:
            self.end(7)
            return
        if not self.sent_key_is_good(theirs):
            self.end(7)
            return
        device = self.last.auth[13].rstrip(b'\0').decode()
        der = der_of(self.issue(device, key or theirs))
        self.send(9, (3, b'\1'), (4, struct.pack('>BHBB', 1, len(der) + 2, 0, 1) + der))
        kind, answer = self.receive()
        assert kind == 10
        if answer[1] == b'\1':
            self.last.lsc = der
        self.end(1 if answer[1] == b'\1' else 7)

    def store(self):
        self.install(key=rsa.generate_private_key(65537, 1024).public_key())
