# SPDX-License-Identifier: MIT
"""A platform that wants lots registered before their counts, a login before everything, and a statement of
each day: a toy protocol of this test's own, and a platform of a few lines that checks the order of things."""
import datetime
import json
import shutil
import threading

import pytest

from harness.vendor import Vendor
from harness.wait import wait_for
from harness.world import Clock, World, sha256

KEY = "a-key"
HOUR_MS = 3600 * 1000
TOYTOWN = """
-- Toytown, for a test. Source: the test.
local function post(ctx, path, body, items)
  body.token = ctx.state.token
  return { url = ctx.url .. path, body = json.encode(body), items = items }
end

local function each(ctx, path, items, make)
  if not ctx.state.token then
    return { first = post(ctx, "/login", { user = ctx.params.user }) }
  end
  local list, told = {}, {}
  for i, item in ipairs(items) do
    local one = make(item)
    if one then
      list[#list + 1], told[#told + 1] = one, i
    end
  end
  return #list > 0 and { post(ctx, path, { list = json.array(list) }, told) } or {}
end

return {
  name = "toytown", interface = "1.2", params = { user = "string" },
  register = function(ctx, items)
    return each(ctx, "/register", items, function(item)
      return { lot = item.lot, name = item.name, version = item.version, new = not item.filed }
    end)
  end,
  push = function(ctx, items)
    return each(ctx, "/count", items, function(item)
      return item.free and { code = item.code, free = item.free, seq = item.seq }
    end)
  end,
  day = function(ctx, items, date)
    return each(ctx, "/day", items, function(item)
      return item.cars_in
        and { code = item.code, date = date, cars_in = item.cars_in, cars_out = item.cars_out }
    end)
  end,
  check = function(ctx, request, response)
    local answer = json.decode(response.body)
    if answer.code == "token" then
      ctx.state.token = nil
      return "retry", "the token was refused"
    elseif request.part == "first" then
      ctx.state.token = answer.token
    end
    local each, codes, unbalanced = {}, {}, {}
    for i, word in ipairs(answer.results or {}) do
      if word == "refused" then each[i], answer.code = "reject", "no such point" end
      codes[i] = answer.codes and answer.codes[i] ~= "" and answer.codes[i] or nil
      unbalanced[i] = word == "unbalanced"
    end
    return { all = "ok", each = each, codes = codes,
             unbalanced = unbalanced, clock = answer.time, message = answer.code }
  end,
}
"""


class Toytown(Vendor):
    """Keeps what it was told, and every breach of its rules in `breaches`."""

    def __init__(self, now_ms=None):
        self.registered, self.counts, self.days, self.breaches = {}, {}, [], []
        self.refused, self.unbalanced = set(), set()
        self.logins, self.token, self.uses, self.uses_left = 0, None, None, None
        self.now_ms, self.ahead_ms = now_ms, 0
        self.hold = threading.Event()           # cleared: answers to registrations wait
        self.hold.set()
        self.held_one = threading.Event()
        super().__init__(self.take)

    def expire(self, uses=None):
        """The present token is worth nothing; others are good for so many requests."""
        with self.lock:
            self.token, self.uses = None, uses

    def take(self, asked):
        body = json.loads(asked.body)
        if asked.path == "/login":
            self.logins += 1
            self.token, self.uses_left = f"token-{self.logins}", self.uses
            return 200, {"code": "ok", "token": self.token}
        if body["token"] != self.token or self.uses_left == 0:
            self.token = None
            return 200, {"code": "token"}
        self.uses_left = self.uses_left and self.uses_left - 1
        answer = {"code": "ok"} | getattr(self, "on_" + asked.path[1:])(body["list"])
        if self.now_ms:
            answer["time"] = self.now_ms() + self.ahead_ms
        return 200, answer

    def on_register(self, items):
        results, codes = [], []
        for one in items:
            if one["lot"] in self.refused:
                results.append("refused")
                codes.append("")
                continue
            code = f"T-{len(self.registered) + 1}"
            lot = self.registered.setdefault(one["lot"], {"code": code, "told": []})
            lot["told"].append(one)
            results.append("ok")
            codes.append(lot["code"])
        if not self.hold.is_set():
            self.held_one.set()
            self.hold.wait(15)
        return {"results": results, "codes": codes}

    def on_count(self, items):
        for one in items:
            lot = self.lot_of(one["code"])
            if lot and self.counts.get(lot, {"seq": 0})["seq"] > one["seq"]:
                self.breaches.append(f"{lot}: seq went back")
            self.counts[lot] = one
        return {}

    def on_day(self, items):
        lots = [self.lot_of(one["code"]) for one in items]
        now = self.now_ms and self.now_ms()
        self.days += [{**one, "lot": lot, "at_ms": now} for one, lot in zip(items, lots)]
        return {"results": ["unbalanced" if lot in self.unbalanced else "ok" for lot in lots]}

    def lot_of(self, code):
        lot = next((name for name, one in self.registered.items() if one["code"] == code), None)
        if not lot:
            self.breaches.append(f"{code} is not registered")
        return lot

    def free(self, lot):
        return self.counts.get(lot, {}).get("free")

    def times(self, lot):
        """How often the lot was registered."""
        return len(self.registered[lot]["told"]) if lot in self.registered else 0


@pytest.fixture
def toytown(keep):
    town = keep(Toytown())
    yield town
    town.hold.set()
    assert not town.breaches


def start(world, town, count=4):
    """Lots of a native feed, and a sink at that platform."""
    (dialects := world.folder / "dialects").mkdir(exist_ok=True)
    (dialects / "toytown.lua").write_text(TOYTOWN)
    world.feeds = [{"id": "f", "dialect": "native", "mode": "push", "auth": {"bearer_sha256": [sha256(KEY)]}}]
    world.lots = [{"id": f"f-{at + 1}", "name": f"停车场 {at + 1}", "feed": "f", "foreign_id": f"X{at + 1}",
                   "stage": "connected", "total": 100} for at in range(count)]
    world.sinks = [{"id": "city", "dialect": "toytown", "url": town.url, "params": {"user": "parkd"},
                    "refresh_s": 0, "heartbeat_s": 0, "min_interval_ms": 20, "timeout_ms": 20000}]
    world.start_parkd({"dialects": {"folders": [str(dialects)]}})
    return [lot["id"] for lot in world.lots]


def say(world, body):
    answer = world.parkd.post("/v1/ingest/f", {"items": body}, headers={"Authorization": f"Bearer {KEY}"})
    assert answer.status == 200 and answer.json()["accepted"] == len(body), answer


def change(world, lots, base):
    say(world, [{"lot": f"X{lot[2:]}", "free": base + at} for at, lot in enumerate(lots)])


def level(world, town, lots, base):
    wait_for(lambda: all(town.free(lot) == base + at for at, lot in enumerate(lots)),
             what=lambda: f"the platform to be level: {town.counts} {world.parkd.sink()}")


def filed(parkd):
    """lot → version and code of the registration that the sink acknowledged, as Redis has them."""
    found = {}
    for number in range(parkd.store.partitions()):
        found |= parkd.redis.hash(f"{parkd.store.tag(number)}:filed:city")
    return {lot: (int(text.split(" ")[0]), text.partition(" ")[2]) for lot, text in found.items()}


def test_lots_are_registered_before_their_counts(world, toytown):
    lots = start(world, toytown)
    change(world, lots, 10)
    level(world, toytown, lots, 10)
    assert [toytown.times(lot) for lot in lots] == [1, 1, 1, 1] and toytown.logins == 1
    assert all(toytown.registered[lot]["told"][0]["new"] for lot in lots)
    wait_for(lambda: set(filed(world.parkd)) == set(lots), what="what was registered in Redis")
    for lot, (version, code) in filed(world.parkd).items():
        assert code == toytown.registered[lot]["code"]
        assert version == toytown.registered[lot]["told"][0]["version"]
    sink = world.parkd.sink()
    assert sink["registrations"] == {"open": 0, "held": [], "waits_until": None}
    assert sink["clock_off_ms"] is None and sink["state"] == "idle"
    assert world.parkd.metrics()['parkd_sink_unregistered_lots{sink="city"}'] == 0


def test_a_changed_registration_is_told_again(world, toytown):
    lots = start(world, toytown)
    change(world, lots, 10)
    level(world, toytown, lots, 10)
    world.parkd.put("lots", world.lots[1] | {"name": "新名字"})
    wait_for(lambda: toytown.times(lots[1]) == 2, what="the change to be told")
    told = toytown.registered[lots[1]]["told"][1]
    assert told["name"] == "新名字" and not told["new"]
    change(world, lots, 20)
    level(world, toytown, lots, 20)
    assert [toytown.times(lot) for lot in lots] == [1, 2, 1, 1]


def test_killed_between_registration_and_acknowledgement(world, toytown):
    toytown.hold.clear()
    lots = start(world, toytown)
    change(world, lots, 10)
    assert toytown.held_one.wait(30)             # the platform has it, parkd does not know yet
    world.parkd.kill()
    toytown.hold.set()
    world.parkd.start()
    level(world, toytown, lots, 10)
    assert all(toytown.times(lot) in (1, 2) for lot in lots) and not toytown.breaches
    wait_for(lambda: set(filed(world.parkd)) == set(lots), what="what was registered in Redis")
    before = [toytown.times(lot) for lot in lots]
    world.parkd.kill()                           # and once more, when all of it is known
    world.parkd.start()
    change(world, lots, 30)
    level(world, toytown, lots, 30)
    assert [toytown.times(lot) for lot in lots] == before


def test_platform_away_registers_nothing_twice(world, toytown):
    lots = start(world, toytown)
    change(world, lots, 10)
    level(world, toytown, lots, 10)
    answer = toytown.answer
    toytown.answer = lambda asked: (503, {})
    change(world, lots, 20)
    world.parkd.put("lots", world.lots[0] | {"name": "meanwhile"})
    wait_for(lambda: world.parkd.sink()["failures"] >= 1, what="the failure to be seen")
    toytown.answer = answer
    level(world, toytown, lots, 20)
    wait_for(lambda: toytown.times(lots[0]) == 2, what="the changed one")
    assert [toytown.times(lot) for lot in lots] == [2, 1, 1, 1]


def test_a_refused_lot_does_not_stop_the_others(world, toytown):
    toytown.refused.add("f-2")
    lots = start(world, toytown)
    rest = [lot for lot in lots if lot != "f-2"]
    change(world, lots, 10)
    wait_for(lambda: [toytown.free(lot) for lot in rest] == [10, 12, 13], what="the others")
    held = wait_for(lambda: world.parkd.sink()["registrations"]["held"], what="the refusal in the status")
    assert [one["lot"] for one in held] == ["f-2"] and held[0]["tries"] == 1 and held[0]["next"]
    assert toytown.free("f-2") is None and world.parkd.sink()["state"] == "idle"
    assert "f-2" in world.parkd.ctl("status").stdout
    world.parkd.kill()
    world.parkd.start()                          # it is known after a restart
    change(world, lots, 20)
    wait_for(lambda: [toytown.free(lot) for lot in rest] == [20, 22, 23], what="the others again")
    held = wait_for(lambda: world.parkd.sink()["registrations"]["held"], what="the refusal to be known")
    assert held[0]["tries"] == 1
    toytown.refused.clear()
    assert world.parkd.staff("/v1/admin/sinks/city/resume", {}).status == 202
    level(world, toytown, lots, 20)
    assert world.parkd.sink()["registrations"]["held"] == []


def test_tokens_expire(world, toytown):
    lots = start(world, toytown)
    change(world, lots, 10)
    level(world, toytown, lots, 10)
    toytown.expire(uses=2)
    for base in (20, 30, 40):
        change(world, lots, base)
        level(world, toytown, lots, base)
    assert toytown.logins >= 2
    assert [toytown.times(lot) for lot in lots] == [1, 1, 1, 1]


def test_after_the_loss_of_the_store_everything_is_registered_again(world, toytown):
    lots = start(world, toytown)
    change(world, lots, 10)
    level(world, toytown, lots, 10)
    world.parkd.end()
    shutil.rmtree(world.parkd.state)
    world.parkd.start()
    wait_for(lambda: [toytown.times(lot) for lot in lots] == [2, 2, 2, 2], what="registrations")
    assert all(toytown.registered[lot]["told"][1]["new"] for lot in lots)
    change(world, lots, 20)
    level(world, toytown, lots, 20)


def test_a_platform_whose_clock_is_off_is_named(world, toytown):
    now = lambda: int(datetime.datetime.now().timestamp() * 1000)  # noqa: E731
    toytown.now_ms, toytown.ahead_ms = now, 90_000
    lots = start(world, toytown)
    change(world, lots, 10)
    level(world, toytown, lots, 10)
    wait_for(lambda: (world.parkd.sink()["clock_off_ms"] or 0) > 60_000, what="the difference")
    assert world.parkd.metrics()['parkd_sink_clock_offset_seconds{sink="city"}'] > 60
    toytown.ahead_ms = 0
    change(world, lots, 20)
    level(world, toytown, lots, 20)
    wait_for(lambda: world.parkd.sink()["clock_off_ms"] < 30_000, what="the clocks to agree")
    lines = [line for line in world.parkd.log_text().splitlines() if "clock_off_s" in line]
    assert len(lines) == 2 and "disagree" in lines[0] and "agree again" in lines[1]


def test_the_day_is_told_after_midnight_by_whoever_is_there(keep, folder):
    """Entries and exits of a day, counted in Redis; parkd is killed before midnight and back after it."""
    midnight = 1795449600_000                    # 2026-11-24 00:00 in Beijing
    world = World(keep, folder, Clock(midnight - 2 * HOUR_MS, 1))
    town = keep(Toytown(world.clock.now_ms))
    town.unbalanced.add("f-2")
    lots = start(world, town, 3)
    change(world, lots, 50)
    level(world, town, lots, 50)
    for items in ([{"lot": "X1", "in": 3}, {"lot": "X2", "in": 1}], [{"lot": "X1", "out": 1}],
                  [{"lot": "X1", "in": 1}]):
        say(world, items)
    world.parkd.kill()
    clock = Clock(midnight + 19 * 60_000, 20)
    town.now_ms = clock.now_ms
    world.parkd.conf["test"] = clock.conf()
    world.parkd.write_conf()
    world.parkd.start()
    wait_for(lambda: len(town.days) >= 2, what=lambda: f"the statement {world.parkd.sink()}")
    told = {one["lot"]: (one["date"], one["cars_in"], one["cars_out"]) for one in town.days}
    assert told == {"f-1": ("2026-11-23", 4, 1), "f-2": ("2026-11-23", 1, 0)}   # of f-3 nothing is known
    assert min(one["at_ms"] for one in town.days) >= midnight + 20 * 60_000
    day = wait_for(lambda: (day := world.parkd.sink()["day"]) and day["date"] is None and day, what="its end")
    assert day["unbalanced"] == [{"lot": "f-2", "date": "2026-11-23"}]
    assert day["missed"] == [] and day["open"] == 0
    assert "f-2" in world.parkd.ctl("status").stdout
    world.parkd.kill()                           # it is told once
    world.parkd.start()
    say(world, [{"lot": "X1", "free": 9}])
    wait_for(lambda: town.free("f-1") == 9, what="it to be at work")
    assert len(town.days) == 2 and not town.breaches
    assert world.parkd.sink()["day"]["unbalanced"] == [{"lot": "f-2", "date": "2026-11-23"}]
