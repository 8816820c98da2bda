# SPDX-License-Identifier: Apache-2.0
"""embedded_yocto.py RECIPE INSTALLED VERSION: a BitBake recipe line by line, as its manual describes
the syntax: assignments, overrides, inherit, shell functions. And whether it fits this tree."""
import fnmatch
import hashlib
import re
import subprocess
import sys

recipe, installed_file, version = sys.argv[1:]
problems = []


def complain(line, text):
    problems.append(f"{recipe}:{line}: {text}")


NAME = r"[A-Za-z_][A-Za-z0-9_.+-]*(?::(?:[a-z0-9-]+|\$\{PN\}(?:-[a-z]+)?))*"
ASSIGN = re.compile(rf"({NAME})\s*(=|\?=|\?\?=|:=|\+=|=\+|\.=|=\.)\s*(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')$", re.S)
INHERIT = re.compile(r"(inherit|require|include)\s+[a-z0-9_./ -]+$")
FUNCTION = re.compile(r"[a-z_]+(:append|:prepend)?\s*\(\)\s*\{$")


def logical_lines(lines):
    """Physical lines, joined where one ends in a backslash; (number, text)."""
    start, text = 0, ""
    for number, line in enumerate(lines, 1):
        if not text:
            start = number
        if line.endswith("\\"):
            text += line[:-1] + "\n"
            continue
        if re.search(r"\\\s+$", line):
            complain(number, "blanks after a backslash")
        yield start, text + line
        text = ""
    if text:
        complain(start, "the last line is continued")


def parse(lines):
    values, body, body_start = {}, None, 0
    for number, line in logical_lines(lines):
        if body is not None:
            if line == "}":
                sh = subprocess.run(["sh", "-n"], input="\n".join(body), text=True, capture_output=True)
                if sh.returncode:
                    complain(body_start, sh.stderr)
                body = None
            else:
                body.append(line)
        elif not line.strip() or line.startswith("#"):
            continue
        elif FUNCTION.match(line):
            body, body_start = [], number
        elif ASSIGN.match(line):
            name, op, value = ASSIGN.match(line).groups()
            old = values.get(name, "") if op in ("+=", "=+", ".=", "=.") else ""
            values[name] = (old + " " + value[1:-1]).strip()
        elif not INHERIT.match(line):
            complain(number, f"neither an assignment nor anything else that is known: {line}")
    if body is not None:
        complain(body_start, "a function without an end")
    return values


def expand(text, values):
    for _ in range(20):
        new = re.sub(r"\$\{([A-Za-z_:]+)\}", lambda m: values.get(m[1], m[0]), text)
        if new == text:
            break
        text = new
    return text


with open(recipe, encoding="utf-8") as f:
    values = parse(f.read().splitlines())
known = {"PN": "iotsafe-pkcs11", "prefix": "/usr", "bindir": "/usr/bin", "libdir": "/usr/lib",
         "nonarch_libdir": "/usr/lib", "datadir": "/usr/share", "sysconfdir": "/etc"}
with open(installed_file, encoding="utf-8") as f:
    installed = f.read().split()

for name in "SUMMARY LICENSE LIC_FILES_CHKSUM SRC_URI DEPENDS S PV".split():
    if not values.get(name):
        complain(0, f"no {name}")
if not values.get("PV", "").startswith(version):
    complain(0, f"PV is not {version}")
with open("LICENSE", "rb") as f:
    md5 = hashlib.md5(f.read()).hexdigest()
if values.get("LIC_FILES_CHKSUM") != f"file://LICENSE;md5={md5}":
    complain(0, f"LIC_FILES_CHKSUM is not that of LICENSE: {md5}")
for name, value in values.items():
    if name.startswith("FILES:"):
        for path in expand(value, known).split():
            if "$" in path or not fnmatch.filter(installed, path):
                complain(0, f"{name}: {path} is not installed")
    for package in re.findall(r":\$\{PN\}-([a-z]+)$", name):
        if "${PN}-" + package not in values.get("PACKAGES", "").split():
            complain(0, f"{name}: no such package in PACKAGES")
for option in re.findall(r"-D([a-z_]+)=", values.get("EXTRA_OEMESON", "")):
    if option not in ("werror", "tests"):
        complain(0, f"EXTRA_OEMESON: unknown option {option}")
print("\n".join(problems), end="\n" if problems else "")
sys.exit(1 if problems else 0)
