#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes the seeds in fuzz/corpus/<format>/ from tests/vectors/<format>/*.txt: one file per decode,
named <vector file>-<number>.bin. Seeds for capture and tls_hello come from tests/data/captures/*.pcap,
one per capture or connection. Seeds of other names (inputs that once crashed) are left alone.

  tools/corpus-from-vectors.py           write what is missing or different, remove what is stale
  tools/corpus-from-vectors.py --check   change nothing; exit status 1 if there is something to do
"""
import pathlib
import re
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MADE = re.compile(r"-\d\d\d\.bin$")


def read_bytes(text, folder):
    if text.startswith("@"):
        return (folder / text[1:]).read_bytes()
    out = bytearray()
    for part in re.split(r'("[^"]*")', text):
        out += part[1:-1].encode() if part.startswith('"') else bytes.fromhex(part.replace(":", " "))
    return bytes(out)


def messages(path):
    """The bytes after each "decode", joined with the lines that continue it."""
    lines = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        line = line.rstrip()
        if lines and lines[-1] and line[:1] in (" ", "\t") and not lines[-1].startswith("#"):
            lines[-1] += line
        else:
            lines.append(line)
    for line in lines:
        if line == "decode" or line.startswith("decode "):
            yield read_bytes(line[len("decode"):].strip(), path.parent)


def packets(path):
    """The link type of a pcap file, and the bytes of its packets."""
    content = path.read_bytes()
    found, at = [], 24
    while at + 16 <= len(content):
        size = struct.unpack_from("<I", content, at + 8)[0]
        found.append(content[at + 16:at + 16 + size])
        at += 16 + size
    return struct.unpack_from("<I", content, 20)[0], found


# pcap's link type: the index that fuzz_capture.c knows, and where the IP header is.
LINKS = {101: (0, 0), 1: (1, 14), 113: (2, 16), 276: (3, 20)}


def capture_seed(path):
    link, found = packets(path)
    return bytes([LINKS[link][0]]) + b"".join(struct.pack(">H", len(p)) + p for p in found)


def tls_seeds(path):
    """As fuzz_tls_hello.c reads them: both directions of each connection that begins with a SYN."""
    link, found = packets(path)
    connections = {}
    for packet in found:
        ip = packet[LINKS[link][1]:]
        tcp = ip[40:] if ip[0] >> 4 == 6 else ip[4 * (ip[0] & 15):struct.unpack_from(">H", ip, 2)[0]]
        source, target = struct.unpack_from(">HH", tcp)
        if tcp[13] & 0x12 == 0x02:
            connections[source, target] = (bytearray(), bytearray())
        payload = tcp[4 * (tcp[12] >> 4):]
        if (source, target) in connections:
            connections[source, target][0].extend(payload)
        elif (target, source) in connections:
            connections[target, source][1].extend(payload)
    for to_server, to_client in connections.values():
        if to_server and to_client:
            yield struct.pack(">H", len(to_server)) + to_server + to_client


def update(folder, wanted, check):
    """How many seeds differ."""
    present = {p.name for p in folder.glob("*.bin")} if folder.is_dir() else set()
    stale = {n for n in present if MADE.search(n) and n not in wanted}
    fresh = {n: c for n, c in wanted.items() if n not in present or (folder / n).read_bytes() != c}
    if not check:
        if wanted:
            folder.mkdir(parents=True, exist_ok=True)
        for name in stale:
            (folder / name).unlink()
        for name, content in fresh.items():
            (folder / name).write_bytes(content)
    return len(stale) + len(fresh)


def numbered(path, seeds):
    return {f"{path.stem}-{number:03}.bin": content for number, content in enumerate(seeds, 1)}


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit(__doc__)
    wanted = {"capture": {}, "tls_hello": {}}
    for folder in (ROOT / "tests/vectors").iterdir():
        for path in folder.glob("*.txt"):
            wanted.setdefault(folder.name, {}).update(numbered(path, messages(path)))
    for path in (ROOT / "tests/data/captures").glob("*.pcap"):
        wanted["capture"].update(numbered(path, [capture_seed(path)]))
        # A VLAN tag moves the IP header; the plain capture has the same bytes.
        if "vlan" not in path.stem:
            wanted["tls_hello"].update(numbered(path, tls_seeds(path)))
    changes = sum(update(ROOT / "fuzz/corpus" / name, seeds, check) for name, seeds in wanted.items())
    if check and changes:
        sys.exit(f"{changes} seeds differ from the vectors: run tools/corpus-from-vectors.py")


main()
