# SPDX-License-Identifier: MIT
"""Sinks that are no city's: a context broker (NGSI-LD) and a platform that its params describe. Level after
every outage; refusals of single lots; the platform's side checks keys and signatures by itself."""
import json

import pytest

from harness.wait import wait_for

PLAIN_ITEM = ('{"id":{code},"left":{free},"all":{total},"state":{status},"n":{seq},'
              '"t":{changed|%Y-%m-%d %H:%M:%S}}')
GOOD = {"path": "/code", "equals": [0], "message": "/msg", "reject": [4004, 4000], "pause": [1001, 1002]}
WORDS = {"status": {"open": 1, "closed": 0}}
SIGNED = {"hmac_key": "sesame-open-up", "headers": {"X-Time": "{now|s}"}, "good": GOOD, "words": WORDS,
          "hmac": {"header": "X-Sign", "prefix": "sha256=", "signed": "{now|s}.{body|text}"}}
ASK = {"path": "/plain/lots/{code|url}", "free": "/data/left", "total": "/data/all"}

# name: (dialect, the platform's keys, the sink's params)
SINKS = {
    "ngsi-ld": ("ngsi-ld", {"token": "t-broker"}, {"token": "t-broker"}),
    "plain-each": ("plain", {"hmac_key": SIGNED["hmac_key"]},
                   SIGNED | {"path": "/plain/lots/{code|url}", "method": "PUT", "body": PLAIN_ITEM,
                             "ask": ASK,
                             "beat": {"path": "/plain/beat", "body": '{"id":{code}}'}}),
    "plain-list": ("plain", {"token": "t-plain"},
                   {"token": "t-plain", "path": "/plain/all", "body": '{"list":[{items}]}',
                    "item": PLAIN_ITEM,
                    "good": GOOD, "words": WORDS}),
}


def telling(world, name, **more):
    dialect, keys, params = SINKS[name]
    file = world.folder / "platform.json"
    file.write_text(json.dumps(keys))
    lots = world.feed("f", "native", 3, sim={"push_interval_ms": 50, "heartbeat_ms": None},
                      lot={"model": "manual"},
                      reg={"location": {"lng": 118.018, "lat": 36.807, "datum": "wgs84"}})
    world.start_lotsim()
    change(world, lots, 10)
    world.start_platform("--plain", "--speak", f"{dialect}={file}")
    world.sink(dialect=dialect, params=params, timeout_ms=500, **more)
    return lots, world.start_parkd()


def change(world, lots, base):
    for at, lot in enumerate(lots):
        world.lotsim.value(lot, base + at)


def level(world, lots, base):
    wait_for(lambda: [world.platform.free(lot) for lot in lots] == [base + at for at in range(len(lots))], 60,
             lambda: f"the platform to be level: {world.platform.state()} {world.parkd.status()['sinks']}")


@pytest.mark.parametrize("name", SINKS)
def test_level_after_every_outage(world, name):
    lots, parkd = telling(world, name, heartbeat_s=1)
    level(world, lots, 10)
    assert world.platform.held()[lots[0]]["total"] == 100
    if name == "plain-each":
        wait_for(lambda: set(world.platform.state()["beats"]) == set(lots), what="signs of life")
    for mode, base in (("down", 20), ("http_500", 30), ("code_inside", 40), ("hang", 50), ("cut", 60)):
        if (name, mode) == ("ngsi-ld", "cut"):
            continue                                     # 204 has nothing to cut
        world.platform.mode(mode)
        change(world, lots, base)
        wait_for(lambda: parkd.sink()["failures"] >= 1, what=lambda: f"{mode} to show: {parkd.sink()}")
        change(world, lots, base + 5)
        wait_for(lambda: parkd.lot(lots[2])["free"] == base + 7)
        world.platform.mode("ok")
        parkd.staff("/v1/admin/sinks/city/resume", {})
        level(world, lots, base + 5)
    parkd.kill()
    change(world, lots, 70)
    parkd.start()
    level(world, lots, 70)
    assert world.platform.violations() == []


@pytest.mark.parametrize("name", SINKS)
def test_unknown_takes_the_number_away(world, name):
    lots, parkd = telling(world, name)
    level(world, lots, 10)
    world.lotsim.value(lots[1], None)
    wait_for(lambda: world.platform.free(lots[1]) is None, what=lambda: world.platform.held())
    assert world.platform.free(lots[0]) == 10
    if name == "ngsi-ld":
        out = parkd.ctl("sink", "try", "city", "--lot", lots[1], "--compare").stdout
        assert "not known" in out and "DIFFERENT" not in out
    world.lotsim.value(lots[1], 33)
    wait_for(lambda: world.platform.free(lots[1]) == 33)
    assert world.platform.violations() == []


@pytest.mark.parametrize("name", ["ngsi-ld", "plain-each"])
def test_one_lot_is_refused(world, name):
    lots, parkd = telling(world, name)
    level(world, lots, 10)
    world.platform.mode("reject_lot", lot=lots[1])
    change(world, lots, 40)
    wait_for(lambda: [one["lot"] for one in parkd.sink()["held"]] == [lots[1]],
             what=lambda: f"the quarantine: {parkd.sink()}")
    wait_for(lambda: (world.platform.free(lots[0]), world.platform.free(lots[2])) == (40, 42))
    assert ("not known here" if name == "ngsi-ld" else "4004") in parkd.sink()["held"][0]["code"]
    world.platform.mode("ok")
    parkd.staff("/v1/admin/sinks/city/resume", {})
    level(world, lots, 40)


@pytest.mark.parametrize("name, params", [
    ("ngsi-ld", {"token": "wrong"}), ("plain-each", {"hmac_key": "wrong"}), ("plain-list", {"token": "wrong"})])
def test_a_wrong_key_pauses(world, name, params):
    dialect, keys, own = SINKS[name]
    lots, parkd = telling(world, name)
    level(world, lots, 10)
    parkd.put("sinks", world.sinks[0] | {"params": own | params})
    change(world, lots, 20)
    wait_for(lambda: parkd.sink()["state"] == "paused", what=lambda: parkd.sink())
    assert [world.platform.free(lot) for lot in lots] == [10, 11, 12]
    assert world.platform.state()["violation_counts"]["signature"] >= 1


def test_plain_is_compared_where_it_can_be_asked(world):
    lots, parkd = telling(world, "plain-each")
    level(world, lots, 10)
    done = parkd.ctl("sink", "try", "city", "--lot", lots[0], "--compare")
    assert done.returncode == 0 and "the same" in done.stdout, done.stdout
    assert "DIFFERENT" in parkd.ctl("sink", "try", "city", "--send", "--free", "5").stdout + parkd.ctl(
        "sink", "try", "city", "--free", "6", "--compare").stdout
