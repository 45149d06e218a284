#!/usr/bin/env python3
"""Starts brokers, runs a GoogleTest program against them, stops them. Exits with the program's status, or 77 where
Java or the jars can't be had.

The program finds the brokers in COUNTERSIGN_TEST_KAFKA_BROKERS, kafka-topics.sh and its like in its PATH, and in
COUNTERSIGN_TEST_KAFKA_CONTROL a Unix socket that takes one line a connection, "kill 1", "pause 1", "resume 1", "start 1"
or "restore 0" (all of them up again), and answers "ok" when that is done.
"""
import argparse
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import brokers
import jars

LONGEST_S = 600  # several times what it takes, and less than ctest gives it

PROGRAMS = {
    "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
    "kafka-configs.sh": "kafka.admin.ConfigCommand",
    "kafka-reassign-partitions.sh": "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
}


def write_programs(cluster, directory):
    directory.mkdir()
    for name, main_class in PROGRAMS.items():
        file = directory / name
        words = " ".join(f"'{word}'" for word in cluster.command(main_class))
        file.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        file.chmod(0o755)


def obey(cluster, line):
    verb, number = line.split()
    if verb == "restore":
        for broker in cluster.brokers:
            broker.resume_if_running()
            if not broker.running():
                broker.start()
        cluster.wait_ready()
        return
    broker = cluster.brokers[int(number) - 1]
    if verb == "start":
        broker.start()
        cluster.wait_ready()
    else:
        {"kill": broker.kill, "pause": broker.pause, "resume": broker.resume}[verb]()


def say_where_it_hangs(program):
    print(f"run_tests.py: it runs for {LONGEST_S} s and is ended", flush=True)
    if shutil.which("gdb"):
        subprocess.run(["gdb", "-p", str(program.pid), "-batch", "-ex", "thread apply all backtrace 25"], stderr=subprocess.DEVNULL,
                       timeout=60, check=False)


def serve(cluster, program, listener):
    """Until the program ends. All brokers are started by this thread: they end with it."""
    until = time.monotonic() + LONGEST_S
    while program.poll() is None:
        if time.monotonic() > until:
            say_where_it_hangs(program)
            program.kill()
            return program.wait()
        readable, _, _ = select.select([listener], [], [], 0.05)
        if not readable:
            continue
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(10)
            try:
                obey(cluster, connection.makefile().readline())
                connection.sendall(b"ok")
            except (RuntimeError, OSError, KeyError, ValueError, AssertionError) as error:
                print(f"run_tests.py: {error}", file=sys.stderr)
    return program.returncode


def environment(cluster, work, name):
    variables = dict(os.environ)
    variables["PATH"] = f"{work / 'bin'}:{variables['PATH']}"
    variables["COUNTERSIGN_TEST_KAFKA_BROKERS"] = cluster.bootstrap
    variables["COUNTERSIGN_TEST_KAFKA_CONTROL"] = str(work / "control")
    # One program runs under several names: its cases are reported under this one.
    results = variables.get("GTEST_OUTPUT", "")
    if name and results.startswith("xml:") and results.endswith("/"):
        variables["GTEST_OUTPUT"] = f"{results}{name}.xml"
    return variables


def run(arguments, work):
    with brokers.Cluster(arguments.version, work / "kafka", arguments.brokers) as cluster:
        write_programs(cluster, work / "bin")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(work / "control"))
        listener.listen(4)
        program = subprocess.Popen([os.path.abspath(arguments.program[0]), *arguments.program[1:]], cwd=work,
                                   env=environment(cluster, work, arguments.name), stdin=subprocess.DEVNULL,
                                   preexec_fn=lambda: brokers.die_with_parent(signal.SIGKILL))
        status = serve(cluster, program, listener)
        if status:
            for broker in cluster.brokers:
                print(f"--- broker {broker.number}:\n{broker.output.read_text(errors='replace')[-3000:]}")
        return status if status >= 0 else 128 - status


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--version", choices=jars.VERSIONS, required=True)
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1)
    parser.add_argument("--name", help="of the test, for its results' file")
    parser.add_argument("program", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="countersign-kafka."))
    try:
        return run(arguments, work)
    except jars.Unavailable as error:
        print(f"skipped: {error}")
        return jars.UNAVAILABLE_STATUS
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
