#!/usr/bin/env python3
"""What tests show of one server holds on three nodes, too, each request sent to a random one: the same tests, another server."""
import unittest

import test_bad_input
import test_contract
import test_directory
import test_discovery
import test_documented
import test_formats
import test_operations
import test_roles
import test_siem_destinations
import test_tour
from cluster import AnyNode, Cluster
from support import ServerTest, main

MODULES = (test_tour, test_contract, test_roles, test_operations, test_discovery, test_formats, test_documented, test_bad_input, test_directory,
           test_siem_destinations)

cluster = None


def setUpModule():
    global cluster
    cluster = Cluster(nodes=3, partitions=6)
    ServerTest.serve = lambda settings: AnyNode(cluster)


def tearDownModule():
    cluster.close()


def load_tests(loader, *_):
    suite = unittest.TestSuite()
    for module in MODULES:
        for each in vars(module).values():
            if isinstance(each, type) and issubclass(each, ServerTest) and each is not ServerTest:
                suite.addTests(loader.loadTestsFromTestCase(each))
    return suite


if __name__ == "__main__":
    main()
