# SPDX-License-Identifier: MIT
"""People of the office and of operators at one parkd: they sign in, have keys, and ask as themselves."""
from . import http

PASSWORD = "ein langer Satz 7"


class Person:
    """One account that asks through a listener: by session (cookie and CSRF token) or by key."""

    def __init__(self, base, cookie=None, csrf=None, key=None, who=None):
        self.base, self.cookie, self.csrf, self.key, self.who = base, cookie, csrf, key, who

    def headers(self, more=None):
        found = {}
        if self.key:
            found["Authorization"] = f"Bearer {self.key}"
        if self.cookie:
            found["Cookie"] = self.cookie
        if self.csrf:
            found["X-CSRF-Token"] = self.csrf
        return found | (more or {})

    def ask(self, path, body=None, method=None, headers=None):
        return http.call(self.base, path, body, method, headers=self.headers(headers))

    def get(self, path):
        return self.ask(path)

    def put(self, path, body):
        return self.ask(path, body, "PUT")

    def post(self, path, body=None):
        return self.ask(path, {} if body is None else body, "POST")

    def delete(self, path):
        return self.ask(path, method="DELETE")


def sign_in(base, body):
    """Signs in; a Person, or the refusing Answer."""
    answer = http.call(base, "/v1/session", body)
    if answer.status != 200:
        return answer
    session = answer.json()
    return Person(base, answer.headers["Set-Cookie"].split(";")[0], session["csrf"], who=session)


class Office:
    """Everybody at one parkd."""

    def __init__(self, parkd):
        self.parkd = parkd
        self.public, self.console = parkd.run["public"], parkd.run["console"]
        self.local = Person(parkd.run["staff"])                     # whoever may open the socket

    def account(self, ident, role, **more):
        """Makes the account, invites it, sets its password by the link: the Person, signed in."""
        answer = self.local.put(f"/v1/admin/accounts/{ident}", {"id": ident, "role": role, "name": f"测试 {ident}"} | more)
        assert answer.status in (200, 201), answer.text()
        link = self.local.post(f"/v1/admin/accounts/{ident}/invite").json()["link_token"]
        base = self.public if role in ("operator", "sink") else self.console
        person = sign_in(base, {"link": link, "password": PASSWORD})
        assert isinstance(person, Person), person.text()
        return person

    def key(self, ident, **more):
        """A key of that account."""
        answer = self.local.post(f"/v1/admin/accounts/{ident}/keys", {"label": "test"} | more)
        assert answer.status == 201, answer.text()
        return answer.json()

    def holder(self, ident, base=None):
        return Person(base or self.public, key=self.key(ident)["key"])
