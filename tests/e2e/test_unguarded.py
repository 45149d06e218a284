#!/usr/bin/env python3
"""The judge isn't merely kind: what a cluster answers whose owners don't look where in the log their frames stand is rejected."""
import random
import time
import unittest

import recorded_load
from cluster import Cluster
from support import PROGRAMS, go_program, main, until

SEED = random.SystemRandom().randrange(1 << 32)
ATTEMPTS, OPERATIONS, USERS = 5, 800, 12


class Unguarded(unittest.TestCase):
    def history(self, cluster, attempt):
        """An owner sleeps, others take over, and it wakes up and goes on as if nothing had been."""
        admin = cluster.account(f"Attempt {attempt}")
        users = [admin.user()["id"] for _ in range(USERS)]
        load = recorded_load.Load(cluster.urls(), recorded_load.keys_of(admin), users, 1 << 30, seed=SEED + attempt, replicas=True, timeout=30)
        load.start()
        until(lambda: load.left <= (1 << 30) - OPERATIONS or not load.running(), "the load goes on", timeout=300, pause=0.02)
        owner = cluster.owner_of(cluster.partition_of(admin.account))
        [other, *_] = [node for node in cluster.nodes if node is not owner]
        owner.pause()
        load.urls[:] = cluster.urls(but=owner)
        until(lambda: all(p["owner"] != owner.name for p in other.partitions()), "others have taken over", timeout=60)
        time.sleep(1)
        owner.resume()
        load.urls[:] = cluster.urls()
        load.end_after(OPERATIONS)
        try:
            load.join()
        except AssertionError as error:  # contradictions that clients see themselves
            print(error, flush=True)
        return load.history()

    def test_what_it_answers_is_rejected(self):
        go_program("linearizability")
        for attempt in range(ATTEMPTS):
            with Cluster(program=PROGRAMS / "countersignd-unguarded") as cluster:
                status, said = recorded_load.judged(self.history(cluster, attempt))
            print(f"attempt {attempt}: {said.splitlines()[0] if said else status}", flush=True)
            if status == 1 and "no order fits these" in said:
                return
        self.fail(f"the judge has accepted {ATTEMPTS} histories")


if __name__ == "__main__":
    main()
