#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Prints SRTP test vectors, computed with AES and HMAC alone from the text of RFC 3711.

The key derivation is checked against RFC 3711 B.3 before anything is printed.
Usage: make-srtp-vector.py > crypto/srtp-vectors.txt
"""
import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

MASTER_KEY = bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139")
MASTER_SALT = bytes.fromhex("0EC675AD498AFEEBB6960B3AABE6")
SSRC = 0xDECAFBAD


def keystream(key, iv, length):
    """RFC 3711 4.1.1: AES in counter mode; the counter is the last 16 bits of the IV."""
    return Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor().update(bytes(length))


def derive(label, length):
    """RFC 3711 4.3.1 with a key derivation rate of 0."""
    x = int.from_bytes(MASTER_SALT, "big") ^ (label << 48)
    return keystream(MASTER_KEY, (x << 16).to_bytes(16, "big"), length)


CIPHER_KEY, AUTH_KEY, SALT = derive(0, 16), derive(1, 20), derive(2, 14)
assert CIPHER_KEY.hex().upper() == "C61E7A93744F39EE10734AFE3FF7A087"
assert SALT.hex().upper() == "30CBBC08863D8C85D49DB34A9AE1"
assert AUTH_KEY.hex().upper() == "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"


def rtp(sequence):
    header = bytes([0x80, 0x00]) + sequence.to_bytes(2, "big")
    header += (160 * sequence).to_bytes(4, "big") + SSRC.to_bytes(4, "big")
    return header + bytes((sequence + 7 * i) & 0xFF for i in range(160))


def protect(packet, roc, tag_bytes):
    sequence = int.from_bytes(packet[2:4], "big")
    index = (roc << 16) | sequence
    iv = (int.from_bytes(SALT, "big") << 16) ^ (SSRC << 64) ^ (index << 16)
    stream = keystream(CIPHER_KEY, iv.to_bytes(16, "big"), len(packet) - 12)
    body = bytes(a ^ b for a, b in zip(packet[12:], stream))
    sealed = packet[:12] + body
    tag = hmac.new(AUTH_KEY, sealed + roc.to_bytes(4, "big"), hashlib.sha1).digest()
    return sealed + tag[:tag_bytes]


print("# source: RFC 3711 4.1.1, 4.2 and 4.3 computed by tests/data/make-srtp-vector.py")
print("# algorithm plain sealed, in the order of sending")
for algorithm, tag_bytes in ((1, 4), (2, 10)):
    for sequence, roc in ((65534, 0), (65535, 0), (0, 1), (1, 1)):
        packet = rtp(sequence)
        print(algorithm, packet.hex(), protect(packet, roc, tag_bytes).hex())
