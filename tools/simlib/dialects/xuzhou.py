# SPDX-License-Identifier: MIT
"""P4, a lot's existing client for Xuzhou's platform, pointed at parkd: JSON whose token covers the members in
order of their names, while the body has them in any order.

No heartbeat is known; a lot tells its counts again. style "blanks": names of members end with a blank.
"""
import hashlib

from ..clock import beijing
from ..http import dumps
from .base import Pushed, judged_by, secret_text

COUNTS = "/api/outer/postPlaceData"
JSON = {"Content-Type": "application/json"}


def token(path, fields, secret):
    """Over the URI, the members sorted, compact, and the secret."""
    text = dumps({k: fields[k] for k in sorted(fields)})
    return hashlib.md5(path.encode() + text + secret.encode()).hexdigest()


class Xuzhou(Pushed):
    name = "xuzhou"
    keys = {"app_key": lambda: secret_text(6), "app_secret": secret_text}

    def __init__(self, feed, clock):
        super().__init__(feed, clock)
        self.prefix = self.params.get("path", "").rstrip("/")
        self.blank = " " if self.params.get("style") == "blanks" else ""

    def message(self, tellings, wall, wrong=False):
        lot, told = tellings[0]
        fields = {"parkCode": lot.foreign, "createTime": beijing(told.src_ms), "totalPlaceCount": told.total,
                  "reducePlaceCount": 12.5 if told.bad else "" if told.free is None else told.free,
                  "time": wall, "appkey": self.params["app_key"]}
        fields = {k + self.blank: v for k, v in fields.items() if v is not None}
        return self._sealed(COUNTS, fields, wrong)

    def raw(self, body, wall, wrong=False):
        return f"{self.prefix}{COUNTS}?token=none", body, JSON

    def _sealed(self, path, fields, wrong):
        secret = "wrong" if wrong else self.params["app_secret"]
        return f"{self.prefix}{path}?token={token(path, fields, secret)}", dumps(fields), JSON

    def judge(self, answer, tellings):
        return judged_by(answer, lambda said: (said["code"] == 0, said.get("msg")))
