# SPDX-License-Identifier: BSD-2-Clause
"""Somebody at a terminal: reads what a program prints there and types answers."""

import os
import pty
import re
import select
import signal
import time

PATIENCE = 60


class Person:
    def __init__(self, argv, env=None):
        self.seen, self.at = "", 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], argv, env or os.environ)

    def read(self, seconds):
        if select.select([self.fd], [], [], seconds)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            self.seen += data.decode("utf-8", "replace").replace("\r\n", "\n")
            return bool(data)
        return True

    def expect(self, pattern):
        """Waits for a text after the one that was waited for last; returns the match."""
        end = time.monotonic() + PATIENCE
        while True:
            found = re.search(pattern, self.seen[self.at:])
            if found:
                self.at += found.end()
                return found
            assert time.monotonic() < end and self.read(0.2), (pattern, self.seen)

    def type(self, text):
        os.write(self.fd, (text + "\n").encode())

    def answer(self, pattern, text):
        self.expect(pattern)
        self.type(text)

    def leaves(self):
        """The exit status; everything that was printed is in `seen`."""
        end = time.monotonic() + PATIENCE
        while self.read(0.2) and time.monotonic() < end:
            pass
        os.close(self.fd)
        _, status = os.waitpid(self.pid, 0)
        self.pid = None
        return os.waitstatus_to_exitcode(status)

    def end(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            os.close(self.fd)
