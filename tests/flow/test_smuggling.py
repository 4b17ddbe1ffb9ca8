# SPDX-License-Identifier: MIT
"""Heads that two readers may read differently: whatever stands before parkd, what follows such a head is never taken for another request."""
import re
import socket

import pytest

from harness.parkd import Parkd

BODY = b'{"items":[]}'                                          # 12 bytes
NEXT = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def parkd(keep_module, tmp_path_factory):
    return keep_module(Parkd(tmp_path_factory.mktemp("smuggling"))).start()


def statuses(parkd, data):
    """Of all answers until parkd closes the connection."""
    host, port = parkd.listen.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=30) as s:
        s.sendall(data)
        got = b""
        try:
            while piece := s.recv(65536):
                got += piece
        except ConnectionResetError:
            pass                                                 # it closed while we still sent
    # libmicrohttpd 0.9.75 writes the head of some of its own refusals twice.
    return [int(one) for one in dict.fromkeys(re.findall(rb"^HTTP/1\.[01] (\d+)", got, re.M))]


def post(*heads, body=BODY, line=b"POST /v1/ingest/nobody HTTP/1.1"):
    return b"\r\n".join([line, b"Host: a", *heads]) + b"\r\n\r\n" + body + NEXT


CHUNKED = b"Transfer-Encoding: chunked"
REFUSED = {
    "two lengths": post(b"Content-Length: 12", b"Content-Length: 12"),
    "two that differ": post(b"Content-Length: 5", b"Content-Length: 12"),
    "a list of lengths": post(b"Content-Length: 12, 12"),
    "length and chunks": post(b"Content-Length: 12", CHUNKED, body=b"0\r\n\r\n"),
    "chunks and length": post(CHUNKED, b"Content-Length: 3", body=b"0\r\n\r\n"),
    "an unknown coding": post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
    "two codings in one": post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
    "two codings": post(CHUNKED, b"Transfer-Encoding: identity", body=b"0\r\n\r\n"),
    "chunks of 1.0": post(CHUNKED, body=b"0\r\n\r\n", line=b"POST /v1/ingest/nobody HTTP/1.0"),
    "a folded length": post(b"Content-Length:", b" 12"),
    "a folded coding": post(b"Transfer-Encoding:", b"\tchunked", body=b"0\r\n\r\n"),
    "a blank before the colon": post(b"Content-Length : 12"),
    "a blank before the name": NEXT.replace(b"Host", b" Host"),
    "NUL in a name": post(b"X\0Y: a", b"Content-Length: 12"),
    "a negative length": post(b"Content-Length: -1"),
    "a signed length": post(b"Content-Length: +12"),
    "a hexadecimal length": post(b"Content-Length: 0x0c"),
    "an empty length": post(b"Content-Length: "),
    "an endless length": post(b"Content-Length: 99999999999999999999999"),
    "an endless chunk": post(CHUNKED, body=b"ffffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
    "a negative chunk": post(CHUNKED, body=b"-1\r\nabc\r\n0\r\n\r\n"),
    "a hexadecimal chunk": post(CHUNKED, body=b"0xc\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "many fields": post(*(b"X-%d: y" % at for at in range(3000)), b"Content-Length: 12"),
    "a long field": post(b"X: " + b"a" * 100_000, b"Content-Length: 12"),
    "a long path": post(b"Content-Length: 12", line=b"POST /" + b"a" * 100_000 + b" HTTP/1.1"),
    "two hosts": NEXT.replace(b"Host: a", b"Host: a\r\nHost: b"),
    "no host": NEXT.replace(b"Host: a\r\n", b""),
    "NUL in the path": NEXT.replace(b"/healthz", b"/healthz%00x"),
    "a control byte in the path": NEXT.replace(b"/healthz", b"/heal\x01thz"),
    "no version": b"GET /healthz\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}
TAKEN = {
    "plain": (post(b"Content-Length: 12"), [404, 200]),
    "chunks": (post(CHUNKED, body=b"c;a=b\r\n" + BODY + b"\r\n0\r\n\r\n"), [404, 200]),
    "another site's address": (NEXT.replace(b"/healthz", b"http://elsewhere.example/healthz"), [404]),
    "above the root": (NEXT.replace(b"/healthz", b"/../../etc/passwd"), [404]),
    "another method in a header": (NEXT.replace(b"GET", b"POST").replace(b"Host", b"X-HTTP-Method-Override: GET\r\nContent-Length: 0\r\nHost"), [405]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_and_closed(parkd, name):
    got = statuses(parkd, REFUSED[name])
    assert len(got) == 1 and got[0] in (400, 413, 414, 431, 505), got


@pytest.mark.parametrize("name", TAKEN)
def test_read_as_everybody_reads_it(parkd, name):
    data, wanted = TAKEN[name]
    assert statuses(parkd, data) == wanted
