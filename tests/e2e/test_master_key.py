#!/usr/bin/env python3
"""The master key is changed while the server is stopped; the next start finishes what was cut off, and writes the event."""
import pathlib
import shutil
import subprocess
import unittest

from support import PROGRAMS, Server, main


class MasterKey(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)
        self.admin = self.server.account("Rotated Inc")
        self.user = self.admin.user("kept@example.com")["id"]

    def rotate(self, name):
        """With the server stopped; says which file the new key is in."""
        self.server.stop()
        new = self.server.data / name
        done = subprocess.run([PROGRAMS / "countersign-keys", "rotate-master", "--data-dir", self.server.data,
                               "--new-master-key-file", new], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return new

    def rotations(self):
        found = self.server.root().events('type eq "master_key.rotated"')
        self.assertEqual({event["actor"]["type"] for event in found} - {"system"}, set())
        return len(found)

    def assert_readable(self):
        self.assertEqual(self.admin.get("/v1/users/" + self.user).expect(200).json["email"], "kept@example.com")

    def test_each_rotation_is_in_the_log_once(self):
        self.assertEqual(self.rotations(), 0)
        shutil.move(self.rotate("elsewhere"), self.server.data / "master-key")
        for _ in range(2):
            self.server.start()
            self.assertEqual(self.rotations(), 1)
            self.assert_readable()
            self.server.kill()
        self.server.start()
        shutil.move(self.rotate("elsewhere"), self.server.data / "master-key")
        self.server.start()
        self.assertEqual(self.rotations(), 2)

    def test_a_start_gives_a_new_key_that_was_left_beside_the_old_one_its_name(self):
        old = (self.server.data / "master-key").read_text()
        new = self.rotate("master-key.new").read_text()
        self.server.start()
        self.assert_readable()
        self.assertEqual(self.rotations(), 1)
        self.assertEqual((self.server.data / "master-key").read_text(), new)
        [kept] = [path for path in pathlib.Path(self.server.data).glob("master-key.*")]
        self.assertEqual(kept.read_text(), old, "older backups need it")
        self.server.restart()
        self.assert_readable()

    def test_a_rotation_that_had_not_come_to_the_store_is_none(self):
        old = (self.server.data / "master-key").read_text()
        self.server.stop()
        shutil.copy(self.rotate("master-key.new"), self.server.data / "aside")
        shutil.move(self.server.data / "aside", self.server.data / "master-key")
        (self.server.data / "master-key.new").write_text(old)  # a key that the store doesn't have
        (self.server.data / "master-key.new").chmod(0o600)
        self.server.start()
        self.assert_readable()
        self.assertTrue((self.server.data / "master-key.new").exists())


if __name__ == "__main__":
    main()
