#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The same file of 5 kB over HTTP: cadeadod beside nginx, all in one run.

usage: bench/http_files.py [--realtime] BUILD
BUILD is a build folder with -Dbench=true. Both servers run with one worker on processor 0, wrk on processor 1; runs
take turns, medians of five are printed with the target beside them. Each writes its log to a file, as it does by
default. Processor time is read from /proc. With --realtime servers and load go before all other work on the machine
(SCHED_RR), which otherwise takes part in the result. Exit status 0 when every target is met.
"""
import http.client
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

RUNS, SECONDS, CONNECTIONS = 5, 3, 50
NAME, SIZE = "phone.xml", 5000
PORT_BASE, NGINX_PORT = 19000, 18970
TICK = os.sysconf("SC_CLK_TCK")
SERVER, LOAD = "0", "1"
FIRST = []

# Debian's own, with one worker, without compression, and for every file of the folder.
NGINX = """
worker_processes 1;
daemon off;
pid {0}/nginx.pid;
error_log {0}/error.log;
events {{ worker_connections 768; }}
http {{
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    default_type application/octet-stream;
    access_log {0}/access.log;
    client_body_temp_path {0}/1; proxy_temp_path {0}/2; fastcgi_temp_path {0}/3;
    uwsgi_temp_path {0}/4; scgi_temp_path {0}/5;
    server {{ listen 127.0.0.1:{1}; root {2}; }}
}}
"""


def say(text=""):
    print(text, flush=True)


class Server:
    def __init__(self, name, port, command):
        self.name, self.port = name, port
        self.process = subprocess.Popen([*FIRST, "taskset", "-c", SERVER, *command], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def processes(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as f:
            return [str(self.process.pid), *f.read().split()]

    def processor(self):
        total = 0
        for pid in self.processes():
            with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                total += sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13]))
        return total / TICK

    def get(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", "/" + NAME)
        return connection.getresponse().read()

    def wait(self, want):
        for _ in range(100):
            try:
                if self.get() == want:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        sys.exit(f"{self.name} does not serve the file")

    def run(self, *options):
        """Requests a second, and microseconds of processor time for one."""
        before = self.processor()
        words = [*FIRST, "taskset", "-c", LOAD, "wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{SECONDS}s", *options,
                 f"http://127.0.0.1:{self.port}/{NAME}"]
        done = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        used = self.processor() - before
        if "Non-2xx" in done or "Socket errors" in done:
            sys.exit(f"{self.name}: {done}")
        count = int(re.search(r"(\d+) requests in", done).group(1))
        return float(re.search(r"Requests/sec:\s+([\d.]+)", done).group(1)), 1e6 * used / count

    def stop(self):
        self.process.terminate()
        self.process.wait()


def node(build, folder, path):
    program = os.path.join(build, "src/cli/cadeado")
    subprocess.run([program, "--state", folder, "cluster", "init", "--port-base", str(PORT_BASE)], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    conf = os.path.join(folder, "cadeado.conf")
    with open(conf, encoding="utf-8") as f:
        text = re.sub(r"(?m)^workers = .*$", "workers = 1", f.read())
    with open(conf, "w", encoding="utf-8") as f:
        f.write(text)
    shutil.copy(path, os.path.join(folder, "tftp"))
    return Server("cadeadod", PORT_BASE + 6970, [os.path.join(build, "src/daemon/cadeadod"), "--state", folder])


def nginx(folder, root):
    conf = os.path.join(folder, "nginx.conf")
    with open(conf, "w", encoding="utf-8") as f:
        f.write(("user root;\n" if os.geteuid() == 0 else "") + NGINX.format(folder, NGINX_PORT, root))
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    return Server("nginx", NGINX_PORT, [program, "-e", f"{folder}/error.log", "-c", conf])


def compare(servers, what, target, *options):
    """True when the target is met."""
    results = [[] for _ in servers]
    for _ in range(RUNS):
        for i, server in enumerate(servers):
            results[i].append(server.run(*options))
    say(f"{SIZE} bytes over HTTP, {CONNECTIONS} connections, {what}, medians of {RUNS}")
    for server, got in zip(servers, results):
        say(f"  {server.name:10} {statistics.median(r[0] for r in got):8.0f} requests/s "
            f"{statistics.median(r[1] for r in got):6.1f} us of processor time each")
    rate, cost = ([statistics.median(r[i] for r in got) for got in results] for i in (0, 1))
    ratio = rate[0] / rate[1]
    say(f"  requests a second, times nginx: {ratio:.2f}, at least {target}: "
        f"{'good' if ratio >= target else 'MISSED'}")
    say(f"  processor time, nginx's over ours: {cost[1] / cost[0]:.2f}")
    return ratio >= target


def main():
    if "--realtime" in sys.argv:
        sys.argv.remove("--realtime")
        FIRST.extend(["chrt", "--rr", "1"])
    if not shutil.which("nginx", path="/usr/sbin:/usr/bin") or not shutil.which("wrk"):
        say("nginx and wrk are not installed: HTTP is not measured")
        return 0
    build = os.path.abspath(sys.argv[1])
    servers = []
    with tempfile.TemporaryDirectory(dir=build) as folder:
        try:
            root = os.path.join(folder, "root")
            os.mkdir(root)
            content = os.urandom(SIZE)
            with open(os.path.join(root, NAME), "wb") as f:
                f.write(content)
            servers = [node(build, os.path.join(folder, "node"), os.path.join(root, NAME)), nginx(folder, root)]
            for server in servers:
                server.wait(content)
            time.sleep(0.5)
            good = compare(servers, "kept alive", 0.9)
            good &= compare(servers, "one request each", 1.0, "-H", "Connection: close")
        finally:
            for server in servers:
                server.stop()
    return int(not good)


sys.exit(main())
