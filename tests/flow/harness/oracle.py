# SPDX-License-Identifier: MIT
"""An independent checker of the promise (DESIGN §1), fed with what was told, what Redis held and what
arrived.

It keeps its own books and shares no code with parkd. Every fault becomes a line in `faults`; nothing is
raised, so that one fault does not hide another.
"""
from .norm import norm_free


class Oracle:
    def __init__(self):
        self.faults = []
        self.acked = {}        # lot -> (source seq, free) of the newest push that was answered 2xx
        self.answered = {}     # lot -> highest seq that parkd ever named in an answer
        self.redis_seq = {}    # lot -> highest seq seen in Redis
        self.visible = {}      # (lot, seq) -> visible part in Redis
        self.first = {}        # lot -> highest seq that arrived at the platform
        self.arrived = {}      # (lot, seq) -> free, as it arrived
        self.updates = self.snapshots = self.deliveries = 0

    def fault(self, text):
        if len(self.faults) < 100:
            self.faults.append(text)

    # ---- what the lots told (lotsim's journal)

    def told(self, line):
        """A line of how "acked": the push was answered 2xx. Others are not promises."""
        if line.get("how") != "acked":
            return
        lot, seq = line["lot"], line["seq"]
        self.updates += 1
        known = self.acked.get(lot)
        if known is None or seq >= known[0]:
            self.acked[lot] = seq, norm_free(line["free_raw"], line["total"])[0]
        if line.get("seq_answered"):
            self._answered(lot, line["seq_answered"])

    def _answered(self, lot, seq):
        if seq < self.answered.get(lot, 0):
            self.fault(f"{lot}: an answer named seq {seq} after {self.answered[lot]}")
        self.answered[lot] = max(seq, self.answered.get(lot, 0))

    # ---- what Redis holds

    def snapshot(self, records, numbered=()):
        """records: {lot: Record}, read after everything told so far was answered. numbered: lots whose
        senders number their tellings (native), so that "in Redis, or superseded by a newer" can be
        checked."""
        self.snapshots += 1
        for lot, record in records.items():
            self._not_back(lot, record)
            self._same_bytes(lot, record)
        for lot in numbered:
            self._not_lost(lot, records.get(lot))

    def _not_back(self, lot, record):
        top = max(self.redis_seq.get(lot, 0), self.answered.get(lot, 0))
        if record.seq < top:
            self.fault(f"{lot}: Redis holds seq {record.seq}, {top} was there or was answered before")
        self.redis_seq[lot] = max(record.seq, self.redis_seq.get(lot, 0))

    def _same_bytes(self, lot, record):
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

    # ---- what arrived (platformsim's journal)

    def delivered(self, line):
        if "violation" in line:
            self.fault(f"platform: {line['violation']} {line}")
            return
        lot, seq = line["lot"], line["seq"]
        self.deliveries += 1
        known = self.arrived.setdefault((lot, seq), line["free"])
        if known != line["free"]:
            self.fault(f"{lot}: seq {seq} arrived with free {known} and with {line['free']}")
        if seq < self.first.get(lot, 0):
            self.fault(f"{lot}: seq {seq} arrived after {self.first[lot]}")
        self.first[lot] = max(seq, self.first.get(lot, 0))
        text = self.visible.get((lot, seq))
        if text is not None and f"free={'-' if line['free'] is None else line['free']} " not in text + " ":
            self.fault(f"{lot}: seq {seq} is {text!r} in Redis and arrived with free {line['free']}")

    # ---- at the end, when nothing moves any more

    def settled(self, records, held, last_told=None):
        """Redis and the platform must hold the same seq and number of each lot; last_told: {lot: free} of
        lots that are polled."""
        for lot, record in records.items():
            item = held.get(lot)
            if item is None or item["seq"] != record.seq or item.get("free") != record.free:
                self.fault(f"{lot}: the platform holds {item and (item['seq'], item.get('free'))}, Redis "
                           f"{record.seq, record.free}")
            if self.answered.get(lot, 0) > record.seq:
                self.fault(f"{lot}: seq {self.answered[lot]} was answered, {record.seq} is held")
        for lot, free in (last_told or {}).items():
            if lot not in records or records[lot].free != free:
                self.fault(f"{lot}: last told {free}, Redis holds {records.get(lot)}")


def agree(records, held):
    """Whether the platform holds what Redis holds, lot by lot (to wait for)."""
    return bool(records) and all(lot in held and held[lot]["seq"] == one.seq
                                 and held[lot].get("free") == one.free
                                 for lot, one in records.items())
