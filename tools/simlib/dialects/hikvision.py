# SPDX-License-Identifier: MIT
"""V3, a Hikvision Artemis gateway: POST .../artemis/api/pms/v1/park/remainSpaceNum, signed headers, counts as
text.

parkSyscode names a lot, several with commas, or none for all. Permit places are inside leftPlace, as in the
field: a lot with "permit" shows its free public places as leftPlace - leftPermPlace.
"""
import hmac
import json

from .. import crypto
from .base import Polled, number_text, secret_text

PATH = "/artemis/api/pms/v1/park/remainSpaceNum"
ERRORS = {"signature": ("0x02401003", "Signature does not match"),
          "unknown": ("0x02000103", "park not found"), "busy": ("0x02000001", "system busy")}


class Hikvision(Polled):
    name = "hikvision"
    keys = {"app_key": secret_text, "app_secret": secret_text}
    paths = (PATH,)

    def mine(self, request):
        return request.headers.get("x-ca-key") == self.params["app_key"]

    def refused(self, request):
        headers = request.headers
        timestamp, given = headers.get("x-ca-timestamp", ""), headers.get("x-ca-signature", "")
        if not self.mine(request) or not self.in_window(timestamp):
            return self.error("signature")
        for path in {request.path, request.target.partition("?")[0], PATH}:
            text = crypto.hikvision_text(self.params["app_key"], timestamp, path,
                                         headers.get("accept", "*/*"),
                                         headers.get("content-type", "application/json"))
            wanted = crypto.hmac_sha256_b64(self.params["app_secret"], text)
            if hmac.compare_digest(wanted.encode(), given.encode()):
                return None
        return self.error("signature")

    def wanted(self, request):
        code = json.loads(request.body or b"{}").get("parkSyscode")
        return code.split(",") if code else None

    def envelope(self, tellings):
        return {"code": "0", "msg": "success", "data": [self._item(lot, told) for lot, told in tellings]}

    def _item(self, lot, told):
        permit_free = lot.permit // 3
        left = None if told.free is None else told.free + permit_free
        return {"parkSyscode": lot.foreign, "parkName": lot.name, "parentParkSyscode": "",
                "totalPlace": number_text(told.total, told), "totalPermPlace": str(lot.permit),
                "totalReservePlace": "0", "leftPlace": number_text(left, told),
                "leftPermPlace": str(permit_free), "leftReservePlace": "0"}

    def error(self, what):
        code, message = ERRORS[what]
        return {"code": code, "msg": message, "data": None}
