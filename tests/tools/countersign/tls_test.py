#!/usr/bin/env python3
"""The command line against a server with TLS: trusted, not trusted, under another name.

Usage: tls_test.py DIRECTORY_OF_PROGRAMS
"""
import pathlib
import re
import select
import subprocess
import sys
import tempfile
import unittest

PROGRAMS = pathlib.Path(sys.argv.pop(1)).resolve()
START_S = 60


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory(prefix="countersign-tls-")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
                        "-days", "2", "-subj", "/CN=countersign", "-addext", "subjectAltName=IP:127.0.0.1"],
                       cwd=cls.home.name, check=True, stderr=subprocess.DEVNULL)
        cls.server = subprocess.Popen(
            [PROGRAMS / "countersignd", "--data-dir", "data", "--listen", "127.0.0.1:0", "--tls-certificate", "cert.pem",
             "--tls-key", "key.pem"], cwd=cls.home.name, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        ready = select.select([cls.server.stdout], [], [], START_S)[0]
        cls.url = re.search(r"https://[0-9.:]+", cls.server.stdout.readline() if ready else "").group(0)

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        cls.server.wait(timeout=30)
        cls.server.stdout.close()
        cls.home.cleanup()

    def run_cli(self, *arguments, url=None):
        return subprocess.run([PROGRAMS / "countersign", "--server", url or self.url, "--key-file", "data/root-key", *arguments],
                              cwd=self.home.name, env={"HOME": self.home.name}, text=True, capture_output=True, timeout=60)

    def test_a_certificate_that_is_trusted(self):
        created = self.run_cli("--ca-file", "cert.pem", "accounts", "create", "Über TLS")
        self.assertEqual(created.returncode, 0, created.stderr)
        listed = self.run_cli("--ca-file", "cert.pem", "accounts", "list")
        self.assertIn("Über TLS", listed.stdout)

    def test_a_certificate_that_is_not(self):
        ran = self.run_cli("accounts", "list")
        self.assertEqual(ran.returncode, 1)
        self.assertIn("self-signed certificate", ran.stderr)

    def test_a_certificate_of_another_name(self):
        ran = self.run_cli("--ca-file", "cert.pem", "accounts", "list", url=self.url.replace("127.0.0.1", "localhost"))
        self.assertEqual(ran.returncode, 1)
        self.assertIn("hostname mismatch", ran.stderr)

    def test_a_server_that_speaks_no_tls_there(self):
        ran = self.run_cli("accounts", "list", url=self.url.replace("https", "http"))
        self.assertEqual(ran.returncode, 1)


if __name__ == "__main__":
    unittest.main()
