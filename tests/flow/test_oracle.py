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
    listener.close()
