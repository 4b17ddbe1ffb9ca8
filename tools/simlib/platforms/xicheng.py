# SPDX-License-Identifier: MIT
"""P7, the hubs of Beijing Xicheng: a lot is made known by its whole record, then tells its counts.

The account of a lot is made of one secret and its ID. A request that was seen (req_uuid) is refused, and so is
one whose timestamp is far off; how far is invented.
"""
import json

from .. import xicheng
from ..http import Response
from .base import Delivery, Refused, Speaker

WINDOW_S = 900
RECORD = ("fullname", "abbrname", "space", "bizspace", "contact")   # some of what the hub wants


class XichengIn(Speaker):
    files = True                          # only dotime, whole seconds, orders what arrives
    methods = ("POST", "PUT")

    def __init__(self, params, clock):
        super().__init__(params, clock)
        self.secret, self.seen = params["app_secret"], set()

    def mine(self, request):
        return "/parkings/" in request.path

    def read(self, request):
        account = self._signed(request)
        path = "/apis/v1/parkings/" + account["app_key"]
        if (request.method, request.path) not in (("PUT", path), ("POST", path + "/operations")):
            raise Refused(self.problem(404, "接口不存在"), "malformed", f"{request.method} {request.path}")
        try:
            sealed = request.json()["data"] if request.method == "PUT" else request.form()["data"]
            text = xicheng.open_sealed(account["data_key"], sealed).decode()
            fields = json.loads(text)
            if request.method == "PUT":
                if fields["id"] != account["app_key"]:
                    raise ValueError("id is not the app_key")
                return self._record(account["app_key"], fields, "updatetime")
            return self._counts(account["app_key"], text, fields["freeberth"], fields["dotime"])
        except (ValueError, KeyError, TypeError) as why:
            raise Refused(self.problem(400, "参数错误"), "malformed", str(why)) from None

    def _signed(self, request):
        fields = request.args()
        account = xicheng.account(fields.get("app_key", ""), self.secret)
        try:
            if xicheng.signature(fields, account["app_secret"]) != fields["signature"]:
                raise ValueError("wrong signature")
            if fields["req_uuid"] in self.seen:
                raise ValueError("req_uuid was seen")
            if abs(int(fields["timestamp"]) - self.clock.wall_ms() // 1000) > WINDOW_S:
                raise ValueError("timestamp")
        except (ValueError, KeyError) as why:
            raise Refused(self.problem(401, "签名错误"), "signature", str(why)) from None
        self.seen.add(fields["req_uuid"])
        return account

    def _record(self, lot, fields, *more):
        for name in RECORD + more:
            if fields.get(name) in (None, ""):
                raise ValueError(name + " is missing")
        return Delivery(self, [], filed=[(lot, fields)])

    def _counts(self, lot, text, free, dotime):
        if type(free) is not int or free < 0 or type(dotime) is not int:
            raise ValueError("whole numbers")
        return Delivery(self, [(lot, dotime, text, {"free": free, "at": dotime})])

    def good(self, _delivery, codes):
        return self.answer("1024", "无此停车场") if "rejected" in codes else self.answer("0", "ok")

    def error_inside(self):
        return self.answer("500", "系统繁忙")

    def problem(self, status, detail):
        return Response(status, {"code": str(status), "msg": detail})

    @staticmethod
    def answer(code, text):
        return Response(200, {"code": code, "msg": text})


class XichengOldIn(XichengIn):
    methods = ("POST",)

    def mine(self, request):
        return request.path.endswith(("/parkinfo", "/parkdata"))

    def read(self, request):
        account = self._signed(request)
        try:
            fields = request.json()
            if request.path.endswith("/parkinfo"):
                return self._record(account["app_key"], fields)
            if fields["plateid"] != "UNKNOWN" or fields["inout"] not in (0, 1):
                raise ValueError("a plate of nobody")
            return self._counts(account["app_key"], request.body.decode(), fields["free"], fields["dotime"])
        except (ValueError, KeyError, TypeError) as why:
            raise Refused(self.problem(400, "参数错误"), "malformed", str(why)) from None
