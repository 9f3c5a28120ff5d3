# SPDX-License-Identifier: BSD-2-Clause
"""The phone's menus and shell, as the administration guide walks through them."""
import hashlib
import json
import os
import re
import subprocess
import time

import pytest
from authority import Authority
from phonefiles import config, sgn
from servers import Sccp
from simphone import DEVICE, PROGRAM

CTL = 'CTL%s.tlv' % DEVICE
SGN = DEVICE + '.cnf.xml.sgn'
UPDATE = 'Settings > Security Configuration > **# > LSC > Update'


@pytest.fixture
def authority(cluster):
    server = Authority(cluster.capf_identity, check=lambda auth: auth.get(11) == b'7351902648\0')
    yield server
    server.close()


@pytest.fixture
def manager():
    server = Sccp(numbers={DEVICE: '1001'})
    yield server
    server.close()


@pytest.fixture
def running(phone, tftp, cluster, authority, manager):
    """A registered phone that is to enrol by string."""
    tftp.files[CTL] = cluster.ctl()
    tftp.files[SGN] = sgn(cluster.manager, SGN, config(
        mode=1, encrypted=False, auth_mode=1, capf_port=authority.port, sccp_port=manager.port))
    phone.start()
    phone.wait(lambda facts: facts.get('registered'))
    return phone


def menu(phone, *words, status=0, text=''):
    done = subprocess.run([PROGRAM, 'menu', '--dir', phone.folder, *words], input=text, capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return done.stdout if status < 2 and not done.stderr else done.stderr


def screen(phone, *words, status=0, text=''):
    shown = json.loads(menu(phone, '--json', *words, status=status, text=text))
    shown['values'] = [(item['name'], item['value']) for item in shown['items']]
    return shown


def registered_again(phone, manager):
    """A second registration is complete: the phone has started over."""
    phone.wait(lambda facts: [message for _, message in manager.log].count(1) == 2 and facts.get('registered'))


def test_status_messages(running):
    shown = screen(running, 'Settings > Status > Status Messages')
    assert shown['title'] == 'Status Messages'
    lines = [name for name, _ in shown['values']]
    assert re.fullmatch(r'\d\d:\d\d:\d\d Trust List Updated', lines[-1])
    assert lines == running.read('status.log').decode().splitlines()[-10:]
    text = menu(running, 'Settings > Status > Status Messages')
    assert 'Trust List Updated' in text and text.startswith('Status Messages\n')


@pytest.mark.parametrize('name', ['Security Configuration', 'Security Settings'])
def test_trust_list(running, cluster, name):
    ctl = cluster.ctl()
    shown = screen(running, 'Settings > %s > Trust List' % name)
    assert shown['values'] == [('CTL File', hashlib.md5(running.read('CTLFile.tlv')).hexdigest()),
                               ('ITL File', 'Not Installed')]
    assert len(ctl) == running.facts['ctl_size']
    shown = screen(running, 'Settings', name, 'Trust List', '1')
    assert shown['title'] == 'CTL File'
    assert shown['values'][1:] == [('Security Token', 'S1'), ('Security Token', 'S2'),
                                   ('CM / TFTP Server', 'CallManager'), ('CAPF Server', 'CAPF')]


def test_settings_are_locked(running, authority):
    locked = 'Settings > Security Configuration > LSC'
    assert screen(running, locked)['softkeys'] == ['Exit']
    shown = screen(running, locked + ' > Update', status=1)
    assert shown['message'] == 'The settings are locked: press **#'
    assert screen(running, locked + ' > **#')['softkeys'] == ['Update', 'Exit']
    assert screen(running, locked + ' > **# > **#')['softkeys'] == ['Exit']
    shown = screen(running, locked + ' > **# > Erase', status=1)
    assert 'no such key' in shown['message']
    assert running.read('CTLFile.tlv') and authority.sessions == []


def test_update_by_string(running, authority, manager):
    shown = screen(running, '--string-file', '-', UPDATE, text='7351902648\n')
    assert shown['progress'][-1] == 'Installed'
    wanted = ['Connecting', 'Authenticating', 'Generating Key', 'Installing', 'Installed']
    assert shown['progress'] == wanted
    assert shown['values'] == [('LSC', 'Installed')] and not shown['busy']
    assert authority.last.ended == 1 and authority.last.auth[11] == b'7351902648\0'
    # It goes on as it was until then, and starts over now.
    registered_again(running, manager)
    assert running.facts['lsc'] == 'Installed'
    assert running.status.count('LSC: Installed') == 1
    shown = screen(running, 'Settings > Security Configuration')
    assert ('LSC', 'Installed') in shown['values'] and ('MIC', 'Not Installed') in shown['values']
    assert ('Security Mode', 'Non Secure') in shown['values'] and ('CAPF Server', '127.0.0.1') in shown['values']
    assert '7351902648' not in running.console


def test_wrong_string(running, authority):
    shown = screen(running, '--string-file', '-', UPDATE, text='7352902648\n', status=1)
    assert shown['progress'][-1] == 'Not Installed' and shown['message'] == 'LSC: Failed'
    assert len(authority.sessions) == 1  # the user sees it: no further tries
    assert running.facts['registered'] and 'LSC: Failed' in running.status
    for bad in ('', 'none\n'):
        assert 'string' in menu(running, '--string-file', '-', UPDATE, text=bad, status=1)
    assert screen(running, '--string-file', '-', UPDATE, text='7351902648\n')['progress'][-1] == 'Installed'


def test_update_deletes(running, authority, manager):
    screen(running, '--string-file', '-', UPDATE, text='7351902648\n')
    registered_again(running, manager)
    authority.order = 'delete'
    shown = screen(running, '--string-file', '-', UPDATE, text='7351902648\n')
    assert shown['progress'] == ['Connecting', 'Authenticating', 'Deleting', 'Not Installed']
    assert shown['good'] and running.read('LSC.pem') is None


def test_progress_and_stop(phone, tftp, cluster, authority, manager):
    """While a key is made the phone stays registered; the user may stop it."""
    authority.check = lambda _: True
    tftp.files[CTL] = cluster.ctl()
    tftp.files[SGN] = sgn(cluster.manager, SGN, config(
        mode=1, encrypted=False, auth_mode=0, capf_port=authority.port, sccp_port=manager.port))
    phone.start('--capf-fault', 'slow-key=600')
    phone.wait(lambda facts: facts.get('registered'))
    with subprocess.Popen([PROGRAM, 'menu', '--dir', phone.folder, UPDATE], stdout=subprocess.PIPE, text=True) as first:
        seen = [first.stdout.readline() for _ in range(3)]
        assert seen == ['LSC: Connecting\n', 'LSC: Authenticating\n', 'LSC: Generating Key\n']
        assert phone.facts['registered'] and phone.facts['lsc'] == 'Generating Key'
        shown = screen(phone, 'Settings > Security Configuration')
        assert ('LSC', 'Generating Key') in shown['values']
        shown = screen(phone, 'Settings > Security Configuration > LSC > **#')
        assert shown['softkeys'] == ['Stop', 'Exit']
        screen(phone, 'Settings > Security Configuration > **# > Stop')
        rest = first.stdout.read()
        assert first.wait(30) == 1 and rest.startswith('LSC: Not Installed\n') and 'LSC: Failed' in rest
    assert phone.facts['registered'] and phone.read('LSC.pem') is None
    assert [message for _, message in manager.log].count(1) == 1


def test_update_of_a_phone_that_cannot_go_on(phone, tftp, cluster, authority):
    """Only an encrypted configuration, and a string that somebody has to type: it waits, and waits on while it is busy."""
    tftp.files[CTL] = cluster.ctl()
    tftp.files[SGN] = sgn(cluster.manager, SGN, config(full=False, auth_mode=1, capf_port=authority.port))
    phone.start('--capf-fault', 'slow-key=3')
    phone.wait(lambda facts: facts.get('state') == 'waiting to start over')
    assert 'has to be typed' in phone.facts['refused'] and authority.sessions == []
    shown = {'message': 'the phone is starting'}
    while 'starting' in shown['message']:  # once a second it tries again
        done = subprocess.run([PROGRAM, 'menu', '--dir', phone.folder, '--string-file', '-', '--json', UPDATE],
                              input='7351902648\n', capture_output=True, text=True, timeout=60, check=False)
        shown = json.loads(done.stdout)
    assert shown['progress'][-1] == 'Installed' and len(authority.sessions) == 1
    tftp.asked.clear()
    phone.wait(lambda facts: CTL in tftp.asked)


def test_erase(running, tftp, cluster):
    running.wait(lambda facts: facts['ctl_size'])
    tftp.asked.clear()
    shown = screen(running, 'Settings > Security Configuration > Trust List > **# > Erase')
    assert shown['message'] == 'Erasing CTL and ITL files'
    running.wait(lambda facts: CTL in tftp.asked and facts['ctl_size'] and facts['registered'])
    assert 'Erasing CTL and ITL files' in running.status
    assert running.status.count('Trust List Updated') == 2
    # A stranger's list is then as good as any: nothing is held that could refuse it.
    tftp.files[CTL] = cluster.stranger_ctl()
    screen(running, 'Settings > Security Configuration > Trust List > CTL File > **# > Erase')
    running.wait(lambda facts: running.read('CTLFile.tlv') == cluster.stranger_ctl() or
                 facts['ctl_md5'] == hashlib.md5(tftp.files[CTL]).hexdigest())


def test_from_the_keyboard(running):
    keys = 'Settings\n3\n1\nExit\nExit\n1\n**#\n3\nUpdate\n7352902648\n'
    out = menu(running, text=keys, status=1)
    titles = [line for line in out.splitlines() if re.fullmatch(r'[A-Z][\w ]+( \(unlocked\))?', line)
              and line != 'Settings unlocked']
    assert titles == [DEVICE, 'Settings', 'Status', 'Status Messages', 'Status', 'Settings', 'Security Configuration',
                      'Security Configuration (unlocked)', 'LSC (unlocked)', 'LSC (unlocked)', 'LSC (unlocked)'], out
    assert '[Cancel]' in out and 'LSC: Connecting' in out and out.rstrip().endswith('LSC: Failed')
    done = subprocess.run([PROGRAM, 'menu', '--dir', running.folder], input=keys.replace('7352902648', 'no') + 'Exit\n',
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and '1 to 15 digits' in done.stderr and 'Connecting' not in done.stdout


def test_nobody_is_at_home(phone, tftp, running):
    assert menu(phone, 'Nonsense', status=1).startswith(DEVICE)
    second = subprocess.run(phone.command(), capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 1 and 'another phone runs in this folder' in second.stderr
    assert running.facts['registered']
    phone.stop()
    assert not (phone.folder / 'phone.sock').exists()
    assert 'no phone runs in' in menu(phone, 'Settings', status=1)


def test_a_phone_that_was_killed(phone, running):
    running.process.kill()
    running.process.wait(10)
    assert (phone.folder / 'phone.sock').exists()
    (phone.folder / 'phone.json').unlink()
    phone.start()
    phone.wait(lambda facts: facts.get('registered'))
    assert screen(phone, 'Settings')['title'] == 'Settings'


def test_long_folder_and_long_lines(tftp, tmp_path, running, phone):
    folder = tmp_path / ('long' * 25) / ('name' * 25)
    folder.parent.mkdir()
    moved = type(phone)(folder, tftp, device='SEP0011215A1AE9')
    moved.start()
    moved.wait(lambda facts: facts.get('state'))
    assert screen(moved, 'Settings')['title'] == 'Settings'
    assert 'such a long name' in menu(phone, 'x' * 300, status=1)
    moved.stop()


def shell(phone, *words, status=0, text=''):
    done = subprocess.run([PROGRAM, 'shell', '--dir', phone.folder, *words], input=text, capture_output=True, text=True,
                          timeout=60, check=False, env={**os.environ, 'TZ': 'UTC'})
    assert done.returncode == status, done.stderr
    return done.stdout


def test_shell(running):
    running.wait(lambda facts: facts['ctl_size'])
    when = time.mktime((2011, 10, 4, 19, 15, 0, 0, 0, 0)) - time.timezone
    os.utime(running.folder / 'CTLFile.tlv', (when, when))
    line = '-rw-r--r-- 1 default usr %d Oct 04 19:15 /tmp/CTLFile.tlv\n' % running.facts['ctl_size']
    assert shell(running, 'ls -l /tmp/*.tlv') == line
    assert shell(running, 'ls', '-l', '/tmp/CTLFile.tlv') == line
    assert shell(running, 'ls') == '/tmp/CTLFile.tlv\n'
    md5 = hashlib.md5(running.read('CTLFile.tlv')).hexdigest()
    assert shell(running, 'md5sum', '/tmp/CTLFile.tlv') == md5 + '  /tmp/CTLFile.tlv\n'
    assert shell(running, text='ls\nexit\nls\n') == '$ /tmp/CTLFile.tlv\n$ '
    assert json.loads(shell(running, '--json')) == [
        {'name': '/tmp/CTLFile.tlv', 'size': running.facts['ctl_size'], 'changed': '2011-10-04T19:15:00Z', 'md5': md5}]
    for wrong in ('ls -l /tmp/ITLFile.tlv', 'rm /tmp/CTLFile.tlv', 'ls /etc/*'):
        assert shell(running, wrong, status=1) == ''
