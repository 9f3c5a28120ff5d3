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
    return Phone(tmp_path / 'phone', tftp)


@pytest.fixture(autouse=True)
def no_phone_outlives_its_test():
    yield
    while Phone.started:
        process = Phone.started.pop()
        if process.poll() is None:
            process.kill()
            process.wait(10)
