# SPDX-License-Identifier: BSD-2-Clause
"""`cadeado-phone capf` at a CAPF server that is not ours: what it says, does and stores."""
import hashlib
import os
import pty
import socket
import ssl
import stat
import struct
import subprocess

import pytest
from authority import SESSION, Authority, Session, block_of, der_of, proof_of, sudi_of
from capfphone import Client, manufacture, openssl
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from phonefiles import CAPF, SAST, ctl, record
from simphone import DEVICE, PROGRAM


@pytest.fixture(scope='module')
def factory(tmp_path_factory):
    return manufacture(tmp_path_factory.mktemp('factory'))


@pytest.fixture(scope='module')
def ec_factory(tmp_path_factory):
    kind = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384')
    return manufacture(tmp_path_factory.mktemp('ec'), kind)


@pytest.fixture
def server(cluster):
    made = []

    def make(*args, **kwargs):
        made.append(Authority(cluster.capf_identity, *args, **kwargs))
        return made[-1]
    yield make
    for one in made:
        one.close()


@pytest.fixture(scope='module')
def new_key(tmp_path_factory):
    """A key that is ready, so that nobody waits for one."""
    folder = tmp_path_factory.mktemp('key')
    openssl(folder, 'genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024', '-out', 'new.key')
    (folder / 'new.key').chmod(0o600)
    return folder / 'new.key'


@pytest.fixture
def phone(tmp_path, new_key):
    client = Client(tmp_path / 'phone')
    client.fixed = ['--new-key', new_key]
    return client


def test_null_string(phone, server, cluster):
    authority = server()
    assert phone.run(port=authority.port) == 0
    said = authority.last
    assert said.kinds == [2, 17, 4, 10] and said.ended == 1
    assert list(said.auth.items()) == [(1, b'\1'), (7, b'\3'), (11, b'\0'), (13, DEVICE.encode() + b'\0')]
    assert der_of(phone.cert()) == said.lsc
    out = phone.json
    assert out['good'] and out['operation'] == 'install' and out['reason'] == 1 and out['error'] == ''
    assert out['lsc']['subject'] == 'CN=' + DEVICE and out['lsc']['key'] == 'RSA-1024'
    assert out['lsc']['md5'] == hashlib.md5(said.lsc).hexdigest()
    assert out['lsc']['serial'] == '%X' % phone.cert().serial_number or \
        out['lsc']['serial'] == '0%X' % phone.cert().serial_number
    assert out['lsc']['not_after'] == '2044-01-01T00:00:00Z'
    assert out['server_certificate']['md5'] == hashlib.md5(cluster.capf_identity.der).hexdigest()
    assert 'no list' in out['server_judged']
    assert [m['type'] for m in out['messages']] == [
        'AUTH_REQ', 'AUTH_RES', 'KEY_GEN_REQ', 'REQ_IN_PROGRESS', 'KEY_GEN_RES', 'STORE_CERT_REQ', 'STORE_CERT_RES',
        'END_SESSION']
    assert [m['from'] for m in out['messages']][:3] == ['server', 'phone', 'server']
    assert out['messages'][2]['elements'] == ['KEY_SIZE = 1024', 'KEY_TYPE = 0']


@pytest.mark.parametrize('bits, curve', [(512, None), (2048, None), (4096, None), (0, 256), (0, 384), (0, 521)])
def test_kinds_of_keys(phone, server, tmp_path, cluster, bits, curve):
    """A key of its own making, and a certificate that openssl takes for it."""
    authority = server(bits=bits, curve=curve)
    assert phone.run(port=authority.port) == 0
    key = serialization.load_pem_private_key(phone.path('lsc.key').read_bytes(), None)
    assert phone.path('lsc.key').stat().st_mode & 0o777 == stat.S_IRUSR | stat.S_IWUSR
    assert key.key_size == (bits or curve)
    assert key.public_key().public_numbers() == phone.cert().public_key().public_numbers()
    (tmp_path / 'ca.pem').write_bytes(cluster.capf_identity.pem)
    openssl(tmp_path, 'verify', '-auth_level', '0', '-CAfile', 'ca.pem', 'phone/LSC.pem')
    assert phone.json['lsc']['key'] == ('EC-%d' % curve if curve else 'RSA-%d' % bits)


def test_version_2(phone, server):
    """The 35 bytes of a client that public debug output shows; KEY_GEN_REQ holds a size alone."""
    authority = server()
    assert phone.run('--capf-version', 2, port=authority.port) == 0
    assert list(authority.last.auth.items()) == [(7, b'\2'), (13, DEVICE.encode() + b'\0'), (1, b'\1')]
    assert phone.json['messages'][2]['elements'] == ['KEY_SIZE = 1024']


@pytest.mark.parametrize('how', ['file', 'input'])
def test_string(phone, server, tmp_path, how):
    authority = server(check=lambda auth: auth.get(11) == b'0048151623\0')
    (tmp_path / 'string').write_text('0048151623\n')
    options = ['--auth', 'string', '--string-file', tmp_path / 'string' if how == 'file' else '-']
    assert phone.run(*options, port=authority.port, text='0048151623\n') == 0
    assert authority.last.auth[11] == b'0048151623\0'
    assert '48151623' not in phone.out + phone.err
    for fault, sent in (('wrong-string', b'0048151620\0'), ('no-string', None)):
        assert phone.run(*options, '--capf-fault', fault, port=authority.port, text='0048151623') == 1
        assert authority.last.auth.get(11) == sent
        assert phone.json['reason'] == 7 and not phone.json['good']


def test_string_is_asked_for_on_a_terminal(phone, server, new_key):
    """And what is typed is not shown."""
    authority = server(check=lambda auth: auth.get(11) == b'48151623\0')
    ours, theirs = pty.openpty()
    with subprocess.Popen([PROGRAM, 'capf', '--mac', DEVICE[3:], '--dir', phone.folder, '--port', str(authority.port), '--auth',
                           'string', '--new-key', new_key], stdin=theirs, stdout=theirs, stderr=theirs) as client:
        os.close(theirs)
        shown = b''
        while not shown.endswith(b'Authentication String: '):
            shown += os.read(ours, 1000)
        os.write(ours, b'48151623\n')
        while True:
            try:
                shown += os.read(ours, 1000)
            except OSError:
                break
        assert client.wait(60) == 0, shown
    os.close(ours)
    assert b'48151623' not in shown and b'PASSWORD = (8 characters)' in shown


def test_string_must_be_given_and_have_digits(phone, tmp_path):
    for text in (None, '', 'nonsense', '1' * 16, '12 34'):
        options = []
        if text is not None:
            (tmp_path / 'string').write_text(text)
            options = ['--string-file', tmp_path / 'string']
        assert phone.run('--auth', 'string', *options, port=1) == 1
        assert 'string' in phone.err and phone.out == ''
        assert not text or text not in phone.err


@pytest.mark.parametrize('bits, curve', [(1024, None), (2048, None), (0, 384)])
@pytest.mark.parametrize('version', [2, 3])
def test_proof_by_lsc(phone, server, bits, curve, version):
    phone.run(port=server(bits=bits, curve=curve).port)
    held = der_of(phone.cert())
    authority = server(check=proof_of)
    assert phone.run('--auth', 'lsc', '--capf-version', version, port=authority.port) == 0, phone.out
    auth = authority.last.auth
    assert auth[4][4] == 1 and auth[4][5:] == held and 11 not in auth
    order = [7, 4, 6, 13, 1] if version == 2 else [1, 4, 6, 7, 13, 20]
    assert list(auth) == order


def test_proof_of_a_small_key_has_no_sha512(phone, server):
    phone.run('--no-tls-cert', port=server(bits=512).port)
    authority = server(check=proof_of)
    assert phone.run('--auth', 'lsc', '--no-tls-cert', port=authority.port) == 0
    assert 20 not in authority.last.auth


@pytest.mark.parametrize('made', ['factory', 'ec_factory'])
def test_precedence(phone, server, request, made):
    """Without an LSC the MIC serves in either mode; with both the mode decides."""
    folder = request.getfixturevalue(made)
    mic = x509.load_pem_x509_certificate((folder / (DEVICE + '.pem')).read_bytes())
    authority = server(check=proof_of)
    assert phone.run('--auth', 'lsc', '--mic', folder, port=authority.port) == 0
    assert authority.last.auth[4][4:] == b'\2' + der_of(mic)
    lsc = der_of(phone.cert())
    assert der_of(phone.cert('MIC.pem')) == der_of(mic)
    assert phone.path('mic.key').stat().st_mode & 0o777 == 0o600
    # It is the phone's own now: no option any more.
    assert phone.run('--auth', 'mic', port=authority.port) == 0
    assert authority.last.auth[4][5:] == der_of(mic)
    lsc = der_of(phone.cert())
    assert phone.run('--auth', 'lsc', port=authority.port) == 0
    assert authority.last.auth[4][4:] == b'\1' + lsc


def test_sudi(phone, server, factory, ec_factory, tmp_path):
    authority = server(check=lambda auth: proof_of(auth) and sudi_of(auth))
    assert phone.run('--auth', 'mic', '--mic', factory, '--sudi', port=authority.port) == 0
    assert list(authority.last.auth) == [1, 4, 6, 7, 13, 16, 20]
    other = Client(tmp_path / 'other')
    assert other.run('--auth', 'mic', '--mic', ec_factory, '--sudi', port=authority.port) == 1
    assert 'RSA' in other.json['error']


def test_neither_lsc_nor_mic(phone, server):
    authority = server()
    assert phone.run('--auth', 'lsc', port=authority.port) == 1
    assert 'neither LSC nor MIC' in phone.json['error'] and authority.last.log == []


def test_faulty_proofs(phone, server):
    phone.run(port=server().port)
    authority = server(check=proof_of)
    key = phone.cert().public_key()
    for fault in ('no-proof', 'wrong-proof', 'short-padding'):
        assert phone.run('--auth', 'lsc', '--capf-fault', fault, port=authority.port) == 1
        assert authority.last.ended == 7
    assert 6 not in authority.sessions[0].auth
    # Its end is right: who looks at that alone is taken in.
    auth = authority.last.auth
    digest = hashlib.sha1(auth[13] + auth[4][5:]).digest()
    block = block_of(key, auth[6])
    assert block.startswith(b'\0\1\xff\xff') and block.endswith(digest)
    assert block != b'\0\1' + b'\xff' * (len(block) - 23) + b'\0' + digest


def test_certificate_in_the_handshake(phone, server, factory, cluster):
    trusted = [cluster.capf_identity.pem.decode(), (factory / 'ca.pem').read_text()]
    authority = server(trusted=trusted)
    assert phone.run(port=authority.port) == 0
    assert authority.last.tls_cert is None
    assert phone.run('--mic', factory, port=authority.port) == 0
    assert authority.last.tls_cert == authority.sessions[0].lsc
    assert phone.run('--auth', 'mic', port=authority.port) == 0
    assert authority.last.tls_cert == der_of(phone.cert('MIC.pem'))
    assert phone.run('--no-tls-cert', port=authority.port) == 0
    assert authority.last.tls_cert is None


def test_delete(phone, server):
    phone.run(port=server().port)
    authority = server('delete')
    assert phone.run('--capf-fault', 'refuse-delete', port=authority.port) == 1
    assert authority.last.log[-1] == (14, {1: b'\7'}) and phone.path('LSC.pem').exists()
    assert phone.run(port=authority.port) == 0
    assert authority.last.log[-1] == (14, {1: b'\1'}) and authority.last.ended == 1
    assert not phone.path('LSC.pem').exists() and not phone.path('lsc.key').exists()
    assert phone.json['operation'] == 'delete' and phone.json['lsc'] is None


def test_fetch(phone, server, factory):
    authority = server('fetch', wanted=(1, 2))
    assert phone.run(port=authority.port) == 0
    assert authority.last.fetched == {} and authority.last.kinds == [2, 12, 12]
    assert phone.json['operation'] == 'fetch'
    phone.run('--mic', factory, port=server().port)
    assert phone.run(port=authority.port) == 0
    assert authority.last.fetched == {1: (1, der_of(phone.cert())), 2: (2, der_of(phone.cert('MIC.pem')))}
    assert phone.run('--capf-fault', 'refuse-fetch', port=authority.port) == 0
    assert authority.last.fetched == {}


def test_nothing_to_do(phone, server):
    authority = server('none')
    assert phone.run(port=authority.port) == 0
    assert phone.json['operation'] == 'none' and phone.json['reason'] == 0


@pytest.mark.parametrize('fault', ['no-key', 'wrong-key-size', 'wrong-key-type', 'bad-key'])
def test_another_key_than_asked_for(phone, server, fault):
    authority = server(bits=512)
    assert phone.run('--capf-fault', fault, port=authority.port) == 1
    kind, answer = authority.last.log[-1]
    assert kind == 4 and authority.last.ended == 7 and not phone.path('LSC.pem').exists()
    if fault == 'no-key':
        assert answer == {1: b'\7'}
    elif fault == 'bad-key':
        assert answer == {9: b'no key'}
    else:
        key = serialization.load_der_public_key(answer[9])
        assert key.key_size == {'wrong-key-size': 1024, 'wrong-key-type': 256}[fault]


def test_slow_key(phone, server):
    authority = server()
    assert phone.run('--capf-fault', 'slow-key=1', port=authority.port) == 0
    assert authority.last.kinds == [2, 17, 4, 10]
    assert phone.run('--capf-fault', 'slow-key=3', '--capf-progress', 1, port=authority.port) == 0
    kinds = authority.last.kinds
    assert kinds.count(17) >= 2 and [kind for kind in kinds if kind != 17] == [2, 4, 10]
    assert phone.run('--capf-fault', 'no-progress', port=authority.port) == 0
    assert authority.last.kinds == [2, 4, 10]
    # The wait for the server begins when it is the server's turn.
    assert phone.run('--capf-fault', 'no-progress', '--capf-fault', 'slow-key=2', '--timeout', 1, port=authority.port) == 0


def test_server_gives_up_on_a_slow_key(phone, server):
    authority = server()
    authority.ask_for_key = lambda: authority.send(3, (10, b'\4\0')) or authority.receive()[1]
    assert phone.run('--capf-fault', 'slow-key=7200', port=authority.port) == 1
    assert phone.json['reason'] == 7


def test_certificate_is_refused(phone, server):
    authority = server()
    assert phone.run('--capf-fault', 'refuse-certificate', port=authority.port) == 1
    assert authority.last.log[-1] == (10, {1: b'\7'}) and not phone.path('LSC.pem').exists()
    # One for another key is refused by itself.
    authority = server('store')
    assert phone.run(port=authority.port) == 1
    assert authority.last.log[-1] == (10, {1: b'\7'}) and not phone.path('LSC.pem').exists()
    assert "does not carry the phone's key" in phone.json['error']


def test_answer_is_lost(phone, server):
    """The phone has the certificate, and the server never hears of it."""
    authority = server()
    assert phone.run('--capf-fault', 'lose-answer', port=authority.port) == 1
    assert authority.last.kinds == [2, 17, 4] and authority.last.lsc is None
    assert phone.path('LSC.pem').exists() and phone.json['operation'] == 'install'


@pytest.mark.parametrize('message, kinds', [('AUTH_REQ', []), ('KEY_GEN_REQ', [2]), ('STORE_CERT_REQ', [2, 17, 4])])
def test_hanging_up(phone, server, message, kinds):
    authority = server()
    assert phone.run('--capf-fault', 'hang-up=' + message, port=authority.port) == 1
    assert authority.last.kinds == kinds


def test_pieces_garbage_and_strange_messages(phone, server):
    authority = server()
    assert phone.run('--capf-fault', 'pieces', port=authority.port) == 0
    assert phone.run('--capf-fault', 'wrong-session', port=authority.port) == 1
    assert phone.run('--capf-fault', 'garbage=KEY_GEN_REQ', port=authority.port) == 1
    assert phone.run('--capf-fault', 'unknown-type=STORE_CERT_REQ', port=authority.port) == 1
    assert authority.last.kinds == [2, 17, 4, 99]


@pytest.mark.parametrize('fault, kinds', [('no-answer', []), ('half-answer', []), ('no-answer=KEY_GEN_REQ', [2])])
def test_silence(phone, server, fault, kinds):
    """It stays connected until the server has enough."""
    authority = server()
    take = authority.receive

    def impatient():
        authority.connection.settimeout(0.3)
        try:
            return take()
        except TimeoutError as error:
            raise AssertionError from error
    authority.receive = impatient
    assert phone.run('--capf-fault', fault, port=authority.port) == 1
    assert authority.last.kinds == kinds and authority.last.ended == 7
    assert 'closed the connection' in phone.json['error']


def test_servers_that_err(phone, server):
    for order, words in (('session', 'session number'), ('later', 'come later'), ('hang-up', 'closed'),
                         ('retry-key', 'kind')):
        authority = server(order)
        assert phone.run(port=authority.port) == 1, order
        assert words in phone.json['error'], phone.out


def test_server_that_says_nothing(phone, server):
    authority = server()
    authority.handle = lambda connection: connection.recv(1)
    assert phone.run('--timeout', 1, port=authority.port) == 1
    assert 'does not answer' in phone.json['error']


def frame(kind, *elements, session=SESSION, magic=0x55, length=None):
    body = b''.join(struct.pack('>BH', tag, len(value)) + value for tag, value in elements)
    return struct.pack('>BBIH', magic, kind, session, len(body) if length is None else length) + body


AUTH_REQ = frame(1, (7, b'\3'))


@pytest.mark.parametrize('said, words', [
    (frame(1, (7, b'\3'), magic=0x54), '0x54'),
    (frame(1, length=0xffff), 'at most'),
    (frame(1, (7, b'\3'), length=2), 'VERSION'),
    (frame(1, (7, b'\3\3')), 'VERSION'),
    (frame(9, (3, b'\1'), (4, b'\1\0\4\0\1xx')), 'unexpected CAPF_MSG_STORE_CERT_REQ'),
    (frame(3, (10, b'\4\0')), 'unexpected CAPF_MSG_KEY_GEN_REQ'),
    (AUTH_REQ + AUTH_REQ, 'unexpected CAPF_MSG_AUTH_REQ'),
    (AUTH_REQ + frame(99), 'unexpected CAPF_MSG_UNKNOWN'),
    (AUTH_REQ + frame(3, (10, b'\4\0')) + frame(9, (4, b'\1\0\4\0\1xx')), 'KEY_GEN_BUSY'),
])
def test_hostile_servers(phone, server, said, words):
    """One error that names the place; nothing is stored."""
    authority = server()

    def talk(connection):
        connection.sendall(said)
        while connection.recv(1000):
            pass
    authority.handle = talk
    assert phone.run('--capf-fault', 'slow-key=60', port=authority.port) == 1
    assert words in phone.json['error'], phone.json['error']
    assert not phone.path('LSC.pem').exists()


def test_bad_certificates_and_keys(phone, server):
    """STORE_CERT_REQ without a certificate, with garbage, with a MIC: the phone keeps what it has."""
    phone.run(port=server().port)
    held = phone.path('LSC.pem').read_bytes(), phone.path('lsc.key').read_bytes()
    authority = server()
    good = authority.send
    for elements in ([], [(3, b'\1')], [(4, b'\1\0\4\0\1xx')], [(4, b'\1\x10\x02\0\1' + bytes(4096))],
                     'mic'):
        def send(kind, *mine, elements=elements, **more):
            if kind == 9:
                mine = [(3, b'\2'), mine[1]] if elements == 'mic' else elements
            good(kind, *mine, **more)
        authority.send = send
        assert phone.run(port=authority.port) == 1
        assert authority.last.log[-1] == (10, {1: b'\7'})
        assert (phone.path('LSC.pem').read_bytes(), phone.path('lsc.key').read_bytes()) == held


def test_pieces_and_several_at_once(phone, server):
    authority = server('fetch')
    phone.run(port=server().port)

    def pieces(connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(AUTH_REQ)):
            connection.sendall(AUTH_REQ[i:i + 1])
        authority.connection = connection
        authority.sessions.append(Session(None))
        authority.receive()
        connection.sendall(frame(11) + frame(11, (3, b'\2')) + frame(15, (1, b'\0')))
        assert authority.receive()[1][4][5:] == der_of(phone.cert())
        assert authority.receive()[1] == {1: b'\7'}
    authority.handle = pieces
    assert phone.run(port=authority.port) == 0
    assert authority.last.kinds == [2, 12, 12]


def test_old_servers(phone, server):
    """A server of TLS 1.0 alone: what a 79xx of a legacy lab meets."""
    authority = server('none')
    authority.context.minimum_version = authority.context.maximum_version = ssl.TLSVersion.TLSv1
    assert phone.run('--tls', 'legacy', port=authority.port) == 0
    assert phone.json['tls_version'] == 'TLSv1'
    for profile in ('phone', 'modern'):
        assert phone.run('--tls', profile, port=authority.port) == 1
    authority.context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert phone.run('--tls', 'modern', port=authority.port) == 0
    assert phone.run(port=authority.port) == 0
    assert phone.json['cipher'] in ('AES256-SHA', 'AES128-SHA')


def test_whom_it_trusts(phone, server, cluster, tmp_path):
    authority = server('none')
    (tmp_path / 'capf.pem').write_bytes(cluster.capf_identity.pem)
    (tmp_path / 'other.pem').write_bytes(cluster.stranger.pem)
    assert phone.run('--server-cert', tmp_path / 'capf.pem', port=authority.port) == 0
    assert phone.run('--server-cert', tmp_path / 'other.pem', port=authority.port) == 1
    assert '--server-cert' in phone.json['error']
    # With a list the list decides.
    for identity, status in ((cluster.capf_identity, 0), (cluster.stranger, 1)):
        phone.path('CTLFile.tlv').write_bytes(
            ctl(cluster.first, [record(cluster.first, SAST), record(identity, CAPF)]))
        assert phone.run(port=authority.port) == status, phone.out
    assert len(authority.sessions) == 2


def test_nobody_there(phone):
    assert phone.run(port=1) == 1
    assert phone.json['error'] and phone.json['server_certificate'] is None


def test_bad_mic_folders(phone, factory, tmp_path):
    (tmp_path / 'empty').mkdir()
    assert phone.run('--mic', tmp_path / 'empty', port=1) == 1
    assert 'neither' in phone.err
    mixed = tmp_path / 'mixed'
    mixed.mkdir()
    (mixed / 'MIC.pem').write_bytes((factory / 'ca.pem').read_bytes())
    (mixed / 'mic.key').write_bytes((factory / (DEVICE + '.key')).read_bytes())
    (mixed / 'mic.key').chmod(0o600)
    assert phone.run('--mic', mixed, port=1) == 1
    assert 'does not carry the key' in phone.err
    (mixed / 'mic.key').chmod(0o644)
    assert phone.run('--mic', mixed, port=1) == 1
    assert 'chmod 600' in phone.err
    assert not phone.path('MIC.pem').exists()


def test_words_for_people(phone, server, new_key):
    authority = server()
    base = [PROGRAM, 'capf', '--mac', DEVICE[3:], '--dir', phone.folder]
    done = subprocess.run([*base, '--port', str(authority.port), '--new-key', new_key], capture_output=True, text=True,
                          timeout=60, check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and done.stderr == ''
    assert lines[0].startswith('connected to 127.0.0.1:%d, TLSv1.2 ' % authority.port)
    assert '<- CAPF_MSG_AUTH_REQ' in lines and '   VERSION = 3' in lines and '-> CAPF_MSG_KEY_GEN_RES' in lines
    assert lines[-1] == 'the session ended well, with reason 1'
    for wrong in (['--auth', 'strong'], ['--port', '0'], ['--capf-fault', 'nonsense'], ['--capf-fault', 'slow-key'],
                  ['--capf-version', '4'], ['--call', '1002'], ['extra'], ['--tls', 'none']):
        done = subprocess.run([*base, *wrong], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2 and done.stderr, wrong
    done = subprocess.run([*base, '--capf-fault', 'help'], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and 'short-padding' in done.stdout
