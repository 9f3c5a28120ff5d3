# SPDX-License-Identifier: BSD-2-Clause
"""TFTP as tftp-hpa, curl and strangers meet it."""

import os
import re
import socket
import struct
import subprocess

import pytest

from lab import FIRST, PATIENCE, wait_for
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
        assert c.recv() == b"\0\6blksize\0001468\0tsize\000%d\0timeout\0005\0" % size
        c.ack(0)
        assert c.rest(c.recv(), 1468) == served(server, "CTLFile.tlv")


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
        for name, error in (("CTLSEPFFFFFFFFFFFF.tlv", 1), ("nothing", 1), ("../cadeado.conf", 2), ("/etc/passwd", 2),
                            ("..\\cadeado.conf", 2), ("a/../../cadeado.conf", 2), ("a\x01b", 2), ("", 2),
                            ("ConfigFileCacheList.txt", 1)):
            c.request(name)
            code, text = c.error()
            assert code == error, (name, code, text)
            assert "/" not in text
        c.request("CTLFile.tlv", opcode=2)
        assert c.error()[0] == 2
        c.request("CTLFile.tlv", mode="mail")
        assert c.error()[0] == 4
        assert not os.path.exists(server.path("tftp", "new"))


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


def test_share_of_one_address(server):
    """One address cannot take all places; another is served meanwhile."""
    clients = [Tftp(server.port("tftp")) for _ in range(300)]
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
    with Tftp(server.port("tftp")) as c:
        c.request(CTL)
        c.rest(c.recv())
        port = c.sock.getsockname()[1]
        assert wait_for(lambda: "Transferred[" in server.trace("ctftp.log"))
        c.request("absent")
        assert c.error()[0] == 1
    lines = [x for x in server.trace("ctftp.log").splitlines() if "~127.0.0.1~%d]" % port in x]
    begin, end, _, refused = lines
    context = re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} \|TFTPEngine::isReadRequest\[(0x[0-9a-f]+~\d+~127\.0\.0\.1~\d+)\], \["
                           + CTL + r"\] opcode\(1\), Mode\(octet\), Serving Count\(0\)", begin).group(1)
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} \|TID\[[0-9a-f]{8}\] TFTPEngine::processMessage\[" + re.escape(context)
                        + r"\], Transferred\[CTLFile\.tlv\] Socket\[\d+\]", end)
    assert refused.endswith("File[absent], Error(1)")
