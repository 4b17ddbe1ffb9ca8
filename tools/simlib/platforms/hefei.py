# SPDX-License-Identifier: MIT
"""P2, Hefei's platform: an envelope signed by RSA, a heartbeat that tells the time, a day's statement.

balance: {lot: [in, out]}, what the platform counted itself; a lot that is not there is taken at its word.
skew_ms: its clock is off. How far a time_stamp may be off is invented.
"""
import base64
import json

from .. import crypto
from ..http import Response
from .base import Delivery, Refused, Speaker

WINDOW_MS = 900_000


class HefeiIn(Speaker):
    """params: access_id, public_key, balance?, skew_ms?"""

    def __init__(self, params, clock):
        super().__init__(params, clock)
        self.key = crypto.public_key(params["public_key"])

    def mine(self, request):
        return "/open/api/v2/" in request.path

    def read(self, request):
        try:
            envelope = request.json()
            if envelope["access_id"] != self.params["access_id"]:
                raise Refused(self.answer(1003, "access_id无权限"), "signature", str(envelope["access_id"]))
            if envelope["sign_type"] != "RSA2" or not crypto.hefei_good(self.key, envelope):
                raise Refused(self.answer(1008, "签名错误"), "signature", str(envelope)[:200])
            if abs(envelope["time_stamp"] - self.clock.wall_ms()) > WINDOW_MS:
                raise Refused(self.answer(1007, "请求已过期"), "timestamp", str(envelope["time_stamp"]))
            text = base64.b64decode(envelope["data"], validate=True).decode()
            return self._told(request.path.rsplit("/", 1)[1], envelope["time_stamp"], text, json.loads(text))
        except (ValueError, KeyError, TypeError) as why:
            raise Refused(self.answer(5000, "参数错误"), "malformed", str(why)) from None

    def _told(self, what, moment, text, data):
        lot = data["osStoreCode"]
        if what == "uploadSurplus":
            if not all(type(data[name]) is int and data[name] >= 0 for name in ("total", "surplus")):
                raise ValueError("counts are whole numbers")
            counts = {"free": data["surplus"], "total": data["total"], "at": moment}
            return Delivery(self, [(lot, moment, text, counts)])
        if what == "uploadHeartbeat":
            now = self.clock.wall_ms() + self.params.get("skew_ms", 0)
            return Delivery(self, [], beats=[lot], answer=self.answer(8888, "成功", {"serverTime": now}))
        if what != "uploadCheckRecord":
            raise ValueError(what)
        cars = [data["driveInNum"], data["driveOutNum"]]
        own = self.params.get("balance", {}).get(lot, cars)
        flags = {"driveInFlag": int(own[0] != cars[0]), "driveOutFlag": int(own[1] != cars[1])}
        statement = (lot, data["checkDate"], cars)
        return Delivery(self, [], days=[statement], answer=self.answer(8888, "成功", flags))

    def good(self, delivery, codes):
        if "rejected" in codes:
            return self.answer(4007, "车场不存在")
        return delivery.answer or self.answer(8888, "成功")

    def error_inside(self):
        return self.answer(5000, "系统异常")

    def problem(self, status, detail):
        return Response(status, {"code": status, "msg": detail})

    @staticmethod
    def answer(code, text, data=None):
        return Response(200, {"code": code, "msg": text, "data": data, "error": code != 8888})
