# SPDX-License-Identifier: MIT
"""The whole product in one folder: parkd, the lots of the example district as lotsim plays them, platformsim over HTTPS. For make run
and the benches."""
import base64
import fcntl
import hashlib
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse

from . import past, scenario

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PUBLIC_PORT = 8080


def free_port(wanted):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", wanted))
        except OSError:
            return 0
        return wanted


def here(path):
    """The path as one types it in the current folder."""
    return os.path.relpath(path)


def http(url, path, body=None, method=None):
    """JSON or text of one request, over TCP or a UNIX socket; an OSError or ValueError when it fails."""
    split = urllib.parse.urlsplit(url)
    if url.startswith("unix:"):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(5)
        sock.connect("/" + url[5:].lstrip("/"))
    else:
        sock = socket.create_connection((split.hostname, split.port), timeout=5)
    data = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    method = method or ("POST" if body is not None else "GET")
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    with sock:
        sock.sendall(head.encode() + data)
        answer = b"".join(iter(lambda: sock.recv(65536), b""))
    top, _, rest = answer.partition(b"\r\n\r\n")
    if not top.startswith(b"HTTP/"):
        raise OSError(f"{path}: the connection ended without an answer")
    status = int(top.split(b" ", 2)[1])
    if b"chunked" in top.lower():
        rest = dechunk(rest)
    if status >= 400:
        raise ValueError(f"{path}: HTTP {status}: {rest[:300].decode(errors='replace')}")
    return json.loads(rest) if b"json" in top.lower() else rest.decode()


def dechunk(data):
    out = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        n = int(size.split(b";")[0], 16)
        out, data = out + data[:n], data[n + 2:]
        if not n:
            break
    return out


class Child:
    """A program of ours, its output in a file; ended by process id."""

    def __init__(self, name, argv, folder, wait_line):
        self.name, self.log = name, folder / f"{name}.log"
        with open(self.log, "wb") as err:
            self.p = subprocess.Popen(argv, stdout=subprocess.PIPE if wait_line else err, stderr=err, cwd=ROOT)
        if wait_line:
            line = self.p.stdout.readline()
            if not line:
                raise SystemExit(f"{name} did not start:\n{self.log.read_text()[-2000:]}")
            self.hello = json.loads(line)

    def end(self):
        if self.p.poll() is None:
            self.p.send_signal(signal.SIGTERM)
            try:
                self.p.wait(15)
            except subprocess.TimeoutExpired:
                self.p.kill()
                self.p.wait()
        return self.p.returncode


def new_keys(district):
    """Fresh keys for every feed: (what the lots use, by feed); fills parkd's side into the district."""
    feeds = {}
    for feed in district["feeds"]:
        name, params = feed["dialect"], feed.setdefault("params", {})
        keys = scenario.new_keys(name)
        if name == "generic":
            params["headers"]["X-Api-Key"] = keys["api_key"]
        elif name == "hangzhou":
            params.update(access_id=keys["access_id"], public_key=keys["public_key"])
        elif name == "native" and "webhook_secrets" in feed["auth"]:
            keys = {"secret": "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()}
            feed["auth"]["webhook_secrets"] = [keys["secret"]]
        elif name == "native":
            feed["auth"]["bearer_sha256"] = [hashlib.sha256(keys["key"].encode()).hexdigest()]
        else:
            params.update(keys)
        feeds[feed["id"]] = {"dialect": name, "on_change": False, "push_interval_ms": 1000, **keys}
    return feeds


def own_folder(wanted):
    """(folder, lock) for one run: `wanted`, or the next name that no other run holds. The lock ends with the file or the process."""
    for at in range(1, 10):
        folder = wanted if at == 1 else wanted.with_name(f"{wanted.name}-{at}")
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = open(folder.with_name(folder.name + ".lock"), "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return folder, lock
        except OSError:
            lock.close()
    raise SystemExit(f"{wanted}: nine runs are going on already; end one")


def scenario_of(district, feeds):
    lots = []
    for at, lot in enumerate(district["lots"]):
        kinds = ["office", "mall", "residential", "hospital", "station", "park"]
        lots.append({"id": lot["id"], "foreign_id": lot["foreign_id"], "feed": lot["feed"], "dialect": feeds[lot["feed"]]["dialect"],
                     "name": lot["name"], "total": lot["total"], "open": lot["open"], "kind": kinds[at % len(kinds)], "seed": at + 1,
                     "silent": lot["stage"] != "connected"})
    return {"port": 0, "push_url": "http://127.0.0.1:9", "feeds": feeds, "lots": lots}


class Demo:
    def __init__(self, build, folder):
        self.build = pathlib.Path(build).resolve()
        self.dir, self.lock = own_folder(folder)
        shutil.rmtree(self.dir, ignore_errors=True)
        self.dir.mkdir()
        self.district = json.loads((ROOT / "deploy/district.example.json").read_text())
        self.children = []
        self.rates = []

    def start(self, days=0):
        """`days` of a past that never was, for the forecast and the usual day."""
        feeds = new_keys(self.district)
        plan = scenario_of(self.district, feeds)
        (self.dir / "scenario.json").write_text(json.dumps(plan, ensure_ascii=False))
        pid = str(os.getpid())
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        platform_dir = self.dir / "platform"
        platform_dir.mkdir()
        self.platform = self.child("platformsim", ["tools/platformsim", "--dir", str(platform_dir), "--native-secret", secret, "--parent-pid", pid])
        self.lots = self.child("lotsim", ["tools/lotsim", "--scenario", str(self.dir / "scenario.json"), "--parent-pid", pid])
        self.control = f"http://127.0.0.1:{self.platform.hello['control_port']}"
        self.lot_url = f"http://127.0.0.1:{self.lots.hello['port']}"
        for feed in self.district["feeds"]:
            if "url" in feed:
                feed["url"] = feed["url"].replace("http://127.0.0.1:9100", self.lot_url)
        self.district["sinks"][0].update(url=f"https://127.0.0.1:{self.platform.hello['port']}/v1/availability", secret=secret,
                                         tls={"ca_file": str(platform_dir / "ca.pem")})
        self.start_parkd()
        if days:
            past.write("/" + self.run["redis"][5:].lstrip("/"), plan["lots"], days)
            self.children.pop().end()  # it reads its past when it starts
            self.start_parkd()
        http(self.lot_url, "/_control/push_url", {"url": self.run["public"]})

    def child(self, name, argv, wait_line=True):
        self.children.append(Child(name, argv, self.dir, wait_line))
        return self.children[-1]

    def start_parkd(self):
        (self.dir / "district.json").write_text(json.dumps(self.district, ensure_ascii=False))
        conf = {"district": {"name": "张店区公共停车场", "file": str(self.dir / "district.json"), "division": "370303"},
                "staff": {"listen": "127.0.0.1:0"},
                "net": {"allow_subnets": ["127.0.0.0/8"], "max_polls_per_host": 8}}
        (self.dir / "parkd.json").write_text(json.dumps(conf, ensure_ascii=False))
        state = self.dir / "state"
        # The kernel ends parkd when this program dies without a word: a closed terminal, kill -9.
        self.parkd = self.child("parkd", ["setpriv", "--pdeathsig", "TERM", str(self.build / "parkd"), "--config", str(self.dir / "parkd.json"),
                                          "--state", str(state), "--listen", f"127.0.0.1:{free_port(PUBLIC_PORT)}"], wait_line=False)
        limit = time.monotonic() + 20
        while not (state / "run.json").exists():
            if self.parkd.p.poll() is not None or time.monotonic() > limit:
                raise SystemExit(f"parkd did not start:\n{self.parkd.log.read_text()[-2000:]}")
            time.sleep(0.02)
        self.run = json.loads((state / "run.json").read_text())

    def connected(self):
        return [lot["id"] for lot in self.district["lots"] if lot["stage"] == "connected"]

    def connect(self, count):
        """Brings silent lots in: the vendor's box begins to speak, the office marks the lot connected."""
        for lot in [lot for lot in self.district["lots"] if lot["stage"] != "connected"][:count]:
            http(self.lot_url, "/_control/wake", {"lots": [lot["id"]]})
            lot["stage"] = "connected"
            http(self.run["staff"], f"/v1/admin/lots/{lot['id']}", lot, "PUT")

    def state(self):
        held = http(self.control, "/_control/state")
        status = http(self.run["staff"], "/v1/admin/status")
        metrics = http(self.run["staff"], "/metrics")
        lots = http(self.run["public"], "/v1/lots?limit=1000")["lots"]
        numbers = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if line and not line.startswith("#"))
        fresh = {name: sum(lot["freshness"] == name for lot in lots) for name in ("fresh", "late", "stale", "offline")}
        updates = sum(int(v) for k, v in numbers.items() if k.startswith("parkd_updates_total"))
        confirmed = int(numbers.get("parkd_reports_unchanged_total", 0))
        sink = status["sinks"][0] if status["sinks"] else {}
        oldest = sink.get("oldest_ms")
        wanted = self.connected()
        return {"lots": len(lots), "connected": len(wanted), "delivered": sum(lot in held["held"] for lot in wanted), **fresh,
                "updates": updates, "reports": updates + confirmed,
                "lag_s": max(0, time.time() - oldest / 1000) if oldest else 0.0, "unacknowledged": sink.get("unacknowledged", 0),
                "violations": len(held.get("violations", [])), "bad_feeds": [f for f in status["feeds"] if f["state"] == "bad"],
                "mb": float(numbers.get("process_resident_memory_bytes", 0)) / 1e6}

    def rate(self, state):
        """Reports a second over the last ten seconds."""
        self.rates = [*self.rates, (time.monotonic(), state["reports"], state["updates"])][-10:]
        (t0, r0, u0), (t1, r1, u1) = self.rates[0], self.rates[-1]
        span = max(t1 - t0, 1e-9)
        return ((r1 - r0) / span, (u1 - u0) / span) if len(self.rates) > 1 else (0.0, 0.0)

    def urls(self):
        return [f"  residents' page   {self.run['public']}/", f"  lots (JSON)       {self.run['public']}/v1/lots",
                f"  summary           {self.run['public']}/v1/summary",
                f"  office's console  {self.first_link()}", f"  operators' page   {self.run['public']}/operator",
                f"  staff             {here(self.build / 'parkctl')} --state {here(self.dir / 'state')} status",
                f"  metrics           {self.metrics_url()}",
                f"  platform (sim)    {self.control}/_control/state", f"  logs              {here(self.dir)}/*.log"]

    def first_link(self):
        """Sets the administrator's password, once; the console afterwards."""
        link = self.dir / "state/first-admin.link"
        return link.read_text().strip() if link.exists() else f"{self.run['console']}/console"

    def metrics_url(self):
        staff = self.run["staff"]
        return f"curl --unix-socket {here(staff[5:])} http://parkd/metrics" if staff.startswith("unix:") else f"{staff}/metrics"

    def table(self, s):
        reports, updates = self.rate(s)
        lines = [f"lots {s['lots']}   connected {s['connected']}   delivered to the platform {s['delivered']}" +
                 (f"   still silent {s['lots'] - s['connected']}" if s['lots'] > s['connected'] else ""),
                 f"  fresh 新 {s['fresh']:>3}   late 迟 {s['late']:>3}   stale 旧 {s['stale']:>3}   offline 离线 {s['offline']:>3}",
                 f"  reports/s {reports:6.1f}   updates/s {updates:6.1f}   platform lag {s['lag_s']:4.1f} s ({s['unacknowledged']} lots)   "
                 f"memory {s['mb']:.1f} MB"]
        lines += [f"  feed {f['id']}: {f.get('error', '')}" for f in s["bad_feeds"][:4]]
        return lines

    def end(self):
        for child in reversed(self.children):
            child.end()
