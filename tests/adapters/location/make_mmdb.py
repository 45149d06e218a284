#!/usr/bin/env python3
"""Makes a small database in MaxMind's format (MaxMind DB File Format Specification 2.0), for tests.

Usage: make_mmdb.py FILE < networks.json, an object from network ("192.0.2.0/24") to record.
"""
import ipaddress
import json
import pathlib
import struct
import sys

MARKER = b"\xab\xcd\xefMaxMind.com"


def encode(value):
    def control(type, size):
        assert size < 285
        first = (type << 5 if type < 8 else 0) | min(size, 29)
        return bytes([first]) + (bytes([type - 7]) if type >= 8 else b"") + (bytes([size - 29]) if size >= 29 else b"")
    if isinstance(value, dict):
        return control(7, len(value)) + b"".join(encode(key) + encode(member) for key, member in value.items())
    if isinstance(value, list):
        return control(11, len(value)) + b"".join(map(encode, value))
    if isinstance(value, str):
        text = value.encode()
        return control(2, len(text)) + text
    if isinstance(value, Number):
        return control(value.type, value.size) + int(value).to_bytes(value.size, "big")
    return control(6, 4) + struct.pack(">I", value)


class Number(int):
    """Of another type than uint32: the metadata's types are fixed."""
    type, size = 5, 2


class Number64(Number):
    type, size = 9, 8


def database(networks):
    nodes, data = [[None, None]], b""
    for network, record in networks.items():
        network = ipaddress.ip_network(network)
        v4 = network.version == 4
        bits = format(int(network.network_address), "0128b")[:network.prefixlen + (96 if v4 else 0)]
        at = 0
        for bit in bits[:-1]:
            if nodes[at][int(bit)] is None:
                nodes.append([None, None])
                nodes[at][int(bit)] = len(nodes) - 1
            at = nodes[at][int(bit)]
        nodes[at][int(bits[-1])] = ("data", len(data))
        data += encode(record)

    def number(entry):
        if entry is None:
            return len(nodes)
        return len(nodes) + 16 + entry[1] if isinstance(entry, tuple) else entry
    tree = b"".join(number(entry).to_bytes(3, "big") for node in nodes for entry in node)
    about = {"node_count": len(nodes), "record_size": Number(24), "ip_version": Number(6), "database_type": "Test", "languages": ["en"],
             "binary_format_major_version": Number(2), "binary_format_minor_version": Number(0), "build_epoch": Number64(1),
             "description": {"en": "for tests"}}
    return tree + bytes(16) + data + MARKER + encode(about)


if __name__ == "__main__":
    pathlib.Path(sys.argv[1]).write_bytes(database(json.load(sys.stdin)))
