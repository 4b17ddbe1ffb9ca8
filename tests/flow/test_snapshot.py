# SPDX-License-Identifier: MIT
"""The snapshot for reconciliation: by a reader's key, the bytes that the sink is told, how far it has
acknowledged them; and a platform that lost everything becomes level by it."""
import gzip
import json
import pathlib

import jsonschema

from harness.wait import wait_for
from harness.world import new_secret, sha256

SCHEMA = json.loads((pathlib.Path(__file__).resolve().parents[2] / "src/api/native.schema.json").read_text())
PATH = "/v1/export/snapshot"
KEY = "reader-of-the-city"


def ask(parkd, key=KEY, **headers):
    return parkd.get(PATH, headers=({"Authorization": "Bearer " + key} if key else {}) | headers)


def told(world, count=3):
    secret = new_secret()
    lots = world.feed("f", "native", count, sim={"push_interval_ms": 50, "heartbeat_ms": None},
                      lot={"model": "manual"})
    world.start_lotsim()
    for at, lot in enumerate(lots):
        world.lotsim.value(lot, 10 + at)
    world.start_platform("--plain", "--native-secret", secret)
    world.sink(secret=secret, readers=[sha256("another"), sha256(KEY)])
    parkd = world.start_parkd()
    level(world, lots)
    return lots, parkd


def level(world, lots):
    wait_for(lambda: all(world.platform.free(lot) == world.lotsim.told(lot) for lot in lots)
             and world.parkd.sink()["unacknowledged"] == 0, what=lambda: f"delivery {world.parkd.sink()}")


def snapshot(parkd, **headers):
    answer = ask(parkd, **headers)
    assert answer.status == 200, answer
    return answer.json()["data"]


def test_it_is_what_the_sink_is_told(world):
    lots, parkd = told(world)
    parkd.put("lots", {"id": "silent", "name": "n", "stage": "connected"})
    parkd.put("lots", {"id": "later", "name": "n", "stage": "testing"})
    level(world, lots)
    body = wait_for(lambda: (one := ask(parkd).json()) and len(one["data"]["items"]) == 4 and one,
                    what="the new lot in the snapshot")
    jsonschema.validate(body, SCHEMA)
    items = {one["lot"]: one for one in body["data"]["items"]}
    assert body["data"]["sink"] == "city" and set(items) == {*lots, "silent"}
    assert items["silent"]["seq"] is None
    held = world.platform.held()
    for lot in lots:
        sent = {k: v for k, v in held[lot].items() if k not in ("received_ms", "request")}
        assert items[lot] == sent                        # the same bytes for the same (lot, seq)
    wait_for(lambda: snapshot(parkd)["acknowledged"] == {lot: items[lot]["seq"] for lot in lots})


def test_what_is_not_acknowledged_shows(world):
    lots, parkd = told(world)
    before = snapshot(parkd)["acknowledged"]
    world.platform.mode("http_500")
    world.lotsim.value(lots[0], 66)
    wait_for(lambda: parkd.lot(lots[0])["free"] == 66)
    data = wait_for(lambda: (one := snapshot(parkd)) and one["items"][0]["free"] == 66 and one)
    assert data["acknowledged"] == before and data["items"][0]["seq"] > before[lots[0]]
    world.platform.mode("ok")
    parkd.staff("/v1/admin/sinks/city/resume", {})
    level(world, lots)
    wait_for(lambda: snapshot(parkd)["acknowledged"][lots[0]] == data["items"][0]["seq"])


def test_a_platform_that_lost_everything_is_level_by_it(world):
    """It forgets, reads the snapshot, and needs nothing more; what moves afterwards is delivered as ever."""
    lots, parkd = told(world)
    world.platform.post("reset")
    assert world.platform.held() == {}
    own = {one["lot"]: one for one in snapshot(parkd)["items"]}
    records = parkd.store.records()
    assert {lot: (own[lot]["seq"], own[lot]["free"]) for lot in lots} == \
           {lot: (records[lot].seq, records[lot].free) for lot in lots}
    world.lotsim.value(lots[1], 44)
    wait_for(lambda: world.platform.free(lots[1]) == 44)
    assert world.platform.held()[lots[1]]["seq"] > own[lots[1]]["seq"] and world.platform.violations() == []


def test_only_readers_of_a_sink_that_is_on(world):
    _, parkd = told(world)
    for key in (None, "wrong", "", KEY[:-1], sha256(KEY)):
        refused = ask(parkd, key)
        assert refused.status == 401, (key, refused)
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert parkd.get(PATH, headers={"Authorization": "Basic " + KEY}).status == 401
    assert ask(parkd, "another").status == 200
    assert ask(parkd).headers["Cache-Control"].startswith("private")
    assert "Access-Control-Allow-Origin" not in ask(parkd).headers
    assert parkd.get(PATH + "?x=1", headers={"Authorization": "Bearer " + KEY}).status == 400
    assert parkd.post(PATH, {}, headers={"Authorization": "Bearer " + KEY}).status == 405
    parkd.put("sinks", world.sinks[0] | {"enabled": False})
    wait_for(lambda: ask(parkd).status == 403, what="the sink to be off")
    assert ask(parkd).json()["status"] == 403
    parkd.remove("sinks", "city")
    wait_for(lambda: ask(parkd).status == 401, what="the sink to be gone")


def test_etag_304_and_gzip(world):
    lots, parkd = told(world, 12)
    first = ask(parkd)
    tag = first.headers["ETag"]
    again = ask(parkd, **{"If-None-Match": tag})
    assert (again.status, again.body) == (304, b"")
    # Confirmations move nothing in it: the same tag whenever it is asked.
    records = parkd.store.records()
    world.lotsim.post("pause")
    wait_for(lambda: ask(parkd, **{"If-None-Match": tag}).status == 304)
    assert parkd.store.records().keys() == records.keys()
    zipped = ask(parkd, **{"Accept-Encoding": "gzip"})
    assert zipped.headers["Content-Encoding"] == "gzip" and gzip.decompress(zipped.body) == first.body
    world.lotsim.post("resume")
    world.lotsim.value(lots[0], 77)
    wait_for(lambda: ask(parkd, **{"If-None-Match": tag}).status == 200, what="another tag for another state")


def test_the_key_is_hashed_by_parkctl(parkd):
    sink = {"id": "s", "dialect": "native", "url": "http://127.0.0.1:9/", "reader": [KEY, "second"]}
    done = parkd.ctl("sinks", "put", "-", stdin=json.dumps(sink))
    assert done.returncode == 0, done.stderr
    stored = parkd.store.redis.hash("parkd:sinks")["s"]
    assert KEY not in stored and sha256(KEY) in stored and sha256("second") in stored
    wait_for(lambda: ask(parkd).status == 200 and ask(parkd, "second").status == 200)
    assert sha256(KEY) not in parkd.ctl("sinks", "show", "s").stdout
    assert parkd.staff("/v1/admin/sinks/s", sink, "PUT").json()["errors"][0]["pointer"] == "/reader"
    assert parkd.staff("/v1/admin/sinks/s", sink | {"reader": None, "readers": ["00"]}, "PUT").status == 422
