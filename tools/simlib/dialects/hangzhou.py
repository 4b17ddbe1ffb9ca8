# SPDX-License-Identifier: MIT
"""P1, a lot's existing client for Hangzhou's city platform, pointed at parkd: form of accessID, cipher, sign.

One lot a request. A feed has one accessID and one RSA key; a lot with a key of its own is a feed of its own.
"""
import json
import urllib.parse

from .. import crypto
from ..clock import beijing
from ..http import dumps
from .base import Pushed, secret_text

STATE = "/api/v2/cp/uploadParkingState"
HEARTBEAT = "/api/v2/tcjg/uploadHeartbeat"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Hangzhou(Pushed):
    name = "hangzhou"
    keys = {"access_id": lambda: secret_text(6)}
    state, heartbeat = STATE, HEARTBEAT

    @staticmethod
    def pair(_made):
        private, public = crypto.new_rsa_pair()
        return {"private_key": private, "public_key": public}

    def __init__(self, feed, clock):
        super().__init__(feed, clock)
        self.key = crypto.private_key(self.params["private_key"])
        self.prefix = self.params.get("path", "").rstrip("/")

    def message(self, tellings, wall, wrong=False):
        lot, told = tellings[0]
        data = {"parkingCode": lot.foreign, "totalBerthNum": told.total, "openBerthNum": told.open,
                "freeBerthNum": 12.5 if told.bad else told.free, "uploadTime": beijing(told.src_ms)}
        return self._sealed(self.state, {k: v for k, v in data.items() if v is not None}, wrong)

    def beat(self, lots, wall, wrong=False):
        return self._sealed(self.heartbeat, {"parkingCode": lots[0].foreign, "uploadTime": beijing(wall)}, wrong)

    def raw(self, body, wall, wrong=False):
        return self.prefix + self.state, body, FORM

    def seal(self, data):
        return crypto.hangzhou_seal(self.key, dumps({"data": data}).decode())

    def _sealed(self, path, data, wrong):
        cipher, sign = self.seal(data)
        if wrong:
            sign = sign[8:] + sign[:8]
        form = urllib.parse.urlencode({"accessID": self.params["access_id"], "cipher": cipher, "sign": sign})
        return self.prefix + path, form.encode(), FORM

    def judge(self, answer, tellings):
        try:
            code = json.loads(answer.body).get("resultCode")
        except (ValueError, AttributeError):
            code = None
        if 200 <= answer.status < 300 and code in (200, "200"):
            return [("ok", None, None)]
        if answer.status in (400, 413, 422) or answer.status == 200 and code in (400, 422, "400", "422"):
            return [("rejected", None, answer.body.decode("utf-8", "replace")[:300])]
        return [("retry", None, f"http {answer.status} resultCode {code}")]
