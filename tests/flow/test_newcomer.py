# SPDX-License-Identifier: MIT
"""The path of somebody who has only the documents: the commands of the README, run as they stand there, bring a box into
the system whose format nobody has seen; and every mapping that a document shows is one that parkd takes."""
import json
import os
import pathlib
import re
import shlex
import subprocess
import urllib.parse

import pytest

from harness.parkd import PARKCTL, run
from harness.wait import wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
# A made-up format: initials of Chinese words, counts as texts, one time at the root in a shape of its own, lists in lists.
NOW = "2026.05.11-08:15:02"
MESSAGE = {"cmd": "sync", "sn": "88213", "ts": NOW, "cc": {"kc": [
    {"ccid": "NB-01", "ccmc": "北广场", "zcw": "260", "sycw": "37", "yycw": "223", "fzr": "张三", "dh": "13800138000"},
    {"ccid": "NB-02", "ccmc": "东广场", "zcw": "120", "sycw": "4", "yycw": "116", "fzr": "李四", "dh": "13900139000"}]}}
BLOCK = re.compile(r"```json\n(\{.*?)```\n+```sh\n(.*?)```", re.S)


def recipe(document):
    """The registration and the commands of the section on a box that speaks its own format."""
    found = BLOCK.search((ROOT / document).read_text())
    assert found, f"{document} shows no such section any more"
    lines = [line.split("#")[0].strip() for line in found[2].splitlines()]
    return json.loads(found[1]), [line for line in lines if line]


class Desk:
    """A folder and a shell: what the newcomer has."""

    def __init__(self, parkd, folder):
        self.folder = folder / "desk"
        self.folder.mkdir()
        self.env = {**os.environ, "PARKD_STATE_DIR": str(parkd.state)}

    def write(self, name, value):
        (self.folder / name).write_text(json.dumps(value, ensure_ascii=False))

    def read(self, name):
        return json.loads((self.folder / name).read_text())

    def run(self, command):
        words = shlex.split(command)
        assert words[0] == "parkctl", command
        done = subprocess.run([PARKCTL, *words[1:]], cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout


def send(parkd, feed):
    secret = urllib.parse.quote(feed["auth"]["url_secret"])
    return parkd.post(f"/v1/ingest/{feed['id']}?secret={secret}", MESSAGE)


@pytest.mark.parametrize("document", ["README.md", "README.zh-CN.md"])
def test_the_recipe_of_the_document_works(parkd, folder, document):
    feed, commands = recipe(document)
    put, listen, attempt, replay, again, lots = commands
    desk = Desk(parkd, folder)
    desk.write("north.json", feed)
    desk.run(put)
    assert send(parkd, feed).status == 200

    shown = desk.run(listen)
    for word in ("ccid", "sycw", "260"):
        assert word in shown
    for secret in ("13800138000", "张三", feed["auth"]["url_secret"]):
        assert secret not in shown
    table = desk.run(attempt)
    assert "NB-01" in table and "37" in table
    assert f'/ts  a time, as "{NOW}"' in table, "the field that the draft left over is pointed out"

    params = desk.read("params.json")
    assert params["mapping"]["free"] == "/sycw" and params["mapping"]["total"] == "/zcw" and params["mapping"]["time"] is None
    params["mapping"]["time"] = {"path": "$.ts", "format": "%Y.%m.%d-%H:%M:%S"}
    desk.write("params.json", params)
    assert "2026-05-11" in desk.run(attempt)
    assert "NB-02" in desk.run(replay)
    assert parkd.lots() == {}, "nothing counts before it is registered"

    desk.write("north.json", {**feed, "params": params})
    desk.write("lots.json", [{"id": f"37030300110{n}", "name": name, "total": total, "stage": "connected", "feed": feed["id"],
                              "foreign_id": f"NB-0{n}"} for n, name, total in ((1, "北广场", 260), (2, "东广场", 120))])
    desk.run(again)
    desk.run(lots)
    assert wait_for(lambda: send(parkd, feed).status == 200 and parkd.lot("370303001101")["free"] == 37)
    assert parkd.lot("370303001102")["free"] == 4


def blocks():
    for path in [ROOT / "README.md", *sorted((ROOT / "src/dialects").glob("*.md"))]:
        for n, block in enumerate(re.findall(r"```json\n(.*?)```", path.read_text(), re.S)):
            if '"mapping"' in block:
                yield pytest.param(block, id=f"{path.name}-{n}")


@pytest.mark.parametrize("block", blocks())
def test_mappings_of_the_documents_compile(block, tmp_path):
    (tmp_path / "params.json").write_text(block)
    done = run("dialect", "check", tmp_path / "params.json", program=PARKCTL)
    assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
