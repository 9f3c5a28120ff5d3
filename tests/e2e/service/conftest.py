# SPDX-License-Identifier: BSD-2-Clause
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))


@pytest.fixture
def service_lab(idle_lab):
    """A running node that knows two phones with an encrypted profile, enrolment ordered."""
    idle_lab.add_phones()
    idle_lab.start()
    return idle_lab
