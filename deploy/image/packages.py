# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of packages in the image, as SPDX 2.3 (JSON).

Each package with its version, its source's version and a package URL by which a scanner finds it,
and each program and library as a file of its package.
"""

import hashlib
import json
import re
import subprocess
import time
import uuid

LIST = "/usr/share/doc/dockflare-agent/packages.spdx.json"
DISTRIBUTION = "debian-12"
QUERY = "\t".join("${%s}" % field for field in (
    "Package", "Version", "Architecture", "source:Package", "source:Version"))


class Package:
    def __init__(self, name, version, by, **more):
        self.name = name
        self.version = version
        self.by = by  # dpkg, built, or own
        self.more = more
        self.files = []
        self.id = "SPDXRef-Package-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)


def own(version):
    return Package("dockflare-agent", version, "own", licenseDeclared="GPL-3.0-or-later",
                   supplier="NOASSERTION", primaryPackagePurpose="APPLICATION")


def reference(name, version, **qualifiers):
    """A package URL of Debian's."""
    quoted = version.replace("+", "%2B").replace(":", "%3A").replace("~", "%7E")
    return [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
             "referenceLocator": "pkg:deb/debian/%s@%s?%s" % (name.replace("+", "%2B"), quoted, "&".join(
                 "%s=%s" % item for item in sorted(qualifiers.items())))}]


def debian(name, version, by, **more):
    return Package(name, version, by, licenseDeclared="NOASSERTION", supplier="Organization: Debian",
                   **more)


def built(source, version):
    """A library that the image's build made of a source package of Debian's."""
    return debian(source, version, "built", primaryPackagePurpose="LIBRARY",
                  comment="built from Debian's source package by deploy/image/libraries.sh",
                  externalRefs=reference(source, version, arch="source", distro=DISTRIBUTION))


def query(*command):
    return subprocess.run(["dpkg-query", *command], stdout=subprocess.PIPE, check=False,
                          stderr=subprocess.DEVNULL, text=True).stdout


def owner(path, architecture):
    """The installed package of a file; dpkg may know it without /usr."""
    found = ""
    for known in (path, path.removeprefix("/usr")):
        found = found or query("--search", known)
    names = found.partition(": ")[0].split(", ")
    if not names[0]:
        raise SystemExit("packages.py: no package has " + path)
    name = next((name for name in names if name.endswith(":" + architecture)), names[0])
    package, version, arch, source, source_version = query("-W", "-f", QUERY, name).split("\t")
    return debian(package, version, "dpkg",
                  sourceInfo="built by Debian from source package %s %s" % (source, source_version),
                  externalRefs=reference(package, version, arch=arch, distro=DISTRIBUTION))


def checksums(path):
    with open(path, "rb") as file:
        data = file.read()
    return {name: hashlib.new(name, data).hexdigest() for name in ("sha1", "sha256")}


def file_record(number, path, sums):
    return {"SPDXID": "SPDXRef-File-%d" % number, "fileName": "." + path, "fileTypes": ["BINARY"],
            "checksums": [{"algorithm": name.upper(), "checksumValue": value}
                          for name, value in sums.items()],
            "licenseConcluded": "NOASSERTION", "licenseInfoInFiles": ["NOASSERTION"],
            "copyrightText": "NOASSERTION"}


def package_record(package, files):
    record = {"SPDXID": package.id, "name": package.name, "versionInfo": package.version,
              "downloadLocation": "NOASSERTION", "filesAnalyzed": bool(files),
              "licenseConcluded": "NOASSERTION", "copyrightText": "NOASSERTION", **package.more}
    if files:
        sums = sorted(check["checksumValue"] for file in files for check in file["checksums"]
                      if check["algorithm"] == "SHA1")
        record["packageVerificationCode"] = {
            "packageVerificationCodeValue": hashlib.sha1("".join(sums).encode()).hexdigest()}
        record["licenseInfoFromFiles"] = ["NOASSERTION"]
    return record


def relation(one, kind, other):
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}


def write(target, inside, packages, version, architecture, moment):
    """Writes the list to the file target; inside gives the place of an image's file here."""
    name = "dockflare-agent-%s-%s" % (version, architecture)
    image = {"SPDXID": "SPDXRef-Image", "name": name, "versionInfo": version,
             "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "supplier": "NOASSERTION",
             "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION",
             "copyrightText": "NOASSERTION", "primaryPackagePurpose": "CONTAINER"}
    records, files = [image], []
    relations = [relation("SPDXRef-DOCUMENT", "DESCRIBES", image["SPDXID"])]
    for package in sorted(packages, key=lambda package: package.name):
        held = [file_record(len(files) + number, path, checksums(inside(path)))
                for number, path in enumerate(sorted(package.files))]
        files += held
        records.append(package_record(package, held))
        relations.append(relation(image["SPDXID"], "CONTAINS", package.id))
        relations += [relation(package.id, "CONTAINS", file["SPDXID"]) for file in held]
    document = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "creationInfo": {"created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment)),
                         "creators": ["Tool: dockflare-agent-image-" + version]},
        "packages": records, "files": files, "relationships": relations}
    # A name of its own for each content, and the same for the same.
    document["documentNamespace"] = uuid.uuid5(
        uuid.NAMESPACE_OID, json.dumps(document, sort_keys=True)).urn
    with open(target, "w", encoding="ascii") as file:
        json.dump(document, file, indent=1)
        file.write("\n")
