# SPDX-License-Identifier: MIT
"""The simulators alone, without parkd: what they say, what they verify, how they misbehave."""
import base64
import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ROOT / "tools"
REPLAY = ROOT / "tests/data/replay/small-free.csv"
LOTS = ROOT / "tests/data/replay/small-lots.csv"
sys.path.insert(0, str(TOOLS))

from simlib import crypto, day, dialects, rawitems, scenario  # noqa: E402
from simlib.clock import Clock, beijing, beijing_parse, parse_iso, rfc3339  # noqa: E402
from simlib.dialects.native import band  # noqa: E402
from simlib.replay import Tape, declared  # noqa: E402

LIMIT_S = 20
MORNING = parse_iso("2026-03-04T07:00:00Z")
SECRET = "whsec_" + base64.b64encode(b"an invented secret of 32 bytes!!").decode()


class Sim:
    """A simulator process, its first line and its control calls."""

    def __init__(self, tool, *args):
        command = [sys.executable, str(TOOLS / tool), "--parent-pid", str(os.getpid()), *map(str, args)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line, f"{tool} ended with {self.process.wait()}"
        self.facts = json.loads(line)
        self.port = self.facts["port"]
        self.url = self.facts.get("url", f"http://127.0.0.1:{self.port}")
        self.control_url = f"http://127.0.0.1:{self.facts.get('control_port', self.port)}/_control/"

    def state(self):
        return call(self.control_url + "state").json()

    def post(self, name, **fields):
        answer = call(self.control_url + name, fields)
        assert answer.status == 200, answer.body
        return answer.json()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=5)
        self.process.stdout.close()
        return code


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


def call(url, body=None, headers=None, timeout=5, context=None):
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
    request = urllib.request.Request(url, body, headers or {}, method="GET" if body is None else "POST")
    try:
        with urllib.request.urlopen(request, timeout=timeout, context=context) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())


def until(condition, limit_s=LIMIT_S):
    """Waits for a condition; its last value is the result."""
    end = time.monotonic() + limit_s
    while not (value := condition()):
        assert time.monotonic() < end, "the condition did not come"
        time.sleep(0.01)
    return value


@contextlib.contextmanager
def running(*args):
    sim = Sim(*args)
    try:
        yield sim
    finally:
        if sim.process.poll() is None:
            sim.end()


def write_scenario(tmp_path, lots, **more):
    keys = {name: scenario.new_keys(name) for name in {lot["dialect"] for lot in lots}}
    path = tmp_path / "scenario.json"
    made = {"keys": keys, "lots": lots} | more
    path.write_text(json.dumps(made))
    return path, made


def journal_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


# ---- the recipes

def test_published_vectors():
    p = '{"serviceId":"3c.park.queryparkspace","requestType":"DATA","attributes":{"parkCodes":"P001"}}'
    assert crypto.jieshun_sn(p, "SIGNKEY1") == "4C816399185E374052266B728F872CAC"
    fields = {"appId": "12352", "parkId": "591000001", "serviceCode": "getFreeSpaceNum", "ts": 1700000000000,
              "reqId": "1700000000000", "key": "left out", "empty": "", "list": [1]}
    assert crypto.keytop_text(fields, "SECRET1") == (
        "parkId=591000001&reqId=1700000000000&serviceCode=getFreeSpaceNum&ts=1700000000000&SECRET1")
    assert crypto.keytop_key(fields, "SECRET1") == "B8DE14C03E761392ABEF16AC4FABC51B"
    text = crypto.hikvision_text("AK1", 1700000000000, "/artemis/api/pms/v1/park/remainSpaceNum")
    assert crypto.hmac_sha256_b64("SK1", text) == "Yhnyc3VmGL3SiS2OiG0stvWsjwbSOVArwwnO3Vv1Zvs="
    assert crypto.wuhan_sign(b'[{"free":10,"total":100}]', "P001", "SECRET1", 1700000000000) == (
        "C4B141F52288ECF7ED5B9FF30FBAF6A4")
    assert crypto.bolink_sign('{"comid":"kytest2020032501","union_id":"200279","car_number":"晋QQ1234",'
                              '"lock_status":1}'.encode(), "MAVXUU3C2545G9K1") == (
        "4973765089F20FCFE45868796F81278A")
    assert crypto.bolink_fields_sign({
        "address": "北京上地三街9号", "empty_plot": 56, "lat": "32.466666", "lng": "123.994449", "remark": "",
        "rand": "0.20354312785198048", "name": "北京上地三街9号院停车场", "park_id": "1001", "phone": "13899884433",
        "total_plot": 90, "union_id": 10001}, "NQ0eSXs720170114") == "82A4EA10F60AEE4172AE4F3C774156EB"
    assert crypto.pyun_sign({
        "app_id": "op88641899bd20661", "car_type": 1, "enter_time": 1563242533431, "sign_type": "MD5",
        "plate": "粤B660PP", "park_uuid": "40e06b24-7320-4a61-8d97-7ebccb364a87", "timestamp": 1563242932357,
        "sign": ""}, "XXX") == (
        "C983693C5F603AEF30514920FA3158FF")
    assert crypto.tdznyun_sign({
        "bizContent": '{"enterTime":"2018-01-01 11:00:00","parkCode":"TEST/1P1","plateNum":"粤B12345"}',
        "pid": "123456", "serviceName": "enterNotify", "timestamp": "1539571096"}, "45DC1F8604F940829E75D6A76595C299") == (
        "EE454BE0DE3D211559865DA33745E589")
    assert crypto.webhook_sign("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                               b'{"test": 2432232314}') == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_hangzhou_seal_opens_only_with_its_key():
    private, public = crypto.new_rsa_pair()
    text = json.dumps({"data": {"parkingCode": "1001", "name": "停车" * 60}}, ensure_ascii=False)
    cipher, sign = crypto.hangzhou_seal(crypto.private_key(private), text)
    assert len(base64.b64decode(cipher)) % 128 == 0 and len(base64.b64decode(cipher)) > 256
    assert crypto.hangzhou_open(crypto.public_key(public), cipher, sign) == text
    other = crypto.public_key(crypto.new_rsa_pair()[1])
    with pytest.raises(ValueError):
        crypto.hangzhou_open(other, cipher, sign)
    with pytest.raises(ValueError):
        crypto.rsa_public_open(other, base64.b64decode(cipher))


def test_times_and_clock():
    assert beijing(1441069811000) == "2015-09-01 09:10:11"
    assert beijing_parse("2015-09-01 09:10:11") == 1441069811000
    assert rfc3339(1700000000000) == "2023-11-14T22:13:20Z" and rfc3339(1700000000005).endswith("20.005Z")
    clock = Clock.parse(f"{MORNING},{int(time.time() * 1000)},600")
    assert 0 <= clock.wall_ms() - MORNING < 600_000
    assert 0.5 < clock.wait_s(clock.wall_ms() + 600_000) <= 1.0
    with pytest.raises(ValueError):
        Clock.parse("1,2")


def test_day_is_believable_and_repeats():
    noon_wednesday = parse_iso("2026-03-04T02:30:00Z")
    night = parse_iso("2026-03-03T19:00:00Z")
    assert day.occupied("office", 1, 400, noon_wednesday) > 250 > day.occupied("office", 1, 400, night)
    assert day.occupied("residential", 1, 400, night) > 300
    saturday = noon_wednesday + 3 * day.DAY_MS
    assert day.occupied("office", 1, 400, saturday) < 200
    for kind in day.KINDS:
        values = [day.occupied(kind, 3, 50, night + at * 60_000) for at in range(1440)]
        assert values == [day.occupied(kind, 3, 50, night + at * 60_000) for at in range(1440)]
        assert min(values) >= 0 and max(values) <= 50 and len(set(values)) > 10
        assert max(abs(a - b) for a, b in zip(values, values[1:])) <= 8


def test_items_are_cut_out_as_sent():
    first, second = '{"lot":"a", "seq":1,\t"zones":[{"id":"}]"}]}', '{"seq":2,"lot":"b"}'
    body = '{"version":"1.0","data" : {"batch":"x","items": [ ' + first + " ,\n" + second + ' ],"more":[]}}'
    assert [raw for _, raw in rawitems.split(body.encode())[1]] == [first, second]
    assert rawitems.split(b' {"lot":"a","seq":1} ')[1] == [({"lot": "a", "seq": 1}, '{"lot":"a","seq":1}')]
    for wrong in (b"[]", b'{"items":{}}', b'{"items":[1', b'{"data":{}}', b"\xff"):
        with pytest.raises(ValueError):
            rawitems.split(wrong)


def test_bands_follow_the_design():
    rows = [(0, 100, "full"), (9, 80, "few"), (9, 200, "few"), (10, 100, "some"), (4, 49, "few"),
            (5, 49, "some"), (29, 100, "some"), (30, 100, "plenty")]
    for free, places, word in rows:
        assert band(free, places) == word, (free, places)


def test_scenario_refuses_slips(tmp_path):
    clock = Clock()
    for lots, word in (([{"id": "a", "dialect": "native", "totl": 1}], "totl"),
                       ([{"id": "a", "dialect": "nativ"}], "no dialect"),
                       ([{"id": "a"}], "feed or dialect"),
                       ([{"id": "a", "dialect": "hikvision"}], "missing")):
        with pytest.raises(ValueError, match=word):
            scenario.build({"lots": lots, "keys": {"native": {"key": "k"}}}, clock)


# ---- polled lots

def three_lots(dialect):
    return [{"id": f"L{n}", "foreign_id": f"00{n}", "dialect": dialect, "total": 100 + n, "seed": n,
             "counts": "occupied" if n == 2 else "free"} for n in (1, 2, 3)]


def test_generic_answers_and_condition(tmp_path):
    path, made = write_scenario(tmp_path, three_lots("generic"))
    with running("lotsim", "--scenario", path) as sim:
        key = {"X-Api-Key": made["keys"]["generic"]["api_key"]}
        for lot, free in (("L1", 7), ("L2", 103), ("L3", None)):
            sim.post("value", lot=lot, free=free)
        answer = call(sim.url + "/f/generic/parks", headers=key)
        items = answer.json()["data"]["list"]
        assert (items[0]["remain"], items[0]["capacity"]) == ("7", "101")
        assert items[1]["occupied"] == "-1" and "remain" not in items[1]
        assert items[2]["remain"] == "" and items[2]["state"] == "故障"
        assert abs(beijing_parse(items[0]["updateTime"]) - time.time() * 1000) < 20_000
        assert call(sim.url + "/parks").json()["code"] == 401
        assert sim.state()["lots"]["L1"]["reads"] == 1
        fixed = f"{MORNING},{int(time.time() * 1000)},0.001"
        with running("lotsim", "--scenario", path, "--clock", fixed) as still:
            first = call(still.url + "/parks", headers=key)
            again = call(still.url + "/parks", headers=key | {"If-None-Match": first.headers["ETag"]})
            assert again.status == 304 and again.body == b""
            assert still.state()["lots"]["L1"]["reads"] == 2


def hikvision_call(sim, keys, park, secret=None, wait=5):
    moment, path = str(int(time.time() * 1000)), "/artemis/api/pms/v1/park/remainSpaceNum"
    text = crypto.hikvision_text(keys["app_key"], moment, path)
    headers = {"X-Ca-Key": keys["app_key"], "X-Ca-Timestamp": moment, "Accept": "*/*",
               "Content-Type": "application/json", "X-Ca-Signature-Headers": "x-ca-key,x-ca-timestamp",
               "X-Ca-Signature": crypto.hmac_sha256_b64(secret or keys["app_secret"], text)}
    return call(sim.url + path, {"parkSyscode": park}, headers, wait)


def test_hikvision(tmp_path):
    lots = three_lots("hikvision")
    lots[0]["permit"] = 30
    path, made = write_scenario(tmp_path, lots)
    keys = made["keys"]["hikvision"]
    with running("lotsim", "--scenario", path) as sim:
        sim.post("value", lot="L1", free=12)
        answer = hikvision_call(sim, keys, "001").json()
        assert answer["code"] == "0" and len(answer["data"]) == 1
        park = answer["data"][0]
        assert int(park["leftPlace"]) - int(park["leftPermPlace"]) == 12 and park["totalPlace"] == "101"
        assert len(hikvision_call(sim, keys, "").json()["data"]) == 3
        refused = hikvision_call(sim, keys, "001", secret="wrong")
        assert refused.status == 200 and refused.json()["code"] == "0x02401003"
        assert hikvision_call(sim, keys, "nowhere").json()["data"] is None


def keytop_call(sim, keys, park, **more):
    fields = {"appId": keys["app_id"], "parkId": park, "serviceCode": "getFreeSpaceNum",
              "ts": int(time.time() * 1000), "reqId": "r1"}
    fields["key"] = crypto.keytop_key(fields, keys["app_secret"])
    return call(sim.url + "/unite-api/api/wec/GetFreeSpaceNum", fields | more).json()


def test_keytop_answers_in_both_shapes(tmp_path):
    path, made = write_scenario(tmp_path, three_lots("keytop"))
    keys = made["keys"]["keytop"]
    with running("lotsim", "--scenario", path) as sim:
        sim.post("value", lot="L2", free=33)
        shapes = [keytop_call(sim, keys, "002")["data"] for _ in range(2)]
        assert {type(one) for one in shapes} == {dict, str}
        for one in shapes:
            data = json.loads(one) if isinstance(one, str) else one
            assert (data["parkId"], data["totalNum"], data["freeSpaceNum"]) == ("002", 102, 33)
        assert keytop_call(sim, keys, "002", key="0" * 32)["resCode"] == "1003"
        assert keytop_call(sim, keys, "009")["resCode"] == "1005"


def jieshun_login(sim, keys, **more):
    form = {"cid": keys["cid"], "usr": keys["usr"], "psw": keys["psw"]} | more
    return call(sim.url + "/jsaims/login", urllib.parse.urlencode(form).encode()).json()


def jieshun_call(sim, keys, token, codes, **more):
    p = json.dumps({"serviceId": "3c.park.queryparkspace", "requestType": "DATA",
                    "attributes": {"parkCodes": codes}})
    sn = crypto.jieshun_sn(p, keys["sign_key"])
    form = {"cid": keys["cid"], "v": "2", "tn": token, "sn": sn, "p": p} | more
    answer = call(sim.url + "/jsaims/as", urllib.parse.urlencode(form).encode()).json()
    return json.loads(answer) if isinstance(answer, str) else answer


def test_jieshun_tokens_end(tmp_path):
    path, made = write_scenario(tmp_path, three_lots("jieshun"))
    keys = made["keys"]["jieshun"]
    with running("lotsim", "--scenario", path) as sim:
        sim.post("value", lot="L3", free=9)
        assert jieshun_login(sim, keys, psw="wrong")["resultCode"] != 0
        token = jieshun_login(sim, keys)["token"]
        for _ in range(2):                # plain, then JSON inside a string
            items = jieshun_call(sim, keys, token, "001,003")["dataItems"]
            assert [one["attributes"]["parkCode"] for one in items] == ["001", "003"]
            assert items[1]["attributes"]["restSpace"] == 9
        assert jieshun_call(sim, keys, token, "003", sn="0" * 32)["resultCode"] == 2
        sim.post("expire")
        assert jieshun_call(sim, keys, token, "003")["resultCode"] == 4
        token = jieshun_login(sim, keys)["token"]
        assert jieshun_call(sim, keys, token, "003")["resultCode"] == 0


def test_value_faults(tmp_path):
    path, made = write_scenario(tmp_path, three_lots("generic"))
    key = {"X-Api-Key": made["keys"]["generic"]["api_key"]}
    with running("lotsim", "--scenario", path) as sim:
        def first():
            return call(sim.url + "/parks", headers=key).json()["data"]["list"][0]
        sim.post("value", lot="L1", free=40)
        assert first()["remain"] == "40"
        sim.post("fault", lot="L1", fault="negative")
        assert first()["remain"] == "-7"
        sim.post("fault", lot="L1", fault="negative", on=False)
        sim.post("fault", lot="L1", fault="over_total", params={"value": 3})
        assert first()["remain"] == "104"
        sim.post("fault", lot="L1", fault="over_total", on=False)
        sim.post("fault", lot="L1", fault="clock_off", params={"ms": 3_600_000})
        assert beijing_parse(first()["updateTime"]) > time.time() * 1000 + 3_500_000
        sim.post("fault", lot="L1", fault="clock_off", on=False)
        sim.post("value", lot="L1", free=41)
        held = first()
        sim.post("fault", lot="L1", fault="stale")
        sim.post("value", lot="L1", free=2)
        assert first() == held
        sim.post("fault", lot="L1", fault="stale", on=False)
        assert first()["remain"] == "2"
        sim.post("fault", lot="L1", fault="bad_item")
        assert first()["remain"] == "12.5"
        sim.post("fault", lot="L1", fault="silent")
        assert first()["parkCode"] == "002"
        wrong = call(sim.control_url + "fault", {"lot": "L1", "fault": "mood"})
        assert wrong.status == 400 and "no fault mood" in wrong.json()["error"]


def test_faults_of_the_way(tmp_path):
    path, made = write_scenario(tmp_path, three_lots("generic"))
    key = {"X-Api-Key": made["keys"]["generic"]["api_key"]}
    with running("lotsim", "--scenario", path) as sim:
        def under(fault, **params):
            sim.post("fault", all=True, fault=fault, params=params)
            try:
                return call(sim.url + "/parks", headers=key, timeout=0.5)
            finally:
                sim.post("fault", all=True, fault=fault, on=False)
        assert under("http_500", status=503).status == 503
        assert under("empty_list").json()["data"]["list"] == []
        assert under("html").body.startswith(b"<!DOCTYPE")
        assert under("error_envelope").json()["code"] == 5000
        assert under("wrong_signature").json()["code"] == 401
        with pytest.raises(ValueError):
            under("truncated", honest=True).json()
        for fault in ("truncated", "reset", "slow", "drip"):
            with pytest.raises((OSError, http.client.HTTPException)):
                under(fault)
        assert sim.state()["lots"]["L1"]["reads"] == 0      # none of these told anything
        assert call(sim.url + "/parks", headers=key).status == 200


# ---- lots that push, and the platform

def native_pair(tmp_path, platform_args=(), lots=None, **more):
    """A platformsim that takes what a lotsim pushes in parkd's format, since native out is native in."""
    lots = lots or [{"id": f"N{n}", "dialect": "native", "total": 100 + n, "seed": n, "model": "counter"}
                    for n in range(4)]
    stack = contextlib.ExitStack()
    journal = tmp_path / "platform.jsonl"
    platform = stack.enter_context(running("platformsim", "--plain", "--journal", journal, *platform_args))
    path, made = write_scenario(tmp_path, lots, push_url=platform.url, **more)
    lotsim = stack.enter_context(running("lotsim", "--scenario", path, "--journal", tmp_path / "lots.jsonl"))
    return stack, platform, lotsim, made


def test_native_push_is_signed_ordered_and_acknowledged(tmp_path):
    feeds = {"native": {"secret": SECRET, "push_interval_ms": 20, "heartbeat_ms": None}}
    stack, platform, lotsim, _ = native_pair(tmp_path, ["--native-secret", SECRET], feeds=feeds)
    with stack:
        until(lambda: platform.state()["accepted"] > 200)
        lotsim.post("pause")
        until(lambda: all(one["acked"]["seq"] == one["emitted"]["seq"]
                          for one in lotsim.state()["lots"].values()))
        held, told = platform.state(), lotsim.state()["lots"]
        assert held["violations"] == [] and held["in_flight_max"] == 1
        for name, lot in told.items():
            assert held["held"][name]["seq"] == lot["acked"]["seq"] == lot["acked"]["seq_answered"]
            assert held["held"][name]["free"] == lot["acked"]["free"]
    acked = [one for one in journal_of(tmp_path / "lots.jsonl") if one["how"] == "acked"]
    seqs = [one["seq"] for one in acked if one["lot"] == "N1"]
    assert len(seqs) > 40 and seqs == sorted(set(seqs))


def test_wrong_signature_is_refused_and_retried(tmp_path):
    feeds = {"native": {"secret": SECRET, "push_interval_ms": 20, "retry_ms": 10}}
    stack, platform, lotsim, _ = native_pair(tmp_path, ["--native-secret", SECRET], feeds=feeds)
    with stack:
        until(lambda: platform.state()["accepted"] > 4)
        lotsim.post("fault", all=True, fault="wrong_signature")
        until(lambda: platform.state()["violation_counts"].get("signature", 0) > 2)
        lotsim.post("fault", all=True, fault="wrong_signature", on=False)
        before = platform.state()["accepted"]
        until(lambda: platform.state()["accepted"] > before + 20)
        counts = platform.state()["violation_counts"]
        assert set(counts) == {"signature"}
        assert sum(one["retries"] for one in lotsim.state()["lots"].values()) > 0


@pytest.mark.parametrize("mode", ["refuse", "http_500", "http_429", "code_inside", "cut", "hang",
                                  "unauthorized", "down"])
def test_platform_misbehaves_and_nothing_is_lost(tmp_path, mode):
    feeds = {"native": {"push_interval_ms": 20, "retry_ms": 10, "timeout_ms": 300}}
    stack, platform, lotsim, _ = native_pair(tmp_path, feeds=feeds)
    with stack:
        until(lambda: platform.state()["accepted"] > 4)
        failures = lotsim.state()["lanes"][0]["failures"]
        platform.post("mode", mode=mode)
        until(lambda: lotsim.state()["lanes"][0]["failures"] > failures + 2)
        accepted = platform.state()["accepted"]
        platform.post("mode", mode="ok")
        until(lambda: platform.state()["accepted"] > accepted + 20)
        state = platform.state()
        assert state["violations"] == [], state["violations"][:2]
        assert state["mode"] == "ok"


def test_mode_for_a_number_of_requests(tmp_path):
    with running("platformsim", "--plain") as sim:
        sim.post("mode", mode="http_429", retry_after=7, count=2)
        body = {"items": [{"lot": "a", "seq": 1, "free": 1}]}
        answers = [call(sim.url + "/x", body) for _ in range(3)]
        assert [one.status for one in answers] == [429, 429, 200]
        assert answers[0].headers["Retry-After"] == "7"
        sim.post("mode", mode="reject_lot", lot="b")
        both = {"items": [{"lot": "a", "seq": 2, "free": 1}, {"lot": "b", "seq": 2, "free": 1}]}
        assert [one["code"] for one in call(sim.url + "/x", both).json()["results"]] == ["ok", "rejected"]
        sim.post("mode", mode="reject_lot", lot="b", style="batch", status=422)
        both["items"][0]["seq"] = 3
        assert call(sim.url + "/x", both).status == 422
        assert sim.state()["held"]["a"]["seq"] == 2 and "b" not in sim.state()["held"]
        assert call(sim.control_url + "mode", {"mode": "tired"}).status == 400


def test_platform_sees_broken_promises():
    with running("platformsim", "--plain", "--native-bearer", "k") as sim:
        key = {"Authorization": "Bearer k"}

        def send(text):
            return call(sim.url + "/x", text.encode(), key).status
        assert send('{"items":[{"lot":"a","seq":5,"free":3}]}') == 200
        assert send('{"items":[{"lot":"a","seq":5,"free":3}]}') == 200
        assert sim.state()["violations"] == []
        send('{"items":[{"lot":"a","seq":5, "free":3}]}')            # the same meaning, other bytes
        assert sim.state()["violation_counts"] == {"bytes_differ": 1}
        send('{"items":[{"lot":"a","seq":4,"free":3}]}')
        assert sim.state()["violation_counts"] == {"bytes_differ": 1, "seq_back": 1}
        assert send('{"items":[{"lot":"a"}]}') == 400
        assert call(sim.url + "/x", b"{}", {"Authorization": "Bearer j"}).status == 401
        assert sim.state()["violation_counts"] == {"bytes_differ": 1, "seq_back": 1, "malformed": 1,
                                                   "signature": 1}
        sim.post("mode", mode="hang", count=1)
        with contextlib.closing(socket.create_connection(("127.0.0.1", sim.port))) as stuck:
            body = b'{"lot":"a","seq":6,"free":2}'
            head = f"POST /x HTTP/1.1\r\nAuthorization: Bearer k\r\nContent-Length: {len(body)}\r\n\r\n"
            stuck.sendall(head.encode() + body)
            until(lambda: sim.state()["in_flight"] == 1)
            send('{"items":[{"lot":"a","seq":7,"free":1}]}')
            assert sim.state()["violation_counts"]["overlap"] == 1
            assert sim.state()["in_flight_max"] == 2
        until(lambda: sim.state()["in_flight"] == 0)


def test_hangzhou_round_trip(tmp_path):
    lots = [{"id": f"H{n}", "foreign_id": f"370303{n}", "dialect": "hangzhou", "total": 150, "open": 130,
             "seed": n} for n in range(3)]
    public = tmp_path / "public.pem"
    keys = scenario.new_keys("hangzhou")
    public.write_text(keys["public_key"])
    with running("platformsim", "--plain", "--hangzhou", f"{keys['access_id']}={public}") as platform:
        path = tmp_path / "hz.json"
        path.write_text(json.dumps({
            "lots": lots, "keys": {"hangzhou": keys}, "push_url": platform.url,
            "feeds": {"hangzhou": {"lanes": 3, "push_interval_ms": 30, "heartbeat_ms": 40, "retry_ms": 10}}}))
        with running("lotsim", "--scenario", path) as lotsim:
            lotsim.post("value", lot="H1", free=17)
            held = until(lambda: (now := platform.state()["held"]).get("3703031", {}).get("free") == 17
                         and now)
            assert held["3703031"]["open"] == 130 and held["3703031"]["total"] == 150
            until(lambda: len(platform.state()["beats"]) == 3)
            lotsim.post("fault", lot="H1", fault="wrong_signature")
            until(lambda: platform.state()["violation_counts"].get("signature"))
            lotsim.post("fault", lot="H1", fault="wrong_signature", on=False)
            lotsim.post("value", lot="H1", free=18)
            until(lambda: platform.state()["held"]["3703031"]["free"] == 18)
            platform.post("mode", mode="reject_lot", lot="3703032")
            until(lambda: lotsim.state()["lanes"][2]["failures"] > 0)
            assert set(platform.state()["violation_counts"]) == {"signature"}


def test_silent_lots_wake_and_hints(tmp_path):
    lots = [{"id": f"N{n}", "dialect": "native", "total": 50, "seed": n, "silent": n > 0,
             "classes": {"charging": 10}, "zones": {"B1": 20}} for n in range(3)]
    feeds = {"native": {"push_interval_ms": 20, "heartbeat_ms": 30, "style": "envelope"}}
    stack, platform, lotsim, _ = native_pair(tmp_path, lots=lots, feeds=feeds)
    with stack:
        until(lambda: platform.state()["accepted"] > 5)
        assert list(platform.state()["held"]) == ["N0"]
        item = platform.state()["held"]["N0"]
        assert item["classes"]["charging"]["total"] == 10 and item["zones"][0]["id"] == "B1"
        assert lotsim.post("wake", count=1) == {"woken": ["N1"]}
        until(lambda: set(platform.state()["held"]) == {"N0", "N1"})
        lotsim.post("wake", lots=["N2"])
        until(lambda: len(platform.state()["held"]) == 3 and len(platform.state()["beats"]) == 3)
        assert platform.state()["violations"] == []
        lotsim.post("hint", lot="N0", **{"in": 2})
        until(lambda: platform.state()["violation_counts"].get("malformed"))  # a platform takes no hints


# ---- replay

def test_small_replay_has_what_real_ones_have():
    tape = Tape(REPLAY, 0, 1 << 62)
    totals = declared(LOTS)
    assert list(totals) == list(tape.cells) and len(totals) == 8 and None in totals.values()
    values = [(totals[name], value) for name, cells in tape.cells.items() for _, _, value in cells]
    assert any(value < 0 for _, value in values)
    assert any(total and value > total for total, value in values)
    assert any(a // 60_000 == b // 60_000 for a, b in zip(tape.times, tape.times[1:]))
    assert sum(map(len, tape.cells.values())) < 8 * len(tape.times)


def test_replay_window_carries_what_held_before():
    begin, end = parse_iso("2026-03-04T07:30:00Z"), parse_iso("2026-03-04T07:41:00Z")
    cells = Tape(REPLAY, begin, end).cells["anhe-parken-Market-Hall"]
    assert cells == [(-1, begin, 61), (8, parse_iso("2026-03-04T07:40:02Z"), 55),
                     (9, parse_iso("2026-03-04T07:40:26Z"), 49)]
    assert Tape(REPLAY, begin, end, carry=False).cells["anhe-parken-Market-Hall"] == cells[1:]


def replaying(path, rate, *more):
    return ("lotsim", "--scenario", path, "--replay", REPLAY, "--lots", LOTS,
            "--clock", f"{MORNING},{int(time.time() * 1000)},{rate}", *more)


def test_polled_replay_holds_rows_until_read(tmp_path):
    columns = list(declared(LOTS))
    lots = [{"id": f"L{n}", "dialect": "generic", "column": name} for n, name in enumerate(columns)]
    path, made = write_scenario(tmp_path, lots)
    key = {"X-Api-Key": made["keys"]["generic"]["api_key"]}
    tape = Tape(REPLAY, 0, 1 << 62)
    with running(*replaying(path, 1e6, "--journal", tmp_path / "j.jsonl")) as sim:
        until(lambda: sim.state()["wall_ms"] > tape.last_ms())      # all rows have come, none was read
        assert sim.state()["left"] == sum(map(len, tape.cells.values()))
        seen = {lot["id"]: [] for lot in lots}
        until(lambda: read_into(seen, sim, key) and sim.state()["done"])
        for lot in lots:
            assert seen[lot["id"]] == [(moment, value) for _, moment, value in tape.cells[lot["column"]]]
        last = call(sim.url + "/parks", headers=key).json()["data"]["list"][0]
        assert beijing_parse(last["updateTime"]) > tape.last_ms()
    told = [one["row"] for one in journal_of(tmp_path / "j.jsonl") if one["lot"] == "L0"]
    assert [row for row in told if row is not None] == [row for row, _, _ in tape.cells[columns[0]]]


def read_into(seen, sim, key):
    """Polls once and adds what is new; after its last row a lot only confirms, with the clock's time."""
    for item in call(sim.url + "/parks", headers=key).json()["data"]["list"]:
        moment, known = beijing_parse(item["updateTime"]), seen[item["parkCode"]]
        if moment <= parse_iso("2026-03-04T09:05:03Z") and (moment, int(item["remain"])) not in known:
            known.append((moment, int(item["remain"])))
    return True


@pytest.mark.parametrize("failing", [False, True])
def test_pushed_replay_sends_every_row_in_order(tmp_path, failing):
    columns = list(declared(LOTS))
    lots = [{"id": f"L{n}", "dialect": "native", "column": name} for n, name in enumerate(columns)]
    with running("platformsim", "--plain", "--journal", tmp_path / "p.jsonl") as platform:
        path, _ = write_scenario(tmp_path, lots, push_url=platform.url,
                                 feeds={"native": {"retry_ms": 5, "retry_max_ms": 20, "heartbeat_ms": None,
                                                   "push_interval_ms": 50}})
        tape = Tape(REPLAY, 0, 1 << 62)
        with running(*replaying(path, 7200)) as sim:
            if failing:
                platform.post("mode", mode="http_500", count=30)
            until(lambda: sim.state()["done"])
            assert sim.state()["left"] == 0
            after = until(lambda: (one := platform.state()["held"]["L0"])["seq"] > tape.last_ms() and one)
            assert after["free"] == tape.cells[columns[0]][-1][2]
        assert platform.state()["violations"] == []
    arrived = {}
    for line in journal_of(tmp_path / "p.jsonl"):
        if line["code"] == "ok" and line["seq"] <= tape.last_ms() or line["code"] == "dup":
            arrived.setdefault(line["lot"], []).append((line["seq"], line["free"]))
    for lot in lots:
        wanted = [(moment, value) for _, moment, value in tape.cells[lot["column"]]]
        assert [one for one in arrived[lot["id"]] if one[0] <= tape.last_ms()] == wanted


# ---- the processes

def test_https_with_its_own_ca_and_mutual_tls(tmp_path):
    body = b'{"lot":"a","seq":1,"free":2}'
    with running("platformsim", "--dir", tmp_path / "a") as sim:
        good = ssl.create_default_context(cafile=sim.facts["ca"])
        assert call(sim.url + "/x", body, context=good).json()["accepted"] == 1
        with pytest.raises(urllib.error.URLError, match="certificate verify failed"):
            call(sim.url + "/x", body, context=ssl.create_default_context())
    with running("platformsim", "--dir", tmp_path / "b", "--mutual-tls") as sim:
        context = ssl.create_default_context(cafile=sim.facts["ca"])
        with pytest.raises((urllib.error.URLError, OSError)):
            call(sim.url + "/x", body, context=context)
        context.load_cert_chain(tmp_path / "b/client.pem", tmp_path / "b/client.key")
        assert call(sim.url + "/x", body, context=context).status == 200


@pytest.mark.parametrize("fault, word", [("expired", "expired"), ("wrong_host", "IP address mismatch"),
                                         ("self_signed", "self.signed")])
def test_bad_certificates(tmp_path, fault, word):
    with running("platformsim", "--dir", tmp_path, "--cert-fault", fault) as sim:
        context = ssl.create_default_context(cafile=sim.facts["ca"])
        with pytest.raises(urllib.error.URLError, match=word):
            call(sim.url + "/x", b"{}", context=context)


@pytest.mark.parametrize("tool", ["lotsim", "platformsim"])
def test_ends_when_told_and_with_its_parent(tmp_path, tool):
    path, _ = write_scenario(tmp_path, three_lots("native"))
    args = ["--scenario", path] if tool == "lotsim" else ["--plain"]
    sim = Sim(tool, *args)
    begin = time.monotonic()
    assert sim.end() == 0 and time.monotonic() - begin < 1
    with subprocess.Popen(["sleep", "60"]) as parent:
        orphan = Sim(tool, *args, "--parent-pid", parent.pid)
        parent.kill()
        parent.wait()
        assert orphan.process.wait(timeout=3) == 0
        orphan.process.stdout.close()


def test_emitted_scenario_runs(tmp_path):
    every = len(dialects.ALL)
    command = [sys.executable, TOOLS / "lotsim", "--emit-scenario", "--count", str(every + 5),
               "--connected", str(every)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    path = tmp_path / "s.json"
    path.write_text(text)
    with running("lotsim", "--scenario", path) as sim:
        lots = sim.state()["lots"]
        assert len(lots) == every + 5 and sum(one["silent"] for one in lots.values()) == 5
        assert {one["dialect"] for one in lots.values()} == set(dialects.ALL)


def test_help_explains():
    for tool, word in (("lotsim", "_control/fault"), ("platformsim", "code_inside")):
        assert word in subprocess.check_output([TOOLS / tool, "--help"], text=True)
