"""Answers that come at the deadline, after it, after the client, or never."""

import socket
import threading
import time

import faults
import faulty
from faults import lawful
from lab import netstring

D = faults.LOOKUP_DEADLINE


def in_flight(daemon):
    return daemon.status()["lookups_in_flight"]


def ask_late(daemon, name, seconds):
    """Of both domains: {kind: (reply, seconds it took)}"""
    found = {}
    begin = time.monotonic()
    faulty.GATES[name].opens = begin + seconds

    def ask(kind):
        reply = daemon.ask(f"{kind}-{name}.nsec")
        found[kind] = reply, time.monotonic() - begin
    threads = [threading.Thread(target=ask, args=(kind,)) for kind in "us"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_an_answer_just_before_the_deadline(start):
    """By as much as a busy machine may need for it."""
    daemon = start("lookup-deadline = 12\nevaluation-deadline = 40\n")
    found = ask_late(daemon, "before", 4)
    assert found["s"][0] == "OK dane"
    assert found["u"][0] in ("OK may", "OK dane")


def test_an_answer_just_after_the_deadline(daemon):
    """Too late for the first, in time for those who ask again."""
    found = ask_late(daemon, "after", D + 1)
    assert found["s"][0].startswith("TEMP ")
    assert D - 0.5 < found["s"][1] < D + faults.SLACK
    assert found["u"][0] == "OK dane"  # without its data
    daemon.recovers("s-after.nsec", "OK dane")
    daemon.recovers("u-after.nsec", "OK may")


def test_answers_at_the_very_deadline(daemon):
    """Every 20 ms around it: whichever comes first, it is one answer."""
    threads, found = [], {}

    def ask(i):
        found[i] = ask_late(daemon, f"edge{i}",
                            D + 0.02 * (i - faulty.EDGES // 2))
    with daemon.bounded():
        for i in range(faulty.EDGES):
            threads.append(threading.Thread(target=ask, args=(i,)))
            threads[-1].start()
        for thread in threads:
            thread.join()
    assert len(found) == faulty.EDGES
    for i in found:
        lawful(found[i]["s"][0])
        assert found[i]["u"][0] in ("OK may", "OK dane")


def test_an_answer_after_the_client_has_gone(daemon):
    """The lookup goes on for the cache; nobody is called back."""
    faulty.GATES["gone"].opens = time.monotonic() + 3600
    with daemon.bounded():
        for kind in "us":
            for place in ("socketmap", "tcp-table", "dns"):
                with daemon.places()[place]() as client:
                    client.sendall({
                        "socketmap": netstring(f"{kind}-gone.nsec"),
                        "tcp-table": f"get {kind}-gone.nsec\n".encode(),
                        "dns": faults.dns_query(f"{kind}-gone.nsec", "A"),
                    }[place])
                    faults.until(lambda: in_flight(daemon) > 0)
        faulty.GATES["gone"].opens = 0
    daemon.recovers("s-gone.nsec", "OK dane")
    faults.until(lambda: in_flight(daemon) == 0)


def test_an_answer_after_libunbound_was_told_to_forget(start):
    """A flush replaces its context; what still hangs there calls back to
    nobody.  The daemon may even end meanwhile."""
    daemon = start()
    for opens in (0.5, 60):
        for i in range(faulty.EDGES):
            faulty.GATES[f"edge{i}"].opens = time.monotonic() + opens
        clients = []
        for i in range(faulty.EDGES):
            clients.append(daemon.connect())
            clients[-1].sendall(netstring(f"s-edge{i}.nsec"))
        faults.until(lambda: in_flight(daemon) > 0)
        for client in clients[::2]:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                              faults.RESET)
            client.close()
        daemon.flush()
        if opens < 60:
            for client in clients[1::2]:
                lawful(client.recv(4096).decode().partition(":")[2][:-1])
            assert daemon.ask("dane.d.nsec") == "OK dane"
    daemon.stop()
    for gate in faulty.GATES.values():
        gate.opens = 0


def test_an_answer_that_never_comes(daemon):
    found = ask_late(daemon, "never", 3600)
    assert found["s"][0].startswith("TEMP ")
    assert found["u"][0] == "OK dane"
    for _, seconds in found.values():
        assert seconds < faults.DEADLINE + faults.SLACK
    faults.until(lambda: in_flight(daemon) == 0)
    faulty.GATES["never"].opens = 0
    daemon.recovers("s-never.nsec", "OK dane")
