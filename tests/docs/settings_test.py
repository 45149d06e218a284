#!/usr/bin/env python3
"""Holds the settings table of docs/operations.md against the server's, both ways, and its list of messages against those
that the programs have.

Usage: settings_test.py REPOSITORY
"""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else ".").resolve()


class SettingsPage(unittest.TestCase):
    def setUp(self):
        source = (ROOT / "tools/countersignd/settings.cpp").read_text("utf-8")
        self.known = set(re.findall(r'^    {"([a-z_.]+)", &Settings::', source, re.M))
        transports = (ROOT / "adapters/messages/settings.cpp").read_text("utf-8")
        for section, kind in (("mail", "SmtpSettings"), ("sms", "SmsSettings")):
            self.known |= {f"{section}.{name}" for name in re.findall(rf'^    {{"([a-z_]+)", &{kind}::', transports, re.M)}
        self.flags = set(re.findall(r'app\.add_(?:option|flag)\("(--[a-z-]+)"', source))
        self.page = (ROOT / "docs/operations.md").read_text("utf-8")
        self.rows = dict(re.findall(r"^\| `([a-z_.]+)` \| `([A-Z_]+)` \|", self.page, re.M))

    def test_every_setting_is_documented_and_no_other(self):
        self.assertTrue(self.known)
        self.assertEqual(self.known, set(self.rows))

    def test_variables_follow_from_names(self):
        for name, variable in self.rows.items():
            self.assertEqual(variable, "COUNTERSIGN_" + name.upper().replace(".", "_"))

    def test_flags_without_a_setting_are_documented(self):
        self.assertTrue(self.flags)
        for flag in self.flags:
            self.assertIn(f"`{flag}", self.page)

    def test_messages_that_are_explained_exist(self):
        table = self.page.split("## When it doesn't start")[1].split("## ")[0]
        messages = [message for row in re.findall(r"^\| (`.*?) \|", table, re.M) for message in re.findall(r"`([^`]+)`", row)]
        self.assertGreater(len(messages), 5)
        sources = "".join(file.read_text("utf-8") for folder in ("adapters", "bus", "tools") for file in (ROOT / folder).rglob("*.cpp"))
        for message in messages:
            self.assertIn(message, sources)


if __name__ == "__main__":
    unittest.main()
