# SPDX-License-Identifier: MIT
"""Vendors that want to know who asks: each kind of access against a server that refuses everybody else,
tokens that end and are revoked, client certificates, the time between two requests to one host, and large
answers."""
import base64
import json

import pytest

from harness.parkd import Parkd
from harness.vendor import Vendor
from harness.wait import wait_for

MAPPING = {"items": "/lots", "lot": "/id", "free": "/n"}
SECRETS = ("pass-7f", "bearer-7f", "key-7f", "client-7f", "token-7f")


def lots_answer(free, ident="A"):
    return 200, {"lots": [{"id": ident, "n": free}]}


def register(parkd, url, ident="f", **more):
    """A feed with one lot of the same name; MAPPING reads it."""
    feed = {"id": ident, "dialect": "generic", "mode": "poll", "url": url + "/lots", "interval_ms": 200,
            "params": {"mapping": MAPPING}} | more
    parkd.put("feeds", feed)
    parkd.put("lots", {"id": ident, "name": ident, "total": 100, "stage": "connected", "feed": ident,
                       "foreign_id": "A"})


def free(parkd, ident="f"):
    return parkd.lot(ident)["free"]


def error(parkd):
    return parkd.feed("f")["error"] or ""


def tells_no_secret(parkd):
    """Nothing of what is secret is told to people, in whatever way."""
    told = [parkd.log_text(), json.dumps(parkd.status()), parkd.staff("/metrics").text(),
            parkd.staff("/v1/admin/feeds").text(), parkd.ctl("feeds", "show", "f").stdout]
    for text in told:
        assert not [secret for secret in SECRETS if secret in text], text


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


KINDS = {
    "basic": ({"basic": {"user": "parkd", "password": "pass-7f"}},
              lambda one: one.headers["Authorization"] == basic("parkd", "pass-7f")),
    "bearer": ({"bearer": "bearer-7f"}, lambda one: one.headers["Authorization"] == "Bearer bearer-7f"),
    "header": ({"key": {"header": "X-Api-Key", "value": "key-7f"}},
               lambda one: one.headers["X-Api-Key"] == "key-7f"),
    "query": ({"key": {"query": "key", "value": "key-7f&x"}}, lambda one: one.query == {"key": "key-7f&x"}),
    "two": ({"key": [{"header": "X-App", "value": "parkd"}, {"query": "key", "value": "key-7f"}]},
            lambda one: one.headers["X-App"] == "parkd" and one.query == {"key": "key-7f"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_who_shows_himself_is_let_in(parkd, keep, kind):
    access, good = KINDS[kind]
    vendor = keep(Vendor(lambda one: lots_answer(7) if good(one) else (401, {"error": "who are you"})))
    register(parkd, vendor.url)
    wait_for(lambda: "401" in error(parkd), what="the refusal of a nobody")
    register(parkd, vendor.url, access=access)
    wait_for(lambda: free(parkd) == 7, what=lambda: f"the count: {parkd.feed('f')}")
    assert parkd.feed("f")["state"] == "good"
    tells_no_secret(parkd)


def test_what_parkd_shows_is_masked_and_masks_are_refused(parkd):
    """A registration as shown cannot be put back: it would overwrite the secret by its mask."""
    for access, _ in KINDS.values():
        register(parkd, "http://127.0.0.1:9", access=access, enabled=False)
        tells_no_secret(parkd)
        shown = parkd.ctl("feeds", "show", "f").stdout
        assert "***" in shown
        again = parkd.ctl("feeds", "put", "-", stdin=shown)
        assert again.returncode and "mask" in again.stderr
    secret = {"id": "g", "dialect": "generic", "mode": "push", "params": {"mapping": MAPPING},
              "auth": {"url_secret": "secret-in-url-7f"}}
    done = parkd.ctl("feeds", "put", "-", stdin=json.dumps(secret))
    assert done.returncode == 0, done.stderr
    stored = parkd.store.redis.hash("parkd:feeds")["g"]
    assert "secret-in-url" not in stored and "url_secret_sha256" in stored


class TokenVendor:
    """An endpoint that hands out tokens token-7f-1, token-7f-2 …, and lots for who has the newest."""

    def __init__(self, keep, life_s, in_body=False):
        self.life_s, self.in_body, self.n, self.good, self.fails = life_s, in_body, 0, None, None
        self.vendor = keep(Vendor(self._answer))
        self.url = self.vendor.url

    def access(self):
        oauth2 = {"token_url": self.url + "/token", "client_id": "parkd:1", "client_secret": "client-7f &",
                  "scope": "lots read"}
        return {"oauth2": oauth2 | ({"in_body": True} if self.in_body else {})}

    def _answer(self, one):
        if one.path == "/token":
            return self._token(one)
        known = self.good and one.headers["Authorization"] == "Bearer " + self.good
        return lots_answer(self.n) if known else (401, {"error": "invalid_token"})

    def _token(self, one):
        if self.fails:
            return self.fails
        shown = {"client_id": "parkd:1", "client_secret": "client-7f &"} if self.in_body else {}
        assert one.method == "POST"
        assert one.form == {"grant_type": "client_credentials", "scope": "lots read"} | shown
        assert one.headers["Authorization"] == (None if self.in_body
                                                else basic("parkd%3A1", "client-7f%20%26"))
        self.n += 1
        self.good = f"token-7f-{self.n}"
        return 200, {"access_token": self.good, "token_type": "Bearer", "expires_in": self.life_s}

    def tokens(self):
        return len(self.vendor.of("/token"))

    def polls(self):
        return len(self.vendor.of("/lots"))


@pytest.mark.parametrize("in_body", (False, True))
def test_one_token_serves_many_polls(parkd, keep, in_body):
    vendor = TokenVendor(keep, 3600, in_body)
    register(parkd, vendor.url, access=vendor.access())
    wait_for(lambda: vendor.polls() >= 10, what="ten polls")
    assert vendor.tokens() == 1 and free(parkd) == 1
    tells_no_secret(parkd)


def test_a_token_that_ends_is_renewed_before(parkd, keep):
    """No request meets an ended token: the server would answer 401, and none is seen."""
    vendor = TokenVendor(keep, 4)
    register(parkd, vendor.url, access=vendor.access())
    wait_for(lambda: vendor.tokens() >= 3, what="the third token")
    assert vendor.polls() > vendor.tokens() and parkd.feed("f")["failures"] == 0
    assert not [line for line in parkd.log_text().splitlines() if "health=bad" in line]


def test_a_revoked_token_is_replaced_within_the_poll(parkd, keep):
    vendor = TokenVendor(keep, 3600)
    register(parkd, vendor.url, access=vendor.access())
    for n in (1, 2, 3):
        wait_for(lambda: free(parkd) == n, what=lambda: f"token {n}: {parkd.feed('f')}")
        with vendor.vendor.lock:
            vendor.good = None
    assert not [line for line in parkd.log_text().splitlines() if "health=bad" in line]
    tells_no_secret(parkd)


def test_an_endpoint_that_refuses_is_named(parkd, keep):
    vendor = TokenVendor(keep, 3600)
    vendor.fails = 401, {"error": "invalid_client", "error_description": "client-7f & is wrong"}
    register(parkd, vendor.url, access=vendor.access())
    wait_for(lambda: parkd.feed("f")["state"] == "bad", what="the failure")
    assert error(parkd) == ("the token endpoint answered HTTP 401: invalid_client "
                                        "(/access/oauth2/token_url)")
    assert vendor.polls() == 0                          # nobody is asked without a token
    tells_no_secret(parkd)
    vendor.fails = 200, b"<html>log in</html>"
    wait_for(lambda: "no JSON" in error(parkd), what="the page in place of a token")
    vendor.fails = None
    wait_for(lambda: free(parkd) == 1, what="the token in the end")


def test_a_client_certificate(parkd, keep, folder):
    vendor = keep(Vendor(lambda one: lots_answer(5 if one.subject.get("commonName") == "parkd" else 6),
                         folder / "vendor", clients=True))
    ours = {name: str(folder / "vendor" / file)
            for name, file in (("ca_file", "ca.pem"), ("cert_file", "client.pem"),
                               ("key_file", "client.key"))}
    register(parkd, vendor.url, tls={"ca_file": ours["ca_file"]})
    wait_for(lambda: "client certificate" in error(parkd),
             what=lambda: f"words for the missing certificate: {parkd.feed('f')}")
    register(parkd, vendor.url, tls=ours | {"cert_file": str(folder / "not-there.pem")})
    wait_for(lambda: "not-there.pem" in error(parkd),
             what=lambda: f"words for the missing file: {parkd.feed('f')}")
    register(parkd, vendor.url, tls=ours | {"key_file": ours["ca_file"]})
    wait_for(lambda: "key" in error(parkd), what=lambda: f"words for a wrong key: {parkd.feed('f')}")
    stranger = str(folder / "vendor" / "server.pem")
    register(parkd, vendor.url, tls=ours | {"cert_file": stranger, "key_file": stranger})
    wait_for(lambda: "certificate may be refused" in error(parkd),
             what=lambda: f"words for a stranger's certificate: {parkd.feed('f')}")
    register(parkd, vendor.url, tls=ours)
    wait_for(lambda: free(parkd) == 5, what=lambda: f"the count: {parkd.feed('f')}")
    assert {one.subject["commonName"] for one in vendor.asked} == {"parkd"}


def test_registrations_that_cannot_work_are_refused(parkd):
    feed = {"id": "f", "dialect": "generic", "mode": "poll", "url": "http://127.0.0.1:9/",
            "params": {"mapping": MAPPING, "headers": {"authorization": "x"}}}
    for access, place in (({"bearer": "x"}, "/access"), ({"bearer": ""}, "/access/bearer"), ({}, "/access"),
                          ({"oauth2": {"token_url": "ftp://x", "client_id": "i", "client_secret": "s"}},
                           "/access/oauth2/token_url")):
        answer = parkd.staff("/v1/admin/feeds/f", feed | {"access": access}, "PUT")
        assert answer.status == 422 and answer.json()["errors"][0]["pointer"] == place, answer
    for more, place in (({"spacing_ms": 60001}, "/spacing_ms"), ({"keep_bodies": -1}, "/keep_bodies")):
        answer = parkd.staff("/v1/admin/feeds/f", feed | more, "PUT")
        assert answer.status == 422 and answer.json()["errors"][0]["pointer"] == place, answer


def test_requests_to_one_host_are_apart(parkd, keep):
    """Four feeds that would ask twenty times a second together are let through one after the other, all.

    Only lower bounds are looked at: a request may be late at the server and the next one not, so they hold
    for the whole and, with some leave, for the most."""
    vendor = keep(Vendor(lambda one: lots_answer(1)))
    for at in range(4):
        register(parkd, vendor.url, f"f{at}", spacing_ms=250, interval_ms=200)
    wait_for(lambda: len(vendor.of("/lots")) >= 16, what="sixteen requests")
    times = [one.at for one in vendor.of("/lots")]
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    assert times[-1] - times[0] >= 0.25 * len(gaps) - 0.1
    assert sorted(gaps)[len(gaps) // 2] >= 0.2, gaps
    for at in range(4):
        wait_for(lambda: free(parkd, f"f{at}") == 1, what=f"feed {at} to have its turn")


def test_feeds_of_other_hosts_do_not_wait(parkd, keep):
    slow, quick = keep(Vendor(lambda one: lots_answer(1))), keep(Vendor(lambda one: lots_answer(2)))
    register(parkd, slow.url, "s", spacing_ms=60000)
    register(parkd, quick.url, "q")
    wait_for(lambda: len(quick.of("/lots")) >= 10, what="ten polls of the other host")
    assert len(slow.of("/lots")) == 1


def large(n, ident="A", size=300_000):
    """An answer that is read in the pool."""
    rows = [{"id": f"x{at}", "n": 1, "pad": "." * 80} for at in range(size // 110)]
    return 200, {"lots": rows + [{"id": ident, "n": n}]}


def test_large_answers_are_read_aside(parkd, keep):
    """Feeds come, change and go while answers of 300 kB are read; what stays reads on."""
    state = {"n": 1}
    vendor = keep(Vendor(lambda one: large(state["n"])))
    for at in range(4):
        register(parkd, vendor.url, f"f{at}", spacing_ms=20, interval_ms=200)
    for n in range(2, 8):
        state["n"] = n
        wait_for(lambda: free(parkd, "f0") == n, what=lambda: f"{n}: {parkd.feed('f0')}")
        parkd.remove("feeds", "f1")
        register(parkd, vendor.url, "f1", spacing_ms=20 + n, interval_ms=200)
        parkd.hup()
    for at in range(4):
        wait_for(lambda: free(parkd, f"f{at}") == 7, what=lambda: f"feed {at}: {parkd.feed(f'f{at}')}")


def test_an_answer_over_the_limit_is_refused(keep, folder):
    parkd = keep(Parkd(folder / "small", conf={"net": {"allow_subnets": ["127.0.0.0/8"],
                                                       "max_answer_kb": 100}})).start()
    state = {"size": 300_000}
    vendor = keep(Vendor(lambda one: large(9, size=state["size"])))
    register(parkd, vendor.url)
    wait_for(lambda: parkd.feed("f")["state"] == "bad", what="the refusal")
    state["size"] = 90_000
    wait_for(lambda: free(parkd) == 9, what=lambda: f"the smaller one: {parkd.feed('f')}")


def test_the_end_comes_while_much_is_read(keep, folder):
    vendor = keep(Vendor(lambda one: large(9, size=3_000_000)))
    parkd = keep(Parkd(folder / "end")).start()
    for at in range(4):
        register(parkd, vendor.url, f"f{at}", spacing_ms=1, interval_ms=100)
    wait_for(lambda: len(vendor.of("/lots")) >= 6, what="six requests")
    parkd.end()                                         # nothing left behind, no complaint


def test_accounts_are_masked_whole(parkd):
    """A parameter that is an object of secrets, as of a platform where every lot has its own account."""
    accounts = {"P1": {"app_key": "key-7f", "app_secret": "secret-7f", "data_key": "0123456789abcdef"}}
    feed = {"id": "h", "dialect": "xicheng", "mode": "push",
            "params": {"accounts": accounts, "sig_method": "HMAC-SHA1"}}
    done = parkd.ctl("feeds", "put", "-", stdin=json.dumps(feed))
    assert done.returncode == 0, done.stderr
    shown = parkd.ctl("feeds", "show", "h").stdout
    assert "HMAC-SHA1" in shown and "P1" in shown and "***" in shown
    assert not any(one in shown for one in accounts["P1"].values())
    again = parkd.ctl("feeds", "put", "-", stdin=shown)
    assert again.returncode and "mask" in again.stderr
