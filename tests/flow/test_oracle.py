# SPDX-License-Identifier: MIT
"""The checkers check: made-up logs in which one thing is wrong, and the rules that the tests compare parkd
with."""
import contextlib
import socket
import threading

import pytest

from harness import norm, replaying
from harness.oracle import Oracle, agree
from harness.parkd import parse_metrics
from harness.proxy import Proxy
from harness.records import Record, carried, crc16
from harness.wait import NotYet, wait_for


def record(seq, free, sseq=0, expired=False):
    shown = "-" if expired else free
    tail = f" last={free} expired=1" if expired else ""
    return Record(f"seq={seq} chg=1 obs=1 rcv=1 sseq={sseq} src=0 rf={free} rt=100 | free={shown} open=100 "
                  f"total=100 status=open band=some{tail}")



def acked(seq, free, answered=None, lot="a"):
    return {"lot": lot, "how": "acked", "seq": seq, "free_raw": free, "total": 100, "seq_answered": answered}


def arrived(seq, free, lot="a"):
    return {"lot": lot, "seq": seq, "free": free, "request": 1, "code": "ok", "mode": "ok"}


GOOD = [("told", acked(1, 10, 100)), ("snapshot", {"a": record(100, 10, 1)}), ("delivered", arrived(100, 10)),
        ("told", acked(2, 11, 101)), ("snapshot", {"a": record(101, 11, 2)}), ("delivered", arrived(101, 11)),
        ("settled", ({"a": record(101, 11, 2)}, {"a": {"seq": 101, "free": 11}}))]


def judge(events):
    oracle = Oracle()
    for what, fact in events:
        if what == "snapshot":
            oracle.snapshot(fact, numbered=["a"])
        elif what == "settled":
            oracle.settled(*fact)
        else:
            getattr(oracle, what)(fact)
    return oracle.faults


def test_a_good_story_has_no_faults():
    assert judge(GOOD) == []
    # delivered again: allowed
    assert judge(GOOD[:3] + [("delivered", arrived(100, 10))] + GOOD[3:]) == []
    assert judge([("told", acked(1, 10, 100)), ("snapshot", {"a": record(105, 12, 3)})]) == []   # superseded
    assert judge([("told", acked(1, 10, 100)), ("snapshot", {"a": record(105, 10, 1, expired=True)})]) == []
    assert judge([("told", acked(1, 130, 100)), ("snapshot", {"a": record(100, 100, 1)})]) == []  # clamped


BAD = {
    "lost": [("told", acked(2, 11, 101)), ("snapshot", {"a": record(101, 10, 1)})],
    "no lot at all": [("told", acked(2, 11)), ("snapshot", {})],
    "Redis holds 10": [("told", acked(2, 11)), ("snapshot", {"a": record(101, 10, 2)})],
    "Redis holds seq 100": [("snapshot", {"a": record(101, 11, 2)}), ("snapshot", {"a": record(100, 10, 2)})],
    "was answered before": [("told", acked(2, 11, 101)), ("snapshot", {"a": record(100, 11, 2)})],
    "and is 'free=12": [("snapshot", {"a": record(101, 11)}), ("snapshot", {"a": record(101, 12)})],
    "named seq 99": [("told", acked(1, 10, 100)), ("told", acked(2, 11, 99))],
    "arrived after 101": [("delivered", arrived(101, 11)), ("delivered", arrived(100, 10))],
    "and with 12": [("delivered", arrived(101, 11)), ("delivered", arrived(101, 12))],
    "in Redis and arrived": [("snapshot", {"a": record(101, 11)}), ("delivered", arrived(101, 1))],
    "seq_back": [("delivered", {"violation": "seq_back", "lot": "a"})],
    "the platform holds None": [("settled", ({"a": record(101, 11)}, {}))],
    "the platform holds (101, None)": [("settled", ({"a": record(101, 11)},
                                                    {"a": {"seq": 101, "free": None}}))],
    "last told 12": [("settled", ({"a": record(101, 11)}, {"a": {"seq": 101, "free": 11}}, {"a": 12}))],
}


@pytest.mark.parametrize("words", BAD)
def test_each_fault_is_seen(words):
    faults = judge(BAD[words])
    assert faults, words
    assert words == "no lot at all" or words in faults[0]


def served(free, wall=0):
    return {"lot": "a", "how": "served", "seq": None, "free_raw": free, "total": 100, "t_wall": wall}


def came(seq, free, real=0, mark="m", wall=0):
    return arrived(seq, free) | {"t_real": real, "t_wall": wall, "mark": mark}


def end(seq, free, *, held=None, shown=None, calm=1000):
    return {"records": {"a": record(seq, free)}, "held": {"a": {"seq": seq, "free": free} | (held or {})},
            "shown": {"a": {"free": free} | (shown or {})}, "calm_ms": calm}


# Everything is told, no number twice; the limit of lot a is 1000 ms, with 100 ms to spare.
WHOLE = {"complete": True, "limits": {"a": 1000}, "slack_ms": 100}
UNKNOWN = [("told", served(10, 1)), ("delivered", came(100, 10, 5, wall=5)), ("shown", ({"a": {"free": 10}}, 900)),
           ("delivered", came(101, None, 2000, wall=1200)), ("delivered", came(101, None, 2100, wall=1300)),
           ("shown", ({"a": {"free": None}}, 1200)), ("silent", ("a", record(101, 10, expired=True)))]
FINE = {
    "a whole story": [("told", served(10, 1)), ("delivered", came(100, 10, 5)), ("told", served(11, 2)),
                      ("delivered", came(101, 11, 900)), ("shown", ({"a": {"free": 11}}, 3)),
                      ("settled", end(101, 11))],
    "seen before the journal was read": [("delivered", came(101, 11, 5)), ("told", served(11)), ("settled", end(101, 11))],
    "delivered late, but numbered late": [("told", served(11)), ("delivered", came(200_000, 11, 259_000)),
                                          ("settled", end(200_000, 11))],
    "silent and unknown": UNKNOWN,
    "the same again, older": [("told", served(10)), ("told", served(11)), ("delivered", came(100, 10)),
                              ("delivered", came(100, 10)), ("delivered", came(101, 11, 5)), ("settled", end(101, 11))],
    "within the limits": [("vitals", ({"descriptors": 3, "memory": 9}, {"descriptors": 3}))],
    "a push without number, overtaken": [("told", acked(None, 10)), ("told", served(11)), ("owes", record(101, 11))],
    "a push without number, run out": [("told", acked(None, 10)), ("owes", record(101, 10, expired=True))],
    "a push without number, in Redis before it is known here": [("told", acked(None, 10)), ("owes", record(101, 12))],
}
WRONG = {
    "I1 not delivered within": [("told", served(11)), ("delivered", came(101, 11, 61_500)), ("settled", end(101, 11))],
    "I1 seq 101 was not delivered": [("told", served(11)), ("settled", end(101, 11))],
    "I1 10 was answered 2xx and is lost": [("told", acked(None, 9)), ("told", acked(None, 10)), ("owes", record(101, 9))],
    "I1 is lost: None": [("told", acked(None, 10)), ("owes", None)],
    "I2 Redis went back to free 10": [("told", served(10)), ("told", served(11)), ("snapshot", {"a": record(100, 11)}),
                                      ("snapshot", {"a": record(101, 10)})],
    "I2 the platform went back": [("told", served(10)), ("told", served(11)), ("delivered", came(100, 11)),
                                  ("delivered", came(101, 10))],
    "I2 the API went back": [("told", served(10)), ("told", served(11)), ("shown", ({"a": {"free": 11}}, 0)),
                             ("shown", ({"a": {"free": 10}}, 0))],
    "I3 in other bytes": [("told", served(11)), ("delivered", came(101, 11)), ("delivered", came(101, 11, mark="x"))],
    "I4 the API shows 10": [("told", served(11)), ("delivered", came(101, 11)), ("settled", end(101, 11, shown={"free": 10}))],
    "I4 the API shows None": [("told", served(11)), ("delivered", came(101, 11)),
                              ("settled", end(101, 11, shown={"free": None}))],
    "I4 the platform holds": [("told", served(11)), ("delivered", came(101, 11)), ("settled", end(101, 11, held={"seq": 100}))],
    "I5 the platform had free 12": [("told", served(11)), ("delivered", came(100, 12)), ("delivered", came(101, 11, 5)),
                                    ("settled", end(101, 11))],
    "I5 Redis had free 12": [("snapshot", {"a": record(100, 12)}), ("told", served(11)), ("delivered", came(101, 11)),
                             ("settled", end(101, 11))],
    "I5 the API had free 0": [("shown", ({"a": {"free": 0}}, 0)), ("told", served(11)), ("delivered", came(101, 11)),
                              ("settled", end(101, 11))],
    "I6 descriptors is 4, above 3": [("vitals", ({"descriptors": 4}, {"descriptors": 3}))],
    "I7 shown with free 10": [("told", served(10, 1)), ("shown", ({"a": {"free": 10}}, 1102))],
    "I7 arrived with free 10": [("told", served(10, 1)), ("delivered", came(100, 10, wall=1102))],
    "I7 silent, and Redis holds": [*UNKNOWN[:-1], ("silent", ("a", record(101, 10)))],
    "I7 heard 0 times": [("told", served(10, 1)), ("silent", ("a", record(101, 10, expired=True)))],
    "I7 heard 2 times": [*UNKNOWN[:-1], ("delivered", came(102, None, wall=1400)), UNKNOWN[-1]],
}


def weigh(events):
    oracle = Oracle(**WHOLE)
    for what, fact in events:
        if what == "owes":
            oracle.snapshot({} if fact is None else {"a": fact}, pushing=["a"])
        elif what == "snapshot":
            oracle.snapshot(fact)
        elif what == "settled":
            oracle.settled(**fact)
        else:
            getattr(oracle, what)(*(fact if isinstance(fact, tuple) else (fact,)))
    return oracle.faults


@pytest.mark.parametrize("words", FINE)
def test_what_is_allowed(words):
    assert weigh(FINE[words]) == []


@pytest.mark.parametrize("words", WRONG)
def test_each_violation_is_seen(words):
    faults = weigh(WRONG[words])
    assert any(words.partition(" ")[2] in one for one in faults), (words, faults)


def test_every_invariant_has_a_violation():
    assert {words[:2] for words in WRONG} == {f"I{n}" for n in range(1, 8)}


def test_agree():
    one = {"a": record(5, 7)}
    assert agree(one, {"a": {"seq": 5, "free": 7}, "b": {"seq": 1, "free": 1}})
    assert not agree(one, {"a": {"seq": 4, "free": 7}}) and not agree(one, {}) and not agree({}, {})


def test_norm_clamps_and_flags():
    rows = [((37, 420, 400), 37, set()), ((-3, 420, 400), 0, {"negative"}),
            ((410, 420, 400), 400, {"over_total"}),
            ((410, 420, None), 410, set()), ((8207, 559, 559), 559, {"over_total"}),
            ((500, None, None), 500, set()),
            ((0, 10, 10), 0, set()), ((None, 10, 10), None, set())]
    for given, free, flags in rows:
        assert norm.norm_free(*given) == (free, flags), given
    assert norm.norm_claim(occupied=390, total=420, open_=400) == (10, {"derived"})
    assert norm.norm_claim(occupied=430, total=420) == (0, {"derived", "negative"})
    assert norm.norm_claim(free=5, occupied=390, total=420) == (5, set())
    assert norm.norm_claim(occupied=5) == (None, set())


def test_key_hash_and_series():
    assert crc16(b"123456789") == 0x31C3
    assert carried([None, 3, None, 0, None]) == [None, 3, 3, 0, 0]


def event(lo, hi, value):
    return replaying.Event(lo, hi, value)


def test_series_that_may_be_late():
    events = [event(0, 0, 5), event(3, 4, 6), event(4, 5, 7)]
    allowed = replaying.allowed(events, 7)
    assert allowed == [{5}, {5}, {5}, {5, 6}, {6, 7}, {7}, {7}]
    assert replaying.allowed([event(2, replaying.NEVER, 1), event(5, 5, 2)], 7) == [
        set(), set(), {None, 1}, {None, 1}, {None, 1}, {2}, {2}]
    assert replaying.differences(allowed, [5, None, None, 6, 7, None, None]) == []
    assert replaying.differences(allowed, [5, None, None, 7, 7, None, None]) == [(3, 7, {5, 6})]


def test_metrics_page_is_read_strictly():
    good = '# HELP a_total things\n# TYPE a_total counter\na_total{x="1"} 3\na_total{x="2"} 4.5\n'
    assert parse_metrics(good) == {'a_total{x="1"}': 3, 'a_total{x="2"}': 4.5}
    for bad in ('a_total 1\n', good + 'a_total{x="1"} 3\n', good + "b 1\n", good + "a_total{x=1} 3\n",
                good + "# TYPE a_total gauge\n", good[:-1]):
        with pytest.raises(AssertionError):
            parse_metrics(bad)


def test_waiting_gives_up_with_words():
    with pytest.raises(NotYet, match="the moon"):
        wait_for(lambda: False, 0.05, "the moon")
    assert wait_for(lambda: 7) == 7


def echo_server():
    listener = socket.create_server(("127.0.0.1", 0))

    def echo(one):
        with contextlib.suppress(OSError):
            while data := one.recv(100):
                one.sendall(data)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=echo, args=listener.accept()[:1], daemon=True).start()
    threading.Thread(target=serve, daemon=True).start()
    return listener


def test_proxy_cuts_holds_and_restores(keep):
    listener = echo_server()
    proxy = keep(Proxy(listener.getsockname()))

    def ask(data, timeout=5):
        with socket.create_connection(("127.0.0.1", proxy.port), timeout) as one:
            one.sendall(data)
            return one.recv(100)
    assert ask(b"x") == b"x"
    proxy.hold()
    with pytest.raises(TimeoutError):
        ask(b"y", 0.1)
    proxy.restore()
    assert ask(b"z") == b"z"
    proxy.cut()
    with pytest.raises(ConnectionError):
        assert ask(b"w") == b"w"
    proxy.restore()
    wait_for(lambda: ask(b"v") == b"v")
    proxy.garble()
    assert ask(b"\1\2") == b"\xfe\xfd"
    proxy.restore()
    proxy.say_instead(b"else")
    assert ask(b"u") == b"else" and ask(b"t") == b"t"
    proxy.cut_after(1)
    with pytest.raises(ConnectionError):
        assert ask(b"xy") == b"x"
    proxy.restore()
    proxy.drip()
    assert ask(b"pq") == b"p"
    listener.close()
