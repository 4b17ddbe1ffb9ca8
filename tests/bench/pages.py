#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make page: every page in a real Chromium, as somebody meets it for the first time. For each: bytes over the wire until it is complete, requests,
requests to other hosts, what axe finds by severity; then its paints on a slow phone (CPU four times slower, 1.6 Mbit/s down, 750 kbit/s up,
150 ms there and back; medians of five cold loads). Ends with 1 when a page is over its budget.

pages.py --build build/release [--loads 5]"""
import argparse
import json
import pathlib
import statistics
import sys
import urllib.parse

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests/flow")]
from harness.browser import AXE, Browser  # noqa: E402
from harness.wait import wait_for  # noqa: E402
from simlib.demo import Demo  # noqa: E402

SEVERITIES = ("minor", "moderate", "serious", "critical")
RESIDENTS, STAFF = 40_000, 120_000                       # bytes of the first view
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8}
PAST_DAYS = 30
QUIET = "return document.readyState === 'complete' && (!document.getElementById('tools') || !document.getElementById('tools').hidden)"
PAINTS = """const done = arguments[0], found = {shift: 0, blocked: 0, largest: 0};
const take = {'paint': (e) => { if (e.name === 'first-contentful-paint') found.first = e.startTime; }, 'largest-contentful-paint': (e) => { found.largest = e.startTime; },
  'layout-shift': (e) => { if (!e.hadRecentInput) found.shift += e.value; }, 'longtask': (e) => { found.blocked += Math.max(0, e.duration - 50); }};
for (const [type, fn] of Object.entries(take)) new PerformanceObserver((list) => list.getEntries().forEach(fn)).observe({type, buffered: true});
requestAnimationFrame(() => setTimeout(() => done(found), 300));"""


def pages(lot):
    """(path, bytes that its first view may take)"""
    residents = ["/", f"/lots/{lot}", "/map", "/board", "/?embed=1"]
    english = [path + ("&" if "?" in path else "?") + "lang=en" for path in residents]
    return [(path, RESIDENTS) for path in residents + english] + [("/operator", STAFF), ("/attendant", STAFF), ("CONSOLE", STAFF)]


class Wire:
    """What the browser asked and got, from its own notes."""

    def __init__(self, browser, host):
        self.host, self.bytes, self.asked, self.others = host, 0, 0, []
        for entry in browser.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.request(urllib.parse.urlsplit(message["params"]["request"]["url"]))
            elif message["method"] == "Network.loadingFinished":
                self.bytes += message["params"]["encodedDataLength"]

    def request(self, url):
        if url.scheme in ("data", "blob", "chrome", "about"):
            return
        self.asked += 1
        if url.netloc != self.host:
            self.others.append(url.netloc)


def cold(browser, url):
    """As if nobody had been here before."""
    browser.open("about:blank")
    browser.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    browser.driver.get_log("performance")
    browser.open(url)
    wait_for(lambda: browser.js(QUIET), 60, f"{url} to be complete")


def severities(browser):
    browser.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    found = browser.driver.execute_async_script("const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then((r) => done(r.violations.map((v) => [v.impact, v.id])))")
    return {name: [rule for impact, rule in found if impact == name] for name in SEVERITIES}


def weigh(browser, url, budget):
    """One line; how many faults."""
    cold(browser, url)
    wire, found = Wire(browser, urllib.parse.urlsplit(url).netloc), severities(browser)
    bad = [f"{wire.bytes - budget:.0f} bytes over"] * (wire.bytes > budget) + [f"asks {one}" for one in wire.others] + found["serious"] + found["critical"]
    path = url.split("/", 3)[3]
    print(f"page /{path:<32} {wire.bytes / 1000:6.1f} kB of {budget / 1000:.0f}  requests {wire.asked:2}  other hosts {len(wire.others)}  axe " +
          " ".join(f"{name} {len(found[name])}" for name in SEVERITIES) + "".join(f" ({one})" for name in SEVERITIES[:2] for one in found[name]) + ("  OVER: " + ", ".join(bad) if bad else ""), flush=True)
    return len(bad)


def paint(browser, url, loads):
    rows = []
    for _ in range(loads):
        cold(browser, url)
        rows.append(browser.driver.execute_async_script(PAINTS))
    middle = {name: statistics.median(row.get(name, 0) for row in rows) for name in ("first", "largest", "blocked", "shift")}
    print(f"paint /{url.split('/', 3)[3]:<31} first {middle['first']:5.0f} ms  largest {middle['largest']:5.0f} ms  "
          f"blocked {middle['blocked']:4.0f} ms  shift {middle['shift']:.3f}", flush=True)


def look(urls, loads):
    browser = Browser(390)
    try:
        browser.size(390, 844)
        browser.driver.execute_cdp_cmd("Network.enable", {})
        browser.driver.execute_cdp_cmd("Network.setBypassServiceWorker", {"bypass": True})
        over = sum(weigh(browser, url, budget) > 0 for url, budget in urls)
        browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", SLOW)
        browser.driver.execute_cdp_cmd("Emulation.setCPUThrottlingRate", {"rate": 4})
        browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 3, "mobile": True})
        for url, _ in urls[:5] if loads else []:
            paint(browser, url, loads)
    finally:
        browser.close()
    print(f"page: {len(urls)} pages, {over} over budget")
    return over


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--loads", type=int, default=5, help="cold loads on the slow phone; 0: none")
    parser.add_argument("--budget", type=int, help="bytes, in place of each page's own")
    args = parser.parse_args()
    demo = Demo(args.build, ROOT / "build/page/run")
    try:
        demo.start(PAST_DAYS)
        wait_for(lambda: (s := demo.state())["delivered"] == s["connected"], 60, "the lots")
        lot = demo.connected()[0]
        urls = [(demo.run["console"] + "/console" if path == "CONSOLE" else demo.run["public"] + path, args.budget or budget) for path, budget in pages(lot)]
        return 1 if look(urls, args.loads) else 0
    finally:
        demo.end()


sys.exit(main())
