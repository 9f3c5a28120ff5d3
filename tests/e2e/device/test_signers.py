# SPDX-License-Identifier: BSD-2-Clause
"""Keys whose signatures some phones cannot check."""

import subprocess

import pytest

import lab as labs
from lab import FIRST, SECOND


@pytest.fixture
def plain(tmp_path):
    lab = labs.Lab(tmp_path / "plain", labs.free_base())
    lab.cadeado("cluster", "init", "--port-base", str(lab.base))
    return lab


def test_a_large_key_is_refused_while_phones_cannot_check_it(plain):
    lab = plain
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:4096", "-nodes", "-keyout", lab.path("k"), "-out",
                    lab.path("c"), "-days", "30", "-subj", "/CN=publisher"], check=True, capture_output=True,
                   timeout=labs.PATIENCE)
    put = ("set", "cert", "import", "own", "CallManager", lab.path("c"), "--key", lab.path("k"), "--yes")
    lab.cadeado("device", "add", FIRST, "--device-type", "8841")
    lab.cadeado("device", "add", SECOND, "--device-type", "7961")
    done = lab.cadeado(*put, check=False)
    assert done.returncode == 1
    assert f"would lock 1 phones out, for they check signatures of at most 2048: the first is {SECOND} (Cisco 7961)" \
        in done.stderr
    assert "4096" not in lab.cadeado("device", "add", SECOND).stdout
    lab.cadeado("device", "delete", SECOND, "--yes")
    lab.cadeado(*put)
    # Now it is the phone that is warned of.
    said = lab.cadeado("device", "add", SECOND, "--device-type", "7961").stdout
    assert f"Warning: {SECOND} is of a model (Cisco 7961) that checks signatures of at most 2048 bits" in said


def test_a_ctl_that_an_old_phone_cannot_check(idle_lab):
    """One that was signed with SHA-512 was put in place: phones that are added afterwards are warned of."""
    lab = idle_lab
    assert "cannot check the published CTL" not in lab.cadeado("device", "add", SECOND, "--device-type", "7961").stdout
    path = lab.path("tftp", "CTLFile.tlv")
    with open(path, "rb") as f:
        data = bytearray(f.read())
    at = data.index(bytes((8, 0, 1, 1)))  # digest: 1 is SHA-1, 3 SHA-512
    data[at + 3] = 3
    with open(path, "wb") as f:
        f.write(data)
    said = lab.cadeado("device", "add", SECOND, "--device-type", "7961").stdout
    assert f"Warning: {SECOND} is of a model (Cisco 7961) that cannot check the published CTL, which is signed with " \
        "SHA-512 by a key of 2048 bits" in said
    assert "cannot check" not in lab.cadeado("device", "add", FIRST, "--device-type", "8841").stdout
