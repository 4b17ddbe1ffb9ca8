# SPDX-License-Identifier: MIT
"""What a replayed day must leave behind: last values and minute series, worked out from the file alone.

A value takes effect in the minute of its source time where the dialect carries one; else in the minute in
which it was read, known from lotsim's journal: not before it was served, and not after the same lot was
served again (parkd has at most one poll of a feed in flight).
"""
import csv
import gzip
import dataclasses
import datetime

from .norm import norm_free

MINUTE_MS = 60_000
SKEW_MS = 5 * MINUTE_MS                   # beyond this parkd does not believe a source's time
NEVER = 1 << 60
TIMED = ("generic", "native", "hangzhou")  # dialects with a source time
RELAYED = ("native",)                     # ... that is believed however late it comes (numbered tellings)


@dataclasses.dataclass
class Event:
    """`value` takes effect in a minute from lo to hi, both from the day's begin; hi NEVER: perhaps not at
    all."""
    lo: int
    hi: int
    value: int


def ms_of(text):
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(moment.timestamp() * 1000)


def read_tape(path, begin_ms, end_ms):
    """({column: [(ms, raw)]}, last row's ms): the cells in [begin, end), each column beginning with what
    held before."""
    opener = gzip.open if str(path).endswith(".gz") else open
    cells, before, last = {}, {}, None
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            moment = ms_of(row.pop("timestamp"))
            if moment >= end_ms:
                break
            for column, text in row.items():
                cells.setdefault(column, [])
                if text and moment < begin_ms:
                    before[column] = int(text)
                elif text:
                    cells[column].append((moment, int(text)))
            last = moment if moment >= begin_ms else last
    for column, value in before.items():
        if not cells[column] or cells[column][0][0] != begin_ms:
            cells[column].insert(0, (begin_ms, value))
    return cells, last


def read_totals(path):
    with open(path, encoding="utf-8", newline="") as file:
        return {row["lot"]: int(row["declared_capacity"]) if row["declared_capacity"] else None
                for row in csv.DictReader(file)}


def tellings_of(journal):
    """{lot: [line]} of what was served, pushed and answered, in order."""
    found = {}
    for line in journal:
        if line.get("how") in ("served", "pushed", "acked"):
            found.setdefault(line["lot"], []).append(line)
    return found


def events_of(lines, dialect, total, begin_ms, slack_ms):
    """The events of one lot from its lines of the journal. slack_ms: wall time between sending an answer and
    the journal's line about it."""
    events, skewed, known = [], 0, set()

    def minute(ms):
        return (ms - begin_ms) // MINUTE_MS
    for at, line in enumerate(lines):
        if line["how"] == "acked" or line["row"] is None or line["row"] in known:
            continue
        known.add(line["row"])
        value, source, read = norm_free(line["free_raw"], total)[0], line["src_ms"], line["t_wall"]
        again = next((one["t_wall"] for one in lines[at + 1:] if one["how"] != "pushed"), NEVER)
        if dialect not in TIMED:
            events.append(Event(minute(read - slack_ms), NEVER if again == NEVER else minute(again), value))
        elif dialect in RELAYED or again - source < SKEW_MS and source >= skewed:
            events.append(Event(minute(source), minute(source), value))
        else:                             # perhaps dated by its receipt; what follows may then look old
            events.append(Event(minute(source), NEVER, value))
            skewed = max(skewed, again if again != NEVER else read)
    return events


def allowed(events, minutes):
    """For each minute the values that its carried slot may have."""
    out = []
    for minute in range(minutes):
        values = set()
        for event in reversed(events):
            if event.lo > minute:
                continue
            values.add(event.value)
            if event.hi <= minute:
                break
        else:
            if values:
                values.add(None)
        out.append(values)
    return out


def differences(wanted, slots):
    """[(minute, value, wanted values)] where the carried series is none of those; minutes without a want are
    skipped."""
    out, last = [], None
    for minute, values in enumerate(wanted):
        last = slots[minute] if slots[minute] is not None else last
        if values and last not in values:
            out.append((minute, last, values))
    return out
