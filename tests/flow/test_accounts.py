# SPDX-License-Identifier: MIT
"""Accounts: signing in and out, one-time links, keys that overlap and end, sessions that cannot be borrowed, and a trail of it all."""
import base64
import datetime
import hashlib
import hmac
import json
import time

import pytest

from harness import http
from harness.office import PASSWORD, Office, Person, sign_in
from harness.parkd import Parkd
from harness.wait import wait_for


@pytest.fixture
def office(parkd):
    return Office(parkd)


def entries(office, **wanted):
    found = office.local.get("/v1/admin/audit").json()["entries"]
    return [one for one in found if all(one.get(key) == value for key, value in wanted.items())]


def test_first_administrator(parkd):
    """A new parkd has one link, good once, in a file for its owner's eyes."""
    path = parkd.state / "first-admin.link"
    assert path.stat().st_mode & 0o777 == 0o600
    link = path.read_text().split("#link=")[1].strip()
    assert link not in parkd.log_text()
    office = Office(parkd)
    short = sign_in(office.console, {"link": link, "password": "short"})
    assert short.status == 422 and short.json()["errors"][0]["pointer"] == "/password"
    admin = sign_in(office.console, {"link": link, "password": PASSWORD})
    assert admin.who["role"] == "admin" and admin.get("/v1/admin/accounts").status == 200
    assert sign_in(office.console, {"link": link, "password": PASSWORD}).status == 401
    parkd.end()
    parkd.start()
    assert not path.exists()                             # nobody needs it any more
    again = sign_in(parkd.run["console"], {"account": "admin", "password": PASSWORD})
    assert again.who["role"] == "admin"


def test_console_needs_an_account(office):
    nobody = Person(office.console)
    assert nobody.get("/v1/admin/status").status == 401
    assert nobody.put("/v1/admin/lots/a", {"id": "a", "name": "a"}).status == 401
    assert nobody.get("/metrics").status == 200          # for Prometheus on this machine
    assert Person(office.public).get("/v1/admin/status").status == 404


def test_session(office):
    op = office.account("op", "operator")
    assert op.get("/v1/session").json()["operator"] == "op"
    other = sign_in(office.public, {"account": "op", "password": PASSWORD})
    assert other.cookie != op.cookie
    assert other.delete("/v1/session").status == 204
    assert other.get("/v1/account/keys").status == 401
    assert op.get("/v1/account/keys").status == 200      # the other one is its own
    changed = op.put("/v1/session/password", {"old": PASSWORD, "new": "noch ein langer Satz"})
    assert changed.status == 200
    assert op.get("/v1/account/keys").status == 401      # sessions of the password before
    assert sign_in(office.public, {"account": "op", "password": PASSWORD}).status == 401
    assert isinstance(sign_in(office.public, {"account": "op", "password": "noch ein langer Satz"}), Person)


def test_cookie_attributes(office):
    office.account("op", "operator")
    answer = http.call(office.public, "/v1/session", {"account": "op", "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie


def test_borrowed_cookie_changes_nothing(office):
    admin = office.account("boss", "admin")
    thief = Person(office.console, cookie=admin.cookie)
    document = {"id": "x", "role": "viewer", "name": "x"}
    assert thief.put("/v1/admin/accounts/x", document).status == 403
    wrong = Person(office.console, admin.cookie, "0" * 48)
    assert wrong.put("/v1/admin/accounts/x", document).status == 403
    page = admin.ask("/v1/admin/accounts/x", document, "PUT", headers={"Origin": "http://evil.example"})
    assert page.status == 403
    assert office.local.get("/v1/admin/accounts/x").status == 404
    here = office.console.removeprefix("http://")
    own = admin.ask("/v1/admin/accounts/x", document, "PUT", headers={"Origin": f"http://{here}", "Host": here})
    assert own.status == 201
    assert len(entries(office, action="account_put", who="boss", status=403)) == 3


def test_keys(office):
    op = office.account("op", "operator")
    made = [op.post("/v1/account/keys", {"label": str(n)}) for n in range(4)]
    assert [one.status for one in made] == [201, 201, 201, 409]
    first, second = (Person(office.public, key=one.json()["key"]) for one in made[:2])
    assert first.get("/v1/account/keys").status == second.get("/v1/account/keys").status == 200
    assert first.delete(f"/v1/account/keys/{made[0].json()['kid']}").status == 200
    assert first.get("/v1/account/keys").status == 401
    assert second.get("/v1/account/keys").status == 200
    assert op.post("/v1/account/keys", {"label": "4"}).status == 201     # there is room again
    shown = second.get("/v1/account/keys")
    assert all("sha256" not in key and "key" not in key for key in shown.json()["keys"])
    wait_for(lambda: [key for key in op.get("/v1/account/keys").json()["keys"] if key["last_used"]], what="its use to be noted")
    altered = made[1].json()["key"][:-1] + ("a" if made[1].json()["key"][-1] != "a" else "b")
    assert Person(office.public, key=altered).get("/v1/account/keys").status == 401


def test_key_expires(keep, folder):
    parkd = keep(Parkd(folder / "parkd", {"test": {"clock_rate": 3600, "clock_start_ms": 1795000000000,
                                                    "clock_origin_ms": int(datetime.datetime.now().timestamp() * 1000)}})).start()
    office = Office(parkd)
    office.local.put("/v1/admin/accounts/op", {"id": "op", "role": "operator", "name": "甲"})
    now = datetime.datetime.fromisoformat(parkd.status()["as_of"].replace("Z", "+00:00"))
    soon = (now + datetime.timedelta(hours=6)).isoformat().replace("+00:00", "Z")
    assert office.local.post("/v1/admin/accounts/op/keys", {"expires": "2020-01-01T00:00:00Z"}).status == 422
    key = Person(office.public, key=office.key("op", expires=soon)["key"])
    assert key.get("/v1/account/keys").status == 200
    wait_for(lambda: key.get("/v1/account/keys").status == 401, what="the key to expire")


def test_officers_manage_operators_only(office):
    officer = office.account("off", "officer")
    assert officer.put("/v1/admin/accounts/op", {"id": "op", "role": "operator", "name": "甲"}).status == 201
    assert officer.post("/v1/admin/accounts/op/keys", {}).status == 201
    assert officer.put("/v1/admin/accounts/me", {"id": "me", "role": "admin", "name": "x"}).status == 403
    assert officer.put("/v1/admin/accounts/off", {"id": "off", "role": "admin", "name": "x"}).status == 403
    assert officer.post("/v1/admin/accounts/off/keys", {}).status == 403
    office.account("boss", "admin")
    assert officer.put("/v1/admin/accounts/boss", {"id": "boss", "role": "operator", "name": "x"}).status == 403
    assert officer.delete("/v1/admin/accounts/boss").status == 403
    assert officer.get("/v1/admin/audit").status == 403


def test_last_administrator_stays(office):
    office.account("boss", "admin")
    assert office.local.delete("/v1/admin/accounts/boss").status == 409
    off = {"id": "boss", "role": "admin", "name": "x", "enabled": False}
    assert office.local.put("/v1/admin/accounts/boss", off).status == 409
    office.account("two", "admin")
    assert office.local.put("/v1/admin/accounts/boss", off).status == 200


def test_switched_off(office):
    op = office.account("op", "operator")
    key = office.holder("op")
    office.local.put("/v1/admin/accounts/op", {"id": "op", "role": "operator", "name": "x", "enabled": False})
    assert op.get("/v1/account/keys").status == key.get("/v1/account/keys").status == 401
    assert sign_in(office.public, {"account": "op", "password": PASSWORD}).status == 401
    office.local.put("/v1/admin/accounts/op", {"id": "op", "role": "operator", "name": "x"})
    assert key.get("/v1/account/keys").status == 200
    office.local.delete("/v1/admin/accounts/op")
    assert key.get("/v1/account/keys").status == 401


def test_lockout(office):
    """Guessing costs more and more time, for known and unknown names alike, and says the same of both."""
    office.account("op", "operator")
    known = [sign_in(office.public, {"account": "op", "password": "wrong wrong wrong"}) for _ in range(7)]
    assert [one.status for one in known] == [401] * 6 + [429]
    assert int(known[-1].headers["Retry-After"]) >= 1
    assert sign_in(office.public, {"account": "op", "password": PASSWORD}).status == 429
    assert known[0].json()["detail"] == "account or password is wrong"
    wait_for(lambda: isinstance(sign_in(office.public, {"account": "op", "password": PASSWORD}), Person), 30, what="the wait to end")
    assert len(entries(office, action="sign_in_failed", object="op")) == 6
    assert len(entries(office, action="signed_in", object="op")) == 2


def test_no_secret_in_redis_and_log(office, parkd):
    op = office.account("op", "operator")
    key = office.key("op")["key"]
    secrets = [PASSWORD, key, key.split("_")[2], op.cookie.split("=")[1], op.csrf]
    held = []
    for name in parkd.redis("KEYS", "*"):
        name = name.decode() if isinstance(name, bytes) else name
        kind = parkd.redis("TYPE", name)
        kind = kind.decode() if isinstance(kind, bytes) else kind
        read = {"hash": ("HGETALL", name), "string": ("GET", name), "stream": ("XRANGE", name, "-", "+"), "set": ("SMEMBERS", name)}
        held.append(repr(parkd.redis(*read[kind])))
    text = "\n".join(held) + parkd.log_text() + office.local.get("/v1/admin/audit").text() + office.local.get("/v1/admin/accounts").text()
    assert '"op"' in text and not [one for one in secrets if one in text]


def test_secrets_are_sealed(office, parkd):
    """What a feed and a sink must keep to themselves stands sealed in Redis, works, and comes back after a restart."""
    secret = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
    feed = {"id": "f", "dialect": "native", "mode": "push", "auth": {"webhook_secrets": [secret]}}
    keytop = {"id": "k", "dialect": "keytop", "mode": "poll", "url": "http://127.0.0.1:1/x", "enabled": False,
              "params": {"app_id": "a", "app_secret": "very-secret-1", "park_id": "7"}}
    sink = {"id": "s", "dialect": "native", "url": "http://127.0.0.1:1/x", "enabled": False, "bearer": "very-secret-2"}
    for noun, document in (("feeds", feed), ("feeds", keytop), ("sinks", sink)):
        parkd.put(noun, document)
    parkd.put("lots", {"id": "L", "name": "一", "feed": "f", "total": 10})
    stored = repr([parkd.redis("HGETALL", f"parkd:{noun}") for noun in ("feeds", "sinks")] + [parkd.redis("XRANGE", "parkd:registrations", "-", "+")])
    assert stored.count("sealed:1:") >= 3 and not [one for one in (secret[6:], "very-secret") if one in stored]
    assert '"park_id":"7"' in stored.replace(": ", ":")          # what is no secret can be read

    def push(free):
        body = json.dumps({"items": [{"lot": "L", "free": free}]}).encode()
        return parkd.post("/v1/ingest/f", body, headers=webhook(secret, body))
    assert push(3).status == 200
    parkd.end()
    parkd.start()
    assert push(4).status == 200
    wait_for(lambda: parkd.lots()["L"]["free"] == 4, what="the count")
    parkd.end()
    (parkd.state / "master.key").write_text("00" * 32)
    parkd.start()
    assert push(5).status in (401, 404) and "its secrets do not open" in parkd.log_text()


def webhook(secret, body):
    stamp = str(int(time.time()))
    key = base64.b64decode(secret[6:])
    mac = hmac.new(key, b".".join([b"m1", stamp.encode(), body]), hashlib.sha256).digest()
    return {"webhook-id": "m1", "webhook-timestamp": stamp, "webhook-signature": "v1," + base64.b64encode(mac).decode(),
            "Content-Type": "application/json"}


def test_trail(office, parkd):
    """Nothing changes without an entry; the chain shows where it was broken; a restart goes on with it."""
    admin = office.account("boss", "admin")
    admin.put("/v1/admin/lots/L1", {"id": "L1", "name": "一"})
    admin.delete("/v1/admin/lots/L1")
    parkd.end()
    parkd.start()
    office = Office(parkd)
    office.local.put("/v1/admin/lots/L2", {"id": "L2", "name": "二"})
    found = entries(office, action="lot")
    assert [(one["who"], one["method"], one["path"]) for one in found] == [
        ("boss", "PUT", "/v1/admin/lots/L1"), ("boss", "DELETE", "/v1/admin/lots/L1"), ("local", "PUT", "/v1/admin/lots/L2")]
    whole = office.local.get("/v1/admin/audit/verify").json()
    assert whole["ok"] and whole["entries"] == len(entries(office)) and whole["from"] == 1
    part = office.local.get("/v1/admin/audit?limit=2").json()["entries"]
    rest = office.local.get(f"/v1/admin/audit?after={part[-1]['id']}").json()["entries"]
    assert [one["n"] for one in part + rest] == list(range(1, whole["entries"] + 1))
    first = parkd.redis("XRANGE", "parkd:audit", "-", "+")[2]
    parkd.redis("XDEL", "parkd:audit", first[0])
    assert office.local.get("/v1/admin/audit/verify").json()["ok"] is False


def test_two_parkd(keep, folder):
    """Over one Redis an account works at both at once, and so does its end."""
    from harness.redis import RedisServer
    server = keep(RedisServer(folder / "redis")).start()
    one, two = (Office(keep(Parkd(folder / name, {"redis": {"url": server.url}})).start()) for name in ("one", "two"))
    op = one.account("op", "operator")
    key = one.key("op")
    at_two = Person(two.public, key=key["key"])
    wait_for(lambda: at_two.get("/v1/account/keys").status == 200, what="the other parkd to know the key")
    borrowed = Person(two.public, op.cookie, op.csrf)
    wait_for(lambda: borrowed.get("/v1/session").json()["account"] == "op", what="the other parkd to know the session or not")
    assert one.local.delete(f"/v1/admin/keys/{key['kid']}").status == 200
    wait_for(lambda: at_two.get("/v1/account/keys").status == 401, what="the other parkd to know the end of the key")
    assert one.local.get("/v1/admin/audit/verify").json()["ok"] and two.local.get("/v1/admin/audit/verify").json()["ok"]
