# SPDX-License-Identifier: MIT
"""A lot behind NAT: a small parkd beside a Hikvision box, in a network of their own that nobody can enter,
polls the box and relays its states outward. The way out is cut, held and restored; at the end both sides hold
the same."""
import json
import os
import subprocess
import sys

import pytest

from harness import http, namespace
from harness.parkd import Parkd
from harness.process import Process
from harness.proxy import Proxy
from harness.sims import TOOLS
from harness.wait import wait_for
from harness.world import new_secret


class Lot:
    """box -> near parkd | gateway -> proxy -> far parkd -> platform. Left of the bar: the namespace."""

    def __init__(self, world, keep, count=3):
        self.world, secret = world, new_secret()
        self.inside = keep(namespace.Namespace(world.folder / "ns"))
        self.lots = world.feed("f", "hikvision", count, interval_ms=100, lot={"model": "manual"})
        self.box = self.start_box(keep)
        self.say(10)
        world.start_platform("--plain")
        lots = [{"id": lot, "name": lot, "feed": "relay", "stage": "connected", "total": 100 + 10 * at,
                 "open": 100 + 10 * at} for at, lot in enumerate(self.lots)]
        world.sink()
        self.far = keep(Parkd(world.folder / "far", district={
            "lots": lots, "sinks": world.sinks,
            "feeds": [{"id": "relay", "dialect": "native", "mode": "push",
                       "auth": {"webhook_secrets": [secret]}}]}))
        self.far.start()
        host, port = self.far.listen.split(":")
        self.way = keep(Proxy((host, int(port)), self.inside.listen()))
        world.feeds[0]["url"] = f"http://127.0.0.1:{namespace.SIM_PORT}"
        world.sinks = [{"id": "up", "dialect": "native", "url": f"{self.inside.url}/v1/ingest/relay",
                        "secret": secret,
                        "timeout_ms": 1000, "min_interval_ms": 20, "refresh_s": 2}]
        self.near = world.start_parkd(name="near", wrap=self.inside.wrap)

    def start_box(self, keep):
        folder = self.world.folder / "box"
        folder.mkdir()
        scenario = folder / "scenario.json"
        scenario.write_text(json.dumps(self.world.sim | {"port": namespace.SIM_PORT,
                                                         "push_url": "http://127.0.0.1:9"}))
        argv = [*self.inside.wrap, sys.executable, TOOLS / "lotsim", "--scenario", scenario, "--parent-pid",
                os.getpid()]
        box = Process(argv, folder / "lotsim.log", first_line=True)

        class Closing:
            @staticmethod
            def close():
                box.end()
        keep(Closing)
        return box

    def say(self, base):
        for at, lot in enumerate(self.lots):
            answer = http.call(f"unix:{self.inside.test}", "/_control/value", {"lot": lot, "free": base + at})
            assert answer.status == 200, answer

    def shown(self, parkd):
        records = parkd.store.records()
        return [records[lot].free if lot in records else "nothing" for lot in self.lots]

    def wait_near(self, base):
        wait_for(lambda: self.shown(self.near) == [base + at for at in range(len(self.lots))],
                 what="the near one")

    def level(self, base, limit=90):
        wanted = [base + at for at in range(len(self.lots))]
        self.wait_near(base)
        wait_for(lambda: self.shown(self.far) == wanted, limit,
                 lambda: f"the far one: {self.near.status()['sinks']}")
        wait_for(lambda: [self.world.platform.free(lot) for lot in self.lots] == wanted, limit,
                 "the platform")

    def check(self):
        """Equal states on both sides; the near one's numbers order what arrived."""
        near, far = self.near.store.records(), self.far.store.records()
        for lot in self.lots:
            assert far[lot].sseq == near[lot].seq, (lot, near[lot], far[lot])
            assert (far[lot].free, far[lot].total, far[lot].band, far[lot].status, far[lot].changed_ms) == (
                near[lot].free, near[lot].total, near[lot].band, near[lot].status, near[lot].changed_ms)
            order = [(one.sseq, one.seq) for one in self.far.store.changes(lot)]
            assert order == sorted(order), (lot, order)
        assert self.world.platform.violations() == []


@pytest.fixture
def lot(world, keep):
    if why := namespace.refused():
        pytest.skip(f"this machine lets nobody make a network namespace: {why}")
    lot = Lot(world, keep)
    lot.level(10)
    return lot


def reaches(wrap, port):
    """Whether somebody there can connect to that port of its loopback."""
    code = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
    return subprocess.run([*wrap, sys.executable, "-c", code], capture_output=True, check=False,
                          timeout=60).returncode == 0


def test_nobody_gets_in_and_one_way_out(lot):
    lot.check()
    assert lot.inside.inode() != lot.inside.inode(lot.near.process.pid) == lot.inside.inode(lot.box.pid)
    near_port, far_port = (int(one.listen.split(":")[1]) for one in (lot.near, lot.far))
    assert reaches(lot.inside.wrap, near_port) and not reaches((), near_port)
    assert reaches((), far_port) and not reaches(lot.inside.wrap, far_port)
    assert reaches(lot.inside.wrap, namespace.OUT_PORT) and not reaches((), namespace.SIM_PORT)


@pytest.mark.parametrize("how", ["cut", "hold"])
def test_the_way_out_is_cut_and_restored(lot, how):
    getattr(lot.way, how)()
    before = lot.shown(lot.far)
    for base in (20, 30, 40):
        lot.say(base)
        lot.wait_near(base)
    wait_for(lambda: lot.near.sink("up")["failures"] >= 1, what="the failure to be seen")
    assert lot.shown(lot.far) == before
    lot.way.restore()
    lot.level(40)
    lot.check()


def test_either_side_is_killed(lot):
    lot.near.kill()
    lot.say(20)
    lot.near.start()
    lot.level(20)
    lot.far.kill()
    lot.say(30)
    lot.wait_near(30)
    lot.far.start()
    lot.near.staff("/v1/admin/sinks/up/resume", {})
    lot.level(30)
    lot.check()
