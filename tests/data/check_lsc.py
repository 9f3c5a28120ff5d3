#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Reads an LSC and the certificate that issued it with the Python package `cryptography` and compares
each field with the profile of docs/formats/capf.md.

  check_lsc.py DEVICE DAYS LSC CA      PEM files; CA signs with its own key

Exit status 0 good; else 1 and a line that says which field is not as it should be.
"""
import sys

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as Use, ExtensionOID as Ext, NameOID

IPSEC_END_SYSTEM = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.5")
PLACE = (NameOID.COUNTRY_NAME, NameOID.STATE_OR_PROVINCE_NAME, NameOID.LOCALITY_NAME,
         NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME)


def need(condition, text):
    if not condition:
        sys.exit(text)


def load(path):
    with open(path, "rb") as f:
        return x509.load_pem_x509_certificate(f.read())


def extension(cert, oid, critical):
    found = cert.extensions.get_extension_for_oid(oid)
    need(found.critical is critical, f"{oid._name}: critical is {found.critical}")
    return found.value


def usages(cert):
    value = extension(cert, Ext.KEY_USAGE, True)
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign")
    return {name for name in names if getattr(value, name)}


def signed_by(cert, ca):
    key = ca.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(cert.signature, cert.tbs_certificate_bytes, padding.PKCS1v15(), cert.signature_hash_algorithm)
    else:
        key.verify(cert.signature, cert.tbs_certificate_bytes, ec.ECDSA(cert.signature_hash_algorithm))


def check_ca(ca):
    basic = extension(ca, Ext.BASIC_CONSTRAINTS, True)
    need(basic.ca and basic.path_length == 0, f"CA: basic constraints {basic}")
    need(usages(ca) == {"digital_signature", "key_cert_sign"}, f"CA: key usage {usages(ca)}")


def main(device, days, lsc_file, ca_file):
    lsc, ca = load(lsc_file), load(ca_file)
    signed_by(lsc, ca)
    need(lsc.version is x509.Version.v3, "version")
    need(lsc.issuer.public_bytes() == ca.subject.public_bytes(), "issuer is not the CA's subject, byte by byte")
    place = [a.rfc4514_string() for a in ca.subject if a.oid in PLACE]
    need([a.rfc4514_string() for a in lsc.subject] == [*place, f"CN={device}"],
         f"subject {lsc.subject.rfc4514_string()}")
    need(64 <= lsc.serial_number.bit_length() <= 159, f"serial number {lsc.serial_number:x}")
    period = lsc.not_valid_after - lsc.not_valid_before
    need(lsc.not_valid_after == ca.not_valid_after or (period.days, period.seconds) == (int(days), 0),
         f"valid for {period}")
    need(lsc.not_valid_after <= ca.not_valid_after, "outlives its issuer")
    basic = extension(lsc, Ext.BASIC_CONSTRAINTS, True)
    need(not basic.ca and basic.path_length is None, f"basic constraints {basic}")
    need(usages(lsc) == {"digital_signature", "key_encipherment"}, f"key usage {usages(lsc)}")
    extended = set(extension(lsc, Ext.EXTENDED_KEY_USAGE, False))
    need(extended == {Use.SERVER_AUTH, Use.CLIENT_AUTH, IPSEC_END_SYSTEM}, f"extended key usage {extended}")
    own = extension(lsc, Ext.SUBJECT_KEY_IDENTIFIER, False)
    need(own == x509.SubjectKeyIdentifier.from_public_key(lsc.public_key()), "subject key identifier")
    of_ca = extension(ca, Ext.SUBJECT_KEY_IDENTIFIER, False).digest
    need(extension(lsc, Ext.AUTHORITY_KEY_IDENTIFIER, False).key_identifier == of_ca, "authority key identifier")
    need(len(lsc.extensions) == 5, f"{len(lsc.extensions)} extensions")
    check_ca(ca)


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
