# SPDX-License-Identifier: MIT
"""A real Chromium: opens pages as a person would, at a phone's and a desk's width, in both languages. Notes what the console said, which
policy was broken, and whom the pages asked, so that a test can say "nothing of that kind happened"."""
import contextlib
import json
import os
import pathlib
import urllib.parse

from selenium import webdriver
from selenium.common.exceptions import JavascriptException, NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from .wait import wait_for

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
DRIVER = os.environ.get("CHROMEDRIVER", "/usr/bin/chromedriver")
AXE = pathlib.Path(os.environ.get("AXE", pathlib.Path(__file__).resolve().parents[3] / "build/axe.min.js"))
SHOTS = os.environ.get("SHOTS")                                    # a folder: every page's pictures are put there
PHONE, DESK = 360, 1280


def there():
    return pathlib.Path(CHROMIUM).exists() and pathlib.Path(DRIVER).exists()


def options():
    found = webdriver.ChromeOptions()
    found.binary_location = CHROMIUM
    for one in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars", "--lang=zh-CN",
                "--disable-background-networking", "--no-first-run", "--force-prefers-reduced-motion"):
        found.add_argument(one)
    found.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return found


class Browser:
    """One person's browser: its own cookies."""

    def __init__(self, width=DESK):
        self.driver = webdriver.Chrome(service=Service(DRIVER), options=options())
        self.driver.set_page_load_timeout(30)
        self.complaints, self.hosts, self.asked = [], set(), []
        self.size(width)

    def close(self):
        with contextlib.suppress(Exception):
            self.driver.quit()

    def size(self, width, height=None):
        """The page's own width, whatever a window may not go below."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": height or (740 if width < 700 else 900), "deviceScaleFactor": 1, "mobile": width < 700})

    def open(self, url):
        self.driver.get(url)
        return self

    def js(self, code, *args):
        return self.driver.execute_script(code, *args)

    # --- finding and doing ---
    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def one(self, css, limit_s=20):
        """The first that is seen."""
        def seen():
            with contextlib.suppress(StaleElementReferenceException, NoSuchElementException):
                return next((e for e in self.all(css) if e.is_displayed()), None)
        return wait_for(seen, limit_s, lambda: f"{css} to be seen on: {self.text()[:1500]}")

    def text(self):
        with contextlib.suppress(JavascriptException):
            return self.js("return document.body.innerText") or ""
        return ""

    def says(self, words, limit_s=20):
        wait_for(lambda: words in self.text(), limit_s, lambda: f"“{words}” to be read on: {self.text()[:1500]}")
        return self

    def button(self, words, within="body"):
        """Presses the button or link of that text (the innermost dialog first)."""
        def find():
            with contextlib.suppress(StaleElementReferenceException, NoSuchElementException):
                where = "dialog[open]" if within == "body" and self.all("dialog[open]") else within
                for e in self.all(f"{where} button, {where} a, {where} summary, {where} [role=button]"):
                    if e.is_displayed() and e.text.strip() == words:
                        return e
        found = wait_for(find, 20, lambda: f"a button “{words}” on: {self.text()[:1500]}")
        self.js("arguments[0].scrollIntoView({block: 'center'})", found)
        found.click()
        return self

    def field(self, label, value):
        """Fills the field of that label: text, number, choice or tick."""
        def find():
            with contextlib.suppress(StaleElementReferenceException, NoSuchElementException):
                where = "dialog[open] " if self.all("dialog[open]") else ""
                for e in self.all(f"{where}label"):
                    if e.is_displayed() and e.text.strip().split("\n")[0].removesuffix("可不填").removesuffix("optional").rstrip(" *＊") == label:
                        return e
        node = wait_for(find, 20, lambda: f"a field “{label}” on: {self.text()[:1500]}")
        self.js("""const l = arguments[0], v = arguments[1], e = l.control;
                   e.focus();
                   if (e.type === 'checkbox') { if (e.checked !== v) e.click(); return; }
                   e.value = v;
                   e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true}));""", node, value)
        return self

    # --- looking ---
    def shot(self, name):
        """The whole page as a picture, if SHOTS names a folder."""
        if not SHOTS:
            return
        height = min(self.js("return Math.max(document.documentElement.scrollHeight, 500)"), 6000)
        width = self.js("return innerWidth")
        self.size(width, height)
        pathlib.Path(SHOTS).mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(pathlib.Path(SHOTS) / f"{name}-{width}.png"))
        self.size(width)

    def wider_than_itself(self):
        """By how many pixels the page must be moved sideways: 0 as it should be."""
        return self.js("return document.documentElement.scrollWidth - document.documentElement.clientWidth")  # a phone zooms out: its innerWidth grows

    def axe(self):
        """axe's serious and critical findings: [] as it should be. None: axe is not there."""
        if not AXE.exists():
            return None
        self.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
        found = self.driver.execute_async_script("const done = arguments[arguments.length - 1];"
                                                 "axe.run(document, {resultTypes: ['violations']}).then((r) => done(r.violations), (e) => done([{id: String(e), impact: 'critical', nodes: []}]));")
        return [f"{one['id']}: {one.get('help')} {[node['html'][:160] + ' | ' + node.get('failureSummary', '')[:200] for node in one['nodes'][:3]]}"
                for one in found if one["impact"] in ("serious", "critical")]

    def listen(self):
        """Takes what the browser noted since the last time: complaints (script errors, broken policies) and hosts asked."""
        for entry in self.driver.get_log("browser"):
            if entry["level"] in ("SEVERE", "WARNING") and "status of 4" not in entry["message"]:
                self.complaints.append(entry["message"])
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = urllib.parse.urlsplit(message["params"]["request"]["url"])
                if url.scheme not in ("data", "blob", "chrome", "about", "chrome-extension"):
                    self.hosts.add(url.netloc)
                    self.asked.append(message["params"]["request"]["url"])
        return self
