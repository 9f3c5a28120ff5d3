# SPDX-License-Identifier: BSD-2-Clause
"""Encrypted configuration for phones that were given no certificate: the one they prove is enough."""

import os
import subprocess

import pytest

from capfphone import manufacture
from lab import FIRST, PATIENCE, wait_for

MIC = "By Existing Certificate (Precedence to MIC)"


def configuration(lab, name):
    done = subprocess.run(["curl", "-sS", "tftp://127.0.0.1:%d/%s" % (lab.port("tftp"), name)], capture_output=True,
                          timeout=PATIENCE, check=False)
    return done.stdout if done.returncode == 0 else None


@pytest.mark.parametrize("order", ["No Pending Operation", "Troubleshoot"])
def test_mic_without_an_install_order(idle_lab, tmp_path, order):
    lab = idle_lab
    folder = manufacture(tmp_path / "factory")
    lab.cadeado("profile", "add", "Sealed", "--mode", "Encrypted", "--encrypted-config", "yes")
    lab.cadeado("device", "add", FIRST, "--number", "1001", "--profile", "Sealed", "--auth", MIC, "--operation", order)
    os.makedirs(lab.path("manufacturer"), exist_ok=True)
    with open(lab.path("manufacturer", "ca.pem"), "wb") as f:
        f.write((folder / "ca.pem").read_bytes())
    lab.start()
    # No key is known: the reduced file has no hash, and sends the phone to CAPF.
    reduced = configuration(lab, FIRST + ".cnf.xml.sgn")
    assert b"<certHash></certHash>" in reduced and b"<encrConfig>true</encrConfig>" in reduced
    assert configuration(lab, FIRST + ".cnf.xml.enc.sgn") is None
    lab.phone(FIRST, "--mic", str(folder))
    assert wait_for(lambda: lab.state(FIRST).get("config") == FIRST + ".cnf.xml.enc.sgn"), \
        (lab.output(FIRST)[-3000:], lab.log()[-2000:])
    assert lab.state(FIRST)["lsc"] == "Not Installed"
    assert "CAPF" in lab.output(FIRST)
    row = next(r for r in lab.json("show", "capf", "report")["phones"] if r["name"] == FIRST)
    assert row["status"] == ("None" if order == "No Pending Operation" else "Troubleshoot Success")
