# SPDX-License-Identifier: MIT
"""An independent checker of the promise (DESIGN §1), fed with what was told, what Redis held, what arrived and what was
shown.

It keeps its own books and shares no code with parkd. Every fault becomes a line in `faults`; nothing is
raised, so that one fault does not hide another. The invariants:

I1 what was acknowledged is delivered, or overtaken by a higher seq, within 60 s after the faults stopped
I2 of one lot neither seq nor content ever goes back, in Redis and at the platform
I3 the same (lot, seq) is the same content in Redis and the same bytes at the platform
I4 at the end Redis, the platform and the public API hold the same
I5 nobody ever sees a number that the lot did not tell
I6 memory, descriptors, requests in flight and what is not acknowledged stay within their limits
I7 a lot that fell silent is unknown within its limit, once, and is never called current after
"""
import bisect

from .norm import norm_free

DELIVER_MS = 60_000
SLACK_MS = 5_000


class Oracle:
    def __init__(self, complete=False, limits=None, slack_ms=SLACK_MS):
        """complete: it is told every telling, and no lot tells a number twice: then loss, reorder and invention can be
        told apart. limits: {lot: ms of wall time after its last sign of life when its number is no longer current}."""
        self.complete, self.limits, self.slack_ms = complete, limits or {}, slack_ms
        self.faults = []
        self.acked = {}        # lot -> (source seq, free) of the newest push that was answered 2xx
        self.owed = {}         # lot -> place in the order of telling of the newest number answered 2xx
        self.answered = {}     # lot -> highest seq that parkd ever named in an answer
        self.places = {}       # lot -> {free: place in the order of telling, counted from 0}
        self.tellings = {}     # lot -> how many different numbers it told so far
        self.signs = {}        # lot -> wall times of what it told, in order
        self.redis_seq = {}    # lot -> highest seq seen in Redis
        self.visible = {}      # (lot, seq) -> visible part in Redis
        self.first = {}        # lot -> highest seq that arrived at the platform
        self.arrived = {}      # (lot, seq) -> free, as it arrived
        self.marks = {}        # (lot, seq) -> digest of the bytes, as they arrived
        self.accepted = {}     # lot -> [(seq, real time)] of what the platform accepted first
        self.unknown = {}      # lot -> {last sign of life: {seq} that arrived as unknown after it}
        self.newest = {}       # (where, lot) -> place of the newest number seen there
        self.unsaid = {}       # (where, lot, free) -> words: seen before the journal that tells it was read
        self.updates = self.snapshots = self.deliveries = self.shows = 0

    def fault(self, text):
        if len(self.faults) < 100:
            self.faults.append(text)

    # ---- what the lots told (lotsim's journal)

    def told(self, line):
        """A line of how "acked" was answered 2xx, a promise; any other says what parkd may know."""
        lot = line["lot"]
        if line["how"] == "rejected":
            return
        free = norm_free(line["free_raw"], line["total"])[0]
        self._utter(lot, free)
        if "t_wall" in line:
            self.signs.setdefault(lot, []).append(line["t_wall"])
        if line["how"] == "acked":
            self._promised(lot, line["seq"], free, line.get("seq_answered"))

    def _utter(self, lot, free):
        places = self.places.setdefault(lot, {})
        if places.get(free) != self.tellings.get(lot, 0) - 1:
            places[free] = self.tellings.get(lot, 0)
            self.tellings[lot] = places[free] + 1
        for where in ("Redis", "the platform", "the API"):
            self.unsaid.pop((where, lot, free), None)

    def _promised(self, lot, seq, free, answered):
        self.updates += 1
        known = self.acked.get(lot)
        if known is None or (seq or 0) >= (known[0] or 0):
            self.acked[lot] = seq, free
        self.owed[lot] = self.places[lot][free]
        if answered:
            if answered < self.answered.get(lot, 0):
                self.fault(f"{lot}: an answer named seq {answered} after {self.answered[lot]}")
            self.answered[lot] = max(answered, self.answered.get(lot, 0))

    def _seen(self, where, lot, free, words):
        """I5, and that what is seen at one place never becomes older (I2)."""
        if free is None or not self.complete:
            return
        place = self.places.get(lot, {}).get(free)
        if place is None:
            self.unsaid.setdefault((where, lot, free), words)
            return
        if place < self.newest.get((where, lot), 0):
            self.fault(f"{lot}: {where} went back to free {free}, which was told before what was there: {words}")
        self.newest[where, lot] = max(place, self.newest.get((where, lot), 0))

    # ---- what Redis holds

    def snapshot(self, records, numbered=(), pushing=()):
        """records: {lot: Record}, read after everything told so far was answered. numbered: lots whose senders number
        their tellings (native), so that "in Redis, or superseded by a newer" is checked by that number. pushing: lots
        whose tellings have no number: checked by the order of telling."""
        self.snapshots += 1
        for lot, record in records.items():
            self._not_back(lot, record)
            self._same_content(lot, record)
            self._seen("Redis", lot, record.free, record)
        for lot in numbered:
            self._not_lost(lot, records.get(lot))
        for lot in pushing:
            self._not_older(lot, records.get(lot))

    def _not_back(self, lot, record):
        top = max(self.redis_seq.get(lot, 0), self.answered.get(lot, 0))
        if record.seq < top:
            self.fault(f"{lot}: Redis holds seq {record.seq}, {top} was there or was answered before")
        self.redis_seq[lot] = max(record.seq, self.redis_seq.get(lot, 0))

    def _same_content(self, lot, record):
        known = self.visible.setdefault((lot, record.seq), record.visible)
        if known != record.visible:
            self.fault(f"{lot}: seq {record.seq} was {known!r} and is {record.visible!r}")

    def _not_lost(self, lot, record):
        if lot not in self.acked:
            return
        seq, free = self.acked[lot]
        if record is None or record.sseq < seq:
            self.fault(f"{lot}: the update {seq} (free {free}) was answered 2xx and is lost: {record}")
        elif record.sseq == seq and not record.expired and record.free != free:
            self.fault(f"{lot}: the update {seq} said free {free}, Redis holds {record.free}")

    def _not_older(self, lot, record):
        if lot not in self.owed:
            return
        held = None if record is None else record.last_free if record.expired else record.free
        place = self.places[lot].get(held, self.tellings[lot])          # not told yet: newer than what was
        if record is None or place < self.owed[lot]:
            self.fault(f"{lot}: free {self.acked[lot][1]} was answered 2xx and is lost: {record}")

    # ---- what arrived (platformsim's journal)

    def delivered(self, line):
        if "violation" in line:
            self.fault(f"platform: {line['violation']} {line}")
            return
        if "seq" not in line:
            return
        lot, seq = line["lot"], line["seq"]
        self.deliveries += 1
        self._same_bytes(lot, seq, line)
        if seq < self.first.get(lot, 0):
            self.fault(f"{lot}: seq {seq} arrived after {self.first[lot]}")
        elif seq > self.first.get(lot, 0):
            self._seen("the platform", lot, line["free"], line)
        self.first[lot] = max(seq, self.first.get(lot, 0))
        self._accepted(lot, seq, line)
        self._current(lot, line["free"], line.get("t_wall"), f"seq {seq} arrived")

    def _same_bytes(self, lot, seq, line):
        known = self.arrived.setdefault((lot, seq), line["free"])
        if known != line["free"]:
            self.fault(f"{lot}: seq {seq} arrived with free {known} and with {line['free']}")
        if line.get("mark") and self.marks.setdefault((lot, seq), line["mark"]) != line["mark"]:
            self.fault(f"{lot}: seq {seq} arrived in other bytes than before")
        text = self.visible.get((lot, seq))
        if text is not None and f"free={'-' if line['free'] is None else line['free']} " not in text + " ":
            self.fault(f"{lot}: seq {seq} is {text!r} in Redis and arrived with free {line['free']}")

    def _accepted(self, lot, seq, line):
        if line.get("code") not in ("ok", "dup") or "t_real" not in line:
            return
        steps = self.accepted.setdefault(lot, [])
        if not steps or seq > steps[-1][0]:
            steps.append((seq, line["t_real"]))
        if line["free"] is None:
            since = self._last_sign(lot, line["t_wall"])
            self.unknown.setdefault(lot, {}).setdefault(since, set()).add(seq)

    # ---- silence (I7)

    def _last_sign(self, lot, at):
        """When the lot told last before that moment; 0: never."""
        signs = self.signs.get(lot, [])
        before = bisect.bisect_right(signs, at)
        return signs[before - 1] if before else 0

    def _current(self, lot, free, at, words):
        """A number that is shown or sent as current at that moment must not be older than its limit."""
        if free is None or at is None or lot not in self.limits:
            return
        age = at - self._last_sign(lot, at)
        if age > self.limits[lot] + self.slack_ms:
            self.fault(f"{lot}: {words} with free {free}, {age} ms after its last sign of life")

    def shown(self, lots, at):
        """What the public API showed of each lot at a moment of the wall clock: {lot: {"free", "last", ...}}."""
        self.shows += 1
        for lot, item in lots.items():
            self._seen("the API", lot, item["free"], item)
            self._current(lot, item["free"], at, "shown")

    def silent(self, lot, record):
        """A lot that told nothing for longer than its limit: it is unknown, and the platform heard so once."""
        if record is None or not record.expired or record.free is not None:
            self.fault(f"{lot}: silent, and Redis holds {record}")
        heard = self.unknown.get(lot, {}).get((self.signs.get(lot) or [0])[-1], set())
        if len(heard) != 1:
            self.fault(f"{lot}: silent, and the platform heard {len(heard)} times that it is unknown")

    # ---- limits (I6)

    def vitals(self, facts, limits):
        """Both {name: number}: what a moment showed, and how much of it there may be."""
        for name, most in limits.items():
            if facts[name] > most:
                self.fault(f"{name} is {facts[name]}, above {most}")

    # ---- at the end, when nothing moves any more

    def settled(self, records, held, last_told=None, shown=None, calm_ms=None):
        """Redis, the platform and the public API (shown: {lot: {"free"}}) must hold the same of each lot; last_told:
        {lot: free} of lots that are polled; calm_ms: when the faults and the tellings stopped (real time)."""
        for lot, record in records.items():
            item = held.get(lot)
            if item is None or item["seq"] != record.seq or item.get("free") != record.free:
                self.fault(f"{lot}: the platform holds {item and (item['seq'], item.get('free'))}, Redis "
                           f"{record.seq, record.free}")
            if self.answered.get(lot, 0) > record.seq:
                self.fault(f"{lot}: seq {self.answered[lot]} was answered, {record.seq} is held")
            if shown is not None and (lot not in shown or shown[lot]["free"] != record.free):
                self.fault(f"{lot}: the API shows {shown.get(lot, {}).get('free', 'nothing')}, Redis holds {record.free}")
            if calm_ms is not None:
                self._in_time(lot, record, calm_ms)
        for lot, free in (last_told or {}).items():
            if lot not in records or records[lot].free != free:
                self.fault(f"{lot}: last told {free}, Redis holds {records.get(lot)}")
        for (where, lot, free), words in self.unsaid.items():
            self.fault(f"{lot}: {where} had free {free}, which was never told: {words}")

    def _in_time(self, lot, record, calm_ms):
        """I1. A seq is Redis' time: what was numbered after the calm has its own sixty seconds."""
        at = next((at for seq, at in self.accepted.get(lot, ()) if seq >= record.seq), None)
        if at is None or at > max(calm_ms, record.seq) + DELIVER_MS:
            self.fault(f"{lot}: seq {record.seq} was not delivered within {DELIVER_MS // 1000} s after the calm")


def agree(records, held):
    """Whether the platform holds what Redis holds, lot by lot (to wait for)."""
    return bool(records) and all(lot in held and held[lot]["seq"] == one.seq
                                 and held[lot].get("free") == one.free
                                 for lot, one in records.items())
