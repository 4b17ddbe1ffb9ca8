# SPDX-License-Identifier: MIT
"""A feed before it counts: tried by its address and by a sample, listened to, drafted, replayed. Nothing that is tried
may change what is shown, and no secret may come back."""
import http.server
import json
import threading

import pytest

from harness import http as client
from harness.parkd import PARKCTL, Parkd, run
from harness.wait import wait_for
from harness.world import sha256

from simlib import tls

MAPPING = {"items": "/data", "lot": "/id", "free": "/free", "total": "/total", "numbers": {"text": True},
           "time": {"path": "/at", "format": "s"}}
LOTS = {"code": 0, "data": [{"id": "7", "free": "12", "total": "100", "at": 1772330000, "left_over": 5},
                            {"id": "8", "free": "x", "total": "50", "at": 1772330000, "left_over": 6}]}
KEY = "k-8f3a-never-shown"


class Box(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        status, kind, body = 200, "application/json", json.dumps(LOTS).encode()
        if self.path.startswith("/html"):
            kind, body = "text/html", b"<html><body>Please log in</body></html>"
        elif self.path.startswith("/missing"):
            status, kind, body = 404, "text/plain", b"no"
        elif self.path.startswith("/key") and self.headers.get("X-Key") != KEY and "key=" + KEY not in self.path:
            status, body = 401, b'{"message":"no key"}'
        elif self.path.startswith("/state"):
            body = self.server.state
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Vendor:
    """A vendor's server; with `cert` it speaks TLS with a certificate that nobody knows."""

    def __init__(self, folder=None):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Box)
        self.server.state = b""
        self.server.daemon_threads = True
        scheme = "http"
        if folder:
            scheme = "https"
            self.server.socket = tls.prepare(folder / "tls").wrap_socket(self.server.socket, server_side=True)
        self.url = f"{scheme}://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def vendor(keep):
    return keep(Vendor())


def attempt(parkd, **request):
    answer = parkd.staff("/v1/admin/try", {"dialect": "generic", **request})
    assert answer.status == 200, answer
    return answer.json()


def good(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# ---- by address

def test_by_address(parkd, vendor):
    got = attempt(parkd, url=vendor.url + "/lots?pass=" + KEY, params={"mapping": MAPPING}, now="2026-03-01T09:54:00+08:00")
    assert got["ok"] and got["error"] is None
    came = got["came"][0]
    assert (came["status"], came["content_type"], came["method"]) == (200, "application/json", "GET")
    assert came["url"] == vendor.url + "/lots" and came["size"] == len(json.dumps(LOTS)) and came["tls"] is None
    first, second = got["reports"]
    assert (first["lot"], first["free"], first["total"], first["source_ms"]) == ("7", 12, 100, 1772330000000)
    assert first["reading"]["free"] == 12 and first["reading"]["freshness"] == "fresh" and first["registered"] is None
    assert second["free"] is None
    assert [(f["at"], f["lot"]) for f in got["faults"]] == [("/data/1/free", "8")]
    assert [(u["at"], u["looks_like"], u["in"]) for u in got["leftovers"]] == [("/data/*/left_over", "count", 2)]
    assert parkd.lots() == {}
    assert KEY not in json.dumps(got)


def test_registered_lots_are_known(parkd, vendor):
    parkd.put("feeds", {"id": "f", "dialect": "generic", "mode": "poll", "url": vendor.url + "/lots", "interval_ms": 3600000,
                        "params": {"mapping": MAPPING}})
    parkd.put("lots", {"id": "A", "name": "甲", "total": 90, "stage": "connected", "feed": "f", "foreign_id": "7"})
    got = attempt(parkd, feed="f", params={"mapping": {**MAPPING, "free": "/left_over"}})
    assert got["reports"][0]["registered"] == "A" and got["reports"][0]["reading"]["free"] == 5
    assert "total_changed" in got["reports"][0]["reading"]["quality"]
    assert parkd.staff("/v1/admin/try", {"feed": "nobody"}).status == 404


@pytest.mark.parametrize("path,words", [("/html", "HTML"), ("/missing", "404")])
def test_what_is_no_feed_is_named(parkd, vendor, path, words):
    got = attempt(parkd, url=vendor.url + path, params={"mapping": MAPPING})
    assert not got["ok"] and words in got["error"]["text"] and got["reports"] == []
    assert got["came"][0]["status"] == (404 if path == "/missing" else 200)


def test_nobody_there(parkd):
    got = attempt(parkd, url="http://127.0.0.1:1/x", params={"mapping": MAPPING})
    assert not got["ok"] and got["error"]["code"] == "ERR_CONNECT" and got["came"][0]["error"]


def test_denied_addresses(keep, folder, vendor):
    parkd = keep(Parkd(folder / "strict", {"net": {"allow_subnets": []}}))
    parkd.start()
    for url in (vendor.url, "http://169.254.169.254/latest", "http://10.0.0.1/"):
        got = attempt(parkd, url=url, params={"mapping": MAPPING})
        assert not got["ok"] and got["error"]["code"] == "ERR_ADDRESS", got
    assert parkd.staff("/v1/admin/try", {"url": "file:///etc/passwd", "params": {"mapping": MAPPING}}).status in (200, 422)


def test_tls(parkd, keep, folder):
    secure = keep(Vendor(folder))
    got = attempt(parkd, url=secure.url + "/lots", params={"mapping": MAPPING})
    assert not got["ok"] and got["error"]["code"] == "ERR_TLS" and got["came"][0]["error"], got
    got = attempt(parkd, url=secure.url + "/lots", params={"mapping": MAPPING}, tls={"skip_verify": True})
    assert got["ok"] and got["came"][0]["tls"].startswith("TLSv1.") and "not verified" in got["came"][0]["tls"]


@pytest.mark.parametrize("access", [{"key": {"header": "X-Key", "value": KEY}}, {"key": {"query": "key", "value": KEY}}])
def test_access_is_used_and_not_echoed(parkd, vendor, access):
    refused = attempt(parkd, url=vendor.url + "/key", params={"mapping": MAPPING})
    assert not refused["ok"] and refused["error"]["code"] == "ERR_AUTH"
    got = attempt(parkd, url=vendor.url + "/key", params={"mapping": MAPPING}, access=access)
    assert got["ok"] and len(got["reports"]) == 2
    assert KEY not in json.dumps(got) and KEY not in parkd.log_text()


def test_registered_secrets_go_to_the_registered_host_only(parkd, vendor, keep):
    other = keep(Vendor())
    parkd.put("feeds", {"id": "f", "dialect": "generic", "mode": "poll", "url": vendor.url + "/key", "interval_ms": 3600000,
                        "params": {"mapping": MAPPING}, "access": {"key": {"header": "X-Key", "value": KEY}}})
    assert attempt(parkd, feed="f")["ok"]
    assert attempt(parkd, feed="f", url=vendor.url + "/key?x=1")["ok"]
    got = attempt(parkd, feed="f", url=other.url + "/key", params={"mapping": MAPPING})
    assert not got["ok"] and got["error"]["code"] == "ERR_AUTH"


# ---- by sample

def test_by_sample(parkd):
    body = json.dumps(LOTS)
    got = attempt(parkd, params={"mapping": MAPPING}, sample={"body": body})
    assert [r["lot"] for r in got["reports"]] == ["7", "8"] and got["part"] == "poll"
    got = attempt(parkd, params={"mapping": {"format": "form", "lot": {"request": "query:park"}, "free": "/left",
                                             "numbers": {"text": True}}, "reply": {"body": "{\"ok\":1}"}},
                  sample={"body": "left=4", "push": True, "query": {"park": "P7"},
                          "content_type": "application/x-www-form-urlencoded"})
    assert got["part"] == "receive" and got["reports"][0]["lot"] == "P7" and got["reports"][0]["free"] == 4
    assert got["reply"]["body"] == '{"ok":1}'


def test_a_mapping_that_is_wrong_is_told_with_its_place(parkd):
    got = attempt(parkd, params={"mapping": {"lot": "/id", "free": {"path": "/f", "do": ["nonsense"]}}}, sample={"body": "[]"})
    assert not got["ok"] and got["error"]["at"].startswith("/params/mapping/free/do")


def test_bad_requests(parkd):
    for request, at in (({"sample": {}}, "/sample"), ({"sample": {"body": 5}}, "/sample/body"), ({"wrong": 1}, "/wrong"),
                        ({"sample": {"body": "x"}, "now": "yesterday"}, "/now"),
                        ({"sample": {"base64": "***"}}, "/sample/base64"), ({}, "/url")):
        answer = parkd.staff("/v1/admin/try", {"dialect": "generic", "params": {"mapping": MAPPING}, **request})
        assert answer.status == 422, (request, answer)
        assert answer.json()["errors"][0]["pointer"].startswith(at), answer
    assert parkd.staff("/v1/admin/try", b"{", "POST").status == 422


def test_large_samples_do_not_hold_anybody_up(parkd):
    many = {"data": [{"id": str(i), "free": i, "total": 9999} for i in range(4000)]}
    got = attempt(parkd, params={"mapping": {**MAPPING, "time": None}}, sample={"body": json.dumps(many)}, propose=True)
    assert len(got["reports"]) == 4000 and got["proposal"]["mapping"]["lot"] == "/id"


def test_staff_only(parkd):
    for path, method in (("/v1/admin/try", "POST"), ("/v1/admin/feeds/f/bodies", "GET"), ("/v1/admin/feeds/f/replay", "POST")):
        assert client.call(parkd.run["public"], path, b"{}" if method == "POST" else None, method).status == 404
    page = parkd.staff("/v1/admin/try", {"sample": {"body": "{}"}}, headers={"Origin": "http://evil"})
    assert page.status == 403


# ---- bodies

def listener(parkd, ident="box", params=None, **more):
    parkd.put("feeds", {"id": ident, "dialect": "generic", "mode": "push", "params": params or {},
                        "auth": {"bearer_sha256": [sha256(KEY)]}, **more})


def push(parkd, body, ident="box", **headers):
    data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return parkd.post(f"/v1/ingest/{ident}", data, headers={"Authorization": "Bearer " + KEY, **headers})


PERSONAL = {"parkId": "P1", "freeSpaceNum": 8, "totalNum": 20, "plateNo": "京A12345", "owner": {"name": "王五"},
            "msg": "粤BD12345 13812345678"}


def test_bodies_are_kept_without_persons(parkd):
    listener(parkd, keep_bodies=3)
    assert parkd.staff("/v1/admin/feeds/box/bodies").json()["bodies"] == []
    assert parkd.staff("/v1/admin/feeds/nobody/bodies").status == 404
    for n in range(5):
        assert push(parkd, {**PERSONAL, "freeSpaceNum": n}).status == 200
    kept = parkd.staff("/v1/admin/feeds/box/bodies").json()
    assert [b["n"] for b in kept["bodies"]] == [3, 4, 5] and kept["newest"] == 5
    last = kept["bodies"][-1]
    assert json.loads(last["body"]) == {"parkId": "P1", "freeSpaceNum": 4, "totalNum": 20, "plateNo": "***",
                                        "owner": {"name": "***"}, "msg": "*** ***"}
    assert last["kind"] == "push" and last["cleaned"] and not last["cut"]
    assert [b["n"] for b in parkd.staff("/v1/admin/feeds/box/bodies?after=4").json()["bodies"]] == [5]
    assert parkd.staff("/v1/admin/feeds/box/bodies?after=x").status == 400
    parkd.remove("feeds", "box")
    listener(parkd)
    assert parkd.staff("/v1/admin/feeds/box/bodies").json()["bodies"] == []


def test_waiting_for_the_next_body(parkd):
    listener(parkd)
    got = []
    thread = threading.Thread(target=lambda: got.append(parkd.staff("/v1/admin/feeds/box/bodies?wait=20", timeout=30)))
    thread.start()
    wait_for(lambda: push(parkd, PERSONAL).status == 200)
    thread.join(20)
    assert got and [b["n"] for b in got[0].json()["bodies"]][:1] == [1]
    assert parkd.staff("/v1/admin/feeds/box/bodies?after=99&wait=1").json()["bodies"] == []


def test_a_waiting_call_does_not_hold_up_the_end(parkd):
    listener(parkd)
    thread = threading.Thread(target=lambda: quiet(lambda: parkd.staff("/v1/admin/feeds/box/bodies?wait=25", timeout=30)))
    thread.start()
    wait_for(lambda: parkd.staff("/v1/admin/status").status == 200)
    parkd.end()
    thread.join(20)
    assert not thread.is_alive()


def quiet(call):
    try:
        return call()
    except OSError:
        return None


def test_polled_bodies_are_kept(parkd, vendor):
    parkd.put("feeds", {"id": "f", "dialect": "generic", "mode": "poll", "url": vendor.url + "/html", "interval_ms": 200,
                        "params": {"mapping": MAPPING}})
    kept = wait_for(lambda: parkd.staff("/v1/admin/feeds/f/bodies").json()["bodies"], what="a polled body")
    assert kept[0]["kind"] == "poll" and kept[0]["status"] == 200 and "log in" in kept[0]["body"] and kept[0]["error"]


# ---- the newcomer's way: listen, draft, register, and the lot is there

def test_from_the_first_push_to_the_live_lot(parkd, folder):
    listener(parkd)
    done = parkd.ctl("feed", "listen", "box", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["bodies"] == []
    assert push(parkd, {"msgtype": "left", "data": {"车场编号": "甲-7", "剩余车位": 31, "总车位数": 120, "车牌号": "京A12345",
                                                    "上报时间": "2026-03-01 09:10:11"}}).status == 200
    shown = good(parkd.ctl("feed", "listen", "box"))
    assert "京A12345" not in shown and "剩余车位" in shown and '"lot": "/车场编号"' in shown
    sample = folder / "sample.json"
    sample.write_text(parkd.staff("/v1/admin/feeds/box/bodies").json()["bodies"][0]["body"])
    draft = json.loads(good(run("feed", "try", "--sample", sample, "--propose", "--json", program=PARKCTL)))["proposal"]
    mapping = folder / "mapping.json"
    mapping.write_text(json.dumps(draft["mapping"], ensure_ascii=False))
    table = good(run("feed", "try", "--sample", sample, "--params", mapping, program=PARKCTL))
    assert "甲-7" in table and "31" in table and "120" in table and "next:" in table
    listener(parkd, params={"mapping": draft["mapping"]})
    parkd.put("lots", {"id": "A", "name": "甲", "total": 120, "stage": "connected", "feed": "box", "foreign_id": "甲-7"})
    assert push(parkd, {"data": {"车场编号": "甲-7", "剩余车位": 30, "总车位数": 120}}).status == 200
    assert wait_for(lambda: parkd.lot("A")["free"] == 30)


# ---- replay

def test_replay_shows_what_would_change(parkd):
    listener(parkd, params={"mapping": {"items": "/data", "lot": "/id", "free": "/free", "total": "/total"}})
    parkd.put("lots", {"id": "A", "name": "甲", "total": 100, "stage": "connected", "feed": "box", "foreign_id": "7"})
    for free in (10, 11):
        assert push(parkd, {"data": [{"id": "7", "free": free, "left": 3, "total": 100},
                                     {"id": "9", "free": 1, "left": 1, "total": 9}]}).status == 200
    new = {"mapping": {"items": "/data", "lot": "/id", "free": "/left", "total": "/total"}}
    got = parkd.staff("/v1/admin/feeds/box/replay", {"params": new}).json()
    assert got["bodies"] == 2 and got["errors"] == []
    lots = {lot["lot"]: lot for lot in got["lots"]}
    assert lots["7"]["differs"] == 2 and "free" in lots["7"]["changed"]
    assert (lots["7"]["before"]["free"], lots["7"]["after"]["free"]) == (11, 3)
    assert lots["9"]["differs"] == 0 and lots["9"]["in"] == 2
    assert parkd.lot("A")["free"] == 11
    shown = good(parkd.ctl("feed", "replay", "box", "--params", json.dumps(new)))
    assert "1 of 2 lots would say something else" in shown
    same = parkd.staff("/v1/admin/feeds/box/replay", {"params": {"mapping": {"items": "/data", "lot": "/id", "free": "/free",
                                                                             "total": "/total"}}}).json()
    assert all(lot["differs"] == 0 for lot in same["lots"])


def test_replay_names_what_cannot_be_read(parkd):
    listener(parkd, params={"mapping": {"lot": "/id", "free": "/free"}})
    assert push(parkd, {"id": "7", "free": 3}).status == 200
    got = parkd.staff("/v1/admin/feeds/box/replay", {"params": {"mapping": {"items": "/data", "lot": "/id"}}}).json()
    assert got["errors"][0]["params"] == "new" and got["lots"][0]["after"] is None
    wrong = parkd.staff("/v1/admin/feeds/box/replay", {"params": {"mapping": {"lot": 5}}})
    assert wrong.status == 422 and wrong.json()["errors"][0]["pointer"].startswith("/params/mapping/lot")
    assert parkd.staff("/v1/admin/feeds/nobody/replay", {"params": {}}).status == 404
    listener(parkd, ident="silent")
    assert parkd.staff("/v1/admin/feeds/silent/replay", {"params": {}}).status in (409, 422)


# ---- parkctl without a server

def test_dialects_of_this_machine(folder):
    assert "generic" in good(run("dialect", "list", program=PARKCTL))
    assert "app_secret" in good(run("dialect", "show", "keytop", program=PARKCTL))
    assert run("dialect", "show", "nobody", program=PARKCTL).returncode == 4
    lua = folder / "mine.lua"
    lua.write_text("return {name='mine', interface='1.0', params={}, poll=function(ctx) return {url=ctx.url} end,\n"
                   "decode=function(ctx, r) return {{lot='1', free=json.decode(r.body).n}} end}")
    assert "mine" in good(run("dialect", "check", lua, program=PARKCTL))
    sample = folder / "s.json"
    sample.write_text('{"n": 4}')
    got = json.loads(good(run("feed", "try", "--sample", sample, "--dialect", lua, "--json", program=PARKCTL)))
    assert got["reports"][0]["free"] == 4
    asked = run("feed", "try", "--url", "http://127.0.0.1:9/", "--dialect", lua, "--params", "{}", program=PARKCTL)
    assert asked.returncode == 2 and "--sample" in asked.stderr and "SIGHUP" in asked.stderr
    lua.write_text("return {name='mine'")
    bad = run("dialect", "check", lua, program=PARKCTL)
    assert bad.returncode == 1 and "mine.lua" in bad.stderr
    mapping = folder / "m.json"
    mapping.write_text('{"lot": "/id", "free": {"path": "/f", "do": {"capture": "("}}}')
    bad = run("dialect", "check", mapping, program=PARKCTL)
    assert bad.returncode == 1 and "/params/mapping/free/do" in bad.stderr


def test_usage(folder):
    for args in (("feed", "try"), ("feed", "try", "--nonsense"), ("feed", "listen"), ("feed", "replay", "x"), ("dialect", "x")):
        assert run(*args, program=PARKCTL).returncode == 2, args
    assert run("feed", "try", "--sample", folder / "none.json", "--params", "{}", program=PARKCTL).returncode == 1
    assert run("--state", folder, "feed", "try", "--url", "http://x/", program=PARKCTL).returncode == 3
