# SPDX-License-Identifier: MIT
"""The page for platform engineers does what it says: every command of it runs, in order, against a real parkd
and the sample receiver, and prints what the page shows. Its Chinese twin has the same commands. The receiver
is a sink like any other: level after an outage, and it refuses what is not signed."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pytest

from harness import http
from harness.parkd import PARKCTL, ROOT, SANITIZERS
from harness.process import Process, free_port
from harness.wait import wait_for
from harness.world import new_secret

from simlib import crypto

PAGE, TWIN = ROOT / "deploy/PLATFORM.md", ROOT / "deploy/PLATFORM.zh-CN.md"
RECEIVER = ROOT / "deploy/examples/receiver.py"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)


def blocks(page):
    return BLOCK.findall(page.read_text())


def reporting(world, lots=("north",)):
    """One feed of lots with these ids, which say 10, 11 …"""
    names = world.feed("f", "native", len(lots), sim={"push_interval_ms": 50, "heartbeat_ms": None},
                       lot={"model": "manual"})
    for sim, reg, name in zip(world.sim["lots"], world.lots, lots):
        sim["id"] = reg["id"] = name
    world.start_lotsim()
    for at, name in enumerate(lots):
        world.lotsim.value(name, 10 + at)
    assert len(names) == len(lots)


class Shell:
    """Runs blocks one after the other in one folder; what they leave running ends with the test."""

    def __init__(self, folder, parkd, port):
        self.folder, self.parkd, self.port, self.groups = folder, parkd, port, []
        folder.mkdir()
        (folder / "deploy").symlink_to(ROOT / "deploy")

    def run(self, text):
        text = text.replace("127.0.0.1:9000", f"127.0.0.1:{self.port}").replace("receiver.py 9000",
                                                                               f"receiver.py {self.port}")
        text = text.replace("127.0.0.1:8080", self.parkd.listen)
        path = {"PATH": f"{PARKCTL.parent}:{os.environ['PATH']}", "PARKD_STATE_DIR": str(self.parkd.state)}
        out = self.folder / f"out-{len(self.groups)}"
        with open(out, "wb") as file:
            done = subprocess.Popen(["bash", "-e", "-c", text], cwd=self.folder, stdout=file,
                                    stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                    env=os.environ | SANITIZERS | path, start_new_session=True)
        self.groups.append(done.pid)
        assert done.wait(60) == 0, f"{text}\n{out.read_text()}"
        return out.read_text()

    def close(self):
        for group in self.groups:
            try:
                os.killpg(group, signal.SIGKILL)
            except ProcessLookupError:
                pass


def answers(port):
    try:
        return http.call(f"http://127.0.0.1:{port}", "/").status == 200
    except OSError:
        return False


def test_every_command_of_the_page(world, keep):
    reporting(world)
    parkd = world.start_parkd()
    port = free_port()
    shell = keep(Shell(world.folder / "page", parkd, port))
    found, printed = blocks(PAGE), ""
    assert sum(kind == "sh" for kind, _ in found) >= 8
    for kind, text in found:
        if kind == "text":
            assert printed.strip() == text.strip()
            continue
        assert kind == "sh", kind
        printed = shell.run(text)
        if "receiver.py" in text:
            wait_for(lambda: answers(port), what="the receiver")
            assert "webhook-signature: v1," in printed
        if "sinks put" in text:
            wait_for(lambda: parkd.sink()["unacknowledged"] == 0 and parkd.sink()["last_good"],
                     what=parkd.sink)
        if "--free 12 --send" in text:
            assert "every verdict is ok" in printed and '"free": 12' in printed
        if "snapshot.json" in text and "curl" in text and "held" not in text:
            assert '"acknowledged":{"north":' in printed
        if "held.json" in text:
            assert printed.strip() == "differ: []"


def test_the_twin_has_the_same_commands():
    assert blocks(PAGE) == blocks(TWIN)
    rows = [sum(line.startswith("|") for line in page.read_text().splitlines()) for page in (PAGE, TWIN)]
    assert rows[0] == rows[1]
    for page in (PAGE, TWIN):
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / link).exists(), link
    for readme in ("README.md", "README.zh-CN.md"):
        assert "PLATFORM" in (ROOT / readme).read_text(), readme


# ---- the receiver as a sink

class Receiver:
    def __init__(self, folder, secret):
        self.folder, self.secret, self.port = folder, secret, free_port()
        folder.mkdir()
        self.start()

    def start(self):
        self.process = Process([sys.executable, RECEIVER, self.port, self.secret],
                               self.folder / "receiver.log")
        wait_for(lambda: answers(self.port), what="the receiver")

    def held(self):
        return http.call(f"http://127.0.0.1:{self.port}", "/").json()

    def close(self):
        self.process.kill()


@pytest.fixture
def street(world, keep):
    secret = new_secret()
    receiver = keep(Receiver(world.folder / "receiver", secret))
    reporting(world, ("a", "b", "c"))
    world.sinks.append({"id": "city", "dialect": "native", "url": f"http://127.0.0.1:{receiver.port}/",
                        "secret": secret,
                        "refresh_s": 1, "heartbeat_s": 1, "min_interval_ms": 20, "timeout_ms": 1000})
    return receiver, world.start_parkd()


def level(receiver, wanted):
    wait_for(lambda: {lot: one["free"] for lot, one in receiver.held().items()} == wanted,
             what=lambda: f"the receiver to hold {wanted}, not {receiver.held()}")


def test_the_receiver_is_level_after_it_was_killed(world, street):
    receiver, parkd = street
    level(receiver, {"a": 10, "b": 11, "c": 12})
    wait_for(lambda: parkd.sink()["unacknowledged"] == 0)
    seqs = {lot: one.seq for lot, one in parkd.store.records().items()}
    assert {lot: one["seq"] for lot, one in receiver.held().items()} == seqs
    receiver.process.kill()
    for free in range(20, 30):
        world.lotsim.value("b", free)
        wait_for(lambda: parkd.lot("b")["free"] == free)
    receiver.start()                                     # it holds nothing any more
    parkd.staff("/v1/admin/sinks/city/resume", {})
    level(receiver, {"a": 10, "b": 29, "c": 12})         # the refresh brings what did not change


def test_the_receiver_refuses_what_is_not_signed(world, street):
    receiver, parkd = street
    level(receiver, {"a": 10, "b": 11, "c": 12})
    parkd.put("sinks", world.sinks[0] | {"secret": new_secret()})
    world.lotsim.value("a", 55)
    wait_for(lambda: parkd.sink()["state"] == "paused", what=parkd.sink)
    assert receiver.held()["a"]["free"] == 10
    url, lie = f"http://127.0.0.1:{receiver.port}", {"lot": "a", "seq": 2**52, "free": 0}
    forged = http.call(url, "/", {"data": {"items": [lie]}}, headers={
        "webhook-id": "x", "webhook-timestamp": "1767225600", "webhook-signature": "v1,AAAA"})
    assert forged.status == 401 and json.loads(forged.body)["detail"]
    late = signed(receiver, lie, int(time.time()) - 400)
    assert http.call(url, "/", *late).status == 401 and receiver.held()["a"]["free"] == 10


def signed(receiver, item, moment):
    body = json.dumps({"data": {"items": [item]}}).encode()
    signature = crypto.webhook_sign(receiver.secret, "x", str(moment), body)
    return body, "POST", {"webhook-id": "x", "webhook-timestamp": str(moment), "webhook-signature": signature}


def test_the_receiver_keeps_the_newest(keep, folder):
    receiver = keep(Receiver(folder / "receiver", new_secret()))
    for seq, free in ((5, 50), (4, 40), (5, 50), (7, None), (6, 60)):
        answer = http.call(f"http://127.0.0.1:{receiver.port}", "/",
                           *signed(receiver, {"lot": "a", "seq": seq, "free": free}, int(time.time())))
        assert answer.json()["results"] == [{"lot": "a", "seq": seq, "code": "ok"}]
    http.call(f"http://127.0.0.1:{receiver.port}", "/",
              *signed(receiver, {"lot": "a", "heartbeat": True}, int(time.time())))
    assert receiver.held()["a"] == {"lot": "a", "seq": 7, "free": None}


def test_the_receiver_is_short():
    lines = [line for line in RECEIVER.read_text().splitlines() if line.strip()
             and not line.lstrip().startswith("#")]
    assert len(lines) <= 32 and pathlib.Path(RECEIVER).stat().st_size < 3000
