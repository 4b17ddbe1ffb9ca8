# SPDX-License-Identifier: MIT
"""The promise where it is easily broken: late reports beside confirmations, two parkd, the end in the middle of things."""
import datetime
import http.server
import json
import socket
import threading
import time

import pytest

from harness.parkd import Parkd
from harness.redis import RedisServer
from harness.wait import wait_for
from harness.world import sha256

KEY = "k" * 40


def push_feed(ident="f"):
    return {"id": ident, "dialect": "native", "mode": "push", "interval_ms": 60000, "params": {},
            "auth": {"bearer_sha256": [sha256(KEY)]}}


def lot(ident, feed="f", **more):
    return {"id": ident, "name": ident, "feed": feed, "foreign_id": f"X{ident}", "stage": "connected", "total": 100} | more


def push(parkd, ident, at_s, **said):
    at = datetime.datetime.fromtimestamp(at_s, datetime.timezone.utc).isoformat(timespec="milliseconds")
    answer = parkd.post("/v1/ingest/f", {"items": [{"lot": f"X{ident}", "at": at, **said}]},
                        headers={"Authorization": f"Bearer {KEY}"})
    assert answer.status == 200, answer
    return answer.json()["results"][0]


class Hanging:
    """A platform that takes everything and answers when it is let."""

    def __init__(self):
        self.go, self.bodies = threading.Event(), []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                outer.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                outer.go.wait(60)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.go.set()
        self.server.shutdown()
        self.server.server_close()


def test_a_late_report_does_not_overtake_a_confirmation(parkd):
    parkd.put("feeds", push_feed())
    parkd.put("lots", lot("A"))
    now = time.time()
    assert push(parkd, "A", now - 100, free=5)["code"] == "ok"
    assert push(parkd, "A", now - 80, free=5)["code"] == "touch"     # known here, not written yet
    assert push(parkd, "A", now - 90, free=7)["code"] == "old"
    assert parkd.lot("A")["free"] == 5 and parkd.store.record("A").free == 5
    assert push(parkd, "A", now - 70, free=6)["code"] == "ok"


def test_what_only_a_class_says_is_shown_and_runs_out(world):
    """A lot that tells only its charging places: they are a number like any other."""
    from harness.world import Clock
    world.clock = Clock(int(time.time() * 1000), 120)
    parkd = world.keep(Parkd(world.folder / "parkd", {"test": world.clock.conf()})).start()
    parkd.put("feeds", push_feed())
    parkd.put("lots", lot("A"))
    answer = push(parkd, "A", world.clock.now_ms() / 1000, classes={"charging": {"free": 3, "total": 10}})
    assert answer["code"] == "ok"
    shown = parkd.lot("A")
    assert shown["classes"]["charging"]["free"] == 3 and shown["valid_until"]
    wait_for(lambda: parkd.store.record("A").expired, what="the class to run out")
    assert parkd.lot("A")["classes"]["charging"]["free"] is None
    answer = push(parkd, "A", world.clock.now_ms() / 1000, classes={"charging": {"free": 2, "total": 10}})
    assert answer["code"] == "ok"
    assert parkd.lot("A")["classes"]["charging"]["free"] == 2


def test_registrations_that_arrive_at_the_end_harm_nobody(keep, folder):
    """One parkd ends and waits for its platform; another one changes what is registered meanwhile."""
    redis, platform = keep(RedisServer(folder / "redis")).start(), keep(Hanging())
    conf = {"redis": {"url": redis.url}}
    one = keep(Parkd(folder / "one", conf)).start()
    one.put("feeds", push_feed())
    one.put("lots", lot("A"))
    one.put("sinks", {"id": "city", "dialect": "native", "url": platform.url, "min_interval_ms": 20})
    two = keep(Parkd(folder / "two", conf)).start()
    push(one, "A", time.time(), free=5)
    wait_for(lambda: platform.bodies, what="a delivery under way")
    sender = next(each for each in (one, two) if each.sink()["state"] == "sending")
    other = two if sender is one else one
    sender.process.popen.terminate()
    wait_for(lambda: "ending=1" in sender.log_text(), what="the beginning of the end")
    def closed():
        try:
            sender.get("/healthz")
        except OSError:
            return True
    wait_for(closed, what="the listeners to be closed")
    other.put("feeds", push_feed("g"))
    other.put("lots", lot("B", "g"))
    other.put("sinks", {"id": "city", "dialect": "native", "url": platform.url, "min_interval_ms": 30})
    time.sleep(0.6)             # the change feed is read four times a second: both arrive, or the end came first
    platform.go.set()
    assert sender.process.popen.wait(30) == 0, sender.log()
    sender.check_log()


class SlowStore:
    """A TCP link to Redis that keeps back all answers after the first `n` bytes of them, until it is let."""

    def __init__(self, port, marker):
        self.port_of_redis, self.marker = port, marker
        self.held, self.go = threading.Event(), threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.port_of_redis))
            threading.Thread(target=self._up, args=(near, far), daemon=True).start()
            threading.Thread(target=self._down, args=(far, near), daemon=True).start()

    def _up(self, near, far):
        while data := self._read(near):
            if self.marker in data:
                self.held.set()
            far.sendall(data)
        far.close()

    def _down(self, far, near):
        while data := self._read(far):
            if self.held.is_set():
                self.go.wait(60)
            try:
                near.sendall(data)
            except OSError:
                return

    @staticmethod
    def _read(one):
        try:
            return one.recv(65536)
        except OSError:
            return b""

    def close(self):
        self.go.set()
        self.listener.close()


@pytest.mark.parametrize("marker", [b"feeds", b"meta"])
def test_an_end_during_the_first_load(keep, folder, marker):
    """The order to end and the answers of the load arrive in the same turn."""
    import os
    import signal
    redis = keep(RedisServer(folder / "redis")).start()
    first = keep(Parkd(folder / "first", {"redis": {"url": redis.url}})).start()
    first.put("feeds", push_feed())
    first.put("lots", lot("A"))
    first.end()
    link = keep(SlowStore(redis.port, marker))
    parkd = keep(Parkd(folder / "second", {"redis": {"url": f"redis://127.0.0.1:{link.port}"}})).spawn()
    assert link.held.wait(30)
    os.kill(parkd.process.pid, signal.SIGSTOP)
    os.kill(parkd.process.pid, signal.SIGTERM)
    link.go.set()
    time.sleep(0.3)             # the answers lie in its socket by then; if not, the end is an ordinary one
    os.kill(parkd.process.pid, signal.SIGCONT)
    assert parkd.process.popen.wait(30) == 0, parkd.log()
    parkd.check_log()


def test_a_source_that_stands_still_runs_out_behind_etags_too(world):
    """The server of a dead system goes on saying "304, as before"."""
    from harness.world import Clock
    world.clock = Clock(int(time.time() * 1000), 120)
    lots = world.feed("g", "generic", 2, interval_ms=200, lot={"model": "manual"})
    world.start_lotsim()
    for one in lots:
        world.lotsim.value(one, 30)
    parkd = world.start_parkd()
    wait_for(lambda: parkd.lot(lots[0])["free"] == 30, what="the first number")
    world.lotsim.post("pause")
    before = parkd.metrics()['parkd_polls_total{result="not_modified"}']
    wait_for(lambda: parkd.store.record(lots[0]).expired, what="the number to run out")
    assert parkd.lot(lots[0])["free"] is None
    assert parkd.metrics()['parkd_polls_total{result="not_modified"}'] > before
