"""Every row of the table, over both protocols, through real Postfix."""

import concurrent.futures

import pytest

import lab as lab_module
import zones

ROWS = zones.ROWS
IDS = [f"{row.map}-{row.key}" for row in ROWS]


def level(reply):
    """What a reply of the wire comes to."""
    word, _, text = reply.partition(" ")
    if word in ("OK", "200"):
        return text
    return {"500": "NOTFOUND", "400": "TEMP"}.get(word, word)


def ask_all(ask, rows):
    with concurrent.futures.ThreadPoolExecutor(
            32 // lab_module.SLOWNESS) as pool:
        return list(pool.map(ask, rows))


@pytest.fixture(scope="module")
def socketmap(daemon):
    table = "socketmap:inet:127.0.0.1:8642:"
    return ask_all(lambda row: daemon.postmap(row.key, table + row.map), ROWS)


@pytest.fixture(scope="module")
def tcp(daemon):
    return ask_all(lambda row: daemon.postmap(row.key, "tcp:127.0.0.1:8643"),
                   ROWS)


@pytest.fixture(scope="module")
def raw(daemon):
    return ask_all(lambda row: daemon.socketmap(row.key, row.map), ROWS)


@pytest.mark.parametrize("i", range(len(ROWS)), ids=IDS)
def test_postfix_over_socketmap(daemon, socketmap, i):
    assert socketmap[i] == ROWS[i].expect, (
        f"{ROWS[i].why}\n{daemon.socketmap(ROWS[i].key, ROWS[i].map)}")


@pytest.mark.parametrize("i", range(len(ROWS)), ids=IDS)
def test_raw_socketmap(raw, i):
    assert level(raw[i]) == ROWS[i].expect, ROWS[i].why


@pytest.mark.parametrize(
    "i", [i for i in range(len(ROWS)) if ROWS[i].map == "query"],
    ids=[IDS[i] for i in range(len(ROWS)) if ROWS[i].map == "query"])
def test_postfix_over_tcp_table(tcp, i):
    assert tcp[i] == ROWS[i].expect, ROWS[i].why


def test_unix_socket(daemon):
    assert daemon.postmap(
        "dane.d.nsec", f"socketmap:unix:{daemon.unix}:QUERY") == "dane"


@pytest.mark.parametrize("key", ["mxbogus.nsec", "tlsabad.d.nsec"])
def test_log_and_explain_say_why(daemon, key):
    reply = daemon.socketmap(key)
    assert reply.startswith("TEMP DNS of "), reply
    assert reply.endswith(f"run: postdane explain {key}")
    assert len(reply) <= len("TEMP ") + 200
    explained = daemon.explain(key)
    assert explained["reply"] == "TEMP"
    lookups = explained["mx"]["lookups"] + [
        lookup for host in explained["hosts"] for lookup in host["lookups"]]
    bogus = [lookup for lookup in lookups if lookup["security"] == "bogus"]
    assert bogus and "signature" in bogus[0]["why"]
    assert f'key={key} map=query reply="TEMP DNS of ' in daemon.log()


@pytest.mark.parametrize("key,why", [
    ("[10.0.0.1]", "a literal address: DANE is about names, and does not "
                   "apply"),
    ("[IPv6:2001:db8::1]:587", "a literal address: DANE is about names, and "
                               "does not apply"),
    (".example.org", "a parent domain: Postfix asks for it where the domain "
                     "itself has no policy"),
    ("unix:/run/lmtp", "a socket, and no host of SMTP")])
def test_explain_says_why_nothing_is_looked_up(daemon, key, why):
    explained = daemon.explain(key)
    assert (explained["reply"], explained["rule"], explained["why"]) == \
        ("NOTFOUND", "nothing to look up", why)


def test_explain_shows_the_steps(daemon):
    explained = daemon.explain("two.d.nsec")
    assert explained["steps"] == 3
    assert explained["questions"] == 1 + 2 * 2 + 2
    assert [host["status"] for host in explained["hosts"]] == ["usable"] * 2
    assert explained["rung"] == "validated"
