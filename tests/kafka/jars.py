#!/usr/bin/env python3
"""The jars that an Apache Kafka broker of a given version needs, as the lock files beside this file name them.

A lock file has one "group:artifact:version sha256" a line. class_path(version) gives the jars' directory, fetched from Maven
Central by Debian's mvn if it isn't in the cache yet: ${XDG_CACHE_HOME:-~/.cache}/countersign/kafka/<version>. Every
jar is checked against its sum before it is used; a directory appears in the cache whole or not at all.

Usage: jars.py fetch VERSION          prints the directory
       jars.py lock VERSION RELEASE   writes the lock file of, say, 3.9 anew from the release 3.9.1
"""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
VERSIONS = ("3.9", "4.1")
UNAVAILABLE_STATUS = 77  # ctest's SKIP_RETURN_CODE
FETCH_SECONDS = 600
DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"
BROKER = "kafka_2.13"
# By themselves, without what they would bring: the programs behind kafka-topics.sh, and where warnings are written to.
ALONE = {"3.9": (("org.slf4j", "slf4j-reload4j", "1.7.36"), ("ch.qos.reload4j", "reload4j", "1.2.25")),
         "4.1": (("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.3"),)}


class Unavailable(Exception):
    """Java or the jars can't be had on this machine: tests that need brokers are skipped."""


def lock_file(version):
    if version not in VERSIONS:
        raise ValueError(f"no Kafka {version}: there are {', '.join(VERSIONS)}")
    return HERE / f"kafka-{version}.lock"


def locked(version):
    """[(group, artifact, version, sha256)]"""
    rows = []
    for line in lock_file(version).read_text().splitlines():
        if line and not line.startswith("#"):
            coordinates, digest = line.split()
            rows.append((*coordinates.split(":"), digest))
    return rows


def jar_name(row):
    return f"{row[1]}-{row[2]}.jar"


def cache_root():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(base) / "countersign" / "kafka"


def sha256(file):
    digest = hashlib.sha256()
    with open(file, "rb") as opened:
        while chunk := opened.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def wrong_jars(directory, rows):
    """Names of the jars that are missing or have another sum."""
    return [jar_name(row) for row in rows
            if not (directory / jar_name(row)).is_file() or sha256(directory / jar_name(row)) != row[3]]


def run_maven(pom, *arguments):
    if not shutil.which("mvn"):
        raise Unavailable("mvn is missing: apt-get install maven")
    try:
        done = subprocess.run(["mvn", "--batch-mode", "--file", str(pom), *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=FETCH_SECONDS)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"Maven Central did not answer within {FETCH_SECONDS} s") from None
    if done.returncode:
        errors = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")]
        raise Unavailable("mvn could not get the jars: " + (errors[0] if errors else done.stdout[-400:] + done.stderr[-400:]))
    return done.stdout


def write_pom(file, alone, transitive=()):
    no_others = "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>"
    dependencies = "".join(f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>"
                           f"{exclusions}</dependency>"
                           for rows, exclusions in ((transitive, ""), (alone, no_others))
                           for group, artifact, version in rows)
    file.write_text('<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
                    "<groupId>countersign</groupId><artifactId>kafka</artifactId><version>1</version>"
                    f"<packaging>pom</packaging><dependencies>{dependencies}</dependencies></project>")


def class_path(version):
    """The directory with the jars of `version`, complete and checked. Raises Unavailable."""
    rows = locked(version)
    directory = cache_root() / version
    if not wrong_jars(directory, rows):
        return directory
    directory.parent.mkdir(parents=True, exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix=f".{version}.", dir=directory.parent))
    try:
        write_pom(work / "pom.xml", [row[:3] for row in rows])
        run_maven(work / "pom.xml", "--quiet", f"{DEPENDENCY_PLUGIN}:copy-dependencies",
                  f"-DoutputDirectory={work / 'jars'}", "-DincludeScope=runtime")
        if wrong := wrong_jars(work / "jars", rows):
            raise RuntimeError(f"these jars are not the ones that {lock_file(version).name} names: {', '.join(wrong)}")
        put_in_place(work, directory, rows)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return directory


def put_in_place(work, directory, rows):
    """Another process may do the same at the same time: whoever comes second finds it done."""
    if directory.exists():
        if not wrong_jars(directory, rows):
            return
        directory.rename(work / "replaced")
    try:
        (work / "jars").rename(directory)
    except OSError:
        if wrong_jars(directory, rows):
            raise


def write_lock(version, release):
    work = pathlib.Path(tempfile.mkdtemp(prefix="countersign-kafka-lock."))
    try:
        alone = [("org.apache.kafka", "kafka-tools", release), *ALONE[version]]
        write_pom(work / "pom.xml", alone, transitive=[("org.apache.kafka", BROKER, release)])
        listed = run_maven(work / "pom.xml", f"{DEPENDENCY_PLUGIN}:list", "-DincludeScope=runtime")
        rows = sorted(set(re.findall(r"([\w.-]+):([\w.-]+):jar:([\w.-]+):(?:compile|runtime)\b", listed)))
        write_pom(work / "pom.xml", rows)
        run_maven(work / "pom.xml", "--quiet", f"{DEPENDENCY_PLUGIN}:copy-dependencies", f"-DoutputDirectory={work / 'jars'}")
        lines = [f"{':'.join(row)} {sha256(work / 'jars' / jar_name(row))}" for row in rows]
        lock_file(version).write_text(f"# The class path of Apache Kafka {release}: group:artifact:version sha256\n" +
                                      "\n".join(lines) + "\n")
    finally:
        shutil.rmtree(work, ignore_errors=True)


def find_java():
    """A Java of release 17 or newer. Raises Unavailable."""
    homes = [os.environ.get("JAVA_HOME", "")] + sorted(map(str, pathlib.Path("/usr/lib/jvm").glob("java-17-*")))
    for candidate in [f"{home}/bin/java" for home in homes if home] + [shutil.which("java") or ""]:
        if not candidate or not os.access(candidate, os.X_OK):
            continue
        told = subprocess.run([candidate, "-version"], capture_output=True, text=True, timeout=60).stderr
        release = re.search(r'version "(\d+)', told)
        if release and int(release.group(1)) >= 17:
            return candidate
    raise Unavailable("Java 17 is missing: apt-get install openjdk-17-jre-headless")


def main():
    try:
        match sys.argv[1:]:
            case ["fetch", version]:
                print(class_path(version))
            case ["lock", version, release]:
                write_lock(version, release)
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except Unavailable as error:
        print(f"unavailable: {error}", file=sys.stderr)
        return UNAVAILABLE_STATUS
    return 0


if __name__ == "__main__":
    sys.exit(main())
