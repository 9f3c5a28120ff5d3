#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Reads trust lists, signed and encrypted files with a parser of its own and the Python package
`cryptography`, so that what the server writes is judged by something that shares no code with it.

  check_sgn.py list FILE               records and whether a SAST of the list signed it
  check_sgn.py sgn FILE CERT           header; content to standard output
  check_sgn.py enc FILE CERT KEY       header; decrypted content to standard output

Facts go to standard error, one "NAME value" a line. Exit status 0 good, 1 not.
"""
import hashlib
import struct
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

ROLES = {0: "SAST", 1: "CCM", 2: "CCM+TFTP", 3: "TFTP", 4: "CAPF", 21: "TVS"}
DIGESTS = {1: hashes.SHA1, 2: hashes.SHA256, 3: hashes.SHA512}
SIZES = {0: 64, 1: 128, 2: 256, 3: 512}
CONTAINERS = (3, 7, 9, 16, 17, 21)


def fact(name, value):
    print(name, value, file=sys.stderr)


def need(condition, text):
    if not condition:
        fact("FAULT", text)
        sys.exit(1)


def header(data):
    """Tags of the header in a flat dictionary, and the bytes that are signed."""
    need(data[:3] == b"\x01\x00\x02" and data[5:8] == b"\x02\x00\x02", "begins with tags 1 and 2")
    length = struct.unpack(">H", data[8:10])[0]
    need(length <= len(data) and length % 4 == 0, "header length")
    tags, pos, cut, order = {1: data[3:5], 2: data[8:10]}, 10, None, []
    while pos < length:
        tag = data[pos]
        if tag == 13:
            pos += 1
            continue
        size = struct.unpack(">H", data[pos + 1:pos + 3])[0]
        need(tag not in tags, "tag %d twice" % tag)
        order.append(tag)
        tags[tag] = data[pos + 3:pos + 3 + size]
        if tag == 12:
            cut = (pos, pos + 3 + size)
        pos += 3 if tag in CONTAINERS else 3 + size
    need(pos == length, "header ends inside a tag")
    need(cut, "has a signature")
    need(tags[10] == b"\0", "algorithm is RSA")
    need(len(tags[12]) == SIZES[tags[11][0]], "signature has the modulus' size")
    fact("version", "%d.%d" % tuple(tags[1]))
    fact("header", length)
    fact("order", ",".join(map(str, order)))
    fact("signer", tags[4].rstrip(b"\0").decode())
    fact("serial", tags[5].hex())
    fact("digest", tags[8][0])
    fact("filename", tags[14].rstrip(b"\0").decode())
    fact("timestamp", struct.unpack(">I", tags[15])[0])
    return tags, length, data[:cut[0]] + data[cut[1]:]


def verify(tags, signed, cert):
    need(tags[4] == phone_name(cert.subject) + b"\0", "signer's name is the certificate's")
    need(tags[6] == phone_name(cert.issuer) + b"\0", "issuer's name is the certificate's")
    need(int.from_bytes(tags[5], "big") == cert.serial_number, "serial is the certificate's")
    cert.public_key().verify(tags[12], signed, padding.PKCS1v15(), DIGESTS[tags[8][0]]())


def phone_name(name):
    keys = {"commonName": "CN", "organizationalUnitName": "OU", "organizationName": "O",
            "localityName": "L", "stateOrProvinceName": "ST", "countryName": "C"}
    found = {a.oid._name: a.value for a in name}
    return ";".join("%s=%s" % (keys[k], found[k]) for k in keys if k in found).encode()


def do_list(data):
    tags, pos, signed = header(data)
    good, number = False, 0
    while pos < len(data):
        number += 1
        need(data[pos:pos + 3] == b"\x01\x00\x02", "record begins with its length")
        length = struct.unpack(">H", data[pos + 3:pos + 5])[0]
        end, at, record = pos + length, pos + 5, {}
        while at < end:
            size = struct.unpack(">H", data[at + 1:at + 3])[0]
            need(data[at] not in record, "tag twice in a record")
            record[data[at]] = data[at + 3:at + 3 + size]
            at += 3 + size
        need(at == end <= len(data), "record ends inside a tag")
        role = ROLES[struct.unpack(">H", record[4])[0]]
        used = record.get(3) == tags[4] and record.get(6) == tags[5]
        if 9 in record:
            cert = x509.load_der_x509_certificate(record[9])
            need(record[3] == phone_name(cert.subject) + b"\0", "SUBJECTNAME is the certificate's")
            need(record[5] == phone_name(cert.issuer) + b"\0", "ISSUERNAME is the certificate's")
            need(int.from_bytes(record[6], "big") == cert.serial_number, "serial of the record")
            need(record[7] == cert.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.PKCS1), "PUBLICKEY")
        fact("record%d" % number, "%s %s %s %s%s%s" % (
            role, record.get(3, b"emptied").rstrip(b"\0").decode(), record[2].rstrip(b"\0").decode() or "-",
            ".".join(map(str, record.get(10, b""))), " hash " + record[11].hex() if 11 in record else "",
            " signer" if used else ""))
        if role == "SAST" and used:
            verify(tags, signed, cert)
            good = True
        pos = end
    need(good, "signed by a SAST of the list")


def do_file(data, cert, key):
    tags, length, signed = header(data)
    verify(tags, signed, cert)
    content = data[length:]
    if key:
        need(content and len(content) % 16 == 0, "whole blocks")
        aes = key.decrypt(tags[25], padding.PKCS1v15())
        need(len(aes) == 16 and len(tags[19]) == 16, "AES-128")
        need(struct.unpack(">H", tags[23])[0] == key.key_size, "key size")
        plain = Cipher(algorithms.AES(aes), modes.CBC(tags[19])).decryptor().update(content)
        count = struct.unpack(">H", tags[20])[0]
        need(1 <= count <= 16 and plain[-count:] == b"\x0d" * count, "padding")
        content = plain[:-count]
        need(tags[26] == tags[8], "digest of the content")
        algorithm = {1: hashlib.sha1, 2: hashlib.sha256, 3: hashlib.sha512}[tags[26][0]]
        need(algorithm(content).digest() == tags[27], "content has the digest that it says")
    sys.stdout.buffer.write(content)


def main(what, path, *rest):
    data = open(path, "rb").read()
    if what == "list":
        do_list(data)
        return
    cert = x509.load_pem_x509_certificate(open(rest[0], "rb").read())
    key = None
    if what == "enc":
        key = serialization.load_pem_private_key(open(rest[1], "rb").read(), None)
    do_file(data, cert, key)


if __name__ == "__main__":
    main(*sys.argv[1:])
