# SPDX-License-Identifier: MIT
"""An OpenAPI 3.1 document held against real answers, and a record of what it promises that nobody saw."""
import datetime
import gzip
import json
import re

import jsonschema

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
FORMATS = jsonschema.FormatChecker()
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@FORMATS.checks("date-time")
def is_time(value):
    """The library has no check of its own unless another package is there; without one a format says nothing."""
    return not isinstance(value, str) or bool(TIME.fullmatch(value)) and _parses(value.replace("Z", "+00:00"))


def _parses(text):
    try:
        return bool(datetime.datetime.fromisoformat(text))
    except ValueError:
        return False


def is_json(media):
    return media == "application/json" or media.endswith("+json")


def media_of(answer):
    return (answer.headers.get("Content-Type") or "").split(";")[0].strip().lower()


def plain(answer):
    return gzip.decompress(answer.body) if answer.headers.get("Content-Encoding") == "gzip" else answer.body


class Contract:
    """check() for every answer; missing() at the end."""

    def __init__(self, document):
        self.document, self.seen = document, set()
        self.by_id = {}
        for method, path, operation in self.operations():
            assert operation["operationId"] not in self.by_id, f"twice: {operation['operationId']}"
            self.by_id[operation["operationId"]] = (method, path, operation)

    # ---- the document

    def resolve(self, node):
        """The node itself, or what its $ref names."""
        while isinstance(node, dict) and "$ref" in node:
            ref, node = node["$ref"], self.document
            assert ref.startswith("#/"), f"not a local reference: {ref}"
            for word in ref[2:].split("/"):
                word = word.replace("~1", "/").replace("~0", "~")
                assert word in node, f"{ref} leads nowhere"
                node = node[word]
        return node

    def operations(self):
        """(METHOD, path template, operation) of every operation."""
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield method.upper(), path, item[method]

    def operation(self, operation_id):
        assert operation_id in self.by_id, f"{operation_id} is not documented"
        return self.by_id[operation_id]

    def parameters(self, operation_id):
        """Those of the path and of the operation."""
        _, path, operation = self.operation(operation_id)
        return [self.resolve(one) for one in self.document["paths"][path].get("parameters", []) + operation.get("parameters", [])]

    def responses(self, operation_id):
        """{status: response}, references followed."""
        return {int(status): self.resolve(one) for status, one in self.operation(operation_id)[2]["responses"].items()}

    def references(self):
        """Every $ref that stands anywhere."""
        todo = [self.document]
        while todo:
            node = todo.pop()
            if isinstance(node, dict):
                if isinstance(node.get("$ref"), str):
                    yield node["$ref"]
                todo += node.values()
            elif isinstance(node, list):
                todo += node

    def check_request(self, operation_id, body):
        """A JSON body that was taken is one that is documented."""
        body_schema = self.resolve(self.operation(operation_id)[2]["requestBody"])["content"]["application/json"]["schema"]
        self.validate(f"{operation_id} request", body_schema, body)

    # ---- answers

    def check(self, operation_id, answer):
        """The answer, when the document promised it."""
        responses = self.responses(operation_id)
        where = f"{operation_id} {answer.status}"
        assert answer.status in responses, f"{where}: not documented; there are {sorted(responses)}: {answer.body[:400]!r}"
        self._check_headers(where, responses[answer.status].get("headers", {}), answer)
        self._check_content(where, responses[answer.status].get("content"), answer)
        self.seen.add((operation_id, answer.status))
        return answer

    def missing(self):
        """(operation, status) that is documented and was never seen."""
        return {(name, status) for name in self.by_id for status in self.responses(name)} - self.seen

    def _check_headers(self, where, headers, answer):
        for name, header in headers.items():
            header, value = self.resolve(header), answer.headers.get(name)
            assert value is not None or not header.get("required"), f"{where}: header {name} is not there"
            if value is not None:
                self.validate(f"{where}: header {name}", header.get("schema", {}), self._typed(header.get("schema", {}), value))

    def _typed(self, schema, text):
        """What a header's text means where its schema wants a number."""
        return int(text) if self.resolve(schema).get("type") == "integer" and re.fullmatch(r"-?\d+", text) else text

    def _check_content(self, where, content, answer):
        if not content:
            assert not answer.body, f"{where}: a body, and none is documented: {answer.body[:400]!r}"
            return
        media = media_of(answer)
        assert media in content, f"{where}: media type {media or 'none'} is not documented; there are {sorted(content)}"
        schema = content[media].get("schema", {})
        if is_json(media):
            self.validate(where, schema, self._parse(where, answer))
        elif media.startswith("text/"):
            self.validate(where, schema, plain(answer).decode())

    @staticmethod
    def _parse(where, answer):
        try:
            return json.loads(plain(answer))
        except ValueError as error:
            raise AssertionError(f"{where}: not JSON ({error}): {answer.body[:400]!r}") from error

    def validate(self, where, schema, value):
        """AssertionError that names the place in the value and what is wrong there."""
        whole = {**schema, "components": self.document.get("components", {})}      # so that #/components/… is found
        errors = jsonschema.Draft202012Validator(whole, format_checker=FORMATS).iter_errors(value)
        error = jsonschema.exceptions.best_match(errors)
        if error:
            raise AssertionError(f"{where}: {error.json_path}: {error.message[:600]}")

    # ---- examples

    def examples(self, operation_id):
        """(where, schema, value) of every example of parameters, request bodies, answers and their headers."""
        for one in self.parameters(operation_id):
            yield from self._examples_of(f"{operation_id} parameter {one['name']}", one)
        body = self.resolve(self.operation(operation_id)[2].get("requestBody", {}))
        yield from self._media_examples(f"{operation_id} request", body.get("content", {}))
        for status, response in self.responses(operation_id).items():
            yield from self._media_examples(f"{operation_id} {status}", response.get("content", {}))
            for name, header in response.get("headers", {}).items():
                yield from self._examples_of(f"{operation_id} {status} header {name}", self.resolve(header))

    def _media_examples(self, where, content):
        for media, holder in content.items():
            yield from self._examples_of(f"{where} {media}", holder)

    def _examples_of(self, where, holder):
        if "example" in holder:
            yield where, holder.get("schema", {}), holder["example"]
        for name, one in holder.get("examples", {}).items():
            yield f"{where} example {name}", holder.get("schema", {}), self.resolve(one)["value"]

    def request(self, operation_id, name=None, media="application/json"):
        """The request body that the document gives as an example: a copy of its own."""
        holder = self.resolve(self.operation(operation_id)[2]["requestBody"])["content"][media]
        value = holder["examples"][name]["value"] if name else holder["example"]
        return json.loads(json.dumps(value))

    def check_examples(self):
        """Each is what its schema says; how many there are."""
        found = [one for name in self.by_id for one in self.examples(name)]
        for name, schema in self.document.get("components", {}).get("schemas", {}).items():
            found += [(f"schema {name}", schema, value) for value in schema.get("examples", [])]
        for where, schema, value in found:
            self.validate(where, schema, value)
        return len(found)
