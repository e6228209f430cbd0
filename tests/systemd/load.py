"""Questions without a pause, over each protocol, from several clients at once.
None may be lost.  Each has a connection or datagram of its own, and is waited for
as long as Postfix would; a datagram is sent once.  A connection that was closed
before the question had arrived is made once more, as Postfix and the C library
make it: while a daemon ends, this can't be told from an idle one."""

import socket
import threading
import time

import dns.exception
import dns.message
import dns.query
import dns.rcode

KEY, HOST = "right.i.nsec", "right.i.nsec"
RESOLVER = "127.0.0.25"
SECONDS = 100  # Postfix's, of a socketmap or tcp table


class Closed(OSError):
    """By the other side, instead of an answer."""


class Wrong(OSError):
    """An answer, with what it says: a TEMP has its reason in it."""


def exchange(port, request, end):
    with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
        connection.sendall(request)
        reply = b""
        while not reply.endswith(end):
            more = connection.recv(4096)
            if not more:
                raise Closed(f"after {reply}")
            reply += more
    return reply


def expect(right, reply):
    if reply != right:
        raise Wrong(reply)


def socketmap():
    expect(b"7:OK dane,", exchange(
        8642, b"%d:query %s," % (len(KEY) + 6, KEY.encode()), b","))


def tcp_table():
    expect(b"200 dane\n", exchange(8643, f"get {KEY}\n".encode(), b"\n"))


def ask(transport):
    query = dns.message.make_query(HOST, "A", want_dnssec=True)
    try:
        reply = transport(query, RESOLVER, timeout=SECONDS)
    except EOFError as error:
        raise Closed() from error
    except dns.exception.DNSException as error:
        raise OSError(repr(error)) from error
    if reply.rcode() != dns.rcode.NOERROR or not reply.answer:
        raise Wrong(reply.to_text())


def dns_udp():
    ask(dns.query.udp)


def dns_tcp():
    ask(dns.query.tcp)


PROTOCOLS = (socketmap, tcp_table, dns_udp, dns_tcp)


class Load:
    """with Load() as load: ...; then load.lost has what got no answer, or a
    wrong one, and load.answered how many did by protocol."""

    def __init__(self, clients=2, protocols=PROTOCOLS):
        self.ending = threading.Event()
        self.lost = []
        self.answered = {protocol.__name__: 0 for protocol in protocols}
        self.again = dict(self.answered)
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.ask, args=[protocol])
                        for protocol in protocols for _ in range(clients)]

    def ask(self, protocol):
        while not self.ending.is_set():
            why = self.try_twice(protocol)
            with self.lock:
                if why is None:
                    self.answered[protocol.__name__] += 1
                else:
                    self.lost.append(f"{time.strftime('%T')} "
                                     f"{protocol.__name__}: {why}")
            # As busy as a large mail server, and not as this machine can be.
            self.ending.wait(0.005)

    def try_twice(self, protocol):
        """Why it was lost, or None."""
        for _ in range(2):
            try:
                protocol()
                return None
            except (ConnectionResetError, BrokenPipeError, Closed) as error:
                why = repr(error)
                with self.lock:
                    self.again[protocol.__name__] += 1
            except OSError as error:
                return repr(error)
        return why

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self.ending.set()
        for thread in self.threads:
            thread.join()


class Thief:
    """Tries to get hold of the ports all the time."""

    PLACES = ((socket.SOCK_STREAM, "127.0.0.1", 8642),
              (socket.SOCK_STREAM, "127.0.0.1", 8643),
              (socket.SOCK_STREAM, RESOLVER, 53),
              (socket.SOCK_DGRAM, RESOLVER, 53))

    def __init__(self):
        self.ending = threading.Event()
        self.tries = 0
        self.got = []
        self.thread = threading.Thread(target=self.steal)

    def steal(self):
        while not self.ending.is_set():
            for kind, *place in self.PLACES:
                with socket.socket(socket.AF_INET, kind) as thief:
                    # What is left of old connections is no hindrance then.
                    if kind == socket.SOCK_STREAM:
                        thief.setsockopt(socket.SOL_SOCKET,
                                         socket.SO_REUSEADDR, 1)
                    try:
                        thief.bind(tuple(place))
                        self.got.append((kind, place))
                    except OSError:
                        pass
            self.tries += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.ending.set()
        self.thread.join()
