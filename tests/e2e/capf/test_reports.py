# SPDX-License-Identifier: BSD-2-Clause
"""What administrators are told of their phones' certificates, and who else is told."""

import csv
import http.server
import json
import os
import re
import stat
import threading

import lab as labs
from signing import settings


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.got.append((self.path, self.headers["Content-Type"],
                                self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, *_):
        pass


def webhook(answer=204):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.got, server.answer = [], answer
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def test_monitor_says_what_ends_and_whom_it_hits(idle_lab):
    lab = idle_lab
    lab.add_phones()
    good = lab.cadeado("monitor")
    assert "CallManager/CallManager.pem" in good.stdout and "expires soon" not in good.stdout
    done = lab.cadeado("monitor", "--days", "3650", check=False)
    assert done.returncode == 1
    line = next(x for x in done.stdout.splitlines() if "CallManager/CallManager.pem" in x)
    assert line.startswith("expires soon") and ": 2 phones;" in line and "set cert regen CallManager" in line
    # ITLRecovery's twenty years are beyond any of it.
    assert next(x for x in done.stdout.splitlines() if "ITLRecovery" in x).startswith("good")
    data = lab.json("monitor", "--days", "3650", check=False)
    assert data["soon"] == 6 and data["expired"] == 0  # four of the node, two of tokens
    assert {c["phones"] for c in data["certificates"] if c["name"].startswith("CallManager")} == {2}


def test_monitor_tells_a_webhook_and_a_mailbox(idle_lab, tmp_path):
    lab = idle_lab
    mail, program = tmp_path / "mail", tmp_path / "sendmail"
    program.write_text(f"#!/bin/sh\necho \"$@\" >{mail}\nexec cat >>{mail}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    hook = webhook()
    settings(lab, monitor_webhook=f"http://127.0.0.1:{hook.server_port}/x?token=1",
             monitor_mail="pbx@example.net", monitor_sendmail=program)
    try:
        lab.cadeado("monitor", "--notify")  # nothing to tell
        assert not hook.got and not mail.exists()
        done = lab.cadeado("monitor", "--notify", "--days", "3650", check=False)
    finally:
        hook.shutdown()
        hook.server_close()
    assert done.returncode == 1 and not done.stderr, done.stderr
    (path, kind, body), = hook.got
    assert path == "/x?token=1" and kind == "application/json"
    assert json.loads(body)["soon"] == 6
    text = mail.read_text()
    assert text.startswith("-i -- pbx@example.net\nTo: pbx@example.net\n") and "expires soon" in text


def test_monitor_says_who_could_not_be_told(idle_lab, tmp_path):
    lab = idle_lab
    done = lab.cadeado("monitor", "--notify", "--days", "3650", check=False)
    assert done.returncode == 1 and "monitor_webhook or monitor_mail" in done.stderr
    hook = webhook(500)
    settings(lab, monitor_webhook=f"http://127.0.0.1:{hook.server_port}/secret")
    try:
        done = lab.cadeado("monitor", "--notify", "--days", "3650", check=False)
    finally:
        hook.shutdown()
        hook.server_close()
    assert "the server answered 500" in done.stderr and "secret" not in done.stderr
    settings(lab, monitor_webhook="none", monitor_mail="-oQ/tmp@x")
    done = lab.cadeado("monitor", "--notify", "--days", "3650", check=False)
    assert "no mail address" in done.stderr
    settings(lab, monitor_mail="pbx@example.net", monitor_sendmail=tmp_path / "none")
    done = lab.cadeado("monitor", "--notify", "--days", "3650", check=False)
    assert "is not there" in done.stderr


def test_report_and_issuers(lab, tmp_path):
    lab.whole_path()
    assert labs.wait_for(lambda: lab.cadeado("show", "capf", "report").stdout.count("Upgrade Success") == 2)
    report = lab.cadeado("show", "capf", "report").stdout
    assert report.splitlines()[0].split() == \
        "Device Name LSC Status LSC Expires LSC Issued By LSC Issuer Expires By".split()
    lab.cadeado("device", "add", "SEP0011215A1AE5", "--number", "1003")
    rows = {r["name"]: r for r in lab.json("show", "capf", "report")["phones"]}
    assert rows["SEP0011215A1AE5"]["expires"] == "NA" and rows["SEP0011215A1AE5"]["status"] == "None"
    capf = next(i for i in lab.json("show", "capf", "issuers")["issuers"] if i["issues"])
    assert capf["phones"] == 2 and rows[labs.FIRST]["issuedBy"] in capf["subject"]
    # Conditions: without an LSC, of an issuer, before a day.
    assert [r["name"] for r in lab.json("show", "capf", "report", "--no-lsc")["phones"]] == ["SEP0011215A1AE5"]
    assert len(lab.json("show", "capf", "report", "--issuer", "capf-")["phones"]) == 2
    assert not lab.json("show", "capf", "report", "--expires-before", "2026-01-01")["phones"]
    assert len(lab.json("show", "capf", "report", "--expires-before", "2099-01-01")["phones"]) == 2
    wrong = lab.cadeado("show", "capf", "report", "--expires-before", "soon", check=False)
    assert wrong.returncode != 0 and "write 2027-01-31" in wrong.stderr
    # The file is one that other programs read.
    lab.cadeado("show", "capf", "report", "--csv", str(tmp_path / "report.csv"))
    with open(tmp_path / "report.csv", newline="", encoding="utf-8") as f:
        table = list(csv.DictReader(f))
    assert [r["Device Name"] for r in table] == sorted(rows) and os.stat(tmp_path / "report.csv").st_size
    assert table[0]["LSC Expires"] == rows[labs.FIRST]["expires"]
    assert "0 certificates that no phone holds" in lab.cadeado("utils", "capf", "stale-lsc", "list").stdout


def test_operations_and_what_their_status_means(idle_lab):
    lab = idle_lab
    assert "No certificate operation goes on" in lab.cadeado("device", "capf", "show").stdout
    lab.add_phones()
    rows = lab.json("device", "capf", "show")["operations"]
    assert [r["name"] for r in rows] == [labs.FIRST, labs.SECOND] and {r["step"] for r in rows} == {"pending"}
    assert lab.cadeado("device", "capf", "show", "SEP0011215A1AE9", check=False).returncode == 1
    # Every status that a phone can have is explained, and whatever an explanation tells to type exists.
    every = lab.json("capf", "explain")["statuses"]
    assert len(every) == 34 and len({s["status"] for s in every}) == 34
    for status in every:
        assert lab.json("capf", "explain", status["status"].upper())["statuses"] == [status]
        for words in re.findall(r"cadeado ([a-z]+(?: [a-z_]+)*)", status["next"]):
            assert lab.cadeado("help", *words.split(), check=False).returncode == 0, (status, words)
    assert lab.cadeado("capf", "explain", "Upgraded", check=False).returncode == 1
    lab.cadeado("utils", "capf", "set", "keep_alive", "60", "--yes")
    for wrong in ("4", "61", "ten"):
        done = lab.cadeado("utils", "capf", "set", "keep_alive", wrong, "--yes", check=False)
        assert done.returncode == 1 and "from 5 to 60" in done.stderr
