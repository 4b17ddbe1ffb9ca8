# SPDX-License-Identifier: MIT
"""A journal of JSON lines, so that an independent checker can follow what was told and what arrived.

Lines are written in order and reach the file at least every 200 ms; flush() makes all of them visible at
once.
"""
import asyncio
import json

from .clock import real_ms

FLUSH_S = 0.2


class Journal:
    """path None: nothing is written."""

    def __init__(self, path, clock):
        self.clock = clock
        self.file = open(path, "a", encoding="utf-8") if path else None
        self.lines = 0

    def add(self, **fields):
        self.lines += 1
        if self.file:
            fields = {"t_wall": self.clock.wall_ms(), "t_real": real_ms()} | fields
            self.file.write(json.dumps(fields, ensure_ascii=False, separators=(",", ":")) + "\n")

    def flush(self):
        if self.file:
            self.file.flush()

    async def keep_flushed(self):
        while True:
            await asyncio.sleep(FLUSH_S)
            self.flush()


def telling(lot, told, how, **more):
    """The fields of one journal line about a Sample."""
    return {"lot": lot.id, "free_raw": told.free, "total": told.total, "src_ms": told.src_ms, "how": how,
            "row": told.row, "seq": told.seq} | more
