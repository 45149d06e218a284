"""Ports of loopback for servers that are started again on the same one.

They aren't those that the kernel gives to connections: while such a server is down its port could be given to anybody's connection,
even to one that tries to reach it, which then meets itself; and the server couldn't listen any more.
"""
import pathlib
import random
import socket

LOWEST = 10_000


def ports_of_connections():
    """The first and the last."""
    low, high = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    return int(low), int(high)


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count):
    """Drawn at random, so that several programs at a time hardly draw the same."""
    low, high = ports_of_connections()
    others = [port for port in range(LOWEST, 65_536) if not low <= port <= high]
    chance = random.SystemRandom()
    found = []
    for port in chance.sample(others, len(others)):
        if len(found) == count:
            break
        if is_free(port):
            found.append(port)
    if len(found) < count:
        raise RuntimeError(f"{count} ports outside of {low} to {high} were wanted, and {len(found)} are free")
    return found


def free_port():
    return free_ports(1)[0]
