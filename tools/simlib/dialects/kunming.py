# SPDX-License-Identifier: MIT
"""P5, a lot's existing client for Kunming's platform, pointed at parkd: JSON with reqData and its signature.

style "text": numbers as text.
"""
import hashlib
import json
import time

from ..clock import BEIJING_S
from .base import Pushed, judged_by, secret_text

COUNTS = "/open/openPlatform/uploadRestBerth"
HEARTBEAT = "/open/openPlatform/heartBeat"
JSON = {"Content-Type": "application/json"}


def compact(ms):
    """yyyyMMddHHmmss, Beijing time."""
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(ms // 1000 + BEIJING_S))


def sign(fields, key):
    line = "".join(f"{k}={fields[k]}&" for k in sorted(fields))
    return hashlib.sha256((line + key).encode()).hexdigest()


class Kunming(Pushed):
    name = "kunming"
    keys = {"app_id": lambda: secret_text(6), "app_secret": secret_text}

    def __init__(self, feed, clock):
        super().__init__(feed, clock)
        self.prefix = self.params.get("path", "").rstrip("/")
        self.as_text = self.params.get("style") == "text"

    def message(self, tellings, wall, wrong=False):
        lot, told = tellings[0]
        fields = {"timestamp": compact(told.src_ms)}
        if told.free is not None:
            fields |= {"inSpace": lot.places() - told.free, "restSpace": 12.5 if told.bad else told.free}
        if self.as_text:
            fields = {k: str(v) for k, v in fields.items()}
        return self._sealed(COUNTS, lot, fields, wrong)

    def beat(self, lots, wall, wrong=False):
        return self._sealed(HEARTBEAT, lots[0], {"timestamp": compact(wall)}, wrong)

    def raw(self, body, wall, wrong=False):
        return self.prefix + COUNTS, body, JSON

    def _sealed(self, path, lot, fields, wrong):
        fields = {"parkCode": lot.foreign, "tenantId": self.params["app_id"]} | fields
        body = {"charset": "UTF-8", "version": "v1.0", "reqData": fields,
                "sign": sign(fields, "wrong" if wrong else self.params["app_secret"])}
        return self.prefix + path, json.dumps(body).replace("/", "\\/").encode(), JSON   # as PHP escapes

    def judge(self, answer, tellings):
        def read(said):
            return said["rspData"]["code"] != 500, said["rspData"].get("message")
        return judged_by(answer, read)
