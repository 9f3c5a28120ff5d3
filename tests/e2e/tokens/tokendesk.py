# SPDX-License-Identifier: BSD-2-Clause
"""Tokens of a test's own: SoftHSM with its store in the test's folder, behind a module that has them
lock, vanish and refuse (tests/p11/trouble.c)."""

import glob
import json
import os
import subprocess

import lab as labs

SO_PIN = "73737373"


def builds():
    """The build folder of the programs under test."""
    return os.path.join(os.path.dirname(os.path.realpath(labs.program("cadeado"))), "..", "..")


class Hsm:
    """Labels are made with `token`; `say` tells the module what happens to one."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder / "store")
        (folder / "softhsm.conf").write_text(
            f"directories.tokendir = {folder}/store\nobjectstore.backend = file\nlog.level = ERROR\n")
        (folder / "control").write_text("")
        soft = [path for pattern in ("/usr/lib*/softhsm", "/usr/lib/*/softhsm", "/usr/lib*/pkcs11")
                for path in glob.glob(pattern + "/libsofthsm2.so")]
        self.module = os.path.realpath(os.path.join(builds(), "tests", "p11", "trouble.so"))
        assert os.path.exists(self.module), self.module
        self.env = dict(os.environ, SOFTHSM2_CONF=str(folder / "softhsm.conf"), TROUBLE_MODULE=soft[0],
                        TROUBLE_CONTROL=str(folder / "control"))
        # Leaks inside SoftHSM are not ours to judge.
        self.env["LSAN_OPTIONS"] = "detect_leaks=0"

    def token(self, label, pin):
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", SO_PIN, "--pin", pin],
                       env=self.env, check=True, capture_output=True)

    def say(self, word, label):
        with open(self.folder / "control", "a", encoding="ascii") as f:
            f.write(f"{word} {label}\n")

    def happened(self, word):
        lines = (self.folder / "control").read_text().split("\n")
        return [line.split(" ", 1)[1] for line in lines if line.split(" ", 1)[0] == word]


class Desk:
    """A folder of tokens, no state folder, no daemon: `cadeado` with --tokens and, with a module, --module."""

    def __init__(self, folder, hsm=None):
        self.dir = folder
        self.tokens = folder / "tokens"
        self.hsm = hsm
        self.env = hsm.env if hsm else dict(os.environ)

    def words(self, *words):
        more = ["--tokens", str(self.tokens)] + (["--module", self.hsm.module] if self.hsm else [])
        return [labs.program("cadeado"), "--state", str(self.dir / "none"), *words, *more]

    def run(self, *words, pins=None, check=True, env=None):
        """`pins` are handed over on a descriptor, a line each."""
        fds, more = (), []
        if pins is not None:
            read, write = os.pipe()
            os.write(write, "".join(p + "\n" for p in pins).encode())
            os.close(write)
            fds, more = (read,), ["--pin-fd", str(read)]
            if words[:2] == ("token", "pin"):
                more += ["--new-pin-fd", str(read)]
        done = subprocess.run(self.words(*words, *more), env=env or self.env, pass_fds=fds, text=True, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=labs.PATIENCE)
        for fd in fds:
            os.close(fd)
        assert not check or done.returncode == 0, (words, done.returncode, done.stdout, done.stderr)
        for pin in (p for p in pins or () if len(p) > 3):
            assert pin not in done.stdout + done.stderr
        return done

    def list(self):
        return {t["label"]: t for t in json.loads(self.run("token", "list", "--json").stdout)["tokens"]}
