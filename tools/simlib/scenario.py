# SPDX-License-Identifier: MIT
"""The scenario file: which lots there are, in which feeds, with which keys; and a maker of new ones.

{"port": 0, "push_url": "http://127.0.0.1:8080", "defaults": {feed settings},
 "keys": {dialect: {parameters}}, "feeds": {id: {"dialect": ..., settings and parameters}},
 "lots": [{"id", "foreign_id", "feed", "dialect", "total", "open", "kind", "seed", "silent", "column", ...}]}
A lot without "feed" belongs to the feed named like its dialect. Unknown members are errors: a slip shows.
"""
import json

from . import crypto, day, dialects, lots

TOP = {"port", "push_url", "defaults", "keys", "feeds", "lots", "comment"}
LOT = {"id", "foreign_id", "name", "feed", "dialect", "total", "open", "kind", "seed", "silent", "column",
       "model", "counts", "permit", "classes", "zones"}
SETTINGS = {"push_interval_ms": 1000, "heartbeat_ms": 30_000, "on_change": False, "tick_ms": 100, "lanes": 1,
            "retry_ms": 200, "retry_max_ms": 5000, "timeout_ms": 10_000, "ca_file": None, "push_url": None}
PARAMS = {"key", "secret", "api_key", "app_key", "app_secret", "app_id", "cid", "usr", "psw", "sign_key",
          "access_id", "private_key", "public_key", "path", "batch", "style", "string_answers",
          "token_ttl_ms", "check_time"}
ALIASES = {"generic-json": "generic"}


class Feed:
    """One sender or one account to be polled: its dialect, its settings, its lots."""

    def __init__(self, ident, dialect, fields, clock):
        self.id, self.dialect = ident, ALIASES.get(dialect, dialect)
        if self.dialect not in dialects.ALL:
            raise ValueError(f"feed {ident}: no dialect {dialect}; there are {', '.join(dialects.ALL)}")
        params = PARAMS | set(dialects.ALL[self.dialect].params_more)
        unknown = fields.keys() - SETTINGS.keys() - params - {"dialect"}
        if unknown:
            raise ValueError(f"feed {ident}: unknown {sorted(unknown)}")
        settings = SETTINGS | {k: v for k, v in fields.items() if k in SETTINGS}
        self.settings = settings
        self.params = {k: v for k, v in fields.items() if k in params}
        missing = dialects.ALL[self.dialect].keys.keys() - self.params.keys()
        if missing and not (self.dialect == "native" and "secret" in self.params) and missing != {"api_key"}:
            raise ValueError(f"feed {ident}: {sorted(missing)} missing")
        self.lots, self._by_foreign = [], {}
        self.speaker = dialects.ALL[self.dialect](self, clock)
        self.polled = self.dialect in dialects.POLLED

    def add(self, lot):
        self.lots.append(lot)
        if self._by_foreign.setdefault(lot.foreign, lot) is not lot:
            raise ValueError(f"feed {self.id}: {lot.foreign} is there twice")

    def of_foreign(self, foreign):
        return self._by_foreign.get(foreign)


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def build(scenario, clock):
    """(feeds by id, lots by id). ValueError names what is wrong."""
    unknown = scenario.keys() - TOP
    if unknown:
        raise ValueError(f"scenario: unknown {sorted(unknown)}")
    feeds, made = {}, {}
    for spec in scenario.get("lots", []):
        if spec.keys() - LOT:
            raise ValueError(f"lot {spec.get('id')}: unknown {sorted(spec.keys() - LOT)}")
        if spec["id"] in made:
            raise ValueError(f"lot {spec['id']} is there twice")
        if spec.get("kind", "mall") not in day.KINDS or spec.get("model", "day") not in lots.MODELS:
            raise ValueError(f"lot {spec['id']}: kinds are {day.KINDS}, models {lots.MODELS}")
        feed = _feed_of(scenario, feeds, spec, clock)
        made[spec["id"]] = lots.Lot(spec, feed)
        feed.add(made[spec["id"]])
    return feeds, made


def _feed_of(scenario, feeds, spec, clock):
    given = scenario.get("feeds", {})
    ident = spec.get("feed") or spec.get("dialect")
    if ident is None:
        raise ValueError(f"lot {spec['id']}: feed or dialect missing")
    if ident not in feeds:
        fields = given.get(ident, {})
        dialect = fields.get("dialect") or spec.get("dialect") or ident
        keys = scenario.get("keys", {})
        shared = keys.get(dialect) or keys.get(ALIASES.get(dialect, dialect), {})
        feeds[ident] = Feed(ident, dialect, scenario.get("defaults", {}) | shared | fields, clock)
    return feeds[ident]


def new_keys(dialect):
    """Fresh parameters for a feed of that dialect."""
    made = {name: make() for name, make in dialects.ALL[dialect].keys.items()}
    return made | dialects.ALL[dialect].pair(made)


def emit(count, connected, names, columns=None):
    """A scenario of `count` lots, the first `connected` of them speaking, over the dialects in turn.

    columns: [(column, declared capacity or None)] of a replay, one lot each, instead of invented ones.
    """
    names = [ALIASES.get(name, name) for name in names]
    made = []
    for at in range(len(columns) if columns else count):
        total = columns[at][1] if columns else 60 + int(day.mix(at + 1) * 540)
        lot = {"id": f"LOT-{at + 1:03d}", "foreign_id": f"F{1000 + at}", "dialect": names[at % len(names)],
               "total": total, "open": total if total is None or columns else total - total // 20,
               "kind": day.KINDS[at % len(day.KINDS)], "seed": at + 1, "silent": at >= connected}
        made.append(lot | ({"column": columns[at][0]} if columns else {}))
    return {"port": 0, "push_url": "http://127.0.0.1:8080", "defaults": {"push_interval_ms": 1000},
            "keys": {name: new_keys(name) for name in sorted(set(names))}, "feeds": {}, "lots": made}
