# SPDX-License-Identifier: MIT
"""Cells of the fault matrix in which one link is broken, one function a cell. tests/flow/test_matrix.py has the table."""
import contextlib
import socket
import ssl

from simlib import tls as sim_tls

from . import http
from .crash import MEMORY_MB, sanitized
from .events import Stream
from .scene import KEY, Scene, body
from .wait import wait_for


# ---- refuse, reset, black hole

def poll_refused(world):
    scene = Scene(world).start()
    for at, fault in enumerate((scene.to_vendor.cut, scene.to_vendor.hold)):
        fault()
        scene.bad()
        assert scene.parkd.lot("P")["free"] == 30 + at and scene.parkd.lot("P")["age_s"] >= 0
        scene.took("A", 40 + at)
        scene.to_vendor.restore()
        scene.polled(31 + at)
        scene.good()
    scene.level()


def push_reset(world):
    scene = Scene(world).start()
    before = scene.parkd.store.record("A")
    for count in (1, 60, 150):                           # in the line, in the head, in the body
        scene.way_in.cut_after(count)
        try:
            raise AssertionError(scene.push("A", 55, scene.way_in.url))
        except OSError:
            pass
        scene.way_in.restore()
        after = scene.parkd.store.record("A")
        assert (after.seq, after.visible) == (before.seq, before.visible), count
    scene.took("A", 56, url=scene.way_in.url)


def redis_refused(world):
    scene = Scene(world, external=True).start()
    for at, fault in enumerate((scene.to_redis.cut, scene.to_redis.hold)):
        seq = scene.parkd.store.record("P").seq
        fault()
        scene.away()
        scene.refused()
        scene.free = 50 + at                             # polled meanwhile: written when Redis is back
        scene.to_redis.restore()
        scene.back()
        wait_for(lambda: scene.parkd.lot("P")["free"] == 50 + at, 60, "what waited to be written")
        assert scene.parkd.store.record("P").seq > seq
        scene.took("A", 60 + at)
    scene.level()


def sink_refused(world):
    scene = Scene(world).start()
    scene.level()
    for at, fault in enumerate((scene.to_platform.cut, scene.to_platform.hold)):
        arrived = len(world.platform.deliveries("A"))
        fault()
        scene.took("A", 100 + 10 * at)
        wait_for(lambda: scene.parkd.sink()["failures"] >= 1, what="a failure")
        for free in range(101 + 10 * at, 106 + 10 * at):
            scene.took("A", free)
            scene.took("B", free)
        assert scene.parkd.sink()["unacknowledged"] <= 3
        scene.to_platform.restore()
        scene.level()
        news = [one["free"] for one in world.platform.deliveries("A")[arrived:]]
        assert news[-1] == 105 + 10 * at and not {101 + 10 * at, 102 + 10 * at} & set(news), news


# ---- a byte a second

def redis_drip(world):
    scene = Scene(world, external=True).start()
    scene.to_redis.drip()
    scene.away()
    scene.refused()
    scene.to_redis.restore()
    scene.back()
    scene.took("A", 70)
    scene.level()


def sink_drip(world):
    scene = Scene(world).start()
    scene.level()
    scene.to_platform.drip()
    scene.took("A", 70)
    wait_for(lambda: scene.parkd.sink()["failures"] >= 1, what="the answer that drips to be given up")
    assert scene.parkd.up() and "A" in scene.parkd.lots()
    scene.to_platform.restore()
    scene.level()


# ---- truncated, spoilt, huge

def raw(parkd, data):
    """What comes back after these bytes and the end of what we say."""
    host, port = parkd.listen.split(":")
    with socket.create_connection((host, int(port)), 30) as one:
        with contextlib.suppress(OSError):                       # it may have closed before all was said
            one.sendall(data)
            one.shutdown(socket.SHUT_WR)
        try:
            return b"".join(iter(lambda: one.recv(65536), b""))
        except ConnectionError:
            return b""


def head(length):
    return (f"POST /v1/ingest/f HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
            f"Content-Length: {length}\r\nConnection: close\r\n\r\n").encode()


def push_truncated(world):
    scene = Scene(world).start()
    before, said = scene.parkd.store.record("A"), body("A", 55)
    for length, sent in ((len(said) + 10, said), (len(said), said[:-3]), (len(said) - 3, said)):
        answer = raw(scene.parkd, head(length) + sent)
        assert b"200 OK" not in answer[:20] and b'"ok"' not in answer, answer
        after = scene.parkd.store.record("A")
        assert (after.seq, after.visible) == (before.seq, before.visible), (length, sent)
    assert b'"ok"' in raw(scene.parkd, head(len(said)) + said)


def redis_spoilt(world):
    scene = Scene(world, external=True).start()
    scene.to_redis.garble()
    scene.away()
    scene.refused()
    scene.to_redis.restore()
    scene.back()
    scene.took("A", 71)
    scene.level()


def redis_huge(world):
    """Replies that promise more than there is memory, and that nest without end."""
    scene = Scene(world, external=True).start()
    for at, words in enumerate((b"$2000000000\r\nx", b"*2000000000\r\n", b"*1\r\n" * 2000, b":" + b"9" * 70000)):
        scene.to_redis.say_instead(words)
        wait_for(lambda: scene.to_redis._instead is None, what="the reply to be replaced")
        wait_for(lambda: scene.push("A", 80 + at).status == 200, 90, lambda: f"pushes to be taken again: {scene.parkd.log()}")
        assert scene.memory_mb() < MEMORY_MB[sanitized()]
        scene.to_redis.restore()
        scene.back()
    scene.level()


def sink_huge(world):
    """A platform that answers with megabytes: they are not kept, and it is asked again."""
    scene = Scene(world).start()
    scene.level()
    scene.to_platform.say_instead(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 8_000_000)
    scene.took("A", 72)
    wait_for(lambda: scene.to_platform._instead is None, what="the answer")
    assert scene.memory_mb() < MEMORY_MB[sanitized()]
    scene.level()


def api_huge(world):
    parkd = Scene(world).start().parkd
    for data, words in ((b"GET /v1/lots?near=" + b"1" * 40000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", (b" 414", b" 431", b" 400")),
                        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 40000 + b"\r\n\r\n", (b" 431", b" 400")),
                        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 300 + b"\r\n", (b" 431", b" 400"))):
        answer = raw(parkd, data)
        assert not answer or answer[8:12] in words, answer[:200]
    assert parkd.get("/v1/lots").status == 200


# ---- TLS, answers, kills

def poll_tls(world):
    """A certificate that nobody vouches for: named, and nothing is asked."""
    scene = Scene(world, tls=world.folder / "tls")
    world.start_parkd()
    scene.parkd = world.parkd
    scene.bad()
    assert "certificate" in scene.parkd.feed("v")["error"].lower(), scene.parkd.feed("v")
    assert not scene.vendor.asked and scene.parkd.lot("P")["free"] is None


def push_tls(world):
    """A sender who does not trust our certificate says nothing; one who does is heard."""
    folder = world.folder / "tls"
    sim_tls.prepare(str(folder))
    scene = Scene(world)
    parkd = world.start_parkd({"public": {"tls_cert_file": str(folder / "server.pem"), "tls_key_file": str(folder / "server.pem")}})
    host, port = parkd.listen.split(":")
    said = head(len(body("A", 5))) + body("A", 5)
    for trust, heard in ((None, False), (str(folder / "ca.pem"), True)):
        context = ssl.create_default_context(cafile=trust)
        try:
            with context.wrap_socket(socket.create_connection((host, int(port)), 30), server_hostname=host) as one:
                one.sendall(said)
                assert b'"ok"' in b"".join(iter(lambda: one.recv(65536), b""))
        except ssl.SSLCertVerificationError:
            assert not heard
        record = parkd.store.record("A")
        assert (record is not None and record.free == 5) == heard
    scene.parkd = parkd


def poll_statuses(world):
    scene = Scene(world).start()
    for at, status in enumerate((301, 302, 401, 404, 410, 413, 422, 429, 500, 503)):
        well = scene.says
        scene.says = lambda asked: (status, {"lots": [{"id": "XP", "free": 999}]}, {"Retry-After": "1",
                                                                                   "Location": "http://127.0.0.1:9/"})
        wait_for(lambda: scene.parkd.feed("v")["http_status"] == status, 60, lambda: f"{status}: {scene.parkd.feed('v')}")
        scene.bad()
        assert scene.parkd.lot("P")["free"] == 30 + at, status
        scene.says = well
        scene.parkd.staff("/v1/admin/feeds/v/poll", {})
        scene.polled(31 + at)


def sink_statuses(world):
    """Whatever the platform answers: nothing is lost, and what it cannot take is put aside or waited for."""
    scene = Scene(world).start()
    scene.level()
    said = {"paused": (401, 403, 404, 410), "held": (301, 400, 413, 422), "failures": (408, 425, 429, 500, 503)}
    at = 0
    for what, statuses in said.items():
        for status in statuses:
            at += 1
            world.platform.mode("http_500", status=status)
            scene.took("A", 200 + at)
            wait_for(lambda: what in (scene.parkd.sink()["state"], *[key for key in said if scene.parkd.sink().get(key)]), 60,
                     lambda: f"{status}: {what}: {scene.parkd.sink()}")
            assert scene.parkd.sink()["unacknowledged"] >= 1
            world.platform.mode("ok")
            scene.took("A", 300 + at)                    # a newer state is tried at once
            scene.level()


def api_resumes(world):
    """parkd is killed: a reader of the stream that comes back with its last id hears the newest of what it missed."""
    scene = Scene(world, sink=False).start()
    reader = world.keep(Stream(scene.parkd.run["public"]))
    reader.first("ready")
    scene.took("A", 91)
    reader.wait(lambda _: reader.free("A") == 91, "the change")
    last = reader.last_id
    scene.parkd.kill()
    scene.parkd.start()
    scene.took("B", 92)
    again = world.keep(Stream(scene.parkd.run["public"], last_id=last))
    again.wait(lambda _: again.free("B") == 92 or any(one.kind == "reset" for one in again.events),
               "what was missed, or the order to load anew")
    assert http.call(scene.parkd.run["public"], "/v1/lots/B").json()["free"] == 92
