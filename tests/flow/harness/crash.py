# SPDX-License-Identifier: MIT
"""kill -9 and SIGSTOP at random moments under push and poll load in every family of dialects, judged by the oracle.

The moments come from a seed and are counted in events, not in time. One call of play() is one chunk: a world of its
own, a number of blows, and at the end everybody must hold the same.
"""
import functools
import json
import os
import random
import signal
import time

from .broker import Broker
from .city import CITIES
from .oracle import Oracle, agree
from .parkd import PARKD
from .process import alive
from .wait import during, wait_for
from .world import Clock, sha256

KINDS = ("parkd", "redis", "both", "stop")
RATE = 30                                 # two seconds of ours are a minute of theirs: what falls silent runs out meanwhile
MINUTE_MS = 60_000
LIMIT_MS = 10 * MINUTE_MS                 # DESIGN §6: late ends after ten minutes, for slow lots after thirty
SLOW_LIMIT_MS = 30 * MINUTE_MS
REDIS_IN_A_ROW = 4                        # then parkd ends in order: else the restarts of its Redis wait ever longer
FAST = {"push_interval_ms": 20, "heartbeat_ms": None, "retry_ms": 10, "retry_max_ms": 50, "timeout_ms": 3000}
SLOW = FAST | {"push_interval_ms": 60}
COUNTER = {"model": "counter", "total": 60000}
POLLED = ("hikvision", "keytop", "jieshun", "dahua")
BOXES = ("plate-recognition", "szymzh-b30", "wuhan")
TOPIC = {"items": "", "single": True, "lot": {"request": "topic:2"}, "free": "/left",
         "time": {"path": "/at", "format": "ms"}}
LIMITS = {"descriptors": 250, "requests in flight at the platform": 2}
MEMORY_MB = {True: 700, False: 100}       # with the sanitizer's shadow, and without


class Violated(AssertionError):
    """The promise was broken; the message says where."""


@functools.cache
def sanitized():
    """Whether the program has the address sanitizer in it."""
    return b"__asan_init" in PARKD.read_bytes()


class Load:
    """A world whose every lot tells another number each time. turn chooses the city, the vendor and the box."""

    rate, slow, asked_ms, deliver_ms = RATE, SLOW, 100, 20

    def __init__(self, world, turn=0, conf=None):
        self.world = world
        world.clock = Clock(int(time.time() * 1000), self.rate)
        self._tellers(turn)
        self._mqtt()
        limits = {lot: SLOW_LIMIT_MS for lot in self.lots} | {lot: LIMIT_MS for lot in self.dead}
        self.oracle = Oracle(complete=True, limits=limits, slack_ms=5000 * self.rate)
        world.start_platform("--plain")
        world.start_lotsim()
        world.sink(timeout_ms=2000, min_interval_ms=self.deliver_ms)
        world.start_parkd(conf)

    def _tellers(self, turn):
        world = self.world
        self.native = (world.feed("n", "native", 4, sim={**FAST, "lanes": 2}, lot=COUNTER)
                       + world.feed("s", "native", 1, sim=SLOW, lot=COUNTER, signed=True))
        self.dead = world.feed("d", "native", 1, sim=SLOW, lot=COUNTER)
        self.pushing = (self._city("h", CITIES[0]) + self._city("c", CITIES[1 + turn % (len(CITIES) - 1)])
                        + self._box("b", BOXES[turn % len(BOXES)]))
        self.polled = (world.feed("g", "generic", 2, interval_ms=100, lot=COUNTER)
                       + self._vendor("v", POLLED[turn % len(POLLED)]))

    @property
    def lots(self):
        return self.native + self.dead + self.pushing + self.polled + self.heard

    def _city(self, ident, city, many=1):
        """Lots whose client speaks a city's protocol, signed and sealed as that city wants it."""
        keys, world = city.new_keys(), self.world
        lots = world.feed(ident, city.name, many, sim=self.slow | keys, lot=COUNTER)
        called = {lot: f"X{lot}" for lot in lots}
        world.feeds[-1] |= {"params": city.feed(keys, called), "allow_http": True,
                            "paths": city.paths(called) if callable(city.paths) else city.paths}
        return lots

    def _box(self, ident, dialect, many=1):
        lots = self.world.feed(ident, dialect, many, sim=self.slow, lot=COUNTER)
        keys, feed = self.world.keys[ident], self.world.feeds[-1]
        if dialect == "plate-recognition":
            feed |= {"params": {}, "auth": {"url_secret_sha256": [sha256(keys["key"])]}}
        elif dialect == "wuhan":
            feed["params"] = {"secret_key": keys["secret"]}
        else:
            feed["params"] = {"sign": "hmac-sha256"} | keys
        return lots

    def _vendor(self, ident, dialect, many=2):
        lots = self.world.feed(ident, dialect, many, interval_ms=self.asked_ms, lot=COUNTER)
        self.world.feeds[-1] |= {"mode": "poll", "params": self.world.keys[ident], "spacing_ms": 5}
        return lots

    def _mqtt(self):
        """A lot that a broker tells of, with retained messages that say when: the newest is told again at each connection."""
        world = self.world
        self.heard, self.said = ["m-1"], 0
        self.broker = world.keep(Broker(world.folder / "broker")).start()
        self.publisher = world.keep(self.broker.publisher())
        world.feeds.append({"id": "m", "dialect": "generic", "mode": "mqtt", "url": self.broker.url(),
                            "mqtt": {"topics": ["park/+/left"], "qos": 1}, "params": {"mapping": TOPIC}})
        world.lots.append({"id": "m-1", "name": "m-1", "feed": "m", "foreign_id": "Xm-1", "total": COUNTER["total"],
                           "stage": "connected"})

    def publish(self):
        self.said += 1
        now = self.world.clock.now_ms()
        self.oracle.told({"lot": "m-1", "how": "published", "free_raw": self.said, "total": COUNTER["total"],
                          "t_wall": now})
        self.publisher.publish("park/Xm-1/left", json.dumps({"left": self.said, "at": now}), retain=True)

    # ---- events

    def deliveries(self):
        return self.world.platform.state("?held=0")["deliveries"]

    def tellings(self):
        return self.world.lotsim.state("?lots=0")["journal_lines"]

    def run_on(self, tellings, deliveries):
        """Lets so many more things happen."""
        for count, more in ((self.tellings, tellings), (self.deliveries, deliveries)):
            goal = count() + more
            wait_for(lambda: count() >= goal, 60,
                     lambda: f"{more} {count.__name__}: {self.world.parkd.log()}")

    def run_on_by_chance(self, rng):
        """Every third blow comes soon, perhaps before anything was delivered; the others amid deliveries."""
        self.publish()
        if rng.random() < 0.33:
            self.run_on(rng.randrange(1, 120), 0)
        else:
            self.run_on(0, rng.randrange(1, 60))

    # ---- books

    def read_journals(self):
        for line in self.world.lotsim.news():
            self.oracle.told(line)
        for line in self.world.platform.news():
            self.oracle.delivered(line)

    def look(self, api=False):
        """Books what was told and what Redis holds. The journal is read first: what it says was answered before."""
        self.read_journals()
        parkd = self.world.parkd
        self.oracle.snapshot(parkd.store.records(), self.native + self.dead, self.pushing)
        if api:
            now = self.world.clock.now_ms()              # before the answer: a number may run out in between
            self.oracle.shown(parkd.lots(), now)
            self.oracle.vitals(self.vitals(), LIMITS | {"unacknowledged lots": len(self.lots),
                                                         "resident memory, MB": MEMORY_MB[sanitized()]})
        self.check()

    def vitals(self):
        pid = self.world.parkd.process.pid
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            pages = int(file.read().split()[1])
        return {"resident memory, MB": pages * os.sysconf("SC_PAGE_SIZE") >> 20,
                "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
                "unacknowledged lots": self.world.parkd.sink()["unacknowledged"],
                "requests in flight at the platform": self.world.platform.state("?held=0")["in_flight"]}

    def check(self):
        if self.oracle.faults:
            raise Violated("; ".join(self.oracle.faults[:5]))

    def settle(self):
        """Waits until the silent lot ran out, stops the others, and waits until everybody holds the same."""
        world = self.world
        wait_for(lambda: all(world.parkd.store.record(lot).expired for lot in self.dead), 90, "the silent lot to run out")
        world.lotsim.post("pause")
        self.publish()
        calm_ms = int(time.time() * 1000)
        wait_for(lambda: not self._differing(), 120,
                 lambda: f"all to hold the same: {self._differing()[:3]} {world.parkd.status()['sinks']} {world.parkd.log()}")
        self.look(api=True)
        told, records = self._last_told(), world.parkd.store.records()
        self.oracle.settled(records, world.platform.held(), shown=world.parkd.lots(), calm_ms=calm_ms,
                            last_told={lot: free for lot, free in told.items() if not records[lot].expired})
        for lot in self.dead:
            self.oracle.silent(lot, records.get(lot))
        self.check()

    def _last_told(self):
        """Of the lots whose last telling must be held, answered or not: they are asked, or told by the broker again."""
        told = self.world.lotsim.lots()
        return {lot: told[lot]["emitted"]["free"] for lot in self.polled} | {lot: self.said for lot in self.heard}

    def _differing(self):
        """What is still to come. A machine that is slow may let a number run out meanwhile; then its last value stands."""
        told, records = self.world.lotsim.lots(), self.world.parkd.store.records()
        if set(records) != set(self.lots):
            return [f"Redis holds {sorted(records)} of {sorted(self.lots)}"]
        if not agree(records, self.world.platform.held()):
            return ["the platform does not hold what Redis holds"]
        last = {lot: one.last_free if one.expired else one.free for lot, one in records.items()}
        return ([f"{lot}: told {free}, {records[lot]}" for lot, free in self._last_told().items() if last[lot] != free]
                + [f"{lot}: {records[lot]}" for lot in self.native if records[lot].sseq < told[lot]["acked"]["seq"]])


# ---- the blows

def restart(load):
    """parkd is dead. The lots fall silent until the books were checked, so that nothing newer hides a loss."""
    load.world.lotsim.post("pause")
    load.world.parkd.start()
    load.look()
    load.world.lotsim.post("resume")


def kill_parkd(load, rng, turn):
    load.world.parkd.kill()
    restart(load)


def kill_redis(load, rng, turn):
    load.world.parkd.renew_redis()
    if turn % REDIS_IN_A_ROW == REDIS_IN_A_ROW - 1:
        load.world.parkd.end()
        restart(load)


def redis_first(load, rng):
    """Redis dies, the lots go on telling, parkd dies: a yes said meanwhile must not be in memory only."""
    load.world.parkd.kill_redis()
    load.run_on(rng.randrange(0, 40), 0)
    load.world.parkd.kill()
    restart(load)


def redis_stuck(load, rng):
    """Redis hangs until parkd gives its replies up, then both die."""
    parkd = load.world.parkd
    pid = parkd.redis_pid()
    os.kill(pid, signal.SIGSTOP)
    load.run_on(rng.randrange(10, 40), 0)
    parkd.process.kill()
    wait_for(lambda: not alive(pid), what=f"redis-server {pid} to end with its parent")
    restart(load)


def parkd_first(load, rng):
    """parkd dies, and its successor's Redis at once, perhaps while the old redis-server still ends."""
    load.world.parkd.process.kill()
    load.world.parkd.start()
    load.run_on(rng.randrange(0, 10), 0)
    load.world.parkd.renew_redis()


def kill_both(load, rng, turn):
    (redis_first, redis_stuck, parkd_first)[turn % 3](load, rng)


def stop_something(load, rng, turn):
    """SIGSTOP for a while, up to beyond every timer that notices it; then on as if nothing had been."""
    parkd = load.world.parkd
    pid = (parkd.process.pid, parkd.redis_pid(), load.world.platform.process.pid)[turn % 3]
    os.kill(pid, signal.SIGSTOP)
    try:
        for _ in during(rng.choice((0.02, 0.2, 1.0, 2.6, 3.5))):
            pass
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_for(parkd.up, 60, lambda: f"updates to be taken again: {parkd.log()}")


BLOWS = {"parkd": kill_parkd, "redis": kill_redis, "both": kill_both, "stop": stop_something}


def play(world, what, blows, seed, turn=0, conf=None):
    """One chunk: so many blows of one kind. The oracle, when nothing was violated; else Violated, which names seed and round."""
    rng = random.Random(f"{seed} {what} {turn}")
    load = Load(world, turn, conf)
    load.run_on(50, 12)
    wait_for(lambda: world.parkd.lot(load.dead[0])["free"] is not None, what="the lot to speak that will fall silent")
    world.lotsim.post("silence", lots=load.dead)
    at = -1
    try:
        for at in range(blows):
            load.run_on_by_chance(rng)
            BLOWS[what](load, rng, at)
            load.look(api=at % 5 == 0)
        load.run_on(50, 12)
        load.settle()
    except AssertionError as error:
        raise Violated(f"seed {seed}, {what}, chunk {turn}, round {at} of {blows}: {error}") from None
    return load.oracle
