# SPDX-License-Identifier: BSD-2-Clause
"""PKCS #11 tokens: SoftHSM behind a module that has them lock, vanish and refuse."""

import json
import re
import subprocess

import lab as labs
from tokendesk import Desk, Hsm

ONE, TWO = "11112222", "33334444"
FORMS = ("sha1", "sha256", "sha512")


def certificate(desk, label, tmp_path):
    shown = json.loads(desk.run("token", "show", label, "--json").stdout)["token"]
    path = tmp_path / f"{label}.pem"
    path.write_text(shown["certificate"])
    return shown, path


def sign(desk, tmp_path, label, pins, digest="sha256", check=True):
    """Signs a ring list and returns what was said; the file is tmp_path/x.xml.sgn."""
    (tmp_path / "x.xml").write_text("<a/>")
    for old in tmp_path.glob("x.xml.sgn"):
        old.unlink()
    return desk.run("sign", str(tmp_path / "x.xml"), "--token", label, "--digest", digest, pins=pins, check=check)


def test_a_key_is_made_on_the_token(hsm, tmp_path):
    desk = Desk(tmp_path, hsm)
    hsm.token("SAST-H1", ONE)
    before = desk.list()["SAST-H1"]
    assert before["kind"] == "pkcs11" and before["present"] and not before["known"]
    assert "no certificate" in before["state"]
    desk.run("token", "create", "--token", "SAST-H1", "--holder", "Maria", "--place", "safe 1", pins=[ONE])
    row = desk.list()["SAST-H1"]
    assert row["known"] and row["state"] == "ready" and row["holder"] == "Maria" and row["place"] == "safe 1"
    assert row["serial"] == before["serial"] and "attemptsLeft" not in row
    shown, pem = certificate(desk, "SAST-H1", tmp_path)
    assert shown["subject"] == f"CN=SAST-{row['serial']};OU=IPCBU;O=Cadeado"
    text = subprocess.run(["openssl", "x509", "-in", pem, "-noout", "-text"], check=True, capture_output=True,
                          text=True).stdout
    assert "Public-Key: (2048 bit)" in text and "Digital Signature" in text
    assert subprocess.run(["openssl", "verify", "-CAfile", pem, "-check_ss_sig", pem], check=False,
                          capture_output=True).returncode == 0
    again = desk.run("token", "create", "--token", "SAST-H1", pins=[ONE], check=False)
    assert again.returncode == 1 and "holds a certificate already" in again.stderr
    assert desk.list()["SAST-H1"]["state"] == "ready"


def test_signs_what_openssl_verifies(hardware, tmp_path):
    _, pem = certificate(hardware, "SAST-H2", tmp_path)
    for digest in FORMS:
        sign(hardware, tmp_path, "SAST-H2", [TWO], digest)
        seen = subprocess.run([labs.program("cadeado"), "verify", "--with", pem, tmp_path / "x.xml.sgn"], check=False,
                              capture_output=True, text=True)
        assert seen.returncode == 0, seen.stdout + seen.stderr


def test_tokens_that_hash_and_tokens_that_do_not(hardware, tmp_path):
    _, pem = certificate(hardware, "SAST-H1", tmp_path)
    for refused in ("no-sha1", "no-raw"):
        (hardware.hsm.folder / "control").write_text(f"{refused} SAST-H1\n")
        sign(hardware, tmp_path, "SAST-H1", [ONE], "sha1")
        assert subprocess.run([labs.program("cadeado"), "verify", "--with", pem, tmp_path / "x.xml.sgn"], check=False,
                              capture_output=True).returncode == 0
    hardware.hsm.say("no-sha1", "SAST-H1")
    refused = sign(hardware, tmp_path, "SAST-H1", [ONE], "sha1", check=False)
    assert refused.returncode == 1 and not (tmp_path / "x.xml.sgn").exists()
    assert "cannot sign" in refused.stderr


def test_flags_in_words_and_locking(hardware, tmp_path):
    """One step further with each wrong PIN; a locked token is not even asked."""
    desk, hsm = hardware, hardware.hsm
    assert desk.list()["SAST-H1"]["state"] == "ready"
    first = desk.run("token", "drill", "SAST-H1", pins=["99999999"], check=False)
    assert first.returncode == 1 and "wrong PIN; few tries are left" in first.stdout
    assert desk.list()["SAST-H1"]["state"] == "few tries left"
    second = desk.run("token", "drill", "SAST-H1", pins=["99999999"], check=False)
    assert "last try before it locks" in second.stdout
    row = desk.list()["SAST-H1"]
    assert row["state"] == "last try before it locks" and row["lastTry"] and not row["locked"]
    assert "attempt" not in desk.run("token", "list").stdout
    third = desk.run("token", "drill", "SAST-H1", pins=["99999999"], check=False)
    assert "locked" in third.stdout
    assert desk.list()["SAST-H1"]["state"] == "locked"
    asked = len(hsm.happened("login"))
    last = desk.run("token", "drill", "SAST-H1", pins=[ONE], check=False)
    assert last.returncode == 1 and "locked after too many wrong PINs" in last.stdout
    assert len(hsm.happened("login")) == asked == 3
    signed = sign(desk, tmp_path, "SAST-H1", [ONE], check=False)
    assert signed.returncode == 1 and "locked" in signed.stderr and not (tmp_path / "x.xml.sgn").exists()
    assert desk.list()["SAST-H2"]["state"] == "ready"


def test_a_token_without_a_pin_is_told(hardware):
    hardware.hsm.say("no-pin", "SAST-H1")
    assert hardware.list()["SAST-H1"]["state"] == "its user has no PIN yet"
    asked = hardware.run("token", "drill", "SAST-H1", pins=[ONE], check=False)
    assert asked.returncode == 1 and "set one with its maker's program" in asked.stdout


def test_a_right_pin_clears_the_flags(hardware):
    hardware.hsm.say("last", "SAST-H1")
    assert hardware.list()["SAST-H1"]["lastTry"]
    hardware.run("token", "drill", "SAST-H1", pins=[ONE])
    assert hardware.list()["SAST-H1"]["state"] == "ready"


def test_removed_and_inserted(hardware, tmp_path):
    desk, hsm = hardware, hardware.hsm
    hsm.say("out", "SAST-H1")
    row = desk.list()["SAST-H1"]
    assert not row["present"] and row["known"] and row["state"] == "not in its slot"
    assert row["subject"].startswith("CN=SAST-H1;")
    gone = desk.run("token", "drill", "SAST-H1", pins=[ONE], check=False)
    assert gone.returncode == 1 and "not in its slot" in gone.stdout and not hsm.happened("login")
    signed = sign(desk, tmp_path, "SAST-H1", [ONE], check=False)
    assert signed.returncode != 0 and "no token labelled SAST-H1" in signed.stderr
    hsm.say("in", "SAST-H1")
    assert desk.list()["SAST-H1"]["state"] == "ready"
    sign(desk, tmp_path, "SAST-H1", [ONE])


def test_removed_while_it_signs(hardware, tmp_path):
    desk, hsm = hardware, hardware.hsm
    hsm.say("pull", "SAST-H1")
    pulled = sign(desk, tmp_path, "SAST-H1", [ONE], check=False)
    assert pulled.returncode != 0 and "it was removed; nothing has changed" in pulled.stderr
    assert not (tmp_path / "x.xml.sgn").exists()
    assert desk.list()["SAST-H1"]["state"] == "not in its slot"
    hsm.say("in", "SAST-H1")
    hsm.say("pull", "SAST-H1")
    drilled = desk.run("token", "drill", pins=[ONE, TWO], check=False)
    assert drilled.returncode == 1 and "1 of 2 tokens sign" in drilled.stdout
    hsm.say("in", "SAST-H1")
    sign(desk, tmp_path, "SAST-H1", [ONE])
    assert "lastDrill" not in desk.list()["SAST-H1"] and "lastDrill" in desk.list()["SAST-H2"]


def test_no_login_to_a_token_that_is_not_named(hardware, tmp_path):
    desk, hsm = hardware, hardware.hsm
    desk.run("token", "list")
    desk.run("token", "show", "SAST-H1")
    desk.run("token", "add", "--token", "SAST-H1", "--place", "elsewhere")
    assert hsm.happened("login") == []
    sign(desk, tmp_path, "SAST-H2", [TWO])
    desk.run("token", "drill", "SAST-H2", pins=[TWO])
    assert set(hsm.happened("login")) == {"SAST-H2"}


def test_a_module_is_named_by_its_path(hardware):
    """p11-kit would look for a bare name among the system's modules."""
    bare = subprocess.run([labs.program("cadeado"), "token", "list", "--tokens", str(hardware.tokens), "--module",
                           "libsofthsm2.so"], env=hardware.env, cwd=hardware.dir, check=False, capture_output=True,
                          text=True)
    assert bare.returncode == 1 and "there is no such PKCS #11 module" in bare.stderr
    other = subprocess.run([labs.program("cadeado"), "token", "list", "--tokens", str(hardware.tokens), "--module",
                            str(hardware.tokens / "tokens.json")], env=hardware.env, check=False, capture_output=True,
                           text=True)
    assert other.returncode == 1 and "is no PKCS #11 module" in other.stderr


def test_the_systems_modules_are_not_looked_at():
    """p11-kit reads its configuration for those who ask it for all modules. Its functions are found by name."""
    with open(labs.program("cadeado"), "rb") as f:
        names = set(re.findall(rb"p11_kit_\w+", f.read()))
    assert b"p11_kit_module_load" in names and not {name for name in names if name.startswith(b"p11_kit_modules")}


def test_a_label_that_no_terminal_should_see(hsm, tmp_path):
    """Somebody's token, whose label moves the cursor and is in Latin 1."""
    desk = Desk(tmp_path, hsm)
    hsm.token(b"Jo\xe3o\x1b[31m", ONE)
    (shown,) = desk.list()
    assert shown == "Jo?o?[31m"
    made = desk.run("token", "create", "--token", shown, "--serial", "J1", pins=[ONE])
    assert "\x1b" not in made.stdout + desk.run("token", "list").stdout + desk.run("token", "show", "x", check=False).stderr
    desk.run("token", "drill", shown, pins=[ONE])


def test_an_empty_pin_is_not_tried(hardware):
    (hardware.dir / "empty").write_text("\n")
    tried = hardware.run("token", "drill", "SAST-H1", "--pin-file", str(hardware.dir / "empty"), check=False)
    assert tried.returncode == 1 and "an empty PIN is not tried" in tried.stdout
    assert hardware.hsm.happened("login") == []


def test_without_the_module_the_tokens_are_still_known(hardware):
    bare = Desk(hardware.dir)
    rows = bare.list()
    assert {r["state"] for r in rows.values()} == {"not looked for (--module)"}
    assert {r["subject"] for r in rows.values()} == {"CN=SAST-H1;OU=IPCBU;O=Cadeado", "CN=SAST-H2;OU=IPCBU;O=Cadeado"}


def test_another_token_of_the_same_label(hardware, tmp_path):
    """A stranger's token with the label of a known one is not taken for it."""
    stranger = Hsm(tmp_path / "stranger")
    stranger.token("SAST-H1", "55556666")
    Desk(tmp_path / "elsewhere", stranger).run("token", "create", "--token", "SAST-H1", "--serial", "X9",
                                               pins=["55556666"])
    swapped = Desk(hardware.dir, stranger)
    rows = json.loads(swapped.run("token", "list", "--json").stdout)["tokens"]
    same = sorted((r["known"], r["present"], r["subject"]) for r in rows if r["label"] == "SAST-H1")
    assert same == [(False, True, "CN=SAST-X9;OU=IPCBU;O=Cadeado"), (True, False, "CN=SAST-H1;OU=IPCBU;O=Cadeado")]


def test_change_of_pin(hardware):
    hardware.run("token", "pin", "SAST-H1", pins=[ONE, "77778888"])
    assert hardware.run("token", "drill", "SAST-H1", pins=[ONE], check=False).returncode == 1
    hardware.run("token", "drill", "SAST-H1", pins=["77778888"])
    bad = hardware.run("token", "pin", "SAST-H1", pins=["77778888", "1"], check=False)
    assert bad.returncode == 1 and "does not take this new PIN" in bad.stderr
    hardware.run("token", "drill", "SAST-H1", pins=["77778888"])
