# SPDX-License-Identifier: MIT
"""parkctl for the office: accounts, keys, approvals, corrections, the trail; what people read, --json for scripts, --dry-run, completion."""
import datetime
import json
import re
import subprocess

import pytest

from harness.office import Office, Person
from harness.parkd import PARKCTL
from harness.wait import wait_for


@pytest.fixture
def office(world):
    world.feed("g", "generic", 2, interval_ms=300, feed={"operator": "op"}, lot={"model": "manual"})
    for lot in world.lots:
        lot["operator"] = "op"
    world.start_lotsim()
    for lot in world.sim["lots"]:
        world.lotsim.value(lot["id"], 20)
    found = Office(world.start_parkd())
    found.world = world
    return found


def said(office, *words, code=0):
    done = office.parkd.ctl(*words)
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stderr


def put(office, folder, noun, document):
    path = folder / "document.json"
    path.write_text(json.dumps(document))
    return said(office, noun, "put", str(path))


def test_operators_and_keys(office, folder):
    assert "op" not in said(office, "operators", "list")
    put(office, folder, "operators", {"id": "op", "role": "operator", "name": "测试运营"})
    put(office, folder, "accounts", {"id": "eye", "role": "viewer", "name": "测试查看"})
    rows = said(office, "operators", "list").splitlines()
    assert len(rows) == 2 and rows[0].split() == ["id", "enabled", "name"] and rows[1].split() == ["op", "yes", "测试运营"]
    assert len(said(office, "accounts", "list").splitlines()) == 4
    assert "link_token: " in said(office, "operators", "invite", "op")
    made = dict(line.split(": ", 1) for line in said(office, "keys", "make", "op", "--label", "box").splitlines())
    assert Person(office.public, key=made["key"]).get("/v1/operator/lots").status == 200
    assert made["kid"] in said(office, "keys", "list", "op")
    said(office, "key", "revoke", made["kid"])
    assert Person(office.public, key=made["key"]).get("/v1/operator/lots").status == 401
    assert said(office, "accounts", "remove", "eye") == "done\n"
    assert "no account has this id" in said(office, "accounts", "show", "eye", code=4)


def test_staff_by_tcp_with_a_key(office):
    office.account("chief", "admin")
    key = office.key("chief")["key"]
    ask = [str(PARKCTL), "--staff", office.console, "accounts", "list"]
    done = subprocess.run(ask, capture_output=True, text=True, timeout=30, env={"PARKD_KEY": key}, check=False)
    assert done.returncode == 0 and "chief" in done.stdout, done.stderr
    done = subprocess.run(ask, capture_output=True, text=True, timeout=30, env={}, check=False)
    assert done.returncode == 1 and done.stderr


def test_what_officers_decide(office):
    lot = next(iter(office.parkd.lots()))
    wait_for(lambda: office.parkd.lot(lot)["free"] == 20, what="the count")
    until = f"{datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=5):%Y-%m-%dT%H:%M:%SZ}"
    said(office, "lots", "correct", lot, "--free", "7", "--until", until, "--why", "数过了")
    wait_for(lambda: office.parkd.lot(lot)["free"] == 7, what="the correction")
    row = said(office, "lots", "corrections", lot).splitlines()[1].split()
    assert "7" in row and "数过了" in row
    said(office, "lots", "uncorrect", row[0])
    wait_for(lambda: office.parkd.lot(lot)["free"] == 20, what="the end of the correction")
    said(office, "lots", "suspend", lot, "--why", "施工")
    assert office.parkd.staff(f"/v1/admin/lots/{lot}").json()["stage"] == "suspended"
    said(office, "lot", "resume", lot, "--why", "完工")
    office.parkd.put("lots", {"id": "hand", "name": "hand", "operator": "op"})
    assert "link: " in said(office, "lots", "attendant", "hand", "--label", "东门")
    assert "东门" in said(office, "lots", "attendants", "hand")
    assert said(office, "quality", "list").startswith("lot")
    assert '"colours"' in said(office, "quality", "rules") or "blue" in said(office, "quality", "rules")
    assert said(office, "months", "show", until[:7]).startswith("operator")
    assert said(office, "incidents", "list", "--open").startswith("since")
    assert said(office, "objections", "list").startswith("id")
    assert said(office, "channels", "list").startswith("id")


def test_words_that_are_wrong(office):
    assert "missing option why" in said(office, "lots", "suspend", "x", code=2)
    assert "whole number" in said(office, "lots", "correct", "x", "--free", "many", "--until", "t", "--why", "w", code=2)
    assert "no option --colour" in said(office, "keys", "make", "op", "--colour", "red", code=2)
    assert "missing: ACCOUNT" in said(office, "keys", "list", code=2)
    assert "too many words" in said(office, "channels", "list", "all", code=2)
    assert said(office, "lots", "suspend", "nowhere", "--why", "w", code=4)
    assert ".csv or .xlsx" in said(office, "months", "show", "2026-01", "sheet.pdf", code=2)


def test_dry_run_changes_nothing(office, folder):
    before = len(said(office, "audit", "export").splitlines())
    shown = said(office, "lots", "suspend", "x", "--why", "w", "--dry-run")
    assert shown == 'would ask: POST /v1/admin/lots/x/suspend\n{"why":"w"}\n'
    path = folder / "lot.json"
    path.write_text('{"id": "never", "name": "never"}')
    assert said(office, "--dry-run", "lots", "put", str(path)).startswith("would ask: PUT /v1/admin/lots/never")
    assert "never" not in said(office, "lots", "list")
    assert len(said(office, "audit", "export").splitlines()) == before


def test_the_trail(office):
    for n in range(3):
        office.local.put(f"/v1/admin/accounts/a{n}", {"id": f"a{n}", "role": "viewer", "name": "n"})
    lines = [json.loads(line) for line in said(office, "audit", "export").splitlines()]
    assert [one["path"] for one in lines][-3:] == [f"/v1/admin/accounts/a{n}" for n in range(3)]
    assert json.loads(said(office, "--json", "audit", "list", "--limit", "2"))["count"] == 2
    assert "ok: yes" in said(office, "audit", "verify")
    assert len(said(office, "audit", "export", "--who", "nobody").splitlines()) <= 1


def test_completion_and_the_manual_know_every_command(office):
    script = subprocess.run([str(PARKCTL), "completion", "bash"], capture_output=True, text=True, timeout=30, check=True).stdout
    words = "; ".join(["COMP_WORDS=(parkctl keys ''); COMP_CWORD=2; _parkctl; echo ${COMPREPLY[@]}",
                       "COMP_WORDS=(parkctl lots correct --); COMP_CWORD=3; _parkctl; echo ${COMPREPLY[@]}"])
    found = subprocess.run(["bash", "-c", script + words], capture_output=True, text=True, timeout=30, check=True).stdout.splitlines()
    assert found[0].split() == ["list", "make", "revoke"] and {"--free", "--until", "--why"} <= set(found[1].split())
    manual = subprocess.run([str(PARKCTL), "completion", "man"], capture_output=True, text=True, timeout=30, check=True).stdout
    for line in said(office, "--help").splitlines():
        asked = re.match(r"  ([a-z]+) ([a-z]+)", line)
        if asked and not line.startswith("   "):
            assert f".It Cm {asked[1]} Cm {asked[2]}" in manual, line
    assert ".Sh EXIT STATUS" in manual
