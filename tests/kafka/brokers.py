#!/usr/bin/env python3
"""Real Apache Kafka brokers in KRaft mode on loopback ports, for tests and for trying things out.

As a program: brokers.py [--brokers 1|3] [--version 3.9|4.1] [--dir DIR] [--port PORT]. Prints one line with the bootstrap
servers when they are ready, and stops them on SIGINT, SIGTERM or when its parent ends. Exit status 77: Java or
Maven Central can't be had.

As a module: Cluster starts, kills, pauses and restarts single brokers; each is controller and broker in one. Processes
end with the thread that started them (PR_SET_PDEATHSIG), so start brokers from the main thread.
"""
import argparse
import base64
import ctypes
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import uuid

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "kafka"), str(TESTS / "support")]
import jars
from ports import free_ports

HEAP = "256m"
START_SECONDS = 180  # bounds a wait; a machine under a sanitizer's load is slow
STOP_SECONDS = 30
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
JVM = [f"-Xmx{HEAP}", "-Xms64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
       "-Djava.awt.headless=true", "-Djava.net.preferIPv4Stack=true"]


def die_with_parent(with_signal):
    LIBC.prctl(PR_SET_PDEATHSIG, with_signal)


def brokers_seen(port, seconds=2):
    """How many brokers the one at `port` lists (Metadata, version 1, no topics); 0: it doesn't answer."""
    client = b"\0\5probe"
    request = struct.pack(">hhi", 3, 1, 1) + client + struct.pack(">i", 0)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
            connection.settimeout(seconds)
            connection.sendall(struct.pack(">i", len(request)) + request)
            answer = b""
            while len(answer) < 12:
                if not (piece := connection.recv(4096)):
                    return 0
                answer += piece
            return struct.unpack(">iii", answer[:12])[2]
    except OSError:
        return 0


class Door:
    """A listener of some clients' own. They are told to come to `advertised`, which may be a proxy's."""

    def __init__(self, port):
        self.port = port
        self.advertised = f"127.0.0.1:{port}"


def state_of(task):
    """T: stopped. X: gone."""
    try:
        return (task / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


class Broker:
    def __init__(self, cluster, number, client_port, inner_port, controller_port, doors):
        self.cluster, self.number = cluster, number
        self.client_port, self.inner_port, self.controller_port = client_port, inner_port, controller_port
        self.advertised = f"127.0.0.1:{client_port}"
        self.doors = {name: Door(port) for name, port in doors.items()}
        self.directory = cluster.directory / f"broker-{number}"
        self.output = cluster.directory / f"broker-{number}.log"
        self.process = None

    def write_settings(self):
        cluster = self.cluster
        replication = min(3, len(cluster.brokers))
        doors = self.doors.items()
        settings = {
            "process.roles": "broker,controller",
            "node.id": self.number,
            "controller.quorum.voters": ",".join(f"{b.number}@127.0.0.1:{b.controller_port}" for b in cluster.brokers),
            "listeners": f"CLIENT://127.0.0.1:{self.client_port},INNER://127.0.0.1:{self.inner_port},"
                         f"CONTROLLER://127.0.0.1:{self.controller_port}" +
                         "".join(f",{name}://127.0.0.1:{door.port}" for name, door in doors),
            "advertised.listeners": f"CLIENT://{self.advertised},INNER://127.0.0.1:{self.inner_port}" +
                                    "".join(f",{name}://{door.advertised}" for name, door in doors),
            "listener.security.protocol.map": "CLIENT:PLAINTEXT,INNER:PLAINTEXT,CONTROLLER:PLAINTEXT" +
                                              "".join(f",{name}:PLAINTEXT" for name, _ in doors),
            "inter.broker.listener.name": "INNER",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": self.directory,
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": replication,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": replication,
            "transaction.state.log.min.isr": min(2, replication),
            "group.initial.rebalance.delay.ms": 0,
            "num.network.threads": 2,
            "num.io.threads": 2,
            "log.cleaner.dedupe.buffer.size": 8 << 20,
            "broker.session.timeout.ms": 6000,
            "controlled.shutdown.enable": "true",
            **cluster.settings,
        }
        file = self.cluster.directory / f"broker-{self.number}.properties"
        file.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        return file

    def format_process(self):
        """The process that formats an empty directory; None when there is nothing to do."""
        if (self.directory / "meta.properties").exists():
            return None
        self.directory.mkdir(parents=True, exist_ok=True)
        return self.cluster.spawn("kafka.tools.StorageTool", "format", "--cluster-id", self.cluster.cluster_id, "--config",
                                  str(self.write_settings()), output=self.output)

    def start(self):
        assert not self.running(), "the broker runs"
        self.process = self.cluster.spawn("kafka.Kafka", str(self.write_settings()), output=self.output)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """As a loss of power to the process: SIGKILL, and gone when this returns."""
        self.process.kill()
        self.process.wait()

    def pause(self):
        """Returns when each of its threads has stopped: one that still runs may answer."""
        self.signal(signal.SIGSTOP)
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task")
        until = time.monotonic() + 10
        while any(state_of(task) not in "TZX" for task in tasks.iterdir()):
            if time.monotonic() > until:
                raise RuntimeError(f"broker {self.number} doesn't stop")
            time.sleep(0.002)

    def resume(self):
        self.signal(signal.SIGCONT)

    def running(self):
        return self.process is not None and self.process.poll() is None

    def resume_if_running(self):
        if self.running():
            self.resume()


class Cluster:
    """`advertised`: broker's number (from 1) -> "host:port" told to clients, such as a proxy's; needs ports of one's own.
    `ports`: the client ports. `settings`: broker properties that win over the usual ones. `doors`: names of further listeners
    that each broker has; what they advertise can be changed before the start."""

    def __init__(self, version, directory, brokers=1, ports=None, advertised=None, settings=None, doors=()):
        self.version = version
        self.directory = pathlib.Path(directory).resolve()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.settings = settings or {}
        self.java = jars.find_java()
        self.class_path = jars.class_path(version)
        each = 3 + len(doors)
        found = free_ports(each * brokers)
        self.brokers = []
        for i in range(brokers):
            mine = found[each * i:each * (i + 1)]
            self.brokers.append(Broker(self, i + 1, ports[i] if ports else mine[0], mine[1], mine[2], dict(zip(doors, mine[3:]))))
        for number, address in (advertised or {}).items():
            self.brokers[number - 1].advertised = address
        self.cluster_id = self._cluster_id()

    def _cluster_id(self):
        for broker in self.brokers:
            file = broker.directory / "meta.properties"
            if file.exists() and (kept := re.search(r"^cluster\.id=(\S+)", file.read_text(), re.M)):
                return kept.group(1)
        while (name := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
            pass
        return name

    @property
    def bootstrap(self):
        return ",".join(broker.advertised for broker in self.brokers)

    def bootstrap_of(self, door):
        return ",".join(broker.doors[door].advertised for broker in self.brokers)

    def command(self, main_class, *arguments):
        settings = self.directory / "log4j2.properties"
        if not settings.exists():
            settings.write_text(
                "status=error\nappender.out.type=Console\nappender.out.name=out\nappender.out.layout.type=PatternLayout\n"
                "appender.out.layout.pattern=[%d] %p %m (%c)%n\nrootLogger.level=WARN\nrootLogger.appenderRef.out.ref=out\n")
            (self.directory / "log4j.properties").write_text(
                "log4j.rootLogger=WARN, out\nlog4j.appender.out=org.apache.log4j.ConsoleAppender\n"
                "log4j.appender.out.layout=org.apache.log4j.PatternLayout\n"
                "log4j.appender.out.layout.ConversionPattern=[%d] %p %m (%c)%n\n")
        return [self.java, *JVM, f"-Dlog4j2.configurationFile={settings}",
                f"-Dlog4j.configuration=file:{self.directory / 'log4j.properties'}", "-cp", f"{self.class_path}/*", main_class,
                *map(str, arguments)]

    def spawn(self, main_class, *arguments, output):
        with open(output, "ab") as log:
            return subprocess.Popen(self.command(main_class, *arguments), stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=subprocess.STDOUT, start_new_session=True,
                                    preexec_fn=lambda: die_with_parent(signal.SIGKILL))

    def run_tool(self, main_class, *arguments, seconds=120):
        """A program of Kafka's, such as org.apache.kafka.tools.TopicCommand. (exit status, what it printed)"""
        done = subprocess.run(self.command(main_class, *arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=seconds)
        return done.returncode, done.stdout

    def start(self):
        formatting = [(broker, broker.format_process()) for broker in self.brokers]
        for broker, process in formatting:
            if process and process.wait(START_SECONDS):
                raise RuntimeError(f"formatting broker {broker.number} failed: {broker.output.read_text()[-2000:]}")
        for broker in self.brokers:
            broker.start()
        self.wait_ready()
        return self

    def wait_ready(self):
        """Until every running broker lists them all."""
        running = [broker for broker in self.brokers if broker.running()]
        deadline = time.monotonic() + START_SECONDS
        for broker in running:
            while brokers_seen(broker.inner_port) < len(running):
                if broker.process.poll() is not None:
                    raise RuntimeError(f"broker {broker.number} ended with status {broker.process.returncode}: "
                                       f"{broker.output.read_text()[-3000:]}")
                if time.monotonic() > deadline:
                    raise RuntimeError(f"broker {broker.number} is not ready after {START_SECONDS} s: "
                                       f"{broker.output.read_text()[-3000:]}")
                time.sleep(0.1)

    def restart(self, number):
        broker = self.brokers[number - 1]
        if broker.running():
            broker.kill()
        broker.start()
        self.wait_ready()

    def stop(self, kindly=False):
        """Kindly: each broker closes its files and says goodbye; else SIGKILL."""
        running = [broker for broker in self.brokers if broker.running()]
        for broker in running:
            broker.resume()
            broker.signal(signal.SIGTERM if kindly else signal.SIGKILL)
        deadline = time.monotonic() + STOP_SECONDS
        for broker in running:
            try:
                broker.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                broker.kill()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def main():
    parser = argparse.ArgumentParser(prog="./dev kafka", description="Starts Apache Kafka brokers on loopback ports.")
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1)
    parser.add_argument("--version", choices=jars.VERSIONS, default="4.1")
    parser.add_argument("--dir", default=None, help="where their data is kept (build/kafka/<version>-<brokers>)")
    parser.add_argument("--port", type=int, default=None, help="of the first broker; the others have the next ones")
    arguments = parser.parse_args()
    parent = os.getppid()
    die_with_parent(signal.SIGTERM)
    if os.getppid() != parent:
        return 0  # it ended before it could be watched

    class Stopped(Exception):
        pass

    def stop(*_):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Stopped

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    root = pathlib.Path(__file__).resolve().parents[2]
    directory = arguments.dir or root / "build" / "kafka" / f"{arguments.version}-{arguments.brokers}"
    ports = [arguments.port + i for i in range(arguments.brokers)] if arguments.port else None
    cluster = None
    try:
        cluster = Cluster(arguments.version, directory, arguments.brokers, ports)
        cluster.start()
        print(f"ready: {cluster.bootstrap}", flush=True)
        for broker in cluster.brokers:
            broker.process.wait()
        print("the brokers ended by themselves", file=sys.stderr)
        return 1
    except Stopped:
        return 0
    except jars.Unavailable as error:
        print(f"unavailable: {error}", file=sys.stderr)
        return jars.UNAVAILABLE_STATUS
    except (RuntimeError, OSError) as error:
        print(f"dev kafka: {error}", file=sys.stderr)
        return 1
    finally:
        if cluster:
            cluster.stop(kindly=True)


if __name__ == "__main__":
    sys.exit(main())
