# SPDX-License-Identifier: BSD-2-Clause
"""When a phone goes to CAPF by itself, and by which proof, in each authentication mode."""
import hashlib

import pytest
from authority import Authority, der_of, proof_of
from capfphone import manufacture, openssl
from cryptography import x509
from phonefiles import config, enc_sgn, sgn
from simphone import DEVICE

CTL = 'CTL%s.tlv' % DEVICE
SGN = DEVICE + '.cnf.xml.sgn'
ENC = DEVICE + '.cnf.xml.enc.sgn'
STRING, NULL, LSC, MIC = 1, 2, 3, 4


@pytest.fixture(scope='module')
def factory(tmp_path_factory):
    return manufacture(tmp_path_factory.mktemp('factory'))


@pytest.fixture
def authority(cluster):
    server = Authority(cluster.capf_identity, check=proof_of)
    yield server
    server.close()


@pytest.fixture
def publish(tftp, cluster, authority):
    """The reduced file; the encrypted one too, when there is a certificate to encrypt for."""
    def put(mode, cert=None):
        tftp.files[CTL] = cluster.ctl()
        known = dict(capf_port=authority.port, auth_mode=mode)
        if cert:
            known['cert_hash'] = hashlib.md5(der_of(cert)).hexdigest()
            tftp.files[ENC] = enc_sgn(cluster.manager, ENC, config(**known), cert.public_key())
        tftp.files[SGN] = sgn(cluster.manager, SGN, config(full=False, **known))
    return put


def lsc_of(phone):
    return x509.load_pem_x509_certificate(phone.read('LSC.pem'))


@pytest.mark.parametrize('mode', [LSC, MIC])
def test_by_mic_then_by_whichever_comes_first(phone, publish, authority, factory, mode):
    publish(mode)
    phone.run('--mic', factory)
    assert phone.facts['lsc'] == 'Installed' and 'LSC: Installed' in phone.status
    # The configuration is never for its LSC: it comes three times in a row.
    first, second, third = authority.sessions
    mic = der_of(x509.load_pem_x509_certificate(phone.read('MIC.pem')))
    assert first.auth[4][4:] == b'\2' + mic
    assert second.auth[4][4:] == third.auth[4][4:] or mode == LSC
    assert second.auth[4][5:] == (first.lsc if mode == LSC else mic)
    assert third.auth[4][5:] == (second.lsc if mode == LSC else mic)
    assert der_of(lsc_of(phone)) == third.lsc


def test_by_certificate_without_one(phone, publish, authority):
    publish(LSC)
    assert phone.run() == 1
    assert authority.sessions == []
    assert 'neither LSC nor MIC' in phone.facts['refused']


def test_string_waits_for_the_user(phone, publish, authority, tmp_path):
    authority.check = lambda auth: auth.get(11) == b'7351902648\0'
    publish(STRING)
    assert phone.run() == 1
    assert authority.sessions == []
    assert 'Settings > Security Configuration > **# > LSC > Update' in phone.facts['refused']
    (tmp_path / 'string').write_text('7351902648\n')
    phone.run('--string-file', tmp_path / 'string')
    assert authority.last.ended == 1 and phone.facts['lsc'] == 'Installed'
    assert '7351902648' not in phone.console + ''.join(phone.status)


def test_wrong_string_is_tried_four_times(phone, publish, authority, tmp_path):
    authority.check = lambda auth: auth.get(11) == b'7351902648\0'
    publish(STRING)
    (tmp_path / 'string').write_text('7352902648\n')
    assert phone.run('--string-file', tmp_path / 'string') == 1
    assert [session.ended for session in authority.sessions] == [7] * 4
    assert phone.facts['lsc'] == 'Not Installed' and 'LSC: Failed' in phone.status


def test_configuration_encrypted_for_the_mic(phone, publish, authority, factory, tftp):
    """The server learns the MIC from its proof, and installs nothing."""
    authority.order = 'none'
    publish(MIC)
    phone.run('--mic', factory)
    assert proof_of(authority.last.auth) and phone.read('LSC.pem') is None
    publish(MIC, x509.load_pem_x509_certificate(phone.read('MIC.pem')))
    tftp.asked.clear()
    phone.run()
    assert tftp.asked[3:5] == [SGN, ENC] and phone.facts['config'] == ENC
    assert phone.facts['mic_md5'] == hashlib.md5(authority.last.auth[4][5:]).hexdigest()
    # Registration falls back on it as well.
    assert 'PXY_NO_LSC' in phone.console and 'no certificate to register with' not in phone.console


def test_erasing_leaves_the_mic(phone, publish, factory, authority):
    publish(MIC)
    phone.run('--mic', factory)
    assert phone.read('LSC.pem')
    authority.order = 'none'
    phone.run('--erase')
    assert phone.read('LSC.pem') is None and phone.read('MIC.pem') and phone.read('mic.key')
    assert proof_of(authority.last.auth) and authority.last.auth[4][4] == 2


def test_faults_are_in_every_try(phone, publish, authority, factory):
    publish(MIC)
    assert phone.run('--mic', factory, '--capf-fault', 'wrong-proof') == 1
    assert [session.ended for session in authority.sessions] == [7] * 4
    authority.sessions.clear()
    phone.run('--capf-version', 2)
    assert 20 not in authority.last.auth and authority.last.auth[7] == b'\2' and authority.last.ended == 1


def test_elliptic_curves(phone, publish, authority, tmp_path):
    authority.curve, authority.check = 256, lambda _: True
    publish(NULL)
    phone.run()
    assert authority.last.ended == 1
    (tmp_path / 'ca.pem').write_bytes(authority.identity.pem)
    openssl(tmp_path, 'verify', '-CAfile', 'ca.pem', 'phone/LSC.pem')


def test_deleting_and_reading(phone, publish, authority):
    authority.check = lambda _: True
    publish(NULL)
    phone.run()
    held = der_of(lsc_of(phone))
    authority.order = 'fetch'
    phone.run()  # asked again: the configuration is for nobody
    assert authority.last.fetched == {1: (1, held)}
    authority.order = 'delete'
    phone.run()
    assert authority.last.ended == 1 and phone.read('LSC.pem') is None
    assert 'LSC: Deleted' in phone.status and phone.facts['lsc'] == 'Not Installed'
