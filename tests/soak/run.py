"""sudo make soak TIME=1200: mixed load for so many seconds, while zones expire,
servers come and go or turn against us, and the configuration changes.

Looks each second at what the daemon uses and how long hot questions take
(build/soak/samples.csv, docs/soak.svg), and ends with a verdict: no reply that
is weaker than the truth, no question without one, nothing that grows, no crash.

SEED=… repeats the same choices.  What is judged over minutes (growth) is not
judged in a run of less than five.
"""

import collections
import csv
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lab"), str(HERE.parent / "bench")]

import clients  # noqa: E402
import lab as lab_module  # noqa: E402
import plot  # noqa: E402
import truth  # noqa: E402

BUILD = pathlib.Path(os.environ.get("POSTDANE_BUILD", "build"))
OUT = pathlib.Path("build/soak")
LONG = 300          # seconds from which on growth is judged
GROWTH = 0.5        # MiB a minute, of the resident memory
DESCRIPTORS = 8     # more than before the load: libunbound's spare contexts
NEEDLESS = 0.001    # of the steady questions in calm times
COLUMNS = ("second", "rss_kib", "descriptors", "connections", "cache_entries",
           "in_flight", "hot_p50_us", "hot_p99_us", "hot_replies", "hot_temp",
           "replies", "unknown", "wrong", "load")


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


# ---- load ----

class Hot(threading.Thread):
    """tests/bench/load.c on persistent connections; one question of a hundred
    is for a next hop that nobody has asked for."""

    def __init__(self, name, place, seconds, rate, *options):
        super().__init__(daemon=True)
        self.name, self.lines = name, []
        self.process = subprocess.Popen(
            [BUILD / "bench/load", "-k", truth.HOT_KEYS, "-x",
             truth.COLD_KEYS.replace("x", name, 1), "-X", "10", "-z", "1", "-c",
             "8", "-t", str(seconds), "-r", str(rate), "-i", "1", "-e", "dane",
             *options, place],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.start()

    def run(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def end(self, ledger):
        """How many seconds after its end whoever waits may still wait is its
        own affair; its exit status tells."""
        code = self.process.wait(2 * clients.PATIENCE)
        self.join()
        if code:
            ledger.fail("hot", f"{self.name}: load ended with {code}: "
                        + self.process.stderr.read())
        counts = collections.Counter()
        for line in self.lines:
            counts.update({key: line[key] for key in ("ok", "temp", "bad",
                                                      "notfound")})
        ledger.counts["hot", "right"] += counts["ok"]
        ledger.counts["hot", "unknown"] += counts["temp"]
        if counts["bad"] + counts["notfound"]:
            ledger.fail("hot", f"{self.name}: {counts['bad']} bad, "
                        f"{counts['notfound']} not found")


class Soak:
    def __init__(self, seconds, seed):
        self.length, self.seed = seconds, seed
        self.ending = threading.Event()
        self.ledger = clients.Ledger()
        self.needless = []
        self.spans = []      # when servers of all the world were silent
        self.samples = []
        self.world = truth.World().start()
        self.daemon = clients.Daemon(self.world).start()
        self.hops = list(truth.hops())
        self.names = list(truth.names(self.world))
        self.by_key = collections.defaultdict(list)
        for hop in self.hops:
            if hop.map == "query":
                self.by_key[hop.key].append(hop)
        self.begin = 0.0
        self.resting = 0     # descriptors before the load
        self.hot, self.actors = [], []

    def seconds(self):
        return time.monotonic() - self.begin

    def start_load(self):
        self.begin = time.monotonic()
        self.hot = [
            Hot("inet", f"inet:127.0.0.1:{self.daemon.port}", self.length, 150),
            Hot("unix", f"unix:{self.daemon.unix}", self.length, 150),
            Hot("tcp", f"inet:127.0.0.1:{self.daemon.port + 1}", self.length,
                150, "-p", "tcp")]

        def period(seconds):  # in a short run each has its turn
            return min(seconds, self.length / 8)
        self.actors = [
            *(clients.Client(self, 0.2, f"client {i}") for i in range(12)),
            *(clients.Resolver(self, 0.2, f"resolver {i}") for i in range(6)),
            *(clients.Rude(self, 1, f"rude {i}") for i in range(3)),
            clients.Operator(self, 1, "operator"),
            clients.Reloader(self, period(20), "reloader"),
            clients.Flapper(self, period(12), "flapper"),
            clients.Turncoats(self, period(2), "turncoats")]
        for actor in self.actors:
            actor.start()

    # -- looking --

    def proc(self, name):
        return pathlib.Path(f"/proc/{self.daemon.process.pid}/{name}")

    def descriptors(self):
        return len(list(self.proc("fd").iterdir()))

    def rss(self):
        return int(re.search(r"VmRSS:\s+(\d+)",
                             self.proc("status").read_text())[1])

    def sample(self):
        done = self.daemon.run("status", "--json")
        if not done.stdout:
            self.ledger.fail("status", done.stderr)
            return
        status = json.loads(done.stdout)
        lines = [hot.lines[-1] for hot in self.hot if hot.lines]
        count = self.ledger.total
        self.samples.append(dict(zip(COLUMNS, (
            round(self.seconds(), 1), self.rss(), self.descriptors(),
            status["connections"], status["cache_entries"],
            status["evaluations_in_flight"],
            max((line["p50"] for line in lines), default=0),
            max((line["p99"] for line in lines), default=0),
            sum(line["count"] for line in lines),
            sum(line["temp"] for line in lines),
            sum(self.ledger.counts.values()), count("unknown"),
            count("wrong"), os.getloadavg()[0]))))

    def watch(self):
        told = shown = 0
        while self.seconds() < self.length:
            time.sleep(1 - self.seconds() % 1)
            if self.daemon.process.poll() is not None:
                self.ledger.fail("daemon", "it has ended: "
                                 + self.daemon.log()[-2000:])
                return
            self.sample()
            if self.seconds() - told > 60:
                told = self.seconds()
                say(" ".join(f"{key}={value}" for key, value in
                             self.samples[-1].items()))
                for line in self.ledger.unexpected[shown:shown + 20]:
                    print(line, flush=True)
                shown = len(self.ledger.unexpected)

    # -- the whole --

    def run(self):
        # What a reload and some questions leave open belongs to it.
        for key in ("dane.d.nsec", "plain.unsigned"):
            self.daemon.socketmap(key)
        self.daemon.reload(self.daemon.base)
        self.daemon.socketmap("dane.d.nsec")
        time.sleep(1)
        self.resting = self.descriptors()
        self.start_load()
        self.watch()
        self.ending.set()
        for actor in self.actors:
            actor.join(2 * clients.PATIENCE)
            if actor.is_alive():
                self.ledger.fail("lost", f"{actor.name} still waits")
        for hot in self.hot:
            hot.end(self.ledger)
        return self.judge()

    def settle(self):
        """Until what was in flight is over.  Returns the descriptors."""
        if self.daemon.process.poll() is not None:
            return 0
        try:
            lab_module.wait_until(
                "rest", lambda: self.descriptors()
                <= self.resting + DESCRIPTORS)
        except TimeoutError:
            pass
        return self.descriptors()

    def growth(self):
        """MiB a minute over the second half: a line through the lowest of each
        half minute, since reloads, and zones that fail, have two of everything
        for a while."""
        half = [s for s in self.samples if s["second"] > self.length / 2]
        lows = [min(s["rss_kib"] for s in half[i:i + 30]) / 1024
                for i in range(0, len(half) - 29, 30)]
        if len(lows) < 3:
            return 0.0
        return statistics.linear_regression(
            [i / 2 for i in range(len(lows))], lows).slope

    def judge(self):
        """Lines of (what, whether it is well, how it was)."""
        ledger = self.ledger
        descriptors = self.settle()
        asked = sum(ledger.calm_counts.values())
        needless = asked - ledger.calm_counts["right"]
        growth = self.growth()
        crash = self.daemon.process.poll()
        if crash is None:
            try:
                self.daemon.stop()
            except AssertionError as error:
                crash = str(error)
        else:
            crash = f"it had ended, exit code {crash}"
        log = self.daemon.log()
        strange = re.search(r"(==\d+==|runtime error|assert|abort).*", log)
        wrong = ledger.total("wrong")
        lost = ledger.total("lost")
        others = len(ledger.unexpected) - wrong - lost
        entries = max((s["cache_entries"] for s in self.samples), default=0)
        verdict = [
            ("weaker than the truth, or false", wrong == 0, f"{wrong} replies"),
            ("questions without a reply", lost == 0, f"{lost}"),
            ("other failures", others == 0, f"{others}"),
            ("needless TEMP or caution in calm times",
             needless <= max(1, asked * NEEDLESS),
             f"{needless} of {asked:,} replies"),
            ("cache entries", entries <= 1500, f"{entries:,} at most"),
            ("descriptors", descriptors <= self.resting + DESCRIPTORS,
             f"{self.resting} before the load, "
             f"{max((s['descriptors'] for s in self.samples), default=0)} at "
             f"most, {descriptors} after it"),
            ("memory", self.length < LONG or growth < GROWTH,
             f"{growth:+.3f} MiB a minute over the second half"
             + (" (too short to tell)" if self.length < LONG else "")),
            ("end", crash is None and strange is None,
             crash or (strange and strange[0]) or "in order"),
        ]
        return verdict


# ---- the report ----

def buckets(samples, key, choose, scale=1.0):
    """About three hundred points of (minute, value)."""
    size = max(1, len(samples) // 300)
    for i in range(0, len(samples), size):
        some = samples[i:i + size]
        yield (some[0]["second"] / 60, choose(s[key] for s in some) * scale)


def picture(samples, spans, length):
    samples = [s for s in samples if s["hot_p50_us"] > 0]
    spans = [(a / 60, (b or length) / 60) for a, b in spans]

    def panel(left, top, title, ylabel, *series, **options):
        return plot.Panel(
            left, title, "minutes", ylabel,
            [(name, colour, dashed, list(buckets(samples, key, choose, scale)))
             for name, colour, dashed, key, choose, scale in series],
            top=top, x_scale=plot.Linear, spans=spans,
            **{"y_scale": plot.Linear, **options})
    grey, blue, red = plot.COLOURS
    return plot.picture([
        panel(70, 0, "Memory", "MiB",
              ("resident", blue, False, "rss_kib", max, 1 / 1024)),
        panel(490, 0, "Hot questions", "µs",
              ("p50", blue, False, "hot_p50_us", statistics.median, 1.0),
              ("p99", red, False, "hot_p99_us", statistics.median, 1.0),
              y_scale=plot.Logarithmic),
        panel(70, 320, "Descriptors", "",
              ("open", blue, False, "descriptors", max, 1.0),
              ("connections", grey, False, "connections", max, 1.0)),
        panel(490, 320, "Next hops", "",
              ("cached", blue, False, "cache_entries", max, 1.0),
              ("evaluated now", red, False, "in_flight", max, 1.0))],
        850, 680, "Shaded: the servers of the root, of the TLDs or of all "
        "other zones are silent.")


def summary(soak, verdict):
    counts = soak.ledger.counts
    kinds = [("hot", "hot and fresh next hops, 24 connections that stay"),
             ("policy", "next hops of the lab's tables, clients that come "
              "and go"),
             ("dns", "the DNS listener"), ("explain", "`explain`"),
             ("export", "`export`, lines")]
    yield "| asked | replies | right | TEMP, SERVFAIL | stricter | wrong |"
    yield "|---|---:|---:|---:|---:|---:|"
    for kind, what in kinds:
        some = [counts[kind, j] for j in ("right", "unknown", "cautious",
                                          "wrong")]
        yield (f"| {what} | {sum(some):,} | "
               + " | ".join(f"{n:,}" for n in some) + " |")
    yield ""
    yield (f"Meanwhile {counts['reload', 'right']} reloads, "
           f"{counts['flaps', 'right']} times a server that went away or fell "
           f"silent, {counts['turns', 'right']} changes of a zone's "
           f"servers, {counts['rude', 'right']:,} clients that broke "
           "the protocol. The machine's "
           "load average was "
           f"{statistics.median(s['load'] for s in soak.samples):.1f}.")
    yield ""
    yield "| | | |"
    yield "|---|---|---|"
    for what, well, how in verdict:
        yield f"| {what} | {how} | {'well' if well else '**FAILED**'} |"


def write(soak, verdict):
    OUT.mkdir(parents=True, exist_ok=True)
    with open(OUT / "samples.csv", "w", encoding="ascii") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(soak.samples)
    (OUT / "results.json").write_text(json.dumps(
        {"length": soak.length, "samples": soak.samples, "spans": soak.spans}))
    (OUT / "log").write_text(soak.daemon.log())
    (OUT / "soak.svg").write_text(
        picture(soak.samples, soak.spans, soak.length))
    (OUT / "summary.md").write_text("\n".join(summary(soak, verdict)) + "\n")
    (OUT / "unexpected").write_text("".join(
        line + "\n" for line in [*soak.ledger.unexpected,
                                 "needless:", *soak.needless]))


def main():
    seconds = int(sys.argv[1])
    seed = os.environ.get("SEED") or str(time.time_ns() % 10**6)
    say(f"soak: {seconds} s, SEED={seed}")
    soak = Soak(seconds, seed)
    verdict = soak.run()
    write(soak, verdict)
    print((OUT / "summary.md").read_text())
    failed = sum(not well for _, well, _ in verdict)
    # As Check says it, for who counts.
    print(f"{100 - 100 * failed // len(verdict)}%: Checks: {len(verdict)}, "
          f"Failures: {failed}, Errors: 0")
    for line in soak.ledger.unexpected[:20]:
        print(line)
    soak.world.stop()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
