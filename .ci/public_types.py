#!/usr/bin/env python3
"""Which types and traits of other crates stand in our public APIs: only those that are listed in
`.ci/public_types`, and each of those does.

It reads what rustdoc writes as JSON, one file a crate."""

import json
import sys

OURS = ("mtaio", "mtaio_runtime", "mtaio_sim", "mtaio_smol", "mtaio_tokio", "mtaio_redis")
OF_RUST = ("std", "core", "alloc")


def named(value, ids):
    """The ids of all paths in a part of a signature."""
    if isinstance(value, list):
        for one in value:
            named(one, ids)
    elif isinstance(value, dict):
        # A path, or a `use`, which has a source.
        if value.get("id") is not None and ("path" in value or "source" in value):
            ids.add(str(value["id"]))
        for one in value.values():
            named(one, ids)


def foreign(file):
    """What a crate's public API names of others: the path, and where it is named."""
    with open(file) as text:
        crate = json.load(text)
    paths = crate["paths"]
    found = {}
    for item in crate["index"].values():
        # What is of another crate, or written by the compiler, is not ours to name.
        of_compiler = item["inner"].get("impl", {})
        if item["crate_id"] != 0 or of_compiler.get("is_synthetic") or of_compiler.get("blanket_impl"):
            continue
        ids = set()
        named(item["inner"], ids)
        for path in (paths[one] for one in ids if one in paths):
            if path["crate_id"] != 0 and path["path"][0] not in OURS + OF_RUST:
                where = (item.get("span") or {}).get("filename", "?")
                found.setdefault("::".join(path["path"]), set()).add(where)
    return found


def main(allowed_file, files):
    with open(allowed_file) as text:
        lines = (line.split("#")[0].strip() for line in text)
        allowed = {line for line in lines if line}
    found = {}
    for file in files:
        for path, where in foreign(file).items():
            found.setdefault(path, set()).update(where)
    for path in sorted(found.keys() - allowed):
        print(f"error: {path} stands in the public API, in {', '.join(sorted(found[path]))}", file=sys.stderr)
    for path in sorted(allowed - found.keys()):
        print(f"error: {path} is listed, and stands nowhere", file=sys.stderr)
    if found.keys() != allowed:
        sys.exit(1)
    print(f"{len(found)} types and traits of other crates, all of them listed")


main(sys.argv[1], sys.argv[2:])
