"""Clients that reset, stall, flood, or never listen: at every door."""

import random
import resource
import socket
import struct
import threading
import time

import dns.message
import dns.query
import dns.rcode
import pytest

import faults
import lab as lab_module
from faults import netstring, until

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
    "dns": b"mx",
    "control": b'"reply":"dane"',
    "metrics": b"postdane_trust_path 1",
}
MIB = 1 << 20
GIGABYTE = 1024  # MiB


def receive(client, place, timeout=20):
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


def test_an_octet_a_second(start, place):
    """300 of them: others are served meanwhile, and each of them is, or its
    time is over."""
    daemon = start("request-timeout = 3\n")
    clients = []
    with daemon.bounded():
        try:
            for i in range(180 if place == "control" else 300):
                clients.append(daemon.places()[place]())
            for octet in REQUESTS[place][:4]:
                for client in clients:
                    try:
                        client.send(bytes([octet]))
                    except OSError:
                        pass  # closed by now
                if place != "control":
                    with daemon.places()[place]() as other:
                        other.sendall(REQUESTS[place])
                        assert REPLIES[place] in receive(other, place)
                time.sleep(1)
            daemon.serves()
        finally:
            for client in clients:
                client.close()
    daemon.serves()


@pytest.mark.slow
@pytest.mark.parametrize("place", ["control", "metrics"])
def test_an_octet_a_second_for_a_minute(daemon, place):
    """No time limit begins anew with each of them."""
    clients = [daemon.places()[place]() for _ in range(64)]
    begin = time.monotonic()
    closed = 0
    while closed < len(clients):
        assert time.monotonic() - begin < 40
        closed = 0
        for client in clients:
            try:
                client.send(b"G")
            except OSError:
                closed += 1
        time.sleep(1)
    daemon.serves()


# ---- floods ----

def pour(client, block, mib):
    """Until it is closed.  Returns the MiB that it has taken."""
    client.settimeout(10)
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
FLOODS = {
    "garbage": GARBAGE,
    "zeros": bytes(MIB),
    "letters": b"a" * MIB,
    "digits": b"9" * MIB,
    "newlines": b"\n" * MIB,
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_gigabyte_of_garbage(daemon, place, flood):
    with daemon.bounded(), daemon.places()[place]() as client:
        assert pour(client, FLOODS[flood], GIGABYTE) < GIGABYTE
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
    count = 180 if place == "control" else 10000
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert most > count + 100
    with daemon.bounded():
        try:
            for i in range(count):
                clients.append(daemon.places()[place]())
            daemon.serves() if place != "control" else daemon.ask(KEY)
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
        end = time.monotonic() + 2
        count = 0
        while time.monotonic() < end:
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
        for _ in range(20):  # one may be lost in the flood's tail
            try:
                reply = dns.query.udp(query, daemon.dns, timeout=1)
                break
            except dns.exception.Timeout:
                continue
        assert reply.rcode() == dns.rcode.NOERROR and reply.answer
    daemon.serves()
