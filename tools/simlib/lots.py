# SPDX-License-Identifier: MIT
"""Car parks as the simulator holds them: what each would say now, what it said last, what is wrong with it.

A lot's number comes from its model: the day (day.py), a counter (every telling another number, for crash
tests), a replay (replay.py), or a value set by hand, which wins over the others. Faults are laid over that
number when it is told. A Sample is one such telling.
"""
from . import day

# Faults of the number or its time, and of the way it travels (the dialects and the push lanes act on those).
VALUE_FAULTS = ("stale", "frozen", "negative", "over_total", "clock_off", "bad_item", "silent")
WIRE_FAULTS = ("slow", "truncated", "wrong_signature", "http_500", "empty_list", "html", "error_envelope",
               "drip", "reset")
FAULTS = VALUE_FAULTS + WIRE_FAULTS
MODELS = ("day", "counter", "manual")
REPORT_MS = 10_000                        # a polled lot's own time moves in these steps


class Sample:
    """One telling of a lot. free None: the lot does not know. row: replay row or None."""
    __slots__ = ("free", "total", "open", "src_ms", "row", "status", "bad", "seq")

    def __init__(self, free, total, open_, src_ms, row=None, status="open"):
        self.free, self.total, self.open, self.src_ms, self.row = free, total, open_, src_ms, row
        self.status, self.bad, self.seq = status, False, None

    def same(self, other):
        return other is not None and (self.free, self.total, self.open, self.status, self.bad) == (
            other.free, other.total, other.open, other.status, other.bad)

    def record(self):
        return {"free": self.free, "total": self.total, "open": self.open, "src_ms": self.src_ms,
                "status": self.status, "seq": self.seq, "row": self.row}


class Lot:
    def __init__(self, spec, feed):
        self.feed = feed
        self.id, self.foreign = spec["id"], spec.get("foreign_id", spec["id"])
        self.name = spec.get("name", self.id)
        self.total, self.open = spec.get("total"), spec.get("open", spec.get("total"))
        self.kind, self.seed = spec.get("kind", "mall"), spec.get("seed", 1)
        self.model, self.counts = spec.get("model", "day"), spec.get("counts", "free")
        self.permit, self.column = spec.get("permit", 0), spec.get("column")
        self.classes, self.zones = spec.get("classes", {}), spec.get("zones", {})
        self.silent = spec.get("silent", False)
        self.replay = None
        self.faults = {}
        self.manual = None                # (free, status) set by hand
        self.held = None                  # Sample kept by the faults stale and frozen
        self.count = 0
        self.last = self.acked = None     # last Sample told; last acknowledged, as a record
        self.seq = 0
        self.reads = self.pushes = self.retries = self.rejected = self.superseded = 0
        self.last_told_ms = 0

    def speaks(self):
        return not self.silent and "silent" not in self.faults

    def live(self):
        """Whether its number is made now, and not read from a tape."""
        return self.replay is None or self.manual is not None

    def set_fault(self, name, on, params, wall):
        if not on:
            self.faults.pop(name, None)
            if not {"stale", "frozen"} & self.faults.keys():
                self.held = None
            return
        if name in ("stale", "frozen") and self.held is None:
            self.held = self.last or self.plain(wall)
        self.faults[name] = params

    def places(self):
        return self.open if self.open is not None else self.total or 100

    def plain(self, wall):
        """The number without faults; None while a replayed lot has none yet."""
        if self.manual is not None:
            return Sample(self.manual[0], self.total, self.open, wall, status=self.manual[1])
        if self.replay is not None:
            return self.replay.sample(self, wall)
        if self.model == "counter":
            return Sample(self.count % (self.places() + 1), self.total, self.open, wall)
        if self.model == "manual":
            return Sample(None, self.total, self.open, wall, status="unknown")
        cars = day.occupied(self.kind, self.seed, self.places(), wall)
        return Sample(self.places() - cars, self.total, self.open, wall)

    def sample(self, wall):
        """What the lot tells now, faults and all; None when it has nothing to tell."""
        told = self.plain(wall)
        if told is None or not self.faults:
            return told
        if self.held is not None:
            moment = self.held.src_ms if "stale" in self.faults else told.src_ms
            told = Sample(self.held.free, told.total, told.open, moment, told.row, self.held.status)
        if "negative" in self.faults:
            told.free = self.faults["negative"].get("value", -7)
        if "over_total" in self.faults:
            told.free = (told.total or self.places()) + self.faults["over_total"].get("value", 25)
        if "clock_off" in self.faults:
            told.src_ms += self.faults["clock_off"].get("ms", 600_000)
        told.bad = "bad_item" in self.faults
        return told

    def polled(self, wall):
        """What a polled lot answers: as sample(), its own time in steps, as a vendor's system reports."""
        told = self.sample(wall)
        if told is not None and self.replay is None and self.manual is None:
            told.src_ms -= told.src_ms % REPORT_MS
        return told

    def note_read(self, told, wall):
        """An answer with this Sample went out whole."""
        self.reads += 1
        self.last, self.last_told_ms = told, wall
        self.moved_on(told)

    def moved_on(self, told):
        """The Sample was read or acknowledged: the next one may come."""
        if self.replay is not None:
            self.replay.done_with(told)
        elif self.model == "counter":
            self.count += 1

    def numbered(self, told, wall):
        """Gives a pushed Sample its seq: its row's time in a replay, else now; above every earlier one."""
        taken = told.src_ms if self.replay is not None and told.row is not None else wall
        self.seq = max(self.seq + 1, taken)
        told.seq = self.seq
        return told

    def parts(self, wanted, free):
        """Free places of classes or zones: each its share of the lot's, so that the sum never exceeds it."""
        whole = max(1, self.places())
        return {name: {"free": max(0, min(total, (free or 0) * total // whole)), "total": total}
                for name, total in wanted.items()}

    def state(self):
        emitted = self.last.record() | {"t_wall": self.last_told_ms} if self.last else None
        out = {"feed": self.feed.id, "dialect": self.feed.dialect, "foreign_id": self.foreign,
               "silent": self.silent, "emitted": emitted,
               "acked": self.acked, "reads": self.reads, "pushes": self.pushes, "retries": self.retries,
               "rejected": self.rejected, "superseded": self.superseded, "faults": self.faults}
        if self.replay is not None:
            out["replay"] = self.replay.state()
        return out
