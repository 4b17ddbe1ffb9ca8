# SPDX-License-Identifier: MIT
"""The page for who reads the public API does what it says: every command of it runs against a real parkd, and every address and parameter
that it names is in the contract."""
import json
import re

import pytest

from harness.contract import Contract
from harness.parkd import ROOT
from harness.process import free_port
from harness.world import World, sha256
from test_platform_page import Shell, blocks

PAGE = ROOT / "deploy/API.md"


@pytest.fixture(scope="module")
def parkd(keep_module, tmp_path_factory):
    world = World(keep_module, tmp_path_factory.mktemp("api-page"))
    world.feeds = [{"id": "f", "dialect": "native", "mode": "push", "auth": {"bearer_sha256": [sha256("key")]}}]
    world.lots = [{"id": f"east-{at}", "name": f"东区停车场 {at}", "area": "东区", "total": 50, "feed": "f", "stage": "connected", "classes": {"charging": 4},
                   "location": {"lng": 118.0531 + at / 1000, "lat": 36.8161, "datum": "wgs84"}} for at in range(3)]
    parkd = world.start_parkd()
    answer = parkd.post("/v1/ingest/f", {"items": [{"lot": f"east-{at}", "free": 10 + at, "status": "open", "classes": {"charging": {"free": at}}} for at in range(3)]},
                        headers={"Authorization": "Bearer key"})
    assert answer.json()["accepted"] == 3
    return parkd


def test_every_command_of_the_page(parkd, keep, folder):
    shell = keep(Shell(folder / "page", parkd, free_port()))
    commands = [line for kind, text in blocks(PAGE) if kind == "sh" for line in text.splitlines()]
    assert len(commands) >= 7
    said = {command: shell.run(command) for command in commands}
    for command, text in said.items():
        assert '"status":4' not in text and text.strip(), (command, text)
    near = json.loads(said[commands[0]])
    assert [one["id"] for one in near["lots"]] == ["east-0", "east-1", "east-2"] and near["lots"][0]["distance_m"] < 20
    assert next(iter(json.loads(said[commands[1]])["lots"]))["classes"]["charging"]["free"] == 2
    assert "event: ready" in next(text for command, text in said.items() if "/v1/stream" in command)


def test_what_it_names_is_there(parkd):
    contract = Contract(parkd.get("/openapi.json").json())
    page = PAGE.read_text()
    paths = {path for _, path, _ in contract.operations()}
    named = set(re.findall(r"/v1/[a-z0-9/{}-]+", page.replace("/v1/lots/east-1", "/v1/lots/{id}")))
    assert len(named) > 9 and named <= paths, named - paths
    known = {one["name"] for name in ("lots_list", "lot_history", "stream_get", "export_ngsi", "summary_get") for one in contract.parameters(name)}
    assert set(re.findall(r"[?&]([a-z_]+)=", page)) <= known | {"embed", "lang"}                            # of pages
    for kind, text in blocks(PAGE):
        if kind == "json":
            contract.validate("hours", {"$ref": "#/components/schemas/OpeningHours"}, json.loads(text)["hours"])
    for readme in ("README.md", "README.zh-CN.md"):
        assert "deploy/API.md" in (ROOT / readme).read_text(), readme
