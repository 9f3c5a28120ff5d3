# SPDX-License-Identifier: BSD-2-Clause
"""Enrolment at a CAPF server that is not ours, and what the certificate is good for afterwards."""
import hashlib
import stat
import subprocess

import pytest
from simphone import DEVICE
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from phonefiles import config, enc_sgn, sgn
from servers import Capf

CTL = 'CTL%s.tlv' % DEVICE
SGN = DEVICE + '.cnf.xml.sgn'
ENC = DEVICE + '.cnf.xml.enc.sgn'


@pytest.fixture
def capf(cluster):
    server = Capf(cluster.capf_identity)
    yield server
    server.close()


def publish(tftp, cluster, capf, **more):
    """The reduced file for a phone without certificate, or the pair for capf.lsc."""
    tftp.files[CTL] = cluster.ctl()
    known = dict(capf_port=capf.port, **more)
    lsc = capf.lsc
    if lsc:
        known['cert_hash'] = hashlib.md5(lsc.der).hexdigest()
        tftp.files[ENC] = enc_sgn(cluster.manager, ENC, config(**known), lsc.cert.public_key())
    tftp.files[SGN] = sgn(cluster.manager, SGN, config(full=False, **known))


def test_enrolment_then_encrypted_configuration(phone, tftp, cluster, capf):
    publish(tftp, cluster, capf)
    assert phone.run() == 1  # the configuration is not for the new key yet
    assert [kind for kind, _ in capf.log[:3]] == [2, 17, 4]
    _, auth = capf.log[0]
    assert auth[7] == b'\3' and auth[11] == b'\0' and auth[13] == DEVICE.encode() + b'\0'
    assert 'LSC: Installed' in phone.status
    assert (phone.folder / 'lsc.key').stat().st_mode & 0o777 == stat.S_IRUSR | stat.S_IWUSR
    lsc = x509.load_pem_x509_certificate(phone.read('LSC.pem'))
    key = serialization.load_pem_private_key(phone.read('lsc.key'), None)
    assert lsc.public_key().public_numbers() == key.public_key().public_numbers()
    assert phone.facts['lsc_md5'] == hashlib.md5(capf.lsc.der).hexdigest()

    publish(tftp, cluster, capf)
    tftp.asked.clear()
    phone.run()
    assert tftp.asked[3:5] == [SGN, ENC]
    assert phone.facts['config'] == ENC and phone.facts['encrypted']
    assert phone.facts['security_mode'] == 3
    path = phone.folder / (DEVICE + '.cnf.xml')
    assert b'<fullConfig>true' in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    # From then on the encrypted file is asked for first.
    tftp.asked.clear()
    phone.run()
    assert tftp.asked[3] == ENC


def test_capture_is_read_by_tshark(phone, tftp, cluster, capf):
    publish(tftp, cluster, capf)
    phone.run()
    out = subprocess.run(
        ['tshark', '-r', phone.folder / 'capf.cap', '-d', 'tcp.port==%d,tls' % capf.port, '-Y',
         'tls.handshake', '-T', 'fields', '-e', 'tls.handshake.type'],
        capture_output=True, text=True, check=True).stdout
    kinds = {int(kind) for line in out.split() for kind in line.split(',')}
    assert {1, 2, 11} <= kinds  # ClientHello, ServerHello, Certificate
    malformed = subprocess.run(['tshark', '-r', phone.folder / 'capf.cap', '-Y', '_ws.malformed'],
                               capture_output=True, text=True, check=True).stdout
    assert malformed == ''


def test_stranger_s_capf_is_refused(phone, tftp, cluster):
    capf = Capf(cluster.stranger)
    publish(tftp, cluster, capf)
    assert phone.run() == 1
    assert capf.log == []
    assert 'role CAPF' in phone.facts['refused']
    assert phone.read('LSC.pem') is None
    # One try and three more.
    assert phone.console.count('CAPF: connecting to') == 4
    assert 'LSC: Failed' in phone.status
    capf.close()


def test_certificate_for_another_key_is_refused(phone, tftp, cluster, capf):
    capf.what = 'other-key'
    publish(tftp, cluster, capf)
    assert phone.run() == 1
    assert [elements[1] for kind, elements in capf.log if kind == 10] == [b'\7'] * 4
    assert phone.read('LSC.pem') is None and phone.read('lsc.key') is None
    assert phone.read('lsc.key.new') is None


def test_server_that_refuses_is_asked_four_times(phone, tftp, cluster, capf):
    capf.what = 'refuse'
    publish(tftp, cluster, capf)
    assert phone.run() == 1
    assert [kind for kind, _ in capf.log] == [2] * 4


def test_encrypted_for_another_key_sends_the_phone_back_to_capf(phone, tftp, cluster, capf):
    publish(tftp, cluster, capf)
    phone.run()
    publish(tftp, cluster, capf)
    phone.run()
    old = phone.facts['lsc_md5']
    # The server lost its memory: the pair on offer is for some other certificate.
    capf.lsc = cluster.stranger
    publish(tftp, cluster, capf)
    phone.run()
    assert phone.facts['lsc_md5'] not in (old, '')
