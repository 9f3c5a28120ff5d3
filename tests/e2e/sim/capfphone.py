# SPDX-License-Identifier: BSD-2-Clause
"""`cadeado-phone capf` to run, and manufacturer's certificates made with openssl."""
import json
import os
import subprocess

from cryptography import x509
from simphone import DEVICE, PROGRAM


class Client:
    """A phone's folder, and sessions that the client has with it."""

    def __init__(self, folder, port=0, device=DEVICE):
        self.folder, self.port, self.device = folder, port, device
        self.fixed = []  # options of every session
        self.out = self.err = ''

    def run(self, *options, port=None, text=None):
        """Exit status; `self.json` is what was printed."""
        done = subprocess.run(
            [PROGRAM, 'capf', '--mac', self.device[3:], '--dir', self.folder, '--port', str(port or self.port),
             '--json', *map(str, [*self.fixed, *options])],
            input=text or '', timeout=60, capture_output=True, text=True, check=False)
        self.out, self.err = done.stdout, done.stderr
        return done.returncode

    @property
    def json(self):
        return json.loads(self.out)

    def path(self, name):
        return self.folder / name

    def cert(self, name='LSC.pem'):
        return x509.load_pem_x509_certificate(self.path(name).read_bytes())


def openssl(folder, *words):
    done = subprocess.run(['openssl', *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def manufacture(folder, kind=('-newkey', 'rsa:2048'), device=DEVICE, model='CP-7961G'):
    """A manufacturing CA, ca.pem, and a phone's certificate as the factory burns it in."""
    folder.mkdir(exist_ok=True)
    openssl(folder, 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-days',
            '3650', '-subj', '/O=Test/CN=Test Manufacturing CA')
    openssl(folder, 'req', *kind, '-nodes', '-keyout', device + '.key', '-out', 'mic.csr', '-subj',
            '/O=Test/OU=EVVBU/CN=%s-%s' % (model, device))
    openssl(folder, 'x509', '-req', '-in', 'mic.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days',
            '3650', '-out', device + '.pem')
    os.chmod(folder / (device + '.key'), 0o600)
    return folder
