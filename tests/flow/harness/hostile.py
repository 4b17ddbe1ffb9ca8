# SPDX-License-Identifier: MIT
"""The same lots as each format writes them, and what no honest box would send: for every decoder a list of
(name, body, content type, words that the fault must have)."""
import gzip
import html
import json
import re
import urllib.parse
import zlib

FIELDS = ("id", "free", "total", "state", "at", "cf")
MARKS = ("P1", "P2", "P3")


def rows_of(free, at, marks=MARKS):
    """What a box says; `free` is that of the first lot, the others count on."""
    return [{"id": mark, "free": free + n, "total": 100, "state": "on", "at": at, "cf": 1 + n}
            for n, mark in enumerate(marks)]


def as_text(value):
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


# ---- how each format writes them

def to_json(rows):
    return json.dumps({"code": 0, "list": rows}).encode()


def to_xml(rows, head='<?xml version="1.0" encoding="UTF-8"?>', more=""):
    lots = "".join(f'<lot id="{html.escape(as_text(row["id"]))}">'
                   + "".join(f"<{name}>{html.escape(as_text(row[name]))}</{name}>" for name in FIELDS[1:])
                   + "</lot>" for row in rows)
    return f"{head}<feed code=\"0\">{lots}{more}</feed>".encode()


def to_html(rows, head="", more=""):
    cells = "".join("<tr>" + "".join(f"<td>{html.escape(as_text(row[name]))}</td>" for name in FIELDS)
                    + "</tr>\n" for row in rows)
    return f"<!DOCTYPE html><html><head>{head}</head><body><table>{cells}</table>{more}</body></html>".encode()


def to_csv(rows, heading=FIELDS):
    def cell(text):
        return '"' + text.replace('"', '""') + '"' if re.search(r'[",\r\n]', text) else text
    lines = [heading] + [[cell(as_text(row[name])) for name in FIELDS] for row in rows]
    return "".join(",".join(line) + "\r\n" for line in lines).encode()


def to_form(rows):
    return urllib.parse.urlencode({name: as_text(rows[0][name]) for name in FIELDS}).encode()


def to_text(rows):
    return "".join("[" + "|".join(as_text(row[name]) for name in FIELDS) + "]\n" for row in rows).encode()


def column(number):
    return {"path": "", "do": {"capture": r"^\[" + r"[^|]*\|" * number + r"([^|]*)[^\[]*\]$"}}


STATUS = {"on": "open", "off": "closed"}


def mapping(paths, **more):
    """paths: those of FIELDS."""
    where = dict(zip(FIELDS, paths))
    return {"lot": where["id"], "free": where["free"], "total": where["total"],
            "status": {"path": where["state"], "map": STATUS} if isinstance(where["state"], str)
            else {**where["state"], "map": STATUS},
            "time": {"path": where["at"], "format": "ms"} if isinstance(where["at"], str)
            else {**where["at"], "format": "ms"},
            "classes": {"charging": {"free": where["cf"]}}, "numbers": {"text": True}} | more


POINTERS = ["/" + name for name in FIELDS]
MAPPINGS = {
    "json": mapping(POINTERS, items="/list", success={"path": "/code", "equals": [0]}),
    "xml": mapping(["@id", *FIELDS[1:]], format="xml", items="//lot", success={"path": "/feed/@code", "equals": [0]}),
    "html": mapping([f"td[{n + 1}]" for n in range(len(FIELDS))], format="html", items="//tr"),
    "csv": mapping(POINTERS, format="csv"),
    "form": mapping(POINTERS, format="form", items="", single=True,
                    time={"path": "/at", "format": "ms", "required": True}),
    "text": mapping([column(n) for n in range(len(FIELDS))], format="text"),
}
WRITERS = {"json": to_json, "xml": to_xml, "html": to_html, "csv": to_csv, "form": to_form, "text": to_text}
TYPES = {"json": "application/json", "xml": "application/xml", "html": "text/html", "csv": "text/csv",
         "form": "application/x-www-form-urlencoded", "text": "text/plain"}

# A box whose messages are read by a script, through the host's own readers.
LUA = """
local words = { on = "open", off = "closed" }

local function rows(kind, body)
  if kind == "csv" then
    return csv.parse(body)
  end
  local found = {}
  local doc = xml.parse(body)
  if doc:text("/feed/@code") ~= "0" then
    error { code = "refused", message = "the envelope says " .. tostring(doc:text("/feed/@code")) }
  end
  for i, lot in ipairs(doc:all("//lot")) do
    found[i] = { id = lot:text("@id"), free = lot:text("free"), total = lot:text("total"), state = lot:text("state"),
                 at = lot:text("at"), cf = lot:text("cf"), place = lot:place() }
  end
  return found
end

local function reports(kind, body)
  local list = {}
  for i, row in ipairs(rows(kind, body)) do
    list[i] = { lot = row.id, free = count(row.free), total = count(row.total), status = words[row.state] or row.state,
                time = time.parse(row.at, "ms"), classes = { charging = { free = count(row.cf) } },
                at = row.place or "/" .. i - 1 }
  end
  return list
end

return {
  name = "box", interface = "1.1", params = { kind = "string" },
  poll = function(ctx) return { url = ctx.url } end,
  decode = function(ctx, response) return reports(ctx.params.kind, response.body) end,
  receive = function(ctx, inbound) return reports(ctx.params.kind, inbound.body), { body = "ok" } end,
}
"""


# ---- what nobody honest sends

class Bad:
    """make(rows) gives the bytes; words: what the feed's error, its faults or the answer must say (a pattern).
    `ways`: it is pushed, polled or both; `lua`: a script that reads this format is told it, too."""

    def __init__(self, name, make, words, *, ways=("push", "poll"), kind="", headers=None, lua=True):
        self.name, self.words, self.ways = name, words, ways
        self.make = make if callable(make) else lambda rows: make
        self.kind, self.headers, self.lua = kind, headers or {}, lua

    def __repr__(self):
        return self.name


PUSH, POLL = ("push",), ("poll",)
ENDS = {"json": "/list/0/{}", "xml": r"/feed/lot\[1\]/{}", "html": r"/html/body/table/tr\[1\]/td\[2\]", "csv": "/0/{}",
        "form": "/{}", "text": "/0"}
OTHERS = {"json": ("xml", "HTML or XML instead of JSON"), "xml": ("json", "JSON instead of xml"),
          "html": ("json", "JSON instead of html"), "csv": ("xml", "HTML or XML instead of csv"),
          "form": ("json", "JSON instead of a form"), "text": ("json", r"does not look as the expression says \(/0\)")}
PORTAL = {"json": "HTML or XML instead of JSON", "xml": "the envelope (does not say|says)", "csv": "HTML or XML instead of csv",
          "form": "HTML or XML instead of a form", "text": "does not look"}
LOGIN = b"<!DOCTYPE html><html><body>\n<h1>Please log in</h1>\n<p>12</p></body></html>\n"


def changed(name, **fields):
    """Every item has these values instead."""
    return lambda rows: WRITERS[name]([row | fields for row in rows])


def replaced(name, old, new):
    def make(rows):
        body = WRITERS[name](rows)
        assert old in body, (old, body)
        return body.replace(old, new)
    return make


def cut(name, words, places=(0.15, 0.4, 0.6, 0.85, 0.99)):
    def at(place):
        return lambda rows: (body := WRITERS[name](rows))[:int(len(body) * place)]
    return [Bad(f"cut-at-{round(place * 100)}%", at(place), words) for place in places]


def deep(n, opening, closing, inside=b""):
    return opening * n + inside + closing * n


def counts(name, values):
    """Free places that are none: what else is said is not stored without them."""
    at = ENDS[name].format("free")
    return [Bad(f"free-is-{word}", changed(name, free=value), rf"(not a count|out of range) \({at}\)")
            for word, value in values.items()]


def common(name):
    """Whatever the format is."""
    write, at = WRITERS[name], ENDS[name].format("free")

    def inside(junk):
        return lambda rows: (body := write(rows))[:40] + junk + body[40:]

    def folded(more, times=1):
        def make(rows):
            body = write(rows) + more
            for _ in range(times):
                body = gzip.compress(body, 9)
            return body
        return make
    packed = {"headers": {"Content-Encoding": "gzip"}, "ways": POLL}
    other, words = OTHERS[name]
    found = [
        Bad("empty", b"", f"empty body instead of {name}", lua=False),
        Bad("blanks", b" \r\n\t ", f"empty body instead of {name}", lua=False),
        Bad("nul", b"\0", "a NUL at byte 1"),
        Bad("nul-inside", inside(b"\0"), r"a NUL at byte \d+"),
        Bad("not-utf-8", inside(b"\xff\xfe\xfd"), r"not UTF-8 at byte \d+"),
        Bad("huge", lambda rows: write(rows) + b" " * (300 << 10), '"detail":"the body is larger than allowed"', ways=PUSH),
        Bad("huge", lambda rows: write(rows) + b" " * (5 << 20), "answer larger than 4194304 bytes", ways=POLL),
        Bad("gzip-that-nobody-unfolds", folded(b""), "Content-Encoding gzip: send the body as it is", ways=PUSH,
            headers={"Content-Encoding": "gzip"}),
        Bad("gzip-bomb", folded(b" " * (64 << 20)), "answer larger than 4194304 bytes", **packed),
        Bad("gzip-in-gzip", folded(b"", 2), "coding gzip, gzip was not asked for", ways=POLL,
            headers={"Content-Encoding": "gzip, gzip"}),
        Bad("gzip-cut", lambda rows: folded(b"")(rows)[:-12], "the gzip breaks off", **packed),
        Bad("gzip-without-its-end", lambda rows: folded(b"")(rows)[:-8], "the gzip breaks off", **packed),
        Bad("gzip-that-is-none", write, "the answer is no gzip, or broken", **packed),
        Bad("deflate", lambda rows: zlib.compress(write(rows)), "coding deflate was not asked for", ways=POLL,
            headers={"Content-Encoding": "deflate"}),
        Bad("other-format", lambda rows: WRITERS[other](rows), words),
        Bad("wrong-types", lambda rows: write([{**dict.fromkeys(FIELDS, "§"), "id": row["id"]} for row in rows]),
            rf"not a count \({at}\)"),
    ]
    if name not in ("xml",):                            # whose own word counts more than the server's
        found.append(Bad("unknown-charset", write, 'the unknown charset "no-such-charset", which its Content-Type names',
                         kind="; charset=no-such-charset", lua=False))
    if name in PORTAL:
        found.append(Bad("page-of-a-portal", LOGIN, PORTAL[name]))
    return found


def in_json(name, value, words):
    return Bad(name, replaced("json", b'"total": 100', b'"total": ' + value), words)


JSON = [
    *cut("json", r"ends too early at line 1 column \d+"),
    Bad("deep-lists", deep(100_000, b"[", b"]", b"1"), "nested too deeply at line 1 column 17"),
    Bad("deep-objects", deep(20_000, b'{"a":', b"}", b"1"), "nested too deeply at line 1 column 81"),
    Bad("deep-member", replaced("json", b'"list"', b'"x":' + deep(17, b"[", b"]", b"1") + b',"list"'), "nested too deeply"),
    Bad("unclosed", b"[" * 200_000, "nested too deeply at line 1"),
    in_json("nan", b"NaN", "not a value at line 1 column"), in_json("infinity", b"Infinity", "not a value"),
    in_json("minus-infinity", b"-Infinity", "not a value"), in_json("1e999", b"1e999", "number out of range at line 1 column"),
    in_json("long-number", b"1" * 5000, "number too long at line 1 column"),
    in_json("leading-zero", b"0100", "',' or '}' expected"), in_json("hexadecimal", b"0x64", "',' or '}' expected"),
    in_json("key-twice", b'100, "free": 9', "duplicate key at line 1 column"),
    in_json("key-twice-escaped", b'100, "fr\\u0065e": 9', "duplicate key at line 1 column"),
    Bad("list-twice", lambda rows: to_json(rows)[:-1] + b',"list":[]}', "duplicate key at line 1 column"),
    in_json("half-a-pair", b'100, "n": "\\ud800"', "half of a surrogate pair at line 1 column"),
    in_json("escaped-nul", b'100, "n": "\\u0000"', "NUL in a string"),
    in_json("raw-newline", b'100, "n": "o\nn"', "control character in a string"),
    Bad("two-messages", lambda rows: to_json(rows) * 2, "bytes behind the value at line 1 column"),
    Bad("comments", lambda rows: b"/* */" + to_json(rows), "not a value at line 1 column 1"),
    Bad("single-quotes", lambda rows: to_json(rows).replace(b'"', b"'"), "string expected at line 1 column 2"),
    Bad("utf-16", lambda rows: to_json(rows).decode().encode("utf-16-be"), "a NUL at byte 1"),
    Bad("declared-utf-16", to_json, "not a value at line 1 column 1", kind="; charset=utf-16"),
    *[Bad(f"is-{name}", body, words) for name, body, words in (
        ("null", b"null", r"does not say that it succeeded \(/code\)"), ("17", b"17", r"succeeded \(/code\)"),
        ("text", b'"P1"', r"succeeded \(/code\)"), ("no-list", b'{"code":0}', r"items are not where.* \(/list\)"))],
    *[Bad(f"list-is-{name}", b'{"code":0,"list":' + body + b"}", words) for name, body, words in (
        ("17", b"17", r"neither a list nor an object \(/list\)"), ("text", b'"[]"', r"a text with JSON in it.*\(/list\)"),
        ("numbers", b"[1,2,3]", r"the lot cannot be named \(/list/0/id\)"), ("nulls", b"[null]", r"named \(/list/0/id\)"))],
    Bad("refused", replaced("json", b'"code": 0', b'"code": 500'), r"the envelope says 500 \(/code\)"),
    Bad("code-is-a-list", replaced("json", b'"code": 0', b'"code": [0]'), r"does not say that it succeeded \(/code\)"),
    Bad("many-items", b'{"code":0,"list":[' + b"{}," * 70_000 + b"{}]}", "more lots than a message may have"),
    Bad("many-lots", lambda rows: to_json([{"id": f"X{n}", "free": 1} for n in range(5000)] + rows),
        "more lots than a message may have"),
    Bad("long-id", changed("json", id="x" * 200), r"the lot's id is too long \(/list/0/id\)"),
    *counts("json", {"a-list": [5], "an-object": {"n": 5}, "true": True, "half": 1.5, "huge": 70_000, "not-exact": 2 ** 60,
                     "words": "full", "minus": -10 ** 9, "hex": "0x10"}),
]


def with_dtd(declaration, value=b"&x;"):
    """An XML feed with a DTD before it, and `value` for each count of free places."""
    def make(rows):
        body = to_xml(rows, head="").replace(b"<feed", declaration + b"<feed", 1)
        return re.sub(rb"<free>\d+</free>", b"<free>" + value + b"</free>", body)
    return make


LAUGHS = (b'<!DOCTYPE feed [<!ENTITY a0 "1">' + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10)
                                                         for n in range(1, 10)) + b"]>")
REFUSED = "declares an entity at line 1, which is not allowed"
BROKEN = "not well-formed at line 1: "
XML = [
    *cut("xml", BROKEN),
    Bad("deep", deep(30_000, b"<a>", b"</a>"), "nested more than 256 deep at line 1"),
    Bad("deep-unclosed", b"<a>" * 60_000, "nested more than 256 deep"),
    Bad("billion-laughs", with_dtd(LAUGHS, b"&a9;"), REFUSED),
    Bad("quadratic", with_dtd(b'<!DOCTYPE feed [<!ENTITY x "' + b"1" * 50_000 + b'">]>', b"&x;" * 1000), REFUSED),
    Bad("parameter-entity", with_dtd(b'<!DOCTYPE feed [<!ENTITY % p "<!ENTITY x \'9\'>"> %p;]>'), REFUSED),
    Bad("entity-of-itself", with_dtd(b'<!DOCTYPE feed [<!ENTITY x "&x;">]>'), REFUSED),
    Bad("entity-not-declared", with_dtd(b"", b"&nowhere;"), "Entity 'nowhere' not defined"),
    Bad("attribute-by-default", with_dtd(b'<!DOCTYPE feed [<!ATTLIST lot id CDATA "P1">]>', b"9"), "declares an attribute"),
    Bad("charset-declared", lambda rows: to_xml(rows, '<?xml version="1.0" encoding="no-such"?>'),
        'the unknown charset "no-such", which its XML declaration names'),
    Bad("charset-wrong", lambda rows: to_xml(rows, more="<n>场</n>").replace("场".encode(), "场".encode("gbk")),
        r"not UTF-8 at byte \d+, which its XML declaration names"),
    Bad("two-roots", lambda rows: to_xml(rows) + b"<feed/>", BROKEN + "Extra content"),
    Bad("attribute-twice", replaced("xml", b'id="P1"', b'id="P1" id="P2"'), BROKEN + "Attribute id redefined"),
    Bad("tag-not-closed", replaced("xml", b"</total>", b""), BROKEN + ".*total"),
    Bad("tags-crossed", replaced("xml", b"</cf></lot>", b"</lot></cf>"), BROKEN + ".*cf"),
    Bad("control-character", replaced("xml", b"<state>", b"<state>\x01"), BROKEN),
    Bad("escaped-nul", replaced("xml", b"<state>", b"<state>&#0;"), BROKEN),
    Bad("many-nodes", lambda rows: to_xml(rows, more="<a/>" * 70_000), "more than 65536 tags", ways=POLL),
    Bad("many-attributes", lambda rows: to_xml(rows, more="<a " + " ".join(f"b{n}='1'" for n in range(20_000)) + "/>"),
        "tags of too many attributes"),
    Bad("long-name", lambda rows: to_xml(rows, more="<" + "n" * 200_000 + "/>"), BROKEN + ".*too long"),
    Bad("no-lots", b'<feed code="0"/>', "the items are not where the mapping looks", lua=False),
    Bad("no-lots-polled", b'<feed code="0"/>', "the items are not where|no lot in the answer", ways=POLL),
    Bad("text", b"P1 12", BROKEN), Bad("declaration-only", b'<?xml version="1.0"?>', BROKEN),
    Bad("refused", replaced("xml", b'code="0"', b'code="500"'), "the envelope says 500"),
    *counts("xml", {"nan": "NaN", "infinity": "Infinity", "1e999": "1e999", "half": "1.5", "huge": "70000", "long": "1" * 5000,
                    "words": "full", "hex": "0x10", "markup": "<b>9</b>"}),
]

CUT_PAGE = "the page ends before its </html>"
HTML = [
    *cut("html", CUT_PAGE),
    Bad("deep", deep(20_000, b"<div>", b"</div>"), "nested more than 256 deep at line 1"),
    Bad("deep-tables", b"<table><tr><td>" * 10_000, "nested more than 256 deep"),
    Bad("tag-not-closed", b"<html><body><table><tr><td", CUT_PAGE),
    Bad("comment-not-closed", b"<html><body><!-- <table>", CUT_PAGE),
    Bad("no-table", b"<html><body>Please log in</body></html>", "the items are not where the mapping looks"),
    Bad("many-tags", lambda rows: to_html(rows, more="<a>" * 70_000), "more than 65536 tags"),
    Bad("many-attributes", lambda rows: to_html(rows, more="<a " + " ".join(f"b{n}" for n in range(20_000)) + ">"),
        "tags of too many attributes"),
    Bad("charset-declared", lambda rows: to_html(rows, '<meta charset="no-such">'),
        'the unknown charset "no-such", which its meta element names'),
    *counts("html", {"nan": "NaN", "1e999": "1e999", "words": "full", "entity": "&x;", "long": "1" * 5000}),
]

CSV = [
    # Cut behind a row, or in its last field, it is whole for whoever reads it.
    *cut("csv", r"line \d has \d fields, the heading 6", (0.4, 0.6, 0.85)),
    Bad("heading-cut", b"id,free,tot", "no lot in the answer", ways=POLL),
    Bad("heading-only", ",".join(FIELDS).encode(), "no lot in the answer", ways=POLL),
    Bad("quote-not-closed", replaced("csv", b"P1,", b'"P1,'), "a quote of the row that begins at line 2 is not closed"),
    Bad("quote-inside", replaced("csv", b"P1,", b'P"1,'), "a quote inside a field at line 2"),
    Bad("quote-inside-quotes", replaced("csv", b"P1,", b'"P"1",'), "a quote inside a field at line 2"),
    Bad("many-columns", b"," * 250_000, "line 1 has more than 256 fields|too much memory"),
    Bad("million-columns", b"," * 1_000_000, "line 1 has more than 256 fields|too much memory", ways=POLL),
    Bad("many-names", b",".join(b"c%d" % n for n in range(30_000)), "line 1 has more than 256 fields"),
    Bad("many-fields", lambda rows: to_csv(rows) + b"P4" + b",1" * 100_000, "line 5 has more than 256 fields"),
    Bad("no-lot-column", b"a,b\r\n1,2\r\n", r"the lot cannot be named \(/0/id\)", lua=False),
    Bad("heading-twice", lambda rows: to_csv(rows, ("id", "free", "total", "state", "at", "free")),
        'the heading "free" stands twice, in columns 2 and 6'),
    Bad("short-row", replaced("csv", b",on,", b","), "line 2 has 5 fields, the heading 6"),
    Bad("long-row", replaced("csv", b",on,", b",1,on,"), "line 2 has 7 fields, the heading 6"),
    Bad("many-rows", lambda rows: to_csv(rows) + b"X,2,3,on,5,6\n" * 15_000, "more (lots|reports)", lua=False),
    Bad("too-many-rows", lambda rows: to_csv(rows) + b"X,2,3,on,5,6\n" * 70_000, "more than 65536 rows|too much memory",
        ways=POLL),
    *counts("csv", {"nan": "NaN", "1e999": "1e999", "words": "full", "formula": "=1+1", "lines": "1\r\n2", "long": "1" * 5000}),
]

FORM = [
    *cut("form", r"needed, and not there \(/at\)", (0.2, 0.5)),
    Bad("escape-broken", lambda rows: to_form(rows) + b"&x=%zz", r"a broken %-escape at byte \d+"),
    Bad("escape-cut", lambda rows: to_form(rows) + b"&x=%4", r"a broken %-escape at byte \d+"),
    Bad("escaped-nul", lambda rows: to_form(rows) + b"&x=%00", r"a NUL at byte 1, in the field at byte \d+"),
    Bad("escaped-not-utf-8", lambda rows: to_form(rows) + b"&x=%ff%fe", r"not UTF-8 at byte 1.*field at byte \d+"),
    Bad("field-twice", lambda rows: to_form(rows) + b"&free=9", 'the field "free" stands twice, again at byte'),
    Bad("field-twice-escaped", lambda rows: to_form(rows) + b"&fr%65e=9", 'the field "free" stands twice, again at byte'),
    Bad("no-fields", b"&&&=&=", 'the field "" stands twice'), Bad("one-word", b"id", r"the lot cannot be named \(/id\)"),
    Bad("many-fields", lambda rows: to_form(rows) + b"".join(b"&a%d" % n for n in range(20_000)), "more than 256 fields"),
    Bad("long-id", changed("form", id="x" * 200_000), r"the lot's id is too long \(/id\)"),
    *counts("form", {"nan": "NaN", "1e999": "1e999", "words": "full", "half": "1.5", "long": "1" * 5000}),
]

TEXT = [
    Bad("lines-cut", lambda rows: b"".join(line[:-3] + b"\n" for line in to_text(rows).splitlines()),
        r"does not look as the expression says \(/0\)"),
    Bad("many-lines", b"x\n" * 100_000, "more than 65536 lines"),
    Bad("one-line", b"x" * 200_000, r"does not look|takes too long here \(/0\)"),
    Bad("separators", b"[" + b"|" * 60_000, r"does not look as the expression says \(/0\)"),
    *counts("text", {"nan": "NaN", "1e999": "1e999", "words": "full", "long": "1" * 5000}),
]
OWN = {"json": JSON, "xml": XML, "html": HTML, "csv": CSV, "form": FORM, "text": TEXT}


def bad_messages(name, way):
    """The hostile messages of a format ("lua-xml": of the same bytes, for a script)."""
    form = name.removeprefix("lua-")
    return [one for one in common(form) + OWN[form] if way in one.ways and (one.lua or form == name)]


# ---- what would have to be fetched

def outside(url, path):
    """(name, XML that names something elsewhere, whether it is refused)."""
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return [
        ("file", with_dtd(b'<!DOCTYPE feed [<!ENTITY x SYSTEM "file://%s">]>' % path), True),
        ("url", with_dtd(b'<!DOCTYPE feed [<!ENTITY x SYSTEM "%s/entity">]>' % url), True),
        ("public", with_dtd(b'<!DOCTYPE feed [<!ENTITY x PUBLIC "p" "%s/public">]>' % url), True),
        ("parameter", with_dtd(b'<!DOCTYPE feed [<!ENTITY %% p SYSTEM "%s/parameter"> %%p;]>' % url, b"9"), True),
        ("unparsed", with_dtd(b'<!DOCTYPE feed [<!NOTATION n SYSTEM "n"><!ENTITY x SYSTEM "%s/un" NDATA n>]>' % url, b"9"), True),
        ("dtd", with_dtd(b'<!DOCTYPE feed SYSTEM "%s/dtd">' % url), True),        # who would declare x
        ("dtd-inside", with_dtd(b'<!DOCTYPE feed SYSTEM "%s/dtd">' % url, b"1&x;2"), True),
        ("dtd-attribute", lambda rows: b'<!DOCTYPE feed SYSTEM "%s/dtd">' % url
         + to_xml(rows, "").replace(b'id="P', b'id="&x;P'), True),
        ("dtd-unused", with_dtd(b'<!DOCTYPE feed SYSTEM "%s/dtd">' % url, b"9"), False),
        ("dtd-file", with_dtd(b'<!DOCTYPE feed SYSTEM "file://%s">' % path, b"9"), False),
        ("include", lambda rows: to_xml(rows, head, '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" parse="text" '
                                                    f'href="{path.decode()}"/>'), False),
        ("stylesheet", lambda rows: to_xml(rows, head + f'<?xml-stylesheet type="text/xsl" href="{url.decode()}/xsl"?>'), False),
        ("schema", lambda rows: to_xml(rows, head, '<s xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
                                                   f'i:schemaLocation="n {url.decode()}/xsd"/>'), False),
    ]


def page_with_links(url):
    links = "".join(f"<{tag} {name}='{url}/{tag}'></{tag}>" for tag, name in (
        ("img", "src"), ("script", "src"), ("iframe", "src"), ("object", "data"), ("embed", "src")))
    return lambda rows: to_html(rows, f"<base href='{url}/'><link rel=stylesheet href='{url}/css'>"
                                      f"<meta http-equiv=refresh content='0;url={url}/next'>", links)


# ---- mappings that are legal and cost too much

class Costly:
    """body(n, text) is a message of n items; small and large: its arguments."""

    def __init__(self, body, large, small=(3, "7"), format="json", **mapping):
        self.mapping = {"items": "/list", "lot": "/id", "free": "/free", "format": format} | mapping
        self.small, self.large = body(*small), body(*large)


def items(n, text):
    return json.dumps({"list": [{"id": f"P{k}", "free": k, "x": {"y": text}} for k in range(1, n + 1)]}).encode()


def beside(n, text):
    """One text beside the items."""
    return json.dumps({"list": [{"id": f"P{k}"} for k in range(1, n + 1)], "t": text}).encode()


def tags(n, text):
    return (f"<html><f>" + "".join(f"<lot id='P{k}'><x>{text}</x></lot>" for k in range(1, n + 1)) + "</f></html>").encode()


def lines(n, text):
    return "".join(f"P{k} {text}\n" for k in range(1, n + 1)).encode()


def value(path, *do, **more):
    return {"path": path, "do": list(do), **more}


EVIL, LONG = r"^((\w+)+)$", "a" * 40 + "!"
# The message's budget is over, or that of a path or an expression; or there was time enough to count.
ENDED = ("takes more time or steps than a message may|takes too long|takes more than|more than is allowed|too long a text|"
         "outside of the range")
COSTLY = {
    "path-of-each": Costly(items, (2500, "7"), free=value("$..y", "count", {"range": [0, 100]})),
    "filter-in-filter": Costly(items, (2500, "7"), free=value("$..[?$..[?@.y=='z']]", "count", default=0)),
    "expression": Costly(items, (3000, LONG), free=value("/x/y", {"capture": EVIL}, "integer")),
    "expression-in-a-filter": Costly(items, (3000, LONG), filter={"path": "/x/y", "matches": EVIL}),
    "replacements": Costly(beside, (1000, "1" * 20), free=value(
        "/t", *[{"replace": ["1", "11111111"]}] * 8, "integer", root=True)),
    "json-in-json": Costly(beside, (3000, json.dumps([1] * 50_000)), (3, "[7]"),
                           free=value("/t", "json", {"path": "/0"}, root=True)),
    "split": Costly(beside, (4000, "," * 60_000), free=value("/t", {"split": ","}, "count", {"range": [0, 9]}, root=True)),
    "unique": Costly(beside, (500, [str(n) for n in range(20_000)]), (3, ["7"]),
                     free=value("/t", "unique", "count", {"range": [0, 9]}, root=True)),
    "xpath-of-each": Costly(tags, (5000, "7"), format="xml", items="//lot", lot="@id", free="count(//lot[//x = @id])"),
    "xpath-of-items": Costly(tags, (5000, "7"), format="xml", items="//lot[count(//lot[count(//lot) > 0]) > 0]", lot="@id",
                             free="x"),
    "page": Costly(tags, (4000, "7"), format="html", items="//lot", lot="@id", free="count(//x[contains(//f, 'zz')])"),
    "lines": Costly(lines, (4000, LONG), format="text", items="", lot=value("", {"capture": r"^(\S+)"}),
                    free=value("", {"capture": r"^\S+ ((\w+)+)$"}, "integer")),
}
