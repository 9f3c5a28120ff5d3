#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: phones.py [--realtime] BUILD

What 20,000 phones cost on SQLite in a file, in whole commands as a person runs them: read from a CSV file, found and
changed by a query (dry run and change together), taken back. Medians of the wall clock decide; the processor time
beside them tells how much of it was waiting. --realtime: before all other work on the
machine (SCHED_RR; needs root). Exit status 1 when a target is missed.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

PHONES = 20000
ROUNDS = 5
HEAD = "Device Name,Description,Device Type,Security Profile,Directory Number 1,Line Display 1,Owner\r\n"

# What is measured, the commands, and the most seconds that they may take together.
MEASURED = (
    ("imported from a CSV file", (["device", "import", "{csv}"],), 5.0),
    ("changed by a query, dry run and change", (["bat", "update", "Device Type is Cisco 7961", "--set", "Owner=bulk"],
                                                ["bat", "apply", "--yes"]), 2.0),
    ("the change taken back", (["bat", "undo", "--yes"],), None),
    ("exported", (["device", "export", "{out}"],), None),
)


def run(program, state, words):
    done = subprocess.run([program, "--state", state, *words], check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.exit(f"{' '.join(words)}: " + done.stdout.decode(errors="replace")[-400:])
    return done.stdout.decode()


def timed(program, state, commands):
    before, start = os.times(), time.monotonic()
    text = "".join(run(program, state, words) for words in commands)
    wall, after = time.monotonic() - start, os.times()
    return wall, sum(after[2:4]) - sum(before[2:4]), text


def main():
    if "--realtime" in sys.argv:
        sys.argv.remove("--realtime")
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    build = sys.argv[1]
    program = os.path.join(build, "src/cli/cadeado")
    walls, used = ({name: [] for name, _, _ in MEASURED} for _ in range(2))
    # In the build's folder: on a disk, where a commit waits for what it wrote.
    with tempfile.TemporaryDirectory(dir=build) as folder:
        csv = os.path.join(folder, "phones.csv")
        with open(csv, "w", encoding="ascii", newline="") as f:
            f.write(HEAD + "".join("SEP%012X,Room %d,7961,Non Secure,%d,,\r\n" % (0x100000 + i, i, 100000 + i)
                                   for i in range(PHONES)))
        for i in range(ROUNDS):
            state = os.path.join(folder, str(i))
            run(program, state, ["cluster", "init"])
            for name, commands, _ in MEASURED:
                filled = [[w.format(csv=csv, out=os.path.join(state, "out.csv")) for w in words] for words in commands]
                wall, cpu, text = timed(program, state, filled)
                if str(PHONES) not in text and "written to" not in text:
                    sys.exit(f"{name}: not all phones: {text[-300:]}")
                walls[name].append(wall)
                used[name].append(cpu)
    missed = 0
    for name, _, most in MEASURED:
        wall, cpu = statistics.median(walls[name]), statistics.median(used[name])
        good = most is None or wall < most
        missed += not good
        print(f"{PHONES} phones {name}: {wall:.2f} s (least {min(walls[name]):.2f}), {cpu:.2f} s of processor time"
              + (f"; target under {most:g} s: {'met' if good else 'MISSED'}" if most else ""), flush=True)
    return int(missed > 0)


sys.exit(main())
