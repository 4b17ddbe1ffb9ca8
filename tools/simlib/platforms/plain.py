# SPDX-License-Identifier: MIT
"""A platform of nobody in particular, invented here: lots one by one or as a list, a key or an HMAC over time
and body, a code in the answer, and a way to ask.

params: {token} or {hmac_key}; codes as Chinese platforms have them: 0 good, all in a body of HTTP 200.
"""
import hashlib
import hmac
import json

from ..http import Response
from .base import Delivery, Refused, Speaker

WINDOW_S = 300


class PlainIn(Speaker):
    numbered = True                       # n is the lot's seq
    methods = ("POST", "PUT", "GET")

    def __init__(self, params, clock):
        super().__init__(params, clock)
        self.lots = {}

    def mine(self, request):
        return request.path.startswith("/plain/")

    def _check_signer(self, request):
        key, moment = self.params.get("hmac_key"), request.headers.get("x-time", "")
        if not key:
            if request.headers.get("authorization") != "Bearer " + self.params["token"]:
                raise Refused(self.answer(1001, "密钥错误"), "signature", "token")
            return
        mac = hmac.new(key.encode(), moment.encode() + b"." + request.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest("sha256=" + mac, request.headers.get("x-sign", "")):
            raise Refused(self.answer(1001, "签名错误"), "signature", request.path)
        if not moment.isdigit() or abs(int(moment) - self.clock.wall_ms() // 1000) > WINDOW_S:
            raise Refused(self.answer(1002, "时间戳错误"), "timestamp", moment)

    def read(self, request):
        self._check_signer(request)
        if request.method == "GET":
            held = self.lots.get(request.path.rsplit("/", 1)[1])
            answer = self.answer(0, "ok", held) if held else self.answer(4004, "无此车场")
            return Delivery(self, [], answer=answer)
        try:
            body = request.json()
            if request.path.endswith("/beat"):
                return Delivery(self, [], beats=[body["id"]])
            told = body["list"] if "list" in body else [body]
            items = [self._item(one) for one in told]
        except (ValueError, KeyError, TypeError) as why:
            raise Refused(self.answer(4000, "参数错误"), "malformed", str(why)) from None
        delivery = Delivery(self, items)
        delivery.told = told
        return delivery

    @staticmethod
    def _item(one):
        if not isinstance(one["id"], str) or type(one["n"]) is not int or one["state"] not in (0, 1, None):
            raise ValueError("id, n or state")
        if one["left"] is not None and (type(one["left"]) is not int or one["left"] < 0):
            raise ValueError("left")
        counts = {"free": one["left"], "total": one["all"]}
        return one["id"], one["n"], json.dumps(one, sort_keys=True), counts

    def good(self, delivery, codes):
        if delivery.answer:
            return delivery.answer
        if "rejected" in codes:
            return self.answer(4004, "无此车场")
        for one in getattr(delivery, "told", ()):
            self.lots[one["id"]] = one
        return self.answer(0, "ok")

    def error_inside(self):
        return self.answer(5000, "系统繁忙")

    def problem(self, status, detail):
        return Response(status, {"code": status, "msg": detail})

    @staticmethod
    def answer(code, text, data=None):
        return Response(200, {"code": code, "msg": text, "data": data})
