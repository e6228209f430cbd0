"""What monitoring makes of us: Prometheus' own promtool, and systemd's judgement
of the unit.  None of their daemons runs."""

import json
import pathlib
import re
import subprocess
import urllib.request

import pytest

import lab as lab_module
from lab import HANG
import zones as table

ZONES = ("hosts.nsec", "d.nsec", "expired.nsec")
SERVICE = pathlib.Path("service")
DASHBOARD = SERVICE / "grafana-dashboard.json"
ALERTS = SERVICE / "prometheus-alerts.yml"
UNIT = SERVICE / "postdane.service"
BIN = lab_module.SERVERS.resolve() / "usr/bin"


def tool(name, *arguments, **options):
    env = lab_module.environment()
    env["LD_LIBRARY_PATH"] += f":{lab_module.LIBRARIES[0].resolve()}/systemd"
    return subprocess.run([BIN / name, *arguments], capture_output=True,
                          text=True, timeout=HANG, check=False, env=env,
                          **options)


# ---- metrics ----

@pytest.fixture(scope="module")
def lab():
    yield from lab_module.running(lab_module.Lab(
        [z for z in table.ZONES if z.name in ZONES]))


@pytest.fixture(scope="module")
def metrics(lab):
    """After a little of everything."""
    daemon = lab_module.Daemon(
        lab, "watched", 'metrics-listen = { "inet:127.0.0.1:8644" }\n'
        'lookup-deadline = 3\n').start()
    for key in ("dane.d.nsec", "dane.d.nsec", "absent.d.nsec", "expired.nsec",
                "[192.0.2.1]"):
        daemon.socketmap(key)
    daemon.tcp_table("absent.d.nsec")
    with urllib.request.urlopen("http://127.0.0.1:8644/metrics",
                                timeout=HANG) as reply:
        text = reply.read().decode()
    daemon.stop()
    return text


def test_promtool_likes_the_metrics(metrics):
    result = tool("promtool", "check", "metrics", input=metrics)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_promtool_would_complain(metrics):
    bad = re.sub("postdane_queries_total", "postdane_queries", metrics)
    assert tool("promtool", "check", "metrics", input=bad).returncode != 0


# ---- what asks for them ----

def expressions():
    return [target["expr"] for panel in json.loads(DASHBOARD.read_text())
            ["panels"] for target in panel["targets"]]


def complaints(folder, rules):
    path = folder / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "test", "rules": rules}]}))
    result = tool("promtool", "check", "rules", path)
    return result.stderr if result.returncode else ""


def test_dashboard_asks_what_prometheus_understands(tmp_path):
    rules = [{"record": f"test:expression_{i}",
              "expr": re.sub(r"\$__\w+", "5m", expr)}
             for i, expr in enumerate(expressions())]
    assert len(rules) > 30
    assert complaints(tmp_path, rules) == ""
    rules[7]["expr"] += ")"
    assert complaints(tmp_path, rules) != ""


@pytest.mark.parametrize("source", [DASHBOARD, ALERTS])
def test_what_is_asked_for_is_there(metrics, source):
    there = set(re.findall(r"^(postdane_\w+)", metrics, re.M))
    asked = set(re.findall(r"postdane_[a-z_]+", source.read_text()))
    assert len(asked) > 5
    assert asked <= there


def test_alerts_are_good_rules():
    result = tool("promtool", "check", "rules", ALERTS)
    assert result.returncode == 0, result.stderr


def series(name, bad, good, labels=""):
    return [{"series": f'{name}{{job="postdane", instance="{who}"{labels}}}',
             "values": values} for who, values in (("bad", bad), ("good", good))]


def firing(alert, severity, value="", **labels):
    summary = re.search(rf"{alert}\n.*?summary: \"(.*?)\"",
                        ALERTS.read_text(), re.S)[1]
    summary = summary.replace("{{ $labels.instance }}", "bad")
    return alert, {
        "exp_labels": {"instance": "bad", "severity": severity, **labels},
        "exp_annotations": {
            "summary": re.sub(r"{{ \$value.*?}}", value, summary)}}


def check_alerts(folder, interval, rounds, inputs, alerts):
    test = folder / "test.yml"
    test.write_text(json.dumps({
        "rule_files": [str(ALERTS.resolve())],
        "evaluation_interval": interval,
        "tests": [{"interval": interval, "input_series": inputs,
                   "alert_rule_test": [
                       {"alertname": name, "exp_alerts": [alert], "eval_time":
                        f"{rounds * int(interval[:-1])}{interval[-1]}"}
                       for name, alert in alerts]}]}))
    result = tool("promtool", "test", "rules", test)
    assert result.returncode == 0, result.stdout + result.stderr


def test_alerts_fire(tmp_path):
    """One daemon with everything that can be wrong, beside a good one."""
    job = {"job": "postdane"}
    check_alerts(tmp_path, "1m", 70, [
        *series("up", "0x70", "1x70"),
        *series("postdane_trust_path", "0x70", "1x70"),
        *series("postdane_replies_total", "0+10x70", "0+1x70",
                ', reply="temp"'),
        *series("postdane_replies_total", "0+10x70", "0+99x70",
                ', reply="dane"'),
        *series("postdane_verdicts_weakened_total", "0+1x70", "0x70"),
        *series("postdane_lookup_duration_seconds_bucket", "0x70", "0+9x70",
                ', le="1"'),
        *series("postdane_lookup_duration_seconds_bucket", "0+9x70", "0+9x70",
                ', le="4"'),
        *series("postdane_lookup_duration_seconds_bucket", "0+9x70", "0+9x70",
                ', le="+Inf"'),
        *series("postdane_loop_longest_seconds", "0.25x70", "0.02x70"),
        *series("postdane_connections_made_room_total", "0+1x70", "0x70")], [
        firing("PostdaneDown", "critical", **job),
        firing("PostdaneWithoutTrust", "critical", **job),
        firing("PostdaneDefersMail", "warning", "50%"),
        firing("PostdaneVerdictsWeakened", "warning", "60", **job),
        firing("PostdaneSlowDns", "warning", "2.5s"),
        firing("PostdaneLoopHeld", "warning", "250ms", **job),
        firing("PostdaneConnectionsAtTheirLimit", "warning", **job)])
    check_alerts(tmp_path, "1h", 25, series(
        "postdane_trust_anchors_followed", "0x25", "1x25"), [
        firing("PostdaneRootKeysNotFollowed", "warning", **job)])


# ---- the unit ----

def exposure(unit):
    """Of ten, as systemd-analyze has it; without a systemd that runs."""
    result = tool("systemd-analyze", "security", "--offline=true",
                  "--no-pager", unit)
    assert result.returncode == 0, result.stderr
    return float(re.search(r"exposure level for \S+: ([\d.]+)",
                           result.stdout)[1])


# What is left: addresses of the internet, port 53 at the start, and netlink,
# by which the kernel says whose a connection is.
EXPOSED = 1.6


def test_the_unit_exposes_little(tmp_path):
    assert exposure(UNIT) <= EXPOSED
    weak = tmp_path / UNIT.name
    weak.write_text(re.sub(r"(?m)^PrivateDevices=.*\n|^NoNew.*\n", "",
                           UNIT.read_text()))
    assert exposure(weak) > EXPOSED
