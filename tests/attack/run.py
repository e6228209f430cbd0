#!/usr/bin/python3
"""An on-path attacker against the daemon, thousands of times (make attack).

usage: run.py [--seed SEED]... [--runs N] [--seconds S] [--run N] [--workers N]

Each run is a fresh daemon, an attacker with a plan of its own (plan.py), and
every next hop and name of world.py asked while it attacks.  No reply may be
less than "dane" or TEMP, and none may carry AD that is not proven (judge.py).
In some runs the attacker then leaves, and all must be right again in seconds;
in others he has zones of his own, and all others must not notice.
--run N: only that one of the seed, with a log of all packets.
"""

import argparse
import asyncio
import collections
import json
import os
import pathlib
import pickle
import random
import re
import secrets
import select
import signal
import socket
import struct
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lab")]

import dns.flags  # noqa: E402
import dns.message  # noqa: E402
import dns.rdata  # noqa: E402
import dns.rdatatype  # noqa: E402

import attacker as attacker_module  # noqa: E402
import judge  # noqa: E402
import lab as lab_module  # noqa: E402
from lab import HANG  # noqa: E402
import plan as plan_module  # noqa: E402
import signer  # noqa: E402
import tampering  # noqa: E402
import world  # noqa: E402

UNBOUND = "10.53.0.53"
LISTENER = ("127.0.0.25", 53)
# What a run asks that does not ask all.
TARGETS_A_RUN, OTHERS_A_RUN, NAMES_A_RUN = 20, 4, 12
SCOUTS = 3  # questions that go first, as long as nothing is cached
QUESTION_FLAGS = [{"do"}, {"do"}, {"do"}, {"do", "ad"}, {"ad"}, set(),
                  {"do", "cd"}, {"do", "tcp"}, {"ad", "tcp"}, {"tcp"}]
# Seconds after the last forged packet until nothing false is said; and until
# all is said that is true, which a busy machine may need some time for.
RIGHT_AGAIN, ANSWERED_AGAIN = 10, 120
RATIO, FLOOR = 3, 10    # neighbours: times as long, and seconds more
GRACE = 4  # seconds in which runs may still end when time is up
CONTROLS = 2  # tries, on a machine that is busy with other things
TEMP_TTL = 5  # seconds that the daemon remembers a failure
# Seconds of processor time that the loop may be away from its sockets.  Nothing
# of ours takes 20 ms (tests/faults); but libunbound validates in one go all
# that has waited for a key, a millisecond for each, and a run asks dozens.
LOOP_LONGEST = 0.1 * lab_module.SLOWNESS * (
    4 if os.environ.get("ATTACK_WRAPPER") else 1)
ROOM = pathlib.Path("/run/attack")
USABLE = re.compile(r'policy: key=(\S+) .* usable=(\d+) ')


# ---- the world that is attacked ----

def old_internet():
    """The servers of the past, in a network of their own.  Returns the
    process that holds it."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            os.setpgid(0, 0)
            attacker_module.own_network()
            lab_module.ROOM = pathlib.Path("/run/lab-old")
            lab_module.ROOM.mkdir()
            world.old_lab().start()
            os.write(writing, b"y")
            signal.pause()
        finally:
            os._exit(1)
    os.close(writing)
    if os.read(reading, 1) != b"y":
        raise RuntimeError("the servers of the past did not start")
    return process


def true_answers(lab):
    """{(name, type): Truth}, from a real unbound."""
    lab.start_unbound(UNBOUND)
    return {(name, rtype): judge.Truth(lab.ask(UNBOUND, name, rtype, True))
            for name, rtype in world.NAMES}


def all_records(lab):
    found = set()
    for name in lab.zones:
        for line in lab.zone_file(name).read_text().splitlines():
            owner, _, _, rtype, rdata = line.split(None, 4)
            rtype = dns.rdatatype.from_text(rtype)
            found.add((owner.lower(), rtype, dns.rdata.from_text(
                "IN", rtype, rdata, relativize=False).to_text()))
    return found


# ---- one daemon ----

class Daemon:
    def __init__(self, folder, lab, plan):
        self.folder = folder
        self.log_path = folder / "log"
        self.control = folder / "control"
        deadline = plan.deadline
        (folder / "conf").write_text(
            f'root-hints = "{lab.hints}"\ntrust-anchor = "{lab.anchor}"\n'
            f'control-socket = "{self.control}"\nuser = ""\n'
            f'socketmap-listen = {{ "unix:{folder}/socketmap" }}\n'
            'tcp-table-listen = {}\nstate-directory = ""\n'
            f'dns-listen = {{ "{LISTENER[0]}:{LISTENER[1]}" }}\n'
            f'lookup-deadline = {deadline}\n'
            f'evaluation-deadline = {2 * deadline + 2}\n' + world.PROFILES
            + os.environ.get("ATTACK_CONFIG", ""))
        self.patience = 2 * deadline + HANG
        self.process = None

    def start(self):
        build = pathlib.Path(os.environ.get("POSTDANE_BUILD", "build"))
        path = self.folder / "notify"
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(path))
            notify.settimeout(HANG)
            with open(self.log_path, "wb") as log:
                self.process = subprocess.Popen(
                    [*os.environ.get("ATTACK_WRAPPER", "").split(),
                     build / "postdaned", "-c", self.folder / "conf"],
                    stderr=log, preexec_fn=attacker_module.end_with_parent,
                    env=dict(os.environ, NOTIFY_SOCKET=str(path)))
            assert notify.recv(1024) == b"READY=1", self.log()

    def log(self):
        return self.log_path.read_text(errors="replace")

    def flush(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(HANG)
            s.connect(str(self.control))
            s.sendall(b'{"command": "flush"}\n')
            s.recv(4096)

    def loop_longest(self):
        """Seconds of processor time, of the longest callback."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(HANG)
            s.connect(str(self.control))
            s.sendall(b'{"command": "status"}\n')
            with s.makefile() as reply:
                return json.loads(reply.readline())["loop_longest_seconds"]

    def stop(self):
        """Returns what is wrong with how it was, or None."""
        code = self.process.poll()
        self.longest = 0
        if code is not None:
            return f"the daemon has ended with {code}: {self.log()[-2000:]}"
        try:
            self.longest = self.loop_longest()
        finally:
            self.process.kill()
            self.process.wait()
        return None if self.longest < LOOP_LONGEST else \
            Late(f"the loop was held for {1000 * self.longest:.1f} ms")

    async def ask(self, key, map_name):
        reader, writer = await asyncio.open_unix_connection(
            self.folder / "socketmap")
        try:
            payload = f"{map_name} {key}".encode()
            writer.write(b"%d:%s," % (len(payload), payload))
            size = int((await reader.readuntil(b":"))[:-1])
            return (await reader.readexactly(size)).decode()
        finally:
            writer.close()


class Late(str):
    """A complaint of time alone, which a machine that is busy with the other
    runs may be to blame for: such a run is looked at again by itself."""


class Resolver(asyncio.DatagramProtocol):
    """Asks the listener."""

    def __init__(self):
        self.waiting = {}
        self.next = 0

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        future = self.waiting.pop(data[:2], None)
        if future and not future.done():
            future.set_result(data)

    def error_received(self, exc):
        pass  # it is not there yet, or no more: its questions say so

    @staticmethod
    def query(name, rtype, flags):
        query = dns.message.make_query(
            name, rtype, use_edns=0 if "do" in flags else -1,
            want_dnssec="do" in flags, payload=4096)
        for flag, bit in (("ad", dns.flags.AD), ("cd", dns.flags.CD)):
            query.flags |= bit if flag in flags else 0
        return query

    async def ask(self, name, rtype, flags):
        """Over TCP where that was asked for."""
        query = self.query(name, rtype, flags)
        if "tcp" in flags:
            return await self.ask_tcp(query.to_wire())
        self.next = (self.next + 1) % 65536
        query.id = self.next
        wire = query.to_wire()
        future = asyncio.get_running_loop().create_future()
        self.waiting[wire[:2]] = future
        self.transport.sendto(wire)
        return dns.message.from_wire(await future)

    @staticmethod
    async def ask_tcp(wire):
        reader, writer = await asyncio.open_connection(*LISTENER)
        try:
            writer.write(struct.pack("!H", len(wire)) + wire)
            size, = struct.unpack("!H", await reader.readexactly(2))
            return dns.message.from_wire(await reader.readexactly(size))
        finally:
            writer.close()


# ---- one run ----

class Run:
    def __init__(self, worker, plan):
        self.worker = worker
        self.plan = plan
        self.r = random.Random(f"questions {plan.seed}/{plan.number}")
        self.daemon = Daemon(worker.folder, worker.lab, plan)
        self.targets, self.names = self.questions()
        self.complaints = []
        self.verdicts = collections.Counter()
        self.answers = collections.Counter()
        self.replies = []
        self.stopped = 0
        self.lasted = 0.0

    def questions(self):
        targets = [(key, "query", truth)
                   for key, truth in world.TARGETS.items()]
        others = [(*key, truth) for key, truth in world.OTHER_MAPS.items()]
        names = world.NAMES
        if not self.plan.whole:
            targets = self.r.sample(targets, TARGETS_A_RUN)
            others = self.r.sample(others, OTHERS_A_RUN)
            names = self.r.sample(names, NAMES_A_RUN)
        return targets + others, [(*name, self.r.choice(QUESTION_FLAGS))
                                  for name in names]

    async def policy(self, key, map_name, truth, again=True):
        try:
            reply = await asyncio.wait_for(self.daemon.ask(key, map_name),
                                           self.daemon.patience)
        except (asyncio.TimeoutError, OSError, EOFError) as error:
            self.complaints.append(f"{key} of map {map_name}: no reply "
                                   f"({type(error).__name__})")
            return
        if self.plan.strategy == "control" and again and \
                judge.level(reply) == "TEMP" != truth:
            # A machine that is too slow for its own questions, maybe.
            await asyncio.sleep(TEMP_TTL + 1)
            await self.policy(key, map_name, truth, False)
            return
        self.replies.append((key, map_name, truth, reply))

    async def name(self, name, rtype, flags):
        truth = self.worker.truth[name, rtype]
        try:
            reply = await asyncio.wait_for(
                self.worker.resolver.ask(name, rtype, flags),
                self.daemon.patience)
        except (asyncio.TimeoutError, OSError, EOFError):
            self.complaints.append(Late(f"{name} {rtype}: no answer"))
            return
        if reply.flags & dns.flags.TC and "tcp" not in flags:
            await self.name(name, rtype, flags | {"tcp"})
        self.answers["AD" if reply.flags & dns.flags.AD else
                     "SERVFAIL" if reply.rcode() == judge.SERVFAIL else
                     "without AD"] += 1
        complaint = judge.judge_answer(name, rtype, flags, truth, reply,
                                       self.worker.records)
        if complaint:
            self.complaints.append(complaint)

    async def phase(self, phase):
        self.worker.attacker.rules = phase.rules
        asked = [self.policy(key, map_name, truth)
                 for key, map_name, truth in self.targets]
        asked += [self.name(*name) for name in self.names]
        self.r.shuffle(asked)

        # Without an attack nothing has to wait for a deadline: a few at a
        # time, which a slow machine can follow.
        slots = asyncio.Semaphore(
            10 if self.plan.strategy == "control" else len(asked))

        async def later(question, seconds):
            await asyncio.sleep(seconds)
            async with slots:
                await question

        await asyncio.gather(*(
            later(question, 0 if i < SCOUTS else 0.05 + 0.002 * i)
            for i, question in enumerate(asked)))

    # -- what lasts --

    async def until_right(self, what, ask, begin):
        """Until ask() returns None, and not (what is wrong, how long that
        may be so)."""
        while wrong := await ask():
            text, seconds = wrong
            if time.monotonic() - begin > seconds:
                self.complaints.append(Late(
                    f"{what}: {text}, {time.monotonic() - begin:.0f} s after "
                    "the attacker has left"))
                return
            await asyncio.sleep(0.5)
        self.lasted = max(self.lasted, time.monotonic() - begin)

    async def policy_is_right(self, key, map_name, truth, begin):
        async def ask():
            reply = await asyncio.wait_for(self.daemon.ask(key, map_name),
                                           self.daemon.patience)
            got = judge.level(reply)
            # What is stricter, or rests on what failed, is lawful meanwhile.
            return None if got == truth else (
                repr(reply), ANSWERED_AGAIN if got in judge.allowed(
                    truth, map_name) else RIGHT_AGAIN)
        await self.until_right(f"{key} of map {map_name}", ask, begin)

    async def name_is_right(self, name, rtype, begin):
        truth = self.worker.truth[name, rtype]

        async def ask():
            reply = await asyncio.wait_for(self.worker.resolver.ask(
                name, rtype, {"do", "tcp"}), self.daemon.patience)
            return None if judge.right(truth, reply) else (
                judge.said(reply), ANSWERED_AGAIN if reply.rcode() ==
                judge.SERVFAIL else RIGHT_AGAIN)
        await self.until_right(f"{name} {rtype}", ask, begin)

    async def after(self):
        """The attacker has left: what he has said must not outlive him."""
        self.worker.attacker.leave()
        begin = time.monotonic()
        await asyncio.gather(
            *(self.policy_is_right(*target, begin) for target in self.targets
              if target[2] != "TEMP" and target[0] not in world.LEANING),
            *(self.name_is_right(name, rtype, begin)
              for name, rtype, _ in self.names
              if self.worker.truth[name, rtype].secure))

    # -- neighbours --

    async def timed(self, targets):
        """The longest, and what is wrong."""
        async def one(key, truth):
            begin = time.monotonic()
            reply = await asyncio.wait_for(self.daemon.ask(key, "query"),
                                           self.daemon.patience)
            seconds = time.monotonic() - begin
            self.verdicts[judge.level(reply).partition(" ")[0]] += 1
            got = judge.level(reply)
            is_late = got in judge.allowed(truth, "query")
            wrong = (Late if is_late else str)(f"{key}: {reply!r}")
            return seconds, None if got == truth else wrong
        found = await asyncio.gather(*(one(*target) for target in targets))
        return max(s for s, _ in found), [w for _, w in found if w]

    async def neighbours(self):
        """The attacker asks for domains of his own; victims must not
        notice."""
        self.worker.attacker.rules = self.plan.phases[0].rules
        victims = list(world.VICTIMS.items()) + self.r.sample(
            [(key, truth) for key, truth in world.OWN_KEYS.items()], 8)
        self.r.shuffle(victims)
        half = len(victims) // 2
        before, wrong = await self.timed(victims[:half])
        if wrong:  # a machine that is busy with other things
            await asyncio.sleep(TEMP_TTL + 1)
            before, wrong = await self.timed(victims[:half])
        attack = [asyncio.ensure_future(self.daemon.ask(key, "query"))
                  for key in self.plan.hostile]
        await asyncio.sleep(0.3)
        during, also_wrong = await self.timed(victims[half:])
        for task in attack:
            task.cancel()
        await asyncio.gather(*attack, return_exceptions=True)
        self.complaints += wrong + also_wrong
        if during > RATIO * before + FLOOR:
            self.complaints.append(Late(
                f"the neighbours wait for {during:.1f} s, without the attack "
                f"for {before:.1f} s"))

    def judge(self):
        usable = collections.defaultdict(int)
        for key, count in USABLE.findall(self.daemon.log()):
            usable[key] = max(usable[key], int(count))
        for key, map_name, truth, reply in self.replies:
            got = judge.level(reply)
            self.verdicts[got.partition(" ")[0]] += 1
            self.stopped += got == "TEMP" != truth
            complaint = judge.judge_policy(key, map_name, truth, reply,
                                           usable[key.lower()])
            if complaint:
                self.complaints.append(complaint)
            if self.plan.strategy == "control" and got != truth:
                self.complaints.append(
                    f"{key} of map {map_name}: {reply!r} without an attack, "
                    f"in truth {truth!r}")

    async def run(self):
        attacker = self.worker.attacker
        attacker.begin(self.plan)
        self.daemon.start()
        try:
            if self.plan.hostile:
                await self.neighbours()
            for phase in [] if self.plan.hostile else self.plan.phases:
                await self.phase(phase)
                if phase.then == "wait":
                    await asyncio.sleep(plan_module.WAIT)
                elif phase.then == "flush":
                    self.daemon.flush()
            if self.plan.lasting:
                await self.after()
            if self.plan.strategy == "control":
                for key, truth in world.UNPROTECTED.items():
                    await self.policy(key, "query", truth)
                self.replies, unprotected = [
                    r for r in self.replies
                    if r[0] not in world.UNPROTECTED], [
                    r for r in self.replies if r[0] in world.UNPROTECTED]
                self.complaints += [
                    f"{key}: {reply!r}, in truth {truth!r}"
                    for key, _, truth, reply in unprotected
                    if judge.level(reply) != truth]
        finally:
            ended = self.daemon.stop()
        if ended:
            self.complaints.append(ended)
        self.judge()
        self.complaints += attacker.errors[:3]
        result = {
            "number": self.plan.number, "strategy": self.plan.strategy,
            "stopped": self.stopped, "lasted": self.lasted,
            "complaints": self.complaints,
            "late": bool(self.complaints) and all(
                isinstance(c, Late) for c in self.complaints),
            "verdicts": self.verdicts,
            "answers": self.answers, "packets": attacker.packets,
            "attacked": attacker.attacked, "tricks": attacker.tricks,
            "longest": self.daemon.longest}
        if self.complaints:
            result["log"] = self.daemon.log()[-200000:]
        attacker.packets = attacker.attacked = 0
        attacker.tricks = collections.Counter()
        attacker.errors = []
        return result


class Worker:
    """A process with a network, an attacker and a daemon of its own."""

    def __init__(self, number, lab, sky, truth, all_of_them):
        self.folder = ROOM / str(number)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lab = lab
        self.sky = sky
        self.truth = truth
        self.records = all_of_them

    async def work(self, plans, tell, log=None):
        attacker_module.own_network()
        self.attacker = attacker_module.Attacker(self.sky, log)
        await self.attacker.listen()
        _, self.resolver = await asyncio.get_running_loop(
            ).create_datagram_endpoint(Resolver, remote_addr=LISTENER)
        for plan in plans:
            tell(await Run(self, plan).run())


# ---- all runs ----

class Totals:
    def __init__(self):
        self.runs = self.packets = self.attacked = 0
        self.verdicts = collections.Counter()
        self.answers = collections.Counter()
        self.tricks = collections.Counter()
        self.strategies = collections.Counter()
        self.with_temp = self.with_dane = self.failed = 0
        self.lasting = 0
        self.late = 0
        self.lasted = 0.0
        self.longest = 0

    def add(self, result):
        self.runs += 1
        self.packets += result["packets"]
        self.attacked += result["attacked"]
        for name in ("verdicts", "answers", "tricks"):
            getattr(self, name).update(result[name])
        self.strategies[result["strategy"]] += 1
        self.with_temp += result["stopped"] > 0
        self.with_dane += result["verdicts"].get("dane", 0) > 0
        self.failed += bool(result["complaints"])
        self.lasting += result["lasted"] > 0
        self.lasted = max(self.lasted, result["lasted"])
        self.longest = max(self.longest, result["longest"])

    def line(self, counter):
        return ", ".join(f"{n} {c}" for n, c in counter.most_common())

    def text(self):
        unused = set(tampering.EVERY) - set(self.tricks)
        rare = min((self.tricks[t], t) for t in tampering.EVERY)
        return "\n".join([
            f"{self.runs} runs, {self.failed} failed; {self.packets} packets "
            f"seen, {self.attacked} of them attacked",
            f"verdicts: {self.line(self.verdicts)}",
            f"listener: {self.line(self.answers)}",
            f"runs that stop mail {self.with_temp}, with dane "
            f"{self.with_dane}",
            f"right again after {self.lasting} attacks, the last one after "
            f"{self.lasted:.1f} s",
            f"late, and looked at again by themselves: {self.late}",
            f"strategies: {self.line(self.strategies)}",
            f"the longest callback: {1000 * self.longest:.1f} ms",
            f"tricks: {len(tampering.EVERY) - len(unused)} of "
            f"{len(tampering.EVERY)} used, the rarest {rare[1]} "
            f"{rare[0]} times"])

    def vacuous(self):
        """What makes these runs prove little, or None."""
        if self.runs < 100:
            return None
        unused = set(tampering.EVERY) - set(self.tricks)
        if unused and self.runs >= 500:
            return f"tricks that were never used: {sorted(unused)}"
        if not 0.3 * self.runs < self.with_temp < 0.97 * self.runs:
            return "the attacks stop hardly anything, or all"
        if self.with_dane < 0.3 * self.runs or \
                self.attacked < 0.05 * self.packets:
            return "hardly anything was attacked"
        return None


def spawn(number, make_worker, plans):
    """A worker; returns (process id, file to read its results from)."""
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, os.fdopen(reading)
    code = 1
    try:
        os.close(reading)
        with os.fdopen(writing, "w", buffering=1) as out:
            asyncio.run(make_worker(number).work(
                plans, lambda result: print(json.dumps(result), file=out)))
        code = 0
    except Exception:  # a child must not go on as its parent
        import traceback
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def complain(options, result):
    plan = plan_module.Plan(options.seed, result["number"])
    print(f"FAILED: {plan}")
    for complaint in result["complaints"][:12]:
        print(f"  {complaint}")
    if len(result["complaints"]) > 12:
        print(f"  and {len(result['complaints']) - 12} more")
    print(f"  again: make attack SEED={options.seed} RUN={result['number']}")
    if options.keep:
        path = pathlib.Path(options.keep)
        path.mkdir(parents=True, exist_ok=True)
        (path / f"{options.seed}-{result['number']}.log").write_text(
            result["log"])
    sys.stdout.flush()


def follow(options, workers, totals, end):
    """Collects results until the workers end, or time is up.  Returns the
    numbers of those that were late."""
    late = []
    files = {f.fileno(): f for _, f in workers}
    start = time.monotonic()
    poll = select.poll()
    for fd in files:
        poll.register(fd, select.POLLIN | select.POLLHUP)
    while files and time.monotonic() < end + GRACE:
        for fd, _ in poll.poll(1000):
            line = files[fd].readline()
            if not line.endswith("\n"):
                poll.unregister(fd)
                del files[fd]
                continue
            result = json.loads(line)
            if result["late"]:
                late.append(result["number"])
                continue
            totals.add(result)
            if result["complaints"]:
                complain(options, result)
                if options.stop:
                    return late
            if totals.runs % 100 == 0:
                print(f"{totals.runs} runs, {totals.failed} failed, "
                      f"{time.monotonic() - start:.0f} s", flush=True)
    return late


def run_alone(options, make_worker, number, totals):
    plan = plan_module.Plan(options.seed, number)
    process, out = spawn("alone", make_worker, [plan])
    with out:
        line = out.readline()
    broken = os.waitpid(process, 0)[1] != 0
    if not broken:
        result = json.loads(line)
        totals.add(result)
        totals.late += 1
        if result["complaints"]:
            complain(options, result)
    return not broken


def all_runs(options, make_worker):
    start = time.monotonic()
    end = start + options.seconds
    numbers = range(options.first, options.first + options.runs)

    def plans_of(i):
        for number in numbers[i::options.workers]:
            if time.monotonic() > end:
                return
            plan = plan_module.Plan(options.seed, number)
            if options.strategy in (None, plan.strategy):
                yield plan

    workers = [spawn(i, make_worker, plans_of(i))
               for i in range(options.workers)]
    totals = Totals()
    late = follow(options, workers, totals, end)
    for process, _ in workers:
        os.kill(process, signal.SIGKILL)  # those that time has not ended
    broken = [code for code in (os.waitpid(p, 0)[1] for p, _ in workers)
              if code not in (0, signal.SIGKILL)]
    broken += [n for n in late
               if not run_alone(options, make_worker, n, totals)]
    print(totals.text())
    print(f"seed {options.seed}: {totals.runs} runs in "
          f"{time.monotonic() - start:.0f} s")
    vacuous = totals.vacuous()
    if vacuous:
        print(f"FAILED: {vacuous}")
    if broken:
        print(f"FAILED: {len(broken)} workers ended badly")
    return not totals.failed and not vacuous and not broken and \
        totals.runs > 0


def warm(make_worker, sky):
    """A run without an attack, in a process of its own; its true answers are
    everybody's.  Returns whether it was right."""
    good = []

    class Warm:
        async def work(self, _, tell):
            worker = make_worker("control")
            await worker.work([plan_module.Control()], good.append)
            (ROOM / "true").write_bytes(pickle.dumps(worker.sky.true))
            tell(good[0])

    process, out = spawn("control", lambda _: Warm(), None)
    line = out.readline()
    os.waitpid(process, 0)
    if not line:
        return False
    result = json.loads(line)
    for complaint in result["complaints"]:
        print(f"without an attack: {complaint}")
    sky.true = pickle.loads((ROOM / "true").read_bytes())
    print(f"control: {result['verdicts']}, listener {result['answers']}, "
          f"{result['packets']} packets", flush=True)
    return not result["complaints"]


def control(make_worker, sky):
    """Says so where a machine is too busy to answer without an attack."""
    for _ in range(CONTROLS):
        if warm(make_worker, sky):
            return True
    print("FAILED: not right even without an attack")
    return False


def one_run(options, make_worker):
    plan = plan_module.Plan(options.seed, options.run)
    print(plan)
    results = []
    worker = make_worker(0)
    asyncio.run(worker.work([plan], results.append, print))
    for complaint in results[0]["complaints"]:
        print(complaint)
    print(results[0].get("log", ""))
    print(f"verdicts: {results[0]['verdicts']}")
    return not results[0]["complaints"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", action="append", dest="seeds",
                        help='"fresh" is a random one; several, one by one')
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=86400)
    parser.add_argument("--run", type=int)
    parser.add_argument("--workers", type=int,
                        default=4 * (os.cpu_count() or 1))
    parser.add_argument("--strategy", choices=plan_module.STRATEGIES,
                        help="leaves out the runs of all others")
    parser.add_argument("--stop", action="store_true",
                        help="at the first run that fails")
    parser.add_argument("--keep", help="a directory for daemons' logs")
    options = parser.parse_args()
    seeds = [secrets.token_hex(4) if seed == "fresh" else seed
             for seed in options.seeds or ["fresh"]]
    options.seed = seeds[0]
    for algorithm in ("ecdsa", "rsa", "ed25519"):
        signer.Key.shared(algorithm)
    signer.Key.shared("ecdsa", "forger")
    old = old_internet()
    lab = lab_module.Lab(world.ZONES).start()
    try:
        truth = true_answers(lab)
        everything = all_records(lab)
        new_network = os.open("/proc/self/ns/net", os.O_RDONLY)
        old_network = os.open(f"/proc/{old}/ns/net", os.O_RDONLY)
        zones = {name: z.zone.server for name, z in lab.zones.items()
                 if z.zone.server}

        sky = attacker_module.Sky(new_network, old_network, zones)

        def make_worker(number):
            return Worker(number, lab, sky, truth, everything)

        print(f"attack: seeds {' '.join(seeds)}", flush=True)
        good = one_run(options, make_worker) if options.run is not None \
            else control(make_worker, sky) or options.stop
        if options.run is None and good:
            for options.seed in seeds:
                good = all_runs(options, make_worker) and good
    finally:
        os.kill(old, signal.SIGKILL)
        lab.stop()
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
