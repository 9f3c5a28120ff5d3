#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The files of a whole fleet: made ahead, made while it boots, and what they cost in memory.

usage: bench/fleet.py [--realtime] BUILD [PHONES]
BUILD is a build folder with -Dbench=true; PHONES (10000) are prepared and boot, twice as many are in memory.

Processor time decides: other work on the machine falls on both sides, and on cadeadod, which is alone on processor 0, not
at all. With --realtime servers and load go before all other work (SCHED_RR).
Exit status 0 when every target is met.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import tftp
from tftp import Bench, Node, judge, median, say, show

FILES = ["CTL%s.tlv=", "ITL%s.tlv=", "%s.cnf.xml.sgn=", "%s.cnf.xml.enc.sgn="]


def prepare(build, folder, phones):
    """What bench_prepare says, and microseconds of OpenSSL's processor time for a phone."""
    done = subprocess.run([*tftp.FIRST, f"{build}/bench/bench_prepare", folder, str(phones), f"{build}/src/cli/cadeado"],
                          stdout=subprocess.PIPE, text=True, check=False)
    say(done.stdout.rstrip())
    tftp.missed += done.returncode != 0
    return float(re.search(r"OpenSSL alone .*?([\d.]+) us", done.stdout).group(1))


def storm(bench, node, phones, first=0):
    """All of them ask for everything in the same instant."""
    return bench.run(node, FILES, "-p", str(phones), "-f", str(first), "-t", "300")


def main():
    if "--realtime" in sys.argv:
        sys.argv.remove("--realtime")
        tftp.FIRST.extend(["chrt", "--rr", "1"])
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    build = os.path.abspath(sys.argv[1])
    phones = int(sys.argv[2]) if len(sys.argv) > 2 else 10000
    with tempfile.TemporaryDirectory(prefix="cadeado-bench-", dir="/dev/shm") as top:
        bare = prepare(build, f"{top}/prepare", phones)
        shutil.rmtree(f"{top}/prepare")
        if (os.cpu_count() or 1) < 2 or os.geteuid() != 0:
            say("The boot storm is not measured: that needs two processors and root")
            return tftp.missed != 0
        folder = f"{top}/storm"
        subprocess.run([f"{build}/bench/bench_prepare", folder, str(2 * phones)], check=True)
        node = Node(build, folder, 21000, 1, files=[f"{build}/CTLFile.tlv"])
        bench = Bench(f"{build}/bench/tftp_load", build)
        try:
            cached = median([bench.run(node, ["CTLFile.tlv"], "-p", "100", "-r", "100") for _ in range(tftp.RUNS)], "cpu")
            say(f"{phones} phones boot in the same instant, nothing prepared: CTL, ITL, reduced and encrypted file")
            got = storm(bench, node, phones)
            show("cadeadod", [got])
            judge("failed", got["failed"] + got["wrong"], "none", not got["failed"] + got["wrong"])
            each, most = got["cpu"] * len(FILES), 1.15 * (bare + len(FILES) * cached)
            judge("processor time for a phone", f"{each:.0f}", f"at most {most:.0f} us: OpenSSL's {bare:.0f}, four files of "
                  f"{cached:.0f}, and 15 %", each <= most, " us")
            say("the same again, from disk")
            show("cadeadod", [storm(bench, node, phones)])
            node.stop()
            subprocess.run([f"{build}/src/cli/cadeado", "--state", folder, "device", "prepare"], check=True,
                           stdout=subprocess.DEVNULL)
            node = Node(build, folder, 21000, 1)
            bench.run(node, FILES, "-p", "1")
            before = node.memory()
            # More than 16,384 at once find no place and have to ask again.
            got = [storm(bench, node, phones // 2, i * phones // 2) for i in range(4)]
            time.sleep(1)
            grown = (node.memory() - before) / (1 << 20)
            say(f"{2 * phones} phones' files prepared, all of them asked for by {phones // 2} at a time")
            show("cadeadod", got)
            failed = sum(r["failed"] + r["wrong"] for r in got)
            judge("failed", failed, "none", not failed)
            judge("cadeadod grows by", f"{grown:.1f}", "less than 64 MiB", grown < 64, " MiB")
        finally:
            node.stop()
    return tftp.missed != 0


if __name__ == "__main__":
    sys.exit(main())
