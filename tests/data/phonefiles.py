# SPDX-License-Identifier: BSD-2-Clause
"""Trust lists, signed and encrypted files, written from docs/formats with Python's cryptography and
none of this project's code: what tests hand to the simulated phone."""
import datetime
import hashlib
import os
import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.x509.oid import NameOID

SAST, CCM, CCM_TFTP, TFTP, CAPF = 0, 1, 2, 3, 4
SHA1, SHA256, SHA512 = 1, 2, 3
HASHES = {SHA1: hashes.SHA1, SHA256: hashes.SHA256, SHA512: hashes.SHA512}
MODULUS = {512: 0, 1024: 1, 2048: 2, 4096: 3}
START = datetime.datetime(2020, 1, 1)
END = datetime.datetime(2050, 1, 1)


class Identity:
    """A key with a certificate; self-signed unless an issuer is given."""

    def __init__(self, name, bits=2048, issuer=None, start=START, end=END, public_key=None,
                 ca=False):
        self.key = None if public_key else rsa.generate_private_key(65537, bits)
        self.name = 'CN=%s;O=Cadeado' % name
        self.issuer = issuer.name if issuer else self.name
        self.serial = x509.random_serial_number() >> 8 | 1 << 100
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name),
                             x509.NameAttribute(NameOID.ORGANIZATION_NAME, 'Cadeado')])
        builder = (x509.CertificateBuilder().subject_name(subject)
                   .issuer_name(issuer.cert.subject if issuer else subject)
                   .public_key(public_key or self.key.public_key())
                   .serial_number(self.serial).not_valid_before(start).not_valid_after(end)
                   .add_extension(x509.BasicConstraints(ca, None), critical=True))
        self.cert = builder.sign(issuer.key if issuer else self.key, hashes.SHA256())
        self.der = self.cert.public_bytes(serialization.Encoding.DER)
        self.pem = self.cert.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self):
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption())

    @property
    def list_key(self):
        return self.cert.public_key().public_bytes(serialization.Encoding.DER,
                                                   serialization.PublicFormat.PKCS1)

    @property
    def serial_bytes(self):
        return self.serial.to_bytes((self.serial.bit_length() + 7) // 8, 'big')

    def sign(self, data, digest):
        return self.key.sign(data, padding.PKCS1v15(), HASHES[digest]())


def tlv(tag, value):
    return struct.pack('>BH', tag, len(value)) + value


def text(value):
    return value.encode() + b'\0'


def header(signer, filename, version, digest, extra=b'', made=1700000000):
    """The header in two parts, before and after tag 12, and the size of tag 12's value."""
    k = signer.key.key_size // 8
    who = tlv(4, text(signer.name)) + tlv(5, signer.serial_bytes) + tlv(6, text(signer.issuer))
    how = tlv(8, bytes([digest])) + tlv(9, tlv(10, b'\0') +
                                        tlv(11, bytes([MODULUS[signer.key.key_size]])))
    after = tlv(14, text(filename)) + tlv(15, struct.pack('>I', made)) + extra
    length = 10 + len(tlv(3, who)) + len(tlv(7, how)) + 3 + k + len(after)
    pad = -length % 4
    before = tlv(1, version) + tlv(2, struct.pack('>H', length + pad)) + tlv(3, who) + tlv(7, how)
    return before, after + b'\x0d' * pad


def signed(signer, filename, version, digest, content, extra=b'', made=1700000000):
    before, after = header(signer, filename, version, digest, extra, made)
    signature = signer.sign(before + after + content, digest)
    return before + tlv(12, signature) + after + content


def record(identity, role, dns='', address=None, list_key=None):
    body = tlv(2, text(dns)) + tlv(3, text(identity.name)) + tlv(4, struct.pack('>H', role))
    body += tlv(5, text(identity.issuer)) + tlv(6, identity.serial_bytes)
    body += tlv(7, list_key or identity.list_key) + tlv(9, identity.der)
    if address:
        body += tlv(10, bytes(int(part) for part in address.split('.')))
    return tlv(1, struct.pack('>H', len(body) + 5)) + body


def hash_record(identity, role):
    body = tlv(3, text(identity.name)) + tlv(4, struct.pack('>H', role))
    body += tlv(5, text(identity.issuer)) + tlv(6, identity.serial_bytes)
    body += tlv(7, identity.list_key) + tlv(11, hashlib.sha1(identity.der).digest())
    body += tlv(12, b'\x01')
    return tlv(1, struct.pack('>H', len(body) + 5)) + body


def ctl(signer, records, digest=SHA1, filename='CTLFile.tlv', made=1700000000):
    return signed(signer, filename, b'\x01\x02', digest, b''.join(records), made=made)


def sgn(signer, filename, content, digest=SHA1):
    return signed(signer, filename, b'\x01\x00', digest, content)


def enc_sgn(signer, filename, content, public_key, digest=SHA1, plain_hash=None):
    key, iv = os.urandom(16), os.urandom(16)
    pad = 16 - len(content) % 16
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    sealed = encryptor.update(content + b'\x0d' * pad) + encryptor.finalize()
    wrapped = public_key.encrypt(key, padding.PKCS1v15())
    about_iv = tlv(18, b'\0') + tlv(19, iv) + tlv(20, struct.pack('>H', pad))
    about_key = (tlv(22, b'\0') + tlv(23, struct.pack('>H', public_key.key_size)) +
                 tlv(24, b'\x01') + tlv(25, wrapped))
    extra = tlv(16, tlv(17, about_iv) + tlv(21, about_key)) + tlv(26, b'\x01')
    extra += tlv(27, plain_hash or hashlib.sha1(content).digest())
    return signed(signer, filename, b'\x02\x00', digest, sealed, extra)


def config(server='127.0.0.1', mode=3, full=True, encrypted=True, cert_hash='', auth_mode=2,
           capf_port=3804, sccp_port=2000):
    manager = ('<deviceProtocol>SCCP</deviceProtocol>'
               '<devicePool><callManagerGroup><members><member priority="0"><callManager>'
               '<ports><ethernetPhonePort>%d</ethernetPhonePort></ports>'
               '<processNodeName>%s</processNodeName></callManager></member></members>'
               '</callManagerGroup></devicePool>' % (sccp_port, server)) if full else ''
    security = '<deviceSecurityMode>%d</deviceSecurityMode>' % mode if full else ''
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<device><fullConfig>%s</fullConfig>%s'
            '<ipAddressMode>0</ipAddressMode><loadInformation></loadInformation>%s'
            '<capfAuthMode>%d</capfAuthMode><capfList><capf><phonePort>%d</phonePort>'
            '<processNodeName>%s</processNodeName></capf></capfList>'
            '<certHash>%s</certHash><encrConfig>%s</encrConfig></device>\n' %
            ('true' if full else 'false', manager, security, auth_mode, capf_port, server,
             cert_hash, 'true' if encrypted else 'false')).encode()
