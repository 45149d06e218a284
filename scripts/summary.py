#!/usr/bin/env python3
"""Prints what the stages of ./dev test did: a line per suite with its time, skipped tests by name, and as the last line
"N passed, N failed"; before that, what each suite that failed printed last. Exits 1 when something failed.

Reads build/results/<stage>/ctest.xml (ctest's JUnit output), cases/*.xml (GoogleTest's, one file per executable; the
e2e tests write the like) and plain ("name passed|failed|skipped seconds" a line).
"""
import pathlib
import sys
import xml.etree.ElementTree as ET


LAST_LINES = 25


class Suite:
    def __init__(self, stage, name, seconds, passed, failed, skipped, output=""):
        self.stage, self.name, self.seconds = stage, name, seconds
        self.passed, self.failed, self.skipped = passed, failed, skipped
        self.output = output


def why_skipped(case):
    skipped = case.find("skipped")
    lines = skipped.get("message", "").strip().splitlines() if skipped is not None else []
    # GoogleTest puts the place in the source on a line before it.
    reason = [line for line in lines if ".cpp:" not in line]
    return ": " + reason[0] if reason else ""


def said_why(case):
    """What a test that exits with its SKIP_RETURN_CODE printed: "skipped: REASON"."""
    lines = (case.findtext("system-out") or "").splitlines()
    return next((line.removeprefix("skipped") for line in reversed(lines) if line.startswith("skipped: ")), "")


def google_cases(folder):
    """Executable's name -> (passed, failed, names of skipped cases), and all case names."""
    suites, names = {}, set()
    for file in sorted(folder.glob("*.xml")):
        try:
            cases = ET.parse(file).getroot().iter("testcase")
        except ET.ParseError:  # the executable died while writing
            continue
        passed, failed, skipped = 0, 0, []
        for case in cases:
            name = f'{case.get("classname")}.{case.get("name")}'
            names.add(name)
            if case.get("status") == "notrun":
                continue
            if case.find("failure") is not None:
                failed += 1
            elif case.get("result") == "skipped" or case.find("skipped") is not None:
                skipped.append(name + why_skipped(case))
            else:
                passed += 1
        suites[file.stem] = (passed, failed, skipped)
    return suites, names


def ctest_suites(stage, folder):
    report = folder / "ctest.xml"
    if not report.exists():
        return
    google, names = google_cases(folder / "cases")
    for case in ET.parse(report).getroot().iter("testcase"):
        name, seconds = case.get("name"), float(case.get("time") or 0)
        status = case.get("status")  # run, fail, notrun, disabled
        ok = status == "run" and case.find("failure") is None
        passed, failed, skipped = (1, 0, []) if ok else (0, 1, [])
        if status in ("notrun", "disabled") and case.find("failure") is None:
            passed, failed, skipped = 0, 0, [name + said_why(case)]
        if name in google and name not in names:
            passed, cases_failed, skipped = google[name]
            failed = max(cases_failed, 0 if ok else 1)  # it may have died after its last case
        yield Suite(stage, name, seconds, passed, failed, skipped, case.findtext("system-out") or "")


def plain_suites(stage, folder):
    file = folder / "plain"
    for line in file.read_text().splitlines() if file.exists() else []:
        name, status, seconds = line.split()
        yield Suite(stage, name, float(seconds), int(status == "passed"), int(status == "failed"),
                    [name] if status == "skipped" else [])


def main():
    results, stages = pathlib.Path(sys.argv[1]), sys.argv[2:]
    suites = [suite for stage in stages for read in (ctest_suites, plain_suites)
              for suite in read(stage, results / stage)]
    width = max([len(suite.name) for suite in suites] + [5])
    print(f'{"stage":6} {"suite":{width}} {"passed":>7} {"failed":>7} {"skipped":>8} {"seconds":>9}')
    for suite in suites:
        print(f"{suite.stage:6} {suite.name:{width}} {suite.passed:7} {suite.failed:7} {len(suite.skipped):8} "
              f"{suite.seconds:9.1f}")
    passed, failed = sum(s.passed for s in suites), sum(s.failed for s in suites)
    print(f'{"total":6} {"":{width}} {passed:7} {failed:7} {sum(len(s.skipped) for s in suites):8} '
          f"{sum(s.seconds for s in suites):9.1f}")
    for suite in suites:
        for name in suite.skipped:
            print(f"skipped: {suite.stage} {name}")
    for suite in suites:
        if suite.failed:
            print(f"failed: {suite.stage} {suite.name}")
            for line in suite.output.rstrip().splitlines()[-LAST_LINES:]:
                print("  " + line)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not suites else 0


if __name__ == "__main__":
    sys.exit(main())
