# SPDX-License-Identifier: MIT
"""P3, a lot's existing client for Changzhou's platform, pointed at parkd: the message in the body, who sends
it and the signature in the query.

An account is one lot, so every lot has its own: appid and secret are made of the feed's and the lot's name.
style "text": numbers as text.
"""
import hashlib
import urllib.parse

from ..http import dumps
from .base import Pushed, judged_by, secret_text

COUNTS = "/record/empty.htm"
HEARTBEAT = "/server/heart.htm"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def java_encode(text):
    """As java.net.URLEncoder does it."""
    return urllib.parse.quote_plus(text, safe="*").replace("~", "%7E")


def sign(appid, secret, text, moment):
    line = f"appid={appid}&data={java_encode(text)}&timestamp={moment}&version=1.0&secretkey={secret}"
    return hashlib.md5(line.encode()).hexdigest()


def account(foreign, app_secret):
    """(appid, secret) of one lot of a feed."""
    return "A-" + foreign, f"{app_secret}-{foreign}"


class Changzhou(Pushed):
    name = "changzhou"
    keys = {"app_secret": secret_text}

    def __init__(self, feed, clock):
        super().__init__(feed, clock)
        self.prefix = self.params.get("path", "").rstrip("/")
        self.as_text = self.params.get("style") == "text"

    def message(self, tellings, wall, wrong=False):
        lot, told = tellings[0]
        counts = {"spaceCount": 12.5 if told.bad else told.free, "totalCount": told.total}
        data = {k: str(v) if self.as_text else v for k, v in counts.items() if v is not None}
        return self._sealed(COUNTS, lot, dumps(data).decode(), told.src_ms, wrong)

    def beat(self, lots, wall, wrong=False):
        return self._sealed(HEARTBEAT, lots[0], "{}", wall, wrong)

    def raw(self, body, wall, wrong=False):
        return self.prefix + COUNTS, body, FORM

    def _sealed(self, path, lot, text, moment_ms, wrong):
        appid, secret = account(lot.foreign, self.params["app_secret"])
        moment = moment_ms // 1000
        query = {"appid": appid, "timestamp": moment, "version": "1.0",
                 "sign": sign(appid, "wrong" if wrong else secret, text, moment)}
        target = f"{self.prefix}{path}?{urllib.parse.urlencode(query)}"
        return target, ("data=" + java_encode(text)).encode(), FORM

    def judge(self, answer, tellings):
        return judged_by(answer, lambda said: (said["success"] is True, said.get("message")))
