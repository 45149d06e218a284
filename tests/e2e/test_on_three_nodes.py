#!/usr/bin/env python3
"""What tests show of one server holds on three nodes, too, each request sent to a random one: the same tests, another server."""
import unittest

import test_authenticators
import test_bad_input
import test_contract
import test_directory
import test_discovery
import test_documented
import test_formats
import test_hardware_tokens
import test_offline_activation
import test_operations
import test_roles
import test_siem_destinations
import test_tour
from cluster import AnyNode, Cluster
from support import ServerTest, main

MODULES = (test_tour, test_contract, test_roles, test_operations, test_discovery, test_formats, test_documented, test_bad_input, test_directory,
           test_siem_destinations, test_authenticators, test_offline_activation, test_hardware_tokens)
# What is shown of one server there, and isn't so, or not to be seen that way, where each request goes to another node.
OF_ONE_SERVER = {
    "test_rescue": "the event is in the system account of the account's own partition",
    "test_ignored_records_are_counted_by_reason": "metrics of a node of a cluster have the label partition",
    "test_projections_and_metrics_show_it": "the node that pushes to a destination shows how far it has come",
    "test_pause_resume_replay_delete": "a destination gets events at least once, and one comes twice here",
    "test_what_cannot_be_a_token_is_revoked_without_a_command": "metrics of a node of a cluster have the label partition",
}


def classes():
    for module in MODULES:
        yield from (each for each in vars(module).values()
                    if isinstance(each, type) and issubclass(each, ServerTest) and each is not ServerTest)


def load_tests(loader, *_):
    suite = unittest.TestSuite()
    for each in classes():
        for test in loader.loadTestsFromTestCase(each):
            name = test.id().rpartition(".")[2]
            if name in OF_ONE_SERVER:
                setattr(test, name, unittest.skip(OF_ONE_SERVER[name])(getattr(test, name)))
            suite.addTest(test)
    return suite


if __name__ == "__main__":
    settings = {name: value for each in classes() for name, value in each.settings.items()}
    with Cluster(nodes=3, partitions=6, settings=settings) as cluster:
        ServerTest.serve = lambda _: AnyNode(cluster)
        main()
