# SPDX-License-Identifier: MIT
"""The ledger: the office's own spreadsheet in, with all that such sheets have; steps with who, when and why; and out again."""
import io
import zipfile

import pytest

from harness import http
from harness.office import Office
from harness.parkd import Parkd
from harness.wait import wait_for

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Title, headings over two rows, full-width digits, units, two datums, swapped places, doubles, sums.
MESSY = [
    ["测试区公共停车场普查表（2026年）"],
    ["序号", "停车场名称（全称）", "详细地址", "泊位数", "开放泊位", "坐标", "坐标", "坐标系", "运营单位", "联系电话", "接入情况", "存在问题", "计划完成时间", "街道代码", "性质"],
    ["", "", "", "", "", "经度", "纬度", "", "", "", "", "", "", "", ""],
    ["1", "甲停车场", "一路１号", "１２０个", "100", "118.060000", "36.788000", "WGS84", "甲公司", "0533-1234567", "未接入", "", "2026年12月1日", "001", "公共"],
    ["2", "乙停车场", "二路2号", "80", "", "36.79", "118.05", "百度", "乙公司", "13800000000", "已接入", "系统太旧", "2026/12/31", "001", "公共"],
    ["3", "丙停车场", "三路3号", "约50", "", "118.04", "36.80", "", "甲公司", "12", "", "", "年底", "001", "路内"],
    [],
    ["4", "丁停车场", "四路4号", "很多", "", "118.04", "36.80", "高德", "", "", "联调", "", "", "002", "配建"],
    ["5", "", "五路5号", "9", "", "", "", "", "", "", "", "", "", "", ""],
    ["6", "甲停车场", "六路6号", "9", "10", "2.0", "3.0", "GPS", "", "", "", "", "", "003", ""],
    ["合计", "", "", "268", ""],
    ["填表人：测试"],
]


def csv_of(rows, charset="utf-8"):
    def cell(text):
        return '"' + text.replace('"', '""') + '"' if any(one in text for one in ',"\n') else text
    return "\r\n".join(",".join(map(cell, row)) for row in rows).encode(charset)


def xlsx_of(rows):
    """As a spreadsheet program would: shared texts, a merged title."""
    shared, cells = [], []
    for r, row in enumerate(rows, 1):
        line = ""
        for c, text in enumerate(row):
            if text:
                shared.append(text)
                line += f'<c r="{chr(65 + c)}{r}" t="s"><v>{len(shared) - 1}</v></c>'
        cells.append(f'<row r="{r}">{line}</row>')
    escaped = "".join(f"<si><t>{text.replace('&', '&amp;').replace('<', '&lt;')}</t></si>" for text in shared)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", '<workbook xmlns:r="r"><sheets><sheet name="a" r:id="x"/></sheets></workbook>')
        book.writestr("xl/_rels/workbook.xml.rels", '<R><Relationship Id="x" Target="worksheets/sheet1.xml"/></R>')
        book.writestr("xl/sharedStrings.xml", f"<sst>{escaped}</sst>")
        book.writestr("xl/worksheets/sheet1.xml", f'<worksheet><sheetData>{"".join(cells)}</sheetData>'
                                                  '<mergeCells><mergeCell ref="A1:F1"/></mergeCells></worksheet>')
    return out.getvalue()


@pytest.fixture
def office(keep, folder):
    return Office(keep(Parkd(folder / "parkd", {"district": {"division": "370302"}})).start())


def upload(office, data, kind="text/csv"):
    return http.call(office.parkd.run["staff"], "/v1/admin/ledger/import", data, "POST", headers={"Content-Type": kind})


def confirm(office, shown, **more):
    return office.local.post(f"/v1/admin/ledger/import/{shown['import']}/confirm", more)


def ledger(office, query=""):
    return office.local.get("/v1/admin/ledger" + query).json()


@pytest.mark.parametrize("data, kind", [(csv_of(MESSY), "text/csv"), (csv_of(MESSY, "gb18030"), "text/csv"), (xlsx_of(MESSY), XLSX)],
                         ids=["utf-8", "gb18030", "xlsx"])
def test_messy_sheet(office, data, kind):
    """The dry run names what is wrong in which row and changes nothing; confirming does exactly what was shown."""
    shown = upload(office, data, kind).json()
    assert (shown["rows"], shown["new"], shown["changed"], shown["same"]) == (6, 5, 0, 0), shown
    assert ledger(office)["count"] == 0
    named = {(one["row"], one["column"]) for one in shown["doubtful"]}
    assert named == {(5, "经度"), (5, "状态"), (6, "总泊位"), (6, "坐标系"), (6, "联系电话"), (6, "下次日期"), (8, "总泊位"), (8, "状态"),
                     (10, "名称"), (10, "开放泊位"), (10, "经度")} - {(10, "名称")} | {(10, "停车场名称")}, named
    assert [(one["row"], one["column"]) for one in shown["refused"]] == [(9, "停车场名称")]
    assert all(one["why"]["zh"] and one["why"]["en"] for one in shown["doubtful"])
    done = confirm(office, shown)
    assert done.json() == {"new": 5, "changed": 0, "skipped": 0}
    wait_for(lambda: ledger(office)["count"] == 5, what="the entries")
    entries = {one["id"]: one for one in ledger(office)["ledger"]}
    first = entries["370302001101"]
    assert (first["name"], first["total"], first["open"], first["next_date"]) == ("甲停车场", 120, 100, "2026-12-01")
    assert first["location"] == {"lng": 118.06, "lat": 36.788, "datum": "wgs84"}
    second = entries["370302001102"]
    assert second["location"] == {"lng": 118.05, "lat": 36.79, "datum": "bd09"} and second["state"] == "registered"
    third = entries["370302001201"]
    assert third["total"] == 50 and "location" not in third and third["state"] == "surveyed" and "next_date" not in third
    assert "total" not in entries["370302002301"]
    assert confirm(office, shown).status == 404           # once
    history = office.local.get("/v1/admin/ledger/370302001102").json()["history"]
    assert [(one["by"], one["to"]) for one in history] == [("local", "registered")]


def test_same_again_and_changes(office):
    confirm(office, upload(office, csv_of(MESSY)).json(), skip_doubtful=True)
    wait_for(lambda: ledger(office)["count"] == 1, what="the one row without doubts")
    again = upload(office, csv_of(MESSY)).json()
    assert (again["same"], again["new"]) == (1, 4)
    changed = [row[:] for row in MESSY]
    changed[3][3], changed[3][2] = "130", ""
    shown = upload(office, csv_of(changed)).json()
    assert shown["changed"] == 1
    office.local.put("/v1/admin/ledger/370302001101", {"id": "370302001101", "name": "甲停车场", "total": 7})
    stale = confirm(office, shown)
    assert stale.status == 409 and "upload" in stale.json()["detail"]
    confirm(office, upload(office, csv_of(changed)).json(), skip_doubtful=True)
    entry = wait_for(lambda: (one := office.local.get("/v1/admin/ledger/370302001101").json())["total"] == 130 and one, what="the change")
    assert entry["state"] == "surveyed" and len(entry["history"]) == 1


@pytest.mark.parametrize("form, kind", [("csv", "text/csv"), ("xlsx", XLSX)])
def test_what_goes_out_comes_in_the_same(office, form, kind):
    confirm(office, upload(office, csv_of(MESSY)).json())
    wait_for(lambda: ledger(office)["count"] == 5, what="the entries")
    office.account("op", "operator")
    office.local.put("/v1/admin/ledger/L-9", {"id": "L-9", "name": "=己, \"引\"", "mode": "manual", "obstacle": "一\n二", "address": "一路１号",
                                              "operator": "op", "plan": "'引", "notes": "无"})
    office.local.put("/v1/admin/lots/L-8", {"id": "L-8", "name": "0533", "stage": "connected", "total": 9,
                                            "location": {"lng": 118.0600014, "lat": 36.7, "datum": "bd09"}})
    wait_for(lambda: ledger(office)["count"] == 7, what="all of them")
    out = office.local.get(f"/v1/admin/ledger/export?format={form}")
    assert out.status == 200 and f"ledger.{form}" in out.headers["Content-Disposition"]
    back = upload(office, out.body, kind).json()
    assert (back["rows"], back["same"], back["refused"]) == (7, 7, []), back


def test_bad_files(office):
    for data, words in ((b"", "empty"), (b"PK\x03\x04xx", "workbook"), (b"a,b\n1,2\n", "headings"),
                        ("停车场名称,地址\n".encode(), "no car park"), (b"\xff\xfe\x00", "UTF-8")):
        answer = upload(office, data)
        assert answer.status in (400, 404, 422) and words in answer.text(), (data, answer.text())
    assert ledger(office)["count"] == 0


def test_steps(office):
    officer = office.account("off", "officer")
    viewer = office.account("view", "viewer")
    officer.put("/v1/admin/ledger/A", {"id": "A", "name": "甲"})

    def step(to, why="因为", who=officer):
        return who.post("/v1/admin/ledger/A/step", {"to": to, "why": why})
    assert step("registered", who=viewer).status == 403
    assert step("registered", why="").status == 422
    assert step("connected").status == 409
    assert step("registered").json()["state"] == "registered"
    assert step("testing").status == 409                  # nothing is registered that could be tested
    officer.put("/v1/admin/lots/A", {"id": "A", "name": "甲", "total": 5})
    for to in ("testing", "connected", "suspended", "connected"):
        assert step(to).json()["state"] == to
        wait_for(lambda: officer.get("/v1/admin/lots/A").json()["stage"] == to, what=f"the lot to be {to}")
    entry = officer.get("/v1/admin/ledger/A").json()
    assert [one["to"] for one in entry["history"]] == ["surveyed", "registered", "testing", "connected", "suspended", "connected"]
    assert {one["by"] for one in entry["history"]} == {"off"} and entry["lot"]
    progress = ledger(office)["progress"]
    assert progress["total"] == 1 and progress["connected"] == 1 and progress["auto"] == 1


def test_entry_follows_its_lot(office):
    """Who registers a lot past the ledger finds it there."""
    office.local.put("/v1/admin/lots/B", {"id": "B", "name": "乙", "stage": "connected", "total": 9})
    entry = wait_for(lambda: (one := office.local.get("/v1/admin/ledger/B")).status == 200 and one.json(), what="the entry")
    assert entry["state"] == "connected" and entry["history"][0]["by"] == "parkd"
    office.local.put("/v1/admin/lots/B", {"id": "B", "name": "乙", "stage": "suspended", "total": 9})
    wait_for(lambda: office.local.get("/v1/admin/ledger/B").json()["state"] == "suspended", what="the entry to follow")
    office.local.delete("/v1/admin/lots/B")
    wait_for(lambda: office.local.get("/v1/admin/ledger/B").json()["state"] == "surveyed", what="the entry to follow again")


def test_two_that_disagree(office):
    """The registration is what is true, whatever an entry says that nobody could finish: at once, and on record after the start."""
    office.account("op", "operator")
    office.local.put("/v1/admin/lots/B", {"id": "B", "name": "乙", "stage": "connected", "total": 9, "operator": "op"})
    wait_for(lambda: office.local.get("/v1/admin/ledger/B").status == 200, what="the entry")
    office.local.put("/v1/admin/ledger/B", {"id": "B", "name": "乙", "operator": "other"})
    assert office.local.get("/v1/admin/ledger/B").json()["operator"] == "op"
    redis = office.parkd.redis
    stored = redis.hash("parkd:ledger")["B"]
    assert '"state":"connected"' in stored
    redis("HSET", "parkd:ledger", "B", stored.replace('"state":"connected"', '"state":"suspended"'))
    office.parkd.end()
    office.parkd.start()
    office = Office(office.parkd)
    assert ledger(office)["progress"]["connected"] == 1
    wait_for(lambda: '"state":"connected"' in office.parkd.redis.hash("parkd:ledger")["B"], what="the entry to follow")
    history = office.local.get("/v1/admin/ledger/B").json()["history"]
    assert [(one["by"], one["from"], one["to"]) for one in history[1:]] == [("parkd", "suspended", "connected")]


def test_usual_shapes(office):
    """A datum in the heading, sums with a blank, the heading again on the next page, 编号 that are no codes."""
    rows = [["普查表"], ["编号", "名称", "坐标（GCJ-02）", "泊位数"], ["1", "甲", "118.05,36.79", "5"], ["2", "乙", "118.06,36.79", "6"],
            ["小　计", "", "", "11"], ["编号", "名称", "坐标（GCJ-02）", "泊位数"], ["3", "丙", "", "7"], ["合 计", "合 计", "", "18"]]
    shown = upload(office, csv_of(rows, "gb18030")).json()
    assert (shown["rows"], shown["new"], shown["doubtful"], shown["refused"], shown["ignored"]) == (3, 3, [], [], ["编号"]), shown
    assert [one["entry"]["location"]["datum"] for one in shown["preview"][:2]] == ["gcj02", "gcj02"]
    assert [one["entry"]["id"] for one in shown["preview"]] == ["370302000101", "370302000102", "370302000103"]


def test_codes_twice(office):
    """The second row of a code is refused; a row without one means the entry of its name, once."""
    rows = [["编码", "名称", "泊位数"], ["A-1", "甲", "5"], ["A-1", "乙", "6"], ["370302000101", "丙", "7"], ["", "丁", "8"]]
    shown = upload(office, csv_of(rows)).json()
    assert [(one["row"], one["column"], one["value"]) for one in shown["refused"]] == [(3, "编码", "A-1")] and shown["new"] == 3
    confirm(office, shown)
    wait_for(lambda: {one["id"] for one in ledger(office)["ledger"]} == {"A-1", "370302000101", "370302000102"}, what="the entries")
    again = upload(office, csv_of([["名称", "泊位数"], ["甲", "9"], ["甲", "10"]])).json()
    assert (again["changed"], again["new"], [one["row"] for one in again["doubtful"]]) == (1, 1, [3])
    assert [one["entry"]["id"] for one in again["preview"]] == ["A-1", "370302000103"]


def test_put_names_the_field(office):
    for document, at in (({"id": "A"}, "/name"), ({"id": "A", "name": "x", "total": -1}, "/total"),
                         ({"id": "A", "name": "x", "next_date": "bald"}, "/next_date"), ({"id": "A", "name": "x", "state": "connected"}, "/state"),
                         ({"id": "A", "name": "x", "location": {"lng": 1, "lat": 2}}, "/location/datum"), ({"id": "B", "name": "x"}, "/id")):
        answer = office.local.put("/v1/admin/ledger/A", document)
        assert answer.status == 422 and answer.json()["errors"][0]["pointer"] == at, (document, answer.text())
