# SPDX-License-Identifier: MIT
"""Cities' protocols, both ways: what a feed and a sink of each register, and what the platform must know.

Each function gets lotsim's keys of the feed and the lots ({id: foreign id}); `own` are fresh keys for the
sink, so that what parkd signs cannot be confused with what the lots signed.
"""
import json

from .proxy import Proxy
from .sims import TOOLS  # noqa: F401  (puts tools on the path, with harness.world)
from .world import World  # noqa: F401

from simlib import dialects, xicheng  # noqa: E402
from simlib.dialects import changzhou  # noqa: E402

POINT = {"lng": 118.0180, "lat": 36.8070, "datum": "wgs84"}


class City:
    """One protocol. files: lots are made known before their counts. beats: it has signs of life."""

    def __init__(self, name, paths, feed, sink, platform, *, files=False, beats=True, url="", keys=None):
        self.name, self.paths, self.feed, self.sink, self.platform = name, paths, feed, sink, platform
        self.files, self.beats, self.url, self.keys = files, beats, url, keys or {}

    def __repr__(self):
        return self.name

    def new_keys(self):
        made = {name: make() for name, make in dialects.ALL[self.name].keys.items()} | self.keys
        return made | dialects.ALL[self.name].pair(made)


def pick(keys, *names):
    return {name: keys[name] for name in names if name in keys}


def hubs(keys, lots, *names):
    names = ("app_key", "app_secret", *names)
    return {"accounts": {lot: pick(xicheng.account(called, keys["app_secret"]), *names)
                         for lot, called in lots.items()}}


def hub_paths(lots):
    return [f"/apis/v1/parkings/{called}{what}" for called in lots.values() for what in ("", "/operations")]


HUB_STATIC = {"static": {"*": {"contact": "值班室"}}}
CITIES = [
    City("hangzhou", ["/api/v2/cp/uploadParkingState", "/api/v2/tcjg/uploadHeartbeat"],
         lambda keys, lots: pick(keys, "access_id", "public_key"),
         lambda own, lots: pick(own, "access_id", "private_key") | {"info_path": "/uploadParkingInfo"},
         lambda own: {own["access_id"]: own["public_key"]}, files=True),
    City("qingdao", ["/uploadParkingState", "/uploadHeartbeat"],
         lambda keys, lots: pick(keys, "access_id", "public_key") | {"private_key": keys["peer_private_key"]},
         lambda own, lots: pick(own, "access_id", "private_key") | {"public_key": own["peer_key"]},
         lambda own: pick(own, "access_id", "public_key") | {"private_key": own["peer_private_key"]},
         files=True),
    City("hefei", [f"/os-park/ospark/open/api/v2/{name}" for name in ("uploadSurplus", "uploadHeartbeat")],
         lambda keys, lots: pick(keys, "access_id", "public_key"),
         lambda own, lots: pick(own, "access_id", "private_key"),
         lambda own: pick(own, "access_id", "public_key")),
    City("changzhou", [changzhou.COUNTS, changzhou.HEARTBEAT],
         lambda keys, lots: {"apps": {appid: {"secret": secret, "lot": called} for called in lots.values()
                                      for appid, secret in [changzhou.account(called, keys["app_secret"])]}},
         lambda own, lots: {"city_code": "320400000000",
                            "apps": {lot: {"appid": appid, "secret": secret} for lot in lots
                                     for appid, secret in [changzhou.account(lot, own["app_secret"])]}},
         lambda own: pick(own, "app_secret"), files=True),
    City("xuzhou", ["/api/outer/postPlaceData"],
         lambda keys, lots: {"appkey": keys["app_key"], "secret": keys["app_secret"]},
         lambda own, lots: {"appkey": own["app_key"], "secret": own["app_secret"]},
         lambda own: pick(own, "app_key", "app_secret"), files=True, beats=False),
    City("kunming", ["/open/openPlatform/uploadRestBerth", "/open/openPlatform/heartBeat"],
         lambda keys, lots: {"tenant_id": keys["app_id"], "key": keys["app_secret"]},
         lambda own, lots: {"tenant_id": own["app_id"], "key": own["app_secret"]},
         lambda own: pick(own, "app_id", "app_secret")),
    *(City("guiyang", [prefix + "/api/mercury/park/heartbeat"],
           lambda keys, lots: pick(keys, "version", "app_id", "cipher_key", "public_key"),
           lambda own, lots: pick(own, "version", "app_id", "cipher_key", "private_key")
           | ({"pads_twice": True} if own["version"] == "v2" else {}),
           lambda own: pick(own, "version", "app_id", "cipher_key", "public_key"), keys={"version": version})
      for version, prefix in (("v1", ""), ("v2", "/open-server"))),
    City("xicheng", hub_paths, lambda keys, lots: hubs(keys, {one: one for one in lots.values()}, "data_key"),
         lambda own, lots: hubs(own, {one: one for one in lots}, "data_key") | HUB_STATIC,
         lambda own: pick(own, "app_secret"), files=True, beats=False, url="/apis/v1"),
    City("xicheng-old", ["/parkdata", "/parkinfo"],
         lambda keys, lots: hubs(keys, {one: one for one in lots.values()}),
         lambda own, lots: hubs(own, {one: one for one in lots}) | HUB_STATIC,
         lambda own: pick(own, "app_secret"), files=True, beats=False),
    City("guangzhou", ["/login", "/parkstatus", "/parkspace"],
         lambda keys, lots: pick(keys, "user", "password", "sign_key"),
         lambda own, lots: pick(own, "user", "password", "sign_key"),
         lambda own: pick(own, "user", "password", "sign_key"), files=True, beats=False),
    *(City("bolink", [f"/unionapi/{folder}/addpark", f"/unionapi/{folder}/updatepark"],
           lambda keys, lots: pick(keys, "union_id", "key"),
           lambda own, lots: pick(own, "union_id", "key")
           | {"api": "park" if own["style"] == "park" else "newpark",
              "static": {"*": {"city_id": 370300, "price_desc": "2元每小时"}}},
           lambda own: pick(own, "union_id", "key", "style") | {"review": 2}, files=True, beats=False,
           keys={"style": style}) for style, folder in (("data", "newpark"), ("park", "park"))),
]


class Street:
    """lotsim speaks the city's protocol to parkd, and parkd speaks it to platformsim, each over a link that
    can be cut: way_in (after open()) and way_out."""

    def __init__(self, world, city, count=2, more=None, paths=()):
        """more(lots): further parameters of the platform. paths: further ends of the feed's paths."""
        self.world, self.city, keys = world, city, city.new_keys()
        sim = {"push_interval_ms": 200, "heartbeat_ms": 300, "retry_ms": 20, "retry_max_ms": 200}
        self.lots = world.feed("in", city.name, count, sim=keys | sim, lot={"model": "manual", "open": 80},
                               reg={"location": POINT, "address": "人民路 1 号", "phone": "0533-0000000"})
        called = {lot: f"X{lot}" for lot in self.lots}
        own = city.paths(called) if callable(city.paths) else city.paths
        paths = own + [own[0].rpartition("/")[0] + "/" + one for one in paths]
        world.feeds[-1] |= {"params": city.feed(keys, called), "paths": paths, "allow_http": True,
                            "interval_ms": 1000}
        world.start_lotsim()
        self.own = city.new_keys()
        file = world.folder / "platform.json"
        file.write_text(json.dumps(city.platform(self.own) | (more(self.lots) if more else {})))
        world.start_platform("--plain", "--speak", f"{city.name}={file}")
        self.way_out = world.keep(Proxy(("127.0.0.1", world.platform.port)))
        world.sink(dialect=city.name, url=self.way_out.url + city.url, params=city.sink(self.own, self.lots),
                   heartbeat_s=1, timeout_ms=1000, min_interval_ms=20)
        self.platform, self.lotsim, self.way_in = world.platform, world.lotsim, None

    def open(self):
        """Starts parkd; the lots reach it over way_in."""
        parkd = self.world.start_parkd()
        host, port = parkd.listen.rsplit(":", 1)
        self.way_in = self.world.keep(Proxy((host, int(port))))
        self.lotsim.post("push_url", url=self.way_in.url)
        return parkd

    def failures(self):
        return sum(lane["failures"] for lane in self.lotsim.state()["lanes"])

    def say(self, base):
        for at, lot in enumerate(self.lots):
            self.lotsim.value(lot, base + at)

    def wanted(self, base):
        return [base + at for at in range(len(self.lots))]

    def held(self):
        return [self.platform.free(lot) for lot in self.lots]
