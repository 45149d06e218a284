#!/usr/bin/env python3
"""Holds docs/api/openapi.yaml against itself: references lead somewhere, operations are named once and say who may call
them, secrets aren't cached, path parameters are declared. And against the server's route table, in both directions: which
operations there are, who may call them, and which query parameters and media types they take.

Usage: openapi_test.py REPOSITORY PRINT_ROUTES
"""
import json
import pathlib
import re
import subprocess
import sys
import unittest

import yaml

ROOT = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else ".").resolve()
PRINT_ROUTES = sys.argv.pop(1) if len(sys.argv) > 1 else ROOT / "build/dev/bin/print_routes"
ROLES = {"root", "admin", "operator", "auditor", "gateway", "siem", "scim", "public"}
METHODS = ("get", "post", "patch", "delete", "put")


class OpenApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.document = yaml.safe_load((ROOT / "docs/api/openapi.yaml").read_text("utf-8"))
        cls.operations = [(path, method, item[method], item.get("parameters", []))
                          for path, item in cls.document["paths"].items() for method in METHODS if method in item]

        printed = subprocess.run([PRINT_ROUTES], check=True, capture_output=True, text=True).stdout
        cls.routes = {route["operation"]: route for route in map(json.loads, printed.splitlines())}

    def of_each_operation(self, say):
        return {operation["operationId"]: say(path, method, operation, shared)
                for path, method, operation, shared in self.operations}

    def test_the_server_has_these_operations_and_no_others(self):
        self.assertEqual({name: (route["verb"], route["path"]) for name, route in self.routes.items()},
                         self.of_each_operation(lambda path, method, *_: (method.upper(), path)))

    def test_the_server_lets_these_roles_and_no_others(self):
        self.assertEqual({name: set(route["roles"]) for name, route in self.routes.items()},
                         self.of_each_operation(lambda _, __, operation, ___: set(operation["x-roles"])))

    def test_the_server_knows_these_query_parameters_and_no_others(self):
        def queried(_, __, operation, shared):
            declared = [self.resolve(p["$ref"]) if "$ref" in p else p for p in shared + operation.get("parameters", [])]
            return {p["name"] for p in declared if p["in"] == "query"}
        self.assertEqual({name: set(route["query"]) for name, route in self.routes.items()}, self.of_each_operation(queried))

    def test_the_server_takes_these_media_types_and_no_others(self):
        for _, __, operation, ___ in self.operations:
            if "requestBody" in operation:
                self.assertEqual(set(self.routes[operation["operationId"]]["accepts"]),
                                 set(operation["requestBody"]["content"]), operation["operationId"])

    def test_reads_can_wait_for_a_position(self):
        """Every GET of an account's objects but the stream and the server's own pages."""
        for path, method, operation, _ in self.operations:
            if method == "get" and "public" not in operation["x-roles"] and operation["operationId"] not in (
                    "stream_events", "list_projections", "get_cluster", "list_nodes"):
                self.assertIn({"$ref": "#/components/parameters/min_position"}, operation.get("parameters", []), path)

    def resolve(self, reference):
        node = self.document
        for part in reference.removeprefix("#/").split("/"):
            self.assertIn(part, node, f"{reference} leads nowhere")
            node = node[part]
        return node

    def references(self, node):
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            node = list(node.values())
        if isinstance(node, list):
            for child in node:
                yield from self.references(child)

    def test_every_reference_leads_somewhere(self):
        for reference in self.references(self.document):
            self.resolve(reference)

    def test_every_component_is_used(self):
        used = set(self.references(self.document))
        for kind in ("schemas", "parameters", "responses", "headers"):
            for name in self.document["components"][kind]:
                self.assertIn(f"#/components/{kind}/{name}", used)

    def test_operations_are_named_once_in_snake_case(self):
        names = [operation["operationId"] for _, _, operation, _ in self.operations]
        self.assertEqual(len(names), len(set(names)))
        for name in names:
            self.assertRegex(name, r"^[a-z]+(_[a-z]+)*$")

    def test_every_operation_says_who_may_call_it(self):
        for path, method, operation, _ in self.operations:
            roles = operation["x-roles"]
            self.assertTrue(set(roles) <= ROLES and roles, f"{method} {path}")
            self.assertEqual(len(roles), len(set(roles)))
            public = roles == ["public"]
            self.assertEqual("public" in roles, public, "public stands alone")
            self.assertEqual(operation.get("security") == [], public, f"{method} {path}")
            if not public:
                self.assertTrue({"401", "403"} <= operation["responses"].keys(), f"{method} {path}")

    def test_path_parameters_are_declared(self):
        for path, method, operation, shared in self.operations:
            declared = [self.resolve(p["$ref"]) if "$ref" in p else p for p in shared + operation.get("parameters", [])]
            self.assertEqual(set(re.findall(r"{(\w+)}", path)), {p["name"] for p in declared if p["in"] == "path"})
            for parameter in declared:
                if parameter["in"] == "path":
                    self.assertTrue(parameter["required"])

    def test_bodies_bring_their_refusals(self):
        for path, method, operation, _ in self.operations:
            if "requestBody" in operation:
                self.assertTrue({"400", "415"} <= operation["responses"].keys(), f"{method} {path}")

    def test_secrets_are_not_cached_and_guarded_by_long_keys(self):
        for path, method, operation, _ in self.operations:
            parameters = [p.get("$ref", "") for p in operation.get("parameters", [])]
            if any(p.endswith("/idempotency_key_secret") for p in parameters):
                self.assertIn("Cache-Control", operation["responses"]["201"]["headers"], f"{method} {path}")

    def test_only_bodies_of_requests_are_closed(self):
        """What the server sends may grow; what it accepts may not hold anything unknown."""
        bodies = {reference for _, _, operation, _ in self.operations if "requestBody" in operation
                  for reference in self.references(operation["requestBody"])}
        for name, schema in self.document["components"]["schemas"].items():
            if f"#/components/schemas/{name}" in bodies and name not in ("TokenForm", "DeliveryReport", "DeliveryReportForm"):  # hints (RFC 7009); whatever gateways add
                self.assertIs(schema.get("additionalProperties"), False, name)


if __name__ == "__main__":
    unittest.main()
