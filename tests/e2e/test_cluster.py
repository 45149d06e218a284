#!/usr/bin/env python3
"""Three nodes on Kafka: each request goes to a random one, and what was answered is what one server would have answered,
whatever happens to the nodes and the brokers meanwhile."""
import collections
import pathlib
import random
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

import recorded_load
from cluster import Cluster
from support import go_program, key, main, until, views_of

SEED = random.SystemRandom().randrange(1 << 32)
OPERATIONS, USERS = 3000, 24


def keys_of(admin):
    return {"admin": admin.key, "operator": admin.api_key("operator").key, "gateway": admin.api_key("gateway").key}


class OnThreeNodes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"seed {SEED}", flush=True)
        cls.chance = random.Random(SEED)
        cls.cluster = Cluster()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.close()

    def positions(self, answer):
        return {"Countersign-Min-Position": answer.headers["Countersign-Position"]}

    def test_any_node_serves_everything(self):
        cluster = self.cluster
        for number in range(8):  # accounts of several partitions
            admin = cluster.account(f"Account {number}")
            user = admin.user(f"ann-{number}@example.com")
            code = admin.codes(user["id"])[0]
            redeemed = admin.redeem(code["code"]).expect(201)
            admin.redeem(code["code"]).expect(400, "code-not-redeemable")
            seen = self.positions(redeemed)
            gateway = admin.api_key("gateway")
            for node in cluster.nodes:
                here = node.client(admin.key)
                types = [event["type"] for event in here.get("/v1/events", headers=seen).expect(200).json["items"]]
                for wanted in ("registration_code.used", "device.activated", "token.issued", "session.started"):
                    self.assertIn(wanted, types)
                self.assertEqual(here.get(f"/v1/users/{user['id']}", headers=seen).expect(200).json["email"], user["email"])
            token = redeemed.json["access_token"]
            until(lambda: all(node.client(gateway.key).introspect(token)["active"] for node in cluster.nodes), "the token is active everywhere")
            revoked = admin.post(f"/v1/tokens/{redeemed.json['token_id']}/revoke").expect(200)
            for node in cluster.nodes:
                answer = node.client(gateway.key).post("/oauth2/introspect", f"token={token}", type="application/x-www-form-urlencoded",
                                                       headers=self.positions(revoked)).expect(200)
                self.assertEqual(answer.json, {"active": False})

    def test_a_new_key_is_known_at_once_everywhere(self):
        admin = self.cluster.account()
        for _ in range(20):
            self.cluster.client(admin.api_key("auditor").key).get("/v1/users").expect(200)

    def test_a_repeat_at_another_node_gets_the_first_answer(self):
        admin = self.cluster.account()
        user = admin.user()
        once = key()
        answers = [admin.post("/v1/registration-codes", {"user_ids": [user["id"]]}, headers=once).expect(201) for _ in range(6)]
        self.assertEqual(len({answer.body for answer in answers}), 1)
        self.assertEqual(sum(answer.headers.get("Idempotency-Replayed") == "true" for answer in answers), 5)

    def test_an_import_and_an_erasure(self):
        admin = self.cluster.account()
        rows = "first_name,last_name,email\n" + "".join(f"First{n},Last{n},person{n}@example.com\n" for n in range(300))
        self.assertEqual(admin.import_csv(rows)["status"], "done")
        people = until(lambda: len(found := admin.all("/v1/users")) == 300 and found, "all people are at every node")
        user = people[0]["id"]
        admin.post(f"/v1/users/{user}/disable").expect(200)
        self.assertEqual(admin.operation(admin.delete(f"/v1/users/{user}").expect(202).json["operation_id"])["status"], "done")
        until(lambda: all(node.client(admin.key).get(f"/v1/users/{user}").status == 404 for node in self.cluster.nodes), "gone everywhere")

    def test_what_comes_without_a_key_is_refused_everywhere(self):
        for node in self.cluster.nodes:
            node.client().get("/v1/users").expect(401)
            node.client("csk_nobody").get("/v1/users").expect(401)
            request = f"GET /v1/accounts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.cluster.root_key}\r\n\r\n"
            with socket.create_connection(("127.0.0.1", node.cluster_port), timeout=10) as plain:
                with ssl._create_unverified_context().wrap_socket(plain) as inner:
                    with self.assertRaises(OSError):  # only nodes are answered there, which have certificates
                        inner.sendall(request.encode())
                        inner.recv(1)

    def record(self, trouble):
        """A history of 64 clients, while `trouble(load, owner)` happens. It is judged, and held against every node's views."""
        go_program("linearizability")
        cluster = self.cluster
        admin = cluster.account()
        users = [admin.user()["id"] for _ in range(USERS)]
        load = recorded_load.Load(cluster.urls(), keys_of(admin), users, OPERATIONS, seed=SEED, replicas=True)
        load.start()
        until(lambda: load.left <= OPERATIONS * 4 // 5 or not load.running(), "the load begins", timeout=300, pause=0.01)
        trouble(load, cluster.owner_of(cluster.partition_of(admin.account)))
        load.join()
        for node in cluster.nodes:
            if not node.running():
                node.start()
        cluster.settle()
        readers = [node.client(admin.key) for node in cluster.nodes]
        until(lambda: len({tuple(p["landed_frame"] for p in node.partitions()) for node in cluster.nodes}) == 1, "all nodes are at the same place")
        recorded_load.check_views(load, readers[0], readers)
        history = load.history()
        with tempfile.TemporaryDirectory(prefix="countersign-e2e-") as scratch:
            file = pathlib.Path(scratch) / "history.jsonl"
            recorded_load.write(history, file)
            judged = subprocess.run([go_program("linearizability"), file], text=True, capture_output=True, timeout=300)
        print(judged.stdout.strip(), collections.Counter(entry["outcome"] for entry in history), flush=True)
        self.assertEqual(judged.returncode, 0, judged.stdout + judged.stderr)
        return admin


    def test_kill_9_of_an_owner(self):
        def trouble(load, node):
            node.kill()
            load.urls[:] = self.cluster.urls()
            time.sleep(2)
            node.start()
            load.urls[:] = self.cluster.urls()
        self.record(trouble)

    def test_an_owner_that_sleeps_and_wakes_up_as_a_zombie(self):
        def trouble(load, node):
            node.pause()
            load.urls[:] = [f"http://127.0.0.1:{other.port}" for other in self.cluster.running() if other is not node]
            others = [other for other in self.cluster.running() if other is not node]
            name = f"node-{node.number}"
            until(lambda: all(p["owner"] != name for p in others[0].partitions()), "others have taken over", timeout=60)
            node.resume()
            load.urls[:] = self.cluster.urls()
        self.record(trouble)

    def test_kill_9_of_the_broker(self):
        def trouble(_load, _node):
            broker = self.cluster.brokers.brokers[0]
            broker.kill()
            time.sleep(1)
            broker.start()
            self.cluster.brokers.wait_ready()
        self.record(trouble)

    def test_a_rolling_restart(self):
        def trouble(load, _node):
            for node in self.cluster.nodes:
                load.urls[:] = [f"http://127.0.0.1:{other.port}" for other in self.cluster.running() if other is not node]
                self.assertEqual(node.stop(), 0)
                node.start()
                load.urls[:] = self.cluster.urls()
        self.record(trouble)


class Views(unittest.TestCase):

    def test_the_views_of_all_nodes_are_equal(self):
        with Cluster(nodes=2, partitions=4) as cluster:
            admin = cluster.account()
            for _ in range(10):
                admin.redeem(admin.codes(admin.user()["id"])[0]["code"]).expect(201)
            until(lambda: len({tuple(p["landed_frame"] for p in node.partitions()) for node in cluster.nodes}) == 1, "both are at the same place")
            # One after the other: what the first one's stop writes the other one folds.
            first, second = cluster.nodes
            self.assertEqual(first.stop(), 0)
            cluster.settle()
            first.start()
            cluster.settle()
            until(lambda: len({tuple(p["landed_frame"] for p in node.partitions()) for node in cluster.nodes}) == 1, "both are at the same place")
            for node in cluster.nodes:
                node.process.send_signal(signal.SIGSTOP)
            for node in cluster.nodes:
                node.process.send_signal(signal.SIGCONT)
                node.process.send_signal(signal.SIGTERM)
            for node in cluster.nodes:
                node.process.wait(60)
            # What they wrote at their end neither may have read: both read on and stop without owning anything.
            for node in cluster.nodes:
                node.settings["CLUSTER_OWN"] = "none"
                node.start()
            until(lambda: len({tuple(p["landed_frame"] for p in node.partitions()) for node in cluster.nodes}) == 1, "both are at the same place")
            for node in cluster.nodes:
                self.assertEqual(node.stop(), 0)
            self.assertEqual(views_of(first.data), views_of(second.data))


if __name__ == "__main__":
    main()
