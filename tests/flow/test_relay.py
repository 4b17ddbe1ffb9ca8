# SPDX-License-Identifier: MIT
"""parkd feeds parkd: a small one polls a lot and relays it to a larger one; the link is cut, held and
restored."""
import json

import pytest

from harness.parkd import Parkd
from harness.proxy import Proxy
from harness.wait import wait_for
from harness.world import new_secret


class Chain:
    """lotsim -> near (polls) -> proxy -> far (ingest) -> platform."""

    def __init__(self, world, keep, count=3):
        self.world, secret = world, new_secret()
        self.lots = world.feed("f", "hikvision", count, interval_ms=100, lot={"model": "manual"})
        world.start_lotsim()
        world.start_platform("--plain")
        self.say(10)
        far_lots = [{"id": lot, "name": lot, "feed": "relay", "stage": "connected", "total": 100 + 10 * at,
                     "open": 100 + 10 * at} for at, lot in enumerate(self.lots)]
        world.sink()
        self.far = keep(Parkd(world.folder / "far", district={
            "lots": far_lots, "sinks": world.sinks,
            "feeds": [{"id": "relay", "dialect": "native", "mode": "push",
                       "auth": {"webhook_secrets": [secret]}}]})).start()
        host, port = self.far.listen.split(":")
        self.proxy = keep(Proxy((host, int(port))))
        world.sinks = [{"id": "up", "dialect": "native", "url": f"{self.proxy.url}/v1/ingest/relay",
                        "secret": secret,
                        "timeout_ms": 1000, "min_interval_ms": 20, "refresh_s": 2}]
        self.near = world.start_parkd(name="near")

    def say(self, base):
        for at, lot in enumerate(self.lots):
            self.world.lotsim.value(lot, base + at)

    def shown(self, parkd):
        return [parkd.lot(lot)["free"] for lot in self.lots]

    def level(self, base, limit=90):
        wanted = [base + at for at in range(len(self.lots))]
        wait_for(lambda: self.shown(self.near) == wanted, what="the near one")
        wait_for(lambda: self.shown(self.far) == wanted, limit,
                 lambda: f"the far one: {self.near.status()['sinks']}")
        wait_for(lambda: [self.world.platform.free(lot) for lot in self.lots] == wanted, limit,
                 "the platform")

    def check(self):
        """Equal states, and at the far end each lot's numbers rose as the near one gave them."""
        near, far = self.near.store.records(), self.far.store.records()
        for lot in self.lots:
            assert far[lot].sseq == near[lot].seq, (lot, near[lot], far[lot])
            assert (far[lot].free, far[lot].total, far[lot].band, far[lot].status) == (
                near[lot].free, near[lot].total, near[lot].band, near[lot].status)
            assert far[lot].changed_ms == near[lot].changed_ms       # the sender's times travel unchanged
            said = {one.seq: one.visible for one in self.near.store.changes(lot)}
            order = [(one.sseq, one.seq) for one in self.far.store.changes(lot)]
            assert order == sorted(order), (lot, order)
            for one in self.far.store.changes(lot):
                assert one.sseq in said and f"free={one.free} " in said[one.sseq] + " ", (lot, one,
                                                                                          said.get(one.sseq))
        assert self.world.platform.violations() == []


@pytest.fixture
def chain(world, keep):
    chain = Chain(world, keep)
    chain.level(10)
    return chain


@pytest.mark.parametrize("how", ["cut", "hold"])
def test_link_is_cut_and_restored(chain, how):
    chain.check()
    getattr(chain.proxy, how)()
    before = chain.shown(chain.far)
    for base in (20, 30, 40):
        chain.say(base)
        wait_for(lambda: chain.shown(chain.near) == [base, base + 1, base + 2], what="the near one to go on")
    wait_for(lambda: chain.near.sink("up")["failures"] >= 1, what="the failure to be seen")
    assert chain.shown(chain.far) == before
    chain.proxy.restore()
    chain.level(40)
    chain.check()


def test_link_is_cut_again_and_again(chain):
    for turn in range(4):
        chain.say(50 + 5 * turn)
        chain.proxy.cut()
        wait_for(lambda: chain.near.lot(chain.lots[0])["free"] == 50 + 5 * turn)
        chain.proxy.restore()
        chain.near.staff("/v1/admin/sinks/up/resume", {})
    chain.level(65)
    chain.check()


def test_either_end_is_killed(chain):
    chain.near.kill()
    chain.say(20)
    chain.near.start()
    chain.level(20)
    chain.check()
    chain.far.kill()
    chain.say(30)
    wait_for(lambda: chain.shown(chain.near) == [30, 31, 32])
    chain.far.start()
    chain.near.staff("/v1/admin/sinks/up/resume", {})
    chain.level(30)
    chain.check()


def test_the_far_end_is_asked_what_it_holds(chain):
    done = chain.near.ctl("sink", "try", "up", "--lot", chain.lots[1], "--compare", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    fields = {one["name"]: one["there"] for one in json.loads(done.stdout)["compare"]["fields"]}
    assert (fields["free"], fields["open"], fields["total"]) == (11, 110, 110) and fields["time"]
    done = chain.near.ctl("sink", "try", "up", "--compare")                  # a lot that nobody has
    assert done.returncode == 1 and "does not know this lot" in done.stdout + done.stderr
