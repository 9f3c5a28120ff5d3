#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes vectors of every kind of trust list and of vendor-signed files without using any code of
this project: own encoder, certificates and signatures of Python's cryptography. Lengths are those
that public print-outs of real files have (docs/formats/trust-list.md). The vectors are kept,
because every run draws new keys; none of the keys is.

    tests/vectors/tlv/kind-*.txt    one list each; the first comment says which kind
    tests/vectors/sgn/vendor.txt    a .loads list and an image with header 1.1 and no timestamp
    tests/data/lists/vendor.der     the certificate of their signer
"""
import hashlib
import os
import struct
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier

from phonefiles import CAPF, CCM, CCM_TFTP, HASHES, MODULUS, SAST, SHA1, SHA256, SHA512, TFTP
from phonefiles import END, START, text, tlv

TVS, APP_SERVER = 21, 7
VECTORS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'vectors')
FILLER = ObjectIdentifier('1.3.6.1.4.1.55555.1')  # an extension nobody knows, to reach a length
KEYS = {'CN': NameOID.COMMON_NAME, 'OU': NameOID.ORGANIZATIONAL_UNIT_NAME,
        'O': NameOID.ORGANIZATION_NAME, 'L': NameOID.LOCALITY_NAME,
        'ST': NameOID.STATE_OR_PROVINCE_NAME, 'C': NameOID.COUNTRY_NAME}
ROLES = {0: 'System Administrator Security Token', 1: 'CCM', 2: 'CCM+TFTP', 3: 'TFTP', 4: 'CAPF',
         7: 'APP-SERVER', 21: 'TVS'}
NODE, NODE_IP = 'CUCM10', bytes([10, 48, 47, 153])


def printed(name):
    """A name as the call manager prints it, as pairs for the certificate; DER has C first."""
    pairs = [part.split('=', 1) for part in name.split(';')]
    return x509.Name([x509.NameAttribute(KEYS[k], v) for k, v in reversed(pairs)])


class Party:
    """A key, its certificate, and what a list says of them."""

    def __init__(self, name, key, serial, issuer=None, issuer_name=None, x_name=None):
        self.key, self.serial, self.name = key, serial, name
        self.issuer = issuer or self
        self.issuer_name = issuer_name or (issuer.name if issuer else name)
        self.x_name = x_name or printed(name)
        self.number = int.from_bytes(serial, 'big')
        self.make(0)

    def make(self, filler):
        b = x509.CertificateBuilder(self.issuer.x_name, self.x_name, self.key.public_key(),
                                    self.number, START, END)
        if filler:
            b = b.add_extension(x509.UnrecognizedExtension(FILLER, b'\x20' * filler), False)
        self.cert = b.sign(self.issuer.key, hashes.SHA256())
        self.der = self.cert.public_bytes(serialization.Encoding.DER)

    def fill(self, size):
        """A certificate of just that many bytes; the filler's frame makes some sizes impossible."""
        for filler in range(max(1, size - len(self.der) - 40), 2000):
            self.make(filler)
            if len(self.der) == size:
                return self
            if len(self.der) > size:
                break
        sys.exit('no filler gives %d bytes' % size)

    @property
    def list_key(self):
        public = self.key.public_key()
        if isinstance(public, ec.EllipticCurvePublicKey):
            return public.public_bytes(serialization.Encoding.X962,
                                       serialization.PublicFormat.UncompressedPoint)
        return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)


def rsa_key(bits):
    return rsa.generate_private_key(65537, bits)


def value(tag, p, role, dns, address):
    return {2: lambda: text(dns), 3: lambda: text(p.name), 4: lambda: struct.pack('>H', role),
            5: lambda: text(p.issuer_name), 6: lambda: p.serial, 7: lambda: p.list_key,
            8: lambda: p.cert.signature, 9: lambda: p.der, 10: lambda: address,
            11: lambda: hashlib.sha1(p.der).digest(), 12: lambda: b'\x01'}[tag]()


def record(p, role, tags, dns='', address=bytes(4), size=None):
    """One record with these tags; `size` is what the whole must have, by way of the certificate."""
    def build():
        body = b''.join(tlv(t, value(t, p, role, dns, address)) for t in tags)
        return tlv(1, struct.pack('>H', len(body) + 5)) + body

    made = build()
    if size and len(made) != size:
        p.fill(len(p.der) + size - len(made))
        made = build()
    return made, [
        'match RECORDLENGTH = %d' % len(made), 'match FUNCTION = %s' % ROLES.get(role, role)] + [
        'match %s = %s' % (n, v) for t, n, v in (
            (2, 'DNSNAME', dns.strip('\0')), (3, 'SUBJECTNAME', p and p.name),
            (6, 'SERIALNUMBER', p and p.serial.hex()), (10, 'IPADDRESS', address.hex()))
        if t in tags and v]


def signed(p, filename, records, digest=SHA1, version=b'\x01\x02', made=1400000000, content=None):
    """A list, or with `content` a signed file; the whole and the header's facts."""
    k = p.key.key_size // 8
    who = tlv(4, text(p.name)) + tlv(5, p.serial) + tlv(6, text(p.issuer_name))
    how = tlv(8, bytes([digest])) + tlv(9, tlv(10, b'\0') + tlv(11, bytes([MODULUS[8 * k]])))
    after = tlv(14, text(filename))
    after += tlv(15, struct.pack('>I', made)) if made else b''
    length = 10 + 3 + len(who) + 3 + len(how) + 3 + k + len(after)
    pad = -length % 4
    before = tlv(1, version) + tlv(2, struct.pack('>H', length + pad)) + tlv(3, who) + tlv(7, how)
    after += b'\x0d' * pad
    rest = content if content is not None else b''.join(r for r, _ in records)
    signature = p.key.sign(before + after + rest, padding.PKCS1v15(), HASHES[digest]())
    facts = ['match VERSION = %d.%d' % tuple(version), 'match HEADERLENGTH = %d' % (length + pad),
             'match SIGNERNAME = ' + p.name, 'match SERIALNUMBER = ' + p.serial.hex(),
             'match CANAME = ' + p.issuer_name, 'match DIGESTALGORTITHM = %d' % digest,
             'match SIGNATUREMODULUS = %d' % MODULUS[8 * k], 'match FILENAME = ' + filename,
             'match PADDING = %d' % pad]
    if made:
        facts.append('match TIMESTAMP = %d' % made)
    for number, (_, said) in enumerate(records, 1):
        facts += ['match record = %d' % number] + said
    return before + tlv(12, signature) + after + rest, facts


def block(comment, made, total=None):
    data, facts = made
    if total and len(data) != total:
        sys.exit('%s: %d bytes instead of %d' % (comment, len(data), total))
    lines, digits = ['# %s' % comment], data.hex()
    lines += [('decode ' if i == 0 else '       ') + digits[i:i + 96]
              for i in range(0, len(digits), 96)]
    seen = set()
    lines += [f for f in facts if not (f in seen or seen.add(f))]
    return '\n'.join(lines) + '\n'


def write(path, *blocks):
    with open(os.path.join(VECTORS, path), 'w', encoding='utf-8') as out:
        out.write('# source: tests/data/make-lists.py: own encoder, keys and signatures of '
                  "Python's cryptography\n\n" + '\n'.join(blocks))


FULL = (2, 3, 4, 5, 6, 7, 8, 9, 10)      # tokenless, since 10.0
ETOKEN = (2, 3, 4, 5, 6, 7, 9, 10)       # CTL Client
ITL = (2, 3, 4, 5, 6, 7, 8, 9)           # an ITL's full record
HASHED = (2, 3, 4, 5, 6, 7, 8, 11, 12)   # an ITL's record without the certificate
EMPTIED = (2, 4, 10)                     # what a return to non-secure mode leaves


def long_serial(seed):
    """Sixteen bytes with the top bit clear, as the call manager draws them."""
    return bytes([0x5A]) + hashlib.md5(seed.encode()).digest()[1:]


def tokenless():
    """464 + 1675 + 1675 + 1138 + 1161 = 6113, which an article prints for a 2048-bit signer."""
    name = 'CN=cucm10-publisher.lab.example;OU=TAC;O=Lab;L=RTP;ST=NC;C=US'
    node = Party(name, rsa_key(2048), long_serial('node'))
    recovery = Party('CN=ITLRECOVERY_cucm10;OU=TAC;O=Lab;L=RTP;ST=NC;C=US', rsa_key(1024),
                     long_serial('recovery'))
    capf = Party('CN=CAPF-e41e7d87;OU=TAC;O=Lab;L=RTP;ST=NC;C=US', rsa_key(1024),
                 long_serial('capf'))
    dns = 'cucm10.lab.exam'
    first = record(node, SAST, FULL, dns, NODE_IP, 1675)
    return signed(node, 'CTLFile.tlv', [
        first, record(node, CCM_TFTP, FULL, dns, NODE_IP),
        record(recovery, SAST, FULL, dns, NODE_IP, 1138),
        record(capf, CAPF, FULL, dns, NODE_IP, 1161)])


def recovery_signed():
    recovery = Party('CN=ITLRECOVERY_cucm12.lab.example;OU=Lab;O=Lab;L=RTP;ST=NC;C=US',
                     rsa_key(2048), long_serial('itlrecovery'))
    node = Party('CN=cucm12.lab.example;OU=Lab;O=Lab;L=RTP;ST=NC;C=US', rsa_key(2048),
                 long_serial('node12'))
    capf = Party('CN=CAPF-1b2c3d4e;OU=Lab;O=Lab;L=RTP;ST=NC;C=US', rsa_key(2048),
                 long_serial('capf12'))
    dns = 'cucm12.lab.example'
    return signed(recovery, 'CTLFile.tlv', [
        record(recovery, SAST, FULL, dns, NODE_IP), record(node, SAST, FULL, dns, NODE_IP),
        record(node, CCM_TFTP, FULL, dns, NODE_IP), record(capf, CAPF, FULL, dns, NODE_IP)],
        digest=SHA512, made=1520000000)


def hash_only():
    """296 + 1972 + 1972 + 743 + 455 = 5438, an ITL of release 8 signed under an outside CA."""
    name = 'CN=%s;OU=AS;O=Lab;L=Research Triangle;ST=NC;C=US' % 'cucm8-publisher.voice.example'
    ca = Party('CN=LAB-ROOT-CA', rsa_key(2048), b'\x11' * 8)
    node = Party(name, rsa_key(1024), bytes.fromhex('1bc26ef1000000000028'), ca)
    tvs = Party(name, rsa_key(2048), bytes.fromhex('2e3e1a7bda8e5c9f'))
    capf = Party('CN=CAPF-9c4cba7d;OU=TAC;O=Cisco;L=RTP;ST=North Carolina;C=US', rsa_key(1024),
                 bytes.fromhex('0adc6e7742914a53'))
    double = '\0'  # with the NUL of every text: DNSNAME of two bytes
    return signed(node, 'ITLFile.tlv', [
        record(node, SAST, ITL, double, size=1972), record(node, TFTP, ITL, double),
        record(tvs, TVS, HASHED, double), record(capf, CAPF, HASHED, double)], made=1290000000)


def tokens():
    """Two tokens as the CTL Client wrote them: names cut at a comma, serials backwards."""
    maker = Party('CN=Cisco Manufacturing CA;O=Cisco Systems', rsa_key(2048), b'\x6a' * 8)
    made = []
    for number, serial in (('ADN4e31f914', 'bda302000000d888641f'),
                           ('ADN5bbd7b14', 'aac92000000078c42e22')):
        cn = 'SAST-%s        ' % number
        x_name = x509.Name([x509.NameAttribute(KEYS[k], v) for k, v in (
            ('O', 'Cisco Systems, Inc.'), ('OU', 'IPCBU'), ('CN', cn))])
        p = Party('cn="%s";ou=IPCBU;o="Cisco Systems' % cn, rsa_key(1024),
                  bytes.fromhex(serial)[::-1], maker, 'cn=Cisco Manufacturing CA;o=Cisco Systems',
                  x_name)
        p.serial = p.serial[::-1]
        made.append(p)
    return made


def non_secure():
    """304 + 1186 + 1186 + 33 + 1004 + 33 = 3746: the server entries hold role and address only."""
    one, two = tokens()
    capf = Party('CN=CAPF-9c4cba7d;OU=TAC;O=Lab;L=RTP;ST=North Carolina;C=US', rsa_key(1024),
                 bytes.fromhex('0adc6e7742914a53'))
    dns, address = '172.18.0.101', bytes([172, 18, 0, 101])
    return signed(one, 'CTLFile.tlv', [
        record(one, SAST, ETOKEN, size=1186), record(two, SAST, ETOKEN, size=1186),
        record(None, CCM_TFTP, EMPTIED, dns, address),
        record(capf, CAPF, ETOKEN, dns, address, 1004),
        record(None, CCM_TFTP, EMPTIED, '172.18.0.102', bytes([172, 18, 0, 102]))],
        made=1314811683)


def key_lists():
    """A signer of every size, with every digest that fits into it; records without certificates."""
    for bits, digest in ((512, SHA1), (1024, SHA256), (2048, SHA512), (4096, SHA256)):
        p = Party('CN=signer-%d;O=Lab' % bits, rsa_key(bits), long_serial(str(bits)))
        yield 'RSA-%d signer, digest %d' % (bits, digest), signed(
            p, 'CTLFile.tlv', [record(p, SAST, (2, 3, 4, 5, 6, 7, 10))], digest=digest)


def curves():
    signer = Party('CN=cucm12-ms.lab.example;O=Lab', rsa_key(2048), long_serial('ec'))
    records = [record(signer, SAST, ITL)]
    for curve, role in ((ec.SECP256R1(), TFTP), (ec.SECP384R1(), CCM), (ec.SECP521R1(), CAPF)):
        p = Party('CN=node-EC-%s;O=Lab' % curve.name, ec.generate_private_key(curve),
                  long_serial(curve.name))
        records.append(record(p, role, ITL, 'node.lab.example'))
    return signed(signer, 'ITLFile.tlv', records, digest=SHA256)


def odd():
    """Addresses, serials and functions that few lists have."""
    signer = Party('CN=sast;O=Lab', rsa_key(1024), bytes.fromhex('00b1c2d3e4f50617'))
    ip6 = bytes.fromhex('20010db8000000000000000000000010')
    other = Party('CN=node;O=Lab', rsa_key(1024), b'\x07')
    short = (2, 3, 4, 5, 6, 7, 10)
    return signed(signer, 'CTLFile.tlv', [
        record(signer, SAST, FULL), record(other, CCM, short, '2001:db8::10', ip6),
        record(other, APP_SERVER, short, 'services.lab.example', NODE_IP),
        record(other, 5, short, 'asa.lab.example', NODE_IP), record(other, 256, (3, 4, 6)),
        record(None, 65535, (4,))])


def vendor():
    """10 + 94 + 18 + 259 + 24 = 405, padded 408: the header of a real .loads file, 648 in all."""
    issuer = Party('cn=Image CA;o=Lab', rsa_key(2048), b'\x22' * 8, x_name=printed('CN=Image CA'))
    maker = Party('cn=Image Signer 1;ou=Phones;o=Lab Inc.', rsa_key(2048),
                  bytes.fromhex('31415926535897af'), issuer, 'cn=Image CA;ou=Image Signing;o=Lab',
                  printed('CN=Image Signer 1'))
    name = 'term41.test.loads.sgn'[:20]
    content = b''.join(b'image-%d.test.sbn\r\n' % i for i in range(1, 20))
    content = (content + b' ' * 240)[:238] + b'\r\n'
    loads = signed(maker, name, [], version=b'\x01\x01', made=0, content=content)
    image = signed(maker, 'image-1.test.sbn', [], version=b'\x01\x01', made=0,
                   content=bytes(range(256)))
    return loads, image, maker


def main():
    write('tlv/kind-tokenless-10.txt',
          block('tokenless list of version 10: tags 1 to 10, 8 included', tokenless(), 6113))
    write('tlv/kind-itlrecovery-12.txt',
          block('list of version 12, signed by ITLRecovery with SHA-512', recovery_signed()))
    write('tlv/kind-itl-hash-only.txt',
          block('ITL of version 8 whose TVS and CAPF records hold a hash, no certificate',
                hash_only(), 5438))
    write('tlv/kind-non-secure.txt',
          block('list of the CTL Client after a return to non-secure mode: 33 bytes are left of '
                'a server', non_secure(), 3746))
    write('tlv/kind-keys.txt', *(block(c, m) for c, m in key_lists()))
    write('tlv/kind-ec.txt', block('records with keys on P-256, P-384 and P-521', curves()))
    write('tlv/kind-odd.txt', block('IPv6, a serial that begins with 00, one of one byte, '
                                    'functions that nobody has named', odd()))
    loads, image, maker = vendor()
    write('sgn/vendor.txt', block('a .loads list, header 1.1, no timestamp', loads, 648),
          block('an image of any bytes, header 1.1, no timestamp', image))
    with open(os.path.join(VECTORS, '../data/lists/vendor.der'), 'wb') as out:
        out.write(maker.der)


if __name__ == '__main__':
    main()
