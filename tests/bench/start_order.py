#!/usr/bin/env python3
"""Writes handler/start_order.ld: which functions run from exec to the first answers, so that the linker puts them side
by side. They are a small part of the program; scattered over it, nearly each costs a page fault of its own.

    tests/bench/start_order.py          after tests/bench/build.sh handler; then build again

callgrind says what ran. A function that was renamed since then is not found by the linker and stands where it would
stand without the list: an old list costs time, nothing else.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build/release/handler/handler"
ORDER = ROOT / "handler/start_order.ld"

# Archives whose objects have no section for each function: their objects are named as a whole.
WHOLE_OBJECTS = ("libc.a", "libgcc.a", "libgcc_eh.a")

# What runs without callgrind alone, as valgrind hides the kernel's vDSO.
UNSEEN_OBJECTS = {
    "*crt1.o",
    "*crtbeginT.o",
    *(f"*libc.a:{name}.o" for name in ("dl-lookup", "dl-lookup-direct", "dl-object", "dl-setup_hash", "strcmp-*")),
}

TEMPLATE = """\
/* The functions that run from exec to the first answers, side by side, as one page fault brings 16 pages: first those
   that answer GET /, then those of the first invocation. And what is constant in this program's own objects.
   Written by tests/bench/start_order.py; names that no longer exist do no harm. */
SECTIONS
{{
  .text_start :
  {{
    *(.text.startup .text.startup.*)
{start}
{invocation}
  }}
}}
INSERT BEFORE .text;
SECTIONS
{{
  .rodata_start :
  {{
    *.ltrans*.o(.rodata .rodata.*)
{constants}
  }}
}}
INSERT BEFORE .rodata;
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(port, path):
    """Waits until the handler listens, and for its answer."""
    for _ in range(200):
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=5)
            break
        except OSError:
            time.sleep(0.1)
    else:
        sys.exit("start_order: the handler does not listen")
    with connection:
        time.sleep(0.1)  # so that it also runs what waits for a request on an open connection
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
            sys.exit(f"start_order: the handler does not answer GET {path} with 200")


def executed_symbols(*paths):
    """The linker's names of all functions that run from the start until the paths are answered, without the suffixes
    of clones, which each build numbers anew."""
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "profile"
        port = free_port()
        # Addresses where nobody listens: no credential and no service is asked.
        environment = {
            "PATH": os.environ["PATH"],
            "FUNCTIONS_CUSTOMHANDLER_PORT": str(port),
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:9",
            "AZURE_AUTHORITY_HOST": "http://127.0.0.1:9",
        }
        command = ["valgrind", "--quiet", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={profile}"]
        with subprocess.Popen([*command, str(PROGRAM)], env=environment, stdout=subprocess.DEVNULL) as handler:
            for path in paths:
                ask(port, path)
            handler.send_signal(signal.SIGTERM)
        names = re.findall(r"^c?fn=\(\d+\) (\S+)", profile.read_text(), re.MULTILINE)
    # Not a name of the linker: an address, and what valgrind calls `(below main)`.
    return {match[0] for name in names if (match := re.match(r"[A-Za-z_]\w*", name))}


def objects_of_archives():
    """Which object of which archive defines a symbol. Of those that exist for several processors, all are meant."""
    objects = {}
    for archive in WHOLE_OBJECTS:
        path = subprocess.check_output(["g++", f"-print-file-name={archive}"], text=True).strip()
        listing = subprocess.check_output(["nm", "-A", "--defined-only", path], text=True, stderr=subprocess.DEVNULL)
        for line in listing.splitlines():
            place, _, kind, symbol = re.match(r"\S+:(\S+):(\S+) (\S) (\S+)", line).groups()
            if kind in "TtWi":
                objects.setdefault(symbol, f"*{archive}:{re.sub('-(avx|evex|sse)[0-9_]*', '-*', place)}")
    return objects


def section_of(symbol):
    # A constructor or destructor may stand under the name of its twin.
    return "*(.text.{0} .text.{0}.*)".format(re.sub(r"([CD])[0-9](?=[EI])", r"\1?", symbol))


def lines(entries):
    return "\n".join(f"    {entry}" for entry in sorted(entries))


def main():
    if not PROGRAM.exists():
        sys.exit(f"start_order: {PROGRAM} is missing; run tests/bench/build.sh handler")
    objects = objects_of_archives()

    def text_of(symbol):
        return f"{objects[symbol]}(.text .text.*)" if symbol in objects else section_of(symbol)

    def constants_of(entry):
        return entry.replace("(.text .text.*)", "(.rodata .rodata.*)")

    start = {text_of(symbol) for symbol in executed_symbols("/")}
    start |= {f"{name}(.text .text.*)" for name in UNSEEN_OBJECTS}
    invocation = {text_of(symbol) for symbol in executed_symbols("/", "/api/health/live")} - start
    constants = {constants_of(entry) for entry in start if entry.startswith("*lib")}
    ORDER.write_text(TEMPLATE.format(start=lines(start), invocation=lines(invocation), constants=lines(constants)))
    print(f"{ORDER.relative_to(ROOT)}: {len(start)} functions and objects of the start, {len(invocation)} of the first "
          "invocation")


if __name__ == "__main__":
    main()
