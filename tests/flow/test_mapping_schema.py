# SPDX-License-Identifier: MIT
"""src/dialect/mapping.schema.json: every mapping that the project shows or tests with is valid by it, and what
is wrong by its shape is not. Mappings are taken from samples, documents, and the rows of tests/unit/test_generic*.c
(after the preprocessor, with ' for ")."""
import json
import pathlib
import re
import subprocess

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "src/dialect/mapping.schema.json").read_text())
VALID = jsonschema.Draft202012Validator(SCHEMA)
PARAMS = set(SCHEMA["properties"])
MEMBERS = set(SCHEMA["$defs"]["mapping"]["properties"])
LITERALS = re.compile(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*')
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')


def as_params(value):
    """Params of a feed, from params or from a bare mapping; None for anything else."""
    if not isinstance(value, dict) or not value:
        return None
    if set(value) <= PARAMS:
        return value
    return {"mapping": value} if set(value) <= MEMBERS and {"lot", "emit"} & set(value) else None


def params_in(value):
    """Params with a mapping, at any depth of a sample."""
    if isinstance(value, dict) and isinstance(value.get("params"), dict) and "mapping" in value["params"]:
        yield value["params"]
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        yield from params_in(child)


def rows_of(name):
    """(line of text, params) of each mapping in a C test."""
    source = subprocess.run(["gcc", "-E", "-P", "-D_GNU_SOURCE", "-Iinclude", "-Isrc", "-Itests/unit",
                             f"tests/unit/{name}.c"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for run in LITERALS.finditer(source):
        text = "".join(LITERAL.findall(run.group()))
        if not text.startswith("{"):
            continue
        try:
            text = text.replace("'", '"').encode().decode("unicode_escape").encode("latin-1").decode()
            params = as_params(json.loads(text))
        except ValueError:
            continue
        if params is not None:
            yield text, params


def complaints(params):
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in VALID.iter_errors(params)]


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", ["test_generic_value", "test_generic_field", "test_generic_poll", "test_generic_join"])
def test_rows_are_valid(name):
    rows = list(rows_of(name))
    wrong = {text: complaints(params) for text, params in rows if complaints(params)}
    assert not wrong
    assert len(rows) >= 10


def test_samples_and_examples_are_valid():
    seen = 0
    for path in sorted((ROOT / "tests/data/dialects/generic").glob("*.json")):
        assert not complaints(json.loads(path.read_text())["params"]), path
        seen += 1
    for path in sorted((ROOT / "tests/data/mappings").rglob("*.json")):
        for params in params_in(json.loads(path.read_text())):
            assert not complaints(params), path
    for feed in json.loads((ROOT / "deploy/district.example.json").read_text())["feeds"]:
        if feed["dialect"] == "generic":
            assert not complaints(feed["params"]), feed["id"]
            seen += 1
    for path in [ROOT / "README.md", ROOT / "README.zh-CN.md", *(ROOT / "src/dialects").glob("*.md")]:
        for block in re.findall(r"```json\n(.*?)```", path.read_text(), re.S):
            try:
                params = as_params(json.loads(block))
            except ValueError:
                continue  # with … in it
            if params:
                assert not complaints(params), f"{path}: {block}"
                seen += 1
    assert seen >= 5


def test_limits_agree_with_the_code():
    code = (ROOT / "src/dialect/map.h").read_text()
    mapping = SCHEMA["$defs"]["mapping"]["properties"]
    for name, limit in (("LETS", mapping["let"]["maxProperties"]), ("EMITS", mapping["emit"]["maxItems"]),
                        ("JOINS", mapping["join"]["maxProperties"]),
                        ("ITEMS_PATHS", mapping["items"]["anyOf"][1]["maxItems"]),
                        ("FORMATS", SCHEMA["$defs"]["formats"]["anyOf"][1]["maxItems"])):
        assert re.search(rf"#define MAP_MAX_{name} +{limit}\b", code), name


def test_operators_agree_with_the_code():
    rows = re.findall(r'\[OP_\w+\] = \{"(\w+)", (\w+)', (ROOT / "src/dialect/map_compile_op.c").read_text())
    words = set(SCHEMA["$defs"]["op"]["anyOf"][0]["enum"])
    objects = {next(iter(o["properties"])) for o in SCHEMA["$defs"]["op"]["anyOf"][1:]}
    assert words == {n for n, argument in rows if argument in ("NO_ARGUMENT", "MAYBE_MARKS")}
    assert objects == {n for n, argument in rows if argument != "NO_ARGUMENT"}


@pytest.mark.parametrize("params", [
    {"mapping": {}}, {"mapping": []}, {"maping": {"lot": "/a"}}, {"mapping": {"lot": 7}},
    {"mapping": {"lot": "/a", "frei": "/b"}}, {"mapping": {"lot": {}}}, {"mapping": {"lot": {"path": "/a", "const": 1}}},
    {"mapping": {"lot": {"pth": "/a"}}}, {"mapping": {"lot": {"path": "/a", "default": []}}},
    {"mapping": {"lot": {"path": "/a", "then": "/b"}}}, {"mapping": {"lot": {"first": []}}},
    {"mapping": {"lot": {"if": {"path": "/a"}, "then": "/b"}}}, {"mapping": {"lot": {"if": "/a", "then": "/b"}}},
    {"mapping": {"lot": {"join": "d"}}}, {"mapping": {"lot": {"request": "cookie:x"}}},
    {"mapping": {"lot": "/a", "free": {"path": "/f", "do": "trimm"}}},
    {"mapping": {"lot": "/a", "free": {"path": "/f", "do": []}}},
    {"mapping": {"lot": "/a", "free": {"path": "/f", "do": {"trim": 1}}}},
    {"mapping": {"lot": "/a", "free": {"path": "/f", "do": {"capture": "a", "grup": 1}}}},
    {"mapping": {"lot": "/a", "free": {"path": "/f", "do": {"clamp": [1]}}}},
    {"mapping": {"lot": "/a", "free": {"path": "/f", "do": {"divide": 0}}}},
    {"mapping": {"lot": "/a", "filter": []}}, {"mapping": {"lot": "/a", "filter": {"path": "/a", "equals": []}}},
    {"mapping": {"lot": "/a", "filter": {"all": [{"path": "/a", "equals": 1}], "path": "/a"}}},
    {"mapping": {"lot": "/a", "filter": {"path": "/a", "equals": 1, "message": "/m"}}},
    {"mapping": {"lot": "/a", "format": "yaml"}}, {"mapping": {"lot": "/a", "csv": {"delimeter": ";"}}},
    {"mapping": {"lot": "/a", "status": {"path": "/s", "map": {"1": "opne"}}}},
    {"mapping": {"lot": "/a", "status": {"path": "/s", "map": {"1": "open"}, "defualt": "open"}}},
    {"mapping": {"lot": "/a", "time": {"path": "/t", "format": "noon"}}},
    {"mapping": {"lot": "/a", "time": {"path": "/t", "fromat": "s"}}},
    {"mapping": {"lot": "/a", "point": {"lat": "/y"}}}, {"mapping": {"lot": "/a", "point": {"value": "/g", "form": "kml"}}},
    {"mapping": {"lot": "/a", "classes": {"chargers": {}}}}, {"mapping": {"lot": "/a", "zones": {"items": "/z"}}},
    {"mapping": {"lot": "/a", "emit": []}}, {"mapping": {"lot": "/a", "repeats": "never"}},
    {"mapping": {"lot": "/a", "join": {"d": {"key": "/i"}}}}, {"mapping": {"lot": "/a", "numbers": {"thousands": "5"}}},
    {"mapping": {"lot": "/a"}, "headers": {"a": 1}}, {"mapping": {"lot": "/a"}, "method": "get"},
    {"mapping": {"lot": "/a"}, "pages": {}}, {"mapping": {"lot": "/a"}, "chunk": {"size": 0}},
    {"mapping": {"lot": "/a"}, "reply": {"status": 100}},
], ids=json.dumps)
def test_wrong_ones_are_refused(params):
    assert complaints(params)
