# SPDX-License-Identifier: MIT
"""The console in a real browser: every view in both languages on a phone and a desk, and one real way from the first link to a
connected car park. Skipped where there is no Chromium."""
import base64
import datetime
import pathlib
import re

import pytest

pytest.importorskip("selenium", reason="no selenium: the pages were not looked at")

from harness import http  # noqa: E402
from harness.browser import AXE, DESK, PHONE, Browser, there  # noqa: E402
from harness.office import PASSWORD, Office, Person, sign_in  # noqa: E402
from harness.parkd import Parkd  # noqa: E402
from harness.sims import PlatformSim  # noqa: E402
from harness.wait import wait_for  # noqa: E402
from harness.world import sha256  # noqa: E402
from test_ledger import csv_of  # noqa: E402

pytestmark = pytest.mark.skipif(not there(), reason="no Chromium: the pages were not looked at")

KEY = "key-of-the-box"
LOTS = 44
RULES = {"reports": 3, "minutes": 0, "manual_reports": 1, "manual_minutes": 0, "days": 7}
HEADINGS = ["停车场名称", "地址", "泊位数", "经度", "纬度", "坐标系", "运营单位", "接入情况", "存在问题", "计划完成时间", "街道代码", "性质"]


def row(number, **more):
    cells = dict(zip(HEADINGS, [f"测试{number}号停车场", f"测试路{number}号", "60", f"118.0{300 + number}", f"36.8{100 + number}", "GCJ-02", "op-a", "",
                                "系统太旧，厂家已停止维护，需要更换道闸控制器并重新布线" if number % 2 else "", "2026-10-15" if number % 3 else "", "001", "公共"]))
    return list((cells | more).values())


def sheet(*rows):
    return csv_of([HEADINGS, *rows])


# --- a district in which every view has something to show ---

class Scene:
    def __init__(self, keep, folder):
        self.city = keep(PlatformSim(folder / "city", "--dir", folder / "city", "--plain", "--native-bearer", "a-key"))
        self.parkd = keep(Parkd(folder / "parkd", {"district": {"name": "测试区", "division": "370302"}}).start())
        self.office = Office(self.parkd)
        self.lots = self.survey()
        self.connect()
        self.complain()

    def survey(self):
        self.office.local.put("/v1/admin/rules/acceptance", RULES)
        shown = http.call(self.parkd.run["staff"], "/v1/admin/ledger/import", sheet(*map(row, range(1, LOTS + 1))), "POST", headers={"Content-Type": "text/csv"}).json()
        assert self.office.local.post(f"/v1/admin/ledger/import/{shown['import']}/confirm").status == 200
        return wait_for(lambda: len(found := sorted(e["id"] for e in self.office.local.get("/v1/admin/ledger").json()["ledger"])) == LOTS and found, what="the ledger")

    def connect(self):
        """Four lots that push, one of them refused by the platform; one that attendants tell, in its test; one whose box is away."""
        self.city.mode("reject_lot", lots=self.lots[1:2], style="result")
        self.parkd.put("sinks", {"id": "city", "dialect": "native", "url": self.city.url, "bearer": "a-key", "min_interval_ms": 20})
        self.parkd.put("sinks", {"id": "away", "dialect": "native", "url": "http://127.0.0.1:9/", "bearer": "a-key", "timeout_ms": 500})
        self.op = self.office.account("op-a", "operator", contact={"person": "值班室", "phone": "0533-1234567"})
        self.parkd.put("feeds", {"id": "box", "dialect": "native", "mode": "push", "interval_ms": 60000, "operator": "op-a",
                                 "auth": {"bearer_sha256": [sha256(KEY)]}})
        self.parkd.put("feeds", {"id": "away", "dialect": "generic", "mode": "poll", "url": "http://127.0.0.1:9/lots", "interval_ms": 1000,
                                 "params": {"mapping": {"format": "json", "items": "/", "lot": "/id", "free": "/free"}}})
        lot = {"operator": "op-a", "total": 60, "open": 50, "stage": "connected"}
        for n, ident in enumerate(self.lots[:4]):
            self.parkd.put("lots", lot | {"id": ident, "name": f"测试{n}号停车场", "feed": "box", "foreign_id": f"P{n}"})
        self.parkd.put("lots", lot | {"id": self.lots[4], "name": "测试离线停车场", "feed": "away"})
        answer = self.parkd.post("/v1/ingest/box", {"items": [{"lot": f"P{n}", "free": 12 * n} for n in range(4)]}, headers={"Authorization": f"Bearer {KEY}"})
        assert answer.status == 200, answer.text()
        self.op.put(f"/v1/operator/lots/{self.lots[5]}", {"id": self.lots[5], "name": "测试人工停车场", "total": 30})
        self.op.post(f"/v1/operator/lots/{self.lots[5]}/submit")

    def complain(self):
        """Counts by hand, a correction, maintenance, an objection, keys."""
        lot, local = self.lots[0], self.office.local
        self.admin = self.office.account("chief", "admin")
        self.viewer = self.office.account("looker", "viewer")
        self.office.key("op-a")
        local.put("/v1/admin/rules/telling", {"grace_s": 0, "group_s": 0, "pace_s": 0})
        local.put("/v1/admin/channels/duty", {"id": "duty", "kind": "wecom", "url": "http://127.0.0.1:9/?key=k", "quiet": {"from": "22:00", "to": "07:00"}})
        assert local.post(f"/v1/admin/lots/{self.lots[3]}/corrections", {"free": 20, "why": "现场核对", "until": later(2)}).status in (200, 201)
        assert self.op.post(f"/v1/operator/lots/{lot}/windows", {"from": later(1), "to": later(2), "why": "更换道闸"}).status in (200, 201)
        assert self.op.post(f"/v1/operator/lots/{lot}/objections", {"from": later(-24)[:10], "to": later(-24)[:10], "why": "市政断电"}).status in (200, 201)
        wait_for(lambda: self.parkd.sink("city")["held"] and self.parkd.sink("away")["failures"] and self.parkd.feed("away")["state"] == "bad", what="what goes wrong")
        wait_for(lambda: local.get("/v1/admin/incidents").json()["incidents"], what="an incident")

    def views(self):
        return {"ledger": "", "entry": f"ledger/{self.lots[7]}", "import": "import", "lots": "lots", "lot": f"lots/{self.lots[3]}", "lot-in-test": f"lots/{self.lots[5]}",
                "lot-away": f"lots/{self.lots[4]}", "feeds": "feeds", "feed": "feeds/box", "feed-away": "feeds/away", "sinks": "sinks", "quality": "quality", "rules": "rules",
                "month": "month", "incidents": "incidents", "accounts": "accounts", "account": "accounts/op-a", "audit": "audit", "me": "me"}


def later(hours):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(scope="module")
def scene(keep_module, tmp_path_factory):
    return Scene(keep_module, tmp_path_factory.mktemp("p"))


@pytest.fixture(scope="module")
def browser(keep_module):
    return keep_module(Browser())


@pytest.fixture
def desk(browser, scene):
    """Nobody is signed in, the language is Chinese."""
    browser.size(DESK)
    browser.driver.delete_all_cookies()
    browser.open(scene.parkd.run["console"] + "/console?lang=zh")
    browser.one("h1")
    browser.listen()
    browser.complaints.clear()
    return browser


def enter(browser, scene, account="chief"):
    browser.field("账号", account).field("密码", PASSWORD).button("登录").one("main h1")
    return browser.says("台账")


def show(browser, path):
    """Goes to that view and waits for it."""
    browser.js("document.querySelector('main').replaceChildren(); const to = '#/' + arguments[0];"
               "if (location.hash === to) dispatchEvent(new HashChangeEvent('hashchange')); else location.hash = to;", path)
    wait_for(lambda: browser.js("return !document.querySelector('main .loading') && !!document.querySelector('main h1')"), what=lambda: f"{path}: {browser.text()[:800]}")


def good(browser, host, what):
    """Nothing to complain of on the page as it is now."""
    browser.listen()
    assert not browser.complaints, (what, browser.complaints)
    assert browser.hosts == {host}, (what, browser.hosts)
    assert browser.wider_than_itself() <= 0, f"{what} is {browser.wider_than_itself()} px wider than the screen"
    cut = browser.js("return [...document.querySelectorAll('main, .head, .title, .panel, .table-box')].filter((e) => e.scrollWidth > e.clientWidth + 1)"
                     ".map((e) => `${e.className} ${e.scrollWidth} of ${e.clientWidth}: ${e.textContent.slice(0, 80)}`)")
    assert not cut, (what, cut)
    assert not browser.all("main > .note.bad"), (what, browser.text())
    assert not browser.axe(), (what, browser.axe())


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_view(desk, scene, language):
    if not AXE.exists():
        print(f"{AXE} is not there: axe was not asked")
    enter(desk, scene)
    host = scene.parkd.run["console"].split("//")[1]
    desk.open(scene.parkd.run["console"] + f"/console?lang={language}").one("main h1")
    assert desk.js("return document.documentElement.lang") == {"zh": "zh-CN", "en": "en"}[language]
    for name, path in scene.views().items():
        for width in (PHONE, DESK):
            desk.size(width)
            show(desk, path)
            good(desk, host, f"{name} in {language} at {width}")
            desk.shot(f"console-{name}-{language}")
            if language == "en" and width == DESK:
                left = re.findall(r"[\u4e00-\u9fff]+", desk.js("return [...document.querySelectorAll('main h2, main label, main button:not([lang]), main dt, main thead')]"
                                                               ".map((e) => e.textContent).join(' ')"))
                assert set(left) <= {"测试区公共停车数据接入月报", "测试区", "优", "良", "中", "差"}, (name, left)


def test_policy(scene):
    """Scripts and styles from here only, nothing inline, no frames; and the files are no one's who is not staff."""
    answer = http.call(scene.parkd.run["console"], "/console")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'none'" and policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in str(policy) and answer.headers["Referrer-Policy"] == "no-referrer"
    assert b"<script>" not in answer.body and b"style=" not in answer.body
    assert scene.parkd.get("/console").status == 404 and scene.parkd.get("/console/main.js").status == 404


def test_keyboard(desk, scene):
    """The skip link comes first, a dialog keeps the focus and gives it back, Escape closes it; headings sort, and keep it."""
    enter(desk, scene)
    show(desk, "ledger/" + scene.lots[7])
    assert desk.js("return document.querySelector('a, button, input').className") == "skip" and desk.all(".skip")[0].location["x"] < 0
    desk.js("document.querySelector('.skip').focus()")
    assert desk.all(".skip")[0].location["x"] >= 0
    keys(desk, "Enter")
    assert desk.js("return document.activeElement.id") == "main"
    desk.button("修改").one("dialog[open] input")
    for _ in range(40):
        keys(desk, "Tab")
        assert desk.js("return document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    keys(desk, "Escape")
    wait_for(lambda: not desk.all("dialog"), what="the dialog to close")
    assert desk.js("return document.activeElement.textContent") == "修改"
    show(desk, "lots")
    desk.button("名称", within="main section:last-child thead").button("名称", within="main section:last-child thead")
    assert len(desk.all("th[aria-sort=descending]")) == 1
    desk.size(PHONE)
    desk.button("菜单").one("#nav a[href='#/audit']")
    desk.button("操作记录", within="#nav").says("核对链条")
    assert not desk.one(".menu-button").get_attribute("aria-expanded") == "true"


def keys(browser, key):
    codes = {"Tab": 9, "Enter": 13, "Escape": 27}
    for kind in ("rawKeyDown", "keyUp"):
        browser.driver.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
                                       | ({"text": "\r"} if key == "Enter" and kind == "rawKeyDown" else {}))


def test_month_is_one_page(desk, scene):
    enter(desk, scene)
    show(desk, "month")
    pdf = base64.b64decode(desk.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"])
    assert len(re.findall(rb"/Type\s*/Page[^s]", pdf)) == 1


def test_viewer_is_offered_nothing_to_do(desk, scene):
    """What the role may not do is not there; what it may look at is."""
    enter(desk, scene, "looker")
    assert not desk.all("#nav a[href='#/accounts'], #nav a[href='#/audit'], a[href='#/import']")
    for path in ("", "ledger/" + scene.lots[7], "lots", "lots/" + scene.lots[3], "feeds", "feeds/box", "sinks", "quality", "rules", "month", "incidents"):
        show(desk, path)
        good(desk, scene.parkd.run["console"].split("//")[1], path)
        offered = {one.text for one in desk.all("main button")} & {"新增", "修改", "变更状态", "保存", "更正", "暂停", "新增来源", "新增平台", "处理", "封存", "重发"}
        assert not offered, (path, offered)


def test_quarantine(desk, scene):
    enter(desk, scene)
    show(desk, "sinks")
    desk.says("测试1号停车场").button("重发").says("马上重发").button("放弃", within="main").button("放弃").says("已放弃")
    wait_for(lambda: not scene.parkd.sink("city")["held"], what="the end of the quarantine")


def test_from_the_first_link_to_a_connected_lot(desk, keep, folder):
    """The first administrator's link, a sheet with a doubtful row, an operator who is invited, an approval, the audit trail."""
    parkd = keep(Parkd(folder / "parkd", {"district": {"name": "测试区", "division": "370302"}}).start())
    office = Office(parkd)
    office.local.put("/v1/admin/rules/acceptance", RULES)
    desk.open((parkd.state / "first-admin.link").read_text().strip())
    desk.says("设置密码").field("新密码", PASSWORD).field("再输一次", "other than that").button("设置并登录").says("两次输入的不一样")
    desk.field("再输一次", PASSWORD).button("设置并登录").says("没有符合条件的停车场")
    assert "link" not in desk.driver.current_url

    path = folder / "台账.csv"
    path.write_bytes(sheet(row(1), row(2, 泊位数="很多"), row(3)))
    desk.button("导入表格").one("input[type=file]").send_keys(str(path))
    desk.button("试读").says("共 3 行：新增 3").says("第 3 行").says("很多")
    assert office.local.get("/v1/admin/ledger").json()["count"] == 0
    desk.shot("console-dry-run-zh")
    desk.field("有疑问的 1 行先不导入", True).button("确认导入").says("已导入：新增 2，变更 0").says("0 / 2 已接入")

    show(desk, "accounts")
    desk.button("新增账号").field("账号", "op-a").field("单位或姓名", "测试停车公司").button("保存").says("还没有密码").button("邀请（设置密码）")
    link = desk.one("dialog output").text
    assert link.startswith(parkd.run["public"] + "/operator#link=")
    desk.button("完成")
    operator = sign_in(parkd.run["public"], {"link": link.split("link=")[1], "password": PASSWORD})
    code = next(one["id"] for one in office.local.get("/v1/admin/ledger").json()["ledger"] if one["name"] == "测试1号停车场")
    operator.put(f"/v1/operator/lots/{code}", {"id": code, "name": "测试1号停车场", "total": 60})
    phone = Person(parkd.run["public"], key=operator.post(f"/v1/operator/lots/{code}/attendants", {"label": "早班"}).json()["link"].split("#")[1])
    assert operator.post(f"/v1/operator/lots/{code}/submit").status == 200
    assert phone.post("/v1/attendant/report", {"id": "1", "free": 17}).status == 200
    wait_for(lambda: operator.get(f"/v1/operator/lots/{code}/acceptance").json()["state"] == "passed", what="the test to pass")

    show(desk, "lots")
    desk.says("联调中，等待审批（1）").button("测试1号停车场").says("已通过").button("批准接入").one("dialog[open]")
    desk.button("批准接入").says("已办理")
    wait_for(lambda: office.local.get("/v1/admin/ledger").json()["progress"]["connected"] == 1, what="the approval")
    show(desk, "")
    desk.says("1 / 2 已接入")
    show(desk, "audit")
    desk.says("批准接入").says("导入台账表格").button("核对链条").says("链条完整")
    desk.button("退出登录", within="#nav").says("已退出登录").one("input[type=password]")
    desk.listen()
    assert not desk.complaints, desk.complaints


def test_channels_and_incidents(scene, desk):
    """Somebody is to be told: the channel is added, tried, changed without typing its secret again."""
    enter(desk, scene)
    show(desk, "incidents")
    desk.says("数据来源 away").says("没有可用的数据")
    desk.button("新增渠道").field("编号", "night").field("种类", "dingtalk").field("机器人或 Webhook 地址", f"{scene.city.url}?key=k").field("签名密钥", "SECx")
    desk.field("免打扰从", "21:00").field("免打扰到", "06:00").button("保存").says("21:00–06:00")
    stored = {one["id"]: one for one in scene.office.local.get("/v1/admin/channels").json()["channels"]}["night"]
    assert stored["kind"] == "dingtalk" and stored["secret"] == "***" and stored["quiet"] == {"from": "21:00", "to": "06:00"}
    desk.button("测试", "tbody tr:last-child").says("没有送达")
    desk.button("修改", "tbody tr:last-child").field("免打扰到", "07:30").button("保存").says("21:00–07:30")
    assert scene.office.local.delete("/v1/admin/channels/night").status == 204


def test_the_trail_has_words_for_every_act():
    """Every act that is audited has its words in the console."""
    root = pathlib.Path(__file__).resolve().parents[2]
    acts = re.findall(r"^ACTION\((\w+), (?:PUT|POST|DELETE), [^)]*, (?:NONE|STAFF)\)", (root / "include/parkd/office/actions.def").read_text(), re.M)
    words = (root / "src/web/console/actions.js").read_text()
    assert len(acts) > 40 and [one for one in acts if f" {one}: [" not in words] == []
