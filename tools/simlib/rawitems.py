# SPDX-License-Identifier: MIT
"""Finds the items of a native delivery as the bytes that were really sent.

The promise "same (lot, seq), same bytes" is about the wire, so items are cut out of the body, never written
again.
"""
import json

_decoder = json.JSONDecoder()
_BLANK = " \t\r\n"


def _skip(text, at):
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at


def members(text, at):
    """Yields (name, start, end) of an object's members; at points to its brace. ValueError."""
    if text[at:at + 1] != "{":
        raise ValueError("an object was expected")
    at = _skip(text, at + 1)
    while text[at:at + 1] != "}":
        name, at = _decoder.raw_decode(text, at)
        at = _skip(text, at)
        if not isinstance(name, str) or text[at:at + 1] != ":":
            raise ValueError("a member was expected")
        start = _skip(text, at + 1)
        _, end = _decoder.raw_decode(text, start)
        yield name, start, end
        at = _next(text, end, "}")


def elements(text, at):
    """Yields (value, bytes text) of an array's elements; at points to its bracket. ValueError."""
    if text[at:at + 1] != "[":
        raise ValueError("an array was expected")
    at = _skip(text, at + 1)
    while text[at:at + 1] != "]":
        value, end = _decoder.raw_decode(text, at)
        yield value, text[at:end]
        at = _next(text, end, "]")


def _next(text, at, closing):
    at = _skip(text, at)
    if text[at:at + 1] == ",":
        return _skip(text, at + 1)
    if text[at:at + 1] != closing:
        raise ValueError("comma or end expected")
    return at


def split(body):
    """(envelope, [(item, its bytes as text)]) of a body: with an envelope, with items, or one bare item."""
    text = body.decode("utf-8")
    whole = json.loads(text)
    start = _skip(text, 0)
    if not isinstance(whole, dict):
        raise ValueError("an object was expected")
    if "data" in whole:
        start = next(begin for name, begin, _ in members(text, start) if name == "data")
    elif "items" not in whole:
        return whole, [(whole, text[start:].rstrip())]
    for name, begin, _ in members(text, start):
        if name == "items":
            return whole, list(elements(text, begin))
    raise ValueError("no items")
