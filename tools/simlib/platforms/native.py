# SPDX-License-Identifier: MIT
"""parkd's own format: Standard Webhooks or a bearer key, an answer item by item."""
from .. import crypto, rawitems
from ..http import Response
from .base import Delivery, Refused, Speaker

WINDOW_S = 300


class NativeIn(Speaker):
    numbered = True                       # items carry seq

    def __init__(self, params, clock):
        super().__init__(params, clock)
        self.secret, self.bearer = params.get("secret"), params.get("bearer")

    def mine(self, request):
        return True                       # any path: asked last

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
