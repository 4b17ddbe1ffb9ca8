# SPDX-License-Identifier: MIT
"""Pushes of boxes that nobody can change: JSON, forms and queries read by a mapping, at paths that the vendor fixed,
let in by a secret in the URL or by where they come from, answered as they want it."""
import concurrent.futures
import http.client
import itertools
import json
import socket
import urllib.parse

import pytest

from harness.parkd import Parkd
from harness.wait import wait_for
from harness.world import World, sha256

KEY, SECRET = "key-one", "in-the-url"
MAPPING = {"items": "/list", "lot": "/code", "free": "/left", "total": "/all", "numbers": {"text": True}}
FLAT = {"items": "", "single": True, "lot": "/parkId", "free": "/left", "numbers": {"text": True}}
ADDRESS, OTHER = "127.0.0.7", "127.0.0.8"


def feed(ident, mapping=None, **more):
    params = dict(more.pop("params", {}))
    if mapping:
        params["mapping"] = mapping
    return {"id": ident, "dialect": "generic", "mode": "push", "params": params} | more


FEEDS = [
    feed("json", MAPPING, auth={"bearer_sha256": [sha256(KEY)]}),
    feed("url", MAPPING, paths=["/api/url/push"], auth={"url_secret_sha256": [sha256("old"), sha256(SECRET)]}),
    feed("north", MAPPING, paths=["/up/north"], auth={"addresses": [ADDRESS]}),
    feed("south", MAPPING, paths=["/up/south"], auth={"addresses": [f"{ADDRESS}/32", "10.255.0.0/16"]}),
    feed("both", MAPPING, auth={"bearer_sha256": [sha256(KEY)], "url_secret_sha256": [sha256(SECRET)],
                                "addresses": [ADDRESS]}),
]


@pytest.fixture(scope="module")
def parkd(keep_module, tmp_path_factory):
    """Listens on every address, so that a test can come from another host than this one."""
    world = World(keep_module, tmp_path_factory.mktemp("push"))
    world.feeds = FEEDS
    parkd = keep_module(Parkd(world.folder / "parkd", {"log": {"level": "debug"}}, world.district()))
    parkd.listen = parkd.listen.replace("127.0.0.1", "0.0.0.0")
    return parkd.start()


count = itertools.count(1)


@pytest.fixture
def fresh(parkd):
    def fresh(feed_id, **more):
        ident = f"L{next(count)}"
        parkd.put("lots", {"id": ident, "name": ident, "feed": feed_id, "foreign_id": f"F-{ident}", "total": 100,
                           "stage": "connected"} | more)
        return ident
    return fresh


def own_address():
    """An address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))                  # sends nothing
            return s.getsockname()[0]
        except OSError:
            return "127.0.0.1"


def push(parkd, path, body=None, *, key=None, source=None, host="127.0.0.1", kind="application/json", method=None):
    """(status, answer's text); source: the address to come from."""
    port = int(parkd.run["public"].rpartition(":")[2])
    connection = http.client.HTTPConnection(host, port, timeout=15, source_address=(source, 0) if source else None)
    headers = {"Content-Type": kind} if body is not None else {}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    if isinstance(body, dict):
        body = json.dumps(body) if kind == "application/json" else urllib.parse.urlencode(body)
    try:
        connection.request(method or ("GET" if body is None else "POST"), path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def message(lot, left):
    return {"list": [{"code": f"F-{lot}", "left": left, "all": 100}]}


def free_of(parkd, lot):
    return parkd.store.record(lot).free


def test_json_by_a_mapping(parkd, fresh):
    lots = [fresh("json"), fresh("json")]
    for left in (7, "9", 0):
        status, text = push(parkd, "/v1/ingest/json", {"list": [{"code": f"F-{lot}", "left": left} for lot in lots]},
                            key=KEY)
        assert status == 200, text
        assert [free_of(parkd, lot) for lot in lots] == [int(left)] * 2
    assert push(parkd, "/v1/ingest/json", message(lots[0], 3))[0] == 401
    assert push(parkd, "/v1/ingest/json", message(lots[0], 3), key="key-two")[0] == 401
    assert push(parkd, f"/v1/ingest/json?secret={SECRET}", message(lots[0], 3))[0] == 401
    assert free_of(parkd, lots[0]) == 0


def test_hostile_bodies_leave_the_reading_untouched(parkd, fresh):
    lot = fresh("json")
    push(parkd, "/v1/ingest/json", message(lot, 42), key=KEY)
    before = parkd.store.record(lot)
    for body in (b"", b"{", b"\x00", b"[" * 100_000, b"\xff\xfe{}", b"<xml/>", b"null", b'{"list":17}',
                 b'{"list":[{"code":"F-%s","left":NaN}]}' % lot.encode(),
                 b'{"list":[{"code":"F-%s","left":1}],"list":[]}' % lot.encode(),
                 json.dumps(message(lot, 70_000)).encode(), json.dumps(message(lot, [5])).encode(),
                 b'{"list":[{"code":"F-%s","left":1e999}]}' % lot.encode()):
        status, text = push(parkd, "/v1/ingest/json", body, key=KEY)
        assert status in (200, 400, 422), (body[:50], status, text)
        after = parkd.store.record(lot)
        assert (after.free, after.seq) == (before.free, before.seq), (body[:50], after)
    assert push(parkd, "/v1/ingest/json", b" " * 300_000, key=KEY)[0] == 413
    shown = parkd.feed("json")
    assert shown["error"] or shown["faults"], shown
    assert push(parkd, "/v1/ingest/json", message(lot, 41), key=KEY)[0] == 200
    assert free_of(parkd, lot) == 41


def large(lot, left):
    """What is read aside: 2 000 records of places that nobody registered, and one that somebody did."""
    body = message(lot, left)
    body["list"] += [{"code": f"nobody-{n}", "left": n, "about": "x" * 60} for n in range(2000)]
    return body


def test_large_pushes_are_read_aside(parkd, fresh):
    lots = [fresh("json"), fresh("url"), fresh("north"), fresh("json")]
    ways = [("/v1/ingest/json", {"key": KEY}), (f"/api/url/push?secret={SECRET}", {}),
            ("/up/north", {"source": ADDRESS}), ("/v1/ingest/json", {"key": KEY})]

    def send(at):
        return [push(parkd, ways[at][0], make(lots[at], left), **ways[at][1])
                for left, make in enumerate((large, message, large, large, message))]

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for lot, answers in zip(lots, pool.map(send, range(4))):
            assert all(status == 200 for status, _ in answers), (lot, answers)
            assert free_of(parkd, lot) == 4, lot
    for body in (b"[" * 100_000, b"{" + b" " * 100_000, json.dumps(large(lots[0], [5]))[:-1]):
        assert push(parkd, "/v1/ingest/json", body, key=KEY)[0] in (400, 422)
    assert free_of(parkd, lots[0]) == 4


def test_large_pushes_while_dialects_are_read_anew(parkd, fresh):
    """What was being read when its feed was opened anew may be sent again, and is stored then."""
    lot = fresh("json")

    def send(left):
        for _ in range(50):
            status, text = push(parkd, "/v1/ingest/json", large(lot, left), key=KEY)
            if status != 503:
                break
        return status, text

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        pushes = [pool.submit(send, left) for left in range(24)]
        for one in pushes:
            parkd.hup()
            assert one.result()[0] == 200, one.result()
    assert push(parkd, "/v1/ingest/json", large(lot, 33), key=KEY)[0] == 200
    assert free_of(parkd, lot) == 33


def test_a_secret_in_the_url(parkd, fresh):
    lot = fresh("url")
    for at, path in enumerate(("/v1/ingest/url?secret=", "/api/url/push?secret=", "/api/url/push?a=1&secret=")):
        assert push(parkd, path + SECRET, message(lot, 10 + at))[0] == 200
        assert free_of(parkd, lot) == 10 + at
        for wrong in ("", "old2", SECRET[:-1], SECRET + "x", urllib.parse.quote("in-the url"), "%00"):
            status, text = push(parkd, path + wrong, message(lot, 50))
            assert status in (400, 401), (wrong, status, text)
    assert push(parkd, "/api/url/push", message(lot, 50))[0] == 401
    assert push(parkd, "/api/url/push?secret=old", message(lot, 20))[0] == 200       # both count while they change
    assert push(parkd, "/api/url/push", message(lot, 50), key=SECRET)[0] == 401      # it is no key
    assert free_of(parkd, lot) == 20


def test_no_secret_is_ever_shown(parkd, fresh):
    lot = fresh("url")
    push(parkd, f"/api/url/push?secret={SECRET}&box=7", message(lot, 1))
    push(parkd, f"/api/url/push?secret={SECRET}&box=7", b"{broken")
    push(parkd, "/api/url/push?secret=tell-nobody", message(lot, 1))
    push(parkd, "/v1/nothing?secret=tell-nobody", message(lot, 1))
    bodies = parkd.staff("/v1/admin/feeds/url/bodies")
    for text in (parkd.log_text(), json.dumps(parkd.status()), parkd.staff("/v1/admin/feeds").text(), bodies.text()):
        assert SECRET not in text and "tell-nobody" not in text and sha256(SECRET) not in text
    if bodies.status == 200:
        kept = bodies.json()["bodies"]
        assert any(one["query"] == "box=7" and one["path"] == "/api/url/push" for one in kept), kept


def test_a_registered_address_and_its_paths(parkd, fresh):
    north, south = fresh("north"), fresh("south")
    assert push(parkd, "/up/north", message(north, 3), source=ADDRESS)[0] == 200
    assert push(parkd, "/up/south", message(south, 4), source=ADDRESS)[0] == 200
    assert (free_of(parkd, north), free_of(parkd, south)) == (3, 4)
    assert push(parkd, "/v1/ingest/north", message(north, 5), source=ADDRESS)[0] == 200
    for path in ("/up/north", "/v1/ingest/north"):
        status, text = push(parkd, path, message(north, 9), source=OTHER)
        assert status == 401 and OTHER in text
    assert push(parkd, "/up/nowhere", message(north, 9), source=ADDRESS)[0] == 404
    # forged, without a proxy that anybody trusts
    port = int(parkd.run["public"].rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15, source_address=(OTHER, 0))
    connection.request("POST", "/up/north", json.dumps(message(north, 9)),
                       {"X-Forwarded-For": ADDRESS, "Forwarded": f"for={ADDRESS}", "X-Real-IP": ADDRESS})
    assert connection.getresponse().status == 401
    connection.close()
    assert free_of(parkd, north) == 5


def test_any_one_of_several_ways_is_enough(parkd, fresh):
    lot = fresh("both")
    assert push(parkd, "/v1/ingest/both", message(lot, 1), key=KEY, source=OTHER)[0] == 200
    assert push(parkd, f"/v1/ingest/both?secret={SECRET}", message(lot, 2), source=OTHER)[0] == 200
    assert push(parkd, "/v1/ingest/both", message(lot, 3), source=ADDRESS)[0] == 200
    assert push(parkd, "/v1/ingest/both?secret=wrong", message(lot, 4), source=OTHER)[0] == 401
    assert free_of(parkd, lot) == 3


def test_plain_http_from_elsewhere_needs_consent(parkd, fresh):
    here = own_address()
    if here.startswith("127."):
        pytest.skip("this machine has no address but loopback")
    one = feed("far", MAPPING, paths=["/up/far"], auth={"url_secret_sha256": [sha256(SECRET)], "addresses": [here],
                                                         "bearer_sha256": [sha256(KEY)]})
    parkd.put("feeds", one)
    lot = fresh("far")
    for path in ("/up/far", f"/v1/ingest/far?secret={SECRET}"):
        status, text = push(parkd, path, message(lot, 5), host=here)
        assert status == 403 and "plain HTTP" in text and "allow_http" in text, (status, text)
    assert push(parkd, "/v1/ingest/far", message(lot, 6), host=here, key=KEY)[0] == 200
    assert free_of(parkd, lot) == 6
    parkd.put("feeds", one | {"allow_http": True})
    wait_for(lambda: push(parkd, "/up/far", message(lot, 7), host=here)[0] == 200, what="the consent to be known")
    assert push(parkd, f"/v1/ingest/far?secret={SECRET}", message(lot, 8), host=here)[0] == 200
    assert free_of(parkd, lot) == 8


def test_forms(parkd, fresh):
    parkd.put("feeds", feed("form", FLAT | {"format": "form"}, paths=["/box/form"],
                            auth={"url_secret_sha256": [sha256(SECRET)]},
                            params={"reply": {"status": 200, "type": "text/plain", "body": "SUCCESS"}}))
    lot = fresh("form")
    for kind in ("application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=UTF-8"):
        for left in (5, 6):
            status, text = push(parkd, f"/box/form?secret={SECRET}",
                                {"parkId": f"F-{lot}", "left": left, "name": "停车 场+"}, kind=kind)
            assert (status, text) == (200, "SUCCESS")
            assert free_of(parkd, lot) == left
    before = parkd.store.record(lot)
    for body in (b"", b"parkId", b"&&&=&=", b"parkId=F-%zz&left=%", b"left=9", b"parkId=" + b"x" * 200_000,
                 b"parkId=F-" + lot.encode() + b"&left=9&left=8", b"a=1&" * 50_000):
        push(parkd, f"/box/form?secret={SECRET}", body, kind="application/x-www-form-urlencoded")
        assert parkd.store.record(lot).visible == before.visible, body[:60]
    assert push(parkd, f"/box/form?secret={SECRET}", b"x" * 300_000,
                kind="application/x-www-form-urlencoded")[0] == 413


def test_a_box_that_has_nothing_but_get(parkd, fresh):
    mapping = {"format": "form", "items": "", "single": True, "lot": {"request": "query:park"}, "free": "/left",
               "numbers": {"text": True}}
    parkd.put("feeds", feed("get", mapping, paths=["/box/get"], auth={"addresses": [ADDRESS]},
                            params={"reply": {"body": "{\"code\":0}"}}))
    lot = fresh("get")
    status, text = push(parkd, f"/box/get?park=F-{lot}&left=17", source=ADDRESS)
    assert (status, text) == (200, '{"code":0}'), (text, parkd.log())
    assert free_of(parkd, lot) == 17
    assert push(parkd, f"/box/get?park=F-{lot}&left=18", source=OTHER)[0] == 401
    assert push(parkd, "/box/get", source=ADDRESS)[0] == 400
    assert push(parkd, f"/box/get?park=F-{lot}&left=18", source=ADDRESS, method="HEAD")[0] == 405
    assert push(parkd, f"/box/get?park=F-{lot}&left=18", source=ADDRESS, method="DELETE")[0] == 405
    assert free_of(parkd, lot) == 17


def test_a_feed_without_a_mapping_listens(parkd):
    parkd.put("feeds", feed("listen", paths=["/box/listen"], auth={"url_secret_sha256": [sha256(SECRET)]},
                            params={"reply": {"status": 200, "type": "application/json", "body": "{\"ret\":\"ok\"}"}}))
    for body in (b'{"anything":1}', b"\x00\xff", b"", b"<a/>"):
        assert push(parkd, f"/box/listen?secret={SECRET}", body) == (200, '{"ret":"ok"}')
    assert push(parkd, "/box/listen?secret=no", b"{}")[0] == 401
    shown = parkd.feed("listen")
    assert shown["state"] == "good" and not shown["error"] and shown["reports"] == 0, shown
    bodies = parkd.staff("/v1/admin/feeds/listen/bodies").json()["bodies"]
    assert len(bodies) == 4 and "no" not in {one.get("query") for one in bodies}
    assert bodies[0]["kind"] == "push" and '"anything"' in bodies[0]["body"]


def test_a_reply_that_tells_what_was_sent(parkd, fresh):
    mapping = MAPPING | {"let": {"SEQ": {"path": "/seq", "root": True}}}
    parkd.put("feeds", feed("echo", mapping, auth={"bearer_sha256": [sha256(KEY)]},
                            params={"reply": {"body": "{\"status\":\"1\",\"seq\":\"${SEQ}\"}"}}))
    lot = fresh("echo")
    status, text = push(parkd, "/v1/ingest/echo", message(lot, 5) | {"seq": "a-17"}, key=KEY)
    assert (status, json.loads(text)) == (200, {"status": "1", "seq": "a-17"})
    assert free_of(parkd, lot) == 5
    parkd.end()
