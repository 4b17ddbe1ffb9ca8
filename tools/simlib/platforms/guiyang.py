# SPDX-License-Identifier: MIT
"""P6, Guiyang's platform in both versions: the heartbeat that carries the counts.

SM2 and SM4 are the openssl program's, RSA and AES Python's. There is no registration. A heartbeat that
repeats the counts is a sign of life too; it may be dated by another confirmation of them.
"""
from .. import guiyang
from ..clock import beijing_parse
from ..http import Response
from .base import Delivery, Refused, Speaker

COUNTS = ("total_parking_number", "open_parking_number", "remain_parking_number", "reserved_parking_number")


class GuiyangIn(Speaker):
    def __init__(self, params, clock):
        super().__init__(params, clock)
        self.path = guiyang.PATHS[params["version"]]
        self.receiver = guiyang.Receiver(params["version"], params["app_id"], params["cipher_key"],
                                         params["public_key"])
        self.last = {}                    # lot -> (counts, order)

    def mine(self, request):
        return request.path.endswith(self.path)

    def read(self, request):
        try:
            fields, text = self.receiver.open(request.json())
        except (ValueError, KeyError, TypeError, AttributeError) as why:
            raise Refused(self.answer(401, "签名错误"), "signature", str(why)) from None
        try:
            lot, order = fields["park_id"], beijing_parse(fields["event_time"])
            counts = tuple(fields[name] for name in COUNTS)
            if not all(type(one) is int and one >= 0 for one in counts):
                raise ValueError("counts are whole numbers")
        except (ValueError, KeyError, TypeError) as why:
            raise Refused(self.answer(400, "参数错误"), "malformed", f"{why} in {text[:200]}") from None
        known, top = self.last.get(lot, (None, 0))
        again = known == counts
        order = max(order, top) if again else order
        self.last[lot] = (counts, order)
        total, open_, free, _ = counts
        item = {"free": free, "open": open_, "total": total, "at": fields["event_time"]}
        return Delivery(self, [(lot, order, text, item)], [lot] if again else [])

    def good(self, _delivery, codes):
        return self.answer(1, "车场不存在") if "rejected" in codes else self.answer(0, "success")

    def error_inside(self):
        return self.answer(500, "系统异常")

    def problem(self, status, detail):
        return Response(status, {"code": status, "message": detail})

    @staticmethod
    def answer(code, text):
        return Response(200, {"code": code, "message": text})
