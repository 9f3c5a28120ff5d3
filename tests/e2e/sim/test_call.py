# SPDX-License-Identifier: BSD-2-Clause
"""Registration and calls against a call manager that is not ours."""
import hashlib
import signal
import subprocess
import time

import pytest
from simphone import DEVICE, Phone
from phonefiles import config, sgn
from servers import Capf, Sccp

OTHER = 'SEP0011215A1AE4'
NUMBERS = {DEVICE: '1001', OTHER: '1002'}


@pytest.fixture
def capf(cluster):
    server = Capf(cluster.capf_identity, bits=2048)  # OpenSSL's default level asks for that
    yield server
    server.close()


def publish(tftp, cluster, capf, sccp_port=2000, **more):
    """A signed configuration in the clear, so that one file serves from the start."""
    for device in NUMBERS:
        name = device + '.cnf.xml.sgn'
        tftp.files['CTL%s.tlv' % device] = cluster.ctl()
        tftp.files[name] = sgn(cluster.manager, name, config(
            encrypted=False, capf_port=capf.port if capf else 1, sccp_port=sccp_port, **more))


def two_phones(tmp_path, tftp, *options):
    called = Phone(tmp_path / 'called', tftp, OTHER).start(*options)
    caller = Phone(tmp_path / 'caller', tftp)
    try:
        called.wait(lambda facts: facts.get('registered'))
        caller.status_code = caller.run('--call', '1002', '--talk', '2', *options)
        called.wait(lambda facts: facts['last_call']['state'] == 'ended')
    finally:
        called.status_code = called.stop()
    return caller, called


def test_encrypted_call(tmp_path, tftp, cluster, capf):
    manager = Sccp(cluster.manager, cluster.capf_identity, NUMBERS)
    publish(tftp, cluster, capf)
    caller, called = two_phones(tmp_path, tftp, '--sccps-port', manager.port)
    assert (caller.status_code, called.status_code) == (0, 0)
    for phone, peer in ((caller, '1002'), (called, '1001')):
        call = phone.facts['last_call']
        assert call['peer'] == peer and call['icon'] == 'lock'
        assert call['algorithm'] == 'AES_CM_128_HMAC_SHA1_32'
        assert call['sent'] and call['received']  # how many fit into two seconds is the machine's matter
        assert call['authenticated'] == call['received']
        assert call['rejected'] == call['clear'] == 0
        assert call['audio_ok']
        assert phone.facts['transport'] == 'tls' and phone.facts['tls_version'] == 'TLSv1.2'
        assert phone.facts['server_cert_sha1'] == hashlib.sha1(cluster.manager.der).hexdigest()
        assert phone.facts['number'] == NUMBERS[phone.device]
        assert phone.facts['registered'] is False  # it is switched off now
    assert ('1002', 0x27) in manager.log
    manager.close()


@pytest.mark.parametrize('protocol', [11, 17])
def test_captured_signalling_has_no_malformed_packet(tmp_path, tftp, cluster, capf, protocol):
    manager = Sccp(None, None, NUMBERS, keys='none', security=1)
    publish(tftp, cluster, None, sccp_port=manager.port, mode=1, auth_mode=0)
    phone = Phone(tmp_path / 'phone', tftp).start('--protocol', protocol)
    phone.wait(lambda facts: facts.get('registered'))
    assert phone.facts['transport'] == 'tcp'
    assert phone.stop() == 0
    out = subprocess.run(
        ['tshark', '-r', phone.folder / 'sccp.cap', '-d', 'tcp.port==%d,skinny' % manager.port,
         '-Y', 'tcp.dstport==%d and skinny' % manager.port, '-T', 'fields', '-e',
         'skinny.messageId', '-e', '_ws.malformed'],
        capture_output=True, text=True, check=True).stdout
    ids = [int(one, 0) for line in out.splitlines() for one in line.strip().split(',')]
    assert ids == [0x20, 1, 2, 0x2b, 0x10, 0x0e, 0x28, 0x25, 0x0c, 0x0b, 0x09, 0x2d, 0x0d, 0x27]
    manager.close()


def test_clear_call_shows_no_icon(tmp_path, tftp, cluster, capf):
    manager = Sccp(None, None, NUMBERS, keys='none', security=1)
    publish(tftp, cluster, None, sccp_port=manager.port, mode=1, auth_mode=0)
    caller, called = two_phones(tmp_path, tftp)
    for phone in (caller, called):
        call = phone.facts['last_call']
        assert call['icon'] == 'none' and call['algorithm'] == 'none'
        assert call['clear'] == call['received'] > 50 and call['authenticated'] == 0
        assert call['audio_ok']
    manager.close()


def test_one_leg_without_keys_is_seen(tmp_path, tftp, cluster, capf):
    manager = Sccp(cluster.manager, cluster.capf_identity, NUMBERS, keys='caller')
    publish(tftp, cluster, capf)
    caller, called = two_phones(tmp_path, tftp, '--sccps-port', manager.port)
    assert caller.facts['last_call']['authenticated'] > 50
    assert called.facts['last_call']['clear'] > 50
    assert called.facts['last_call']['authenticated'] == 0
    assert called.facts['last_call']['algorithm'] == 'none'
    manager.close()


def test_media_clear_is_noticed_by_the_other_end(tmp_path, tftp, cluster, capf):
    manager = Sccp(cluster.manager, cluster.capf_identity, NUMBERS)
    publish(tftp, cluster, capf)
    called = Phone(tmp_path / 'called', tftp, OTHER).start('--sccps-port', manager.port)
    called.wait(lambda facts: facts.get('registered'))
    caller = Phone(tmp_path / 'caller', tftp)
    assert caller.run('--sccps-port', manager.port, '--call', '1002', '--talk', '2',
                      '--media-clear') == 1
    called.wait(lambda facts: facts['last_call']['state'] == 'ended')
    called.stop()
    assert called.facts['last_call']['clear'] > 50
    assert not called.facts['last_call']['audio_ok']
    manager.close()


def test_manager_that_is_not_in_the_list_is_refused(tmp_path, tftp, cluster, capf):
    manager = Sccp(cluster.stranger, cluster.capf_identity, NUMBERS)
    publish(tftp, cluster, capf)
    phone = Phone(tmp_path / 'phone', tftp)
    assert phone.run('--sccps-port', manager.port) == 1
    assert manager.log == []
    assert 'role CCM' in phone.facts['refused']
    manager.close()


def test_unknown_number_fails_the_call(tmp_path, tftp, cluster):
    manager = Sccp(None, None, NUMBERS)
    publish(tftp, cluster, None, sccp_port=manager.port, mode=1, auth_mode=0)
    phone = Phone(tmp_path / 'phone', tftp)
    assert phone.run('--call', '1009', '--call-tries', '1') == 1
    assert 'invalid number' in phone.console
    manager.close()


def test_rejected_phone_says_so(tmp_path, tftp, cluster):
    manager = Sccp(None, None, {})
    publish(tftp, cluster, None, sccp_port=manager.port, mode=1, auth_mode=0)
    phone = Phone(tmp_path / 'phone', tftp)
    assert phone.run() == 1
    assert 'Registration Rejected: No such device' in phone.status
    manager.close()


def test_plain_signalling_can_be_forced(tmp_path, tftp, cluster, capf):
    manager = Sccp(None, None, NUMBERS)
    publish(tftp, cluster, capf)
    phone = Phone(tmp_path / 'phone', tftp).start('--port', '2000', '--sccp-port', manager.port)
    phone.wait(lambda facts: facts.get('registered'))
    assert phone.facts['transport'] == 'tcp' and phone.facts['security_mode'] == 3
    assert phone.stop() == 0
    manager.close()


def test_lost_connection_is_made_again(tmp_path, tftp, cluster):
    manager = Sccp(None, None, NUMBERS)
    publish(tftp, cluster, None, sccp_port=manager.port, mode=1, auth_mode=0)
    phone = Phone(tmp_path / 'phone', tftp).start()
    phone.wait(lambda facts: facts.get('registered'))
    manager.stations['1001'].shutdown(2)
    phone.wait(lambda facts: phone.console.count('registered as 1001') == 2)
    assert phone.stop() == 0
    manager.close()


@pytest.mark.parametrize('kind', [1, 2])
def test_reset_and_restart_are_obeyed(tmp_path, tftp, cluster, kind):
    manager = Sccp(None, None, NUMBERS)
    publish(tftp, cluster, None, sccp_port=manager.port, mode=1, auth_mode=0)
    phone = Phone(tmp_path / 'phone', tftp).start()
    phone.wait(lambda facts: facts.get('registered'))
    tftp.asked.clear()
    manager.send(manager.stations['1001'], 0x9f, kind)
    phone.wait(lambda facts: phone.console.count('registered as 1001') == 2)
    assert ('CTL%s.tlv' % DEVICE in tftp.asked) == (kind == 1)
    assert tftp.asked[-1] == DEVICE + '.cnf.xml.sgn'
    assert phone.stop() == 0
    manager.close()


def test_switching_off_in_a_call_ends_it(tmp_path, tftp, cluster):
    manager = Sccp(None, None, NUMBERS, keys='none', security=1)
    publish(tftp, cluster, None, sccp_port=manager.port, mode=1, auth_mode=0)
    called = Phone(tmp_path / 'called', tftp, OTHER).start()
    called.wait(lambda facts: facts.get('registered'))
    caller = Phone(tmp_path / 'caller', tftp).start('--call', '1002', '--talk', '60')
    called.wait(lambda facts: facts['call']['received'] > 30)
    assert called.stop() == 0
    assert called.facts['last_call']['state'] == 'ended'
    caller.wait(lambda facts: facts['last_call']['state'] == 'ended')
    assert caller.stop() == 0
    assert ('1002', 7) in manager.log and ('1002', 0x27) in manager.log
    manager.close()


@pytest.mark.parametrize('step', range(12))
def test_switching_off_at_any_time_is_clean(tmp_path, tftp, cluster, step):
    """Wherever the phone is then, it ends by itself, leaves whole files and starts again."""
    capf = Capf(cluster.capf_identity, bits=2048)
    manager = Sccp(cluster.manager, cluster.capf_identity, NUMBERS)
    publish(tftp, cluster, capf)
    phone = Phone(tmp_path / 'phone', tftp).start('--sccps-port', manager.port)
    time.sleep(step * 0.04)
    assert phone.stop() in (0, 1, -signal.SIGTERM)  # the last: before it was ready for signals
    phone.start('--sccps-port', manager.port)
    phone.wait(lambda facts: facts.get('registered'))
    assert phone.stop() == 0
    manager.close()
    capf.close()


@pytest.mark.parametrize('deaf', [False, True])
def test_keepalives(tmp_path, tftp, cluster, deaf):
    """Answered ones keep the connection; after three that are not, the phone registers anew."""
    manager = Sccp(None, None, NUMBERS, keepalive=1, deaf=deaf)
    publish(tftp, cluster, None, sccp_port=manager.port, mode=1, auth_mode=0)
    phone = Phone(tmp_path / 'phone', tftp).start()
    phone.wait(lambda facts: manager.log.count(('1001', 0)) >= 4)
    lost = 'keepalives are not answered' in phone.console
    assert lost == deaf
    assert manager.log.count(('1001', 1)) == (2 if deaf else 1)
    phone.wait(lambda facts: facts['registered'])
    assert phone.stop() == 0
    manager.close()
