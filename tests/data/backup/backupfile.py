#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Opens and makes backups after docs/formats/backup.md alone.

usage: backupfile.py open BACKUP PASSPHRASE-FILE ARCHIVE     (then: tar -tvf ARCHIVE)
       backupfile.py make BACKUP PASSPHRASE-FILE ARCHIVE
Argon2id comes from libargon2 through ctypes, AES-GCM from Python's cryptography. What it makes costs far less
to open than the product's own, so that tests are quick.
"""

import ctypes
import os
import struct
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"CADEADO backup\n\x1a"
PIECE, TAG = 65536, 16


def stretch(passphrase, salt, memory, passes, lanes):
    key = ctypes.create_string_buffer(32)
    argon2id = ctypes.CDLL("libargon2.so.1").argon2id_hash_raw
    argon2id.argtypes = [ctypes.c_uint32] * 3 + [ctypes.c_char_p, ctypes.c_size_t] * 2 + [
        ctypes.c_void_p, ctypes.c_size_t]
    assert argon2id(passes, memory, lanes, passphrase, len(passphrase), salt, len(salt), key, 32) == 0
    return key.raw


def nonce(number, last):
    return bytes(7) + struct.pack(">IB", number, last)


def head_of(backup):
    """The fields of the head, and its bytes."""
    assert backup[:16] == MAGIC
    version, length, memory, passes, lanes = struct.unpack(">HHIII", backup[16:32])
    assert version == 1
    salt, (time,) = backup[32:48], struct.unpack(">Q", backup[48:56])
    at, texts = 56, []
    for _ in range(2):
        size = backup[at]
        texts.append(backup[at + 1:at + 1 + size].decode("ascii"))
        at += 1 + size
    assert at == length
    return {"memory": memory, "passes": passes, "lanes": lanes, "salt": salt, "time": time,
            "node": texts[0], "address": texts[1]}, backup[:length]


def unseal(backup, passphrase):
    fields, head = head_of(backup)
    aead = AESGCM(stretch(passphrase, fields["salt"], fields["memory"], fields["passes"], fields["lanes"]))
    rest, archive, number = backup[len(head):], b"", 0
    while True:
        piece, rest = rest[:PIECE + TAG], rest[PIECE + TAG:]
        archive += aead.decrypt(nonce(number, not rest), piece, head)
        number += 1
        if not rest:
            return archive


def seal(archive, passphrase, node="publisher", address="192.0.2.10", time=1790000000, memory=64, salt=None):
    salt = salt or os.urandom(16)
    tail = salt + struct.pack(">Q", time) + b"".join(bytes([len(t)]) + t.encode() for t in (node, address))
    head = MAGIC + struct.pack(">HHIII", 1, 32 + len(tail), memory, 1, 1) + tail
    aead = AESGCM(stretch(passphrase, salt, memory, 1, 1))
    pieces = [archive[i:i + PIECE] for i in range(0, len(archive), PIECE)] or [b""]
    return head + b"".join(aead.encrypt(nonce(i, i + 1 == len(pieces)), p, head) for i, p in enumerate(pieces))


def main():
    what, backup, passphrase, archive = sys.argv[1:]
    with open(passphrase, "rb") as f:
        secret = f.readline().rstrip(b"\r\n")
    source, target, work = (backup, archive, unseal) if what == "open" else (archive, backup, seal)
    with open(source, "rb") as f:
        done = work(f.read(), secret)
    with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:
        f.write(done)


if __name__ == "__main__":
    main()
