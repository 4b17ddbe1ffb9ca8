# SPDX-License-Identifier: MIT
"""How the platform misbehaves: one mode at a time, for the next `count` requests or until it is changed."""
from .control import Wrong

NAMES = ("ok", "refuse", "down", "http_500", "http_429", "code_inside", "hang", "cut", "slow", "reject_lot",
         "unauthorized")


class Modes:
    def __init__(self):
        self.name, self.params, self.left = "ok", {}, None

    def set(self, fields):
        name = fields["mode"]
        if name not in NAMES:
            raise Wrong(f"no mode {name}; there are {', '.join(NAMES)}")
        if name == "reject_lot" and not (fields.get("lot") or fields.get("lots")):
            raise Wrong("reject_lot wants lot or lots")
        count = fields.get("count")
        if count is not None and (not isinstance(count, int) or count < 1):
            raise Wrong("count is a whole number above 0")
        if name == "down" and count is not None:
            raise Wrong("down meets no requests to count")
        self.name, self.left = name, count
        self.params = {k: v for k, v in fields.items() if k not in ("mode", "count")}
        return self.state()

    def take(self):
        """(mode, parameters) for the request at hand; counts it."""
        taken = self.name, self.params
        if self.left is not None:
            self.left -= 1
            if self.left <= 0:
                self.name, self.params, self.left = "ok", {}, None
        return taken

    def rejects(self, params, lot):
        return lot == params.get("lot") or lot in params.get("lots", ())

    def state(self):
        return {"mode": self.name, "params": self.params, "left": self.left}
