#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes the trust list of the administration guide, byte lengths and all, without using any code
of this project: own encoder, certificates and signature from Python's cryptography. The result is
kept in tests/data/lists, because every run draws new keys:

    CTLFile.tlv        header 304, records 1178, 1180, 1059, 991, total 4712
    show-ctl.txt       what `show ctl` prints for it when the time zone is the guide's
    token-1.key        PKCS #8 of the signing token, for tests that sign a list themselves
    *.der              the four certificates, and two whose keys cannot sign a list
"""
import datetime
import hashlib
import os
import struct
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lists')
FILLER = ObjectIdentifier('1.3.6.1.4.1.55555.1')  # an extension nobody knows, to reach a length
MADE = 1314811683  # Wed Aug 31 13:28:03 EDT 2011
PRINTED = 'Wed Aug 31 13:28:03 EDT 2011'
START = datetime.datetime(2010, 11, 17)
END = datetime.datetime(2020, 11, 16)

KEYS = {'CN': NameOID.COMMON_NAME, 'OU': NameOID.ORGANIZATIONAL_UNIT_NAME,
        'O': NameOID.ORGANIZATION_NAME, 'L': NameOID.LOCALITY_NAME,
        'ST': NameOID.STATE_OR_PROVINCE_NAME, 'C': NameOID.COUNTRY_NAME}


def name(*pairs):
    return x509.Name([x509.NameAttribute(KEYS[k], v) for k, v in pairs])


def rsa_key(exponent=65537):
    """RSA-1024 with any exponent: the second token's key record has one byte more."""
    while True:
        n = rsa.generate_private_key(65537, 1024).private_numbers()
        phi = (n.p - 1) * (n.q - 1)
        try:
            d = pow(exponent, -1, phi)
        except ValueError:
            continue
        return rsa.RSAPrivateNumbers(
            n.p, n.q, d, d % (n.p - 1), d % (n.q - 1), pow(n.q, -1, n.p),
            rsa.RSAPublicNumbers(exponent, n.p * n.q)).private_key()


def certificate(subject, issuer, serial, public_key, signing_key, size=None, extensions=()):
    def build(filler):
        b = x509.CertificateBuilder(issuer, subject, public_key, serial, START, END)
        for extension in extensions:
            b = b.add_extension(extension, False)
        if filler is not None:
            b = b.add_extension(x509.UnrecognizedExtension(FILLER, b'\x20' * filler), False)
        return b.sign(signing_key, hashes.SHA256() if size is None else hashes.SHA1())

    def der(c):
        return c.public_bytes(serialization.Encoding.DER)

    if size is None:
        return der(build(None))
    for filler in range(0, 700):
        made = der(build(filler))
        if len(made) == size:
            return made
        if len(made) > size:
            break
    sys.exit('no filler gives %d bytes' % size)


def tlv(tag, value):
    return struct.pack('>BH', tag, len(value)) + value


def text(value):
    return value.encode() + b'\0'


def record(dns, subject, role, issuer, serial, der, address):
    c = x509.load_der_x509_certificate(der)
    key = c.public_key().public_bytes(serialization.Encoding.DER,
                                      serialization.PublicFormat.PKCS1)
    body = b''.join([tlv(2, text(dns)), tlv(3, text(subject)), tlv(4, struct.pack('>H', role)),
                     tlv(5, text(issuer)), tlv(6, serial), tlv(7, key), tlv(9, der),
                     tlv(10, address)])
    return tlv(1, struct.pack('>H', len(body) + 5)) + body, len(key)


def header(length, signer, signature):
    subject, issuer, serial = signer
    h = tlv(1, b'\x01\x02') + tlv(2, struct.pack('>H', length))
    h += tlv(3, tlv(4, text(subject)) + tlv(5, serial) + tlv(6, text(issuer)))
    h += tlv(7, tlv(8, b'\x01') + tlv(9, tlv(10, b'\x00') + tlv(11, b'\x01')))
    h += tlv(12, signature) if signature is not None else b''
    h += tlv(14, text('CTLFile.tlv')) + tlv(15, struct.pack('>I', MADE))
    return h


def colons(b):
    return ':'.join('%02X' % x for x in b)


def blanks(b):
    return ' '.join('%02X' % x for x in b)


def write(path, content):
    with open(os.path.join(HERE, path), 'wb') as f:
        f.write(content)


def main():
    token_names = ['cn="SAST-%s        ";ou=IPCBU;o="Cisco Systems' % s
                   for s in ('ADN4e31f914', 'ADN5bbd7b14')]
    token_issuer = 'cn=Cisco Manufacturing CA;o=Cisco Systems'
    token_serials = [bytes.fromhex('BDA302000000D888641F'), bytes.fromhex('AAC920000000 78C42E22')]
    ccm_name = 'CN=CUCM8-Publisher.bbbburns.lab;OU=AS;O=Cisco;L=RTP;ST=NC;C=US'
    capf_name = 'CN=CAPF-9c4cba7d;OU=TAC;O=Cisco;L=RTP;ST=North Carolina;C=US'
    ccm_serial, capf_serial = bytes.fromhex('74AE9E6BDBC2A51D'), bytes.fromhex('0ADC6E7742914A53')
    address = bytes([14, 48, 44, 80])

    maker = rsa.generate_private_key(65537, 2048)
    maker_name = name(('O', 'Cisco Systems'), ('CN', 'Cisco Manufacturing CA'))
    token_keys = [rsa_key(), rsa_key(16777259)]
    tokens = []
    for i, size in ((0, 894), (1, 895)):
        cn = token_names[i].split('"')[1]
        subject = name(('O', 'Cisco Systems, Inc.'), ('OU', 'IPCBU'), ('CN', cn))
        tokens.append(certificate(subject, maker_name, int.from_bytes(token_serials[i], 'little'),
                                  token_keys[i].public_key(), maker, size))
    ccm_key, capf_key = rsa_key(), rsa_key()
    ccm_x = name(('C', 'US'), ('ST', 'NC'), ('L', 'RTP'), ('O', 'Cisco'), ('OU', 'AS'),
                 ('CN', 'CUCM8-Publisher.bbbburns.lab'))
    capf_x = name(('C', 'US'), ('O', 'Cisco'), ('OU', 'TAC'), ('CN', 'CAPF-9c4cba7d'),
                  ('ST', 'North Carolina'), ('L', 'RTP'))
    ccm = certificate(ccm_x, ccm_x, int.from_bytes(ccm_serial, 'big'), ccm_key.public_key(),
                      ccm_key, 738)
    capf = certificate(capf_x, capf_x, int.from_bytes(capf_serial, 'big'), capf_key.public_key(),
                       capf_key, 674)

    rows = [
        ('', token_names[0], 0, token_issuer, token_serials[0], tokens[0], bytes(4)),
        ('', token_names[1], 0, token_issuer, token_serials[1], tokens[1], bytes(4)),
        ('14.48.44.80', ccm_name, 2, ccm_name, ccm_serial, ccm, address),
        ('14.48.44.80', capf_name, 4, capf_name, capf_serial, capf, address),
    ]
    made = [record(*row) for row in rows]
    records = b''.join(r for r, _ in made)
    signer = (token_names[0], token_issuer, token_serials[0])
    pad = -len(header(0, signer, bytes(128))) % 4
    length = len(header(0, signer, bytes(128))) + pad
    signed = header(length, signer, None) + b'\x0d' * pad + records
    signature = token_keys[0].sign(signed, padding.PKCS1v15(), hashes.SHA1())
    ctl = header(length, signer, signature) + b'\x0d' * pad + records
    sizes = [len(r) for r, _ in made]
    if [length] + sizes + [len(ctl)] != [304, 1178, 1180, 1059, 991, 4712]:
        sys.exit('lengths are not the guide\'s: %r' % ([length] + sizes + [len(ctl)],))

    lines = ['The checksum value of the CTL file:', hashlib.md5(ctl).hexdigest() + '(MD5)',
             hashlib.sha1(ctl).hexdigest() + '(SHA1)', '', 'Length of CTL file: 4712',
             'The CTL File was last modified on ' + PRINTED, '', '\tParse CTL File',
             '\t----------------', '', 'Version:\t1.2', 'HeaderLength:\t304 (BYTES)', '',
             'BYTEPOS\tTAG\t\tLENGTH\tVALUE', '-------\t---\t\t------\t-----',
             '3\tSIGNERID\t2\t117', '4\tSIGNERNAME\t56\t' + signer[0],
             '5\tSERIALNUMBER\t10\tBD:A3:02:00:00:00:D8:88:64:1F', '6\tCANAME\t42\t' + signer[1],
             '7\tSIGNATUREINFO\t2\t15', '8\tDIGESTALGORTITHM\t1', '9\tSIGNATUREALGOINFO\t2\t8',
             '10\tSIGNATUREALGORTITHM\t1', '11\tSIGNATUREMODULUS\t1', '12\tSIGNATURE\t128']
    lines += ['\t\t' + '  '.join('%02x' % b for b in signature[i:i + 8])
              for i in range(0, 128, 8)]
    lines += ['14\tFILENAME\t12', '15\tTIMESTAMP\t4', '']
    roles = {0: 'System Administrator Security Token', 2: 'CCM+TFTP', 4: 'CAPF'}
    for i, (dns, subject, role, issuer, serial, der, addr) in enumerate(rows):
        lines += ['\tCTL Record #:%d' % (i + 1), '\t\t----', 'BYTEPOS\tTAG\t\tLENGTH\tVALUE',
                  '-------\t---\t\t------\t-----', '1\tRECORDLENGTH\t2\t%d' % sizes[i],
                  '2\tDNSNAME\t%d\t%s' % (len(dns) + 1, dns),
                  '3\tSUBJECTNAME\t%d\t%s' % (len(subject) + 1, subject),
                  '4\tFUNCTION\t2\t' + roles[role],
                  '5\tISSUERNAME\t%d\t%s' % (len(issuer) + 1, issuer),
                  '6\tSERIALNUMBER\t%d\t%s' % (len(serial), colons(serial)),
                  '7\tPUBLICKEY\t%d' % made[i][1],
                  '9\tCERTIFICATE\t%d\t%s (SHA1 Hash HEX)'
                  % (len(der), blanks(hashlib.sha1(der).digest())),
                  '10\tIPADDRESS\t4']
        if role == 0:
            lines.append('This etoken was %sused to sign the CTL file.' % ('not ' if i else ''))
        lines.append('')
    lines.append('The CTL file was verified successfully.')

    long_key = rsa.generate_private_key(65537, 3072)
    ec_key = ec.generate_private_key(ec.SECP256R1())
    odd = name(('CN', 'odd key'))
    write('CTLFile.tlv', ctl)
    write('show-ctl.txt', ('\n'.join(lines) + '\n').encode())
    write('token-1.key', token_keys[0].private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    for path, der in (('token-1', tokens[0]), ('token-2', tokens[1]), ('callmanager', ccm),
                      ('capf', capf),
                      ('rsa-3072', certificate(odd, odd, 77, long_key.public_key(), long_key)),
                      ('ec-p256', certificate(odd, odd, 78, ec_key.public_key(), ec_key))):
        write(path + '.der', der)


main()
