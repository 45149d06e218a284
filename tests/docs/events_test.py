#!/usr/bin/env python3
"""Holds docs/events.md against domain/events.fbs and domain/event_catalogue.cpp, both ways; its fields against the schema and
the shapes that print_event_shapes prints, and its mappings against those that print_event_mapping prints.

Usage: events_test.py REPOSITORY PRINT_EVENT_MAPPING PRINT_EVENT_SHAPES. COUNTERSIGN_WRITE_DOCS=1 writes fields and mappings
into the page.
"""
import os
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else ".").resolve()
PRINT_MAPPING = sys.argv.pop(1) if len(sys.argv) > 1 else ROOT / "build/dev/bin/print_event_mapping"
PAGE = ROOT / "docs/events.md"
PRINT_SHAPES = sys.argv.pop(1) if len(sys.argv) > 1 else ROOT / "build/dev/bin/print_event_shapes"
GENERATED = re.compile(r"(<!-- print_event_mapping -->\n)(.*?)(<!-- end of print_event_mapping -->)", re.S)
FIELDS = re.compile(r"(<!-- fields -->\n)(.*?)(<!-- end of fields -->)", re.S)


def enum_of(schema, name):
    body = re.search(rf"enum {name} : \w+ {{(.*?)}}", schema, re.S).group(1)
    return set(re.findall(r"(\w+) = \d+", re.sub(r"//.*", "", body))) - {"none"}


def fields_of(schema, table):
    """The fields of a table, each with the comment behind it."""
    body = re.search(rf"^table {table} {{(.*?)}}", schema, re.S | re.M)[1]
    fields = []
    for line in body.split("\n"):
        code, _, comment = line.partition("//")
        names = re.findall(r"(\w+)\s*:", code)
        fields += [[name, ""] for name in names]
        if comment:
            fields[-1][1] = comment.strip()
    return fields


def table_of_fields(schema, shapes):
    rows = ["| type | clear | sealed |", "|---|---|---|"]
    for name, payload, sealed in shapes:
        clear = [] if payload == "NONE" else fields_of(schema, payload)
        described = "; ".join(f"`{field}`" + (f": {comment}" if comment else "") for field, comment in clear)
        rows.append(f"| `{name}` | {described} | {', '.join(f'`{field}`' for field in sealed.split())} |".replace("|  |", "| |"))
    return "\n".join(rows).replace("|  |", "| |") + "\n"


class Events(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.schema = (ROOT / "domain/events.fbs").read_text("utf-8")
        source = (ROOT / "domain/event_catalogue.cpp").read_text("utf-8")
        cls.catalogue = {name: (enum, sub_type, action, severity) for enum, name, sub_type, action, severity in re.findall(
            r'{(\w+),\s*"([^"]+)",\s*"([^"]+)",\s*"([^"]+)",\s*"([^"]+)"}', source) if name != "unknown"}
        cls.mapping = subprocess.run([PRINT_MAPPING], check=True, capture_output=True, text=True).stdout
        printed = subprocess.run([PRINT_SHAPES], check=True, capture_output=True, text=True).stdout
        cls.shapes = [line.split("\t") for line in printed.splitlines()]
        cls.fields = table_of_fields(cls.schema, cls.shapes)
        page = PAGE.read_text("utf-8")
        if os.environ.get("COUNTERSIGN_WRITE_DOCS"):
            page = GENERATED.sub(lambda found: found[1] + cls.mapping + found[3], page)
            page = FIELDS.sub(lambda found: found[1] + cls.fields + found[3], page)
            PAGE.write_text(page, "utf-8")
        cls.page = page
        types = page.split("## Types")[1].split("## Fields of each type")[0]
        rest = page.split("## Reasons")[1]
        reasons = rest.split("## Formats")[0]
        cls.rows = {cells[0].strip("`"): cells for cells in (
            [cell.strip() for cell in line.strip("|").split("|")] for line in types.splitlines() if line.startswith("| `"))}
        cls.reasons = {name for line in reasons.splitlines() if line.startswith("| `")
                       for name in re.findall(r"`(\w+)`", line.split("|")[1])}

    def test_every_type_of_the_schema_is_in_the_catalogue(self):
        self.assertEqual(enum_of(self.schema, "EventType"), {row[0] for row in self.catalogue.values()})

    def test_every_type_of_the_catalogue_is_documented_and_no_other(self):
        self.assertEqual(set(self.catalogue), set(self.rows))

    def test_names_and_severities_are_the_catalogue_s(self):
        for name, (_, sub_type, action, severity) in self.catalogue.items():
            self.assertEqual(self.rows[name][1:3], [f"{sub_type}, {action}", severity], name)

    def test_every_reason_is_documented_and_no_other(self):
        self.assertEqual(enum_of(self.schema, "Reason"), self.reasons)

    def test_the_mappings_are_those_of_the_code(self):
        self.assertEqual(GENERATED.search(self.page)[2], self.mapping)

    def test_the_fields_are_those_of_the_schema(self):
        self.assertEqual(FIELDS.search(self.page)[2], self.fields)

    def test_what_is_sealed_has_a_place_in_the_schema(self):
        personal = {name for name, _ in fields_of(self.schema, "Personal")}
        self.assertEqual([], [field for _, _, sealed in self.shapes for field in sealed.split() if field not in personal])

    def test_every_payload_is_some_type_s(self):
        members = set(re.findall(r"\w+", re.search(r"union Payload {(.*?)}", self.schema, re.S)[1]))
        self.assertEqual(members, {payload for _, payload, _ in self.shapes} - {"NONE"})

    def test_every_type_of_the_catalogue_is_mapped_and_no_other(self):
        self.assertEqual(set(re.findall(r"^\| `([a-z_.]+)` \|", self.mapping, re.M)), set(self.catalogue))


if __name__ == "__main__":
    unittest.main()
