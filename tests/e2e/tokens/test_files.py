# SPDX-License-Identifier: BSD-2-Clause
"""File tokens and what is known of tokens: counters, PINs, secrets, retirement."""

import glob
import hashlib
import json
import os
import pty
import re
import resource
import shutil
import signal
import subprocess
import termios
import time

import lab as labs

PIN, OTHER, WRONG = "caf-482913", "caf-555000", "caf-482914"
RACERS = 20


def make(desk, serial="A1", pin=PIN, *more):
    desk.run("token", "create", "--serial", serial, *more, pins=[pin])
    return f"SAST-{serial}"


def test_create_list_show_add(desk):
    make(desk, "A1", PIN, "--holder", "Maria", "--place", "safe 1")
    row = desk.list()["SAST-A1"]
    assert row["kind"] == "file" and row["state"] == "15 attempts left" and row["holder"] == "Maria"
    text = desk.run("token", "list").stdout
    assert re.search(r"^SAST-A1 +A1 +file +Maria +safe 1 +\d{4}-\d\d-\d\d 15 attempts left$", text, re.M), text
    assert "A cluster needs 2 tokens at least" in text
    desk.run("token", "add", "--token", "SAST-A1", "--holder", "João", "--place", "bank")
    assert desk.list()["SAST-A1"]["holder"] == "João" and desk.list()["SAST-A1"]["place"] == "bank"
    assert (desk.tokens / "tokens.json").stat().st_mode & 0o777 == 0o600


def test_a_foreign_token(desk, tmp_path):
    make(desk)
    for name, bits in (("SAST-ADN11112222", "2048"), ("odd", "1536")):
        subprocess.run(["openssl", "req", "-x509", "-newkey", f"rsa:{bits}", "-nodes", "-keyout", "/dev/null", "-subj",
                        f"/O=Elsewhere/CN={name}", "-out", tmp_path / f"{name}.pem"], check=True, capture_output=True)
    desk.run("token", "add", "--cert", str(tmp_path / "SAST-ADN11112222.pem"), "--holder", "sister company")
    row = desk.list()["SAST-ADN11112222"]
    assert row["kind"] == "foreign" and row["serial"] == "ADN11112222" and row["state"] == "kept elsewhere"
    assert "A cluster needs" not in desk.run("token", "list").stdout
    asked = desk.run("token", "drill", "SAST-ADN11112222", pins=[PIN], check=False)
    assert asked.returncode == 1 and "kept elsewhere" in asked.stdout
    odd = desk.run("token", "add", "--cert", str(tmp_path / "odd.pem"), check=False)
    assert odd.returncode == 1 and "cannot sign lists" in odd.stderr
    twice = desk.run("token", "add", "--cert", str(tmp_path / "SAST-ADN11112222.pem"), "--token", "again", check=False)
    assert twice.returncode == 1 and "is that of token SAST-ADN11112222" in twice.stderr


def test_twenty_at_once_get_fifteen_tries(desk):
    label = make(desk)
    (desk.dir / "wrong").write_text(WRONG + "\n")
    words = desk.words("token", "drill", label, "--pin-file", str(desk.dir / "wrong"), "--json")
    racers = [subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
              for _ in range(RACERS)]
    said = [json.loads(r.communicate(timeout=600)[0])["drill"][0] for r in racers]
    assert all(r.returncode == 1 for r in racers)
    tried = sorted(s["attemptsLeft"] for s in said if s["error"] == "PIN")
    assert tried == list(range(15))
    assert [s["error"] for s in said].count("LOCKED") == RACERS - 15
    right = desk.run("token", "drill", label, pins=[PIN], check=False)
    assert right.returncode == 1 and "locked for good" in right.stdout
    assert desk.list()[label]["state"] == "locked for good"


def test_copying_files_back_gives_no_try_and_is_noticed(desk):
    label = make(desk)
    saved = {p: open(p, "rb").read() for p in glob.glob(str(desk.tokens / "SAST-*"))}
    for _ in range(3):
        desk.run("token", "drill", label, pins=[WRONG], check=False)
    assert desk.list()[label]["attemptsLeft"] == 12 and desk.list()[label]["setBack"] == 0
    for path, content in saved.items():
        with open(path, "wb") as f:
            f.write(content)
    row = desk.list()[label]
    assert row["attemptsLeft"] == 12 and row["setBack"] == 1
    assert "replaced by other copies 1 time" in desk.run("token", "list").stdout
    desk.run("token", "drill", label, pins=[WRONG], check=False)
    assert desk.list()[label]["attemptsLeft"] == 11
    desk.run("token", "drill", label, pins=[PIN])
    row = desk.list()[label]
    assert row["attemptsLeft"] == 15 and row["setBack"] == 1
    # Without its hidden count the token still opens, but not unnoticed.
    for path in glob.glob(str(desk.tokens / ".*.count")):
        os.unlink(path)
    assert desk.list()[label]["setBack"] == 1
    desk.run("token", "drill", label, pins=[PIN])
    assert desk.list()[label]["setBack"] == 1


def test_change_of_pin_survives_a_kill_at_every_step(desk):
    label = make(desk)
    desk.run("token", "pin", label, pins=[PIN, OTHER])
    saved = {p: open(p, "rb").read() for p in glob.glob(str(desk.tokens / "*")) + glob.glob(str(desk.tokens / ".*count"))}
    seen = []
    for step in range(1, 100):
        for path, content in saved.items():
            with open(path, "wb") as f:
                f.write(content)
        killed = desk.run("token", "pin", label, pins=[OTHER, PIN], check=False,
                          env=dict(desk.env, CADEADO_FAULT=f"{step}:kill"))
        assert killed.returncode in (0, 137)
        row = desk.list()[label]
        assert row["attemptsLeft"] >= 14 and row["setBack"] == 0, (step, row)
        # The key is sealed once: it cannot open with both.
        opens = next((pin for pin in (OTHER, PIN)
                      if desk.run("token", "drill", label, pins=[pin], check=False).returncode == 0), None)
        assert opens, step
        seen.append(opens)
        if killed.returncode == 0:
            break
    # The PIN before up to one step, the new one from then on; and the walk came to its end.
    assert seen == sorted(seen, key=[OTHER, PIN].index)
    assert seen.count(OTHER) > 10 and seen.count(PIN) > 1 and step < 99


def test_drill_proves_every_token(desk):
    make(desk, "A1")
    make(desk, "B2", OTHER)
    good = desk.run("token", "drill", pins=[PIN, OTHER])
    assert "2 of 2 tokens sign." in good.stdout
    assert all("lastDrill" in row for row in desk.list().values())
    # With its PINs the wrong way round each token loses a try, and no more.
    bad = desk.run("token", "drill", pins=[OTHER, PIN], check=False)
    assert bad.returncode == 1 and "0 of 2 tokens sign." in bad.stdout
    assert {row["attemptsLeft"] for row in desk.list().values()} == {14}
    (desk.dir / "pin").write_text(PIN + "\n")
    one = desk.run("token", "drill", "--pin-file", str(desk.dir / "pin"), check=False)
    assert one.returncode == 2 and "one token's PIN" in one.stderr
    assert {row["attemptsLeft"] for row in desk.list().values()} == {14}


def test_a_swapped_key_is_found_by_the_drill(desk):
    """The sealed key of one token under the certificate of another does not even unseal."""
    make(desk, "A1")
    make(desk, "B2")
    one = (desk.tokens / "SAST-A1.token").read_text().split("\n")
    two = (desk.tokens / "SAST-B2.token").read_text().split("\n")
    swapped = [b if b.startswith("certificate ") else a for a, b in zip(one, two)]
    body = "\n".join(swapped[:-2]) + "\n"
    (desk.tokens / "SAST-A1.token").write_text(body + "sum " + hashlib.sha256(body.encode()).hexdigest() + "\n")
    assert desk.run("token", "drill", "SAST-A1", pins=[PIN], check=False).returncode == 1


def test_retire(desk, tmp_path):
    make(desk, "A1")
    make(desk, "B2", OTHER)
    refused = desk.run("token", "retire", "SAST-A1", "--yes", check=False)
    assert refused.returncode == 1 and "it needs 2" in refused.stderr
    make(desk, "C3")
    done = desk.run("token", "retire", "SAST-A1", "--yes")
    assert "utils ctl update CTLFile --token SAST-B2" in done.stdout and "restart TFTP" in done.stdout
    assert desk.list()["SAST-A1"]["state"].startswith("retired on ")
    drilled = desk.run("token", "drill", "SAST-A1", pins=[PIN], check=False)
    assert drilled.returncode == 1 and "is retired and signs nothing" in drilled.stdout
    (tmp_path / "x.xml").write_text("<a/>")
    signed = desk.run("sign", str(tmp_path / "x.xml"), "--token", "SAST-A1", pins=[PIN], check=False)
    assert signed.returncode == 1 and "is retired" in signed.stderr and not (tmp_path / "x.xml.sgn").exists()
    assert desk.list()["SAST-A1"]["attemptsLeft"] == 15
    forced = desk.run("token", "retire", "SAST-B2", "--force", "--yes")
    assert "the next CTL leaves it out" in forced.stdout


def test_a_damaged_registry_is_told(desk):
    make(desk)
    (desk.tokens / "tokens.json").write_text('{"version": 1, "tokens": [{"label": 7}]}')
    told = desk.run("token", "list", check=False)
    assert told.returncode == 1 and "tokens.json is damaged" in told.stderr
    shutil.rmtree(desk.tokens)


def test_a_damaged_token_hinders_no_other(desk):
    make(desk, "A1")
    make(desk, "B2", OTHER)
    desk.list()
    path = desk.tokens / "SAST-A1.token"
    path.write_text(path.read_text().replace("memory", "memoir"))
    row = desk.list()["SAST-A1"]
    assert "its file is damaged" in row["state"] and row["subject"].startswith("CN=SAST-A1;") and not row["present"]
    half = desk.run("token", "drill", pins=[OTHER], check=False)
    assert half.returncode == 1 and "1 of 2 tokens sign." in half.stdout


def test_descriptors(desk):
    make(desk)
    closed = desk.run("token", "drill", "SAST-A1", "--pin-fd", "77", check=False)
    assert closed.returncode == 1 and "descriptor 77 cannot be read" in closed.stdout
    empty = desk.run("token", "drill", "SAST-A1", pins=[], check=False)
    assert empty.returncode == 1 and "no line left" in empty.stdout
    odd = desk.run("token", "drill", "SAST-A1", "--pin-fd", "three", check=False)
    assert odd.returncode == 2 and "number of an open descriptor" in odd.stderr
    (desk.dir / "pin").write_text(PIN + "\n")
    both = desk.run("token", "drill", "SAST-A1", "--pin-file", str(desk.dir / "pin"), pins=[PIN], check=False)
    assert both.returncode == 1 and "not both" in both.stdout
    assert desk.list()["SAST-A1"]["attemptsLeft"] == 15


def test_a_pin_from_a_pipe(desk):
    """What another program prints, as a shell gives it; and what was not tried is not said to sign no more."""
    make(desk)
    for text, said in ((PIN + "\n", "signs"), ("", "not asked: ")):
        read, write = os.pipe()
        os.write(write, text.encode())
        os.close(write)
        done = subprocess.run(desk.words("token", "drill", "SAST-A1", "--pin-file", f"/dev/fd/{read}"), pass_fds=(read,),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        os.close(read)
        assert said in done.stdout and "DOES NOT SIGN" not in done.stdout and done.returncode == (not text)
    assert desk.list()["SAST-A1"]["attemptsLeft"] == 15


def at_a_terminal(words, env):
    """Starts a program whose terminal is ours: its id and our end."""
    child, master = pty.fork()
    if child == 0:
        for number in (signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)  # a runner in the background ignores them
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        os.execve(words[0], words, env)
    return child, master


def until(master, text, seen=b""):
    end = time.monotonic() + labs.PATIENCE
    while text not in seen and time.monotonic() < end:
        try:
            got = os.read(master, 4096)
        except OSError:
            got = b""
        if not got:
            break
        seen += got
    assert text in seen, seen
    return seen


def test_a_typed_pin_is_seen_nowhere(desk):
    make(desk, "A1")
    make(desk, "B2", OTHER)
    child, master = at_a_terminal(desk.words("token", "drill"), desk.env)
    seen = until(master, b"PIN of token SAST-A1: ")
    os.write(master, PIN.encode() + b"\n")
    seen = until(master, b"PIN of token SAST-B2: ", seen)
    # Now the first PIN has passed through this process.
    for name in ("cmdline", "environ"):
        with open(f"/proc/{child}/{name}", "rb") as f:
            assert PIN.encode() not in f.read()
    limits = open(f"/proc/{child}/limits", encoding="ascii").read()
    assert re.search(r"^Max core file size +0 +0 ", limits, re.M), limits
    os.write(master, OTHER.encode() + b"\n")
    seen = until(master, b"tokens sign.", seen)
    assert os.waitpid(child, 0)[1] == 0
    os.close(master)
    assert b"2 of 2 tokens sign." in seen and PIN.encode() not in seen and OTHER.encode() not in seen


def test_an_interrupted_question_gives_the_echo_back(desk):
    make(desk, "A1")
    child, master = at_a_terminal(desk.words("token", "drill"), desk.env)
    until(master, b"PIN of token SAST-A1: ")
    assert not termios.tcgetattr(master)[3] & termios.ECHO
    os.write(master, b"\x03")
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGINT
    assert termios.tcgetattr(master)[3] & termios.ECHO
    os.close(master)


def test_a_process_that_holds_a_pin_leaves_no_core(desk):
    make(desk, "A1")
    make(desk, "B2")
    child, master = at_a_terminal(desk.words("token", "drill"), desk.env)
    until(master, b"PIN of token SAST-A1: ")
    os.write(master, PIN.encode() + b"\n")
    until(master, b"PIN of token SAST-B2: ")
    os.kill(child, signal.SIGQUIT)
    status = os.waitpid(child, 0)[1]
    os.close(master)
    assert os.WIFSIGNALED(status) and not os.WCOREDUMP(status)
    assert not glob.glob(str(desk.dir / "core*"))


def test_a_new_pin_is_typed_twice(desk):
    for second, made in ((OTHER, False), (PIN, True)):
        child, master = at_a_terminal(desk.words("token", "create", "--serial", "A1"), desk.env)
        seen = until(master, b"New PIN of the token: ")
        os.write(master, PIN.encode() + b"\n")
        seen = until(master, b"The same again: ", seen)
        os.write(master, second.encode() + b"\n")
        seen = until(master, b"15 attempts left" if made else b"the two PINs differ", seen)
        assert (os.waitpid(child, 0)[1] == 0) == made
        os.close(master)
        assert (desk.tokens / "SAST-A1.token").exists() == made
        assert PIN.encode() not in seen


def test_a_pin_in_an_argument_is_refused(desk):
    make(desk)
    for words in (["--pin", PIN], [f"--pin={PIN}"]):
        refused = desk.run("token", "drill", "SAST-A1", *words, check=False)
        assert refused.returncode == 2 and "unknown option" in refused.stderr
