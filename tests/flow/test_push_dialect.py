# SPDX-License-Identifier: MIT
"""A city platform's protocol as a way in: a lot's existing Hangzhou client speaks to parkd as if it were the
city."""
import json
import time
import urllib.parse

from harness.wait import wait_for
from harness.world import HANGZHOU_PATHS

from simlib import crypto
from simlib.clock import beijing


def hangzhou(world, count=2, **more):
    lots = world.feed("hz", "hangzhou", count, sim={"push_interval_ms": 200, "heartbeat_ms": 300,
                                                    "retry_ms": 20, "retry_max_ms": 100},
                      lot={"model": "manual", "open": 80}, **more)
    world.start_lotsim()
    for at, lot in enumerate(lots):
        world.lotsim.value(lot, 10 + at)
    return lots


def test_states_and_heartbeats(world):
    lots = hangzhou(world)
    parkd = world.start_parkd()
    for at, lot in enumerate(lots):
        wait_for(lambda: parkd.lot(lot)["free"] == 10 + at,
                 what=lambda: f"{lot} {world.lotsim.state()['lanes']}")
        shown = parkd.lot(lot)
        assert (shown["open"], shown["total"]) == (80, 100 + 10 * at)
        assert world.lotsim.lots()[lot]["acked"]
    world.lotsim.fault("negative", lot=lots[0])
    wait_for(lambda: "negative" in parkd.lot(lots[0])["quality"])
    world.lotsim.fault("negative", False, lot=lots[0])
    world.lotsim.fault("over_total", lot=lots[0])
    wait_for(lambda: "over_total" in parkd.lot(lots[0])["quality"] and parkd.lot(lots[0])["free"] == 80)
    assert parkd.feed("hz")["state"] == "good" and parkd.feed("hz")["mode"] in ("push", None)
    lane = world.lotsim.state()["lanes"][0]
    wait_for(lambda: world.lotsim.state()["lanes"][0]["beats"] > lane["beats"], what="a heartbeat")
    assert world.lotsim.state()["lanes"][0]["failures"] == lane["failures"]


def test_wrong_signature_is_answered_in_their_manner_and_changes_nothing(world):
    lots = hangzhou(world, 1)
    parkd = world.start_parkd()
    wait_for(lambda: parkd.lot(lots[0])["free"] == 10)
    world.lotsim.fault("wrong_signature", lot=lots[0])
    world.lotsim.value(lots[0], 60)
    # Earlier failures may be of before parkd listened.
    wait_for(lambda: "401" in (world.lotsim.state()["lanes"][0]["last_error"] or ""), what="a refusal")
    assert parkd.store.record(lots[0]).free == 10
    assert parkd.metrics()['parkd_ingest_requests_total{result="unauthorised"}'] > 0
    world.lotsim.fault("wrong_signature", False, lot=lots[0])
    wait_for(lambda: parkd.lot(lots[0])["free"] == 60, what="the feed to go on")


def test_faults_of_the_sender_cost_nothing(world):
    lots = hangzhou(world, 1)
    parkd = world.start_parkd()
    wait_for(lambda: parkd.lot(lots[0])["free"] == 10)
    for at, fault in enumerate(("html", "truncated", "reset", "bad_item", "error_envelope")):
        sent = world.lotsim.state()["lanes"][0]["sent"]
        before = parkd.store.record(lots[0])
        world.lotsim.fault(fault, lot=lots[0])
        wait_for(lambda: world.lotsim.state()["lanes"][0]["sent"] > sent + 2,
                 what=f"{fault} to be sent a few times")
        after = parkd.store.record(lots[0])
        assert (after.seq, after.visible) == (before.seq, before.visible), fault
        world.lotsim.fault(fault, False, lot=lots[0])
        world.lotsim.value(lots[0], 30 + at)
        wait_for(lambda: parkd.lot(lots[0])["free"] == 30 + at, what=f"recovery from {fault}")


def sealed(keys, data, **more):
    cipher, sign = crypto.hangzhou_seal(crypto.private_key(keys["private_key"]), json.dumps({"data": data}))
    form = {"accessID": keys["access_id"], "cipher": cipher, "sign": sign} | more
    return urllib.parse.urlencode(form).encode()


def test_by_hand(world):
    """Unknown lots, foreign accounts, counts that are no counts; a 200 means that Redis has it."""
    lots = hangzhou(world, 1)
    world.lotsim.post("pause")
    parkd = world.start_parkd()
    keys = world.keys["hz"]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    now = beijing(int(time.time() * 1000))
    good = {"parkingCode": f"X{lots[0]}", "totalBerthNum": 100, "openBerthNum": 80, "freeBerthNum": 7,
            "uploadTime": now}

    def post(data=None, path=HANGZHOU_PATHS[0], body=None, **more):
        return parkd.post(path, body if body is not None else sealed(keys, good | (data or {}), **more),
                          headers=form)
    answer = post()
    assert answer.status == 200 and str(answer.json()["resultCode"]) == "200"
    assert parkd.store.record(lots[0]).free == 7
    # per the rules of the dialect
    assert str(post({"freeBerthNum": "8"}).json()["resultCode"]) in ("200", "400")
    before = parkd.store.record(lots[0])
    for name, answer in {
            "another account": post(accessID="someone"), "no sign": post(sign=""),
            "other sign": post(sign="AAAA"),
            "not a form": post(body=b"\xff\xfe{}"), "empty": post(body=b"")}.items():
        assert answer.status >= 400 or str(answer.json()["resultCode"]) != "200", (name, answer)
    for data in ({"freeBerthNum": 70000}, {"freeBerthNum": 1.5}, {"freeBerthNum": []},
                 {"freeBerthNum": "many"}):
        answer = post(data | {"uploadTime": beijing(int(time.time() * 1000) + 2000)})
        after = parkd.store.record(lots[0])
        assert after.visible == before.visible, (data, answer, after)
    assert post(path="/api/v2/cp/uploadNothing").status == 404
    # by id it is the same feed
    assert post(path="/v1/ingest/hz").status in (200, 404)
    assert parkd.up()


def test_two_feeds_with_paths_of_their_own(world):
    """Each box has its own base path; the same paths cannot belong to two feeds."""
    one = world.feed("a", "hangzhou", 1, sim={"push_interval_ms": 50}, lot={"model": "manual"})
    two = world.feed("b", "hangzhou", 1, sim={"push_interval_ms": 50, "path": "/box-b"},
                     lot={"model": "manual"},
                     feed={"paths": ["/box-b" + path for path in HANGZHOU_PATHS]})
    world.start_lotsim()
    world.lotsim.value(one[0], 5)
    world.lotsim.value(two[0], 6)
    parkd = world.start_parkd()
    wait_for(lambda: parkd.lot(one[0])["free"] == 5 and parkd.lot(two[0])["free"] == 6)
    thief = dict(world.feeds[1], id="c", paths=HANGZHOU_PATHS[:1])
    answer = parkd.staff("/v1/admin/feeds/c", thief, "PUT")
    assert answer.status == 409 and answer.json()["errors"][0]["pointer"] == "/paths", answer
    parkd.put("feeds", world.feeds[0])                          # its own paths are no conflict
    world.lotsim.value(one[0], 9)
    wait_for(lambda: parkd.lot(one[0])["free"] == 9, what="the owner to keep its path")
