# SPDX-License-Identifier: BSD-2-Clause
"""What the cluster's mode makes of profiles: secure signalling in mixed mode alone, encrypted configuration in both."""

import os
import re
import subprocess

import pytest

import lab as labs
from lab import FIRST


@pytest.fixture
def plain(tmp_path):
    """A cluster that was never secured: no token, no CTL."""
    lab = labs.Lab(tmp_path / "plain", labs.free_base())
    lab.cadeado("cluster", "init", "--port-base", str(lab.base))
    yield lab
    lab.end()


def configuration(lab):
    with open(os.path.join(lab.folder(FIRST), FIRST + ".cnf.xml"), encoding="utf-8") as f:
        return f.read()


def mode(lab):
    return re.search(r"<deviceSecurityMode>(\d)</deviceSecurityMode>", configuration(lab)).group(1)


def evidence(lab):
    return lab.json("show", "stations")["stations"][0]


def test_encrypted_configuration_in_non_secure_mode(plain):
    lab = plain
    lab.cadeado("device", "add", FIRST, "--number", "1001", "--profile", "Encrypted", "--install")
    lab.start()
    lab.phone(FIRST)
    assert lab.registered(FIRST), (lab.output(FIRST)[-3000:], lab.log()[-2000:])
    # It took an ITL alone, got its LSC from the CAPF that this names, and decrypted its configuration.
    assert not os.path.exists(os.path.join(lab.folder(FIRST), "CTLFile.tlv"))
    assert lab.json("device", "show", FIRST)["device"]["certificateOperationStatus"] == "Upgrade Success"
    assert f"Requesting {FIRST}.cnf.xml.enc.sgn" in lab.output(FIRST)
    assert mode(lab) == "1" and "<encrConfig>true</encrConfig>" in configuration(lab)
    got = lab.json("device", "show", FIRST)["device"]
    assert (got["deviceSecurityMode"], got["modeInForce"]) == ("Encrypted", "Non Secure")
    assert evidence(lab)["securityMode"] == 1 and evidence(lab)["transport"].lower() != "tls"


@pytest.mark.parametrize("words,number", [("Non Secure", "1"), ("Authenticated", "2"), ("Encrypted", "3")])
def test_modes_of_profiles_in_mixed_mode(idle_lab, words, number):
    lab = idle_lab
    lab.cadeado("profile", "add", "Try", "--mode", words)
    lab.cadeado("device", "add", FIRST, "--number", "1001", "--profile", "Try", "--install")
    lab.start()
    text = lab.cadeado("device", "show", FIRST).stdout
    assert f"Device Security Mode:         {words} (in force: {words})" in text
    done = subprocess.run(["curl", "-sf", "tftp://127.0.0.1:%d/%s.cnf.xml" % (lab.port("tftp"), FIRST)],
                          capture_output=True, text=True, timeout=labs.PATIENCE, check=True)
    assert f"<deviceSecurityMode>{number}</deviceSecurityMode>" in done.stdout
