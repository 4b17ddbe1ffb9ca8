# SPDX-License-Identifier: MIT
"""All car parks of a scenario together: who polls them, how they push, and the switches under /_control/."""
import asyncio

from . import lots, polling, push, replay
from .control import Control, Wrong


class World:
    def __init__(self, scenario, feeds, made, clock, journal):
        self.feeds, self.lots, self.clock, self.journal = feeds, made, clock, journal
        self.polling = polling.Polling(feeds, clock, journal)
        self.push_url = scenario.get("push_url", "http://127.0.0.1:8080")
        self.lanes = []
        self.tape = None
        self.control = Control()
        for method, name, function in (
                ("GET", "state", self.state), ("POST", "fault", self.fault), ("POST", "value", self.value),
                ("POST", "wake", self.wake), ("POST", "silence", self.silence), ("POST", "pause", self.pause),
                ("POST", "resume", self.resume), ("POST", "expire", self.expire), ("POST", "hint", self.hint),
                ("POST", "push_url", self.point_to), ("POST", "flush", self.flush)):
            self.control.add(method, name, function)

    def start(self):
        """Makes the push lanes; returns their tasks."""
        for feed in self.feeds.values():
            if not feed.polled:
                self.lanes += push.lanes_of(feed, self.push_url, self.clock, self.journal)
        return [asyncio.ensure_future(lane.run()) for lane in self.lanes]

    def load_tape(self, tape, declared):
        """Gives every lot with a column its tape; a lot without a total takes the declared one."""
        self.tape = tape
        for lot in self.lots.values():
            column = lot.column or (lot.id if lot.id in tape.cells else None)
            if column is None:
                continue
            if column not in tape.cells:
                raise ValueError(f"lot {lot.id}: no column {column}")
            lot.replay = replay.LotTape(tape, column)
            if lot.total is None:
                lot.total = declared.get(column)
                lot.open = lot.open if lot.open is not None else lot.total

    async def answer(self, request):
        if request.path.startswith("/_control/"):
            return await self.control.answer(request)
        return await self.polling.answer(request)

    def _chosen(self, fields):
        """The lots a call names: lot (id), lots, feed, count (of the silent ones), or all."""
        if "lot" in fields:
            names = [fields["lot"]]
        elif "lots" in fields:
            names = fields["lots"]
        elif "feed" in fields:
            if fields["feed"] not in self.feeds:
                raise Wrong(f"no feed {fields['feed']}")
            names = [lot.id for lot in self.feeds[fields["feed"]].lots]
        elif "count" in fields:
            names = [lot.id for lot in self.lots.values() if lot.silent][:int(fields["count"])]
        elif fields.get("all"):
            names = list(self.lots)
        else:
            raise Wrong("name lot, lots, feed or all")
        if names == ["all"]:
            names = list(self.lots)
        unknown = [name for name in names if name not in self.lots]
        if unknown:
            raise Wrong(f"no lot {unknown[0]}")
        return [self.lots[name] for name in names]

    def _nudge(self, chosen):
        for lane in self.lanes:
            for lot in chosen:
                lane.nudge(lot)

    def replay_done(self):
        """Every cell of the window was read or answered, and its last row's time has come."""
        told = [lot for lot in self.lots.values() if lot.replay is not None and not lot.silent]
        return self.clock.wall_ms() >= self.tape.last_ms() and all(lot.replay.left() == 0 for lot in told)

    def state(self, fields):
        self.journal.flush()
        out = {"wall_ms": self.clock.wall_ms(), "requests": self.polling.requests,
               "journal_lines": self.journal.lines, "lanes": [lane.state() for lane in self.lanes]}
        if self.tape is not None:
            taped = [lot.replay for lot in self.lots.values() if lot.replay is not None]
            out |= {"done": self.replay_done(), "rows": len(self.tape.times),
                    "left": sum(one.left() for one in taped), "last_row_ms": self.tape.last_ms(),
                    "max_lag_ms": max((one.max_lag_ms for one in taped), default=0)}
        if fields.get("lots") != "0":
            out["lots"] = {lot.id: lot.state() for lot in self.lots.values()}
        return out

    def fault(self, fields):
        name = fields["fault"]
        if name not in lots.FAULTS:
            raise Wrong(f"no fault {name}; there are {', '.join(lots.FAULTS)}")
        chosen, wall = self._chosen(fields), self.clock.wall_ms()
        for lot in chosen:
            lot.set_fault(name, fields.get("on", True), fields.get("params") or {}, wall)
        self._nudge(chosen)
        return {"lots": [lot.id for lot in chosen]}

    def value(self, fields):
        """{lot, free} sets a number by hand (null: unknown); {lot, auto: true} goes back to the model."""
        chosen = self._chosen(fields)
        for lot in chosen:
            free = fields.get("free")
            if free is not None and not isinstance(free, int):
                raise Wrong("free is a whole number or null")
            status = fields.get("status", "open" if free is not None else "unknown")
            if status not in ("open", "closed", "unknown"):
                raise Wrong("status is open, closed or unknown")
            lot.manual = None if fields.get("auto") else (free, status)
        self._nudge(chosen)
        return {"lots": [lot.id for lot in chosen]}

    def wake(self, fields):
        chosen, wall = [lot for lot in self._chosen(fields) if lot.silent], self.clock.wall_ms()
        for lot in chosen:
            lot.silent = False
            if lot.replay is not None:
                lot.replay.skip_to(wall)
        self._nudge(chosen)
        return {"woken": [lot.id for lot in chosen]}

    def silence(self, fields):
        chosen = self._chosen(fields)
        for lot in chosen:
            lot.silent = True
        return {"silent": [lot.id for lot in chosen]}

    def pause(self, _fields):
        return self._hold(True)

    def resume(self, _fields):
        return self._hold(False)

    def _hold(self, paused):
        self.polling.paused = paused
        for lane in self.lanes:
            lane.paused = paused
            lane.nudge()
        return {"paused": paused}

    def expire(self, _fields):
        return polling.expire_tokens(self.feeds.values())

    def hint(self, fields):
        """{lot, in, out}: cars that came and went, sent between two counts (native only)."""
        lot = self._chosen(fields)[0]
        lane = next((one for one in self.lanes if any(seat.lot is lot for seat in one.seats)), None)
        if lane is None or not hasattr(lane.speaker, "hint"):
            raise Wrong(f"a lot of {lane.speaker.name if lane else 'a polled feed'} sends no hints")
        lane.hints.append((lot, int(fields.get("in", 0)), int(fields.get("out", 0))))
        lane.nudge()
        return {"lot": lot.id}

    def point_to(self, fields):
        """{url}: parkd is elsewhere from now on."""
        for lane in self.lanes:
            lane.point_to(fields["url"])
        return {"push_url": fields["url"]}

    def flush(self, _fields):
        self.journal.flush()
        return {"journal_lines": self.journal.lines}
