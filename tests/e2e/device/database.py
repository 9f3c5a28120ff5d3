# SPDX-License-Identifier: BSD-2-Clause
"""A PostgreSQL server of a test's own, behind a socket of UNIX."""

import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile

import lab as labs
from lab import wait_for


class Database:
    def __init__(self):
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        # Short, for the socket; and readable by whoever runs the server: it refuses to be root's.
        self.dir = tempfile.mkdtemp(prefix="c-pg-", dir="/tmp")
        self.user = None
        if os.geteuid() == 0:
            self.user = "postgres"
            os.chown(self.dir, pwd.getpwnam("postgres").pw_uid, -1)
        os.chmod(self.dir, 0o755)
        self.data, self.server = os.path.join(self.dir, "data"), None
        subprocess.run([os.path.join(self.bin, "initdb"), "-D", self.data, "-A", "trust", "-U", "cadeado", "-E", "UTF8",
                        "--locale=C", "--no-sync"], check=True, stdout=subprocess.DEVNULL, user=self.user, cwd=self.dir,
                       timeout=labs.PATIENCE)
        self.url = f"postgresql://cadeado@/postgres?host={self.dir}"

    def start(self):
        # fsync is left on: the server is killed.
        self.server = subprocess.Popen(
            [os.path.join(self.bin, "postgres"), "-D", self.data, "-k", self.dir, "-c", "listen_addresses="],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=self.user, cwd=self.dir)
        ready = [os.path.join(self.bin, "pg_isready"), "-q", "-h", self.dir]
        assert wait_for(lambda: subprocess.run(ready, check=False).returncode == 0)

    def stop(self, how=signal.SIGQUIT):
        """SIGQUIT: at once, with recovery at the next start."""
        if self.server:
            self.server.send_signal(how)
            self.server.wait(labs.PATIENCE)
        self.server = None

    def end(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)
