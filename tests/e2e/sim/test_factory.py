# SPDX-License-Identifier: BSD-2-Clause
"""Manufacturer's certificates out of `cadeado-phone mic`, as openssl and Python see them."""
import datetime
import json
import subprocess

import pytest
from authority import Authority, proof_of
from capfphone import Client, openssl
from cryptography import x509
from simphone import DEVICE, PROGRAM

OTHER = 'SEP0011215A1AE4'


def make(folder, *words, status=0):
    done = subprocess.run([PROGRAM, 'mic', '--dir', folder, '--json', *words], capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout) if status == 0 else done.stderr


def load(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_certificates(tmp_path, cluster):
    folder = tmp_path / 'factory'
    made = make(folder, DEVICE[3:], OTHER.lower().replace('sep', ''))
    assert [phone['device'] for phone in made['phones']] == [DEVICE, OTHER]
    assert made['manufacturer'] == str(folder / 'manufacturer.pem')
    for device in (DEVICE, OTHER):
        openssl(folder, 'verify', '-x509_strict', '-CAfile', 'manufacturer.pem', device + '.pem')
        mic = load(folder / (device + '.pem'))
        name = mic.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
        assert name == 'CP-7961G-' + device
        assert mic.not_valid_after - mic.not_valid_before == datetime.timedelta(days=3650)
        assert (folder / (device + '.key')).stat().st_mode & 0o777 == 0o600
    authority = (folder / 'manufacturer.pem').read_bytes()
    assert (folder / 'manufacturer.key').stat().st_mode & 0o777 == 0o600
    # The authority stays the same; one phone more, of another kind.
    make(folder, '--key', 'EC-384', '--since', '2005-01-01', '--days', '30', '--product', 'CP-8841', DEVICE)
    mic = load(folder / (DEVICE + '.pem'))
    assert mic.public_key().curve.name == 'secp384r1' and mic.not_valid_after == datetime.datetime(2005, 1, 31)
    assert 'CP-8841-' + DEVICE in mic.subject.rfc4514_string()
    assert (folder / 'manufacturer.pem').read_bytes() == authority
    server = Authority(cluster.capf_identity, check=proof_of)
    phone = Client(tmp_path / 'phone', server.port)
    assert phone.run('--auth', 'mic', '--mic', folder) == 0
    assert phone.cert('MIC.pem') == mic
    server.close()


@pytest.mark.parametrize('words, status', [([], 2), (['nonsense'], 1), (['SEP0011215A1AE'], 1), (['--key', 'RSA-1', DEVICE], 2),
                                           (['--since', 'ever', DEVICE], 2), (['--days', '0', DEVICE], 2)])
def test_mistakes(tmp_path, words, status):
    assert make(tmp_path, *words, status=status)
    assert not list(tmp_path.glob('SEP*'))


def test_authority_that_cannot_be_used(tmp_path):
    make(tmp_path, DEVICE)
    kept = (tmp_path / 'manufacturer.key').read_bytes()
    for bad in (b'', (tmp_path / (DEVICE + '.key')).read_bytes(), None):
        if bad is None:
            (tmp_path / 'manufacturer.key').unlink()
        else:
            (tmp_path / 'manufacturer.key').write_bytes(bad)
        assert 'manufacturer.key' in make(tmp_path, OTHER, status=1)
        assert not (tmp_path / (OTHER + '.pem')).exists()
    (tmp_path / 'manufacturer.key').write_bytes(kept)
    (tmp_path / 'manufacturer.key').chmod(0o600)
    make(tmp_path, OTHER)
