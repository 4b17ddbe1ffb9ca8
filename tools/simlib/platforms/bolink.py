# SPDX-License-Identifier: MIT
"""Bolink's platform: lots are made known by addpark, tell their places by updatepark. Its staff review a lot
first: the first `review` updates of each are refused. Messages have no time: what comes later counts."""
import collections
import json

from .. import crypto
from ..http import Response
from .base import Delivery, Refused, Speaker

INFO = ("name", "address", "phone", "price_desc", "city_id")


class BolinkIn(Speaker):
    """params: {union_id, key, style: "park" for the older protocol, review}."""
    files = True

    def __init__(self, params, clock):
        super().__init__(params, clock)
        self.flat = params.get("style") == "park"
        self.folder = "park" if self.flat else "newpark"
        self.rands, self.left = {}, {}
        self.order = collections.Counter()

    def mine(self, request):
        return request.path in (f"/unionapi/{self.folder}/addpark", f"/unionapi/{self.folder}/updatepark")

    def read(self, request):
        try:
            text, fields, good = self.open(request.body.decode())
        except (ValueError, KeyError, TypeError, AttributeError) as why:
            raise Refused(self.answer(0, "参数错误"), "malformed", str(why)) from None
        if not good or str(fields.get("union_id")) != self.params["union_id"]:
            raise Refused(self.answer(0, "签名错误"), "signature", text[:200])
        try:
            return self._told(request.path.rpartition("/")[2], text, fields)
        except (ValueError, KeyError, TypeError) as why:
            raise Refused(self.answer(0, "参数错误"), "malformed", f"{why} in {text[:200]}") from None

    def open(self, body):
        """The text signed, its fields, whether the signature is right."""
        message = json.loads(body)
        if self.flat:
            sign = message.pop("sign")
            return body, message, sign == crypto.bolink_fields_sign(message, self.params["key"])
        text = body[body.index("{", 1):body.rindex(',"sign"')]
        wanted = crypto.bolink_sign(text.encode(), self.params["key"])
        return text, json.loads(text), message["sign"] == wanted

    def _told(self, call, text, fields):
        names = ("park_id", "rand", "empty_plot", "total_plot")
        lot, rand, free, total = (fields.get(name) for name in names)
        if type(rand) is not str or not 0 < len(rand) <= 32 or self.rands.get(lot) == rand:
            raise ValueError(f"rand {rand!r} after {self.rands.get(lot)!r}")
        self.rands[lot] = rand
        if free is None:
            raise Refused(self.answer(0, "缺少empty_plot"), None)
        if not all(type(one) is int and one >= 0 for one in (free, total)):
            raise ValueError("counts are whole numbers")
        if call == "addpark":
            return self._filed(lot, fields)
        if fields["type"] != 1:
            raise ValueError(f"type {fields['type']}")
        if self.left.get(lot, 0) > 0:
            self.left[lot] -= 1
            raise Refused(self.answer(0, "车场未审核"), None)
        self.order[lot] += 1
        return Delivery(self, [(lot, self.order[lot], text, {"free": free, "total": total})])

    def _filed(self, lot, fields):
        if lot in self.left:
            raise Refused(self.answer(0, "车场已存在"), None)
        missing = [name for name in INFO if fields.get(name) in (None, "")]
        if missing or not all(len(fields[name].partition(".")[2]) == 6 for name in ("lng", "lat")):
            raise ValueError(f"missing {missing}, or a point without six decimals")
        self.left[lot] = self.params.get("review", 0)
        return Delivery(self, [], filed=[(lot, fields)])

    def good(self, _delivery, codes):
        return self.answer(0, "车场不存在") if "rejected" in codes else self.answer(1, "修改车场成功")

    def error_inside(self):
        return self.answer(0, "系统异常")

    def problem(self, status, detail):
        return Response(status, {"state": 0, "errmsg": detail})

    @staticmethod
    def answer(state, text):
        return Response(200, {"state": state, "errmsg": text})
