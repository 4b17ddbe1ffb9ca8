# SPDX-License-Identifier: MIT
"""kill -9 at random moments under push and poll load: nothing answered is lost, no number goes back, same number same
bytes. tests/crash/run plays it, several worlds at once; CRASH_PARKD, CRASH_REDIS, CRASH_BOTH and CRASH_STOP say how
often, CRASH_SEED which moments. A failure names the seed and how to play that chunk again."""
import os
import pathlib
import re
import subprocess
import sys

import pytest

from harness import crash

RUN = pathlib.Path(__file__).resolve().parents[1] / "crash/run"
SEED = os.environ.get("CRASH_SEED", "20261122")
BLOWS = {kind: int(os.environ.get(f"CRASH_{kind.upper()}", many))
         for kind, many in (("parkd", 200), ("redis", 100), ("both", 50), ("stop", 8))}


def test_nothing_answered_is_lost():
    argv = [sys.executable, RUN, "--seed", SEED, "--size", "50"]
    for kind, many in BLOWS.items():
        argv += [f"--{kind}", many]
    done = subprocess.run([str(one) for one in argv], capture_output=True, text=True, timeout=1500, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    counted = re.fullmatch(r"crash: (\d+) kills of parkd, (\d+) of redis-server, (\d+) of both, (\d+) stops, 0 violations",
                           done.stdout.splitlines()[-1])
    assert counted and [int(one) for one in counted.groups()] == list(BLOWS.values()), done.stdout


def test_a_loss_is_seen(world):
    """A Redis that keeps nothing on disk: the same loop must find what a kill costs."""
    forgetful = world.folder / "forgetful-redis"
    forgetful.write_text('#!/bin/sh\nexec redis-server "$@" --appendonly no\n')
    forgetful.chmod(0o755)
    with pytest.raises(crash.Violated, match="is lost"):
        crash.play(world, "parkd", 3, 1, conf={"redis": {"server": str(forgetful)}})
