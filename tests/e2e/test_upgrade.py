#!/usr/bin/env python3
"""A new release, which knows a newer format of the log, beside and after an older one: countersignd-next is made of the same
sources and knows one format more."""
import json
import subprocess
import unittest

from cluster import CLI, Cluster
from support import NO_LIMITS, PROGRAMS, SERVER, NotStarted, Server, main, replay, until

NEXT = PROGRAMS / "countersignd-next"
NEEDS = "needs a reader of format 2; this is Countersign 0.1.0, which reads up to format 1: install release 0.2.0 or newer"


def formats(node):
    return [partition["format"] for partition in node.partitions()]


def cli(node, *arguments):
    """Exit status, what it printed (a JSON object a line), what it complained of."""
    ran = subprocess.run([CLI, "--server", f"http://127.0.0.1:{node.port}", "--key-file", node.cluster.root_key_file, "--json",
                          "cluster", *arguments], text=True, capture_output=True, timeout=60)
    return ran.returncode, [json.loads(line) for line in ran.stdout.splitlines()], ran.stderr


class ACluster(unittest.TestCase):
    def work(self, admin):
        """A whole life through random nodes."""
        redeemed = admin.redeem(admin.codes(admin.user()["id"])[0]["code"]).expect(201)
        admin.post(f"/v1/tokens/{redeemed.json['token_id']}/revoke").expect(200)

    def upgrade(self, node):
        self.assertEqual(node.stop(), 0)
        node.program = NEXT
        node.start()
        self.cluster.settle()

    def test_upgrades_node_by_node_and_then_as_a_whole(self):
        with Cluster(nodes=2, partitions=4) as self.cluster:
            cluster = self.cluster
            older, newer = cluster.nodes
            admins = [cluster.account(f"Account {number}") for number in range(6)]
            self.upgrade(newer)
            nodes = [(node["node"], node["release"], node["newest_format"]) for node in cli(older, "nodes")[1]]
            self.assertEqual(nodes, [("node-1", "0.1.0", 1), ("node-2", "0.2.0", 2)])
            for admin in admins:  # each node owns some of them, and the other one reads what it writes
                self.work(admin)
            for node in (newer, older):
                status, _, complaint = cli(node, "finalize-upgrade")
                self.assertEqual(status, 1, complaint)
                self.assertIn("older-node-runs", complaint)
                self.assertIn("node-1 runs release 0.1.0", complaint)
            self.assertEqual((formats(older), formats(newer)), ([1] * 4, [1] * 4))

            self.upgrade(older)
            self.assertEqual(formats(older), [1] * 4, "it takes no upgrade for granted")
            self.assertEqual(cli(older, "finalize-upgrade")[1], [{"partition": n, "format": 2, "raised": True} for n in range(4)])
            self.assertEqual(cli(newer, "finalize-upgrade")[1], [{"partition": n, "format": 2, "raised": False} for n in range(4)])
            until(lambda: formats(older) == formats(newer) == [2] * 4, "both nodes read on in the new format")
            root = cluster.client(cluster.root_key)
            for number in range(4):
                system = "acc_system" if number == 0 else f"acc_system-{number}"
                events = root.get("/v1/events", query={"account": system, "filter": 'type eq "log.upgraded"'}).expect(200).json["items"]
                self.assertEqual([event["details"]["version"] for event in events], ["0.2.0"], events)
            for admin in admins:
                self.work(admin)

            # Too late to go back: the older release names the one it needs, and the others go on.
            self.assertEqual(newer.stop(), 0)
            newer.program = SERVER
            try:
                newer.start()
                until(lambda: not newer.running(), "the older release gives up")
                status = newer.process.returncode
            except NotStarted as why:
                status = why.status
            self.assertEqual(status, 1)
            self.assertIn(NEEDS, newer.said())
            cluster.settle()
            for admin in admins:
                self.work(admin)
            newer.program = NEXT
            newer.start()
            cluster.settle()


class OneServer(unittest.TestCase):
    def test_upgrades_when_it_starts(self):
        with Server(NO_LIMITS) as server:
            admin = server.account()
            user = admin.user()
            def log():
                return server.root().get("/v1/cluster").expect(200).json
            self.assertEqual((log()["release"], log()["newest_format"], log()["partitions"][0]["format"]), ("0.1.0", 1, 1))
            self.assertEqual(server.stop(), 0)
            server.program = NEXT
            server.start()
            self.assertEqual((log()["release"], log()["partitions"][0]["format"]), ("0.2.0", 2))
            self.assertEqual(server.client(admin.key).get(f"/v1/users/{user['id']}").expect(200).json["id"], user["id"])
            server.restart()
            events = server.root().get("/v1/events", query={"filter": 'type eq "log.upgraded"'}).expect(200).json["items"]
            self.assertEqual(len(events), 1)
            self.assertEqual(server.stop(), 0)
            server.program = SERVER
            with self.assertRaises(NotStarted) as refused:
                server.start()
            self.assertEqual(refused.exception.status, 1)
            self.assertIn(NEEDS, refused.exception.stderr)
            with self.assertRaisesRegex(AssertionError, NEEDS):
                replay("verify", "--data-dir", server.data)

    def test_begins_with_the_newest_format(self):
        server = Server(NO_LIMITS, start=False)
        self.addCleanup(server.close)
        server.program = NEXT
        server.start()
        self.assertEqual(server.root().get("/v1/cluster").expect(200).json["partitions"][0]["format"], 2)
        self.assertEqual(server.root().get("/v1/events", query={"filter": 'type eq "log.upgraded"'}).expect(200).json["items"], [])


if __name__ == "__main__":
    main()
