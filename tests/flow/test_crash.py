# SPDX-License-Identifier: MIT
"""kill -9 at random moments under push and poll load: nothing answered is lost, no number goes back, same
number same bytes. The moments come from a seed (CRASH_SEED) that a failure names; they are counted in
events, not in time."""
import os
import random
import signal

import pytest

from harness.oracle import Oracle, agree
from harness.wait import wait_for

SEED = int(os.environ.get("CRASH_SEED", "20261122"))
ROUNDS = {"parkd": int(os.environ.get("CRASH_PARKD", "30")),
          "redis": int(os.environ.get("CRASH_REDIS", "15")),
          "both": int(os.environ.get("CRASH_BOTH", "5"))}
FAST = {"push_interval_ms": 20, "heartbeat_ms": None, "retry_ms": 10, "retry_max_ms": 50, "timeout_ms": 3000}


class Load:
    """Six native lots and two of Hangzhou that push, four that are polled; every telling another number."""

    def __init__(self, world):
        self.world, self.oracle, self.lines, self.arrived = world, Oracle(), 0, 0
        counter = {"model": "counter", "total": 5000}
        self.native = world.feed("n", "native", 6, sim={**FAST, "lanes": 3}, lot=counter)
        self.hangzhou = world.feed("h", "hangzhou", 2, sim={**FAST, "push_interval_ms": 50}, lot=counter)
        self.polled = (world.feed("g", "generic", 2, interval_ms=100, lot=counter)
                       + world.feed("j", "jieshun", 2, interval_ms=100, lot=counter))
        world.start_platform("--plain")
        world.start_lotsim()
        world.sink(timeout_ms=2000)
        world.start_parkd()

    @property
    def lots(self):
        return self.native + self.hangzhou + self.polled

    def read_journals(self):
        told, arrived = self.world.lotsim.journal(), self.world.platform.journal()
        for line in told[self.lines:]:
            self.oracle.told(line)
        for line in arrived[self.arrived:]:
            self.oracle.delivered(line)
        self.lines, self.arrived = len(told), len(arrived)

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
        if rng.random() < 0.33:
            self.run_on(rng.randrange(1, 120), 0)
        else:
            self.run_on(0, rng.randrange(1, 60))

    def look(self):
        """Books what was told and what Redis holds. The journal is read first: what it says was answered
        before."""
        self.read_journals()
        self.oracle.snapshot(self.world.parkd.store.records(), self.native)
        assert self.oracle.faults == [], self.oracle.faults[:5]

    def settle(self):
        """Stops the lots and waits until everybody holds the same."""
        world = self.world
        world.lotsim.post("pause")

        def level():
            lots, records = world.lotsim.lots(), world.parkd.store.records()
            return (set(records) == set(self.lots) and agree(records, world.platform.held())
                    and all(records[lot].free == lots[lot]["emitted"]["free"] for lot in self.hangzhou
                            + self.polled)
                    and all(records[lot].sseq >= lots[lot]["acked"]["seq"] for lot in self.native))
        wait_for(level, 120,
                 lambda: f"all to hold the same: {world.parkd.status()['sinks']} {world.parkd.log()}")
        self.look()
        lots = world.lotsim.lots()
        self.oracle.settled(world.parkd.store.records(), world.platform.held(),
                            {lot: lots[lot]["emitted"]["free"] for lot in self.polled})
        assert self.oracle.faults == [], self.oracle.faults[:5]


def restart(load):
    """parkd is dead. The lots fall silent until the books were checked, so that nothing newer hides a loss."""
    load.world.lotsim.post("pause")
    load.world.parkd.start()
    load.look()
    load.world.lotsim.post("resume")


def redis_first(load, rng):
    """Redis dies, the lots go on telling, parkd dies: a yes said meanwhile must not be in memory only."""
    load.world.parkd.kill_redis()
    load.run_on(rng.randrange(0, 40), 0)
    load.world.parkd.kill()
    restart(load)


def redis_stuck(load, rng):
    """Redis hangs until parkd gives its replies up, then both die."""
    os.kill(load.world.parkd.redis_pid(), signal.SIGSTOP)
    load.run_on(rng.randrange(10, 40), 0)
    load.world.parkd.kill()
    restart(load)


def parkd_first(load, rng):
    """parkd dies, and its successor's Redis at once, perhaps while the old redis-server still ends."""
    load.world.parkd.process.kill()
    load.world.parkd.start()
    load.run_on(rng.randrange(0, 10), 0)
    load.world.parkd.renew_redis()


def strike(load, what, turn, rng):
    """One blow. parkd is running and takes updates again afterwards."""
    if what == "parkd":
        load.world.parkd.kill()
        restart(load)
    elif what == "redis":
        load.world.parkd.renew_redis()
    else:
        (redis_first, redis_stuck, parkd_first)[turn % 3](load, rng)


@pytest.mark.parametrize("what", ROUNDS)
def test_nothing_answered_is_lost(world, what):
    rng = random.Random(f"{SEED} {what}")
    load = Load(world)
    load.run_on(50, 12)
    for turn in range(ROUNDS[what]):
        load.run_on_by_chance(rng)
        strike(load, what, turn, rng)
        try:
            load.look()
        except AssertionError as error:
            raise AssertionError(f"seed {SEED}, {what}, round {turn}: {error}") from None
    load.run_on(50, 12)
    load.settle()
    assert load.oracle.updates > ROUNDS[what] and load.oracle.deliveries > ROUNDS[what]
    assert world.platform.violations() == []
