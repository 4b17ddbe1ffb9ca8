# SPDX-License-Identifier: MIT
"""Operators do their part without telephoning: register, choose a dialect, try, hand in; the test runs by itself; an officer decides;
and lots without a system are told by people."""
import datetime
import itertools

import pytest

from harness.office import Office, Person
from harness.parkd import Parkd
from harness.wait import wait_for
from harness.world import sha256
from test_ledger import csv_of

RULES = {"reports": 5, "minutes": 0, "manual_reports": 2, "manual_minutes": 0, "days": 7}


@pytest.fixture
def office(world, folder):
    """A district with nothing but a platform; one operator's lots run in lotsim already."""
    world.feed("g", "generic", 2, interval_ms=1000, lot={"model": "manual"})
    world.start_lotsim()
    for lot in ("g-1", "g-2"):
        world.lotsim.value(lot, 40)
    world.start_platform("--plain", "--native-bearer", "a-key")
    world.parkd = world.keep(Parkd(folder / "parkd", {"district": {"division": "370302"}})).start()
    world.parkd.put("sinks", world.sink(bearer="a-key"))
    found = Office(world.parkd)
    found.local.put("/v1/admin/rules/acceptance", RULES)
    found.world = world
    return found


def feed_of(world, ident="g"):
    return next(one for one in world.feeds if one["id"] == ident)


def lot_of(world, ident):
    found = next(one for one in world.lots if one["id"] == ident)
    return {key: value for key, value in found.items() if key != "stage"}


def acceptance(person, lot):
    return person.get(f"/v1/operator/lots/{lot}/acceptance").json()


def test_from_registration_to_the_platform(office):
    world, op, officer = office.world, office.account("op", "operator"), office.account("off", "officer")
    assert [one["name"] for one in op.get("/v1/dialects").json()["dialects"] if one["name"] in ("generic", "keytop")] == ["generic", "keytop"]
    feed = feed_of(world)
    trial = op.post("/v1/operator/try", {key: feed[key] for key in ("dialect", "url", "params")})
    assert trial.status == 200, trial.text()
    assert op.put("/v1/operator/feeds/g", feed).status == 201
    shown = op.get("/v1/operator/feeds/g").json()
    assert shown["operator"] == "op" and shown["params"]["headers"]["X-Api-Key"] == "***"
    again = op.put("/v1/operator/feeds/g", shown | {"interval_ms": 900})
    assert again.status == 200, again.text()              # masks stand for what is held
    assert op.put("/v1/operator/lots/g-1", lot_of(world, "g-1") | {"stage": "connected", "operator": "other"}).status == 201
    lot = op.get("/v1/operator/lots/g-1").json()
    assert (lot["state"], lot["operator"]) == ("registered", "op")
    entry = office.local.get("/v1/admin/ledger/g-1").json()
    assert entry["state"] == "registered" and entry["history"][-1]["by"] == "op"
    wait_for(lambda: op.get("/v1/operator/lots/g-1").json()["reading"]["free"] == 40, what="the count")
    assert "g-1" not in world.platform.held()
    early = officer.post("/v1/admin/lots/g-1/approve", {})
    assert early.status == 409
    assert op.post("/v1/operator/lots/g-1/submit").status == 200
    wait_for(lambda: [one["result"] for one in acceptance(op, "g-1")["checks"][:4]] == ["pass"] * 4, what="the reports to suffice")
    found = acceptance(op, "g-1")
    assert found["state"] == "running" and found["checks"][4]["advice_zh"] and found["remark_zh"]
    assert op.post("/v1/admin/lots/g-1/approve", {}).status == 404      # not on the public listener
    assert Person(office.console, key=office.key("op")["key"]).post("/v1/admin/lots/g-1/approve", {}).status == 403
    assert officer.post("/v1/admin/lots/g-1/waive", {"why": "现场不能断网"}).status == 200
    wait_for(lambda: acceptance(op, "g-1")["state"] == "passed", what="the test to pass")
    assert "g-1" not in world.platform.held()             # an officer decides
    assert officer.post("/v1/admin/lots/g-1/approve", {}).json()["state"] == "connected"
    wait_for(lambda: world.platform.held().get("g-1", {}).get("free") == 40, what="the platform to have it")
    history = office.local.get("/v1/admin/ledger/g-1").json()
    assert [(one["by"], one["to"]) for one in history["history"]] == [("op", "registered"), ("op", "testing"), ("off", "connected")]
    assert history["mode"] == "auto"


def test_outage_is_survived(office):
    world, op = office.world, office.account("op", "operator")
    op.put("/v1/operator/feeds/g", feed_of(world))
    op.put("/v1/operator/lots/g-1", lot_of(world, "g-1"))
    op.post("/v1/operator/lots/g-1/submit")
    wait_for(lambda: acceptance(op, "g-1")["checks"][0]["result"] == "pass", what="enough reports")
    shown = op.get("/v1/operator/feeds/g").json()
    assert op.put("/v1/operator/feeds/g", shown | {"enabled": False}).status == 200
    wait_for(lambda: acceptance(op, "g-1")["checks"][3]["have"] == "1", 40, what="the gap to be seen")
    op.put("/v1/operator/feeds/g", shown)
    wait_for(lambda: acceptance(op, "g-1")["state"] == "passed", 40, lambda: f"the test to pass: {acceptance(op, 'g-1')}")


def test_test_goes_on_after_a_restart(office):
    world, op = office.world, office.account("op", "operator")
    op.put("/v1/operator/feeds/g", feed_of(world))
    op.put("/v1/operator/lots/g-1", lot_of(world, "g-1"))
    office.local.put("/v1/admin/rules/acceptance", RULES | {"reports": 8})
    op.post("/v1/operator/lots/g-1/submit")
    wait_for(lambda: acceptance(op, "g-1")["checks"][0]["have"] >= "2", what="some reports")
    world.parkd.kill()
    world.parkd.start()
    op = office.world and Person(world.parkd.run["public"], op.cookie, op.csrf)
    wait_for(lambda: acceptance(op, "g-1")["checks"][0]["result"] == "pass", 40, what="the test to go on")


def test_nobody_touches_what_is_anothers(office):
    world, one, two = office.world, office.account("one", "operator"), office.account("two", "operator")
    one.put("/v1/operator/feeds/g", feed_of(world))
    one.put("/v1/operator/lots/g-1", lot_of(world, "g-1"))
    for path in ("/v1/operator/lots/g-1", "/v1/operator/feeds/g", "/v1/operator/lots/g-1/acceptance", "/v1/operator/feeds/g/bodies",
                 "/v1/operator/lots/g-1/attendants", "/v1/operator/lots/g-1/quality"):
        assert two.get(path).status == 404, path
    for path in ("lots/g-1/submit", "lots/g-1/withdraw", "lots/g-1/attendants", "feeds/g/keys", "feeds/g/poll", "feeds/g/replay"):
        assert two.post(f"/v1/operator/{path}", {"kind": "bearer"}).status == 404, path
    assert two.delete("/v1/operator/feeds/g").status == 404
    assert two.put("/v1/operator/feeds/g", feed_of(world)).status == 404
    assert two.put("/v1/operator/lots/g-1", lot_of(world, "g-1")).status == 404
    theirs = two.put("/v1/operator/lots/mine", {"id": "mine", "name": "x", "feed": "g"})
    assert theirs.status == 422 and theirs.json()["errors"][0]["pointer"] == "/feed"
    assert two.post("/v1/operator/try", {"feed": "g"}).status == 404
    assert two.get("/v1/operator/lots").json()["count"] == 0 and one.get("/v1/operator/lots").json()["count"] == 1
    files = two.put("/v1/operator/feeds/t", {"id": "t", "dialect": "native", "mode": "push", "tls": {"key_file": "/etc/shadow"}})
    assert files.status == 403
    assert office.account("view", "viewer").get("/v1/operator/lots").status in (403, 404)


def test_feed_keys_overlap(office):
    op = office.account("op", "operator")
    op.put("/v1/operator/feeds/n", {"id": "n", "dialect": "native", "mode": "push"})
    op.put("/v1/operator/lots/N", {"id": "N", "name": "北", "feed": "n", "total": 9})
    first, second = (op.post("/v1/operator/feeds/n/keys", {"kind": "bearer"}).json() for _ in range(2))

    def push(key, free):
        return office.parkd.post("/v1/ingest/n", {"lot": "N", "free": free}, headers={"Authorization": f"Bearer {key['secret']}"}).status
    assert push(first, 1) == push(second, 2) == 200
    assert op.delete("/v1/operator/feeds/n/keys/bearer-0").status == 204
    wait_for(lambda: push(first, 3) == 401, what="the first key to end")
    assert push(second, 4) == 200
    assert op.get("/v1/operator/feeds/n").json()["auth"]["bearer_sha256"] == 1
    assert sha256(second["secret"]) in repr(office.parkd.redis("HGETALL", "parkd:feeds"))
    assert second["secret"] not in repr(office.parkd.redis("HGETALL", "parkd:feeds"))
    assert op.post("/v1/operator/feeds/n/keys", {"kind": "x"}).status == 422


def test_attendant(office):
    op = office.account("op", "operator")
    op.put("/v1/operator/lots/A", {"id": "A", "name": "甲", "total": 50})
    made = op.post("/v1/operator/lots/A/attendants", {"label": "早班"}).json()
    phone = Person(office.public, key=made["link"].split("#")[1])
    assert phone.get("/v1/attendant").json()["name"] == "甲"

    def tell(ident, **what):
        return phone.post("/v1/attendant/report", {"id": ident} | what)
    assert tell("m1", free=20).json()["free"] == 20
    assert tell("m1", free=20).json()["repeated"]
    assert tell("m2", delta=-1).json()["free"] == 19
    assert tell("m2", delta=-1).json()["free"] == 19      # a phone that was not told
    assert tell("m3", free=51).status == 422 and tell("m4", delta=0).status == 422 and tell("m5").status == 422
    old = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=5)).isoformat().replace("+00:00", "Z")
    assert tell("m6", free=3, at=old).json()["free"] == 19
    public = office.parkd.get("/v1/lots/A").json()
    assert public["free"] == 19 and "manual" in public["quality"]
    band = tell("m7", band="few").json()
    assert band["free"] is None and band["band"] == "few"
    assert op.post("/v1/operator/lots/A/submit").status == 200
    assert tell("m8", free=5).json()["free"] == 5
    more = itertools.count()
    wait_for(lambda: tell(f"n{next(more)}", free=6).status == 200 and acceptance(op, "A")["state"] == "passed", what="the test of people")
    assert office.local.post("/v1/admin/lots/A/approve", {}).json()["mode"] == "manual"
    assert office.local.get("/v1/admin/ledger").json()["progress"]["manual"] == 1
    wait_for(lambda: office.world.platform.held().get("A", {}).get("free") == 6, what="the platform to have it")
    assert phone.get("/v1/operator/lots").status == 403
    assert op.delete(f"/v1/operator/lots/A/attendants/{made['id']}").status == 204
    assert phone.get("/v1/attendant").status == 401
    assert office.parkd.post("/v1/ingest/people", {"lot": "A", "free": 1}).status in (401, 403)


def test_suspending(office):
    world, officer = office.world, office.account("off", "officer")
    officer.put("/v1/admin/feeds/g", feed_of(world))
    officer.put("/v1/admin/lots/g-1", lot_of(world, "g-1") | {"stage": "connected"})
    wait_for(lambda: world.platform.held().get("g-1", {}).get("free") == 40, what="the platform to have it")
    assert officer.post("/v1/admin/lots/g-1/suspend", {"why": ""}).status == 422
    assert officer.post("/v1/admin/lots/g-1/suspend", {"why": "施工"}).json()["state"] == "suspended"
    world.lotsim.value("g-1", 7)
    wait_for(lambda: world.platform.held()["g-1"]["free"] is None, what="the platform to hear that nobody knows")
    assert office.parkd.lots()["g-1"]["free"] is None
    officer.post("/v1/admin/lots/g-1/resume", {"why": "施工结束"})
    wait_for(lambda: world.platform.held()["g-1"]["free"] == 7, what="the platform to hear of it again")


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def test_counts_from_a_spreadsheet(office):
    """For lots without a system: each row for itself, named by code or name, in Chinese words; a dry run changes nothing; nobody's but one's own."""
    op = office.account("op", "operator")
    for ident, name in (("h1", "人工一"), ("h2", "人工二"), ("h3", "同名"), ("h4", "同名"), ("new", "还没有值守员")):
        assert op.put(f"/v1/operator/lots/{ident}", {"id": ident, "name": name, "total": 50}).status == 201
        if ident != "new":
            assert op.post(f"/v1/operator/lots/{ident}/attendants", {"label": "门"}).status == 201
    office.local.put("/v1/admin/lots/other", {"id": "other", "name": "别人的", "total": 9, "operator": "somebody"})
    rows = [["车场空位统计表", "", "", ""], ["停车场编码", "停车场名称", "空位", "余位"], ["h1", "", "１２", ""], ["", "人工二", "", "紧张"], ["", "同名", "3", ""], ["h3", "", "51", ""],
            ["h4", "", "", "很多"], ["new", "", "3", ""], ["other", "", "3", ""], ["", "", "", ""]]
    sheet = csv_of(rows)

    def upload(query, body=sheet, kind="text/csv", who=op):
        return who.ask(f"/v1/operator/upload{query}", body, "POST", {"Content-Type": kind})
    shown = upload("?dry_run=1").json()
    assert (shown["rows"], shown["good"]) == (7, 2) and "accepted" not in shown
    assert [(one["row"], one["column"]) for one in shown["refused"]] == [(5, "名称"), (6, "空位"), (7, "余位"), (8, "编码"), (9, "编码")]
    assert all(one["why"]["zh"] and one["why"]["en"] for one in shown["refused"])
    assert op.get("/v1/operator/lots/h1").json()["reading"]["free"] is None
    assert upload("").json()["accepted"] == 2
    wait_for(lambda: op.get("/v1/operator/lots/h1").json()["reading"]["free"] == 12, what="the number")
    second = op.get("/v1/operator/lots/h2").json()["reading"]
    assert second["band"] == "few" and "manual" in second["quality"]
    old = upload("", csv_of([["编码", "空位", "时间"], ["h1", "3", "2020-01-01 08:00"], ["h1", "4", "soon"]])).json()
    assert [one["column"] for one in old["refused"]] == ["时间", "时间"] and old["accepted"] == 0
    assert upload("", csv_of([["甲", "乙"], ["1", "2"]])).status == 422 and upload("", b"PK\x03\x04nothing", XLSX).status == 400
    assert upload("", sheet, who=office.account("two", "operator")).json()["good"] == 0
