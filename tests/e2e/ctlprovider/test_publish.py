# SPDX-License-Identifier: BSD-2-Clause
"""Which lists a node takes, from whom, and what the answer says."""

import datetime
import os
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from provider import (ACCOUNT, TOKENS, Provider, audit, make_list, new_id, pin_file, published, sha256)


def test_the_node_tells_about_itself(provider):
    answer = provider.node()
    lab = provider.lab
    assert answer["node"] == "publisher" and answer["address"] == "127.0.0.1" and answer["publisher"] is True
    assert answer["nodes"] == [{"name": "publisher", "address": "127.0.0.1", "port": provider.port}]
    assert answer["mode"] == 0 and answer["ctl"] is None and answer["ever"] is False
    assert answer["staged"] is None and answer["last"] is None
    assert {s["name"] for s in answer["services"] if s["activated"] and s["started"]} >= {
        "Cisco Tftp", "Cisco CallManager", "Cisco CTL Provider", "Cisco Certificate Authority Proxy Function"}
    for one in answer["certificates"]:
        with open(lab.path("keys", one["name"] + ".pem"), encoding="ascii") as f:
            assert one["pem"] == f.read()
    assert [c["name"] for c in answer["certificates"]] == ["CallManager", "CAPF", "TVS", "ITLRecovery"]
    assert "PRIVATE" not in str(answer)
    lab.cadeado("utils", "service", "deactivate", "capf", "--yes")
    answer = provider.node()
    assert [c["name"] for c in answer["certificates"]] == ["CallManager", "TVS", "ITLRecovery"]
    lab.cadeado("cluster", "node", "add", "sub1", "--address", "192.0.2.20", "--port", "12444")
    lab.cadeado("cluster", "node", "add", "sub2", "--address", "sub2.example")
    assert provider.node()["nodes"][1:] == [{"name": "sub1", "address": "192.0.2.20", "port": 12444},
                                            {"name": "sub2", "address": "sub2.example", "port": provider.port}]
    lab.cadeado("cluster", "node", "delete", "sub1", "--yes")
    assert [n["name"] for n in lab.json("cluster", "node", "list")["nodes"]] == ["publisher", "sub2"]
    own = lab.cadeado("cluster", "node", "delete", "publisher", "--yes", check=False)
    assert own.returncode == 1 and "this node" in own.stderr


def test_publishing_in_two_phases(provider):
    lab = provider.lab
    content = make_list(lab)
    publication = new_id()
    assert provider.ask("GET", "ctl").status == 404
    staged = provider.stage(publication, content)
    assert staged.status == 200 and staged.json == {"id": publication, "state": "staged"}
    node = provider.node()
    assert node["staged"]["id"] == publication and node["staged"]["by"] == ACCOUNT and node["ctl"] is None
    assert node["mode"] == 0 and published(lab) is None
    assert provider.stage(publication, content).status == 200, "the same again is no error"
    assert provider.activate(publication).json == {"id": publication, "state": "active"}
    assert provider.activate(publication).status == 200, "the same again is no error"
    node = provider.node()
    assert node["ctl"] == {"sha256": sha256(content), "bytes": len(content)} and node["ever"] is True
    assert node["last"] == publication and node["staged"] is None and node["mode"] == 1
    given = provider.ask("GET", "ctl")
    assert given.bytes == published(lab) == content and given.headers["ETag"] == f'"{sha256(content)}"'
    head = provider.ask("HEAD", "ctl")
    assert head.bytes == b"" and int(head.headers["Content-Length"]) == len(content)
    shown = lab.cadeado("show", "ctl")
    assert "verified successfully" in shown.stdout, shown.stdout
    gone = provider.abort(publication)
    assert gone.status == 409, "what is active cannot be rolled back here"
    rows = [(r["action"], r["object"], r["result"]) for r in audit(lab) if r["action"].startswith("ctl")]
    assert ("ctl stage", publication, "done") in rows and ("ctl activate", publication, "done") in rows


def test_rolling_back(provider):
    content = make_list(provider.lab)
    publication = new_id()
    assert provider.stage(publication, content).status == 200
    assert provider.abort(publication).json == {"id": publication, "state": "aborted"}
    assert provider.abort(publication).status == 200, "nothing staged is no error"
    node = provider.node()
    assert node["staged"] is None and node["ctl"] is None and node["ever"] is False
    assert provider.activate(publication).status == 404


def test_a_token_replaces_no_other_certificate(provider, tmp_path):
    """One that the owner imported has the name and the serial of a token, and another key."""
    lab = provider.lab
    shown = lab.json("token", "show", TOKENS[1])["token"]
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, TOKENS[1])])
    now = datetime.datetime.now(datetime.timezone.utc)
    serial = x509.load_pem_x509_certificate(shown["certificate"].encode()).serial_number
    cert = x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key()) \
        .serial_number(serial).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=9)) \
        .sign(key, hashes.SHA256())
    path = tmp_path / "other.pem"
    path.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    lab.cadeado("set", "cert", "import", "trust", "Phone-SAST-trust", str(path))
    before = state(lab)
    publication = new_id()
    answer = provider.stage(publication, make_list(lab))
    assert answer.status == 422 and "set cert delete Phone-SAST-trust" in answer.json["text"], answer
    assert provider.abort(publication).status == 200
    assert state(lab) == before


def test_requests_that_make_no_sense(provider):
    content = make_list(provider.lab)
    one, seen = new_id(), {"If-None-Match": "*"}
    path = f"staged/{one}"
    assert provider.ask("PUT", path, content).status == 428
    for headers in ({"If-Match": "*"}, {"If-None-Match": '"a"'}, {"If-Match": '"abc"'}, {"If-Match": "a" * 64},
                    {"If-Match": 'W/"' + "a" * 64 + '"'}, {"If-Match": '"' + "g" * 64 + '"'},
                    {"If-Match": '"' + "a" * 64 + '"', "If-None-Match": "*"}):
        assert provider.ask("PUT", path, content, headers).status == 400, headers
    for wrong in (one[:-1], one.upper() if one.upper() != one else "A" * 32, one + "0", "../" + one[:29], "g" * 32):
        assert provider.ask("PUT", "staged/" + wrong, content, seen).status == 404, wrong
    for method, where in (("POST", "node"), ("PUT", "ctl"), ("GET", path), ("PUT", path + "/activate")):
        answer = provider.ask(method, where, headers=seen)
        assert answer.status == 405 and answer.headers["Allow"], (method, where)
    for where in ("", "nodes", "node/", path + "/activate/", "staged"):
        assert provider.ask("GET", where).status == 404, where
    assert provider.ask("PUT", path, b"x" * 65537, seen).status == 413
    for junk in (b"", b"x", b"x" * 65536, content[:-1], content + b"x", content[:len(content) // 2]):
        answer = provider.ask("PUT", path, junk, seen)
        assert answer.status == 422 and answer.json["error"] == "list" and answer.json["text"], (len(junk), answer)
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 1
    assert provider.ask("PUT", path, bytes(flipped), seen).status == 422
    node = provider.node()
    assert node["staged"] is None and node["ctl"] is None and node["ever"] is False


def test_the_present_list_must_be_the_one_that_was_seen(provider):
    first = make_list(provider.lab, later=3600)
    second = make_list(provider.lab, later=7200)
    assert provider.stage(new_id(), first, {"If-Match": '"' + "a" * 64 + '"'}).status == 412
    provider.publish(first)
    changed = provider.stage(new_id(), second, {"If-None-Match": "*"})
    assert changed.status == 412 and changed.json["error"] == "changed"
    assert provider.stage(new_id(), second, {"If-Match": f'"{sha256(second)}"'}).status == 412
    assert provider.stage(new_id(), second, {"If-Match": f'"{sha256(first).upper()}"'}).status == 200


def test_an_older_list_is_refused(provider):
    provider.publish(make_list(provider.lab, later=7200))
    older = provider.stage(new_id(), make_list(provider.lab, later=3600))
    assert older.status == 422 and older.json["error"] == "list", older
    assert "old" in older.json["text"]


def test_two_publishers_at_once(provider):
    """Exactly one gets through, whichever comes first; the other is told."""
    lab = provider.lab
    lists = [make_list(lab, signer=TOKENS[n]) for n in range(2)]
    ids = [new_id() for _ in range(2)]
    for _ in range(5):
        answers = [None, None]
        barrier = threading.Barrier(2)

        def publish(n):
            barrier.wait()
            answers[n] = provider.stage(ids[n], lists[n], {"If-None-Match": "*"}, source=f"127.0.0.{50 + n}")
        threads = [threading.Thread(target=publish, args=(n,)) for n in range(2)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert sorted(a.status for a in answers) == [200, 409], answers
        winner = 0 if answers[0].status == 200 else 1
        loser = answers[1 - winner].json
        assert loser["error"] == "busy" and ACCOUNT in loser["text"] and ids[winner] in loser["text"]
        assert provider.activate(ids[1 - winner]).status == 404
        assert provider.abort(ids[winner]).status == 200
    assert provider.stage(ids[0], lists[0], {"If-None-Match": "*"}).status == 200
    assert provider.activate(ids[0]).status == 200
    late = provider.stage(ids[1], lists[1], {"If-None-Match": "*"})
    assert late.status == 412, late
    assert published(lab) == lists[0]


@pytest.fixture(scope="session")
def strangers(fresh, tmp_path_factory):
    """Somebody else's tokens, in a folder of their own."""
    folder = str(tmp_path_factory.mktemp("strangers"))
    for serial in ("ADN00000666", "ADN00000667"):
        fresh.cadeado("token", "create", "--tokens", folder, "--serial", serial, "--pin-file", pin_file(fresh))
    return folder


def state(lab):
    """Every file that a publication touches, and the mode."""
    found = {}
    for sub in ("ctl", "tftp", "keys"):
        for base, _, files in os.walk(lab.path(sub)):
            for name in files:
                with open(os.path.join(base, name), "rb") as f:
                    found[os.path.join(base, name)] = f.read()
    return found


def test_a_stolen_password_publishes_nothing(provider, strangers):
    """Somebody has the administrator's password and no token of the present list."""
    lab = provider.lab
    provider.publish(make_list(lab, later=3600))
    before = state(lab)
    names = ("SAST-ADN00000666", "SAST-ADN00000667")
    own = [os.path.join(strangers, name + ".token") for name in names]
    theirs = [lab.path("tokens", name + ".token") for name in TOKENS]
    for sasts in (own, own + theirs):
        content = make_list(lab, signer=names[0], sasts=sasts, later=7200, tokens=strangers)
        for headers in (provider.seen(), {"If-None-Match": "*"}):
            answer = provider.stage(new_id(), content, headers)
            assert answer.status in (403, 412), answer
            assert provider.node()["staged"] is None
        answer = provider.stage(new_id(), content)
        assert answer.status == 403 and answer.json["error"] == "trust", answer
    # An old list of the right signer, and the present one again, change nothing either.
    assert provider.stage(new_id(), make_list(lab, later=1800)).status == 422
    for method, path in (("DELETE", "ctl"), ("PUT", "node"), ("POST", "node"), ("DELETE", "node")):
        assert provider.ask(method, path).status == 405
    assert provider.node()["mode"] == 1
    assert state(lab) == before
    refused = [r for r in audit(lab) if r["action"] == "ctl stage" and r["result"] != "done"]
    assert refused and all(r["who"] == ACCOUNT and r["from"] == "127.0.0.1" for r in refused)


def test_nothing_is_first_after_a_list_was_held(provider, strangers):
    """The file is gone, by whatever hand: over the network nobody begins anew."""
    lab = provider.lab
    provider.publish(make_list(lab))
    os.unlink(lab.path("tftp", "CTLFile.tlv"))
    node = provider.node()
    assert node["ctl"] is None and node["ever"] is True
    stranger = make_list(lab, signer="SAST-ADN00000666", tokens=strangers,
                         sasts=("SAST-ADN00000666", "SAST-ADN00000667"))
    for content in (stranger, make_list(lab)):
        answer = provider.stage(new_id(), content, {"If-None-Match": "*"})
        assert answer.status == 403 and "file delete tftp" in answer.json["text"], answer
    assert provider.node()["mode"] == node["mode"]


def test_a_retired_token_signs_no_more(provider):
    """The second list names a new token instead of the first; from then on the first is a stranger."""
    lab = provider.lab
    lab.cadeado("token", "create", "--serial", "ADN33333333", "--pin-file", pin_file(lab))
    new = "SAST-ADN33333333"
    provider.publish(make_list(lab, later=3600))
    provider.publish(make_list(lab, signer=TOKENS[1], sasts=(TOKENS[1], new), later=7200))
    for sasts in (TOKENS, (TOKENS[0], TOKENS[1], new)):
        answer = provider.stage(new_id(), make_list(lab, signer=TOKENS[0], sasts=sasts, later=10800))
        assert answer.status == 403, answer
    provider.publish(make_list(lab, signer=new, sasts=(TOKENS[1], new), later=14400))


def test_provider_is_stopped_and_started(node):
    provider = Provider(node)
    assert provider.node()["node"] == "publisher"
    node.cadeado("utils", "service", "stop", "ctlprovider", "--yes")
    with pytest.raises(OSError):
        provider.node()
    node.cadeado("utils", "service", "start", "ctlprovider", "--yes")
    assert provider.node()["node"] == "publisher"
