# SPDX-License-Identifier: MIT
"""The residents' pages in a real browser: found by name, nearest first, favourites, live; a lot's own page, the map, the big screen, the list in
another's page; honest without a network and without JavaScript; in both languages and themes, on a phone and a desk, in large print, in a
messenger; with nothing to complain about."""
import contextlib
import http.server
import threading
import urllib.parse

import pytest

pytest.importorskip("selenium", reason="no selenium: the pages were not looked at")

from harness.browser import DESK, PHONE, Browser, there  # noqa: E402
from harness.office import Office  # noqa: E402
from harness.proxy import Proxy  # noqa: E402
from harness.wait import wait_for  # noqa: E402
from harness.world import World, sha256  # noqa: E402

pytestmark = pytest.mark.skipif(not there(), reason="no Chromium: the pages were not looked at")
PAGES = ["/", "/lots/P1", "/map", "/board", "/?embed=1"]
NAMES = ["火车站南广场停车场", "人民公园东门停车场", "中心医院停车楼", "市民中心停车场"]


@pytest.fixture(scope="module")
def parkd(keep_module, tmp_path_factory):
    world = World(keep_module, tmp_path_factory.mktemp("residents"))
    world.feeds = [{"id": "f", "dialect": "native", "mode": "push", "auth": {"bearer_sha256": [sha256("key")]}}]
    world.lots = [{"id": f"P{at}", "name": name, "name_en": f"Car park {at}", "area": ["东区", "西区"][at % 2], "address": f"中心路 {at} 号", "total": 100, "feed": "f",
                   "stage": "connected", "location": {"lng": 118.05 + at / 100, "lat": 36.81, "datum": "wgs84"}, **(MORE if at == 1 else {})} for at, name in enumerate(NAMES)]
    world.lots.append({"id": "silent", "name": "无数据停车场", "stage": "registered"})
    parkd = world.start_parkd({"district": {"name": "张店区公共停车场"}})
    push(parkd, *((f"P{at}", free) for at, free in enumerate((0, 5, 25, 80))))
    return parkd


MORE = {"phone": "0533-12345", "fee_text": "每小时 3 元", "free_minutes": 30, "height_m": 2.1, "hours_text": "24小时", "courier_minutes": 20,
        "classes": {"accessible": 2, "courier": 4, "charging_fast": 3, "charging_slow": 6}}


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
    page.button("离我近")
    wait_for(lambda: shown(page) == ["P3", "P2", "P1", "P0", "silent"], what=lambda: f"by distance: {shown(page)}")
    assert all(far in page.text() for far in ("90 m · 西区", "980 m · 东区", "2.8 km")) and page.one("#near").get_attribute("aria-pressed") == "true"
    page.button("离我近")
    wait_for(lambda: shown(page) == ["P0", "P1", "P2", "P3", "silent"], what="the order before")
    page.listen()
    assert not [url for url in page.asked if "118.08" in url or "36.81" in url], "where somebody stands leaves the page"


def test_no_position(page):
    page.driver.execute_cdp_cmd("Browser.setPermission", {"permission": {"name": "geolocation"}, "setting": "denied"})
    page.button("离我近").says("没有取得位置")
    assert shown(page)[0] == "P0" and page.one("#near").get_attribute("aria-pressed") == "false"


def test_favourites_come_first(page):
    star = page.one("[data-id=P3] .star")
    assert star.get_attribute("aria-label") == f"收藏 {NAMES[3]}" and star.get_attribute("aria-pressed") == "false"
    star.click()
    page.driver.refresh()
    wait_for(lambda: shown(page) == ["P3", "P0", "P1", "P2", "silent"], what=lambda: f"the favourite first: {shown(page)}")
    page.one("[data-id=P3] .star").click()
    assert page.js("return localStorage.getItem('parkd.favourites')") == ""


def test_other_orders(page):
    page.button("空位多")
    wait_for(lambda: shown(page) == ["P3", "P2", "P1", "P0", "silent"], what=lambda: f"by free places: {shown(page)}")
    page.button("按名称")
    wait_for(lambda: page.one("#by-name").get_attribute("aria-pressed") == "true" and shown(page)[:4] == page.js(
        "return [...arguments[0].keys()].sort((a, b) => arguments[0][a].localeCompare(arguments[0][b], 'zh-CN')).map((at) => `P${at}`)", NAMES), what="by name")


def test_two_tabs_have_one_stream(page, parkd):
    """And both hear of a change."""
    before = page.driver.current_window_handle
    wait_for(lambda: parkd.metrics()["parkd_stream_readers"] == 1, what=lambda: "one page to listen: " + str(parkd.metrics()["parkd_stream_readers"]))
    page.driver.switch_to.new_window("tab")
    try:
        page.open(parkd.url).says(NAMES[2])
        push(parkd, ("P2", 31))
        wait_for(lambda: free(page, "P2") == "31", what="the number in the second tab")
        assert parkd.metrics()["parkd_stream_readers"] == 1
    finally:
        page.driver.close()
        page.driver.switch_to.window(before)
    wait_for(lambda: free(page, "P2") == "31", what="the number in the first tab")
    push(parkd, ("P2", 25))


# ---- a lot's own page

def test_a_lots_own_page(page, parkd):
    page.button(NAMES[1]).says("停车场信息")
    text = page.text()
    for words in (NAMES[1], "Car park 1", "5 / 100", "紧张", "0533-12345", "每小时 3 元 · 免费 30 分钟", "2.1 m", "24小时 · 开放中", "快充车位 3 个，空位未知", "暖蜂车位 4 个，空位未知，限停 20 分钟",
                  "数据还不够"):
        assert words in text, (words, text)
    assert "还没有可画的记录" in text or page.all("svg.day")    # a quarter of an hour may have ended meanwhile
    assert page.one("dd a").get_attribute("href") == "tel:053312345"
    ways = {one.text: one.get_attribute("href") for one in page.all(".ways a")}
    assert list(ways) == ["高德导航", "百度导航", "苹果地图", "其他地图"] and ways["其他地图"].startswith("geo:36.81")
    push(parkd, ("P1", 6))
    wait_for(lambda: page.js("return document.querySelector('#lot .free b').textContent") == "6", what="the number to be live")
    push(parkd, ("P1", 5))


def test_this_number_is_wrong(page, parkd):
    """It counts once, and stands in the day's record."""
    page.open(f"{parkd.url}/lots/P0")
    page.button("这个数字不对").says("谢谢，已记下")
    page.button("这个数字不对").says("您刚才已经反映过")
    assert parkd.metrics()["parkd_resident_reports_total"] == 1
    other = parkd.post("/v1/lots/P0/reports", {"shown": 0}, headers={"X-Forwarded-For": "203.0.113.7"})
    assert other.status == 200 and other.json() == {"noted": True}
    for ident in ("P1", "P2", "P3"):
        assert parkd.post(f"/v1/lots/{ident}/reports", {}, headers={"X-Forwarded-For": "203.0.113.7"}).json() == {"noted": True}
    parkd.end()
    parkd.start()                                        # the day's records are made again soon after a start
    office = Office(parkd).local
    record = wait_for(lambda: next((one for one in office.get("/v1/operator/lots/P0/quality").json()["quality"] if one["reported"]), None), 60, "the record to count them")
    assert record["reported"] == 2


def test_reports_have_limits(parkd):
    def tell(lot, body=None, address="203.0.113.9"):
        return parkd.post(f"/v1/lots/{lot}/reports", body, headers={"X-Forwarded-For": address})
    assert tell("nobody", {}).status == 404
    bad = tell("P0", {"shown": -1})
    assert bad.status == 422 and bad.json()["errors"][0]["pointer"] == "/shown", bad.text()
    assert tell("P0", {"why": "x"}).status == 422
    assert parkd.post("/v1/lots/P0/reports", {}, headers={"Origin": "https://elsewhere.example"}).status == 403
    answers = [tell("P2", {}, f"198.51.100.{at}") for at in range(70)]
    assert {one.status for one in answers} == {200, 429} and answers[-1].headers["Retry-After"] == "3600"


def test_any_number_of_parameters(parkd):
    """Messengers append theirs to links; more than are kept must do no harm."""
    for path in ("/", "/map", "/lots/P1"):
        assert parkd.get(path + "?" + "&".join(f"p{at}=x" for at in range(300))).status == 200


def test_a_lot_that_is_not_there(parkd):
    assert parkd.get("/lots/nobody").status == 404


# ---- map, big screen, in another's page

def test_the_map(page, parkd):
    page.open(f"{parkd.url}/map")
    pins = wait_for(lambda: len(found := page.all("#map .pin")) == 4 and found, what="the pins")
    assert [one.find_element("css selector", "text").text for one in pins] == ["0", "5", "25", "80"]
    pins[1].click()
    assert "5 / 100" in page.one("#card").text and page.one("#card a").get_attribute("href").endswith("/lots/P1")
    box = page.js("return document.getElementById('map').getAttribute('viewBox')")
    page.one("#in").click()
    wait_for(lambda: page.js("return document.getElementById('map').getAttribute('viewBox')") != box, what="the map to zoom")
    push(parkd, ("P2", 12))
    wait_for(lambda: "12" in [one.text for one in page.all("#map .pin text:first-of-type")], what="the number")
    push(parkd, ("P2", 25))
    position(page, 118.06, 36.81)
    page.one("#near").click()
    page.one("#map .here")


def test_the_map_on_pictures(keep, tmp_path, browser):
    """Leaflet is asked for only when there are map pictures; the numbers stand on them."""
    class Tiles(http.server.BaseHTTPRequestHandler):
        asked = []

        def do_GET(self):
            self.asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_):
            pass
    tiles = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tiles)
    threading.Thread(target=tiles.serve_forever, daemon=True).start()
    try:
        world = World(keep, tmp_path)
        world.feeds = [{"id": "f", "dialect": "native", "mode": "push", "auth": {"bearer_sha256": [sha256("key")]}}]
        world.lots = [{"id": f"P{at}", "name": f"lot {at}", "total": 100, "feed": "f", "stage": "connected", "location": {"lng": 118.05 + at / 100, "lat": 36.81, "datum": "wgs84"}} for at in range(2)]
        parkd = world.start_parkd({"map": {"tiles": f"http://127.0.0.1:{tiles.server_port}/{{z}}/{{x}}/{{y}}.png", "tiles_attribution": "Bilder: Amt"}})
        push(parkd, ("P0", 7), ("P1", 50))
        browser.size(DESK)
        browser.open(f"{parkd.url}/map").says("Bilder: Amt")
        wait_for(lambda: [one.text for one in browser.all(".pin-box b")] == ["7", "50"] and Tiles.asked, what="pins and pictures")
        browser.all(".pin-box")[0].click()
        assert "7 / 100" in browser.one("#card").text
        # GCJ-02 lies half a kilometre off: the marker stands where those pictures have the lot.
        assert parkd.get("/map").headers["Content-Security-Policy"].count(f"http://127.0.0.1:{tiles.server_port}") == 1
        assert not browser.axe()
    finally:
        tiles.shutdown()
        tiles.server_close()


def test_the_big_screen_turns(page, parkd):
    page.size(700, 400)
    page.open(f"{parkd.url}/board")
    first = wait_for(lambda: page.js("return document.getElementById('leaf').textContent") and shown(page), what="a first leaf")
    assert 0 < len(first) < 5 and page.js("return document.documentElement.scrollHeight <= innerHeight")
    wait_for(lambda: shown(page) != first, 40, "the next leaf")


class Elsewhere:
    """A page of another origin that shows ours in a frame."""

    def __init__(self, url):
        page = f"<!doctype html><title>city</title><iframe title=p src='{url}' width=400 height=600></iframe>".encode()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://localhost:{self.server.server_port}/"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.parametrize("path, may", [("/?embed=1", True), ("/", False), ("/lots/P1?embed=1", False)])
def test_in_anothers_page(page, parkd, keep, path, may):
    page.open(keep(Elsewhere(parkd.url + path)).url)
    page.driver.switch_to.frame(page.one("iframe"))
    try:
        if may:
            page.says(NAMES[3])
            wait_for(lambda: page.one("#find").is_displayed() and page.js("return document.querySelector('header').offsetHeight") == 1, what="the list alone")
            assert "查看完整页面" in page.text() and not page.js("return 'serviceWorker' in navigator && navigator.serviceWorker.controller")
        else:
            wait_for(lambda: page.js("return document.readyState") == "complete", what="the refusal")
            assert NAMES[1] not in page.text()
    finally:
        page.driver.switch_to.default_content()


# ---- without this and that

@pytest.fixture
def link(parkd, keep, browser):
    """The page over a line that can be cut, its worker installed."""
    address = urllib.parse.urlsplit(parkd.url)
    proxy = keep(Proxy((address.hostname, address.port)))
    proxy.page = browser
    browser.size(PHONE)
    browser.open(proxy.url + "/").says(NAMES[3])
    wait_for(lambda: browser.js("return navigator.serviceWorker.controller !== null"), 60, "the worker")
    yield proxy
    proxy.restore()


def test_without_a_network(link, browser):
    """Said, with the time of what is shown; and back by itself."""
    link.cut()
    browser.says("网络中断，数据截至", 60)
    assert free(browser, "P3") == "80"
    link.restore()
    wait_for(lambda: "网络中断" not in browser.text(), 60, "the network to be back")


def test_opened_without_a_network(link, browser):
    """From what was kept, with its age; and no number beyond its time."""
    browser.open(link.url + "/lots/P1").says("停车场信息")
    browser.open(link.url + "/").says(NAMES[3])
    link.cut()
    browser.driver.refresh()
    browser.says("网络中断，数据截至", 60)
    assert free(browser, "P3") == "80" and "前" in browser.one("[data-id=P3] .age").text
    browser.open(link.url + "/lots/P1").says("停车场信息")
    browser.open(link.url + "/lots/P2").says(NAMES[3])   # never opened: the list in its place
    later = browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": "const now = Date.now; Date.now = () => now() + 11 * 60000;"})
    try:
        browser.open(link.url + "/").says("网络中断，数据截至", 60)
        wait_for(lambda: free(browser, "P3") == "–", what="the number to go")
        assert "上次 80" in browser.text() and "数据未更新" in browser.one("[data-id=P3]").text
    finally:
        browser.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", {"identifier": later["identifier"]})


def test_it_can_be_installed(page, parkd):
    manifest = parkd.get("/manifest.webmanifest?lang=en")
    assert manifest.headers["Content-Type"] == "application/manifest+json"
    for icon in manifest.json()["icons"]:
        assert parkd.get(icon["src"]).headers["Content-Type"] == icon["type"]
    page.driver.execute_cdp_cmd("Page.enable", {})
    said = page.driver.execute_cdp_cmd("Page.getAppManifest", {})
    assert said["url"].endswith("/manifest.webmanifest") and not said["errors"], said


def test_scripts_stand_for_ever(parkd):
    path = parkd.get("/").text().split('src="')[1].split('"')[0]
    assert "immutable" in parkd.get(path).headers["Cache-Control"]
    assert parkd.get("/list.js").headers["Cache-Control"] == "no-cache"
    assert parkd.get("/a/0000000000000000/list.js").headers["Cache-Control"] == "no-cache"


@contextlib.contextmanager
def no_script(page):
    page.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        yield
    finally:
        page.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.parametrize("path, words", [("/", [NAMES[1], "每小时 3 元", "导航"]), ("/lots/P1", ["停车场信息", "0533-12345", "到达时还有位置吗"]), ("/map", ["示意图"]), ("/board", [NAMES[1]])])
def test_without_javascript(page, parkd, path, words):
    with no_script(page):
        page.open(parkd.url + path)
        text = page.driver.find_element("css selector", "body").text
        assert all(one in text for one in words) and not [one for one in page.all("#tools, #wrong, .zoom") if one.is_displayed()], text
        if path == "/map":
            page.driver.find_element("css selector", "#map .pin[href='/lots/P1']").click()
            assert page.driver.current_url.endswith("/lots/P1")


MESSENGER = ("Mozilla/5.0 (Linux; Android 9; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/86.0.4240.99 XWEB/4425 MMWEBSDK/20230504 "
             "Mobile Safari/537.36 MicroMessenger/8.0.37.2380(0x2800255B) NetType/4G Language/zh_CN ABI/arm64")
# What such a webview lacks; and it gives no position.
LACKING = """delete Navigator.prototype.serviceWorker; delete Navigator.prototype.locks; delete window.BroadcastChannel; delete AbortSignal.timeout; delete AbortSignal.any;
delete Array.prototype.at; delete Array.prototype.findLast; delete Object.groupBy; delete String.prototype.replaceAll; delete window.structuredClone;"""


def test_in_a_messenger(keep, parkd):
    browser = keep(Browser(PHONE))
    browser.driver.execute_cdp_cmd("Network.setUserAgentOverride", {"userAgent": MESSENGER})
    browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": LACKING})
    browser.driver.execute_cdp_cmd("Browser.setPermission", {"permission": {"name": "geolocation"}, "setting": "denied"})
    browser.open(parkd.url).says(NAMES[3])
    assert browser.js("return navigator.locks === undefined && !('serviceWorker' in navigator)")
    wait_for(lambda: parkd.metrics()["parkd_stream_readers"] >= 1, what="the page to listen")
    push(parkd, ("P2", 44))
    wait_for(lambda: free(browser, "P2") == "44", what="the number")
    push(parkd, ("P2", 25))
    browser.button("离我近").says("没有取得位置")
    for path in PAGES:
        browser.open(parkd.url + path).says("5")
    browser.listen()
    assert not browser.complaints, browser.complaints


# ---- how it looks

def theme(page, name):
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": name}]})


def ready(page):
    """Its script has run and its numbers are there."""
    wait_for(lambda: page.js("return document.readyState === 'complete' && (!document.getElementById('tools') || !document.getElementById('tools').hidden)"), what="the page")


def faultless(page, parkd, what):
    found = page.axe()
    assert not found, (what, found)
    assert page.wider_than_itself() == 0, what
    page.listen()
    assert not page.complaints and page.hosts <= {parkd.listen}, (what, page.complaints, page.hosts)


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page(page, parkd, width, colours, language):
    page.size(width)
    theme(page, colours)
    for path in PAGES:
        where = path + ("&" if "?" in path else "?") + "lang=en" if language == "en" else path
        page.open(parkd.url + where)
        ready(page)
        page.shot(f"residents-{path.strip('/').replace('/', '-').replace('?', '') or 'list'}-{language}-{colours}")
        faultless(page, parkd, (where, width, colours))
    theme(page, "")


@pytest.mark.parametrize("path", PAGES)
def test_twice_as_large(page, parkd, path):
    """200 % text, as the browser's own setting makes it; and the page's large print."""
    page.open(parkd.url + path + ("&" if "?" in path else "?") + "large=1")
    ready(page)
    faultless(page, parkd, path)
    page.open(parkd.url + path)
    ready(page)
    page.js("document.documentElement.style.fontSize = '200%'")
    page.shot(f"residents-200-{path.strip('/').replace('/', '-').replace('?', '') or 'list'}")
    faultless(page, parkd, path)


def test_large_print_stays(page, parkd):
    page.button("大字").says("标准字号")
    assert page.js("return parseFloat(getComputedStyle(document.body).fontSize)") == 22
    page.button(NAMES[1]).says("停车场信息")
    assert page.js("return parseFloat(getComputedStyle(document.body).fontSize)") == 22


def test_by_keyboard(page):
    """The first key goes to the list; everything one can press is reached and shows it."""
    body = page.driver.find_element("css selector", "body")
    body.send_keys("\ue004")
    assert page.js("return document.activeElement.className") == "skip"
    seen = set()
    for _ in range(16):
        page.driver.switch_to.active_element.send_keys("\ue004")
        seen.add(page.js("return document.activeElement.id || document.activeElement.className || document.activeElement.textContent"))
        assert page.js("const s = getComputedStyle(document.activeElement); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2"), seen
    assert {"find", "by-free", "by-name", "star"} <= seen, seen


def test_the_first_view_is_small(parkd):
    """Page, style and scripts, packed: at most 40 kB; a hundred lots too."""
    for path in ("/", "/lots/P1", "/map", "/board"):
        text = parkd.get(path).text()
        files = {one.split('"')[0] for one in text.split('="') if one.startswith("/a/") and one.split('"')[0].endswith((".js", ".css"))}
        sizes = {one: len(parkd.get(one, headers={"Accept-Encoding": "gzip"}).body) for one in (path, *files)}
        assert len(files) == 3 and sum(sizes.values()) <= 40_000, sizes
