# SPDX-License-Identifier: MIT
"""Hostile messages, pushed and polled, in every format that is read: what is stored stays as it is, the feed says what
was wrong and where, and the next good message counts."""
import http.client
import itertools
import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import hostile
from harness.hostile import FIELDS, MAPPINGS, MARKS, TYPES, WRITERS, rows_of
from harness.parkd import Parkd
from harness.vendor import Vendor
from harness.wait import wait_for
from harness.world import sha256

KEY = "key-one"
NAMES = (*MAPPINGS, "lua-xml", "lua-csv")
WAYS = ("push", "poll")
count = itertools.count(10)


class Box:
    """A feed with lots of its own, and whoever speaks for it."""

    def __init__(self, parkd, vendor, name, way, ident=None, params=None, first=None):
        self.parkd, self.vendor, self.way = parkd, vendor, way
        self.form = name.removeprefix("lua-")
        self.id = ident or f"{way}-{name}"
        lua = name != self.form
        feed = {"id": self.id, "dialect": "box" if lua else "generic", "mode": way,
                "params": params or ({"kind": self.form} if lua else {"mapping": MAPPINGS[self.form]})}
        feed |= ({"url": f"{vendor.url}/{self.id}", "interval_ms": 3_600_000, "spacing_ms": 1} if way == "poll"
                 else {"auth": {"bearer_sha256": [sha256(KEY)]}})
        self.begun = False
        vendor.answers[self.id] = first or self.write(self.rows()), {"Content-Type": TYPES[self.form]}
        parkd.put("feeds", feed)
        self.lots = [f"{self.id}-{mark}" for mark in (MARKS if self.form != "form" else MARKS[:1])]
        for lot in self.lots:
            parkd.put("lots", {"id": lot, "name": lot, "feed": self.id, "foreign_id": lot[-2:], "total": 100,
                               "stage": "connected"})

    @staticmethod
    def rows():
        return rows_of(10 + next(count) % 50, int(time.time() * 1000))

    def write(self, rows):
        return WRITERS[self.form](rows)

    def send(self, body, kind="", headers=None):
        """A push: the status and the answer. A poll: nothing, when it is over."""
        headers = {"Content-Type": TYPES[self.form] + kind, **(headers or {})}
        return self._push(body, headers) if self.way == "push" else self._poll(body, headers)

    def _push(self, body, headers):
        host = self.parkd.run["public"].rpartition("/")[2]
        connection = http.client.HTTPConnection(host, timeout=30)
        try:
            connection.request("POST", f"/v1/ingest/{self.id}", body, headers | {"Authorization": f"Bearer {KEY}"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def _poll(self, body, headers):
        asked = len(self.vendor.of("/" + self.id))
        with self.vendor.lock:
            self.vendor.answers[self.id] = body, headers
        assert self.parkd.staff(f"/v1/admin/feeds/{self.id}/poll", {}).status == 202
        time.sleep(0.004)                # most polls are over then, and wait_for's step is long for so many
        wait_for(lambda: len(self.vendor.of("/" + self.id)) > asked and self.parkd.feed(self.id)["next_ms"] is not None,
                 what=lambda: f"the poll to end: {self.parkd.feed(self.id)}")
        return None, ""

    def told(self):
        """The feed's own words about the last message."""
        shown = self.parkd.feed(self.id)
        return "\n".join([shown["error"] or ""] + [f"{one['reason']} ({one['pointer']})" for one in shown["faults"]])

    def good(self):
        """A good message counts."""
        rows = self.rows()
        sent = self.send(self.write(rows))
        shown = self.parkd.feed(self.id)
        assert sent[0] in (None, 200) and not shown["error"] and not shown["faults"], (sent, shown)
        for lot, row in zip(self.lots, rows):
            record = self.parkd.store.record(lot)
            assert (record.free, record.total, record.status) == (row["free"], 100, "open"), (lot, record)

    def stored(self):
        """Each lot's record as it stands in Redis."""
        return {lot: str(self.parkd.store.record(lot)) for lot in self.lots}


@pytest.fixture(scope="module")
def vendor(keep_module):
    def answer(asked):
        body, headers = vendor.answers[asked.path[1:]]
        return 200, body, headers
    vendor = keep_module(Vendor(answer))
    vendor.answers = {}
    return vendor


@pytest.fixture(scope="module")
def parkd(keep_module, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "dialects").mkdir()
    (folder / "dialects" / "box.lua").write_text(hostile.LUA)
    return keep_module(Parkd(folder / "parkd", {"dialects": {"folders": [str(folder / "dialects")]}})).start()


@pytest.fixture(scope="module")
def costly(parkd, vendor):
    return {cost: expensive(parkd, vendor, "poll", cost) for cost in ("path-of-each", "expression", "json-in-json", "page")}


@pytest.fixture(scope="module")
def boxes(parkd, vendor, costly):
    """All at once: a polled feed is asked first when its turn comes, which takes a while."""
    return {(name, way): Box(parkd, vendor, name, way) for way in WAYS for name in NAMES}


@pytest.fixture
def box(boxes, request):
    box = boxes[request.param]
    if not box.begun:
        box.begun = True
        box.good()
    return box


EVERY = [pytest.param((name, way), id=f"{way}-{name}") for way in WAYS for name in NAMES]
MARKUP = [one for one in EVERY if one.values[0][0] in ("xml", "html", "lua-xml")]
BAD = [pytest.param((name, way), bad, id=f"{way}-{name}-{bad.name}")
       for way in WAYS for name in NAMES for bad in hostile.bad_messages(name, way)]


@pytest.mark.parametrize("box,bad", BAD, indirect=["box"])
def test_nothing_hostile_counts(box, bad):
    before = box.stored()
    status, answer = box.send(bad.make(box.rows()), bad.kind, bad.headers)
    told = box.told()
    try:
        assert box.stored() == before
        # What the HTTP server refuses by its size is told to the sender only.
        said = answer if status == 413 and not told.strip() else told
        assert re.search(bad.words, said), (bad.words, told, status, answer)
    finally:
        box.good()


WRONG = {"id": ("", "named|needed|missing"), "free": ("full", "not a count"), "total": ("§", "not a count"),
         "state": ("§", "status|not open, closed"), "at": ("§", "not a time"), "cf": ("§", "not a count")}


@pytest.mark.parametrize("box", EVERY, indirect=True)
@pytest.mark.parametrize("field", FIELDS)
def test_a_bad_field_costs_only_itself(box, field):
    """Without its name or its count nothing of the first lot is stored; another field becomes unknown."""
    rows, before = box.rows(), box.stored()
    rows[0][field], words = WRONG[field]
    box.send(box.write(rows))
    lost = field in ("id", "free") or (field == "at" and box.form == "form")     # where the mapping needs it
    told = box.told()
    assert told.count("\n") == 1 and re.search(words + r".* \(/[^)]+\)", told), told
    for lot, row in list(zip(box.lots, rows))[1 if lost else 0:]:
        assert box.parkd.store.record(lot).free == row["free"], told
    first = box.parkd.store.record(box.lots[0])
    if lost:
        assert str(first) == before[box.lots[0]]
    elif field == "cf":
        assert not first.classes
    box.good()


@pytest.mark.parametrize("box", MARKUP, indirect=True)
def test_nothing_is_fetched_or_read(vendor, box, tmp_path):
    """Somebody listens who must not be asked, and a file lies there that must not be read."""
    secret, url = tmp_path / "secret", vendor.url + "/outside"
    secret.write_text("4711")
    messages = hostile.outside(url.encode(), str(secret).encode()) if box.form == "xml" else [
        ("links", hostile.page_with_links(url), False)]
    for name, make, refused in messages:
        before = box.stored()
        box.send(make(box.rows()))
        if refused:
            assert re.search(f"{hostile.REFUSED}|{hostile.BROKEN}", box.told()), (name, box.told())
            assert box.stored() == before, name
        assert not [one for one in vendor.asked if one.path.startswith("/outside")], name
        assert "4711" not in box.told() and all("free=4711" not in text for text in box.stored().values()), name
        box.good()


class Pulse:
    """Asks all the time whether parkd lives. Every question must be answered; how fast is not measured."""

    def __init__(self, parkd):
        self.parkd, self.trouble, self.ended = parkd, [], threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        while not self.ended.wait(0.01):
            try:
                answer = self.parkd.get("/healthz", timeout=20)
                if answer.status != 200:
                    self.trouble.append(answer)
            except OSError as error:
                self.trouble.append(error)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def expensive(parkd, vendor, way, cost):
    one = hostile.COSTLY[cost]
    return Box(parkd, vendor, one.mapping["format"], way, f"{way}-{cost}", {"mapping": one.mapping}, one.small)


def check_cost(box, before):
    told = box.told()
    assert re.search(hostile.ENDED, told), told
    assert box.stored() == before, told


@pytest.mark.parametrize("cost", hostile.COSTLY)
def test_a_costly_push_stops_nobody_else(parkd, vendor, boxes, cost):
    one, box = hostile.COSTLY[cost], expensive(parkd, vendor, "push", cost)
    box.send(one.small)
    before = box.stored()
    assert "None" not in before.values() and not box.told().strip(), (before, box.told())
    with Pulse(parkd) as pulse:
        status, said = box.send(one.large)
    assert status < 500, said
    check_cost(box, before)
    assert not pulse.trouble
    boxes["json", "push"].good()


def test_costly_polls_stop_nobody_else(parkd, vendor, boxes, costly):
    """All at the same time: messages of this size are read beside the loop."""
    for box in costly.values():
        wait_for(lambda: "None" not in box.stored().values(), what=lambda: f"the first poll: {box.told()}")
    before = {box: box.stored() for box in costly.values()}
    with Pulse(parkd) as pulse:
        with ThreadPoolExecutor(len(costly)) as pool:
            sent = [pool.submit(box.send, hostile.COSTLY[cost].large) for cost, box in costly.items()]
            boxes["xml", "push"].good()
        for one in sent:
            one.result()
    for box in costly.values():
        check_cost(box, before[box])
    assert not pulse.trouble
    boxes["json", "poll"].good()


def test_it_ends_in_order(parkd, boxes):
    """No complaint of a sanitizer, nothing lost on the way."""
    told = {box: box.stored() for box in boxes.values() if box.begun}
    assert told and all("None" not in one.values() for one in told.values())
    parkd.end()
