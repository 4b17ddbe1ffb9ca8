# SPDX-License-Identifier: MIT
"""Guangzhou's DB4401/T 133 as parkd infers it: a log-in whose token ends, lot status, free places; GB 18030.

token_uses: after so many requests a token is refused. A lot that is filed gets a ParkID of the platform's own.
"""
import secrets

from ..clock import beijing_parse
from ..dialects.guangzhou import HEADERS, dumps, loads, signed
from ..http import Response
from .base import Delivery, Refused, Speaker


class GuangzhouIn(Speaker):
    files = True                          # only UpTime, whole seconds, orders what arrives

    def __init__(self, params, clock):
        super().__init__(params, clock)
        self.tokens, self.park_ids = {}, {}

    def mine(self, request):
        return request.path.endswith(("/login", "/parkstatus", "/parkspace"))

    def read(self, request):
        if request.headers.get("sign") != signed(request.body, self.params["sign_key"]).get("Sign"):
            raise Refused(self.answer("1", Message="签名错误"), "signature", request.path)
        try:
            fields = loads(request.body)
            what = request.path.rsplit("/", 1)[1]
            if what == "login":
                return Delivery(self, [], answer=self._login(fields))
            self._admit(fields)
            return self._status(fields) if what == "parkstatus" else self._counts(request, fields)
        except (ValueError, KeyError, TypeError) as why:
            raise Refused(self.answer("1", Message="参数错误"), "malformed", str(why)) from None

    def _login(self, fields):
        if (fields["UserName"], fields["Password"]) != (self.params["user"], self.params["password"]):
            raise Refused(self.answer("1", Message="用户名或密码错误"), "signature", "password")
        token = secrets.token_hex(8)
        self.tokens[token] = self.params.get("token_uses", 20)
        return self.answer("0", Token=token)

    def _admit(self, fields):
        left = self.tokens.get(fields.get("Token"), 0)
        if left <= 0:                     # an ended token is no fault of the sender: it logs in again
            raise Refused(self.answer("401", Message="请重新登录"), None)
        self.tokens[fields["Token"]] = left - 1

    def _own(self, park_id):
        """What we call the lot: by its ParkID, or as it was called when it was filed."""
        return next((own for own, given in self.park_ids.items() if given == park_id), str(park_id))

    def _status(self, fields):
        lot = self._own(fields["ParkID"])
        if not fields["Name"] or type(fields["TSpace"]) is not int:
            raise ValueError("Name, TSpace")
        given = self.park_ids.setdefault(lot, 440100001 + len(self.park_ids))
        return Delivery(self, [], filed=[(lot, fields)], answer=self.answer("0", ParkID=given))

    def _counts(self, request, fields):
        lot = self._own(fields["ParkID"])
        counts = {"total": fields["TSpace"], "open": fields["OSpace"], "free": fields["FSpace"]}
        if not all(type(one) is int and one >= 0 for one in counts.values()):
            raise ValueError("whole numbers")
        if fields["ParkID"] != self.park_ids.get(lot, fields["ParkID"]):
            raise ValueError("the ParkID that was given to it")
        text = request.body.decode("gb18030").replace(fields["Token"], "")
        counts["at"] = fields["UpTime"]
        return Delivery(self, [(lot, beijing_parse(fields["UpTime"]), text, counts)])

    def good(self, delivery, codes):
        if "rejected" in codes:
            return self.answer("1", Message="车场不存在")
        return delivery.answer or self.answer("0")

    def error_inside(self):
        return self.answer("9", Message="系统繁忙")

    def problem(self, status, detail):
        return Response(status, dumps({"result": str(status), "resultObject": {"Message": detail}}),
                        HEADERS["Content-Type"])

    @staticmethod
    def answer(result, **members):
        return Response(200, dumps({"result": result, "resultObject": members}), HEADERS["Content-Type"])
