# SPDX-License-Identifier: MIT
"""Hours of ordinary load in every dialect with one fault a minute, judged by the oracle and by what /proc says.

parkd itself is never killed here (the crash loops do that): what is looked for is what grows.
"""
import os
import random
import signal
import time

from . import http
from .city import CITIES
from .crash import BOXES, COUNTER, POLLED, Load
from .events import Stream
from .redis import Redis
from .wait import during, wait_for

TELL_MS = 10_000                          # every lot tells so often
MANY = 9                                  # lots of each city, vendor and box
DEAD = 5
FAULT_S = 8                               # how long a fault lasts that does not end by itself
WIRE = ("slow", "truncated", "html", "reset", "drip", "http_500", "empty_list", "error_envelope", "wrong_signature")
CALMING_S = 90


class SoakLoad(Load):
    """`lots` car parks, each telling another number every ten seconds. rate: how much faster the clock of all goes."""

    slow, asked_ms, deliver_ms = None, TELL_MS, 1000

    def __init__(self, world, lots, rate=1, tell_ms=TELL_MS):
        self.many, self.rate, self.asked_ms = lots, rate, tell_ms
        self.slow = {"push_interval_ms": tell_ms, "heartbeat_ms": None, "retry_ms": 200, "retry_max_ms": 2000,
                     "timeout_ms": 5000, "lanes": 2}
        super().__init__(world)

    def _tellers(self, turn):
        world, few = self.world, max(1, min(MANY, self.many // 40))
        cities = [(f"c{at}", city, min(few, 4) if callable(city.paths) else few) for at, city in enumerate(CITIES)]
        self.pushing = [lot for one in cities for lot in self._city(*one)]
        self.pushing += [lot for at, box in enumerate(BOXES) for lot in self._box(f"b{at}", box, few)]
        self.polled = world.feed("g", "generic", 4 * few, interval_ms=self.asked_ms, lot=COUNTER)
        self.polled += [lot for at, name in enumerate(POLLED) for lot in self._vendor(f"v{at}", name, few)]
        self.native = world.feed("s", "native", 2 * few, sim=self.slow, lot=COUNTER, signed=True)
        self.dead = world.feed("d", "native", DEAD, sim=self.slow, lot=COUNTER)
        rest = self.many - 1 - len(self.pushing + self.polled + self.native + self.dead)
        for at in range(4):
            self.native += world.feed(f"n{at}", "native", rest // 4 + (at < rest % 4), sim=self.slow, lot=COUNTER)

    def vitals(self):
        found = super().vitals()
        answers = sorted(self._answer_ms() for _ in range(20))
        return found | {"answer, ms": round(answers[len(answers) // 2], 2), "slowest answer, ms": round(answers[-1], 2)}

    def resident_kb(self):
        with open(f"/proc/{self.world.parkd.process.pid}/smaps_rollup", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("Rss:"))

    def _answer_ms(self):
        begun = time.perf_counter()
        assert self.world.parkd.get(f"/v1/lots/{self.native[0]}").status == 200
        return (time.perf_counter() - begun) * 1000


# ---- the faults

def redis_killed(load, rng):
    load.world.parkd.renew_redis()


def stopped(which):
    def stop(load, rng):
        parkd = load.world.parkd
        pid = {"parkd": lambda: parkd.process.pid, "redis": parkd.redis_pid,
               "platform": lambda: load.world.platform.process.pid, "lots": lambda: load.world.lotsim.process.pid}[which]()
        os.kill(pid, signal.SIGSTOP)
        try:
            lasting(rng.choice((0.5, 3.0, FAULT_S)))
        finally:
            os.kill(pid, signal.SIGCONT)
    return stop


def redis_full(load, rng):
    client = Redis(load.world.parkd.run["redis"])
    client("CONFIG", "SET", "maxmemory", 1)
    lasting(FAULT_S)
    client("CONFIG", "SET", "maxmemory", 0)
    client.close()


def platform(mode):
    def misbehave(load, rng):
        load.world.platform.mode(mode)
        lasting(FAULT_S)
        load.world.platform.mode("ok")
    return misbehave


def wire(name):
    def spoil(load, rng):
        load.world.lotsim.fault(name)
        lasting(FAULT_S)
        load.world.lotsim.fault(name, on=False)
    return spoil


def lots_away(load, rng):
    load.world.lotsim.post("pause")
    lasting(FAULT_S)
    load.world.lotsim.post("resume")


def broker_killed(load, rng):
    load.publisher.close()
    load.broker.kill()
    lasting(1)
    load.broker.start()
    load.publisher = load.broker.publisher()


def reloaded(load, rng):
    load.world.parkd.hup()


def reloaded_broken(load, rng):
    parkd = load.world.parkd
    parkd.write_conf('{"net": {"allow_subnets": "everything"')
    parkd.hup()
    lasting(1)
    parkd.write_conf()
    parkd.hup()


def strangers(load, rng):
    """Bytes that are no request, requests that never end, and connections that say nothing."""
    base, held = load.world.parkd.run["public"], []
    for at in range(60):
        one = http.connect(base, 10)
        one.connect()
        held.append(one)
        one.sock.sendall((rng.randbytes(200), b"GET / HTTP/1.1\r\nHost: x\r\nX: ", b"")[at % 3])
    lasting(FAULT_S)
    for one in held:
        one.close()


def readers(load, rng):
    """Live readers, some of which read nothing, that leave without a word."""
    held = [Stream(load.world.parkd.run["public"]) for _ in range(60)]
    for _ in during(FAULT_S):
        for one in held[::2]:
            one.look()
    for one in held:
        one.close()


def lasting(seconds):
    for _ in during(seconds):
        time.sleep(0.1)


FAULTS = {"redis-server killed": redis_killed, "redis-server without memory": redis_full, "lots away": lots_away,
          "broker killed": broker_killed, "configuration read again": reloaded, "broken configuration": reloaded_broken,
          "strangers": strangers, "readers come and go": readers,
          **{f"{name} stopped": stopped(name) for name in ("parkd", "redis", "platform", "lots")},
          **{f"platform: {mode}": platform(mode) for mode in ("down", "http_500", "http_429", "code_inside", "hang", "cut", "slow")},
          **{f"lots: {name}": wire(name) for name in WIRE}}


# ---- the run

class Soak:
    """every_s: a fault so often. tell(words): a line for who watches. samples: one for each fault, taken just before it,
    when what the last one did is over: {"at_s", "resident, kB", ...}."""

    def __init__(self, load, seed, every_s, tell):
        self.load, self.every_s, self.tell = load, every_s, tell
        self.rng, self.samples, self.told = random.Random(seed), [], {}
        self.begun = time.monotonic()

    def play(self, seconds):
        load = self.load
        load.publish()
        wait_for(lambda: len(load.world.parkd.store.records()) == len(load.lots), 120,
                 lambda: f"all lots to have spoken: {set(load.lots) - set(load.world.parkd.store.records())}")
        load.world.lotsim.post("silence", lots=load.dead)
        waiting = []
        while (at := time.monotonic() - self.begun) < seconds:
            waiting = waiting or self.rng.sample(sorted(FAULTS), len(FAULTS))
            name = waiting.pop()
            FAULTS[name](load, self.rng)
            self.told[name] = self.told.get(name, 0) + 1
            load.publish()
            wait_for(load.world.parkd.up, CALMING_S, lambda: f"parkd after: {name}: {load.world.parkd.log()}")
            lasting(max(0, at + self.every_s - 1 - (time.monotonic() - self.begun)))
            self._sample(name)
        load.settle()

    def _sample(self, name):
        load = self.load
        load.look(api=True)
        found = {"at_s": round(time.monotonic() - self.begun), "fault": name, "resident, kB": load.resident_kb(),
                 "redis, kB": int(Redis(load.world.parkd.run["redis"]).info("used_memory")) >> 10} | load.vitals()
        self.samples.append(found)
        self.tell(found)


def slope(samples, name, after_s):
    """Of the straight line of least squares through what came after that time, per hour; None: too few."""
    points = [(one["at_s"] / 3600, one[name]) for one in samples if one["at_s"] >= after_s]
    if len(points) < 3:
        return None
    mean_x, mean_y = (sum(one[axis] for one in points) / len(points) for axis in (0, 1))
    across = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / across
