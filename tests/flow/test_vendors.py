# SPDX-License-Identifier: MIT
"""Vendors' protocols as a way in, one row each: lotsim speaks it, parkd reads it. Counts, what is refused, an
outage of the link and of parkd; at the end every lot shows its newest number."""
import itertools
import pathlib
import time
import urllib.parse

import pytest

from harness.broker import Broker
from harness.wait import wait_for
from harness.world import sha256
from simlib import crypto
from simlib.dialects.tdznyun import mqtt

DIALECTS = pathlib.Path(__file__).resolve().parents[2] / "src/dialects"
QUICK = {"push_interval_ms": 100, "heartbeat_ms": 300, "retry_ms": 20, "retry_max_ms": 100,
         "timeout_ms": 500}


class Vendor:
    """register(feed, keys, lots): as a person would. refusal: words of a wrong key, in the feed's error
    (polled) or in the answer to the box. sim: more for lotsim. zones: how a lot's area B1 of 20 places is
    shown. beats: whether a sign of life is known."""

    def __init__(self, ident, dialect, register, *, refusal, sim=None, zones=None, beats=False):
        self.ident, self.dialect, self.register = ident, dialect, register
        self.refusal, self.sim, self.zones, self.beats = refusal, sim or {}, zones, beats


def polled(**params):
    def register(feed, keys, _lots):
        feed["mode"] = "poll"
        feed["interval_ms"], feed["spacing_ms"] = 100, 5
        feed["params"] = keys | params
    return register


def by_api_key(feed, keys, _lots):
    feed |= {"mode": "poll", "interval_ms": 100, "params": {"time_field": "gmtModified"},
             "access": {"key": {"header": "X-Api-Key", "value": keys["api_key"]}}}


def by_url_secret(feed, keys, _lots):
    feed |= {"params": {}, "auth": {"url_secret_sha256": [sha256(keys["key"])]}}


def b30(feed, keys, _lots):
    feed["params"] = {"sign": "hmac-sha256"} | keys


def without_key(feed, keys, lots):
    polled()(feed, {name: keys[name] for name in ("cid", "usr", "psw")}, lots)


def parkingos(feed, keys, lots):
    feed["params"] = {"parks": {keys["secret"]: {"lot": f"X{lots[0]}", "key": keys["app_key"]}}}


def wuhan(feed, keys, _lots):
    feed["params"] = {"secret_key": keys["secret"]}


def pyun_lot(feed, keys, _lots):
    feed |= {"dialect": "4pyun", "params": keys, "allow_http": True,
             "paths": [f"/gate/1.0/parking/internal/{what}" for what in ("enter", "leave")]}


def bolink(folder):
    def register(feed, keys, _lots):
        feed |= {"params": keys, "allow_http": True,
                 "paths": [f"/unionapi/{folder}/{call}" for call in ("addpark", "updatepark")]}
    return register


def tdznyun_lot(feed, keys, _lots):
    feed |= {"dialect": "tdznyun", "params": keys}


B1 = {"id": "B1", "total": 20}
VENDORS = [
    Vendor("hikvision", "hikvision", polled(), refusal="0x02401003", sim={"style": "blanks"},
           zones=lambda lot: {"id": f"X{lot}-B1", "total": 20}),
    Vendor("hikvision-status", "hikvision", polled(exclude_permanent=True), refusal="HTTP 401",
           sim={"style": "status"}),
    Vendor("keytop", "keytop", polled(areas=True), refusal="1003",
           zones=lambda _lot: {"id": "1", "total": 20}),
    Vendor("jieshun", "jieshun", polled(), refusal="签名错误", sim={"string_answers": "always"}),
    Vendor("jieshun-no-key", "jieshun", without_key, refusal="签名错误", sim={"style": "no-key"}),
    Vendor("dahua", "dahua", polled(), refusal="27001001"),
    Vendor("dahua-list", "dahua", polled(), refusal="27001001", sim={"style": "list"}),
    Vendor("alibaba", "alibaba-parking", by_api_key, refusal="403: no permission", sim={"style": "text"}),
    Vendor("plates", "plate-recognition", by_url_secret, refusal="401", sim={"style": "blanks"}, beats=True),
    Vendor("b30", "szymzh-b30", b30, refusal="签名错误", zones=lambda _lot: B1),
    Vendor("b30-text", "szymzh-b30", b30, refusal="签名错误", sim={"style": "text"}),
    Vendor("parkingos", "parkingos", parkingos, refusal="签名错误"),
    Vendor("wuhan", "wuhan", wuhan, refusal="签名错误"),
    Vendor("wuhan-text", "wuhan", wuhan, refusal="签名错误", sim={"style": "text"}),
    Vendor("4pyun", "4pyun", polled(), refusal="1401: 签名错误", sim={"style": "blanks"}),
    Vendor("4pyun-text", "4pyun", polled(), refusal="1401: 签名错误", sim={"style": "text"}),
    Vendor("4pyun-api", "4pyun-api", polled(), refusal="401: 签名错误", zones=lambda _lot: B1,
           sim={"style": "text"}),
    Vendor("4pyun-api-json", "4pyun-api", polled(json=True), refusal="HTTP 401", sim={"style": "status"}),
    Vendor("4pyun-api-list", "4pyun-api", polled(list={"city": "淄博市"}), refusal="401: 签名错误"),
    *(Vendor(f"4pyun-lot-{style}", "4pyun-lot", pyun_lot, refusal="签名验证不通过", sim={"style": style})
      for style in ("form", "parts", "url", "json")),
    Vendor("bolink", "bolink", bolink("newpark"), refusal="签名错误"),
    Vendor("bolink-text", "bolink", bolink("newpark"), refusal="签名错误", sim={"style": "text"}),
    Vendor("bolink-park", "bolink", bolink("park"), refusal="签名错误", sim={"style": "park"}),
    Vendor("bolink-query", "bolink-query", polled(), refusal="0: 签名错误"),
    Vendor("bolink-query-plain", "bolink-query", polled(), refusal="0: 签名错误", sim={"style": "plain"}),
    Vendor("tdznyun", "tdznyun", polled(), refusal="401: 签名错误"),
    Vendor("tdznyun-text", "tdznyun", polled(), refusal="401: 签名错误", sim={"style": "text"}),
    Vendor("tdznyun-lot", "tdznyun-lot", tdznyun_lot, refusal="签名错误"),
]


@pytest.fixture(params=VENDORS, ids=lambda vendor: vendor.ident)
def vendor(request):
    return request.param


def lots_of(world, vendor, count=2):
    """ParkingOS has a token for each lot, hence a feed for each."""
    count = 1 if vendor.dialect == "parkingos" else count
    lots = world.feed("box", vendor.dialect, count, sim=QUICK | vendor.sim,
                      lot={"model": "manual", "zones": {"B1": 20} if vendor.zones else {}})
    vendor.register(world.feeds[-1], world.keys["box"], lots)
    return lots


def shown(parkd, lots):
    return [parkd.lot(lot)["free"] for lot in lots]


def tell(world, parkd, lots, first, what):
    """The lots say first, first + 1 …; parkd shows it."""
    want = list(range(first, first + len(lots)))
    for lot, free in zip(lots, want):
        world.lotsim.value(lot, free)
    wait_for(lambda: shown(parkd, lots) == want,
             what=lambda: f"{what}: {want}, not {shown(parkd, lots)}: {parkd.feed('box')} "
                          f"{world.lotsim.state()['lanes']}")


def test_counts_and_outages(world, vendor):
    lots = lots_of(world, vendor)
    world.start_lotsim()
    for lot in lots:
        world.lotsim.value(lot, 3)
    parkd = world.start_parkd()
    tell(world, parkd, lots, 10, "the first numbers")
    assert parkd.lot(lots[0])["total"] == 100
    if vendor.zones:
        want = vendor.zones(lots[0])
        zone = wait_for(lambda: parkd.lot(lots[0])["zones"], what="its areas")[0]
        assert want.items() <= zone.items(), zone
    wait_for(lambda: parkd.feed("box")["state"] == "good", what=lambda: parkd.feed("box"))
    tell(world, parkd, lots, 0, "0 is full, not unknown")
    world.lotsim.kill()                              # the link, or the vendor's cloud
    if world.feeds[0]["mode"] == "poll":
        wait_for(lambda: parkd.feed("box")["state"] == "bad", what="the feed to notice")
    assert shown(parkd, lots) == list(range(len(lots)))
    world.lotsim.start()
    world.lotsim.post("push_url", url=parkd.url)
    tell(world, parkd, lots, 20, "after the link came back")
    parkd.kill()
    for at, lot in enumerate(lots):
        world.lotsim.value(lot, 40 + at)
    parkd.start()
    wait_for(lambda: shown(parkd, lots) == list(range(40, 40 + len(lots))),
             what=lambda: f"what changed while parkd was away: {shown(parkd, lots)}")
    wait_for(lambda: parkd.feed("box")["state"] == "good", what=lambda: parkd.feed("box"))


def test_what_is_wrong_changes_nothing(world, vendor):
    """A wrong key is answered in the vendor's manner; half a car, HTML, half a body cost nothing held."""
    lots = lots_of(world, vendor, 1)
    world.start_lotsim()
    world.lotsim.value(lots[0], 10)
    parkd = world.start_parkd()
    tell(world, parkd, lots, 11, "the first number")
    polls = world.feeds[0]["mode"] == "poll"
    for at, fault in enumerate(("bad_item", "html", "truncated", "error_envelope")):
        before = parkd.store.record(lots[0])
        world.lotsim.fault(fault, lot=lots[0])
        asked = told(world, polls)
        wait_for(lambda: told(world, polls) > asked + 2, what=f"{fault} to be told")
        after = parkd.store.record(lots[0])
        assert (after.seq, after.visible) == (before.seq, before.visible), fault
        world.lotsim.fault(fault, False, lot=lots[0])
        tell(world, parkd, lots, 20 + at, f"recovery from {fault}")
    if polls:
        refused_by_the_vendor(world, parkd, vendor)
    else:
        refused_by_parkd(world, parkd, vendor, lots)


def told(world, polls):
    state = world.lotsim.state()
    return state["requests"] if polls else state["lanes"][0]["sent"]


def refused_by_parkd(world, parkd, vendor, lots):
    world.lotsim.fault("wrong_signature", lot=lots[0])
    world.lotsim.value(lots[0], 60)
    wait_for(lambda: vendor.refusal in (world.lotsim.state()["lanes"][0]["last_error"] or ""),
             what=lambda: world.lotsim.state()["lanes"])
    assert parkd.store.record(lots[0]).free != 60
    assert parkd.metrics()['parkd_ingest_requests_total{result="unauthorised"}'] > 0
    world.lotsim.fault("wrong_signature", False, lot=lots[0])
    wait_for(lambda: shown(parkd, lots) == [60], what="the right key to be believed")
    if vendor.beats:
        beats = world.lotsim.state()["lanes"][0]["beats"]
        wait_for(lambda: world.lotsim.state()["lanes"][0]["beats"] > beats + 2, what="signs of life")
        assert parkd.feed("box")["state"] == "good"


def refused_by_the_vendor(world, parkd, vendor):
    """The registration has another key than the vendor."""
    feed = world.feeds[0]
    wrong = {name: "wrong" if "secret" in name or name in ("sign_key", "key") else value
             for name, value in feed["params"].items()}
    if vendor.ident == "jieshun-no-key":
        wrong["sign_key"] = "a key that the account has not"
    access = {"key": {"header": "X-Api-Key", "value": "wrong"}}
    parkd.put("feeds", feed | {"params": wrong} | ({"access": access} if "access" in feed else {}))
    wait_for(lambda: vendor.refusal in (parkd.feed("box")["error"] or ""), what=lambda: parkd.feed("box"))
    assert "a key that" not in str(parkd.feed("box"))
    parkd.put("feeds", feed)
    wait_for(lambda: parkd.feed("box")["state"] == "good", what="the right key")


@pytest.mark.parametrize("dialect", ["dahua", "jieshun"])
def test_a_worn_out_token_is_renewed(world, dialect):
    vendor = next(one for one in VENDORS if one.ident == dialect)
    lots = lots_of(world, vendor, 1)
    world.start_lotsim()
    world.lotsim.value(lots[0], 5)
    parkd = world.start_parkd()
    tell(world, parkd, lots, 6, "the first number")
    for free in (7, 8):
        world.lotsim.post("expire")
        tell(world, parkd, lots, free, "after the token ended")
    assert parkd.feed("box")["state"] == "good"


@pytest.mark.parametrize("dialect", ["plate-recognition", "szymzh-b30", "parkingos"])
def test_without_signature_or_key_nobody_is_believed(world, dialect):
    """Registered without any auth: not one of their messages is taken."""
    lots = world.feed("box", dialect, 1)
    world.feeds[0]["params"] = {}
    parkd = world.start_parkd()
    body = {"service": "parkingspace", "parkid": f"X{lots[0]}", "spacetotal": 9, "spaceLeft": 5,
            "ParkKey": f"X{lots[0]}", "Data": {"RemainingSpaces": 5}, "service_name": "upload_order",
            "token": f"X{lots[0]}", "data": {"empty_plot": 5, "in_time": 1}}
    answer = parkd.post("/v1/ingest/box", body)
    assert "未授权" in answer.text(), answer
    assert parkd.lot(lots[0])["free"] is None
    assert "no signature" in parkd.feed("box")["error"]
    parkd.put("feeds", world.feeds[0] | {"auth": {"addresses": ["127.0.0.1"]}})
    assert "未授权" not in parkd.post("/v1/ingest/box", body).text()
    assert parkd.lot(lots[0])["free"] == 5


def test_tdznyun_over_mqtt(world, keep, folder):
    """Counts, entries with the counts beside them, signs of life, and what must not count: late records, other
    messages, what is unreadable. The broker goes and comes back."""
    broker = keep(Broker(folder / "broker")).start()
    lots = world.feed("box", "tdznyun", 2)
    for lot, called in zip(world.lots, ("SLZX/1P11", "SLZX/1P12")):
        lot["foreign_id"] = called
    world.feeds[0] = {"id": "box", "dialect": "tdznyun", "mode": "mqtt", "url": broker.url(), "params": {},
                      "mqtt": {"topics": ["pts-SLZX/#"]}}
    parkd = world.start_parkd()

    def heard(want, *messages):
        wait_for(lambda: parkd.feed("box")["mqtt"]["connection"] == "connected",
                 what=lambda: parkd.feed("box"))
        publisher = broker.publisher()
        for message in messages:
            publisher.publish("pts-SLZX/1", message)
        publisher.close()
        wait_for(lambda: shown(parkd, lots) == want,
                 what=lambda: f"{want}: {shown(parkd, lots)} {parkd.feed('box')}")

    heard([99, 0], mqtt("SLZX/1P11", "manage.parkleft", parkLeft=99),
          mqtt("SLZX/1P12", "manage.parkleft", parkLeft="0"))
    before = parkd.store.record(lots[0])
    heard([99, 7], mqtt("SLZX/1P11", "sync.park.online.status", mac="12_12"),
          mqtt("SLZX/1P11", "x", remainParkNum=5, bcbz="0"), mqtt("SLZX/1P11", "manage.parkleft"), b"?",
          mqtt("SLZX/1P12", "x", remainParkNum=7, totalParkNum=110, bcbz="1"))
    after = parkd.store.record(lots[0])
    assert after.seq == before.seq and after.observed_ms > before.observed_ms
    broker.kill()
    broker.start()
    heard([50, 7], mqtt("SLZX/1P11", "manage.parkleft", parkLeft=50))


def test_a_repeated_record_of_a_car_counts_once(world):
    """4pyun: an older serial once more changes nothing, and is answered well."""
    lots = world.feed("box", "4pyun-lot", 1)
    pyun_lot(world.feeds[0], world.keys["box"], lots)
    parkd = world.start_parkd()
    secret, free = world.keys["box"]["app_secret"], []
    for serial, remain in (("A", 50), ("A", 50), ("B", 49), ("A", 50), ("C", 48)):
        fields = {"park_uuid": f"X{lots[0]}", "parking_serial": serial,
                  "enter_time": str(int(time.time() * 1000)), "total_parking_space": "100",
                  "remain_parking_space": str(remain)}
        body = urllib.parse.urlencode(fields | {"sign": crypto.pyun_sign(fields, secret)})
        answer = parkd.post("/gate/1.0/parking/internal/enter", body.encode(), headers={
            "Content-Type": "application/x-www-form-urlencoded"})
        assert answer.json()["code"] == "200" and "hint" not in answer.json(), answer
        free.append(parkd.lot(lots[0])["free"])
    assert free == [50, 50, 49, 49, 48]


@pytest.mark.parametrize("file", sorted(one for one in DIALECTS.glob("*.lua") if one.name != "lib.lua"), ids=lambda one: one.stem)
def test_a_dialect_is_short_and_says_where_it_is_from(file):
    lines = file.read_text(encoding="utf-8").splitlines()
    heading = " ".join(line.removeprefix("-- ") for line in itertools.takewhile(lambda one: one.startswith("--"), lines))
    assert len(lines) <= 120
    assert "Source: " in heading and "Confidence: " in heading
