"""A Debian of its own, booted with systemd in the lab's network: the package,
Postfix as Debian ships it, and the lab's name servers and mail servers.

The tree is a copy of what tests/tools/debian-system has made, below build/, and
is gone with the container.
"""

import os
import pathlib
import shutil
import subprocess

import lab as lab_module
import postfix

RELEASE = os.environ["POSTDANE_RELEASE"]
TOP = pathlib.Path("build/debian", RELEASE).resolve()
BOOT = pathlib.Path(__file__).parent / "boot"
PACKAGE = "/root/postdane.deb"
RECURSOR = "10.53.0.53"
OURS = "etc/postdane/postdane.conf"
# Postfix as one sets it up: README, "Put it into Postfix".
POSTFIX = """
myhostname = mx.lab.test
mydestination =
inet_interfaces = loopback-only
maillog_file = /var/log/mail.log
smtp_connection_cache_on_demand = no
smtp_tls_loglevel = 1
smtp_tls_security_level = dane
smtp_dns_support_level = dnssec
smtp_tls_dane_insecure_mx_policy = dane
smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8642:query
"""


class Result:
    def __init__(self, process):
        self.code = process.returncode
        self.text = process.stdout

    def __repr__(self):
        return f"exit status {self.code}:\n{self.text}"


class Container:
    def __init__(self, lab):
        self.tree = TOP / "booted"
        self.process = None
        self.remove()
        subprocess.run(["cp", "-a", TOP / "system", self.tree], check=True)
        shutil.copy(TOP / "postdane.deb", self.path(PACKAGE))
        self.write("etc/resolv.conf", f"nameserver {RECURSOR}\n")
        lab_files = self.path("etc/lab")
        lab_files.mkdir()
        shutil.copy(lab.hints, lab_files)
        shutil.copy(lab.anchor, lab_files)

    def path(self, name):
        return self.tree / str(name).lstrip("/")

    def read(self, name):
        return self.path(name).read_text(errors="replace")

    def write(self, name, text):
        """In place, as an editor does that keeps the file."""
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)

    def remove(self):
        subprocess.run(["rm", "-rf", "--one-file-system", self.tree],
                       check=True)

    # -- booting --

    def boot(self):
        """Until systemd has nothing more to start."""
        console = open(lab_module.ROOM / "console", "ab")
        self.process = subprocess.Popen(
            [BOOT, self.tree], stdin=subprocess.DEVNULL, stdout=console,
            stderr=console)
        lab_module.wait_until("systemd", self.is_up)
        self.run("systemctl", "is-system-running", "--wait")
        return self

    def console(self):
        return (lab_module.ROOM / "console").read_text(errors="replace")[-4000:]

    def is_up(self):
        assert self.process.poll() is None, self.console()
        return self.first() is not None and self.run(
            "systemctl", "is-system-running").text.strip() in (
                "starting", "running", "degraded")

    def first(self):
        """The container's process 1: a child of systemd-nspawn, which is one of
        boot's."""
        for nspawn in children(self.process.pid):
            for pid in children(nspawn):
                if comm(pid) == "systemd":
                    return pid
        return None

    def reboot(self):
        """systemd-nspawn ends then, and the next one boots the same tree."""
        self.run("systemctl", "reboot")
        self.process.wait(lab_module.HANG)
        self.boot()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.run("systemctl", "poweroff")
            self.process.wait(lab_module.HANG)
        self.remove()

    # -- what is done inside --

    def run(self, *command, stdin=""):
        """As root of the container, in all of its namespaces."""
        return Result(subprocess.run(
            ["nsenter", f"--target={self.first()}", "--mount", "--uts",
             "--ipc", "--pid", "--cgroup", "--root", "env", "-i", "-C", "/",
             "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C",
             "DEBIAN_FRONTEND=noninteractive", *command], input=stdin,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=600, check=False))

    def well(self, *command, stdin=""):
        result = self.run(*command, stdin=stdin)
        assert result.code == 0, f"{command}: {result}"
        return result.text

    def systemctl(self, *words):
        return self.well("systemctl", *words)

    def show(self, unit, what):
        return self.systemctl("show", "--value", "-p", what, unit).strip()

    def wait_for(self, what, ready):
        try:
            lab_module.wait_until(what, ready)
        except TimeoutError as error:
            raise AssertionError(
                f"{error}\n" + self.run("journalctl", "-n", "60").text
            ) from error

    def state(self):
        """Of all units together: "running", or what has failed."""
        said = self.run("systemctl", "is-system-running").text.strip()
        if said == "degraded":
            said += "\n" + self.run("systemctl", "--failed").text
        return said

    def resolv(self, *words):
        return self.run("/usr/lib/postdane/postfix-resolv", *words)

    # -- Postfix --

    def configure_postfix(self):
        for line in POSTFIX.strip().splitlines():
            self.well("postconf", "-e", line)
        self.systemctl("restart", "postfix")

    def postmap(self, key, table="socketmap:inet:127.0.0.1:8642:query"):
        return self.run("postmap", "-q", key, table)

    def mail(self, recipient):
        """What Postfix logs of the delivery: postfix.Delivery."""
        self.well("sendmail", "-f", "<>", recipient, stdin="Subject: x\n\nx\n")

        def deliveries():
            log = self.path("var/log/mail.log")
            return postfix.read_deliveries(log.read_text(errors="replace")) \
                if log.exists() else {}

        self.wait_for(f"mail for {recipient}",
                      lambda: recipient in deliveries())
        return deliveries()[recipient]

    def seen_by_postfix(self):
        """/etc/resolv.conf, as its processes see it."""
        pid = self.read("var/spool/postfix/pid/master.pid").strip()
        return self.run("nsenter", f"--mount=/proc/{pid}/ns/mnt", "cat",
                        "/etc/resolv.conf").text


def children(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(
            encoding="ascii")
    except OSError:
        return []
    return [int(word) for word in text.split()]


def comm(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text(
            encoding="ascii").strip()
    except OSError:
        return ""
