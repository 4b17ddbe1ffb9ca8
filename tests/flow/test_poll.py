# SPDX-License-Identifier: MIT
"""Lots that are asked: each dialect, everything that a vendor's system can answer wrongly, and dead feeds."""
import re
import time

import pytest

from harness.wait import wait_for
from harness.world import Clock, World

POLLED = ("generic", "hikvision", "keytop", "jieshun")
START_MS = 1_772_582_400_000             # 2026-03-04T00:00:00Z


def polled(world, dialect, count=2, **more):
    more = {"interval_ms": 100, "lot": {"model": "manual"}} | more
    if dialect == "keytop":
        lots = [name for at in range(count) for name in world.feed(f"{dialect}-{at}", dialect, 1, **more)]
    else:
        lots = world.feed(dialect, dialect, count, **more)
    return lots


@pytest.mark.parametrize("dialect", POLLED)
def test_dialect_reads_what_the_lots_say(world, dialect):
    lots = polled(world, dialect, 3)
    world.start_lotsim()
    for at, lot in enumerate(lots):
        world.lotsim.value(lot, 10 + at)
    parkd = world.start_parkd()
    for at, lot in enumerate(lots):
        wait_for(lambda: parkd.lot(lot)["free"] == 10 + at,
                 what=lambda: f"{lot}: {parkd.lot(lot)} {parkd.status()['feeds']}")
    world.lotsim.value(lots[1], 0)
    wait_for(lambda: parkd.lot(lots[1])["band"] == "full", what="0 to be full")
    world.lotsim.fault("negative", lot=lots[0])
    wait_for(lambda: "negative" in parkd.lot(lots[0])["quality"], what="the flag of a negative count")
    record = parkd.store.record(lots[0])
    assert (record.free, record.raw_free) == (0, -7)
    world.lotsim.fault("negative", False, lot=lots[0])
    world.lotsim.fault("over_total", lot=lots[0])
    wait_for(lambda: "over_total" in parkd.lot(lots[0])["quality"], what="the flag of a count over the total")
    assert parkd.store.record(lots[0]).free == next(one["total"] for one in world.lots
                                                    if one["id"] == lots[0])
    world.lotsim.fault("over_total", False, lot=lots[0])
    world.lotsim.value(lots[0], 33)
    wait_for(lambda: parkd.lot(lots[0])["free"] == 33
             and not {"negative", "over_total"} & set(parkd.lot(lots[0])["quality"]), what="all well again")
    for feed in parkd.status()["feeds"]:
        assert feed["state"] == "good" and feed["http_status"] == 200 and not feed["error"], feed
        assert feed["reports"] == (1 if dialect == "keytop" else 3) and feed["unknown_lots"] == 0
        assert "secret" not in str(feed).lower() or "app_secret" not in str(feed)


def test_generic_derives_free_from_occupied_and_maps_status(world):
    lots = polled(world, "generic", 3, lot={"model": "manual", "counts": "occupied"})
    world.start_lotsim()
    world.lotsim.value(lots[0], 40)
    world.lotsim.value(lots[1], 40, status="closed")
    parkd = world.start_parkd()
    wait_for(lambda: parkd.lot(lots[0])["free"] == 40, what="the derived count")
    assert "derived" in parkd.lot(lots[0])["quality"]
    wait_for(lambda: parkd.lot(lots[1])["status"] == "closed", what="the mapped status")
    wait_for(lambda: parkd.feed("generic")["state"] == "good")
    assert parkd.lot(lots[2])["free"] is None           # it does not know its count: unknown, not 0


def test_hikvision_permit_places_are_not_public(world):
    lots = polled(world, "hikvision", 1, lot={"model": "manual", "permit": 30})
    world.start_lotsim()
    world.feeds[0]["params"]["exclude_permanent"] = True
    world.lotsim.value(lots[0], 12)
    parkd = world.start_parkd()
    wait_for(lambda: parkd.lot(lots[0])["free"] == 12, what="free without the permit holders' places")
    assert parkd.lot(lots[0])["open"] == 70 and parkd.lot(lots[0])["total"] == 100


def test_jieshun_logs_in_again_when_its_token_ended(world):
    lots = polled(world, "jieshun", 1)
    world.start_lotsim()
    world.lotsim.value(lots[0], 5)
    parkd = world.start_parkd()
    wait_for(lambda: parkd.lot(lots[0])["free"] == 5)
    for free in (6, 7, 8):
        world.lotsim.post("expire")
        world.lotsim.value(lots[0], free)
        wait_for(lambda: parkd.lot(lots[0])["free"] == free, what="the feed to go on after its token ended")
    assert parkd.feed("jieshun")["state"] == "good"


FAULTS = {
    "error_envelope": (None, r"9999|5000|99|0x02000001|系统繁忙|busy"),
    "wrong_signature": (None, r"1003|401|0x02401003|签名错误|密钥错误|Signature|^2|2:"),
    "http_500": (None, r"500"),
    "html": (None, r"(?i)html|json"),
    "empty_list": (None, r"(?i)no lot|no data|empty"),
    "truncated": ({"honest": True}, r"(?i)json|malformed|end|text|string"),
    "cut": ({}, r"(?i)cut|closed|partial|end|transfer|bytes|broke|incomplete"),
    "drip": ({"ms": 200}, r"(?i)time|long|slow"),
    "slow": ({"ms": 20000}, r"(?i)time|long"),
    "reset": (None, r"(?i)reset|closed|empty|connect|recv|broke"),
}


@pytest.mark.parametrize("dialect", POLLED)
def test_faults_of_the_way_fail_the_feed_with_their_reason(world, dialect):
    """Whatever comes in place of an answer: the feed says why, its lots keep reading and age, and it
    recovers alone."""
    lots = polled(world, dialect, 1)
    world.start_lotsim()
    feed = world.feeds[0]["id"]
    world.lotsim.value(lots[0], 21)
    parkd = world.start_parkd()
    wait_for(lambda: parkd.lot(lots[0])["free"] == 21)
    for at, (fault, (params, words)) in enumerate(FAULTS.items()):
        name = "truncated" if fault == "cut" else fault
        before = parkd.store.record(lots[0])
        world.lotsim.fault(name, params=params, all=True)
        wait_for(lambda: parkd.feed(feed)["state"] == "bad", what=lambda: f"{fault}: {parkd.feed(feed)}")
        status = parkd.feed(feed)
        assert status["failures"] >= 1 and re.search(words, status["error"] or ""), (fault, status)
        assert any(feed in line and "health=bad" in line for line in parkd.log_text().splitlines()), fault
        shown, record = parkd.lot(lots[0]), parkd.store.record(lots[0])
        assert shown["free"] == 21 + at, fault
        assert (record.visible, record.seq) == (before.visible, before.seq), fault
        observed = shown["observed_at"]
        parkd.staff(f"/v1/admin/feeds/{feed}/poll", {})
        assert parkd.lot(lots[0])["observed_at"] == observed, f"{fault}: a failed poll must not confirm"
        world.lotsim.fault(name, on=False, all=True)
        world.lotsim.value(lots[0], 22 + at)
        wait_for(lambda: parkd.lot(lots[0])["free"] == 22 + at,
                 what=lambda: f"recovery from {fault}: {parkd.feed(feed)}")
        wait_for(lambda: parkd.feed(feed)["state"] == "good", what=f"the feed to be good after {fault}")


@pytest.mark.parametrize("dialect", ["generic", "jieshun", "hikvision"])
def test_one_bad_item_costs_only_itself(world, dialect):
    lots = polled(world, dialect, 3)
    world.start_lotsim()
    for lot in lots:
        world.lotsim.value(lot, 15)
    parkd = world.start_parkd()
    wait_for(lambda: all(parkd.lot(lot)["free"] == 15 for lot in lots),
             what=lambda: f"{parkd.status()['feeds']}")
    world.lotsim.fault("bad_item", lot=lots[1])
    for lot in lots:
        world.lotsim.value(lot, 16)
    wait_for(lambda: parkd.feed(dialect)["faults"], what="the fault in the status")
    fault = parkd.feed(dialect)["faults"][0]
    assert fault["lot"] in (f"X{lots[1]}", lots[1], None) and fault["pointer"] and fault["reason"], fault
    wait_for(lambda: parkd.lot(lots[0])["free"] == 16 and parkd.lot(lots[2])["free"] == 16,
             what="the others to go on")
    assert parkd.lot(lots[1])["free"] == 15 and parkd.feed(dialect)["state"] == "good"
    world.lotsim.fault("bad_item", False, lot=lots[1])
    wait_for(lambda: parkd.lot(lots[1])["free"] == 16 and not parkd.feed(dialect)["faults"],
             what="all well again")


def test_unchanged_answers_are_cheap(world):
    """Conditional GET where the vendor has an ETag, and no new seq for the same values."""
    lots = polled(world, "generic", 2)
    world.start_lotsim()
    world.lotsim.value(lots[0], 5)
    parkd = world.start_parkd()
    wait_for(lambda: parkd.lot(lots[0])["free"] == 5)
    seq, polls = parkd.store.record(lots[0]).seq, world.lotsim.state("?lots=0")["requests"]
    wait_for(lambda: world.lotsim.state("?lots=0")["requests"] > polls + 20, what="20 more polls")
    assert parkd.store.record(lots[0]).seq == seq
    metrics = parkd.metrics()
    assert metrics["parkd_reports_unchanged_total"] + metrics['parkd_polls_total{result="not_modified"}'] > 0


def test_one_poll_of_a_feed_at_a_time(world):
    lots = polled(world, "generic", 1)
    world.start_lotsim()
    world.lotsim.value(lots[0], 5)
    world.lotsim.fault("slow", params={"ms": 400}, all=True)
    parkd = world.start_parkd()
    wait_for(lambda: parkd.lot(lots[0])["free"] == 5, what="a slow answer to be taken")
    begin, polls = time.monotonic(), world.lotsim.state("?lots=0")["requests"]
    wait_for(lambda: world.lotsim.state("?lots=0")["requests"] >= polls + 5, what="five more polls")
    took = time.monotonic() - begin
    # five answers of 400 ms each cannot come faster one by one
    assert took > 3 * 0.4, "polls overlapped"


def test_unknown_lot_in_the_answer_is_counted(world):
    polled(world, "generic", 3)
    world.start_lotsim()
    del world.lots[1]
    for lot in ("generic-1", "generic-2", "generic-3"):
        world.lotsim.value(lot, 9)
    parkd = world.start_parkd()
    wait_for(lambda: parkd.lot("generic-3")["free"] == 9)
    wait_for(lambda: parkd.feed("generic")["unknown_lots"] == 1)
    assert parkd.metrics()["parkd_reports_unknown_lot_total"] > 0
    parkd.put("lots", {"id": "late", "name": "late", "feed": "generic", "foreign_id": "Xgeneric-2"})
    wait_for(lambda: parkd.lot("late")["free"] == 9, what="a lot registered later to be read")


def test_address_filter(world, keep):
    """A polled URL is a stranger's word: loopback is refused unless allowed."""
    lots = polled(world, "generic", 1)
    world.start_lotsim()
    parkd = world.start_parkd({"net": {"allow_subnets": []}})
    wait_for(lambda: parkd.feed("generic")["state"] == "bad", what="the feed to be refused its address")
    assert re.search(r"(?i)address|allow", parkd.feed("generic")["error"])
    assert world.lotsim.state("?lots=0")["requests"] == 0 and parkd.lot(lots[0])["free"] is None


def test_dead_feed_turns_its_lots_unknown_once(keep, folder):
    """Ten minutes of a faster clock after the last good answer: one "unknown" per lot, numbered and
    delivered once."""
    world = World(keep, folder, Clock(START_MS, 300))
    lots = polled(world, "hikvision", 2)
    live = world.feed("live", "native", 1, sim={"push_interval_ms": 200, "heartbeat_ms": None},
                      lot={"model": "manual"})
    world.start_lotsim()
    world.start_platform("--plain")
    world.sink()
    for lot in lots + live:
        world.lotsim.value(lot, 30)
    parkd = world.start_parkd()
    wait_for(lambda: all(world.platform.free(lot) == 30 for lot in lots + live),
             what="numbers at the platform")
    world.lotsim.fault("http_500", feed="hikvision")
    wait_for(lambda: all(world.platform.free(lot) is None for lot in lots), what="unknown at the platform")
    for lot in lots:
        record, shown = parkd.store.record(lot), parkd.lot(lot)
        assert record.expired and record.free is None and record.last_free == 30
        assert shown["free"] is None and shown["last_known"]["free"] == 30
        assert shown["freshness"] in ("stale", "offline")
        assert world.platform.held()[lot]["seq"] == record.seq
    assert parkd.metrics()["parkd_readings_expired_total"] == 2
    age = parkd.lot(lots[0])["age_s"]
    wait_for(lambda: parkd.lot(lots[0])["age_s"] > age + 1800, what="half an hour more")
    assert parkd.lot(lots[0])["freshness"] in ("stale", "offline") and parkd.lot(live[0])["free"] == 30
    for lot in lots:
        unknown = [one for one in world.platform.deliveries(lot) if one["free"] is None]
        assert len(unknown) == 1, unknown
        assert sum(one.expired for one in parkd.store.changes(lot)) == 1
    world.lotsim.fault("http_500", False, feed="hikvision")
    wait_for(lambda: all(world.platform.free(lot) == 30 for lot in lots),
             what="the numbers to come back by themselves")
    assert world.platform.violations() == []


def test_stopped_source_goes_stale(keep, folder):
    """A vendor's system that answers, but with a time that stands still, confirms nothing."""
    world = World(keep, folder, Clock(START_MS, 120))
    lots = polled(world, "generic", 2)
    world.start_lotsim()
    for lot in lots:
        world.lotsim.value(lot, 30)
    parkd = world.start_parkd()
    wait_for(lambda: all(parkd.lot(lot)["free"] == 30 for lot in lots))
    world.lotsim.fault("stale", lot=lots[0])
    wait_for(lambda: parkd.lot(lots[0])["free"] is None, what="the stopped one to turn unknown")
    assert parkd.lot(lots[1])["free"] == 30 and parkd.feed("generic")["state"] == "good"
    world.lotsim.fault("stale", False, lot=lots[0])
    wait_for(lambda: parkd.lot(lots[0])["free"] == 30, what="it to come back")


def test_poll_now(world):
    lots = polled(world, "generic", 1, interval_ms=3_600_000)
    world.start_lotsim()
    world.lotsim.value(lots[0], 5)
    parkd = world.start_parkd()
    wait_for(lambda: parkd.lot(lots[0])["free"] == 5, what="the first poll, within seconds of the start")
    world.lotsim.value(lots[0], 6)
    assert parkd.staff("/v1/admin/feeds/generic/poll", {}).status == 202
    wait_for(lambda: parkd.lot(lots[0])["free"] == 6, what="the poll that was asked for")
    assert parkd.staff("/v1/admin/feeds/nowhere/poll", {}).status == 404
