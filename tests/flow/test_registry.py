# SPDX-License-Identifier: MIT
"""Registrations while parkd runs: lots, feeds and sinks come and go; a district file seeds once; two parkd
on one Redis."""
import json

from harness.parkd import Parkd
from harness.redis import RedisServer
from harness.wait import wait_for


def test_lots_come_and_go(world):
    lots = world.feed("f", "generic", 3, interval_ms=100, lot={"model": "manual"})
    world.start_lotsim()
    for at, lot in enumerate(lots):
        world.lotsim.value(lot, 10 + at)
    second = world.lots.pop(1)
    parkd = world.start_parkd()
    wait_for(lambda: parkd.lot(lots[0])["free"] == 10)
    assert parkd.get(f"/v1/lots/{lots[1]}").status == 404
    parkd.put("lots", second)
    wait_for(lambda: parkd.lot(lots[1])["free"] == 11, what="the new lot to be read")
    parkd.remove("lots", lots[0])
    wait_for(lambda: parkd.get(f"/v1/lots/{lots[0]}").status == 404)
    assert sorted(parkd.lots()) == lots[1:]
    record = parkd.store.record(lots[2])
    parkd.put("lots", world.lots[1] | {"total": 12, "open": 12, "name": "smaller"})
    wait_for(lambda: parkd.lot(lots[2])["name"] == "smaller", what="the changed registration")
    assert parkd.store.record(lots[2]).seq >= record.seq
    parkd.kill()
    parkd.start()
    assert sorted(parkd.lots()) == lots[1:] and parkd.lot(lots[2])["name"] == "smaller"


def test_removed_lot_that_comes_back_never_reuses_a_number(world):
    lots = world.feed("f", "native", 1, sim={"push_interval_ms": 30}, lot={"model": "counter"})
    world.start_lotsim()
    world.start_platform("--plain")
    world.sink()
    parkd = world.start_parkd()
    wait_for(lambda: parkd.store.record(lots[0]) and lots[0] in world.platform.held())
    before = parkd.store.record(lots[0]).seq
    parkd.remove("lots", lots[0])
    wait_for(lambda: parkd.get(f"/v1/lots/{lots[0]}").status == 404)
    parkd.put("lots", world.lots[0])
    wait_for(lambda: (one := parkd.store.record(lots[0])) and one.seq > before, what="a higher number")
    wait_for(lambda: world.platform.held()[lots[0]]["seq"] > before, what="it at the platform")
    assert world.platform.violations() == []


def test_feeds_come_change_and_go(world):
    lots = world.feed("f", "generic", 1, interval_ms=100, lot={"model": "manual"})
    world.start_lotsim()
    world.lotsim.value(lots[0], 5)
    feed = world.feeds.pop()
    parkd = world.start_parkd()
    assert parkd.status()["feeds"] == []
    parkd.put("feeds", feed)
    wait_for(lambda: parkd.lot(lots[0])["free"] == 5, what="the new feed to be asked")
    parkd.put("feeds", feed | {"enabled": False})
    wait_for(lambda: parkd.feed("f")["state"] == "disabled")
    polls = world.lotsim.state("?lots=0")["requests"]
    world.lotsim.value(lots[0], 6)
    parkd.put("feeds", feed)
    wait_for(lambda: parkd.lot(lots[0])["free"] == 6)
    assert world.lotsim.state("?lots=0")["requests"] > polls
    wrong = dict(feed, params=feed["params"] | {"headers": {"X-Api-Key": "wrong"}})
    parkd.put("feeds", wrong)
    wait_for(lambda: parkd.feed("f")["state"] == "bad", what="the wrong key to be refused")
    assert parkd.lot(lots[0])["free"] == 6
    parkd.put("feeds", feed)
    wait_for(lambda: parkd.feed("f")["state"] == "good", what="the right key again")
    parkd.remove("feeds", "f")
    wait_for(lambda: parkd.status()["feeds"] == [])
    world.lotsim.value(lots[0], 7)
    assert parkd.lot(lots[0])["free"] == 6               # its lots keep their reading and age


def test_sinks_come_change_and_go(world):
    lots = world.feed("f", "native", 2, sim={"push_interval_ms": 50}, lot={"model": "manual"})
    world.start_lotsim()
    world.start_platform("--plain")
    for at, lot in enumerate(lots):
        world.lotsim.value(lot, 10 + at)
    parkd = world.start_parkd()
    wait_for(lambda: parkd.lot(lots[1])["free"] == 11)
    sink = world.sink()
    parkd.put("sinks", sink)
    wait_for(lambda: len(world.platform.held()) == 2, what="all to be told to a new sink")
    parkd.put("sinks", sink | {"enabled": False})
    world.lotsim.value(lots[0], 20)
    wait_for(lambda: parkd.lot(lots[0])["free"] == 20)
    assert world.platform.free(lots[0]) == 10
    parkd.put("sinks", sink)
    wait_for(lambda: world.platform.free(lots[0]) == 20, what="what it missed")
    parkd.remove("sinks", "city")
    wait_for(lambda: parkd.status()["sinks"] == [])
    world.lotsim.value(lots[0], 30)
    wait_for(lambda: parkd.lot(lots[0])["free"] == 30)
    assert world.platform.free(lots[0]) == 20 and world.platform.violations() == []


def test_district_file_seeds_once_and_never_overrides(world):
    world.feed("f", "native", 2)
    parkd = world.start_parkd()
    assert sorted(parkd.lots()) == ["f-1", "f-2"] and parkd.feed("f")
    parkd.put("lots", world.lots[0] | {"name": "renamed"})
    parkd.remove("lots", "f-2")
    parkd.end()
    parkd.start()
    assert {one["id"]: one["name"] for one in parkd.lots().values()} == {"f-1": "renamed"}
    parkd.remove("lots", "f-1")
    parkd.end()
    parkd.start()
    assert parkd.lots() == {}                            # the feed is still there: the store is not empty


def test_wrong_district_file_writes_nothing_and_names_its_fault(world, keep, folder):
    world.feed("f", "native", 2)
    world.lots[1]["totl"] = 5
    parkd = keep(Parkd(folder / "parkd", district=world.district())).spawn()
    assert parkd.process.popen.wait(60) == 1
    assert "/lots/1" in parkd.log_text() and "totl" in parkd.log_text()
    parkd.conf.pop("district")
    parkd.write_conf()
    parkd.start()
    assert parkd.lots() == {} and parkd.status()["feeds"] == []


def test_conditional_puts(parkd):
    document = {"id": "A", "name": "one"}
    first = parkd.staff("/v1/admin/lots/A", document, "PUT", headers={"If-None-Match": "*"})
    assert first.status == 201
    assert parkd.staff("/v1/admin/lots/A", document, "PUT", headers={"If-None-Match": "*"}).status == 412
    tag = parkd.staff("/v1/admin/lots/A").headers["ETag"]
    assert parkd.staff("/v1/admin/lots/A", document | {"name": "two"}, "PUT",
                       headers={"If-Match": tag}).status == 200
    late = parkd.staff("/v1/admin/lots/A", document | {"name": "three"}, "PUT", headers={"If-Match": tag})
    assert late.status == 412 and late.json()["type"] == "/problems/changed-meanwhile"
    assert parkd.lot("A")["name"] == "two"
    # the id of the path counts
    assert parkd.staff("/v1/admin/lots/B", document, "PUT").status == 422


def test_two_parkd_on_one_redis(world, keep, folder):
    """Leases only save double work: both see everything, one polls, one publishes."""
    server = keep(RedisServer(folder / "redis")).start()
    polled = world.feed("p", "generic", 2, interval_ms=100, lot={"model": "counter"})
    pushed = world.feed("n", "native", 2, sim={"push_interval_ms": 50, "heartbeat_ms": None},
                        lot={"model": "counter"})
    world.start_lotsim()
    world.start_platform("--plain")
    world.sink()
    one = world.start_parkd({"redis": {"url": server.url}}, "one")
    two = keep(Parkd(folder / "two", {"redis": {"url": server.url}})).start()
    wait_for(lambda: sorted(two.lots()) == sorted(polled + pushed))
    wait_for(lambda: all(two.lot(lot)["free"] is not None for lot in polled + pushed),
             what="the second to follow")
    answer = two.post("/v1/ingest/n", {"lot": pushed[0], "free": 99},
                      headers={"Authorization": f"Bearer {world.keys['n']['key']}"})
    assert answer.status == 200
    wait_for(lambda: len(world.platform.held()) == 4)
    world.lotsim.post("pause")
    wait_for(lambda: all(one.lot(lot)["seq"] == two.lot(lot)["seq"] == world.platform.held()[lot]["seq"]
                         for lot in polled + pushed), what="all to hold the same")
    one.put("lots", {"id": "late", "name": "late"})
    wait_for(lambda: "late" in two.lots(), what="the second to hear of a new lot")
    two.remove("lots", "late")
    wait_for(lambda: "late" not in one.lots(), what="the first to hear of its end")
    assert world.platform.violations() == []
    world.lotsim.post("resume")
    one.end()                                            # its leases are released: the other goes on
    world.lotsim.post("push_url", url=two.url)
    seqs = {lot: two.lot(lot)["seq"] for lot in polled}
    wait_for(lambda: all(two.lot(lot)["seq"] > seqs[lot] for lot in polled), 90, "the second to poll")
    tops = {lot: item["seq"] for lot, item in world.platform.held().items()}
    wait_for(lambda: all(world.platform.held()[lot]["seq"] > tops[lot] for lot in polled + pushed), 90,
             "the second to publish")
    assert world.platform.violations() == []
    assert json.loads(two.staff("/v1/admin/status").body)["store"]["up"]
