# SPDX-License-Identifier: MIT
"""parkctl sink try: what a platform would get, sent when asked for, judged in words, compared where the
platform can be asked; and nothing of it counts."""
import http.server
import json
import threading

import pytest

from harness.city import CITIES, Street
from harness.parkd import PARKCTL, run
from harness.wait import wait_for
from harness.world import new_secret

TOKEN = "t-0a1b2c-never-shown"


def here(*args):
    return run("sink", "try", *args, program=PARKCTL)


def told(world, count=2, platform=(), **sink):
    """Lots that report natively, a platform that holds what they say."""
    lots = world.feed("f", "native", count, sim={"push_interval_ms": 50, "heartbeat_ms": None},
                      lot={"model": "manual"})
    world.start_lotsim()
    for at, lot in enumerate(lots):
        world.lotsim.value(lot, 10 + at)
    world.start_platform("--plain", *platform)
    world.sink(**sink)
    parkd = world.start_parkd()
    wait_for(lambda: [world.platform.free(lot) for lot in lots] == [10 + at for at in range(count)]
             and parkd.sink()["unacknowledged"] == 0, what=lambda: f"delivery {parkd.sink()}")
    return lots, parkd


def native(world, **more):
    secret = new_secret()
    return told(world, platform=("--native-secret", secret), secret=secret, **more)


def broker(world, **more):
    """A context broker, which can be asked."""
    file = world.folder / "broker.json"
    file.write_text(json.dumps({"token": TOKEN}))
    return told(world, platform=("--speak", f"ngsi-ld={file}"), dialect="ngsi-ld", params={"token": TOKEN},
                **more)


def good(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def bad(done):
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_made_up_lot_is_shown_then_sent(world):
    _, parkd = native(world)
    before, requests = parkd.sink(), world.platform.requests()
    shown = good(parkd.ctl("sink", "try", "city"))
    for word in ("parkd-test", "webhook-signature: v1,", '"free":37', "--send"):
        assert word in shown, shown
    assert world.platform.requests() == requests and "parkd-test" not in world.platform.held()
    sent = good(parkd.ctl("sink", "try", "city", "--send", "--free", "12"))
    assert "HTTP 200" in sent and "every verdict is ok" in sent
    assert world.platform.held()["parkd-test"]["free"] == 12
    assert world.platform.violations() == []
    after = parkd.sink()
    assert {k: after[k] for k in ("state", "requests", "delivered_items", "last_good", "failures")} == \
           {k: before[k] for k in ("state", "requests", "delivered_items", "last_good", "failures")}
    assert "parkd-test" not in parkd.store.acked("city") and parkd.get("/v1/lots/parkd-test").status == 404


def test_a_connected_lot_is_repeated_with_the_same_bytes(world):
    lots, parkd = native(world)
    acked, before = parkd.store.acked("city"), len(world.platform.deliveries(lots[0]))
    out = good(parkd.ctl("sink", "try", "city", "--lot", lots[0], "--send", "--compare"))
    assert "as parkd holds it: free 10" in out and "cannot be asked" in out
    assert len(world.platform.deliveries(lots[0])) == before + 1
    assert parkd.store.acked("city") == acked and world.platform.violations() == []
    world.lotsim.value(lots[0], 55)                      # it was given back
    wait_for(lambda: world.platform.free(lots[0]) == 55)
    assert world.platform.violations() == []


def test_deliveries_of_a_lot_wait_while_it_is_tried(world):
    lots, parkd = native(world)
    world.platform.mode("slow", ms=1500, count=2)        # push and beat of the trial
    answer = []
    args = ("sink", "try", "city", "--lot", lots[0], "--send")
    trial = threading.Thread(target=lambda: answer.append(parkd.ctl(*args)))
    trial.start()
    wait_for(lambda: world.platform.state("?held=0")["in_flight"] == 1)
    world.lotsim.value(lots[0], 70)
    world.lotsim.value(lots[1], 71)
    trial.join()
    good(answer[0])
    wait_for(lambda: world.platform.free(lots[0]) == 70 and world.platform.free(lots[1]) == 71)
    assert world.platform.violations() == []             # overlap, seq_back


def test_a_made_up_number_never_stands_beside_a_real_one(world):
    lots, parkd = native(world)
    words = bad(parkd.ctl("sink", "try", "city", "--lot", lots[0], "--free", "3", "--send"))
    assert "connected" in words and "/free" in words
    parkd.put("lots", world.lots[1] | {"stage": "testing"})
    wait_for(lambda: json.loads(parkd.staff(f"/v1/admin/lots/{lots[1]}").body)["stage"] == "testing")
    good(parkd.ctl("sink", "try", "city", "--lot", lots[1], "--free", "3"))
    # Its seq is below every real one: the platform keeps the real state.
    good(parkd.ctl("sink", "try", "city", "--lot", lots[1], "--free", "3", "--send"))
    assert world.platform.free(lots[1]) == 11


@pytest.mark.parametrize("mode, params, words", [
    ("unauthorized", {"status": 401}, ["pause", "HTTP 401", "mend the key"]),
    ("unauthorized", {"status": 404}, ["pause", "path"]),
    ("http_500", {"status": 503}, ["retry", "HTTP 503", "failed by itself"]),
    ("code_inside", {}, ["retry", "5000"]),
    ("reject_lot", {"lot": "parkd-test"}, ["reject", "quarantine", "not known here"]),
    ("down", {}, ["no answer", "host and port"])])
def test_verdicts_in_words(world, mode, params, words):
    _, parkd = native(world)
    world.platform.mode(mode, **params)
    out = bad(parkd.ctl("sink", "try", "city", "--send"))
    for word in words:
        assert word in out, out
    assert "left out" in out or "beat" not in out
    assert parkd.sink()["state"] == "idle" and parkd.sink()["failures"] == 0


def test_what_the_platform_holds_is_compared(world):
    lots, parkd = broker(world)
    out = good(parkd.ctl("sink", "try", "city", "--lot", lots[0], "--compare"))
    assert "the same" in out and "DIFFERENT" not in out
    good(parkd.ctl("sink", "try", "city", "--send", "--free", "8", "--compare"))
    out = bad(parkd.ctl("sink", "try", "city", "--free", "9", "--compare"))
    assert "DIFFERENT" in out
    answer = json.loads(parkd.ctl("sink", "try", "city", "--free", "9", "--compare", "--json").stdout)
    free = next(one for one in answer["compare"]["fields"] if one["name"] == "free")
    assert (free["here"], free["there"], free["same"]) == (9, 8, False)
    assert "does not know this lot" in bad(parkd.ctl("sink", "try", "city", "--lot-file", lot_file(world),
                                                     "--compare"))


def lot_file(world):
    path = world.folder / "lot.json"
    path.write_text(json.dumps({"id": "elsewhere", "name": "别处", "total": 20, "open": 20},
                               ensure_ascii=False))
    return path


def test_without_a_server(world):
    broker(world)
    args = ("--url", world.platform.url, "--dialect", "ngsi-ld", "--params", json.dumps({"token": TOKEN}))
    shown = good(here(*args))
    assert "ngsi-ld/v1/entityOperations/upsert?options=update" in shown
    assert TOKEN not in shown and "Bearer t-0a…" in shown
    assert TOKEN in good(here(*args, "--show-secrets"))
    out = good(here(*args, "--lot-file", lot_file(world), "--free", "20", "--send", "--compare"))
    assert "elsewhere" in world.platform.held() and "the same" in out
    assert "401" in bad(here("--url", world.platform.url, "--dialect", "ngsi-ld", "--params", '{"token":"x"}',
                             "--send"))
    whole = world.folder / "sink.json"
    whole.write_text(json.dumps({"id": "s", "dialect": "ngsi-ld", "url": world.platform.url,
                                 "params": {"token": TOKEN}}))
    good(here("--params", whole, "--send"))
    assert here("--params", whole, "--url", "http://127.0.0.1:9", "--send").returncode == 1


def test_secrets_stay_inside(world):
    _, parkd = broker(world)
    for more in ((), ("--send",), ("--json",)):
        done = parkd.ctl("sink", "try", "city", *more)
        assert TOKEN not in done.stdout + done.stderr
    assert TOKEN in good(parkd.ctl("sink", "try", "city", "--show-secrets"))
    assert TOKEN not in parkd.log_text() and "show_secrets=1" in parkd.log_text()


def test_a_terminal_gets_text_only():
    """What a platform answers may hold anything."""
    class Rude(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            body = {"/esc": b"\x1b[2J\x07\xc2\x9b31m", "/gb": "余位".encode("gb18030"),
                    "/long": b"x" * 70000}[self.path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Rude)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        out = good(here("--url", url + "/esc", "--dialect", "native", "--params", "{}", "--send"))
        assert "\x1b" not in out and "\x9b" not in out and "\\x1B[2J\\x07" in out
        assert "as GB 18030)\n余位" in good(here("--url", url + "/gb", "--dialect", "native", "--params", "{}",
                                               "--send"))
        assert "larger" in bad(here("--url", url + "/long", "--dialect", "native", "--params", "{}",
                                    "--send"))
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("args, words", [
    ((), "name a sink"), (("a", "b"), "one sink"), (("city", "--url", "http://x"), "not both"),
    (("--url", "http://x", "--lot", "A"), "--lot-file"),
    (("--url", "http://x", "--dialect", "native", "--params", "{}", "--free", "x"), "--free")])
def test_usage(args, words):
    done = here(*args)
    assert done.returncode == 2 and words in done.stderr, done.stderr


def test_what_cannot_be_tried_is_named(parkd):
    assert parkd.ctl("sink", "try", "nobody").returncode == 4
    parkd.put("sinks", {"id": "s", "dialect": "native", "url": "http://127.0.0.1:9/"})
    assert parkd.ctl("sink", "try", "s", "--lot", "nobody").returncode == 4
    assert "dialect" in bad(here("--url", "http://x", "--dialect", "klingon", "--params", "{}"))


@pytest.mark.parametrize("city", CITIES, ids=lambda city: city.name + city.keys.get("version", ""))
def test_every_city_takes_its_trial(world, city):
    """Registration, counts and sign of life, with the log-in where there is one; the platform checks every
    signature."""
    street = Street(world, city)
    street.say(10)
    parkd = world.start_parkd()
    wait_for(lambda: street.held() == street.wanted(10) and parkd.sink()["unacknowledged"] == 0, 60,
             lambda: f"{street.platform.state()} {parkd.sink()}")
    shown = parkd.ctl("sink", "try", "city", "--lot", street.lots[0])
    assert shown.returncode == 0 and "POST " in shown.stdout, shown.stdout + shown.stderr
    done = parkd.ctl("sink", "try", "city", "--lot", street.lots[0], "--send")
    assert "every verdict is ok" in good(done)
    assert street.platform.state("?held=0")["violations"] == []
    assert street.held() == street.wanted(10)
