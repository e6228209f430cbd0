"""Zone blocks, forwarders and the trust anchor."""

import pytest

import lab as lab_module
from lab import HANG
import misbehave
from zones import Zone

RECURSOR = "10.53.0.53"
FORWARDER = "10.53.9.1"
PORT = 8842

# What the world knows of corp.nsec (encrypt), and what the inside knows (may).
OUTSIDE = Zone("corp.nsec", "@ MX 10 unusable.hosts.nsec.")
INSIDE = Zone("corp.nsec", "@ MX 10 mail\nmail A 10.25.8.1")


def inside_file(name):
    return lab_module.ROOM / "zones" / f"inside-{name}"


@pytest.fixture(scope="module")
def world():
    running = lab_module.Lab([*lab_module.table.ZONES, OUTSIDE]).start()
    running.start_unbound(RECURSOR)
    # The internal server: the same name, other data.
    inside = lab_module.Lab([INSIDE, *(
        Zone(name, "@ MX 10 mail\nmail A 10.25.8.2")
        for name in ("corp.internal", "a.corp.internal", "a.corp.nsec"))])
    inside.zones = {n: z for n, z in inside.zones.items()
                    if "corp." in n}
    for zone in inside.zones.values():
        zone.add_apex()
        zone.zone.server = "backend"
        inside_file(zone.name).write_text("\n".join(zone.lines()) + "\n")
    inside.zone_file = inside_file
    inside.start_nsd("backend")
    lab_module.wait_until("inside", lambda: running.answers(
        misbehave.BACKEND, "corp.nsec"))
    yield running
    inside.stop()
    running.stop()


@pytest.fixture
def ask(world):
    """ask(config, key) -> reply, with a daemon of its own."""
    def run(config, key, **changes):
        daemon = lab_module.Daemon(world, "zones", config, port=PORT)
        for option, value in changes.items():
            text = daemon.config.read_text()
            lines = [line for line in text.splitlines()
                     if not line.startswith(option.replace("_", "-"))]
            lines.append(f'{option.replace("_", "-")} = "{value}"')
            daemon.config.write_text("\n".join(lines) + "\n")
        daemon.start()
        try:
            return daemon.socketmap(key)
        finally:
            daemon.stop()
    return run


@pytest.fixture
def forwarder(world):
    """forwarder(behaviour, backend): a forwarder that misbehaves so."""
    started = []

    def start(behaviour, backend):
        started.append(world.start_proxy("corp.nsec.", FORWARDER, behaviour,
                                         backend=backend))
    yield start
    for proxy in started:
        world.underworld.stop(proxy)


def stub(name, insecure):
    return (f'zone "{name}" {{ stub = {{ "{FORWARDER}" }} '
            f'{"insecure = yes" if insecure else ""} }}\n')


def zone(name, insecure=True):
    return (f'zone "{name}" {{ forward = {{ "{FORWARDER}" }} '
            f'{"insecure = yes" if insecure else ""} }}\n')


def test_forwarder_is_asked(ask, forwarder):
    forwarder(misbehave.healthy, misbehave.BACKEND)
    assert ask("", "corp.nsec") == "OK encrypt"
    assert ask(zone("corp.nsec"), "corp.nsec") == "OK may"


def test_forwarder_without_edns(ask, forwarder):
    forwarder(misbehave.to_edns(lambda x: None), misbehave.BACKEND)
    assert ask(zone("corp.nsec"), "corp.nsec") == "OK may"


def test_silent_forwarder_leaks_nothing(ask, forwarder):
    """Never the internet's answer, which would be "encrypt"."""
    forwarder(misbehave.drop_all, misbehave.BACKEND)
    assert ask(zone("corp.nsec"), "corp.nsec") == "OK dane"


def test_internal_name_outside_the_tree(ask, forwarder):
    forwarder(misbehave.healthy, misbehave.BACKEND)
    assert ask(zone("corp.internal"), "corp.internal") == "OK may"
    reply = ask(zone("corp.internal", insecure=False)
                + "lookup-deadline = 3\n", "corp.internal")
    assert reply.startswith("TEMP "), reply


@pytest.mark.parametrize("block", [stub, zone])
@pytest.mark.parametrize("above", ["corp.internal", "corp.nsec"])
def test_a_block_below_one_that_is_insecure(ask, forwarder, block, above):
    """Broken: the deepest block alone was asked whether its zone is insecure,
    though libunbound takes all below the other one for that: TEMP for ever."""
    forwarder(misbehave.healthy, misbehave.BACKEND)
    config = block(above, True) + block(f"a.{above}", False)
    assert ask(config, above) == "OK may"
    assert ask(config, f"a.{above}") == "OK may"


def test_global_forwarder(ask, forwarder):
    forwarder(misbehave.healthy, RECURSOR)
    config = zone(".", insecure=False)
    assert ask(config, "dane.d.nsec") == "OK dane"
    assert ask(config, "plain.nsec") == "OK may"


def test_forwarder_that_strips_signatures(ask, forwarder):
    """No trust path, and never "may"."""
    forwarder(misbehave.strip_all, RECURSOR)
    config = zone(".", insecure=False) + "lookup-deadline = 3\n"
    for key in ("dane.d.nsec", "plain.nsec"):
        reply = ask(config, key)
        assert reply.startswith("TEMP no forwarder of zone '.' does DNSSEC"), \
            reply


def test_wrong_anchor(ask, world, tmp_path):
    anchor = tmp_path / "root.key"
    anchor.write_text(". IN DS 4711 13 2 " + "ab" * 32 + "\n")
    for key in ("dane.d.nsec", "plain.nsec"):
        reply = ask("lookup-deadline = 3\n", key, trust_anchor=anchor)
        assert reply.startswith("TEMP "), reply


def test_anchor_that_cannot_be_validated(ask, world, tmp_path):
    """An algorithm that libunbound does not know makes it call the whole
    world insecure: everything is deferred, nothing is "may"."""
    anchor = tmp_path / "root.key"
    anchor.write_text(". IN DS 4711 200 2 " + "ab" * 32 + "\n")
    for key in ("dane.d.nsec", "plain.nsec", "plain.unsigned"):
        reply = ask("", key, trust_anchor=anchor)
        assert reply.startswith("TEMP "), reply
        assert "no trust path" in reply


@pytest.mark.parametrize("text", [
    "; nothing here\n", "elsewhere. IN DS 4711 13 2 " + "ab" * 32 + "\n"])
def test_anchor_file_without_anchor_is_refused(world, tmp_path, text):
    anchor = tmp_path / "root.key"
    anchor.write_text(text)
    daemon = lab_module.Daemon(world, "zones", port=PORT)
    text = daemon.config.read_text().replace(str(world.anchor), str(anchor))
    daemon.config.write_text(text)
    result = lab_module.subprocess.run(
        [daemon.program, "-c", daemon.config], capture_output=True, text=True,
        timeout=HANG, check=False)
    assert result.returncode == 1
    assert "holds no DS or DNSKEY" in result.stderr
