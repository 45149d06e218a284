"""A directory export as companies have them: names in many scripts, quoted commas and newlines, and every kind of row that
an import must refuse. Seeded, so that a seed is a file. Each record carries what an import has to make of it."""
import dataclasses
import random

HEADER = ("First name", "Last name", "Email", "Department", "Mobile")
FIRST = ("D'Angelo", "Æsa", "Sanna", "Ágnes", "伟", "İbrahim", "Noémie", "Łukasz", "美咲", "Ольга", "Ελένη", "Nguyễn", "Mary-Jane", "Olu", "عمر")
LAST = ("佐藤", "Иванова", "Li", "Çelik", "D'Souza", "Szabó", "de la Cruz", "Παπαδόπουλος", "van der Berg", "Þórsson", "García-Márquez", "Żak")
DEPARTMENTS = ("", "Field service, north", "R&D", 'IT "core"', "Sales", "Werk 7", "=Sales")
MOBILES = ("", "+41 79 555 64 92", "07700 900277")
DOMAINS = ("example.com", "corp.example.net", "lab.example.org", "bücher.example")
# How often each kind of record is in the file. First those that land.
GOOD = {"plain": 3684, "padded": 49, "capitals": 50, "newline": 20, "formula": 14}
REPEATED = {"changed": 12, "same": 5}  # a person again, the address in capitals: with other fields, with the same ones
BAD = {"columns-missing": 16, "columns-surplus": 14, "email-missing": 20, "email-invalid": 19, "email-too-long": 9, "name-missing": 16,
       "name-too-long": 8, "control-character": 14, "not-utf-8": 12}
BLANK_LINES = 38
MALFORMED_ADDRESSES = ("not-an-address", "a b@example.com", "a@b@c.example", "Anna at example.com", "@example.com", "anna@", "a@-b.example")


@dataclasses.dataclass
class Record:
    cells: list   # of text; of bytes where that is no UTF-8
    wanted: object  # the code of its refusal, or the person: (address, first name, last name, department, mobile)
    repeats: str = None  # "changed" or "same": what it says of somebody who stands further up
    line: int = 0  # where it begins, once written


def address_of(text):
    """The form in which an address is kept."""
    local, _, domain = text.strip().lower().rpartition("@")
    return local + "@" + domain.encode("idna").decode("ascii")


class Directory:
    def __init__(self, seed):
        self.random, self.made = random.Random(seed), 0
        good = [self.good(kind) for kind, count in GOOD.items() for _ in range(count)]
        bad = [self.bad(code) for code, count in BAD.items() for _ in range(count)]
        self.records = good + bad
        self.random.shuffle(self.records)
        twice = self.random.sample(good, sum(REPEATED.values()))
        for number, first in enumerate(twice):
            again = self.again(first, "changed" if number < REPEATED["changed"] else "same")
            after = next(at for at, record in enumerate(self.records) if record is first) + 1
            self.records.insert(self.random.randint(after, len(self.records)), again)
        self.blank_before = self.random.sample(range(len(self.records)), BLANK_LINES)

    def person(self):
        self.made += 1
        first, last = self.random.choice(FIRST), self.random.choice(LAST)
        return [first, last, f"person.{self.made}@{self.random.choice(DOMAINS)}", self.random.choice(DEPARTMENTS), self.random.choice(MOBILES)]

    def good(self, kind):
        cells = self.person()
        first, last, email, department, mobile = cells
        if kind == "padded":
            cells[2] = f"  {email} "
        elif kind == "capitals":
            cells[2] = email.upper()
        elif kind == "newline":
            cells[0] = first + self.random.choice(("\n", "\r\n")) + "(ext)"
            first += " (ext)"
        elif kind == "formula":
            first = cells[0] = self.random.choice(('=HYPERLINK("http://evil.example","x")', "+" + first, "-1+1", "@SUM(A1)"))
            last = cells[1] = "@" + last
        return Record(cells, (address_of(email), first, last, department, mobile))

    def again(self, first, repeats):
        cells = list(first.cells)
        cells[2] = cells[2].upper()
        wanted = first.wanted
        if repeats == "changed":
            cells[:2] = "Changed", "Name"
            wanted = (wanted[0], "Changed", "Name", *wanted[3:])
        return Record(cells, wanted, repeats)

    def bad(self, code):
        cells = self.person()
        if code == "columns-missing":
            cells = cells[:self.random.choice((1, 2, 4))]
        elif code == "columns-surplus":
            cells += ["x"] * self.random.choice((1, 2))
        elif code == "email-missing":
            cells[2] = self.random.choice(("", "   "))
        elif code == "email-invalid":
            cells[2] = self.random.choice(MALFORMED_ADDRESSES)
        elif code == "email-too-long":
            cells[2] = "x" * self.random.choice((50, 60)) + "@" + "label-of-some-length." * 12 + "example"
        elif code == "name-missing":
            cells[0] = cells[1] = ""
        elif code == "name-too-long":
            cells[self.random.randrange(2)] = "é" * self.random.choice((201, 5000))
        elif code == "control-character":
            at = self.random.choice((0, 1, 3))
            cells[at] = "a" + self.random.choice("\x00\x01\x07\x1b\x7f\x85") + "b"
        elif code == "not-utf-8":
            at = self.random.choice((0, 1, 3))
            cells[at] = "Müller".encode("latin-1") + self.random.choice((b"", b"\xff", b"\xc0\x80"))
        return Record(cells, code)

    def refused(self):
        """[(line, code)], in the order of lines."""
        return [(record.line, record.wanted) for record in self.records if isinstance(record.wanted, str)]

    def people(self):
        """{address: what is known of the person at the end}."""
        return {record.wanted[0]: record.wanted for record in self.records if not isinstance(record.wanted, str)}

    def written(self, separator=",", newline="\r\n", mark=True, header=HEADER, further=()):
        """The file; `further`: cells behind those of each record that lands. Numbers the records' lines."""
        def quoted(cell):
            bytes_ = cell if isinstance(cell, bytes) else cell.encode("utf-8")
            special = any(character in bytes_ for character in (separator.encode(), b'"', b"\n", b"\r"))
            return b'"' + bytes_.replace(b'"', b'""') + b'"' if special else bytes_
        end = newline.encode()
        lines, number = [separator.join(header).encode("utf-8")], 2
        for at, record in enumerate(self.records):
            if at in self.blank_before:
                lines.append(b"")
                number += 1
            record.line = number
            lines.append(separator.encode().join(map(quoted, [*record.cells, *further])))
            number += lines[-1].count(b"\n") + 1
        return (b"\xef\xbb\xbf" if mark else b"") + end.join(lines) + end
