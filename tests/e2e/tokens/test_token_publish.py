# SPDX-License-Identifier: BSD-2-Clause
"""What becomes of the published list when a token signs it, is retired, or is pulled out meanwhile."""

import os

from tokendesk import Desk

ONE = "11112222"
FIRST, SECOND = "SAST-ADN4e31f914", "SAST-ADN5bbd7b14"


def ctl(lab):
    with open(lab.path("tftp", "CTLFile.tlv"), "rb") as f:
        return f.read()


def sasts(lab):
    shown = lab.cadeado("show", "ctl").stdout
    return {name for name in (FIRST, SECOND, "SAST-H1", "SAST-ADN77778888") if f"CN={name};" in shown}


def update(lab, label, *more, check=True, env=None):
    return lab.cadeado("utils", "ctl", "update", "CTLFile", "--token", label, "--yes", *more, check=check, env=env)


def test_a_retired_token_leaves_the_next_list(idle_lab):
    pin = idle_lab.path("pin")
    assert sasts(idle_lab) == {FIRST, SECOND}
    idle_lab.cadeado("token", "create", "--serial", "ADN77778888", "--pin-file", pin)
    update(idle_lab, FIRST, "--pin-file", pin)
    assert sasts(idle_lab) == {FIRST, SECOND, "SAST-ADN77778888"}
    idle_lab.cadeado("token", "retire", SECOND, "--yes")
    before = ctl(idle_lab)
    refused = update(idle_lab, SECOND, "--pin-file", pin, check=False)
    assert refused.returncode == 1 and "is retired" in refused.stderr and ctl(idle_lab) == before
    update(idle_lab, FIRST, "--pin-file", pin)
    assert sasts(idle_lab) == {FIRST, "SAST-ADN77778888"}


def hardware(idle_lab, hsm):
    """A token SAST-H1 on hardware, in the published list."""
    desk = Desk(hsm.folder, hsm)
    desk.tokens = idle_lab.path("tokens")
    hsm.token("SAST-H1", ONE)
    desk.run("token", "create", "--token", "SAST-H1", "--serial", "H1", pins=[ONE])
    # Its certificate is known here, so that the list names it without its module too.
    update(idle_lab, FIRST, "--pin-file", idle_lab.path("pin"))
    assert sasts(idle_lab) == {FIRST, SECOND, "SAST-H1"}
    with open(hsm.folder / "pin", "w", encoding="ascii") as f:
        f.write(ONE + "\n")
    return ["--module", hsm.module, "--pin-file", str(hsm.folder / "pin")]


def test_hardware_signs_the_list(idle_lab, hsm):
    more = hardware(idle_lab, hsm)
    before = ctl(idle_lab)
    update(idle_lab, "SAST-H1", *more, env=hsm.env)
    assert ctl(idle_lab) != before
    shown = idle_lab.cadeado("show", "ctl").stdout
    assert "CN=SAST-H1" in shown.split("CTL Record #:1")[0] and sasts(idle_lab) == {FIRST, SECOND, "SAST-H1"}


def test_a_token_pulled_out_while_it_signs_changes_nothing(idle_lab, hsm):
    more = hardware(idle_lab, hsm)
    before = ctl(idle_lab)
    hsm.say("pull", "SAST-H1")
    pulled = update(idle_lab, "SAST-H1", *more, check=False, env=hsm.env)
    assert pulled.returncode == 1 and "it was removed" in pulled.stderr
    assert ctl(idle_lab) == before
    again = update(idle_lab, "SAST-H1", *more, check=False, env=hsm.env)
    assert again.returncode == 1 and "not in its slot" in again.stderr and ctl(idle_lab) == before
    assert not os.path.exists(idle_lab.path("ctl", "staged.tlv"))
    hsm.say("in", "SAST-H1")
    update(idle_lab, "SAST-H1", *more, env=hsm.env)
    assert ctl(idle_lab) != before


def test_a_locked_token_publishes_nothing(idle_lab, hsm):
    more = hardware(idle_lab, hsm)
    before = ctl(idle_lab)
    hsm.say("locked", "SAST-H1")
    locked = update(idle_lab, "SAST-H1", *more, check=False, env=hsm.env)
    assert locked.returncode == 1 and "locked" in locked.stderr and ctl(idle_lab) == before
