"""A pair of replicas with a line between them that can be cut."""

import contextlib
import json
import random
import socket
import subprocess
import threading
from pathlib import Path

from tools import wait_until

TIMING = {"drop": 2000, "promote": 2500, "first-chance": 500}
"""Milliseconds. The backup may be silent for longer than by default: the primary is to die before it goes on alone."""


def free_port() -> int:
    """Below the range from which outgoing connections take theirs."""
    while True:
        port = random.randrange(10_000, 32_000)
        try:
            socket.create_server(("127.0.0.1", port)).close()
            return port
        except OSError:
            pass


class Line:
    """The way to a replica's port for its peer. While it is cut whatever is sent is lost, both ways, and nobody is told."""

    def __init__(self, here: int, there: int):
        self.there, self.cut = there, False
        self.listener = socket.create_server(("127.0.0.1", here))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:  # it is closed
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.there))
            except OSError:
                near.close()
                continue
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=(source, sink), daemon=True).start()

    def carry(self, source: socket.socket, sink: socket.socket):
        # However it ends, the other direction ends with it.
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 16):
                if not self.cut:
                    sink.sendall(piece)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        """New connections are refused from now on; connections end with the process at their other end."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Replica:
    """One `understudy serve`; while it runs there is a line to it."""

    def __init__(self, name: str, folder: Path):
        self.name, self.data = name, folder / name
        self.log = folder / f"{name}.log"
        self.clients, self.peers, self.ops, self.line_port = (free_port() for _ in range(4))
        self.process = self.line = None

    def start(self, understudy: str, register: str, peers: str):
        self.line = Line(self.line_port, self.peers)
        options = {"name": self.name, "data": self.data, "register": register, "peers": peers}
        options |= {f"listen-{port}": f"127.0.0.1:{getattr(self, port)}" for port in ("clients", "peers", "ops")}
        options |= {f"{timing}-ms": ms for timing, ms in TIMING.items()}
        arguments = [word for option, value in options.items() for word in (f"--{option}", str(value))]
        with self.log.open("a") as log:
            self.process = subprocess.Popen([understudy, "serve", *arguments], stdout=log, stderr=log)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.line.close()
        self.process = None


class Pair:
    """Two replicas and their register, all in one folder."""

    def __init__(self, understudy: str, folder: Path):
        self.understudy, self.register = understudy, f"dir:{folder / 'register'}"
        self.replicas = [Replica(name, folder) for name in "ab"]
        self.endpoints = ",".join(f"127.0.0.1:{replica.clients}" for replica in self.replicas)
        subprocess.run([understudy, "register", "create", self.register], stdout=subprocess.DEVNULL, check=True)

    def __enter__(self):
        for replica in self.replicas:
            self.start(replica)
        return self

    def __exit__(self, *_):
        for replica in self.replicas:
            if replica.process:
                replica.kill()

    def start(self, replica: Replica):
        """Starts it behind its line."""
        peers = ",".join(f"{replica.name}=127.0.0.1:{replica.line_port}" for replica in self.replicas)
        replica.start(self.understudy, self.register, peers)

    def cut(self, cut: bool = True):
        """Nothing that either says reaches the other any more; False: what is said from now on does."""
        for replica in self.replicas:
            replica.line.cut = cut

    def ask(self, *arguments: str) -> str:
        """What the understudy command says."""
        ran = subprocess.run([self.understudy, *arguments, "--endpoints", self.endpoints], capture_output=True, text=True)
        return ran.stdout

    def roles(self) -> dict[str, Replica]:
        """Who is primary, backup and so on, of those that answer."""
        shown = json.loads(self.ask("status", "--output", "json"))["replicas"]
        return {one["role"]: replica for replica in self.replicas for one in shown if one.get("name") == replica.name}

    def whole(self) -> tuple[Replica, Replica]:
        """The primary and its backup, as soon as there are both."""
        roles = wait_until("the pair is whole", lambda: (roles := self.roles()).keys() == {"primary", "backup"} and roles)
        return roles["primary"], roles["backup"]
