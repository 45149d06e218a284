#!/usr/bin/env python3
"""Pastes README.md's tour, block by block, against a server of its own, and looks at what it shows.

Usage: readme_test.py REPOSITORY DIRECTORY_OF_PROGRAMS
"""
import os
import pathlib
import re
import select
import subprocess
import sys
import tempfile
import unittest

ROOT, PROGRAMS = (pathlib.Path(text).resolve() for text in (sys.argv.pop(1), sys.argv.pop(1)))
START_S = 60
BLOCK_S = 60


def blocks():
    tour = (ROOT / "README.md").read_text("utf-8").split("## A tour")[1].split("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```$", tour, re.M | re.S)


class Server:
    def __init__(self, directory):
        self.process = subprocess.Popen([PROGRAMS / "countersignd", "--data-dir", "data", "--listen", "127.0.0.1:0"],
                                        cwd=directory, stdout=subprocess.PIPE, text=True)
        ready = select.select([self.process.stdout], [], [], START_S)[0]
        line = self.process.stdout.readline() if ready else ""
        match = re.search(r"http://[0-9.:]+", line)
        if not match:
            self.process.kill()
            raise AssertionError(f"no ready line, but: {line!r}")
        self.url = match.group(0)

    def stop(self):
        self.process.terminate()
        try:
            return self.process.wait(timeout=30)
        finally:
            self.process.kill()
            self.process.stdout.close()


class Tour(unittest.TestCase):
    def test_every_line_of_it(self):
        with tempfile.TemporaryDirectory(prefix="countersign-tour-") as directory:
            server = Server(directory)
            try:
                shown = self.paste(directory, server.url)
            finally:
                status = server.stop()
            self.assertEqual(status, 0, "SIGTERM drains and ends with 0")
            self.look_at(shown)

    def paste(self, directory, url):
        """One shell for all blocks, as a reader has one terminal; a block that fails ends it."""
        mark = "=== block %d ==="
        script = "".join(f"echo '{mark % number}'\n{block}" for number, block in enumerate(blocks()))
        script = script.replace("http://127.0.0.1:8420", url).replace("$PWD/build/release/bin", str(PROGRAMS))
        environment = {"PATH": os.environ["PATH"], "HOME": directory, "COUNTERSIGN_SERVER": url, "LC_ALL": "C.UTF-8"}
        ran = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=directory, env=environment, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=BLOCK_S * len(blocks()))
        self.assertEqual(ran.returncode, 0, ran.stdout)
        return re.split(r"=== block \d+ ===\n", ran.stdout)[1:]

    def look_at(self, shown):
        expected = [
            ['"ready"'],
            ["remembered in", "registration_code"],
            ["email-invalid", "name-missing", "some rows were refused", "grace@example.com", "佐藤"],
            ["done", "Registration code", "ada@example.com"],
            ["cstok_", "dev_"],
            ["code-not-redeemable", "code_used"],
            ['"active":true'],
            ["Ada's phone", '{"active":false}'],
            ["device.revoked", "registration_code.redemption_refused"],
            ["disabled", "katherine@example.com"],
            ["manifest.json"],
        ]
        self.assertEqual(len(shown), len(expected), "a block was added or taken away: say here what it must show")
        for number, (text, wanted) in enumerate(zip(shown, expected)):
            for each in wanted:
                self.assertIn(each, text, f"block {number}:\n{text}")
        self.assertNotIn("grace@example.com", shown[9].rsplit("\nID\t", 1)[1], "erased people aren't listed")


if __name__ == "__main__":
    unittest.main()
