# SPDX-License-Identifier: MIT
"""The live stream: what changes is told, in order, to those who asked for it; who comes back misses nothing or is told so; who is slow is
closed."""
import pytest

from harness.events import Stream
from harness.wait import wait_for
from harness.world import World, sha256


@pytest.fixture
def parkd(keep, folder):
    return district(keep, folder)


def district(keep, folder, lots=6, conf=None, **more):
    world = World(keep, folder)
    world.feeds = [{"id": "f", "dialect": "native", "mode": "push", "auth": {"bearer_sha256": [sha256("key")]}}]
    world.lots = [{"id": f"S{at}", "name": f"车场 {at}", "area": ["东区", "西区"][at % 2], "total": 100, "feed": "f", "stage": "connected"}
                  for at in range(lots)]
    return world.start_parkd(conf, **more)


def push(parkd, **counts):
    answer = parkd.post("/v1/ingest/f", {"items": [{"lot": lot, "free": free} for lot, free in counts.items()]}, headers={"Authorization": "Bearer key"})
    assert answer.status == 200, answer


@pytest.fixture
def listen(keep, parkd):
    return lambda *args, **more: keep(Stream(parkd.run["public"], *args, **more))


def test_a_change_is_told(parkd, listen):
    reader = listen()
    assert reader.status == 200 and reader.headers["Content-Type"] == "text/event-stream" and reader.headers["Cache-Control"] == "no-cache"
    assert reader.headers["X-Accel-Buffering"] == "no" and reader.headers["Access-Control-Allow-Origin"] == "*" and not reader.headers["Content-Encoding"]
    ready = reader.first("ready")
    assert ready.json()["as_of"].endswith("Z") and reader.retry >= 5000 and ready.id
    push(parkd, S0=40, S1=7)
    reader.wait(lambda _: reader.free("S0") == 40 and reader.free("S1") == 7, "both lots")
    told = next(one for one in reader.events if one.kind == "lot")
    assert told.id and told.id != ready.id
    one, shown = told.json(), parkd.lot(told.json()["id"])
    assert {name: one[name] for name in ("free", "total", "band", "status", "freshness", "observed_at", "valid_until", "seq", "classes", "open_now")} \
        == {name: shown[name] for name in ("free", "total", "band", "status", "freshness", "observed_at", "valid_until", "seq", "classes", "open_now")}
    assert "name" not in one and "location" not in one and "age_s" not in one


def test_the_newest_state_in_order(parkd, listen):
    reader = listen()
    reader.first("ready")
    for free in range(60):
        push(parkd, S0=free)
    reader.wait(lambda _: reader.free("S0") == 59, "the last number")
    told = [one.json() for one in reader.events if one.kind == "lot"]
    assert [one["free"] for one in told] == sorted({one["free"] for one in told}) and [one["seq"] for one in told] == sorted(one["seq"] for one in told)


def test_only_what_was_asked_for(parkd, listen):
    east, two, all_ = listen("?area=%E4%B8%9C%E5%8C%BA"), listen("?lots=S1,S4"), listen()
    for one in (east, two, all_):
        one.first("ready")
    push(parkd, **{f"S{at}": 10 + at for at in range(6)})
    wait_for(lambda: all(all_.free(f"S{at}") == 10 + at for at in range(6)), 20, "all six")
    wait_for(lambda: east.free("S4") == 14 and two.free("S4") == 14, 20, "both others")
    assert {one.json()["id"] for one in east.look() if one.kind == "lot"} == {"S0", "S2", "S4"}
    assert {one.json()["id"] for one in two.look() if one.kind == "lot"} == {"S1", "S4"}


@pytest.mark.parametrize("query, name", [("?lots=S1,nope", "lots"), ("?lots=", "lots"), ("?area=", "area"), ("?lots=S1&area=x", "area"), ("?lot=S1", ""),
                                         ("?lots=" + ",".join(["S1"] * 101), "lots")])
def test_wrong_questions(listen, query, name):
    reader = listen(query)
    problem = reader.problem()
    assert reader.status == 400 and problem["status"] == 400
    assert not name or problem["errors"][0].get("parameter", problem["errors"][0].get("pointer", "")).strip("/") == name, problem


def test_who_comes_back_misses_nothing(parkd, listen):
    reader = listen()
    reader.first("ready")
    push(parkd, S0=1)
    reader.wait(lambda _: reader.free("S0") == 1, "the first")
    last = reader.last_id
    reader.close()
    push(parkd, S1=2)
    push(parkd, S2=3)
    again = listen(last_id=last)
    again.wait(lambda _: again.free("S1") == 2 and again.free("S2") == 3, "what was missed")
    assert {one.kind for one in again.events} == {"lot"} and again.free("S0") is None, again.events


@pytest.mark.parametrize("last", ["00000000-1", "nonsense", "-", "ffffffff-18446744073709551616", "x" * 2000])
def test_an_id_of_elsewhere(listen, last):
    assert listen(last_id=last).first("reset").json()["as_of"]


def test_too_far_behind_begins_anew(keep, folder):
    """More happens than the ring of 4 096 events holds."""
    parkd = district(keep, folder, 120)
    reader = keep(Stream(parkd.run["public"]))
    last = reader.first("ready").id
    reader.close()
    witness = keep(Stream(parkd.run["public"]))
    for turn in range(36):
        push(parkd, **{f"S{at}": (turn + at) % 100 for at in range(120)})
        wait_for(lambda: witness.free("S119") == (turn + 119) % 100, 20, "the turn to be told")
    assert keep(Stream(parkd.run["public"], last_id=last)).first("reset")


def test_a_quiet_reader_stays(keep, folder):
    """It hears nothing of 4 300 events of others, and then of its own lot; when it is quiet it is told where it is."""
    parkd = district(keep, folder, 120)
    quiet, witness = keep(Stream(parkd.run["public"], "?lots=S3")), keep(Stream(parkd.run["public"]))
    ready = quiet.first("ready")
    for turn in range(36):
        push(parkd, **{f"S{at}": (turn + at) % 100 for at in range(120) if at != 3})
        wait_for(lambda: witness.free("S119") == (turn + 119) % 100, 20, "the turn to be told")
    assert not quiet.ended and len(quiet.look()) == 1
    wait_for(lambda: quiet.look() and quiet.comments and quiet.last_id != ready.id, 40, "a comment with an id")
    again = keep(Stream(parkd.run["public"], "?lots=S3", last_id=quiet.last_id))
    push(parkd, S3=77)
    wait_for(lambda: quiet.free("S3") == 77 and again.free("S3") == 77, 20, "its lot")
    assert {one.kind for one in again.events} == {"lot"}, "it goes on where it was"


def test_registrations_are_told(parkd, listen):
    reader = listen()
    reader.first("ready")
    parkd.put("lots", {"id": "NEW", "name": "新车场", "total": 5, "stage": "connected"})
    assert reader.first("registered").json() == {"id": "NEW"}
    parkd.remove("lots", "NEW")
    assert reader.first("removed").json() == {"id": "NEW"}


def test_unknown_is_told(keep, folder):
    """A number that runs out is null on the stream too."""
    from harness.world import Clock
    world = World(keep, folder, Clock(1_795_334_400_000, 60))
    world.feeds = [{"id": "f", "dialect": "native", "mode": "push", "auth": {"bearer_sha256": [sha256("key")]}}]
    world.lots = [{"id": "S0", "name": "n", "total": 100, "feed": "f", "stage": "connected"}]
    parkd = world.start_parkd()
    reader = keep(Stream(parkd.run["public"]))
    reader.first("ready")
    push(parkd, S0=9)
    reader.wait(lambda _: reader.free("S0") == 9, "the number")
    gone = reader.wait(lambda events: next((one for one in events if one.kind == "lot" and one.json()["free"] is None), None), "unknown", 60)
    assert gone.json()["band"] == "unknown" and gone.json()["last_known"]["free"] == 9 and gone.json()["valid_until"] is None


def test_a_slow_reader_is_closed(keep, folder):
    """It takes nothing while more happens than is kept: it is closed; others hear everything, and parkd keeps nothing for it."""
    parkd = district(keep, folder, 120)
    slow = keep(Stream(parkd.run["public"], buffer_bytes=2048))
    quick = keep(Stream(parkd.run["public"]))
    quick.first("ready")
    turn = 0
    while parkd.metrics()["parkd_stream_readers"] == 2:
        assert turn < 600, "it was never closed"
        push(parkd, **{f"S{at}": (turn + at) % 100 for at in range(120)})
        wait_for(lambda: quick.free("S119") == (turn + 119) % 100, 20, "the turn to be told")
        turn += 1
    assert turn > 20 and not quick.ended
    slow.wait(lambda _: slow.ended, "the end")
    assert parkd.metrics()["parkd_streams_cut_total"] == 1


def test_as_many_as_may(keep, folder):
    parkd = district(keep, folder, conf={"public": {"max_streams": 2}})
    first, second = keep(Stream(parkd.run["public"])), keep(Stream(parkd.run["public"]))
    assert first.status == second.status == 200
    third = keep(Stream(parkd.run["public"]))
    assert third.status == 503 and third.headers["Retry-After"] and third.problem()["type"] == "/problems/full"
    first.first("ready")
    first.close()
    push(parkd, S0=3)                                           # the next write finds that nobody is there

    def another():
        push(parkd, S0=int(parkd.lot("S0")["free"] or 0) % 50 + 1)
        reader = keep(Stream(parkd.run["public"]))
        return reader.status == 200
    wait_for(another, 30, "its place to be free")


def test_a_head_and_an_old_client(parkd):
    from harness import http
    assert http.call(parkd.run["public"], "/v1/stream", method="HEAD").headers["Content-Type"] == "text/event-stream"
    assert parkd.get("/v1/stream", method="OPTIONS").status == 204
    assert wait_for(lambda: parkd.metrics()["parkd_stream_readers"] == 0, 20, "the HEAD to be gone")


def test_it_ends_with_parkd(parkd, listen):
    reader = listen()
    reader.first("ready")
    parkd.end()
    reader.wait(lambda _: reader.ended, "the end")
