# SPDX-License-Identifier: MIT
"""The polled side of the lots: finds whose request it is, lets the dialect answer, and lays the faults over
it.

A path may carry the feed, /f/<feed>/..., which is cut off before a dialect sees it; without it the request's
own account decides. One answer is one body: if any lot in it has a fault of the way, the whole answer
suffers.
"""
import hashlib

from . import http
from .http import Response
from .journal import telling

HTML = "<!DOCTYPE html><html><head><title>登录</title></head><body><h1>系统维护中</h1></body></html>"


class Polling:
    def __init__(self, feeds, clock, journal):
        self.feeds = [feed for feed in feeds.values() if feed.polled]
        self.clock, self.journal = clock, journal
        self.paused = False
        self.requests = 0

    def _feed(self, request):
        """The feed asked, or None. Cuts the feed's name off the path."""
        fitting = self.feeds
        if request.path.startswith("/f/"):
            name, slash, rest = request.path[3:].partition("/")
            request.path = slash + rest
            fitting = [feed for feed in fitting if feed.id == name]
        fitting = [feed for feed in fitting if request.path.endswith(feed.speaker.paths)]
        if len(fitting) < 2:
            return fitting[0] if fitting else None
        return next((feed for feed in fitting if feed.speaker.mine(request)), fitting[0])

    async def answer(self, request):
        self.requests += 1
        try:
            feed = self._feed(request)
            if feed is None:
                return Response(404, "not found", "text/plain")
            speaker = feed.speaker
            refused = speaker.aside(request) or speaker.refused(request)
            wanted = None if refused else speaker.wanted(request)
        except (ValueError, KeyError, AttributeError, TypeError):
            return Response(400, {"error": "not a request of this vendor"})
        if refused:
            return refused if isinstance(refused, Response) else Response(200, refused)
        lots = feed.lots if wanted is None else [feed.of_foreign(one) for one in wanted]
        lots = [lot for lot in lots if lot is not None and lot.speaks()]
        if not lots and wanted is not None:
            return Response(200, speaker.error("unknown"))
        return self._tell(speaker, lots, request)

    def _tell(self, speaker, lots, request):
        faults = {name: params for lot in lots for name, params in lot.faults.items()}
        if "http_500" in faults:
            return Response(faults["http_500"].get("status", 500), "internal error", "text/plain")
        if "html" in faults:
            return Response(200, HTML, "text/html; charset=utf-8")
        if "wrong_signature" in faults or "error_envelope" in faults:
            return Response(200, speaker.error("signature" if "wrong_signature" in faults else "busy"))
        wall = self.clock.wall_ms()
        tellings = [] if "empty_list" in faults else self._tellings(lots, wall)
        return self._shaped(self._response(speaker, tellings, request, wall), faults)

    def _tellings(self, lots, wall):
        if self.paused:
            return [(lot, lot.last) for lot in lots if lot.last]
        told = [(lot, lot.polled(wall)) for lot in lots]
        return [(lot, one) for lot, one in told if one is not None]

    def _response(self, speaker, tellings, request, wall):
        body = speaker.envelope(tellings)
        body = body if isinstance(body, bytes) else http.dumps(body)
        headers = {}
        response = Response(200, body, "application/json;charset=UTF-8", headers)
        if speaker.etag:
            headers["ETag"] = response.headers["ETag"] = f'"{hashlib.md5(body).hexdigest()[:16]}"'
            if request.headers.get("if-none-match") == headers["ETag"]:
                response = Response(304, b"", None, headers)
        response.sent = lambda: self._sent(tellings, wall)
        return response

    def _sent(self, tellings, wall):
        for lot, told in tellings:
            if not self.paused:
                lot.note_read(told, wall)
            self.journal.add(**telling(lot, told, "served"))

    @staticmethod
    def _shaped(response, faults):
        if "truncated" in faults and faults["truncated"].get("honest"):
            response.body = response.body[:len(response.body) // 2]
            response.sent = None
        elif "truncated" in faults:
            response.wire = ("cut", 0.5)
        elif "reset" in faults:
            response.wire = ("reset",)
        elif "drip" in faults:
            response.wire = ("drip", faults["drip"].get("ms", 1000) / 1000)
        elif "slow" in faults:
            response.wire = ("slow", faults["slow"].get("ms", 5000) / 1000)
        return response


def expire_tokens(feeds):
    """Ends every log-in, as a vendor's restart does."""
    for feed in feeds:
        getattr(feed.speaker, "expire", lambda: None)()
    return {"expired": True}
