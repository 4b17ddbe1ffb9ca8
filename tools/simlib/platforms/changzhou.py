# SPDX-License-Identifier: MIT
"""P3, Changzhou's platform: one account is one lot; who sends and the signature stand in the query, the
message in the body. How far a timestamp may be off is invented.
"""
import json

from ..dialects.changzhou import account, sign
from ..http import Response
from .base import Delivery, Refused, Speaker

WINDOW_S = 900


class ChangzhouIn(Speaker):
    numbered = False                      # only the query's timestamp, whole seconds, orders what arrives
    files = True                          # counts of a lot that is not known are a violation

    def __init__(self, params, clock):
        self.secret, self.clock = params["app_secret"], clock

    def mine(self, request):
        return request.path.endswith(("/park/upsert.htm", "/record/empty.htm", "/server/heart.htm"))

    def read(self, request):
        query, text = request.args(), request.form().get("data", "")
        lot = query.get("appid", "").removeprefix("A-")
        appid, secret = account(lot, self.secret)
        moment = query.get("timestamp", "")
        if query.get("appid") != appid or query.get("sign") != sign(appid, secret, text, moment):
            raise Refused(self.answer(False, "签名错误"), "signature", f"appid {query.get('appid')!r}")
        if not moment.isdigit() or abs(int(moment) - self.clock.wall_ms() // 1000) > WINDOW_S:
            raise Refused(self.answer(False, "请求已过期"), "timestamp", moment)
        try:
            return self._told(request.path, lot, int(moment), text, json.loads(text))
        except (ValueError, KeyError, TypeError) as why:
            raise Refused(self.answer(False, "参数错误"), "malformed", f"{why} in {text[:200]}") from None

    def _told(self, path, lot, moment, text, data):
        if path.endswith("/server/heart.htm"):
            if data != {}:
                raise ValueError("a heartbeat is {}")
            return Delivery(self, [], [lot])
        if path.endswith("/park/upsert.htm"):
            if not data["parkName"] or not data["rateInfo"] or len(data["cityCode"]) != 12:
                raise ValueError("parkName, rateInfo, cityCode")
            return Delivery(self, [], filed=[(lot, data)])
        free, total = data["spaceCount"], data["totalCount"]
        if not all(type(one) is int and one >= 0 for one in (free, total)):
            raise ValueError("counts are whole numbers")
        return Delivery(self, [(lot, moment, text, {"free": free, "total": total, "at": moment})])

    def good(self, _delivery, codes):
        return self.answer(False, "车场不存在") if "rejected" in codes else self.answer(True, "成功")

    def error_inside(self):
        return self.answer(False, "系统异常")

    def problem(self, status, detail):
        return Response(status, {"success": False, "message": detail, "data": None})

    @staticmethod
    def answer(good, text):
        return Response(200, {"success": good, "message": text, "data": None})
