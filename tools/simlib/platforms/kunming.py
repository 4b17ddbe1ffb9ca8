# SPDX-License-Identifier: MIT
"""P5, Kunming's platform: what reqData says, signed. It knows its lots beforehand; there is no registration.
The code for good is invented.
"""
import calendar
import time

from ..clock import BEIJING_S
from ..dialects.kunming import sign
from ..http import Response
from .base import Delivery, Refused, Speaker


def parse_compact(text):
    """yyyyMMddHHmmss, Beijing time, in milliseconds. ValueError."""
    return (calendar.timegm(time.strptime(text, "%Y%m%d%H%M%S")) - BEIJING_S) * 1000


class KunmingIn(Speaker):
    numbered = False                      # only timestamp, whole seconds, orders what arrives
    files = False

    def __init__(self, params, clock):
        self.params, self.clock = params, clock

    def mine(self, request):
        return "/open/openPlatform/" in request.path

    def read(self, request):
        try:
            whole = request.json()
            fields, given = whole["reqData"], whole["sign"]
            wanted = sign(fields, self.params["app_secret"])
            if (whole["charset"], whole["version"]) != ("UTF-8", "v1.0"):
                raise ValueError("charset, version")
        except (ValueError, KeyError, TypeError, AttributeError) as why:
            raise Refused(self.answer(500, "参数格式错误"), "malformed", str(why)) from None
        if given != wanted or fields.get("tenantId") != self.params["app_id"]:
            raise Refused(self.answer(500, "签名错误"), "signature", str(fields)[:200])
        try:
            return self._told(request, fields)
        except (ValueError, KeyError, TypeError) as why:
            raise Refused(self.answer(500, "参数错误"), "malformed", f"{why} in {fields}") from None

    def _told(self, request, fields):
        lot, moment = fields["parkCode"], parse_compact(fields["timestamp"])
        if request.path.endswith("/heartBeat"):
            return Delivery(self, [], [lot])
        if not request.path.endswith("/uploadRestBerth"):
            raise ValueError(request.path)
        taken, free = fields["inSpace"], fields["restSpace"]
        if not all(type(one) is int and one >= 0 for one in (taken, free)):
            raise ValueError("counts are whole numbers")
        counts = {"free": free, "open": taken + free, "at": fields["timestamp"]}
        return Delivery(self, [(lot, moment, request.body.decode(), counts)])

    def good(self, _delivery, codes):
        return self.answer(500, "停车场不存在") if "rejected" in codes else self.answer(200, "成功")

    def error_inside(self):
        return self.answer(500, "系统异常")

    def problem(self, status, detail):
        return Response(status, {"rspData": {"code": status, "message": detail}})

    @staticmethod
    def answer(code, text):
        said = {"code": code, "message": text}
        return Response(200, {"charset": "UTF-8", "version": "v1.0", "rspData": said})
