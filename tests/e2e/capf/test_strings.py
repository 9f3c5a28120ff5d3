# SPDX-License-Identifier: BSD-2-Clause
"""Authentication strings for many phones, and the slips that carry them."""

import html
import json
import os
import re
import stat
import subprocess

import lab as labs
from lab import FIRST, SECOND

STRING_MODE = "By Authentication String"


def add(lab, *devices):
    for number, device in enumerate(devices):
        lab.cadeado("device", "add", device, "--number", str(2000 + number), "--description", f"Desk <{number}> & more",
                    "--auth", STRING_MODE, "--install")


def enrol(lab, device, string):
    """One session of a client; its exit status."""
    folder = lab.folder(device)
    os.makedirs(folder, exist_ok=True)
    return subprocess.run(
        [labs.program("cadeado-phone"), "capf", "--mac", device[3:], "--dir", folder, "--port", str(lab.port("capf")),
         "--auth", "string", "--string-file", "-", "--server-cert", lab.path("keys", "CAPF.pem"), "--json"],
        input=string + "\n", capture_output=True, text=True, timeout=labs.PATIENCE, check=False)


def slips_of(text):
    """Strings by device, from slips in plain text."""
    return dict(re.findall(r"^ (SEP[0-9A-F]{12}) .*?Authentication string:\s+(\d+)$", text, re.M | re.S))


def everything_below(folder):
    for root, _, names in os.walk(folder):
        for name in names:
            if not stat.S_ISSOCK(os.stat(os.path.join(root, name)).st_mode):
                with open(os.path.join(root, name), "rb") as f:
                    yield os.path.join(root, name), f.read()


def test_strings_are_good_once_and_kept_nowhere(lab):
    add(lab, FIRST, SECOND)
    printed = lab.cadeado("device", "capf", "generate", "all", "--digits", "10").stdout
    strings = slips_of(printed)
    assert sorted(strings) == [FIRST, SECOND] and all(len(s) == 10 for s in strings.values())
    assert strings[FIRST] != strings[SECOND]
    assert printed.count("Settings, Security Configuration, **#, LSC, Update") == 2
    for path, content in everything_below(lab.dir):
        for string in strings.values():
            assert string.encode() not in content, path
    wrong = enrol(lab, FIRST, strings[SECOND])
    assert wrong.returncode == 1, wrong
    done = enrol(lab, FIRST, strings[FIRST])
    assert done.returncode == 0, (done, lab.log()[-2000:])
    shown = lab.json("device", "show", FIRST)["device"]
    assert shown["certificateOperationStatus"] == "Upgrade Success" and not shown["authenticationString"]
    # It was good once.
    lab.cadeado("device", "update", FIRST, "--operation", "Install/Upgrade")
    assert enrol(lab, FIRST, strings[FIRST]).returncode == 1
    assert lab.json("device", "show", FIRST)["device"]["certificateOperationStatus"] == \
        "Upgrade Failed: Invalid Authentication String"


def test_slips_in_files(idle_lab, tmp_path):
    lab = idle_lab
    add(lab, FIRST, SECOND)
    phones, text, page = tmp_path / "phones.csv", tmp_path / "slips.txt", tmp_path / "slips.html"
    phones.write_text(f"Description,Device Name\nx,{SECOND.lower()}\ny,{SECOND}\n")
    words = ("device", "capf", "generate", "--csv", str(phones), "--slips", str(text), "--html", str(page))
    done = lab.json(*words)
    assert done["count"] == 1 and "authenticationString" not in done["phones"][0]
    string = slips_of(text.read_text())[SECOND]
    assert len(string) == 8 and slips_of(text.read_text()).keys() == {SECOND}
    assert f">{string}<" in page.read_text() and "Desk &lt;1&gt; &amp; more" in page.read_text()
    assert "Desk <1> & more" in html.unescape(page.read_text())
    assert not {stat.S_IMODE(os.stat(p).st_mode) for p in (text, page)} - {0o600}
    # Never over what is there, and then nothing has changed.
    text.unlink()
    before = lab.cadeado("device", "export").stdout
    assert "File exists" in lab.cadeado(*words, check=False).stderr and not text.exists()
    assert lab.cadeado("device", "export").stdout == before
    # Those that have none yet.
    rest = lab.json("device", "capf", "generate", "Device Name begins with SEP", "--missing")
    assert [p["name"] for p in rest["phones"]] == [FIRST] and rest["kept"] == 1
    assert rest["phones"][0]["authenticationString"].isdigit()


def test_which_phones(idle_lab, tmp_path):
    lab = idle_lab
    add(lab, FIRST)
    lab.cadeado("device", "add", SECOND, "--device-type", "Cisco 7912")
    none = lab.json("device", "capf", "generate", SECOND)
    assert none["count"] == 0 and none["unable"] == 1
    for words, says in (((), "say which phones"), (("SEP001122334455",), "no device"), (("rubbish",), "query"),
                        ((FIRST, "--digits", "3"), "--digits")):
        done = lab.cadeado("device", "capf", "generate", *words, check=False)
        assert done.returncode != 0 and says in done.stderr, done
    for content, says in (("", "empty"), ("Name\nx\n", "no column Device Name"),
                          (f"Device Name\n{FIRST}\nSEP99\n", "line 3"), ("Device Name\nSEP001122334455\n", "line 2")):
        path = tmp_path / "list.csv"
        path.write_text(content)
        done = lab.cadeado("device", "capf", "generate", "--csv", str(path), check=False)
        assert done.returncode == 1 and says in done.stderr and str(path) in done.stderr, done
    assert not lab.json("device", "show", FIRST)["device"]["authenticationString"]


def test_from_the_slip_to_the_phone(lab):
    """A registered phone gets the order, and somebody types what is on its slip."""
    lab.cadeado("device", "add", FIRST, "--number", "1001", "--profile", "Non Secure")
    lab.phone(FIRST)
    assert lab.registered(FIRST)
    lab.cadeado("device", "capf", "bulk", "start", FIRST, "--auth", STRING_MODE, "--yes")
    strings = slips_of(lab.cadeado("device", "capf", "generate", FIRST).stdout)
    assert labs.wait_for(lambda: lab.output(FIRST).count("SCCP: registered as") == 2), lab.log()
    assert lab.registered(FIRST)
    shown = lab.json("device", "capf", "show", FIRST)["operations"][0]
    assert (shown["step"], shown["status"]) == ("reset sent", "Operation Pending")
    pressed = subprocess.run(
        [labs.program("cadeado-phone"), "menu", "--dir", lab.folder(FIRST), "--json", "--string-file", "-",
         "Settings > Security Configuration > **# > LSC > Update"],
        input=strings[FIRST] + "\n", capture_output=True, text=True, timeout=labs.PATIENCE, check=False)
    assert json.loads(pressed.stdout)["progress"][-1] == "Installed", pressed
    assert lab.json("device", "capf", "bulk", "status")["good"] == 1
    # It goes on with its certificate.
    assert labs.wait_for(lambda: lab.state(FIRST).get("lsc") == "Installed") and lab.registered(FIRST)
    # An order that is taken back leaves no step behind.
    for operation, step in (("Delete", "reset sent"), ("No Pending Operation", "done")):
        lab.cadeado("device", "update", FIRST, "--operation", operation)
        assert lab.json("device", "capf", "show", FIRST)["operations"][0]["step"] == step
