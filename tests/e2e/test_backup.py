#!/usr/bin/env python3
"""Backups: made while the server works, restored in a new epoch, refused when they don't verify."""
import json
import pathlib
import random
import shutil
import tempfile
import threading
import unittest

from support import NO_LIMITS, NotStarted, Server, main, replay


class Backup(unittest.TestCase):
    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="countersign-e2e-"))
        self.addCleanup(shutil.rmtree, self.scratch, True)
        self.backup = self.scratch / "backup"
        self.server = Server(NO_LIMITS)
        self.addCleanup(self.server.close)
        self.admin = self.server.account("Backup Inc")
        self.gateway = self.admin.api_key("gateway")
        self.user, self.leaver = self.admin.user("kept@example.com")["id"], self.admin.user("leaver@example.com")["id"]
        self.used, self.open_code = self.admin.codes(self.user, count=2)
        self.made = self.server.client().redeem(self.used["code"]).expect(201).json

    def make(self):
        made = self.server.root().post("/v1/backup", {"directory": str(self.backup)}).expect(201).json
        self.assertEqual(made["directory"], str(self.backup))
        return made

    def restored(self, *arguments, backup=None, master_key=True, start=True):
        """A server whose empty data directory begins from the backup."""
        server = Server(NO_LIMITS, start=False)
        self.addCleanup(server.close)
        server.data.mkdir(mode=0o700)
        if master_key:
            shutil.copy(self.server.data / "master-key", server.data / "master-key")
        shutil.copy(self.server.data / "root-key", server.data / "root-key")
        if start:
            server.start(["--restore", str(backup or self.backup), *arguments])
            for client in (self.admin, self.gateway):
                client.server = server
        return server

    def refused(self, *says, backup=None, master_key=True):
        with self.assertRaises(NotStarted) as caught:
            self.restored(backup=backup, master_key=master_key)
        self.assertEqual(caught.exception.status, 1)
        for text in says:
            self.assertIn(text, caught.exception.stderr)
        return caught.exception.stderr

    def test_under_load_and_back(self):
        stop, made = threading.Event(), [[] for _ in range(4)]

        def load(into):
            client = self.admin.with_key(self.admin.key)
            while not stop.is_set():
                into.append(client.user()["id"])
                client.codes(into[-1])
        threads = [threading.Thread(target=load, args=(into,)) for into in made]
        for thread in threads:
            thread.start()
        try:
            while sum(map(len, made)) < 100:
                pass
            before = [list(into) for into in made]
            self.make()
            self.assertTrue(all(thread.is_alive() for thread in threads), "work goes on meanwhile")
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        again = self.server.root().post("/v1/backup", {"directory": str(self.backup)}).expect(409, "backup-failed")
        self.assertIn("exists", again.json["detail"])
        self.server.root().post("/v1/backup", {"directory": "relative"}).expect(422)
        self.server.root().post("/v1/backup", {"directory": "/nowhere/at/all"}).expect(409, "backup-failed")
        self.assert_no_master_key()
        self.admin.post("/v1/backup", {"directory": str(self.scratch / "b2")}).expect(403)
        all_made = {id for into in made for id in into} | {self.user, self.leaver}

        server = self.restored()
        users = {user["id"] for user in self.admin.all("/v1/users")}
        self.assertLessEqual({id for into in before for id in into}, users, "what was answered before the backup is in it")
        self.assertLessEqual(users, all_made)
        events = self.admin.events(sort="asc")
        self.assertEqual([event["sequence"] for event in events], list(range(1, len(events) + 1)))

        # A new epoch: an older copy would reopen codes and revive tokens.
        self.assertEqual(self.admin.all("/v1/registration-codes", {"status": "open"}), [])
        revoked = self.admin.get("/v1/registration-codes/" + self.open_code["id"]).expect(200).json
        self.assertEqual((revoked["status"], revoked["reason"]), ("revoked", "restored_log"))
        server.client().redeem(self.open_code["code"]).expect(400, "code-not-redeemable")
        self.assertEqual(self.gateway.introspect(self.made["access_token"]), {"active": False})
        self.assertFalse(self.admin.get("/v1/sessions/" + self.made["session_id"]).json["active"])
        system = server.root().get("/v1/events", {"filter": 'type eq "log.restored"'}).expect(200).json["items"]
        self.assertEqual([(event["severity"], event["details"]["tokens_kept"]) for event in system], [("critical", False)])
        self.assertEqual(system[0]["details"]["codes_revoked"],
                         len([code for code in self.admin.all("/v1/registration-codes", {"status": "revoked"})]))
        # It goes on: new codes, and a start without --restore.
        [code] = self.admin.codes(self.user)
        server.client().redeem(code["code"]).expect(201)
        server.restart()
        self.admin.get("/v1/users/" + self.user).expect(200)
        self.assertEqual(len(server.root().get("/v1/events", {"filter": 'type eq "log.restored"'}).json["items"]), 1)
        server.stop()
        with self.assertRaises(NotStarted) as caught:
            server.start(["--restore", str(self.backup)])
        self.assertIn("empty", caught.exception.stderr)
        server.start()
        self.admin.get("/v1/users/" + self.user).expect(200)

    def assert_no_master_key(self):
        lines = (self.server.data / "master-key").read_text().splitlines()
        [key] = [line.split(": ")[1] for line in lines if line.startswith("key:")]
        root = self.server.root_key
        for path in self.backup.rglob("*"):
            self.assertNotIn(path.name, ("master-key", "root-key"))
            if path.is_file():
                bytes_ = path.read_bytes()
                for secret in (key.encode(), key.upper().encode(), bytes.fromhex(key), root.encode(), self.admin.key.encode(),
                               b"kept@example.com", self.open_code["code"].replace("-", "").encode()):
                    self.assertNotIn(secret, bytes_, path)
        self.assertEqual(self.backup.stat().st_mode & 0o077, 0)

    def test_keeping_tokens(self):
        self.make()
        server = self.restored("--keep-tokens")
        self.assertTrue(self.gateway.introspect(self.made["access_token"])["active"])
        self.assertTrue(self.admin.get("/v1/sessions/" + self.made["session_id"]).json["active"])
        server.client().redeem(self.open_code["code"]).expect(400, "code-not-redeemable")
        [event] = server.root().get("/v1/events", {"filter": 'type eq "log.restored"'}).expect(200).json["items"]
        self.assertTrue(event["details"]["tokens_kept"])

    def test_later_erasures_are_applied(self):
        used, _ = self.admin.codes(self.leaver, count=2)  # one is left open
        token = self.server.client().redeem(used["code"], "leavers phone").expect(201).json["access_token"]
        self.make()
        self.admin.post(f"/v1/users/{self.leaver}/disable").expect(200)
        self.admin.operation(self.admin.delete("/v1/users/" + self.leaver).expect(202).json["operation_id"])
        [erased] = self.admin.events('type eq "user.erased"')
        erasures, also = self.scratch / "erasures", self.scratch / "also"
        after = self.admin.user()["id"]  # not in the backup
        also.write_text(f"{erased['account']} {after}\n")
        self.server.stop()
        erasures.write_text(replay("erasures", "--data-dir", self.server.data, "--also", also))
        server = self.restored("--keep-tokens", "--erasures", str(erasures))
        shown = json.dumps([self.admin.events(), self.admin.all("/v1/users"), self.admin.all("/v1/devices")])
        self.assertNotIn("leaver", shown.replace("(erased)", ""))
        self.assertEqual(self.gateway.introspect(token), {"active": False})
        self.assertTrue(self.gateway.introspect(self.made["access_token"])["active"])
        self.assertEqual(len(self.admin.events('type eq "user.erased"')), 1)
        self.assertNotIn(self.leaver, json.dumps(self.admin.all("/v1/users")), "no row of the person is left")
        self.admin.get("/v1/users/" + self.leaver).expect(404)
        server.restart()
        self.admin.get("/v1/users/" + self.leaver).expect(404)
        self.admin.user("leaver@example.com")  # the address is free
        signed = erasures.read_text()
        for text in (f"{erased['account']} {erased['subject']['id']}\n", signed.replace(after, self.user), signed[:-40]):
            erasures.write_text(text)
            with self.assertRaises(NotStarted) as caught:
                self.restored("--erasures", str(erasures))
            self.assertIn(f"the list of erasures {erasures} is", caught.exception.stderr)

    def test_erasures_that_only_the_event_stream_tells_of(self):
        """There is no newer copy: whoever has the backup and its master key signs for what others know."""
        self.make()
        also, erasures = self.scratch / "also", self.scratch / "erasures"
        also.write_text(f"{self.admin.account} {self.leaver}\n")
        self.server.stop()
        erasures.write_text(replay("erasures", "--data-dir", self.backup, "--also", also, "--master-key-file",
                                   self.server.data / "master-key"))
        self.restored("--erasures", str(erasures))
        self.admin.get("/v1/users/" + self.leaver).expect(404)

    def test_a_restoration_that_was_broken_off(self):
        """Half restored, the data directory would have the backup's open codes: it doesn't start."""
        self.make()
        server = self.restored(start=False)
        (server.data / "restoring").write_text("\n")
        with self.assertRaises(NotStarted) as caught:
            server.start()
        self.assertIn("broken off", caught.exception.stderr)
        server.start(["--restore", str(self.backup)])
        self.assertFalse((server.data / "restoring").exists())

    def test_an_erasure_before_the_backup_holds(self):
        self.admin.post(f"/v1/users/{self.leaver}/disable").expect(200)
        self.admin.operation(self.admin.delete("/v1/users/" + self.leaver).expect(202).json["operation_id"])
        self.make()
        self.restored()
        self.assertNotIn("leaver@example.com", json.dumps([self.admin.events(), self.admin.all("/v1/users")]))

    def test_what_does_not_verify_is_refused(self):
        for number in range(30):
            self.admin.user(f"more-{number}@example.com")
        self.make()
        self.refused("master key", master_key=False)
        with Server() as other:
            stranger = (other.data / "master-key").read_bytes()
        mine = self.server.data / "master-key"
        kept = mine.read_bytes()
        mine.write_bytes(stranger)
        self.refused("master key")
        mine.write_bytes(kept)
        self.refused("not a backup", backup=self.scratch)
        self.refused("not a backup", backup=self.scratch / "missing")

        # One flipped byte in a file that holds the log's records.
        chance = random.Random(7)
        files = [path for path in (self.backup / "log").rglob("*") if path.is_file() and path.suffix in (".log", ".sst") and path.stat().st_size]
        self.assertTrue(files)
        for number in range(8):
            copy = self.scratch / f"flipped-{number}"
            shutil.copytree(self.backup, copy)
            path = copy / "log" / chance.choice(files).relative_to(self.backup / "log")
            bytes_ = bytearray(path.read_bytes())
            # Where records stand: of the file's zeros at its end nothing depends.
            used = len(bytes(bytes_).rstrip(b"\0"))
            at = chance.randrange(used // 10, used * 8 // 10) if path.suffix == ".log" else chance.randrange(0, max(1, used // 2))
            bytes_[at] ^= 0x20
            path.write_bytes(bytes_)
            said = self.refused(backup=copy)
            self.assertTrue(said.strip().splitlines()[-1].startswith("countersignd: "), said)
        # Its newest files taken away, and its manifest saying more than it holds.
        copy = self.scratch / "shortened"
        shutil.copytree(self.backup, copy)
        manifest = json.loads((copy / "manifest.json").read_text())
        (copy / "manifest.json").write_text(json.dumps(manifest | {"frame": manifest["frame"] + 1}))
        self.refused("doesn't verify", backup=copy)
        (copy / "manifest.json").write_text(json.dumps(manifest | {"format": 2}))
        self.refused("later release", backup=copy)
        (copy / "manifest.json").write_text("{")
        self.refused("not a backup", backup=copy)
        self.restored()  # the good one, after all that
        self.admin.get("/v1/users/" + self.user).expect(200)


if __name__ == "__main__":
    main()
