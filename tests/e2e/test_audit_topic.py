#!/usr/bin/env python3
"""The public topic as a plain consumer sees it (kcat, which shares no code with Countersign): every event of GET /v1/events, in
order for each account, also when owners are killed meanwhile; repeats have the id of what they repeat."""
import collections
import json
import random
import shutil
import subprocess
import sys
import time
import unittest

import recorded_load
from cluster import SKIPPED, Cluster
from recorded_load import keys_of
from support import main, until

SEED = random.SystemRandom().randrange(1 << 32)
OPERATIONS, USERS = 2000, 12
TOPIC = "countersign.audit"


def consume(cluster):
    """All records: (partition, offset, headers, key, payload)."""
    done = subprocess.run(["kcat", "-C", "-b", cluster.brokers.bootstrap, "-t", TOPIC, "-o", "beginning", "-e", "-q", "-J"],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    records = []
    for line in done.stdout.splitlines():
        record = json.loads(line)
        flat = record.get("headers", [])
        records.append((record["partition"], record["offset"], dict(zip(flat[::2], flat[1::2])), record["key"], json.loads(record["payload"])))
    return sorted(records, key=lambda record: record[:2])


def ids_in_order(records):
    """{account: ids by sequence}. Fails when an event comes before one that precedes it, or comes again with another id."""
    seen = collections.defaultdict(list)
    for _, _, headers, account, _ in records:
        sequence, ids = int(headers["ce_sequence"]), seen[account]
        if sequence == len(ids) + 1:
            ids.append(headers["ce_id"])
            continue
        assert sequence <= len(ids), f"event {sequence} of {account} comes after event {len(ids)}"
        assert ids[sequence - 1] == headers["ce_id"], f"event {sequence} of {account} has two ids"
    return seen


class PublicTopic(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"seed {SEED}", flush=True)
        cls.cluster = Cluster()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.close()

    def events(self, client):
        """{sequence: event}"""
        return {event["sequence"]: event for event in client.events()}

    def expect_all(self, admins):
        """Waits until everything that the API shows now has come; returns the records."""
        wanted = {admin.account: self.events(admin) for admin in admins}

        def there():
            records = consume(self.cluster)
            seen = ids_in_order(records)
            return all(len(seen[account]) >= max(events) for account, events in wanted.items()) and records
        records = until(there, "all events are in the topic", timeout=60, pause=0.5)
        seen = ids_in_order(records)
        for account, events in wanted.items():
            self.assertEqual(sorted(events), list(range(1, max(events) + 1)))
            self.assertEqual([events[sequence]["id"] for sequence in sorted(events)], seen[account][:len(events)])
        return records

    def test_a_kill_of_an_owner_loses_nothing(self):
        cluster = self.cluster
        admins = [cluster.account(f"Account {number}") for number in range(5)]
        for admin in admins[1:]:
            admin.redeem(admin.codes(admin.user()["id"])[0]["code"]).expect(201)
        first = admins[0]
        users = [first.user()["id"] for _ in range(USERS)]
        load = recorded_load.Load(cluster.urls(), keys_of(first), users, OPERATIONS, seed=SEED, replicas=True)
        load.start()
        until(lambda: load.left <= OPERATIONS * 4 // 5 or not load.running(), "the load begins", timeout=300, pause=0.01)
        victim = cluster.owner_of(cluster.partition_of(first.account))
        victim.kill()
        load.urls[:] = cluster.urls()
        time.sleep(2)
        victim.start()
        load.urls[:] = cluster.urls()
        load.join()
        cluster.settle()
        records = self.expect_all(admins)
        self.assertGreater(sum(account == first.account for _, _, _, account, _ in records), OPERATIONS // 4)
        for partition, _, headers, account, payload in records:
            if not account.startswith("acc_system"):
                self.assertEqual(partition, cluster.partition_of(account))
            self.assertEqual(headers["ce_source"], f"/accounts/{account}")
            self.assertEqual((headers["ce_specversion"], headers["content-type"]), ("1.0", "application/json"))
            self.assertEqual(payload["metadata"]["uid"], headers["ce_id"])
            self.assertEqual(payload["metadata"]["version"], "1.8.0")
        events = {event["id"]: event for event in self.events(first).values()}
        for _, _, headers, account, _ in records:
            if account == first.account and headers["ce_id"] in events:
                event = events[headers["ce_id"]]
                self.assertEqual(headers["ce_type"], "countersign." + event["type"])
                self.assertEqual((headers["ce_time"], int(headers["ce_sequence"])), (event["time"], event["sequence"]))
        system = [account for _, _, _, account, _ in records if account.startswith("acc_system")]
        self.assertEqual(len(set(system)), cluster.partitions)

    def test_a_new_owner_goes_on_where_the_topic_ends(self):
        cluster = self.cluster
        admin = cluster.account()
        users = [admin.user()["id"] for _ in range(100)]
        for user in users:
            admin.codes(user)
        before = self.expect_all([admin])
        own = cluster.partition_of(admin.account)
        self.assertEqual(cluster.owner_of(own).stop(), 0)
        cluster.settle()
        admin.user()
        after = self.expect_all([admin])
        mine = [headers["ce_id"] for _, _, headers, account, _ in after if account == admin.account]
        repeats = len(mine) - len(set(mine))
        self.assertGreater(len(after), len(before))
        self.assertLess(repeats, len(users), "it began at the beginning")
        lag = cluster.owner_of(own).client(cluster.root_key).get("/metrics").text
        self.assertIn(f'countersign_audit_topic_failing{{partition="{own}"}} 0', lag)
        for node in cluster.nodes:
            if not node.running():
                node.start()
        cluster.settle()


if __name__ == "__main__":
    if not shutil.which("kcat"):
        print("skipped: kcat is missing: apt-get install kcat", flush=True)
        sys.exit(SKIPPED)
    main()
