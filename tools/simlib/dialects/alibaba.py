# SPDX-License-Identifier: MIT
"""V15, Alibaba's parking service model: POST .../parkingLotInfoGet tells of all lots.

The caller's key travels in X-Api-Key, for the model says nothing of it. style "text": data is the text of the
list.
"""
import hmac

from ..http import Response, dumps
from .base import Polled, number_text, secret_text

ERRORS = {"signature": (403, "no permission"), "unknown": (404, "no such lot"), "busy": (500, "service busy")}


class Alibaba(Polled):
    name = "alibaba-parking"
    keys = {"api_key": secret_text}
    paths = ("/parkingLotInfoGet",)

    def mine(self, request):
        given = request.headers.get("x-api-key", "")
        return hmac.compare_digest(given.encode(), self.params["api_key"].encode())

    def refused(self, request):
        return None if self.mine(request) else Response(403, self.error("signature"))

    def envelope(self, tellings):
        lots = [{"name": lot.name, "parkingLotId": lot.foreign, "totalCount": told.total,
                 "unParkedCount": number_text(told.free, told), "gmtModified": str(told.src_ms)}
                for lot, told in tellings]
        return {"code": 200, "data": dumps(lots).decode() if self.params.get("style") == "text" else lots}

    def error(self, what):
        code, message = ERRORS[what]
        return {"code": code, "message": message, "data": []}
