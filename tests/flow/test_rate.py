# SPDX-License-Identifier: MIT
"""How often one address may ask: counted behind trusted proxies, told in every answer, and refused with the time to wait."""
import re
import socket

import pytest

from harness import http
from harness.wait import wait_for


def start(keep, folder, **public):
    from harness.parkd import Parkd
    parkd = keep(Parkd(folder / "parkd", {"public": {"rate_per_minute": 10, **public}}))
    return parkd.start()


def ask(parkd, address, path="/v1/summary"):
    return parkd.get(path, headers={"X-Forwarded-For": address})


def rest(answer):
    return int(re.fullmatch(r'"default";r=(\d+);t=\d+', answer.headers["RateLimit"])[1])


def test_so_many_a_minute(keep, folder):
    parkd = start(keep, folder)
    answers = [ask(parkd, "192.0.2.7") for _ in range(14)]
    # One comes back every six seconds, so a slow machine may let one or two more through.
    assert [one.status for one in answers[:10]] == [200] * 10 and answers[-1].status == 429
    assert all(one.headers["RateLimit-Policy"] == '"default";q=10;w=60' for one in answers)
    assert rest(answers[0]) == 9 and rest(answers[-1]) == 0
    refused = answers[-1]
    assert refused.headers["Content-Type"] == "application/problem+json" and 1 <= int(refused.headers["Retry-After"]) <= 6
    assert refused.json()["type"] == "/problems/too-many-requests" and refused.headers["Access-Control-Allow-Origin"] == "*"
    assert "RateLimit" in refused.headers["Access-Control-Expose-Headers"]
    assert ask(parkd, "192.0.2.8").status == 200 and ask(parkd, "2001:db8::1").status == 200
    assert parkd.metrics()["parkd_http_requests_limited_total"] >= 2


@pytest.mark.parametrize("named, counted", [
    ("203.0.113.5, 192.0.2.7", True),                           # the first one is invented by who asks
    ("192.0.2.7, 127.0.0.1", True), ("192.0.2.7,127.0.0.1, 127.0.0.9", True), (" 192.0.2.7 ", True),
    ("127.0.0.1", False), ("", False)])
def test_whom_the_proxy_names(keep, folder, named, counted):
    parkd = start(keep, folder)
    assert ("RateLimit" in ask(parkd, named).headers) is counted
    if counted:
        assert rest(ask(parkd, "192.0.2.7")) == 8, "both are the same address"


def test_a_proxy_that_adds_a_line(keep, folder):
    """The line before its own came from who asks."""
    parkd = start(keep, folder)
    head = b"GET /v1/summary HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.%d\r\nX-Forwarded-For: 192.0.2.7\r\nConnection: close\r\n\r\n"
    answers = [http.raw(parkd.run["public"], head % at) for at in range(13)]
    assert b" 200 " in answers[0][:16] and b" 429 " in answers[-1][:16]


def test_nobody_is_trusted(keep, folder):
    """Then the connection's own address counts, whatever is named."""
    parkd = start(keep, folder, trusted_proxies=[])
    assert [ask(parkd, f"192.0.2.{at}").status for at in range(14)][-1] == 429


def test_what_is_not_counted(keep, folder):
    parkd = start(keep, folder)
    while ask(parkd, "192.0.2.7").status != 429:
        pass
    assert ask(parkd, "192.0.2.7", "/healthz").status == 200 and ask(parkd, "192.0.2.7", "/readyz").status == 200
    pushed = parkd.post("/v1/ingest/nobody", {}, headers={"X-Forwarded-For": "192.0.2.7"})
    assert pushed.status == 404
    assert http.call(parkd.run["staff"], "/v1/lots").status == 200


@pytest.mark.parametrize("path", ["/v1/lots", "/v1/lots/x", "/v1/export/csv", "/v1/stream", "/", "/openapi.json", "/v1/session"])
def test_everything_else_is(keep, folder, path):
    parkd = start(keep, folder)
    while ask(parkd, "192.0.2.7").status != 429:
        pass
    assert ask(parkd, "192.0.2.7", path).status == 429


def test_no_limit(keep, folder):
    parkd = start(keep, folder, rate_per_minute=0)
    answers = [ask(parkd, "192.0.2.7") for _ in range(30)]
    assert {one.status for one in answers} == {200} and "RateLimit" not in answers[0].headers


@pytest.mark.parametrize("part, key, value", [("public", "trusted_proxies", "10.0.0.0/40"), ("district", "holidays", "2026-10-07/2026-10-01")])
def test_a_wrong_setting_is_named(folder, part, key, value):
    from harness.parkd import Parkd, run
    parkd = Parkd(folder / "parkd", {part: {key: [value]}})
    said = run("--config", parkd.conf_path, "--check-config")
    assert said.returncode != 0 and f"/{part}/{key}" in said.stderr + said.stdout and value in said.stderr + said.stdout


@pytest.mark.parametrize("trusted, served", [([], 3), (["127.0.0.0/8"], 6)])
def test_so_many_connections(keep, folder, trusted, served):
    """Of one address; a trusted proxy's are not counted."""
    parkd = start(keep, folder, trusted_proxies=trusted, max_per_address=3, rate_per_minute=0)
    host, port = parkd.listen.split(":")
    held = [keep(Line(host, int(port))) for _ in range(6)]
    assert wait_for(lambda: [one.ask() for one in held], what="an answer or an end of each").count(200) == served


class Line:
    """A connection that stays open."""

    def __init__(self, host, port):
        self.socket = socket.create_connection((host, port), timeout=10)

    def ask(self):
        try:
            self.socket.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            return int((self.socket.recv(4096) or b"HTTP/1.1 0").split()[1])
        except OSError:
            return 0

    def close(self):
        self.socket.close()


@pytest.mark.parametrize("path, headers, status", [
    ("/v1/lots?area=" + "x" * 3000, {}, 414), ("/v1/lots", {"X-Large": "x" * 17000}, 431), ("/v1/lots", {f"X-{at}": "x" for at in range(80)}, 431),
    ("/v1/lots?" + "&".join(f"a{at}=1" for at in range(40)), {}, 400), ("/v1/lots?near=" + "1" * 1500 + ",2", {}, 400),
    ("/v1/lots?fields=" + ",".join(["free"] * 200), {}, 200), ("/v1/stream?lots=" + ",".join(["x"] * 200), {}, 400)])
def test_large_questions(keep, folder, path, headers, status):
    parkd = start(keep, folder)
    assert parkd.get(path, headers=headers).status == status and parkd.get("/healthz").status == 200
