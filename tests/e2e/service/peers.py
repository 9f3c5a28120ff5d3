# SPDX-License-Identifier: BSD-2-Clause
"""Phones and strangers in plain Python: they share nothing with the programs under test.
Layouts: docs/formats/{tftp,capf,sccp}.md."""

import os
import socket
import ssl
import struct
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

HOST = "127.0.0.1"
PATIENCE = 60


# ---- TFTP ----

class Tftp:
    """A client that sends what it is told to."""

    def __init__(self, port):
        self.server = (HOST, port)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((HOST, 0))
        self.sock.settimeout(PATIENCE)
        self.tid = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def request(self, name, *options, opcode=1, mode="octet"):
        text = b"".join(str(part).encode() + b"\0" for part in (name, mode, *options))
        self.raw(struct.pack(">H", opcode) + text)

    def raw(self, packet):
        self.sock.sendto(packet, self.server)

    def recv(self):
        packet, self.tid = self.sock.recvfrom(65536)
        return packet

    def send(self, packet):
        self.sock.sendto(packet, self.tid)

    def ack(self, block):
        self.send(struct.pack(">HH", 4, block & 0xFFFF))

    def error(self):
        """Code and text of the ERROR packet that must come."""
        packet = self.recv()
        assert packet[:2] == b"\0\5" and packet.endswith(b"\0"), packet
        return struct.unpack(">H", packet[2:4])[0], packet[4:-1].decode()

    def rest(self, first, size=512):
        """The file whose first DATA packet has come, one ACK each."""
        content, packet, block = bytearray(), first, 1
        while True:
            assert packet[:4] == struct.pack(">HH", 3, block & 0xFFFF), packet[:8]
            content += packet[4:]
            self.ack(block)
            if len(packet) < size + 4:
                return content
            block += 1
            packet = self.recv()

    def window(self, packet, size, window, first=1):
        """As rest, with one ACK for each window of blocks; `first` is the number of the first."""
        content, block = bytearray(), first
        while True:
            assert packet[:4] == struct.pack(">HH", 3, block & 0xFFFF), packet[:8]
            content += packet[4:]
            last = len(packet) < size + 4
            if last or (block - first + 1) % window == 0:
                self.ack(block)
            if last:
                return content
            block += 1
            packet = self.recv()


# ---- CAPF ----

def new_key(bits):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def spki(key):
    return key.public_key().public_bytes(serialization.Encoding.DER,
                                         serialization.PublicFormat.SubjectPublicKeyInfo)


def element(tag, value):
    return struct.pack(">BH", tag, len(value)) + value


def tls(port, cert=None, key=None, low=ssl.TLSVersion.TLSv1_2, high=ssl.TLSVersion.TLSv1_2, ciphers=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version, context.maximum_version = low, high
    if ciphers:
        context.set_ciphers(ciphers)
    if cert:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "phone.pem")
            with open(path, "wb") as f:
                f.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption()))
                f.write(x509.load_der_x509_certificate(cert).public_bytes(serialization.Encoding.PEM))
            context.load_cert_chain(path)
    sock = socket.create_connection((HOST, port), PATIENCE)
    try:
        return context.wrap_socket(sock)
    except BaseException:
        sock.close()
        raise


class Capf:
    """A phone's side of an enrolment."""

    def __init__(self, port, **how):
        self.sock = tls(port, **how)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def exactly(self, count):
        got = b""
        while len(got) < count:
            more = self.sock.recv(count - len(got))
            if not more:
                raise EOFError(got)
            got += more
        return got

    def recv(self):
        """Type and elements {tag: value} of the next message."""
        first = self.exactly(8)
        magic, kind, self.session, length = struct.unpack(">BBIH", first)
        assert magic == 0x55
        body, found = self.exactly(length), {}
        while body:
            tag, size = struct.unpack(">BH", body[:3])
            assert tag not in found and len(body) >= 3 + size
            found[tag] = body[3:3 + size]
            body = body[3 + size:]
        return kind, found

    def send(self, kind, *elements, session=None):
        body = b"".join(elements)
        self.sock.sendall(struct.pack(">BBIH", 0x55, kind, self.session if session is None else session,
                                      len(body)) + body)

    def auth(self, device, version=3, password=None):
        assert self.recv() == (1, {7: b"\x03", 8: b"\0"})
        extra = [element(11, password)] if password is not None else []
        self.send(2, element(7, bytes([version])), element(13, device.encode() + b"\0"), element(1, b"\1"), *extra)

    def ended(self):
        """The reason of END_SESSION, after which nothing comes."""
        kind, found = self.recv()
        assert kind == 15, (kind, found)
        try:
            assert self.sock.recv(1) == b""
        except ssl.SSLEOFError:
            pass
        return found[1][0]

    def enrol(self, device, key=None, **how):
        """The whole exchange; key and certificate."""
        self.auth(device, **how)
        kind, found = self.recv()
        assert kind == 3, (kind, found)
        key = key or new_key(struct.unpack(">H", found[10])[0])
        self.send(17)
        self.send(4, element(9, spki(key)))
        kind, found = self.recv()
        assert kind == 9 and found[3] == b"\1", (kind, found)
        value = found[4]
        assert value[0] == 1 and value[3:5] == b"\0\1"
        assert struct.unpack(">H", value[1:3])[0] == len(value) - 3
        self.send(10, element(1, b"\1"))
        assert self.ended() == 1
        return key, value[5:]


def enrol(lab, device, **how):
    with Capf(lab.port("capf")) as phone:
        return phone.enrol(device, **how)


# ---- SCCP ----

class Sccp:
    """A station; `lsc` as enrol() gave it makes it a secure one."""

    def __init__(self, port, lsc=None, **how):
        if lsc:
            self.sock = tls(port, lsc[1], lsc[0], **how)
        else:
            self.sock = socket.create_connection((HOST, port), PATIENCE)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def raw(self, data):
        self.sock.sendall(data)

    @staticmethod
    def message(kind, body=b"", version=0):
        return struct.pack("<III", len(body) + 4, version, kind) + body

    def send(self, kind, body=b"", version=0):
        self.raw(self.message(kind, body, version))

    def recv(self):
        """Id, version word and body of the next message."""
        while True:
            if len(self.buffer) >= 12:
                length, version, kind = struct.unpack("<III", self.buffer[:12])
                if len(self.buffer) >= length + 8:
                    body, self.buffer = self.buffer[12:length + 8], self.buffer[length + 8:]
                    return kind, version, body
            more = self.sock.recv(65536)
            if not more:
                raise EOFError
            self.buffer += more

    def until(self, wanted):
        """The body of the next message with that id; others are passed over."""
        while True:
            kind, _, body = self.recv()
            if kind == wanted:
                return body

    def closed(self):
        """True when the server ends the connection before it says anything more."""
        try:
            return not self.buffer and self.sock.recv(1) == b""
        except (ConnectionError, ssl.SSLError):
            return True

    @staticmethod
    def register_body(device, version=17):
        body = struct.pack("<16sII4sIIIB3s", device.encode(), 0, 1, bytes([127, 0, 0, 1]), 30018, 5, 0, version,
                           b"\x00\x72\x85")
        return body + bytes(48) + struct.pack("32s", b"SCCP41.8-5-3S")

    def register(self, device, version=17):
        self.send(0x01, self.register_body(device, version))

    def ready(self, device, version=17):
        """Registers to the end; the line's number."""
        self.register(device, version)
        ack = self.until(0x81)
        assert ack[16] == version
        self.until(0x9B)
        self.send(0x10, struct.pack("<III8x", 1, 4, 40))
        for kind in (0x0E, 0x28, 0x25, 0x0C):
            self.send(kind)
        self.send(0x0B, struct.pack("<I", 1))
        self.send(0x0D)
        line = self.until(0x147 if version >= 17 else 0x92)
        self.until(0x94)
        self.until(0x110)
        return line[8:].split(b"\0")[0].decode() if version >= 17 else line[4:28].rstrip(b"\0").decode()


# ---- TVS ----

class Tvs:
    """A phone's side of TVS; layout: docs/formats/tvs.md."""

    def __init__(self, port):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.sock = context.wrap_socket(socket.create_connection((HOST, port), PATIENCE))
        self.session = 1000

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def shown(self):
        """The certificate that the server showed, DER."""
        return self.sock.getpeercert(binary_form=True)

    def message(self, kind, *elements, device=b"\1CP-8861-SEP0011215A1AE3"):
        self.session += 1
        body = element(1, device) + b"".join(elements)
        return struct.pack(">BBBBIH", 0x57, 1, kind, 0, self.session, len(body)) + body

    def recv(self):
        """(type, {tag: value}) of the next message; None when the server closes."""
        head = self.take(10)
        if head is None:
            return None
        magic, version, kind, _, session, length = struct.unpack(">BBBBIH", head)
        assert (magic, version, session) == (0x57, 1, self.session)
        body, found = self.take(length), {}
        while body:
            tag, size = struct.unpack(">BH", body[:3])
            assert tag not in found
            found[tag], body = body[3:3 + size], body[3 + size:]
        return kind, found

    def take(self, length):
        got = b""
        while len(got) < length:
            try:
                part = self.sock.recv(length - len(got))
            except (ConnectionError, ssl.SSLError):
                part = b""
            if not part:
                return None
            got += part
        return got

    def verify(self, der):
        self.sock.sendall(self.message(1, element(2, der)))
        return self.recv()

    def query(self, subject, issuer, serial):
        self.sock.sendall(self.message(3, element(3, subject.encode() + b"\0"), element(4, issuer.encode() + b"\0"),
                                       element(5, serial)))
        return self.recv()
