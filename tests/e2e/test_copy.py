#!/usr/bin/env python3
"""countersign-replay copy: an installation goes to Apache Kafka, a real broker, and back; what a killed copy leaves."""
import os
import shutil
import signal
import subprocess
import unittest

from copies import PARTITIONS, Copies, brokers, people
from support import NO_LIMITS, REPLAY, Server, key, main, replay, until, verify

ACCOUNTS = 5


def refused(*arguments):
    """What it said on standard error."""
    ran = subprocess.run([REPLAY, *map(str, arguments)], text=True, capture_output=True, timeout=300)
    if ran.returncode != 1:
        raise AssertionError(f"exit status 1 was expected of {arguments}: {ran.returncode}: {ran.stdout}{ran.stderr}")
    return ran.stderr


class Copy(Copies):
    def live(self):
        """Accounts with everything that has to survive a move."""
        lives = []
        for n in range(ACCOUNTS):
            admin = self.server.account(f"Account {n}")
            ada, leaver = admin.user()["id"], admin.user()["id"]
            redeemed, still_open = admin.codes(ada, count=2)
            token = self.server.client().redeem(redeemed["code"]).expect(201).json["access_token"]
            admin.post(f"/v1/users/{leaver}/disable").expect(200)
            admin.operation(admin.delete("/v1/users/" + leaver).expect(202).json["operation_id"])
            header, body = key(), {"first_name": "Once", "last_name": "Only", "email": f"once-{n}@example.com"}
            answer = admin.post("/v1/users", body, headers=header).expect(201).json
            admin.import_csv(people(40))
            lives.append({"admin": admin, "ada": ada, "leaver": leaver, "token": token, "open": still_open["code"],
                          "gateway": admin.api_key("gateway").key, "retry": (header, body, answer)})
        return lives

    def goes_on(self, lives, server):
        for life in lives:
            admin = server.client(life["admin"].key)
            self.assertTrue(server.client(life["gateway"]).introspect(life["token"])["active"])
            header, body, answer = life["retry"]
            self.assertEqual(admin.post("/v1/users", body, headers=header).expect(201).json, answer)
            server.client().redeem(life["open"], "tablet").expect(201)
            admin.get("/v1/users/" + life["leaver"]).expect(404)
            admin.user()

    def test_there_and_back(self):
        lives = self.live()
        self.assertEqual(self.server.stop(), 0)
        verify(self.data)
        for life in lives:
            events = self.exported(life, self.scratch / ("from-" + life["admin"].account), "--data-dir", self.data)
            life["events"] = len(events)
            life["exported"] = events
        roots = self.roots(lives, "--data-dir", self.data)
        users = self.people_in(lives, "--data-dir", self.data)
        views = replay("dump-views", "--without-frames", "--data-dir", self.data)

        said = replay(*self.to_kafka("moved"))
        self.assertIn("and 6 partitions", said)
        self.assertIn("same Merkle root", said)
        moved = self.on_kafka("moved")
        said = replay("verify", *moved)
        self.assertIn("everything verifies", said)
        self.assertIn("partition 5:", said)
        self.assertEqual(self.roots(lives, *moved), roots)
        self.assertEqual(self.people_in(lives, *moved), users)
        self.assertEqual(self.exported(lives[0], self.scratch / "exported", *moved), lives[0]["exported"])
        story = replay("trace", *moved, "--account", lives[0]["admin"].account, "--user", lives[0]["ada"])
        self.assertIn("registration_code.used", story)
        again = refused(*self.to_kafka("moved"))
        self.assertIn("left alone", again)
        self.assertNotIn("--delete", again)

        back = self.scratch / "back"
        replay("copy", *moved, "--to-data-dir", back)
        self.assertEqual(sorted(path.name for path in back.iterdir()), ["keys", "log"])
        shutil.copy(self.master, back / "master-key")
        shutil.copy(self.data / "root-key", back / "root-key")
        replay("rebuild", "--data-dir", back)
        verify(back)
        self.assertEqual(self.roots(lives, "--data-dir", back), roots)
        self.assertEqual(self.people_in(lives, "--data-dir", back), users)
        self.assertEqual(replay("dump-views", "--without-frames", "--data-dir", back), views)
        self.assertIn("exists already", refused("copy", *moved, "--to-data-dir", back))

        with Server(NO_LIMITS, data=back) as server:
            self.goes_on(lives, server)
            self.assertEqual(server.stop(), 0)
        verify(back)

    def test_a_cluster_goes_on_with_what_was_copied(self):
        lives = self.live()
        self.assertEqual(self.server.stop(), 0)
        replay(*self.to_kafka("served"))
        served = {"BUS": "kafka", "KAFKA_BROKERS": self.cluster.bootstrap, "TOPIC_PREFIX": "served", "KAFKA_REPLICATION": "1",
                  "MASTER_KEY_FILE": str(self.master), "ROOT_KEY_FILE": str(self.data / "root-key"), "NODE_ID": "n1",
                  "CLUSTER_LISTEN": f"127.0.0.1:{brokers.free_ports(1)[0]}", "CLUSTER_OWN": "all"}
        with Server(NO_LIMITS | served) as server:
            root = server.client((self.data / "root-key").read_text().strip())
            until(lambda: [partition["role"] for partition in root.get("/v1/cluster").expect(200).json["partitions"]] ==
                  ["owning"] * PARTITIONS, "it owns all partitions", timeout=120)
            self.goes_on(lives, server)
            self.assertIn("everything verifies", replay("verify", *self.on_kafka("served")))
            self.assertEqual(server.stop(), 0)
        back = self.scratch / "served"
        replay("copy", *self.on_kafka("served"), "--to-data-dir", back)
        shutil.copy(self.master, back / "master-key")
        replay("rebuild", "--data-dir", back)
        verify(back)

    def bytes_in(self, prefix):
        """Of the log's partitions, as the broker has them on its disk."""
        return sum(file.stat().st_size for broker in self.cluster.brokers
                   for file in broker.directory.glob(f"{prefix}.log-*/*.log"))

    def killed(self, command, begun):
        """Whether it was killed once `begun`, before it ended."""
        process = subprocess.Popen([REPLAY, *map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=os.environ | {"TMPDIR": str(self.scratch)})  # it can't clear up any more
        until(lambda: begun() or process.poll() is not None, "the copy has begun", timeout=120, pause=0.002)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return process.returncode == -signal.SIGKILL

    def test_a_copy_that_is_killed(self):
        admin = self.server.account("Large Inc")
        admin.import_csv(people(8_000))
        self.assertEqual(self.server.stop(), 0)
        kills = 0
        for n, bytes_ in enumerate((1, 200_000, 1_500_000)):
            prefix = f"killed-{n}"
            command = self.to_kafka(prefix)
            if not self.killed(command, lambda prefix=prefix, bytes_=bytes_: self.bytes_in(prefix) >= bytes_):
                continue
            kills += 1
            self.assertIn("not complete", refused("verify", *self.on_kafka(prefix)))
            said = refused(*command)
            self.assertIn("isn't empty", said)
            self.assertIn(f"--delete --topic {prefix}.log", said)
            self.assertIn(f"--delete --topic {prefix}.keys", said)
        self.assertGreater(kills, 0, "it was too fast to be killed")
        # The source isn't changed by all this, and where the topics are empty it is copied.
        replay(*self.to_kafka("whole"))
        back = self.scratch / "cut-off"
        unfinished = self.scratch / "cut-off.copying"
        copy = ["copy", *self.on_kafka("whole"), "--to-data-dir", back]
        self.assertTrue(self.killed(copy, (unfinished / "log" / "anchor").exists))
        self.assertFalse(back.exists())
        self.assertIn(f"rm -r {unfinished}", refused(*copy))
        shutil.rmtree(unfinished)
        replay(*copy)
        shutil.copy(self.master, back / "master-key")
        replay("rebuild", "--data-dir", back)
        verify(back)

    def test_a_killed_server_has_to_be_stopped_in_an_orderly_way_first(self):
        self.server.account("Killed Inc")
        self.assertIn("in use", refused(*self.to_kafka("killed-server")))
        self.server.kill()
        self.assertIn("SIGTERM", refused(*self.to_kafka("killed-server")))
        self.server.start()
        self.server.stop()
        replay(*self.to_kafka("killed-server"))


if __name__ == "__main__":
    main()
