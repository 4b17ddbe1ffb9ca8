# SPDX-License-Identifier: MIT
"""Every route asks who it is for: this file walks the tables that the program itself is made of, so a new route without a case here fails."""
import itertools
import pathlib
import re

import pytest

from harness import http
from harness.office import Office, Person
from harness.parkd import Parkd

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEVELS = {"ACCESS_ANYBODY": "nobody attendant sink operator viewer officer admin", "ACCESS_SIGNED_IN": "sink operator viewer officer admin",
          "ACCESS_ATTENDANT": "attendant operator officer admin", "ACCESS_SINK": "sink viewer officer admin",
          "ACCESS_OPERATOR": "operator officer admin", "ACCESS_VIEWER": "viewer officer admin", "ACCESS_OFFICER": "officer admin",
          "ACCESS_ADMIN": "admin"}
# What each route is meant for, said here once more: the table in the program must agree.
MEANT = {
    "session_sign_in": "ANYBODY", "session_show": "ANYBODY", "session_sign_out": "ANYBODY", "session_password": "SIGNED_IN",
    "accounts_list": "OFFICER", "account_get": "OFFICER", "account_put": "OFFICER", "account_remove": "OFFICER", "account_invite": "OFFICER",
    "account_keys_list": "OFFICER", "account_keys_make": "OFFICER", "key_revoke": "OFFICER",
    "own_keys_list": "SIGNED_IN", "own_keys_make": "SIGNED_IN", "own_key_revoke": "SIGNED_IN",
    "ledger_list": "VIEWER", "ledger_export": "VIEWER", "ledger_report": "VIEWER", "ledger_get": "VIEWER", "ledger_import": "OFFICER", "ledger_confirm": "OFFICER",
    "ledger_put": "OFFICER", "ledger_step": "OFFICER",
    "operator_lots": "OPERATOR", "operator_lot": "OPERATOR", "operator_lot_put": "OPERATOR", "lot_acceptance": "OPERATOR",
    "lot_submit": "OPERATOR", "lot_withdraw": "OPERATOR", "attendants_list": "OPERATOR", "attendant_name": "OPERATOR",
    "attendant_revoke": "OPERATOR", "attendant_show": "ATTENDANT", "attendant_report": "ATTENDANT", "lot_reported": "ANYBODY",
    "operator_feeds": "OPERATOR", "operator_feed": "OPERATOR", "operator_feed_put": "OPERATOR", "operator_feed_remove": "OPERATOR",
    "operator_feed_key": "OPERATOR", "operator_feed_key_remove": "OPERATOR", "operator_bodies": "OPERATOR", "operator_poll": "OPERATOR",
    "operator_replay": "OPERATOR", "operator_try": "OPERATOR", "dialects": "SIGNED_IN",
    "lot_approve": "OFFICER", "lot_refuse": "OFFICER", "lot_waive": "OFFICER", "lot_suspend": "OFFICER", "lot_resume": "OFFICER",
    "lot_retire": "OFFICER", "acceptance_rules_show": "VIEWER", "acceptance_rules_put": "OFFICER",
    "sink_held_list": "VIEWER", "sink_held_retry": "ADMIN", "sink_held_discard": "ADMIN",
    "operator_feed_status": "OPERATOR", "operator_upload": "OPERATOR",
    "incidents_list": "VIEWER", "operator_incidents": "OPERATOR", "channels_list": "OFFICER", "channel_put": "ADMIN",
    "channel_remove": "ADMIN", "channel_test": "ADMIN", "telling_rules_put": "OFFICER",
    "audit_list": "ADMIN", "audit_verify": "ADMIN",
    "quality_list": "VIEWER", "quality_lot": "OPERATOR", "rules_show": "VIEWER", "rules_put": "OFFICER", "correction_list": "VIEWER",
    "correction_add": "OFFICER", "correction_remove": "OFFICER", "handcount_list": "OPERATOR", "handcount_add": "OPERATOR",
    "window_list": "OPERATOR", "window_add": "OPERATOR", "objection_list": "OPERATOR", "objection_add": "OPERATOR",
    "objections_all": "VIEWER", "objection_decide": "OFFICER", "month_show": "VIEWER", "month_freeze": "OFFICER", "month_operator": "OPERATOR",
    "status": "VIEWER", "lots": "VIEWER", "feeds": "VIEWER", "sinks": "VIEWER", "lot": "VIEWER OFFICER", "feed": "VIEWER OFFICER",
    "sink": "VIEWER ADMIN", "feed_poll": "OFFICER", "try": "OFFICER", "try_sink": "ADMIN", "feed_bodies": "OFFICER",
    "feed_replay": "OFFICER", "sink_resume": "ADMIN",
}


def actions():
    """(name, method, pattern, access, staff only) of the office's routes."""
    text = (ROOT / "include/parkd/office/actions.def").read_text()
    for name, method, pattern, access, flags in re.findall(r'^ACTION\((\w+), (\w+), "([^"]+)", (\w+), (\w+)\)', text, re.M):
        yield name, method, pattern, access, flags == "STAFF"


def admin_rows():
    """The same of the older staff routes, one a method."""
    text = (ROOT / "src/api/routes.c").read_text()
    table = text[text.index("static const struct row rows[]"):text.index("static const struct action")]
    rows = re.findall(r'\{"([^"]+)",\s*\w+,\s*(\w+),\s*true,\s*false,\s*\w+,\s*(ACCESS_\w+),\s*(ACCESS_\w+),\s*"(\w+)"\}', table)
    for pattern, methods, read, write, name in rows:
        for method in {"EDIT": ("GET", "PUT", "DELETE"), "ROUTE_GET": ("GET",), "ROUTE_POST": ("POST",)}[methods]:
            yield name, method, pattern, read if method == "GET" else write, True


ROUTES = [*actions(), *admin_rows()]


def test_tables_say_what_is_meant():
    """Both ways: no route without a word here, no word without a route."""
    assert {name for name, *_ in ROUTES} == set(MEANT)
    for name, method, pattern, access, _ in ROUTES:
        words = ["ACCESS_" + one for one in MEANT[name].split()]
        assert access == (words[0] if method == "GET" else words[-1]), (name, method, pattern)
    assert len(ROUTES) > 75


@pytest.fixture
def people(keep, folder):
    """One of each role at a parkd with a lot, and a lot of somebody else's."""
    parkd = keep(Parkd(folder / "parkd")).start()
    office = Office(parkd)
    parkd.put("sinks", {"id": "s", "dialect": "native", "url": "http://127.0.0.1:1/", "enabled": False})
    found = {"nobody": None}
    for role in ("operator", "viewer", "officer", "admin"):
        office.account(role, role)
        found[role] = office.key(role)["key"]
    office.account("sink", "sink", sink="s")
    found["sink"] = office.key("sink")["key"]
    office.account("other", "operator")
    parkd.put("lots", {"id": "A", "name": "甲", "operator": "operator", "total": 9})
    parkd.put("feeds", {"id": "f", "dialect": "native", "mode": "push", "operator": "other"})
    parkd.put("lots", {"id": "B", "name": "乙", "operator": "other", "feed": "f", "total": 9})
    found["attendant"] = office.local.post("/v1/operator/lots/A/attendants", {}).json()["link"].split("#")[1]
    return parkd, office, found


def test_every_route_and_every_role(people):
    """Who may not gets 401 or 403 (404 where the listener does not have the route) and leaves a trace; who may gets anything else."""
    parkd, office, keys = people
    wrong, refused = [], 0
    for (name, method, pattern, access, staff), role in itertools.product(ROUTES, keys):
        if access == "ACCESS_ANYBODY":
            continue
        path = pattern.replace("{}", "no-such-thing")
        person = Person(office.console, key=keys[role])
        status = person.ask(path, {} if method in ("POST", "PUT") else None, method).status
        may = role in LEVELS[access].split()
        good = status not in (401, 403) if may else status == (401 if role == "nobody" else 403)
        if not good and not (may and status == 403 and name.startswith(("account", "key"))):
            wrong.append((name, method, path, role, status))
        refused += not may and method != "GET"
        if staff and role in ("nobody", "operator"):
            outside = Person(parkd.run["public"], key=keys[role]).ask(path, {} if method in ("POST", "PUT") else None, method).status
            if outside != 404:
                wrong.append((name, method, path, role, "public", outside))
    assert not wrong, wrong[:10]
    found, after = 0, ""
    while page := office.local.get(f"/v1/admin/audit?limit=1000&after={after}").json()["entries"]:
        found += sum(one.get("status") in (401, 403) and one["method"] != "GET" for one in page if "method" in one)
        after = page[-1]["id"]
    assert found >= refused > 100
    assert office.local.get("/v1/admin/audit/verify").json()["ok"]


def test_guessed_ids_tell_nothing(people):
    """Another operator's lot, feed and key look exactly like none."""
    parkd, office, keys = people
    me = Person(parkd.run["public"], key=keys["operator"])
    theirs = office.key("other")["kid"]
    for (name, method, pattern, access, _), (real, none) in itertools.product(ROUTES, ((("B", "f", theirs), ("no-lot", "no-feed", "no-key")),)):
        if access not in ("ACCESS_OPERATOR", "ACCESS_SIGNED_IN") or "{}" not in pattern or name == "month_operator":
            continue
        at = 0 if "/lots/" in pattern else 1 if "/feeds/" in pattern else 2
        bodies = []
        for ident in (real[at], none[at] + ("-new" if method == "PUT" else "")):
            document = {"id": ident, "name": "x", "dialect": "native", "mode": "push", "kind": "bearer", "feed": ""}
            body = {key: document[key] for key in (("id", "name") if "/lots/" in pattern else ("id", "dialect", "mode"))} if method == "PUT" else \
                {"kind": "bearer"} if name == "operator_feed_key" else {}
            answer = me.ask(pattern.replace("{}", ident, 1).replace("{}", "bearer-0"), body if method in ("POST", "PUT") else None, method)
            bodies.append((answer.status, answer.json().get("detail") if answer.status >= 400 else None))
        if method == "PUT":                              # a new id may be taken, another's not
            assert bodies[0][0] == 404 and bodies[1][0] == 201, (name, bodies)
        else:
            assert bodies[0] == bodies[1] and bodies[0][0] == 404, (name, bodies)


def test_altered_and_foreign_credentials(people):
    parkd, office, keys = people
    good = keys["viewer"]
    for bad in (good[:-1] + ("2" if good[-1] != "2" else "3"), good.upper(), good + "x", "pk_" + good.split("_")[1], keys["attendant"] + "x",
                "at_" + good.split("_", 1)[1], ""):
        answer = http.call(office.console, "/v1/admin/status", headers={"Authorization": f"Bearer {bad}"})
        assert answer.status == 401, bad
    for header in ("Basic " + good, good, "bearer", "Bearer", "Bearer  "):
        assert http.call(office.console, "/v1/admin/status", headers={"Authorization": header}).status == 401, header
    assert http.call(office.console, "/v1/admin/status", headers={"Authorization": f"Bearer {good}"}).status == 200
    cookie = "parkd_session=" + "2" * 40
    assert http.call(office.console, "/v1/admin/status", headers={"Cookie": cookie}).status == 401
