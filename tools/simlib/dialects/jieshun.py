# SPDX-License-Identifier: MIT
"""V1, Jieshun JSAIMS: log in at .../jsaims/login for a token, then POST .../jsaims/as with the signed
parameter p.

Tokens end after token_ttl_ms of real time, or at once by the control call "expire". Every second answer is
JSON inside a JSON string (string_answers: never, sometimes, always). style "no-key": an older account, whose
sn covers p alone.
"""
import hmac
import json

from .. import crypto
from ..http import Response, dumps
from ..tokens import Tokens
from .base import Polled, secret_text

ERRORS = {"signature": (2, "签名错误"), "token": (4, "token无效或已过期"), "login": (5, "用户名或密码错误"),
          "unknown": (6, "车场不存在"), "busy": (99, "系统繁忙")}


class Jieshun(Polled):
    name = "jieshun"
    keys = {"cid": lambda: secret_text(4), "usr": lambda: secret_text(4), "psw": secret_text,
            "sign_key": secret_text}
    paths = ("/jsaims/login", "/jsaims/as")

    def __init__(self, feed, clock):
        super().__init__(feed, clock)
        self.tokens = Tokens(self.params.get("token_ttl_ms"))
        self.answers = 0

    def mine(self, request):
        return request.form().get("cid") == self.params["cid"]

    def expire(self):
        self.tokens.expire()

    def aside(self, request):
        if not request.path.endswith("/login"):
            return None
        form = request.form()
        wanted = (self.params["usr"], self.params["psw"])
        if not self.mine(request) or (form.get("usr"), form.get("psw")) != wanted:
            return Response(200, self.error("login"))
        return Response(200, {"resultCode": 0, "message": "成功", "token": self.tokens.issue()})

    def refused(self, request):
        form = request.form()
        key = "" if self.params.get("style") == "no-key" else self.params["sign_key"]
        wanted = crypto.jieshun_sn(form.get("p", ""), key)
        if not self.mine(request) or not hmac.compare_digest(wanted.encode(), form.get("sn", "").encode()):
            return self.error("signature")
        return None if self.tokens.good(form.get("tn")) else self.error("token")

    def wanted(self, request):
        attributes = json.loads(request.form().get("p", "{}")).get("attributes", {})
        return str(attributes.get("parkCodes", "")).split(",")

    def envelope(self, tellings):
        answer = {"resultCode": 0, "message": "成功", "dataItems": [
            {"objectId": "", "attributes": {
                "parkCode": lot.foreign, "parkName": lot.name, "totalSpace": told.total,
                "restSpace": "12.5" if told.bad else told.free}} for lot, told in tellings]}
        self.answers += 1
        style = self.params.get("string_answers", "sometimes")
        if style == "always" or style == "sometimes" and self.answers % 2 == 0:
            return json.dumps(dumps(answer).decode(), ensure_ascii=False).encode()
        return answer

    def error(self, what):
        code, message = ERRORS[what]
        return {"resultCode": code, "message": message, "dataItems": []}
