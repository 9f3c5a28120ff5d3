# SPDX-License-Identifier: BSD-2-Clause
"""Which trust lists phones were offered and hold, and phones that hold another system's."""

import hashlib
import os
import shutil
import subprocess

import pytest

import lab as labs
from lab import FIRST, SECOND, wait_for

DATA = os.path.join(os.path.dirname(__file__), "..", "..", "data", "lists")


def md5(path):
    with open(path, "rb") as f:
        return hashlib.md5(f.read()).hexdigest()


def shown(lab, device):
    return lab.json("device", "show", device)["device"]


def fetch(lab, name, address):
    done = subprocess.run(["curl", "-sf", "--interface", address, "-o", lab.path("fetched"),
                           "tftp://127.0.0.1:%d/%s" % (lab.port("tftp"), name)], timeout=labs.PATIENCE, check=False)
    return done.returncode == 0


def held(lab, device, kind, digest):
    return wait_for(lambda: shown(lab, device)[kind]["held"] == digest)


def test_from_the_first_list_to_the_next(idle_lab):
    lab = idle_lab
    lab.add_phones()
    lab.start()
    lab.phone(FIRST)
    assert lab.registered(FIRST), lab.output(FIRST)
    ctl, itl = md5(lab.path("tftp", "CTLFile.tlv")), md5(lab.path("tftp", "ITLFile.tlv"))
    assert held(lab, FIRST, "ctl", ctl) and held(lab, FIRST, "itl", itl), shown(lab, FIRST)
    # The simulated phone is asked itself.
    assert md5(os.path.join(lab.folder(FIRST), "CTLFile.tlv")) == ctl
    got = shown(lab, FIRST)
    assert got["ctl"]["published"] and "trusts a key of this system" in got["ctl"]["evidence"]
    assert [(o["md5"], o["to"]) for o in got["ctl"]["offered"]] == [(ctl, "127.0.0.1")]
    assert got["lastSeen"] > 0 and shown(lab, SECOND)["lastSeen"] == 0
    assert shown(lab, SECOND)["ctl"]["held"] == "unknown" and shown(lab, SECOND)["ctl"]["offered"] == []
    # Another list is published; somebody fetches it in the phone's name, which has it not yet.
    lab.publish("update", "CTLFile")
    lab.restart("Cisco Tftp")
    new = md5(lab.path("tftp", "CTLFile.tlv"))
    assert new != ctl and fetch(lab, f"CTL{FIRST}.tlv", "127.0.0.9")
    assert wait_for(lambda: len(shown(lab, FIRST)["ctl"]["offered"]) == 2)
    assert shown(lab, FIRST)["ctl"]["held"] == ctl and not shown(lab, FIRST)["ctl"]["published"]
    lab.restart("Cisco CallManager")
    assert held(lab, FIRST, "ctl", new), shown(lab, FIRST)
    assert md5(os.path.join(lab.folder(FIRST), "CTLFile.tlv")) == new
    assert "its signer is in the CTL that it held" in shown(lab, FIRST)["ctl"]["evidence"]
    text = lab.cadeado("device", "show", FIRST).stdout
    assert f"CTL held:                     {new} since 20" in text and f"CTL offered:                  {ctl} at 20" in text
    # What is in the phone stays there when its record goes.
    lab.hang_up(FIRST)
    lab.cadeado("device", "delete", FIRST, "--yes")
    lab.cadeado("device", "add", FIRST)
    assert shown(lab, FIRST)["ctl"]["held"] == new


def test_another_systems_list_is_named_once(idle_lab):
    lab = idle_lab
    lab.add_phones()
    # A second-hand phone.
    shutil.copy(os.path.join(DATA, "CTLFile.tlv"), lab.folder(FIRST))
    lab.start()
    lab.phone(FIRST)
    words = f"{FIRST} (127.0.0.1) holds another system's trust list"
    assert wait_for(lambda: words in lab.log()), lab.log()
    assert "Settings, Security Configuration, Trust List, **#, Erase; more with: cadeado explain erase 7961" in lab.log()
    assert "again and again" in shown(lab, FIRST)["otherSystem"]["evidence"]
    assert "Other system's list:" in lab.cadeado("device", "show", FIRST).stdout
    asked = lab.status(FIRST).count("File auth error")
    assert wait_for(lambda: lab.status(FIRST).count("File auth error") > asked + 2), lab.status(FIRST)
    assert lab.log().count("holds another system's") == 1
    # It is erased by hand.
    lab.hang_up(FIRST)
    os.unlink(os.path.join(lab.folder(FIRST), "CTLFile.tlv"))
    lab.phone(FIRST)
    assert lab.registered(FIRST), lab.output(FIRST)
    assert held(lab, FIRST, "ctl", md5(lab.path("tftp", "CTLFile.tlv")))
    assert "otherSystem" not in shown(lab, FIRST)
    assert lab.log().count("holds another system's") == 1


def test_a_phone_that_was_given_none_and_a_stranger(idle_lab):
    lab = idle_lab
    lab.add_phones()
    lab.start()
    assert fetch(lab, f"{SECOND}.cnf.xml.sgn", "127.0.0.8")
    assert wait_for(lambda: f"{SECOND} (127.0.0.8) holds another system's trust list" in lab.log()), lab.log()
    assert not fetch(lab, "SEP00000000000A.cnf.xml.sgn", "127.0.0.8")
    assert wait_for(lambda: "SEP00000000000A (127.0.0.8) holds another system's" in lab.log()), lab.log()
    # Who took the list that everybody may have is no stranger.
    assert fetch(lab, "ITLFile.tlv", "127.0.0.7")
    assert not fetch(lab, "SEP00000000000B.cnf.xml.sgn", "127.0.0.7")
    assert not fetch(lab, "SEP00000000000C.cnf.xml.sgn", "127.0.0.6")
    assert wait_for(lambda: "SEP00000000000C" in lab.log())
    assert "SEP00000000000B (" not in lab.log()


def test_what_was_read_on_the_phone(idle_lab):
    lab = idle_lab
    lab.add_phones()
    ctl = md5(lab.path("tftp", "CTLFile.tlv"))
    done = lab.cadeado("device", "held", FIRST, "--ctl", ctl.upper(), "--itl", "none")
    assert f"CTL held:                     {ctl} since 20" in done.stdout and "read on the phone" in done.stdout
    assert shown(lab, FIRST)["itl"]["held"] == "none"
    for words, said in ((["--ctl", "12"], "32 hex digits"), ([], "--ctl or --itl is needed")):
        done = lab.cadeado("device", "held", FIRST, *words, check=False)
        assert done.returncode != 0 and said in done.stderr
    assert lab.cadeado("device", "held", "SEP0000000000FF", "--ctl", "none", check=False).returncode == 1


@pytest.mark.parametrize("model,keys,known", [
    ("7961", "Settings, Security Configuration, Trust List, **#, Erase", True),
    ("Cisco 7960G", "CTL File, **#, Erase", True),
    ("8841", "Reset Settings, Security Settings", True),
    ("7912", "1 2 3 4 5 6 7 8 9 * 0 #", True),
    ("9999", "Trust List (or CTL File), **#, Erase", False),
])
def test_explain_erase(tmp_path, model, keys, known):
    lab = labs.Lab(tmp_path, 0)
    done = lab.cadeado("explain", "erase", model)
    assert keys in done.stdout and ("is not in the table" in done.stdout) == (not known)
    got = lab.json("explain", "erase", model)
    assert keys in got["keys"] and got["known"] == known
