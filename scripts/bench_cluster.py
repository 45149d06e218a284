#!/usr/bin/env python3
"""./dev bench kafka [ARGS]: three brokers and, one after the other, `countersign-bench kafka ARGS` and three nodes: how long
commands take, when a revocation is seen at another node, for how long nobody owns a partition after an orderly stop and after
kill -9. Prints a table and writes build/bench/cluster.json. Exit status 77: no Java, or no jars."""
import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "build" / "release" / "bin"
os.environ.setdefault("COUNTERSIGN_PROGRAMS", str(PROGRAMS))
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "tests" / "kafka")]
import brokers  # noqa: E402
import jars  # noqa: E402
from cluster import Cluster  # noqa: E402

FORM = "application/x-www-form-urlencoded"


def percentile(values, share):
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def say(text):
    print(text, file=sys.stderr, flush=True)


class Results:
    def __init__(self):
        self.rows = []

    def add(self, name, value, unit, goal=None):
        self.rows.append({"name": name, "value": value, "unit": unit, "goal": goal})
        say(f"{name}: {value:.4g} {unit}")

    def table(self):
        lines = ["| name | value | goal |", "|---|---|---|"]
        for row in self.rows:
            goal = "" if row["goal"] is None else f"{row['goal']:g} {row['unit']} at most" + (", **missed**" if row["value"] > row["goal"] else "")
            lines.append(f"| `{row['name']}` | {row['value']:.4g} {row['unit']} | {goal} |")
        return "\n".join(lines)


def timed(call):
    begun = time.monotonic()
    call()
    return 1000 * (time.monotonic() - begun)


def commands(cluster, results, seconds, clients):
    """Closed loop: each client makes a code for a user of its own and redeems it, at the node that it has a connection to."""
    admin = cluster.account("Bench")
    took = {"generate": [], "redeem": []}
    until = time.monotonic() + seconds

    def run(number):
        node = cluster.nodes[number % len(cluster.nodes)]
        desk, device = node.client(admin.key), node.client()
        done = 0
        while time.monotonic() < until:
            if done % 50 == 0:
                user = desk.user()["id"]  # none has too many devices
            done += 1
            made = []
            took["generate"].append(timed(lambda: made.append(desk.post("/v1/registration-codes", {"user_ids": [user]}).expect(201))))
            code = made[0].json["items"][0]["code"]
            took["redeem"].append(timed(lambda: device.redeem(code).expect(201)))
    threads = [threading.Thread(target=run, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, values in took.items():
        results.add(f"cluster_{name}_p50_ms", statistics.median(values), "ms")
        results.add(f"cluster_{name}_p99_ms", percentile(values, 0.99), "ms")
    results.add("cluster_commands_per_s", sum(map(len, took.values())) / seconds, "/s")


def revocations(cluster, results, count):
    """From when the answer to a revocation at one node was read until another one says that the token is inactive."""
    admin = cluster.account("Bench")
    gateway = admin.api_key("gateway").key
    revoker, asked = cluster.nodes[0].client(admin.key), cluster.nodes[1].client(gateway)
    took = []
    for number in range(count):
        if number % 20 == 0:
            user = revoker.user()["id"]
        made = revoker.redeem(revoker.codes(user)[0]["code"]).expect(201).json
        form = f"token={made['access_token']}"
        def active():
            return asked.post("/oauth2/introspect", form, type=FORM).expect(200).json["active"]
        while not active():
            pass
        revoker.post(f"/v1/tokens/{made['token_id']}/revoke").expect(200)
        begun = time.monotonic()
        while active():
            pass
        took.append(1000 * (time.monotonic() - begun))
    results.add("revocation_elsewhere_p50_ms", statistics.median(took), "ms")
    results.add("revocation_elsewhere_p99_ms", percentile(took, 0.99), "ms", 50)


def gaps(cluster, results, name, rounds, end, goal):
    """The longest that a client had to wait for an answer to a command, while the owner of its account went away."""
    took = []
    for _ in range(rounds):
        admin = cluster.account("Bench")
        owner = cluster.owner_of(cluster.partition_of(admin.account))
        other = next(node for node in cluster.nodes if node is not owner)
        desk = other.client(admin.key, timeout=60)
        user = desk.user()["id"]
        longest, stop = [0.0], threading.Event()

        def write(desk=desk, user=user, longest=longest, stop=stop):
            answered = time.monotonic()
            while not stop.is_set():
                answer = desk.patch(f"/v1/users/{user}", {"attributes": {"at": str(time.monotonic())}})
                if answer.status == 200:
                    longest[0] = max(longest[0], time.monotonic() - answered)
                    answered = time.monotonic()
                time.sleep(0.005)
        writer = threading.Thread(target=write)
        writer.start()
        time.sleep(1)
        end(owner)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            partition = other.partitions()[cluster.partition_of(admin.account)]
            if partition["owner"] not in (None, f"node-{owner.number}"):
                break
            time.sleep(0.05)
        time.sleep(1)
        stop.set()
        writer.join()
        if not longest[0]:
            raise RuntimeError("no command was answered")
        took.append(longest[0])
        owner.start()
        cluster.settle()
    results.add(name + "_median_s", statistics.median(took), "s", goal)
    results.add(name + "_worst_s", max(took), "s")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench kafka", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    try:
        with tempfile.TemporaryDirectory(prefix="countersign-bench-") as scratch:
            with brokers.Cluster("4.1", scratch, brokers=3) as kafka:
                subprocess.run([PROGRAMS / "countersign-bench", "kafka", "--kafka-brokers", kafka.bootstrap,
                                *(["--quick"] if quick else [])], check=True)
    except jars.Unavailable as why:
        print(f"skipped: {why}", file=sys.stderr)
        return jars.UNAVAILABLE_STATUS
    results = Results()
    with Cluster(nodes=3, partitions=6, brokers=3) as cluster:
        commands(cluster, results, 5 if quick else 30, 4)
        revocations(cluster, results, 40 if quick else 400)
        gaps(cluster, results, "handover", 2 if quick else 7, lambda node: node.stop(), 0.5)
        gaps(cluster, results, "takeover", 1 if quick else 3, lambda node: node.kill(), 10)
    print(results.table())
    file = ROOT / "build" / "bench" / "cluster.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(results.rows, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
