# SPDX-License-Identifier: MIT
"""The operator's page in a real browser: from the invitation to the platform as an operator goes it, and every view in both languages on a
phone and a desk."""
import pytest

pytest.importorskip("selenium", reason="no selenium: the pages were not looked at")

from harness.browser import AXE, DESK, PHONE, Browser, there  # noqa: E402
from harness.office import PASSWORD, Office  # noqa: E402
from harness.wait import wait_for  # noqa: E402
from harness.world import new_secret  # noqa: E402

pytestmark = pytest.mark.skipif(not there(), reason="no Chromium: the pages were not looked at")

RULES = {"reports": 3, "minutes": 0, "manual_reports": 1, "manual_minutes": 0, "days": 7}


@pytest.fixture(scope="module")
def browser(keep_module):
    return keep_module(Browser())


@pytest.fixture
def office(world):
    """A vendor's system with one lot, a platform, nobody registered yet."""
    world.feed("keytop", "keytop", 1, interval_ms=300, lot={"model": "manual"})
    secret = new_secret()
    world.start_lotsim()
    world.lotsim.value(world.sim["lots"][0]["id"], 40)
    world.start_platform("--plain", "--native-secret", secret)
    world.sink(secret=secret)
    world.known = world.feeds[0], world.lots[0]
    world.feeds, world.lots = [], []
    found = Office(world.start_parkd())
    found.world = world
    found.local.put("/v1/admin/rules/acceptance", RULES)
    found.local.put("/v1/admin/rules/telling", {"grace_s": 0, "group_s": 0, "pace_s": 0})
    return found


def fresh(browser, office, path="/operator", width=DESK):
    browser.size(width)
    browser.open("about:blank")
    browser.driver.delete_all_cookies()
    browser.open(office.public + path).one("h1")
    browser.driver.delete_all_cookies()
    browser.js("localStorage.clear()")
    browser.open("about:blank").open(office.public + path).one("h1")
    browser.listen()
    browser.complaints.clear()
    browser.hosts.clear()
    return browser


def test_from_the_invitation_to_the_platform(office, browser):
    """Signs in by the link, registers the system by its vendor's parameters, tries it, registers the car park, hands it in; an officer agrees."""
    feed, lot = office.world.known
    office.local.put("/v1/admin/accounts/op", {"id": "op", "role": "operator", "name": "测试运营公司"})
    link = office.local.post("/v1/admin/accounts/op/invite").json()["link_token"]
    page = fresh(browser, office, f"/operator#link={link}")
    page.field("新密码", PASSWORD).field("再输一次", PASSWORD).button("设置并登录").says("怎样接入")
    page.button("数据来源", "nav").says("还没有数据来源").button("登记数据来源")
    page.field("厂家、协议", "keytop").field("编号", "park-system").field("接口地址", feed["url"]).field("每隔几秒查询", "0.5")
    for name, value in feed["params"].items():
        page.field(name, value)
    page.button("连上试").says("试验结果").says("成功")
    page.button("保存").says("最近的报文").says("正常")
    page.button("我的车场", "nav").button("登记车场")
    page.field("编码", "370302001101").field("名称", "测试停车场").field("经度", "118.0305").field("纬度", "36.8132").field("坐标系", "gcj02")
    page.field("总泊位", str(lot.get("total", 100))).field("充电车位", "8").field("收费", "每小时 2 元").field("数据来源", "park-system").field("车场在对方系统里的编码", lot["foreign_id"])
    page.button("保存").says("可以提交联调").says("40")
    page.button("提交联调").button("提交联调", "dialog[open]").says("联调（验收测试）").says("撤回")
    ident = "370302001101"
    assert ident not in office.world.platform.held()
    office.world.lotsim.value(office.world.sim["lots"][0]["id"], 41)
    wait_for(lambda: all(one["result"] == "pass" for one in office.local.get(f"/v1/operator/lots/{ident}/acceptance").json()["checks"][:4]), 40,
             lambda: f"the checks: {office.local.get(f'/v1/operator/lots/{ident}/acceptance').text()}")
    office.local.post(f"/v1/admin/lots/{ident}/waive", {"why": "现场不能断网"})
    page.says("等待主管部门审批", 40)
    assert office.local.post(f"/v1/admin/lots/{ident}/approve", {"why": "通过"}).status == 200
    page.says("已接入", 40)
    wait_for(lambda: office.world.platform.held().get(ident, {}).get("free") == 41, what="the platform to have it")
    stored = office.local.get(f"/v1/admin/lots/{ident}").json()
    assert stored["classes"] == {"charging": 8} and stored["location"] == {"lng": 118.0305, "lat": 36.8132, "datum": "gcj02"}
    page.listen()
    assert not page.complaints, page.complaints


def test_a_car_park_without_a_system(office, browser, folder):
    """Attendants by link; a mistake in the form stands beside its field; a push feed gets its key."""
    office.account("op", "operator")
    page = enter(fresh(browser, office))
    page.button("登记车场").field("编码", "bad code").field("名称", "人工停车场").button("保存").says("请改正标出的内容")
    page.field("编码", "hand").field("总泊位", "30").button("保存").says("请接上数据")
    page.button("新的值守员").field("位置或称呼", "东门").button("生成链接").says("/attendant#at_").button("完成").says("东门")
    table = folder / "counts.csv"
    table.write_text("编码,空位\nhand,12\nnowhere,3\n")
    page.button("我的车场", "nav").button("用表格上报").one("input[type=file]").send_keys(str(table))
    page.button("核对").says("没有这个车场").button("上报 1 行").says("已上报 1 行")
    wait_for(lambda: office.parkd.lot("hand")["free"] == 12, what="the table's count")
    office.parkd.put("lots", office.local.get("/v1/admin/lots/hand").json() | {"hours": {"week": [{"from": "06:00", "to": "23:00"}]}, "kind": "public"})
    page.button("人工停车场", "main").button("修改登记").field("总泊位", "31").field("名称", "人工停车场二").button("保存").says("人工停车场二")
    held = office.local.get("/v1/admin/lots/hand").json()
    assert held["total"] == 31 and held["hours"]["week"] and held["kind"] == "public", "what the form does not ask stays"
    page.button("数据来源", "nav").button("登记数据来源").field("厂家、协议", "native").field("编号", "box").button("保存").says("还没有密钥")
    page.button("新密钥").button("生成", "dialog[open]").says("只显示这一次").button("完成").says("bearer-0")
    page.button("修改、试一试").button("用样本试").field("报文", '{"items":[{"lot":"P1","free":5}]}').button("试一试", "dialog[open]").says("试验结果").says("P1")


def enter(page):
    return page.field("账号", "op").field("密码", PASSWORD).button("登录").says("我的车场")


def show(browser, path):
    browser.js("document.querySelector('main').replaceChildren(); const to = '#/' + arguments[0];"
               "if (location.hash === to) dispatchEvent(new HashChangeEvent('hashchange')); else location.hash = to;", path)
    wait_for(lambda: browser.js("return !document.querySelector('main .loading') && !!document.querySelector('main h1')"), what=lambda: f"{path}: {browser.text()[:800]}")


def test_every_view(office, browser):
    """Nothing to complain of, nobody else asked, nothing wider than the screen, nothing that axe finds serious."""
    feed, lot = office.world.known
    op = office.account("op", "operator")
    assert op.put("/v1/operator/feeds/keytop", feed).status == 201
    assert op.put("/v1/operator/feeds/away", {"id": "away", "dialect": "generic", "mode": "poll", "url": "http://127.0.0.1:9/", "interval_ms": 500,
                                              "params": {"mapping": {"format": "json", "items": "/", "lot": "/id", "free": "/free"}}}).status == 201
    assert op.put("/v1/operator/feeds/box", {"id": "box", "dialect": "native", "mode": "push"}).status == 201
    own = {key: value for key, value in lot.items() if key not in ("stage", "operator")}
    assert op.put(f"/v1/operator/lots/{lot['id']}", own).status == 201
    assert op.put("/v1/operator/lots/gone", {"id": "gone", "name": "测试离线停车场", "feed": "away", "total": 50}).status == 201
    assert op.put("/v1/operator/lots/hand", {"id": "hand", "name": "测试人工停车场", "total": 30}).status == 201
    op.post("/v1/operator/lots/hand/attendants", {"label": "东门"})
    op.post(f"/v1/operator/lots/{lot['id']}/submit")
    office.local.post("/v1/admin/lots/gone/approve", {"override": True, "why": "先接入"})
    op.post("/v1/operator/lots/gone/submit")
    office.local.post("/v1/admin/lots/gone/approve", {"override": True, "why": "先接入"})
    wait_for(lambda: op.get("/v1/operator/incidents").json()["incidents"], what="an incident")
    page = enter(fresh(browser, office))
    host = office.public.split("//")[1]
    views = {"lots": "", "lot": f"lots/{lot['id']}", "lot-hand": "lots/hand", "edit": f"edit/{lot['id']}", "register": "register", "feeds": "feeds", "feed": "feeds/keytop", "feed-away": "feeds/away",
             "feed-box": "feeds/box", "connect": "connect", "connect-edit": "connect/keytop", "month": "month", "incidents": "incidents", "upload": "upload", "me": "me"}
    for language in ("zh", "en"):
        if language == "en":
            page.size(DESK)
            page.button("English")
        for width in (DESK, PHONE):
            page.size(width)
            for name, path in views.items():
                show(page, path)
                page.shot(f"operator-{name}-{language}")
                assert page.wider_than_itself() <= 0, (name, language, width)
                found = page.axe() if AXE.exists() else []
                assert not found, (name, language, width, found)
    page.listen()
    assert not page.complaints and page.hosts == {host}, (page.complaints, page.hosts)
    page.size(DESK)
    page.button("中文")
