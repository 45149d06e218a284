#!/usr/bin/env python3
"""Import of a large and dirty directory export: every count, every reason, every line, and what the people look like afterwards."""
import collections
import csv
import io
import unittest

from dirty_directory import BAD, BLANK_LINES, GOOD, HEADER, REPEATED, Directory
from support import main, NO_LIMITS, ServerTest

SEED = 20261125


class DirtyDirectory(ServerTest):
    settings = NO_LIMITS

    def setUp(self):
        self.directory = Directory(SEED)
        self.admin = self.server.account("Dirty Inc")
        self.addCleanup(self.admin.close)

    def assert_reported(self, operation, created, updated, unchanged):
        good, bad = sum(GOOD.values()) + sum(REPEATED.values()), sum(BAD.values())
        self.assertEqual({name: operation[name] for name in ("status", "total", "done", "failed", "created", "updated", "unchanged")},
                         {"status": "done", "total": good + bad, "done": good, "failed": bad,
                          "created": created, "updated": updated, "unchanged": unchanged})
        self.assertEqual([(row["line"], row["code"]) for row in operation["rows"]], self.directory.refused())
        self.assertEqual(collections.Counter(row["code"] for row in operation["rows"]), BAD)
        for row in operation["rows"]:
            self.assertTrue(row["detail"])
            self.assertNotIn("person.", row["detail"], "it never quotes the record")

    def assert_people(self):
        found = {user["email"]: (user["email"], user["first_name"], user["last_name"], user["attributes"].get("department", ""),
                                 user["attributes"].get("mobile", "")) for user in self.admin.all("/v1/users")}
        self.assertEqual(found, self.directory.people())

    def test_the_file_is_what_it_should_be(self):
        text = self.directory.written()
        self.assertEqual(sum(GOOD.values()), 3817)
        self.assertEqual((len(self.directory.records), len(self.directory.people())), (3962, 3817))
        self.assertEqual(text.count(b"\r\n\r\n"), BLANK_LINES)
        self.assertTrue(text.startswith(b"\xef\xbb\xbf" + ",".join(HEADER).encode() + b"\r\n"))
        self.assertEqual(text, Directory(SEED).written())
        self.assertNotEqual(text, Directory(SEED + 1).written())

    def test_every_count_reason_and_line(self):
        text, people = self.directory.written(), sum(GOOD.values())
        rehearsed = self.admin.import_csv(text, query={"dry_run": "true"})
        self.assert_reported(rehearsed, people, REPEATED["changed"], REPEATED["same"])
        self.assertEqual(self.admin.all("/v1/users"), [])
        self.assert_reported(self.admin.import_csv(text), people, REPEATED["changed"], REPEATED["same"])
        self.assert_people()
        # Once more: whoever stands twice with other fields goes there and back again.
        again = self.admin.import_csv(text)
        self.assert_reported(again, 0, 2 * REPEATED["changed"], people + REPEATED["same"] - REPEATED["changed"])
        self.assert_people()
        self.assertEqual(again["ignored_columns"], [])

    def test_semicolons_newlines_and_other_names_of_columns(self):
        text = self.directory.written(separator=";", newline="\n", mark=False, further=("4711", "; 43"),
                                      header=("first_name", "LASTNAME", " EMAIL", "Department", "mobile", "Cost centre", "Shoe size"))
        operation = self.admin.import_csv(text)
        self.assert_reported(operation, sum(GOOD.values()), REPEATED["changed"], REPEATED["same"])
        self.assertEqual(operation["ignored_columns"], ["Cost centre", "Shoe size"])
        self.assert_people()

    def test_names_that_are_formulas_are_text(self):
        self.admin.import_csv(self.directory.written())
        generated = self.admin.operation(self.admin.post("/v1/registration-codes/generate-for-new-users").expect(202).json["operation_id"])
        self.assertEqual(generated["done"], sum(GOOD.values()))
        rows = list(csv.reader(io.StringIO(self.admin.get("/v1/registration-codes.csv").expect(200).text.removeprefix("\ufeff"))))
        shown = {row[2]: tuple(row[:2]) for row in rows[1:]}

        def escaped(name):
            return "'" + name if name[0] in "=+-@" else name

        self.assertEqual(shown, {email: (escaped(first), escaped(last)) for email, first, last, _, _ in self.directory.people().values()})
        self.assertTrue(any(first.startswith("'=HYPERLINK(") for first, _ in shown.values()))


if __name__ == "__main__":
    main()
