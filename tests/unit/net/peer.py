#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A TLS peer that is not ours: Python's ssl over memory, so that every raw byte and record is seen.

Prints one fact a line: PORT, READY, GOT, ALERT, ERROR, END, RECORDS. Ends when the peer is through.
"""
import argparse
import os
import socket
import ssl
import struct
import sys

VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}


def say(*words):
    print(*words, flush=True)


class Peer:
    def __init__(self, sock, context, server):
        self.sock = sock
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=server)
        self.got, self.sent = b"", b""

    def flush(self):
        data = self.outgoing.read()
        if data:
            self.sent += data
            self.sock.sendall(data)

    def step(self, call, *args):
        while True:
            try:
                result = call(*args)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                data = self.sock.recv(65536)
                self.got += data
                if data:
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()

    def records(self):
        at, out = 0, []
        while at + 5 <= len(self.got):
            kind, _, size = struct.unpack_from(">BHH", self.got, at)
            out.append("%d:%d" % (kind, size))
            at += 5 + size
        return out


def talk(peer, options):
    peer.step(peer.tls.do_handshake)
    say("READY", peer.tls.version(), peer.tls.cipher()[0])
    if options.send:
        size = options.record or options.send
        for at in range(0, options.send, size):
            peer.tls.write(bytes((at + i) & 0xFF for i in range(min(size, options.send - at))))
        peer.flush()
    if options.reset:
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.sock.close()
        return
    if options.abrupt:
        peer.sock.shutdown(socket.SHUT_WR)
    if options.polite:
        try:
            peer.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        peer.flush()
        while peer.sock.recv(65536):
            pass
        say("END")
        return
    total = 0
    while True:
        data = peer.step(peer.tls.read, 65536)
        if not data:
            break
        total += len(data)
        if options.echo:
            peer.step(peer.tls.write, data)
        if options.until and total >= options.until:
            peer.sock.close()
            break
    say("GOT", total)
    say("END")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("role", choices=["client", "server"])
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--tls", default="")
    p.add_argument("--ciphers", default="ALL:@SECLEVEL=0")
    p.add_argument("--cert", default="")
    p.add_argument("--ask", action="store_true", help="server: ask for a certificate signed by --ca")
    p.add_argument("--ca", default="")
    p.add_argument("--send", type=int, default=0)
    p.add_argument("--record", type=int, default=0)
    p.add_argument("--until", type=int, default=0, help="leave after so many bytes")
    for flag in ("echo", "abrupt", "reset", "polite"):
        p.add_argument("--" + flag, action="store_true")
    p.add_argument("--raw", default="", help="folder for the raw bytes of both directions")
    options = p.parse_args()
    server = options.role == "server"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED if options.ask else ssl.CERT_NONE
    context.set_ciphers(options.ciphers)
    if options.ca:
        context.load_verify_locations(options.ca)
    context.minimum_version = VERSIONS[options.tls] if options.tls else ssl.TLSVersion.TLSv1
    if options.tls:
        context.maximum_version = VERSIONS[options.tls]
    if options.cert:
        context.load_cert_chain(options.cert + ".pem", options.cert + ".key")
    if server:
        listener = socket.create_server(("127.0.0.1", 0))
        say("PORT", listener.getsockname()[1])
        sock = listener.accept()[0]
    else:
        sock = socket.create_connection(("127.0.0.1", options.port))
    peer = Peer(sock, context, server)
    try:
        talk(peer, options)
    except ssl.SSLEOFError:
        say("EOF")
    except ssl.SSLError as e:
        peer.flush()
        say("ALERT" if "ALERT" in (e.reason or "") else "ERROR", e.reason)
    except OSError as e:
        say("ERROR", e.strerror)
    say("RECORDS", *peer.records())
    if options.raw:
        for name, data in (("got", peer.got), ("sent", peer.sent)):
            with open(os.path.join(options.raw, name), "wb") as f:
                f.write(data)
    return 0


sys.exit(main())
