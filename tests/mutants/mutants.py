"""The mutants: each rule of security as a small change that removes it.

A file NAME.mutants holds those of one module:

    mutant: one-family-denied
    rule: An insecure denial of one address family alone makes no host insecure.
    file: daemon/dane/dane.c
    in: is_insecure
    tests: test_dane
    -	return answer->security == DNS_INSECURE && !is_denied(answer);
    +	return answer->security == DNS_INSECURE;

"rule" may go on in indented lines.  "in", where it is given, is the function,
or the table, that the change is in.  "tests" are unit tests, tried in this
order until one is red.  "survives" is the reason why none can be; then none
may be.  Lines with "-" are taken out, those with "+" are put in their place,
those with "=" stand beside them; a line "@@ FUNCTION" begins another change,
where a rule stands twice.  The change may be anywhere in its function, once,
and be wrapped in any way; but where it is not found it is an error, for a rule
that is tested by nobody looks just like that.
"""

import collections
import pathlib
import re

HERE = pathlib.Path(__file__).parent
WORDS = ("mutant", "rule", "file", "in", "tests", "survives")
TOKEN = re.compile(r'\w+|"(?:[^"\\]|\\.)*"|[^\w\s]')

Mutant = collections.namedtuple(
    "Mutant", "name rule file tests survives changes")
Change = collections.namedtuple("Change", "place old new")


class Broken(Exception):
    """A mutant that says nothing, with the reason."""


# ---- reading ----

def blocks(text, where):
    """The parts of a file, each as its header and its changed lines."""
    block = None
    word = None
    for number, line in enumerate(text.splitlines(), 1):
        at = f"{where}:{number}"
        found = re.match(r"([a-z]+): *(.*)", line)
        if line[:1] in ("-", "+", "=", "@"):
            if not block:
                raise Broken(f"{at}: a change of no mutant")
            block[1].append(line)
        elif line.startswith("#"):
            continue
        elif found and found[1] in WORDS:
            word = found[1]
            if word == "mutant":
                if block:
                    yield block
                block = ({}, [])
            if not block or block[1] or word in block[0]:
                raise Broken(f"{at}: {word} does not belong here")
            block[0][word] = found[2]
        elif line.startswith(" ") and block and word:
            block[0][word] += " " + line.strip()
        elif line.strip():
            raise Broken(f"{at}: neither a header nor a change")
    if block:
        yield block


def changes_of(place, lines):
    found = []
    for line in ["@@ " + (place or ""), *lines]:
        if line[0] == "@":
            found.append((line.strip("@ ") or None, [], []))
            continue
        if line[0] != "+":
            found[-1][1].append(line[1:])
        if line[0] != "-":
            found[-1][2].append(line[1:])
    return [Change(where, "\n".join(old).rstrip(), "\n".join(new).rstrip())
            for where, old, new in found]


def make(header, lines, module):
    name = f"{module}/{header['mutant']}"
    missing = {"rule", "file", "tests"} - header.keys()
    if missing:
        raise Broken(f"{name}: without {', '.join(sorted(missing))}")
    return Mutant(name, header["rule"], header["file"],
                  header["tests"].split(), header.get("survives"),
                  changes_of(header.get("in"), lines))


def read_all():
    found = {}
    for path in sorted(HERE.glob("*.mutants")):
        for header, lines in blocks(path.read_text(), path.name):
            mutant = make(header, lines, path.stem)
            if mutant.name in found:
                raise Broken(f"{mutant.name} is there twice")
            found[mutant.name] = mutant
    return list(found.values())


# ---- changing ----

def pattern(text):
    """@text in any layout."""
    tokens = TOKEN.findall(text)
    begin = r"\b" if tokens[0][0].isalnum() else ""
    end = r"\b" if tokens[-1][-1].isalnum() else ""
    return re.compile(begin + r"\s*".join(map(re.escape, tokens)) + end)


def extent(text, place):
    """Where the function or the table @place begins and ends; (0, 0) where it
    is not.  By the style of the project both end with a brace that begins its
    line."""
    if place is None:
        return 0, len(text)
    name = re.escape(place)
    begin = re.search(rf"^{name}\(|^.*\b{name}\[.*\] = ", text, re.MULTILINE)
    if not begin:
        return 0, 0
    end = re.compile(r"^\}|;$", re.MULTILINE) if "[" in begin[0] \
        else re.compile(r"^\}", re.MULTILINE)
    found = end.search(text, begin.end())
    return begin.start(), found.end() if found else len(text)


def apply_one(change, file, text):
    begin, end = extent(text, change.place)
    where = file + (f", {change.place}" if change.place else "")
    if end == 0:
        raise Broken(f"there is no {where}")
    if not change.old.strip():
        raise Broken("nothing is taken out")
    found = list(pattern(change.old).finditer(text, begin, end))
    if len(found) != 1:
        raise Broken(f"{'not' if not found else 'more than once'} in {where}")
    start, stop = found[0].span()
    if TOKEN.findall(text[start:stop]) == TOKEN.findall(change.new):
        raise Broken("nothing changes")
    return text[:start] + change.new.strip() + text[stop:]


def apply(mutant, root):
    """The text of its file below @root, without the rule."""
    source = root / mutant.file
    if not source.is_file():
        raise Broken(f"there is no {mutant.file}")
    text = source.read_text()
    for change in mutant.changes:
        text = apply_one(change, mutant.file, text)
    return text
