# SPDX-License-Identifier: MIT
"""An invented vendor for mappings: GET .../parks, list under /data/list, numbers as text, status as words,
Beijing time.

Lots with counts "occupied" tell capacity and occupied only, so that free = capacity - occupied; the others
tell remain as well. The caller's key travels in X-Api-Key.
"""
import hmac

from ..clock import beijing
from .base import Polled, number_text, secret_text

WORDS = {"open": "营业", "closed": "关闭", "unknown": "故障"}
ERRORS = {"signature": (401, "密钥错误"), "unknown": (404, "无此车场"), "busy": (5000, "系统繁忙")}


class Generic(Polled):
    name = "generic"
    keys = {"api_key": secret_text}
    paths = ("/parks",)
    etag = True

    def mine(self, request):
        return request.headers.get("x-api-key", "") == self.params.get("api_key", "")

    def refused(self, request):
        given = request.headers.get("x-api-key", "")
        if hmac.compare_digest(given.encode(), self.params.get("api_key", "").encode()):
            return None
        return self.error("signature")

    def wanted(self, request):
        code = request.args().get("parkCode")
        return code.split(",") if code else None

    def envelope(self, tellings):
        return {"code": 0, "message": "ok",
                "data": {"list": [self._item(lot, told) for lot, told in tellings], "count": len(tellings)}}

    def _item(self, lot, told):
        item = {"parkCode": lot.foreign, "parkName": lot.name, "capacity": number_text(told.total, told)}
        if lot.counts == "occupied" and told.total is not None and told.free is not None:
            item["occupied"] = number_text(told.total - told.free, told)
        else:
            item["remain"] = number_text(told.free, told)
        item["state"] = WORDS[told.status]
        item["updateTime"] = beijing(told.src_ms)
        return item

    def error(self, what):
        code, message = ERRORS[what]
        return {"code": code, "message": message, "data": None}
