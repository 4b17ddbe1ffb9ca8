# SPDX-License-Identifier: MIT
"""The residents' page in a real browser: found by name, nearest first, live, honest without a network; in both languages, on a phone and a
desk, with nothing to complain about."""
import pytest

pytest.importorskip("selenium", reason="no selenium: the pages were not looked at")

from harness.browser import DESK, PHONE, Browser, there  # noqa: E402
from harness.wait import wait_for  # noqa: E402
from harness.world import World, sha256  # noqa: E402

pytestmark = pytest.mark.skipif(not there(), reason="no Chromium: the pages were not looked at")
NAMES = ["火车站南广场停车场", "人民公园东门停车场", "中心医院停车楼", "市民中心停车场"]


@pytest.fixture(scope="module")
def parkd(keep_module, tmp_path_factory):
    world = World(keep_module, tmp_path_factory.mktemp("residents"))
    world.feeds = [{"id": "f", "dialect": "native", "mode": "push", "auth": {"bearer_sha256": [sha256("key")]}}]
    world.lots = [{"id": f"P{at}", "name": name, "name_en": f"Car park {at}", "area": ["东区", "西区"][at % 2], "address": f"中心路 {at} 号", "total": 100, "feed": "f",
                   "stage": "connected", "location": {"lng": 118.05 + at / 100, "lat": 36.81, "datum": "wgs84"}} for at, name in enumerate(NAMES)]
    world.lots.append({"id": "silent", "name": "无数据停车场", "stage": "registered"})
    parkd = world.start_parkd({"district": {"name": "张店区公共停车场"}})
    push(parkd, *((f"P{at}", free) for at, free in enumerate((0, 5, 25, 80))))
    return parkd


def push(parkd, *counts):
    answer = parkd.post("/v1/ingest/f", {"items": [{"lot": lot, "free": free, "status": "open"} for lot, free in counts]}, headers={"Authorization": "Bearer key"})
    assert answer.json()["rejected"] == 0, answer


@pytest.fixture(scope="module")
def browser(keep_module):
    return keep_module(Browser(PHONE))


@pytest.fixture
def page(parkd, browser):
    browser.size(PHONE)
    browser.driver.execute_cdp_cmd("Browser.resetPermissions", {})
    browser.open(parkd.url).says(NAMES[3])
    browser.listen()
    browser.complaints.clear()
    browser.hosts.clear()
    return browser


def shown(page):
    return page.js("return [...document.querySelectorAll('#lots > li')].filter((row) => !row.hidden).map((row) => row.dataset.id)")


def free(page, lot):
    return page.js("return document.querySelector(`[data-id='${arguments[0]}'] .free b`).textContent", lot)


def position(page, lng, lat):
    page.driver.execute_cdp_cmd("Browser.grantPermissions", {"permissions": ["geolocation"]})
    page.driver.execute_cdp_cmd("Emulation.setGeolocationOverride", {"latitude": lat, "longitude": lng, "accuracy": 20})


def test_a_change_is_live(page, parkd):
    """Told by the stream; asking alone would take five seconds more each time."""
    wait_for(lambda: parkd.metrics()["parkd_stream_readers"] >= 1, what="the page to listen")
    push(parkd, ("P2", 33))
    wait_for(lambda: free(page, "P2") == "33", what="the number")
    push(parkd, ("P2", 25))
    wait_for(lambda: free(page, "P2") == "25", what="the number")


def test_found_by_name_and_place(page):
    find = page.one("#find")
    for words, wanted in (("公园", ["P1"]), ("CAR PARK 2", ["P2"]), ("东区", ["P0", "P2"]), ("东区 医院", ["P2"]), ("３", ["P3"])):
        find.clear()
        find.send_keys(words)
        wait_for(lambda wanted=wanted: shown(page) == wanted, what=lambda: f"{words}: {shown(page)}")
    find.clear()
    find.send_keys("月球")
    page.says("没有符合的停车场")
    find.clear()
    find.send_keys(" ")
    wait_for(lambda: len(shown(page)) == 5 and "没有符合的停车场" not in page.text(), what="all of them")


def test_nearest_first(page):
    position(page, 118.081, 36.81)
    page.button("离我近的在前")
    wait_for(lambda: shown(page) == ["P3", "P2", "P1", "P0", "silent"], what=lambda: f"by distance: {shown(page)}")
    assert all(far in page.text() for far in ("90 m · 西区", "980 m · 东区", "2.8 km")) and page.one("#near").get_attribute("aria-pressed") == "true"
    page.button("离我近的在前")
    wait_for(lambda: shown(page) == ["P0", "P1", "P2", "P3", "silent"], what="the order before")
    page.listen()
    assert not [url for url in page.asked if "118.08" in url or "36.81" in url], "where somebody stands leaves the page"


def test_no_position(page):
    page.driver.execute_cdp_cmd("Browser.setPermission", {"permission": {"name": "geolocation"}, "setting": "denied"})
    page.button("离我近的在前").says("没有取得位置")
    assert shown(page)[0] == "P0" and page.one("#near").get_attribute("aria-pressed") == "false"


def test_without_a_network(page, parkd):
    """Said, with the time of what is shown; and back by itself."""
    try:
        page.driver.execute_cdp_cmd("Network.enable", {})
        page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})
        page.says("网络中断，数据截至", 60)
    finally:
        page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})
    wait_for(lambda: "网络中断" not in page.text(), 60, "the network to be back")


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("path", ["/", "/?lang=en"])
def test_both_languages_both_sizes(page, parkd, width, path):
    page.size(width)
    page.open(parkd.url + path).says("Car park 1" if "en" in path else NAMES[1])
    wait_for(lambda: page.one("#find").is_displayed(), what="the search")
    page.shot(f"residents{'-en' if 'en' in path else ''}")
    assert page.wider_than_itself() == 0
    found = page.axe()
    assert not found, found
    page.listen()
    assert not page.complaints and page.hosts <= {parkd.listen}, (page.complaints, page.hosts)


def test_without_javascript(page, parkd):
    page.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.open(parkd.url)
        assert len(page.all("#lots > li")) == 5 and not page.all("#tools")[0].is_displayed()
    finally:
        page.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_the_first_view_is_small(page, parkd):
    """Page, style and script, packed: at most 40 kB."""
    sizes = {path: len(parkd.get(path, headers={"Accept-Encoding": "gzip"}).body) for path in ("/", "/style.css", "/list.js")}
    assert sum(sizes.values()) <= 40_000, sizes
