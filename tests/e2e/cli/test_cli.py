# SPDX-License-Identifier: BSD-2-Clause
"""The command line as people and scripts meet it: texts, --json, exit status, the shell, PINs."""

import json
import os
import pty
import re
import select
import socket
import sqlite3
import subprocess
import time

import pytest

import lab as labs
from lab import FIRST, PIN, program


def run(*words, **kwargs):
    return subprocess.run([program("cadeado"), *words], text=True, capture_output=True, stdin=subprocess.DEVNULL,
                          timeout=labs.PATIENCE, check=False, **kwargs)


def test_help_version_and_usage():
    assert run("--version").stdout.startswith("cadeado 0.")
    everything = run("help").stdout
    commands = re.findall(r"^  (\S.*?)  ", everything, re.M)
    assert len(commands) > 10
    for words in commands:
        told = run("help", *words.split())
        assert told.returncode == 0 and told.stdout.startswith("cadeado " + words), words
        assert run(*words.split(), "--help").stdout == told.stdout
    for group in {words.split()[0] for words in commands} - set(commands):
        told = run("help", group)
        rows = re.findall(r"^  (\S.*?)  ", told.stdout, re.M)
        assert told.returncode == 0 and rows == [words for words in commands if words.startswith(group)], group
    assert run("device", "capf", "--help").stdout.count("\n  device capf ") == run("help", "dev", "capf").stdout.count("\n  ")
    assert "  show ctl " in run("show", "--help").stdout
    assert run("help", "devise").returncode == 2
    assert run().returncode == 2
    wrong = run("show", "clt")
    assert wrong.returncode == 2 and 'unknown word "clt"' in wrong.stderr and "cert" in wrong.stderr
    assert run("device", "add").returncode == 2
    wrong = run("cluster", "init", "--port-base", "70000")
    assert wrong.returncode == 2 and "0 to 58000" in wrong.stderr
    assert run("show", "ctl", "a", "b").returncode == 2
    assert run("--nonsense").returncode == 2


def test_words_may_be_abbreviated(idle_lab):
    assert idle_lab.cadeado("sh", "ct").stdout == idle_lab.cadeado("show", "ctl").stdout
    doubtful = idle_lab.cadeado("device", "d", check=False)
    assert doubtful.returncode == 2 or "delete" in doubtful.stderr


def test_show_ctl(idle_lab):
    shown = idle_lab.cadeado("show", "ctl").stdout
    path = idle_lab.path("tftp", "CTLFile.tlv")
    size = os.path.getsize(path)
    md5 = subprocess.run(["md5sum", path], capture_output=True, text=True, check=True).stdout.split()[0]
    sha1 = subprocess.run(["sha1sum", path], capture_output=True, text=True, check=True).stdout.split()[0]
    assert shown.startswith(f"The checksum value of the CTL file:\n{md5}(MD5)\n{sha1}(SHA1)\n\nLength of CTL file: {size}\n")
    assert shown.count("This etoken was used to sign the CTL file.") == 1
    assert shown.count("This etoken was not used to sign the CTL file.") == 1
    assert shown.endswith("The CTL file was verified successfully.\n")
    assert [l.split("\t")[-1] for l in shown.split("\n") if l.startswith("4\tFUNCTION")] == [
        "System Administrator Security Token", "System Administrator Security Token", "CCM+TFTP", "CAPF"]
    report = idle_lab.json("show", "ctl")
    assert report["length"] == size and report["md5"] == md5 and report["verified"] is True
    assert len(report["records"]) == 4
    # The same file by name, without a state folder.
    assert run("show", "ctl", path).stdout == shown


def test_show_ctl_exit_status(idle_lab, tmp_path):
    path = idle_lab.path("tftp", "CTLFile.tlv")
    with open(path, "rb") as f:
        content = bytearray(f.read())
    bad = tmp_path / "bad.tlv"
    content[-200] ^= 1
    bad.write_bytes(content)
    done = run("show", "ctl", str(bad))
    assert done.returncode == 1 and "Verification of the CTL File Failed" in done.stdout
    bad.write_bytes(content[:2000])
    done = run("show", "ctl", str(bad))
    assert done.returncode == 2 and "at byte" in done.stderr and "record" in done.stderr, done
    bad.write_bytes(b"")
    assert run("show", "ctl", str(bad)).returncode == 2
    assert run("show", "ctl", str(tmp_path / "none.tlv")).returncode == 2
    assert run("show", "ctl", str(tmp_path)).returncode == 2


def test_the_last_line_is_right_for_every_bit_of_the_signature(idle_lab, tmp_path):
    with open(idle_lab.path("tftp", "CTLFile.tlv"), "rb") as f:
        content = bytearray(f.read())
    for at in range(200, 260, 7):
        content[at] ^= 4
        bad = tmp_path / "bad.tlv"
        bad.write_bytes(content)
        content[at] ^= 4
        assert run("show", "ctl", str(bad)).returncode != 0, at


def test_file_list(idle_lab):
    line = idle_lab.cadeado("file", "list", "tftp", "*.tlv", "detail").stdout
    assert re.fullmatch(r"\d\d \w{3},\d{4} \d\d:\d\d:\d\d +\d{1,3}(,\d{3})* [0-9a-f]{32} CTLFile\.tlv\n", line)
    assert idle_lab.cadeado("file", "list", "tftp").stdout == "CTLFile.tlv\n"
    assert idle_lab.cadeado("file", "list", "tftp", "nothing*").stdout == ""


def test_devices_with_and_without_a_daemon(idle_lab):
    for with_daemon in (False, True):
        if with_daemon:
            idle_lab.start()
        idle_lab.cadeado("device", "add", "sep0011215a1ae3", "--number", "1001", "--profile", "Encrypted")
        shown = idle_lab.json("device", "show", FIRST)["device"]
        assert shown["name"] == FIRST and shown["deviceSecurityMode"] == "Encrypted"
        assert [d["name"] for d in idle_lab.json("device", "list")["devices"]] == [FIRST]
        done = idle_lab.cadeado("device", "add", "SEPXYZ", check=False)
        assert done.returncode == 1 and "SEP" in done.stderr
        done = idle_lab.cadeado("device", "add", "SEP0011215A1AE9", "--number", "1001", check=False)
        assert done.returncode == 1 and "1001" in done.stderr
        done = idle_lab.cadeado("device", "add", FIRST, "--profile", "Nobody's", check=False)
        assert done.returncode == 1
        # Without a terminal nothing is deleted unless it is said.
        done = idle_lab.cadeado("device", "delete", FIRST, check=False)
        assert done.returncode == 2 and "--yes" in done.stderr
        idle_lab.cadeado("device", "delete", FIRST, "--yes")
        assert idle_lab.cadeado("device", "show", FIRST, check=False).returncode == 1


def test_show_stations_needs_a_daemon(idle_lab):
    done = idle_lab.cadeado("show", "stations", check=False)
    assert done.returncode == 1 and "cadeadod --state" in done.stderr
    idle_lab.start()
    assert idle_lab.json("show", "stations") == {"stations": [], "calls": []}


def test_admin_socket_is_the_owners_and_takes_no_nonsense(lab):
    path = lab.path("admin.sock")
    assert os.stat(path).st_mode & 0o777 == 0o600

    def ask(request):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(labs.PATIENCE)
            s.connect(path)
            s.sendall(request)
            answer = b""
            while chunk := s.recv(65536):
                answer += chunk
            return answer

    assert json.loads(ask(b'{"version":1,"command":"device list","args":{}}\n'))["exit"] == 0
    assert "different versions" in json.loads(ask(b'{"version":2,"command":"device list"}\n'))["error"]
    assert json.loads(ask(b'{"version":1,"command":"token create"}\n'))["exit"] == 2
    over = ask(b'{"version":1,"command":"file delete","args":{"place":"tftp","pattern":"CTLFile.tlv"}}\n')
    assert "not one for the daemon" in json.loads(over)["error"]
    assert json.loads(ask(b'{"version":1,"command":7,"args":[]}\n'))["exit"] == 2
    assert json.loads(ask(b"\0\xff[[[[\n"))["exit"] == 2
    assert json.loads(ask(b"[" * 60000 + b"\n"))["exit"] == 2
    assert json.loads(ask(b"x" * 70000))["exit"] == 2
    with socket.socket(socket.AF_UNIX) as s:  # leaves without a word, and in mid-request
        s.connect(path)
        s.send(b'{"version":1')
    lab.cadeado("device", "list")


def terminal(args, answers, seconds=labs.PATIENCE):
    """Runs a program on a terminal of its own and answers its prompts in order; all that it printed."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(args[0], args)
    out, answers, end = b"", list(answers), time.monotonic() + seconds
    at = 0
    while time.monotonic() < end:
        ready, _, _ = select.select([fd], [], [], 0.2)
        if ready:
            try:
                chunk = os.read(fd, 4096)
            except OSError:
                break
            if not chunk:
                break
            out += chunk
        if answers and answers[0][0].encode() in out[at:]:
            at = len(out)
            os.write(fd, answers.pop(0)[1].encode())
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    return out.decode(errors="replace"), os.waitstatus_to_exitcode(status), answers


def test_the_shell(idle_lab):
    out, status, left = terminal(
        [program("cadeado"), "--state", idle_lab.dir],
        [("admin:", "show ctl\n"), ("successfully.", "file list tftp *.tlv detail\n"), ("CTLFile.tlv", "?\n"),
         ("token list", "sho nonsense\n"), ("unknown word", "exit\n")])
    assert status == 0 and not left, out
    assert "The CTL file was verified successfully." in out


def test_a_pin_is_asked_for_without_echo(idle_lab):
    out, status, left = terminal(
        [program("cadeado"), "--state", idle_lab.dir, "utils", "ctl", "update", "CTLFile", "--token", "SAST-ADN4e31f914"],
        [("(y/n):", "y\n"), ("PIN of token", PIN + "\n")])
    assert status == 0 and not left, out
    assert PIN not in out and "CTL file Updated" in out


def test_a_no_changes_nothing(idle_lab):
    before = open(idle_lab.path("tftp", "CTLFile.tlv"), "rb").read()
    out, status, _ = terminal(
        [program("cadeado"), "--state", idle_lab.dir, "utils", "ctl", "update", "CTLFile", "--token", "SAST-ADN4e31f914"],
        [("(y/n):", "n\n")])
    assert status == 2, out
    assert open(idle_lab.path("tftp", "CTLFile.tlv"), "rb").read() == before


def wrong_pin(lab):
    path = lab.path("wrong")
    with open(path, "w", encoding="ascii") as f:
        f.write("00000000\n")
    return lab.cadeado("utils", "ctl", "update", "CTLFile", "--token", "SAST-ADN4e31f914", "--pin-file", path,
                       "--yes", check=False)


def test_fifteen_wrong_pins_lock_a_token(idle_lab):
    said = wrong_pin(idle_lab)
    assert said.returncode == 1 and "14 attempts left" in said.stderr
    idle_lab.publish("update", "CTLFile")  # a right one resets the counter
    for left in range(14, 0, -1):
        assert f"{left} attempt" in wrong_pin(idle_lab).stderr
    last = wrong_pin(idle_lab)
    assert last.returncode == 1 and ("locked" in last.stderr or "0 attempts" in last.stderr)
    assert "locked" in wrong_pin(idle_lab).stderr
    with pytest.raises(AssertionError, match="locked"):
        idle_lab.publish("update", "CTLFile")
    assert "locked for good" in idle_lab.cadeado("token", "list").stdout


def test_twenty_processes_share_fifteen_tries(idle_lab):
    path = idle_lab.path("wrong")
    with open(path, "w", encoding="ascii") as f:
        f.write("00000000\n")
    words = [program("cadeado"), "--state", idle_lab.dir, "utils", "ctl", "update", "CTLFile", "--token",
             "SAST-ADN4e31f914", "--pin-file", path, "--yes"]
    running = [subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                text=True) for _ in range(20)]
    said = [p.communicate(timeout=labs.PATIENCE * 2)[1] for p in running]
    tried = [s for s in said if re.search(r"\b\d+ attempts? left", s) or "no attempts left" in s]
    assert all(p.returncode == 1 for p in running)
    counts = sorted(int(n) for s in said for n in re.findall(r"\b(\d+) attempts? left", s))
    assert len(set(counts)) == len(counts), counts  # no try was counted twice
    assert len(tried) <= 15
    with pytest.raises(AssertionError, match="locked"):
        idle_lab.publish("update", "CTLFile")


def test_one_token_is_not_enough(tmp_path):
    lab = labs.Lab(tmp_path / "lab", labs.free_base())
    lab.cadeado("cluster", "init", "--port-base", str(lab.base))
    pin = str(tmp_path / "pin")
    with open(pin, "w", encoding="ascii") as f:
        f.write(PIN)
    lab.cadeado("token", "create", "--serial", "ADN4e31f914", "--pin-file", pin)
    done = lab.cadeado("utils", "ctl", "set-cluster", "mixed-mode", "--token", "SAST-ADN4e31f914", "--pin-file", pin,
                       "--yes", check=False)
    assert done.returncode == 1 and "only one token" in done.stderr
    assert not os.path.exists(lab.path("tftp", "CTLFile.tlv"))
    done = lab.cadeado("utils", "ctl", "update", "CTLFile", "--token", "SAST-ADN4e31f914", "--pin-file", pin, "--yes",
                       check=False)
    assert done.returncode == 1 and "there is no CTL to update" in done.stderr


def test_a_state_folder_that_is_not_there(tmp_path):
    done = run("--state", str(tmp_path / "none"), "device", "list")
    assert done.returncode == 1 and "cluster init" in done.stderr


@pytest.mark.parametrize("words", [["--node", "a b"], ["--address", "a b"], ["--address", ""],
                                   ["--tftp-port", "65535"]])
def test_settings_that_are_refused_are_not_kept(idle_lab, words):
    with open(idle_lab.path("cadeado.conf"), encoding="utf-8") as f:
        before = f.read()
    done = idle_lab.cadeado("cluster", "init", *words, check=False)
    assert done.returncode == 1 and words[0][2:].replace("-", "_") + ":" in done.stderr
    with open(idle_lab.path("cadeado.conf"), encoding="utf-8") as f:
        assert f.read() == before
    idle_lab.cadeado("device", "list")


def test_a_database_that_another_program_holds(idle_lab):
    """That is waited for in seconds; then it is said."""
    holder = sqlite3.connect(idle_lab.path("cadeado.db"), isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN IMMEDIATE")
    holder.execute("UPDATE schema_version SET number = number")
    holder.execute("COMMIT")
    done = idle_lab.cadeado("device", "list", check=False)
    holder.close()
    assert done.returncode == 1 and "database is locked" in done.stderr, done
    idle_lab.cadeado("device", "list")
