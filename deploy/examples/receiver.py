#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A platform's side of a native sink: receiver.py PORT whsec_SECRET. GET shows what it holds."""
import base64, hashlib, hmac, http.server, json, sys, time  # noqa: E401

KEY, LOTS = base64.b64decode(sys.argv[2].removeprefix("whsec_")), {}


def signed(headers, body):
    ident, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    mac = hmac.new(KEY, f"{ident}.{moment}.".encode() + body, hashlib.sha256).digest()
    wanted, given = "v1," + base64.b64encode(mac).decode(), headers.get("webhook-signature", "").split()
    fresh = moment.isdigit() and abs(time.time() - int(moment)) <= 300
    return fresh and any(hmac.compare_digest(wanted, one) for one in given)


def take(item):
    lot, seq = item["lot"], item.get("seq", 0)
    if not item.get("heartbeat") and seq > LOTS.get(lot, {"seq": 0})["seq"]:
        LOTS[lot] = item                        # else a sign of life, a repeat, or overtaken by a newer one
    return {"lot": lot, "seq": seq, "code": "ok"}


class Receiver(http.server.BaseHTTPRequestHandler):
    def reply(self, status, value):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(value, ensure_ascii=False).encode() + b"\n")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not signed(self.headers, body):
            return self.reply(401, {"detail": "the signature is wrong, or older than five minutes"})
        results = [take(item) for item in json.loads(body)["data"]["items"]]
        self.reply(200, {"accepted": len(results), "rejected": 0, "results": results})

    def do_GET(self):
        self.reply(200, LOTS)


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
