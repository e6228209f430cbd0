"""Clients that reset, stall, flood, or never listen: at every door."""

import random
import resource
import socket
import time

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

import faults
from lab import HANG, netstring

PLACES = ("socketmap", "tcp-table", "dns", "control", "metrics")
KEY = "two.d.nsec"
REQUESTS = {
    "socketmap": netstring(KEY),
    "tcp-table": f"get {KEY}\n".encode(),
    "dns": faults.dns_query(KEY, "MX"),
    "control": b'{"command":"query","key":"%s"}\n' % KEY.encode(),
    "metrics": b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
}
REPLIES = {
    "socketmap": b"7:OK dane,",
    "tcp-table": b"200 dane\n",
    "dns": b"\x81\x80\x00\x01",  # no error
    "control": b'"reply":"dane"',
    "metrics": b"postdane_trust_path 1",
}
MIB = 1 << 20
GIGABYTE = 1024  # MiB


def receive(client, place, timeout=HANG):
    """Until the whole reply is there, or the end."""
    client.settimeout(timeout)
    data = b""
    while REPLIES[place] not in data:
        more = client.recv(65536)
        if not more:
            break
        data += more
    return data


@pytest.fixture(params=PLACES)
def place(request):
    return request.param


# ---- ends of all kinds ----

def test_clients_that_reset(daemon, place):
    """Before, inside and after a request, and while it is worked on."""
    whole = REQUESTS[place]
    with daemon.bounded():
        for i in range(300):
            client = daemon.places()[place]()
            client.sendall((b"", whole[:5], whole, whole * 3)[i % 4])
            if i % 8 == 7:
                client.recv(1)
            if i % 16 == 15:
                daemon.flush()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                              faults.RESET)
            client.close()
    daemon.serves()


def test_clients_that_half_close(daemon, place):
    """Who asks no more still listens."""
    with daemon.bounded():
        for ask in (b"", REQUESTS[place][:5], REQUESTS[place]):
            with daemon.places()[place]() as client:
                client.sendall(ask)
                client.shutdown(socket.SHUT_WR)
                reply = receive(client, place)
                if ask == REQUESTS[place]:
                    assert REPLIES[place] in reply
                assert client.recv(1) == b""
    daemon.serves()


def test_an_octet_at_a_time(daemon, place):
    """Slow, but in time."""
    with daemon.places()[place]() as client:
        for octet in REQUESTS[place]:
            client.sendall(bytes([octet]))
            time.sleep(0.02)
        assert REPLIES[place] in receive(client, place)


def drip(clients, octet):
    """Returns how many have been closed."""
    closed = 0
    for client in clients:
        try:
            client.send(bytes([octet]))
        except OSError:
            closed += 1
    return closed


def test_an_octet_a_second(start):
    """Three hundred clients at each door: others are served meanwhile."""
    daemon = start("request-timeout = 3\n")
    clients = {place: [] for place in PLACES if place != "control"}
    with daemon.bounded():
        for place, mine in clients.items():
            for _ in range(300):
                mine.append(daemon.places()[place]())
        for second in range(4):
            for place, mine in clients.items():
                drip(mine, REQUESTS[place][second])
                with daemon.places()[place]() as other:
                    other.sendall(REQUESTS[place])
                    assert REPLIES[place] in receive(other, place)
            time.sleep(1)
        # Who has begun a request for a policy has had its time.
        faults.until(lambda: drip(clients["socketmap"], 32) > 250)
        for mine in clients.values():
            for client in mine:
                client.close()
    daemon.serves()


@pytest.mark.slow
@pytest.mark.parametrize("place", ["control", "metrics"])
def test_an_octet_a_second_for_a_minute(daemon, place):
    """No time limit begins anew with each of them."""
    clients = [daemon.places()[place]() for _ in range(64)]
    begin = time.monotonic()
    while drip(clients, ord("G")) < len(clients):
        assert time.monotonic() - begin < HANG
        time.sleep(1)
    daemon.serves()


# ---- floods ----

def pour(client, block, mib):
    """Until it is closed.  Returns the MiB that it has taken."""
    client.settimeout(2)
    sent = 0
    try:
        while sent < mib * MIB:
            sent += client.send(block)
    except TimeoutError:
        return sent / MIB  # it reads no more: as good
    except OSError:
        pass
    return sent / MIB


GARBAGE = random.Random(1).randbytes(MIB)


def test_a_gigabyte_of_garbage(daemon, place):
    with daemon.bounded(), daemon.places()[place]() as client:
        assert pour(client, GARBAGE, GIGABYTE) < 64
        assert daemon.ask(KEY) == "OK dane"


@pytest.mark.slow
@pytest.mark.parametrize("octet", [b"\0", b"a", b"9", b"\n"],
                         ids=["zeros", "letters", "digits", "newlines"])
def test_a_gigabyte_of_one_octet(daemon, place, octet):
    """For DNS, some of these are questions, and get their answers."""
    with daemon.bounded(), daemon.places()[place]() as client:
        assert pour(client, octet * MIB, GIGABYTE) < 64 or place == "dns"
        assert daemon.ask(KEY) == "OK dane"


def test_a_netstring_that_never_ends(daemon):
    with daemon.bounded(), daemon.connect() as client:
        client.sendall(b"9999:query ")
        assert pour(client, b"a" * MIB, GIGABYTE) < 2 * MIB
    daemon.serves()


@pytest.mark.parametrize("head", [b"999999999:", b"4294967295:query x",
                                  b"18446744073709551616:", b"0" * 5000,
                                  b"-1:", b"00000000017:query dane.d.nsec,"])
def test_a_netstring_that_claims_999999999(daemon, head):
    with daemon.bounded(), daemon.connect() as client:
        client.sendall(head)
        until_end = b""
        while part := client.recv(4096):
            until_end += part
        assert b"PERM" in until_end or until_end == b""
    daemon.serves()


def test_a_gigabyte_of_requests_without_reading(daemon, place):
    """What a client does not take waits in it, not in us."""
    with daemon.bounded(), daemon.places()[place]() as client:
        block = REQUESTS[place] * (MIB // len(REQUESTS[place]))
        assert pour(client, block, GIGABYTE) < 64
        assert daemon.ask(KEY) == "OK dane"
    daemon.serves()


def test_10000_connections(start, place):
    """More than are allowed: the idle ones make room, nobody is forgotten."""
    daemon = start()
    had = daemon.memory()
    clients = []
    # Beyond those, the kernel lets clients of the control socket wait.
    count = 100 if place == "control" else 10000
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert most > count + 100
    with daemon.bounded():
        try:
            for _ in range(count):
                clients.append(daemon.places()[place]())
            assert daemon.ask(KEY) == "OK dane"
            print(f"{daemon.memory() - had:.1f} MiB for {count} connections, "
                  f"{daemon.descriptors()} descriptors")
            if place != "control":
                clients[-1].sendall(REQUESTS[place])
                assert REPLIES[place] in receive(clients[-1], place)
        finally:
            for client in clients:
                client.close()
    daemon.serves()


def test_a_flood_of_datagrams(daemon):
    """Garbage, halves of questions, and questions whose asker has gone."""
    rng = random.Random(2)
    whole = REQUESTS["dns"][2:]
    with daemon.bounded():
        count = 0
        for _ in range(400):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.connect((daemon.dns, 53))
                for _ in range(50):
                    datagram = bytearray(whole)
                    for _ in range(rng.randrange(8)):
                        datagram[rng.randrange(len(datagram))] = \
                            rng.randrange(256)
                    try:
                        sock.send((datagram, datagram[:rng.randrange(40)],
                                   rng.randbytes(rng.randrange(600)),
                                   bytes(60000))[rng.randrange(4)])
                    except OSError:
                        pass
                    count += 1
        print(count, "datagrams")
        query = dns.message.make_query(KEY, "MX")
        replies = []

        def is_answered():
            """One may be lost in the flood's tail."""
            try:
                replies.append(dns.query.udp(query, daemon.dns, timeout=5))
            except dns.exception.Timeout:
                pass
            return replies
        faults.until(is_answered)
        assert replies[0].rcode() == dns.rcode.NOERROR and replies[0].answer
    daemon.serves()
