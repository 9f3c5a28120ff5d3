# SPDX-License-Identifier: BSD-2-Clause
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from simphone import Cluster, Phone  # noqa: E402
from servers import Tftp  # noqa: E402


@pytest.fixture(scope='session')
def cluster():
    return Cluster()


@pytest.fixture
def tftp():
    server = Tftp()
    yield server
    server.close()


@pytest.fixture
def phone(tmp_path, tftp):
    one = Phone(tmp_path / 'phone', tftp)
    yield one
    if one.process:
        one.stop()
