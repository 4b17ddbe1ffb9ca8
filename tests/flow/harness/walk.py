# SPDX-License-Identifier: MIT
"""Asks a parkd by the operations of a contract, each as somebody who just may; every answer is held against it."""
import re

from .office import Office, Person
from .parkd import Parkd
from .redis import RedisServer
from .wait import wait_for

OPERATOR = "yunjie"                      # the account of the document's examples
# Somebody who may not, by what an operation asks for.
OTHERS = {"signed_in": "attendant", "attendant": "viewer", "operator": "viewer", "viewer": "operator", "officer": "viewer", "admin": "officer"}
EXAMPLE = object()


class Walk:
    """walk(operation, wanted status, path arguments…): asks with the document's own example, of which members may be others; an id among
    them is that of the path too."""

    def __init__(self, contract, keep, folder, conf=None, district=None):
        self.contract = contract
        self.store = keep(RedisServer(folder / "redis")).start()
        conf = {"redis": {"url": self.store.url}, "district": {"division": "370302"}} | (conf or {})
        self.parkd = keep(Parkd(folder / "parkd", conf, district)).start()
        self.meet()
        self.people = {"anybody": Person(self.office.public), "local": self.office.local}
        for role, ident in (("operator", OPERATOR), ("viewer", "viewer"), ("officer", "officer"), ("admin", "chief")):
            self.people[role] = self.member(ident, role)
        self.people["signed_in"] = self.people["operator"]

    def meet(self):
        self.office = Office(self.parkd)

    def moved(self):
        """After another start the staff's listener has another address: everybody asks there."""
        before = self.office
        self.meet()
        for one in self.people.values():
            one.base = self.office.console if one.base == before.console else one.base

    def member(self, ident, role, **more):
        """An account that asks by a key."""
        answer = self.office.local.put(f"/v1/admin/accounts/{ident}", {"id": ident, "role": role, "name": ident} | more)
        assert answer.status in (200, 201), answer
        return self.office.holder(ident, self.office.public if role in ("operator", "sink") else self.office.console)

    def attendant(self):
        """Somebody with a link, of a lot of the operator's."""
        if "attendant" not in self.people:
            self.office.local.put("/v1/admin/lots/gate", {"id": "gate", "name": "门", "operator": OPERATOR, "total": 50})
            made = self.office.local.post("/v1/operator/lots/gate/attendants", {}).json()
            self.people["attendant"] = Person(self.office.public, key=made["link"].split("#")[1])
        return self.people["attendant"]

    def person(self, access, staff):
        if access == "attendant":
            return self.attendant()
        return Person(self.office.console) if access == "anybody" and staff else self.people[access]

    # ---- asking

    def ask(self, operation_id, *args, who=None, body=EXAMPLE, example=None, query="", headers=None, **members):
        """The answer, unchecked."""
        method, template, operation = self.contract.operation(operation_id)
        args = args or [members.get("id")] * template.count("{")
        path = re.sub(r"\{\w+\}", "{}", template).format(*args)
        staff = operation.get("x-listener") == "staff"
        data, headers = self._body(operation_id, operation, body, example, members), dict(headers or {})
        if data is not None and not isinstance(data, dict):
            headers.setdefault("Content-Type", "text/csv")
        answer = (who or self.person(operation["x-access"], staff)).ask(path + query, data, method, headers)
        if answer.status < 300 and isinstance(data, dict):
            self.contract.check_request(operation_id, data)
        return answer

    def _body(self, operation_id, operation, body, example, members):
        content = operation.get("requestBody", {}).get("content")
        if body is not EXAMPLE or not content:
            return None if body is EXAMPLE else body
        if "text/csv" in content:
            return content["text/csv"]["example"].encode()
        names = list(content["application/json"].get("examples", {}))
        return self.contract.request(operation_id, example or (names[0] if names else None)) | members

    def __call__(self, operation_id, wanted, *args, **more):
        return self.check(operation_id, wanted, self.ask(operation_id, *args, **more))

    def check(self, operation_id, wanted, answer):
        assert answer.status == wanted, f"{operation_id}: {answer.status} where {wanted} was to come: {answer}"
        return self.contract.check(operation_id, answer)

    def until(self, operation_id, wanted, *args, **more):
        """Asks again until that status comes."""
        answer = wait_for(lambda: (one := self.ask(operation_id, *args, **more)).status == wanted and one, what=f"{operation_id} to answer {wanted}")
        return self.check(operation_id, wanted, answer)

    def wrong_bodies(self, operation_id, *args, invalid=None, **more):
        """What is no JSON, what is too much, and what is missing or wrong: those of 400, 413 and 422 that are documented."""
        documented = self.contract.responses(operation_id)
        much = [b'{"x":"' + b"y" * n + b'"}' for n in (100_000, 300_000)]        # more than the route takes, and than the public listener
        staff = self.contract.operation(operation_id)[2].get("x-listener") == "staff"
        for status, body in ((400, b'{"'), *((413, one) for one in much[staff:]), (422, {} if invalid is None else invalid)):
            if status in documented:
                self(operation_id, status, *args, body=body, **more)

    # ---- what all have in common

    def of_tag(self, tag):
        return [name for name, (_, _, operation) in self.contract.by_id.items() if tag in operation["tags"]]

    def refusals(self, tag):
        """Nobody, and somebody who may not."""
        for name in self.of_tag(tag):
            method, template, operation = self.contract.operation(name)
            args, access = ["none"] * template.count("{"), operation["x-access"]
            base = self.office.console
            if access == "anybody" and method != "GET" and 403 in self.contract.responses(name) and "{" not in template:
                self(name, 403, who=Person(self.office.public), headers={"Origin": "https://elsewhere.example.com"})
            elif access != "anybody":
                other = self.attendant() if OTHERS[access] == "attendant" else self.people[OTHERS[access]]
                self(name, 401, *args, who=Person(base))
                self(name, 403, *args, who=Person(base, key=other.key))

    def away(self, tag, args=None):
        """The store goes: whatever is documented with 503 answers so. args: of those that look further before they write."""
        names = [name for name in self.of_tag(tag) if 503 in self.contract.responses(name) and (name, 503) not in self.contract.seen]
        self.attendant()
        self.store.kill()
        wait_for(lambda: not self.parkd.up(), what="parkd to see that the store is away")
        for name in names:
            template = self.contract.operation(name)[1]
            path, more = (args or {}).get(name, (["2026-06" if "month" in template else "none"] * template.count("{"), {}))
            self(name, 503, *path, **more)
        self.store.start()
        wait_for(self.parkd.up, 60, "the store to be back")

    def finish(self, tag, args=None):
        """At the end of a tag's own cases: what all have in common, and nothing of it is left unseen."""
        self.refusals(tag)
        self.away(tag, args)
        left = {one for one in self.contract.missing() if one[0] in self.of_tag(tag)}
        assert not left, f"documented and never seen: {sorted(left)}"
