# SPDX-License-Identifier: MIT
"""The city's platform: takes native and Hangzhou deliveries, checks them, answers, and misbehaves when told
to."""
import asyncio
import collections
import json

from . import crypto, held, modes, rawitems
from .clock import beijing_parse
from .control import Control
from .http import Response

WINDOW_S = 300
SETTLE_S = 0.05                           # a client that gave up closes; we may see that a moment late


class Delivery:
    """One request understood. items: [(lot, order, raw text, fields)]; order is seq, or Hangzhou's time."""

    def __init__(self, speaker, items, beats=(), aggregates=None):
        self.speaker, self.items, self.beats, self.aggregates = speaker, items, beats, aggregates


class Refused(Exception):
    """The request is answered with this Response; kind names the violation, None when it is none."""

    def __init__(self, response, kind, detail=""):
        super().__init__(detail)
        self.response, self.kind = response, kind


class NativeIn:
    numbered = True                       # items carry seq

    def __init__(self, secret, bearer, clock):
        self.secret, self.bearer, self.clock = secret, bearer, clock

    def read(self, request):
        self._authenticate(request)
        try:
            whole, items = rawitems.split(request.body)
            beats = [item["lot"] for item, _ in items if item.get("heartbeat") is True]
            taken = [(item["lot"], item["seq"], raw, item) for item, raw in items if not item.get("heartbeat")]
            if not all(isinstance(lot, str) and type(seq) is int for lot, seq, _, _ in taken):
                raise ValueError("lot is text and seq a whole number")
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError) as why:
            raise Refused(self.problem(400, str(why)), "malformed", str(why)) from None
        data = whole.get("data") or {}
        return Delivery(self, taken, beats, data.get("aggregates"))

    def _authenticate(self, request):
        headers = request.headers
        if self.secret:
            ident, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
            given = headers.get("webhook-signature", "")
            if not (ident and moment.isdigit()
                    and crypto.webhook_good(self.secret, ident, moment, request.body, given)):
                raise Refused(self.problem(401, "signature"), "signature", f"id {ident!r} time {moment!r}")
            if abs(int(moment) - self.clock.wall_ms() // 1000) > WINDOW_S:
                raise Refused(self.problem(401, "timestamp"), "timestamp", moment)
        elif self.bearer and headers.get("authorization") != "Bearer " + self.bearer:
            raise Refused(self.problem(401, "key"), "signature", "bearer key")

    def good(self, delivery, codes):
        results = [{"lot": lot, "code": code} | ({"detail": "not known here"} if code == "rejected"
                                                 else {"seq": seq})
                   for (lot, seq, _, _), code in zip(delivery.items, codes)]
        rejected = codes.count("rejected")
        return Response(200, {"accepted": len(codes) - rejected, "rejected": rejected, "results": results})

    def error_inside(self):
        return Response(200, {"code": "5000", "message": "系统繁忙"})

    def problem(self, status, detail):
        return Response(status, {"type": "about:blank", "title": "error", "status": status, "detail": detail},
                        "application/problem+json")


class HangzhouIn:
    numbered = False                      # only uploadTime, whole seconds, orders what arrives

    def __init__(self, keys, clock):
        self.keys, self.clock = keys, clock    # accessID -> public key

    def read(self, request):
        form = request.form()
        key = self.keys.get(form.get("accessID"))
        if key is None:
            raise Refused(self.answer(401, "accessID错误"), "signature", f"accessID {form.get('accessID')!r}")
        try:
            text = crypto.hangzhou_open(key, form.get("cipher", ""), form.get("sign", ""))
        except ValueError as why:
            raise Refused(self.answer(401, "签名错误"), "signature", str(why)) from None
        try:
            data = json.loads(text)["data"]
            lot, moment = data["parkingCode"], beijing_parse(data["uploadTime"])
            if request.path.endswith("/uploadHeartbeat"):
                return Delivery(self, [], beats=[lot])
            counts = {"free": data.get("freeBerthNum"), "open": data["openBerthNum"],
                      "total": data["totalBerthNum"]}
        except (ValueError, KeyError, TypeError) as why:
            raise Refused(self.answer(400, "参数错误"), "malformed", f"{why} in {text[:200]}") from None
        return Delivery(self, [(lot, moment, text, counts | {"at": data["uploadTime"]})])

    def good(self, _delivery, codes):
        return self.answer(500, "车场不存在") if "rejected" in codes else self.answer(200, "成功")

    def error_inside(self):
        return self.answer(500, "系统异常")

    def problem(self, status, detail):
        return Response(status, {"resultCode": status, "msg": detail})

    @staticmethod
    def answer(code, text):
        return Response(200, {"resultCode": code, "msg": text})


class Platform:
    def __init__(self, native, hangzhou, clock, journal):
        self.native, self.hangzhou, self.clock, self.journal = native, hangzhou, clock, journal
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
        if request.method != "POST":
            return Response(405, {"error": "POST only"}), []
        speaker = self.hangzhou if "/upload" in request.path else self.native
        try:
            delivery = speaker.read(request)
        except Refused as refused:
            if refused.kind:
                self.held.violate(refused.kind, detail=str(refused), request=number)
            return refused.response, []
        codes = self.held.arrive(number, [one[:3] for one in delivery.items], speaker.numbered)
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
        for (lot, order, _, fields), code in zip(delivery.items, codes):
            self.held.remember(number, lot, order, fields.get("free"), code if good else "refused", mode)
            if good and code in ("ok", "dup"):
                self.held.take(lot, fields | {"seq": order}, number)
        for lot in delivery.beats if good else ():
            self.held.beats[lot] += 1
        if good and delivery.aggregates is not None:
            self.held.aggregates = delivery.aggregates

    def state(self, fields):
        self.journal.flush()
        inside = self.held
        out = {"wall_ms": self.clock.wall_ms(), "requests": self.requests, "answers": dict(self.answers),
               "deliveries": inside.deliveries, "accepted": inside.accepted, "lots": len(inside.lots),
               "violations": inside.violations, "violation_counts": dict(inside.violation_counts),
               "aggregates": inside.aggregates, "beats": dict(inside.beats),
               "last_delivery_ms": inside.last_delivery_ms, "in_flight": self.in_flight,
               "in_flight_max": self.in_flight_max} | self.modes.state()
        if fields.get("held") != "0":
            out["held"] = inside.lots
        return out

    def deliveries(self, fields):
        """The newest deliveries; ?lot= of one lot, ?since= a request number."""
        since, lot = int(fields.get("since", 0)), fields.get("lot")
        return [one for one in self.held.ring if one["request"] > since and lot in (None, one["lot"])]

    def reset(self, _fields):
        """Forgets what it holds and what was wrong, as one restored from nothing. Orders stay remembered."""
        self.held.lots.clear()
        self.held.violations.clear()
        self.held.violation_counts.clear()
        self.held.ring.clear()
        self.in_flight_max = self.in_flight
        return {"reset": True}
