# SPDX-License-Identifier: MIT
"""Reads of the public API over a district of 10 000 lots: near queries beside the Node peer, and a thousand readers of the live stream."""
import hashlib
import json
import os
import pathlib
import random
import resource
import select
import shutil
import socket
import statistics
import subprocess
import time
import urllib.error
import urllib.request

from parts import Endpoints, NodePeer, Parkd, free_socket, line, resident_mb, wait
from simlib.demo import http

LOTS, READERS, UPDATES, RUNS, RUN_S = 10_000, 1_000, 40, 5, 2
WEST, SOUTH, SPAN = 117.8, 36.5, 0.5                            # degrees: a city
WRK = """
math.randomseed(7)
request = function()
  return wrk.format("GET", string.format(os.getenv("BENCH_PATH"), {west} + math.random() * {span}, {south} + math.random() * {span}))
end
"""


def big_district(build, folder):
    """One parkd with 10 000 lots in their places, each with a number."""
    rng = random.Random(7)
    lots = [{"id": f"L{n:05d}", "name": f"停车场 {n}", "address": f"中心路 {n} 号", "area": f"街道 {n % 40}", "total": 200, "stage": "connected", "feed": "F",
             "location": {"lng": round(WEST + rng.random() * SPAN, 6), "lat": round(SOUTH + rng.random() * SPAN, 6), "datum": "wgs84"}} for n in range(LOTS)]
    feed = {"id": "F", "dialect": "native", "mode": "push", "auth": {"bearer_sha256": [hashlib.sha256(b"k").hexdigest()]}}
    parkd = Parkd(build, folder, {"lots": lots, "feeds": [feed]})
    parkd.start(limit=120)
    for first in range(0, LOTS, 1000):
        push(parkd, {f"L{n:05d}": n % 200 for n in range(first, first + 1000)})
    return parkd


def push(parkd, counts):
    """Sent again while parkd asks for that: it has much to write when it has just started with so many lots."""
    body = json.dumps({"items": [{"lot": lot, "free": free} for lot, free in counts.items()]}).encode()
    request = urllib.request.Request(parkd.run["public"] + "/v1/ingest/F", body, {"Authorization": "Bearer k"})
    for _ in range(30):
        try:
            return urllib.request.urlopen(request, timeout=30).read()
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise
            time.sleep(int(error.headers["Retry-After"]))
    raise SystemExit("bench: pushes are not taken")


def pin(pid, core):
    """Server and load stand on different cores, where there are two."""
    if os.cpu_count() > 1:
        subprocess.run(["taskset", "-a", "-p", "-c", str(core), str(pid)], check=True, stdout=subprocess.DEVNULL)


def rate(folder, base, path):
    """Requests a second, from wrk on the other core; each asks for another place."""
    script = folder / "near.lua"
    script.write_text(WRK.format(west=WEST, south=SOUTH, span=SPAN))
    core = ["taskset", "-c", "1"] if os.cpu_count() > 1 else []
    done = subprocess.run([*core, "wrk", "-t1", "-c16", f"-d{RUN_S}s", "-s", str(script), base], capture_output=True, text=True, check=True,
                          env={**os.environ, "BENCH_PATH": path})
    if "Non-2xx" in done.stdout:
        raise SystemExit(f"bench: not every answer was good: {done.stdout}")
    return float(next(x.split()[1] for x in done.stdout.splitlines() if x.startswith("Requests/sec")))


def peer_of(folder, target):
    """The Node peer, which has all 10 000 lots after one round of polls."""
    folder.mkdir()
    endpoints = Endpoints()
    node = NodePeer(target, folder, [endpoints.url(f"/lot/{n}") for n in range(LOTS)])
    node.start(interval_ms=3000)
    wait(lambda: http(node.url, "/lots")["count"] == LOTS, 120, "the peer's 10 000 lots")
    return node, endpoints


def near(build, temp, peer):
    if not shutil.which("wrk"):
        print("bench: wrk is not there; near queries are not measured")
        return
    parkd = big_district(build, temp / "near")
    node, endpoints = peer_of(temp / "near-node", peer) if peer else (None, None)
    try:
        if endpoints:
            endpoints.stop()                                    # its polls fail at once from here on, and cost it little
        pin(parkd.p.pid, 0)
        node and pin(node.p.pid, 0)
        ours, theirs = [], []
        for _ in range(RUNS):
            ours.append(rate(temp, parkd.run["public"], "/v1/lots?near=%.5f,%.5f&limit=10"))
            if node:
                theirs.append(rate(temp, node.url, "/near?lon=%.5f&lat=%.5f&n=10"))
        mine, peers = statistics.median(ours), statistics.median(theirs) if theirs else None
        line(f"near queries over {LOTS} lots, 10 nearest", mine, peers, "/s", ">= 10 x", not peers or mine >= 10 * peers)
        line("  (one of them, on one core)", 1e6 / mine, 1e6 / peers if peers else None, "us", "< 1000 us", mine > 1000)
        line("  resident memory with 10 000 lots", resident_mb(parkd.p.pid), None, "MB", "-", True)
    finally:
        parkd.stop()
        node and node.stop()


class Readers:
    """A thousand plain sockets on /v1/stream, in one epoll."""

    def __init__(self, base, n):
        host, port = base.removeprefix("http://").split(":")
        self.epoll, self.by_fd = select.epoll(), {}
        for _ in range(n):
            one = socket.create_connection((host, int(port)))
            one.sendall(b"GET /v1/stream HTTP/1.1\r\nHost: parkd\r\n\r\n")
            one.setblocking(False)
            self.by_fd[one.fileno()] = [one, b""]
            self.epoll.register(one.fileno(), select.EPOLLIN)

    def until(self, word, limit_s=30):
        """The moment at which the last of them has read `word`."""
        left, end = set(self.by_fd), time.monotonic() + limit_s
        while left:
            for fd, _ in self.epoll.poll(1):
                one = self.by_fd[fd]
                one[1] = (one[1] + one[0].recv(65536))[-2000:]
                if fd in left and word in one[1]:
                    left.discard(fd)
            if time.monotonic() > end:
                raise SystemExit(f"bench: {len(left)} readers did not hear {word!r}")
        return time.monotonic()

    def close(self):
        for one, _ in self.by_fd.values():
            one.close()


def streams(build, temp):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    parkd = big_district(build, temp / "streams")
    try:
        http(parkd.run["public"], "/v1/lots?limit=1")
        before = resident_mb(parkd.p.pid)
        readers = Readers(parkd.run["public"], READERS)
        readers.until(b"event: ready")
        took = []
        for turn in range(UPDATES):
            lot, free = f"L{turn:05d}", 199 - turn % 7
            began = time.monotonic()
            push(parkd, {lot: free})
            took.append((readers.until(f'"id":"{lot}"'.encode()) - began) * 1000)
            time.sleep(0.15)                                    # beyond the gathering of changes
        after = resident_mb(parkd.p.pid)
        line(f"memory of a reader of the stream, {READERS} of them", (after - before) * 1000 / READERS, None, "kB", "-", True)
        line(f"update to the last of {READERS} readers, median", statistics.median(took), None, "ms", "<= 250 ms", statistics.median(took) <= 250)
        line(f"  the worst of {UPDATES}", max(took), None, "ms", "-", True)
        readers.close()
    finally:
        parkd.stop()
