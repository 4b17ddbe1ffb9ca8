# SPDX-License-Identifier: MIT
"""P2, a lot's existing client for Hefei's platform, pointed at parkd: an envelope signed by RSA."""
import base64

from .. import crypto
from ..http import dumps
from .base import Pushed, judged_by, secret_text

PATH = "/os-park/ospark/open/api/v2/"
JSON = {"Content-Type": "application/json"}


class Hefei(Pushed):
    name = "hefei"
    keys = {"access_id": lambda: secret_text(6)}

    @staticmethod
    def pair(_made):
        private, public = crypto.new_rsa_pair(2048)
        return {"private_key": private, "public_key": public}

    def __init__(self, feed, clock):
        super().__init__(feed, clock)
        self.key = crypto.private_key(self.params["private_key"])
        self.prefix = self.params.get("path", "").rstrip("/") + PATH

    def message(self, tellings, wall, wrong=False):
        lot, told = tellings[0]
        data = {"osStoreCode": lot.foreign, "total": told.total, "surplus": 12.5 if told.bad else told.free}
        data = {k: v for k, v in data.items() if v is not None}
        return self._sealed("uploadSurplus", data, told.src_ms, wrong)

    def beat(self, lots, wall, wrong=False):
        data = {"osStoreCode": lots[0].foreign, "uploadTime": wall}
        return self._sealed("uploadHeartbeat", data, wall, wrong)

    def hint(self, lot, wall, came, left):
        """One car that came, or left."""
        name, moment = ("uploadDriveIn", "inTime") if came else ("uploadDriveOut", "outTime")
        return self._sealed(name, {"osStoreCode": lot.foreign, moment: wall}, wall, False)

    def raw(self, body, wall, wrong=False):
        return self.prefix + "uploadSurplus", body, JSON

    def _sealed(self, name, data, moment, wrong):
        out = {"access_id": self.params["access_id"], "sign_type": "RSA2", "time_stamp": moment,
               "data": base64.b64encode(dumps(data)).decode()}
        out["sign"] = crypto.hefei_sign(self.key, out | ({"time_stamp": 1} if wrong else {}))
        return self.prefix + name, dumps(out), JSON

    def judge(self, answer, tellings):
        return judged_by(answer, lambda said: (said["code"] == 8888, said.get("msg")))
