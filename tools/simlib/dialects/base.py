# SPDX-License-Identifier: MIT
"""The two shapes of a dialect, and what several of them need."""
import json
import secrets

from ..clock import real_ms

WINDOW_MS = 900_000                       # how far a caller's time may be off before vendors refuse it


class Dialect:
    name = ""
    keys = {}                             # parameter of the feed -> function that makes a new value
    params_more = ()                      # parameters that only this dialect has

    @staticmethod
    def pair(_made):
        """Parameters that belong together: a private and a public key."""
        return {}

    def __init__(self, feed, clock):
        self.feed, self.clock, self.params = feed, clock, feed.params

    def in_window(self, ms_text):
        """Whether a caller's time is near. Not judged under a test clock: there a second is minutes."""
        if not self.params.get("check_time", not self.clock.rate):
            return True
        return str(ms_text).isdigit() and abs(int(ms_text) - real_ms()) <= WINDOW_MS


class Polled(Dialect):
    """Answers requests. Every method gets the Request with a feed prefix already cut off its path."""
    paths = ()                            # endings of the paths it answers
    etag = False

    def mine(self, request):
        """Whether the request names this feed's account; decides among feeds of one dialect."""
        return True

    def aside(self, request):
        """A Response to a request that asks for no lots (a log-in); None otherwise."""
        return None

    def refused(self, request):
        """The vendor's error object when the caller is not who it must be; None when all is well."""
        return None

    def wanted(self, request):
        """Ids of the lots asked for; None means all."""
        return None

    def envelope(self, tellings):
        """The answer's object for [(lot, Sample)]."""
        raise NotImplementedError

    def error(self, what):
        """The vendor's error object: "signature", "unknown" (no such lot), "busy"."""
        raise NotImplementedError


class Pushed(Dialect):
    """Builds requests. `wrong`: sign them wrongly."""
    batch_max = 1

    def first(self, wall):
        """(path, body, headers) of what must go before everything else (a log-in); None when nothing must."""
        return None

    def heard(self, answer):
        """Whether that is a good answer to `first`."""
        return True

    def message(self, tellings, wall, wrong=False):
        """(path, body, headers) for [(lot, Sample)]."""
        raise NotImplementedError

    def beat(self, lots, wall, wrong=False):
        """(path, body, headers) of a sign of life for at most batch_max lots; None when there is none."""
        return None

    def judge(self, answer, tellings):
        """Per telling ("ok" | "retry" | "rejected", seq answered or None, detail)."""
        raise NotImplementedError


def secret_text(size=16):
    return secrets.token_hex(size)


def number_text(value, told):
    """A count as vendors write it; a bad item has half a car."""
    if told.bad:
        return "12.5"
    return "" if value is None else str(value)


def judged_by(answer, read):
    """judge() for a dialect of one lot a request. read(the answer's object): whether it is good, and its words."""
    try:
        good, words = read(json.loads(answer.body))
    except (ValueError, TypeError, KeyError, AttributeError):
        good, words = False, "not the answer expected"
    if 200 <= answer.status < 300 and good:
        return [("ok", None, None)]
    return [("retry", None, f"http {answer.status} {words}")]
