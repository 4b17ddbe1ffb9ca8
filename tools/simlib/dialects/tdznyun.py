# SPDX-License-Identifier: MIT
"""tdznyun: its platform that is polled for a lot's places (V11), a lot's client that pushes records of cars
with the counts beside them (V11), and the text of its MQTT messages (V12)."""
import hmac
import secrets
import uuid

from .. import crypto
from ..clock import beijing
from ..http import Response, dumps
from .base import Polled, Pushed, judged_by, secret_text

JSON = {"Content-Type": "application/json"}
GOOD = ("200", "405")                     # 405: they have this one already


def call(service, content, params, moment, key=None):
    """The request: bizContent stands in it as an object, and is signed as its text."""
    fields = {"pid": params["pid"], "serviceName": service, "timestamp": str(moment // 1000)}
    sign = crypto.tdznyun_sign(fields | {"bizContent": dumps(content).decode()}, key or params["key"])
    return fields | {"sign": sign, "bizContent": content}


class Tdznyun(Polled):
    """As in the vendor's own sample, names of `data` end with a blank; style "text": `data` is the text of the
    object."""
    name = "tdznyun"
    keys = {"pid": lambda: str(secrets.randbelow(10 ** 6)), "key": secret_text}
    params_more = ("pid",)
    paths = ("/",)
    ERRORS = {"signature": (401, "签名错误"), "unknown": (404, "车场不存在"), "busy": (6001, "车场未响应")}

    def refused(self, request):
        fields = request.json()
        if fields.get("serviceName") != "queryParkInfo":
            return self.error("unknown")
        signed = {name: fields[name] for name in ("pid", "serviceName", "timestamp")}
        signed["bizContent"] = dumps(fields["bizContent"]).decode()
        wanted = crypto.tdznyun_sign(signed, self.params["key"])
        good = fields["pid"] == self.params["pid"] and self.in_window(fields["timestamp"] + "000")
        if good and hmac.compare_digest(wanted, fields["sign"]):
            return None
        return Response(200, self.error("signature"))

    def wanted(self, request):
        return [request.json()["bizContent"]["parkCode"]]

    def envelope(self, tellings):
        for lot, told in tellings[:1]:
            data = {"parkName": lot.name, "remainParkNum ": "12.5" if told.bad else told.free,
                    "totalParkNum ": told.total}
            data = dumps(data).decode() if self.params.get("style") == "text" else data
            return {"code": 200, "msg": "成功", "data": data}
        return self.error("busy")

    def error(self, what):
        code, message = self.ERRORS[what]
        return {"code": code, "msg": message}


class TdznyunLot(Pushed):
    """A car came or left with each new number; the same number again is the same record again."""
    name = "tdznyun-lot"
    keys = Tdznyun.keys
    params_more = Tdznyun.params_more

    def __init__(self, feed, clock):
        super().__init__(feed, clock)
        self.records = {}                 # lot -> (free, service, content)

    def message(self, tellings, wall, wrong=False):
        lot, told = tellings[0]
        free, service, content = self.records.get(lot.id, (None, None, None))
        if content is None or free != told.free:
            service, content = self._record(lot, told, free)
            self.records[lot.id] = told.free, service, content
        content = content | ({"remainParkNum ": "12.5"} if told.bad else {})
        return self._posted(call(service, content, self.params, wall, "wrong" if wrong else None))

    @staticmethod
    def _record(lot, told, before):
        left = None not in (before, told.free) and told.free > before
        content = {"parkCode": lot.foreign, "recordNo": secrets.token_hex(8), "plateNum": "测试", "carType ": 9,
                   "leaveTime" if left else "enterTime": beijing(told.src_ms), "totalParkNum ": told.total}
        return "leaveNotify" if left else "enterNotify", content | (
            {} if told.free is None else {"remainParkNum ": told.free})

    def _posted(self, fields):
        return self.raw(dumps(fields), 0)

    def raw(self, body, wall, wrong=False):
        return self.params.get("path") or f"/v1/ingest/{self.feed.id}", body, JSON

    def judge(self, answer, tellings):
        return judged_by(answer, lambda said: (str(said["code"]) in GOOD, said.get("msg")))


def mqtt(park, service, **item):
    """The text of an MQTT message."""
    return dumps({"code": 1, "dataItems": [item], "opt": "admin", "serviceId": service, "parkCode": park,
                  "uuid": str(uuid.uuid4())})
