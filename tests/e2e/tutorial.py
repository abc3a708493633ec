#!/usr/bin/env python3
"""Does what the pages say, as a reader does it: every block of commands, in order, in the terminals that the page names.

Usage: tests/e2e/tutorial.py [PAGE...]      without pages: README.md and docs/tutorial.md
  BIN=DIRECTORY   programs to use; without it, debug binaries are built. `cargo build --release` and `cargo run --release`
                  of a page are answered with them, because another build of the same source would prove nothing more.

A ```text or ```json block says what the block of commands before it prints. Names and structure must be the same; numbers,
times and request ids may differ, and … stands for anything within a line. The pages in Chinese have the same blocks, which
tests/it/pages.rs compares, so one run serves both. HTML comments in front of a block say what a reader sees from the text:

  <!-- terminal: 2 -->          from here on in this terminal; a new one begins where the first began
  <!-- run: background -->      the commands go on running in their terminal
  <!-- within: 15s -->          it may take so long: the commands are repeated until they print what the block says
  <!-- exact: WORD, WORD -->    in lines and JSON fields with one of these words, numbers must be the same, too
  <!-- may lack: WORD -->       lines and JSON fields with one of these words may be missing
  <!-- part -->                 the output has further lines
  <!-- log: 1 -->               not the output of the commands, but what terminal 1 has printed since they were given: each
                                line of the block once, among others
  <!-- none: WORD, WORD -->     no line of what that terminal has printed since has one of these words
  <!-- ctrl-c: 3, 1 -->         the programs in these terminals are ended, and must end with 0
  <!-- skip: needs … -->        not done: it needs an account, a cluster or the network. The page must say so in its text:
                                "Not run by the test". No other step may be left out, but what .ci/run does by itself.

It runs in a network namespace of its own where that is permitted, so the ports of the page are free and nothing leaves the
machine. Port 9090 is taken, as where Debian's package of Prometheus is installed. Needs unshare, ip, curl, git, and prometheus
for docs/tutorial.md. Some four minutes. One line per block; the last line is "N passed, M failed", and the exit code is 0 when
M is 0.
"""

import errno
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ["kafka-lag", "kafka-lag-exporter"]
PORTS = [9876, 18080, 19090]
# Debian's package starts a Prometheus there, and the page has the reader install it.
TAKEN = 9090
VISIBLE = "Not run by the test"
SECONDS = {"s": 1, "m": 60}

# Literal first: an address is no number.
WILD = re.compile(
    r"(?P<address>\d+\.\d+\.\d+\.\d+(:\d+)?)"
    r"|(?P<time>\d{4}-\d\d-\d\dT[\d:.]+Z)"
    r"|(?P<id>[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12})"
    r"|(?P<number>(?<![\w.-])-?\d[\d,]*(\.\d+)?(e[+-]?\d+)?(?=$|[^\w.]|\.(?!\d)|[smhd]\b))"
    r"|(?P<any>…)"
)


class Broken(Exception):
    """A page that does not say what happens."""


class Block:
    """Fenced lines, and the comments in front of them."""

    def __init__(self, line, language, text, notes, skipped_visibly):
        self.line, self.language, self.text, self.notes = line, language, text, notes
        self.skipped_visibly = skipped_visibly

    def words(self, note):
        return [word.strip() for word in self.notes.get(note, "").split(",") if word.strip()]

    def seconds(self):
        text = self.notes.get("within")
        return sum(int(n) * SECONDS[unit] for n, unit in re.findall(r"(\d+)([sm])", text)) if text else 0


def blocks(text):
    """The blocks of a page; the notes of one are the comments since the block before it."""
    found, notes, prose, lines = [], {}, "", text.split("\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        note = re.fullmatch(r"<!-- ([\w -]+?)(?:: (.*))? -->", line.strip())
        fence = re.fullmatch(r"( *)```(\w*)", line)
        if note:
            name = note[1].strip()
            if name not in ("terminal", "run", "within", "exact", "may lack", "part", "log", "none", "ctrl-c", "skip"):
                raise Broken(f"line {at + 1}: no such comment: {name}")
            notes[name] = note[2] or ""
        elif fence:
            end = lines.index(fence[1] + "```", at + 1)
            body = "\n".join(one.removeprefix(fence[1]) for one in lines[at + 1 : end])
            if fence[2] in ("sh", "text", "json") or notes:
                found.append(Block(at + 1, fence[2], body, notes, VISIBLE in prose))
                notes, prose = {}, ""
            at = end
        else:
            prose = prose + line if line.strip() == "" or not line.startswith("#") else ""
        at += 1
    if notes:
        found.append(Block(len(lines), "", "", notes, True))
    return found


def pattern(line, exact):
    """What a line may look like."""
    keep = any(word in line for word in exact)

    def one(match):
        if match["address"]:
            return "\0" + re.escape(match[0]) + "\0"
        if match["time"]:
            return "\0" + r"\d{4}-\d\d-\d\dT[\d:.]+Z" + "\0"
        if match["id"]:
            return "\0" + r"[0-9A-F-]{36}" + "\0"
        if match["number"]:
            return "\0" + (re.escape(match[0]) if keep else r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?") + "\0"
        return "\0.*\0"

    parts = WILD.sub(one, line).split("\0")
    return re.compile("".join(part if at % 2 else re.escape(part) for at, part in enumerate(parts)))


def fits_json(wanted, got, exact, lack, path=""):
    """Why `got` has another shape, or nothing."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        missing = [key for key in wanted if key not in got and key not in lack]
        more = [key for key in got if key not in wanted and key not in lack]
        if missing or more:
            return f"{path or 'the object'}: lacks {missing}, and has {more} besides"
        return next(filter(None, (fits_json(wanted[k], got[k], exact, lack, k) for k in wanted if k in got)), None)
    if isinstance(wanted, list) and isinstance(got, list):
        if len(wanted) != len(got):
            return f"{path}: {len(got)} entries instead of {len(wanted)}"
        return next(filter(None, (fits_json(*pair, exact, lack, path) for pair in zip(wanted, got))), None)
    if isinstance(wanted, bool) or isinstance(got, bool) or wanted is None:
        return None if wanted == got else f"{path}: {got} instead of {wanted}"
    if isinstance(wanted, (int, float)) and isinstance(got, (int, float)):
        return None if path not in exact or wanted == got else f"{path}: {got} instead of {wanted}"
    if isinstance(wanted, str) and isinstance(got, str):
        return None if pattern(wanted, exact and [wanted]).fullmatch(got) else f"{path}: {got!r} instead of {wanted!r}"
    return f"{path}: {got!r} instead of {wanted!r}"


def fits(block, output):
    """Why the output is not what the block says, or nothing."""
    exact, lack = block.words("exact"), block.words("may lack")
    if block.language == "json":
        try:
            return fits_json(json.loads(block.text), json.loads(output), exact, lack)
        except ValueError as error:
            return f"no JSON: {error}"
    wanted, got = block.text.split("\n"), output.rstrip("\n").split("\n")
    if "log" in block.notes:
        for line in wanted:
            times = sum(1 for one in got if pattern(line, exact).search(one))
            if times != 1:
                return f"there {times} times instead of once: {line}"
        return None
    at = 0
    for line in wanted:
        shape = pattern(line, exact)
        if "part" in block.notes:
            hits = [n for n in range(at, len(got)) if shape.fullmatch(got[n])]
            if hits:
                at = hits[0] + 1
                continue
        elif at < len(got) and shape.fullmatch(got[at]):
            at += 1
            continue
        if any(word in line for word in lack):
            continue
        return f"not there: {line}\n  but: {got[at] if at < len(got) else 'the end'}"
    if "part" not in block.notes and at < len(got):
        return f"not on the page: {got[at]}"
    return None


class Terminal:
    """A shell with what it has printed."""

    def __init__(self, folder, environment):
        self.shell = subprocess.Popen(
            ["bash", "--norc", "--noprofile"], cwd=folder, env=environment, text=True, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        self.lines, self.codes, self.given = [], {}, 0
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.shell.stdout:
            ended = re.fullmatch(r"(.*)\x01(\d+) (\d+)\n", line)
            if ended:
                if ended[1]:
                    self.lines.append(ended[1])
                self.codes[int(ended[2])] = int(ended[3])
            else:
                self.lines.append(line.rstrip("\n"))

    def give(self, text):
        self.given += 1
        # Any command of the block that fails counts, not only the last.
        self.shell.stdin.write(f"FAILED=0; trap 'FAILED=$?' ERR\n{text}\nprintf '\\001%d %d\\n' {self.given} $FAILED\n")
        self.shell.stdin.flush()

    def code(self, seconds):
        """How the last commands ended; nothing while they run."""
        deadline = time.monotonic() + seconds
        while self.given not in self.codes and time.monotonic() < deadline and self.shell.poll() is None:
            time.sleep(0.02)
        return self.codes.get(self.given)

    def children(self):
        return [int(pid) for pid in Path(f"/proc/{self.shell.pid}/task/{self.shell.pid}/children").read_text().split()]

    def interrupt(self):
        for pid in self.children():
            os.kill(pid, signal.SIGINT)

    def close(self):
        if self.shell.poll() is None:
            os.killpg(self.shell.pid, signal.SIGTERM)
            try:
                self.shell.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.shell.pid, signal.SIGKILL)


class Reader:
    """Follows one page."""

    def __init__(self, page, work, environment):
        self.page, self.work, self.environment = page, work, environment
        self.terminals, self.here, self.passed = {}, "1", 0
        self.marks = {}

    def terminal(self, name):
        if name not in self.terminals:
            self.terminals[name] = Terminal(self.work, self.environment)
        return self.terminals[name]

    def run(self, block):
        terminal = self.terminal(self.here)
        if self.given_and_running(terminal):
            raise Broken(f"terminal {self.here} is busy")
        self.marks = {name: len(one.lines) for name, one in self.terminals.items()}
        terminal.give(block.text)
        if block.notes.get("run") == "background":
            if terminal.code(0.5) is not None:
                raise Broken(f"ended at once, with {terminal.code(0)}:\n" + "\n".join(terminal.lines[-5:]))
            return
        code = terminal.code(60)
        if code is None:
            raise Broken("has not ended within a minute")
        if code != 0:
            raise Broken(f"ended with {code}:\n" + "\n".join(terminal.lines[-10:]))

    @staticmethod
    def given_and_running(terminal):
        return terminal.given > 0 and terminal.code(0) is None

    def printed(self, name):
        return "\n".join(self.terminal(name).lines[self.marks.get(name, 0) :])

    def compare(self, block, commands):
        deadline = time.monotonic() + block.seconds()
        background = commands.notes.get("run") == "background"
        while True:
            if "log" in block.notes:
                why = fits(block, self.printed(block.notes["log"]))
            else:
                why = fits(block, self.printed(self.here))
            if why is None:
                break
            if time.monotonic() >= deadline:
                raise Broken(why)
            time.sleep(0.5)
            if "log" not in block.notes and not background:
                self.run(commands)
        for line in self.printed(block.notes.get("log", self.here)).split("\n"):
            for word in block.words("none"):
                if word in line:
                    raise Broken(f"has {word}: {line}")

    def step(self, block, commands):
        for name in block.words("ctrl-c"):
            self.terminal(name).interrupt()
            if self.terminal(name).code(10) != 0:
                raise Broken(f"after Ctrl-C terminal {name} ended with {self.terminal(name).code(0)}")
        self.here = block.notes.get("terminal", self.here)
        if "skip" in block.notes:
            reason = block.notes["skip"]
            if reason in ("needs an account", "needs a cluster", "needs the network"):
                if not block.skipped_visibly:
                    raise Broken(f'the text in front of a block that is skipped must say "{VISIBLE}"')
            elif not re.fullmatch(r"is the step \w+ of \.ci/run", reason):
                raise Broken(f"no reason to skip: {reason}")
            return "skip"
        if block.language == "sh":
            self.run(block)
        elif block.language in ("text", "json"):
            if commands is None:
                raise Broken("output without commands before it")
            self.compare(block, commands)
        return "ok  "

    def follow(self):
        commands = None
        for block in blocks((ROOT / self.page).read_text()):
            name = f"{self.page}:{block.line}"
            started = time.monotonic()
            try:
                done = self.step(block, commands)
            except Broken as error:
                print(f"FAIL {name} {error}", flush=True)
                return False
            if block.language == "sh":
                commands = None if done == "skip" else block
            took = time.monotonic() - started
            first = block.text.split("\n")[0] or ", ".join(f"{k} {v}" for k, v in block.notes.items())
            print(f"{done} {name} {first[:80]}" + (f" ({took:.0f} s)" if took >= 1 else ""), flush=True)
            self.passed += done == "ok  "
        return True

    def close(self):
        for terminal in self.terminals.values():
            terminal.close()


CARGO = """#!/bin/bash
# A reader's cargo, with programs that are built already.
what=$1; shift; package=
while [ $# -gt 0 ]; do
  case $1 in
    --release|--locked|--quiet) ;;
    -p) shift; package=$1; [ -x "$BIN/$1" ] || { echo "no program $1"; exit 1; } ;;
    --) shift; break ;;
    *) echo "the test does not know cargo $what $1"; exit 1 ;;
  esac
  shift
done
case $what in
  build) [ -n "$package" ] ;;
  run) exec "$BIN/$package" "$@" ;;
  *) echo "the test does not know cargo $what"; exit 1 ;;
esac
"""


def checkout(work, binaries):
    """What `git clone` would make, with the programs of the build to come."""
    clone = work / "kafka-lag"
    (clone / "target").mkdir(parents=True)
    (clone / "target/release").symlink_to(binaries)
    git = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(git, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n"):
        top = name.split("/")[0]
        if top and top != "target" and not (clone / top).is_symlink():
            (clone / top).symlink_to(ROOT / top)
    shim = work / "bin"
    shim.mkdir()
    (shim / "cargo").write_text(CARGO)
    (shim / "cargo").chmod(0o755)
    return clone, shim


def build():
    """Where the programs are."""
    if os.environ.get("BIN"):
        return Path(os.environ["BIN"]).resolve()
    packages = [word for name in PROGRAMS for word in ("-p", name)]
    subprocess.run(["cargo", "build", "--quiet", *packages], cwd=ROOT, check=True)
    return (ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "debug").resolve()


def alone(binaries):
    """Starts this program again, where all ports are free."""
    again = [sys.executable, *sys.argv]
    inside = 'ip link set lo up && exec "$@"'
    flags = "-n" if os.geteuid() == 0 else "-rn"
    os.environ.update(BIN=str(binaries), TUTORIAL_ALONE="1")
    if subprocess.run(["unshare", flags, "sh", "-c", inside, "sh", "true"], capture_output=True).returncode == 0:
        os.execvp("unshare", ["unshare", flags, "sh", "-c", inside, "sh", *again])
    print("network namespaces are not permitted here: the ports of the pages themselves are used")
    for port in PORTS:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                sys.exit(f"port {port}, which the pages use, is taken")
    os.execvp(again[0], again)


def take(port):
    """Listens there as long as the answer is kept, unless somebody else does already."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise


def main():
    for tool in ("unshare", "ip", "curl", "git"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is needed: apt-get install util-linux iproute2 curl git")
    if "TUTORIAL_ALONE" not in os.environ:
        alone(build())
    binaries = Path(os.environ["BIN"])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    _taken = take(TAKEN)
    passed = failed = 0
    started = time.monotonic()
    for page in sys.argv[1:] or ["README.md", "docs/tutorial.md"]:
        with tempfile.TemporaryDirectory() as name:
            work = Path(name)
            clone, shim = checkout(work, binaries)
            keep = {key: os.environ[key] for key in ("HOME", "LANG", "TMPDIR") if key in os.environ}
            environment = keep | {"PATH": f"{shim}:{os.environ['PATH']}", "BIN": str(binaries)}
            # The README is read inside of a checkout; the tutorial makes one.
            reader = Reader(page, work if page.endswith("tutorial.md") else clone, environment)
            try:
                good = reader.follow()
            finally:
                reader.close()
            passed += reader.passed
            failed += not good
    print(f"took {time.monotonic() - started:.0f} s\n{passed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
