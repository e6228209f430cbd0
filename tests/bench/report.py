"""docs/benchmark.md and docs/benchmark.svg, from the results of run.py:

    /usr/bin/python3 tests/bench/report.py build/bench/results.json
"""

import json
import pathlib
import sys

from plot import COLOURS, Panel, picture

DOCS = pathlib.Path(__file__).parents[2] / "docs"


# ---- the plot ----

def plot(results):
    rows = results["hot"]["socketmap, inet"]

    def latency(who, key):
        return [(row["connections"], row[who][key]) for row in rows]
    sizes = results["sizes"]
    panels = [
        Panel(70, "Latency of a hot question", "connections", "µs", [
            ("bare loop, p50", COLOURS[0], False, latency("base", "p50")),
            ("bare loop, p99", COLOURS[0], True, latency("base", "p99")),
            ("postdaned, p50", COLOURS[1], False, latency("ours", "p50")),
            ("postdaned, p99", COLOURS[1], True, latency("ours", "p99"))]),
        Panel(490, "Memory of the process", "next hops asked for", "MiB", [
            ("resident", COLOURS[1], False,
             [(s["size"], s["rss"] / 2**20) for s in sizes]),
            ("verdict cache, by its own count", COLOURS[2], True,
             [(s["size"], s["cache_bytes"] / 2**20) for s in sizes
              if s.get("cache_bytes")])])]
    return picture(panels, 850, 330)


# ---- the text ----

def table(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "|".join(["---"] + ["---:"] * (len(head) - 1)) + "|"
    for row in rows:
        yield "| " + " | ".join(str(cell) for cell in row) + " |"
    yield ""


def with_spread(row):
    low, high = row["spread"]
    return f"**{row['ratio']['rate']:.2f}** ({low:.2f} to {high:.2f})"


def pair_rows(rows):
    for row in rows:
        base, ours, ratio = row["base"], row["ours"], row["ratio"]
        yield (row["connections"], f"{base['rate']:,.0f}",
               f"{ours['rate']:,.0f}",
               with_spread(row),
               f"{base['p50']:.0f} / {ours['p50']:.0f}",
               f"{ratio['p50']:.2f}", f"{base['p99']:.0f} / {ours['p99']:.0f}",
               f"{ratio['p99']:.2f}",
               f"{ratio['cpu_us']:.2f}" if "cpu_us" in ratio else "–")


PAIR_HEAD = ("connections", "bare loop, replies/s", "postdaned, replies/s",
             "ratio", "p50, µs", "ratio", "p99, µs", "ratio",
             "processor time a reply, ratio")


def machine_lines(results):
    m = results["machine"]
    yield "## Machine"
    yield ""
    yield (f"{m['cpu']}, {m['processors']} processors, "
           f"{m['memory'] / 2**30:.0f} GiB; {m['system']}, Linux "
           f"{m['kernel']}; {m['compiler']}; {m['postdane']}; "
           f"{', '.join(m['packages'])}. {m['date']}.")
    yield ""
    yield ("Daemon and bare loop run on one processor, the load on another. "
           f"When it began, the machine's load average was {m['load']:.1f}"
           + (": it was not alone on it, and absolute numbers are lower than "
              "they could be." if m["load"] > 1.2 else "."))
    yield ""


def hot_lines(results):
    yield "## Hot"
    yield ""
    yield (f"{results['hot_keys']:,} next hops, drawn by Zipf's law, each "
           "asked once before. The anchor is an epoll loop that answers a "
           "constant and looks at nothing. A row is the median of "
           f"{results['pairs']} interleaved pairs of {results['seconds']} s; "
           "ratios are medians of the pairs' ratios, in brackets the lowest "
           "and the highest.")
    yield ""
    if not results["cache"]:
        yield ("This daemon has no verdict cache: every question was "
               f"evaluated ({results['hot_evaluations']:,.0f} evaluations).")
    else:
        yield (f"Evaluations meanwhile: {results['hot_evaluations']:,.0f}.")
    yield ""
    for name, rows in results["hot"].items():
        yield f"### {name}"
        yield ""
        yield from table(PAIR_HEAD, pair_rows(rows))
    yield (f"Instructions in the process for one hot question, by callgrind: "
           f"**{results['instructions']:,.0f}** (what many questions cost "
           "more than few, divided; the kernel's are not counted).")
    yield ""
    if "peer" in results:
        yield f"### {results['peer']['place']}, another server"
        yield ""
        head = tuple(h.replace("postdaned", "peer") for h in PAIR_HEAD)
        yield from table(head, pair_rows(results["peer"]["results"]))
        yield ("It runs outside of the lab, on the processor that it was "
               "given.")
        yield ""


def cold_lines(results):
    yield "## Cold"
    yield ""
    yield ("Signed domains that were never asked for, each with an MX host of "
           "its own, 64 at once. By turns with them the same lookups (MX, A, "
           "AAAA, TLSA of each, 64 at once) at a real unbound, on the same "
           "processor. Name servers and load share the other one. Zones "
           "signed with ECDSA P-256 and with RSA: Debian builds libunbound "
           "with nettle and the server unbound with OpenSSL, and what an ECDSA "
           "signature costs to check is their difference, not ours.")
    yield ""
    yield from table(
        ("zones", "postdaned, domains/s", "unbound, domains/s", "ratio",
         "processor time a domain, µs", "ratio", "p50, ms", "p99, ms"),
        [(algorithm, f"{row['ours']['rate']:,.0f}",
          f"{row['base']['rate']:,.0f}", with_spread(row),
          f"{row['base']['cpu_us']:,.0f} / {row['ours']['cpu_us']:,.0f}",
          f"{row['ratio']['cpu_us']:.2f}",
          f"{row['ours']['p50'] / 1000:.1f}",
          f"{row['ours']['p99'] / 1000:.1f}")
         for algorithm, row in results["cold"].items()])


def mixed_lines(results):
    mixed, dead = results["mixed"], results["dead"]
    yield "## Mixed, and dead zones"
    yield ""
    yield ("64 connections ask hot questions; then 1 % of theirs are cold, "
           f"and {results['dead_zones']} more connections ask for zones whose "
           "servers drop everything. What the hot questions take, µs:")
    yield ""
    yield from table(("", "p50", "p99", "p99.9"), [
        (name, *(f"{mixed[key][p]:,.0f}" for p in ("p50", "p99", "p999")))
        for name, key in (("hot alone", "pure"), ("hot in the mixture",
                                                  "mixed"))])
    yield (f"The p99 in the mixture is **{mixed['ratio']:.2f}** times that of "
           "the hot questions alone: the median of the ratios of the pairs of "
           "runs.")
    yield ""
    yield ("One question at a time for a healthy domain that was never asked "
           "for, without and with questions for dead zones in flight "
           f"(at least {dead['in_flight']:.0f}), ms:")
    yield ""
    yield from table(("", "mean", "p50", "p99"), [
        (name, *(f"{dead[key][p] / 1000:.2f}" for p in ("mean", "p50",
                                                        "p99")))
        for name, key in (("alone", "alone"), ("beside dead zones",
                                               "beside"))])
    yield ("Beside dead zones the answer for a healthy domain takes "
           f"**{dead['ratio']:.2f}** times as long as alone: so the p50s of "
           "both compare, the median of three pairs of runs; the means, "
           f"{dead['ratio_mean']:.2f}. (The table has the medians of each row "
           "for itself, whose ratio is another.) Dead zones hold nothing up as "
           "long as it is about 1.")
    yield ""


def dns_lines(results):
    dns = results["dns"]
    yield "## As a resolver"
    yield ""
    yield ("dnsperf with DO, 8 sockets, 100 questions in flight, MX, A and "
           "TLSA of signed names that are in the cache, medians of runs of "
           f"{dns['seconds']} s by turns; postdane's listener and a real "
           "unbound on one processor.")
    yield ""
    yield from table(("", "answers/s", "mean latency, µs", "sent", "lost"), [
        (name, f"{dns[key]['rate']:,.0f}", f"{dns[key]['latency_us']:,.0f}",
         f"{dns[key]['sent']:,.0f}", f"{dns[key]['lost']:,.0f}")
        for name, key in (("postdane", "ours"), ("unbound", "unbound"))])
    yield ("postdane gives **{:.2f}** times as many answers a second as "
           "unbound.".format(dns['ratio']))
    yield ""


def size_lines(results):
    yield "## Memory"
    yield ""
    yield ("The process after so many different next hops were asked for, and "
           "the speed of 64 connections over all of them, in proportion to "
           f"that over {results['hot_keys']:,} of the same, in "
           f"{results['pairs']} interleaved pairs as above. What libunbound "
           "caches is in the resident memory.")
    yield ""
    yield from table(
        ("next hops", "resident, MiB", "grown by, MiB", "octets each",
         "cache's own count, MiB", "replies/s", "ratio, Zipf's law",
         "ratio, drawn evenly", "evaluated anew"),
        [(f"{s['size']:,}", f"{s['rss'] / 2**20:.1f}",
          f"{s['grown'] / 2**20:.1f}", f"{s['grown'] / s['size']:.0f}",
          f"{s['cache_bytes'] / 2**20:.1f}" if s.get("cache_bytes") else "–",
          f"{s['zipf']['ours']['rate']:,.0f}", with_spread(s["zipf"]),
          with_spread(s["evenly"]), f"{s['evaluated']:,.0f}")
         for s in results["sizes"]])


def text(results):
    yield "# Benchmark"
    yield ""
    yield ("Written by `sudo make bench`. Numbers of one machine say little "
           "about another; what counts are the ratios to a loop that does "
           "nothing, measured in the same run. If load and server saturate "
           "their processors unequally, replies per second flatter the "
           "server; the processor time for a reply does not.")
    yield ""
    if results["brief"]:
        yield ("**A brief run (`BENCH=brief`): it shows that the benchmark "
               "works, and no more.**")
        yield ""
    yield "![latency and memory](benchmark.svg)"
    yield ""
    yield from machine_lines(results)
    yield from hot_lines(results)
    yield from cold_lines(results)
    yield from mixed_lines(results)
    yield from dns_lines(results)
    yield from size_lines(results)


def write(results):
    """Returns the files written."""
    DOCS.mkdir(exist_ok=True)
    paths = DOCS / "benchmark.md", DOCS / "benchmark.svg"
    paths[0].write_text("\n".join(text(results)).rstrip() + "\n")
    paths[1].write_text(plot(results))
    return paths


if __name__ == "__main__":
    write(json.loads(pathlib.Path(sys.argv[1]).read_text()))
