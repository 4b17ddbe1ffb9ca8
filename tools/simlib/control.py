# SPDX-License-Identifier: MIT
"""The control side of a simulator: a table of (method, name) -> function under /_control/, all in JSON."""
import inspect
import json

from .http import Response

PREFIX = "/_control/"


class Wrong(Exception):
    """The caller asked for something that does not exist."""


class Control:
    def __init__(self):
        self.routes = {}

    def add(self, method, name, function):
        """function(fields) -> something JSON can hold; fields are the body's, or the query's of a GET."""
        self.routes[method, name] = function

    async def answer(self, request):
        name = request.path.removeprefix(PREFIX)
        function = self.routes.get((request.method, name))
        if function is None:
            known = sorted(f"{method} {PREFIX}{one}" for method, one in self.routes)
            return Response(404, {"error": f"no {request.method} {request.path}", "known": known})
        try:
            fields = json.loads(request.body) if request.body else request.args()
            result = function(fields)
            if inspect.isawaitable(result):
                result = await result
        except (Wrong, KeyError, TypeError, ValueError) as wrong:
            return Response(400, {"error": f"{type(wrong).__name__}: {wrong}"})
        return Response(200, json.dumps(result, ensure_ascii=False))
