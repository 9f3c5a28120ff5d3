#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes a file token and its counter after docs/formats/file-token.md alone.

Usage: make-token.py <label> <pin> <used> <key.pem> <certificate.der>
Argon2id comes from libargon2 through ctypes, AES-GCM from Python's cryptography. The cost is far below
the product's default, so that the tests are quick.
"""
import ctypes
import hashlib
import os
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

label, pin, used, key_file, cert_file = sys.argv[1:]
memory, passes, lanes = 64, 1, 1
token_id, salt, nonce = os.urandom(16), os.urandom(16), os.urandom(12)

wrapping = ctypes.create_string_buffer(32)
argon2id = ctypes.CDLL("libargon2.so.1").argon2id_hash_raw
argon2id.argtypes = [ctypes.c_uint32] * 3 + [ctypes.c_char_p, ctypes.c_size_t] * 2 + [
    ctypes.c_void_p, ctypes.c_size_t]
assert argon2id(passes, memory, lanes, pin.encode(), len(pin.encode()), salt, len(salt), wrapping, 32) == 0

key = serialization.load_pem_private_key(open(key_file, "rb").read(), None)
pkcs8 = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                          serialization.NoEncryption())
head = f"""cadeado-token 1
label {label}
serial {label[5:]}
id {token_id.hex()}
memory {memory}
passes {passes}
lanes {lanes}
salt {salt.hex()}
nonce {nonce.hex()}
certificate {open(cert_file, "rb").read().hex()}
"""
sealed = AESGCM(wrapping.raw).encrypt(nonce, pkcs8, head.encode())


def write(name, text):
    text += "sum " + hashlib.sha256(text.encode()).hexdigest() + "\n"
    with open(name, "w", encoding="ascii") as out:
        out.write(text)


write(label + ".token", head + f"sealed {sealed.hex()}\nused {used}\n")
write(label + ".tries", f"cadeado-tries 1\ntoken {token_id.hex()}\nused {used}\n")
