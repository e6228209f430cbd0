"""A machine to try postfix-resolv on: this one's files below a layer that takes
all changes, with a Postfix and a systemd that only do what the script relies
on.  All of it is gone with the lab's namespaces.
"""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading

import lab as lab_module

# What is tried; POSTFIX_CONF=DIRECTORY tries another version's.
CONF = pathlib.Path(os.environ.get("POSTFIX_CONF", "postfix-conf")).resolve()
LISTENER = "127.0.0.25"
SYSTEM = "nameserver 192.0.2.53\n"
QUEUE = "var/spool/postfix"
SECONDS = 120

# Units: one on each line of /fake/units.  Restarting one is starting master
# anew, under what its drop-in binds, after the chroot's copy was made, as
# Debian's configure-instance.sh does.
SYSTEMCTL = """#!/bin/sh
echo "$*" >>/fake/systemctl
case " $* " in
*" list-units "*) cat /fake/units ;;
*" show "*) cat "/fake/type" ;;
*" try-restart "*postfix*.service*) exec /fake/start "$@" ;;
esac
exit 0
"""
START = """#!/bin/sh
[ ! -e /fake/master ] || kill -KILL $(cat /fake/master) 2>/dev/null
rm -f /fake/master
bind=no
for unit; do
	case $unit in
	postfix@*) drop_in=postfix@.service.d ;;
	*) drop_in=$unit.d ;;
	esac
	[ ! -e "/etc/systemd/system/$drop_in/postdane.conf" ] || bind=yes
done
[ ! -e /fake/broken ] || bind=no
setsid unshare -m sh -c '
	[ '$bind' = no ] ||
		mount --bind /etc/postdane/postfix/resolv.conf /etc/resolv.conf ||
		exit 1
	rm -f /var/spool/postfix/etc/resolv.conf
	cp /etc/resolv.conf /var/spool/postfix/etc/resolv.conf
	echo $$ >/fake/master
	printf "%10d\\n" $$ >/var/spool/postfix/pid/master.pid
	exec /usr/lib/postfix/sbin/master 10000' \\
	</dev/null >/dev/null 2>&1 &
until [ "$(cat /proc/$(cat /fake/master 2>/dev/null)/comm 2>/dev/null)" = master ]
do
	sleep 0.05
done
"""
POSTCONF = """#!/bin/sh
for name; do :; done
case $name in
queue_directory) echo /var/spool/postfix ;;
*) echo /usr/lib/postfix/sbin ;;
esac
"""
NOTE = '#!/bin/sh\necho "${0##*/} $*" >>/fake/calls\n'


class Machine:
    def __init__(self, name, shell="dash"):
        folder = lab_module.ROOM / "machines" / name
        for part in ("upper", "work", "root"):
            (folder / part).mkdir(parents=True)
        self.folder, self.root = folder, folder / "root"
        subprocess.run(
            ["mount", "-t", "overlay", "overlay", "-o",
             f"lowerdir=/,upperdir={folder}/upper,workdir={folder}/work",
             self.root], check=True)
        for place in ("dev", "proc"):
            subprocess.run(["mount", "--rbind", f"/{place}",
                            self.root / place], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "none", self.root / "run"],
                       check=True)
        self.fill(shell)

    def fill(self, shell):
        fake = self.path("fake")
        fake.mkdir()
        self.path("run/systemd/system").mkdir(parents=True)
        sh = self.path("usr/bin/sh")
        sh.unlink()
        sh.symlink_to(shell)
        for part in ("etc", "pid"):
            self.path(QUEUE, part).mkdir(parents=True)
        self.write("etc/resolv.conf", SYSTEM)
        self.write(f"{QUEUE}/etc/resolv.conf", SYSTEM)
        self.write("fake/units", "postfix@-.service loaded active running x\n"
                   "postfix.service loaded active exited x\n")
        self.write("fake/type", "oneshot\n")
        for path, text in (("fake/systemctl-program", SYSTEMCTL),
                           ("fake/start", START),
                           ("fake/bin/postconf", POSTCONF),
                           ("fake/bin/postfix", NOTE),
                           ("fake/bin/postdane", NOTE)):
            self.program(path, text)
        self.path("fake/bin/systemctl").symlink_to("/fake/systemctl-program")
        master = self.path("usr/lib/postfix/sbin/master")
        master.parent.mkdir(parents=True)
        shutil.copy("/usr/bin/sleep", master)
        share = self.path("usr/share/postdane/postfix-conf")
        shutil.copytree(CONF, share)
        # Older versions have all that they need beside them.
        self.script = "/usr/share/postdane/postfix-conf/postfix-resolv"
        if "POSTFIX_CONF" not in os.environ:
            self.script = "/usr/lib/postdane/postfix-resolv"
            self.path("usr/lib/postdane").mkdir()
            shutil.move(share / "postfix-resolv", self.path(self.script[1:]))

    def path(self, *parts):
        return self.root.joinpath(*parts)

    def write(self, path, text):
        path = self.path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            path.unlink()
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def program(self, path, text):
        self.write(path, text)
        self.path(path).chmod(0o755)

    # What is there; None where it is not.

    def bytes_of(self, path):
        path = self.path(path)
        return path.read_bytes() if path.exists() else None

    @property
    def system(self):
        """As programs see it, links followed inside the machine."""
        return self.run("cat", "/etc/resolv.conf").stdout

    @property
    def ours(self):
        return self.bytes_of("etc/postdane/postfix/resolv.conf")

    @property
    def copy(self):
        return self.bytes_of(f"{QUEUE}/etc/resolv.conf")

    @property
    def restarts(self):
        log = self.bytes_of("fake/systemctl") or b""
        return [line for line in log.decode().splitlines()
                if "restart" in line and "postfix-resolv" not in line]

    @property
    def calls(self):
        return (self.bytes_of("fake/calls") or b"").decode().splitlines()

    # What is done.

    def run(self, *command, seconds=SECONDS, **options):
        return subprocess.run(
            ["chroot", self.root, *command], capture_output=True,
            timeout=seconds, check=False, env={
                "PATH": "/fake/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME": "/root"}, **options)

    def resolv(self, *arguments, **options):
        result = self.run(self.script, *arguments, **options)
        result.text = (result.stdout + result.stderr).decode(errors="replace")
        return result

    def start_postfix(self, *units):
        self.run("/fake/start", *units or ("postfix@-.service",))

    def seen_by_postfix(self):
        pid = self.bytes_of("fake/master").decode().strip()
        return subprocess.run(
            ["nsenter", f"--mount=/proc/{pid}/ns/mnt", "chroot", self.root,
             "cat", "/etc/resolv.conf"], capture_output=True,
            check=True).stdout

    def stop_postfix(self):
        pid = self.bytes_of("fake/master")
        if pid:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass

    def installed(self):
        """With Postfix running on the system's resolver before."""
        self.start_postfix()
        result = self.resolv("install", "--yes")
        assert result.returncode == 0, result.text
        self.write("fake/systemctl", "")
        self.write("fake/calls", "")
        return self

    def remove(self):
        self.stop_postfix()
        subprocess.run(["umount", "-R", "-l", self.root], check=True)
        shutil.rmtree(self.folder)


def name_servers(text):
    """As the C library reads them."""
    lines = [line.split() for line in text.decode(errors="replace").split("\n")
             if line.startswith(("nameserver ", "nameserver\t"))]
    return [line[1] for line in lines if len(line) > 1]


class Listener:
    """Refuses each question, as postdane does those without recursion."""

    def __init__(self):
        self.start()

    def start(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((LISTENER, 53))
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while True:
            query, client = self.socket.recvfrom(4096)
            if not query:
                return
            self.socket.sendto(query[:2] + b"\x80\x05" + query[4:], client)

    def stop(self):
        self.socket.sendto(b"", (LISTENER, 53))
        self.thread.join()
        self.socket.close()
