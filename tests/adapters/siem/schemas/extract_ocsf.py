#!/usr/bin/env python3
"""Makes ocsf-1.8.0.json, the part of the Open Cybersecurity Schema Framework that schemas_test.py validates against: of
the classes that we use and the objects that they reach, each attribute's type, whether it is required, its enum, and the
constraints. No texts. Profiles and extensions are left out: events name none.

Usage: extract_ocsf.py CHECKOUT > ocsf-1.8.0.json, with a checkout of github.com/ocsf/ocsf-schema at branch v1.8.0
"""
import json
import pathlib
import sys

CLASSES = ("event_log_activity", "account_change", "authentication", "entity_management", "application_lifecycle")
ROOT = pathlib.Path(sys.argv[1])
DICTIONARY = json.loads((ROOT / "dictionary.json").read_text())
CATEGORIES = json.loads((ROOT / "categories.json").read_text())["attributes"]


def sources(folder):
    """By file name: the schema's own names for classes are not free of slips."""
    return {path.stem: json.loads(path.read_text()) for path in (ROOT / folder).rglob("*.json")}


EVENTS, OBJECTS = sources("events"), sources("objects")


def flattened(kind, name):
    """Attributes and constraints with those of all ancestors; what a profile brings is left out."""
    own = kind[name]
    if own.get("extends"):
        attributes, constraints, category = flattened(kind, own["extends"])
    else:
        attributes, constraints, category = {}, {}, None
    for key, attribute in own["attributes"].items():
        if key != "$include":
            merged = attributes.get(key, {}) | attribute
            merged["enum"] = attributes.get(key, {}).get("enum", {}) | attribute.get("enum", {})
            attributes[key] = merged
    attributes = {key: value for key, value in attributes.items() if not value.get("profile")}
    # OCSF's constraints are a class's own: they replace what it inherits.
    return attributes, own.get("constraints", constraints), own.get("category", category)


def facts(attributes):
    out = {}
    for name, attribute in sorted(attributes.items()):
        known = DICTIONARY["attributes"].get(name, {})
        fact = {"type": attribute.get("object_type") or attribute.get("type") or known["type"]}
        if known.get("is_array") or attribute.get("is_array"):
            fact["array"] = True
        if attribute.get("requirement") == "required":
            fact["required"] = True
        enum = known.get("enum", {}) | attribute.get("enum", {})
        if enum:
            fact["enum"] = {key: value["caption"] for key, value in enum.items()}
            fact["sibling"] = attribute.get("sibling") or known.get("sibling")
        out[name] = fact
    return out


def main():
    classes, objects, waiting = {}, {}, set()

    def described(kind, name):
        attributes, constraints, category = flattened(kind, name)
        out = {"attributes": facts(attributes)}
        if constraints:
            out["constraints"] = constraints
        waiting.update(fact["type"] for fact in out["attributes"].values() if fact["type"] in OBJECTS)
        return out, category

    for name in CLASSES:
        described_class, category = described(EVENTS, name)
        category_uid = CATEGORIES[category]["uid"]
        described_class |= {"caption": EVENTS[name]["caption"], "category": category_uid,
                            "category_name": CATEGORIES[category]["caption"]}
        classes[str(category_uid * 1000 + EVENTS[name]["uid"])] = described_class
    # Only objects that we fill in: all that can be reached are most of the schema.
    wanted = set(sys.argv[2].split(",")) if len(sys.argv) > 2 else {
        "metadata", "product", "user", "actor", "managed_entity", "device", "organization", "policy", "network_endpoint",
        "http_request", "session", "service", "location", "autonomous_system"}
    for name in sorted(wanted):
        objects[name] = described(OBJECTS, name)[0]
    types = {name: {key: type[key] for key in ("regex", "max_len", "type", "range") if key in type}
             for name, type in DICTIONARY["types"]["attributes"].items()}
    version = json.loads((ROOT / "version.json").read_text())["version"]
    print(json.dumps({"version": version, "classes": classes, "objects": objects, "types": types}, indent=1, sort_keys=True))


if __name__ == "__main__":
    main()
