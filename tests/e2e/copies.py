"""Installations that are copied to a broker and back: what tests of countersign-replay copy share."""
import json
import pathlib
import shutil
import sys
import tempfile
import unittest

from support import NO_LIMITS, Server, replay

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "kafka"))
import brokers  # noqa: E402
import jars  # noqa: E402

PARTITIONS = 6
ALWAYS = ("--at", "2100-01-01T00:00:00Z")


def people(count):
    return "First name,Last name,Email\n" + "".join(f"First{n},Last{n},person-{n}@example.com\n" for n in range(count))


class Copies(unittest.TestCase):
    """A broker for all tests of the class, and a server for each."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = pathlib.Path(tempfile.mkdtemp(prefix="countersign-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.scratch, True)
        try:
            cls.cluster = brokers.Cluster("4.1", cls.scratch / "kafka")
            cls.addClassCleanup(cls.cluster.stop)
            cls.cluster.start()
        except jars.Unavailable as error:
            raise unittest.SkipTest(str(error)) from None

    def setUp(self):
        self.server = Server(NO_LIMITS)
        self.addCleanup(self.server.close)
        self.data = self.server.data
        self.master = self.data / "master-key"

    def on_kafka(self, prefix):
        return ["--kafka-brokers", self.cluster.bootstrap, "--topic-prefix", prefix, "--master-key-file", self.master]

    def to_kafka(self, prefix):
        return ["copy", "--data-dir", self.data, "--to-kafka-brokers", self.cluster.bootstrap, "--topic-prefix", prefix,
                "--partitions", str(PARTITIONS), "--replication", "1", "--master-key-file", self.master]

    def roots(self, lives, *source):
        """By account: a proof that ends in the Merkle root of everything, which commits to each byte of each event."""
        found = {}
        for life in lives:
            proof = json.loads(replay("prove", *source, "--account", life["admin"].account, "--sequence", "2",
                                      "--size", str(life["events"])))
            found[life["admin"].account] = {name: proof[name] for name in ("root", "size", "leaf", "proof")}
        return found

    def people_in(self, lives, *source):
        states = [json.loads(replay("state", *source, "--account", life["admin"].account, *ALWAYS)) for life in lives]
        return [state["users"] for state in states]

    def exported(self, life, out, *source):
        replay("export", *source, "--account", life["admin"].account, "--format", "native", "--out", out)
        events = [json.loads(line) for line in (out / "events.ndjson").read_text("utf-8").splitlines()]
        return [{name: value for name, value in event.items() if name != "position"} for event in events]
