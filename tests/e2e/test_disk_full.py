#!/usr/bin/env python3
"""A full disk: commands are refused, reads go on, it recovers by itself, and nothing that was answered is lost."""
import os
import pathlib
import subprocess
import tempfile
import threading
import time
import unittest

from support import NO_LIMITS, Server, key, main, until

SIZE_MIB, RESERVE_MIB = 256, 32


class DiskFull(unittest.TestCase):
    def setUp(self):
        self.disk = pathlib.Path(tempfile.mkdtemp(prefix="countersign-disk-"))
        self.addCleanup(self.disk.rmdir)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m,mode=700", "countersign-e2e", self.disk],
                                 capture_output=True, text=True) if os.geteuid() == 0 else None
        if not mounted or mounted.returncode != 0:
            self.skipTest("a small disk can't be mounted here: " + (mounted.stderr.strip() if mounted else "not root"))
        self.addCleanup(lambda: subprocess.run(["umount", "-l", self.disk], check=True))
        self.filler = self.disk / "filler"

    def serve(self, reserve):
        server = Server(NO_LIMITS | {"DISK_RESERVE_MIB": str(reserve)}, data=self.disk / "data")
        self.addCleanup(server.close)
        return server

    def free(self):
        status = os.statvfs(self.disk)
        return status.f_bavail * status.f_frsize

    def fill(self, leave):
        """Until this many bytes are free."""
        with open(self.filler, "ab") as file:
            while (surplus := self.free() - leave) > 0:
                try:
                    file.write(b"\0" * min(surplus, 1 << 20))
                    file.flush()
                except OSError:
                    return

    def prepare(self, server):
        self.admin = server.account()
        self.gateway = self.admin.api_key("gateway")
        self.user = self.admin.user()["id"]
        self.used, self.spare = self.admin.codes(self.user, count=2)
        self.token = server.client().redeem(self.used["code"]).expect(201).json["access_token"]

    def assert_reads_go_on(self, server):
        self.admin.get("/v1/users/" + self.user).expect(200)
        self.assertEqual(len(self.admin.all("/v1/registration-codes")), 2)
        self.assertGreater(len(self.admin.events()), 5)
        self.assertTrue(self.gateway.introspect(self.token)["active"])
        server.client().get("/healthz").expect(200)

    def test_below_the_reserve(self):
        server = self.serve(RESERVE_MIB)
        self.prepare(server)
        self.fill((RESERVE_MIB - 8) << 20)
        refused = until(lambda: (answer := self.admin.post(f"/v1/users/{self.user}/reset")).status == 507 and answer, "507")
        self.assertEqual(refused.code, "insufficient-storage")
        person = {"first_name": "F", "email": "full@example.com"}
        self.admin.post("/v1/users", person).expect(507, "insufficient-storage")
        server.client().redeem(self.spare["code"]).expect(507)
        self.admin.post("/v1/users/import", "email,first_name\nimported@example.com,I\n", type="text/csv").expect(507)
        server.root().post("/v1/accounts", {"name": "Full"}).expect(507)
        self.assert_reads_go_on(server)
        self.filler.unlink()
        until(lambda: self.admin.post("/v1/users", person).status == 201, "room again", 60)
        self.assertEqual(self.admin.get("/v1/registration-codes/" + self.used["id"]).json["status"], "used",
                         "what was refused has not happened")
        server.client().redeem(self.spare["code"]).expect(201)
        self.assertEqual(self.admin.get("/v1/users", {"email": "imported@example.com"}).json["items"], [])
        server.restart()
        self.assert_reads_go_on(server)

    def test_really_full(self):
        """Without a reserve, while clients write: every byte of the disk is taken in the middle of it."""
        server = self.serve(0)
        self.prepare(server)
        answered, unanswered, stop = [], [], threading.Event()

        def write(number):
            client = self.admin.with_key(self.admin.key)
            count = 0
            while not stop.is_set():
                count += 1
                person = {"first_name": "F" * 150, "email": f"full-{number}-{count}@example.com"}
                retry = key()
                answer = client.post("/v1/users", person, headers=retry)
                if answer.status == 201:
                    answered.append(person["email"])
                else:
                    unanswered.append((answer.status, person, retry))
                    time.sleep(0.05)
        threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        until(lambda: len(answered) > 50, "load")
        end = time.monotonic() + 60
        while not unanswered and time.monotonic() < end:
            self.fill(0)
        time.sleep(1)
        full = len(answered)
        self.assertTrue(unanswered, "it was full")
        self.assert_reads_go_on(server)
        self.filler.unlink()
        until(lambda: len(answered) > full + 20, f"it recovers by itself: {unanswered[-1][0]}", 60)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertLessEqual({status for status, _, _ in unanswered}, {503, 507}, "clear answers")
        for _, person, retry in unanswered[:50]:
            self.admin.post("/v1/users", person, headers=retry).expect(201)
            answered.append(person["email"])
        for _ in range(2):
            users = [user["email"] for user in self.admin.all("/v1/users")]
            self.assertEqual(len(users), len(set(users)), "nothing doubled")
            self.assertLessEqual(set(answered), set(users), "nothing lost")
            server.restart()


if __name__ == "__main__":
    main()
