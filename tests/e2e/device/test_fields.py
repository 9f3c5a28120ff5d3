# SPDX-License-Identifier: BSD-2-Clause
"""Phones' records: fields, rules, secrets, and the CSV file."""

import os
import subprocess

import pytest

import lab as labs
from lab import FIRST, SECOND, wait_for

PASSWORD = "correct-horse-7"


def secret(lab, device, field, text):
    with open(lab.path("secret"), "w", encoding="ascii") as f:
        f.write(text + "\n")
    return lab.cadeado("device", "secret", device, field, "--secret-file", lab.path("secret"))


def row(lab, device):
    return lab.json("device", "show", device)["device"]


def test_fields_in_the_originals_words(idle_lab):
    lab = idle_lab
    lab.cadeado("device", "add", FIRST, "--number", "1001", "--owner", "ana", "--device-type", "cisco 7975",
                "--web-access", "read only", "--ssh-access", "enabled", "--ssh-user", "joe", "--auth", "by null string",
                "--rsa-bits", "1024", "--operation", "install/upgrade", "--operation-by", "2030-01-02")
    got = row(lab, FIRST)
    assert got["deviceType"] == "Cisco 7975" and got["model"] == 437
    assert (got["owner"], got["webAccess"], got["sshAccess"], got["sshUser"]) == ("ana", "Read Only", "Enabled", "joe")
    assert (got["authenticationMode"], got["rsaKeySize"], got["keyOrder"]) == ("By Null String", "1024", "")
    assert got["certificateOperationStatus"] == "Operation Pending" and got["operationCompletesBy"] == 1893542400
    late = lab.cadeado("device", "update", FIRST, "--operation-by", "2020-01-01")
    assert f"Warning: {FIRST}: Operation Completes By, 2020-01-01T00:00:00Z, is over" in late.stdout
    lab.cadeado("device", "update", FIRST, "--operation", "No Pending Operation", "--rsa-bits", "")
    got = row(lab, FIRST)
    assert got["certificateOperation"] == "No Pending Operation" and got["rsaKeySize"] == ""
    assert got["operationCompletesBy"] == 0 and got["owner"] == "ana"


@pytest.mark.parametrize("options,words", [
    (["--web-access", "maybe"], "Web Access is one of: Disabled, Enabled, Read Only"),
    (["--device-type", "Cisco 9"], "Device Type is a model such as"),
    (["--operation-by", "soon"], "Operation Completes By: a time such as"),
    (["--owner", "x" * 31], "Owner: at most 30 bytes"),
    (["--device-type", "Cisco 7960", "--profile", "Encrypted"], "cannot open encrypted configuration"),
    (["--device-type", "31", "--profile", "Encrypted"], "unknown model cannot open encrypted configuration"),
    (["--profile", "Encrypted", "--auth", "By Authentication String"], "has no LSC"),
    (["--protocol", "SIP", "--profile", "Non Secure"], "speaks SIP; profile Non Secure is for SCCP"),
])
def test_what_cannot_be_is_refused(idle_lab, options, words):
    done = idle_lab.cadeado("device", "add", FIRST, *options, check=False)
    assert done.returncode == 1 and words in done.stderr
    assert idle_lab.json("device", "list")["devices"] == []


def test_models_that_speak_sip_alone(idle_lab):
    lab = idle_lab
    lab.cadeado("device", "add", FIRST, "--device-type", "8841", "--number", "1001")
    load(lab, f"Device Name,Device Type\n{SECOND},Cisco 8851\n")
    for device in (FIRST, SECOND):
        got = row(lab, device)
        assert (got["protocol"], got["profile"]) == ("SIP", "Non Secure SIP")
    done = lab.cadeado("device", "update", FIRST, "--protocol", "SCCP", "--profile", "Non Secure", check=False)
    assert done.returncode == 1 and "Cisco 8841 does not speak SCCP" in done.stderr
    assert "is predefined" in lab.cadeado("profile", "delete", "Non Secure SIP", "--yes", check=False).stderr


def test_update_adds_nothing(idle_lab):
    done = idle_lab.cadeado("device", "update", FIRST, "--owner", "x", check=False)
    assert done.returncode == 1 and "there is no device " + FIRST in done.stderr


def test_secrets_go_into_the_encrypted_file_only(idle_lab):
    lab = idle_lab
    lab.cadeado("device", "add", FIRST, "--number", "1001", "--ssh-user", "joe", "--ssh-access", "Enabled")
    done = secret(lab, FIRST, "ssh-password", PASSWORD)
    assert "gets no SSH user and password: profile Non Secure has no TFTP Encrypted Config" in done.stdout
    done = lab.cadeado("device", "update", FIRST, "--profile", "Encrypted", "--install")
    assert "SSH user" not in done.stdout
    shown = lab.cadeado("device", "show", FIRST).stdout + lab.cadeado("device", "show", FIRST, "--json").stdout
    assert "(set)" in shown and PASSWORD not in shown
    assert PASSWORD not in lab.cadeado("device", "export").stdout
    lab.start()
    lab.phone(FIRST)
    assert lab.registered(FIRST), (lab.output(FIRST), lab.log())
    flash = subprocess.run(["grep", "-rl", PASSWORD, lab.folder(FIRST)], capture_output=True, text=True, check=False)
    assert flash.stdout, "the phone got it"
    lab.hang_up(FIRST)
    for name in (FIRST + ".cnf.xml", FIRST + ".cnf.xml.sgn", FIRST + ".cnf.xml.enc.sgn"):
        out = lab.path("fetched")
        subprocess.run(["curl", "-s", "-o", out, "tftp://127.0.0.1:%d/%s" % (lab.port("tftp"), name)], check=True,
                       timeout=labs.PATIENCE)
        with open(out, "rb") as f:
            got = f.read()
        assert got and PASSWORD.encode() not in got and b"joe" not in got, name
        os.unlink(out)
    lab.end()
    found = subprocess.run(["grep", "-rlF", PASSWORD, lab.dir, "--exclude-dir=phones", "--exclude=secret"],
                           capture_output=True, text=True, check=False)
    assert found.stdout == ""


def test_secrets_are_refused_when_wrong(idle_lab):
    idle_lab.cadeado("device", "add", FIRST)
    with open(idle_lab.path("s"), "w", encoding="ascii") as f:
        f.write("12a4\n")
    done = idle_lab.cadeado("device", "secret", FIRST, "auth-string", "--secret-file", idle_lab.path("s"), check=False)
    assert done.returncode == 1 and "Authentication String: 4 to 10 digits" in done.stderr and "12a4" not in done.stderr


# ---- CSV ----

HEAD = "Device Name,Description,Device Type,Security Profile,Directory Number 1,Line Display 1,Owner\r\n"


def load(lab, text, check=True):
    with open(lab.path("phones.csv"), "w", encoding="utf-8", newline="") as f:
        f.write(text)
    return lab.cadeado("device", "import", lab.path("phones.csv"), check=check)


def test_an_order_in_a_file(idle_lab):
    done = load(idle_lab, "Device Name,Operation Completes By,Certificate Operation\n"
                          f"{FIRST},2031-01-01,Install/Upgrade\n{SECOND},,\n")
    assert "1 of them have a certificate operation ordered, and call CAPF when they start next" in done.stdout
    assert row(idle_lab, FIRST)["operationCompletesBy"] == 1924992000
    again = idle_lab.json("device", "import", idle_lab.path("phones.csv"))
    assert (again["unchanged"], again["ordered"]) == (2, 0)


def test_import_and_export(idle_lab):
    lab = idle_lab
    done = load(lab, HEAD + f'{FIRST},"Room 1, ""left""",Cisco 7961,Non Secure,1001,Ana,ana\r\n'
                f"{SECOND.lower()},,7975,encrypted,1002,,\r\n")
    assert done.stdout.endswith("2 phones added, 0 changed, 0 as they were\n")
    assert row(lab, FIRST)["description"] == 'Room 1, "left"'
    assert row(lab, SECOND)["profile"] == "Encrypted" and row(lab, SECOND)["display"] == "1002"
    # What has no column or is empty stays; numbers may be exchanged.
    done = load(lab, f"device name,Directory Number 1,Description\n{FIRST},1002,\n{SECOND},1001,\n")
    assert "0 phones added, 2 changed" in done.stdout
    assert (row(lab, FIRST)["number"], row(lab, FIRST)["owner"]) == ("1002", "ana")
    exported = lab.cadeado("device", "export").stdout
    assert exported.splitlines()[0].startswith("Device Name,Description,Device Type,Device Protocol,Security Profile,")
    lab.cadeado("device", "delete", FIRST, "--yes")
    assert "1 phones added, 0 changed, 1 as they were" in load(lab, exported).stdout
    assert lab.cadeado("device", "export").stdout == exported


def test_further_lines_in_the_file(idle_lab):
    lab = idle_lab
    head = "Device Name,Directory Number 1,Display 1,Owner User ID,Directory Number 2,Line Display 2,Line Text Label 3,Directory Number 3\n"
    load(lab, head + f"{FIRST},1001,Ana,ana,2001,Two,Door,2003\n{SECOND},1002,,,2002,,,\n")
    exported = lab.cadeado("device", "export").stdout
    lines = [(x["line"], x["number"], x["display"], x["label"]) for x in row(lab, FIRST)["lines"]]
    assert lines == [(2, "2001", "Two", ""), (3, "2003", "2003", "Door")]
    assert (row(lab, FIRST)["display"], row(lab, FIRST)["owner"]) == ("Ana", "ana")
    assert "0 phones added, 0 changed, 2 as they were" in load(lab, exported).stdout
    # Numbers move, also between the first line of one phone and the second of another.
    done = load(lab, f"Device Name,Directory Number 1,Directory Number 2\n{FIRST},,2002\n{SECOND},2001,1002\n")
    assert "0 phones added, 2 changed, 0 as they were" in done.stdout
    assert [x["number"] for x in row(lab, FIRST)["lines"]] == ["2002", "2003"]
    assert row(lab, SECOND)["number"] == "2001" and row(lab, SECOND)["lines"][0]["number"] == "1002"
    exported = lab.cadeado("device", "export").stdout
    for device in (FIRST, SECOND):
        lab.cadeado("device", "delete", device, "--yes")
    assert "2 phones added" in load(lab, exported).stdout
    assert lab.cadeado("device", "export").stdout == exported


@pytest.mark.parametrize("fields,words", [
    ("2001,,\n", "line 3: SEP0011215A1AE4: directory number 2001 is that of another line"),
    (",Two,\n", "line 3: SEP0011215A1AE4: line 2 has no directory number"),
    ("2x,,\n", "line 3: "),
    (",,1001\n", "line 3: SEP0011215A1AE4: directory number 1001 is that of another line"),
])
def test_further_lines_are_whole_or_nothing(idle_lab, fields, words):
    head = "Device Name,Directory Number 2,Line Display 2,Directory Number 16\n"
    idle_lab.cadeado("device", "add", "SEP00112233AABB", "--number", "1001")
    done = load(idle_lab, head + f"{FIRST},2001,,\n{SECOND},{fields}", check=False)
    assert done.returncode == 1 and words in done.stderr
    assert len(idle_lab.json("device", "list")["devices"]) == 1


@pytest.mark.parametrize("lines,words", [
    ("SEP1,,,,,,\r\n", "line 3: SEP1: a device name is SEP"),
    (SECOND + ",,,,1001,,\r\n", f"line 3: {SECOND}: directory number 1001 is another phone's"),
    (SECOND + ",,,None such,,,\r\n", "line 3: "),
    (SECOND + ",,Cisco 7960,Encrypted,,,\r\n", "line 3: " + SECOND + ": Cisco 7960 cannot open"),
    (SECOND + ",\r\n", "line 3: 2 fields, but 7 columns"),
    (FIRST.lower() + ",,,,,,\r\n", "line 3: " + FIRST + " stands in line 2 already"),
    (SECOND + ',"x,,,,,\r\n', "line 3: a quote is not closed"),
])
def test_import_is_whole_or_nothing(idle_lab, lines, words):
    done = load(idle_lab, HEAD + f"{FIRST},,,,1001,,\r\n" + lines, check=False)
    assert done.returncode == 1 and words in done.stderr
    assert idle_lab.json("device", "list")["devices"] == []


@pytest.mark.parametrize("text,words", [
    ("", "the file is empty"),
    ("Description\nx\n", "no column Device Name"),
    ("Device Name,Colour\n", "there is no column Colour"),
    ("Device Name,Owner,owner\n", "two columns owner"),
    ("Device Name,Owner,Owner User ID\n", "two columns Owner User ID"),
    ("Device Name,Directory Number 17\n", "no column Directory Number 17"),
])
def test_bad_heads(idle_lab, text, words):
    done = load(idle_lab, text, check=False)
    assert done.returncode == 1 and words in done.stderr


def test_twenty_thousand_phones(idle_lab):
    lab = idle_lab
    lines = "".join("SEP%012X,Room %d,7961,Non Secure,%d,,\r\n" % (0x100000 + i, i, 100000 + i) for i in range(20000))
    assert "20000 phones added" in load(lab, HEAD + lines).stdout
    # One bad line at the end changes nothing.
    done = load(lab, HEAD + lines.replace("Room", "Hall") + "SEP0000000F0000,,,,100000,,\r\n", check=False)
    assert done.returncode == 1 and "line 20002: " in done.stderr
    assert row(lab, "SEP000000100000")["description"] == "Room 0"
