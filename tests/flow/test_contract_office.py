# SPDX-License-Identifier: MIT
"""src/api/openapi/office.json is what the server does: it lists the routes that the program is made of, no more and no less; every
answer that it promises is provoked from a real parkd and is as it says; its examples are valid, and those of requests are what is sent here."""
import datetime
import itertools
import json
import pathlib
import re
import threading

import jsonschema
import pytest

from harness import http
from harness.contract import Contract
from harness.office import PASSWORD, Person, sign_in
from harness.vendor import Vendor
from harness.wait import wait_for
from harness.walk import OPERATOR, Walk
from harness.world import sha256
from test_authorisation import actions

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = json.loads((ROOT / "src/api/openapi/office.json").read_text())
PAGES = {"/", "/lots/{}", "/map", "/board", "/manifest.webmanifest"}                                                       # for people
PUBLIC = PAGES | {re.sub(r"\{\w+\}", "{}", path) for path in json.loads((ROOT / "src/api/openapi/public.json").read_text())["paths"]}  # test_contract.py
LOT, FEED = "370302001101", "yunjie-barriers"                                                                           # of the examples
EDIT = ("GET", "PUT", "DELETE")


# ---- the document itself

def rows():
    """(METHOD, pattern, name, access, staff only) of the table in routes.c."""
    text = (ROOT / "src/api/routes.c").read_text()
    table = text[text.index("static const struct row rows[]"):text.index("static const struct action")]
    found = re.findall(r'\{"([^"]+)",\s*\w+,\s*(\w+),\s*(\w+),\s*\w+,\s*\w+,\s*(?:PUBLIC|(ACCESS_\w+),\s*(ACCESS_\w+),\s*"(\w+)")\}', table)
    assert len(found) == table.count("ROUTE_") - len(re.findall(r", ROUTE_(?:GET|POST),", table)), "a row has another shape"
    for pattern, methods, staff, read, write, name in found:
        for method in EDIT if methods == "EDIT" else (methods.removeprefix("ROUTE_"),):
            yield method, pattern, name, (read if method == "GET" else write) or "ACCESS_ANYBODY", staff == "true"


def routes():
    """{(METHOD, pattern): (operationId or None, access, staff only)} of everything that this document has to describe."""
    found = {(method, pattern): (name, access, staff) for name, method, pattern, access, staff in actions()}
    for method, pattern, name, access, staff in rows():
        if pattern not in PUBLIC:
            found[method, pattern] = (f"{name}_{method.lower()}" if name else None, access, staff)
    return found


def test_it_lists_the_routes():
    wanted, documented = routes(), {}
    for method, path, operation in Contract(DOCUMENT).operations():
        documented[method, re.sub(r"\{\w+\}", "{}", path)] = operation
    assert set(documented) == set(wanted) and len(wanted) > 100
    for key, (name, access, staff) in wanted.items():
        operation = documented[key]
        assert name in (None, operation["operationId"]), key
        assert operation["x-access"] == access.removeprefix("ACCESS_").lower(), key
        assert (operation.get("x-listener") == "staff") == staff, key


def test_its_form():
    contract = Contract(DOCUMENT)
    for name, schema in DOCUMENT["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert f"#/components/schemas/{name}" in set(contract.references()), f"{name} is used by nobody"
    for reference in contract.references():
        contract.resolve({"$ref": reference})
    tags = {one["name"] for one in DOCUMENT["tags"]}
    schemes = set(DOCUMENT["components"]["securitySchemes"])
    for method, path, operation in contract.operations():
        where = f"{method} {path}"
        assert operation["summary"].endswith(".") and set(operation["tags"]) <= tags, where
        assert all(set(one) <= schemes for one in operation["security"]), where
        in_path = {one["name"] for one in contract.parameters(operation["operationId"]) if one["in"] == "path"}
        assert in_path == set(re.findall(r"\{(\w+)\}", path)), where


def test_its_examples():
    """All are valid; every parameter, every JSON body and every JSON answer has one."""
    contract = Contract(DOCUMENT)
    assert contract.check_examples() > 500
    for name in contract.by_id:
        shown = [where for where, _, _ in contract.examples(name)]
        wanted = [f"{name} parameter {one['name']}" for one in contract.parameters(name)]
        content = contract.operation(name)[2].get("requestBody", {}).get("content", {})
        wanted += [f"{name} request {media}" for media in content if "json" in media]
        wanted += [f"{name} {status} {media}" for status, one in contract.responses(name).items() for media in one.get("content", {}) if "json" in media]
        lacking = [one for one in wanted if not any(where.startswith(one) for where in shown)]
        assert not lacking, lacking


def test_the_native_format_is_its_own_schema():
    """Written out here once more, so that one document is enough; it must not drift from the one that is served."""
    native = (ROOT / "src/api/native.schema.json").read_text()
    wanted = {}
    for name, schema in json.loads(native)["$defs"].items():
        text = re.sub(r"#/\$defs/(\w)", lambda match: "#/components/schemas/Native" + match[1].upper(), json.dumps(schema))
        wanted[f"Native{name[0].upper()}{name[1:]}"] = json.loads(text)
    schemas = DOCUMENT["components"]["schemas"]
    assert wanted and {name: schemas.get(name) for name in wanted} == wanted


SMALL = {"paths": {"/a/{id}": {"get": {"operationId": "a", "responses": {
    "200": {"headers": {"ETag": {"required": True, "schema": {"type": "string"}}}, "content": {"application/json": {
        "schema": {"$ref": "#/components/schemas/T"}, "example": {"t": "2026-01-01T00:00:00Z"}}}}, "204": {"description": "Done."}}}}},
    "components": {"schemas": {"T": {"type": "object", "required": ["t"], "properties": {"t": {"$ref": "#/components/schemas/U"}}},
                               "U": {"type": "string", "format": "date-time"}}}}
GOOD = b'{"t":"2026-01-01T00:00:00Z"}'


@pytest.mark.parametrize("status, more, body, words", [
    (201, {}, GOOD, "not documented"), (200, {"Content-Type": "text/html"}, GOOD, "text/html"), (200, {"ETag": None}, GOOD, "header ETag"),
    (200, {}, b"{", "not JSON"), (200, {}, b"{}", "'t' is a required"), (200, {}, b'{"t":1}', "$.t"),
    (200, {}, b'{"t":"2026-02-30T00:00:00Z"}', "date-time"), (204, {}, GOOD, "a body")])
def test_what_is_not_as_documented_is_seen(status, more, body, words):
    contract = Contract(SMALL)
    contract.check("a", http.Answer(200, {"Content-Type": "application/json", "ETag": "1"}, GOOD))
    headers = {key: value for key, value in ({"Content-Type": "application/json", "ETag": "1"} | more).items() if value}
    with pytest.raises(AssertionError, match=f"^a {status}: .*{re.escape(words)}"):
        contract.check("a", http.Answer(status, headers, body))
    assert contract.missing() == {("a", 204)}


# ---- the server

@pytest.fixture
def walk(keep, folder):
    return Walk(Contract(DOCUMENT), keep, folder)


@pytest.mark.parametrize("name, ident", [("account_put", "huimin"), ("ledger_put", LOT), ("lot_put", LOT), ("operator_lot_put", LOT)])
def test_lengths(walk, name, ident):
    """The longest texts that the document allows are taken, one more byte is not."""
    schema = walk.contract.operation(name)[2]["requestBody"]["content"]["application/json"]["schema"]
    members = {key: one["maxLength"] for key, one in walk.contract.resolve(schema)["properties"].items() if "maxLength" in one}
    members.pop("feed", None)                    # it must be there too
    assert len(members) > 2
    walk(name, 201, ident, **{key: "x" * most for key, most in members.items()}, **({"feed": ""} if "lot_" in name else {}), id=ident)
    for key, most in members.items():
        answer = walk(name, 422, ident, **{key: "x" * (most + 1)}, id=ident)
        assert answer.json()["errors"][0]["pointer"] == f"/{key}", key


def feed_and_lot(walk):
    """The operator's feed and lot of the examples."""
    walk("operator_feed_put", 201, FEED)
    walk("operator_lot_put", 201, LOT)


def feed_key(walk):
    return Person(walk.office.public, key=walk("operator_feed_key", 201, FEED).json()["secret"])


def report(walk, sender, free=12):
    """The lot of the examples tells a number, and parkd has it."""
    walk("ingest_post", 200, FEED, who=sender, body={"lot": "P001", "free": free})
    wait_for(lambda: walk.parkd.lot(LOT)["free"] == free, what="the number")


def test_session(walk):
    walk("account_put", 200, OPERATOR)
    link = walk("account_invite", 201, OPERATOR).json()["link_token"]
    walk("session_sign_in", 200, example="link", link=link)
    walk("session_sign_in", 200)
    walk("session_sign_in", 401, password="another one")
    walk.wrong_bodies("session_sign_in")
    walk("session_show", 200)
    me = sign_in(walk.office.public, {"account": OPERATOR, "password": PASSWORD})
    walk("session_show", 200, who=me)
    walk("session_password", 401, who=me, old="not this one")
    walk("session_password", 409, who=walk.people["officer"])
    walk.wrong_bodies("session_password", who=me, invalid={"old": PASSWORD, "new": "short"})
    walk("session_password", 200, who=me)
    me = sign_in(walk.office.public, {"account": OPERATOR, "password": "noch ein langer Satz 8"})
    own_keys(walk, me)
    locked_out(walk, me)
    walk("session_sign_out", 204, who=me)
    walk.finish("session")


def own_keys(walk, me):
    walk("own_keys_make", 201, who=me)
    kid = walk("own_keys_make", 201, who=me, label="never ends", expires="2099-01-01T00:00:00+08:00").json()["kid"]
    walk("own_keys_make", 409, who=me)
    walk.wrong_bodies("own_keys_make", who=me, invalid={"expires": "2020-01-01T00:00:00Z"})
    walk("own_keys_make", 404, who=walk.office.local)
    walk("own_key_revoke", 200, kid, who=me)
    walk("own_key_revoke", 404, "none", who=me)
    assert len(walk("own_keys_list", 200, who=me).json()["keys"]) == 3


def locked_out(walk, me):
    """Each wrong try makes the wait longer, so the second question comes within it at last."""
    def both():
        answers = walk.ask("session_sign_in", password="another one"), walk.ask("session_password", who=me, old="no")
        return [one.status for one in answers] == [429, 429] and answers
    first, second = wait_for(both, 60, "too many tries")
    walk.check("session_sign_in", 429, first)
    walk.check("session_password", 429, second)


def test_accounts(walk):
    new = {"id": "huimin", "name": "惠民"}
    walk("account_put", 201, **new)
    etag = walk("account_get", 200, "huimin").headers["ETag"]
    walk("account_put", 200, **new, headers={"If-Match": etag})
    walk("account_put", 412, **new, headers={"If-Match": etag})
    walk.wrong_bodies("account_put", "huimin")
    walk("account_get", 404, "none")
    walk("accounts_list", 200, query="?role=operator")
    walk("account_invite", 201, "huimin")
    walk("account_invite", 404, "none")
    walk("account_put", 200, **new, enabled=False)
    walk("account_invite", 409, "huimin")
    walk("account_put", 200, **new, enabled=True)
    account_keys(walk)
    walk("account_remove", 204, "huimin")
    walk("account_remove", 404, "huimin")
    walk.office.account("only", "admin")
    walk("account_put", 409, who=walk.people["admin"], id="only", role="viewer")
    walk("account_remove", 409, "only", who=walk.people["admin"])
    walk.finish("accounts")


def account_keys(walk):
    kid = walk("account_keys_make", 201, "huimin").json()["kid"]
    for _ in range(2):
        walk("account_keys_make", 201, "huimin", body={})
    walk("account_keys_make", 409, "huimin")
    walk("account_keys_make", 404, "none")
    walk.wrong_bodies("account_keys_make", "huimin", invalid={"expires": "tomorrow"})
    walk("key_revoke", 200, kid)
    walk("key_revoke", 404, "none")
    walk("account_keys_list", 200, "huimin")
    walk("account_keys_list", 404, "none")


def test_ledger(walk):
    walk("ledger_put", 201, LOT)
    etag = walk("ledger_get", 200, LOT).headers["ETag"]
    walk("ledger_put", 200, LOT, headers={"If-Match": etag})
    walk("ledger_put", 412, LOT, headers={"If-Match": etag})
    walk.wrong_bodies("ledger_put", LOT)
    walk("ledger_get", 404, "none")
    walk("ledger_step", 200, LOT)
    walk("ledger_step", 409, LOT)
    walk("ledger_step", 404, "none")
    walk.wrong_bodies("ledger_step", LOT)
    assert walk("ledger_list", 200, query="?state=registered&mode=auto&q=%E8%B7%AF").json()["count"] == 1
    imports(walk)
    for form in ("csv", "xlsx"):
        walk("ledger_export", 200, query=f"?format={form}")
        walk("ledger_report", 200, query=f"?format={form}")
    assert walk("ledger_report", 200).json()["open"]
    walk("ledger_export", 422, query="?format=pdf")
    walk("ledger_report", 422, query="?format=pdf")
    walk.finish("ledger")


def imports(walk):
    stale, shown = (walk("ledger_import", 200).json()["import"] for _ in range(2))
    walk("ledger_import", 200, body="名称,泊位数\n,3\n乙,很多\n".encode())
    walk("ledger_import", 400, body=b"PK\x03\x04nothing")
    walk("ledger_import", 404, body=b"a,b\n1,2\n")
    walk("ledger_import", 413, body=b"x" * 2_500_000)
    walk("ledger_import", 422, body=b"")
    walk.wrong_bodies("ledger_confirm", shown, invalid={"skip_doubtful": "yes"})
    walk("ledger_confirm", 200, shown)
    wait_for(lambda: walk("ledger_list", 200).json()["count"] == 2, what="the imported entry")
    walk("ledger_confirm", 409, stale)
    walk("ledger_confirm", 404, stale)


def test_lots(walk):
    feed_and_lot(walk)
    walk("operator_lot_put", 200, LOT, headers={"If-Match": walk("operator_lot", 200, LOT).headers["ETag"]})
    walk("operator_lot_put", 412, LOT, headers={"If-Match": '"1"'})
    walk("operator_lot_put", 409, id="twin")
    walk.wrong_bodies("operator_lot_put", LOT)
    walk("lot_put", 201, id="theirs", feed="", operator="other", foreign_id="x")
    walk("operator_lot_put", 404, id="theirs")
    walk("operator_lot", 404, "theirs")
    walk("lot_acceptance", 404, LOT)
    walk("lot_withdraw", 409, LOT)
    walk("lot_submit", 200, LOT)
    walk("lot_acceptance", 200, LOT)
    report(walk, feed_key(walk))
    assert walk("operator_lot", 200, LOT).json()["reading"]["free"] == 12
    assert walk("operator_lots", 200).json()["lots"][0]["acceptance"]
    walk("lot_withdraw", 200, LOT)
    walk("operator_lot_put", 201, id="bare", feed="", foreign_id="")
    walk("lot_submit", 409, "bare")
    for name in ("lot_submit", "lot_withdraw"):
        walk(name, 404, "theirs")
    uploads(walk)
    walk.finish("lots")


def uploads(walk):
    walk.attendant()
    assert walk("operator_upload", 200, body="编码,空位\ngate,12\n".encode()).json()["accepted"] == 1
    assert walk("operator_upload", 200, query="?dry_run=1").json()["refused"]
    walk("operator_upload", 400, body=b"PK\x03\x04nothing")
    walk("operator_upload", 413, body=b"x" * 300_000)
    walk("operator_upload", 413, body=b"x" * 2_500_000, who=walk.office.local)
    walk("operator_upload", 422, body=b"")


def test_attendants(walk):
    feed_and_lot(walk)
    phone = walk.attendant()
    walk("attendant_show", 200)
    walk("attendant_report", 409, example="delta")       # of what number?
    walk("attendant_report", 200, example="free")
    assert walk("attendant_report", 200, example="free").json()["repeated"]
    walk("attendant_report", 200, example="delta", id="m4")
    walk("attendant_report", 200, example="band")
    walk.wrong_bodies("attendant_report", invalid={"id": "m5"})
    for name in ("attendant_show", "attendant_report"):
        walk(name, 404, who=walk.people["operator"])
    made = walk("attendant_name", 201, "gate").json()["id"]
    walk("attendants_list", 200, "gate")
    walk("attendant_name", 409, LOT)
    walk.wrong_bodies("attendant_name", "gate", invalid={"label": 1})
    for _ in range(8):
        walk("attendant_name", 201, "gate")
    walk("attendant_name", 409, "gate")
    walk("attendant_revoke", 204, "gate", made)
    walk("attendant_revoke", 404, "gate", made)
    walk("attendants_list", 404, "none")
    walk("attendant_name", 404, "none")
    walk.finish("attendants", {"attendant_report": ([], {"who": phone, "id": "m9"})})


def polled_feed(walk, vendor, ident="asked"):
    """A feed of the operator's that parkd asks by itself."""
    mapping = walk.contract.request("operator_try")["params"]["mapping"]
    walk("operator_feed_put", 201, id=ident, dialect="generic", mode="poll", url=vendor.url, interval_ms=60000, params={"mapping": mapping})


class Hanging:
    """A vendor's server that answers when it is let go."""

    def __init__(self, keep):
        self.go, self.vendor = threading.Event(), keep(Vendor(lambda asked: (200, {"data": []})))
        self.vendor.answer = self.answer
        keep(self)

    def answer(self, asked):
        self.vendor.lock.release()               # others may come meanwhile
        self.go.wait(30)
        self.vendor.lock.acquire()
        return 200, {"data": []}

    def close(self):
        self.go.set()


def busy(walk, keep, *questions):
    """(operation, status, path arguments) asked while four trials run."""
    hanging = Hanging(keep)
    request = {"dialect": "generic", "params": {"mapping": {"lot": "/id", "free": "/free"}}, "url": hanging.vendor.url, "timeout_ms": 20000}
    threads = [threading.Thread(target=walk.ask, args=["operator_try"], kwargs={"body": request}) for _ in range(4)]
    for one in threads:
        one.start()
    wait_for(lambda: len(hanging.vendor.of("/")) == 4, what="four trials to run")
    for name, status, *args in questions:
        walk(name, status, *args)
    hanging.go.set()
    for one in threads:
        one.join()


def test_feeds(walk, keep):
    feed_and_lot(walk)
    vendor = keep(Vendor(lambda asked: (200, {"data": []})))
    walk("operator_feed_put", 200, FEED, headers={"If-Match": walk("operator_feed", 200, FEED).headers["ETag"]})
    walk("operator_feed_put", 412, FEED, headers={"If-Match": '"1"'})
    walk("operator_feed_put", 403, FEED, tls={"key_file": "/etc/hostname"})
    walk("operator_feed_put", 404, FEED, dialect="nobody-speaks-it")
    walk.wrong_bodies("operator_feed_put", FEED)
    sender = feed_key(walk)
    walk("operator_replay", 409, FEED)
    report(walk, sender)
    assert wait_for(lambda: walk("operator_bodies", 200, FEED).json()["bodies"], what="the body")
    assert walk("operator_replay", 200, FEED).json()["lots"]
    walk.wrong_bodies("operator_replay", FEED)
    walk("operator_bodies", 422, FEED, query="?after=x")
    feed_keys(walk)
    polled_feed(walk, vendor)
    walk("operator_poll", 202, "asked")
    walk("operator_poll", 409, FEED)
    assert wait_for(lambda: walk("operator_feed_status", 200, "asked").json()["state"] == "good", what="the feed to be good")
    assert walk("operator_feeds", 200).json()["count"] == 2
    trials(walk, vendor)
    busy(walk, keep, ("operator_try", 429), ("operator_replay", 429, FEED))
    walk("operator_feed_remove", 409, FEED)
    walk("operator_feed_remove", 204, "asked")
    for name in ("operator_feed", "operator_feed_remove", "operator_feed_key", "operator_bodies", "operator_feed_status", "operator_poll", "operator_replay"):
        walk(name, 404, "none")
    assert walk("dialects", 200).json()["count"] > 5
    walk.finish("feeds", {"operator_feed_key_remove": (["none", "bearer-0"], {})})


def feed_keys(walk):
    walk("operator_feed_key", 201, FEED, kind="webhook")
    for _ in range(2):
        walk("operator_feed_key", 201, FEED)
    walk("operator_feed_key", 409, FEED)
    walk.wrong_bodies("operator_feed_key", FEED, invalid={"kind": "x"})
    walk("operator_feed_key_remove", 204, FEED, "bearer-0")
    walk("operator_feed_key_remove", 404, FEED, "bearer-9")


def trials(walk, vendor):
    good = walk("operator_try", 200).json()
    assert good["ok"] and good["reports"][0]["free"] == 12
    assert walk("operator_try", 200, propose=True, params={}).json()["proposal"]
    assert walk("operator_try", 200, body={"feed": "asked", "url": vendor.url}).json()["came"]
    walk("operator_try", 403, tls={"key_file": "/etc/hostname"})
    walk("operator_try", 404, body={"feed": "none"})
    walk("operator_try", 413, sample=[{"body": "{}"}] * 34)
    walk("operator_try", 400, body=b"{")
    walk("operator_try", 422, body={})


def test_decisions(walk):
    feed_and_lot(walk)
    walk("lot_waive", 409, LOT)
    walk("lot_submit", 200, LOT)
    walk("lot_approve", 409, LOT, body={"why": "x"})
    walk.wrong_bodies("lot_approve", LOT, invalid={"override": True})
    walk.wrong_bodies("lot_waive", LOT)
    assert walk("lot_waive", 200, LOT).json()["checks"][4]["result"] == "pass"
    walk("lot_approve", 200, LOT)
    for verb, again in (("suspend", True), ("resume", True), ("refuse", False), ("retire", True)):
        name = f"lot_{verb}"
        walk.wrong_bodies(name, LOT)
        walk(name, 200 if again else 409, LOT)
        walk(name, 409, LOT)
        walk(name, 404, "none")
    walk("lot_approve", 404, "none")
    walk("lot_waive", 404, "none")
    walk("operator_lot_put", 201, id="second", foreign_id="")
    walk("lot_submit", 200, "second")
    walk("lot_refuse", 200, "second")
    walk("acceptance_rules_show", 200)
    walk("acceptance_rules_put", 201)
    walk("acceptance_rules_put", 200)
    walk("acceptance_rules_show", 200)
    walk.wrong_bodies("acceptance_rules_put", invalid={"days": 0})
    walk.finish("decisions")


def test_telling(walk, keep):
    vendor = keep(Vendor(lambda asked: (200, {"errcode": 0}) if asked.method == "POST" else (500, {})))
    polled_feed(walk, vendor)
    walk("lot_put", 201, id=LOT, stage="connected", feed="asked")
    walk("telling_rules_put", 201, grace_s=0, group_s=0, pace_s=0)
    walk("telling_rules_put", 200, grace_s=0, group_s=0, pace_s=0)
    walk.wrong_bodies("telling_rules_put", invalid={"grace_s": -1})
    walk("channel_put", 201, id="duty", url=vendor.url, quiet={"from": "00:00", "to": "00:00"})
    walk("channel_put", 200, id="duty", url=vendor.url, quiet={"from": "00:00", "to": "00:00"})
    walk.wrong_bodies("channel_put", "duty")
    assert walk("channel_test", 200, "duty").json()["ok"]
    walk("channel_test", 404, "none")
    wait_for(lambda: any(one["told"] for one in walk("incidents_list", 200, query="?open=1").json()["incidents"]), what="the incident to be told")
    assert walk("operator_incidents", 200).json()["count"] == 1
    wait_for(lambda: "last_told" in walk("channels_list", 200).json()["channels"][0], what="the channel to show it")
    walk("channel_put", 201, id="other", url=vendor.url)
    walk("channel_remove", 204, "other")
    walk("channel_remove", 404, "other")
    walk.finish("telling")


def test_audit(walk):
    walk("account_put", 201, id="huimin")
    walk("session_sign_in", 401, account="nobody-knows-it")
    page = walk("audit_list", 200, query="?limit=2").json()
    assert page["count"] == 2 and walk("audit_list", 200, query=f"?after={page['next']}&object=huimin").json()["count"]
    walk("audit_list", 422, query="?limit=0")
    for after in ("x", "5-"):
        walk("audit_list", 422, query=f"?after={after}")
    assert walk("audit_verify", 200).json()["ok"]
    walk.finish("audit")


walk_address = itertools.count(1)


def days(n):
    """The day so many days from now, in Beijing."""
    return (datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))) + datetime.timedelta(days=n)).date()


def hours(n):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=n)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def with_records(walk):
    """A connected lot that reports, and a record of today: one is made soon after a start."""
    feed_and_lot(walk)
    walk("lot_put", 200, id=LOT, stage="connected", operator=OPERATOR)
    sender = feed_key(walk)
    report(walk, sender)
    walk.parkd.end()
    walk.parkd.start()
    walk.moved()
    wait_for(lambda: walk("quality_list", 200).json()["count"], 60, "the record of today")
    return sender


def test_quality(walk):
    report(walk, with_records(walk), 13)
    assert walk("quality_lot", 200, LOT, query=f"?from={days(-3)}&to={days(0)}").json()["count"] == 1
    walk("quality_lot", 422, LOT, query="?from=x")
    walk("quality_lot", 404, "none")
    walk("quality_list", 422, query="?date=2026-11-31")
    walk("rules_show", 200)
    walk("rules_put", 201)
    walk("rules_put", 200)
    walk("rules_show", 200)
    walk.wrong_bodies("rules_put", invalid={"grades": [1, 2, 3]})
    walk("operator_lot_put", 201, id="silent", foreign_id="")
    corrections(walk)
    handcounts(walk)
    windows(walk)
    objections(walk)
    resident_reports(walk)
    walk.finish("quality", {"quality_lot": ([LOT], {}), "lot_reported": (["silent"], {"who": Person(walk.office.public), "headers": {"X-Forwarded-For": "203.0.113.9"}})})


def resident_reports(walk):
    def tell(status, lot=LOT, address="203.0.113.1", **more):
        return walk("lot_reported", status, lot, who=Person(walk.office.public), headers={"X-Forwarded-For": address} | more.pop("headers", {}), **more)
    assert tell(200).json()["noted"] and not tell(200).json()["noted"]
    tell(404, "none")
    tell(403, headers={"Origin": "https://elsewhere.example.com"})
    for status, body in ((400, b'{"'), (413, b'{"shown":"' + b"y" * 300_000 + b'"}'), (422, {"shown": "many"})):
        tell(status, body=body)
    wait_for(lambda: walk.ask("lot_reported", LOT, who=Person(walk.office.public), headers={"X-Forwarded-For": f"198.51.100.{next(walk_address)}"}).status == 429, what="too many")
    tell(429, address="203.0.113.2")


def corrections(walk):
    made = walk("correction_add", 201, LOT, until=hours(2)).json()["id"]
    assert walk("correction_list", 200, LOT).json()["corrections"][0]["id"] == made
    walk("correction_add", 409, "silent", until=hours(2))
    walk("correction_add", 404, "none")
    walk.wrong_bodies("correction_add", LOT)
    walk("correction_list", 404, "none")
    walk("correction_remove", 204, made)
    walk("correction_remove", 404, made)


def handcounts(walk):
    walk.until("handcount_add", 201, LOT)        # the minute's number is written behind
    walk("handcount_add", 409, "silent")
    walk("handcount_add", 404, "none")
    walk.wrong_bodies("handcount_add", LOT)
    assert walk("handcount_list", 200, LOT).json()["count"] == 1
    walk("handcount_list", 404, "none")


def fill(walk, name, **members):
    """Until the lot has too many of them."""
    def some():
        return next((one for one in (walk.ask(name, "silent", **members) for _ in range(20)) if one.status != 201), None)
    walk.check(name, 409, wait_for(some, 120, f"{name} to be too many"))


def windows(walk):
    when = {"from": hours(1), "to": hours(3)}
    walk("window_add", 201, LOT, **when)
    walk("window_add", 404, "none")
    walk.wrong_bodies("window_add", LOT)
    assert walk("window_list", 200, LOT).json()["count"] == 1
    walk("window_list", 404, "none")
    fill(walk, "window_add", **when)


def objections(walk):
    when = {"from": str(days(-2)), "to": str(days(-1))}
    made = walk("objection_add", 201, LOT, **when).json()["id"]
    walk("objection_add", 404, "none")
    walk.wrong_bodies("objection_add", LOT)
    walk.wrong_bodies("objection_decide", made)
    walk("objection_decide", 200, made)
    walk("objection_decide", 409, made)
    walk("objection_decide", 404, "none")
    fill(walk, "objection_add", **when)
    assert walk("objection_list", 200, LOT).json()["objections"][0]["state"] == "accepted"
    walk("objection_list", 404, "none")
    assert walk("objections_all", 200).json()["count"] > 1


def test_months(walk):
    with_records(walk)
    now = str(days(0))[:7]
    shown = walk("month_show", 200, now).json()
    assert shown["lots"] and not shown["frozen"]
    assert "inputs" not in walk("month_operator", 200, now).json()
    walk("month_freeze", 409, now)
    walk("objection_add", 201, LOT, **{"from": str(days(-40)), "to": str(days(-40))})
    past = str(days(-40))[:7]
    assert walk("month_freeze", 200, past).json()["verified"]
    walk("month_freeze", 409, past)
    for name in ("month_show", "month_operator"):
        walk(name, 200, past)
        for form in ("csv", "xlsx"):
            walk(name, 200, past, query=f"?format={form}")
    for name in ("month_show", "month_operator", "month_freeze"):
        walk(name, 404, "2099-01")
        walk(name, 422, now, query="?format=pdf")
    walk.finish("months")


def test_registrations(walk):
    walk("feed_put", 201, FEED)
    walk("sink_put", 201, "city")
    walk("lot_put", 201, LOT)
    for noun, ident in (("feed", FEED), ("sink", "city"), ("lot", LOT)):
        etag = walk(f"{noun}_get", 200, ident).headers["ETag"]
        walk(f"{noun}_put", 200, ident, headers={"If-Match": etag})
        walk(f"{noun}_put", 412, ident, headers={"If-Match": etag})
        walk(f"{noun}_put", 412, ident, headers={"If-None-Match": "*"})
        walk(f"{noun}_put", 400, ident, headers={"If-Match": "new"})
        walk.wrong_bodies(f"{noun}_put", ident)
        assert walk(f"{noun}s_get", 200).json()["count"] == 1
    walk("lot_put", 409, id="twin")
    for noun, ident in (("lot", LOT), ("feed", FEED), ("sink", "city")):
        walk(f"{noun}_delete", 412, ident, headers={"If-Match": '"1"'})
        walk(f"{noun}_delete", 400, ident, headers={"If-Match": "new"})
        walk(f"{noun}_delete", 204, ident)
        walk(f"{noun}_delete", 404, ident)
        walk(f"{noun}_get", 404, ident)
    walk.finish("registrations")


REFUSING = {"path": "/lots/{code|url}", "method": "POST", "body": '{"id":{code},"left":{free}}',
            "good": {"path": "/code", "equals": [0], "message": "/msg", "reject": [4004]}}


class Refuser:
    """A platform that knows no car park; while `slow` is set its answer waits for `go`."""

    def __init__(self, keep):
        self.slow, self.go, self.vendor = threading.Event(), threading.Event(), keep(Vendor(None))
        self.vendor.answer = self.answer
        keep(self)

    def answer(self, asked):
        if self.slow.is_set():
            self.vendor.lock.release()
            self.go.wait(30)
            self.vendor.lock.acquire()
        return 200, {"code": 4004, "msg": "no such car park"}

    def close(self):
        self.go.set()


def test_operation(walk, keep):
    feed_and_lot(walk)
    walk("lot_put", 200, id=LOT, stage="connected", operator=OPERATOR)
    report(walk, feed_key(walk))
    vendor = keep(Vendor(lambda asked: (500, {})))
    polled_feed(walk, vendor)
    held(walk, keep)
    walk("feed_poll_post", 202, "asked")
    walk("feed_poll_post", 409, FEED)
    walk("feed_poll_post", 404, "none")
    walk("sink_resume_post", 202, "city")
    walk("sink_resume_post", 404, "none")
    wait_for(lambda: {one["state"] for one in walk("status_get", 200).json()["feeds"]} == {"good", "bad"}, what="the feeds' states")
    assert "parkd_lots{" in walk("metrics_get", 200).text()
    staff_trials(walk)
    busy(walk, keep, ("try_post", 429), ("try_sink_post", 429), ("feed_replay_post", 429, FEED))
    walk.finish("operation")


def held(walk, keep):
    platform = Refuser(keep)
    walk("sink_put", 201, id="off")
    walk("sink_put", 201, id="city", dialect="plain", url=platform.vendor.url, params=REFUSING, enabled=True, min_interval_ms=20, timeout_ms=20000)
    wait_for(lambda: walk.until("sink_held_list", 200, "city").json()["held"], what="the platform to refuse the lot")
    walk("status_get", 200)
    platform.slow.set()
    walk("sink_held_retry", 204, "city", LOT)
    wait_for(lambda: len(platform.vendor.asked) > 1, what="the platform to be asked again")
    for name in ("sink_held_retry", "sink_held_discard"):
        walk(name, 429, "city", LOT)
        walk(name, 409, "off", LOT)
        walk(name, 404, "none", LOT)
    walk("sink_held_list", 409, "off")
    walk("sink_held_list", 404, "none")
    platform.slow.clear()
    platform.go.set()
    walk.until("sink_held_discard", 204, "city", LOT)
    walk("sink_held_discard", 404, "city", LOT)


def staff_trials(walk):
    assert walk("try_post", 200).json()["reports"]
    walk("try_post", 404, body={"feed": "none"})
    walk("try_post", 422, body=b"{")
    assert walk("try_sink_post", 200, body={"sink": "city", "lot": LOT, "compare": True}).json()["steps"]
    assert walk("try_sink_post", 200, send=True).json()["ok"] is False
    walk("try_sink_post", 404, sink="none")
    walk("try_sink_post", 422, free=-1)
    assert walk("feed_bodies_get", 200, FEED, query="?after=0&wait=1").json()["bodies"]
    walk("feed_bodies_get", 400, FEED, query="?wait=26")
    walk("feed_bodies_get", 404, "none")
    walk("feed_replay_post", 200, FEED)
    walk("feed_replay_post", 422, FEED, body={})
    walk("feed_replay_post", 404, "none")


def test_exchange(walk):
    feed_and_lot(walk)
    walk("operator_lot_put", 201, id="second", foreign_id="P002")
    sender = feed_key(walk)
    assert walk("ingest_post", 200, FEED, who=sender).json()["accepted"] == 2
    walk("ingest_post", 200, FEED, who=sender, example="item")
    mixed = json.dumps({"items": [{"lot": "P001", "free": 3}, {"lot": "unheard-of", "free": 1}, {"lot": "P002"}]}).encode()
    mixed = walk("ingest_post", 200, FEED, who=sender, body=mixed, headers={"Content-Type": "application/json"}).json()
    assert (mixed["accepted"], mixed["rejected"]) == (1, 2)
    walk("ingest_post", 400, FEED, who=sender, body=b"{")
    walk("ingest_post", 401, FEED)
    walk("ingest_post", 401, FEED, who=Person(walk.office.public, key="wrong"))
    walk("ingest_post", 404, "none", who=sender)
    for body in (b"[" + b" " * 300_000, {"items": [{"lot": "P001", "free": 1}] * 4097}):
        walk("ingest_post", 413, FEED, who=sender, body=body)
    walk("ingest_post", 422, FEED, who=sender, body={"items": [{"lot": "unheard-of", "free": 1}]})
    snapshot(walk)
    walk("operator_feed_put", 200, FEED, enabled=False)
    walk("ingest_post", 403, FEED, who=Person(walk.office.public, key=walk("operator_feed_key", 201, FEED).json()["secret"]))
    walk("operator_feed_put", 200, FEED)
    sender = feed_key(walk)
    walk.finish("exchange", {"ingest_post": ([FEED], {"who": sender})})


def snapshot(walk):
    reader = Person(walk.office.public, key="reader-of-the-city")
    walk("lot_put", 200, id=LOT, stage="connected", operator=OPERATOR)
    walk("sink_put", 201, id="city", enabled=True, url="http://127.0.0.1:1/", readers=[sha256(reader.key)])
    answer = walk("snapshot_get", 200, who=reader)
    assert answer.json()["data"]["items"]
    walk("snapshot_get", 304, who=reader, headers={"If-None-Match": answer.headers["ETag"]})
    walk("snapshot_get", 400, who=reader, query="?x=1")
    walk("snapshot_get", 401)
    walk("sink_put", 200, id="city", enabled=False, readers=[sha256(reader.key)])
    walk("snapshot_get", 403, who=reader)
