# SPDX-License-Identifier: MIT
"""Recorded days at many times their speed, through all dialects, polled and pushed: at the end Redis, the
API and the platform hold the file's last values, and the minute series is the file's."""
import datetime
import os
import pathlib

import pytest

from harness import replaying
from harness.norm import norm_free
from harness.oracle import Oracle, agree
from harness.wait import wait_for
from harness.world import Clock, World

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("PARKD_DATA", ROOT.parent / "shared/data"))
RATE = float(os.environ.get("REPLAY_RATE", "900"))
DIALECTS = ("native", "generic", "hangzhou", "hikvision", "keytop", "jieshun")
FEED = {"push_interval_ms": 400, "heartbeat_ms": 200, "retry_ms": 20, "retry_max_ms": 100}
SLACK_MS = 200                            # real time between a sent answer and its line in lotsim's journal
LEAD_MS = 2000                            # real time for all programs to start before the tape does


class Day:
    """One recorded stretch, dealt out over the dialects."""

    def __init__(self, path, lots, begin, end, rate):
        self.path, self.lots_path, self.rate = path, lots, rate
        self.begin, self.end = replaying.ms_of(begin), replaying.ms_of(end)
        self.cells, self.last_ms = replaying.read_tape(path, self.begin, self.end)
        self.totals = replaying.read_totals(lots)

    def build(self, world):
        """{lot: (column, dialect)}; the lots are dealt out in turn."""
        where, groups = {}, {name: [] for name in DIALECTS}
        for at, column in enumerate(self.totals):
            groups[DIALECTS[at % len(DIALECTS)]].append(column)
        for dialect, columns in groups.items():
            for group in [[one] for one in columns] if dialect == "keytop" else [columns] if columns else []:
                ident = f"{dialect}{columns.index(group[0])}" if dialect == "keytop" else dialect
                names = world.feed(ident, dialect, len(group), interval_ms=100,
                                   sim={**FEED, "lanes": 4 if dialect == "hangzhou" else 1})
                where |= {name: (column, dialect) for name, column in zip(names, group)}
        for spec, one in zip(world.sim["lots"], world.lots):
            total = self.totals[where[spec["id"]][0]]
            spec |= {"column": where[spec["id"]][0], "total": total}
            one.pop("total"), one.pop("open")
            if total is not None:
                one |= {"total": total, "open": total}
        return where

    def final(self, column):
        return norm_free(self.cells[column][-1][1], self.totals[column])


def play(keep, folder, day):
    world = World(keep, folder, Clock(day.begin, day.rate, LEAD_MS))
    where = day.build(world)
    world.start_platform("--plain", "--native-bearer", "a-key")
    world.start_lotsim("--replay", day.path, "--lots", day.lots_path, "--from", iso(day.begin), "--to",
                       iso(day.end))
    world.sink(bearer="a-key", timeout_ms=5000)
    world.start_parkd()
    span = (day.last_ms - day.begin) / day.rate / 1000
    wait_for(lambda: world.lotsim.state("?lots=0")["done"], LEAD_MS / 1000 + 2 * span + 60,
             lambda: f"the tape to end: {world.lotsim.state('?lots=0')} {world.parkd.status()['feeds']}")
    return world, where


def iso(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc).isoformat()


def check_ends(world, where, day):
    """Redis, the API and the platform hold the last values, clamped, with their flags."""
    wanted = {lot: day.final(column) for lot, (column, _) in where.items()}

    def wrong():
        records, shown, held = world.parkd.store.records(), world.parkd.lots(), world.platform.held()
        bad = [f"{lot} wants {free}: Redis {records.get(lot)}, API {shown[lot]['free']}, platform "
               f"{held.get(lot, {}).get('free')}" for lot, (free, _) in wanted.items()
               if lot not in records or not records[lot].free == shown[lot]["free"] == free
               or held.get(lot, {}).get("free", -1) != free or held[lot]["seq"] != records[lot].seq]
        return bad or (agree(records, held) and [])
    wait_for(lambda: wrong() == [], 60, lambda: "all to hold the last values; not so: "
             + "; ".join(wrong() or [])[:2000])
    records = world.parkd.store.records()
    for lot, (_, flags) in wanted.items():
        assert {"negative", "over_total"} & records[lot].quality == flags, records[lot]


def check_order(world):
    """Each lot's deliveries rose in seq, same seq same bytes, and nothing else went wrong at the platform."""
    oracle = Oracle()
    oracle.snapshot(world.parkd.store.records())
    for line in world.platform.journal():
        oracle.delivered(line)
    assert oracle.faults == []
    assert oracle.deliveries > len(oracle.first)


def check_series(world, where, day):
    """The minute series, gaps carried, is the file's after norm: exactly where times travel along, else in
    the minute of the reading. Returns how many minutes had exactly one possible value, and how many were
    looked at."""
    minutes = (day.last_ms - day.begin) // replaying.MINUTE_MS + 1
    lines = replaying.tellings_of(world.lotsim.journal())
    exact = looked = 0
    for lot, (column, dialect) in where.items():
        events = replaying.events_of(lines[lot], dialect, day.totals[column], day.begin, SLACK_MS * day.rate)
        values = [norm_free(raw, day.totals[column])[0] for _, raw in day.cells[column]]
        assert [event.value for event in events] == values, f"{lot}: lotsim left cells out"
        wanted = replaying.allowed(events, minutes)
        offset = day.begin % 86_400_000 // replaying.MINUTE_MS
        slots = world.parkd.store.day(lot, day.begin)[offset:offset + minutes]
        bad = replaying.differences(wanted, slots)
        assert not bad, f"{lot} ({dialect}): {len(bad)} of {minutes} minutes differ: {bad[:5]}"
        exact += sum(len(values) == 1 for values in wanted)
        looked += minutes
    return exact, looked


def check_history(world, where, day):
    """The API's history is the same series."""
    lot = next(iter(where))
    offset = day.begin % 86_400_000 // replaying.MINUTE_MS
    count = min(60, (day.last_ms - day.begin) // replaying.MINUTE_MS)
    end = day.begin + count * replaying.MINUTE_MS
    answer = world.parkd.get(f"/v1/lots/{lot}/history?step=1m&from={day.begin}&to={end}")
    slots = world.parkd.store.day(lot, day.begin)[offset:offset + count]
    assert [point[1] for point in answer.json()["points"]] == slots


def check(world, where, day):
    check_ends(world, where, day)
    check_order(world)
    exact, looked = check_series(world, where, day)
    assert exact >= looked * 0.6, f"only {exact} of {looked} minutes could be checked exactly"
    check_history(world, where, day)
    assert len({dialect for _, dialect in where.values()}) >= 4
    for feed in world.parkd.status()["feeds"]:
        assert feed["state"] == "good", feed


def test_small_day(keep, folder):
    """Two hours of eight made-up lots."""
    day = Day(ROOT / "tests/data/replay/small-free.csv", ROOT / "tests/data/replay/small-lots.csv",
              "2026-03-04T07:00:00Z", "2026-03-04T10:00:00Z", RATE)
    check(*play(keep, folder, day), day)


def test_real_day(keep, folder):
    """2026-06-10 of 44 real car parks."""
    path = DATA / "replay-44/free-2026-06.csv.gz"
    if not path.exists():
        pytest.skip(f"recorded days are absent: {path} (set PARKD_DATA); test_replay.py::test_real_day")
    day = Day(path, DATA / "replay-44/lots.csv", "2026-06-10T00:00:00Z", "2026-06-11T00:00:00Z", RATE)
    assert len(day.cells) == 44
    check(*play(keep, folder, day), day)
