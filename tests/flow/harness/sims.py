# SPDX-License-Identifier: MIT
"""lotsim and platformsim as processes of a test."""
import json
import os
import pathlib
import sys

from . import http
from .process import Process

TOOLS = pathlib.Path(__file__).resolve().parents[3] / "tools"


class Sim:
    """A simulator; `control` are its calls under /_control/. Started again after end(), it takes its ports
    back."""

    tool = None

    def __init__(self, folder, *args):
        self.folder, self.args = pathlib.Path(folder), [str(one) for one in args]
        self.folder.mkdir(parents=True, exist_ok=True)
        self.journal_path = self.folder / f"{self.tool}.jsonl"
        self.process, self.ports = None, []
        self._read_to = 0
        self.start()

    def start(self):
        argv = [sys.executable, TOOLS / self.tool, *self.args, "--journal", self.journal_path,
                "--parent-pid", os.getpid(), *self.ports]
        self.process = Process(argv, self.folder / f"{self.tool}.log", first_line=True)
        self.hello = json.loads(self.process.hello)
        self.port = self.hello["port"]
        control = self.hello.get("control_port", self.port)
        self.ports = ["--port", self.port] + (["--control-port", control] if control != self.port else [])
        self.control_url = f"http://127.0.0.1:{control}"
        return self

    def state(self, query=""):
        return http.call(self.control_url, "/_control/state" + query).json()

    def post(self, name, **fields):
        answer = http.call(self.control_url, "/_control/" + name, fields)
        assert answer.status == 200, answer
        return answer.json()

    def journal(self):
        """All lines so far, as objects."""
        self.state("?lots=0&held=0")                     # flushes
        with open(self.journal_path, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def news(self):
        """The journal's lines since the last call, as objects."""
        self.state("?lots=0&held=0")                     # flushes
        with open(self.journal_path, "rb") as file:
            file.seek(self._read_to)
            data = file.read()
        whole = data.rfind(b"\n") + 1
        self._read_to += whole
        return [json.loads(line) for line in data[:whole].splitlines()]

    def kill(self):
        self.process.kill()
        self.process.popen.stdout.close()

    def close(self):
        if self.process.running():
            self.process.end()


class LotSim(Sim):
    tool = "lotsim"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def lots(self):
        return self.state()["lots"]

    def told(self, lot):
        """Free places as the lot last told them."""
        emitted = self.state()["lots"][lot]["emitted"]
        return emitted and emitted["free"]

    def value(self, lot, free, **more):
        self.post("value", lot=lot, free=free, **more)

    def fault(self, name, on=True, params=None, **who):
        self.post("fault", fault=name, on=on, params=params or {}, **(who or {"all": True}))


class PlatformSim(Sim):
    tool = "platformsim"

    @property
    def url(self):
        return f"http{'' if '--plain' in self.args else 's'}://127.0.0.1:{self.port}"

    def held(self):
        return self.state()["held"]

    def free(self, lot):
        """What the platform shows for the lot: a number, None for unknown, "nothing" if it never heard of
        it."""
        item = self.held().get(lot)
        return "nothing" if item is None else item.get("free")

    def mode(self, name, **params):
        self.post("mode", mode=name, **params)

    def violations(self):
        return self.state("?held=0")["violations"]

    def requests(self):
        return self.state("?held=0")["requests"]

    def deliveries(self, lot=None):
        """What arrived, from the journal: request, lot, seq, free, code, mode."""
        return [one for one in self.journal() if "seq" in one and "violation" not in one
                and lot in (None, one["lot"])]
