"""What can go wrong in a cluster on Kafka, one method each, while 64 clients generate, redeem and revoke; and what must be true
afterwards, every time: the history of what was answered is one that a single server could have given (tests/linearizability), what
was acknowledged is in the views of every node, these are equal byte by byte, and countersign-replay finds nothing wrong in the log.

Three nodes, three brokers, and lines between them that can be cut (tests/kafka/proxy.py). The strongest scenarios are in
test_faults.py, for every run; all of them, with more operations, in test_all_faults.py.
"""
import collections
import datetime
import json
import random
import signal
import subprocess
import time
import unittest

import recorded_load
import stranger
from cluster import Cluster
from support import PROGRAMS, REPLAY, go_program, until, views_of

SEED = random.SystemRandom().randrange(1 << 32)
LOG = "countersign.log"
USERS = 24
SLEEP_S, CUT_S, BROKERS_DOWN_S = 20, 15, 8


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class OnACluster(unittest.TestCase):
    """`operations`: so many before the trouble and after it. Meanwhile the clients think a little between two of them."""

    operations, think_s = 300, 0.4

    @classmethod
    def setUpClass(cls):
        print(f"seed {SEED}", flush=True)
        cls.chance = random.Random(SEED)
        cls.cluster = Cluster(brokers=3, lined=True, chance=cls.chance)
        cls.addClassCleanup(cls.cluster.close)

    def setUp(self):
        """Whatever the one before has left."""
        for broker in self.cluster.brokers.brokers:
            if not broker.running():
                broker.start()
        self.cluster.brokers.wait_ready()
        for node in self.cluster.nodes:
            node.lines.mend(*node.lines.kafka, node.lines.public, node.lines.inner)
            node.lines.meddler.leave()
            if node.running():
                node.resume()
            else:
                node.start()
        self.cluster.settle()

    def under_load(self, trouble):
        """`trouble(load, owner)` happens while the clients work; the owner is that of the partition which they write."""
        go_program("linearizability")
        cluster = self.cluster
        admin = cluster.account()
        users = [admin.user()["id"] for _ in range(USERS)]
        load = recorded_load.Load(cluster.urls(), recorded_load.keys_of(admin), users, 1 << 30, seed=SEED, replicas=True, timeout=8,
                                  think=self.think_s)
        self.partition = cluster.partition_of(admin.account)
        load.start()
        try:
            self.while_so_many_begin(load, self.operations)
            trouble(load, cluster.owner_of(self.partition))
        finally:
            load.urls[:] = cluster.urls()
            load.end_after(self.operations)
        load.join()
        self.holds(load, admin)

    def while_so_many_begin(self, load, operations):
        from_here = load.left
        until(lambda: load.left <= from_here - operations or not load.running(), "the load goes on", timeout=300, pause=0.02)

    # --- What must be true afterwards ---

    def holds(self, load, admin):
        cluster = self.cluster
        for node in cluster.nodes:
            if not node.running():
                node.start()
        cluster.settle(timeout=120)
        self.all_at_one_place()
        readers = [node.client(admin.key) for node in cluster.nodes]
        recorded_load.check_views(load, readers[0], readers)
        history = load.history()
        print(self.id().rpartition(".")[2], recorded_load.accepted(history).strip(),
              dict(collections.Counter(entry["outcome"] for entry in history)), flush=True)
        self.the_log_verifies()
        self.views_are_equal()

    def all_at_one_place(self):
        until(lambda: len({tuple(p["landed_frame"] for p in node.partitions()) for node in self.cluster.nodes}) == 1,
              "all nodes are at the same place", timeout=60)

    def the_log_verifies(self):
        cluster = self.cluster
        ran = subprocess.run([REPLAY, "verify", "--kafka-brokers", cluster.brokers.bootstrap, "--master-key-file", cluster.master_key],
                             text=True, capture_output=True, timeout=300)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        self.assertIn("everything verifies", ran.stdout)

    def views_are_equal(self):
        """What nodes write at their end neither may have read: so they read on, and stop without owning anything."""
        nodes = self.cluster.nodes
        for node in nodes:
            node.process.send_signal(signal.SIGTERM)
        for node in nodes:
            self.assertEqual(node._ended(), 0, node.said())
            node.settings["CLUSTER_OWN"] = "none"
            node.start()
        self.all_at_one_place()
        for node in nodes:
            until(lambda node=node: node.client().get("/readyz").status == 200, "it is at the log's end", timeout=60)
        self.all_at_one_place()
        for node in nodes:
            self.assertEqual(node.stop(), 0)
            del node.settings["CLUSTER_OWN"]
        self.assertEqual(len({views_of(node.data) for node in nodes}), 1, "the views of all nodes are equal")

    # --- What scenarios need ---

    def others(self, node):
        return [other for other in self.cluster.running() if other is not node]

    def taken_over_from(self, node):
        others = self.others(node)
        until(lambda: all(p["owner"] != node.name for other in others for p in other.partitions()), "others have taken over", timeout=90)

    def leader_of(self, partition):
        """The broker that leads this partition of the log."""
        said = subprocess.run(["kcat", "-L", "-J", "-b", self.cluster.brokers.bootstrap, "-t", LOG], check=True, capture_output=True,
                              text=True, timeout=60).stdout
        [leader] = {each["leader"] for each in json.loads(said)["topics"][0]["partitions"] if each["partition"] == partition}
        return self.cluster.brokers.brokers[leader - 1]

    def ignored(self, node, partition):
        return collections.Counter(node.partitions()[partition]["ignored"])


class Strongest:
    def test_kill_9_of_an_owner(self):
        def trouble(load, node):
            node.kill()
            load.urls[:] = self.cluster.urls()
            self.taken_over_from(node)
            node.start()
        self.under_load(trouble)

    def test_an_owner_that_sleeps_and_wakes_up_as_a_zombie(self):
        def trouble(load, node):
            node.pause()
            load.urls[:] = self.cluster.urls(but=node)
            time.sleep(SLEEP_S)
            self.taken_over_from(node)
            node.resume()
        self.under_load(trouble)

    def test_an_owner_that_is_cut_off_from_kafka_only(self):
        """Clients still reach it. What it wrote and what it hasn't heard of comes through when the line is mended."""
        def trouble(load, node):
            node.lines.cut(*node.lines.kafka)
            self.taken_over_from(node)
            until(lambda: node.client().get("/readyz").status == 503, "it says so", timeout=60)
            time.sleep(CUT_S)
            node.lines.mend(*node.lines.kafka)
        self.under_load(trouble)

    def test_an_owner_that_is_cut_off_from_clients_and_nodes_only(self):
        """It goes on writing, and nobody hears of it; its accounts wait."""
        def trouble(load, node):
            node.lines.cut(node.lines.public, node.lines.inner)
            time.sleep(CUT_S)
            node.lines.mend(node.lines.public, node.lines.inner)
        self.under_load(trouble)

    def test_kill_9_of_the_leading_broker(self):
        def trouble(load, _node):
            broker = self.leader_of(self.partition)
            broker.kill()
            self.while_so_many_begin(load, self.operations)
            broker.start()
            self.cluster.brokers.wait_ready()
        self.under_load(trouble)

    def test_writes_that_are_delayed_doubled_and_come_after_another_owners_claim(self):
        def trouble(load, node):
            meddlers = [each.lines.meddler for each in self.cluster.nodes]
            for meddler in meddlers:
                meddler.meddle()
            self.while_so_many_begin(load, 2 * self.operations)
            for meddler in meddlers:
                meddler.leave()
            node = self.cluster.owner_of(self.partition)
            before = self.ignored(self.others(node)[0], self.partition)
            late = node.lines.meddler
            late.hold()
            until(lambda: any(each.partition == self.partition for each in late.held), "a write is held")
            node.pause()
            load.urls[:] = self.cluster.urls(but=node)
            self.taken_over_from(node)
            delivered = late.deliver(self.cluster.proxy)
            self.assertIn((self.partition, 0), delivered)
            until(lambda: (self.ignored(self.others(node)[0], self.partition) - before).total() > 0, f"ignored: {delivered}")
            late.leave()
            node.resume()
            fates = sum((meddler.fates for meddler in meddlers), collections.Counter())
            print(dict(fates), flush=True)
            self.assertEqual({"delayed", "again", "answer lost", "lost", "held"} - fates.keys(), set())
        self.under_load(trouble)

    def test_a_stranger_who_writes_to_the_log(self):
        def trouble(load, _node):
            before = [self.ignored(node, self.partition) for node in self.cluster.nodes]
            forged = stranger.forge(self.cluster.brokers.bootstrap, LOG, self.partition, self.chance)
            self.while_so_many_begin(load, self.operations)
            for node, was in zip(self.cluster.nodes, before):
                def counted(node=node, was=was):
                    now = self.ignored(node, self.partition) - was
                    return now if now.total() >= forged else None
                now = until(counted, f"{forged} forged records are counted", timeout=60)
                self.assertLessEqual(stranger.REASONS, now.keys())
        self.under_load(trouble)

    def test_a_rolling_restart_of_the_nodes(self):
        def trouble(load, _node):
            for node in self.cluster.nodes:
                load.urls[:] = self.cluster.urls(but=node)
                self.assertEqual(node.stop(), 0)
                node.start()
                load.urls[:] = self.cluster.urls()
        self.under_load(trouble)


class Rest:
    def test_two_of_three_brokers_down_and_back(self):
        def trouble(_load, _node):
            down = self.chance.sample(self.cluster.brokers.brokers, 2)
            for broker in down:
                broker.kill()
            time.sleep(BROKERS_DOWN_S)
            for broker in down:
                broker.start()
            self.cluster.brokers.wait_ready()
        self.under_load(trouble)

    def test_a_rolling_restart_of_the_brokers(self):
        def trouble(load, _node):
            for broker in self.cluster.brokers.brokers:
                broker.signal(signal.SIGTERM)
                broker.process.wait(60)
                self.while_so_many_begin(load, self.operations // 4)
                broker.start()
                self.cluster.brokers.wait_ready()
        self.under_load(trouble)

    def under_another_clock(self, shift_s):
        """It serves, but owns nothing: what it is asked to change others decide, by their clocks."""
        def trouble(load, node):
            began = time.time()
            node.stop()
            node.surroundings = {"LD_PRELOAD": str(PROGRAMS / "other_clock.so"), "TEST_CLOCK_SHIFT_S": str(shift_s)}
            node.start()
            self.addCleanup(self.give_its_own_clock_back, node)
            until(lambda: "clock" in node.client().get("/readyz").text, "it finds out", timeout=90)
            self.taken_over_from(node)
            self.while_so_many_begin(load, self.operations)
            account = self.cluster.account("By the right clock")
            here = node.client(account.key)
            for _ in range(10):
                here.redeem(here.codes(here.user()["id"])[0]["code"]).expect(201)
            here.post("/v1/users", {"first_name": "Last", "last_name": "One", "email": "last@example.com"}).expect(201)
            for event in account.events():
                self.assertTrue(began - 5 < moment(event["time"]) < time.time() + 5, event)
            self.assertFalse([p for p in node.partitions() if p["role"] == "owning"])
            self.give_its_own_clock_back(node)
        self.under_load(trouble)

    @staticmethod
    def give_its_own_clock_back(node):
        if node.surroundings:
            node.stop()
            node.surroundings = {}
            node.start()

    def test_a_node_whose_clock_is_an_hour_ahead(self):
        self.under_another_clock(3600)

    def test_a_node_whose_clock_is_an_hour_behind(self):
        self.under_another_clock(-3600)
