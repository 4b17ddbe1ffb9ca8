# SPDX-License-Identifier: MIT
"""What everybody may read, and what only staff may: lots, history, sums, caching, the page, metrics."""
import gzip
import html.parser
import json
import re
import time
import urllib.parse

import pytest

from harness import http
from harness.wait import wait_for
from harness.world import World, sha256

HOSTILE = ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' onmouseover='x",
           "</li></ul>&amp;",
           "{{rows}} {{title}}", "名字 \u202e drow", "a\\u0000b", "%s%n%x", "${jndi:x}"]
AREAS = ["东区", "西区"]


@pytest.fixture(scope="module")
def parkd(keep_module, tmp_path_factory):
    """Ten lots in a row of places, eight with numbers; one retired; one with every hostile name each."""
    world = World(keep_module, tmp_path_factory.mktemp("api"))
    world.feeds = [{"id": "f", "dialect": "native", "mode": "push",
                    "auth": {"bearer_sha256": [sha256("key")]}}]
    for at in range(10):
        world.lots.append({"id": f"P{at}", "name": f"停车场 {at}", "name_en": f"Car park {at}",
                           "area": AREAS[at % 2],
                           "address": f"路 {at}", "location": {"lng": 118.0 + at / 100, "lat": 36.8,
                                                              "datum": "wgs84"},
                           "total": 100, "open": 90, "classes": {"charging": 10} if at < 5 else {},
                           "feed": "f",
                           "stage": "connected", "fee_text": "免费", "height_m": 2.1})
    world.lots.append({"id": "R", "name": "gone", "stage": "retired", "feed": "f", "foreign_id": "R"})
    for at, name in enumerate(HOSTILE):
        world.lots.append({"id": f"X{at}", "name": name, "name_en": name, "address": name,
                           "area": "坏 <b>区</b>"})
    parkd = world.start_parkd()
    items = [{"lot": f"P{at}", "free": at * 10, "status": "open",
              "classes": {"charging": {"free": at, "total": 10}}}
             for at in range(8)]
    push(parkd, items)
    return parkd


def push(parkd, items):
    answer = parkd.post("/v1/ingest/f", {"items": items}, headers={"Authorization": "Bearer key"})
    assert answer.status == 200, answer


def ids(answer):
    assert answer.status == 200, answer
    return [lot["id"] for lot in answer.json()["lots"]]


def test_list(parkd):
    answer = parkd.get("/v1/lots")
    body = answer.json()
    assert answer.headers["Content-Type"] == "application/json"
    assert [lot["id"] for lot in body["lots"]] == sorted(lot["id"] for lot in body["lots"])
    assert "R" not in ids(answer) and body["count"] == len(body["lots"]) == 10 + len(HOSTILE)
    lot = body["lots"][3]
    assert lot["id"] == "P3" and lot["name"] == "停车场 3"
    assert (lot["free"], lot["open"], lot["total"]) == (30, 90, 100)
    assert lot["band"] == "plenty" and lot["status"] == "open" and lot["freshness"] == "fresh"
    assert lot["location"] == {"lng": 118.03, "lat": 36.8, "crs": "wgs84"}
    assert lot["age_s"] >= 0 and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", lot["observed_at"])
    assert lot["valid_until"] > lot["observed_at"] and lot["seq"] > 0
    silent = body["lots"][9]
    assert silent["free"] is None and silent["band"] == "unknown" and silent["freshness"] == "offline"
    assert silent["observed_at"] is None and silent["age_s"] is None and silent["valid_until"] is None


@pytest.mark.parametrize("query, wanted", [
    ("area=东区", ["P0", "P2", "P4", "P6", "P8"]), ("min_free=50", ["P5", "P6", "P7"]), ("band=full", ["P0"]),
    ("band=full,some", ["P0", "P1", "P2"]), ("class=charging&min_free=3", ["P3", "P4", "P5", "P6", "P7"]),
    ("bbox=118.015,36.7,118.045,36.9", ["P2", "P3", "P4"]),
    ("near=118.05,36.8&radius=1000", ["P5", "P4", "P6"]),
    ("near=118.0,36.8&limit=2", ["P0", "P1"]), ("near=118.0,36.8&limit=2&sort=free&radius=4000", ["P4", "P3"]),
    ("sort=free&limit=3", ["P7", "P6", "P5"]), ("open_now=true&limit=2", ["P0", "P1"]), ("changed_since=2199-01-01T00:00:00Z", []),
    ("limit=3", ["P0", "P1", "P2"]),
    ("limit=2&cursor=P2", ["P3", "P4"]),
    ("area=nowhere", [])])
def test_filters(parkd, query, wanted):
    found = ids(parkd.get("/v1/lots?" + urllib.parse.quote(query, safe="=&,.")))
    assert sorted(found[:len(wanted)]) == sorted(wanted) and len(found) == len(wanted), (query, found)
    if "near" in query:
        assert found[0] == wanted[0]


def test_near_is_in_order_and_tells_the_distance(parkd):
    lots = parkd.get("/v1/lots?near=118.05,36.8&radius=5000").json()["lots"]
    distances = [lot["distance_m"] for lot in lots]
    assert distances == sorted(distances) and distances[0] == 0 and 880 < distances[1] < 900


def test_paging_by_link(parkd):
    seen, path = [], "/v1/lots?limit=4&area=" + "%E4%B8%9C%E5%8C%BA"
    while path:
        answer = parkd.get(path)
        seen += ids(answer)
        link = answer.headers["Link"]
        path = re.fullmatch(r'<(/[^>]*)>; rel="next"', link)[1] if link else None
    assert seen == ["P0", "P2", "P4", "P6", "P8"]


@pytest.mark.parametrize("query", [
    "nope=1", "limit=0", "limit=x", "limit=1&limit=2", "min_free=-1", "band=purple", "class=rocket",
    "near=1", "near=200,1",
    "near=118,36&radius=0", "radius=5", "bbox=1,2,3", "bbox=2,2,1,1", "crs=mars", "cursor=%20", "area=",
    "are=x", "area=%ff",
    "min_free=99999999999999999999", "near=nan,nan", "near=1e999,0"])
def test_bad_parameters_are_problems(parkd, query):
    answer = parkd.get("/v1/lots?" + query)
    assert answer.status == 400 and answer.headers["Content-Type"] == "application/problem+json", answer
    problem = answer.json()
    assert problem["status"] == 400 and problem["type"] == "/problems/bad-parameter" and problem["detail"]
    assert parkd.get(problem["type"]).status == 200


def test_fields(parkd):
    lot = parkd.get("/v1/lots?fields=free,name,phone,hours&limit=1").json()["lots"][0]
    assert lot == {"id": "P0", "name": "停车场 0", "free": 0, "hours": None}
    assert parkd.get("/v1/lots/P3?fields=band,location&crs=bd09").json() == {"id": "P3", "location": parkd.get("/v1/lots/P3?crs=bd09").json()["location"], "band": "plenty"}


def test_changed_since_is_what_changed(parkd):
    assert set(ids(parkd.get("/v1/lots?changed_since=2026-01-01T00:00:00Z"))) == {f"P{n}" for n in range(8)}, "the others never said anything"


def test_unknown_parameter_names_the_near_one(parkd):
    assert "min_free" in parkd.get("/v1/lots?min_fre=3").json()["detail"]


def test_lot(parkd):
    lot = parkd.lot("P3")
    assert lot["id"] == "P3" and lot["fee_text"] == "免费" and lot["height_m"] == 2.1
    assert lot["classes"] == {"charging": {"free": 3, "total": 10}}
    shifted = parkd.get("/v1/lots/P3?crs=gcj02").json()["location"]
    assert shifted["crs"] == "gcj02" and 0.003 < shifted["lng"] - 118.03 < 0.008
    for path in ("/v1/lots/none", "/v1/lots/R", "/v1/lots/P3/nothing", "/v1/nothing", "/v1/lots/P3/",
                 "/V1/lots",
                 "/v1/lots/..%2f..%2fetc", "/v1/lots/" + "x" * 300):
        answer = parkd.get(path)
        assert answer.status == 404 and answer.headers["Content-Type"] == "application/problem+json", (path,
                                                                                                       answer)
        assert answer.json()["type"] == "/problems/not-found"
    assert parkd.get("/v1/lots/P3?x=1").status == 400


def test_summary(parkd):
    body = parkd.get("/v1/summary").json()
    district = body["district"]
    assert district["free"] == sum(range(0, 80, 10)) and district["known"] == 8
    assert district["open"] == 8 * 90 and district["unknown"] == district["lots"]["all"] - 8
    areas = {one["id"]: one for one in body["areas"]}
    assert areas["东区"]["free"] == 0 + 20 + 40 + 60 and areas["东区"]["lots"]["all"] == 5
    assert areas["坏 <b>区</b>"]["free"] is None        # a sum over nothing is not nought
    charging = next(one for one in body["classes"] if one["id"] == "charging")
    assert charging["free"] == sum(range(8))
    assert parkd.get("/v1/summary?x=1").status == 400


def test_history(parkd):
    now = int(time.time() * 1000)
    answer = parkd.get(f"/v1/lots/P3/history?step=1m&from={now - 600_000}&to={now + 60_000}")
    body = answer.json()
    assert body["lot"] == "P3" and body["columns"] == ["t", "last", "min", "max", "mean"] and body["step_s"] == 60
    told = [point for point in body["points"] if point[1] is not None]
    assert told and told[-1][1:] == [30, 30, 30, 30.0]
    assert [point[0] for point in body["points"]] == list(range(body["points"][0][0],
                                                                body["points"][-1][0] + 1, 60))
    assert parkd.get("/v1/lots/P3/history").status == 200
    for step in ("1m", "5m", "15m", "1h", "1d"):
        assert parkd.get(f"/v1/lots/P3/history?step={step}").status == 200
    for bad in ("step=2m", "from=x", "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "x=1",
                "step=1m&from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z"):
        assert parkd.get("/v1/lots/P3/history?" + bad).status == 400, bad
    assert parkd.get("/v1/lots/none/history").status == 404


def test_etag_and_304(parkd):
    for path in ("/v1/lots", "/v1/lots/P3", "/v1/summary", "/", "/style.css", "/list.js"):
        def same(path=path):
            first = parkd.get(path)
            tag = first.headers["ETag"]
            assert first.status == 200 and re.fullmatch(r'"[^"]+"',
                                                        tag) and first.headers["Cache-Control"], path
            again = parkd.get(path, headers={"If-None-Match": tag})
            assert again.status in (200, 304), again
            return again if again.status == 304 else None
        again = wait_for(same, what=f"304 of {path}")    # an age may have gone on between the two
        assert again.body == b"" and again.headers["ETag"]
        assert parkd.get(path, headers={"If-None-Match": '"other"'}).status == 200


def test_etag_changes_with_the_number(parkd):
    tag = parkd.get("/v1/lots/P7").headers["ETag"]
    push(parkd, [{"lot": "P7", "free": 71}])
    answer = parkd.get("/v1/lots/P7", headers={"If-None-Match": tag})
    assert answer.status == 200 and answer.json()["free"] == 71
    push(parkd, [{"lot": "P7", "free": 70}])
    assert parkd.lot("P7")["free"] == 70


def test_head_and_methods(parkd):
    for path in ("/v1/lots", "/healthz", "/", "/v1/lots/none"):
        get, head = parkd.get(path), parkd.get(path, method="HEAD")
        assert head.status == get.status and head.body == b""
        assert head.headers["Content-Type"] == get.headers["Content-Type"]
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = parkd.get("/v1/lots", method=method, body=b"x" if method != "DELETE" else None)
        assert answer.status == 405 and "GET" in answer.headers["Allow"], (method, answer)


def test_gzip(parkd):
    plain, packed = parkd.get("/v1/lots"), parkd.get("/v1/lots", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip" and "Accept-Encoding" in packed.headers["Vary"]
    assert len(json.loads(gzip.decompress(packed.body))["lots"]) == len(plain.json()["lots"])
    assert plain.headers["Content-Encoding"] is None


def test_cors_on_public_reads_only(parkd):
    page = {"Origin": "https://example.org"}
    for path in ("/v1/lots", "/v1/lots/P1", "/v1/summary"):
        assert parkd.get(path, headers=page).headers["Access-Control-Allow-Origin"] == "*", path
    asked = parkd.get("/v1/lots", method="OPTIONS", headers=page | {"Access-Control-Request-Method": "GET"})
    assert asked.status == 204 and "GET" in asked.headers["Access-Control-Allow-Methods"]
    assert parkd.post("/v1/ingest/f", {}, headers=page).headers["Access-Control-Allow-Origin"] is None
    assert parkd.staff("/v1/admin/lots", headers=page).headers["Access-Control-Allow-Origin"] is None
    put = parkd.staff("/v1/admin/lots/P1", {"id": "P1", "name": "x"}, "PUT", headers=page)
    assert put.status == 403 and parkd.lot("P1")["name"] == "停车场 1"


@pytest.mark.parametrize("path", ["/metrics", "/v1/admin/status", "/v1/admin/lots", "/v1/admin/feeds",
                                  "/v1/admin/feeds/f",
                                  "/v1/admin/sinks", "/v1/admin/../admin/status", "/v1/lots/../admin/status",
                                  "//metrics",
                                  "/v1/%61dmin/status", "/%6detrics"])
def test_staff_routes_are_not_public(parkd, path):
    if "%" not in path and ".." not in path and "//" not in path:
        assert parkd.staff(path).status == 200
    answer = parkd.get(path)
    assert answer.status == 404, answer
    assert parkd.get(path, method="PUT", body=b"{}").status in (404, 405)


def test_staff_shows_no_secrets(parkd):
    parkd.put("sinks", {"id": "s", "dialect": "native", "url": "http://127.0.0.1:9/x",
                        "bearer": "very-hidden-key",
                        "secret": "whsec_aGlkZGVuIGhpZGRlbiBoaWRkZW4gaGlkZGVu", "enabled": False})
    for path in ("/v1/admin/sinks", "/v1/admin/sinks/s", "/v1/admin/status"):
        text = parkd.staff(path).text()
        assert "very-hidden-key" not in text and "aGlkZGVu" not in text, path
    assert "very-hidden-key" not in parkd.log_text() and "aGlkZGVu" not in parkd.log_text()
    parkd.remove("sinks", "s")


def test_metrics(parkd):
    answer = parkd.staff("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    metrics = parkd.metrics()                            # parsed strictly
    assert metrics["parkd_redis_up"] == 1 and metrics["parkd_loop_lag_seconds"] >= 0
    assert sum(value for name, value in metrics.items() if name.startswith("parkd_lots{")) >= 10
    assert metrics['parkd_lot_available_spaces{lot="P3"}'] == 30
    assert 'parkd_lot_available_spaces{lot="P9"}' not in metrics
    assert any(name.startswith("parkd_build_info{") for name in metrics)
    assert metrics["process_resident_memory_bytes"] > 1e6


def test_health(parkd):
    assert parkd.get("/healthz").status == 200 and parkd.get("/readyz").status == 200


class Page(html.parser.HTMLParser):
    """All that matters for safety: tags, attributes and texts as a browser reads them."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.texts = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize("path", ["/", "/?lang=en"])
def test_page_shows_hostile_names_as_text(parkd, path):
    answer = parkd.get(path)
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/html")
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    page = Page(answer.text())
    text = "\n".join(page.texts)
    for name in HOSTILE:
        assert name in text, name
    assert not [one for one in page.attributes if one[0].startswith("on")]
    assert page.tags.count("script") <= 1 and "img" not in page.tags and "b" in page.tags
    assert not [value for name, value in page.attributes if name in ("src", "href")
                and value.lower().startswith("javas")]
    assert "停车场 3" in text or "Car park 3" in text
    assert "gone" not in text


def test_page_tells_no_number_of_silent_lots(parkd):
    row = re.search(r'<li[^>]*data-id="P9".*?</li>', parkd.get("/").text(), re.S)[0]
    number = re.search(r"<b>(.*?)</b>", row)[1]
    assert not number.strip().isdigit()


def test_requests_that_break_http(parkd):
    for data, words in ((b"GET /v1/lots HTTP/1.1\r\n\r\n", (b" 400",)), (b"GARBAGE\r\n\r\n", (b" 400", b"")),
                        (b"GET /v1/lots HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
                         (b" 400",)),
                        (b"GET /v1/lots HTTP/1.1\r\nHost : a\r\n\r\n", (b" 400", b"")),
                        (b"GET /" + b"x" * 70000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", (b" 4", b"")),
                        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-Y: z\r\n" * 200
                         + b"Connection: close\r\n\r\n", (b" 4", b""))):
        head = http.raw(parkd.url, data).split(b"\r\n")[0]
        assert any(word in head if word else head == b"" for word in words), (data[:60], head)
    assert parkd.up()
