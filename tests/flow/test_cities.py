# SPDX-License-Identifier: MIT
"""Each city's protocol end to end, as a way in and as a sink: a lot's client speaks it to parkd, parkd speaks
it to the platform. The platform checks what it gets by means of its own: signatures, order, lots made
known."""
import pytest

from harness.city import CITIES, Street, pick
from harness.wait import wait_for
from harness.world import Clock, World

MIDNIGHT_MS = 1_795_449_600_000                  # 2026-11-24 00:00 in Beijing


def hears(street, parkd, base, what="meanwhile"):
    wanted = street.wanted(base)
    wait_for(lambda: [parkd.lot(lot)["free"] for lot in street.lots] == wanted, 30,
             lambda: f"{what}: parkd to hear: {parkd.status()['feeds']} {street.lotsim.state()['lanes']}")


def settle(street, parkd, base, what):
    hears(street, parkd, base, what)
    wanted = street.wanted(base)
    wait_for(lambda: street.held() == wanted, 60,
             lambda: f"{what}: the platform: {street.platform.state()} {parkd.status()['sinks']}")


def check_promise(street, filed_once=True):
    state = street.platform.state()
    assert state["violations"] == [], state["violations"][:3]
    if street.city.files:
        assert set(state["filed"]) == set(street.lots)
        assert not filed_once or set(state["filings"].values()) == {1}, state["filings"]


@pytest.mark.parametrize("city", CITIES, ids=lambda city: city.name + city.keys.get("version", ""))
def test_in_and_out(world, city):
    street = Street(world, city)
    street.say(10)
    parkd = street.open()
    settle(street, parkd, 10, "at the start")
    shown = parkd.lot(street.lots[0])
    assert shown["total"] == 100
    item = street.platform.held()[street.lots[0]]
    assert item.get("total", 100) == 100 and item.get("open", 80) == 80, item
    if city.beats:
        wait_for(lambda: set(street.platform.state()["beats"]) >= set(street.lots),
                 what=lambda: f"signs of life: {street.platform.state()} {parkd.status()['sinks']}")

    # Who signs wrongly is refused in the city's manner, and changes nothing.
    street.lotsim.fault("wrong_signature")
    street.say(20)
    wait_for(lambda: parkd.feed("in")["state"] == "bad", what=lambda: parkd.feed("in"))
    lots = street.lotsim.state()["lots"]
    assert [lots[lot]["acked"]["free"] for lot in street.lots] == street.wanted(10)
    assert [parkd.lot(lot)["free"] for lot in street.lots] == street.held() == street.wanted(10)
    street.lotsim.fault("wrong_signature", False)
    settle(street, parkd, 20, "with the right signature")

    # The links fail while the lots move: what was said meanwhile and overtaken never arrives.
    street.way_in.cut()
    failures = street.failures()
    street.say(23)
    wait_for(lambda: street.failures() > failures, what=lambda: street.lotsim.state()["lanes"])
    assert [parkd.lot(lot)["free"] for lot in street.lots] == street.wanted(20)
    street.say(25)
    street.way_in.restore()
    settle(street, parkd, 25, "after the way in was cut")
    street.way_out.cut()
    for base in (27, 29):
        street.say(base)
        hears(street, parkd, base)
    assert street.held() == street.wanted(25)
    street.way_out.restore()
    settle(street, parkd, 29, "after the way out was cut")
    assert not {23, 24, 27, 28} & {one["free"] for one in street.platform.deliveries()}

    # The platform fails while the lots move.
    for mode, base in (("down", 30), ("code_inside", 40), ("hang", 50), ("cut", 60)):
        street.platform.mode(mode)
        for told in (base, base + 5):
            street.say(told)
            hears(street, parkd, told)
        street.platform.mode("ok")
        settle(street, parkd, base + 5, "after " + mode)

    # parkd dies while the lots move.
    parkd.kill()
    street.say(70)
    parkd.start()
    settle(street, parkd, 70, "after a crash")
    check_promise(street)
    parkd.end()


@pytest.mark.parametrize("city", CITIES, ids=lambda city: city.name + city.keys.get("version", ""))
def test_another_signer_is_refused_by_the_platform(world, city):
    """What the platform takes is signed: with the right name and another's key nothing gets in."""
    street = Street(world, city)
    names = pick(street.own, "app_id", "access_id", "user", "version")
    world.sinks[-1]["params"] = city.sink(city.new_keys() | names, street.lots)
    street.say(10)
    parkd = world.start_parkd()
    wait_for(lambda: street.platform.state()["violation_counts"].get("signature"),
             what=lambda: f"the platform: {street.platform.state()} {parkd.status()['sinks']}")
    assert street.held() == ["nothing", "nothing"]


def test_the_day_is_balanced_with_hefei(keep, folder):
    """Twenty minutes before midnight at 120 times the pace: the cars of the day are told after it, once, and
    the platform's clock is seen to be off."""
    world = World(keep, folder, Clock(MIDNIGHT_MS - 20 * 60_000, 120))
    city = next(one for one in CITIES if one.name == "hefei")
    street = Street(world, city, paths=["uploadDriveIn", "uploadDriveOut"],
                    more=lambda lots: {"balance": {lots[0]: [2, 1], lots[1]: [5, 0]}, "skew_ms": 90_000})
    street.say(10)
    parkd = world.start_parkd()
    settle(street, parkd, 10, "at the start")
    for lot, cars in ((0, {"in": 1}), (1, {"in": 1}), (0, {"in": 1}), (0, {"out": 1})):
        street.lotsim.post("hint", lot=street.lots[lot], **cars)
    days = wait_for(lambda: len(days := street.platform.state()["days"]) == 2 and days, 60,
                    lambda: f"{street.platform.state()} {parkd.status()['sinks']}")
    assert days == {street.lots[0]: {"2026-11-23": [2, 1]}, street.lots[1]: {"2026-11-23": [1, 0]}}
    sink = wait_for(lambda: (sink := parkd.status()["sinks"][0])["day"]["date"] is None and sink)
    assert sink["day"]["unbalanced"] == [{"lot": street.lots[1], "date": "2026-11-23"}]
    assert 60_000 < abs(sink["clock_off_ms"]) < 120_000, sink
    assert not street.platform.state()["violations"]
