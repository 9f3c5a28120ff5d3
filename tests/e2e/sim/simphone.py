# SPDX-License-Identifier: BSD-2-Clause
"""A simulated phone to run, and the identities of a cluster it can live in."""
import json
import os
import pathlib
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get('CADEADO_BUILD', ROOT / 'build'))
sys.path.insert(0, str(ROOT / 'tests' / 'data'))

from phonefiles import CAPF, CCM_TFTP, SAST, Identity, ctl, record  # noqa: E402

DEVICE = 'SEP0011215A1AE3'
PROGRAM = BUILD / 'cadeado-phone'
if not PROGRAM.exists():
    PROGRAM = BUILD / 'src' / 'sim' / 'cadeado-phone'


class Phone:
    """A simulated phone with its folder; run() lets it end by itself, start() lets it run on."""

    started = []  # by the present test

    def __init__(self, folder, tftp, device=DEVICE):
        self.folder, self.tftp, self.device = folder, tftp, device
        self.process = None

    def command(self, *options):
        return [str(PROGRAM), '--mac', self.device[3:], '--dir', str(self.folder), '--tftp-port',
                str(self.tftp.port), *map(str, options)]

    def run(self, *options):
        done = subprocess.run(self.command('--once', '--retry-delay', 0, *options), timeout=60, capture_output=True,
                              text=True, check=False)
        assert done.stderr == '', done.stderr
        return done.returncode

    def start(self, *options):
        self.process = subprocess.Popen(self.command('--retry-delay', 1, *options), stdout=subprocess.DEVNULL)
        Phone.started.append(self.process)
        return self

    def stop(self):
        """Ends the phone; its exit status."""
        self.process.terminate()
        status = self.process.wait(10)
        self.process = None
        return status

    def read(self, name):
        path = self.folder / name
        return path.read_bytes() if path.exists() else None

    @property
    def facts(self):
        return json.loads(self.read('phone.json') or b'{}')

    @property
    def status(self):
        """The status messages without their times."""
        lines = (self.read('status.log') or b'').decode().splitlines()
        assert all(line[2] == line[5] == ':' and line[8] == ' ' for line in lines)
        return [line[9:] for line in lines]

    @property
    def console(self):
        return (self.read('console.log') or b'').decode()

    def wait(self, ready, seconds=30):
        for _ in range(seconds * 20):
            if ready(self.facts):
                return
            assert self.process.poll() is None, self.console
            time.sleep(0.05)
        pytest.fail('the phone did not get there:\n' + self.console)


class Cluster:
    """The identities of a cluster, and what its TFTP server publishes."""

    def __init__(self):
        self.first, self.second, self.stranger = Identity('S1'), Identity('S2'), Identity('SX')
        self.manager = Identity('CallManager')
        self.capf_identity = Identity('CAPF', ca=True)

    def records(self):
        return [record(self.first, SAST), record(self.second, SAST),
                record(self.manager, CCM_TFTP, 'node', '127.0.0.1'),
                record(self.capf_identity, CAPF, 'node', '127.0.0.1')]

    def ctl(self, signer=None, made=1700000000):
        return ctl(signer or self.first, self.records(), made=made)

    def stranger_ctl(self):
        return ctl(self.stranger, [record(self.stranger, SAST)] + self.records()[2:])
