# SPDX-License-Identifier: MIT
"""What the benchmarks share: endpoints to poll, one parkd, the Node peer, a line of the table."""
import asyncio
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import time

from simlib.demo import http

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LOTS = 44
PEERS = pathlib.Path(os.environ.get("BENCH_PEERS") or ROOT.parent / "shared/peers")


def small_body(path, n):
    return json.dumps({"spaces": {"free": n % 400, "total": 420}, "state": "open"}).encode()


class Endpoints:
    """Endpoints whose every answer is what `body` makes of path and number of requests so far, in a thread of its own."""

    def __init__(self, body=small_body):
        self.served, self.body, self.loop = 0, body, asyncio.new_event_loop()
        started = threading.Event()
        threading.Thread(target=self._main, args=(started,), daemon=True).start()
        started.wait(10)

    def _main(self, started):
        asyncio.set_event_loop(self.loop)
        self.server = self.loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self.server.sockets[0].getsockname()[1]
        started.set()
        self.loop.run_forever()

    async def _serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.served += 1
                body = self.body(head.split(b" ", 2)[1].decode(), self.served)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def stop(self):
        """Nothing is served any more; what asks is refused at once."""
        self.loop.call_soon_threadsafe(self.server.close)

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def urls(self):
        return [self.url(f"/lot/{n}") for n in range(LOTS)]


def resident_mb(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


def wait(condition, limit, what):
    end = time.monotonic() + limit
    while True:
        try:
            found = condition()
        except (OSError, ValueError):
            found = None
        if found:
            return found
        if time.monotonic() > end:
            raise SystemExit(f"bench: {what} took longer than {limit} s")
        time.sleep(0.0005)


class Parkd:
    """One parkd with this district."""

    def __init__(self, build, folder, district):
        folder.mkdir(exist_ok=True)
        self.state = folder / "state"
        (folder / "district.json").write_text(json.dumps(district))
        (folder / "parkd.json").write_text(json.dumps({"district": {"file": str(folder / "district.json")},
                                                       "net": {"allow_subnets": ["127.0.0.0/8"], "max_polls_per_host": 64}}))
        self.log = open(folder / "parkd.log", "wb")
        self.build, self.folder = build, folder

    def start(self, limit=20):
        """Starts it; returns the seconds until the first answer of /v1/lots."""
        (self.state / "run.json").unlink(missing_ok=True)
        began = time.monotonic()
        self.p = subprocess.Popen([f"{self.build}/parkd", "--config", str(self.folder / "parkd.json"), "--state", str(self.state),
                                   "--listen", "127.0.0.1:0"], stderr=self.log)
        self.run = wait(lambda: json.loads((self.state / "run.json").read_text()), limit, "starting parkd")
        http(self.run["public"], "/v1/lots")
        return time.monotonic() - began

    def metrics(self):
        text = http(self.run["staff"], "/metrics")
        return {k: float(v) for k, v in (line.rsplit(" ", 1) for line in text.splitlines() if line and line[0] != "#")}

    def stop(self):
        self.p.send_signal(signal.SIGTERM)
        self.p.wait(20)


def node_peer():
    """The folder of the Node peer with its packages; None when it is not there or npm cannot bring them. Asked before the resolver
    goes silent."""
    source, target = PEERS / "node", ROOT / "build/bench/node"
    if (target / "node_modules/fastify").exists():
        return target
    if not (source / "service.mjs").exists() or not shutil.which("npm"):
        print("bench: the Node peer is not there (BENCH_PEERS, npm): no comparison")
        return None
    target.mkdir(parents=True, exist_ok=True)
    for name in (*source.glob("*.mjs"), source / "package.json"):
        shutil.copy(name, target)
    print("bench: npm install of the Node peer…", flush=True)
    done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=target, capture_output=True, text=True)
    if done.returncode:
        print("bench: the Node peer could not be installed: " + done.stderr.strip()[-300:])
        return None
    return target


class NodePeer:
    """The Fastify peer with a redis-server of its own."""

    def __init__(self, target, folder, urls):
        self.target, self.folder = target, folder
        (folder / "urls").write_text("\n".join(urls))

    def start(self, interval_ms=1000):
        redis = self.folder / "redis.sock"
        self.redis = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", str(redis), "--save", "", "--appendonly", "yes",
                                       "--appendfsync", "always", "--dir", str(self.folder)], stdout=subprocess.DEVNULL)
        wait(redis.exists, 10, "starting the peer's Redis")
        port = free_socket()
        self.url = f"http://127.0.0.1:{port}"
        began = time.monotonic()
        self.p = subprocess.Popen(["node", "service.mjs"], cwd=self.target, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  env={**os.environ, "EP": str(self.folder / "urls"), "INTERVAL": str(interval_ms), "REDIS": str(redis),
                                       "PORT": str(port)})
        wait(lambda: http(self.url, "/lots") is not None, 20, "starting the Node peer")
        return time.monotonic() - began

    def stop(self):
        for p in (self.p, self.redis):
            p.send_signal(signal.SIGTERM)
            p.wait(10)


def free_socket():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def line(metric, ours, peer, unit, goal, good):
    ratio = f"{ours / peer:.3f}" if peer else "-"
    print(f"{metric:44} {ours:10.4g} {format(peer, '10.4g') if peer else '         -'} {unit:8} {ratio:>8}  goal {goal:16} "
          f"{'ok' if good else 'short'}", flush=True)
