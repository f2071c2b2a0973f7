#!/usr/bin/env python3
"""bank.py ENDPOINTS: tellers move money between random accounts; at the end, also by Ctrl-C, the books are audited.

Exits 1 if money was lost or made, or a transfer was lost or done twice. The store holds an account's balance under
bank/account/0007, and for each transfer a receipt such as "25 from 7 to 3" under bank/receipt/ID.
"""

import argparse
import random
import re
import secrets
import sys
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))

from kv import Client, OutcomeUnknown, Unavailable, at_revision, putting  # noqa: E402

OPENING = 1000
"""What an account is opened with."""

MOST = 100
"""The most that one transfer moves."""

ACCOUNTS, RECEIPTS = b"bank/account/", b"bank/receipt/"


def transfer(client: Client, name: str, giver: int, taker: int, amount: int) -> bool:
    """Moves money and writes the receipt, once, whatever happens to the primary; False if there is not that much.

    Raises what kv.py does; with OutcomeUnknown it may have been done.
    """
    from_key, to_key = account(giver), account(taker)
    while True:
        # What the accounts hold, and the revision that says so.
        (gives, gives_revision), (takes, takes_revision) = read(client, from_key), read(client, to_key)
        if gives < amount:
            return False
        answer = client.txn(
            # Only if nobody has touched either account since it was read: the sums are made of that.
            compares=[at_revision(from_key, gives_revision), at_revision(to_key, takes_revision)],
            # All three or none: money leaves, arrives, and the ledger tells of it.
            then=[
                putting(from_key, b"%d" % (gives - amount)),
                putting(to_key, b"%d" % (takes + amount)),
                putting(RECEIPTS + name.encode(), receipt(giver, taker, amount).encode()),
            ],
        )
        # The client repeats it over any failover under the same stamp, so that it is executed once, and the
        # answer is that of the execution: "no" means another teller, never our own first try.
        if answer.succeeded:
            return True
        # Another teller was quicker: nothing was done. Read again.


def read(client: Client, key: bytes) -> tuple[int, int]:
    """The balance of an account, and the revision at which it was written."""
    kv = client.get(key)
    if kv is None or not kv.value.isdigit():
        raise ValueError(f"{key.decode()} is gone or holds no balance: {kv}")
    return int(kv.value), kv.mod_revision


def account(number: int) -> bytes:
    return ACCOUNTS + b"%04d" % number


def receipt(giver: int, taker: int, amount: int) -> str:
    return f"{amount} from {giver} to {taker}"


class Books:
    """What the tellers were told, by the transfer's id; against it the store is audited."""

    def __init__(self):
        self.run = f"python-{secrets.token_hex(4)}"
        self.lock = threading.Lock()
        self.acknowledged: dict[str, str] = {}
        self.unknown: dict[str, str] = {}
        self.failed, self.longest, self.last = 0, 0.0, time.monotonic()

    def acknowledge(self, name: str, text: str):
        with self.lock:
            now = time.monotonic()
            self.longest, self.last = max(self.longest, now - self.last), now
            self.acknowledged[name] = text


class Teller(threading.Thread):
    """Moves money between random accounts until the bank is closed. Has a client of its own, which does one thing at a time."""

    def __init__(self, number: int, endpoints: str, accounts: int, books: Books, closed: threading.Event):
        super().__init__(daemon=True)
        self.number, self.client, self.accounts = number, Client(endpoints), accounts
        self.books, self.closed, self.error = books, closed, None

    def run(self):
        try:
            self.work()
        except Exception as error:  # told by main, which ends with it
            self.error = error
            self.closed.set()
        self.client.close()

    def work(self):
        count = 0
        while not self.closed.is_set():
            giver, taker = random.sample(range(self.accounts), 2)
            order = giver, taker, random.randint(1, MOST)
            name = f"{self.books.run}/{self.number}-{count}"
            count += 1
            # There are three ends and no fourth: done, definitely not done, unknown.
            try:
                if transfer(self.client, name, *order):
                    self.books.acknowledge(name, receipt(*order))
            except Unavailable:
                with self.books.lock:
                    self.books.failed += 1
            except OutcomeUnknown:
                with self.books.lock:
                    self.books.unknown[name] = receipt(*order)


def total(client: Client) -> int:
    """The money in all accounts, as it stands at one revision while the tellers go on."""
    balances = [int(kv.value) for kv in client.list(ACCOUNTS)]
    if sum(balances) != OPENING * len(balances):
        raise ValueError(f"the accounts hold {sum(balances)}, and {OPENING * len(balances)} was paid in")
    return sum(balances)


def audit(stored: list, accounts: int, books: Books) -> bool:
    """Compares what is in the store with what the tellers were told, and prints what it finds."""
    wrong, balances, receipts, moved = [], {}, {}, Counter()
    for kv in stored:
        text = kv.value.decode(errors="replace")
        if kv.key.startswith(ACCOUNTS) and text.isdigit():
            balances[kv.key] = int(text)
        elif kv.key.startswith(RECEIPTS) and (said := re.fullmatch(r"(\d+) from (\d+) to (\d+)", text)):
            name = kv.key.removeprefix(RECEIPTS).decode()
            amount, giver, taker = map(int, said.groups())
            moved[account(giver)] -= amount
            moved[account(taker)] += amount
            receipts[name] = text
            if kv.version != 1:
                wrong.append(f"transfer {name} was done {kv.version} times")
        else:
            wrong.append(f"{kv.key!r} holds {text!r}: no account and no receipt")
    # Each account holds what it was opened with and what its receipts say: so the total is what was paid in.
    for key in sorted({account(number) for number in range(accounts)} | balances.keys() | moved.keys()):
        if balances.get(key) != OPENING + moved[key]:
            wrong.append(f"{key.decode()} holds {balances.get(key)}, and its receipts make {OPENING + moved[key]}")
    # An acknowledged transfer has its receipt, and none has one of which the teller was told that it was not done.
    lost = {name: text for name, text in books.acknowledged.items() if name not in receipts}
    wrong += [f"transfer {name}, {text}, was acknowledged and is lost" for name, text in lost.items()]
    for name, text in books.acknowledged.items():
        if receipts.get(name, text) != text:
            wrong.append(f"transfer {name} was {text}, its receipt says {receipts[name]}")
    for name, text in receipts.items():
        if name.startswith(books.run + "/") and name not in books.acknowledged and name not in books.unknown:
            wrong.append(f"transfer {name}, {text}, was done though its teller was told no")

    done = len(books.unknown.keys() & receipts.keys())
    print(f"{len(books.acknowledged)} transfers acknowledged, longest pause {1000 * books.longest:.0f} ms; {books.failed} failed, {len(books.unknown)} of unknown outcome, {done} of these done")
    for line in wrong[:10]:
        print(f"WRONG: {line}")
    holds = f"{len(balances)} accounts hold {sum(balances.values())}"
    if wrong:
        print(f"audit FAILED, {len(wrong)} things are wrong: {holds}, there are {len(receipts)} receipts")
    else:
        print(f"audit passed: {holds}, as paid in; {len(receipts)} receipts account for every balance")
    if lost:
        money = sum(int(text.split()[0]) for text in lost.values())
        print(f"{len(lost)} acknowledged transfers are not in the books, {money} of money that customers were told had moved")
    return not wrong


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Tellers move money between random accounts; at the end, also by Ctrl-C, the books are audited.")
    parser.add_argument("endpoints", nargs="?", default="127.0.0.1:7440", help="where replicas are, or the address that follows the primary: host:port, separated by commas")
    parser.add_argument("--accounts", type=int, default=20, help="how many accounts there are; each is opened with 1,000")
    parser.add_argument("--tellers", type=int, default=8, help="how many transfers are under way at once")
    parser.add_argument("--seconds", type=int, default=10, help="for how long")
    given = parser.parse_args()
    if given.accounts < 2 or given.tellers < 1:
        parser.error("there must be 2 accounts and a teller at least")
    return given


def main() -> int:
    given = arguments()
    client = Client(given.endpoints)
    for number in range(given.accounts):
        client.put(account(number), b"%d" % OPENING, if_absent=True)
    books, closed = Books(), threading.Event()
    tellers = [Teller(number, given.endpoints, given.accounts, books, closed) for number in range(given.tellers)]
    for teller in tellers:
        teller.start()
    began = time.monotonic()
    try:
        while time.monotonic() - began < given.seconds and not closed.wait(1.0):
            holds = total(client)
            print(f"{time.monotonic() - began:4.0f} s  {len(books.acknowledged):7} transfers acknowledged, the accounts hold {holds}", flush=True)
    except KeyboardInterrupt:
        pass
    # Each finishes what is at hand, and no more.
    closed.set()
    for teller in tellers:
        teller.join()
        if teller.error:
            raise teller.error
    return 0 if audit(list(client.list(b"bank/")), given.accounts, books) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception as error:
        sys.exit(f"bank.py: {error}")
