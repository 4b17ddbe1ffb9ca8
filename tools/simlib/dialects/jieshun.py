# SPDX-License-Identifier: MIT
"""V1, Jieshun JSAIMS: log in at .../jsaims/login for a token, then POST .../jsaims/as with the signed
parameter p.

Tokens end after token_ttl_ms of real time, or at once by the control call "expire". Every second answer is
JSON inside a JSON string (string_answers: never, sometimes, always).
"""
import hmac
import json
import secrets

from .. import crypto
from ..clock import real_ms
from ..http import Response, dumps
from .base import Polled, secret_text

TOKEN_TTL_MS = 7_200_000
ERRORS = {"signature": (2, "签名错误"), "token": (4, "token无效或已过期"), "login": (5, "用户名或密码错误"),
          "unknown": (6, "车场不存在"), "busy": (99, "系统繁忙")}


class Jieshun(Polled):
    name = "jieshun"
    keys = {"cid": lambda: secret_text(4), "usr": lambda: secret_text(4), "psw": secret_text,
            "sign_key": secret_text}
    paths = ("/jsaims/login", "/jsaims/as")

    def __init__(self, feed, clock):
        super().__init__(feed, clock)
        self.tokens = {}                  # token -> real ms at which it ends
        self.answers = self.logins = 0

    def mine(self, request):
        return request.form().get("cid") == self.params["cid"]

    def expire(self):
        self.tokens.clear()

    def aside(self, request):
        if not request.path.endswith("/login"):
            return None
        form = request.form()
        wanted = (self.params["usr"], self.params["psw"])
        if not self.mine(request) or (form.get("usr"), form.get("psw")) != wanted:
            return Response(200, self.error("login"))
        token = secrets.token_hex(16)
        now = real_ms()
        self.tokens = {one: ends for one, ends in self.tokens.items() if ends > now}
        self.tokens[token] = now + self.params.get("token_ttl_ms", TOKEN_TTL_MS)
        self.logins += 1
        return Response(200, {"resultCode": 0, "message": "成功", "token": token})

    def refused(self, request):
        form = request.form()
        wanted = crypto.jieshun_sn(form.get("p", ""), self.params["sign_key"])
        if not self.mine(request) or not hmac.compare_digest(wanted.encode(), form.get("sn", "").encode()):
            return self.error("signature")
        return None if self.tokens.get(form.get("tn"), 0) > real_ms() else self.error("token")

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
