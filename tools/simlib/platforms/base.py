# SPDX-License-Identifier: MIT
"""What the platform's protocols have in common: a Speaker reads requests and words the answers."""


class Delivery:
    """One request understood. items: [(lot, order, raw text, fields)]; order is seq, or the protocol's time.

    beats: lots that are alive. filed: [(lot, fields)] made known. days: [(lot, date, fields)], statements of a day.
    answer: the Response, where it is more than "good" (a log-in, a code given).
    """

    def __init__(self, speaker, items, beats=(), aggregates=None, *, filed=(), days=(), answer=None):
        self.speaker, self.items, self.beats, self.aggregates = speaker, items, beats, aggregates
        self.filed, self.days, self.answer = filed, days, answer


class Refused(Exception):
    """The request is answered with this Response; kind names the violation, None when it is none."""

    def __init__(self, response, kind, detail=""):
        super().__init__(detail)
        self.response, self.kind = response, kind


class Speaker:
    numbered = False                      # items carry seq; else only a time orders what arrives
    files = False                         # lots are made known first: counts of another lot are a violation
    methods = ("POST",)

    def __init__(self, params, clock):
        """params: the object of --speak NAME=FILE."""
        self.params, self.clock = params, clock

    def mine(self, request):
        """Whether a request is of this protocol."""
        raise NotImplementedError

    def read(self, request):
        """A Delivery; raises Refused."""
        raise NotImplementedError

    def good(self, delivery, codes):
        """The Response; a code "rejected" among those of the items says that a lot is not known here."""
        raise NotImplementedError

    def error_inside(self):
        """200 with the platform's error code."""
        raise NotImplementedError

    def problem(self, status, detail):
        """An error with that HTTP status."""
        raise NotImplementedError
