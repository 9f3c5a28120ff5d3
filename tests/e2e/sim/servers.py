# SPDX-License-Identifier: BSD-2-Clause
"""Servers for a simulated phone, none of them this project's code: TFTP (RFC 1350), CAPF and SCCP as
docs/formats describe them. Each runs in threads and is closed by close()."""
import os
import socket
import ssl
import struct
import tempfile
import threading

from cryptography.hazmat.primitives import serialization
from phonefiles import Identity


class Tftp:
    """Serves a dictionary of name -> bytes; keeps the names that were asked for."""

    def __init__(self):
        self.files = {}
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def close(self):
        self.socket.close()

    def run(self):
        while True:
            try:
                packet, peer = self.socket.recvfrom(2048)
            except OSError:
                return
            if packet[:2] == b'\0\1':
                name = packet[2:].split(b'\0')[0].decode()
                self.asked.append(name)
                threading.Thread(target=self.serve, args=(name, peer), daemon=True).start()

    def serve(self, name, peer):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as transfer:
            transfer.bind(('127.0.0.1', 0))
            transfer.settimeout(1)
            if name not in self.files:
                transfer.sendto(b'\0\5\0\1File not found\0', peer)
                return
            content, block = self.files[name], 0
            while True:
                part = content[block * 512:block * 512 + 512]
                block += 1
                for _ in range(5):
                    transfer.sendto(struct.pack('>HH', 3, block & 0xffff) + part, peer)
                    try:
                        if transfer.recv(512) == struct.pack('>HH', 4, block & 0xffff):
                            break
                    except socket.timeout:
                        continue
                else:
                    return
                if len(part) < 512:
                    return


def tls_context(identity, client_ca=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'both.pem')
        with open(path, 'wb') as out:
            out.write(identity.key_pem + identity.pem)
        context.load_cert_chain(path)
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=client_ca.pem.decode())
    return context


class Listener:
    """Accepts connections, TLS if a context is given; handle() runs in a thread for each."""

    def __init__(self, context=None):
        self.context = context
        self.failures = []
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.socket.close()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.begin, args=(connection,), daemon=True).start()

    def begin(self, connection):
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            self.handle(connection)
        except OSError as error:
            self.failures.append(str(error))
        finally:
            connection.close()


def exactly(connection, count):
    data = b''
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise OSError('closed')
        data += part
    return data


class Capf(Listener):
    """One phone at a time. `what`: install, none (nothing pending), other-key (a certificate that
    does not carry the phone's key), refuse (END_SESSION 7)."""

    def __init__(self, identity, what='install', bits=1024):
        self.identity, self.what, self.bits = identity, what, bits
        self.log = []      # (type, {tag: value}) of the phone's messages
        self.lsc = None    # the certificate issued last
        super().__init__(tls_context(identity))

    def send(self, connection, kind, *elements):
        body = b''.join(struct.pack('>BH', tag, len(value)) + value for tag, value in elements)
        connection.sendall(struct.pack('>BBIH', 0x55, kind, 7, len(body)) + body)

    def receive(self, connection):
        magic, kind, session, length = struct.unpack('>BBIH', exactly(connection, 8))
        assert (magic, session) == (0x55, 7)
        body, elements = exactly(connection, length), {}
        while body:
            tag, size = struct.unpack('>BH', body[:3])
            elements[tag] = body[3:3 + size]
            body = body[3 + size:]
        self.log.append((kind, elements))
        return kind, elements

    def handle(self, connection):
        self.send(connection, 1, (7, b'\3'), (8, b'\0'))
        _, answer = self.receive(connection)
        device = answer[13].rstrip(b'\0').decode()
        if self.what in ('none', 'refuse'):
            self.send(connection, 15, (1, b'\0' if self.what == 'none' else b'\7'))
            return
        self.send(connection, 3, (10, struct.pack('>H', self.bits)), (17, b'\0'))
        kind, answer = self.receive(connection)
        while kind == 17:
            kind, answer = self.receive(connection)
        key = serialization.load_der_public_key(answer[9])
        if self.what == 'other-key':
            key = Identity('other', bits=self.bits).key.public_key()
        lsc = Identity(device, issuer=self.identity, public_key=key)
        self.send(connection, 9, (3, b'\1'),
                  (4, struct.pack('>BHBB', 1, len(lsc.der) + 2, 0, 1) + lsc.der))
        _, answer = self.receive(connection)
        good = answer[1] == b'\1'
        if good:
            self.lsc = lsc
        self.send(connection, 15, (1, b'\1' if good else b'\7'))


class Sccp(Listener):
    """A call manager for protocol 17: phones register and call each other. `keys` says which streams
    get keys: 'both', 'none', or 'caller' (only the stream that the caller receives)."""

    def __init__(self, identity=None, client_ca=None, numbers=None, keys='both', security=3,
                 keepalive=30, deaf=False):
        self.numbers = numbers or {}  # device -> number
        self.keys, self.security = keys, security
        self.keepalive, self.deaf = keepalive, deaf  # seconds; keepalives are not answered
        self.stations = {}            # number -> connection
        self.log = []                 # (number, message id) as they came
        self.lock = threading.RLock()
        self.dialled = ''
        self.call = None
        super().__init__(tls_context(identity, client_ca) if identity else None)

    def send(self, connection, message, *words, tail=b''):
        body = b''.join(struct.pack('<I', word) for word in words) + tail
        body += b'\0' * (-len(body) % 4)
        connection.sendall(struct.pack('<III', len(body) + 4, 17, message) + body)

    def handle(self, connection):
        number = None
        while True:
            length, _, message = struct.unpack('<III', exactly(connection, 12))
            body = exactly(connection, length - 4)
            with self.lock:
                if message == 1:
                    number = self.numbers.get(body[:16].rstrip(b'\0').decode())
                    if number is None:
                        self.send(connection, 0x9d, tail=b'No such device'.ljust(32, b'\0'))
                        return
                    self.stations[number] = connection
                self.log.append((number, message))
                self.obey(connection, number, message, body)
            if message == 0x27:
                return

    def obey(self, connection, number, message, body):
        words = struct.unpack('<%dI' % (len(body) // 4), body[:len(body) // 4 * 4])
        if message == 1:
            self.send(connection, 0x81, self.keepalive, tail=b'D/M/Y\0\0\0' + struct.pack('<I', 60) +
                      b'\x11\x20\xf1\xff')
            self.send(connection, 0x9b)
        elif message == 0x0e:
            self.send(connection, 0x97, 0, 1, 1, tail=b'\1\x09' + b'\0\xff' * 41)
        elif message == 0x0b:
            self.send(connection, 0x147, words[0], 0,
                      tail=number.encode() + b'\0' + number.encode() + b'\0\0')
        elif message == 0x0d:
            self.send(connection, 0x94, 2026, 1, 4, 1, 12, 0, 0, 0, 0)
        elif message == 0 and not self.deaf:
            self.send(connection, 0x100)
        elif message == 0x27:
            self.send(connection, 0x118, 0)
        elif message == 6:
            self.dialled = ''
            self.state(connection, 1, 101)
        elif message == 3:
            self.digit(connection, number, words)
        elif message == 0x26 and words[0] == 11:
            self.answer()
        elif message == 0x22:
            self.acknowledged(number, body)
        elif message == 7:
            self.end()

    def state(self, connection, state, call):
        self.send(connection, 0x111, state, 1, call, 0, 4, 0)

    def info(self, connection, call, inbound, caller, called, security):
        strings = [caller, '', called] + [''] * 12
        self.send(connection, 0x14a, 1, call, 1 if inbound else 2, 0, 0, 1, security, 0,
                  tail=b''.join(s.encode() + b'\0' for s in strings))

    def digit(self, connection, number, words):
        self.dialled += str(words[0])
        if len(self.dialled) < 4:
            return
        peer = self.stations.get(self.dialled)
        if peer is None:
            self.state(connection, 14, 101)
            return
        self.call = {'caller': number, 'called': self.dialled, 'acks': {},
                     'keys': [os.urandom(30), os.urandom(30)]}
        self.state(connection, 12, 101)
        self.state(peer, 4, 202)
        self.info(peer, 202, True, number, self.dialled, 0)
        self.info(connection, 101, False, number, self.dialled, 0)

    def legs(self):
        call = self.call
        return ((call['caller'], 101, 0), (call['called'], 202, 1))

    def block(self, stream):
        """The encryption block of a stream: 0 is heard by the caller, 1 by the called phone."""
        if self.keys == 'none' or (self.keys == 'caller' and stream == 1):
            return b'\0' * 48
        key = self.call['keys'][stream]
        return struct.pack('<IHH', 1, 16, 14) + key[:16] + key[16:] + b'\0' * 10

    def answer(self):
        for number, call, stream in self.legs():
            connection = self.stations[number]
            self.state(connection, 5, call)
            self.send(connection, 0x105, call, call + 1, 20, 4, 0, 0, call,
                      tail=self.block(stream) + struct.pack('<4I', 0, 0, 101, 10) + b'\0' * 36)

    def acknowledged(self, number, body):
        status, _, = struct.unpack('<II', body[:8])
        assert status == 0
        self.call['acks'][number] = struct.unpack('<I', body[24:28])[0]
        if len(self.call['acks']) < 2:
            return
        for (number, call, stream), (peer, _, _) in zip(self.legs(), reversed(self.legs())):
            connection = self.stations[number]
            self.send(connection, 0x8a, call, call + 1, 0,
                      tail=socket.inet_aton('127.0.0.1') + b'\0' * 12 +
                      struct.pack('<9I', self.call['acks'][peer], 20, 4, 184, 0, 1, 0, call, 0)[:32] +
                      self.block(1 - stream) + b'\0' * 24)
            self.info(connection, call, stream == 1, self.call['caller'], self.call['called'],
                      self.security)

    def end(self):
        if not self.call:
            return
        for number, call, _ in self.legs():
            connection = self.stations[number]
            self.send(connection, 0x106, call, call + 1, call, 0)
            self.send(connection, 0x8b, call, call + 1, call, 0)
            self.state(connection, 2, call)
        self.call = None
