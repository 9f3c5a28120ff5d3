#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boot storms over TFTP: cadeadod beside dnsmasq, tftpd-hpa and atftpd, all in one run.

usage: bench/tftp.py [--realtime] BUILD [PART...]
BUILD is a build folder with -Dbench=true; parts: hundred many firmware slow strangers workers memory

Each server runs on processor 0, the load on processor 1; runs of the servers take turns, medians of five are
printed with the target beside them. Processor time is read from /proc. Needs root: dnsmasq serves port 69 only.
With --realtime servers and load go before all other work on the machine (SCHED_RR), which otherwise takes part in
the result.
Exit status 0 when every target is met.
"""
import glob
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

RUNS = 5
LIST, CONFIG, FIRMWARE = ("list.tlv", 4712), ("phone.cnf.xml.sgn", 5000), ("firmware.bin", 1 << 20)
TICK = os.sysconf("SC_CLK_TCK")
SERVER, LOAD = "0", "1"
FIRST = []

missed = 0


def say(text=""):
    print(text, flush=True)


def judge(what, value, target, good, unit=""):
    global missed
    missed += not good
    say(f"  {what}: {value}{unit}, {target}: {'good' if good else 'MISSED'}")


def wait_until(what, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return
        time.sleep(0.05)
    sys.exit("a server does not start")


def udp_open(port):
    with open("/proc/net/udp", encoding="ascii") as f:
        return any(line.split()[1].endswith(f":{port:04X}") for line in f.read().splitlines()[1:])


class Server:
    """A process with its address; its processor time is that of its children that ended, too."""

    def __init__(self, name, host, port, command, pin=SERVER, env=None):
        self.name, self.host, self.port = name, host, port
        if pin:
            command = ["taskset", "-c", pin, *command]
        command = [*FIRST, *command]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, env=env)

    def processor(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as f:
            return sum(map(int, f.read().rsplit(")", 1)[1].split()[11:15])) / TICK

    def memory(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) * 1024

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Node(Server):
    """A node of ours with a served folder."""

    def __init__(self, build, folder, base, workers, pin=SERVER, files=()):
        self.folder = folder
        if udp_open(base + 69):
            sys.exit(f"UDP port {base + 69} is in use")
        subprocess.run([os.path.join(build, "src/cli/cadeado"), "--state", folder, "cluster", "init", "--port-base", str(base)], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        conf = os.path.join(folder, "cadeado.conf")
        with open(conf, encoding="utf-8") as f:
            text = re.sub(r"(?m)^workers = .*$", f"workers = {workers}", f.read())
        with open(conf, "w", encoding="utf-8") as f:
            f.write(text)
        for path in files:
            shutil.copy(path, os.path.join(folder, "tftp"))
        super().__init__("cadeadod", "127.0.0.1", base + 69,
                         [os.path.join(build, "src/daemon/cadeadod"), "--state", folder], pin)
        wait_until(lambda: udp_open(self.port))
        time.sleep(0.5)  # what was written a moment ago is not kept in memory

    def shares(self):
        """How many transfers each worker has ended since the last call."""
        found = []
        for path in glob.glob(os.path.join(self.folder, "activelog/cm/trace/ctftp/sdi/ctftp*.txt")):
            with open(path, encoding="utf-8") as f:
                found += re.findall(r"TID\[([0-9a-f]{8})\] .*?, Transferred\[", f.read())
            os.truncate(path, 0)
        return [found.count(t) for t in sorted(set(found))]


def package(name, program, folder):
    """Path of a program of a Debian package. One that is not installed, because it excludes another that is, is
    unpacked."""
    installed = shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if installed:
        return installed
    done = subprocess.run(["apt-get", "download", name], cwd=folder, check=False, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL)
    if done.returncode:
        return None
    deb = next(f for f in os.listdir(folder) if f.startswith(name + "_"))
    subprocess.run(["dpkg-deb", "-x", deb, name], cwd=folder, check=True)
    return os.path.join(folder, name, "usr", "sbin", program)


def peers(folder, root):
    yield Server("dnsmasq", "127.0.0.9", 69, [
        package("dnsmasq-base", "dnsmasq", folder), "-k", "--conf-file=/dev/null", "--pid-file=", "--port=0",
        "--enable-tftp", f"--tftp-root={root}", "--listen-address=127.0.0.9", "--bind-interfaces",
        "--tftp-max=20000", "--user=root"])
    yield Server("tftpd-hpa", "127.0.0.10", 6970, [
        package("tftpd-hpa", "in.tftpd", folder), "-L", "-4", "-a", "127.0.0.10:6970", "-s", root, "-u", "root"])
    atftpd = package("atftpd", "atftpd", folder)
    if atftpd:
        yield Server("atftpd", "127.0.0.11", 6971, [
            atftpd, "--daemon", "--no-fork", "--bind-address", "127.0.0.11", "--port", "6971", "--maxthread", "20000",
            "--user", "root", "--group", "root", root])


class Bench:
    def __init__(self, load, root):
        self.load, self.root = load, root

    def run(self, server, names, *options, pin=LOAD):
        """One run: what the load says, and `cpu`, microseconds of the server's processor time for one file."""
        before = server.processor()
        words = [*FIRST, "taskset", "-c", pin, self.load, *options, server.host, str(server.port),
                 *(n if "=" in n else f"{n}={self.root}/{n}" for n in names)]
        done = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
        time.sleep(0.1)
        done["cpu"] = 1e6 * (server.processor() - before) / max(1, done["files"])
        done["rate"] = done["files"] / done["seconds"]
        return done

    def turns(self, runs, times=RUNS):
        """Runs of several servers in turn: [[results of the first], …]."""
        results = [[] for _ in runs]
        for _ in range(times):
            for i, (server, names, options) in enumerate(runs):
                results[i].append(self.run(server, names, *options))
        return results


def median(results, key):
    return statistics.median(r[key] for r in results)


def show(name, results):
    failed, again = sum(r["failed"] for r in results), sum(r["retransmissions"] for r in results)
    say(f"  {name:22} {median(results, 'rate'):8.0f} files/s  {median(results, 'cpu'):7.1f} us/file  "
        f"p99 {median(results, 'p99_ms'):7.1f} ms  {failed} failed, {again} sent again")


def hundred(bench, node, others):
    say(f"100 phones at once, {LIST[1]} bytes in blocks of 512, medians of {RUNS}")
    rounds = {"tftpd-hpa": "4", "atftpd": "20"}
    runs = [(s, [LIST[0]], ["-p", "100", "-r", rounds.get(s.name, "100")]) for s in (node, *others)]
    results = bench.turns(runs)
    for (server, _, _), got in zip(runs, results):
        show(server.name, got)
    by_name = {s.name: got for (s, _, _), got in zip(runs, results)}
    ours = by_name["cadeadod"]
    ratio = median(ours, "rate") / median(by_name["dnsmasq"], "rate")
    judge("files a second, times dnsmasq", f"{ratio:.2f}", "at least 1.6", ratio >= 1.6)
    ratio = median(by_name["dnsmasq"], "cpu") / median(ours, "cpu")
    judge("processor time for a file, dnsmasq's over ours", f"{ratio:.2f}", "at least 1.6", ratio >= 1.6)
    ratio = median(ours, "rate") / median(by_name["tftpd-hpa"], "rate")
    judge("files a second, times tftpd-hpa", f"{ratio:.1f}", "at least 20", ratio >= 20)
    cpu = median(ours, "cpu")
    judge("processor time for a file", f"{cpu:.1f}", "at most 56 us", cpu <= 56, " us")
    return cpu


def many(bench, node, others, base):
    lost = dropped(node)
    if base is None:
        base = median([bench.run(node, [LIST[0]], "-p", "100", "-r", "100") for _ in range(RUNS)], "cpu")
    for phones, rounds in ((1000, 10), (5000, 2)):
        say(f"{phones} phones at once, default socket limits")
        got = bench.turns([(node, [LIST[0]], ["-p", str(phones), "-r", str(rounds)])])[0]
        show(node.name, got)
        judge("failed", sum(r["failed"] + r["wrong"] for r in got), "none",
              not sum(r["failed"] + r["wrong"] for r in got))
        judge("99th percentile", f"{median(got, 'p99_ms'):.0f}", "under 500 ms", median(got, "p99_ms") < 500, " ms")
        ratio = median(got, "cpu") / base
        judge("processor time for a file, times that at 100", f"{ratio:.2f}", "at most 1.15", ratio <= 1.15)
        for server in others:
            if server.name != "tftpd-hpa":
                show(server.name, [bench.run(server, [LIST[0]], "-p", str(phones), "-t", "15")])
    judge("dropped in the server's receive buffers", dropped(node) - lost, "none", dropped(node) == lost)
    say("5000 phones that start in the same instant and take two files each")
    got = bench.turns([(node, [LIST[0], CONFIG[0]], ["-p", "5000"])])[0]
    show(node.name, got)
    over = median(got, "seconds")
    judge("over in", f"{over:.2f}", "at most 0.75 s", over <= 0.75, " s")


def dropped(server):
    """Of all UDP sockets of this process, as /proc/net/udp counts."""
    inodes = set()
    for fd in os.listdir(f"/proc/{server.process.pid}/fd"):
        try:
            link = os.readlink(f"/proc/{server.process.pid}/fd/{fd}")
        except OSError:
            continue
        inodes.update(re.findall(r"socket:\[(\d+)\]", link))
    with open("/proc/net/udp", encoding="ascii") as f:
        rows = [line.split() for line in f.read().splitlines()[1:]]
    return sum(int(r[12]) for r in rows if r[9] in inodes)


def firmware(bench, node, dnsmasq):
    say("1 MiB to 100 phones")
    options = ["-p", "100"]
    ours, theirs = bench.turns([(node, [FIRMWARE[0]], options), (dnsmasq, [FIRMWARE[0]], options)], 3)
    show("cadeadod", ours)
    show("dnsmasq", theirs)
    ratio = median(ours, "rate") / median(theirs, "rate")
    judge("files a second, times dnsmasq", f"{ratio:.2f}", "at least 1.4", ratio >= 1.4)
    window = [bench.run(node, [FIRMWARE[0]], "-p", "100", "-b", "1428", "-w", "8") for _ in range(3)]
    show("blocks of 1428 by 8", window)


def slow(bench, node):
    say("100 phones while 1000 others are slow or have vanished")
    alone, beside = [], []
    for _ in range(RUNS):
        alone.append(bench.run(node, [LIST[0]], "-p", "100", "-r", "100"))
        beside.append(bench.run(node, [LIST[0]], "-p", "100", "-r", "100", "-s", "1000"))
    show("alone", alone)
    show("beside 1000", beside)
    ratio = median(beside, "rate") / median(alone, "rate")
    judge("files a second, times alone", f"{ratio:.2f}", "at least 0.85", ratio >= 0.85)


# 5000 requests a second for phones that nobody has added, each another one, from 1000 addresses.
FLOOD = """
import random, socket, sys, time
to = (sys.argv[1], int(sys.argv[2]))
sockets = []
for i in range(1000):
    sockets.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sockets[-1].bind((f"127.3.{i // 250}.{1 + i % 250}", 0))
print(flush=True)
due = time.monotonic()
while True:
    for _ in range(50):
        name = b"SEP%012X.cnf.xml" % random.getrandbits(48)
        random.choice(sockets).sendto(b"\\0\\1" + name + b"\\0octet\\0", to)
    due += 0.01
    time.sleep(max(0, due - time.monotonic()))
"""


def strangers(bench, node):
    say("100 phones while 5000 requests a second ask for phones that are not there")
    alone = [bench.run(node, [LIST[0]], "-p", "100", "-r", "100") for _ in range(RUNS)]
    with subprocess.Popen([*FIRST, "taskset", "-c", LOAD, sys.executable, "-c", FLOOD, node.host, str(node.port)],
                          stdout=subprocess.PIPE) as flood:
        try:
            flood.stdout.readline()
            time.sleep(1)
            beside = [bench.run(node, [LIST[0]], "-p", "100", "-r", "100") for _ in range(RUNS)]
        finally:
            flood.kill()
    show("alone", alone)
    show("beside the flood", beside)
    failed = sum(r["failed"] + r["wrong"] for r in beside)
    judge("failed", failed, "none", not failed)
    judge("99th percentile", f"{median(beside, 'p99_ms'):.0f}", "under 500 ms", median(beside, "p99_ms") < 500, " ms")


def memory(bench, node):
    """Of a node that has done nothing else; the transfers that nobody ends are still there when the load has."""
    flying = 12000
    bench.run(node, [LIST[0]], "-p", "1")
    before = node.memory()
    bench.run(node, [LIST[0]], "-p", "1", "-r", "20", "-s", str(flying))
    each = (node.memory() - before) / flying
    say(f"{flying} transfers in flight")
    judge("memory for each, sockets' buffers in the kernel not counted", f"{each:.0f}", "under 1024 bytes",
          each < 1024, " bytes")


def two_workers(bench, one, two):
    say("two workers beside one, on all processors, load on all processors")
    a, b = [], []
    two.shares()
    for _ in range(RUNS):
        a.append(bench.run(one, [LIST[0]], "-p", "100", "-r", "100", pin="0,1"))
        b.append(bench.run(two, [LIST[0]], "-p", "100", "-r", "100", pin="0,1"))
    show("one worker", a)
    show("two workers", b)
    ratio = median(b, "cpu") / median(a, "cpu")
    judge("processor time for a file, times one worker", f"{ratio:.2f}", "at most 1.15", ratio <= 1.15)
    shares = two.shares()
    each = [100 * s / sum(shares) for s in shares]
    judge("share of each", " and ".join(f"{e:.0f}" for e in each), "40 to 60 %",
          len(each) == 2 and all(40 <= e <= 60 for e in each), " %")
    if (os.cpu_count() or 1) >= 4:
        say(f"  wall clock: {median(b, 'rate') / median(a, 'rate'):.2f} times one worker")


def main():
    if "--realtime" in sys.argv:
        sys.argv.remove("--realtime")
        FIRST.extend(["chrt", "--rr", "1"])
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    build = os.path.abspath(sys.argv[1])
    load = os.path.join(build, "bench", "tftp_load")
    parts = sys.argv[2:] or ["hundred", "many", "firmware", "slow", "strangers", "workers", "memory"]
    if (os.cpu_count() or 1) < 2 or os.geteuid() != 0:
        say("TFTP is not measured: that needs two processors, and root for dnsmasq's port 69")
        return 0
    say(f"load of this machine before: {' '.join(f'{x:.2f}' for x in os.getloadavg())}")
    with tempfile.TemporaryDirectory(prefix="cadeado-bench-") as folder:
        root = os.path.join(folder, "root")
        os.mkdir(root)
        os.chmod(folder, 0o755)
        for name, size in (LIST, CONFIG, FIRMWARE):
            with open(os.path.join(root, name), "wb") as f:
                f.write(os.urandom(size))
        files = [os.path.join(root, n) for n, _ in (LIST, CONFIG, FIRMWARE)]
        bench = Bench(load, root)
        running = []
        try:
            running = list(peers(folder, root))
            node = Node(build, os.path.join(folder, "one"), 21000, 1, files=files)
            running.append(node)
            others = running[:-1]
            base = None
            if "hundred" in parts:
                base = hundred(bench, node, others)
            if "many" in parts:
                many(bench, node, others, base)
            if "firmware" in parts:
                firmware(bench, node, others[0])
            if "slow" in parts:
                slow(bench, node)
            if "strangers" in parts:
                strangers(bench, node)
            if "workers" in parts:
                free = [Node(build, os.path.join(folder, f"w{n}"), 21000 + 100 * n, n, None, files) for n in (1, 2)]
                running += free
                two_workers(bench, *free)
            if "memory" in parts:
                running.append(Node(build, os.path.join(folder, "m"), 21300, 1, files=files))
                memory(bench, running[-1])
        finally:
            for server in running:
                server.stop()
    say(f"load of this machine after: {' '.join(f'{x:.2f}' for x in os.getloadavg())}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
