#!/usr/bin/env python3
"""Holds what goes out as OCSF and ECS against the published schemas, as far as they are kept in schemas/: required
attributes are there, none is unknown, types, enums and constraints fit. For every event type: as it is, with nothing
known, and with hostile values.

Usage: schemas_test.py PRINT_SIEM_SAMPLES
"""
import json
import pathlib
import re
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).parent
PRINT_SAMPLES = sys.argv.pop(1)
OCSF = json.loads((HERE / "schemas/ocsf-1.8.0.json").read_text("utf-8"))
ECS = json.loads((HERE / "schemas/ecs-8.17.json").read_text("utf-8"))


def samples(format):
    printed = subprocess.run([PRINT_SAMPLES, format], check=True, capture_output=True).stdout.decode("utf-8")
    return [json.loads(line) for line in printed.split("\n") if line]


class Violation(AssertionError):
    pass


def check(holds, path, what):
    if not holds:
        raise Violation(f"{path}: {what}")


def check_primitive(name, value, path):
    type = OCSF["types"][name]
    base = type.get("type", name)
    if name == "json_t":
        return
    if base == "boolean_t":
        check(isinstance(value, bool), path, "not a boolean")
    elif base in ("integer_t", "long_t"):
        check(isinstance(value, int) and not isinstance(value, bool), path, "not an integer")
        check(-2**63 <= value < 2**63, path, "out of range")
    elif base == "float_t":
        check(isinstance(value, (int, float)), path, "not a number")
    else:
        check(isinstance(value, str), path, "not a string")
        check(len(value) <= type.get("max_len", 10**9), path, "too long")
        check(re.search(type.get("regex", ""), value), path, f"not a {name}: {value!r}")


def check_value(fact, value, path):
    if fact.get("array"):
        check(isinstance(value, list), path, "not an array")
        for item in value:
            check_value(fact | {"array": False}, item, path)
    elif fact["type"] == "object":
        check(isinstance(value, dict), path, "not an object")
    elif fact["type"] in OCSF["objects"]:
        check_object(OCSF["objects"][fact["type"]], value, path)
    else:
        check(fact["type"] in OCSF["types"], path, f"objects of type {fact['type']} are not kept in schemas/")
        check_primitive(fact["type"], value, path)


def check_object(schema, value, path):
    check(isinstance(value, dict), path, "not an object")
    attributes = schema["attributes"]
    for name, fact in attributes.items():
        check(name in value or not fact.get("required"), path, f"lacks {name}")
    for name, member in value.items():
        here = f"{path}.{name}"
        check(name in attributes, here, "no attribute of this schema")
        fact = attributes[name]
        check_value(fact, member, here)
        if "enum" in fact and not (path == "event" and name in ("category_uid", "class_uid", "type_uid")):
            check(str(member) in fact["enum"], here, f"{member} is not in {list(fact['enum'])}")
            sibling = value.get(fact.get("sibling"))
            if sibling is not None and member != 99:
                check(sibling == fact["enum"][str(member)], here, f"{sibling!r} is not the caption of {member}")
    constraints = schema.get("constraints", {})
    if "at_least_one" in constraints:
        check(set(constraints["at_least_one"]) & set(value), path, f"has none of {constraints['at_least_one']}")
    if "just_one" in constraints:
        check(len(set(constraints["just_one"]) & set(value)) == 1, path, f"needs one of {constraints['just_one']}")


def check_event(event):
    schema = OCSF["classes"].get(str(event["class_uid"]))
    check(schema, "event.class_uid", "an unknown class")
    check_object(schema, event, "event")
    check(event["metadata"]["version"] == OCSF["version"], "event.metadata.version", "another schema's")
    check(event["category_uid"] == schema["category"], "event.category_uid", "not the class's")
    check(event["category_name"] == schema["category_name"], "event.category_name", "not the class's")
    check(event["class_name"] == schema["caption"], "event.class_name", "not the class's")
    check(event["type_uid"] == event["class_uid"] * 100 + event["activity_id"], "event.type_uid", "not class and activity")
    activity = schema["attributes"]["activity_id"]["enum"][str(event["activity_id"])]
    check(event["type_name"] == f"{schema['caption']}: {activity}", "event.type_name", "not class and activity")


class Ocsf(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.events = samples("ocsf")

    def test_every_event_is_valid(self):
        for event in self.events:
            with self.subTest(type=event["metadata"]["event_code"]):
                check_event(event)

    def test_the_validator_sees_what_is_wrong(self):
        def broken(change):
            event = json.loads(json.dumps(self.events[0]))
            change(event)
            with self.assertRaises(Violation):
                check_event(event)
        check_event(self.events[0])
        broken(lambda event: event.pop("severity_id"))
        broken(lambda event: event.pop("entity"))
        broken(lambda event: event.update(nonsense=1))
        broken(lambda event: event.update(time="now"))
        broken(lambda event: event.update(activity_id=14, type_uid=300414))
        broken(lambda event: event.update(type_uid=1))
        broken(lambda event: event.update(severity="High"))
        broken(lambda event: event["metadata"].pop("product"))
        broken(lambda event: event["src_endpoint"].update(ip="nowhere"))
        broken(lambda event: event.update(entity={"type": "x"}))
        broken(lambda event: event["entity"].update(type_id=8))


class Ecs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.events = samples("ecs")

    def leaves(self, value, path=""):
        if isinstance(value, dict):
            for name, member in value.items():
                if not (path == "" and name == "countersign"):
                    yield from self.leaves(member, f"{path}.{name}" if path else name)
        else:
            yield path, value

    def test_every_field_is_the_schema_s(self):
        for event in self.events:
            self.assertEqual(event["ecs"]["version"], ECS["version"])
            for name, value in self.leaves(event):
                self.assertIn(name, ECS["fields"])
                fact = ECS["fields"][name]
                self.assertEqual(isinstance(value, list), fact.get("array", False), name)
                for item in value if isinstance(value, list) else [value]:
                    if fact["type"] == "long":
                        self.assertIsInstance(item, int, name)
                    else:
                        self.assertIsInstance(item, str, name)
                    if fact["type"] == "date":
                        self.assertRegex(item, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", name)
                    if fact["type"] == "ip":
                        self.assertRegex(item, r"^[0-9a-f.:]+$", name)

    def test_categories_take_their_types(self):
        for event in self.events:
            said = event["event"]
            for name in ("kind", "outcome"):
                self.assertIn(said[name], ECS["allowed"][f"event.{name}"])
            for category in said["category"]:
                self.assertTrue(set(said["type"]) <= set(ECS["allowed"]["event.category"][category]), said)

    def test_what_every_event_needs_is_there(self):
        for event in self.events:
            self.assertTrue({"@timestamp", "ecs", "event", "message", "organization", "observer", "countersign"} <= set(event))


if __name__ == "__main__":
    unittest.main()
