# SPDX-License-Identifier: BSD-2-Clause
"""What another program says about the bytes of whole conversations: nothing is malformed."""

import struct
import subprocess

import pytest

from lab import FIRST, PATIENCE
from peers import Sccp, Tftp, enrol

CLIENT, SERVER = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])


def ip(protocol, sent, payload):
    source, target = (CLIENT, SERVER) if sent else (SERVER, CLIENT)
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0, source, target) + payload


def capture(path, packets):
    """A capture file of bare IP packets."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for i, packet in enumerate(packets):
            f.write(struct.pack("<IIII", 1700000000, i, len(packet), len(packet)) + packet)


def tshark(path, *options):
    done = subprocess.run(["tshark", "-n", "-r", str(path), *options], capture_output=True, text=True,
                          timeout=PATIENCE, check=True)
    return done.stdout.splitlines()


class Recorded(Sccp):
    """A station whose bytes are kept in the order in which they passed."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.passed = []

    def raw(self, data):
        self.passed.append((True, data))
        super().raw(data)

    def recv(self):
        kind, version, body = super().recv()
        self.passed.append((False, struct.pack("<III", len(body) + 4, version, kind) + body))
        return kind, version, body

    def packets(self):
        at = {True: 1, False: 1}
        for sent, data in self.passed:
            for i in range(0, len(data), 1400):
                part = data[i:i + 1400]
                ports = (40000, 2000) if sent else (2000, 40000)
                yield ip(6, sent, struct.pack(">HHIIBBHHH", *ports, at[sent], at[not sent], 0x50, 0x18, 65535, 0, 0)
                         + part)
                at[sent] += len(part)


@pytest.mark.parametrize("version", [3, 5, 11, 17, 20, 22])
def test_registration_and_call(idle_lab, tmp_path, version):
    for device, number in ((FIRST, "1001"), ("SEP0011215A1AE9", "1009")):
        idle_lab.cadeado("device", "add", device, "--number", number, "--profile", "Non Secure")
    idle_lab.start()
    with Recorded(idle_lab.port("sccp")) as a, Sccp(idle_lab.port("sccp")) as b:
        b.ready("SEP0011215A1AE9")
        a.ready(FIRST, version)
        for kind, body in ((0x09, struct.pack("<I", 1)), (0x0A, struct.pack("<I", 1)), (0x0F, b""), (0x12, b""),
                           (0x33, struct.pack("<I", 1)), (0x34, struct.pack("<I", 1)), (0x00, b"")):
            a.send(kind, body, version if version >= 10 else 0)
        a.until(0x100)
        a.send(0x06)
        a.until(0x111)
        for digit in (1, 0, 0, 9):
            a.send(0x03, struct.pack("<III", digit, 1, 0), version if version >= 10 else 0)
        b.until(0x85)
        b.send(0x06)
        b.until(0x105)
        open_channel = a.until(0x105)
        a.send(0x07)
        a.until(0x106)
        a.send(0x27)
        a.until(0x118)
        assert len(open_channel) >= 92
        file = tmp_path / "sccp.pcap"
        capture(file, a.packets())
    assert tshark(file, "-Y", "_ws.malformed || _ws.expert.severity == error") == []
    seen = [int(x, 0) for line in tshark(file, "-Y", "skinny", "-T", "fields", "-e", "skinny.messageId")
            for x in line.split(",")]
    sent_and_got = [struct.unpack("<I", data[8:12])[0] for _, data in a.passed]
    assert sorted(seen) == sorted(sent_and_got)


def test_transfers(service_lab, tmp_path):
    """Every packet of two transfers and a refusal, each side's."""
    lab, packets = service_lab, []
    enrol(lab, FIRST)

    class Recording(Tftp):
        def keep(self, sent, data, server):
            ports = (40000, server) if sent else (server, 40000)
            packets.append(ip(17, sent, struct.pack(">HHHH", *ports, 8 + len(data), 0) + data))

        def raw(self, packet):
            self.keep(True, packet, 69)
            super().raw(packet)

        def send(self, packet):
            self.keep(True, packet, self.tid[1])
            super().send(packet)

        def recv(self):
            packet = super().recv()
            self.keep(False, packet, self.tid[1])
            return packet

    for name, options in (("CTL" + FIRST + ".tlv", ()), (FIRST + ".cnf.xml.enc.sgn", ("blksize", 600, "tsize", 0))):
        with Recording(lab.port("tftp")) as c:
            c.request(name, *options)
            first = c.recv()
            if options:
                c.ack(0)
                first = c.recv()
            assert c.rest(first, 600 if options else 512)
    with Recording(lab.port("tftp")) as c:
        c.request("absent")
        c.error()
    file = tmp_path / "tftp.pcap"
    capture(file, packets)
    assert tshark(file, "-Y", "_ws.malformed") == []
    seen = tshark(file, "-Y", "tftp", "-T", "fields", "-e", "tftp.opcode")
    assert len(seen) == len(packets)
