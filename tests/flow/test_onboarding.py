# SPDX-License-Identifier: MIT
"""A district from nothing to 44 of 44: the office's spreadsheet, operators, six dialects and attendants, acceptance, approval, the platform."""
import time

import pytest

from harness import http
from harness.office import PASSWORD, Office, Person, sign_in
from harness.parkd import Parkd
from harness.wait import wait_for
from test_ledger import csv_of

# dialect, lots, feeds: who runs them is one operator each.
FLEETS = (("generic", 10, 1), ("native", 10, 1), ("hangzhou", 6, 1), ("hikvision", 6, 1), ("keytop", 4, 4), ("jieshun", 4, 1))
PEOPLE = 4
RULES = {"reports": 3, "minutes": 0, "manual_reports": 1, "manual_minutes": 0, "days": 7}
TESTED = 20                                              # the others ran before, and an officer vouches for them


class Place:
    """One car park: its row in the office's sheet, and what runs there."""

    def __init__(self, at, dialect, feed, spec):
        self.at, self.dialect, self.feed, self.spec = at, dialect, feed, spec
        self.name = f"测试{at:02}号停车场"
        self.total = spec["total"] if spec else 30
        self.operator = f"op-{dialect}"
        self.code = None

    def row(self):
        swapped, datum = self.at % 11 == 0, ("WGS84", "高德GCJ-02", "百度")[self.at % 3]
        lng, lat = f"118.{40 + self.at:04}", f"36.8{self.at:03}"
        total = f"{self.total}个" if self.at % 2 else "".join(chr(ord(one) + 0xFEE0) for one in str(self.total))
        return [str(self.at), self.name, f"测试路{self.at}号", total, *((lat, lng) if swapped else (lng, lat)), datum,
                self.operator, "已接入" if self.at <= 24 else "未接入", "2026年12月31日" if self.at % 2 else "2026/12/31",
                f"{self.at % 4 + 1:03}", "公共"]


def sheet_of(places):
    rows = [["测试区公共停车场一场一策台账"],
            ["序号", "停车场名称（全称）", "地址", "泊位数", "坐标", "坐标", "坐标系", "运营单位", "接入情况", "计划完成时间", "街道代码", "性质"],
            ["", "", "", "", "经度", "纬度", "", "", "", "", "", ""]]
    for place in places:
        rows.append(place.row())
        if place.at % 15 == 0:
            rows.append([])
    doubled = places[0].row()
    return csv_of([*rows, ["45", doubled[1], *doubled[2:]], ["合计", "", "", "9999"], ["填表说明：一场一行"]], "gb18030")


def places_of(world):
    found = []
    for dialect, lots, feeds in FLEETS:
        for number in range(feeds):
            ident = dialect if feeds == 1 else f"{dialect}{number}"
            names = world.feed(ident, dialect, lots // feeds, interval_ms=500, sim={"push_interval_ms": 300, "heartbeat_ms": 300},
                               lot={"model": "manual"})
            found += [(dialect, ident, next(one for one in world.sim["lots"] if one["id"] == name)) for name in names]
    found += [("people", None, None)] * PEOPLE
    return [Place(at, *one) for at, one in enumerate(found, 1)]


def import_sheet(office, places):
    """The dry run names the rows that were made doubtful, and only those; then all but the double is taken."""
    shown = http.call(office.parkd.run["staff"], "/v1/admin/ledger/import", sheet_of(places), "POST", headers={"Content-Type": "text/csv"}).json()
    assert (shown["rows"], shown["new"], shown["refused"]) == (45, 45, []), shown
    columns = {column: sum(one["column"] == column for one in shown["doubtful"]) for column in ("经度", "状态", "停车场名称")}
    assert columns == {"经度": 4, "状态": 25, "停车场名称": 1} and len(shown["doubtful"]) == 30, shown["doubtful"]
    assert office.local.get("/v1/admin/ledger").json()["count"] == 0
    assert office.local.post(f"/v1/admin/ledger/import/{shown['import']}/confirm", {}).json()["new"] == 45
    wait_for(lambda: office.local.get("/v1/admin/ledger").json()["count"] == 45, what="the ledger")
    entries = office.local.get("/v1/admin/ledger").json()["ledger"]
    for place in places:
        place.code = min(one["id"] for one in entries if one["name"] == place.name)
    double = next(one["id"] for one in entries if one["name"] == places[0].name and one["id"] != places[0].code)
    step = office.local.post(f"/v1/admin/ledger/{double}/step", {"to": "retired", "why": "重复登记"})
    assert step.status == 200, step.text()
    progress = office.local.get("/v1/admin/ledger").json()["progress"]
    assert (progress["total"], progress["connected"]) == (44, 0)


def enrol(office, names):
    """Each operator gets a link from an officer, sets its password, takes a key and goes on with that."""
    officer = office.account("officer", "officer")
    found = {}
    for name in names:
        assert officer.put(f"/v1/admin/accounts/{name}", {"id": name, "role": "operator", "name": name}).status == 201
        link = officer.post(f"/v1/admin/accounts/{name}/invite").json()["link_token"]
        person = sign_in(office.public, {"link": link, "password": PASSWORD})
        found[name] = Person(office.public, key=person.post("/v1/account/keys", {"label": "scripts"}).json()["key"])
    return officer, found


def register(world, places, people):
    for feed in world.feeds:
        person = people[next(one.operator for one in places if one.feed == feed["id"])]
        if feed["mode"] == "poll":
            tried = person.post("/v1/operator/try", {key: feed[key] for key in ("dialect", "url", "params")})
            assert tried.status == 200, (feed["id"], tried.text())
        answer = person.put(f"/v1/operator/feeds/{feed['id']}", feed)
        assert answer.status == 201, (feed["id"], answer.text())
    for place in places:
        document = {"id": place.code, "name": place.name, "total": place.total, "open": place.total, "address": f"测试路{place.at}号"}
        if place.feed:
            document |= {"feed": place.feed, "foreign_id": place.spec["foreign_id"]}
        answer = people[place.operator].put(f"/v1/operator/lots/{place.code}", document)
        assert answer.status == 201, (place.name, answer.text())


def attend(office, places, people):
    phones = {}
    for place in places:
        if place.dialect == "people":
            made = people[place.operator].post(f"/v1/operator/lots/{place.code}/attendants", {"label": "测试"}).json()
            phones[place.code] = Person(office.public, key=made["link"].split("#")[1])
    return phones


def tell(phones, number):
    for code, phone in phones.items():
        assert phone.post("/v1/attendant/report", {"id": f"{code}-{number}", "free": 10 + number}).status == 200


def connect(office, officer, places, people, phones):
    tested = places[-TESTED:]
    for place in tested:
        answer = people[place.operator].post(f"/v1/operator/lots/{place.code}/submit")
        assert answer.status == 200, (place.name, answer.text())
        if place.dialect != "people":
            officer.post(f"/v1/admin/lots/{place.code}/waive", {"why": "现场不能断网"})
    tell(phones, 1)

    def state(place):
        return people[place.operator].get(f"/v1/operator/lots/{place.code}/acceptance").json()
    for place in tested:
        wait_for(lambda one=place: state(one)["state"] == "passed", 60, lambda one=place: f"{one.name} ({one.dialect}) to pass: {state(one)}")
    assert office.world.platform.held() == {}
    for place in tested:
        assert officer.post(f"/v1/admin/lots/{place.code}/approve", {}).json()["state"] == "connected"
    for place in places[:-TESTED]:
        people[place.operator].post(f"/v1/operator/lots/{place.code}/submit")
        answer = officer.post(f"/v1/admin/lots/{place.code}/approve", {"override": True, "why": "已在用，现场核对过"})
        assert answer.status == 200, (place.name, answer.text())


def at_platform(world, places):
    """Which lots the platform does not hold as they are."""
    held, told = world.platform.held(), world.lotsim.lots()
    return [place.name for place in places if held.get(place.code, {}).get("free") !=
            (told[place.spec["id"]]["emitted"]["free"] if place.spec else 11)]


@pytest.fixture
def office(world, folder):
    places = places_of(world)
    world.start_platform("--plain", "--native-bearer", "a-key")
    world.parkd = world.keep(Parkd(folder / "parkd", {"district": {"division": "370302"}}))
    world.sim["push_url"] = world.parkd.url
    world.start_lotsim()
    for place in places:
        if place.spec:
            world.lotsim.value(place.spec["id"], place.at % 20 + 3)
    world.parkd.start()
    world.parkd.put("sinks", world.sink(bearer="a-key"))
    found = Office(world.parkd)
    found.world, found.places = world, places
    found.local.put("/v1/admin/rules/acceptance", RULES)
    return found


def test_from_nothing_to_44(office):
    begun, world, places = time.monotonic(), office.world, office.places
    assert len(places) == 44
    import_sheet(office, places)
    officer, people = enrol(office, sorted({place.operator for place in places}))
    register(world, places, people)
    phones = attend(office, places, people)
    connect(office, officer, places, people, phones)
    wait_for(lambda: not at_platform(world, places), 60, lambda: f"the platform to have them: {at_platform(world, places)}")
    progress = wait_for(lambda: (one := office.local.get("/v1/admin/ledger").json()["progress"])["connected"] == 44 and one, what="the ledger")
    assert (progress["total"], progress["auto"], progress["manual"], progress["retired"]) == (44, 40, PEOPLE, 1)
    assert not world.platform.violations()
    for name, person in people.items():
        seen = {one["id"] for one in person.get("/v1/operator/lots").json()["lots"]}
        assert seen == {place.code for place in places if place.operator == name}
    assert office.local.get("/v1/admin/audit/verify").json()["ok"]
    print(f"\nconnected {progress['connected']} of {progress['total']}, dialects {len(FLEETS)}, seconds {time.monotonic() - begun:.0f}")
