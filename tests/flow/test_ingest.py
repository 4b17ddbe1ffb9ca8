# SPDX-License-Identifier: MIT
"""The native way in: what is accepted, what is refused and how, and that a 200 means Redis has it."""
import base64
import hashlib
import hmac
import json
import secrets
import time

import pytest

from harness import http
from harness.norm import norm_claim
from harness.world import World, new_secret, sha256
from harness.wait import wait_for

KEY, OTHER_KEY = "key-one", "key-two"
SECRET, NEXT_SECRET = new_secret(), new_secret()
CLASSES = {"charging": 10, "accessible": 4, "courier": 3, "lorry": 5}


@pytest.fixture(scope="module")
def parkd(keep_module, tmp_path_factory):
    """One parkd for all: each test takes lots of its own by fresh()."""
    world = World(keep_module, tmp_path_factory.mktemp("ingest"))
    world.feeds = [
        {"id": "open", "dialect": "native", "mode": "push",
         "auth": {"bearer_sha256": [sha256(KEY), sha256(OTHER_KEY)]}},
        {"id": "signed", "dialect": "native", "mode": "push",
         "auth": {"webhook_secrets": [SECRET, NEXT_SECRET]}},
        {"id": "off", "dialect": "native", "mode": "push", "enabled": False,
         "auth": {"bearer_sha256": [sha256(KEY)]}},
        {"id": "keyless", "dialect": "native", "mode": "push"}]
    return world.start_parkd()


count = iter(range(1, 1000))


@pytest.fixture
def fresh(parkd):
    def fresh(feed="open", total=100, **more):
        ident = f"L{next(count)}"
        document = {"id": ident, "name": ident, "feed": feed, "foreign_id": f"F-{ident}",
                    "stage": "connected"}
        if total is not None:
            document["total"] = total
        parkd.put("lots", document | more)
        return ident
    return fresh


def send(parkd, body, feed="open", key=KEY, **more):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    if isinstance(body, (str, bytes)):
        headers["Content-Type"] = "application/json"
        body = body if isinstance(body, bytes) else body.encode()
    return parkd.post(f"/v1/ingest/{feed}", body, headers=headers | more.pop("headers", {}), **more)


def results(answer, status=200):
    assert answer.status == status, answer
    return answer.json()["results"]


def test_one_item_is_in_redis_when_answered(parkd, fresh):
    lot = fresh(open=90)
    for free in (37, 0, 90, 12):
        answer = send(parkd, {"items": [{"lot": lot, "free": free, "status": "open"}]})
        record = parkd.store.record(lot)                 # read at once, without waiting
        assert results(answer) == [{"lot": lot, "code": "ok", "seq": record.seq}]
        assert answer.json()["accepted"] == 1 and answer.json()["rejected"] == 0
        assert (record.free, record.open, record.total, record.status) == (free, 90, 100, "open")
    shown = parkd.lot(lot)
    assert shown["free"] == 12 and shown["seq"] == record.seq and shown["freshness"] == "fresh"


def test_shapes_of_the_message(parkd, fresh):
    lots = [fresh(), fresh()]
    items = [{"lot": lot, "free": 5 + at} for at, lot in enumerate(lots)]
    envelope = {"type": "parking.availability.updated", "version": "1.0", "timestamp": "2026-11-22T08:00:05Z",
                "data": {"batch": "b-1", "items": items, "observed": {},
                         "aggregates": [{"scope": "district"}]}}
    assert [one["code"] for one in results(send(parkd, envelope))] == ["ok", "ok"]
    assert [parkd.store.record(lot).free for lot in lots] == [5, 6]
    assert [one["code"] for one in results(send(parkd,
                                                {"items": [{"lot": lot, "free": 8}
                                                           for lot in lots]}))] == ["ok"] * 2
    assert [one["code"] for one in results(send(parkd, {"lot": lots[0], "free": 9}))] == ["ok"]
    assert [parkd.store.record(lot).free for lot in lots] == [9, 8]


def test_lot_by_the_feeds_own_name(parkd, fresh):
    lot = fresh()
    assert results(send(parkd, {"lot": f"F-{lot}", "free": 3}))[0] == {
        "lot": f"F-{lot}", "code": "ok", "seq": parkd.store.record(lot).seq}


def test_many_lots_in_one_request(parkd, fresh):
    lots = [fresh() for _ in range(150)]                 # more than one call of the script takes
    answer = results(send(parkd, {"items": [{"lot": lot, "free": at % 100} for at, lot in enumerate(lots)]}))
    assert [one["lot"] for one in answer] == lots and {one["code"] for one in answer} == {"ok"}
    records = parkd.store.records()
    assert [records[lot].free for lot in lots] == [at % 100 for at in range(150)]
    assert [records[lot].seq for lot in lots] == [one["seq"] for one in answer]


def test_one_lot_many_times_in_one_request(parkd, fresh):
    lot = fresh()
    at = int(time.time() * 1000)
    answer = send(parkd, {"items": [{"lot": lot, "free": n, "at": at + n} for n in range(20)]})
    assert answer.status == 200 and len(results(answer)) == 20
    assert results(answer)[-1]["code"] == "ok"
    assert parkd.store.record(lot).free == 19


def test_a_wrong_item_costs_only_itself(parkd, fresh):
    lot, other = fresh(), fresh()
    answer = send(parkd, {"items": [
        {"lot": lot, "free": 7}, {"lot": "nobody", "free": 1}, {"lot": other, "free": 70000},
        {"lot": other, "free": "12"},
        {"lot": other, "free": 1.5}, {"free": 3}, 17, {"lot": other}, {"lot": other, "free": 8}]})
    body = answer.json()
    codes = [one["code"] for one in results(answer)]
    assert codes == ["ok"] + ["rejected"] * 7 + ["ok"]
    assert body["accepted"] == 2 and body["rejected"] == 7
    pointers = [one.get("pointer") for one in body["results"]]
    assert pointers[1:8] == ["/items/1/lot", "/items/2/free", "/items/3/free", "/items/4/free",
                             "/items/5/lot", "/items/6",
                             "/items/7"]
    assert all(one["detail"] for one in body["results"][1:8])
    assert parkd.store.record(lot).free == 7 and parkd.store.record(other).free == 8


@pytest.mark.parametrize("member, value", [
    ("free", 65535), ("free", -65535), ("free", 1.5), ("free", "12"), ("free", True), ("free", [1]),
    ("free", 1e300),
    ("open", -1), ("total", 65535), ("occupied", 65536), ("status", "ajar"), ("status", 1), ("band", "lots"),
    ("at", "yesterday"), ("at", -5), ("seq", 0), ("seq", 1.5), ("seq", "1"), ("classes", []), ("zones", {}),
    ("quality", "manual"), ("heartbeat", 1), ("in", -1), ("in", 1001), ("out", 1.5),
    ("zones", [{"id": "B1", "free": 1}, {"id": "B1", "free": 2}]), ("zones", [{"id": "x" * 24, "free": 1}]),
    ("zones", [{"id": str(n), "free": 1} for n in range(13)]), ("classes", {"charging": {"free": "1"}})])
def test_counts_out_of_range_or_type_are_refused_never_wrapped(parkd, fresh, member, value):
    lot = fresh()
    send(parkd, {"lot": lot, "free": 5})
    before = parkd.store.record(lot)
    answer = send(parkd, {"items": [{"lot": lot, "free": 4} | {member: value}]})
    assert answer.status == 422 and answer.headers["Content-Type"] == "application/problem+json"
    error = answer.json()["errors"][0]
    assert error["pointer"].startswith(f"/items/0/{member}") and error["detail"]
    assert parkd.store.record(lot).text == before.text


@pytest.mark.parametrize("claim", [
    {"free": -3, "total": 100}, {"free": 130}, {"free": 95, "open": 90},
    {"occupied": 60, "open": 90, "total": 100},
    {"occupied": 60}, {"occupied": 120}, {"free": 65534}, {"free": -65534}, {"free": 5, "occupied": 1}])
def test_norm(parkd, fresh, claim):
    lot = fresh(total=100)
    assert results(send(parkd, {"lot": lot} | claim))[0]["code"] == "ok"
    record = parkd.store.record(lot)
    total = claim.get("total", 100)
    free, flags = norm_claim(claim.get("free"), claim.get("occupied"), total, claim.get("open"))
    assert record.free == free and flags <= record.quality, record
    assert not {"negative", "over_total", "derived"} & (record.quality - flags)
    if "free" in claim:
        assert record.raw_free == claim["free"]
    shown = parkd.lot(lot)
    assert shown["free"] == free and set(shown["quality"]) == record.quality


def test_unknown_is_null_and_never_nought(parkd, fresh):
    lot = fresh()
    send(parkd, {"lot": lot, "free": 5})
    assert results(send(parkd, {"lot": lot, "free": None, "status": "unknown",
                                "seq": int(time.time() * 1000) + 5}))[0][
        "code"] == "ok"
    assert parkd.store.record(lot).free is None
    shown = parkd.lot(lot)
    assert shown["free"] is None and shown["band"] == "unknown" and shown["last_known"]["free"] == 5


def test_band_only(parkd, fresh):
    lot = fresh()
    send(parkd, {"lot": lot, "free": 50})
    assert results(send(parkd, {"lot": lot, "band": "few"}))[0]["code"] == "ok"
    record, shown = parkd.store.record(lot), parkd.lot(lot)
    assert (record.free, record.band) == (None, "few")
    assert shown["free"] is None and shown["band"] == "few" and shown["freshness"] == "fresh"


def test_classes_and_zones(parkd, fresh):
    lot = fresh(classes=CLASSES)
    item = {"lot": lot, "free": 40, "classes": {name: {"free": 1, "total": total} for name,
                                                total in CLASSES.items()},
            "zones": [{"id": "B1", "free": 10, "total": 50}, {"id": "二层", "free": 30, "total": 50}]}
    assert results(send(parkd, item))[0]["code"] == "ok"
    shown = parkd.lot(lot)
    assert shown["classes"] == {name: {"free": 1, "total": total} for name, total in CLASSES.items()}
    assert shown["zones"] == [{"id": "B1", "free": 10, "total": 50}, {"id": "二层", "free": 30, "total": 50}]
    summary = parkd.get("/v1/summary").json()
    assert {one["id"] for one in summary["classes"]} >= set(CLASSES)


def test_heartbeat_confirms_without_a_new_seq(parkd, fresh):
    lot = fresh()
    at = int(time.time() * 1000) - 60_000
    send(parkd, {"lot": lot, "free": 5, "at": at})
    before = parkd.store.record(lot)
    answer = results(send(parkd, {"lot": lot, "heartbeat": True}))
    after = parkd.store.record(lot)
    assert answer[0]["code"] == "touch" and answer[0]["seq"] == before.seq == after.seq
    assert after.observed_ms > before.observed_ms and after.free == 5 and after.visible == before.visible
    assert after.changed_ms == before.changed_ms


def test_heartbeat_of_a_lot_without_a_reading(parkd, fresh):
    lot = fresh()
    assert send(parkd, {"lot": lot, "heartbeat": True}).status in (200, 422)
    assert parkd.store.record(lot) is None and parkd.lot(lot)["free"] is None


def test_hints_move_the_number_between_two_counts(parkd, fresh):
    lot = fresh()
    assert send(parkd, {"lot": lot, "in": 1}).status == 422            # nothing to move yet
    send(parkd, {"lot": lot, "free": 2})
    assert results(send(parkd, {"lot": lot, "in": 1}))[0]["code"] == "ok"
    record = parkd.store.record(lot)
    assert record.free == 1 and "derived" in record.quality
    send(parkd, {"lot": lot, "out": 3, "in": 1})
    assert parkd.store.record(lot).free == 3
    send(parkd, {"lot": lot, "in": 5})
    assert parkd.store.record(lot).free == 0                           # never below nought
    send(parkd, {"lot": lot, "free": 44})
    record = parkd.store.record(lot)
    assert record.free == 44 and "derived" not in record.quality       # absolutes are truth


def test_codes_touch_dup_old(parkd, fresh):
    lot = fresh()
    at = int(time.time() * 1000) - 60_000

    def code(**item):
        answer = send(parkd, {"lot": lot, **item})
        return results(answer)[0]["code"]
    assert code(free=5, at=at) == "ok"
    seq = parkd.store.record(lot).seq
    assert code(free=5, at=at) in ("dup", "touch")
    assert code(free=5, at=at + 40_000) == "touch"
    assert code(free=9, at=at - 1000) == "old"
    record = parkd.store.record(lot)
    assert (record.seq, record.free, record.observed_ms) == (seq, 5, at + 40_000)
    assert code(free=6, at=at + 40_000) == "ok"                        # equal time, other values
    assert parkd.store.record(lot).seq > seq


def test_senders_number_orders_what_arrives(parkd, fresh):
    lot = fresh()
    now = int(time.time() * 1000)
    assert results(send(parkd, {"lot": lot, "free": 5, "seq": 100, "at": now}))[0]["code"] == "ok"
    assert results(send(parkd, {"lot": lot, "free": 6, "seq": 99, "at": now + 5}))[0]["code"] == "old"
    assert results(send(parkd, {"lot": lot, "free": 7, "seq": 101, "at": now + 6}))[0]["code"] == "ok"
    assert results(send(parkd, {"lot": lot, "free": 7, "seq": 101, "at": now + 6}))[0]["code"] in ("dup",
                                                                                                   "touch")
    record = parkd.store.record(lot)
    assert (record.free, record.sseq) == (7, 101)


def test_clock_of_the_source(parkd, fresh):
    lot = fresh()
    now = int(time.time() * 1000)
    send(parkd, {"lot": lot, "free": 5, "at": now + 3_600_000})        # an hour ahead
    record = parkd.store.record(lot)
    assert "clock_skew" in record.quality and abs(record.observed_ms - now) < 60_000
    # and it does not lock itself out
    assert results(send(parkd, {"lot": lot, "free": 6}))[0]["code"] == "ok"
    old = fresh()
    send(parkd, {"lot": old, "free": 5, "at": now - 3_600_000})
    assert "clock_skew" in parkd.store.record(old).quality
    for text in ("2026-11-22T08:00:00Z", "2026-11-22T16:00:00.5+08:00"):
        assert send(parkd, {"lot": fresh(), "free": 5, "at": text}).status == 200


def test_total_that_differs_is_flagged(parkd, fresh):
    lot = fresh(total=100)
    send(parkd, {"lot": lot, "free": 5, "total": 120})
    record = parkd.store.record(lot)
    assert "total_changed" in record.quality and record.total == 120


def test_minutes_of_the_series(parkd, fresh):
    lot = fresh()
    now = int(time.time() * 1000)
    begin = now - now % 60_000 - 240_000
    for minute, free in ((0, 10), (0, 11), (1, 12), (3, 13)):
        send(parkd, {"lot": lot, "free": free, "at": begin + minute * 60_000 + free * 1000})
    first = begin % 86_400_000 // 60_000
    if first > 1435:
        pytest.skip("the five minutes lie on both sides of midnight UTC")
    assert parkd.store.day(lot, begin)[first:first + 4] == [11, 12, None, 13]
    points = parkd.get(f"/v1/lots/{lot}/history?step=1m&from={begin}&to={begin + 240_000}").json()["points"]
    assert [(one[0], one[1]) for one in points] == [(begin // 1000 + 60 * at, free)
                                                    for at, free in enumerate([11, 12, None, 13])]


# ---- who may

def signed(body, ident=None, at=None, secret=SECRET, data=None):
    ident, at = ident or "msg_" + secrets.token_hex(8), at or int(time.time())
    text = f"{ident}.{at}.".encode() + (data if data is not None else body)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mark = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return {"webhook-id": ident, "webhook-timestamp": str(at), "webhook-signature": f"v1,{mark}"}


def test_bearer_keys(parkd, fresh):
    lot = fresh()
    for key in (KEY, OTHER_KEY):
        assert send(parkd, {"lot": lot, "free": 5}, key=key).status == 200
    for key in ("wrong", "", None, KEY + " ", sha256(KEY)):
        answer = send(parkd, {"lot": lot, "free": 6}, key=key)
        assert answer.status == (200 if key == KEY + " " else 401), (key, answer)
        if answer.status == 401:
            assert answer.headers["WWW-Authenticate"]
            assert answer.json()["type"] == "/problems/not-authenticated"
    # no key is registered: nobody may
    assert send(parkd, {"lot": lot, "free": 6}, feed="keyless").status == 401
    assert send(parkd, {"lot": lot, "free": 6}, feed="off").status == 403
    assert send(parkd, {"lot": lot, "free": 6}, feed="nowhere").status == 404


def test_standard_webhooks(parkd, fresh):
    lot = fresh("signed")
    free = iter(range(50))

    def post(headers, body=None):
        body = body if body is not None else json.dumps({"lot": lot, "free": next(free)}).encode()
        return send(parkd, body, "signed", None, headers=headers(body) if callable(headers) else headers)
    assert post(signed).status == 200
    assert post(lambda body: signed(body, secret=NEXT_SECRET)).status == 200       # keys overlap for rotation
    several = post(lambda body: signed(body) | {"webhook-signature": "v1,AAAA v2,x "
                                                + signed(body)["webhook-signature"]})
    assert several.status in (200, 401)
    before = parkd.store.record(lot).text
    now = int(time.time())
    for name, headers in {
            "wrong secret": lambda body: signed(body, secret=new_secret()),
            "other body": lambda body: signed(body, data=b"{}"),
            "too old": lambda body: signed(body, at=now - 400),
            "too new": lambda body: signed(body, at=now + 400),
            "no signature": {}, "bearer": {"Authorization": f"Bearer {KEY}"},
            "no id": lambda body: {k: v for k, v in signed(body).items() if k != "webhook-id"},
            "no time": lambda body: {k: v for k, v in signed(body).items() if k != "webhook-timestamp"},
            "time is text": lambda body: signed(body) | {"webhook-timestamp": "now"},
            "signature is not Base64": lambda body: signed(body) | {"webhook-signature": "v1,@@@"}}.items():
        answer = post(headers)
        assert answer.status == 401, (name, answer)
    assert parkd.store.record(lot).text == before


def test_replayed_message_changes_nothing(parkd, fresh):
    lot = fresh("signed")
    body = json.dumps({"lot": lot, "free": 5}).encode()
    headers = signed(body)
    assert send(parkd, body, "signed", None, headers=headers).status == 200
    later = json.dumps({"lot": lot, "free": 6}).encode()
    assert send(parkd, later, "signed", None, headers=signed(later)).status == 200
    before = parkd.store.record(lot).text
    again = send(parkd, body, "signed", None, headers=headers)
    assert again.status in (200, 401) and not [one for one in again.json().get("results", [])
                                               if one["code"] == "ok"]
    assert parkd.store.record(lot).text == before


def test_lots_of_another_feed_are_not_ours(parkd, fresh):
    lot = fresh("signed")
    answer = send(parkd, {"lot": lot, "free": 5})
    assert answer.status == 422 and parkd.store.record(lot) is None


# ---- what bad input gets

@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b"17", b'"text"', b'{"items":{}}', b'{"items":17}', b"<html></html>",
    b'{"data":{}}',
    b'{"items":[]', b'{"items":[{"lot":"a","free":1}]}x', b'{"items":[{"lot":"a","free":01}]}',
    b'{"lot":"\xff","free":1}',
    b'{"lot":"a","lot":"b","free":1}', b'{"data":[]}',
    b'{"type":"other","version":"1.0","data":{"items":[]}}',
    b'{"type":"parking.availability.updated","version":"2.0","data":{"items":[]}}', b"[" * 10000,
    b'{"a":' * 5000])
def test_malformed_bodies(parkd, body):
    answer = send(parkd, body)
    assert answer.status == 400, answer
    assert answer.headers["Content-Type"] == "application/problem+json" and answer.json()["status"] == 400


def test_too_large(parkd, fresh):
    lot = fresh()
    item = json.dumps({"lot": lot, "free": 5})
    padded = item[:-1] + ',"x":"' + "y" * (256 * 1024) + '"}'
    answer = send(parkd, padded)
    assert answer.status == 413, answer
    fits = item[:-1] + ',"x":"' + "y" * (256 * 1024 - len(item) - 7) + '"}'
    assert len(fits) == 256 * 1024
    assert send(parkd, fits).status == 200
    chunks = iter([b"x" * 65536] * 6)                    # chunked: the length is not known before
    try:
        answer = http.call(parkd.url, "/v1/ingest/open", chunks, "POST", {"Authorization": f"Bearer {KEY}",
                                                                          "Transfer-Encoding": "chunked"})
        assert answer.status in (400, 413)
    except OSError:
        pass                                             # cut off is an answer too
    assert parkd.up()


def test_too_many_items(parkd):
    answer = send(parkd, {"items": [{"lot": "x"}] * 4097})
    assert answer.status == 413 and parkd.up()


def test_other_methods_and_empty_messages(parkd):
    assert parkd.get("/v1/ingest/open").status == 405
    assert parkd.get("/v1/ingest/open").headers["Allow"].startswith("POST")
    assert send(parkd, {"items": []}).status == 200


def test_nothing_stored_is_lost_by_anything_that_arrives(parkd, fresh):
    lot = fresh()
    send(parkd, {"lot": lot, "free": 42})
    before = parkd.store.record(lot).text
    for body in (b"\x00" * 1000, b'{"lot":"' + lot.encode() + b'","free":1e400}', b'{"items":[{}]}',
                 json.dumps({"lot": lot, "free": 2**63}).encode(),
                 json.dumps({"lot": lot + "\u0000", "free": 1}).encode(),
                 json.dumps({"lot": lot, "free": -2**31 - 1}).encode(),
                 json.dumps({"lot": "x" * 5000, "free": 1}).encode()):
        assert send(parkd, body).status in (400, 422), body[:60]
    start = b"POST /v1/ingest/open HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
    for data in (start + b"Content-Length: 6\r\n\r\n{}{}{}",
                 start + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                 b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\n\r\n"):
        head = http.raw(parkd.url, data).split(b"\r\n")[0]
        assert head == b"" or b" 4" in head or b" 5" in head, head
    assert parkd.store.record(lot).text == before


def test_counters_move(parkd, fresh):
    lot = fresh()
    name = 'parkd_ingest_requests_total{result="%s"}'
    before = parkd.metrics()
    send(parkd, {"lot": lot, "free": 5})
    send(parkd, {"lot": lot, "free": 5}, key="wrong")
    send(parkd, {"lot": "nobody", "free": 5})
    wait_for(lambda: all(parkd.metrics()[name % one] > before[name % one]
                         for one in ("ok", "unauthorised", "rejected")))
