#!/usr/bin/env python3
"""Reads of events leave an event: one a key, counted, and none while somebody reads."""
import unittest

from support import Server, main


class Reads(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)
        self.admin = self.server.account("Read Inc")
        self.siem, self.auditor = self.admin.api_key("siem"), self.admin.api_key("auditor")

    def written(self):
        return {event["actor"]["id"]: event for event in self.admin.events('type eq "events.read"')}

    def test_they_are_counted_by_key_and_written_when_the_server_stops(self):
        before = self.siem.events()
        for _ in range(2):
            self.siem.events()
        self.siem.get("/v1/events/" + before[0]["id"]).expect(200)
        self.siem.get("/v1/events/facets", {"fields": "type"}).expect(200)
        self.siem.get("/v1/events/histogram").expect(200)
        self.siem.get("/v1/events", {"filter": "nonsense"}).expect(400)
        self.auditor.get("/v1/log/checkpoint").expect(200)
        self.auditor.get("/v1/log/tile/0/000.p/1").expect(200)
        self.auditor.get("/v1/log/entries/000.p/1").expect(200)
        self.assertEqual(self.siem.events(), before, "a read changes nothing that is read")
        self.server.restart()
        written = self.written()
        self.assertEqual(set(written), {self.siem.key_id, self.auditor.key_id})
        counted = {key: {name: value for name, value in event["details"].items() if name != "since"} for key, event in written.items()}
        self.assertEqual(counted[self.siem.key_id], {"lists": 5, "facets": 1, "histograms": 1, "log": 0})
        self.assertEqual(counted[self.auditor.key_id], {"lists": 0, "facets": 0, "histograms": 0, "log": 2})
        event = written[self.siem.key_id]
        self.assertEqual((event["severity"], event["subject"]["id"], event["outcome"]["result"]), ("low", self.admin.account, "success"))

    def test_who_reads_nothing_writes_nothing(self):
        self.siem.get("/v1/projections").expect(200)
        self.server.restart()
        self.assertEqual(self.written(), {})


if __name__ == "__main__":
    main()
