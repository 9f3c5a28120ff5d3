#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Enrolments at CAPF, beside the work that none can do without, measured in the same run.

usage: bench/capf.py [--realtime] BUILD
BUILD is a build folder with -Dbench=true. cadeadod runs with one worker on processor 0, its store on the disk of BUILD
with synchronous=FULL; the phones (bench/capf_load) on processor 1, with keys that were made before. Rounds take turns with
bench/bench_capf on processor 0, which does one handshake and issues one certificate with OpenSSL alone. Processor time
is the kernel's count of nanoseconds. --realtime: before all other work on the machine (SCHED_RR; needs root). Exit status 1
when a target is missed.
"""
import glob
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS, PHONES, HELD = 5, 1000, 1000
AT_ONCE, MANY, SILENT, CROWD = 50, 1000, 100, 5000
PORT_BASE = 23000
SERVER, LOAD = "0", "1"
FIRST = 0x001121000000
HEAD = "Device Name,Device Type,Security Profile,Authentication Mode,RSA Key Size (Bits),Certificate Operation\r\n"


def say(text=""):
    print(text, flush=True)


class Node:
    """A running node, and orders for as many phones as asked for."""

    def __init__(self, build, folder, phones):
        self.build, self.folder, self.next = build, folder, FIRST
        self.cadeado("cluster", "init", "--port-base", str(PORT_BASE))
        conf = os.path.join(folder, "cadeado.conf")
        with open(conf, encoding="utf-8") as f:
            text = re.sub(r"(?m)^workers = .*$", "workers = 1", f.read())
        with open(conf, "w", encoding="utf-8") as f:
            f.write(text)
        csv = os.path.join(folder, "phones.csv")
        with open(csv, "w", encoding="ascii", newline="") as f:
            f.write(HEAD + "".join("SEP%012X,7961,Non Secure,By Null String,2048,Install/Upgrade\r\n" % (FIRST + i)
                                   for i in range(phones)))
        self.cadeado("device", "import", csv)
        self.process = subprocess.Popen(["taskset", "-c", SERVER, os.path.join(build, "src/daemon/cadeadod"), "--state",
                                         folder], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=open(os.path.join(folder, "log"), "wb"))
        for _ in range(200):
            with open(os.path.join(folder, "log"), encoding="utf-8", errors="replace") as f:
                if "ready:" in f.read():
                    break
            time.sleep(0.1)
        else:
            sys.exit("cadeadod does not start")

    def cadeado(self, *words):
        done = subprocess.run([os.path.join(self.build, "src/cli/cadeado"), "--state", self.folder, *words],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr)

    def processor(self):
        """Seconds that its threads have run."""
        total = 0
        for path in glob.glob(f"/proc/{self.process.pid}/task/*/schedstat"):
            with open(path, encoding="ascii") as f:
                total += int(f.read().split()[0])
        return total / 1e9

    def memory(self):
        """Bytes that it holds."""
        with open(f"/proc/{self.process.pid}/smaps_rollup", encoding="ascii") as f:
            return 1024 * int(re.search(r"Rss:\s+(\d+)", f.read()).group(1))

    def load(self, *words):
        return ["taskset", "-c", LOAD, os.path.join(self.build, "bench/capf_load"), *map(str, words)]

    def run(self, count, at_once, *options):
        """(phones a second, server's processor time for each in us, the rest of what was printed)"""
        before = self.processor()
        done = subprocess.run(self.load(*options, PORT_BASE + 3804, count, at_once, "SEP%012X" % self.next), check=True,
                              capture_output=True, text=True)
        used, self.next = self.processor() - before, self.next + count
        got = json.loads(done.stdout)
        return got["done"] / got["seconds"], 1e6 * used / count, got

    def held(self, count):
        """Bytes for each of so many sessions that wait for AUTH_RES."""
        before = self.memory()
        with subprocess.Popen(self.load("--hold", count, PORT_BASE + 3804, 0, 0, "SEP0"), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as load:
            load.stdout.readline()
            used = self.memory() - before
            load.communicate("")
        return used / count

    def stop(self):
        self.process.terminate()
        self.process.wait()


def bare(build):
    done = subprocess.run(["taskset", "-c", SERVER, os.path.join(build, "bench/bench_capf"), "200"], check=True,
                          capture_output=True, text=True).stdout
    return tuple(map(float, done.split()))


def judge(what, value, good, target):
    say(f"  {what}: {value}, {target}: {'good' if good else 'MISSED'}")
    return good


def main():
    if "--realtime" in sys.argv:
        sys.argv.remove("--realtime")
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    build = os.path.abspath(sys.argv[1])
    plain, crowded, unavoidable, failed = [], [], [], 0
    with tempfile.TemporaryDirectory(dir=build) as folder:
        node = Node(build, folder, 2 * PHONES * (ROUNDS + 2))
        try:
            node.run(PHONES // 2, AT_ONCE)
            for _ in range(ROUNDS):
                unavoidable.append(bare(build))
                plain.append(node.run(PHONES, AT_ONCE))
                crowded.append(node.run(PHONES, MANY, "--silent", SILENT))
            silent = node.run(PHONES, AT_ONCE, "--silent", CROWD)
            each = node.held(HELD)
        finally:
            node.stop()
    shake, issue = (statistics.median(x[i] for x in unavoidable) for i in (0, 1))
    ratio = statistics.median(p[1] / sum(u) for p, u in zip(plain, unavoidable))
    rate = statistics.median(c[0] / p[0] for c, p in zip(crowded, plain))
    failed = sum(x[2]["failed"] for x in [*plain, *crowded, silent])
    say(f"CAPF, RSA-2048 everywhere, medians of {ROUNDS} rounds of {PHONES} phones")
    say(f"  OpenSSL alone: handshake {shake:.0f} us, certificate {issue:.0f} us")
    for name, rows in ((f"{AT_ONCE} at once", plain), (f"{MANY} at once, {SILENT} silent", crowded),
                       (f"{AT_ONCE} at once, {CROWD} silent", [silent])):
        say("  %-26s %6.0f enrolments a second, %5.0f us of processor time each, median %.1f ms, 99th percentile %.1f ms" % (
            name, *(statistics.median(r[i] for r in rows) for i in (0, 1)),
            *(statistics.median(r[2][k] for r in rows) for k in ("median_ms", "p99_ms"))))
    for row in [*plain, *crowded, silent]:
        if row[2]["why"]:
            say("  failed: " + row[2]["why"])
    good = judge("processor time, times OpenSSL alone", f"{ratio:.2f}", ratio <= 1.25, "at most 1.25")
    good &= judge("failed", failed, failed == 0, "none")
    good &= judge(f"rate with {MANY} at once and {SILENT} silent, times the quiet one", f"{rate:.2f}", rate >= 0.9,
                  "at least 0.9")
    good &= judge("memory of an open session", f"{each / 1024:.1f} KiB", each < 65536, "under 64 KiB")
    return int(not good)


sys.exit(main())
