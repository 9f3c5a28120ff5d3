# SPDX-License-Identifier: BSD-2-Clause
"""Who is let in, who has to wait, and what the log says of it."""

import base64
import hashlib
import os
import pty
import subprocess

from lab import program
from provider import ACCOUNT, PASSWORD, Provider, add_account, audit


def curl(provider, *words, path="node"):
    return subprocess.run(["curl", "-sS", "--max-time", "60", *words, f"https://127.0.0.1:{provider.port}/v1/{path}"],
                          capture_output=True, check=False, timeout=90)


def pin(provider):
    """As openssl computes what curl wants to see."""
    key = subprocess.run(["openssl", "x509", "-in", provider.lab.path("keys", "CTLProvider.pem"), "-noout", "-pubkey"],
                         capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, capture_output=True,
                         check=True).stdout
    return "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()


def test_curl_with_the_pinned_key(provider):
    good = curl(provider, "-k", "--pinnedpubkey", pin(provider), "-u", f"{ACCOUNT}:{PASSWORD}")
    assert good.returncode == 0 and b'"node":"publisher"' in good.stdout, good
    # The certificate is the node's own CTLProvider certificate and no other.
    other = subprocess.run(["openssl", "x509", "-in", provider.lab.path("keys", "CAPF.pem"), "-noout", "-pubkey"],
                           capture_output=True, check=True)
    assert other.returncode == 0
    wrong = curl(provider, "-k", "--pinnedpubkey", "sha256//" + base64.b64encode(bytes(32)).decode())
    assert wrong.returncode == 90  # CURLE_SSL_PINNEDPUBKEYNOTMATCH


def test_tls_is_modern_whatever_the_setting_says(idle_node):
    path = idle_node.path("cadeado.conf")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace("tls_profile = modern", "tls_profile = legacy"))
    idle_node.start()
    provider = Provider(idle_node)
    old = curl(provider, "-k", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0", "-u", f"{ACCOUNT}:{PASSWORD}")
    assert old.returncode == 35, old
    assert curl(provider, "-k", "--tls-max", "1.2", "-u", f"{ACCOUNT}:{PASSWORD}").returncode == 0


def test_no_account_or_a_wrong_one(provider):
    none = provider.ask("GET", "node", auth=None)
    assert none.status == 401 and none.headers["WWW-Authenticate"].startswith("Basic realm=")
    wrong = provider.ask("GET", "node", auth=(ACCOUNT, "wrong password"))
    unknown = provider.ask("GET", "node", auth=("nobody", "wrong password"))
    assert wrong.status == unknown.status == 401
    assert wrong.json["error"] == "account"
    assert wrong.bytes == unknown.bytes, "the answer tells which names exist"
    for value in ("Bearer x", "Basic", "Basic !", "Basic " + base64.b64encode(b"nocolon").decode()):
        assert provider.ask("GET", "node", auth=None, headers={"Authorization": value}).status == 401, value


def test_every_path_needs_the_account(provider):
    for method, path in (("GET", "node"), ("HEAD", "node"), ("GET", "ctl"), ("PUT", "staged/" + "0" * 32),
                         ("POST", "staged/" + "0" * 32 + "/activate"), ("DELETE", "staged/" + "0" * 32), ("GET", "x")):
        assert provider.ask(method, path, auth=None).status == 401, (method, path)


def test_wrong_passwords_wait(provider):
    """From a different address each, so that it is the account that waits."""
    for n in range(3):
        assert provider.ask("GET", "node", auth=(ACCOUNT, "wrong"), source=f"127.0.0.{10 + n}").status == 401
    waiting = provider.ask("GET", "node", source="127.0.0.20")
    assert waiting.status == 429 and waiting.json["error"] == "wait"
    assert 1 <= int(waiting.headers["Retry-After"]) <= 60
    lab = provider.lab
    shown = lab.json("show", "account")["accounts"][0]
    assert shown["failures"] >= 3 and shown["lastLogin"] == 0
    # The owner at the console need not wait.
    lab.cadeado("utils", "account", "unlock", ACCOUNT)
    assert provider.ask("GET", "node", source="127.0.0.22").status == 200
    assert lab.json("show", "account")["accounts"][0]["failures"] == 0


def test_a_source_that_tries_many_names_waits(provider):
    answers = [provider.ask("GET", "node", auth=(f"name{n}", "wrong"), source="127.0.0.30") for n in range(6)]
    assert [a.status for a in answers] == [401] * 6
    waiting = provider.ask("GET", "node", source="127.0.0.30")
    assert waiting.status == 429 and int(waiting.headers["Retry-After"]) >= 1
    assert provider.ask("GET", "node", source="127.0.0.31").status == 200


def test_account_is_changed_and_deleted_while_the_node_runs(provider):
    lab = provider.lab
    add_account(lab, "second", "another password")
    auth = ("second", "another password")
    assert provider.ask("GET", "node", auth=auth).status == 200
    again = lab.cadeado("set", "account", "name", "SECOND", "--password-file", lab.dir + ".password", check=False)
    assert again.returncode == 1 and "set password user" in again.stderr
    with open(lab.dir + ".password", "w", encoding="utf-8") as f:
        f.write("pässwörd with: colons\n")
    lab.cadeado("set", "password", "user", "second", "--password-file", lab.dir + ".password")
    assert provider.ask("GET", "node", auth=auth).status == 401
    assert provider.ask("GET", "node", auth=("second", "pässwörd with: colons")).status == 200
    refused = lab.cadeado("delete", "account", "second", check=False)
    assert refused.returncode == 2 and "--yes" in refused.stderr
    lab.cadeado("delete", "account", "second", "--yes")
    assert provider.ask("GET", "node", auth=("second", "pässwörd with: colons")).status == 401
    assert [a["name"] for a in lab.json("show", "account")["accounts"]] == [ACCOUNT]


def test_the_log_tells_who_and_from_where(provider):
    lab = provider.lab
    provider.ask("GET", "node", source="127.0.0.40")
    provider.ask("GET", "node", auth=(ACCOUNT, "a wrong password"), source="127.0.0.41")
    provider.ask("DELETE", "staged/" + "0" * 32, source="127.0.0.42")
    provider.activate("1" * 32, source="127.0.0.43")
    lab.cadeado("device", "add", "SEP0011215A1AE3", "--number", "1001")  # over the admin socket
    rows = [(r["who"], r["from"], r["action"], r["object"], r["result"]) for r in audit(lab)]
    assert (ACCOUNT, "127.0.0.40", "login", "", "done") in rows
    assert (ACCOUNT, "127.0.0.41", "login", "", "wrong name or password") in rows
    assert (ACCOUNT, "127.0.0.42", "ctl abort", "0" * 32, "done") in rows
    assert (ACCOUNT, "127.0.0.43", "ctl activate", "1" * 32, "begun") in rows
    assert any(r[2:4] == ("ctl activate", "1" * 32) and "no list is staged" in r[4] for r in rows)
    added = [r for r in rows if r[2] == "device add"]
    assert added and added[0][0].startswith("uid ") and added[0][1] == "console" and "SEP0011215A1AE3" in added[0][3]
    assert [r for r in rows if r[2] == "set account name"][0][3] == ACCOUNT
    verified = lab.cadeado("utils", "audit", "verify")
    assert f"{len(rows)} entries" in verified.stdout
    found = subprocess.run(["grep", "-rla", "-e", PASSWORD, "-e", "a wrong password", lab.dir], capture_output=True,
                           text=True, check=False)
    assert found.stdout == "", "a password is kept"
    shown = lab.json("utils", "audit", "show", "--last", "1", "--who", ACCOUNT)["entries"]
    assert len(shown) == 1 and shown[0]["action"] == "ctl activate"


def test_a_changed_log_is_found(node):
    node.cadeado("device", "add", "SEP0011215A1AE3", "--number", "1001")
    path = node.path("audit", "audit.log")
    with open(path, encoding="utf-8") as f:
        lines = f.read().splitlines(keepends=True)
    for changed in (lines[:1] + lines[2:], lines[:-1], [lines[0].replace("done", "gone"), *lines[1:]]):
        with open(path, "w", encoding="utf-8") as f:
            f.writelines(changed)
        done = node.cadeado("utils", "audit", "verify", check=False)
        assert done.returncode == 1 and "audit log" in done.stderr, done
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(lines)
    assert node.cadeado("utils", "audit", "verify").returncode == 0


def test_password_is_asked_for_without_echo(idle_node):
    """At a terminal, twice; what differs is refused."""
    for first, second, status in (("typed password", "typed password", 0), ("typed password", "mistyped", 1)):
        child, terminal = pty.fork()
        if child == 0:
            name = "typed" + str(status)
            os.execv(program("cadeado"), ["cadeado", "--state", idle_node.dir, "set", "account", "name", name])
        seen = b""
        for prompt, answer in ((b"password: ", first), (b"again: ", second)):
            while prompt not in seen:
                seen += os.read(terminal, 1024)
            os.write(terminal, answer.encode() + b"\n")
        try:
            while True:
                more = os.read(terminal, 1024)
                if not more:
                    break
                seen += more
        except OSError:
            pass
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == status, seen
        assert b"typed password" not in seen and b"mistyped" not in seen
    assert "typed0" in idle_node.cadeado("show", "account").stdout
    assert "typed1" not in idle_node.cadeado("show", "account").stdout
