#!/usr/bin/env python3
"""Events to rsyslog as Debian has it: over RELP every event arrives through kills on both sides; over syslog in TLS and
plain TCP, where nothing is acknowledged, a new connection repeats the window that the API states."""
import unittest

from receivers import Rsyslog
from support import Server, main, until
from test_siem_destinations import LOOPBACK, PATH, expect_whole


@unittest.skipUnless(Rsyslog.PROGRAM, "rsyslog is not installed")
class ToRsyslog(unittest.TestCase):
    def setUp(self):
        self.rsyslog = Rsyslog().start()
        self.addCleanup(self.rsyslog.close)
        self.server = Server(LOOPBACK)
        self.addCleanup(self.server.close)
        self.admin = self.server.account("Rsyslog Inc")

    def create(self, **fields):
        made = self.admin.post(PATH, {"name": "rsyslog", "host": "127.0.0.1"} | fields).expect(201).json
        self.one = f"{PATH}/{made['id']}"
        return made

    def more(self, count=20):
        for _ in range(count):
            self.admin.user()

    def status(self):
        return self.admin.get(self.one).expect(200).json["status"]

    def caught_up(self):
        until(lambda: self.status()["lag_events"] == 0, f"all has been sent: {self.status()}", timeout=120)

    def expect_all(self):
        """What rsyslog has is all there is."""
        last = self.admin.events()[0]["sequence"]
        until(lambda: any(event["sequence"] == last for event in self.rsyslog.received()), "the last event")
        received = self.rsyslog.received()
        events = [event for event in self.admin.events(sort="asc") if event["sequence"] >= received[0]["sequence"]]
        self.assertEqual(events[0]["type"], "siem_destination.created")
        expect_whole(self, events, received)
        return received

    def test_relp_loses_nothing(self):
        made = self.create(protocol="relp", port=self.rsyslog.relp)
        self.assertEqual(made["guarantee"], "at_least_once")
        self.more(50)
        self.caught_up()
        for _ in range(2):
            self.rsyslog.kill()
            self.more()
            until(lambda: self.status()["state"] == "failing", "rsyslog is gone")
            self.rsyslog.start()
            self.caught_up()
            self.more(10)
            self.server.kill()
            self.server.start()
            self.more(10)
        self.caught_up()
        self.expect_all()
        self.assertTrue(self.admin.post(self.one + "/test").expect(200).json["delivered"])

    def test_syslog_over_tls_repeats_its_window(self):
        made = self.create(protocol="syslog_tls", port=self.rsyslog.tls, authorities=self.rsyslog.authorities)
        self.assertEqual((made["guarantee"], made["rewind_window"]), ("rewinding", {"seconds": 30, "events": 10000}))
        self.lossless_within_the_window()

    def test_syslog_over_tcp_repeats_its_window(self):
        self.create(protocol="syslog_tcp", port=self.rsyslog.tcp)
        self.lossless_within_the_window()

    def lossless_within_the_window(self):
        self.more(30)
        self.caught_up()
        self.expect_all()
        before = len(self.rsyslog.received())
        self.rsyslog.kill()
        self.more()
        self.rsyslog.start()
        self.more()
        self.caught_up()
        received = self.expect_all()
        self.assertEqual(received[before]["sequence"], received[0]["sequence"], "all of it lies within the window")
        self.server.kill()
        self.server.start()
        self.more(5)
        self.caught_up()
        self.expect_all()

    def test_an_authority_that_is_not_trusted_gets_nothing(self):
        self.create(protocol="syslog_tls", port=self.rsyslog.tls)
        tested = self.admin.post(self.one + "/test").expect(200).json
        self.assertFalse(tested["delivered"])
        self.assertIn("certificate", tested["error"])
        self.assertEqual(self.rsyslog.received(), [])


if __name__ == "__main__":
    main()
