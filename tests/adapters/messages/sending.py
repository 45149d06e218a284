"""What both tests of this directory need: the program that sends one message, secrets in files, a certificate, a free port."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "support"))
from ports import free_port  # noqa: E402,F401

PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve()
GIVE_UP_S = 120


class Sending(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="countersign-messages-"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2",
                        "-subj", "/CN=gateway", "-addext", "subjectAltName=IP:127.0.0.1"], cwd=cls.home, check=True, stderr=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.home, ignore_errors=True)

    def secret(self, name, text):
        """A file that only its owner may read."""
        path = self.home / name
        path.write_text(text)
        os.chmod(path, 0o600)
        return str(path)

    def run_program(self, kind, settings, message, allow):
        ran = subprocess.run([PROGRAM], input=json.dumps({kind: settings, "message": message, "allow": allow}), text=True,
                             capture_output=True, timeout=GIVE_UP_S, env=dict(os.environ, http_proxy="http://127.0.0.1:1"))
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(ran.stderr, "")
        return json.loads(ran.stdout)
