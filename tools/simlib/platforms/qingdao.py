# SPDX-License-Identifier: MIT
"""P1b, Qingdao's platform: Hangzhou's messages, encrypted for it, and lots made known first."""
import json

from .. import crypto
from .hangzhou import HangzhouIn


class QingdaoIn(HangzhouIn):
    """params: access_id, public_key of who sends, private_key of the platform."""
    files = True

    def __init__(self, params, clock):
        super().__init__({params["access_id"]: params["public_key"]}, clock)
        self.private = crypto.private_key(params["private_key"])

    def open(self, key, cipher, sign):
        text = crypto.qingdao_open(self.private, key, cipher, sign)
        return json.dumps({"data": json.loads(json.loads(text)["data"])})
