# SPDX-License-Identifier: MIT
"""V2, Keytop's open platform: POST .../api/wec/GetFreeSpaceNum, one lot a request, MD5 over the sorted
parameters; and .../api/wec/GetParkingPlaceArea, the sizes of its areas (the zones of a lot).

resCode is text, and data is JSON in a string in every second answer (string_answers: never, sometimes,
always).
"""
import hmac

from .. import crypto
from ..http import Response, dumps
from .base import Polled, secret_text

AREAS = "/api/wec/GetParkingPlaceArea"
ERRORS = {"signature": ("1003", "签名错误"), "unknown": ("1005", "车场不存在"), "busy": ("9999", "系统繁忙")}


class Keytop(Polled):
    name = "keytop"
    keys = {"app_id": lambda: secret_text(4), "app_secret": secret_text}
    paths = ("/api/wec/GetFreeSpaceNum", AREAS)

    def __init__(self, feed, clock):
        super().__init__(feed, clock)
        self.answers = 0

    def mine(self, request):
        return str(request.json().get("appId")) == self.params["app_id"]

    def aside(self, request):
        if not request.path.endswith(AREAS) or self.refused(request):
            return None
        lot = self.feed.of_foreign(self.wanted(request)[0])
        if lot is None:
            return Response(200, self.error("unknown"))
        info = [{"areaCode": at + 1, "areaName": name, "placeCount": total}
                for at, (name, total) in enumerate(lot.zones.items())]
        return Response(200, {"resCode": "0", "resMsg": "成功", "data": self._shaped(
            {"totalPlaceCount": lot.total, "parkArea": "4", "areaInfo": info})})

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
        return {"resCode": "0", "resMsg": "成功", "data": self._shaped(data)}

    def _shaped(self, data):
        self.answers += 1
        style = self.params.get("string_answers", "sometimes")
        if data and (style == "always" or style == "sometimes" and self.answers % 2 == 0):
            data = dumps(data).decode()
        return data

    def error(self, what):
        code, message = ERRORS[what]
        return {"resCode": code, "resMsg": message, "data": None}
