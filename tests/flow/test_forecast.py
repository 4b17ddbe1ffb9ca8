# SPDX-License-Identifier: MIT
"""Where a lot goes: its trend, what to expect on arrival, and how sure that is; learnt from the store's own series, and said to be unknown
where it is."""
import datetime
import math
import time

import pytest

from harness.wait import wait_for
from harness.world import World, sha256

PLACE = {"lng": 118.05, "lat": 36.81, "datum": "wgs84"}
DAYS = 29


def usual(ms):
    """Fills towards noon, the same every day: 200 … 20."""
    minute = ms // 60000 % 1440
    return 200 - int(180 * math.exp(-((minute - 720) / 200) ** 2))


def write_past(parkd, lot):
    """The minutes of the last four weeks, as parkd would have kept them."""
    now = int(time.time() * 1000)
    for back in range(DAYS):
        day = datetime.datetime.fromtimestamp(now / 1000 - back * 86400, datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
        begin = int(day.timestamp() * 1000)
        slots = b"".join((usual(begin + m * 60000) + 1).to_bytes(2, "big") if begin + m * 60000 <= now else b"\0\0" for m in range(1440))
        parkd.redis("SET", f"{parkd.store.tag_of(lot)}:day:{lot}:{day:%Y%m%d}", slots)


def push(parkd, lot, free):
    answer = parkd.post("/v1/ingest/f", {"items": [{"lot": lot, "free": free}]}, headers={"Authorization": "Bearer key"})
    assert answer.status == 200 and answer.json()["accepted"] == 1, answer


@pytest.fixture(scope="module")
def parkd(keep_module, tmp_path_factory):
    world = World(keep_module, tmp_path_factory.mktemp("forecast"))
    world.feeds = [{"id": "f", "dialect": "native", "mode": "push", "auth": {"bearer_sha256": [sha256("key")]}}]
    world.lots = [{"id": name, "name": name, "total": 200, "feed": "f", "stage": "connected", "location": PLACE} for name in ("old", "new", "silent")]
    parkd = world.start_parkd()
    write_past(parkd, "old")
    write_past(parkd, "silent")
    parkd.end()
    parkd.start()
    push(parkd, "old", usual(time.time() * 1000))
    push(parkd, "new", 50)
    return parkd


def forecast(parkd, lot):
    answer = parkd.get(f"/v1/lots/{lot}/forecast")
    assert answer.status == 200, answer
    return answer.json()


def test_it_is_learnt_from_the_past(parkd):
    told = wait_for(lambda: (one := forecast(parkd, "old"))["horizons"] and one, 60, lambda: forecast(parkd, "old"))
    assert told["reason"] is None and [one["minutes"] for one in told["horizons"]] == [15, 30, 60, 120]
    as_of = datetime.datetime.fromisoformat(told["as_of"].replace("Z", "+00:00")).timestamp() * 1000
    for one in told["horizons"]:
        # The grid has a quarter of an hour, within which the curve moves by up to 25.
        assert abs(one["expected"] - usual(int(as_of) + one["minutes"] * 60000)) <= 26 and one["low"] <= one["expected"] <= one["high"], one
        assert one["chance"] > 0.9 and 0 <= one["error"] < 20


@pytest.mark.parametrize("lot, reason", [("new", "too-little-history"), ("silent", "unknown-now")])
def test_it_says_when_it_cannot_know(parkd, lot, reason):
    told = wait_for(lambda: (one := forecast(parkd, lot))["reason"] != "learning" and one, 60, lambda: forecast(parkd, lot))
    assert told["reason"] == reason and told["horizons"] == []


def test_on_arrival(parkd):
    wait_for(lambda: forecast(parkd, "old")["horizons"], 60, "the past to be read")
    lots = {one["id"]: one for one in parkd.get("/v1/lots?near=118.05,36.81&arrive_in=45").json()["lots"]}
    half, hour = (one for one in forecast(parkd, "old")["horizons"][1:3])
    arrival = lots["old"]["arrival"]
    assert arrival["minutes"] == 45 and min(half["expected"], hour["expected"]) - 1 <= arrival["expected"] <= max(half["expected"], hour["expected"]) + 1
    assert arrival["low"] <= arrival["expected"] <= arrival["high"] and lots["new"]["arrival"] is None and lots["silent"]["arrival"] is None
    assert "arrival" not in parkd.get("/v1/lots?near=118.05,36.81").json()["lots"][0]
    assert parkd.get("/v1/lots?arrive_in=45").status == 400 and parkd.get("/v1/lots?near=118.05,36.81&arrive_in=121").status == 400


def test_its_error_is_measured(parkd):
    wait_for(lambda: forecast(parkd, "old")["horizons"], 60, "the past to be read")
    figures = parkd.metrics()
    assert figures["parkd_forecast_lots"] == 3 and 0 <= figures['parkd_forecast_error_spaces{minutes="120"}'] < 30


def test_a_lot_that_is_gone(parkd):
    parkd.put("lots", {"id": "brief", "name": "b"})
    wait_for(lambda: forecast(parkd, "brief")["reason"] in ("unknown-now", "learning"), what="the lot")
    parkd.remove("lots", "brief")
    assert parkd.get("/v1/lots/brief/forecast").status == 404
