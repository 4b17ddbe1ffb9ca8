# SPDX-License-Identifier: MIT
"""P4, Xuzhou's platform: a token over URI, sorted members and secret; it gives a lot a parkCode of its own
when it is told of it, and knows it by that only. How far `time` may be off is invented.
"""
import hashlib
import json
import re

from ..clock import beijing_parse
from ..http import Response, dumps
from .base import Delivery, Refused, Speaker

WINDOW_MS = 900_000
PARK = ("thirdParkCode", "thirdParkName", "longitude", "latitude", "address", "isPayMonth", "totalPlaceCount")


def canonical(body):
    """The members sorted, compact, numbers as they were sent."""
    marked = json.loads(body, parse_float=lambda digits: f"\0{digits}\0")
    text = dumps({name: marked[name] for name in sorted(marked)}).decode()
    return re.sub(r'"\\u0000([^"]*?)\\u0000"', r"\1", text)


class XuzhouIn(Speaker):
    numbered = False                      # only createTime, whole seconds, orders what arrives
    files = True                          # counts of a lot that is not known are a violation

    def __init__(self, params, clock):
        self.params, self.clock = params, clock
        self.codes = {}                   # a lot's own code -> the one that it has here

    def mine(self, request):
        return "/api/outer/" in request.path

    def read(self, request):
        try:
            fields = request.json()
            text = request.path + canonical(request.body) + self.params["app_secret"]
        except (ValueError, TypeError, AttributeError) as why:
            raise Refused(self.answer(-1, "参数格式错误"), "malformed", str(why)) from None
        if request.args().get("token") != hashlib.md5(text.encode()).hexdigest():
            raise Refused(self.answer(-1, "token错误"), "signature", request.path)
        try:
            if fields["appkey"] != self.params["app_key"]:
                raise Refused(self.answer(-1, "appkey错误"), "signature", str(fields["appkey"]))
            if abs(fields["time"] - self.clock.wall_ms()) > WINDOW_MS:
                raise Refused(self.answer(-1, "请求已过期"), "timestamp", str(fields["time"]))
            return self._told(request, fields)
        except (ValueError, KeyError, TypeError) as why:
            raise Refused(self.answer(-1, "参数错误"), "malformed", str(why)) from None

    def _told(self, request, fields):
        if request.path.endswith("/postParkInfo"):
            return self._filed(fields)
        if not request.path.endswith("/postPlaceData"):
            raise ValueError(request.path)
        free, total = fields["reducePlaceCount"], fields["totalPlaceCount"]
        if not all(type(one) is int and one >= 0 for one in (free, total)):
            raise ValueError("counts are whole numbers")
        code = fields["parkCode"]
        if code in self.codes:
            raise ValueError(f"{code} is a lot's own code; here it is {self.codes[code]}")
        lot = next((own for own, given in self.codes.items() if given == code), code)
        told = dict(fields, time=None)    # when it was sent; another in every attempt
        counts = {"free": free, "total": total, "at": fields["createTime"]}
        return Delivery(self, [(lot, beijing_parse(fields["createTime"]), dumps(told).decode(), counts)])

    def _filed(self, fields):
        lot = fields["thirdParkCode"]
        missing = [name for name in PARK if fields.get(name) in (None, "")]
        if missing or fields["postType"] not in (1, 2):
            raise ValueError(f"postType, {missing}")
        if fields["postType"] == 2 and lot not in self.codes:
            raise ValueError(f"a change of {lot}, which is not known")
        given = self.codes.setdefault(lot, f"XZ{len(self.codes) + 1:04d}")
        return Delivery(self, [], filed=[(lot, fields)], answer=self.answer(0, "成功", {"parkCode": given}))

    def good(self, delivery, codes):
        if "rejected" in codes:
            return self.answer(-1, "停车场不存在")
        return getattr(delivery, "answer", None) or self.answer(0, "成功")

    def error_inside(self):
        return self.answer(-1, "系统异常")

    def problem(self, status, detail):
        return Response(status, {"code": -1, "msg": detail})

    @staticmethod
    def answer(code, text, data=None):
        return Response(200, {"code": code, "msg": text, "data": data})
