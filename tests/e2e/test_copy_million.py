#!/usr/bin/env python3
"""A million events go to Apache Kafka and back: same events, same Merkle roots, same views."""
import shutil
import time

from copies import Copies, people
from support import main, replay, verify

ACCOUNTS, USERS = 5, 100_000  # two events for each user


class Million(Copies):
    def timed(self, what, *arguments):
        begun = time.monotonic()
        said = replay(*arguments)
        print(f"{what}: {time.monotonic() - begun:.1f} s", flush=True)
        return said

    def test_there_and_back(self):
        lives = []
        for number in range(ACCOUNTS):
            admin = self.server.account(f"Account {number}")
            self.assertEqual(admin.import_csv(people(USERS))["status"], "done")
            begun = admin.post("/v1/registration-codes/generate-for-new-users").expect(202).json
            self.assertEqual(admin.operation(begun["operation_id"])["status"], "done")
            total = admin.get("/v1/events/facets", {"fields": "type"}).expect(200).json["total"]
            lives.append({"admin": admin, "events": total})
        self.assertGreaterEqual(sum(life["events"] for life in lives), 1_000_000)
        self.assertEqual(self.server.stop(), 0)
        roots = self.roots(lives, "--data-dir", self.data)
        views = replay("dump-views", "--without-frames", "--data-dir", self.data)

        self.assertIn("same Merkle root", self.timed("to Kafka", *self.to_kafka("million")))
        moved = self.on_kafka("million")
        self.assertIn("everything verifies", self.timed("verify", "verify", *moved))
        self.assertEqual(self.roots(lives, *moved), roots)
        back = self.scratch / "million"
        self.assertIn("same Merkle root", self.timed("back", "copy", *moved, "--to-data-dir", back))
        shutil.copy(self.master, back / "master-key")
        self.timed("rebuild", "rebuild", "--data-dir", back)
        verify(back)
        self.assertEqual(self.roots(lives, "--data-dir", back), roots)
        self.assertTrue(replay("dump-views", "--without-frames", "--data-dir", back) == views, "the views differ")


if __name__ == "__main__":
    main()
