# SPDX-License-Identifier: MIT
"""The contract of everything that is answered: /openapi.json is complete, its examples are right, the public reads are walked status by
status, and requests that nobody thought of find no answer that it does not know."""
import json
import pathlib
import re
import string
import urllib.parse

import pytest

pytest.importorskip("hypothesis", reason="no hypothesis: no property-based requests")
from hypothesis import HealthCheck, given, settings, strategies as st  # noqa: E402

from harness import formats, http  # noqa: E402
from harness.contract import Contract, media_of  # noqa: E402
from harness.events import Stream  # noqa: E402
from harness.wait import wait_for  # noqa: E402
from harness.world import World, sha256  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOT = "370303001101"                                            # of the examples
EXPORTS = {"export_" + one.partition("-")[0]: one for one in ("geojson", "csv", "parkapi", "datex2-light", "siri-fm", "ngsi-ld")}


@pytest.fixture(scope="module")
def parkd(keep_module, tmp_path_factory):
    world = World(keep_module, tmp_path_factory.mktemp("contract"))
    world.feeds = [{"id": "f", "dialect": "native", "mode": "push", "auth": {"bearer_sha256": [sha256("key")]}}]
    place = {"lng": 118.0531, "lat": 36.8161, "datum": "wgs84"}
    world.lots = [{"id": LOT, "name": "火车站南广场停车场", "name_en": "South Square", "area": "车站街道", "address": "车站路", "total": 220, "open": 209, "feed": "f",
                   "stage": "connected", "location": place, "kind": "public", "phone": "0533", "fee_text": "3 元", "hours": {"week": [{"from": "00:00", "to": "24:00"}]},
                   "free_minutes": 30, "height_m": 2.1, "courier_minutes": 20, "entrance": place | {"name": "东入口"}, "classes": {"charging": 14, "accessible": 4}}]
    world.lots += [{"id": f"L{at}", "name": f"车场 {at}", "area": "公园街道", "total": 50, "feed": "f", "stage": "connected", "location": place | {"lng": 118 + at / 50}}
                   for at in range(30)] + [{"id": "silent", "name": "silent"}]
    parkd = world.start_parkd({"public": {"max_streams": 3, "rate_per_minute": 5}})
    push(parkd, [{"lot": LOT, "free": 37, "status": "open", "classes": {"charging": {"free": 3}}, "zones": [{"id": "B1", "free": 10, "total": 100}]},
                 *({"lot": f"L{at}", "free": at} for at in range(30))])
    return parkd


def push(parkd, items):
    answer = parkd.post("/v1/ingest/f", {"items": items}, headers={"Authorization": "Bearer key"})
    assert answer.status == 200 and answer.json()["rejected"] == 0, answer


@pytest.fixture(scope="module")
def contract(parkd):
    return Contract(parkd.get("/openapi.json").json())


@pytest.fixture(scope="module")
def public(parkd):
    """The reads that anybody may make."""
    return Contract(json.loads((ROOT / "src/api/openapi/public.json").read_text())
                    | {"components": parkd.get("/openapi.json").json()["components"]})


# ---- the document

def test_it_is_whole(contract):
    """Every route of routes.c and actions.def is there once (what each part lists: test_contract_office.py), with words for everybody."""
    text = (ROOT / "src/api/routes.c").read_text()
    rows = set(re.findall(r'^    \{"(/[^"]*)", ROUTE_', text, re.M)) - {"/", "/lots/{}", "/map", "/board", "/manifest.webmanifest"}
    rows |= set(re.findall(r'^ACTION\(\w+, \w+, "([^"]+)"', (ROOT / "include/parkd/office/actions.def").read_text(), re.M))
    assert {re.sub(r"\{\w+\}", "{}", path) for path in contract.document["paths"]} == rows | {"/openapi.json", "/v1/native.schema.json"}
    assert contract.document["openapi"] == "3.1.0" and len(contract.by_id) > 110
    for name, (_, _, operation) in contract.by_id.items():
        assert operation["summary"].endswith((".", "?")) and operation["tags"] and operation["responses"], name
    known = {one["name"] for one in contract.document["tags"]}
    assert all(set(operation["tags"]) <= known for _, _, operation in contract.by_id.values())


def test_its_examples(contract):
    assert contract.check_examples() > 400
    for reference in contract.references():
        contract.resolve({"$ref": reference})


def test_an_example_for_every_operation(contract):
    """Of every answer that has a body, and of every parameter."""
    for name, (method, path, _) in contract.by_id.items():
        assert all("example" in one or "examples" in one for one in contract.parameters(name)), name
        for status, response in contract.responses(name).items():
            assert all("example" in one or "examples" in one or "openxml" in media for media, one in response.get("content", {}).items()), (name, status)
        assert len(re.findall(r"\{(\w+)\}", path)) == sum(one["in"] == "path" for one in contract.parameters(name)), (method, path)


def test_a_wrong_answer_is_seen(parkd, public):
    """What this file stands on: an answer with one member changed is refused."""
    answer = parkd.get("/v1/lots")
    document = answer.json()
    for change in ({"free": "7"}, {"free": -1}, {"band": "low"}, {"observed_at": "yesterday"}, {"extra": 1}, {"location": {"lng": 1}}):
        spoilt = {**document, "lots": [document["lots"][0] | change]}
        with pytest.raises(AssertionError):
            public.check("lots_list", http.Answer(200, answer.headers, json.dumps(spoilt).encode()))
    with pytest.raises(AssertionError):
        public.check("lots_list", http.Answer(418, answer.headers, b""))


# ---- the walk

def path_of(public, operation, **args):
    path = public.operation(operation)[1]
    for key, value in args.items():
        path = path.replace("{" + key + "}", urllib.parse.quote(str(value)))
    return path


READS = {"lots_list": {}, "lot_now": {"id": LOT}, "lot_history": {"id": LOT}, "lot_forecast": {"id": LOT}, "summary_get": {}, "openapi_get": {}, "native_schema_get": {},
         "problem_get": {"name": "bad-parameter"}, "healthz": {}, "readyz": {}, **{name: {} for name in EXPORTS}}


def walk(parkd, public):
    for name, args in READS.items():
        path = path_of(public, name, **args)
        first = public.check(name, parkd.get(path))
        assert first.status == 200, first
        statuses = public.responses(name)
        if 304 in statuses:
            # A second may pass between two of them: what was asked for is asked for again.
            def same(path=path, name=name):
                tag = parkd.get(path).headers["ETag"]
                return public.check(name, parkd.get(path, headers={"If-None-Match": tag})).status == 304
            wait_for(same, 10, f"{name} to be the same twice")
        if 400 in statuses:
            assert public.check(name, parkd.get(path + "?nonsense=1")).status == 400
        if 404 in statuses:
            assert public.check(name, parkd.get(path_of(public, name, **{key: "nobody" for key in args}))).status == 404
        if 429 in statuses:
            wait_for(lambda path=path, name=name: public.check(name, parkd.get(path, headers={"X-Forwarded-For": "192.0.2.1"})).status == 429, 10, "one too many")
        assert parkd.get(path, method="HEAD").status == 200 and parkd.get(path, method="DELETE").status == 405
        allowed = parkd.get(path, method="OPTIONS")
        assert allowed.status == 204 and "GET" in allowed.headers["Allow"] and allowed.headers["Access-Control-Allow-Origin"] == "*"


def test_every_read_and_every_status(parkd, public, keep, tmp_path):
    """429 needs an address that asked too often."""
    while parkd.get("/v1/summary", headers={"X-Forwarded-For": "192.0.2.1"}).status == 200:
        pass
    walk(parkd, public)
    base = parkd.run["public"]
    for query, headers, status in (("", {}, 200), ("?nonsense=1", {}, 400), ("", {"X-Forwarded-For": "192.0.2.1"}, 429)):
        reader = keep(Stream(base, query, headers=headers))
        assert reader.status == status
        if status == 200:
            assert media_of(reader) == "text/event-stream" and reader.first("ready")
            public.seen.add(("stream_get", 200))
        else:
            public.check("stream_get", http.Answer(status, reader.headers, json.dumps(reader.problem()).encode()))
    full = [keep(Stream(base)) for _ in range(3)][-1]
    public.check("stream_get", http.Answer(full.status, full.headers, json.dumps(full.problem()).encode()))
    away(public, keep, tmp_path)
    assert not public.missing()


def away(public, keep, folder):
    """Without its store."""
    from harness.parkd import Parkd
    from harness.redis import RedisServer
    redis = keep(RedisServer(folder / "redis").start())
    parkd = keep(Parkd(folder / "away", {"redis": {"url": redis.url}})).start()
    parkd.put("lots", {"id": LOT, "name": "n"})
    redis.kill()
    wait_for(lambda: parkd.get("/readyz").status == 503, 30, "the store to be missed")
    public.check("readyz", parkd.get("/readyz"))
    answer = wait_for(lambda: (one := parkd.get(f"/v1/lots/{LOT}/history")).status == 503 and one, 30, "the past to be out of reach")
    public.check("lot_history", answer)


def test_the_parameters_examples_work(parkd, public):
    """Each alone (with what it needs), and all of an operation together but for those that exclude one another."""
    needs = {name: "near=118.0531,36.8161&" for name in ("radius", "arrive_in")}
    tried = 0
    for name, args in READS.items():
        for one in public.parameters(name):
            if one["in"] == "query":
                value = urllib.parse.quote(str(one["example"]), safe="")
                answer = public.check(name, parkd.get(f"{path_of(public, name, **args)}?{needs.get(one['name'], '')}{one['name']}={value}"))
                assert answer.status == 200, (name, one["name"], answer)
                tried += 1
    assert tried > 40


def test_exports_under_their_contract(parkd, public):
    for name, path in EXPORTS.items():
        answer = public.check(name, parkd.get(f"/v1/export/{path}"))
        assert formats.ALL[path][1](answer.text())[LOT] == 37


def test_a_list_shows_what_it_says(parkd, public):
    always = {"id", "name", "location", "total", "open", "free", "band", "status", "open_now", "trend", "freshness", "observed_at", "changed_at", "age_s", "valid_until", "seq",
              "quality", "classes", "zones"}
    for lot in public.check("lots_list", parkd.get("/v1/lots")).json()["lots"]:
        assert always <= set(lot), lot
    one = public.check("lot_now", parkd.get(f"/v1/lots/{LOT}")).json()
    assert always | {"kind", "phone", "fee_text", "hours", "free_minutes", "height_m", "entrance", "courier_minutes", "area", "address", "name_en"} <= set(one)
    assert one["hours"] == {"osm": "24/7", "open": True, "entry": True, "changes_at": None} and one["open_now"] is True


# ---- what nobody thought of

ANY = st.text(st.characters(blacklist_categories=("Cs",)), max_size=40)
NUMBER = st.one_of(st.integers(-10**20, 10**20), st.floats(), st.sampled_from(["1e5", "0x10", "1,5", "NaN", "∞", "-0", "+1", "007"])).map(str)
PLAUSIBLE = {"near": st.tuples(st.floats(-200, 200), st.floats(-100, 100)).map(lambda at: f"{at[0]},{at[1]}"),
             "bbox": st.tuples(*[st.floats(-200, 200)] * 4).map(lambda at: ",".join(map(str, at))),
             "cursor": st.one_of(st.just(LOT), st.tuples(st.sampled_from(["L3", LOT, "gone"]), NUMBER).map("~".join)),
             "fields": st.lists(st.sampled_from(["id", "free", "hours", "zones", "classes", "location", "", "x"]), max_size=9).map(",".join),
             "changed_since": st.one_of(st.datetimes().map(lambda at: at.isoformat() + "Z"), NUMBER), "from": st.one_of(st.datetimes().map(lambda at: at.isoformat() + "Z"), NUMBER),
             "to": st.one_of(st.datetimes().map(lambda at: at.isoformat() + "Z"), NUMBER), "area": st.sampled_from(["车站街道", "公园街道", "x"])}
CALM = settings(max_examples=300, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))


def values_of(parameter):
    schema = parameter["schema"]
    likely = [st.just(str(parameter["example"]))]
    likely += [st.sampled_from([str(one) for one in schema["enum"]])] if "enum" in schema else []
    likely += [PLAUSIBLE[parameter["name"]]] if parameter["name"] in PLAUSIBLE else []
    return st.one_of(*likely, NUMBER, ANY)


@st.composite
def questions(draw, public, names):
    """(operation, path and query): known and unknown parameters, some twice, in any order."""
    name = draw(st.sampled_from(names))
    args = {one["name"]: draw(st.one_of(st.sampled_from([LOT, "L1", "nobody", "bad-parameter"]), st.text(string.printable, min_size=1, max_size=40)))
            for one in public.parameters(name) if one["in"] == "path"}
    known = [one for one in public.parameters(name) if one["in"] == "query"]
    chosen = draw(st.lists(st.sampled_from(known), max_size=4)) if known else []
    pairs = [(one["name"], draw(values_of(one))) for one in chosen] + draw(st.lists(st.tuples(ANY, ANY), max_size=1))
    return name, path_of(public, name, **{key: value.replace("/", "-") for key, value in args.items()}) + "?" + urllib.parse.urlencode(pairs)


def test_any_question(parkd, public):
    names = [name for name in READS if name not in ("healthz", "readyz", "openapi_get", "native_schema_get")]
    seen = set()

    @CALM
    @given(questions(public, names))
    def ask(question):
        name, path = question
        answer = http.call(parkd.run["public"], path)
        if answer.status in (400, 404, 414) or path.split("?")[0].count("//"):
            assert media_of(answer) == "application/problem+json", (path, answer)
            public.validate(path, {"$ref": "#/components/schemas/Problem"}, answer.json())
        else:
            public.check(name, answer)
        seen.add(answer.status)
    ask()
    assert {200, 400, 404} <= seen <= {200, 400, 404, 414}, seen
    assert parkd.get("/healthz").status == 200


def test_any_header(parkd, public):
    @CALM
    @given(st.dictionaries(st.sampled_from(["Accept", "Accept-Encoding", "If-None-Match", "X-Forwarded-For", "Last-Event-ID", "Origin", "Range", "Cookie", "Authorization"]),
                           st.text(string.printable.replace("\n", "").replace("\r", "").replace("\x0b", "").replace("\x0c", ""), max_size=60), max_size=4))
    def ask(headers):
        answer = http.call(parkd.run["public"], "/v1/lots?limit=2", headers={name: value.strip() for name, value in headers.items()})
        assert answer.status in (200, 304, 429), answer
    ask()


def test_any_body_anywhere(parkd, contract):
    """Every operation of the whole contract, asked by the machine's own administrator: an answer that the contract knows, and never 500."""
    text = st.one_of(ANY, st.sampled_from(["", "x", LOT, "f", "2026-11", "2026-11-23T08:00:00Z", "***"]))
    leaf = st.one_of(st.none(), st.booleans(), st.integers(-2**63, 2**63), st.floats(allow_nan=False, allow_infinity=False), text)
    value = st.recursive(leaf, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(text, inner, max_size=3)), max_leaves=8)
    # The trail and sessions of the machine itself stay; what would end or swamp the test's own parkd is left to its own tests.
    names = sorted(name for name, (_, path, _) in contract.by_id.items() if path not in ("/v1/stream",) and not path.endswith(("/bodies", "/test")))
    general = {400, 401, 403, 404, 405, 409, 411, 412, 413, 415, 422, 429}

    @st.composite
    def requests(draw):
        name = draw(st.sampled_from(names))
        method, path, operation = contract.by_id[name]
        for one in re.findall(r"\{\w+\}", path):
            path = path.replace(one, urllib.parse.quote(draw(st.one_of(st.sampled_from([LOT, "f", "L1", "x", "2026-11"]), text.filter(lambda it: it and "\0" not in it))), safe=""), 1)  # %00 is refused before the body is read
        body = None
        if "requestBody" in operation:
            examples = [example for _, _, example in contract._media_examples(name, contract.resolve(operation["requestBody"]).get("content", {}))]
            body = draw(st.one_of(value, *([st.sampled_from(examples)] if examples else [])))
            if isinstance(body, dict) and body and draw(st.booleans()):
                body = {**body, draw(st.sampled_from(sorted(body))): draw(value)}
            body = body if isinstance(body, str) else json.dumps(body)
        return name, method, path, body

    @settings(CALM, max_examples=3000)
    @given(requests())
    def ask(request):
        name, method, path, body = request
        answer = http.call(parkd.run["staff"], path, body.encode() if body is not None else None, method, {"Content-Type": "application/json"} if body is not None else None)
        if answer.status in general and answer.status not in contract.responses(name):
            assert media_of(answer) == "application/problem+json", (request, answer)
            contract.validate(str(request), {"$ref": "#/components/schemas/Problem"}, answer.json())
        else:
            contract.check(name, answer)
    ask()
    assert parkd.get("/healthz").status == 200
