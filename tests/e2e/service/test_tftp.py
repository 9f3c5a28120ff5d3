# SPDX-License-Identifier: BSD-2-Clause
"""TFTP as tftp-hpa, curl and strangers meet it."""

import hashlib
import os
import re
import selectors
import socket
import struct
import subprocess
import time

import pytest

from lab import FIRST, PATIENCE, program, wait_for
from peers import HOST, Tftp

CTL = "CTL" + FIRST + ".tlv"


def served(lab, name):
    with open(lab.path("tftp", name), "rb") as f:
        return f.read()


def put(lab, name, content):
    with open(lab.path("tftp", name), "wb") as f:
        f.write(content)


@pytest.fixture
def server(service_lab):
    return service_lab


def test_tftp_hpa(server, tmp_path):
    for mode in ("octet", "netascii"):
        out = tmp_path / mode
        done = subprocess.run(["tftp", "-m", mode, HOST, str(server.port("tftp")), "-c", "get", CTL, str(out)],
                              capture_output=True, text=True, timeout=PATIENCE, check=True)
        assert "Error" not in done.stdout
        assert out.read_bytes() == served(server, "CTLFile.tlv"), mode


def test_curl(server):
    for options in ([], ["--tftp-blksize", "8192"], ["--tftp-blksize", "8"], ["--tftp-no-options"]):
        done = subprocess.run(["curl", "-sS", *options, "tftp://%s:%d/%s" % (HOST, server.port("tftp"), CTL)],
                              capture_output=True, timeout=PATIENCE, check=True)
        assert done.stdout == served(server, "CTLFile.tlv"), options


def test_signed_configuration(server):
    done = subprocess.run(["curl", "-sS", "tftp://%s:%d/%s.cnf.xml.sgn" % (HOST, server.port("tftp"), FIRST)],
                          capture_output=True, timeout=PATIENCE, check=True)
    assert done.stdout[:5] == b"\1\0\2\1\0" and b"<fullConfig>false</fullConfig>" in done.stdout


def test_options_are_answered_before_data(server):
    size = len(served(server, "CTLFile.tlv"))
    with Tftp(server.port("tftp")) as c:
        c.request("CTLFile.tlv", "tsize", 0, "blksize", 65464, "timeout", 5, "windowsize", 16)
        assert c.recv() == b"\0\6blksize\0001468\0tsize\000%d\0timeout\0005\0windowsize\00016\0" % size
        c.ack(0)
        assert c.window(c.recv(), 1468, 16) == served(server, "CTLFile.tlv")


def test_windows(server):
    """RFC 7440: an ACK for each window; what was lost in one comes again from there on."""
    content = os.urandom(512 * 100)
    put(server, "windows.bin", content)
    with Tftp(server.port("tftp")) as c:
        c.request("windows.bin", "windowsize", 5)
        assert c.recv() == b"\0\6windowsize\0005\0"
        c.ack(0)
        blocks = [c.recv() for _ in range(5)]
        assert [struct.unpack(">H", b[2:4])[0] for b in blocks] == [1, 2, 3, 4, 5]
        c.ack(2)  # as if block 3 had been lost
        again = [c.recv() for _ in range(5)]
        assert [struct.unpack(">H", b[2:4])[0] for b in again] == [3, 4, 5, 6, 7]
        c.ack(7)
        got = b"".join(b[4:] for b in blocks[:2] + again)
        assert got + c.window(c.recv(), 512, 5, first=8) == content


def test_atftp(server, tmp_path):
    content = os.urandom(300000)
    put(server, "image.bin", content)
    for options in ([], ["--option", "blksize 1400"], ["--option", "windowsize 8"], ["--option", "tsize"],
                    ["--option", "timeout 2"]):
        out = tmp_path / "out"
        subprocess.run(["atftp", *options, "--get", "-r", "image.bin", "-l", str(out), HOST, str(server.port("tftp"))],
                       capture_output=True, timeout=PATIENCE, check=True)
        assert out.read_bytes() == content, options
        out.unlink()


def test_names_have_no_case(server):
    put(server, "RingList.xml", b"<CiscoIPPhoneRingList/>")
    with Tftp(server.port("tftp")) as c:
        c.request("ringlist.XML")
        assert c.rest(c.recv()) == b"<CiscoIPPhoneRingList/>"
    assert wait_for(lambda: "ringlist.XML was asked for; RingList.xml is there" in server.log())


def test_what_changes_is_served_at_once(server):
    """Whatever is kept in memory: the answer after a change is never the one before."""
    with Tftp(server.port("tftp")) as c:
        for i in range(40):
            put(server, "often.xml", b"%d" % i)
            c.request("often.xml")
            assert c.rest(c.recv()) == b"%d" % i
        time.sleep(0.2)
        for _ in range(2):
            c.request("often.xml")
            assert c.rest(c.recv()) == b"39"
        os.unlink(server.path("tftp", "often.xml"))
        c.request("often.xml")
        assert c.error()[0] == 1
        # A name that is known, then one that is closer to what is asked for.
        put(server, "ofTEN.xml", b"near")
        time.sleep(0.2)
        for _ in range(2):
            c.request("often.xml")
            assert c.rest(c.recv()) == b"near"
        put(server, "often.xml", b"exact")
        c.request("often.xml")
        assert c.rest(c.recv()) == b"exact"


def test_a_phone_that_is_deleted_gets_nothing_more(server):
    name = FIRST + ".cnf.xml.sgn"
    time.sleep(0.2)
    with Tftp(server.port("tftp")) as c:
        for _ in range(3):
            c.request(name)
            assert c.rest(c.recv())
        server.cadeado("device", "delete", FIRST, "--yes")
        c.request(name)
        assert c.error()[0] == 1
        c.request(CTL)
        assert c.error()[0] == 1


def test_hundreds_at_once(server):
    """Each from an address of its own; every byte compared."""
    want = served(server, "CTLFile.tlv")
    waiting, left = selectors.DefaultSelector(), 600
    for i in range(left):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.3.%d.%d" % (i // 250, 1 + i % 250), 0))
        waiting.register(sock, selectors.EVENT_READ, [])
        sock.sendto(b"\0\1CTLFile.tlv\0octet\0", (HOST, server.port("tftp")))
    end = time.monotonic() + PATIENCE
    while left and time.monotonic() < end:
        for key, _ in waiting.select(1):
            packet, peer = key.fileobj.recvfrom(2048)
            opcode, block = struct.unpack(">HH", packet[:4])
            assert opcode == 3, packet
            if block != len(key.data) + 1:
                continue  # again
            key.data.append(packet[4:])
            key.fileobj.sendto(b"\0\4" + packet[2:4], peer)
            if len(packet) < 516:
                assert b"".join(key.data) == want
                waiting.unregister(key.fileobj)
                key.fileobj.close()
                left -= 1
    assert not left
    assert "packets were lost" not in server.log()


def test_a_client_that_begins_anew_on_its_port(server):
    """It has the old file, or wants another one: the transfer before is forgotten."""
    put(server, "one.bin", b"1" * 2000)
    put(server, "two.bin", b"2" * 2000)
    with Tftp(server.port("tftp")) as c:
        c.request("one.bin")
        c.recv()
        c.ack(1)
        c.recv()
        c.request("two.bin")
        assert c.rest(c.recv()) == b"2" * 2000


def test_several_addresses(idle_lab):
    conf = idle_lab.path("cadeado.conf")
    with open(conf, encoding="utf-8") as f:
        text = f.read()
    with open(conf, "w", encoding="utf-8") as f:
        f.write(re.sub(r"(?m)^tftp_addresses = .*$", "tftp_addresses = address ::1 127.0.0.5", text))
    idle_lab.start()
    put(idle_lab, "file.bin", b"x" * 3000)
    for host in ("127.0.0.1", "127.0.0.5", "[::1]"):
        done = subprocess.run(["curl", "-sS", "tftp://%s:%d/file.bin" % (host, idle_lab.port("tftp"))],
                              capture_output=True, timeout=PATIENCE, check=True)
        assert done.stdout == b"x" * 3000, host


def test_all_addresses_answer_from_the_one_that_was_asked(idle_lab):
    conf = idle_lab.path("cadeado.conf")
    with open(conf, encoding="utf-8") as f:
        text = f.read()
    with open(conf, "w", encoding="utf-8") as f:
        f.write(re.sub(r"(?m)^tftp_addresses = .*$", "tftp_addresses = 0.0.0.0 ::", text))
    idle_lab.start()
    put(idle_lab, "file.bin", b"x" * 3000)
    for family, host, mine in ((socket.AF_INET, "127.0.0.7", "127.0.0.8"), (socket.AF_INET6, "::1", "::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            s.bind((mine, 0))
            s.settimeout(PATIENCE)
            s.sendto(b"\0\1file.bin\0octet\0", (host, idle_lab.port("tftp")))
            got = b""
            while True:
                packet, peer = s.recvfrom(2048)
                assert peer[0] == host
                got += packet[4:]
                s.sendto(b"\0\4" + packet[2:4], peer)
                if len(packet) < 516:
                    break
            assert got == b"x" * 3000


def test_block_numbers_roll_over(server):
    content = os.urandom(8 * 65540 + 5)
    put(server, "large.bin", content)
    with Tftp(server.port("tftp")) as c:
        c.request("large.bin", "blksize", 8)
        assert c.recv() == b"\0\6blksize\0008\0"
        c.ack(0)
        assert c.rest(c.recv(), 8) == content


def test_refusals(server):
    with Tftp(server.port("tftp")) as c:
        answers = set()
        for name in ("CTLSEPFFFFFFFFFFFF.tlv", "nothing", "../cadeado.conf", "/etc/passwd", "..\\cadeado.conf",
                     "a/../../cadeado.conf", "a\x01b", "", "ConfigFileCacheList.txt", ".hidden", "a" * 100):
            c.request(name)
            answers.add(c.recv())
        assert answers == {b"\0\5\0\1File not found\0"}
        c.request("CTLFile.tlv", opcode=2)
        assert c.error()[0] == 2
        c.request("CTLFile.tlv", mode="mail")
        assert c.error()[0] == 4
        assert not os.path.exists(server.path("tftp", "new"))


def guess_settings(lab, **changes):
    conf = lab.path("cadeado.conf")
    with open(conf, encoding="utf-8") as f:
        text = f.read()
    for name, value in changes.items():
        text = re.sub(rf"(?m)^{name} = .*$", f"{name} = {value}", text)
    with open(conf, "w", encoding="utf-8") as f:
        f.write(text)


def answers_to_guesses(lab, source, count):
    """How many of so many different phones are answered about, each asked for from a port of its own."""
    clients, answered = [], 0
    try:
        for i in range(count):
            c = Tftp(lab.port("tftp"))
            clients.append(c)
            c.sock.close()
            c.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            c.sock.bind((source, 0))
            c.request("SEP00112233%04X.cnf.xml" % i)
        wait_for(lambda: lab.trace("ctftp").count("~%s~" % source) >= 2 * count)
        for c in clients:
            c.sock.settimeout(0)
            try:
                assert c.recv() == b"\0\5\0\1File not found\0"
                answered += 1
            except BlockingIOError:
                pass
    finally:
        for c in clients:
            c.sock.close()
    return answered


def test_who_guesses_names_is_answered_slowly(idle_lab):
    guess_settings(idle_lab, guess_names=20, guess_seconds=600, guess_exempt="127.0.9.0/24")
    idle_lab.add_phones()
    idle_lab.start()
    began = time.monotonic()
    answered = answers_to_guesses(idle_lab, "127.0.8.1", 120)
    assert 20 <= answered <= 22 + time.monotonic() - began
    # What is known comes at once to that source, too; and everything to others and to those that are listed.
    with Tftp(idle_lab.port("tftp")) as c:
        c.sock.close()
        c.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        c.sock.bind(("127.0.8.1", 0))
        c.sock.settimeout(PATIENCE)
        began = time.monotonic()
        for _ in range(20):
            c.request(CTL)
            assert c.rest(c.recv()) == served(idle_lab, "CTLFile.tlv")
            c.request("nothing.xml")
            assert c.error()[0] == 1
    assert answers_to_guesses(idle_lab, "127.0.9.7", 120) == 120
    assert answers_to_guesses(idle_lab, "127.0.8.2", 15) == 15
    assert wait_for(lambda: "tftp: 127.0.8.1 asked for more than 20 phones that are not known within 600 s"
                    in idle_lab.log())
    assert "127.0.9.7" not in idle_lab.log() and "127.0.8.2" not in idle_lab.log()
    audit = wait_for(lambda: [e for e in idle_lab.json("utils", "audit", "show")["entries"] if e["action"] == "tftp guess"])
    assert [e["from"] for e in audit] == ["127.0.8.1"]


def test_a_setting_that_names_no_network(idle_lab):
    guess_settings(idle_lab, guess_exempt="10.0.0.1/8")
    done = subprocess.run([program("cadeadod"), "--state", idle_lab.dir], capture_output=True, text=True,
                          timeout=PATIENCE, check=False)
    assert done.returncode == 1 and "setting guess_exempt: '10.0.0.1/8' is no network" in done.stderr


def test_unknown_and_unknown_look_alike(server):
    """Whether a phone exists must not show in more than 'not found'."""
    with Tftp(server.port("tftp")) as c:
        answers = set()
        for name in ("SEPFFFFFFFFFFFF.cnf.xml.sgn", "CTLSEPFFFFFFFFFFFF.tlv", FIRST + ".cnf.xml.enc.sgn", "x"):
            c.request(name)
            answers.add(c.recv())
        assert answers == {b"\0\5\0\1File not found\0"}


GARBAGE = [b"", b"\0", b"\0\1", b"\0\1a", b"\0\1a\0", b"\0\1a\0octet", b"\0\1" + b"a" * 2000 + b"\0octet\0",
           b"\0\1a\0octet\0blksize\0", b"\0\1a\0octet\0" + b"x\0001\0" * 100, b"\0\2", b"\0\3\0\1data", b"\0\4\0\1",
           b"\0\5\0\1stop\0", b"\0\6blksize\x008\0", b"\0\x63", b"\xff" * 600, os.urandom(1400)]


def test_garbage_does_not_disturb_a_transfer(server):
    content = os.urandom(20000)
    put(server, "slow.bin", content)
    with Tftp(server.port("tftp")) as c, Tftp(server.port("tftp")) as stranger:
        c.request("slow.bin")
        got, block = b"", 1
        while True:
            packet = c.recv()
            assert packet[:4] == struct.pack(">HH", 3, block)
            got += packet[4:]
            junk = GARBAGE[block % len(GARBAGE)]
            stranger.raw(junk)
            stranger.sock.sendto(junk, c.tid)
            c.ack(block - 1)  # an old one: must not make anything be sent twice
            c.ack(block)
            c.ack(block)
            if len(packet) < 516:
                break
            block += 1
        assert got == content
    assert wait_for(lambda: "tftp: " in server.log())


def test_stranger_gets_error_5(server):
    with Tftp(server.port("tftp")) as c, Tftp(server.port("tftp")) as stranger:
        c.request("CTLFile.tlv")
        first = c.recv()
        stranger.sock.sendto(b"\0\4\0\1", c.tid)
        stranger.tid = c.tid
        assert stranger.error()[0] == 5
        stranger.send(b"\0\5\0\0no\0")  # an error is not answered, and ends nothing
        assert c.rest(first) == served(server, "CTLFile.tlv")


def test_wrong_packet_ends_only_its_transfer(server):
    with Tftp(server.port("tftp")) as c:
        c.request("CTLFile.tlv")
        c.recv()
        c.send(b"\xff\xff")
        assert c.error()[0] == 4
        c.request("CTLFile.tlv")
        assert c.rest(c.recv()) == served(server, "CTLFile.tlv")


def test_answers_to_silence_are_bounded(server):
    """An address that proves nothing by an ACK gets the first packet, three times in all."""
    with Tftp(server.port("tftp")) as c:
        c.request("CTLFile.tlv")
        c.request("CTLFile.tlv")  # the same again is not served twice
        packets = [c.recv() for _ in range(3)]
        assert len(set(packets)) == 1 and len(packets[0]) == 516
        assert wait_for(lambda: "given up at block 1, no answer after 3 sendings" in server.log())
        c.sock.settimeout(0)
        with pytest.raises(BlockingIOError):
            c.recv()


def test_a_forged_ack_is_worth_one_block(server):
    """Transfers in windows have a port each, which only who gets the OACK knows; others share one, on which what nobody
    acknowledges is sent three times in all."""
    put(server, "amplified.bin", bytes(100000))
    options = ("blksize", 1468, "timeout", 1)
    with Tftp(server.port("tftp")) as a, Tftp(server.port("tftp")) as b, Tftp(server.port("tftp")) as c, \
            Tftp(server.port("tftp")) as d:
        for one in (a, b):
            one.request("amplified.bin", *options)
            assert b"windowsize" not in one.recv()
        for one in (c, d):
            one.request("amplified.bin", *options, "windowsize", 32)
            assert b"windowsize\x0032" in one.recv()
        assert c.tid != d.tid and not {c.tid, d.tid} & {a.tid, b.tid}
        # A forger knows the shared port, and its ACK there moves nothing.
        own = c.tid
        c.sock.sendto(b"\0\4\0\0", a.tid)
        assert c.error()[0] == 5
        c.sock.sendto(b"\0\4\0\0", own)
        assert [c.recv()[2:4] for _ in range(32)] == [bytes((0, i + 1)) for i in range(32)]
        a.ack(0)
        blocks = [a.recv() for _ in range(3)]
        assert len(set(blocks)) == 1 and len(blocks[0]) == 1472
        assert wait_for(lambda: "given up at block 1, no answer after 3 sendings" in server.log())
        a.sock.settimeout(0)
        with pytest.raises(BlockingIOError):
            a.recv()


def test_share_of_one_address(server):
    """One address cannot take all places; another is served meanwhile."""
    clients = [Tftp(server.port("tftp")) for _ in range(600)]
    try:
        for c in clients:
            c.request("CTLFile.tlv", "blksize", 8)
        with Tftp(server.port("tftp")) as other:
            other.sock.close()
            other.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            other.sock.bind(("127.0.0.2", 0))
            other.sock.settimeout(PATIENCE)
            other.request("CTLFile.tlv")
            assert other.rest(other.recv()) == served(server, "CTLFile.tlv")
        assert wait_for(lambda: "too many transfers from this address" in server.log())
    finally:
        for c in clients:
            c.sock.close()


def test_traces(server):
    size = len(served(server, "CTLFile.tlv"))
    with Tftp(server.port("tftp")) as c:
        c.request(CTL)
        c.rest(c.recv())
        port = c.sock.getsockname()[1]
        assert wait_for(lambda: "Transferred[" in server.trace("ctftp"))
        c.request("absent")
        assert c.error()[0] == 1
    lines = [x for x in server.trace("ctftp").splitlines() if "~127.0.0.1~%d]" % port in x]
    begin, end, _, refused = lines
    context = re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} \|TFTPEngine::isReadRequest\[(0x[0-9a-f]+~\d+~127\.0\.0\.1~\d+)\], \["
                           + CTL + r"\] opcode\(1\), Mode\(octet\), Serving Count\(0\)", begin).group(1)
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} \|TID\[[0-9a-f]{8}\] TFTPEngine::processMessage\[" + re.escape(context)
                        + r"\], Transferred\[CTLFile\.tlv\] Socket\[\d+\], Asked\[" + CTL
                        + r"\] Bytes\[%d\] Blocks\[%d\] Retransmissions\[0\] Version\[%s\] Signature\[CN=SAST-ADN4e31f914, SHA-1, "
                          r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\]"
                        % (size, size // 512 + 1, hashlib.md5(served(server, "CTLFile.tlv")).hexdigest()), end)
    assert refused.endswith("File[absent], Error(1), Fault[no file of that name in tftp/]")


def test_traces_tell_what_is_normal(server):
    server.cadeado("device", "add", "SEP0011215A1AE9")
    with Tftp(server.port("tftp")) as c:
        for name in ("SEP0011215A1AE9.cnf.xml.enc.sgn", "Brazil/g3-tones.xml", "SEPFFFFFFFFFFFF.cnf.xml.sgn",
                     "ConfigFileCacheList.txt"):
            c.request(name)
            assert c.error()[0] == 1
    trace = server.trace("ctftp")
    for text in ("File[SEP0011215A1AE9.cnf.xml.enc.sgn], Error(1), Normal[TFTP Encrypted Config is off",
                 "File[Brazil/g3-tones.xml], Error(1), Normal[",
                 "Error(1), Fault[this phone is not known; add it with: cadeado device add SEPFFFFFFFFFFFF]",
                 "File[ConfigFileCacheList.txt], Error(1), Fault["):
        assert text in trace, (text, trace[-2000:])
