# SPDX-License-Identifier: MIT
"""Recorded days: a CSV with a timestamp column and one column a lot, an empty cell meaning "as before".

Each number in the window [from, to) is a cell; a lot tells its cells one by one, each with its row's time. A
cell is held until it was read (polled) or acknowledged (pushed), so none is skipped however slow the reader
is. A row whose cell is empty confirms the value: once the cell has been read, the lot's own time moves on to
the newest such row. The value before the window is told at its start, as row -1. After the last row time
moves on with the clock.
"""
import bisect
import csv
import gzip

from .clock import parse_iso
from .lots import Sample


class Tape:
    """All rows of the window: their times, and per column its cells [(row, ms, value)]."""

    def __init__(self, path, from_ms, to_ms, carry=True):
        self.times, self.cells = [], {}
        before = {}
        opener = gzip.open if str(path).endswith(".gz") else open
        with opener(path, "rt", encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            columns = next(rows)[1:]
            self.cells = {name: [] for name in columns}
            for number, row in enumerate(rows):
                self._take(columns, number, row, (from_ms, to_ms), before)
        if carry:
            for name, value in before.items():
                if not (self.cells[name] and self.cells[name][0][1] == from_ms):
                    self.cells[name].insert(0, (-1, from_ms, value))
        if not self.times:
            raise ValueError(f"no row of {path} is in the window")

    def _take(self, columns, number, row, window, before):
        moment = parse_iso(row[0])
        if moment >= window[1]:
            return
        inside = moment >= window[0]
        if inside:
            self.times.append(moment)
        for name, cell in zip(columns, row[1:]):
            if cell == "":
                continue
            if inside:
                self.cells[name].append((number, moment, int(cell)))
            else:
                before[name] = int(cell)

    def last_ms(self):
        return self.times[-1]


def declared(path):
    """lots.csv: column -> declared capacity or None."""
    with open(path, encoding="utf-8", newline="") as file:
        return {row["lot"]: int(row["declared_capacity"]) if row["declared_capacity"] else None
                for row in csv.DictReader(file)}


class LotTape:
    """One lot's place on the tape."""

    def __init__(self, tape, column):
        self.tape, self.cells = tape, tape.cells[column]
        self.at = 0
        self.read = False                 # the cell at `at` was told
        self.max_lag_ms = 0

    def skip_to(self, wall):
        """A lot that was silent begins with what holds now, not with what it missed."""
        while self.at + 1 < len(self.cells) and self.cells[self.at + 1][1] <= wall:
            self.at += 1
            self.read = False

    def due_ms(self):
        """When the next untold cell comes; None when all are told."""
        at = self.at + 1 if self.read else self.at
        return self.cells[at][1] if at < len(self.cells) else None

    def sample(self, lot, wall):
        """The cell to tell now, or the confirmed value of the last one; None before the first."""
        due = self.due_ms()
        if self.read and due is not None and due <= wall:
            self.at, self.read = self.at + 1, False
        if self.at >= len(self.cells) or self.cells[self.at][1] > wall:
            return None
        row, moment, value = self.cells[self.at]
        if self.read:
            row, moment = None, self._confirmed(moment, wall)
        else:
            self.max_lag_ms = max(self.max_lag_ms, wall - moment)
        return Sample(value, lot.total, lot.open, moment, row)

    def _confirmed(self, moment, wall):
        if wall > self.tape.last_ms():
            return wall
        passed = bisect.bisect_right(self.tape.times, wall)
        return max(moment, self.tape.times[passed - 1]) if passed else moment

    def done_with(self, told):
        """Told and read. A confirmation, or the late telling of an earlier cell, changes nothing."""
        if told.row is not None and self.at < len(self.cells) and told.row == self.cells[self.at][0]:
            self.read = True

    def left(self):
        return max(0, len(self.cells) - self.at - (1 if self.read else 0))

    def state(self):
        return {"cells": len(self.cells), "left": self.left(), "max_lag_ms": self.max_lag_ms}
