#!/usr/bin/env python3
"""Three nodes on a Kafka broker, for newcomers: ./dev run --kafka. Data in build/kafka-run; Ctrl-C stops all of it."""
import pathlib
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "kafka"))
import brokers  # noqa: E402
import jars  # noqa: E402

PROGRAMS = ROOT / "build" / "release" / "bin"
HOME = ROOT / "build" / "kafka-run"
NODES, PARTITIONS = 3, 6


def ready(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def main():
    HOME.mkdir(parents=True, exist_ok=True)
    master, root = HOME / "master-key", HOME / "root-key"
    if not root.exists():
        root.touch(mode=0o600)
        root.write_text(secrets.token_urlsafe(32) + "\n")
    try:
        cluster = brokers.Cluster("4.1", HOME / "broker", brokers=1)
    except jars.Unavailable as why:
        print(f"Kafka can't be had: {why}", file=sys.stderr)
        return 77
    nodes = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        cluster.start()
        begun = HOME / "begun"
        if not begun.exists():
            subprocess.run([PROGRAMS / "countersign", "cluster", "init", "--kafka-brokers", cluster.bootstrap, "--partitions", str(PARTITIONS),
                            "--replication", "1", "--master-key-file", master], check=True)
            begun.touch()
        for number in range(1, NODES + 1):
            nodes.append(subprocess.Popen([
                PROGRAMS / "countersignd", "--bus", "kafka", "--kafka-brokers", cluster.bootstrap, "--kafka-replication", "1",
                "--data-dir", HOME / f"node-{number}", "--node-id", f"node-{number}", "--listen", f"127.0.0.1:{8419 + number}",
                "--cluster-listen", f"127.0.0.1:{8519 + number}", "--master-key-file", master, "--root-key-file", root]))
        while not all(ready(8419 + number) for number in range(1, NODES + 1)):
            if any(node.poll() is not None for node in nodes):
                return 1
            time.sleep(0.2)
        print(f"""
Three nodes serve one log on Kafka. In a second terminal:

  export PATH="{PROGRAMS}:$PATH"
  countersign --key-file {root} cluster status
  countersign --key-file {root} accounts create "Example Inc"
  countersign --key-file {root} --server http://127.0.0.1:8422 accounts list
""", flush=True)
        while all(node.poll() is None for node in nodes):
            time.sleep(0.5)
        return 1
    finally:
        for node in nodes:
            if node.poll() is None:
                node.terminate()
        for node in nodes:
            node.wait()
        cluster.stop(kindly=True)


if __name__ == "__main__":
    sys.exit(main())
