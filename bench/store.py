#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""bench/store.py PROGRAM FOLDER: bench_store on SQLite in FOLDER, and on a PostgreSQL of its own there
when that is installed. Everything is really written to disk: both wait for it when they commit."""
import glob
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time


def as_other():
    """PostgreSQL refuses to be run by root."""
    if os.geteuid() != 0:
        return {}
    who = pwd.getpwnam("postgres")
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}


def start(programs, folder):
    """The server, which listens on a socket in its folder and nowhere else."""
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    subprocess.run([f"{programs}/initdb", "-D", f"{folder}/data", "-U", "cadeado", "-A", "trust", "-E", "UTF8",
                    "--locale=C.UTF-8"], check=True, stdout=subprocess.DEVNULL, cwd=folder, **as_other())
    server = subprocess.Popen([f"{programs}/postgres", "-D", f"{folder}/data", "-k", folder,
                               "-c", "listen_addresses="], cwd=folder, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, **as_other())
    for _ in range(600):
        done = subprocess.run([f"{programs}/pg_isready", "-q", "-h", folder], check=False)
        if done.returncode == 0:
            return server
        time.sleep(0.1)
    server.kill()
    sys.exit("PostgreSQL does not start")


def main():
    program, place = sys.argv[1:]
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    server = None
    with tempfile.TemporaryDirectory(dir=place) as files, tempfile.TemporaryDirectory(dir="/tmp") as folder:
        urls = [f"sqlite:{files}/bench.db"]
        try:
            if found:
                server = start(found[-1], folder)
                urls.append(f"postgresql:///postgres?host={folder}&user=cadeado")
            else:
                print("PostgreSQL is not installed and not measured")
            return subprocess.run([program, *urls], check=False).returncode
        finally:
            if server:
                server.send_signal(signal.SIGINT)
                server.wait()


sys.exit(main())
