# SPDX-License-Identifier: MIT
"""Staying honest: frozen lots, the day's records, corrections and hand counts, windows, objections, and the
month that freezes."""
import datetime
import io
import threading
import zipfile

import pytest

from harness.wait import wait_for
from harness.world import Clock, World, sha256

KEY = "key-of-the-lots"
RATE = 3600                      # an hour a second
MOVING = [f"moves-{n}" for n in range(1, 5)]
STILL = "stands-1"


def ms(text):
    return int(datetime.datetime.fromisoformat(text).timestamp() * 1000)


def iso(at):
    return datetime.datetime.fromtimestamp(at // 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def lot(ident, **more):
    return {"id": ident, "name": f"停车场 {ident}", "feed": "box", "stage": "connected", "total": 200} | more


class District:
    """Lots of one pushed feed whose numbers a thread tells again and again; what stands in `free` is told."""

    def __init__(self, keep, folder, clock, lots, interval_ms=200):
        self.world = World(keep, folder, clock)
        self.world.feeds = [{"id": "box", "dialect": "native", "mode": "push", "interval_ms": interval_ms,
                             "auth": {"bearer_sha256": [sha256(KEY)]}}]
        self.world.lots = list(lots)
        self.clock = clock
        self.parkd = self.world.start_parkd()
        self.free, self.step, self.ends = {one["id"]: 100 for one in lots}, 0, threading.Event()
        self.thread = threading.Thread(target=self._tell, daemon=True)
        keep(self)

    def close(self):
        self.ends.set()
        if self.thread.is_alive():
            self.thread.join()

    def tell(self):
        """All numbers once."""
        items = [{"lot": ident, "free": free} for ident, free in self.free.items()]
        answer = self.parkd.post("/v1/ingest/box", {"items": items}, headers={"Authorization": f"Bearer {KEY}"})
        assert answer.status == 200, answer

    def _tell(self):
        while not self.ends.wait(0.05):
            self.step += 1
            for at, ident in enumerate(MOVING):
                if ident in self.free:
                    self.free[ident] = 60 + (self.step * 7 + at) % 80
            try:
                self.tell()
            except (OSError, AssertionError):
                pass                     # parkd is being started again

    def start(self):
        self.thread.start()
        return self

    def flags(self, ident):
        record = self.parkd.store.record(ident)
        return record.quality if record else set()

    def quality(self, date):
        answer = self.parkd.staff(f"/v1/admin/quality?date={date}")
        assert answer.status == 200, answer
        return {one["lot"]: one for one in answer.json()["quality"]}

    def made(self, day):
        """The day's records, when they are whole."""
        wait_for(lambda: self.parkd.redis("HGET", f"parkd:rows:quality:{day}", "#final"), 90,
                 lambda: f"the records of {day}: {self.parkd.log()}")


@pytest.fixture
def november(keep, folder):
    """The last of November, 5 in the morning in Beijing; an hour a second."""
    clock = Clock(ms("2026-11-29T21:00:00+00:00"), RATE, 1500)
    return District(keep, folder, clock, [lot(one) for one in (*MOVING, STILL)]).start()


def check_frozen(d):
    """Found within the day, though parkd is killed at noon: what was before stands in the minute series. Thawed at the first
    movement; others never."""
    wait_for(lambda: d.clock.now_ms() > ms("2026-11-30T05:00:00+00:00"), 60, "one o'clock in the afternoon")
    d.parkd.kill()
    d.parkd.start()
    wait_for(lambda: "frozen" in d.flags(STILL), 60, lambda: f"the standing lot to be flagged: {d.parkd.log()}")
    assert d.clock.now_ms() - ms("2026-11-29T21:00:00+00:00") < 24 * 3_600_000
    assert not any("frozen" in d.flags(one) for one in MOVING)
    wait_for(lambda: d.quality("2026-11-30").get(STILL, {}).get("frozen_min"), 30, "the record so far to count it")
    held = d.parkd.store.record(STILL)
    assert d.parkd.lot(STILL)["free"] == 100 and held.free == 100
    d.free[STILL] = 99
    wait_for(lambda: "frozen" not in d.flags(STILL), 10, "the flag to go with the first movement")
    assert d.parkd.store.record(STILL).seq > held.seq


def check_records(d):
    """Yesterday's records are made by themselves soon after midnight."""
    wait_for(lambda: STILL in d.quality("2026-11-30"), what="today's records so far")
    d.made("20261130")
    records = d.quality("2026-11-30")
    assert set(records) == {*MOVING, STILL}
    for ident in MOVING:
        one = records[ident]
        assert one["online_rate"] > 0.9 and one["movements"] > 20 and one["frozen_min"] == 0, one
        assert len(one["samples"]) == 48 and one["samples"].startswith("----"), one   # not yet connected at four
    still = records[STILL]
    assert "frozen" in still["flags"] and still["frozen_min"] > 0 and still["frozen_days"] == 1, still
    assert still["colour"] == "blue" and still["because"] == "frozen_days" and still["colour_zh"] == "蓝"
    assert 0.9 < still["online_rate"] <= 1 and still["reconciled"] is None


def check_one_lot(d):
    """An operator's view of one lot: the days asked for, in order."""
    answer = d.parkd.staff(f"/v1/operator/lots/{STILL}/quality?from=2026-11-29&to=2026-11-30").json()
    assert [one["date"] for one in answer["quality"]] == ["2026-11-30"]
    assert d.parkd.staff("/v1/operator/lots/nobody/quality").status == 404
    for bad in ("from=2026-11-31", "from=x", "from=2026-09-01&to=2026-11-30", "from=2026-12-01&to=2026-11-30"):
        assert d.parkd.staff(f"/v1/operator/lots/{STILL}/quality?{bad}").status in (400, 422), bad


def check_month(d):
    """Until it is frozen the month follows the records and the rules; then it stands still."""
    before = d.parkd.staff("/v1/admin/months/2026-11").json()
    assert before["frozen"] is False and before["rules_version"] == 0
    lots = {one["lot"]: one for one in before["lots"]}
    assert lots[STILL]["frozen_days"] == 1 and lots[STILL]["strip"] == "." * 29 + "b"
    assert lots[STILL]["honesty"] == 0 and lots[MOVING[0]]["honesty"] == 1
    assert lots[STILL]["score"] < lots[MOVING[0]]["score"] and lots[MOVING[0]]["grade"] == "优"
    rules = {"colours": {"frozen_days": [None, None, None, 1]}}
    assert d.parkd.staff("/v1/admin/rules", rules, "PUT").status in (200, 201)
    stricter = d.parkd.staff("/v1/admin/months/2026-11").json()
    assert {one["lot"]: one["strip"] for one in stricter["lots"]}[STILL].endswith("r")
    assert stricter["rules_version"] > 0
    bad = d.parkd.staff("/v1/admin/rules", {"colours": {"frozen_days": [3, 2, 1, 0]}}, "PUT")
    assert bad.status in (400, 422) and "/colours/frozen_days" in bad.text()


def check_freezing(d):
    assert d.parkd.staff("/v1/admin/months/2026-12/freeze", {}, "POST").status == 409
    assert d.parkd.staff("/v1/admin/months/2027-12").status == 404
    frozen = d.parkd.staff("/v1/admin/months/2026-11/freeze", {}, "POST")
    assert frozen.status == 200, frozen
    assert d.parkd.staff("/v1/admin/months/2026-11/freeze", {}, "POST").status == 409
    first = d.parkd.staff("/v1/admin/months/2026-11").json()
    assert first["frozen"] and first["verified"] and len(first["digest"]) == 64, first
    assert len(first["lots"]) == 5 and first["inputs"]["rules"]["colours"]["frozen_days"] == [None, None, None, 1]
    d.parkd.staff("/v1/admin/rules", {"grades": [99, 98, 97]}, "PUT")
    objection = d.parkd.staff(f"/v1/operator/lots/{STILL}/objections", {"from": "2026-11-30", "why": "当日停业"})
    assert objection.status == 201, objection
    ident = objection.json()["id"]
    for body in ({"decision": "maybe", "why": "x"}, {"why": "x"}, {"decision": "accepted"}):
        assert d.parkd.staff(f"/v1/admin/objections/{ident}", body, "PUT").status in (400, 422)
    decided = {"decision": "accepted", "why": "属实"}
    assert d.parkd.staff(f"/v1/admin/objections/{ident}", decided, "PUT").status == 200
    assert d.parkd.staff(f"/v1/admin/objections/{ident}", decided, "PUT").status == 409
    later = wait_for(lambda: (one := d.parkd.staff("/v1/admin/months/2026-11").json())["addenda"] and one, 10,
                     "the addendum")
    assert [one["id"] for one in later["addenda"]] == [ident]
    assert {key: value for key, value in later.items() if key != "addenda"} == \
        {key: value for key, value in first.items() if key != "addenda"}
    table = d.parkd.staff("/v1/admin/months/2026-11?format=csv")
    rows = table.body.decode("utf-8-sig").splitlines()
    assert len(rows) == 7 and rows[0].startswith("编号,名称") and "attachment" in table.headers["Content-Disposition"]
    book = zipfile.ZipFile(io.BytesIO(d.parkd.staff("/v1/admin/months/2026-11?format=xlsx").body))
    text = "".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))
    assert STILL in text and "等级" in text
    assert d.parkd.staff("/v1/admin/months/2026-11?format=pdf").status in (400, 422)


def test_a_day_and_its_month(november):
    check_frozen(november)
    check_records(november)
    check_one_lot(november)
    check_month(november)
    check_freezing(november)


def test_windows_are_not_held_against_a_lot(keep, folder):
    """Announced silence counts nowhere; a new leader makes up for the days that lack."""
    clock = Clock(ms("2026-11-29T22:00:00+00:00"), RATE, 1500)
    d = District(keep, folder, clock, [lot("quiet"), lot(STILL)])
    window = {"from": "2026-11-30T00:00:00Z", "to": "2026-11-30T15:00:00Z", "why": "道闸检修"}
    assert d.parkd.staff("/v1/operator/lots/quiet/windows", window).status == 201
    for bad in ({"to": "2026-11-29T00:00:00Z"}, {"from": "soon"}, {"to": "2026-12-30T00:00:00Z"},
                {"why": None}, {"x": 1}):
        answer = d.parkd.staff("/v1/operator/lots/quiet/windows", window | bad)
        assert answer.status in (400, 422), (bad, answer)
    d.tell()
    d.made("20261130")
    records = d.quality("2026-11-30")
    assert records["quiet"]["samples"][16:46] == "w" * 30, records["quiet"]
    assert records[STILL]["samples"][16:46] == "n" * 30, records[STILL]
    assert records[STILL]["colour"] == "red" and records[STILL]["offline_hours"] > records["quiet"]["offline_hours"]
    d.parkd.redis("DEL", "parkd:rows:quality:20261130")
    d.parkd.kill()
    d.parkd.start()
    wait_for(lambda: d.quality("2026-11-30").get("quiet"), 30, lambda: f"the day to be made up for: {d.parkd.log()}")
    assert d.quality("2026-11-30")["quiet"]["samples"][16:46] == "w" * 30


def test_corrections(keep, folder):
    """A count by hand shifts what is told until its time has passed, beside the reported number."""
    clock = Clock(ms("2026-11-30T02:00:00+00:00"), 60, 1500)
    d = District(keep, folder, clock, [lot("hall"), lot("yard")], 10_000).start()
    wait_for(lambda: d.parkd.lot("hall")["free"] == 100, what="a first number")
    until = iso(clock.now_ms() + 600_000)
    answer = d.parkd.staff("/v1/admin/lots/hall/corrections", {"free": 80, "why": "现场清点", "until": until})
    assert answer.status == 201, answer
    wait_for(lambda: d.parkd.lot("hall")["free"] == 80, what="the corrected number at once")
    record = d.parkd.store.record("hall")
    assert record.quality == {"manual"} and record.raw_free == 100 and d.parkd.lot("hall")["raw_free"] == 100
    assert "raw_free" not in d.parkd.lot("yard")
    d.free["hall"] = 90
    wait_for(lambda: d.parkd.lot("hall")["free"] == 70, what="the next report, corrected")
    listed = d.parkd.staff("/v1/admin/lots/hall/corrections").json()["corrections"]
    assert [(one["free"], one["reported"], one["offset"], one["by"]) for one in listed] == [(80, 100, -20, "local")]
    wait_for(lambda: d.parkd.lot("hall")["free"] == 90, 30, "the correction to end by itself")
    assert d.parkd.store.record("hall").quality == set()
    again = d.parkd.staff("/v1/admin/lots/hall/corrections",
                          {"free": 50, "why": "x", "until": iso(clock.now_ms() + 3_000_000)}).json()
    wait_for(lambda: d.parkd.lot("hall")["free"] == 50, what="the second correction")
    assert d.parkd.staff(f"/v1/admin/corrections/{again['id']}", method="DELETE").status == 204
    wait_for(lambda: d.parkd.lot("hall")["free"] == 90, what="the number as it is reported")
    assert d.parkd.lot("yard")["free"] == 100
    for bad in ({"free": 201}, {"free": -1}, {"until": "soon"}, {"until": iso(clock.now_ms() - 1000)},
                {"until": iso(clock.now_ms() + 40 * 86_400_000)}, {"why": None}, {"free": None}, {"offset": 3}):
        body = {"free": 80, "why": "x", "until": iso(clock.now_ms() + 600_000)} | bad
        assert d.parkd.staff("/v1/admin/lots/hall/corrections", body).status in (400, 422), bad
    assert d.parkd.staff("/v1/admin/corrections/nothing", method="DELETE").status == 404


def test_hand_counts(keep, folder):
    """Counts on site are compared with the number of that minute; the record knows how many lay off."""
    clock = Clock(ms("2026-11-30T02:00:00+00:00"), 60, 1500)
    d = District(keep, folder, clock, [lot("hall")], 10_000)
    d.free["hall"] = 100
    d.tell()
    wait_for(lambda: d.parkd.lot("hall")["free"] == 100, what="a first number")
    good = d.parkd.staff("/v1/operator/lots/hall/handcounts", {"counted": 106})
    assert good.status == 201 and good.json()["ok"] is True, good
    assert (good.json()["reported"], good.json()["difference"], good.json()["tolerance"]) == (100, 6, 6)
    bad = d.parkd.staff("/v1/operator/lots/hall/handcounts", {"counted": 93, "at": iso(clock.now_ms())}).json()
    assert bad["ok"] is False and bad["difference"] == -7
    early = d.parkd.staff("/v1/operator/lots/hall/handcounts", {"counted": 93, "at": "2026-11-29T01:00:00Z"})
    assert early.status == 409, early
    for body in ({}, {"counted": -1}, {"counted": 1.5}, {"counted": 1, "at": "2027-01-01T00:00:00Z"}):
        assert d.parkd.staff("/v1/operator/lots/hall/handcounts", body).status in (400, 422), body
    assert len(d.parkd.staff("/v1/operator/lots/hall/handcounts").json()["handcounts"]) == 2
    record = wait_for(lambda: (one := d.quality("2026-11-30").get("hall", {})).get("counted") == 2 and one, 60,
                      "today's record to know them")
    assert record["miscounted"] == 1


def operator(d, ident):
    """An operator's account and a key of it."""
    account = {"id": ident, "role": "operator", "name": f"运营单位 {ident}"}
    assert d.parkd.staff(f"/v1/admin/accounts/{ident}", account, "PUT").status in (200, 201)
    made = d.parkd.staff(f"/v1/admin/accounts/{ident}/keys", {"label": "test"})
    assert made.status == 201, made
    return {"Authorization": f"Bearer {made.json()['key']}"}


def test_operators_see_their_own_only(keep, folder):
    """Another's lot is not found, whatever is asked of it; the office's routes are not theirs at all."""
    clock = Clock(ms("2026-11-30T02:00:00+00:00"), 600, 1500)
    d = District(keep, folder, clock, [lot("hall", operator="east"), lot("yard", operator="west")], 1000).start()
    east = operator(d, "east")
    wait_for(lambda: {"hall", "yard"} <= set(d.quality("2026-11-30")), 60, "today's records so far")
    bodies = {"handcounts": {"counted": 100}, "objections": {"from": "2026-11-29", "why": "x"},
              "windows": {"from": iso(clock.now_ms() + 3_600_000), "to": iso(clock.now_ms() + 7_200_000),
                          "why": "检修"}}
    for part in ("quality", *bodies):
        assert d.parkd.get(f"/v1/operator/lots/hall/{part}", headers=east).status == 200, part
        assert d.parkd.get(f"/v1/operator/lots/hall/{part}").status == 401, part
        for other in ("yard", "nobody"):
            assert d.parkd.get(f"/v1/operator/lots/{other}/{part}", headers=east).status == 404, part
    for part, body in bodies.items():
        assert d.parkd.post(f"/v1/operator/lots/yard/{part}", body, headers=east).status == 404, part
        assert d.parkd.post(f"/v1/operator/lots/hall/{part}", body, headers=east).status == 201, part
    late = bodies["windows"] | {"from": iso(clock.now_ms() - 3_600_000)}
    assert d.parkd.post("/v1/operator/lots/hall/windows", late, headers=east).status in (400, 422)
    assert d.parkd.staff("/v1/operator/lots/hall/windows", late).status == 201      # the office may, afterwards
    own = d.parkd.get("/v1/operator/month/2026-11", headers=east)
    assert [one["lot"] for one in own.json()["lots"]] == ["hall"] and "inputs" not in own.json(), own
    assert [one["operator"] for one in own.json()["operators"]] == ["east"]
    table = d.parkd.get("/v1/operator/month/2026-11?format=csv", headers=east)
    assert b"hall" in table.body and b"yard" not in table.body
    both = d.parkd.staff("/v1/admin/months/2026-11").json()
    assert [one["operator"] for one in both["operators"]] == ["east", "west"]
    for path in ("quality", "rules", "objections", "months/2026-11", "lots/hall/corrections"):
        assert d.parkd.get(f"/v1/admin/{path}", headers=east).status in (401, 403, 404), path


def test_sums_are_reconciled(keep, folder):
    """The cars against the counts, and what a platform said to the day's statement."""
    clock = Clock(ms("2026-11-30T14:30:00+00:00"), RATE, 1500)
    d = District(keep, folder, clock, [lot(one) for one in ("agrees", "misses", "told-bad", "told-good")]).start()
    d.parkd.put("sinks", {"id": "city", "dialect": "native", "url": "http://127.0.0.1:9/", "enabled": False})
    wait_for(lambda: len(d.parkd.store.records()) == 4, what="first numbers")
    for ident, cars_in, cars_out in (("agrees", 30, 24), ("misses", 30, 23)):     # 100 stay 100: 6 cars may be missing
        key = f"{d.parkd.store.tag_of(ident)}:cars:20261130"
        d.parkd.redis("HSET", key, f"{ident}:in", cars_in, f"{ident}:out", cars_out)
    for ident, word in (("told-bad", "20261130 unbalanced"), ("told-good", "20261130")):
        d.parkd.redis("HSET", f"{d.parkd.store.tag_of(ident)}:told:city", ident, word)
    d.made("20261130")
    records = d.quality("2026-11-30")
    found = {ident: records[ident]["reconciled"] for ident in records}
    assert found == {"agrees": True, "misses": False, "told-bad": False, "told-good": True}
    assert records["misses"]["unreconciled_days"] == 1 and records["misses"]["because"] == "unreconciled_days"
    assert (records["agrees"]["in"], records["agrees"]["out"], records["told-bad"]["in"]) == (30, 24, None)
    # A platform answers late: the day is made once more in the morning.
    d.parkd.redis("HSET", f"{d.parkd.store.tag_of('told-good')}:told:city", "told-good", "20261130 unbalanced")
    wait_for(lambda: d.quality("2026-11-30")["told-good"]["reconciled"] is False, 60, "the late answer to count")
