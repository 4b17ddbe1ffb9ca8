# SPDX-License-Identifier: MIT
"""parkctl: registrations and status from the command line, with exit statuses that scripts can trust."""
import json
import pathlib

import pytest

from harness.parkd import PARKCTL, run
from harness.wait import wait_for
from harness.world import sha256

LOT = {"id": "A", "name": "甲停车场", "total": 100, "stage": "connected", "feed": "f", "foreign_id": "F-A"}
FEED = {"id": "f", "dialect": "native", "mode": "push", "auth": {"bearer": "a-key"}}
SINK = {"id": "s", "dialect": "native", "url": "https://127.0.0.1:9/x", "secret": "whsec_" + "QUJD" * 8}


def good(done):
    assert done.returncode == 0, done.stderr
    return done.stdout


def put(parkd, noun, document):
    return good(parkd.ctl(noun, "put", "-", stdin=json.dumps(document, ensure_ascii=False)))


def test_put_list_show_remove(parkd):
    assert good(parkd.ctl("lots", "list")) == ""
    assert "A" in put(parkd, "lots", LOT) and "f" in put(parkd, "feeds", FEED) and "s" in put(parkd, "sinks",
                                                                                              SINK)
    listed = {noun: good(parkd.ctl(noun, "list")) for noun in ("lots", "feeds", "sinks")}
    assert listed["lots"].split()[:3] == ["A", "connected", "f"] and "甲停车场" in listed["lots"]
    assert listed["feeds"].split()[:2] == ["f", "native"] and "https://127.0.0.1:9/x" in listed["sinks"]
    shown = json.loads(good(parkd.ctl("lots", "show", "A")))
    assert shown == LOT
    assert json.loads(good(parkd.ctl("--json", "lots", "list")))["count"] == 1
    for noun, ident in (("lots", "A"), ("feeds", "f"), ("sinks", "s")):
        good(parkd.ctl(noun, "remove", ident))
        assert good(parkd.ctl(noun, "list")) == ""
        gone = parkd.ctl(noun, "show", ident)
        assert gone.returncode == 4 and gone.stderr
        assert parkd.ctl(noun, "remove", ident).returncode == 4


def test_key_never_leaves_in_clear_and_works(parkd):
    put(parkd, "feeds", FEED)
    put(parkd, "lots", LOT)
    stored = parkd.store.redis.hash("parkd:feeds")["f"]
    assert "a-key" not in stored and sha256("a-key") in stored
    assert "a-key" not in parkd.log_text()
    answer = parkd.post("/v1/ingest/f", {"lot": "A", "free": 5}, headers={"Authorization": "Bearer a-key"})
    assert answer.status == 200, answer


def test_secrets_are_masked(parkd):
    put(parkd, "sinks", SINK)
    for done in (parkd.ctl("sinks", "show", "s"), parkd.ctl("--json", "sinks", "list"),
                 parkd.ctl("--json", "status")):
        assert "QUJDQUJD" not in good(done)
    held = parkd.store.redis.hash("parkd:sinks")["s"]
    masked = good(parkd.ctl("sinks", "show", "s"))
    again = parkd.ctl("sinks", "put", "-", stdin=masked)
    assert again.returncode == 1                         # a mask must not become the secret
    assert parkd.store.redis.hash("parkd:sinks")["s"] == held and "QUJDQUJD" not in held


@pytest.mark.parametrize("noun, document, words", [
    ("lots", {"id": "A"}, ["/name"]), ("lots", {"id": "A b", "name": "x"}, ["/id"]),
    ("lots", LOT | {"totl": 3}, ["/totl", "total"]), ("lots", LOT | {"total": -1}, ["/total"]),
    ("lots", LOT | {"open": 200}, ["/open"]), ("lots", LOT | {"stage": "here"}, ["/stage"]),
    ("lots", LOT | {"location": {"lng": 118, "lat": 36}}, ["/location/datum"]),
    ("feeds", FEED | {"dialect": "klingon"}, ["/dialect", "klingon"]),
    ("feeds", {"id": "f", "dialect": "generic", "mode": "poll", "url": "ftp://x/", "params": {}}, ["/url"]),
    ("feeds", {"id": "f", "dialect": "keytop", "mode": "poll", "url": "http://127.0.0.1:9"}, ["/params"]),
    ("feeds", {"id": "f", "dialect": "hikvision", "mode": "push"}, ["/dialect"]),
    ("feeds", FEED | {"interval_ms": 10}, ["/interval_ms"]),
    ("feeds", FEED | {"auth": {"bearer_sha256": ["00"]}}, ["/auth"]),
    ("sinks", SINK | {"dialect": "generic"}, ["/dialect"]), ("sinks", SINK | {"batch": 0}, ["/batch"]),
    ("sinks", SINK | {"secret": "whsec_@"}, ["/secret"]), ("sinks", SINK | {"url": "nowhere"}, ["/url"])])
def test_wrong_registrations_are_refused_with_a_pointer(parkd, noun, document, words):
    done = parkd.ctl(noun, "put", "-", stdin=json.dumps(document))
    assert done.returncode == 1
    for word in words:
        assert word in done.stderr, done.stderr
    assert good(parkd.ctl(noun, "list")) == ""


def test_put_of_files_and_lists(parkd, folder):
    path = folder / "district.json"
    path.write_text(json.dumps({"lots": [LOT, LOT | {"id": "B", "foreign_id": "F-B"}], "feeds": [FEED],
                                "sinks": []}))
    for noun in ("feeds", "lots"):
        good(parkd.ctl(noun, "put", path))
    assert sorted(parkd.lots()) == ["A", "B"]
    listed = folder / "list.json"
    listed.write_text(json.dumps([LOT | {"name": "new"}]))
    good(parkd.ctl("lots", "put", listed))
    assert parkd.lot("A")["name"] == "new"
    clash = parkd.ctl("lots", "put", "-", stdin=json.dumps(LOT | {"id": "C"}))
    assert clash.returncode == 1 and "B" not in clash.stdout and "/foreign_id" in clash.stderr
    for bad in ("{", "[17]", "null"):
        assert parkd.ctl("lots", "put", "-", stdin=bad).returncode in (1, 2)
    assert parkd.ctl("lots", "put", folder / "not-there.json").returncode == 1


def test_status_and_actions(parkd):
    put(parkd, "feeds", {"id": "p", "dialect": "generic", "mode": "poll", "url": "http://127.0.0.1:9/x",
                         "params": {"mapping": {"format": "json", "items": "/list", "lot": "/id",
                                                "free": "/free"}},
                         "interval_ms": 200})
    put(parkd, "sinks", SINK)
    wait_for(lambda: parkd.feed("p")["state"] == "bad")
    text = good(parkd.ctl("status"))
    assert "feed  p" in text and "bad" in text and "sink  s" in text and "store" in text and "up" in text
    assert json.loads(good(parkd.ctl("--json", "status")))["process"]["pid"] == parkd.process.pid
    good(parkd.ctl("feeds", "poll", "p"))
    good(parkd.ctl("sinks", "resume", "s"))
    assert parkd.ctl("feeds", "poll", "none").returncode == 4
    assert parkd.ctl("sinks", "resume", "none").returncode == 4


def test_usage(parkd):
    for wrong in (["nonsense"], ["lots"], ["lots", "nonsense"], ["lots", "show"], ["--nonsense"], []):
        done = parkd.ctl(*wrong)
        assert done.returncode == 2 and done.stderr, (wrong, done)
    assert run("--help", program=PARKCTL).returncode == 0
    assert run("--version", program=PARKCTL).stdout.startswith("parkctl ")


def test_unreachable(parkd, folder):
    gone = run("--state", folder / "nowhere", "status", program=PARKCTL)
    assert gone.returncode == 3 and "nowhere" in gone.stderr
    for url in ("http://127.0.0.1:9", f"unix:{folder}/no.sock"):
        done = run("--staff", url, "status", program=PARKCTL)
        assert done.returncode == 3 and done.stderr
    assert run("--staff", parkd.run["staff"], "status", program=PARKCTL).returncode == 0


def test_example_district_is_accepted(parkd):
    path = pathlib.Path(__file__).resolve().parents[2] / "deploy/district.example.json"
    district = json.loads(path.read_text())
    good(parkd.ctl("lots", "put", path))
    assert len(parkd.get("/v1/lots?limit=1000").json()["lots"]) == len(district["lots"]) == 44
    assert len(good(parkd.ctl("lots", "list")).splitlines()) == 44
