# SPDX-License-Identifier: MIT
"""What the platform holds, and whether what arrives keeps parkd's promise.

Checked for each delivery, answered well or not: seq of a lot never goes back, the same (lot, seq) is the same
bytes, and no delivery of a lot starts before the one before it ended. Hangzhou's messages have no seq: there
the time, in whole seconds, must not go back.
"""
import collections
import hashlib

RING = 2000                               # deliveries remembered
SEQS = 64                                 # seqs of one lot whose bytes are remembered
VIOLATIONS = 500


def mark_of(raw):
    """The same bytes, the same mark."""
    return hashlib.sha1(raw.encode()).hexdigest()[:16]


class Held:
    def __init__(self, clock, journal):
        self.clock, self.journal = clock, journal
        self.lots = {}                    # lot -> newest item accepted
        self.filed = {}                   # lot -> what it is, as it was made known last
        self.filings = collections.Counter()
        self.days = {}                    # lot -> {date: the statement of that day}
        self.top = {}                     # lot -> highest seq (or time) seen
        self.marks = collections.defaultdict(collections.OrderedDict)
        self.in_flight = {}               # lot -> number of the request it is in
        self.violations = []
        self.violation_counts = collections.Counter()
        self.ring = collections.deque(maxlen=RING)
        self.deliveries = self.accepted = 0
        self.aggregates = []
        self.beats = collections.Counter()
        self.last_delivery_ms = None

    def violate(self, kind, **facts):
        self.violation_counts[kind] += 1
        if len(self.violations) < VIOLATIONS:
            self.violations.append({"kind": kind, "t_wall": self.clock.wall_ms()} | facts)
        self.journal.add(violation=kind, **facts)

    def arrive(self, number, items, numbered):
        """items: [(lot, order, raw text)] of one request. Returns the code of each: ok, dup or old."""
        codes = []
        for lot, order, raw in items:
            other = self.in_flight.get(lot)
            if other is not None and other != number:
                self.violate("overlap", lot=lot, seq=order, request=number, other=other)
            self.in_flight[lot] = number
            if numbered:
                self._check_bytes(number, lot, order, raw)
            codes.append(self._check_order(number, lot, order, numbered))
        return codes

    def _check_bytes(self, number, lot, order, raw):
        mark = mark_of(raw)
        marks = self.marks[lot]
        known = marks.setdefault(order, mark)
        if len(marks) > SEQS:
            marks.popitem(last=False)
        if known != mark:
            self.violate("bytes_differ", lot=lot, seq=order, raw=raw[:400], request=number)

    def _check_order(self, number, lot, order, numbered):
        top = self.top.get(lot)
        if top is None or order > top:
            self.top[lot] = order
            return "ok"
        if order < top:
            self.violate("seq_back" if numbered else "time_back", lot=lot, seq=order, top=top, request=number)
            return "old"
        return "dup" if numbered else "ok"

    def check_filed(self, number, lots):
        for lot in lots:
            if lot not in self.filed:
                self.violate("unfiled", lot=lot, request=number)

    def file(self, lot, fields):
        self.filed[lot] = fields
        self.filings[lot] += 1
        self.journal.add(filed=lot)

    def depart(self, number, lots):
        """The request was answered, or its connection is gone."""
        for lot in lots:
            if self.in_flight.get(lot) == number:
                del self.in_flight[lot]

    def take(self, lot, fields, number):
        """An item the platform accepted."""
        now = self.clock.wall_ms()
        self.lots[lot] = fields | {"received_ms": now, "request": number}
        self.accepted += 1
        self.last_delivery_ms = now

    def remember(self, number, lot, order, free, code, mode, raw):
        """One item of one request, accepted or not."""
        self.deliveries += 1
        line = {"request": number, "lot": lot, "seq": order, "free": free, "code": code, "mode": mode}
        self.ring.append(line | {"t_wall": self.clock.wall_ms()})
        self.journal.add(**line, mark=mark_of(raw))
