#!/usr/bin/env python3
"""Writes what is in the programs: sbom.cdx.json (CycloneDX 1.5) and THIRD-PARTY.txt.gz, the licences.

    python3 deploy/docker/contents.py DIRECTORY_OF_PROGRAMS DIRECTORY_TO_WRITE_TO

A package counts when cargo links it: procedural macros, build scripts and tests are left out. Needs cargo with the sources
of the dependencies, and for what else is linked Debian's copyright files and those of the Rust toolchain; of Python
nothing but its standard library. The same sources and tools give the same bytes.
"""

import datetime
import gzip
import hashlib
import html
import json
import os
import re
import subprocess
import sys
import tomllib
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = ["kafka-lag-exporter", "kafka-lag", "kafka-lag-scaler"]
FEATURES = ["external-metrics", "keda", "ha"]
EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
# Static linking copies parts of these, too. Each with the Debian package that tells its version and its terms (GCC's
# exception is among them), and the name under which Debian keeps the licence these refer to.
RUNTIME = [
    ("glibc", "libc6-dev", "LGPL-2.1-or-later", "LGPL-2.1"),
    ("gcc", "libgcc-12-dev", "GPL-3.0-or-later WITH GCC-exception-3.1", "GPL-3"),
    ("ca-certificates", "ca-certificates", "MPL-2.0", "MPL-2.0"),
]
RUST_DOC = "share/doc/rust"
NOTE = """\
kafka-lag is licensed under Apache-2.0 (the file LICENSE beside this one). Its programs contain the packages named
below, under their licences. A text stands once, after the names of the packages that carry it.

They also contain parts of Rust's standard library {rust} (MIT OR Apache-2.0), of the GNU C library {glibc}
(LGPL-2.1-or-later) and of GCC's runtime library {gcc} (GPL-3.0-or-later WITH GCC-exception-3.1). To relink them with
another C library: the source and the build script are public, deploy/docker/build.sh. The certificates are those of
Mozilla, in Debian's ca-certificates {ca-certificates} (MPL-2.0).
"""


def run(*command):
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def linked():
    """Packages as (name, version), and for each the packages it uses."""
    host = re.search(r"host: (\S+)", run("rustc", "-vV"))[1]
    features = ",".join(f"{PROGRAMS[0]}/{feature}" for feature in FEATURES)
    text = run("cargo", "tree", "--locked", "--edges", "normal,no-proc-macro", "--prefix", "depth", "--target", host,
               "--no-default-features", "--features", features, *[part for name in PROGRAMS for part in ("-p", name)])
    uses, path = {}, []
    for line in filter(None, text.splitlines()):
        depth, name, version = re.match(r"(\d+)(\S+) v(\S+)", line).groups()
        del path[int(depth):]
        package = (name, version)
        uses.setdefault(package, set())
        if path:
            uses[path[-1]].add(package)
        path.append(package)
    return uses


def version_of(package):
    try:
        return run("dpkg-query", "-W", "-f", "${Version}", package)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def read(path):
    """A text without spaces at the ends of its lines, so that copies of one text are the same."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return "\n".join(line.rstrip() for line in file.read().strip().splitlines())
    except FileNotFoundError:
        sys.exit(f"{path} is missing: an image needs the licences of what is linked (Debian with libc6-dev, libgcc-12-dev and "
                 "ca-certificates, and a Rust toolchain with its share/doc)")


def component(package, meta, checksum, ours):
    """`ours` is the version of this workspace. What does not come from the registry must not be taken for what has that
    name there."""
    name, version = package
    reference = f"pkg:cargo/{name}@{version}"
    found = {"type": "library", "name": name}
    if meta["source"] is None:
        version, reference = ours, f"pkg:generic/kafka-lag/{name}@{ours}"
        found.update(group="kafka-lag", description=meta["description"])
    found.update({"version": version, "bom-ref": reference, "purl": reference,
                  "licenses": [{"expression": re.sub(r"\s*/\s*", " OR ", meta["license"])}]})
    if checksum:
        found["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if meta.get("repository"):
        found["externalReferences"] = [{"type": "vcs", "url": meta["repository"]}]
    return found


def sbom(programs, uses, metas, checksums, versions):
    """The bill of materials; its serial number follows from the content."""
    ours = next(version for name, version in uses if name == PROGRAMS[0])
    packages = {package: component(package, metas[package], checksums.get(package), ours) for package in sorted(uses)}
    parts = list(packages.values())
    for part in parts:
        if part["name"] in PROGRAMS:
            with open(os.path.join(programs, part["name"]), "rb") as program:
                digest = hashlib.sha256(program.read()).hexdigest()
            part.update(type="application", hashes=[{"alg": "SHA-256", "content": digest}])
    rust = {"type": "library", "bom-ref": "rust-std", "name": "rust-std", "version": versions["rust"],
            "purl": f"pkg:generic/rust-std@{versions['rust']}", "licenses": [{"expression": "MIT OR Apache-2.0"}]}
    parts.append(rust)
    for name, _, licence, _ in RUNTIME:
        reference = f"pkg:deb/debian/{name}@{versions[name]}"
        parts.append({"type": "library", "bom-ref": reference, "name": name, "version": versions[name],
                      "purl": reference, "licenses": [{"expression": licence}]})
    image = {"type": "container", "bom-ref": "image", "name": "kafka-lag", "version": ours}
    everywhere = [part["bom-ref"] for part in parts if part["bom-ref"] == "rust-std" or "/glibc@" in part["bom-ref"] or "/gcc@" in part["bom-ref"]]
    edges = [{"ref": "image", "dependsOn": [part["bom-ref"] for part in parts if part["type"] == "application" or part["name"] == "ca-certificates"]}]
    for package, used in sorted(uses.items()):
        needs = sorted(packages[each]["bom-ref"] for each in used) + (everywhere if package[0] in PROGRAMS else [])
        edges.append({"ref": packages[package]["bom-ref"], "dependsOn": needs})
    bom = {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {
            "timestamp": datetime.datetime.fromtimestamp(EPOCH, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": image,
        },
        "components": parts, "dependencies": edges,
    }
    content = json.dumps(bom, sort_keys=True)
    return {"serialNumber": uuid.uuid5(uuid.NAMESPACE_URL, content).urn, **bom}


def standard_text(package, meta, rust_doc):
    """The text of one of its licences, for a package that brings none. The choice is ours where there is an "OR"."""
    for licence in re.split(r"\s+OR\s+|\s*/\s*", meta["license"]):
        path = os.path.join(rust_doc, "licenses", f"{licence}.txt")
        if os.path.exists(path):
            return read(path).replace("<year> <copyright holders>", ", ".join(meta["authors"]) or f"the authors of {package[0]}")
    sys.exit("{} {} brings no text of its licence, {}, and the Rust toolchain has none: add one".format(*package, meta["license"]))


def licences(uses, metas, versions):
    """One text: which packages there are, then each licence with those that carry it."""
    rust_doc = os.path.join(run("rustc", "--print", "sysroot").strip(), RUST_DOC)
    texts, without = {}, []

    def carry(text, name, version):
        texts.setdefault(text, set()).add(f"{name} {version}")

    for package in sorted(uses):
        if metas[package]["source"] is None:
            continue
        folder = os.path.dirname(metas[package]["manifest_path"])
        # Of any depth; in a folder of licences, some of which are hidden, a file may have any name.
        names = sorted(
            os.path.join(where, name) for where, _, files in os.walk(folder) for name in files
            if re.match(r"(?i)(.*/)?\.?licen[sc]es?/", os.path.relpath(os.path.join(where, name), folder))
            or re.match(r"(?i)(un)?licen[sc]e|copying|copyright|notice", name)
            if not name.endswith((".rs", ".toml", ".py"))
        )
        for name in names:
            carry(read(name), *package)
        if not names:
            without.append(package)
            carry(standard_text(package, metas[package], rust_doc), *package)
    for name, package, _, licence in RUNTIME:
        carry(read(f"/usr/share/doc/{package}/copyright"), name, versions[name])
        carry(read(f"/usr/share/common-licenses/{licence}"), name, versions[name])
    page = re.sub(r"<[^>]*>", "", read(os.path.join(rust_doc, "COPYRIGHT-library.html")))
    carry(re.sub(r"\n(\s*\n){2,}", "\n\n", html.unescape(page)).strip(), "rust-std", versions["rust"])
    lines = [NOTE.format(**versions), "Packages, and their licences as they state them:", ""]
    for package in sorted(uses):
        if metas[package]["source"] is not None:
            lines.append("  {} {}: {}".format(*package, metas[package]["license"]))
    lines += ["", "No text is in these packages; here they have the common text of their licence: "
              + ", ".join("{} {}".format(*package) for package in without)]
    for text, owners in sorted(texts.items(), key=lambda item: (-len(item[1]), sorted(item[1]))):
        lines += ["", "=" * 100, ", ".join(sorted(owners)), "=" * 100, "", text]
    return "\n".join(lines) + "\n"


def main():
    programs, out = sys.argv[1:]
    uses = linked()
    metadata = json.loads(run("cargo", "metadata", "--locked", "--format-version", "1"))
    metas = {(package["name"], package["version"]): package for package in metadata["packages"]}
    with open(os.path.join(ROOT, "Cargo.lock"), "rb") as lock:
        checksums = {(entry["name"], entry["version"]): entry.get("checksum") for entry in tomllib.load(lock)["package"]}
    versions = {name: version_of(package) for name, package, _, _ in RUNTIME}
    versions["rust"] = re.search(r"release: (\S+)", run("rustc", "-vV"))[1]
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "sbom.cdx.json"), "w", encoding="utf-8") as file:
        json.dump(sbom(programs, uses, metas, checksums, versions), file, separators=(",", ":"))
        file.write("\n")
    with open(os.path.join(out, "THIRD-PARTY.txt.gz"), "wb") as file:
        file.write(gzip.compress(licences(uses, metas, versions).encode(), 9, mtime=0))
    print(f"{len(uses)} packages are linked")


if __name__ == "__main__":
    main()
