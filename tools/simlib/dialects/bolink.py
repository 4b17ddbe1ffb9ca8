# SPDX-License-Identifier: MIT
"""Bolink: a lot's client that makes itself known (addpark) and tells its places (updatepark, V8; V9 in the
style "park"), and the query of a lot's places that is polled (V10)."""
import base64
import hmac
import json
import secrets

from .. import crypto
from ..http import Response, dumps
from .base import Polled, Pushed, judged_by, number_text, secret_text

JSON = {"Content-Type": "application/json"}


def union():
    return str(200_000 + secrets.randbelow(9999))


def sealed(fields, key, flat):
    """The body: `data` with its signature beside it, or the older one: the signature among the fields."""
    if flat:
        return dumps(fields | {"sign": crypto.bolink_fields_sign(fields, key)})
    data = dumps(fields)
    return b'{"data":' + data + b',"sign":"' + crypto.bolink_sign(data, key).encode() + b'"}'


class Bolink(Pushed):
    """style "park": the older protocol; "text": `data` is the text of the object."""
    name = "bolink"
    keys = {"union_id": union, "key": secret_text}
    params_more = ("union_id",)

    def __init__(self, feed, clock):
        super().__init__(feed, clock)
        self.prefix = self.params.get("path", "").rstrip("/")
        self.style, self.known = self.params.get("style"), set()

    def path(self, call):
        return f"{self.prefix}/unionapi/{'park' if self.style == 'park' else 'newpark'}/{call}"

    def message(self, tellings, wall, wrong=False):
        (lot, told), key = tellings[0], "wrong" if wrong else self.params["key"]
        fields = {"park_id": lot.foreign, "type": 1, "union_id": int(self.params["union_id"]),
                  "total_plot": told.total, "empty_plot": "12.5" if told.bad else told.free,
                  "rand": f"0.{secrets.randbelow(10 ** 16):016d}"}
        call = "updatepark" if lot.id in self.known else "addpark"
        if call == "addpark":
            del fields["type"]
            fields |= {"name": lot.name, "address": "示例路 1 号", "phone": "", "lng": "118.000000",
                       "lat": "36.800000"}
        fields = {name: value for name, value in fields.items() if value is not None}
        body = sealed(fields, key, self.style == "park")
        if self.style == "text":
            text = body.rpartition(b',"sign"')[0][len(b'{"data":'):].decode()
            body = dumps({"data": text, "sign": crypto.bolink_sign(text.encode(), key)})
        return self.path(call), body, JSON

    def raw(self, body, wall, wrong=False):
        return self.path("updatepark"), body, JSON

    def judge(self, answer, tellings):
        verdicts = judged_by(answer, lambda said: (said["state"] == 1, said.get("errmsg")))
        if verdicts[0][0] == "ok":
            self.known.add(tellings[0][0].id)
        return verdicts


class BolinkQuery(Polled):
    """What is asked and answered is Base64 of the JSON. style "plain": the answer is not."""
    name = "bolink-query"
    keys = {"union_id": union, "key": secret_text}
    params_more = ("union_id",)
    paths = ("/zld/openservice/getparkempty",)
    ERRORS = {"signature": "签名错误", "unknown": "车场不存在", "busy": "车场不在线"}

    @staticmethod
    def text(request):
        return base64.b64decode(request.body, validate=True)

    def refused(self, request):
        text = self.text(request)
        given = json.loads(text)
        data = text[len(b'{"data":'):text.rindex(b',"sign"')]            # as it was signed
        good = hmac.compare_digest(crypto.bolink_sign(data, self.params["key"]), given["sign"])
        if good and given["data"]["union_id"] == self.params["union_id"] and \
                self.in_window(given["data"]["query_time"] * 1000):
            return None
        return Response(200, self.error("signature"))

    def wanted(self, request):
        return [json.loads(self.text(request))["data"]["comid"]]

    def envelope(self, tellings):
        for lot, told in tellings[:1]:
            return self._sealed({"state": 1, "message": "查询成功", "empty_data": {
                "carport_total": told.total, "position": lot.name,
                "empty_total": number_text(told.free, told)}})
        return self.error("busy")

    def error(self, what):
        return self._sealed({"state": 0, "message": self.ERRORS[what]})

    def _sealed(self, data):
        body = sealed(data, self.params["key"], False)
        return body if self.params.get("style") == "plain" else base64.b64encode(body)
