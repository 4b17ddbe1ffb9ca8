# SPDX-License-Identifier: MIT
"""V3, a Hikvision Artemis gateway: POST .../artemis/api/pms/v1/park/remainSpaceNum, signed headers, counts as
text.

parkSyscode names a lot, several with commas, or none for all. Permit places are inside leftPlace, as in the
field: a lot with "permit" shows its free public places as leftPlace - leftPermPlace. Zones of a lot are
parks that name it as their parent. style: "status" answers refusals with 401 as well, "blanks" ends names of
members with a blank.
"""
import hmac
import json

from .. import crypto
from ..http import Response
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
        if self._signed(request):
            return None
        status = 401 if self.params.get("style") == "status" else 200
        return Response(status, self.error("signature"))

    def _signed(self, request):
        headers = request.headers
        timestamp, given = headers.get("x-ca-timestamp", ""), headers.get("x-ca-signature", "")
        if not self.mine(request) or not self.in_window(timestamp):
            return False
        for path in {request.path, request.target.partition("?")[0], PATH}:
            text = crypto.hikvision_text(self.params["app_key"], timestamp, path,
                                         headers.get("accept", "*/*"),
                                         headers.get("content-type", "application/json"))
            wanted = crypto.hmac_sha256_b64(self.params["app_secret"], text)
            if hmac.compare_digest(wanted.encode(), given.encode()):
                return True
        return False

    def wanted(self, request):
        code = json.loads(request.body or b"{}").get("parkSyscode")
        return code.split(",") if code else None

    def envelope(self, tellings):
        items = [item for lot, told in tellings for item in (self._item(lot, told), *self._areas(lot, told))]
        blank = " " if self.params.get("style") == "blanks" else ""
        return {"code": "0", "msg": "success",
                "data": [{name + blank: value for name, value in item.items()} for item in items]}

    @staticmethod
    def _areas(lot, told):
        return [{"parkSyscode": f"{lot.foreign}-{name}", "parkName": name, "parentParkSyscode": lot.foreign,
                 "totalPlace": part["total"], "leftPlace": part["free"]}
                for name, part in lot.parts(lot.zones, told.free).items()]

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
