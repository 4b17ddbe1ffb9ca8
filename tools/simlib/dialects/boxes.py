# SPDX-License-Identifier: MIT
"""What a lot's own box pushes, one lot a request: plate recognition (V13), B30 (V14), ParkingOS (V16), Wuhan
(V17).

They send to /v1/ingest/<feed> unless `path` says otherwise. Those that sign nothing carry their key in the
URL.
"""
import base64
import hashlib
import hmac
import json
import secrets

from .. import crypto
from ..clock import beijing
from ..http import dumps
from .base import Pushed, judged_by, secret_text

JSON = {"Content-Type": "application/json"}


def half(told):
    """The count as told; a bad item has half a car."""
    return 12.5 if told.bad else told.free


def said(fields):
    return {name: value for name, value in fields.items() if value is not None}


class Box(Pushed):
    def path(self, wrong=False):
        path = self.params.get("path") or f"/v1/ingest/{self.feed.id}"
        key = self.params.get("key")
        return path if key is None else f"{path}?secret={'wrong' if wrong else key}"

    def raw(self, body, wall, wrong=False):
        return self.path(wrong), body, JSON


class PlateRecognition(Box):
    """style "blanks": names of members end with a blank."""
    name = "plate-recognition"
    keys = {"key": secret_text}

    def message(self, tellings, wall, wrong=False):
        lot, told = tellings[0]
        used = None if told.free is None or told.total is None else told.total - told.free
        return self._sent({"service": "parkingspace", "parkid": lot.foreign, "spacetotal": told.total,
                           "spaceLeft": half(told), "spaceused": used, "time": beijing(told.src_ms),
                           "remark": ""}, wall, wrong)

    def beat(self, lots, wall, wrong=False):
        said_now = {"service": "heartbeat", "parkid": lots[0].foreign, "time": beijing(wall)}
        return self._sent(said_now, wall, wrong)

    def _sent(self, fields, wall, wrong):
        blank = " " if self.params.get("style") == "blanks" else ""
        return self.raw(dumps({name + blank: value for name, value in said(fields).items()}), wall, wrong)

    def judge(self, answer, tellings):
        return judged_by(answer, lambda it: (it["code"] == 0 and "service" in it, it.get("msg")))


class B30(Box):
    """Signed with HMAC-SHA256 where the feed has a secret. style "text": Data is the text of the object."""
    name = "szymzh-b30"
    keys = {"secret": secret_text, "app_id": lambda: secret_text(4)}

    def message(self, tellings, wall, wrong=False):
        lot, told = tellings[0]
        areas = [{"AreaNo": name, "AreaName": name, "TotalSpaces": part["total"],
                  "RemainingSpaces": part["free"]} for name, part in lot.parts(lot.zones, told.free).items()]
        data = dumps(said({"TotalSpaces": told.total, "RemainingSpaces": half(told), "AreaSpaces": areas,
                           "CarCardTypeSpaces": []})).decode()
        fields = {"ParkKey": lot.foreign, "AppId": self.params["app_id"], "TimeStamp": str(told.src_ms),
                  "Data": data, "Nonce": str(secrets.randbits(60))}
        fields["Sign"] = self._sign(fields, wrong)
        if self.params.get("style") != "text":
            fields["Data"] = json.loads(data)
        return self.raw(dumps(fields), wall)

    def _sign(self, fields, wrong):
        text = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
        key = b"wrong" if wrong else self.params["secret"].encode()
        return base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()

    def judge(self, answer, tellings):
        return judged_by(answer, lambda it: (it["ResultCode"] == 200, it["ResultMsg"]))


class ParkingOS(Box):
    """A car came or left with each new number. The same number again is the same message again."""
    name = "parkingos"
    keys = {"secret": secret_text, "app_key": secret_text}       # the lot's token, and its key

    def __init__(self, feed, clock):
        super().__init__(feed, clock)
        self.orders = {}                  # lot -> (free, data)

    def message(self, tellings, wall, wrong=False):
        lot, told = tellings[0]
        free, data = self.orders.get(lot.id, (None, None))
        if data is None or free != half(told):
            order = {"in_time": told.src_ms // 1000, "out_time": self._out(free, told),
                     "empty_plot": half(told), "order_id": secrets.token_hex(6), "car_number": "X"}
            data = dumps(said(order))
            self.orders[lot.id] = half(told), data
        sign = crypto.bolink_sign(data, "wrong" if wrong else self.params["app_key"])
        head = dumps({"service_name": "upload_order", "sign": sign, "token": self.params["secret"]})
        return self.raw(head[:-1] + b',"data":' + data + b"}", wall)

    @staticmethod
    def _out(before, told):
        left = before is not None and told.free is not None and told.free > before
        return told.src_ms // 1000 if left else None

    def judge(self, answer, tellings):
        return judged_by(answer, lambda it: (it["state"] == 1, it.get("errmsg")))


class Wuhan(Box):
    """style "text": data is the text of the list."""
    name = "wuhan"
    keys = {"secret": secret_text}

    def message(self, tellings, wall, wrong=False):
        lot, told = tellings[0]
        data = dumps([said({"free": half(told), "total": told.total})])
        secret = "wrong" if wrong else self.params["secret"]
        fields = {"parkId": lot.foreign, "timeStamp": told.src_ms,
                  "sign": crypto.wuhan_sign(data, lot.foreign, secret, told.src_ms)}
        shown = dumps(data.decode()) if self.params.get("style") == "text" else data
        return self.raw(dumps(fields)[:-1] + b',"data":' + shown + b"}", wall)

    def judge(self, answer, tellings):
        return judged_by(answer, lambda it: (it["code"] == 200, it["message"]))
