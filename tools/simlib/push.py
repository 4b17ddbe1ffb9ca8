# SPDX-License-Identifier: MIT
"""The pushing side of the lots. A feed has one or more lanes, each a connection with at most one request in
flight, and each lot belongs to one lane, so the tellings of a lot never overtake each other.

A live lot tells its newest number every push_interval_ms, and on change when asked to; what was not answered
well is told again, but only the newest number. A replayed lot tells every cell, in order, each until it was
answered.
"""
import asyncio
import time

from .httpclient import Connection, Failed
from .journal import telling

NEVER = float("inf")
AGAIN_MS = 60_000                         # a telling this old (wall time) is taken anew instead of sent again


class Seat:
    """What a lane knows about one of its lots."""
    __slots__ = ("lot", "next_push", "next_beat", "pending", "urgent")

    def __init__(self, lot, start, beat_at):
        self.lot, self.next_push, self.next_beat = lot, start, beat_at
        self.pending, self.urgent = None, False


class Lane:
    def __init__(self, feed, lots, push_url, clock, journal):
        self.feed, self.clock, self.journal = feed, clock, journal
        self.speaker, self.settings = feed.speaker, feed.settings
        self.interval = self.settings["push_interval_ms"] / 1000
        self.beat_every = (self.settings["heartbeat_ms"] or 0) / 1000
        now = time.monotonic()
        self.seats = [Seat(lot, now + self.interval * at / len(lots), now + (self.beat_every or NEVER))
                      for at, lot in enumerate(lots)]
        self.connection = self._connection(self.settings["push_url"] or push_url)
        self.wake = asyncio.Event()
        self.paused = False
        self.failures = self.sent = self.beats = self.in_row = 0
        self.last_error = None
        self.hints = []

    def _connection(self, url):
        return Connection(url, self.settings["timeout_ms"] / 1000, self.settings["ca_file"])

    def point_to(self, url):
        """The receiver moved. A request in flight ends on the old connection."""
        self.connection = self._connection(url)
        self.nudge()

    def nudge(self, lot=None):
        """Look again now; a lot named tells at once."""
        for seat in self.seats:
            if seat.lot is lot:
                seat.urgent = True
        self.wake.set()

    async def run(self):
        while True:
            if self.paused:
                await self._sleep(NEVER)
                continue
            now = time.monotonic()
            if not await self._one_turn(now):
                await self._sleep(self._next(now) - time.monotonic())

    async def _one_turn(self, now):
        """Sends what is due; False when nothing was. After a failure waits before it returns."""
        looked_ms = self.clock.wall_ms()              # a heartbeat speaks of this moment: nothing was due but told
        batch, good = self._collect(now), True
        beats = [] if batch else self._beating(now)
        if not batch and not beats and not self.hints:
            return False
        if not await self._introduced([seat.lot for seat, _ in batch] or [seat.lot for seat in beats]):
            good = False
        elif batch:
            good = await self._tell(batch)
        elif beats:
            good = await self._beat(beats, looked_ms)
        else:
            lot, came, left = self.hints.pop(0)
            await self._post(self.speaker.hint(lot, self.clock.wall_ms(), came, left), [lot])
        self.in_row = 0 if good else self.in_row + 1
        if not good and self.in_row:
            pause = self.settings["retry_ms"] * 2 ** min(self.in_row - 1, 10)
            await asyncio.sleep(min(pause, self.settings["retry_max_ms"]) / 1000)
        return True

    async def _sleep(self, seconds):
        try:
            await asyncio.wait_for(self.wake.wait(), None if seconds == NEVER else max(seconds, 0.0005))
        except asyncio.TimeoutError:
            return
        self.wake.clear()

    def _next(self, now):
        """The monotonic moment of the next thing to do."""
        soonest, wall_at = NEVER, None
        for seat in self.seats:
            if not seat.lot.speaks():
                continue
            soonest = min(soonest, seat.next_beat)
            if not seat.lot.live() and (due := seat.lot.replay.due_ms()) is not None:
                wall_at = due if wall_at is None else min(wall_at, due)
            else:
                soonest = min(soonest, seat.next_push)
        if self.settings["on_change"]:
            soonest = min(soonest, now + self.settings["tick_ms"] / 1000)
        if wall_at is not None:
            soonest = min(soonest, now + self.clock.wait_s(wall_at))
        return soonest

    def _collect(self, now):
        """[(seat, Sample)] of the lots that are due, at most a batch."""
        wall, batch = self.clock.wall_ms(), []
        for seat in self.seats:
            if len(batch) >= self.speaker.batch_max:
                break
            if seat.lot.speaks() and (told := self._due(seat, now, wall)) is not None:
                batch.append((seat, told))
        return batch

    def _due(self, seat, now, wall):
        lot = seat.lot
        if not lot.live() and lot.replay.due_ms() is not None:
            if seat.pending is None and lot.replay.due_ms() > wall:
                return None
        elif not lot.live() and wall <= lot.replay.tape.last_ms() and seat.pending is None:
            seat.next_push = now + self.interval      # all told: heartbeats speak for it until the end
            return None
        elif not (seat.urgent or seat.pending or now >= seat.next_push or self._changed(lot, wall)):
            return None
        told = lot.sample(wall)
        return self._numbered(seat, told, wall) if told is not None else None

    def _changed(self, lot, wall):
        return self.settings["on_change"] and not lot.sample(wall).same(lot.last)

    @staticmethod
    def _numbered(seat, told, wall):
        """Gives the Sample its seq; the same telling again keeps its own, unless its time has grown old."""
        lot, pending = seat.lot, seat.pending
        if pending is not None:
            young = not lot.live() or wall - pending.src_ms < AGAIN_MS
            if young and told.same(pending) and told.row == pending.row:
                return pending
            lot.superseded += 1
        elif lot.last is not None and told.same(lot.last) and told.src_ms == lot.last.src_ms:
            return lot.last
        return lot.numbered(told, wall)

    def _beating(self, now):
        due = [seat for seat in self.seats if seat.next_beat <= now and seat.lot.speaks()]
        return due[:self.speaker.batch_max]

    async def _beat(self, seats, looked_ms):
        for seat in seats:
            seat.next_beat = time.monotonic() + self.beat_every
        lots = [seat.lot for seat in seats]
        wrong = self._fault(lots, "wrong_signature") is not None
        message = self.speaker.beat(lots, looked_ms, wrong)
        if message is None:
            return True
        answer = await self._post(message, lots)
        self.beats += 1
        return answer is not None and 200 <= answer.status < 300

    async def _tell(self, batch):
        wall, tellings = self.clock.wall_ms(), [(seat.lot, told) for seat, told in batch]
        lots = [lot for lot, _ in tellings]
        for seat, told in batch:
            self._note(seat, told, wall)
        wrong = self._fault(lots, "wrong_signature") is not None
        spoilt = next((body for name, body in SPOILT.items() if self._fault(lots, name) is not None), None)
        make, what = (self.speaker.raw, spoilt) if spoilt else (self.speaker.message, tellings)
        answer = await self._post(make(what, wall, wrong), lots)
        if answer is None or spoilt:
            return False
        verdicts = self.speaker.judge(answer, tellings)
        for (seat, told), verdict in zip(batch, verdicts):
            self._judged(seat, told, verdict)
        bad = next((detail for verdict, _, detail in verdicts if verdict == "retry"), None)
        self._failed(bad) if bad else None
        return bad is None

    def _note(self, seat, told, wall):
        lot = seat.lot
        lot.retries += 1 if seat.pending is told else 0
        lot.pushes += 1
        lot.last, lot.last_told_ms = told, wall
        seat.pending, seat.urgent = told, False
        now = time.monotonic()
        seat.next_push += self.interval
        if seat.next_push < now:
            seat.next_push = now + self.interval
        self.journal.add(**telling(lot, told, "pushed"))

    def _judged(self, seat, told, verdict):
        lot, (word, seq, detail) = seat.lot, verdict
        if word == "retry":
            return
        seat.pending = None
        lot.moved_on(told)
        if word == "rejected":
            lot.rejected += 1
            self.journal.add(**telling(lot, told, "rejected", detail=detail))
            return
        lot.acked = told.record() | {"t_wall": self.clock.wall_ms(), "seq_answered": seq}
        self.journal.add(**telling(lot, told, "acked", seq_answered=seq, code=detail))

    async def _introduced(self, lots):
        """False when what must go before everything else (a log-in) was not answered well."""
        first = self.speaker.first(self.clock.wall_ms())
        if first is None:
            return True
        answer = await self._post(first, lots)
        return answer is not None and self.speaker.heard(answer)

    async def _post(self, message, lots):
        """The answer, or None when there was none."""
        path, body, headers = message
        self.sent += 1
        try:
            return await self.connection.post(path, body, headers, self._wire(lots))
        except Failed as why:
            if why.reused:                # a connection closed while idle: not the receiver's fault
                self.in_row = -1
            self._failed(str(why))
            return None

    def _failed(self, why):
        self.failures += 1
        self.last_error = why

    @staticmethod
    def _fault(lots, name):
        return next((lot.faults[name] for lot in lots if name in lot.faults), None)

    def _wire(self, lots):
        for name, make in WIRES.items():
            params = self._fault(lots, name)
            if params is not None:
                return make(params)
        return None

    def state(self):
        return {"feed": self.feed.id, "lots": len(self.seats), "sent": self.sent, "beats": self.beats,
                "failures": self.failures, "last_error": self.last_error, "paused": self.paused}


SPOILT = {"html": "<html><body>系统维护中</body></html>".encode(), "empty_list": b'{"items":[]}',
          "error_envelope": b'{"code":5000,"message":"busy"}'}
WIRES = {"truncated": lambda p: ("cut", 0.5), "reset": lambda p: ("cut", 0.0),
         "drip": lambda p: ("drip", p.get("ms", 1000) / 1000),
         "slow": lambda p: ("slow", p.get("ms", 5000) / 1000)}


def lanes_of(feed, push_url, clock, journal):
    """The lanes of a pushing feed, its lots dealt out among them."""
    count = max(1, min(feed.settings["lanes"], len(feed.lots)))
    return [Lane(feed, feed.lots[at::count], push_url, clock, journal) for at in range(count)]
