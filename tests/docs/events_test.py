#!/usr/bin/env python3
"""Holds docs/events.md against domain/events.fbs and domain/event_catalogue.cpp, both ways.

Usage: events_test.py REPOSITORY
"""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else ".").resolve()


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
        page = (ROOT / "docs/events.md").read_text("utf-8")
        types, reasons = page.split("## Types")[1].split("## Reasons")
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


if __name__ == "__main__":
    unittest.main()
