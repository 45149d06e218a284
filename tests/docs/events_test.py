#!/usr/bin/env python3
"""Holds docs/events.md against domain/events.fbs and domain/event_catalogue.cpp, both ways, and its mappings against those
that print_event_mapping prints.

Usage: events_test.py REPOSITORY PRINT_EVENT_MAPPING. COUNTERSIGN_WRITE_DOCS=1 writes the mappings into the page.
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
GENERATED = re.compile(r"(<!-- print_event_mapping -->\n)(.*?)(<!-- end of print_event_mapping -->)", re.S)


def enum_of(schema, name):
    body = re.search(rf"enum {name} : \w+ {{(.*?)}}", schema, re.S).group(1)
    return set(re.findall(r"(\w+) = \d+", re.sub(r"//.*", "", body))) - {"none"}


class Events(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.schema = (ROOT / "domain/events.fbs").read_text("utf-8")
        source = (ROOT / "domain/event_catalogue.cpp").read_text("utf-8")
        cls.catalogue = {name: (enum, sub_type, action, severity) for enum, name, sub_type, action, severity in re.findall(
            r'{(\w+),\s*"([^"]+)",\s*"([^"]+)",\s*"([^"]+)",\s*"([^"]+)"}', source) if name != "unknown"}
        cls.mapping = subprocess.run([PRINT_MAPPING], check=True, capture_output=True, text=True).stdout
        page = PAGE.read_text("utf-8")
        if os.environ.get("COUNTERSIGN_WRITE_DOCS"):
            page = GENERATED.sub(lambda found: found[1] + cls.mapping + found[3], page)
            PAGE.write_text(page, "utf-8")
        cls.page = page
        types, rest = page.split("## Types")[1].split("## Reasons")
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

    def test_every_type_of_the_catalogue_is_mapped_and_no_other(self):
        self.assertEqual(set(re.findall(r"^\| `([a-z_.]+)` \|", self.mapping, re.M)), set(self.catalogue))


if __name__ == "__main__":
    unittest.main()
