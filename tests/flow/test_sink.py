# SPDX-License-Identifier: MIT
"""Telling a platform: order, bytes, everything it can do wrong, quarantine, refresh, TLS; native and
Hangzhou."""
import http.server
import json
import pathlib
import re
import threading

import jsonschema
import pytest

from harness.oracle import Oracle, agree
from harness.sims import PlatformSim
from harness.wait import wait_for
from harness.world import new_secret
from simlib import scenario

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "src/api/native.schema.json"


@pytest.fixture
def secret():
    return new_secret()


def sending(world, secret, count=4, platform=(), **sink):
    """Lots that push natively, a platform, a sink: all connected and delivered once."""
    lots = world.feed("f", "native", count, sim={"push_interval_ms": 50, "heartbeat_ms": None},
                      lot={"model": "manual"})
    world.start_lotsim()
    for at, lot in enumerate(lots):
        world.lotsim.value(lot, 10 + at)
    world.start_platform("--plain", "--native-secret", secret, *platform)
    world.sink(secret=secret, **sink)
    world.start_parkd()
    settled(world, lots)
    return lots


def settled(world, lots, limit=60):
    """Waits until the platform holds what the lots say."""
    def same():
        held, told = world.platform.held(), world.lotsim.lots()
        return all(lot in held and held[lot].get("free") == told[lot]["emitted"]["free"] for lot in lots)
    wait_for(same, limit, lambda: f"the platform to be level: {world.parkd.status()['sinks']} "
                                  f"{world.platform.state('?held=0')}")


def change(world, lots, base):
    for at, lot in enumerate(lots):
        world.lotsim.value(lot, base + at)


def unbroken(world, also=()):
    """No violation but those named."""
    bad = [one for one in world.platform.violations() if one["kind"] not in also]
    assert not bad, bad[:3]


def test_delivers_items_and_aggregates(world, secret):
    lots = sending(world, secret)
    parkd, held = world.parkd, world.platform.held()
    records = parkd.store.records()
    assert agree({lot: records[lot] for lot in lots}, held)
    item = held[lots[0]]
    assert item["free"] == 10 and item["total"] == 100 and item["status"] == "open" and item["at"]
    wait_for(lambda: (rows := world.platform.state("?held=0")["aggregates"]) and rows[0]["known"] == 4
             and rows[0]["free"] == 10 + 11 + 12 + 13,
             what=lambda: f"sums {world.platform.state('?held=0')['aggregates']}")
    rows = {(one["scope"], one["id"]): one for one in world.platform.state("?held=0")["aggregates"]}
    assert {("district", ""), ("area", "area 1"), ("area", "area 2")} <= set(rows)
    assert rows["area", "area 1"]["free"] == 10 + 12
    wait_for(lambda: parkd.sink()["unacknowledged"] == 0)
    wait_for(lambda: all(parkd.store.acked("city").get(lot) == records[lot].seq for lot in lots),
             what="acked in Redis")
    unbroken(world)


def test_envelope_fits_its_published_schema(world, secret, keep):
    """What the sink sends is what the schema says, and what the schema file says is served."""
    bodies = []

    class Taker(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append((dict(self.headers),
                           json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    lots = world.feed("f", "native", 2, lot={"model": "manual", "classes": {"charging": 5},
                                             "zones": {"B1": 20}})
    world.start_lotsim()
    change(world, lots, 5)
    world.sinks.append({"id": "taker", "dialect": "native", "url": f"http://127.0.0.1:{server.server_port}/x",
                        "bearer": "a-key"})
    parkd = world.start_parkd()
    wait_for(lambda: len({item["lot"] for _, body in bodies for item in body["data"]["items"]}) == 2,
             what="deliveries")
    server.shutdown()
    server.server_close()
    schema = json.loads(SCHEMA.read_text())
    jsonschema.validators.validator_for(schema).check_schema(schema)
    for headers, body in bodies:
        jsonschema.validate(body, schema)
        assert headers["Authorization"] == "Bearer a-key"
        assert headers["Content-Type"].startswith("application/json")
    served = parkd.get("/v1/native.schema.json")
    assert served.status == 200 and served.json() == schema


def test_only_connected_lots_go_out(world, secret):
    lots = sending(world, secret, 3)
    parkd = world.parkd
    parkd.put("lots", world.lots[1] | {"stage": "testing"})
    wait_for(lambda: json.loads(parkd.staff(f"/v1/admin/lots/{lots[1]}").body)["stage"] == "testing")
    change(world, lots, 40)
    wait_for(lambda: world.platform.free(lots[0]) == 40 and world.platform.free(lots[2]) == 42)
    wait_for(lambda: parkd.lot(lots[1])["free"] == 41, what="the lot under test to be read all the same")
    assert world.platform.free(lots[1]) == 11
    parkd.put("lots", world.lots[1])
    wait_for(lambda: world.platform.free(lots[1]) == 41, what="it to be delivered when connected again")
    unbroken(world)


# A native platform says in its own format what it refused, and any other 2xx is a yes; for codes inside see
# Hangzhou below.
MODES = {"refuse": {}, "http_500": {}, "http_503": {}, "http_429": {"retry_after": 1}, "hang": {}, "cut": {},
         "slow": {"ms": 300}}


@pytest.mark.parametrize("mode", MODES)
def test_platform_misbehaves_and_gets_all_in_the_end(world, secret, mode):
    """The promise holds through each of them: nothing lost, no seq back, same bytes, no overlap."""
    lots = sending(world, secret, timeout_ms=500)
    name, params = (mode, MODES[mode]) if mode != "http_503" else ("http_500", {"status": 503})
    world.platform.mode(name, count=2, **params)
    for base in (30, 50, 70):
        change(world, lots, base)
        told = {lot: base + at for at, lot in enumerate(lots)}
        wait_for(lambda: all(world.parkd.lot(lot)["free"] == free for lot, free in told.items()),
                 what="parkd to know")
    settled(world, lots)
    wait_for(lambda: world.parkd.sink()["unacknowledged"] == 0 and world.parkd.sink()["failures"] == 0)
    answers = world.platform.state("?held=0")["answers"]
    assert sum(n for word, n in answers.items() if word != "200") >= 1, answers
    oracle = Oracle()
    oracle.snapshot(world.parkd.store.records())
    for line in world.platform.journal():
        oracle.delivered(line)
    assert oracle.faults == []


def test_platform_down_is_said(world, secret):
    lots = sending(world, secret, timeout_ms=500)
    world.platform.mode("down")
    change(world, lots, 30)
    wait_for(lambda: world.parkd.sink()["failures"] >= 1, what="failures")
    sink = world.parkd.sink()
    assert re.search(r"(?i)connect|refused", sink["last_error"]) and sink["unacknowledged"] == 4
    assert sink["state"] in ("waiting", "sending") and sink["oldest_ms"]
    assert world.parkd.lot(lots[0])["free"] == 30        # residents do not notice
    world.platform.mode("ok")
    settled(world, lots)
    unbroken(world)


def test_retry_after_is_obeyed(world, secret):
    lots = sending(world, secret)
    world.platform.mode("http_429", count=1, retry_after=3)
    change(world, lots, 30)
    settled(world, lots)
    lines = world.platform.deliveries(lots[0])
    refused = max(one["t_real"] for one in lines if one["mode"] == "http_429")
    good = min(one["t_real"] for one in lines if one["t_real"] > refused)
    assert good - refused >= 2900                        # no sooner; how much later is not judged


@pytest.mark.parametrize("style", ["result", "batch"])
def test_one_rejected_lot_is_put_aside_and_the_rest_goes_on(world, secret, style):
    lots = sending(world, secret, 6)
    parkd = world.parkd
    world.platform.mode("reject_lot", lot=lots[2], style=style)
    change(world, lots, 40)
    others = [lot for lot in lots if lot != lots[2]]
    wait_for(lambda: all(world.platform.free(lot) == 40 + lots.index(lot) for lot in others),
             what="the rest to go on")
    wait_for(lambda: [one["lot"] for one in parkd.sink()["held"]] == [lots[2]],
             what=lambda: f"quarantine {parkd.sink()}")
    held = parkd.sink()["held"][0]
    assert held["tries"] >= 1 and held["code"] and held["next"]
    assert held["seq"] == parkd.store.record(lots[2]).seq
    assert list(parkd.store.held("city")) == [lots[2]]
    change(world, lots, 60)
    wait_for(lambda: all(world.platform.free(lot) == 60 + lots.index(lot) for lot in others),
             what="the rest, again")
    parkd.kill()
    parkd.start()                                        # the quarantine outlives parkd
    wait_for(lambda: [one["lot"] for one in parkd.sink()["held"]] == [lots[2]],
             what="the quarantine after a restart")
    assert world.platform.free(lots[2]) == 12
    world.platform.mode("ok")
    assert parkd.staff("/v1/admin/sinks/city/resume", {}).status == 202
    wait_for(lambda: world.platform.free(lots[2]) == 62, what="the held lot after resume")
    wait_for(lambda: not parkd.sink()["held"] and not parkd.store.held("city"),
             what="the end of the quarantine")
    unbroken(world)


@pytest.mark.parametrize("stage", ["suspended", "retired"])
def test_a_lot_that_is_taken_back_is_told_as_unknown(world, secret, stage):
    """Its last number would stand at the platform for ever; what it sends afterwards does not count until it is connected again."""
    lots = sending(world, secret, 3)
    parkd, lot = world.parkd, lots[1]
    document = parkd.staff(f"/v1/admin/lots/{lot}").json()
    parkd.put("lots", document | {"stage": stage})
    wait_for(lambda: world.platform.held()[lot].get("free") is None, what=lambda: f"unknown to be told: {world.platform.held()[lot]}")
    change(world, [lots[0], lots[2]], 40)
    world.lotsim.value(lot, 33)
    settled(world, [lots[0], lots[2]])
    parkd.kill()
    parkd.start()
    change(world, [lots[0], lots[2]], 50)
    settled(world, [lots[0], lots[2]])
    wait_for(lambda: parkd.sink()["unacknowledged"] == 0, what="nothing to be owed")
    assert world.platform.held()[lot].get("free") is None
    parkd.put("lots", document | {"stage": "connected"})
    world.lotsim.value(lot, 34)
    wait_for(lambda: world.platform.free(lot) == 34, what="it to be told again")
    unbroken(world)


def test_staff_tries_one_refused_lot_again_or_lets_it_go(world, secret):
    lots = sending(world, secret, 4)
    parkd, held = world.parkd, "/v1/admin/sinks/city/held"
    world.platform.mode("reject_lot", lot=lots[2], style="result")
    change(world, lots, 40)
    shown = wait_for(lambda: parkd.staff(held).json()["held"], what="the quarantine")
    assert [(one["lot"], one["what"]) for one in shown] == [(lots[2], "state")] and shown[0]["code"] and shown[0]["retry_at"]
    tries = shown[0]["tries"]
    assert parkd.staff(f"{held}/{lots[2]}/retry", {}).status == 204
    wait_for(lambda: (one := parkd.staff(held).json()["held"]) and one[0]["tries"] > tries, what="one more try")
    answer = parkd.staff(f"{held}/{lots[1]}/retry", {})
    assert answer.status == 404 and "refused nothing" in answer.json()["detail"]
    assert parkd.staff("/v1/admin/sinks/none/held").status == 404
    wait_for(lambda: parkd.staff(f"{held}/{lots[2]}", method="DELETE").status == 204, what="it to be let go")
    assert not parkd.staff(held).json()["held"] and not parkd.store.held("city")
    wait_for(lambda: parkd.sink()["unacknowledged"] == 0, what="nothing to be owed")
    assert world.platform.free(lots[2]) == 12
    world.platform.mode("ok")
    change(world, lots, 60)
    wait_for(lambda: world.platform.free(lots[2]) == 62, what="its next state")
    unbroken(world)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_unauthorised_pauses_the_sink(world, secret, status):
    lots = sending(world, secret, 2)
    parkd = world.parkd
    world.platform.mode("unauthorized", status=status)
    change(world, lots, 40)
    wait_for(lambda: parkd.sink()["state"] == "paused", what=lambda: f"the pause {parkd.sink()}")
    assert str(status) in parkd.sink()["last_error"]
    assert any("sink=city" in line and "pause" in line for line in parkd.log_text().splitlines())
    before = world.platform.requests()
    change(world, lots, 50)
    wait_for(lambda: parkd.lot(lots[1])["free"] == 51)
    assert world.platform.requests() == before           # somebody must act
    world.platform.mode("ok")
    assert parkd.staff("/v1/admin/sinks/city/resume", {}).status == 202
    settled(world, lots)
    unbroken(world)


def test_wrong_secret_pauses(world, secret):
    lots = world.feed("f", "native", 1, sim={"push_interval_ms": 50})
    world.start_lotsim()
    world.start_platform("--plain", "--native-secret", secret)
    world.sink(secret=new_secret())
    parkd = world.start_parkd()
    wait_for(lambda: parkd.sink()["state"] == "paused")
    assert not world.platform.held()
    parkd.put("sinks", world.sinks[0] | {"secret": secret})
    wait_for(lambda: lots[0] in world.platform.held(), what="delivery after the right secret was put")


def test_refresh_sends_everything_again_with_the_same_bytes(world, secret):
    lots = sending(world, secret, 3, refresh_s=1)
    world.lotsim.post("pause")
    seqs = {lot: one["seq"] for lot, one in world.platform.held().items()}

    def times():
        return min(sum(one["seq"] == seqs[lot] for one in world.platform.deliveries(lot)) for lot in lots)
    wait_for(lambda: times() >= 3, what="three rounds of refresh")
    assert {lot: one["seq"] for lot, one in world.platform.held().items()} == seqs
    unbroken(world)


def test_burst_is_merged_to_the_newest(world, secret):
    """Level, not edge: while the platform is away states are merged, and at most a few of many steps
    arrive."""
    lots = sending(world, secret, 2, timeout_ms=500)
    world.platform.mode("down")
    requests = world.platform.requests()
    for free in range(20, 60):
        world.lotsim.value(lots[0], free)
        wait_for(lambda: world.parkd.lot(lots[0])["free"] == free)
    world.platform.mode("ok")
    settled(world, lots)
    arrived = [one["free"] for one in world.platform.deliveries(lots[0]) if one["request"] > requests]
    assert arrived[-1] == 59 and len(arrived) < 20, arrived
    unbroken(world)


def test_batches_are_bounded(world, secret):
    lots = sending(world, secret, 25, batch=10)
    change(world, lots, 30)
    settled(world, lots)
    sizes = {}
    for one in world.platform.deliveries():
        sizes[one["request"]] = sizes.get(one["request"], 0) + 1
    assert max(sizes.values()) <= 10 and world.platform.state("?held=0")["in_flight_max"] == 1
    unbroken(world)


def test_two_sinks_do_not_wait_for_each_other(world, secret, keep):
    other = keep(PlatformSim(world.folder / "other", "--dir", world.folder / "other", "--plain"))
    world.sinks.append({"id": "second", "dialect": "native", "url": other.url + "/x", "refresh_s": 0})
    lots = sending(world, secret)
    wait_for(lambda: len(other.held()) == 4)
    world.platform.mode("hang")
    change(world, lots, 40)
    wait_for(lambda: all(other.free(lot) == 40 + at for at, lot in enumerate(lots)),
             what="the second to be served")
    world.platform.mode("ok")
    settled(world, lots)
    assert other.violations() == []


# ---- HTTPS

def https(world, *args, tls=None):
    lots = world.feed("f", "native", 1, sim={"push_interval_ms": 50})
    world.start_lotsim()
    world.start_platform(*args)
    folder = world.folder / "platform"
    files = {"ca_file": str(folder / "ca.pem")} if tls is None else {k: str(folder / v) for k,
                                                                     v in tls.items()}
    world.sink(tls=files) if files else world.sink()
    world.start_parkd()
    return lots


def test_own_ca(world):
    lots = https(world)
    wait_for(lambda: lots[0] in world.platform.held(),
             what=lambda: f"delivery over HTTPS {world.parkd.sink()}")
    unbroken(world)


@pytest.mark.parametrize("args, tls, words", [
    ((), {}, r"(?i)certificate|issuer|self.signed|verif|CA"),
    (("--cert-fault", "expired"), None, r"(?i)expired"),
    (("--cert-fault", "wrong_host"), None, r"(?i)match|name|host|address"),
    (("--cert-fault", "self_signed"), None, r"(?i)self.signed|verif|issuer"),
    (("--mutual-tls",), None, r"."),      # the alert comes after the handshake: its words are chance
])
def test_certificates_that_must_be_refused(world, args, tls, words):
    lots = https(world, *args, tls=tls)
    wait_for(lambda: world.parkd.sink()["failures"] >= 1, what=lambda: f"a failure {world.parkd.sink()}")
    assert re.search(words, world.parkd.sink()["last_error"]), world.parkd.sink()
    assert lots[0] not in world.platform.held()


def test_client_certificate(world):
    lots = https(world, "--mutual-tls", tls={"ca_file": "ca.pem", "cert_file": "client.pem",
                                             "key_file": "client.key"})
    wait_for(lambda: lots[0] in world.platform.held(), what=lambda: f"mutual TLS {world.parkd.sink()}")


def test_ca_file_that_is_not_there_is_named(world):
    https(world, tls={"ca_file": "not-there.pem"})
    wait_for(lambda: world.parkd.sink()["last_error"])
    assert re.search(r"not-there|(?i:ca file|certificate|CAfile)", world.parkd.sink()["last_error"])


# ---- Hangzhou

def city(world, count=3, **more):
    keys = scenario.new_keys("hangzhou")
    (world.folder / "public.pem").write_text(keys["public_key"])
    lots = world.feed("f", "native", count, sim={"push_interval_ms": 50, "heartbeat_ms": None},
                      lot={"model": "manual", "open": 80})
    world.start_lotsim()
    change(world, lots, 10)
    world.start_platform("--plain", "--hangzhou", f"{keys['access_id']}={world.folder / 'public.pem'}")
    world.sink("hz", "hangzhou", params={k: keys[k] for k in ("access_id", "private_key")}, **more)
    world.start_parkd()
    settled(world, lots)
    return lots


def test_hangzhou_sink(world):
    lots = city(world, heartbeat_s=1)
    held = world.platform.held()
    for at, lot in enumerate(lots):
        assert (held[lot]["free"], held[lot]["open"], held[lot]["total"]) == (10 + at, 80, 100 + 10 * at)
    wait_for(lambda: set(world.platform.state("?held=0")["beats"]) == set(lots), what="signs of life")
    world.lotsim.value(lots[1], 55)
    wait_for(lambda: world.platform.free(lots[1]) == 55)
    unbroken(world)


def test_hangzhou_sink_knows_no_unknown(world):
    lots = city(world, 2)
    world.lotsim.value(lots[0], None)
    wait_for(lambda: world.parkd.lot(lots[0])["free"] is None)
    wait_for(lambda: world.parkd.sink("hz")["unacknowledged"] == 0, what="nothing to be left waiting")
    assert world.platform.free(lots[0]) == 10
    world.lotsim.value(lots[0], 3)
    wait_for(lambda: world.platform.free(lots[0]) == 3)


@pytest.mark.parametrize("mode", ["http_500", "code_inside", "cut", "hang"])
def test_hangzhou_platform_misbehaves(world, mode):
    lots = city(world, timeout_ms=500, parallel=2)
    world.platform.mode(mode, count=2)
    change(world, lots, 40)
    settled(world, lots)
    unbroken(world)


def test_hangzhou_rejects_one_lot(world):
    lots = city(world)
    # 200 with resultCode 500 inside: a retry, not a verdict
    world.platform.mode("reject_lot", lot=lots[1])
    change(world, lots, 40)
    wait_for(lambda: world.parkd.sink("hz")["failures"] >= 1, what="the failure to be seen")
    world.platform.mode("ok")
    world.parkd.staff("/v1/admin/sinks/hz/resume", {})
    settled(world, lots)
    unbroken(world)
