# SPDX-License-Identifier: MIT
"""Feeds that hear an MQTT broker (a real one): what arrives, what breaks, who is let in, and what a broker may not do."""
import json
import socket
import ssl
import threading
import time

import pytest

from harness.broker import Broker
from harness.redis import RedisServer
from harness.wait import during, wait_for
from simlib import tls

MAPPING = {"items": "", "single": True, "lot": {"request": "topic:2"}, "free": "/left", "total": "/all",
           "time": {"path": "/at", "format": "ms"}}
NO_TIME = {name: value for name, value in MAPPING.items() if name != "time"} | {"time": None}


def now_ms():
    return int(time.time() * 1000)


def registered(world, broker, *, ident="park", count=2, mapping=None, url=None, mqtt=None, **more):
    """A feed of `count` lots; lot n is told of at park/X<n>/left."""
    world.feeds.append({"id": ident, "dialect": "generic", "mode": "mqtt", "url": url or broker.url(),
                        "mqtt": {"topics": ["park/+/left"]} | (mqtt or {}),
                        "params": {"mapping": mapping or NO_TIME}} | more)
    names = [f"{ident}-{at + 1}" for at in range(count)]
    for name in names:
        world.lots.append({"id": name, "name": name, "feed": ident, "foreign_id": f"X{name}", "total": 100,
                           "stage": "connected"})
    return names


def topic(lot):
    return f"park/X{lot}/left"


def link(parkd, ident="park"):
    return parkd.feed(ident)["mqtt"]["connection"]


def wait_connected(parkd, ident="park"):
    wait_for(lambda: link(parkd, ident) == "connected", what=lambda: f"{parkd.feed(ident)} {parkd.log()}")


def wait_free(parkd, lot, free):
    wait_for(lambda: parkd.lot(lot)["free"] == free,
             what=lambda: f"{lot} to have {free}: {parkd.lot(lot)} {[parkd.feed(f['id']) for f in parkd.status()['feeds']]}")


def wait_refused(parkd, words, ident="park"):
    wait_for(lambda: words in (parkd.feed(ident)["error"] or ""),
             what=lambda: f"“{words}”: {parkd.feed(ident)}")
    shown = parkd.feed(ident)
    assert shown["state"] == "bad" and shown["mqtt"]["connection"] in ("waiting", "connecting"), shown
    return shown


@pytest.fixture
def broker(keep, folder):
    return keep(Broker(folder / "broker")).start()


def test_readings_arrive(world, broker):
    lots = registered(world, broker, count=3)
    parkd = world.start_parkd()
    wait_connected(parkd)
    assert parkd.feed("park")["state"] == "good" and not parkd.feed("park")["error"]
    publisher = broker.publisher()
    for qos in (0, 1, 2):
        for at, lot in enumerate(lots):
            publisher.publish(topic(lot), json.dumps({"left": 10 * qos + at}), qos)
        for at, lot in enumerate(lots):
            wait_free(parkd, lot, 10 * qos + at)
    record = parkd.store.record(lots[0])
    assert record.free == 20 and record.status != "closed"
    publisher.publish("park/nobody/left", '{"left":1}')
    publisher.publish("elsewhere/X/left", '{"left":1}')
    wait_for(lambda: parkd.feed("park")["unknown_lots"] == 1, what="the lot that nobody registered")
    shown = parkd.feed("park")
    assert shown["mode"] == "mqtt" and shown["mqtt"]["messages"] == 10 and shown["mqtt"]["undated"] == 0
    assert parkd.metrics()['parkd_mqtt_messages_total{result="good"}'] == 10
    bodies = parkd.staff("/v1/admin/feeds/park/bodies").json()["bodies"]
    assert bodies[-1]["kind"] == "mqtt" and bodies[-1]["topic"] == "park/nobody/left"
    parkd.remove("feeds", "park")
    publisher.publish(topic(lots[0]), '{"left":77}')
    wait_for(lambda: not any(feed["id"] == "park" for feed in parkd.status()["feeds"]))
    parkd.end()


def test_a_broker_that_dies_and_comes_back(world, broker):
    lots = registered(world, broker, mqtt={"qos": 1})
    parkd = world.start_parkd()
    wait_connected(parkd)
    broker.publisher().publish(topic(lots[0]), '{"left":5}')
    wait_free(parkd, lots[0], 5)
    broker.kill()
    wait_for(lambda: parkd.feed("park")["error"], what="the loss to be told")
    assert parkd.lot(lots[0])["free"] == 5               # it ages like any other
    wait_for(lambda: "refused" in parkd.feed("park")["error"], what=lambda: parkd.feed("park")["error"])
    assert parkd.up()
    broker.start()
    wait_connected(parkd)
    assert not parkd.feed("park")["error"] and parkd.feed("park")["failures"] == 0
    broker.publisher().publish(topic(lots[0]), '{"left":6}')
    wait_free(parkd, lots[0], 6)


def test_a_wrong_password_is_named(world, keep, folder):
    broker = keep(Broker(folder / "broker", users={"park": "right"})).start()
    lots = registered(world, broker, mqtt={"user": "park", "password": "wr0ng-secret"})
    parkd = world.start_parkd()
    shown = wait_refused(parkd, "password")
    assert "wr0ng-secret" not in json.dumps(shown)
    assert "wr0ng-secret" not in parkd.staff("/v1/admin/feeds").text() and "wr0ng-secret" not in parkd.log_text()
    parkd.put("feeds", world.feeds[0] | {"mqtt": world.feeds[0]["mqtt"] | {"password": "right"}})
    wait_connected(parkd)                                # at once: a new registration does not wait
    broker.publisher().publish(topic(lots[0]), '{"left":5}')
    wait_free(parkd, lots[0], 5)


def test_tls_with_an_authority_of_ones_own(world, keep, folder):
    tls.prepare(folder / "tls", hosts=("localhost", "127.0.0.1"))
    broker = keep(Broker(folder / "broker", tls=folder / "tls")).start()
    ca = {"ca_file": str(folder / "tls" / "ca.pem")}
    by_name = registered(world, broker, ident="name", url=broker.url("localhost"), tls=ca)
    by_address = registered(world, broker, ident="address", tls=ca)
    registered(world, broker, ident="system", url=broker.url("localhost"))
    careless = registered(world, broker, ident="careless", url=broker.url("localhost"), tls={"skip_verify": True})
    parkd = world.start_parkd()
    for ident, lots in (("name", by_name), ("address", by_address), ("careless", careless)):
        wait_connected(parkd, ident)
        broker.publisher().publish(topic(lots[0]), '{"left":5}')
        wait_free(parkd, lots[0], 5)
    wait_refused(parkd, "certificate is refused: unable to get local issuer certificate", "system")


def test_tls_names_must_fit(world, keep, folder):
    """Although parkd connects by address: the name of the URL counts."""
    tls.prepare(folder / "tls", fault="wrong_host")
    broker = keep(Broker(folder / "broker", tls=folder / "tls")).start()
    ca = {"ca_file": str(folder / "tls" / "ca.pem")}
    lots = registered(world, broker, ident="name", url=broker.url("localhost"), tls=ca)
    registered(world, broker, ident="address", tls=ca)
    parkd = world.start_parkd()
    wait_refused(parkd, "hostname mismatch", "name")
    wait_refused(parkd, "IP address mismatch", "address")
    for _ in range(20):
        broker.publisher().publish(topic(lots[0]), '{"left":5}')
    assert parkd.lot(lots[0])["free"] is None and parkd.feed("name")["mqtt"]["messages"] == 0


def test_tls_with_a_client_certificate(world, keep, folder):
    tls.prepare(folder / "tls", mutual=True)
    broker = keep(Broker(folder / "broker", tls=folder / "tls")).start()
    ca = {"ca_file": str(folder / "tls" / "ca.pem")}
    mine = {"cert_file": str(folder / "tls" / "client.pem"), "key_file": str(folder / "tls" / "client.key")}
    registered(world, broker, ident="with", tls=ca | mine)
    registered(world, broker, ident="without", tls=ca)
    parkd = world.start_parkd()
    wait_connected(parkd, "with")
    wait_for(lambda: parkd.feed("without")["error"], what="the one without a certificate to fail")
    assert link(parkd, "without") != "connected"


def test_the_server_is_asked_for_by_its_name(world, folder):
    """Brokers of many customers choose by the name in the hello (SNI); nothing is said before the certificate."""
    names, said = [], []
    context = tls.prepare(folder / "tls", hosts=("elsewhere.invalid",))
    context.sni_callback = lambda _, name, __: names.append(name)

    def serve(listener):
        while True:
            try:
                with context.wrap_socket(listener.accept()[0], server_side=True) as one:
                    said.append(one.recv(100))
            except ssl.SSLError:
                said.append(b"")
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        registered(world, None, url=f"mqtts://localhost:{listener.getsockname()[1]}",
                   mqtt={"user": "u", "password": "p"}, tls={"ca_file": str(folder / "tls" / "ca.pem")})
        parkd = world.start_parkd()
        wait_refused(parkd, "hostname mismatch")
        wait_for(lambda: said, what="the handshake to end")
        parkd.end()
        listener.shutdown(socket.SHUT_RDWR)
    assert set(names) == {"localhost"} and set(said) == {b""}


def test_brokers_inside_are_not_called(world, broker):
    registered(world, broker)
    parkd = world.start_parkd({"net": {"allow_subnets": []}})
    wait_refused(parkd, "address 127.0.0.1 is not allowed")


@pytest.mark.parametrize("change, place", [
    ({"mqtt": {"topics": []}}, "/mqtt/topics"), ({"mqtt": {"topics": ["a/#/b"]}}, "/mqtt/topics/0"),
    ({"mqtt": {"topics": ["a"], "qos": 3}}, "/mqtt/qos"), ({"url": "http://x/"}, "/url"), ({"url": "mqtt://x"}, "/url"),
    ({"dialect": "hikvision"}, "/dialect"), ({"params": {"mapping": {"items": 5}}}, "/params/mapping")])
def test_registrations_that_cannot_work(parkd, change, place):
    one = {"id": "p", "dialect": "generic", "mode": "mqtt", "url": "mqtt://127.0.0.1:1",
           "mqtt": {"topics": ["park/+/left"]}, "params": {"mapping": NO_TIME}} | change
    answer = parkd.staff("/v1/admin/feeds/p", one, "PUT")
    assert answer.status == 422, answer
    assert answer.json()["errors"][0]["pointer"].startswith(place), answer


def test_retained_messages_count_only_by_their_own_time(world, broker):
    dated = registered(world, broker, ident="dated", mapping=MAPPING, mqtt={"topics": ["dated/+/left"]})
    bare = registered(world, broker, ident="bare")
    publisher = broker.publisher()
    publisher.publish(f"dated/X{dated[0]}/left", json.dumps({"left": 5, "at": now_ms() - 1000}), retain=True)
    publisher.publish(f"dated/X{dated[1]}/left", json.dumps({"left": 6, "at": now_ms() - 600_000}), retain=True)
    publisher.publish(topic(bare[0]), '{"left":7}', retain=True)
    parkd = world.start_parkd()
    wait_free(parkd, dated[0], 5)
    wait_for(lambda: parkd.feed("bare")["mqtt"]["undated"] == 1, what=lambda: parkd.feed("bare"))
    assert parkd.lot(bare[0])["free"] is None            # it may be months old
    assert parkd.lot(dated[1])["free"] is None           # it says that it is
    publisher.publish(topic(bare[0]), '{"left":8}', retain=True)
    wait_free(parkd, bare[0], 8)                         # who was there when it was published knows its age
    publisher.publish(topic(bare[0]), "", retain=True)   # clears what is retained
    publisher.publish(topic(bare[1]), '{"left":9}')
    wait_free(parkd, bare[1], 9)
    assert not parkd.feed("bare")["error"] and parkd.lot(bare[0])["free"] == 8


def test_a_session_keeps_what_came_while_nobody_was_there(world, broker):
    dated = registered(world, broker, ident="dated", mapping=MAPPING,
                       mqtt={"topics": ["dated/+/left"], "client_id": "parkd-dated", "qos": 1})
    bare = registered(world, broker, ident="bare", mqtt={"client_id": "parkd-bare", "qos": 2})
    parkd = world.start_parkd()
    wait_connected(parkd, "dated")
    wait_connected(parkd, "bare")
    parkd.end()
    publisher = broker.publisher()
    at = now_ms()
    for free in range(50):
        publisher.publish(f"dated/X{dated[0]}/left", json.dumps({"left": free, "at": at + free}))
        publisher.publish(topic(bare[0]), json.dumps({"left": free}), qos=2)
    parkd.start()
    wait_free(parkd, dated[0], 49)
    wait_for(lambda: parkd.feed("bare")["mqtt"]["undated"] == 50, what=lambda: parkd.feed("bare"))
    assert parkd.lot(bare[0])["free"] is None            # queued, but for how long?
    time.sleep(1.1)                                      # the queue counts as empty after a second of silence
    publisher.publish(topic(bare[0]), '{"left":60}')
    wait_free(parkd, bare[0], 60)


def test_hostile_payloads_leave_the_reading_untouched(world, broker):
    lots = registered(world, broker)
    parkd = world.start_parkd()
    wait_connected(parkd)
    publisher = broker.publisher()
    publisher.publish(topic(lots[0]), '{"left":5}')
    wait_free(parkd, lots[0], 5)
    before = parkd.store.record(lots[0])
    hostile = [b"{", b"\x00", b"[" * 100_000, b"\xff\xfe{}", b"<a/>", b"null", b'{"left":NaN}', b'{"left":70000}',
               b'{"left":1,"left":2}', b'{"left":1e999}', b'{"left":{}}', b"\x1f\x8b" + bytes(1000),
               b'{"left":7}' + b" " * 262_144, b'{"left":7,"x":"' + b"y" * 300_000 + b'"}', b"z" * 3_000_000]
    for at, payload in enumerate(hostile):
        publisher.publish(topic(lots[0]), payload)
        wait_for(lambda: parkd.feed("park")["mqtt"]["messages"] == 2 + at, what=lambda: (at, parkd.feed("park")))
        after = parkd.store.record(lots[0])
        assert (after.free, after.seq) == (before.free, before.seq), (payload[:40], after)
        shown = parkd.feed("park")
        assert shown["error"] or shown["faults"], (payload[:40], shown)
    assert "3000000 bytes" in parkd.feed("park")["error"] and "262144" in parkd.feed("park")["error"]
    for name in ("park/../left", "park/%s/left" % ("x" * 5000), "park//left", "park/\u4e2d\u6587/left",
                 "park/\x01\x1b[2J/left"):
        publisher = broker.publisher()
        try:
            publisher.publish(name, '{"left":9}')
        except OSError:
            pass                                         # the broker itself may refuse it
    publisher = broker.publisher()
    publisher.publish(topic(lots[1]), '{"left":3}')
    wait_free(parkd, lots[1], 3)
    assert link(parkd) == "connected" and parkd.lot(lots[0])["free"] == 5 and "\x1b" not in parkd.log_text()


def test_a_flood_is_bounded(world, broker):
    """Twenty thousand messages at once: the loop turns on, others are served."""
    lots = registered(world, broker, mqtt={"qos": 0})
    parkd = world.start_parkd()
    wait_connected(parkd)
    def flood():
        publisher = broker.publisher()
        for at in range(20_000):
            publisher.publish(topic(lots[0]), json.dumps({"left": at % 100}), qos=0)

    thread = threading.Thread(target=flood, daemon=True)
    thread.start()
    longest = 0.0
    for _ in during(3):
        at = time.monotonic()
        parkd.feed("park")
        longest = max(longest, time.monotonic() - at)
    thread.join()
    assert longest < 2 and parkd.status()["process"]["loop_lag_longest_s"] < 1
    publisher = broker.publisher()

    def tell():
        publisher.publish(topic(lots[1]), '{"left":42}')
        return parkd.lot(lots[1])["free"] == 42

    wait_for(tell, 90, what=lambda: parkd.feed("park"))
    assert link(parkd) == "connected" and parkd.feed("park")["mqtt"]["messages"] > 1000


def test_one_of_several_subscribes(world, keep, folder, broker):
    redis = keep(RedisServer(folder / "redis")).start()
    lots = registered(world, broker)
    one = world.start_parkd({"redis": {"url": redis.url}}, name="one")
    wait_connected(one)
    two = world.start_parkd({"redis": {"url": redis.url}}, name="two")
    parkds = [one, two]

    def links():
        return sorted(link(parkd) for parkd in parkds)

    wait_for(lambda: links() == ["connected", "standby"], 90, what=lambda: f"one of two: {links()}")
    publisher = broker.publisher()
    publisher.publish(topic(lots[0]), '{"left":5}')
    for parkd in parkds:
        wait_free(parkd, lots[0], 5)
    holder = next(parkd for parkd in parkds if link(parkd) == "connected")
    rest = next(parkd for parkd in parkds if parkd is not holder)
    assert (holder.feed("park")["mqtt"]["messages"], rest.feed("park")["mqtt"]["messages"]) == (1, 0)
    holder.end()
    wait_for(lambda: link(rest) == "connected", 120, what=lambda: f"the other to subscribe: {rest.feed('park')}")
    publisher.publish(topic(lots[0]), '{"left":6}')
    wait_free(rest, lots[0], 6)
