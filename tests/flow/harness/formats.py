# SPDX-License-Identifier: MIT
"""Checkers of the formats that others read, by the rules of their makers: RFC 7946, RFC 4180, ParkAPI's city_schema.json and what
OpenTripPlanner's ParkAPIUpdater does with it, DATEX II Parking Publication Light 02-00-00, SIRI-FM 2.1 in the Italian profile and what
OpenTripPlanner's SiriFmUpdater takes, Smart Data Models' OffStreetParking 0.1.3. Each returns {lot: free or None}."""
import csv
import datetime
import io
import json
import re
import xml.etree.ElementTree

import jsonschema

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
COUNT = {"type": "integer", "minimum": 0}
TEXT = {"type": "string", "minLength": 1}
MOMENT = {"type": "string", "pattern": f"^{TIME.pattern}$"}


def valid(document, schema):
    jsonschema.Draft202012Validator(schema).validate(document)


def members(required, **others):
    """An object with exactly these members."""
    return {"type": "object", "required": [name for name in required], "properties": {**required, **others}, "additionalProperties": False}


def array(items, **more):
    return {"type": "array", "items": items, **more}


POINT = members({"type": {"const": "Point"},
                 "coordinates": {"type": "array", "prefixItems": [{"type": "number", "minimum": -180, "maximum": 180}, {"type": "number", "minimum": -90, "maximum": 90}],
                                 "minItems": 2, "maxItems": 2}})


def geojson(text):
    document = json.loads(text)
    count = {"type": ["integer", "null"], "minimum": 0}
    valid(document, members({"type": {"const": "FeatureCollection"}, "features": array(members({
        "type": {"const": "Feature"}, "id": TEXT, "geometry": POINT,
        "properties": members({"title": TEXT, "name": TEXT, "free": count, "total": count, "band": TEXT, "status": TEXT,
                               "open_now": {"type": ["boolean", "null"]}, "observed_at": {"type": ["string", "null"]},
                               "age_s": count, "stale": {"type": "boolean"}, "seq": COUNT}, address=TEXT, area=TEXT)}))}))
    assert len({one["id"] for one in document["features"]}) == len(document["features"])
    for one in document["features"]:
        told = one["properties"]
        assert (told["free"] is None) or not told["stale"], told
    return {one["id"]: one["properties"]["free"] for one in document["features"]}


COLUMNS = "id,name,area,address,latitude,longitude,total,free,band,status,open_now,freshness,observed_at,age_s,seq".split(",")


def table(text):
    assert text.endswith("\r\n") and "\n" not in re.sub(r'"(?:[^"]|"")*"|\r\n', "", text)
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert not rows or list(rows[0]) == COLUMNS
    for row in rows:
        assert None not in row and None not in row.values(), row
        for name in ("total", "free", "age_s"):
            assert row[name] == "" or int(row[name]) >= 0
        assert (row["latitude"] == "") == (row["longitude"] == "") and (row["latitude"] == "" or abs(float(row["latitude"])) <= 90)
        assert row["open_now"] in ("", "true", "false") and (row["observed_at"] == "" or TIME.fullmatch(row["observed_at"]))
    return {row["id"]: int(row["free"]) if row["free"] else None for row in rows}


def parkapi(text):
    """OpenTripPlanner: `has("free")` and then asInt(), so that a null would be 0 places; no coords are 0, 0; closed is the only state."""
    document = json.loads(text)
    local = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$"}
    valid(document, members({"last_updated": local, "last_downloaded": local, "lots": array(members({
        "id": TEXT, "name": TEXT, "state": {"enum": ["open", "closed", "nodata", "unknown"]}, "total": COUNT, "forecast": {"type": "boolean"},
        "coords": members({"lat": {"type": "number"}, "lng": {"type": "number"}})},
        free=COUNT, address=TEXT, region=TEXT, opening_hours=TEXT, notes={"type": "object", "additionalProperties": TEXT},
        **{"total:disabled": COUNT, "free:disabled": COUNT}))}, data_source=TEXT))
    for name in ("last_updated", "last_downloaded"):
        datetime.datetime.strptime(document[name], "%Y-%m-%dT%H:%M:%S")
    for one in document["lots"]:
        assert one["coords"] != {"lat": 0, "lng": 0} and (one["state"] != "nodata") == ("free" in one or one["state"] == "closed"), one
        assert one.get("free", 0) <= one["total"]
    return {one["id"]: one.get("free") for one in document["lots"]}


def enumeration(*words):
    return members({"value": {"enum": list(words)}})


def datex2(text):
    document = json.loads(text)
    texts = array(TEXT, minItems=1)
    assigned = members({"typeOfAssignment": enumeration("allowedFor", "onlyFor", "optimisedFor", "prohibitedFor")},
                       user=enumeration("disabled", "families", "women"), vehicleType=enumeration("lorry", "bus"), availableSpaces=COUNT)
    valid(document, members({"_modelBaseVersion": {"const": "3"}, "parkingPublicationLight": members({
        "lang": {"const": "zh"}, "publicationTime": MOMENT,
        "publicationCreator": members({"country": {"pattern": "^[A-Z]{2}$"}, "nationalIdentifier": TEXT}),
        "parkingSite": array(members({
            "_id": TEXT, "type": enumeration("carPark", "onStreet", "offStreetParkingGround", "other"), "name": TEXT,
            "locationAndDimension": members({"coordinatesForDisplay": members({"latitude": {"type": "number"}, "longitude": {"type": "number"}})}, locationDescriptor=TEXT)},
            lastUpdate=MOMENT, openingTimesDescription=texts, tariffDescription=texts, isOpenNow={"type": "boolean"}, numberOfSpaces=COUNT,
            availableSpaces=COUNT, occupancyTrend=enumeration("decreasing", "increasing", "stable", "unknown"), assignedFor=array(assigned, minItems=1)))},
        name=TEXT)}))
    return {one["_id"]: one.get("availableSpaces") for one in document["parkingPublicationLight"]["parkingSite"]}


SIRI = "{http://www.siri.org.uk/siri}"


def siri(text):
    """OpenTripPlanner takes a lot whose one MonitoredCounting is a presentCount, and that count as what is available."""
    root = xml.etree.ElementTree.fromstring(text)
    assert root.tag == SIRI + "Siri" and root.get("version") == "2.1"
    delivery = root.find(f"{SIRI}ServiceDelivery/{SIRI}FacilityMonitoringDelivery")
    assert TIME.fullmatch(delivery.findtext(SIRI + "ResponseTimestamp")) and root.findtext(f"{SIRI}ServiceDelivery/{SIRI}ProducerRef")
    found = {}
    for one in delivery.findall(SIRI + "FacilityCondition"):
        assert [child.tag.removeprefix(SIRI) for child in one][:2] == ["FacilityRef", "FacilityStatus"] and len(one) <= 3
        assert one.findtext(f"{SIRI}FacilityStatus/{SIRI}Status") in ("unknown", "available", "notAvailable")
        counting = one.findall(SIRI + "MonitoredCounting")
        assert len(counting) <= 1
        if counting:
            assert counting[0].findtext(SIRI + "CountingType") == "presentCount" and counting[0].findtext(SIRI + "CountedFeatureUnit") == "bays"
        ident = one.findtext(SIRI + "FacilityRef")
        assert ident and ident not in found
        found[ident] = int(counting[0].findtext(SIRI + "Count")) if counting else None
        assert found[ident] is None or found[ident] >= 0
    return found


STATUS = array({"enum": ["almostFull", "closed", "closedAbnormal", "full", "fullAtEntrance", "open", "openingTimesInForce", "spacesAvailable"]}, minItems=1)
ADDRESS = members({"streetAddress": TEXT, "addressCountry": TEXT})
URN = {"type": "string", "pattern": "^urn:ngsi-ld:OffStreetParking:.+"}
CONTEXT = array({"type": "string", "format": "uri"}, minItems=1)


def _spots(entities, value):
    for one in entities:
        free, total = (value(one.get(name)) for name in ("availableSpotNumber", "totalSpotNumber"))
        assert free is None or total is None or free <= total
    return {one["id"].removeprefix("urn:ngsi-ld:OffStreetParking:"): value(one.get("availableSpotNumber")) for one in entities}


def ngsi(text):
    def prop(value, kind="Property"):
        return members({"type": {"const": kind}, "value": value}, observedAt=MOMENT)
    entities = json.loads(text)
    valid(entities, array(members({"id": URN, "type": {"const": "OffStreetParking"}, "location": prop(POINT, "GeoProperty"), "@context": CONTEXT, "name": prop(TEXT)},
                                  availableSpotNumber=prop(COUNT), totalSpotNumber=prop({"type": "integer", "minimum": 1}), status=prop(STATUS), address=prop(ADDRESS))))
    return _spots(entities, lambda one: one and one["value"])


def ngsi_key_values(text):
    entities = json.loads(text)
    valid(entities, array(members({"id": URN, "type": {"const": "OffStreetParking"}, "location": POINT, "@context": CONTEXT, "name": TEXT},
                                  availableSpotNumber=COUNT, totalSpotNumber={"type": "integer", "minimum": 1}, status=STATUS, address=ADDRESS)))
    return _spots(entities, lambda one: one)


# path: (media type, checker)
ALL = {"geojson": ("application/geo+json", geojson), "csv": ("text/csv", table), "parkapi": ("application/json", parkapi),
       "datex2-light": ("application/json", datex2), "siri-fm": ("application/xml", siri), "ngsi-ld": ("application/ld+json", ngsi),
       "ngsi-ld?options=keyValues": ("application/ld+json", ngsi_key_values)}
