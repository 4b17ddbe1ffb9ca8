# SPDX-License-Identifier: MIT
"""A context broker, as far as parking needs it: batch upsert of OffStreetParking entities, and one read back.

params: {token: the bearer it wants}. In its own manner it answers 207 and names the entities that failed.
"""
import json

from ..http import Response, dumps
from ..clock import parse_iso
from .base import Delivery, Refused, Speaker

UPSERT, ENTITIES = "/ngsi-ld/v1/entityOperations/upsert", "/ngsi-ld/v1/entities/"
PREFIX = "urn:ngsi-ld:OffStreetParking:"
STATUS = {"open", "closed", "closedAbnormal", "full", "almostFull", "spacesAvailable", "fullAtEntrance",
          "openingTimesInForce"}


class NgsiLdIn(Speaker):
    numbered = False                      # only observedAt orders what arrives
    methods = ("POST", "GET")

    def __init__(self, params, clock):
        super().__init__(params, clock)
        self.entities, self.asked, self.times = {}, [], {}

    def mine(self, request):
        return request.path.startswith("/ngsi-ld/")

    def read(self, request):
        if request.headers.get("authorization") != "Bearer " + self.params["token"]:
            raise Refused(self.problem(401, "token"), "signature", "token")
        if request.method == "GET":
            return self._give(request)
        try:
            if request.path != UPSERT or request.headers.get("content-type") != "application/ld+json":
                raise ValueError("path or content type")
            entities = request.json()
            self.asked = [one["id"] for one in entities]
            update = request.args().get("options") == "update"
            items = [self._item(one, update) for one in entities]
        except (ValueError, KeyError, TypeError, AttributeError) as why:
            raise Refused(self.problem(400, str(why)), "malformed", str(why)) from None
        delivery = Delivery(self, items)
        delivery.entities, delivery.update = entities, update
        return delivery

    def _item(self, entity, update):
        """Checks one entity as the data model has it."""
        known = entity["type"] == "OffStreetParking" and entity["id"].startswith(PREFIX)
        if not known or not entity["@context"]:
            raise ValueError("id, type or @context")
        lot = entity["id"][len(PREFIX):]
        values = {name: one["value"] for name, one in entity.items() if isinstance(one, dict)}
        free, total = values.get("availableSpotNumber"), values.get("totalSpotNumber")
        if any(one is not None and (type(one) is not int or one < 0) for one in (free, total)):
            raise ValueError("counts are whole numbers; what is not known is left out")
        if free is not None and total is not None and free > total:
            raise ValueError("more free than there are")
        if free is None and update:
            raise ValueError("an update leaves the old number: the entity must be replaced")
        if not set(values.get("status", ())) <= STATUS:
            raise ValueError("status")
        at = (entity.get("availableSpotNumber") or entity.get("status") or {}).get("observedAt")
        moment = parse_iso(at) if at else self.times.get(lot, 0)
        self.times[lot] = moment
        return lot, moment, dumps(entity).decode(), {"free": free, "total": total, "at": at}

    def _give(self, request):
        entity = self.entities.get(request.path[len(ENTITIES):].replace("%3A", ":"))
        answer = Response(200, entity) if entity else self.problem(404, "no such entity")
        return Delivery(self, [], answer=answer)

    def good(self, delivery, codes):
        if delivery.answer:
            return delivery.answer
        failed, created = [], []
        for entity, code in zip(delivery.entities, codes):
            ident = entity["id"]
            if code == "rejected":
                failed.append({"entityId": ident, "error": {"type": "BadRequestData", "title": "not known here",
                                                            "status": 400}})
                continue
            if ident not in self.entities:
                created.append(ident)
            before = self.entities.get(ident, {}) if delivery.update else {}
            self.entities[ident] = before | entity
        if failed:
            done = [one for one in self.asked if one not in {bad["entityId"] for bad in failed}]
            return Response(207, {"success": done, "errors": failed})
        return Response(201, created) if created else Response(204, b"", kind=None)

    def error_inside(self):
        """All of them failed for a while."""
        errors = [{"entityId": ident, "error": {"title": "InternalError", "status": 503}}
                  for ident in self.asked]
        return Response(207, {"success": [], "errors": errors})

    def problem(self, status, detail):
        body = json.dumps({"type": "https://uri.etsi.org/ngsi-ld/errors/BadRequestData", "title": detail})
        return Response(status, body, "application/problem+json")
