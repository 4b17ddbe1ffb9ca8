# SPDX-License-Identifier: MIT
"""P7, lots' clients for the hubs of Beijing Xicheng, pointed at parkd: the new one and the one before it.

Every lot has an account of its own, made of the feed's secret, and is called by its app_key. The old hub
takes the business fields as they stand, with the plate of nobody.
"""
import urllib.parse
import uuid

from .. import xicheng
from ..http import dumps
from .base import Pushed, judged_by, secret_text


class Xicheng(Pushed):
    name = "xicheng"
    keys = {"app_secret": secret_text}
    params_more = ("sig_method",)
    path = "/apis/v1/parkings/{}/operations"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    def message(self, tellings, wall, wrong=False):
        lot, told = tellings[0]
        account = xicheng.account(lot.foreign, self.params["app_secret"])
        free = 12.5 if told.bad else told.free
        return self._signed(self.body(account, told.src_ms // 1000, free), account, wall, wrong)

    @staticmethod
    def body(account, dotime, free):
        data = dumps({"dotime": dotime, "freeberth": free, "in": 0, "out": 0})
        return urllib.parse.urlencode({"data": xicheng.seal(account["data_key"], data)}).encode()

    def raw(self, body, wall, wrong=False):
        lot = self.feed.lots[0]
        return self._signed(body, xicheng.account(lot.foreign, self.params["app_secret"]), wall, wrong)

    def _signed(self, body, account, wall, wrong):
        fields = {"app_key": account["app_key"], "app_uuid": "box-1", "req_uuid": str(uuid.uuid4()),
                  "sig_method": self.params.get("sig_method", "HMAC-SHA1"), "timestamp": wall // 1000}
        query = xicheng.query(fields, account["app_secret"] + ("x" if wrong else ""))
        path = self.params.get("path", "") + self.path.format(account["app_key"])
        return f"{path}?{query}", body, self.headers

    def judge(self, answer, tellings):
        return judged_by(answer, lambda said: (str(said["code"]) in ("0", "200"), said.get("msg")))


class XichengOld(Xicheng):
    name = "xicheng-old"
    path = "/parkdata"
    headers = {"Content-Type": "application/json"}

    @staticmethod
    def body(account, dotime, free):
        return dumps({"in": 0, "out": 0, "free": free, "plateid": "UNKNOWN", "inout": 1, "dotime": dotime})
