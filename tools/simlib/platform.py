# SPDX-License-Identifier: MIT
"""The city's platform: takes deliveries in many protocols, checks them, answers, and misbehaves when told to."""
import asyncio
import collections

from . import held, modes
from .control import Control
from .http import Response
from .platforms.base import Refused

SETTLE_S = 0.05                           # a client that gave up closes; we may see that a moment late


class Platform:
    def __init__(self, speakers, clock, journal):
        """speakers: the first whose request it is reads it."""
        self.speakers, self.clock, self.journal = speakers, clock, journal
        self.held = held.Held(clock, journal)
        self.modes = modes.Modes()
        self.server = None
        self.requests = self.in_flight = self.in_flight_max = self.stuck = 0
        self.answers = collections.Counter()
        self.control = Control()
        for method, name, function in (("GET", "state", self.state), ("GET", "deliveries", self.deliveries),
                                       ("POST", "mode", self.mode), ("POST", "reset", self.reset)):
            self.control.add(method, name, function)

    def refusing(self):
        """Whether a new connection is to be reset; counts as a request of the mode."""
        if self.modes.name != "refuse":
            return False
        self.modes.take()
        self.answers["refused"] += 1
        return True

    async def mode(self, fields):
        state = self.modes.set(fields)
        if self.modes.name == "down":
            self.server.stop_listening()
        else:
            await self.server.relisten()
        if self.modes.name == "refuse":
            self.server.drop_all()
        return state

    async def answer(self, request):
        self.requests += 1
        number = self.requests
        if self.stuck:                    # let connections that were given up be seen as closed
            await asyncio.sleep(SETTLE_S)
        self.in_flight += 1
        self.in_flight_max = max(self.in_flight_max, self.in_flight)
        response, lots = self._judge(request, number)
        self.answers[response.wire[0] if response.wire else str(response.status)] += 1
        self.stuck += 1 if response.wire else 0
        response.gone = lambda: self._gone(number, lots, response)
        return response

    def _gone(self, number, lots, response):
        self.in_flight -= 1
        self.stuck -= 1 if response.wire else 0
        self.held.depart(number, lots)

    def _judge(self, request, number):
        """(Response, lots it holds in flight)."""
        mode, params = self.modes.take()
        speaker = next((one for one in self.speakers if one.mine(request)), None)
        if speaker is None:
            return Response(404, {"error": "nothing is here"}), []
        if request.method not in speaker.methods:
            return Response(405, {"error": "only " + ", ".join(speaker.methods)}), []
        try:
            delivery = speaker.read(request)
        except Refused as refused:
            if refused.kind:
                self.held.violate(refused.kind, detail=str(refused), request=number)
            return refused.response, []
        codes = self.held.arrive(number, [one[:3] for one in delivery.items], speaker.numbered)
        if speaker.files:
            self.held.check_filed(number, [one[0] for one in delivery.items])
        response, good = self._by_mode(mode, params, delivery, codes)
        self._record(delivery, codes, number, mode, good)
        return response, [one[0] for one in delivery.items]

    def _by_mode(self, mode, params, delivery, codes):
        """(Response, whether the items count as accepted). reject_lot marks its lots in codes."""
        speaker = delivery.speaker
        if mode == "reject_lot":
            hit = [at for at, one in enumerate(delivery.items) if self.modes.rejects(params, one[0])]
            for at in hit:
                codes[at] = "rejected"
            if hit and params.get("style", "result") == "batch":
                return speaker.problem(params.get("status", 400), "no such lot"), False
        elif mode != "ok":
            return self._bad(mode, params, speaker, delivery, codes), mode in ("cut", "slow")
        return speaker.good(delivery, codes), True

    @staticmethod
    def _bad(mode, params, speaker, delivery, codes):
        if mode == "http_500":
            return Response(params.get("status", 500), "internal error", "text/plain")
        if mode == "http_429":
            return Response(429, "too many requests", "text/plain",
                            {"Retry-After": str(params.get("retry_after", 2))})
        if mode == "unauthorized":
            return speaker.problem(params.get("status", 401), "unauthorized")
        if mode == "code_inside":
            return speaker.error_inside()
        response = speaker.good(delivery, codes)
        response.wire = {"refuse": ("reset",), "down": ("reset",), "hang": ("hang",), "cut": ("cut", 0.5),
                         "slow": ("slow", params.get("ms", 1000) / 1000)}[mode]
        return response

    def _record(self, delivery, codes, number, mode, good):
        for (lot, order, raw, fields), code in zip(delivery.items, codes):
            self.held.remember(number, lot, order, fields.get("free"), code if good else "refused", mode, raw)
            if good and code in ("ok", "dup"):
                self.held.take(lot, fields | {"seq": order}, number)
        for lot in delivery.beats if good else ():
            self.held.beats[lot] += 1
        for lot, fields in delivery.filed if good else ():
            self.held.file(lot, fields)
        for lot, date, fields in delivery.days if good else ():
            self.held.days.setdefault(lot, {})[date] = fields
        if good and delivery.aggregates is not None:
            self.held.aggregates = delivery.aggregates

    def state(self, fields):
        self.journal.flush()
        inside = self.held
        out = {"wall_ms": self.clock.wall_ms(), "requests": self.requests, "answers": dict(self.answers),
               "deliveries": inside.deliveries, "accepted": inside.accepted, "lots": len(inside.lots),
               "violations": inside.violations, "violation_counts": dict(inside.violation_counts),
               "aggregates": inside.aggregates, "beats": dict(inside.beats), "filings": dict(inside.filings),
               "last_delivery_ms": inside.last_delivery_ms, "in_flight": self.in_flight,
               "in_flight_max": self.in_flight_max} | self.modes.state()
        if fields.get("held") != "0":
            out |= {"held": inside.lots, "filed": inside.filed, "days": inside.days}
        return out

    def deliveries(self, fields):
        """The newest deliveries; ?lot= of one lot, ?since= a request number."""
        since, lot = int(fields.get("since", 0)), fields.get("lot")
        return [one for one in self.held.ring if one["request"] > since and lot in (None, one["lot"])]

    def reset(self, _fields):
        """Forgets what it holds and what was wrong, as one restored from nothing. Orders stay remembered, and
        the lots that were made known."""
        self.held.lots.clear()
        self.held.violations.clear()
        self.held.violation_counts.clear()
        self.held.ring.clear()
        self.in_flight_max = self.in_flight
        return {"reset": True}
