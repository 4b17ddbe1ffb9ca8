# SPDX-License-Identifier: MIT
"""Telling people: once when something breaks, once when it is good again, together when many break, never in quiet hours; by signed
webhooks and by the robots that offices read, whose signatures are checked here by Python."""
import base64
import hashlib
import hmac
import http.server
import json
import threading
import time
import urllib.parse

import pytest

from harness.office import Office, Person
from harness.parkd import Parkd
from harness.redis import RedisServer
from harness.wait import wait_for

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
ROBOT = "SECrobot"


def mac(key, data):
    return base64.b64encode(hmac.new(key, data, hashlib.sha256).digest()).decode()


class Receiver:
    """Somebody's server: checks what each vendor's pages say, keeps what was good, and answers as told."""

    def __init__(self):
        outer, self.good, self.bad, self.answers = self, [], [], []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                url = urllib.parse.urlsplit(self.path)
                status, code = outer.answers.pop(0) if outer.answers else (200, 0)
                fault = outer.check(url.path[1:], dict(urllib.parse.parse_qsl(url.query)), self.headers, body)
                (outer.bad if fault else outer.good).append((url.path[1:], fault or json.loads(body), status, code))
                reply = json.dumps({"code": code} if url.path == "/feishu" else {"errcode": code, "errmsg": "ok"}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    @staticmethod
    def check(kind, query, headers, body):
        told = json.loads(body)
        if kind == "webhook":
            signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
            wanted = "v1," + mac(base64.b64decode(SECRET[6:]), signed)
            return headers["webhook-signature"] != wanted and "signature"
        if kind == "dingtalk":
            return query.get("sign") != mac(ROBOT.encode(), f"{query.get('timestamp')}\n{ROBOT}".encode()) and "signature"
        if kind == "feishu":
            return told.get("sign") != mac(f"{told.get('timestamp')}\n{ROBOT}".encode(), b"") and "signature"
        return query.get("key") != "k" and "key"

    def texts(self, kind):
        """What was taken."""
        found = []
        for what, told, status, code in self.good:
            if what == kind and status == 200 and code == 0:
                found.append(told["text"]["zh"] if kind == "webhook" else told["content"]["text"] if kind == "feishu" else told["text"]["content"])
        return found

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver(keep):
    return keep(Receiver())


def populate(world):
    world.feed("g", "generic", 3, interval_ms=300, lot={"model": "manual"}, feed={"operator": "op"})
    world.feed("h", "hikvision", 2, interval_ms=300, lot={"model": "manual"})
    for lot in world.lots:
        if lot["feed"] == "g":
            lot["operator"] = "op"
    world.start_lotsim()
    for lot in world.sim["lots"]:
        world.lotsim.value(lot["id"], 20)


@pytest.fixture
def office(world, folder):
    populate(world)
    world.parkd = world.keep(Parkd(folder / "parkd", district=world.district()))
    world.parkd.start()
    found = Office(world.parkd)
    found.local.put("/v1/admin/rules/telling", {"grace_s": 1, "group_s": 1, "pace_s": 0})
    wait_for(lambda: all(lot["free"] == 20 for lot in world.parkd.lots().values()), what="all lots to be told")
    found.world = world
    return found


def channel(office, receiver, kind, **more):
    secret = {"webhook": {"secret": SECRET}, "wecom": {}}.get(kind, {"secret": ROBOT})
    url = f"{receiver.url}/{kind}" + ("?key=k" if kind == "wecom" else "")
    document = {"id": kind, "kind": kind, "url": url, **secret, **more}
    answer = office.local.put(f"/v1/admin/channels/{kind}", document)
    assert answer.status in (200, 201), answer.text()
    return document


def incidents(office, query="?open=1"):
    return office.local.get("/v1/admin/incidents" + query).json()["incidents"]


def test_down_and_up_is_told_once_each(office, receiver):
    """All four ways; what is told names the feed, how many lots, since when, and what to do; and a restart between repeats nothing."""
    world = office.world
    for kind in ("webhook", "wecom", "dingtalk", "feishu"):
        channel(office, receiver, kind)
    world.lotsim.fault("http_500", feed="g")
    for kind in ("webhook", "wecom", "dingtalk", "feishu"):
        wait_for(lambda one=kind: receiver.texts(one), 30, lambda one=kind: f"{one} to be told: {receiver.bad} {office.local.get('/v1/admin/channels').text()}")
    text = receiver.texts("wecom")[0]
    assert "数据源 g（op）" in text and "影响 3 个停车场" in text and "请检查" in text, text
    wait_for(lambda: all(len(one["told"]) == 4 for one in incidents(office)), what="it to be written down")
    world.parkd.kill()
    world.parkd.start()
    office = Office(world.parkd)
    wait_for(lambda: any(feed["state"] == "bad" for feed in world.parkd.status()["feeds"]), what="the feed to be bad again")
    assert len(incidents(office)) == 1
    world.lotsim.fault("http_500", False, feed="g")
    wait_for(lambda: all(len(receiver.texts(kind)) == 2 for kind in ("webhook", "wecom", "dingtalk", "feishu")), 30, lambda: f"the end: {receiver.good}")
    assert "已恢复" in receiver.texts("feishu")[1] and not receiver.bad
    over = wait_for(lambda: [one for one in incidents(office, "") if one["until"]], what="the incident to be over")
    assert over[0]["object"] == "g" and over[0]["operator"] == "op" and not incidents(office)


def test_two_parkd_tell_once(world, folder, receiver):
    """Over one Redis each judges what it serves, one tells; when one dies the other goes on and repeats nothing."""
    server = world.keep(RedisServer(folder / "redis")).start()
    populate(world)
    one = world.keep(Parkd(folder / "one", {"redis": {"url": server.url}}, district=world.district())).start()
    two = world.keep(Parkd(folder / "two", {"redis": {"url": server.url}})).start()
    office = Office(one)
    office.local.put("/v1/admin/rules/telling", {"grace_s": 1, "group_s": 1, "pace_s": 0})
    channel(office, receiver, "wecom")
    wait_for(lambda: all(lot["free"] == 20 for lot in two.lots().values()) and len(two.lots()) == 5, what="all lots to be told")
    for feed in ("g", "h"):
        world.lotsim.fault("http_500", feed=feed)
    wait_for(lambda: len(incidents(office)) == 2 and all(found["told"] for found in incidents(office)), 30, lambda: f"both to be told: {incidents(office)}")
    one.kill()
    office = Office(two)
    wait_for(lambda: sum(feed["state"] == "bad" for feed in two.status()["feeds"]) == 2, 60, "the other to serve both")
    for feed in ("g", "h"):
        world.lotsim.fault("http_500", False, feed=feed)
    wait_for(lambda: not incidents(office) and all(len(found["told"]) == 2 for found in incidents(office, "")), 60, lambda: f"both ends to be told: {incidents(office, '')}")
    told = "\n".join(receiver.texts("wecom"))
    assert len(incidents(office, "")) == 2 and all(told.count(f"数据源 {feed}（") + told.count(f"数据源 {feed}：") == 2 for feed in ("g", "h")), told


def test_many_at_once_are_one_message(office, receiver):
    world = office.world
    office.parkd.put("lots", {"id": "hand", "name": "hand", "operator": "op"})
    assert office.local.post("/v1/operator/lots/hand/attendants", {"label": "gate"}).status == 201
    assert office.local.post("/v1/operator/lots/hand/submit").status == 200
    assert office.local.post("/v1/admin/lots/hand/approve", {"override": True, "why": "test"}).status == 200
    channel(office, receiver, "wecom")
    for feed in ("g", "h"):
        world.lotsim.fault("http_500", feed=feed)
    wait_for(lambda: receiver.texts("wecom"), 30, "the message")
    wait_for(lambda: len(incidents(office)) == 2, what="both incidents")
    wait_for(lambda: all(one["told"] for one in incidents(office)), 30, "both to be told")
    told = receiver.texts("wecom")
    assert all(one["object"] != "hand" for one in incidents(office)), "attendants went home"
    assert sum("数据源 g" in one for one in told) == 1 and sum("数据源 h" in one for one in told) == 1 and len(told) <= 2


def test_who_hears_what(office, receiver):
    """An operator's channel hears of its own; the operator sees its own incidents and nobody else's."""
    world = office.world
    op = office.account("op", "operator")
    channel(office, receiver, "dingtalk", **{"for": "op", "lang": "en"})
    channel(office, receiver, "feishu", **{"for": "office"})
    world.lotsim.fault("http_500", feed="h")
    wait_for(lambda: receiver.texts("feishu"), 30, "the office to hear of h")
    world.lotsim.fault("http_500", feed="g")
    wait_for(lambda: receiver.texts("dingtalk"), 30, "the operator to hear of g")
    assert "feed g" in receiver.texts("dingtalk")[0] and "feed h" not in receiver.texts("dingtalk")[0]
    assert [one["object"] for one in op.get("/v1/operator/incidents").json()["incidents"]] == ["g"]


def test_refused_messages_are_told_again(office, receiver):
    """A robot says no inside a 200, or is gone for a moment: it hears of it later, once; staff sees why."""
    channel(office, receiver, "wecom")
    receiver.answers = [(200, 45009)]
    tried = office.local.post("/v1/admin/channels/wecom/test").json()
    assert tried["ok"] is False and tried["status"] == 200
    assert office.local.post("/v1/admin/channels/wecom/test").json()["ok"] is True
    receiver.answers = [(500, 0)]
    office.world.lotsim.fault("http_500", feed="h")
    shown = wait_for(lambda: (one := office.local.get("/v1/admin/channels").json()["channels"][0])["error"] and one, 30, "the failure to be shown")
    assert "HTTP 500" in shown["error"]


def test_quiet_hours(office, receiver):
    now = time.gmtime(time.time() + 8 * 3600)
    start, end = (f"{(now.tm_hour + off) % 24:02}:{now.tm_min:02}" for off in (-1, 1))
    channel(office, receiver, "webhook", quiet={"from": start, "to": end})
    office.world.lotsim.fault("http_500", feed="g")
    wait_for(lambda: incidents(office), 30, "the incident")
    channel(office, receiver, "wecom")
    wait_for(lambda: receiver.texts("wecom"), 30, "the one that is awake")
    assert not receiver.texts("webhook")
    channel(office, receiver, "webhook")
    wait_for(lambda: receiver.texts("webhook"), 30, "the morning")


def test_channels_keep_their_secrets(office, receiver):
    document = channel(office, receiver, "dingtalk")
    shown = office.local.get("/v1/admin/channels").json()["channels"][0]
    assert shown["secret"] == shown["url"] == "***"
    stored = repr(office.parkd.redis("HGETALL", "parkd:channels"))
    assert ROBOT not in stored and receiver.url not in stored
    back = {key: value for key, value in shown.items() if key in document} | {"lang": "en"}
    assert office.local.put("/v1/admin/channels/dingtalk", back).status == 200
    assert office.local.post("/v1/admin/channels/dingtalk/test").json()["ok"]
    for wrong, at in (({"kind": "pigeon"}, "/kind"), ({"url": "ftp://x"}, "/url"), ({"kind": "webhook", "secret": "x"}, "/secret"),
                      ({"quiet": {"from": "25:00", "to": "06:00"}}, "/quiet/from"), ({"colour": 1}, "/colour")):
        answer = office.local.put("/v1/admin/channels/dingtalk", document | wrong)
        assert answer.status == 422 and answer.json()["errors"][0]["pointer"] == at, (wrong, answer.text())
    assert Person(office.console, key=None).get("/v1/admin/channels").status == 401
    assert office.local.delete("/v1/admin/channels/dingtalk").status == 204
