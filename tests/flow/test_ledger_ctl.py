# SPDX-License-Identifier: MIT
"""parkctl ledger: what the office's scripts do with the ledger, and the report that they print."""
import json
import zipfile

import pytest

from harness.office import Office
from harness.parkd import Parkd
from harness.wait import wait_for
from test_ledger import MESSY, csv_of, xlsx_of


@pytest.fixture
def parkd(keep, folder):
    return keep(Parkd(folder / "parkd", {"district": {"division": "370302"}})).start()


def good(done):
    assert done.returncode == 0, done.stderr
    return done.stdout


def count(parkd):
    return json.loads(good(parkd.ctl("--json", "ledger", "list")))["count"]


def imported(parkd, folder, rows=MESSY):
    sheet = folder / "台账.csv"
    sheet.write_bytes(csv_of(rows, "gb18030"))
    shown = good(parkd.ctl("ledger", "import", str(sheet), "--yes"))
    wait_for(lambda: count(parkd) >= 5, what="the entries")
    return shown


def test_dry_run_then_done(parkd, folder):
    sheet = folder / "sheet.xlsx"
    sheet.write_bytes(xlsx_of(MESSY))
    shown = good(parkd.ctl("ledger", "import", str(sheet), "--dry-run"))
    assert '存疑 doubtful: row 6 下次日期 "年底": 不是日期，未录入 / is no day' in shown and "拒收 refused:  row 9 停车场名称" in shown
    assert "序号" in shown and "6 rows: new 5, changed 0, same 0" in shown
    assert json.loads(good(parkd.ctl("ledger", "import", str(sheet), "--dry-run", "--json")))["new"] == 5
    unasked = parkd.ctl("ledger", "import", str(sheet))                  # nobody there to ask
    assert unasked.returncode == 1 and "--yes" in unasked.stderr and count(parkd) == 0
    assert "done: new 1, changed 0, left out 4" in good(parkd.ctl("ledger", "import", str(sheet), "--yes", "--skip-doubtful"))
    wait_for(lambda: count(parkd) == 1, what="the one row without doubts")
    assert json.loads(good(parkd.ctl("--json", "ledger", "import", str(sheet), "--yes"))) == {"new": 4, "changed": 0, "skipped": 0}


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_out_and_in_again(parkd, folder, suffix):
    imported(parkd, folder)
    out = folder / f"out.{suffix}"
    good(parkd.ctl("ledger", "export", str(out)))
    assert "5 rows: new 0, changed 0, same 5" in good(parkd.ctl("ledger", "import", str(out), "--yes"))
    if suffix == "csv":
        assert good(parkd.ctl("ledger", "export")).encode() == out.read_bytes().replace(b"\r\n", b"\n")


def test_list_show_step(parkd, folder):
    imported(parkd, folder)
    assert "connected 0 of 5" in good(parkd.ctl("ledger", "list"))
    found = good(parkd.ctl("ledger", "list", "--find", "乙", "--stage", "registered")).splitlines()
    assert found[0].split()[:2] == ["370302001102", "registered"] and len(found) == 2
    assert "is testing" not in parkd.ctl("ledger", "step", "370302001102", "testing", "--why", "因为").stdout
    assert "370302001102 is retired" in good(parkd.ctl("ledger", "step", "370302001102", "retired", "--why", "拆除"))
    entry = json.loads(good(parkd.ctl("ledger", "show", "370302001102")))
    assert entry["state"] == "retired" and entry["history"][-1]["why"] == "拆除"
    assert parkd.ctl("ledger", "show", "none").returncode == 4


def test_report(parkd, folder):
    imported(parkd, folder)
    office = Office(parkd)
    for ident in ("A", "B"):
        office.local.put(f"/v1/admin/lots/{ident}", {"id": ident, "name": "入网" + ident, "stage": "connected", "total": 9, "area": "东街"})
    office.local.put("/v1/admin/ledger/C", {"id": "C", "name": "早该办", "area": "东街", "obstacle": "无系统", "plan": "人工上报",
                                            "next_date": "2020-02-29", "operator_name": "丙公司"})
    report = wait_for(lambda: (one := office.local.get("/v1/admin/ledger/report").json())["progress"]["connected"] == 2 and one, what="both lots")
    assert report["progress"]["total"] == 8 and (report["overdue"], len(report["open"])) == (1, 6)
    first, *rest = report["open"]
    assert first["id"] == "C" and first["overdue"] and not any(one["overdue"] for one in rest)
    dates = [one.get("next_date", "9999") for one in rest]
    assert dates == sorted(dates) and dates.count("9999") == report["undated"]
    assert [one["connected"] for one in report["curve"]] == [0] * 11 + [2]
    assert {(one["name"], one["connected"], one["total"]) for one in report["areas"]} >= {("东街", 2, 3)}
    printed = good(parkd.ctl("ledger", "report"))
    assert "connected 2 of 8 (自动 auto 2, 人工 manual 0)" in printed
    assert any(line.startswith("  2020-02-29 逾期 C ") and line.endswith("早该办；困难：无系统；措施：人工上报") for line in printed.splitlines()), printed
    out = folder / "plans.xlsx"
    good(parkd.ctl("ledger", "report", str(out)))
    with zipfile.ZipFile(out) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == 7 and "早该办" in sheet and 'state="frozen"' in sheet
    assert office.local.get("/v1/admin/ledger/report?format=pdf").status == 422


def test_usage(parkd, folder):
    for words in (["ledger"], ["ledger", "burn"], ["ledger", "show"], ["ledger", "list", "x"], ["ledger", "step", "A", "retired"],
                  ["ledger", "import"], ["ledger", "import", "x", "--dry-run", "--yes"], ["ledger", "export", "x.pdf"]):
        done = parkd.ctl(*words)
        assert done.returncode == 2 and done.stderr.startswith("parkctl: ") and not done.stdout, words
    gone = parkd.ctl("ledger", "import", str(folder / "none.csv"))
    assert gone.returncode == 1 and "cannot read" in gone.stderr
