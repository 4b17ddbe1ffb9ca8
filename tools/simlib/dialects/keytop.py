# SPDX-License-Identifier: MIT
"""V2, Keytop's open platform: POST .../api/wec/GetFreeSpaceNum, one lot a request, MD5 over the sorted
parameters.

resCode is text, and data is JSON in a string in every second answer (string_answers: never, sometimes,
always).
"""
import hmac

from .. import crypto
from ..http import dumps
from .base import Polled, secret_text

ERRORS = {"signature": ("1003", "签名错误"), "unknown": ("1005", "车场不存在"), "busy": ("9999", "系统繁忙")}


class Keytop(Polled):
    name = "keytop"
    keys = {"app_id": lambda: secret_text(4), "app_secret": secret_text}
    paths = ("/api/wec/GetFreeSpaceNum",)

    def __init__(self, feed, clock):
        super().__init__(feed, clock)
        self.answers = 0

    def mine(self, request):
        return str(request.json().get("appId")) == self.params["app_id"]

    def refused(self, request):
        fields = request.json()
        wanted = crypto.keytop_key(fields, self.params["app_secret"])
        given = str(fields.get("key", ""))
        if not self.mine(request) or not self.in_window(fields.get("ts")):
            return self.error("signature")
        return None if hmac.compare_digest(wanted.encode(), given.encode()) else self.error("signature")

    def wanted(self, request):
        return [str(request.json().get("parkId"))]

    def envelope(self, tellings):
        data = None
        for lot, told in tellings[:1]:
            data = {"parkId": lot.foreign, "parkName": lot.name,
                    "totalNum": told.total, "freeSpaceNum": "12.5" if told.bad else told.free}
        self.answers += 1
        style = self.params.get("string_answers", "sometimes")
        if data and (style == "always" or style == "sometimes" and self.answers % 2 == 0):
            data = dumps(data).decode()
        return {"resCode": "0", "resMsg": "成功", "data": data}

    def error(self, what):
        code, message = ERRORS[what]
        return {"resCode": code, "resMsg": message, "data": None}
