# SPDX-License-Identifier: MIT
"""V4, a Dahua ICC platform as far as it is known: a token, then GET .../ipms/parkinglot/stat.

The token step, the envelope and the names in the answer are inferred. Tokens end after token_ttl_ms, or by
the control call "expire". style: "list" puts the lots into data.list.
"""
import hmac

from ..http import Response
from ..tokens import Tokens
from .base import Polled, number_text, secret_text

TOKEN, STAT = "/oauth/extend/token", "/ipms/parkinglot/stat"
ERRORS = {"signature": ("27001001", "client secret error"), "token": ("27001007", "token expired"),
          "busy": ("5000", "system busy")}


class Dahua(Polled):
    name = "dahua"
    keys = {"client_id": lambda: secret_text(4), "client_secret": secret_text}
    params_more = ("client_id", "client_secret")
    paths = (TOKEN, STAT)

    def __init__(self, feed, clock):
        super().__init__(feed, clock)
        self.tokens = Tokens(self.params.get("token_ttl_ms"))

    def expire(self):
        self.tokens.expire()

    def aside(self, request):
        if not request.path.endswith(TOKEN):
            return None
        fields = request.json()
        good = fields.get("grant_type") == "client_credentials"
        good &= fields.get("client_id") == self.params["client_id"]
        given = str(fields.get("client_secret")).encode()
        if not good or not hmac.compare_digest(given, self.params["client_secret"].encode()):
            return Response(200, self.error("signature"))
        return Response(200, {"success": True, "code": "0", "data": {
            "access_token": self.tokens.issue(), "token_type": "bearer", "expires_in": 7200}})

    def refused(self, request):
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self.tokens.good(token):
            return None
        return Response(401, self.error("token"))

    def envelope(self, tellings):
        lots = [{"parkingLotCode": lot.foreign, "parkingLotName": lot.name, "totalSpace": told.total,
                 "remainSpace": number_text(told.free, told)} for lot, told in tellings]
        return {"success": True, "code": "0", "errMsg": "",
                "data": {"list": lots} if self.params.get("style") == "list" else lots}

    def error(self, what):
        code, message = ERRORS[what]
        return {"success": False, "code": code, "errMsg": message, "data": None}
