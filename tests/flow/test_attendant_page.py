# SPDX-License-Identifier: MIT
"""The attendant's page on a phone: pressed is told, once, also when the network or the server is away for a while; a link that was
revoked says so."""
import pytest

pytest.importorskip("selenium", reason="no selenium: the pages were not looked at")

from harness.browser import AXE, DESK, PHONE, Browser, there  # noqa: E402
from harness.office import Office  # noqa: E402
from harness.wait import wait_for  # noqa: E402

pytestmark = pytest.mark.skipif(not there(), reason="no Chromium: the pages were not looked at")


@pytest.fixture(scope="module")
def browser(keep_module):
    return keep_module(Browser(PHONE))


@pytest.fixture
def gate(parkd, browser):
    """A lot without a system and the phone of the one who sits at its gate."""
    office = Office(parkd)
    office.account("op", "operator")
    parkd.put("lots", {"id": "hand", "name": "测试人工停车场", "total": 60, "operator": "op", "stage": "connected"})
    made = office.local.post("/v1/operator/lots/hand/attendants", {"label": "东门"}).json()
    browser.size(PHONE)
    browser.js("localStorage.clear()") if browser.driver.current_url.startswith("http") else None
    browser.open("about:blank").open(parkd.url + made["link"]).says("测试人工停车场")
    browser.listen()
    browser.complaints.clear()
    browser.hosts.clear()
    browser.attendant, browser.parkd, browser.office = made["id"], parkd, office
    return browser


def free(page):
    return page.parkd.lot("hand")["free"]


def number(page, text):
    wait_for(lambda: page.one("output").text == text, what=lambda: f"{text} on {page.text()}")


def report(page, value):
    field = page.one("#exact")
    field.clear()
    field.send_keys(value)
    return page.button("上报")


def press(page, nth, times=1):
    for _ in range(times):
        page.all(".steps2 button")[nth].click()


def test_pressed_is_told(gate):
    assert not gate.one(".steps2 button").is_enabled() and "请先报一个数" in gate.text()
    report(gate, "42").says("已送达")
    number(gate, "42")
    wait_for(lambda: free(gate) == 42, what="the count")
    press(gate, 0, 3)
    press(gate, 1)
    number(gate, "40")
    gate.says("已送达")
    wait_for(lambda: free(gate) == 40, what="the steps")
    assert "manual" in str(gate.parkd.lot("hand"))
    gate.button("已满").says("已送达")
    wait_for(lambda: gate.parkd.lot("hand")["band"] == "full", what="the level")
    report(gate, "61").says("最多 60")
    report(gate, "many").says("请填一个整数")
    report(gate, "７")
    wait_for(lambda: free(gate) == 7, what="full-width digits")


def test_away_for_a_while(gate):
    """The server is gone, the page is closed and opened again meanwhile: what was pressed arrives once."""
    report(gate, "30").says("已送达")
    gate.parkd.kill()
    press(gate, 0, 2)
    number(gate, "28")
    gate.says("未送达")
    press(gate, 1, 5)
    number(gate, "33")
    gate.parkd.start()
    gate.says("已送达", 60)
    wait_for(lambda: free(gate) == 33, what=lambda: f"33, once each: {free(gate)}")
    gate.parkd.kill()
    report(gate, "12")
    gate.says("未送达")
    gate.parkd.start()
    gate.driver.refresh()
    wait_for(lambda: free(gate) == 12, 60, "what was kept in the phone")
    number(gate, "12")


def test_a_phone_with_a_wrong_clock(gate):
    gate.js("const real = Date; window.Date = class extends real { constructor(...a) { if (a.length) super(...a); else super(real.now() - 7200000); } static now() { return real.now() - 7200000; } };")
    looks = "return performance.getEntriesByType('resource').filter((one) => one.name.endsWith('/v1/attendant')).length"
    before = gate.js(looks)
    gate.js("document.dispatchEvent(new Event('visibilitychange'))")
    wait_for(lambda: gate.js(looks) > before, what="the page to look, and to hear the server's time")
    report(gate, "21").says("已送达")
    wait_for(lambda: free(gate) == 21, what="the count of a phone that is two hours behind")


def test_an_answer_that_was_lost(gate):
    """The server has the step, the phone does not know: what is pressed next is not mixed into it."""
    report(gate, "30").says("已送达")
    gate.js("""const real = window.fetch; window.losing = true;
               window.fetch = async (path, how) => { const answer = await real(path, how); if (how.method === 'POST' && window.losing) throw new TypeError('lost'); return answer; };""")
    press(gate, 0)
    wait_for(lambda: free(gate) == 29, what="the step to arrive")
    gate.says("未送达")
    press(gate, 0, 2)
    number(gate, "27")
    gate.js("window.losing = false")
    gate.says("已送达", 60)
    wait_for(lambda: free(gate) == 27, what=lambda: f"27, each step once: {free(gate)}")


def test_a_clock_that_jumps_back(gate):
    """The count, then a clock set back by a minute, then a step: it is later than the count all the same."""
    report(gate, "30").says("已送达")
    gate.js("const real = Date; window.Date = class extends real { constructor(...a) { if (a.length) super(...a); else super(real.now() - 60000); } static now() { return real.now() - 60000; } };")
    press(gate, 0)
    number(gate, "29")
    gate.says("已送达")
    wait_for(lambda: free(gate) == 29, what=lambda: f"29: {free(gate)}")


def test_a_revoked_link(gate):
    report(gate, "5").says("已送达")
    assert gate.office.local.delete(f"/v1/operator/lots/hand/attendants/{gate.attendant}").status == 204
    report(gate, "6").says("这个链接已经失效")
    gate.driver.refresh()
    gate.says("这个链接已经失效")
    assert free(gate) == 5


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_looks(gate, language, width):
    gate.size(width)
    report(gate, "42").says("已送达")
    if language == "en":
        gate.button("English").says("free of 60")
    host = gate.parkd.url.split("//")[1]
    assert gate.wider_than_itself() <= 0
    assert gate.js("return Math.min(...[...document.querySelectorAll('main button')].map((b) => b.getBoundingClientRect().height))") >= 56
    gate.shot(f"attendant-{language}")
    found = gate.axe()
    if AXE.exists():
        assert not found, found
    gate.listen()
    assert not gate.complaints and gate.hosts == {host}, (gate.complaints, gate.hosts)
    if language == "en":
        gate.button("中文")
