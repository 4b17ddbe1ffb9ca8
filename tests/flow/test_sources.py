# SPDX-License-Identifier: MIT
"""tests/sources/compare: every mapping against the real message and its answer where the data are there (PARKD_DATA), and on invented
data that it tells what is different, what is not, and what was listed for nothing."""
import json
import os
import pathlib
import re
import subprocess

import pytest
from harness.parkd import PARKCTL

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMPARE = ROOT / "tests/sources/compare"
MAPPINGS = ROOT / "tests/data/mappings"
DATA = pathlib.Path(os.environ.get("PARKD_DATA") or ROOT.parent / "shared/data")

LIVE = {"body": "made/live.json", "expected": ["expected/made.json"], "about": "invented",
        "params": {"mapping": {"items": "/lots", "lot": "/id", "total": "/all", "occupied": "/cars", "time": "/at",
                               "point": {"lat": "/y", "lng": "/x"}}}}
MESSAGE = {"lots": [{"id": "A", "all": 10, "cars": 4, "at": "2026-03-01T08:00:00+08:00", "x": 120.1, "y": 30.2},
                    {"id": "B", "all": 20, "cars": 25, "at": "2026-03-01T08:00:00.9+08:00", "x": 120.3, "y": 30.4},
                    {"id": "C", "all": 5, "cars": None, "x": 120.3, "y": 30.4}]}
ANSWER = {"items": [{"uid": "A", "realtime_free_capacity": 6, "realtime_capacity": 10, "realtime_data_updated_at": "2026-03-01T00:00:00Z",
                     "lat": "30.2000001", "lon": "120.1"},
                    {"uid": "B", "realtime_free_capacity": 0, "realtime_capacity": 20, "realtime_data_updated_at": "2026-03-01T00:00:00Z",
                     "lat": 30.4, "lon": 120.3}],
          "error_list": [{"uid": "C", "message": "no count"}]}
CLAMPED = {"field": "free", "lots": ["B"], "why": "clamped there"}
REFUSED = {"field": "extra", "lots": "refused", "why": "refused there"}


def compare(data, mappings=None, *args):
    env = {**os.environ, "PARKCTL": str(PARKCTL), "PARKD_DATA": str(data), **({"PARKD_MAPPINGS": str(mappings)} if mappings else {})}
    done = subprocess.run([COMPARE, *args], env=env, capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.fixture
def made(tmp_path):
    """made(source, …) writes the invented data and mappings; what compare makes of them."""
    def run(source, answer=ANSWER, message=MESSAGE):
        for name, doc in (("feeds/made/live.json", message), ("feeds/expected/made.json", answer), ("mappings/made.json", source)):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(doc))
        return compare(tmp_path, tmp_path / "mappings")
    return run


def test_every_source_of_the_data():
    if not (DATA / "feeds/expected").is_dir():
        pytest.skip(f"real feeds are absent: {DATA}/feeds (set PARKD_DATA); test_sources.py::test_every_source_of_the_data")
    code, text = compare(DATA)
    n, exact, mapping, lua = map(int, re.search(r"sources (\d+), exact (\d+), by mapping (\d+), by Lua (\d+)$", text.strip()).groups())
    assert code == 0 and n == exact == mapping + lua, text
    assert mapping >= 0.85 * n


def test_without_the_data_one_line_says_so(tmp_path):
    code, text = compare(tmp_path)
    assert code == 0 and text.count("\n") == 1 and "skipped" in text and str(tmp_path) in text


def test_every_mapping_compiles(tmp_path):
    """What a registration would say of it, without the data."""
    wrong = {}
    for path in sorted(MAPPINGS.glob("*.json")):
        source = json.loads(path.read_text())
        for n, case in enumerate([source] + source.get("datasets", [])):
            if "params" in case and case.get("dialect", "generic") == "generic":
                params = tmp_path / f"{path.stem}-{n}.json"
                params.write_text(json.dumps(case["params"]))
                done = subprocess.run([PARKCTL, "dialect", "check", params], capture_output=True, text=True, timeout=20)
                if done.returncode:
                    wrong[params.stem] = done.stdout + done.stderr
    assert not wrong


def test_listed_differences_make_it_exact(made):
    code, text = made({**LIVE, "differences": [CLAMPED, REFUSED]})
    assert code == 0 and "exact  but free of B: clamped there | extra of C: refused there" in text, text
    assert text.endswith("sources 1, exact 1, by mapping 1, by Lua 0\n")


@pytest.mark.parametrize("listed, words", [
    ([REFUSED], "free of B: -5, expected 0"),
    ([CLAMPED], "extra of C"),
    ([CLAMPED, REFUSED, {"field": "free", "lots": ["A"], "why": "no"}], "listed, but does not differ: free of A"),
    ([{**CLAMPED, "lots": 2}, REFUSED], "listed, but does not differ: free of 2 of them, but 1"),
    ([{**CLAMPED, "by": 5}, REFUSED], "listed, but does not differ: free of B"),
    ([CLAMPED, REFUSED, {"field": "time", "lots": "all", "why": "no"}], "listed, but does not differ: time of all"),
])
def test_what_is_not_listed_or_does_not_occur_is_told(made, listed, words):
    code, text = made({**LIVE, "differences": listed})
    assert code == 1 and "DIFFERENT" in text and words in text, text


@pytest.mark.parametrize("member, value, words", [
    ("realtime_free_capacity", 7, "free of A: 6, expected 7"),
    ("realtime_capacity", None, "total of A: 10, expected None"),
    ("realtime_data_updated_at", "@now", "time of A: 1772323200, expected None"),
    ("realtime_opening_status", "OPEN", "status of A: None, expected 'open'"),
    ("lat", 30.20001, "point of A"),
    ("uid", "Z", "missing of Z"),
])
def test_every_field_is_compared(made, member, value, words):
    answer = {**ANSWER, "items": [{**ANSWER["items"][0], member: value}, ANSWER["items"][1]]}
    code, text = made({**LIVE, "differences": [CLAMPED, REFUSED]}, answer)
    assert code == 1 and words in text, text


def test_a_fault_too_many_is_told(made):
    message = {"lots": [*MESSAGE["lots"], {"id": "D", "cars": "x"}]}
    code, text = made({**LIVE, "differences": [CLAMPED, REFUSED]}, message=message)
    assert code == 1 and "faults, 0 expected; /lots/3/cars" in text, text


def test_a_message_that_should_fail_does(made):
    failing = {"about": "an error in place of lots", "body": "made/live.json", "params": LIVE["params"], "fails": "ERR_PROTOCOL"}
    code, text = made(failing, message={"no": "lots"})
    assert "DIFFERENT" not in text
    assert code == 1 and "expected/made.json: no mapping reads what it answers" in text, text
    assert "ends in no error, not in ERR_PROTOCOL" in made(failing)[1]


def test_a_mapping_that_is_none_is_told_with_its_place(made):
    code, text = made({**LIVE, "params": {"mapping": {"lot": 3}}})
    assert code == 1 and "mapping/lot" in text, text
