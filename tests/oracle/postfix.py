"""Real Postfix in the lab: instances that receive mail, and one that sends it.

The programs are unpacked and not installed (tests/lab/lab.py), so everything
that Postfix would find by itself is said in main.cf.
"""

import grp
import os
import pwd
import re
import socket
import subprocess
from dataclasses import dataclass

import lab as lab_module
from lab import HANG

SERVERS = lab_module.SERVERS
CONNECT_SECONDS = 15  # until an MX host that hangs is given up
QUEUES = ("active bounce corrupt defer deferred flush hold incoming private "
          "saved trace").split()
# Of every instance: unlike the usual ones, not chrooted.
SERVICES = """
pickup    unix  n  -  n  60  1  pickup
cleanup   unix  n  -  n  -   0  cleanup
qmgr      unix  n  -  n  300 1  qmgr
tlsmgr    unix  -  -  n  -   1  tlsmgr
rewrite   unix  -  -  n  -   -  trivial-rewrite
bounce    unix  -  -  n  -   0  bounce
defer     unix  -  -  n  -   0  bounce
trace     unix  -  -  n  -   0  bounce
smtp      unix  -  -  n  -   -  smtp
retry     unix  -  -  n  -   -  error
discard   unix  -  -  n  -   -  discard
anvil     unix  -  -  n  -   1  anvil
scache    unix  -  -  n  -   1  scache
proxymap  unix  -  -  n  -   -  proxymap
postlog   unix-dgram n - n -  1  postlogd
"""


def environment(folder=None):
    env = lab_module.environment()
    if folder is not None:
        env["MAIL_CONFIG"] = str(folder)
    return env


class Log:
    """A log file as it grows."""

    def __init__(self, path):
        self.path = path

    def text(self):
        return self.path.read_text(errors="replace") \
            if self.path.exists() else ""

    def wait_for(self, what, ready):
        """Until @ready, given the whole text, says so.  Returns the text."""
        lab_module.wait_until(what, lambda: ready(self.text()))
        return self.text()


class Postfix:
    """An instance: a folder with its configuration, queue and log."""

    def __init__(self, name, settings="", services=""):
        self.folder = lab_module.ROOM / name
        self.log = Log(self.folder / "log")
        self.process = None
        self.folder.mkdir(parents=True, exist_ok=True)
        self.make_queue()
        variables = ("MAIL_CONFIG LANG=C LD_LIBRARY_PATH="
                     + environment()["LD_LIBRARY_PATH"])
        (self.folder / "main.cf").write_text(
            "compatibility_level = 3.6\nmail_owner = postfix\n"
            "setgid_group = postdrop\n"
            f"queue_directory = {self.folder}/queue\n"
            f"data_directory = {self.folder}/data\n"
            f"command_directory = {SERVERS}/usr/sbin\n"
            f"shlib_directory = {SERVERS}/usr/lib/postfix\n"
            f"daemon_directory = {SERVERS}/usr/lib/postfix/sbin\n"
            f"maillog_file = {self.log.path}\nmaillog_file_prefixes = /run\n"
            f"import_environment = {variables}\n"
            f"export_environment = {variables}\n"
            f"myhostname = {name}.lab.test\nmydestination =\nalias_maps =\n"
            "inet_protocols = all\n" + settings)
        (self.folder / "master.cf").write_text(SERVICES + services)

    def make_queue(self):
        owner = pwd.getpwnam("postfix")
        drop = grp.getgrnam("postdrop").gr_gid
        for name in (*QUEUES, "public", "maildrop", "pid", "../data"):
            path = self.folder / "queue" / name
            path.mkdir(parents=True, exist_ok=True)
            path.chmod({"public": 0o710, "maildrop": 0o730, "pid": 0o755}
                       .get(name, 0o700))
            if name != "pid":
                os.chown(path, owner.pw_uid, drop if name in (
                    "public", "maildrop") else owner.pw_gid)

    def start(self):
        self.process = subprocess.Popen(
            [SERVERS / "usr/lib/postfix/sbin/master", "-c", self.folder, "-d"],
            env=environment(self.folder), stdin=subprocess.DEVNULL,
            stderr=open(self.folder / "stderr", "wb"), start_new_session=True)
        self.log.wait_for(f"{self.folder.name}: master",
                          lambda text: "daemon started" in text)
        return self

    def stop(self):
        self.process.terminate()
        self.process.wait(HANG)
        lab_module.wait_until(
            f"end of {self.folder}",
            lambda: not lab_module.group_lives(self.process.pid))

    def send(self, *recipients):
        subprocess.run(
            [SERVERS / "usr/sbin/sendmail", "-f", "<>", *recipients],
            input=b"Subject: lab\n\nlab\n", check=True, timeout=HANG,
            env=environment(self.folder))


def tls_server(host, folder):
    """The line of master.cf for a host that shows certificates."""
    files = [certificate.write(folder / f"{host.full}-{i}.pem",
                               host.server.length)
             for i, certificate in enumerate(host.server.certificates)]
    address = f"[{host.address}]" if ":" in host.address else host.address
    return (f"{address}:{host.port} inet n - n - - smtpd\n"
            f"    -o smtpd_tls_chain_files={','.join(map(str, files))}\n"
            f"    -o syslog_name={host.full}\n")


class Receiver:
    """The mail servers of @hosts: Postfix with STARTTLS, smtp-sink without,
    and a socket that never accepts.  All mail is taken, noted and dropped."""

    def __init__(self, hosts):
        self.hosts = hosts
        self.postfix = Postfix(
            "receiver", "smtpd_tls_security_level = may\n"
            "relay_domains = static:all\nrelay_transport = discard:\n"
            # The lab's names have no PTR records worth a wait.
            "smtpd_peername_lookup = no\n")
        folder = self.postfix.folder
        with (folder / "master.cf").open("a") as master:
            for host in hosts:
                if host.server.kind == "smtpd":
                    master.write(tls_server(host, folder))
        self.sinks = []
        self.sockets = []

    def start(self):
        self.postfix.start()
        for host in self.hosts:
            if host.server.kind == "clear":
                self.sinks.append(subprocess.Popen(
                    [SERVERS / "usr/sbin/smtp-sink", "-u", "postfix", "-R",
                     self.postfix.folder / "data", "-D", host.full,
                     f"{host.address}:{host.port}", "100"],
                    env=environment(), stdin=subprocess.DEVNULL))
                lab_module.wait_until(host.full, lambda h=host: accepts(h))
            elif host.server.kind == "hangs":
                self.sockets += deaf_socket((host.address, host.port))
        return self

    def stop(self):
        for sink in self.sinks:
            sink.terminate()
        for sink in self.sinks:
            sink.wait(HANG)
        for each in self.sockets:
            each.close()
        self.postfix.stop()

    def has_for(self, recipient):
        """Whether a mail for @recipient has come in."""
        return f"to=<{recipient}>" in self.postfix.log.text() or any(
            f"X-Rcpt-Args: <{recipient}>" in path.read_text(errors="replace")
            for path in (self.postfix.folder / "data").glob("*.mx.nsec"))


def accepts(host):
    try:
        socket.create_connection((host.address, host.port), 5).close()
    except OSError:
        return False
    return True


def deaf_socket(address):
    """A port where a connection neither succeeds nor fails: the queue of those
    that wait to be accepted is full."""
    server = socket.socket()
    server.bind(address)
    server.listen(0)
    full = [server]
    for _ in range(3):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(address)
        full.append(client)
    return full


class Sender:
    """A Postfix that asks postdane for its TLS policy.  @tables: by the local
    part of a recipient, what smtp_tls_policy_maps is for it.  @dns is its
    smtp_dns_support_level."""

    def __init__(self, name, tables, routes=(), dns="dnssec"):
        self.tables = tables
        self.postfix = Postfix(
            name, f"smtp_dns_support_level = {dns}\n"
            "smtp_tls_dane_insecure_mx_policy = dane\n"
            "smtp_tls_loglevel = 1\nsmtp_connection_cache_on_demand = no\n"
            f"smtp_connect_timeout = {CONNECT_SECONDS}\n"
            f"transport_maps = texthash:{lab_module.ROOM}/{name}/transport, "
            f"regexp:{lab_module.ROOM}/{name}/tables\n"
            "default_process_limit = 12\n",
            "".join(f"{table} unix - - n - - smtp\n"
                    f"    -o {{ smtp_tls_policy_maps = {maps} }}\n"
                    for table, maps in tables.items()))
        (self.postfix.folder / "tables").write_text("".join(
            f"/^{table}@/ {table}:\n" for table in tables))
        # Next hops that are not the recipient's domain.
        (self.postfix.folder / "transport").write_text("".join(
            f"{table}@{domain} {table}:{next_hop}\n"
            for domain, next_hop in routes for table in tables))

    def start(self):
        self.postfix.start()
        return self

    def stop(self):
        self.postfix.stop()

    def deliver(self, *recipients):
        """One message to all.  Returns {recipient: Delivery} when all of them
        have been tried."""
        self.postfix.send(*recipients)
        text = self.postfix.log.wait_for(
            "deliveries", lambda log: not set(recipients) -
            read_deliveries(log).keys())
        return read_deliveries(text)


@dataclass
class Delivery:
    status: str      # sent, deferred, bounced
    why: str
    seconds: float
    tls: str         # of the connection that was used last: "Verified", ...
    host: str        # the MX host of that connection, or "none"
    process: str     # of smtp(8)
    lines: list      # that it logged, for people

    @property
    def word(self):
        """What the row's column `mail` says."""
        return (self.tls or "clear") if self.status == "sent" else self.status


def read_deliveries(log):
    """smtp(8) logs a connection's TLS, then the status; one process does one
    delivery at a time."""
    found, lines = {}, {}
    for line in log.splitlines():
        match = re.search(r" postfix/(?:smtp|error)\[(\d+)\]: (.*)", line)
        if not match:
            continue
        process, text = match.groups()
        seen = lines.setdefault(process, [])
        seen.append(text)
        status = re.search(r": to=<([^>]*)>, relay=(\S+?)(?:,.*)? "
                           r"delay=([\d.]+),.* status=(\w+) \((.*)\)", text)
        if status:
            recipient, relay, delay, word, why = status.groups()
            tls = re.findall(r"(\w+) TLS connection established to "
                             + re.escape(relay), "\n".join(seen))
            found[recipient] = Delivery(
                word, why, float(delay), tls[-1] if tls else "",
                relay.partition("[")[0], process, seen)
            lines[process] = []
    return found
