# SPDX-License-Identifier: BSD-2-Clause
"""The phone's first minute: which files it asks for, which trust lists it takes and which it refuses."""
import hashlib
import re

from simphone import DEVICE
from phonefiles import config, sgn

CTL = 'CTL%s.tlv' % DEVICE
ORDER = [CTL, 'ITL%s.tlv' % DEVICE, 'ITLFile.tlv']


def test_first_list_is_taken_and_the_order_is_the_phone_s(phone, tftp, cluster):
    tftp.files[CTL] = cluster.ctl()
    assert phone.run() == 1
    assert tftp.asked == ORDER + [DEVICE + '.cnf.xml.sgn', 'XMLDefault.cnf.xml.sgn']
    assert phone.status[0] == 'Trust List Updated'
    assert phone.read('CTLFile.tlv') == tftp.files[CTL]
    assert phone.facts['ctl_size'] == len(tftp.files[CTL])
    assert phone.facts['ctl_md5'] == hashlib.md5(tftp.files[CTL]).hexdigest()
    lines = phone.console.splitlines()
    assert re.fullmatch(r'1: NOT \d\d:\d\d:\d\d\.\d{6} SECD: tlRequestFile: Request ' + CTL, lines[0])
    assert re.fullmatch(r'2: NOT \d\d:\d\d:\d\d\.\d{6} TFTP: \[1\]:Requesting ' + CTL +
                        ' from 127.0.0.1', lines[1])
    assert lines[2].endswith('TFTP: [1]:Finished --> rcvd %d bytes' % len(tftp.files[CTL]))
    assert re.search(r'validate_file_envelope: File sign verify SUCCESS; header length <\d+>',
                     lines[3])


def test_without_any_list_the_plain_configuration_is_asked(phone, tftp):
    assert phone.run() == 1
    assert tftp.asked == ORDER + [DEVICE + '.cnf.xml', 'XMLDefault.cnf.xml']
    assert 'No Trust List installed' in phone.status


def refused(phone, tftp, cluster, offered, words):
    """With a list held, the offered one is refused with those words and the old one is kept."""
    held = cluster.ctl()
    tftp.files[CTL] = held
    phone.run()
    tftp.files[CTL] = offered
    assert phone.run() == 1
    assert words in phone.status
    assert phone.status.count('Trust List Updated') == 1
    assert phone.read('CTLFile.tlv') == held
    assert phone.facts['refused'].startswith(CTL)


def test_stranger_s_list_is_refused(phone, tftp, cluster):
    refused(phone, tftp, cluster, cluster.stranger_ctl(), 'Trust List Verification Failed')


def test_altered_list_is_refused(phone, tftp, cluster):
    bad = bytearray(cluster.ctl(made=1700000009))
    bad[-1] ^= 1
    refused(phone, tftp, cluster, bytes(bad), 'Trust List Verification Failed')


def test_unreadable_list_is_refused(phone, tftp, cluster):
    refused(phone, tftp, cluster, cluster.ctl(made=1700000009)[:-7], 'Trust List Update Failed')


def test_list_signed_by_the_second_token_is_taken(phone, tftp, cluster):
    tftp.files[CTL] = cluster.ctl()
    phone.run()
    tftp.files[CTL] = cluster.ctl(cluster.second, made=1700000009)
    phone.run()
    assert phone.status.count('Trust List Updated') == 2
    assert phone.read('CTLFile.tlv') == tftp.files[CTL]


def test_unchanged_list_is_not_mentioned(phone, tftp, cluster):
    tftp.files[CTL] = cluster.ctl()
    phone.run()
    phone.run()
    assert phone.status.count('Trust List Updated') == 1


def test_missing_list_never_erases(phone, tftp, cluster):
    held = tftp.files[CTL] = cluster.ctl()
    phone.run()
    del tftp.files[CTL]
    phone.run()
    assert phone.read('CTLFile.tlv') == held
    assert tftp.asked[-2] == DEVICE + '.cnf.xml.sgn'


def test_erase_forgets_the_list(phone, tftp, cluster):
    tftp.files[CTL] = cluster.ctl()
    phone.run()
    tftp.files[CTL] = cluster.stranger_ctl()
    phone.run('--erase')
    assert phone.read('CTLFile.tlv') == tftp.files[CTL]
    assert 'Erasing CTL and ITL files' in phone.status


def test_stranger_s_configuration_is_refused(phone, tftp, cluster):
    name = DEVICE + '.cnf.xml.sgn'
    tftp.files[CTL] = cluster.ctl()
    tftp.files[name] = sgn(cluster.stranger, name, config(mode=1, encrypted=False, auth_mode=0))
    assert phone.run() == 1
    assert 'File auth error ' + name in phone.status
    assert phone.read(DEVICE + '.cnf.xml') is None
    assert phone.facts['config'] == ''
    assert name in phone.facts['refused']
