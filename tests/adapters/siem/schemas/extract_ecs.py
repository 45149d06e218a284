#!/usr/bin/env python3
"""Makes ecs-8.17.json, the part of the Elastic Common Schema that schemas_test.py validates against: field names with
type and whether they are arrays, and the event types that each category takes. No texts.

Usage: extract_ecs.py CHECKOUT > ecs-8.17.json, with a checkout of github.com/elastic/ecs at branch 8.17
"""
import json
import pathlib
import sys

import yaml

# Field sets that we fill in, and what they reuse.
SETS = ("@timestamp", "message", "ecs.", "event.", "organization.", "observer.", "user.", "source.ip", "source.address",
        "source.geo.country_iso_code", "source.geo.city_name", "source.as.", "user_agent.", "related.", "trace.")
LEFT_OUT = (".changes.", ".effective.", ".risk.", ".os.", "observer.geo.", ".egress", ".ingress", ".device.", ".group.")


def main():
    root = pathlib.Path(sys.argv[1])
    fields = yaml.safe_load((root / "generated/ecs/ecs_flat.yml").read_text())
    kept = {name: {"type": field["type"]} | ({"array": True} if "array" in field["normalize"] else {})
            for name, field in fields.items() if name.startswith(SETS) and not any(part in name for part in LEFT_OUT)}
    allowed = {name: {value["name"]: value.get("expected_event_types", []) for value in fields[name]["allowed_values"]}
               for name in ("event.kind", "event.category", "event.type", "event.outcome")}
    print(json.dumps({"version": (root / "version").read_text().strip(), "fields": kept, "allowed": allowed}, indent=1, sort_keys=True))


if __name__ == "__main__":
    main()
