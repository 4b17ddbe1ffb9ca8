# SPDX-License-Identifier: MIT
"""The append-only file cut anywhere in its last 64 kB: tests/crash/truncate does it, here at offsets spread evenly
(TRUNCATE_OFFSETS)."""
import os
import pathlib
import subprocess
import sys

CUT = pathlib.Path(__file__).resolve().parents[1] / "crash/truncate"
OFFSETS = int(os.environ.get("TRUNCATE_OFFSETS", "200"))


def truncate(*args):
    return subprocess.run([sys.executable, str(CUT), *map(str, args)], capture_output=True, text=True, timeout=1200,
                          check=False)


def test_nothing_answered_before_the_cut_is_lost():
    done = truncate("--count", OFFSETS)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == f"truncate: {OFFSETS} offsets, 0 violations"


def test_a_loss_is_seen():
    """Asked for what was answered after the cut, it must find it lost."""
    done = truncate("--count", 4, "--margin", 4000)
    assert done.returncode == 1 and "was answered before the cut and is lost" in done.stdout, done.stdout + done.stderr
