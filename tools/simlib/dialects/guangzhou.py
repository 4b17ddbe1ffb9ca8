# SPDX-License-Identifier: MIT
"""Guangzhou's DB4401/T 133 as parkd's dialect infers it: a lot's client that logs in, in GB 18030.

A token that is refused is asked for anew. The names, paths and values are parkd's guesses.
"""
import hashlib
import json

from ..clock import beijing
from .base import Pushed, secret_text

CHARSET = "gb18030"
HEADERS = {"Content-Type": "application/json; charset=GB18030"}


def dumps(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(CHARSET)


def loads(data):
    """ValueError: not JSON in GB 18030."""
    return json.loads(data.decode(CHARSET))


def signed(body, key):
    """The header of a body."""
    return HEADERS | ({"Sign": hashlib.md5(body + key.encode()).hexdigest().upper()} if key else {})


class Guangzhou(Pushed):
    name = "guangzhou"
    keys = {"user": lambda: secret_text(4), "password": secret_text, "sign_key": secret_text}
    params_more = ("user", "password", "sign_key")

    def __init__(self, feed, clock):
        super().__init__(feed, clock)
        self.token = None
        self.prefix = self.params.get("path", "").rstrip("/")

    def first(self, wall):
        if self.token:
            return None
        return self._signed("/login", {"UserName": self.params["user"], "Password": self.params["password"]})

    def heard(self, answer):
        try:
            self.token = loads(answer.body)["resultObject"]["Token"]
        except (ValueError, KeyError, TypeError):
            return False
        return True

    def message(self, tellings, wall, wrong=False):
        lot, told = tellings[0]
        fields = {"Token": self.token, "ParkID": lot.foreign, "TSpace": told.total, "OSpace": told.open,
                  "FSpace": 12.5 if told.bad else told.free, "UpTime": beijing(told.src_ms)}
        return self._signed("/parkspace", {k: v for k, v in fields.items() if v is not None}, wrong)

    def raw(self, body, wall, wrong=False):
        return self.prefix + "/parkspace", body, signed(body, self.params["sign_key"])

    def _signed(self, path, fields, wrong=False):
        body = dumps(fields)
        return self.prefix + path, body, signed(body, self.params["sign_key"] + ("x" if wrong else ""))

    def judge(self, answer, tellings):
        try:
            result = str(loads(answer.body).get("result"))
        except (ValueError, AttributeError):
            result = None
        if result == "401":
            self.token = None
        if 200 <= answer.status < 300 and result == "0":
            return [("ok", None, None)]
        return [("retry", None, f"http {answer.status} result {result}")]
