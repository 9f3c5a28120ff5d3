#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes tests/data/phone: what the tests of the phone's judgement read. The files are kept, because
every run draws new keys. The keys open nothing but these files."""
import os

from phonefiles import *  # noqa: F403

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'phone')
PHONE = 'SEP0011215A1AE3'


def put(name, data):
    with open(os.path.join(HERE, name), 'wb') as out:
        out.write(data)


def main():
    os.makedirs(HERE, exist_ok=True)
    first, second, stranger = Identity('SAST-1'), Identity('SAST-2'), Identity('SAST-X')
    manager = Identity('CallManager')
    capf = Identity('CAPF-1')
    old = Identity('CallManager-old', end=datetime.datetime(2021, 1, 1))
    lsc = Identity(PHONE, bits=1024, issuer=capf)
    records = [record(first, SAST), record(second, SAST),
               record(manager, CCM_TFTP, 'node.example', '192.0.2.10'),
               record(capf, CAPF, 'node.example', '192.0.2.10'),
               record(old, CCM, 'old.example', '192.0.2.11')]

    list_a = ctl(first, records)
    put('ctl-a.tlv', list_a)
    put('ctl-a2-signed-by-second.tlv', ctl(second, records, made=1700000001))
    put('ctl-a-sha512.tlv', ctl(first, records, digest=SHA512))
    put('ctl-a-named-itl.tlv', ctl(first, records, filename='ITLFile.tlv'))
    bad = bytearray(list_a)
    bad[-1] ^= 1
    put('ctl-a-bad-signature.tlv', bytes(bad))
    put('ctl-a-truncated.tlv', list_a[:-5])
    put('ctl-stranger.tlv', ctl(stranger, [record(stranger, SAST)] + records[2:]))
    # A stranger's list whose signer has the names and the serial of a held token.
    double = Identity('SAST-1')
    double.serial = first.serial
    put('ctl-impostor.tlv', ctl(double, [record(double, SAST)] + records))
    put('ctl-without-signer.tlv', ctl(stranger, records))
    put('ctl-contradictory.tlv',
        ctl(first, [record(first, SAST, list_key=stranger.list_key)] + records[1:]))
    # The list's signer is in it, but not as a SAST.
    put('ctl-signed-by-manager.tlv', ctl(manager, records))
    put('itl.tlv', ctl(manager, [record(manager, SAST), record(manager, TFTP),
                                 hash_record(capf, CAPF)], filename='ITLFile.tlv'))

    full = config(cert_hash=hashlib.md5(lsc.der).hexdigest())
    name = PHONE + '.cnf.xml.sgn'
    put('config.xml', full)
    put('config.sgn', sgn(manager, name, full))
    put('config-stranger.sgn', sgn(stranger, name, full))
    put('config-signed-by-capf.sgn', sgn(capf, name, full))
    put('config-other-name.sgn', sgn(manager, 'SEP0011215A1AE4.cnf.xml.sgn', full))
    bad = bytearray(sgn(manager, name, full))
    bad[-3] ^= 1
    put('config-altered.sgn', bytes(bad))
    name = PHONE + '.cnf.xml.enc.sgn'
    put('config.enc.sgn', enc_sgn(manager, name, full, lsc.key.public_key()))
    put('config-stranger.enc.sgn', enc_sgn(stranger, name, full, lsc.key.public_key()))
    put('config-other-key.enc.sgn', enc_sgn(manager, name, full, Identity('X').key.public_key()))
    put('config-other-key-1024.enc.sgn',
        enc_sgn(manager, name, full, Identity('X', bits=1024).key.public_key()))
    put('config-wrong-hash.enc.sgn',
        enc_sgn(manager, name, full, lsc.key.public_key(), plain_hash=b'\0' * 20))
    put('lsc-key.der', lsc.key.private_bytes(serialization.Encoding.DER,
                                             serialization.PrivateFormat.PKCS8,
                                             serialization.NoEncryption()))
    for one, who in (('lsc', lsc), ('manager', manager), ('capf', capf), ('stranger', stranger),
                     ('old', old)):
        put(one + '.der', who.der)


if __name__ == '__main__':
    main()
