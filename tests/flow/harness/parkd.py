# SPDX-License-Identifier: MIT
"""One parkd: its configuration, its process, its two listeners, its Redis."""
import json
import os
import pathlib
import re
import signal
import subprocess

from . import http
from .process import Process, alive, free_port
from .records import Store
from .redis import Redis
from .wait import wait_for

ROOT = pathlib.Path(__file__).resolve().parents[3]
PARKD = pathlib.Path(os.environ.get("PARKD", ROOT / "build/asan/parkd")).absolute()
PARKCTL = pathlib.Path(os.environ.get("PARKCTL", PARKD.parent / "parkctl")).absolute()
SANITIZERS = {"ASAN_OPTIONS": "exitcode=99:detect_leaks=1:abort_on_error=0",
              "UBSAN_OPTIONS": "print_stacktrace=1:exitcode=99"}
COMPLAINTS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "Assertion `",
              "did not close clean")
START_S = 60


def run(*args, env=None, stdin="", program=PARKD):
    """Runs parkd or parkctl to its end: the completed process, with text."""
    return subprocess.run([str(program), *map(str, args)], input=stdin, text=True, capture_output=True,
                          timeout=60,
                          env={**os.environ, **SANITIZERS, **(env or {})}, check=False)


class Parkd:
    """folder: everything this parkd writes. conf: nested as in its file. wrap: words before the program."""

    def __init__(self, folder, conf=None, district=None, wrap=(), program=PARKD):
        self.folder, self.state = pathlib.Path(folder), pathlib.Path(folder) / "state"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.state / "master.key").write_text("5e" * 32)       # several parkd over one Redis share it
        (self.state / "master.key").chmod(0o600)
        self.listen = f"127.0.0.1:{free_port()}"
        self.wrap, self.program = [str(one) for one in wrap], program
        self.conf = {"net": {"allow_subnets": ["127.0.0.0/8"], "max_polls_per_host": 64},
                     "staff": {"listen": "127.0.0.1:0"}} | (conf or {})
        if district:
            path = self.folder / "district.json"
            path.write_text(json.dumps(district, ensure_ascii=False))
            self.conf["district"] = {"name": "测试区", "file": str(path)} | self.conf.get("district", {})
        self.conf_path = self.folder / "parkd.json"
        self.write_conf()
        self.process = self.run = self.redis = self.store = None
        self.url = "http://" + self.listen

    def write_conf(self, text=None):
        self.conf_path.write_text(text if text is not None else json.dumps(self.conf, ensure_ascii=False))

    # ---- life

    def spawn(self):
        """Starts the process without waiting for anything."""
        argv = [*self.wrap, self.program, "--config", self.conf_path, "--state", self.state, "--listen",
                self.listen]
        self.process = Process(argv, self.folder / "parkd.log", env=SANITIZERS)
        return self

    def start(self):
        self.spawn()
        self.run = wait_for(self._running, START_S, lambda: f"run.json of parkd\n{self.log()}")
        if self.redis:
            self.redis.close()
        self.redis = Redis(self.run["redis"])
        self.store = Store(self.redis, self.conf.get("redis", {}).get("prefix", "parkd:"))
        return self

    def _running(self):
        assert self.process.running(), f"parkd ended with {self.process.popen.returncode}:\n{self.log()}"
        try:
            run = json.loads((self.state / "run.json").read_text())
        except (OSError, ValueError):
            return None
        return run if run["pid"] == self.process.pid else None

    def log(self):
        return self.process.tail(4000) if self.process else ""

    def log_text(self):
        return (self.folder / "parkd.log").read_text(errors="replace")

    def redis_pid(self):
        return int(Redis(self.run["redis"]).info("process_id"))

    def kill(self):
        """kill -9; waits for the end of parkd and of the redis-server that is its child."""
        child = None if self.conf.get("redis", {}).get("url") else self._child()
        self.process.kill()
        if child:
            wait_for(lambda: not alive(child), what=f"redis-server {child} to end with its parent")

    def _child(self):
        try:
            return self.redis_pid()
        except OSError:
            return None

    def kill_redis(self):
        """kill -9 of the embedded redis-server. Returns its pid."""
        pid = wait_for(self._child, what="the embedded redis-server")
        os.kill(pid, signal.SIGKILL)
        return pid

    def renew_redis(self):
        """kill -9 of the embedded redis-server, and waits until parkd has another and takes updates again."""
        pid = self.kill_redis()
        wait_for(lambda: self.redis_pid() != pid and self.up(), 60, lambda: f"Redis to be back: {self.log()}")

    def hup(self):
        os.kill(self.process.pid, signal.SIGHUP)

    def end(self):
        """The orderly end: status 0, nothing left, no complaint of a sanitizer."""
        code = self.process.end()
        self.check_log()
        assert code == 0, f"parkd ended with {code}:\n{self.log()}"

    def check_log(self):
        text = self.log_text()
        bad = next((line for line in text.splitlines() if any(one in line for one in COMPLAINTS)), None)
        if bad:
            at = text.index(bad)
            raise AssertionError(f"parkd complained:\n{text[at:at + 6000]}")

    def close(self):
        """At the end of a test: as end(), unless the test ended it itself."""
        if self.redis:
            self.redis.close()
        if self.process and self.process.running():
            self.end()
        elif self.process:
            self.check_log()

    # ---- asking

    def get(self, path, **more):
        return http.call(self.run["public"], path, **more)

    def post(self, path, body, **more):
        return http.call(self.run["public"], path, body, **more)

    def staff(self, path, body=None, method=None, **more):
        return http.call(self.run["staff"], path, body, method, **more)

    def put(self, noun, document):
        answer = self.staff(f"/v1/admin/{noun}/{document['id']}", document, "PUT")
        assert answer.status in (200, 201, 204), answer
        return answer

    def remove(self, noun, ident):
        answer = self.staff(f"/v1/admin/{noun}/{ident}", method="DELETE")
        assert answer.status in (200, 204), answer

    def lots(self):
        return {lot["id"]: lot for lot in self.get("/v1/lots").json()["lots"]}

    def lot(self, ident):
        return self.get(f"/v1/lots/{ident}").json()

    def status(self):
        return self.staff("/v1/admin/status").json()

    def feed(self, ident):
        return next(one for one in self.status()["feeds"] if one["id"] == ident)

    def sink(self, ident="city"):
        return next(one for one in self.status()["sinks"] if one["id"] == ident)

    def up(self):
        """Whether this parkd takes updates now."""
        return self.get("/readyz").status == 200

    def metrics(self):
        return parse_metrics(self.staff("/metrics").text())

    def ctl(self, *args, stdin=""):
        return run("--state", self.state, *args, stdin=stdin, program=PARKCTL)


SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[^{}]*\})? (-?[0-9.eE+-]+|NaN|[+-]Inf)$')
LABELS = re.compile(r'\{([a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*\}$')
SUFFIXES = ("_bucket", "_sum", "_count")


def parse_metrics(text):
    """{name or name{labels}: value} of a Prometheus page; AssertionError for what Prometheus would refuse."""
    found, kinds, done, last = {}, {}, set(), None
    for line in text.splitlines():
        if line.startswith("# "):
            word, name, rest = (line[2:].split(" ", 2) + [""])[:3]
            assert word in ("HELP", "TYPE"), line
            if word == "TYPE":
                assert name not in kinds and rest in ("counter", "gauge", "histogram", "summary",
                                                      "untyped"), line
                kinds[name] = rest
            continue
        match = SAMPLE.match(line)
        assert match, f"not a sample: {line!r}"
        name, labels, value = match.groups()
        assert labels is None or LABELS.match(labels), f"labels: {line!r}"
        base = next((name[:-len(end)] for end in SUFFIXES if name.endswith(end)
                     and name[:-len(end)] in kinds), name)
        assert base in kinds, f"no TYPE before {line!r}"
        assert base == last or base not in done, f"{base} does not stand together"
        done.add(base)
        last = base
        key = name + (labels or "")
        assert key not in found, f"twice: {key}"
        found[key] = float(value)
    assert text.endswith("\n")
    return found
