# SPDX-License-Identifier: MIT
"""The lots in every format that others read: each by its own rules, all with the same numbers, none with a nought for what is not known."""
import json

import pytest

from harness import formats
from harness.wait import wait_for
from harness.world import Clock, World, sha256

HOSTILE = 'a,"b"\r\n<c>&\'d\' ]]>'
PLACE = {"lng": 118.05, "lat": 36.81, "datum": "wgs84"}


def world_of(keep, folder, clock=None):
    world = World(keep, folder, clock)
    world.feeds = [{"id": "f", "dialect": "native", "mode": "push", "auth": {"bearer_sha256": [sha256("key")]}}]
    base = {"total": 100, "feed": "f", "stage": "connected", "location": PLACE}
    world.lots = [base | {"id": "known", "name": "中心停车场", "area": "东区", "address": "中心路 1 号", "fee_text": "每小时 2 元", "hours_text": "7:00-22:00",
                          "classes": {"accessible": 4, "lorry": 3}},
                  base | {"id": "full", "name": "full"}, base | {"id": "silent", "name": "silent"}, base | {"id": "closed", "name": "closed"},
                  base | {"id": "band", "name": "band alone"},
                  base | {"id": "shifted", "name": "shifted", "location": PLACE | {"datum": "gcj02"}},
                  {"id": "nowhere", "name": "nowhere", "total": 10, "feed": "f", "stage": "connected"},
                  base | {"id": "endless", "name": "endless", "total": None},
                  base | {"id": "hostile", "name": HOSTILE, "address": HOSTILE, "area": HOSTILE, "fee_text": HOSTILE},
                  base | {"id": "retired", "name": "retired", "stage": "retired"}]
    for lot in world.lots:
        if lot["total"] is None:
            del lot["total"]
    return world


ITEMS = [{"lot": "known", "free": 37, "status": "open", "classes": {"accessible": {"free": 1, "total": 4}}}, {"lot": "full", "free": 0, "status": "open"},
         {"lot": "closed", "free": 5, "status": "closed"}, {"lot": "band", "band": "few"}, {"lot": "shifted", "free": 3}, {"lot": "nowhere", "free": 2},
         {"lot": "endless", "free": 8}, {"lot": "hostile", "free": 9}]
KNOWN = {"known": 37, "full": 0, "silent": None, "closed": 5, "band": None, "shifted": 3, "hostile": 9}


def push(parkd, items):
    answer = parkd.post("/v1/ingest/f", {"items": items}, headers={"Authorization": "Bearer key"})
    assert answer.status == 200 and answer.json()["rejected"] == 0, answer


@pytest.fixture(scope="module")
def parkd(keep_module, tmp_path_factory):
    parkd = world_of(keep_module, tmp_path_factory.mktemp("exports")).start_parkd()
    push(parkd, ITEMS)
    return parkd


def export(parkd, name):
    answer = parkd.get(f"/v1/export/{name}")
    assert answer.status == 200, answer
    return answer


@pytest.mark.parametrize("name", formats.ALL)
def test_by_its_rules(parkd, name):
    media, check = formats.ALL[name]
    answer = export(parkd, name)
    assert answer.headers["Content-Type"].split(";")[0] == media and answer.headers["Access-Control-Allow-Origin"] == "*"
    wanted = dict(KNOWN)
    if name in ("csv", "siri-fm"):
        wanted["nowhere"] = 2
    if name != "parkapi":
        wanted["endless"] = 8                                   # ParkAPI cannot say that a total is not known
    assert check(answer.text()) == wanted
    again = parkd.get(f"/v1/export/{name}", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status in (200, 304)                           # a second may have passed
    zipped = parkd.get(f"/v1/export/{name}", headers={"Accept-Encoding": "gzip"})
    assert zipped.headers["Content-Encoding"] == "gzip" and "Accept-Encoding" in zipped.headers["Vary"]


def test_a_checker_can_refuse(parkd):
    """Each of them, one small lie each."""
    lies = {"geojson": ('"free":null', '"free":-1'), "csv": ("silent,silent,,,", "silent,silent,,"), "parkapi": ('"state":"nodata"', '"state":"nodata","free":0'),
            "datex2-light": ('"value":"carPark"', '"value":"car park"'), "siri-fm": ("presentCount", "absentCount"),
            "ngsi-ld": ('"value":37', '"value":370'), "ngsi-ld?options=keyValues": ('"almostFull"', '"nearlyFull"')}
    for name, (_, check) in formats.ALL.items():
        text = export(parkd, name).text()
        assert lies[name][0] in text, name
        with pytest.raises((AssertionError, ValueError, formats.jsonschema.ValidationError)):
            check(text.replace(*lies[name]))


def test_what_opentripplanner_reads(parkd):
    lots = {one["id"]: one for one in json.loads(export(parkd, "parkapi").text())["lots"]}
    assert lots["known"]["opening_hours"] == "Mo-Su 07:00-22:00" and (lots["known"]["total:disabled"], lots["known"]["free:disabled"]) == (4, 1)
    assert lots["known"]["notes"] == {"zh": "每小时 2 元"} and lots["closed"]["state"] == "closed" and lots["silent"]["state"] == "nodata"
    assert "free" not in lots["silent"] and "free" not in lots["band"] and lots["full"]["free"] == 0


def test_places_are_wgs84(parkd):
    shown = {one["id"]: one["geometry"]["coordinates"] for one in json.loads(export(parkd, "geojson").text())["features"]}
    assert shown["known"] == [118.05, 36.81] and 0.003 < shown["known"][0] - shown["shifted"][0] < 0.008
    sites = json.loads(export(parkd, "datex2-light").text())["parkingPublicationLight"]["parkingSite"]
    assert {one["_id"]: list(one["locationAndDimension"]["coordinatesForDisplay"].values())[::-1] for one in sites} == shown


def test_datex2_tells_more(parkd):
    site = next(one for one in json.loads(export(parkd, "datex2-light").text())["parkingPublicationLight"]["parkingSite"] if one["_id"] == "known")
    assert site["assignedFor"] == [{"typeOfAssignment": {"value": "optimisedFor"}, "user": {"value": "disabled"}, "availableSpaces": 1},
                                   {"typeOfAssignment": {"value": "optimisedFor"}, "vehicleType": {"value": "lorry"}}]
    assert site["openingTimesDescription"] == ["7:00-22:00"] and site["occupancyTrend"] == {"value": "unknown"}


@pytest.mark.parametrize("name", ["=HYPERLINK(\"http://x\")", "+1+1", "-1+1", "@SUM(A1)"])
def test_a_spreadsheet_runs_nothing(parkd, name):
    parkd.put("lots", {"id": "formula", "name": name, "address": name, "area": "=1"})
    text = wait_for(lambda: (one := export(parkd, "csv").text()) and "formula" in formats.table(one) and one, what="the lot")
    guarded = "\"'" + name.replace('"', '""') + '"'
    assert f"formula,{guarded},\"'=1\",{guarded}," in text, text


def test_filters(parkd):
    assert set(formats.table(export(parkd, "csv?class=accessible").text())) == {"known"}
    assert set(formats.table(export(parkd, "csv?area=%E4%B8%9C%E5%8C%BA").text())) == {"known"}
    assert set(formats.siri(export(parkd, "siri-fm?bbox=118.049,36.8,118.051,36.82").text())) == {"known", "full", "silent", "closed", "band", "endless", "hostile"}
    assert "closed" not in formats.table(export(parkd, "csv?open_now=true").text())


@pytest.mark.parametrize("path", ["geojson?limit=5", "csv?options=keyValues", "ngsi-ld?options=normalized", "siri-fm?crs=gcj02", "parkapi?class=rocket"])
def test_wrong_questions(parkd, path):
    assert parkd.get("/v1/export/" + path).status == 400


def test_unknown_formats(parkd):
    assert parkd.get("/v1/export/datex3").status == 404


def test_a_trend_and_an_end(keep, folder):
    """A lot fills for twenty minutes, then falls silent: increasing, and at last no number anywhere."""
    clock = Clock(1_795_334_400_000, 120)
    parkd = world_of(keep, folder, clock).start_parkd()

    def site():
        return next(one for one in json.loads(export(parkd, "datex2-light").text())["parkingPublicationLight"]["parkingSite"] if one["_id"] == "known")
    free = 90
    while site().get("occupancyTrend") != {"value": "increasing"}:
        push(parkd, [{"lot": "known", "free": free}])
        was, free = clock.now_ms(), free - 8
        assert free > 0, "the trend was never told"
        wait_for(lambda: clock.now_ms() - was > 200_000, 20, "three minutes of the test's clock")
    wait_for(lambda: parkd.lot("known")["free"] is None, 60, "the number to run out")
    for name, (_, check) in formats.ALL.items():
        wait_for(lambda: check(export(parkd, name).text())["known"] is None, 20, f"{name} to say nothing")
    assert "occupancyTrend" not in site()
