#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes layouts.txt beside this file.

Each message is packed here field by field from the offsets that Wireshark's skinny dissector reads
(its tables, version 4.0), shares nothing with the C code, and is then given to tshark, which must
not find it malformed.  Run it again after adding a message: it needs tshark.
"""

import importlib.util
import pathlib
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location(
    "judge", HERE.parents[1] / "e2e" / "wire" / "test_sccp_tshark.py")
judge = importlib.util.module_from_spec(spec)
spec.loader.exec_module(judge)


def u32(*values):
    return struct.pack(f"<{len(values)}I", *values)


def text(value, size):
    data = value.encode("latin-1")
    assert len(data) <= size
    return data.ljust(size, b"\0")


def packed(*values):
    return b"".join(v.encode("latin-1") + b"\0" for v in values)


def ipv4(dotted):
    return bytes(int(part) for part in dotted.split("."))


def address(version, dotted):
    return ipv4(dotted) if version < 17 else u32(0) + ipv4(dotted) + bytes(12)


def pad(body):
    return body + bytes(-len(body) % 4)


def message(number, header, body):
    return struct.pack("<III", len(body) + 4, header, number) + body


def header_of(version):
    return version if version >= 10 else 0


KEY = bytes(range(0x40, 0x50))
SALT = bytes(range(0x60, 0x6E))
CRYPTO = struct.pack("<IHH16s16sII", 1, 16, 14, KEY, SALT, 0, 0)
NO_CRYPTO = bytes(48)

OUT = []
TO_JUDGE = []


def vector(title, version, number, body, matches, zero=False):
    data = message(number, 0 if zero else header_of(version), body)
    TO_JUDGE.append((title, data))
    lines = [f"# {title}", f"version {version}"]
    digits = data.hex()
    rows = [digits[:24]] + [digits[i:i + 80] for i in range(24, len(digits), 80)]
    lines.append("decode " + rows[0])
    lines += ["       " + row for row in rows[1:]]
    lines += [f"match {name} = {value}" for name, value in matches]
    lines.append("encode -")
    lines.append("match " + rows[0])
    lines += ["       " + row for row in rows[1:]]
    OUT.append("\n".join(lines))


def registration():
    body = (text("SEP0011215A1AE3", 16) + u32(0, 1) + ipv4("192.0.2.10") + u32(30018, 5, 0)
            + bytes([17, 0x00, 0x72, 0x85]) + u32(0, 0) + bytes.fromhex("0011215a1ae3") + bytes(6)
            + u32(3, 6) + bytes(16) + u32(0) + text("SCCP41.8-5-3S", 32))
    assert len(body) == 124
    vector("Register of a 7961", 0, 0x0001, body,
           [("message", "0x0001 Register"), ("device_name", '"SEP0011215A1AE3"'),
            ("address", "192.0.2.10"), ("device_type", 30018), ("max_streams", 5), ("version", 17),
            ("features", "007285"), ("mac", "0011215a1ae3000000000000"), ("ipv4_scope", 3),
            ("max_lines", 6), ("firmware", '"SCCP41.8-5-3S"')])
    body = struct.pack("<I6s2xIB3s", 30, b"D.M.YA", 60, 17, bytes([0x20, 0xF1, 0xFF]))
    vector("RegisterAck: the date template fills its field and has no end", 17, 0x0081, body,
           [("message", "0x0081 RegisterAck"), ("keepalive", 30), ("date_template", '"D.M.YA"'),
            ("secondary_keepalive", 60), ("version", 17), ("features", "20f1ff")], zero=True)
    vector("RegisterReject", 0, 0x009D, text("No Entry in Database", 32),
           [("text", '"No Entry in Database"')])
    vector("KeepAlive", 11, 0x0000, b"", [("message", "0x0000 KeepAlive")])
    vector("KeepAliveAck, header version 0 whatever was negotiated", 17, 0x0100, b"",
           [("message", "0x0100 KeepAliveAck")], zero=True)
    vector("UnregisterAck", 17, 0x0118, u32(2), [("status", 2)], zero=True)
    entries = [(4, 40), (2, 40), (9, 30), (257, 0)]
    body = u32(4) + b"".join(u32(codec, ms) + (u32(2) if codec == 9 else bytes([0, 101, 0, 0])
                             if codec == 257 else bytes(4)) + bytes(4) for codec, ms in entries)
    vector("CapabilitiesRes", 11, 0x0010, body,
           [("count", 4), ("capabilities[0].codec", 4), ("capabilities[1].max_frames", 40),
            ("capabilities[2].parameters.codec_mode", 2),
            ("capabilities[3].parameters.dynamic_payload", 101)])
    pairs = [(1, 9), (2, 9), (1, 2)] + [(0, 255)] * 39
    vector("ButtonTemplate with 42 places", 11, 0x0097,
           u32(0, 3, 3) + b"".join(bytes(p) for p in pairs),
           [("count", 3), ("buttons[1].instance", 2), ("buttons[1].type", 9), ("buttons[2].type", 2)])
    keys = [("\x80\x01", 1), ("\x80\x02", 2), ("NewCall", 3)] + [("", 0)] * 29
    vector("SoftKeyTemplateRes with 32 places", 11, 0x0108,
           u32(0, 3, 3) + b"".join(text(label, 16) + u32(event) for label, event in keys),
           [("keys[0].event", 1), ("keys[2].label", '"NewCall"')])
    sets = [[2, 1], [3, 9, 4], [10, 2]] + [[]] * 13
    body = u32(0, 3, 3)
    for one in sets:
        body += bytes(one).ljust(16, b"\0")
        body += struct.pack("<16H", *[300 + n for n in one], *[0] * (16 - len(one)))
    vector("SoftKeySetRes with 16 sets", 17, 0x0109, body,
           [("count", 3), ("sets[1].keys", "03090400000000000000000000000000"),
            ("sets[1].infos", "303 309 304 0 0 0 0 0 0 0 0 0 0 0 0 0")])
    vector("LineStat", 11, 0x0092,
           u32(1) + text("1001", 24) + text("Anna", 40) + text("Desk", 40) + u32(15),
           [("line", 1), ("number", '"1001"'), ("display_name", '"Anna"'), ("label", '"Desk"'),
            ("options", 15)])
    vector("LineStatV2", 17, 0x0147, pad(u32(1, 0) + packed("1001", "Anna", "Desk")),
           [("line", 1), ("number", '"1001"'), ("display_name", '"Anna"'), ("label", '"Desk"')])
    for version, size in ((17, 24), (20, 25)):
        body = (u32(1, 2, 1) + text("2001", size) + u32(0) + text("", size) + u32(1)
                + text("9" * size, size))
        vector(f"ForwardStat in version {version}: numbers of {size} bytes", version, 0x0090,
               pad(body), [("active", 1), ("line", 2), ("all_number", '"2001"'),
                           ("no_answer_active", 1), ("no_answer_number", f'"{"9" * size}"')])
    vector("ConfigStat", 11, 0x0093,
           text("SEP0011215A1AE3", 16) + u32(0, 1) + text("anna", 40) + text("publisher", 40)
           + u32(2, 1), [("user_name", '"anna"'), ("server_name", '"publisher"'), ("lines", 2),
                         ("speed_dials", 1)])
    vector("DefineTimeDate, Wednesday 2011-08-31 13:28:03", 11, 0x0094,
           u32(2011, 8, 3, 31, 13, 28, 3, 0, 1314797283),
           [("year", 2011), ("month", 8), ("weekday", 3), ("day", 31), ("hour", 13),
            ("minute", 28), ("second", 3), ("system_time", 1314797283)])
    for version in (11, 17):
        names = text("publisher", 48) + text("backup", 48) + bytes(48 * 3)
        body = names + u32(2000, 2443, 0, 0, 0) + address(version, "192.0.2.1")
        body += address(version, "192.0.2.2") + address(version, "0.0.0.0") * 3
        vector(f"ServerRes in version {version}", version, 0x009E, body,
               [("names[1].name", '"backup"'), ("ports[1].port", 2443),
                ("addresses[1].address", "192.0.2.2")])
    vector("Reset, restart", 17, 0x009F, u32(2), [("type", 2)])


def calls():
    call = 0x01000007
    vector("KeypadButton, pound", 11, 0x0003, u32(15, 1, call),
           [("button", 15), ("line", 1), ("call", call)])
    vector("EnblocCall in version 11: no line", 11, 0x0004, text("1002", 24), [("number", '"1002"')])
    vector("EnblocCall in version 17", 17, 0x0004, text("1002", 24) + u32(2),
           [("number", '"1002"'), ("line", 2)])
    vector("EnblocCall in version 20, line directly after the number", 20, 0x0004,
           pad(text("1002", 25) + u32(2)), [("number", '"1002"'), ("line", 2)])
    vector("SoftKeyEvent, Answer", 17, 0x0026, u32(11, 1, call),
           [("event", 11), ("line", 1), ("call", call)])
    vector("CallState, connected", 17, 0x0111, u32(5, 1, call, 0, 4, 0),
           [("state", 5), ("call", call), ("privacy", 0), ("precedence_level", 4)])
    vector("StopTone below version 11", 5, 0x0083, u32(1, call), [("line", 1), ("call", call)])
    vector("StopTone from version 11", 11, 0x0083, u32(1, call, 0x24), [("tone", 36)])
    vector("DialedNumber in version 17", 17, 0x011D, text("1002", 24) + u32(1, call),
           [("number", '"1002"'), ("line", 1), ("call", call)])
    vector("DialedNumber in version 20, not aligned", 20, 0x011D,
           pad(text("1002", 25) + u32(1, call)), [("number", '"1002"'), ("line", 1), ("call", call)])
    vector("DisplayPromptStatus with a phrase code", 11, 0x0112,
           u32(0) + text("\x80\x17 1001", 32) + u32(1, call), [("text", '"\\x80\\x17 1001"')])
    vector("DisplayPromptStatusV2", 17, 0x0145, pad(u32(10, 1, call) + packed("Hello")),
           [("timeout", 10), ("line", 1), ("call", call), ("text", '"Hello"')])
    body = (text("Anna", 40) + text("1001", 24) + text("Bruno", 40) + text("1002", 24)
            + u32(1, call, 2) + text("Bruno", 40) + text("1002", 24) + bytes(64) + u32(0, 0)
            + bytes(96) + u32(1, 3, 0))
    assert len(body) == 384
    vector("CallInfo, encrypted", 11, 0x008F, body,
           [("calling_name", '"Anna"'), ("called_number", '"1002"'), ("type", 2), ("instance", 1),
            ("original_called_name", '"Bruno"'), ("security", 3), ("restriction", 0)])
    body = u32(1, call, 1, 0, 0, 1, 2, 0) + packed(
        "1001", "5551001", "1002", "1002", "", "", "3002", "", "", "Anna", "Bruno", "Bruno", "",
        "4000", "Sales")
    vector("CallInfoV2, authenticated", 17, 0x014A, pad(body),
           [("type", 1), ("security", 2), ("calling_number", '"1001"'),
            ("alternate_calling_number", '"5551001"'), ("called_mailbox", '"3002"'),
            ("calling_name", '"Anna"'), ("original_called_name", '"Bruno"'),
            ("hunt_pilot_name", '"Sales"')])


def open_receive(version, crypto):
    body = u32(7, 0xFFFFFFF1, 20, 4, 0, 0, 7) + crypto + u32(0, 0, 101, 10)
    if version >= 11:
        body += u32(0, 0) + address(version, "192.0.2.11") + u32(4000)
    if version >= 16:
        body += u32(0)
    if version >= 21:
        body += struct.pack("<i", -2) + bytes(36)
    return body


def start_media(version, crypto):
    body = u32(7, 0xFFFFFFF2) + address(version, "192.0.2.11") + u32(16386, 20, 4, 184, 0)
    body += struct.pack("<HH", 1, 0) + u32(0, 7) + crypto + u32(0, 0, 101, 10, 0)
    if version >= 15:
        body += u32(0)
    if version >= 22:
        body += bytes(36)
    return body


def media():
    secret = [("encryption.algorithm", 1), ("encryption.key_length", 16),
              ("encryption.salt_length", 14), ("encryption.key", "<16 bytes>"),
              ("encryption.salt", "<16 bytes>"), ("encryption.mki_present", 0)]
    lengths = {5: (92, 112), 11: (108, 112), 16: (112, 116), 17: (128, 132), 20: (128, 132),
               22: (168, 168)}
    for version, (opened, started) in lengths.items():
        body = open_receive(version, CRYPTO)
        assert len(body) == opened
        more = [("source", "192.0.2.11"), ("source_port", 4000)] if version >= 11 else []
        more += [("audio_level", -2)] if version >= 21 else []
        vector(f"OpenReceiveChannel in version {version}, with keys", version, 0x0105, body,
               [("party", 0xFFFFFFF1), ("packet_ms", 20), ("codec", 4), ("call", 7), *secret,
                ("rfc2833_payload", 101), ("dtmf_type", 10), *more])
        body = start_media(version, CRYPTO)
        assert len(body) == started
        vector(f"StartMediaTransmission in version {version}, with keys", version, 0x008A, body,
               [("party", 0xFFFFFFF2), ("remote", "192.0.2.11"), ("remote_port", 16386),
                ("precedence", 184), ("max_frames", 1), ("call", 7), *secret,
                ("rfc2833_payload", 101)])
    vector("StartMediaTransmission without keys", 17, 0x008A, start_media(17, NO_CRYPTO),
           [("encryption.algorithm", 0), ("encryption.key_length", 0)])
    for version in (11, 17):
        body = u32(0) + address(version, "192.0.2.10") + u32(16384, 0xFFFFFFF1, 7)
        vector(f"OpenReceiveChannelAck in version {version}", version, 0x0022, body,
               [("status", 0), ("address", "192.0.2.10"), ("port", 16384), ("party", 0xFFFFFFF1),
                ("call", 7)])
        body = u32(7, 0xFFFFFFF2, 7) + address(version, "192.0.2.10") + u32(16384, 0)
        vector(f"StartMediaTransmissionAck in version {version}", version, 0x0154, body,
               [("party", 0xFFFFFFF2), ("address", "192.0.2.10"), ("port", 16384), ("status", 0)])
    vector("CloseReceiveChannel", 17, 0x0106, u32(7, 0xFFFFFFF1, 7, 0), [("party", 0xFFFFFFF1)])
    vector("StopMediaTransmission", 17, 0x008B, u32(7, 0xFFFFFFF2, 7, 0), [("party", 0xFFFFFFF2)])


def check():
    """tshark must find nothing malformed."""
    with tempfile.TemporaryDirectory() as folder:
        capture = pathlib.Path(folder) / "vectors.pcap"
        capture.write_bytes(judge.pcap([data for _, data in TO_JUDGE]))
        out = subprocess.run(
            ["tshark", "-n", "-r", capture, "-d", "tcp.port==2000,skinny", "-T", "fields", "-e",
             "frame.protocols", "-e", "skinny.messageId", "-e", "_ws.expert.message"],
            check=True, capture_output=True, text=True).stdout.splitlines()
    assert len(out) == len(TO_JUDGE)
    for (title, data), line in zip(TO_JUDGE, out):
        protocols, number, notes = line.split("\t")
        assert protocols.endswith(":skinny") and not notes, (title, line, data.hex())
        assert int(number.split(",")[0], 0) == struct.unpack_from("<I", data, 8)[0], (title, line)


def main():
    registration()
    calls()
    media()
    check()
    (HERE / "layouts.txt").write_text(
        "# source: packed by make-vectors.py from the offsets of Wireshark's skinny dissector, and read by\n"
        "# tshark 4.0.17 without a malformed packet\n\n" + "\n\n".join(OUT) + "\n")


if __name__ == "__main__":
    main()
