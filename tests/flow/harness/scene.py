# SPDX-License-Identifier: MIT
"""One small parkd with a link on every side that a test can break: to the lot that is polled, from those that push, to
Redis, to the platform."""
import json
import os
import socket
import subprocess

import pytest

from . import http
from .oracle import agree
from .proxy import Proxy
from .redis import Redis, RedisServer
from .vendor import Vendor
from .wait import wait_for
from .world import sha256

KEY = "k" * 40
MAPPING = {"format": "json", "items": "/lots", "lot": "/id", "free": "/free", "time": None}


class Scene:
    """Lots A and B push to feed f, lot P is polled by feed v, the sink is the city. external: Redis is a server of its
    own, behind to_redis. tls: a folder, and the polled lot speaks TLS. start(): with more configuration and words
    before the program."""

    def __init__(self, world, *, external=False, tls=None, sink=True):
        self.world, self.free = world, 0
        self.says = lambda asked: (200, {"lots": [{"id": "XP", "free": self.free}]})
        self.vendor = world.keep(Vendor(lambda asked: self.says(asked), tls))
        self.to_vendor = self._link(int(self.vendor.url.rsplit(":", 1)[1]))
        self.redis = self.to_redis = self.to_platform = self.way_in = self.parkd = None
        world.feeds += [self._feed("f", "native", auth={"bearer_sha256": [sha256(KEY)]}, mode="push"),
                        self._feed("v", "generic", params={"mapping": MAPPING}, mode="poll", interval_ms=200,
                                   url=self.to_vendor.url.replace("http:", "https:" if tls else "http:") + "/lots")]
        world.lots += [{"id": lot, "name": lot, "feed": feed, "foreign_id": f"X{lot}", "total": 1000, "stage": "connected"}
                       for lot, feed in (("A", "f"), ("B", "f"), ("P", "v"))]
        if sink:
            world.start_platform("--plain")
            self.to_platform = self._link(world.platform.port)
            world.sink(url=self.to_platform.url + "/v1/availability", timeout_ms=1000)
        if external:
            self.redis = world.keep(RedisServer(world.folder / "redis")).start()
            self.to_redis = self._link(self.redis.port)

    def _link(self, port):
        return self.world.keep(Proxy(("127.0.0.1", port)))

    @staticmethod
    def _feed(ident, dialect, **more):
        return {"id": ident, "dialect": dialect, "interval_ms": 60000, "params": {}} | more

    def start(self, conf=None, wrap=()):
        conf = dict(conf or {})
        if self.to_redis:
            conf["redis"] = {"url": f"redis://127.0.0.1:{self.to_redis.port}"}
        self.parkd = self.world.start_parkd(conf, wrap=wrap)
        self.way_in = self._link(int(self.parkd.listen.rsplit(":", 1)[1]))
        self.took("A", 10)
        self.took("B", 20)
        self.polled(30)
        return self

    # ---- what is told

    def push(self, lot, free, url=None, **headers):
        """The answer; an OSError when there is none."""
        return http.call(url or self.parkd.run["public"], "/v1/ingest/f", {"lot": f"X{lot}", "free": free},
                         headers={"Authorization": f"Bearer {KEY}"} | headers)

    def took(self, lot, free, **more):
        """parkd answers 2xx; the seq that it gave."""
        answer = wait_for(lambda: (one := self.push(lot, free, **more)).status == 200 and one,
                          what=lambda: f"{lot} to be taken: {self.parkd.log()}")
        assert self.parkd.store is None or self.parkd.lot(lot)["free"] == free, answer
        return answer.json()["results"][0].get("seq")

    def polled(self, free):
        """The polled lot says it, and parkd shows it."""
        self.free = free
        wait_for(lambda: self.parkd.lot("P")["free"] == free, 90, lambda: f"P to be {free}: {self.parkd.feed('v')}")

    def refused(self, lot="A", free=77):
        """A push is answered 503 and never well; what is shown stays. It may be written when Redis is back: then it was no
        promise, and no lie."""
        before = self.parkd.lot(lot)["free"]
        answer = self.push(lot, free)
        assert answer.status == 503 and answer.headers["Retry-After"], answer
        assert self.parkd.lot(lot)["free"] == before
        return answer

    # ---- what must hold

    def away(self):
        wait_for(lambda: not self.parkd.up(), 60, "Redis to be noticed as away")

    def back(self):
        wait_for(self.parkd.up, 90, lambda: f"Redis to be taken up again: {self.parkd.log()}")

    def bad(self, words=""):
        wait_for(lambda: self.parkd.feed("v")["state"] == "bad" and words in (self.parkd.feed("v")["error"] or ""), 60,
                 lambda: f"the feed to be bad ({words}): {self.parkd.feed('v')}")

    def good(self):
        wait_for(lambda: self.parkd.feed("v")["state"] == "good", 90, lambda: f"the feed to be good: {self.parkd.feed('v')}")

    def level(self):
        """The platform holds what Redis holds, and the promise was kept on the way."""
        self.parkd.staff("/v1/admin/sinks/city/resume", {})
        wait_for(lambda: agree(self.parkd.store.records(), self.world.platform.held()), 120,
                 lambda: f"the platform to be level: {self.parkd.sink()}")
        assert self.world.platform.violations() == []

    def memory_mb(self):
        with open(f"/proc/{self.parkd.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20

    def own_redis(self):
        """A client of the Redis behind this parkd, past the link."""
        return self.world.keep(Redis(self.redis.url if self.redis else self.parkd.run["redis"]))


def need_root(what):
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        pytest.skip(f"{what} needs root and a mount namespace (unshare -m)")


def silent_resolver(folder):
    """A resolv.conf that points to a UDP socket where nobody answers: (socket, words before the program)."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    address = f"127.7.{os.getpid() // 250 % 250}.{os.getpid() % 250 + 1}"      # tests may run side by side
    sock.bind((address, 53))
    conf = folder / "resolv.conf"
    conf.write_text(f"nameserver {address}\noptions timeout:5 attempts:2\n")
    return sock, ["unshare", "-m", "sh", "-c", f'mount --bind {conf} /etc/resolv.conf && exec "$@"', "sh"]


def body(lot, free):
    return json.dumps({"lot": f"X{lot}", "free": free}).encode()
