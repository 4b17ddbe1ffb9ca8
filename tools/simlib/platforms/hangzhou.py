# SPDX-License-Identifier: MIT
"""P1, Hangzhou's platform: a form of accessID, cipher, sign."""
import json

from .. import crypto
from ..clock import beijing_parse
from ..http import Response
from .base import Delivery, Refused, Speaker

INFO = ("parkingName", "address", "totalBerthNum", "openBerthNum", "bmapX", "bmapY", "gmapX", "gmapY")


class HangzhouIn(Speaker):
    """params: {accessID: public key as PEM}. Only uploadTime, whole seconds, orders what arrives."""

    def __init__(self, params, clock):
        super().__init__(params, clock)
        self.keys = {ident: crypto.public_key(text) for ident, text in params.items()}

    def mine(self, request):
        return "/upload" in request.path

    def read(self, request):
        form = request.form()
        key = self.keys.get(form.get("accessID"))
        if key is None:
            raise Refused(self.answer(401, "accessID错误"), "signature", f"accessID {form.get('accessID')!r}")
        try:
            text = self.open(key, form.get("cipher", ""), form.get("sign", ""))
        except ValueError as why:
            raise Refused(self.answer(401, "签名错误"), "signature", str(why)) from None
        try:
            data = json.loads(text)["data"]
            lot, moment = data["parkingCode"], beijing_parse(data["uploadTime"])
            if request.path.endswith("/uploadHeartbeat"):
                return Delivery(self, [], beats=[lot])
            if request.path.endswith("/uploadParkingInfo"):
                return self._filed(lot, data)
            counts = {"free": data.get("freeBerthNum"), "open": data["openBerthNum"],
                      "total": data["totalBerthNum"]}
        except (ValueError, KeyError, TypeError) as why:
            raise Refused(self.answer(400, "参数错误"), "malformed", f"{why} in {text[:200]}") from None
        return Delivery(self, [(lot, moment, text, counts | {"at": data["uploadTime"]})])

    def open(self, key, cipher, sign):
        """The JSON text {"data": {...}}. ValueError: wrong signature, or not sealed by that key."""
        return crypto.hangzhou_open(key, cipher, sign)

    def _filed(self, lot, data):
        for name in INFO:
            if data.get(name) in (None, ""):
                raise ValueError(name + " is missing")
        return Delivery(self, [], filed=[(lot, data)])

    def good(self, _delivery, codes):
        return self.answer(500, "车场不存在") if "rejected" in codes else self.answer(200, "成功")

    def error_inside(self):
        return self.answer(500, "系统异常")

    def problem(self, status, detail):
        return Response(status, {"resultCode": status, "msg": detail})

    @staticmethod
    def answer(code, text):
        return Response(200, {"resultCode": code, "msg": text})
