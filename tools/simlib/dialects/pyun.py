# SPDX-License-Identifier: MIT
"""4pyun: a lot's gateway that is polled (V5), a lot's client that pushes records of cars with the counts
beside them (V6), the open API (V7)."""
import hmac
import json
import secrets
import urllib.parse

from .. import crypto
from ..http import Response, dumps
from .base import Polled, Pushed, judged_by, number_text, secret_text

GATEWAY = "/v1/gateway"
SPACE, LIST = "/gate/1.0/parking/realtime/space", "/gate/1.0/parking/park/list"
PUSHED = "/gate/1.0/parking/internal/"
GOOD = ("200", "1001", "1000")
BOUNDARY = "----4pyun-lot"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def signed(fields, secret, given):
    return hmac.compare_digest(crypto.pyun_sign(fields, secret), str(given).upper())


class PyunGateway(Polled):
    """It knows the cars inside, not the free places. style "blanks": names end with a blank; "text": numbers
    are texts."""
    name = "4pyun"
    keys = {"app_secret": secret_text}
    paths = (GATEWAY,)
    ERRORS = {"signature": ("1401", "签名错误"), "unknown": ("1500", "车场不存在"),
              "busy": ("1500", "接口处理异常")}

    def refused(self, request):
        fields = request.json()
        if fields.get("service") != "service.parking.realtime":
            return self.error("unknown")
        good = signed(fields, self.params["app_secret"], fields.get("sign"))
        return None if good else self.error("signature")

    def wanted(self, request):
        return [str(request.json().get("park_uuid"))]

    def envelope(self, tellings):
        lot, told = tellings[0] if tellings else (None, None)
        if lot is None:
            return self.error("busy")
        inside = "12.5" if told.bad else None if told.free is None else told.total - told.free
        return self._shaped({"result_code": "1001", "message": "成功", "total": told.total, "parking": inside,
                             "charge_depict": "15分钟免费", "charge_json": "{\"free_time\":15}"})

    def error(self, what):
        code, message = self.ERRORS[what]
        return self._shaped({"result_code": code, "message": message})

    def _shaped(self, fields):
        style = self.params.get("style")
        fields = {"service": "service.parking.realtime", "version": "1.0", "charset": "UTF-8"} | fields
        if style == "text":
            return {name: None if value is None else str(value) for name, value in fields.items()}
        return {name + " ": value for name, value in fields.items()} if style == "blanks" else fields


class PyunApi(Polled):
    """style "status": an error's code is the HTTP status too; "text": payload is the text of the object."""
    name = "4pyun-api"
    keys = {"app_id": lambda: "op" + secret_text(4), "app_secret": secret_text}
    paths = (SPACE, LIST)
    ERRORS = {"signature": (401, "签名错误"), "unknown": (1002, "未查询到数据"), "busy": (1500, "内部错误")}

    def __init__(self, feed, clock):
        super().__init__(feed, clock)
        self.listing = False

    @staticmethod
    def fields(request):
        return request.json() if request.body else request.args()

    def mine(self, request):
        return self.fields(request).get("app_id") == self.params["app_id"]

    def refused(self, request):
        fields, secret = self.fields(request), self.params["app_secret"]
        if request.body:
            wanted = crypto.md5_upper(request.body + f"&app_secret={secret}".encode())
            good = hmac.compare_digest(wanted, request.headers.get("authorization", "").upper())
        else:
            good = signed(fields, secret, fields.get("sign"))
        if good and self.mine(request) and self.in_window(fields.get("timestamp")):
            return None
        status = 401 if self.params.get("style") == "status" else 200
        return Response(status, self.error("signature"))

    def wanted(self, request):
        self.listing = request.path.endswith(LIST)
        return None if self.listing else [self.fields(request).get("park_uuid")]

    def envelope(self, tellings):
        rows = [{"park_uuid": lot.foreign, "park_name": lot.name, "total_space": told.total,
                 "remain_space": number_text(told.free, told) if told.bad else told.free}
                for lot, told in tellings]
        if self.listing:
            return self._good({"paging_header": {"page_count": 1, "page_index": 1}, "row": rows})
        if not rows:
            return self.error("unknown")
        lot, told = tellings[0]
        areas = [{"area_name": name, "total_space": part["total"], "remain_space": part["free"]}
                 for name, part in lot.parts(lot.zones, told.free).items()]
        return self._good(rows[0] | {"mode": 0, "remark": "", "total_reserve_space": 0,
                                     "remain_reserve_space": 0, "area_space": areas})

    def _good(self, payload):
        payload = dumps(payload).decode() if self.params.get("style") == "text" else payload
        return {"code": "1001", "seqno": secrets.token_hex(8), "payload": payload}

    def error(self, what):
        code, message = self.ERRORS[what]
        return {"code": str(code), "message": message}


class PyunLot(Pushed):
    """A car came or left with each new number; the same number again is the same record again. A hint in the
    answer is an error, as while a client is being tried out. style: "parts" (multipart, a picture among them),
    "url" (values encoded), "json"; else a form."""
    name = "4pyun-lot"
    keys = {"app_secret": secret_text}

    def __init__(self, feed, clock):
        super().__init__(feed, clock)
        self.records = {}                 # lot -> (free, way, fields)
        self.style = self.params.get("style")

    def message(self, tellings, wall, wrong=False):
        lot, told = tellings[0]
        free, way, fields = self.records.get(lot.id, (None, None, None))
        if fields is None or free != told.free:
            way, fields = self._record(lot, told, free)
            self.records[lot.id] = told.free, way, fields
        fields = fields | ({"remain_parking_space": "12.5"} if told.bad else {})
        return self._sent(way, fields, "wrong" if wrong else self.params["app_secret"])

    @staticmethod
    def _record(lot, told, before):
        left = None not in (before, told.free) and told.free > before
        fields = {"park_uuid": lot.foreign, "parking_serial": secrets.token_hex(8), "plate": "测试",
                  "plate_color": "-1", "car_type": "1", "car_desc": "临时车", "enter_time": str(told.src_ms)}
        fields |= {"leave_time": str(told.src_ms)} if left else {}
        counts = {"total_parking_space": str(told.total), "remain_parking_space": str(told.free)}
        return "leave" if left else "enter", fields | (counts if told.free is not None else {})

    def _sent(self, way, fields, secret):
        path = PUSHED + way
        if self.style == "json":
            body = dumps(fields)
            sign = crypto.md5_upper(body + f"&app_secret={secret}".encode())
            return path, body, {"Content-Type": "application/json", "Authorization": sign}
        if self.style == "url":
            fields = {name: urllib.parse.quote(value) for name, value in fields.items()} | {"encoding": "URL"}
        fields["sign"] = crypto.pyun_sign(fields, secret)
        if self.style == "parts":
            return path, self._parts(fields), {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        return path, urllib.parse.urlencode(fields).encode(), FORM

    @staticmethod
    def _parts(fields):
        parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'
                 for name, value in fields.items()]
        parts.append('Content-Disposition: form-data; name="enter_image_file"; filename="a.gif"\r\n'
                     'Content-Type: application/octet-stream\r\n\r\nGIF89a\r\n')
        body = "".join(f"--{BOUNDARY}\r\n{part}\r\n" for part in parts)
        return (body + f"--{BOUNDARY}--\r\n").encode()

    def raw(self, body, wall, wrong=False):
        return PUSHED + "enter", body, {"Content-Type": "application/json"}

    def judge(self, answer, tellings):
        def read(said):
            words = said.get("hint") or json.dumps(said, ensure_ascii=False)
            return said["code"] in GOOD and "hint" not in said, words
        return judged_by(answer, read)
