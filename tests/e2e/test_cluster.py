#!/usr/bin/env python3
"""Three nodes on Kafka: each request goes to a random one, and what was answered is what one server would have answered."""
import concurrent.futures
import datetime
import random
import shutil
import socket
import ssl
import time
import unittest

from cluster import Cluster
from support import key, main, until

SEED = random.SystemRandom().randrange(1 << 32)


class OnThreeNodes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"seed {SEED}", flush=True)
        cls.chance = random.Random(SEED)
        cls.cluster = Cluster(lined=True, chance=cls.chance)

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

    def test_who_waits_for_a_position_is_judged_by_it(self):
        """A node that is behind has let the caller in by what it knew when he came; meanwhile he lost the right to ask."""
        cluster = self.cluster
        admin = cluster.account()
        owner = cluster.owner_of(cluster.partition_of(admin.account))
        behind = next(node for node in cluster.nodes if node is not owner)
        root, auditor, asked = cluster.client(cluster.root_key), admin.api_key("auditor"), behind.client
        asked(auditor.key).get("/v1/users", headers=self.positions(admin.get("/v1/provisioning").expect(200))).expect(200)
        for lost, code in (("suspended", 403), ("revoked", 401)):
            behind.lines.cut(*behind.lines.kafka)
            if lost == "suspended":
                written = root.patch("/v1/accounts/" + admin.account, {"status": "suspended"}).expect(200)
            else:
                written = owner.client(admin.key).delete("/v1/api-keys/" + auditor.key_id).expect(204)
            with concurrent.futures.ThreadPoolExecutor() as pool:
                answer = pool.submit(lambda: asked(auditor.key).get("/v1/users", headers=self.positions(written)))
                time.sleep(0.5)
                self.assertFalse(answer.done(), "it waits for the position")
                behind.lines.mend(*behind.lines.kafka)
                answer.result(30).expect(code)
            if lost == "suspended":
                resumed = root.patch("/v1/accounts/" + admin.account, {"status": "active"}).expect(200)
                # Whom a node doesn't let in the owner may answer: the account's keys don't tell what it knows.
                asked(cluster.root_key).get("/v1/accounts", headers=self.positions(resumed)).expect(200)

    def test_a_repeat_at_another_node_gets_the_first_answer(self):
        admin = self.cluster.account()
        user = admin.user()
        once = key()
        answers = [admin.post("/v1/registration-codes", {"user_ids": [user["id"]]}, headers=once).expect(201) for _ in range(6)]
        self.assertEqual(len({answer.body for answer in answers}), 1)
        self.assertEqual(sum(answer.headers.get("Idempotency-Replayed") == "true" for answer in answers), 5)

    def observed(self):
        """An account with a session, the node that owns it, and the others, who know of both."""
        cluster = self.cluster
        self.addCleanup(self.all_back)
        admin = cluster.account()
        admin.gateway, admin.auditor = admin.api_key("gateway"), admin.api_key("auditor")
        redeemed = admin.redeem(admin.codes(admin.user()["id"])[0]["code"]).expect(201)
        admin.token, admin.session = redeemed.json["access_token"], redeemed.json["session_id"]
        owner = cluster.owner_of(cluster.partition_of(admin.account))
        others = [node for node in cluster.nodes if node is not owner]
        for node in others:
            node.client(admin.key).get("/v1/users", headers=self.positions(redeemed)).expect(200)
            self.assertTrue(node.client(admin.gateway.key).introspect(admin.token)["active"])
        return admin, owner, others

    def all_back(self):
        for node in self.cluster.nodes:
            node.lines.mend(node.lines.inner)
            if not node.running():
                node.start()
        self.cluster.settle()

    def reads_written(self, admin):
        """What nodes have counted is written by the last of them, at the latest."""
        for node in self.cluster.running():
            self.cluster.settle()
            self.assertEqual(node.stop(), 0)
        self.all_back()
        written = until(lambda: admin.events('type eq "events.read"'), "the reads are written")
        return [{name: count for name, count in event["details"].items() if name != "since"}
                for event in written if event["actor"]["id"] == admin.auditor.key_id]

    def seen_at(self, node, admin):
        return node.client(admin.key).get("/v1/sessions/" + admin.session).expect(200).json["last_seen"]

    def test_what_other_nodes_observe_the_owner_knows(self):
        admin, owner, others = self.observed()
        used = admin.get("/v1/api-keys").expect(200).json["items"]
        started = admin.get("/v1/sessions/" + admin.session).expect(200).json["created_at"]
        until(lambda: self.seen_at(owner, admin) > started, "the use of the session")
        for node in self.cluster.nodes:
            def shown():
                [item] = [item for item in node.client(admin.key).get("/v1/api-keys").expect(200).json["items"]
                          if item["id"] == admin.gateway.key_id]
                return item["last_used"]
            until(shown, "the use of the key")
        self.assertEqual(len(used), 3)

    def test_reads_at_all_nodes_are_one_event(self):
        admin, owner, others = self.observed()
        for node in self.cluster.nodes:
            here = node.client(admin.auditor.key)
            here.get("/v1/events").expect(200)
            here.get("/v1/events/facets", query={"fields": "type"}).expect(200)
        others[0].client(admin.auditor.key).get("/v1/events").expect(200)
        self.assertEqual(self.reads_written(admin), [{"lists": 4, "facets": 3, "histograms": 0, "log": 0}])

    def test_of_an_owner_that_was_killed_the_next_one_is_told(self):
        admin, owner, others = self.observed()
        owner.lines.cut(owner.lines.inner)
        before = datetime.datetime.now(datetime.timezone.utc).isoformat()
        for node in others:
            here = node.client(admin.auditor.key)
            for _ in range(3):
                here.get("/v1/events").expect(200)
            until(lambda: node.client(admin.gateway.key).introspect(admin.token)["active"], "it is active")
        owner.kill()
        self.cluster.settle()
        for node in others:
            until(lambda: self.seen_at(node, admin) > before, "the owner, too, knows of the session's use")
        self.assertEqual(self.reads_written(admin), [{"lists": 6, "facets": 0, "histograms": 0, "log": 0}])

    def test_a_head_request_is_answered_everywhere(self):
        admin = self.cluster.account()
        for node in self.cluster.nodes:
            answer = node.client(admin.key).request("HEAD", "/v1/siem-destinations").expect(200)
            self.assertEqual(answer.body, b"")

    def test_an_import_and_an_erasure(self):
        admin = self.cluster.account()
        rows = "first_name,last_name,email\n" + "".join(f"First{n},Last{n},person{n}@example.com\n" for n in range(300))
        started = admin.post("/v1/users/import", rows, type="text/csv").expect(202).json["operation_id"]
        self.assertEqual(admin.operation(started)["status"], "done")
        done = admin.get("/v1/operations/" + started).expect(200)
        for node in self.cluster.nodes:
            newest = node.client(admin.key).get("/v1/users", {"email": "person299@example.com"}, headers=self.positions(done)).expect(200)
            self.assertEqual(len(newest.json["items"]), 1)
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

    def test_a_node_without_views_begins_with_those_of_another(self):
        cluster = self.cluster
        admin = cluster.account()
        admin.import_csv("first_name,last_name,email\n" + "".join(f"First{n},Last{n},one{n}@example.com\n" for n in range(200)))
        node = cluster.nodes[-1]
        owned = [partition["partition"] for partition in node.partitions() if partition["role"] == "owning"]
        self.assertEqual(node.stop(), 0)
        for number in owned:
            events = cluster.client(cluster.root_key).get("/v1/events", query={
                "account": f"acc_system-{number}" if number else "acc_system", "filter": 'type eq "server.stopped"'}).expect(200).json["items"]
            self.assertIn("node-3", [event["details"]["node"] for event in events])
        shutil.rmtree(node.data)
        admin.user("meanwhile@example.com")
        node.start()
        cluster.settle()
        self.assertRegex(node.said(), r"begins from the views of another node.*node-[12]")
        self.assertEqual([path.name for path in node.data.iterdir() if path.name.startswith("views")], ["views"])
        newest = admin.user("afterwards@example.com")
        here = node.client(admin.key)
        until(lambda: here.get(f"/v1/users/{newest['id']}").status == 200, "it reads on from there")
        self.assertEqual(len(here.all("/v1/users")), 202)
        self.assertEqual(here.get("/v1/events/facets", query={"fields": "type"}).expect(200).json["facets"]["type"][0]["count"], 202)


if __name__ == "__main__":
    main()
