#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Makes the keys, certificates and signatures of this folder with the openssl program and Python's
# cryptography. Run in an empty folder: the results differ each time (random keys), and so do the
# constants that the tests hold; run it only to add a fixture, and keep the others.
set -eu

printf 'The quick brown fox jumps over the lazy dog' > message.bin

openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out rsa.key
# The 1024-bit CallManager name of the public examples, in the two orders seen in real files.
openssl req -x509 -new -key rsa.key -sha1 -days 3650 -set_serial 0x8F1122334455667788 -utf8 \
	-subj '/C=US/ST=NC/L=RTP/O=Cisco/OU=AS/CN=CUCM8-Publisher.bbbburns.lab' -out rsa.pem
openssl req -x509 -new -key rsa.key -sha256 -days 3650 -utf8 \
	-subj '/CN=CUCM8-Publisher.bbbburns.lab/OU=AS/O=Cisco/ST=NC/L=RTP/C=US' -out rsa-other-order.pem
openssl x509 -in rsa.pem -outform DER -out rsa.der
openssl rsa -in rsa.key -RSAPublicKey_out -outform DER -out rsa-list-key.der
for d in sha1 sha256 sha512; do
	openssl dgst -$d -sign rsa.key -out rsa-$d.sig message.bin
done

for b in 256:prime256v1 384:secp384r1 521:secp521r1; do
	n=${b%%:*}
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:${b##*:} -out ec$n.key
	openssl req -x509 -new -key ec$n.key -sha256 -days 3650 -subj "/CN=ec$n" -out ec$n.pem
	openssl dgst -sha256 -sign ec$n.key -out ec$n.sig message.bin
done
openssl ec -in ec256.key -conv_form compressed -out ec256-compressed.key
openssl req -x509 -new -key ec256-compressed.key -sha256 -days 3650 -subj /CN=compressed \
	-out ec256-compressed.pem
openssl ec -in ec256.key -pubout -conv_form uncompressed -outform DER | tail -c 65 > ec256-point.bin

openssl genpkey -algorithm ED25519 -out ed25519.key
openssl req -x509 -new -key ed25519.key -days 3650 -subj /CN=ed25519 -out ed25519.pem

# An authority, a phone's certificate from it, and a stranger of the authority's name.
for ca in ca stranger; do
	openssl req -x509 -newkey rsa:1024 -nodes -keyout $ca.key -sha256 -days 3650 \
		-subj /CN=CAPF-9c4cba7d/O=Cisco -out $ca.pem
done
openssl req -new -newkey rsa:1024 -nodes -keyout phone.key -subj /CN=SEP001122334455 -out phone.csr
openssl x509 -req -in phone.csr -CA ca.pem -CAkey ca.key -days 365 -sha256 -set_serial 1 -out phone.pem

printf '0123456789abcdef' > aes-key.bin
openssl pkey -in rsa.key -pubout -out rsa-pub.pem
openssl pkeyutl -encrypt -pubin -inkey rsa-pub.pem -in aes-key.bin -out aes-key.sealed

/usr/bin/python3 - << 'PYTHON'
import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID, ObjectIdentifier

key = serialization.load_pem_private_key(open("rsa.key", "rb").read(), None)


def make(file, attributes, serial=5, years=1):
    name = x509.Name([x509.NameAttribute(o, v) for o, v in attributes])
    start = datetime.datetime(2026, 1, 2, 3, 4, 5)
    cert = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(serial).not_valid_before(start)
        .not_valid_after(start.replace(year=start.year + years)).sign(key, hashes.SHA256())
    )
    open(file, "wb").write(cert.public_bytes(serialization.Encoding.DER))


make("name-odd.der", [
    (NameOID.SERIAL_NUMBER, "PID:CP-7962G SN:FCH1"), (NameOID.ORGANIZATIONAL_UNIT_NAME, "first"),
    (NameOID.LOCALITY_NAME, "São Paulo"), (NameOID.ORGANIZATIONAL_UNIT_NAME, "second"),
    (NameOID.COMMON_NAME, "a;b\\c"), (ObjectIdentifier("1.2.3.4.5"), "own"),
], years=34)
make("name-escaped.der", [
    (NameOID.COMMON_NAME, " #lead trail "), (NameOID.ORGANIZATION_NAME, 'a\\b<c>, "d" + e=1; f'),
    (NameOID.EMAIL_ADDRESS, "x@y.z"), (NameOID.DOMAIN_COMPONENT, "example"), (NameOID.USER_ID, '"u" v'),
    (NameOID.STREET_ADDRESS, "#1"), (NameOID.TITLE, "t"),
])
make("name-nul.der", [(NameOID.COMMON_NAME, "SEP001122334455\0.example")])
make("name-none.der", [(NameOID.ORGANIZATION_NAME, "Cisco")])
PYTHON
rm -f phone.csr rsa-pub.pem aes-key.bin ed25519.key ec*.key ca.key phone.key stranger.key
