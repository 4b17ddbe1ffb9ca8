# SPDX-License-Identifier: MIT
"""One thing is away for a minute (AWAY_S): all others stay on time, and recovery needs no hand."""
import os
import signal
import socket

from harness import http
from harness.oracle import agree
from harness.redis import RedisServer
from harness.scene import need_root, silent_resolver
from harness.wait import during, keeps_advancing, wait_for

AWAY_S = float(os.environ.get("AWAY_S", "60"))
SHORT_S = AWAY_S / 4                      # for what is harmful at once or never
BACK_S = 180                              # the breaker of a sink may wait 90 s after a minute of failures


def load(world, count=4):
    """Polled and pushed lots that change with every telling, and a platform; lotsim and parkd are to be
    started."""
    counter = {"model": "counter"}
    polled = world.feed("g", "generic", count, interval_ms=200, lot=counter)
    pushed = world.feed("n", "native", count, sim={"push_interval_ms": 100, "heartbeat_ms": None,
                                                   "retry_ms": 100,
                                                   "retry_max_ms": 500}, lot=counter)
    # A lot that nobody tells about: what is pushed for it in vain may be written later, and disturbs no other.
    world.lots.append({"id": "probe", "name": "probe", "feed": "n", "total": 100})
    world.start_platform("--plain")
    world.sink(timeout_ms=2000)
    return polled, pushed


def ready(world, lots):
    wait_for(lambda: all(lot in world.platform.held() for lot in lots), what="all lots at the platform")


def observed(parkd, lots):
    """The oldest observation among the lots, as the API tells it."""
    return lambda: min(parkd.lot(lot)["observed_at"] or "" for lot in lots)


def level(world, lots, limit=BACK_S):
    """Stops the lots and waits until everybody holds the same. A telling that was not answered may be in
    Redis or not."""
    world.lotsim.post("pause")

    def differing():
        records, told, held = world.parkd.store.records(), world.lotsim.lots(), world.platform.held()
        return [f"{lot}: told {told[lot]['emitted']}, answered {told[lot]['acked']}, "
                f"Redis {records.get(lot)}, platform {held.get(lot)}" for lot in lots
                if lot not in records or not agree({lot: records[lot]}, held)
                or records[lot].free not in [one["free"] for one in (told[lot]["emitted"],
                                                                     told[lot]["acked"]) if one]]
    wait_for(lambda: not differing(), limit,
             lambda: f"all to be level: {differing()[:3]} {world.parkd.status()['sinks']}")
    assert world.platform.violations() == []
    world.lotsim.post("resume")


def polls(world):
    return world.lotsim.state("?lots=0")["requests"]


def redis_away(world, polled, pushed):
    """What must hold while Redis is away, for AWAY_S."""
    parkd = world.parkd
    wait_for(lambda: parkd.get("/readyz").status == 503, what="/readyz to fail")
    assert parkd.get("/healthz").status == 200
    refused = parkd.post("/v1/ingest/n", {"lot": "probe", "free": 1},
                         headers={"Authorization": f"Bearer {world.keys['n']['key']}"})
    assert refused.status == 503 and refused.headers["Retry-After"] == "5", refused
    assert refused.json()["type"] == "/problems/store-away"
    for _ in during(AWAY_S):
        before = polls(world)
        wait_for(lambda: polls(world) > before, what="polling to go on")
        # reads are answered, with their true age
        shown = parkd.lots()
        assert all(shown[lot]["observed_at"] for lot in polled + pushed)
        assert parkd.get("/healthz").status == 200
    assert not parkd.status()["store"]["up"] and parkd.metrics()["parkd_redis_up"] == 0
    assert parkd.status()["store"]["waiting_lots"] >= len(polled)


def redis_back(world, lots):
    parkd = world.parkd
    wait_for(parkd.up, 60, lambda: f"Redis to be taken up again: {parkd.log()}")
    wait_for(lambda: parkd.status()["store"]["waiting_lots"] == 0, what="what waited to be written")
    level(world, lots)
    assert "parkd_loop_lag_seconds" in parkd.metrics()


def test_redis_stopped_for_a_minute(world):
    """SIGSTOP: it neither answers nor goes away."""
    polled, pushed = load(world)
    world.start_lotsim()
    parkd = world.start_parkd()
    ready(world, polled + pushed)
    pid = parkd.redis_pid()
    seqs = {lot: one.seq for lot, one in parkd.store.records().items()}
    os.kill(pid, signal.SIGSTOP)
    try:
        redis_away(world, polled, pushed)
    finally:
        os.kill(pid, signal.SIGCONT)
    redis_back(world, polled + pushed)
    records = parkd.store.records()
    assert all(records[lot].seq > seqs[lot] for lot in polled + pushed)


def test_external_redis_killed(world, keep, folder):
    """The external server is gone, then there again with what it had: pushes answered before are in it."""
    server = keep(RedisServer(folder / "redis")).start()
    polled, pushed = load(world)
    world.start_lotsim()
    parkd = world.start_parkd({"redis": {"url": server.url}})
    ready(world, polled + pushed)
    server.kill()
    wait_for(lambda: parkd.get("/readyz").status == 503)
    acked = {lot: one["acked"]["seq"] for lot, one in world.lotsim.lots().items() if lot in pushed}
    shown = parkd.lots()
    assert all(shown[lot]["free"] is not None for lot in polled + pushed)
    server.start()
    wait_for(parkd.up, 60, "the external Redis to be taken up again")
    records = parkd.store.records()
    assert all(records[lot].sseq >= seq for lot, seq in acked.items())
    redis_back(world, polled + pushed)


def test_platform_away_for_a_minute(world):
    polled, pushed = load(world)
    world.start_lotsim()
    parkd = world.start_parkd()
    ready(world, polled + pushed)
    world.platform.mode("down")
    wait_for(lambda: parkd.sink()["failures"] >= 1, what="failures")
    keeps_advancing(observed(parkd, polled + pushed), AWAY_S, what="every lot's observation")
    sink = parkd.sink()
    assert sink["unacknowledged"] == len(polled + pushed) and sink["last_error"]
    assert parkd.get("/readyz").status == 200
    world.platform.mode("ok")
    level(world, polled + pushed)
    wait_for(lambda: parkd.sink()["failures"] == 0 and parkd.sink()["state"] in ("idle", "sending",
                                                                                 "waiting"))


def test_platform_that_hangs(world):
    polled, pushed = load(world)
    world.start_lotsim()
    parkd = world.start_parkd()
    ready(world, polled + pushed)
    world.platform.mode("hang")
    keeps_advancing(observed(parkd, polled + pushed), SHORT_S, what="every lot's observation")
    world.platform.mode("ok")
    parkd.staff("/v1/admin/sinks/city/resume", {})
    level(world, polled + pushed)


def test_a_lot_that_drips_a_byte_a_second(world):
    polled, pushed = load(world)
    slow = world.feed("s", "hikvision", 1, interval_ms=500)
    world.start_lotsim()
    world.lotsim.fault("drip", lot=slow[0], params={"ms": 1000})
    parkd = world.start_parkd()
    ready(world, polled + pushed)
    wait_for(lambda: parkd.feed("s")["state"] == "bad", what="the dripping feed to be failed")
    keeps_advancing(observed(parkd, polled + pushed), SHORT_S, what="every other lot's observation")
    assert parkd.lot(slow[0])["free"] is None and parkd.feed("g")["state"] == "good"
    world.lotsim.fault("drip", False, lot=slow[0])
    wait_for(lambda: parkd.feed("s")["state"] == "good", 120, "it to recover by itself")
    assert "parkd_loop_lag_seconds" in parkd.metrics()


def test_a_client_that_drips_a_byte_a_second(world):
    """A sender that never ends its request costs its own connection only."""
    polled, pushed = load(world)
    world.start_lotsim()
    parkd = world.start_parkd()
    ready(world, polled + pushed)
    host, port = parkd.listen.split(":")
    heads = [b"POST /v1/ingest/n HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{", b"GET /v1/lots HT",
             b""]
    stuck = [socket.create_connection((host, int(port))) for _ in range(30)]
    try:
        for at, one in enumerate(stuck):
            one.sendall(heads[at % 3])
            one.settimeout(60)
        keeps_advancing(observed(parkd, polled + pushed), 1, what="every lot's observation")
        for one in stuck[:2]:
            wait_for(lambda: gone(one), 60, "the stuck connection to be cut")
    finally:
        for one in stuck:
            one.close()
    assert parkd.metrics()["parkd_http_requests_cut_total"] > 0


def gone(sock):
    try:
        sock.setblocking(False)
        return sock.recv(1000) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_resolver_that_never_answers(world, folder):
    need_root("a silent resolver (port 53)")
    polled, pushed = load(world)
    lost = [lot for at in range(12) for lot in world.feed(f"lost{at}", "hikvision", 1, interval_ms=300, feed={
        "url": f"http://vendor-{at}.invalid:8080"})]
    world.start_lotsim()
    sock, wrap = silent_resolver(folder)
    try:
        world.sinks.append({"id": "lost", "dialect": "native", "url": "http://platform.invalid/x",
                            "timeout_ms": 3000})
        parkd = world.start_parkd(wrap=wrap)
        ready(world, polled + pushed)
        wait_for(lambda: all(parkd.feed(f"lost{at}")["state"] == "bad" for at in range(12)), 90,
                 lambda: f"feeds without an address to be failed: {parkd.status()['feeds'][-2:]}")
        assert parkd.feed("lost0")["error"]
        keeps_advancing(observed(parkd, polled + pushed), SHORT_S, what="every other lot's observation")
        assert parkd.feed("g")["state"] == "good" and parkd.sink()["failures"] == 0
        assert all(parkd.lot(lot)["free"] is None for lot in lost)
        assert "parkd_loop_lag_seconds" in parkd.metrics()
        level(world, polled + pushed)
        assert http.call(parkd.run["public"], "/v1/lots").status == 200
    finally:
        sock.close()
