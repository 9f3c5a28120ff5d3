# SPDX-License-Identifier: BSD-2-Clause
"""A TFTP server of few words: serves one request as its argument says, then ends."""
import socket
import struct
import sys

CONTENT = bytes(range(256)) * 4 + b"end"


def udp():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))
    s.settimeout(30)
    return s


def data(n, part):
    return struct.pack(">HH", 3, n) + part


def expect(s, want):
    got, _ = s.recvfrom(2000)
    assert got == want, (got, want)


def ack(n):
    return struct.pack(">HH", 4, n)


mode = sys.argv[1]
door = udp()
print("PORT", door.getsockname()[1], flush=True)
request, client = door.recvfrom(2000)
assert request == b"\0\1CTLFile.tlv\0octet\0blksize\x001468\0tsize\x000\0", request
s = udp()
send = lambda p: s.sendto(p, client)
if mode == "plain":  # knows no options; sends a block twice
    send(data(1, CONTENT[:512]))
    expect(s, ack(1))
    send(data(1, CONTENT[:512]))
    expect(s, ack(1))
    send(data(2, CONTENT[512:1024]))
    expect(s, ack(2))
    send(data(3, CONTENT[1024:]))
    expect(s, ack(3))
elif mode == "options":
    send(b"\0\6tsize\x001027\0blksize\x00600\0")
    expect(s, ack(0))
    stranger = udp()
    stranger.sendto(data(1, b"forged"), client)
    expect(stranger, b"\0\5\0\5stopped\0")
    send(data(1, CONTENT[:600]))
    expect(s, ack(1))
    send(data(2, CONTENT[600:]))
    expect(s, ack(2))
elif mode == "resend":  # the request was lost: it comes again
    again, _ = door.recvfrom(2000)
    assert again == request
    send(data(1, b"late"))
    expect(s, ack(1))
elif mode == "notfound":
    send(b"\0\5\0\1File not found\0")
elif mode == "denied":
    send(b"\0\5\0\2Access violation\0")
elif mode == "large":
    send(b"\0\6tsize\x0099999\0")
elif mode == "endless":
    for n in range(1, 100):
        send(data(n, bytes(512)))
        if s.recvfrom(2000)[0][:2] == b"\0\5":
            break
elif mode == "liar":
    send(b"\0\6tsize\x004000\0")
    expect(s, ack(0))
    send(data(1, b"short"))
elif mode == "garbage":
    send(b"\xff\xffgarbage")
elif mode == "silent":
    pass
