# SPDX-License-Identifier: MIT
"""A small district: the same lots for lotsim (what they say) and for parkd (how they are registered)."""
import base64
import hashlib
import json
import secrets
import sys
import time

from .parkd import Parkd
from .sims import TOOLS, LotSim, PlatformSim

sys.path.insert(0, str(TOOLS))

from simlib import scenario as sim_scenario  # noqa: E402

POLLED = ("generic", "hikvision", "keytop", "jieshun")
MAPPING = {"format": "json", "items": "/data/list", "success": {"path": "/code", "equals": [0]},
           "lot": "/parkCode",
           "free": "/remain", "total": "/capacity", "occupied": "/occupied",
           "status": {"path": "/state", "map": {"营业": "open", "关闭": "closed"}, "default": "unknown"},
           "time": {"path": "/updateTime", "format": "%Y-%m-%d %H:%M:%S", "zone": "Asia/Shanghai"},
           "numbers": {"text": True}}
HANGZHOU_PATHS = ["/api/v2/cp/uploadParkingState", "/api/v2/tcjg/uploadHeartbeat"]


def new_secret():
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


class Clock:
    """The test wall clock that parkd and the simulators share: start at the origin (real ms), rate times
    faster."""

    def __init__(self, start_ms, rate, lead_ms=0):
        """lead_ms: so long from now (real time) the clock shows start_ms."""
        self.start_ms, self.rate = start_ms, rate
        self.origin_ms = int(time.time() * 1000) + lead_ms

    def text(self):
        return f"{self.start_ms},{self.origin_ms},{self.rate}"

    def conf(self):
        return {"clock_start_ms": self.start_ms, "clock_origin_ms": self.origin_ms, "clock_rate": self.rate}

    def now_ms(self):
        return int(self.start_ms + (time.time() * 1000 - self.origin_ms) * self.rate)


class World:
    """keep(object with close()) registers what must end with the test."""

    def __init__(self, keep, folder, clock=None):
        self.keep, self.folder, self.clock = keep, folder, clock
        self.feeds, self.lots, self.sinks = [], [], []
        self.sim = {"feeds": {}, "lots": []}
        self.keys = {}
        self.lotsim = self.platform = self.parkd = None

    # ---- what there is

    def feed(self, ident, dialect, count=1, *, interval_ms=200, sim=None, lot=None, reg=None, feed=None,
             signed=False):
        """A feed of `count` lots named <ident>-1… sim, lot: more for lotsim's feed and lots; reg, feed: more
        for the registrations of the lots and of the feed. Returns the lots' ids."""
        keys = sim_scenario.new_keys(dialect)
        if signed:
            keys = {"secret": new_secret()}
        self.keys[ident] = keys
        self.sim["feeds"][ident] = {"dialect": dialect, **keys, **(sim or {})}
        names = [f"{ident}-{at + 1}" for at in range(count)]
        for at, name in enumerate(names):
            self._lot(ident, name, dialect, at, lot or {}, reg or {})
        self.feeds.append(self._registration(ident, dialect, interval_ms, keys, names) | (feed or {}))
        return names

    def _lot(self, ident, name, dialect, at, lot, reg):
        spec = {"id": name, "foreign_id": f"X{name}", "feed": ident, "dialect": dialect,
                "total": 100 + 10 * at,
                "seed": len(self.lots) + 1} | lot
        self.sim["lots"].append(spec)
        one = {"id": name, "name": f"停车场 {name}", "feed": ident, "foreign_id": spec["foreign_id"],
               "stage": "connected", "area": f"area {at % 2 + 1}"}
        if spec["total"] is not None:
            one["total"] = spec["total"]
            one["open"] = spec.get("open", spec["total"])
        self.lots.append(one | reg)

    @staticmethod
    def _registration(ident, dialect, interval_ms, keys, names):
        one = {"id": ident, "dialect": dialect, "mode": "poll" if dialect in POLLED else "push",
               "interval_ms": interval_ms, "params": dict(keys)}
        if dialect == "generic":
            one["params"] = {"headers": {"X-Api-Key": keys["api_key"]}, "mapping": MAPPING}
        elif dialect == "keytop":
            one["params"] |= {"park_id": f"X{names[0]}"} if len(names) == 1 else {}
        elif dialect == "hangzhou":
            one["params"] = {k: keys[k] for k in ("access_id", "public_key")}
            one |= {"paths": HANGZHOU_PATHS, "allow_http": True}
        elif dialect == "native":
            one["params"] = {}
            one["auth"] = ({"webhook_secrets": [keys["secret"]]} if "secret" in keys
                           else {"bearer_sha256": [sha256(keys["key"])]})
        return one

    def sink(self, ident="city", dialect="native", **more):
        """A sink at the platform; refresh and heartbeat are off unless asked for."""
        one = {"id": ident, "dialect": dialect, "url": self.platform.url
               + ("/v1/availability" if dialect == "native"
                                                                           else ""),
               "refresh_s": 0, "heartbeat_s": 0, "min_interval_ms": 20, "timeout_ms": 2000} | more
        self.sinks.append(one)
        return one

    # ---- start

    def _clock_args(self):
        return ["--clock", self.clock.text()] if self.clock else []

    def start_platform(self, *args):
        folder = self.folder / "platform"
        self.platform = self.keep(PlatformSim(folder, "--dir", folder, *self._clock_args(), *args))
        return self.platform

    def start_lotsim(self, *args):
        folder = self.folder / "lots"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "scenario.json"
        path.write_text(json.dumps({"port": 0, "push_url": "http://127.0.0.1:9", **self.sim},
                                   ensure_ascii=False))
        self.lotsim = self.keep(LotSim(folder, "--scenario", path, *self._clock_args(), *args))
        for feed in self.feeds:
            if feed["mode"] == "poll":
                feed.setdefault("url", self.lotsim.url + ("/parks" if feed["dialect"] == "generic" else ""))
        return self.lotsim

    def district(self):
        return {"lots": self.lots, "feeds": self.feeds, "sinks": self.sinks}

    def start_parkd(self, conf=None, name="parkd", wrap=()):
        """parkd with this district; lotsim's pushes are pointed at it."""
        conf = dict(conf or {})
        if self.clock:
            conf["test"] = self.clock.conf()
        self.parkd = self.keep(Parkd(self.folder / name, conf, self.district(), wrap))
        self.parkd.start()
        if self.lotsim:
            self.lotsim.post("push_url", url=self.parkd.url)
        return self.parkd
