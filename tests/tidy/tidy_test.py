#!/usr/bin/env python3
"""Rules of the house that a compiler doesn't know: who may include whom, names, headers, sizes, a pure domain.

Usage: tidy_test.py [REPOSITORY]. Prints file:line: what is wrong, and exits 1 if anything is. The checks are tried on
planted mistakes in self_check(), so that a rule that went blind fails too.
"""
import pathlib
import re
import sys

OURS = ("domain", "bus", "projections", "adapters", "tools", "tests")

# folder -> folders of ours that it may include, and foreign headers that it must not.
MAY_INCLUDE = {
    "domain": {"domain"},
    "bus": {"bus"},
    "projections": {"projections", "domain", "bus"},
    "adapters": {"adapters", "projections", "domain", "bus"},
    "tools": {"tools", "adapters", "projections", "domain", "bus"},
    "tests": set(OURS),
}
BARRED = {
    "domain": r"rocksdb/|librdkafka/|openssl/|sodium|boost/|spdlog/|toml\+\+|prometheus/|CLI/|gtest/",
    "bus": r"librdkafka/(?!rdkafka\.h)|sodium|spdlog/|toml\+\+|prometheus/|CLI/|gtest/|boost/(?:beast|json|url)",
    "projections": r"librdkafka/|boost/(?:beast|json|url)|toml\+\+|CLI/|gtest/",
    "adapters": r"CLI/|gtest/",
    "tools": r"gtest/",
    "tests": r"(?!)",
}
BANNED = ("Manager", "Helper", "Utils", "Util", "Common", "Misc", "Impl", "Base", "Processor", "Data", "Info")
# Terms of the field that hold such a word: the directory that --data-dir names.
TERMS = ("DataDirectory", "data_directory")
# What only the world outside knows: time, chance, files, other threads.
IMPURE = re.compile(
    r"#include <(?:chrono|random|fstream|iostream|filesystem|thread|mutex|shared_mutex|atomic|condition_variable|future|"
    r"cstdio|ctime|unistd\.h|sys/[^>]*|time\.h|stdio\.h)>|"
    r"\b(?:std::)?time\((?:nullptr|NULL|0)\)|"
    r"\b(?:std::(?:chrono|random_device|mt19937(?:_64)?|cout|cerr|this_thread)|(?<![.>\w:])(?:rand|srand|getenv|fopen|"
    r"printf|clock_gettime|gettimeofday|getrandom))\b(?:\s*\(|::|\b(?=\s*<<))")

MOST_LINES = 400
MOST_LINES_IN_TESTS = 600  # tables and scenarios read better in one place
# file -> lines it may have, with the reason beside it. Keep it empty.
LONGER = {}

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
TYPE = re.compile(r"^\s*(?:template\s*<[^;{]*>\s*)?(?:class|struct|enum(?:\s+(?:class|struct))?|using|concept)\s+"
                  r"(?:\[\[\w+\]\]\s*)?([A-Za-z_]\w*)(?!\s*::)")
OTHERS_TYPE = re.compile(r"^(?:class|struct) \w+;$|^\s+using \w+ =")  # declared elsewhere; named as a library does
USING_NAMESPACE = re.compile(r"^\s*using\s+namespace\b")


def code_of(line):
    """The line without comment and string contents."""
    return re.sub(r'"(?:\\.|[^"\\])*"', '""', line).split("//")[0]


def words_of(name):
    """CamelCase and snake_case parts: FrameReader -> Frame Reader."""
    return re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)


def banned_word(name):
    for term in TERMS:
        name = name.replace(term, "")
    return next((word for word in words_of(name) if word.capitalize() in BANNED), None)


def includes_wrongly(folder, line):
    match = INCLUDE.match(line)
    if not match:
        return None
    header = match.group(1) or match.group(2)
    first = header.split("/")[0]
    if match.group(1) and "/" not in header:
        return f'include "{header}" by its path from the root'
    if first in OURS and "/" in header and first not in MAY_INCLUDE[folder]:
        return f"{folder}/ must not include {first}/"
    if re.match(BARRED[folder], header):
        return f"{folder}/ must not include <{header}>"
    return None


def check_header(lines):
    if not lines or lines[0].strip() != "#pragma once":
        yield 1, "a header begins with #pragma once"
    if len(lines) < 2 or not re.match(r"//\s*\S", lines[1]):
        yield 2, "a header opens with a paragraph that says what it is for"


def check(folder, name, text):
    """Yields (line, what is wrong) for one file."""
    lines = text.splitlines()
    stem = pathlib.PurePath(name).stem
    if word := banned_word(stem):
        yield 1, f"'{word}' in a file's name says nothing"
    most = LONGER.get(name, MOST_LINES_IN_TESTS if folder == "tests" else MOST_LINES)
    if len(lines) > most:
        yield len(lines), f"{len(lines)} lines; split it where the thought splits ({most} at most)"
    header = name.endswith(".h")
    if header:
        yield from check_header(lines)
    for number, line in enumerate(lines, 1):
        if wrong := includes_wrongly(folder, line):
            yield number, wrong
        code = code_of(line)
        if header and USING_NAMESPACE.match(code):
            yield number, "no `using namespace` in a header"
        if (match := TYPE.match(code)) and not OTHERS_TYPE.match(code) and (word := banned_word(match.group(1))):
            yield number, f"'{word}' in the name {match.group(1)} says nothing"
        if folder == "domain" and IMPURE.search(code if not INCLUDE.match(line) else line):
            yield number, "domain/ is pure: no clock, randomness, I/O or locks"


def self_check():
    """Every rule must still see a planted mistake, and must not see one where there is none."""
    opening = "#pragma once\n// What this is for.\n"
    bad = [
        ("domain", "domain/a.h", opening + '#include "bus/frame.h"\n'),
        ("domain", "domain/a.cpp", "#include <rocksdb/db.h>\n"),
        ("domain", "domain/a.cpp", "#include <chrono>\n"),
        ("domain", "domain/a.cpp", "auto now = std::chrono::system_clock::now();\n"),
        ("domain", "domain/a.cpp", "int draw() { return rand(); }\n"),
        ("domain", "domain/a.cpp", "const auto now = time(nullptr);\n"),
        ("bus", "bus/a.cpp", '#include "domain/user.h"\n'),
        ("projections", "projections/a.cpp", '#include "adapters/keys/hkdf.h"\n'),
        ("adapters", "adapters/a.cpp", '#include "tools/x.h"\n'),
        ("bus", "bus/log_manager.cpp", ""),
        ("bus", "bus/a.cpp", "class FrameHelper {\n"),
        ("bus", "bus/a.cpp", "struct UserData {\n"),
        ("bus", "bus/a.h", opening + "using namespace std;\n"),
        ("bus", "bus/a.h", "// What this is for.\n#pragma once\n"),
        ("bus", "bus/a.h", "#pragma once\n\nint a();\n"),
        ("bus", "bus/a.cpp", "\n" * (MOST_LINES + 1)),
        ("bus", "bus/a.cpp", '#include "frame.h"\n'),
    ]
    good = [
        ("domain", "domain/a.h", opening + '#include <string>\n\n#include "domain/ids.h"\nUnixMs time(int);  // time()\n'),
        ("domain", "domain/a.cpp", "stamp.time(now);\nconst auto at = e->time();\n"),
        ("bus", "bus/database.cpp", "struct Database {};\n  std::string information;\nclass WriteBufferManager;\n"),
        ("adapters", "adapters/a.cpp", "using namespace std::string_literals;\n#include \"domain/user.h\"\n"),
    ]
    for folder, name, text in bad:
        if not list(check(folder, name, text)):
            yield f"tidy_test.py: no longer sees what is wrong with {name}: {text.strip()[:60]!r}"
    for folder, name, text in good:
        for _, wrong in check(folder, name, text):
            yield f"tidy_test.py: false alarm in {name}: {wrong}: {text.strip()[:60]!r}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    found = list(self_check())
    files = 0
    for folder in OURS:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix not in (".h", ".cpp"):
                continue
            files += 1
            name = file.relative_to(root).as_posix()
            found += [f"{name}:{line}: {wrong}" for line, wrong in check(folder, name, file.read_text("utf-8"))]
    for line in found:
        print(line, file=sys.stderr)
    print(f"{files} files, {len(found)} against the rules")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
