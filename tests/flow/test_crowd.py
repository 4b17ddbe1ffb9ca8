# SPDX-License-Identifier: MIT
"""Ten thousand connections of many addresses that say nothing, half a head, or a head byte by byte: whoever was there before, the
staff and the lots are served meanwhile, memory stays bounded, and the crowd is sent away by its deadline."""
import os
import resource
import socket

import pytest

from harness import http
from harness.crash import sanitized
from harness.scene import KEY
from harness.wait import wait_for
from harness.world import sha256

MANY, PER_ADDRESS = 10_000, 50
SAYS = (b"", b"GET /v1/lots HTTP/1.1\r\nHost: a\r\nX-Slow: ", b"POST /v1/ingest/f HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n{")
DESCRIPTORS = 2 * MANY


@pytest.fixture(autouse=True)
def room():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < MANY + 1000:
        pytest.skip(f"{MANY} connections need more descriptors than the {hard} that may be had here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, DESCRIPTORS) if hard != resource.RLIM_INFINITY else DESCRIPTORS, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def start(world, **public):
    world.feeds.append({"id": "f", "dialect": "native", "mode": "push", "interval_ms": 60000, "params": {},
                        "auth": {"bearer_sha256": [sha256(KEY)]}})
    world.lots.append({"id": "A", "name": "A", "feed": "f", "foreign_id": "XA", "total": 1000, "stage": "connected"})
    return world.start_parkd({"public": {"rate_per_minute": 0, **public}})


def one_of_the_crowd(parkd, at):
    """A connection from an address of its own neighbourhood; None when it is refused."""
    host, port = parkd.listen.rsplit(":", 1)
    s = socket.socket()
    s.settimeout(5)
    try:
        s.bind((f"127.0.{1 + at // PER_ADDRESS // 250}.{1 + at // PER_ADDRESS % 250}", 0))
        s.connect((host, int(port)))
        s.sendall(SAYS[at % len(SAYS)])
    except OSError:
        s.close()
        return None
    s.setblocking(False)
    return s


def stands(s):
    """Whether the other side still holds it."""
    try:
        return bool(s.recv(4096)) and stands(s)
    except BlockingIOError:
        return True
    except OSError:
        return False


def push(parkd, free):
    return http.call(parkd.run["public"], "/v1/ingest/f", {"lot": "XA", "free": free}, headers={"Authorization": f"Bearer {KEY}"})


def memory_mb(parkd):
    with open(f"/proc/{parkd.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


class Before:
    """A connection that was there first and stays."""

    def __init__(self, parkd):
        host, port = parkd.listen.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        self.ask()

    def ask(self):
        self.socket.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert self.socket.recv(4096).startswith(b"HTTP/1.1 200"), "the connection that was there first"


def test_ten_thousand_are_held_and_the_lots_are_served(world):
    parkd = start(world, max_connections=12_000)
    first, before = Before(parkd), memory_mb(parkd)
    crowd = []
    try:
        for at in range(MANY):
            crowd.append(one_of_the_crowd(parkd, at))
            if at % 1000 == 999:                                     # while they come
                first.ask()
                assert push(parkd, at // 1000).status == 200
                assert parkd.staff("/v1/admin/status").status == 200
        assert all(crowd), "all are let in"
        grown = memory_mb(parkd) - before
        assert grown < (250 if sanitized() else 100), f"{grown} MB for {MANY} connections"
        wait_for(lambda: not any(map(stands, crowd)), 120, lambda: f"the crowd to be sent away: {sum(map(stands, crowd))} stand")
        assert push(parkd, 77).status == 200 and parkd.lot("A")["free"] == 77
    finally:
        for one in filter(None, crowd):
            one.close()
        first.socket.close()


def test_more_than_there_is_room_for(world):
    """The ordinary limit: what is beyond it is turned away at once, who was there is served, and there is room again."""
    parkd = start(world)
    first, crowd = Before(parkd), []
    try:
        crowd = [one for at in range(5000) if (one := one_of_the_crowd(parkd, at))]
        wait_for(lambda: sum(map(stands, crowd)) <= 4096, 60, "those beyond the limit to be turned away")
        first.ask()
        assert parkd.staff("/v1/admin/status").status == 200
        wait_for(lambda: push(parkd, 5).status == 200, 120, "room for a lot's push")
    finally:
        for one in crowd:
            one.close()
        first.socket.close()
