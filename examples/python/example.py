#!/usr/bin/env python3
"""example.py ENDPOINTS: writes a key ten times a second, says how long each pause was, until Ctrl-C.

Each write is executed once, also when the primary dies under it: the key's version is the number of writes.
"""

import sys
import time

from kv import Client


def main():
    client = Client(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:7440")
    key, writes = b"python/example", 0
    client.delete(key)
    while True:
        began = time.monotonic()
        answer = client.put(key, str(writes).encode())
        took = time.monotonic() - began
        writes += 1
        if answer.version != writes:
            sys.exit(f"{writes} writes, and version {answer.version}")
        if took > 0.1 or writes % 50 == 0:
            print(f"{writes} writes, {answer.version} executed, epoch {answer.header.epoch}, the last took {1000 * took:.0f} ms", flush=True)
        time.sleep(max(0.0, 0.1 - took))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
