# SPDX-License-Identifier: MIT
"""parkd's own way in: POST /v1/ingest/{feed}, items with at and seq, a bearer key or a Standard Webhooks
signature.

style: "items" (default), "envelope" (what a native sink sends), "bare" (one item, with batch 1). A lot's
counts may be "free", "occupied" (parkd must derive) or "band" (no count at all).
"""
import base64
import json
import secrets

from .. import crypto
from ..clock import rfc3339
from ..http import dumps
from .base import Pushed, secret_text

REFUSED = (400, 413, 422)


def band(free, places):
    """The words for a count, as a lot without a counter would choose them."""
    if free <= 0:
        return "full"
    if free * 10 < places or places >= 50 and free < 10:
        return "few"
    return "some" if free * 10 < places * 3 else "plenty"


def item(lot, told):
    """One item; the same Sample always gives the same bytes."""
    out = {"lot": lot.foreign, "seq": told.seq, "at": rfc3339(told.src_ms)}
    if lot.counts == "band" and told.free is not None:
        out["band"] = band(told.free, lot.places())
    elif lot.counts == "occupied" and told.total is not None and told.free is not None:
        out["occupied"] = lot.places() - told.free
    else:
        out["free"] = told.free
    for name in ("total", "open"):
        if getattr(told, name) is not None:
            out[name] = getattr(told, name)
    out["status"] = told.status
    if lot.classes:
        out["classes"] = lot.parts(lot.classes, told.free)
    if lot.zones:
        out["zones"] = [{"id": name} | part for name, part in lot.parts(lot.zones, told.free).items()]
    if told.bad:
        out["free"] = 12.5
    return out


class Native(Pushed):
    name = "native"
    keys = {"key": secret_text}

    def __init__(self, feed, clock):
        super().__init__(feed, clock)
        self.batch_max = self.params.get("batch", 100)
        self.path = self.params.get("path", f"/v1/ingest/{feed.id}")
        self.sent = 0

    def message(self, tellings, wall, wrong=False):
        return self._sealed([item(lot, told) for lot, told in tellings], wall, wrong)

    def beat(self, lots, wall, wrong=False):
        items = [{"lot": lot.foreign, "heartbeat": True, "at": rfc3339(wall)} for lot in lots]
        return self._sealed(items, wall, wrong)

    def hint(self, lot, wall, came, left):
        return self._sealed([{"lot": lot.foreign, "in": came, "out": left, "at": rfc3339(wall)}], wall, False)

    def raw(self, body, wall, wrong=False):
        """A body that is none of ours, signed as if it were."""
        return self.path, body, self._headers(body, wall, wrong)

    def _sealed(self, items, wall, wrong):
        style = self.params.get("style", "items")
        self.sent += 1
        if style == "bare" and len(items) == 1:
            body = items[0]
        elif style == "envelope":
            body = {"type": "parking.availability.updated", "version": "1.0", "timestamp": rfc3339(wall),
                    "data": {"batch": f"s-{self.sent}", "items": items}}
        else:
            body = {"items": items}
        return self.raw(dumps(body), wall, wrong)

    def _headers(self, body, wall, wrong):
        headers = {"Content-Type": "application/json"}
        if "secret" in self.params:
            ident, moment = secrets.token_hex(8), wall // 1000
            secret = base64.b64encode(b"not what was agreed").decode() if wrong else self.params["secret"]
            headers |= {"webhook-id": "msg_" + ident, "webhook-timestamp": str(moment),
                        "webhook-signature": crypto.webhook_sign(secret, "msg_" + ident, moment, body)}
        else:
            headers["Authorization"] = "Bearer " + ("wrong" if wrong else self.params["key"])
        return headers

    def judge(self, answer, tellings):
        if answer.status in REFUSED:
            detail = f"http {answer.status} " + answer.body.decode("utf-8", "replace")[:300]
            return [("rejected", None, detail)] * len(tellings)
        if not 200 <= answer.status < 300:
            return [("retry", None, f"http {answer.status}")] * len(tellings)
        try:
            results = {one["lot"]: one for one in json.loads(answer.body)["results"]}
        except (ValueError, KeyError, TypeError):
            return [("retry", None, "answer is not of the native format")] * len(tellings)
        return [self._result(results, lot) for lot, _ in tellings]

    @staticmethod
    def _result(results, lot):
        one = results.get(lot.foreign) or results.get(lot.id) or {}
        if one.get("code") in ("rejected", "old"):
            return "rejected", None, f'{one["code"]} {one.get("pointer")} {one.get("detail")}'
        return "ok", one.get("seq"), one.get("code")
