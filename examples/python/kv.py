"""A small client: follows the primary, and a retry is executed once.

It does what crates/client does for Rust, one operation at a time. The rules are those of
proto/understudy/kv/v1/errors.proto: what "executed: no" says may be tried elsewhere, what is unknown
may be tried again only because it carries a stamp, and everything else is an answer.
"""

import sys
import threading
import time
from pathlib import Path

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

sys.path.insert(0, str(Path(__file__).parent / "generated"))

from understudy.kv.v1 import header_pb2, key_value_service_pb2, session_service_pb2, txn_pb2  # noqa: E402
from understudy.kv.v1 import key_value_service_pb2_grpc, session_service_pb2_grpc  # noqa: E402

ATTEMPT_S = 1.0
"""How long one try may take before another replica is asked, seconds."""

SESSION_TTL_S = 300
"""How long a session lives after its last use, seconds."""

PAUSE_S = (0.005, 0.2)
"""The shortest and the longest pause before a replica is asked again, seconds."""

CHANNEL = [
    # A dead node closes no connection: only pings notice it.
    ("grpc.keepalive_time_ms", 1000),
    ("grpc.keepalive_timeout_ms", 1000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    # The default waits up to two minutes before it dials again.
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 500),
    # The default resolves a name again after 30 s at the earliest: a pod's name leads to nowhere for as long.
    ("grpc.dns_min_time_between_resolutions_ms", 500),
]

CLUSTER_ID = "understudy-cluster-id"
"""Metadata that names the cluster which is meant. Pod addresses are reused: what is found there may be another cluster."""

FOLLOWS = ("understudy-follows", "1")
"""Metadata that says: name the primary, this client goes there by itself."""

NOT_DONE = {"NOT_PRIMARY", "TOO_FEW_COPIES", "OVERLOADED", "WRONG_CLUSTER"}
SESSION_GONE = {"SESSION_EXPIRED", "SESSION_UNKNOWN"}
# What the client's own library says when a connection breaks or no answer comes.
NO_ANSWER = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL}


class Unavailable(Exception):
    """Nobody answered in time; definitely nothing was executed."""


class OutcomeUnknown(Exception):
    """It may have been executed, or may yet be."""


class Rejected(Exception):
    """An answer: the request is refused. `reason` as in errors.proto, empty without one."""

    def __init__(self, reason: str, message: str):
        super().__init__(f"{reason or 'refused'}: {message}")
        self.reason = reason


class Client:
    """Safe for several threads, which take turns.

    `endpoints` is `host:port,host:port`: all replicas, which is quickest, or the one address that
    follows the primary. `deadline` is how long one operation may take with all its tries, seconds. From the first answer on
    it is bound to the cluster that gave it: no other one's will do, wherever the addresses lead.
    """

    def __init__(self, endpoints: str, deadline: float = 30.0):
        self._endpoints = [endpoint.strip() for endpoint in endpoints.split(",") if endpoint.strip()]
        self._deadline = deadline
        self._channels: dict[str, grpc.Channel] = {}
        self._address = self._endpoints[0]
        self._cluster = b""
        self._lock = threading.Lock()
        self._session = self._sequence = 0
        self._used = 0.0

    def put(self, key: bytes, value: bytes, **more) -> key_value_service_pb2.PutResponse:
        """Writes a key; `more` are the other fields of PutRequest, such as `if_revision=7`."""
        request = key_value_service_pb2.PutRequest(key=key, value=value, **more)
        return self._mutate("KeyValueService", "Put", request)

    def delete(self, key: bytes, **more) -> key_value_service_pb2.DeleteResponse:
        """Deletes a key; nothing to delete is no error."""
        return self._mutate("KeyValueService", "Delete", key_value_service_pb2.DeleteRequest(key=key, **more))

    def txn(self, compares=(), then=(), otherwise=()) -> key_value_service_pb2.TxnResponse:
        """Changes several keys atomically: if all `compares` hold, `then` is executed, if not, `otherwise`; `succeeded` tells which.

        They are Compare and TxnOperation of txn.proto; `at_revision` and `putting` make the most common ones.
        """
        request = key_value_service_pb2.TxnRequest(compares=compares, then_operations=then, else_operations=otherwise)
        return self._mutate("KeyValueService", "Txn", request)

    def get(self, key: bytes):
        """The KeyValue, or None."""
        with self._lock:
            answer = self._ask("KeyValueService", "Get", key_value_service_pb2.GetRequest(key=key))
        return answer.kv if answer.HasField("kv") else None

    def list(self, prefix: bytes):
        """Gives each KeyValue whose key begins with `prefix`, in order, all as they stood at one revision."""
        request = key_value_service_pb2.ListRequest(prefix=prefix)
        while True:
            with self._lock:
                page = self._ask("KeyValueService", "List", request)
            yield from page.kvs
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def close(self):
        """Closes the connections; the session expires by itself."""
        for channel in self._channels.values():
            channel.close()

    def _mutate(self, service: str, method: str, request):
        with self._lock:
            self._see_to_the_session()
            self._sequence += 1
            # One at a time: whatever came before has its answer, or nobody will ask for it again.
            stamp = header_pb2.RequestStamp(
                session_id=self._session, sequence=self._sequence, received_below=self._sequence
            )
            request.stamp.CopyFrom(stamp)
            answer = self._ask(service, method, request)
            self._used = time.monotonic()
            return answer

    def _see_to_the_session(self):
        """Opens a session where there is none, or none any more; renews one that was idle."""
        if self._session and time.monotonic() - self._used > SESSION_TTL_S / 3:
            try:
                request = session_service_pb2.KeepSessionAliveRequest(session_id=self._session)
                self._ask("SessionService", "KeepSessionAlive", request)
                self._used = time.monotonic()
            except Rejected as rejected:
                if rejected.reason not in SESSION_GONE:
                    raise
                self._session = 0
        if not self._session:
            request = session_service_pb2.OpenSessionRequest(ttl_ms=SESSION_TTL_S * 1000)
            self._session = self._ask("SessionService", "OpenSession", request).session_id
            self._sequence, self._used = 0, time.monotonic()

    def _ask(self, service: str, method: str, request):
        """Asks replicas that may be the primary until one answers or the deadline comes."""
        until = time.monotonic() + self._deadline
        pause, asked, in_doubt, last = PAUSE_S[0], set(), False, ""
        while True:
            if self._address in asked:
                time.sleep(min(pause, max(0.0, until - time.monotonic())))
                pause, asked = min(2 * pause, PAUSE_S[1]), set()
            left = until - time.monotonic()
            if left <= 0:
                kind = OutcomeUnknown if in_doubt else Unavailable
                raise kind(f"{method}: no answer within {self._deadline} s, last: {last}")
            address = self._address
            asked.add(address)
            try:
                stub = self._stub(address, service, method)
                answer = stub(request, timeout=min(ATTEMPT_S, left), metadata=self._metadata())
                # A request that named the cluster was answered by it.
                self._cluster = self._cluster or answer.header.cluster_id
                return answer
            except grpc.RpcError as error:
                reason, primary = reason_of(error)
                last = f"{address}: {reason or error.code().name}: {error.details()}"
                if reason == "OUTCOME_UNKNOWN" or (not reason and error.code() in NO_ANSWER):
                    in_doubt = True
                elif reason not in NOT_DONE:
                    if reason in SESSION_GONE:
                        self._session = 0
                    if in_doubt:
                        raise OutcomeUnknown(f"{method}: {last}") from error
                    raise Rejected(reason, error.details()) from error
                if reason == "WRONG_CLUSTER":
                    # The name may lead elsewhere by now.
                    self._channels.pop(address).close()
                self._turn(address, primary)

    def _metadata(self):
        return [FOLLOWS] + ([(CLUSTER_ID, self._cluster.hex())] if self._cluster else [])

    def _turn(self, address: str, primary: str):
        """Whom to ask next: whom the replica named, else the next in the list."""
        if primary and primary != address:
            self._address = primary
        elif address in self._endpoints:
            self._address = self._endpoints[(self._endpoints.index(address) + 1) % len(self._endpoints)]
        else:
            self._address = self._endpoints[0]

    def _stub(self, address: str, service: str, method: str):
        if address not in self._channels:
            self._channels[address] = grpc.insecure_channel(address, CHANNEL)
        channel = self._channels[address]
        stubs = {
            "KeyValueService": key_value_service_pb2_grpc.KeyValueServiceStub,
            "SessionService": session_service_pb2_grpc.SessionServiceStub,
        }
        return getattr(stubs[service](channel), method)


def at_revision(key: bytes, revision: int) -> txn_pb2.Compare:
    """Holds if the key was last written at this revision; 0: if there is no such key."""
    return txn_pb2.Compare(key=key, mod_revision=revision)


def putting(key: bytes, value: bytes) -> txn_pb2.TxnOperation:
    """Writes a key."""
    return txn_pb2.TxnOperation(put=txn_pb2.TxnPut(key=key, value=value))


def reason_of(error: grpc.RpcError) -> tuple[str, str]:
    """The reason that a replica gave, and the primary that it named; empty where it did not."""
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info) and info.domain == "understudy":
            return info.reason, info.metadata.get("primary", "")
    return "", ""
