#!/usr/bin/env python3
"""Countersign on brokers that ask who comes: with a password over TLS and with a certificate, with exactly the rights that
docs/operations.md names; and what it says when something of it is wrong."""
import concurrent.futures
import ctypes
import pathlib
import re
import secrets
import shlex
import shutil
import subprocess
import unittest

from cluster import CLI, Cluster, brokers_or_skip
from ports import free_ports
import secured  # beside the brokers; cluster.py has added the directory
from support import REPLAY, NotStarted, Server, environment, main, until

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "operations.md"
NODE, INIT, AUDITOR = "countersign", "countersign-init", "countersign-auditor"
MOVER = "countersign-mover"  # has what the docs say that a copy to Kafka needs, in topics named moved.
ADVICE = "the user lacks a right"
# What the lack of a right is heard by: (who lacks what, on what) -> words. Every right in the docs has its row.
LACKING = {
    (INIT, "Create", "countersign."): "don't create topic 'minimum.log'",
    (INIT, "Describe", "countersign."): "asking about topic 'minimum.log'",
    (INIT, "DescribeConfigs", "countersign."): "asking for the settings of topic 'minimum.",
    (INIT, "Write", "countersign.keys"): "Failed to acquire idempotence PID",
    (NODE, "Read", "countersign."): "topic 'minimum.keys', partition 0",
    (NODE, "Write", "countersign."): "Failed to acquire idempotence PID",
    (NODE, "DescribeConfigs", "countersign."): "asking for the settings of topic 'minimum.",
    (NODE, "Read", "group countersign."): "the group 'minimum.owners'",
    (AUDITOR, "Read", "countersign.log countersign.keys"): "asking about topic 'minimum.log'",
}


class Right:
    """One operation of one line of the docs."""

    def __init__(self, number, user, operation, resource):
        self.number, self.user, self.operation, self.resource = number, user, operation, resource

    @property
    def key(self):
        words = [word for word in self.resource if word not in ("--topic", "--resource-pattern-type", "prefixed")]
        return self.user, self.operation, " ".join(words).replace("--group", "group")

    def without(self):
        """Who has all of the user's rights but this."""
        return f"{self.user}-without-{self.number}"

    def for_prefix(self, prefix):
        return [word.replace("countersign.", prefix + ".") for word in self.resource]


def documented_lines():
    """The arguments of each kafka-acls.sh line, behind those that say where the brokers are."""
    text = DOCS.read_text().partition("### A secured Kafka")[2].partition("\n### ")[0].replace("\\\n", " ")
    lines = [shlex.split(line) for line in text.splitlines() if line.startswith("    kafka-acls.sh ")]
    return [line[line.index("--add"):] for line in lines]


def rights_in(lines):
    rights = []
    for line in lines:
        pairs = list(zip(line, line[1:]))
        user = next(value for flag, value in pairs if flag == "--allow-principal").removeprefix("User:")
        at = next(i for i, word in enumerate(line) if word in ("--topic", "--group"))
        for operation in (value for flag, value in pairs if flag == "--operation"):
            rights.append(Right(len(rights), user, operation, line[at:]))
    return rights


LINES = documented_lines()
RIGHTS = rights_in(LINES)


class SecuredCluster(Cluster):
    """Two nodes: the first comes with a password, the other one with a certificate of the same name."""

    def __init__(self, version, mechanism):
        self.mechanism = mechanism
        self.passwords = {name: secrets.token_hex(12) for name in (NODE, INIT, AUDITOR, MOVER, "nobody", *(right.without() for right in RIGHTS))}
        super().__init__(nodes=2, partitions=3, version=version, settings={"LOG_LEVEL": "debug"})
        self.nodes[1].settings |= {"KAFKA_BROKERS": self.brokers.bootstrap_of(secured.DOOR),
                                   "KAFKA_PROPERTIES_FILE": str(self.with_certificate(self.authority.issue(NODE)))}
        self.nodes[1].restart()
        self.settle()

    def make_brokers(self, count, version, doors):
        self.authority = secured.Authority(self.scratch / "authority")
        self.stranger = secured.Authority(self.scratch / "stranger")
        plain = {} if self.mechanism != "PLAIN" else self.passwords
        return brokers_or_skip(count, version, self.scratch / "kafka", [secured.DOOR], secured.settings(self.authority, plain))

    def start_brokers(self):
        self.brokers.start()
        # Those who come by PLAIN stand in the brokers' settings; one is known by SCRAM in any case.
        for name in (NODE,) if self.mechanism == "PLAIN" else (NODE, INIT, AUDITOR, MOVER):
            secured.add_scram_user(self.brokers, name, self.passwords[name])
        for line in LINES:
            secured.change_acls(self.brokers, *line)
        for node in self.nodes:
            node.settings["KAFKA_PROPERTIES_FILE"] = str(self.with_password(NODE))

    def init_arguments(self):
        return ["--kafka-properties-file", self.with_password(INIT)]

    def file(self, properties):
        return self.file_of("".join(f"{name} = {value}\n" for name, value in properties.items()))

    def file_of(self, text):
        file = self.scratch / f"{secrets.token_hex(4)}.properties"
        file.touch(0o600)
        file.write_text("# of a test\n" + text)
        return file

    def with_password(self, user, password=None, authority=None, **properties):
        return self.file({"security.protocol": "SASL_SSL", "ssl.ca.location": (authority or self.authority).certificate,
                          "sasl.mechanism": self.mechanism, "sasl.username": user, "sasl.password": password or self.passwords[user]} |
                         {name.replace("_", "."): value for name, value in properties.items()})

    def with_certificate(self, issued):
        return self.file({"security.protocol": "SSL", "ssl.ca.location": self.authority.certificate} |
                         (dict(zip(("ssl.certificate.location", "ssl.key.location"), issued)) if issued else {}))

    # The programs, each with (exit status, what it said).

    def run_program(self, *arguments):
        ran = subprocess.run(arguments, env=environment({}), capture_output=True, text=True, timeout=120)
        return ran.returncode, ran.stdout + ran.stderr

    def init(self, properties, brokers=None, prefix="countersign", master_key=None):
        return self.run_program(CLI, "cluster", "init", "--kafka-brokers", brokers or self.brokers.bootstrap, "--partitions", "3", "--replication",
                                "1", "--topic-prefix", prefix, "--kafka-properties-file", properties, "--master-key-file",
                                master_key or self.master_key)

    def verify(self, properties, brokers=None, prefix="countersign", master_key=None):
        return self.run_program(REPLAY, "verify", "--kafka-brokers", brokers or self.brokers.bootstrap, "--topic-prefix", prefix,
                                "--kafka-properties-file", properties, "--master-key-file", master_key or self.master_key)

    def node(self, properties, brokers=None, prefix="countersign", master_key=None):
        """A further one, not started."""
        settings = self.nodes[0].settings | {"KAFKA_BROKERS": brokers or self.brokers.bootstrap, "KAFKA_PROPERTIES_FILE": str(properties),
                                             "TOPIC_PREFIX": prefix, "NODE_ID": "node-3", "MASTER_KEY_FILE": str(master_key or self.master_key),
                                             "CLUSTER_LISTEN": f"127.0.0.1:{free_ports(1)[0]}"}
        return Server(settings, start=False)

    def start(self, properties, brokers=None):
        """As the programs; of a node that must not come to serve."""
        with self.node(properties, brokers) as node:
            try:
                node.start()
            except NotStarted as refused:
                return refused.status, refused.stderr
            return 0, node.said()


class OnSecuredBrokers:
    """Tests of both classes below."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = SecuredCluster(cls.version, cls.mechanism)

    @classmethod
    def tearDownClass(cls):
        cls.cluster.close()

    def assertNoSecret(self, text, *more):
        for secret in (*self.cluster.passwords.values(), *more):
            self.assertNotIn(secret, text)

    def refused(self, words, properties, brokers=None):
        """By each program, with these words and without its password. They take 5 s each."""
        programs = self.cluster.init, self.cluster.start, self.cluster.verify
        with concurrent.futures.ThreadPoolExecutor() as pool:
            results = list(pool.map(lambda program: program(properties, brokers), programs))
        for program, (status, said) in zip(programs, results):
            with self.subTest(program=program.__name__, words=words):
                self.assertEqual(status, 1, said)
                for wanted in words if isinstance(words, tuple) else (words,):
                    self.assertIn(wanted, said)
                self.assertNoSecret(said, "a-wrong-password")

    def test_nodes_serve_with_a_password_and_with_a_certificate(self):
        cluster = self.cluster
        self.assertEqual({partition["owner"] for partition in cluster.nodes[0].partitions()}, {"node-1", "node-2"})
        for number in range(6):  # accounts of several partitions
            admin = cluster.account(f"Account {number}")
            [code] = admin.codes(admin.user()["id"])
            redeemed = admin.redeem(code["code"]).expect(201)
            for node in cluster.nodes:
                here, seen = node.client(admin.key), {"Countersign-Min-Position": redeemed.headers["Countersign-Position"]}
                self.assertEqual(here.get("/v1/registration-codes/" + code["id"], headers=seen).expect(200).json["status"], "used")
        status, said = cluster.verify(cluster.with_password(AUDITOR))
        self.assertEqual(status, 0, said)
        self.assertIn("everything verifies", said)
        self.assertEqual(len(cluster.client(cluster.root_key).get("/v1/cluster/nodes").expect(200).json["items"]), 2)

    def test_a_copy_there_and_back(self):
        cluster, scratch = self.cluster, self.cluster.scratch / f"copy-{self.mechanism}"
        with Server() as server:
            admin = server.account()
            [code] = admin.codes(admin.user()["id"])
            self.assertEqual(server.stop(), 0)
            master_key = shutil.copy(server.data / "master-key", cluster.scratch / "moved-key")
            there = ["copy", "--data-dir", server.data, "--to-kafka-brokers", cluster.brokers.bootstrap, "--topic-prefix", "moved",
                     "--partitions", "2", "--replication", "1", "--master-key-file", master_key]
            as_mover = ["--kafka-properties-file", cluster.with_password(MOVER)]
            mover, of_moved = f"--allow-principal=User:{MOVER}", ("--topic", "moved.", "--resource-pattern-type", "prefixed")
            of_a_node = (word for right in ("Read", "Write", "DescribeConfigs") for word in ("--operation", right))
            secured.change_acls(cluster.brokers, "--add", mover, *of_a_node, *of_moved)
            status, said = cluster.run_program(REPLAY, *map(str, there), *as_mover)
            self.assertEqual(status, 1, said)
            self.assertIn("don't create topic 'moved.log'", said)
            self.assertIn(ADVICE, said)
            self.assertNoSecret(said)
            secured.change_acls(cluster.brokers, "--add", mover, "--operation", "Create", *of_moved)
            status, said = cluster.run_program(REPLAY, *map(str, there), *as_mover)
            self.assertEqual(status, 0, said)
            self.assertIn("same Merkle root", said)
            self.assertNoSecret(said)
        secured.change_acls(cluster.brokers, "--add", f"--allow-principal=User:{AUDITOR}", "--operation", "Read", *of_moved)
        moved = {"prefix": "moved", "master_key": master_key}
        status, said = cluster.verify(cluster.with_password(AUDITOR), **moved)
        self.assertEqual(status, 0, said)
        self.assertIn("everything verifies", said)
        back = ["copy", "--kafka-brokers", cluster.brokers.bootstrap, "--topic-prefix", "moved", "--master-key-file", master_key,
                "--to-data-dir", scratch]
        status, said = cluster.run_program(REPLAY, *map(str, back), "--kafka-properties-file", cluster.with_password(AUDITOR))
        self.assertEqual(status, 0, said)
        shutil.copy(master_key, scratch / "master-key")
        with Server(data=scratch) as server:
            server.client().redeem(code["code"]).expect(201)

    def test_the_public_topic_is_written(self):
        admin = self.cluster.account()
        partition = self.cluster.partition_of(admin.account)
        owner = self.cluster.owner_of(partition)

        def metric(name):
            said = owner.client().get("/metrics").text
            found = re.search(rf'^countersign_audit_topic_{name}{{[^}}]*partition="{partition}"[^}}]*}} (\d+)', said, re.M)
            return found and int(found.group(1))
        until(lambda: metric("written_events") and metric("lag_events") == 0, "each event is there")

    def test_passwords_are_nowhere(self):
        for node in self.cluster.nodes:
            self.assertIn("owns a partition", node.said())
            self.assertNoSecret(node.said())
            self.assertNoSecret(node.client().get("/metrics").expect(200).text)
            self.assertNoSecret(pathlib.Path(f"/proc/{node.process.pid}/cmdline").read_text())
            self.assertNoSecret(pathlib.Path(f"/proc/{node.process.pid}/environ").read_text())

    def test_wrong_credentials(self):
        cluster = self.cluster
        check = "SASL authentication error", "check sasl.username and sasl.password"
        self.refused(check, cluster.with_password(NODE, "a-wrong-password"))
        self.refused(check, cluster.with_password("stranger", "a-wrong-password"))


class OnKafka41(OnSecuredBrokers, unittest.TestCase):
    version, mechanism = "4.1", "PLAIN"

    def test_an_authority_that_is_not_trusted(self):
        self.refused("ssl.ca.location must name the authority", self.cluster.with_password(NODE, authority=self.cluster.stranger))

    def test_certificates_that_are_none(self):
        cluster, door = self.cluster, self.cluster.brokers.bootstrap_of(secured.DOOR)
        self.refused("ssl.certificate.location", cluster.with_certificate(None), door)
        self.refused("ssl.certificate.location", cluster.with_certificate(cluster.stranger.issue(NODE)), door)

    def test_another_protocol(self):
        cluster = self.cluster
        inner = f"127.0.0.1:{cluster.brokers.brokers[0].inner_port}"
        self.refused("incorrect security.protocol", cluster.file({}))
        self.refused("incorrect security.protocol", cluster.with_password(NODE, security_protocol="SASL_PLAINTEXT"))
        self.refused("maybe these brokers don't speak TLS", cluster.with_password(NODE), inner)
        self.refused("check sasl.mechanism", cluster.with_password(NODE, sasl_mechanism="SCRAM-SHA-256"))

    def test_a_file_that_is_none(self):
        cluster = self.cluster
        self.refused("it can't be read: No such file", cluster.scratch / "missing")
        self.refused("line 2: name=value is expected", cluster.file_of("a-wrong-password\n"))
        open_to_all = cluster.with_password(NODE, "a-wrong-password")
        open_to_all.chmod(0o644)
        self.refused(f"everybody may read it; run: chmod 600 {open_to_all}", open_to_all)
        self.refused("'acks' can't be set", cluster.file({"acks": "1"}))

    def test_scram_works_or_says_why_not(self):
        """Before its release 2.6.1 librdkafka answers brokers of Kafka 4 wrongly."""
        properties = self.cluster.with_password(NODE, sasl_mechanism="SCRAM-SHA-512")
        if ctypes.CDLL("librdkafka.so.1").rd_kafka_version() < 0x020601FF:
            self.refused("SCRAM takes librdkafka 2.6.1 or newer", properties)
        else:
            self.assertEqual(self.cluster.verify(properties)[0], 0)

    def test_no_right(self):
        self.refused(("asking about topic 'countersign.log'", ADVICE), self.cluster.with_password("nobody"))

    def test_a_right_that_is_taken_and_given_back(self):
        """Nodes say what they lack, serve what they can without it, and go on when they have it again."""
        cluster = self.cluster
        admin = cluster.account()
        right = ["--allow-principal", f"User:{NODE}", "--operation", "Write", *next(right for right in RIGHTS if right.user == NODE).resource]

        def made():
            return admin.post("/v1/users", {"first_name": "A", "last_name": "B", "email": f"{secrets.token_hex(4)}@example.com"}).status
        secured.change_acls(cluster.brokers, "--remove", "--force", *right)
        until(lambda: made() == 503, "nothing can be written")
        owner = cluster.owner_of(cluster.partition_of(admin.account))
        until(lambda: ADVICE in owner.said(), "its log says why")
        secured.change_acls(cluster.brokers, "--add", *right)
        until(lambda: made() == 201, "it is written again", timeout=60)
        cluster.settle()

    def test_every_right_in_the_docs_is_needed(self):
        """Users who have all of them but one, in topics of their own."""
        self.assertEqual({right.key for right in RIGHTS}, set(LACKING))
        cluster, master_key = self.cluster, self.cluster.scratch / "minimum-key"
        where = {"prefix": "minimum", "master_key": master_key}
        for right in RIGHTS:
            others = [other.without() for other in RIGHTS if other.user == right.user and other is not right] + [right.user]
            secured.change_acls(cluster.brokers, "--add", *(f"--allow-principal=User:{name}" for name in others), "--operation", right.operation,
                                *right.for_prefix("minimum"))

        def lacks(right, status, said):
            with self.subTest(right=right.key):
                self.assertEqual(status, 1, said)
                self.assertIn(LACKING[right.key], said)
                self.assertIn(ADVICE, said)

        for right in RIGHTS:
            if right.user == INIT:
                lacks(right, *cluster.init(cluster.with_password(right.without()), **where))
        status, said = cluster.init(cluster.with_password(INIT), **where)
        self.assertEqual(status, 0, said)
        for right in RIGHTS:
            if right.user == AUDITOR:
                lacks(right, *cluster.verify(cluster.with_password(right.without()), **where))
            if right.user == NODE:
                with cluster.node(cluster.with_password(right.without()), **where) as node:
                    try:
                        node.start()
                        until(lambda: LACKING[right.key] in node.said(), f"it says what it lacks: {right.key}", timeout=60)
                        lacks(right, 1, node.said())
                    except NotStarted as refused:
                        lacks(right, refused.status, refused.stderr)


class OnKafka39(OnSecuredBrokers, unittest.TestCase):
    version, mechanism = "3.9", "SCRAM-SHA-512"


if __name__ == "__main__":
    main()
