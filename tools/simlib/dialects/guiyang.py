# SPDX-License-Identifier: MIT
"""P6, a lot's client for Guiyang's platform, pointed at parkd. Its heartbeat is its counts.

version: v1 (RSA, AES) or v2 (SM2, SM4); pads_twice: as the found client of v2 does, and so if not said.
"""
import base64
import secrets

from .. import crypto, gm, guiyang
from ..clock import beijing
from ..http import dumps
from .base import Pushed, judged_by, secret_text


class Guiyang(Pushed):
    name = "guiyang"
    keys = {"app_id": lambda: secret_text(6), "version": lambda: "v2",
            "cipher_key": lambda: base64.b64encode(secrets.token_bytes(16)).decode()}
    params_more = ("version", "cipher_key", "pads_twice")

    @staticmethod
    def pair(made):
        private, public = gm.new_pair() if made["version"] == "v2" else crypto.new_rsa_pair(2048)
        return {"private_key": private, "public_key": public}

    def __init__(self, feed, clock):
        super().__init__(feed, clock)
        p = self.params
        self.path = p.get("path", "").rstrip("/") + guiyang.PATHS[p["version"]]
        self.sender = guiyang.Sender(p["version"], p["app_id"], p["cipher_key"], p["private_key"],
                                     p.get("pads_twice", True))

    def message(self, tellings, wall, wrong=False):
        lot, told = tellings[0]
        return self._heartbeat(lot, told, told.src_ms, wrong)

    def beat(self, lots, wall, wrong=False):
        return self._heartbeat(lots[0], lots[0].last or lots[0].sample(wall), wall, wrong)

    def _heartbeat(self, lot, told, moment, wrong):
        fields = {"park_id": lot.foreign, "total_parking_number": told.total,
                  "remain_parking_number": 12.5 if told.bad else told.free,
                  "open_parking_number": told.open, "reserved_parking_number": 0,
                  "event_time": beijing(moment)}
        out = self.sender.envelope({k: v for k, v in fields.items() if v is not None}, moment)
        if wrong:
            out["sign"] = out["sign"][8:] + out["sign"][:8]
        return self.raw(dumps(out), moment)

    def raw(self, body, wall, wrong=False):
        return self.path, body, {"Content-Type": "application/json"}

    def judge(self, answer, tellings):
        return judged_by(answer, lambda said: (str(said["code"]) == "0", said.get("message")))
