"""A cluster of countersignd processes on real Kafka brokers. Where Java or the jars can't be had the test is skipped by
name (exit status 77)."""
import base64
import pathlib
import random
import secrets
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

from support import NO_LIMITS, PROGRAMS, SERVER, Client, Server, id_bytes, until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "kafka"))
import brokers as kafka  # noqa: E402
import jars  # noqa: E402
import proxy  # noqa: E402
from ports import free_ports  # noqa: E402

CLI = PROGRAMS / "countersign"
SKIPPED = 77


def brokers_or_skip(count, version, directory, doors=(), settings=None):
    """The brokers; ends the process with 77 where they can't be had."""
    try:
        return kafka.Cluster(version, directory, brokers=count, doors=doors, settings=settings)
    except jars.Unavailable as why:
        print(f"skipped: {why}", flush=True)
        sys.exit(SKIPPED)


def murmur2(data, seed=0x9747B28C):
    """MurmurHash2, 32 bits (Austin Appleby)."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = seed ^ len(data)
    whole = len(data) // 4 * 4
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at:at + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = (h * m & mask) ^ k
    if data[whole:]:
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


class Node(Server):
    """One of them. Its port stays over restarts, so that others find it again."""

    def __init__(self, cluster, number, settings):
        self.number = number
        self.public_port, self.cluster_port = free_ports(2)
        settings = NO_LIMITS | {
            "BUS": "kafka", "KAFKA_BROKERS": cluster.brokers.bootstrap, "KAFKA_REPLICATION": str(cluster.replication),
            "NODE_ID": f"node-{number}", "CLUSTER_LISTEN": f"127.0.0.1:{self.cluster_port}", "MASTER_KEY_FILE": str(cluster.master_key),
            "ROOT_KEY_FILE": str(cluster.root_key_file)} | settings
        super().__init__(settings, ["--listen", f"127.0.0.1:{self.public_port}"], start=False)
        self.cluster = cluster
        self.program = cluster.program
        self.lines = None

    @property
    def name(self):
        return f"node-{self.number}"

    @property
    def url(self):
        """For the load."""
        return f"http://{self.lines.public.address}" if self.lines else f"http://127.0.0.1:{self.public_port}"

    def go_through(self, lines):
        self.lines = lines
        self.settings |= {"KAFKA_BROKERS": self.cluster.brokers.bootstrap_of(door_of(self.number)),
                          "ADVERTISE": f"https://{lines.inner.address}"}

    @property
    def root_key(self):
        return self.cluster.root_key

    def partitions(self):
        with_key = Client(self, self.root_key, timeout=10)
        try:
            return with_key.get("/v1/cluster").expect(200).json["partitions"]
        finally:
            with_key.close()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)


def door_of(number):
    return f"NODE{number}"


class Lines:
    """A node's ways: to each broker, and that of clients and other nodes to it."""

    def __init__(self, node, brokers, through, chance):
        self.meddler = proxy.Meddler("countersign.log", chance)
        self.kafka = [through.line(broker.doors[door_of(node.number)].port, self.meddler) for broker in brokers]
        for broker, line in zip(brokers, self.kafka):
            broker.doors[door_of(node.number)].advertised = line.address
        self.public, self.inner = through.line(node.public_port), through.line(node.cluster_port)

    @staticmethod
    def cut(*lines):
        for line in lines:
            line.cut()

    @staticmethod
    def mend(*lines):
        for line in lines:
            line.mend()


class Cluster:
    """`lined`: every connection of a node, but for those of the test itself, goes through a proxy (node.lines)."""

    def __init__(self, nodes=3, partitions=6, brokers=1, version="4.1", lined=False, chance=random, program=SERVER,
                 settings=None):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="countersign-cluster-"))
        self.replication, self.partitions, self.program = brokers, partitions, program
        self.nodes, self.proxy = [], None
        numbers = range(1, nodes + 1)
        self.brokers = self.make_brokers(brokers, version, [door_of(n) for n in numbers] if lined else [])
        try:
            if lined:
                self.proxy = proxy.Proxy()
            self.master_key, self.root_key_file = self.scratch / "master-key", self.scratch / "root-key"
            self.root_key = secrets.token_hex(16)
            self.root_key_file.write_text(self.root_key)
            self.nodes = [Node(self, number, settings or {}) for number in numbers]
            for node in self.nodes if lined else ():
                node.go_through(Lines(node, self.brokers.brokers, self.proxy, chance))
            self.start_brokers()
            init = subprocess.run([CLI, "cluster", "init", "--kafka-brokers", self.brokers.bootstrap, "--partitions", str(partitions),
                                   "--replication", str(brokers), "--master-key-file", self.master_key, *self.init_arguments()],
                                  capture_output=True, text=True, timeout=120)
            if init.returncode:
                raise AssertionError(f"cluster init: exit status {init.returncode}: {init.stderr}")
            for node in self.nodes:
                node.start()
            self.settle()
        except BaseException:
            self.close()
            raise

    # What other brokers take.

    def make_brokers(self, count, version, doors):
        return brokers_or_skip(count, version, self.scratch / "kafka", doors)

    def start_brokers(self):
        self.brokers.start()

    def init_arguments(self):
        return []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for node in self.nodes:
            if node.process and not node.running() and node.process.returncode not in (0, -signal.SIGKILL):
                print(f"node {node.number} ended with status {node.process.returncode}: {node.said()[-4000:]}", flush=True)
            node.close()
        self.brokers.stop()
        if self.proxy:
            self.proxy.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def running(self):
        return [node for node in self.nodes if node.running()]

    def urls(self, but=None):
        return [node.url for node in self.running() if node is not but]

    def settle(self, timeout=60):
        """Until every partition has one owner, which all nodes that run agree on and which runs."""
        def agreed():
            views = [node.partitions() for node in self.running()]
            names = {f"node-{node.number}" for node in self.running()}
            owners = [{partition["owner"] for partition in of_all} for of_all in zip(*views)]
            if set().union(*owners) != names:
                return False  # the group has still to share out
            owning = sum(partition["role"] == "owning" for view in views for partition in view)
            return all(len(owner) == 1 and owner <= names for owner in owners) and owning == len(owners) and owners
        return until(agreed, "each partition has an owner that all agree on", timeout=timeout)

    def owner_of(self, number):
        name = self.running()[0].partitions()[number]["owner"]
        return next(node for node in self.nodes if f"node-{node.number}" == name)

    def partition_of(self, account):
        return (murmur2(id_bytes(account)) & 0x7FFFFFFF) % 961 % self.partitions

    def client(self, key, chance=random):
        return Anywhere(self, key, chance)

    def account(self, name="Example"):
        made = self.client(self.root_key).post("/v1/accounts", {"name": name}).expect(201)
        admin = self.client(made.json["admin_key"])
        admin.account = made.json["id"]
        return admin


class AnyNode(Server):
    """A cluster, as if it were one server: each connection goes to another node, drawn at random, and what is read is at least as new
    as the newest answer about the account to any client."""

    def __init__(self, cluster):
        super().__init__(start=False)
        self.cluster, self.lock = cluster, threading.Lock()
        self.newest, self.of_key, self.latest = {}, {}, None  # partition -> (frame, position); key -> partition; of the latest answer

    @property
    def port(self):
        return random.choice(self.cluster.nodes).port

    @port.setter
    def port(self, _):
        pass

    @property
    def data(self):
        raise unittest.SkipTest("a cluster has no one data directory")

    @data.setter
    def data(self, _):
        pass

    def running(self):
        return len(self.cluster.running()) == len(self.cluster.nodes)

    def said(self):
        return "".join(node.said() for node in self.cluster.nodes)

    def kill(self):
        raise unittest.SkipTest("a cluster is no one process")

    def stop(self):
        self.kill()

    def close(self):
        for client in self.clients:
            client.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    @property
    def root_key(self):
        return self.cluster.root_key

    def before(self, method, path, headers):
        with self.lock:
            partition = self.of_key.get(headers.get("Authorization"), self.latest)
            if partition in self.newest and (method == "GET" or path in READING_POSTS):
                headers.setdefault("Countersign-Min-Position", self.newest[partition][1])

    def command_line(self, key, *arguments, input=None):
        """Which reads what clients of this test have written, as they read what it writes."""
        self.level(key)
        try:
            return super().command_line(key, *arguments, input=input)
        finally:
            self.level(key)

    def level(self, key):
        """All nodes show the account as the one shows it that has the newest of it: its owner."""
        for wanted in range(2):  # to know what is the newest, and to wait for it
            for node in self.cluster.nodes:
                headers = {"Authorization": "Bearer " + key}
                if wanted:
                    self.before("GET", "/v1/provisioning", headers)
                client = node.client()
                self.after(client.get("/v1/provisioning", headers=headers).expect(200).headers, headers)
                client.close()

    def after(self, headers, sent):
        position = headers.get("Countersign-Position")
        if not position:
            return
        _, partition, frame = struct.unpack(">8sIQ", base64.urlsafe_b64decode(position + "="))
        with self.lock:
            self.newest[partition] = max(self.newest.get(partition, (0, "")), (frame, position))
            self.of_key[sent.get("Authorization")] = self.latest = partition


# POSTs that only look.
READING_POSTS = ("/oauth2/introspect", "/v1/registration-codes/lookup")


class Anywhere(Client):
    """Each request goes to another node, drawn at random."""

    def __init__(self, cluster, key, chance=random):
        super().__init__(None, key)
        self.cluster, self.chance = cluster, chance

    def with_key(self, key):
        return Anywhere(self.cluster, key, self.chance)

    def request(self, *arguments, **options):
        self.close()
        self.server = self.chance.choice(self.cluster.running())
        try:
            return super().request(*arguments, **options)
        finally:
            self.close()
