#!/usr/bin/env python3
"""Measures what a log in Redis costs, next to one in memory, and what a second server adds.

    benches/shared_log.py latency     from publishing to receiving, in memory and through Redis, by turns
    benches/shared_log.py publish     messages per second of 64 publishers over HTTP, in memory and through Redis
    benches/shared_log.py servers     CPU time per delivery of one server and of two

It needs Linux, Python 3.10, redis-server, target/release/trifold, and wrk for `publish`.
"""

import argparse
import contextlib
import itertools
import json
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

TRIFOLD = "target/release/trifold"


def free_port():
    """Returns a port that is free, and below those that the system gives to clients."""
    for port in itertools.count(random.randrange(10_000, 20_000)):
        with contextlib.suppress(OSError), socket.socket() as listener:
            listener.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def running(command, port):
    """Runs a program until the block ends; the block starts when the program accepts connections."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            if process.poll() is not None:
                sys.exit(f"{command[0]} ended")
            time.sleep(0.01)
        yield process
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def redis(flags=()):
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        command = ["redis-server", "--port", str(port), "--save", "", "--dir", directory, *flags]
        with running(command, port):
            yield f"redis://127.0.0.1:{port}"


@contextlib.contextmanager
def server(*flags):
    port = free_port()
    command = [TRIFOLD, "--listen", f"127.0.0.1:{port}", "--publish-rate", "0", *flags]
    with running(command, port) as process:
        yield f"http://127.0.0.1:{port}", process.pid


def load(*arguments):
    command = [TRIFOLD, "load", *map(str, arguments), "--json"]
    return json.loads(subprocess.run(command, check=False, capture_output=True, text=True).stdout)


def summary(values, unit):
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f}) {unit}"


# Names of the storages, and the flags that select them.
def storages(url, durable_url):
    return {"memory": [], "Redis": ["--redis", url], "Redis, on disk": ["--redis", durable_url]}


@contextlib.contextmanager
def both_redis():
    with redis() as url, redis(["--appendonly", "yes", "--appendfsync", "always"]) as durable_url:
        yield storages(url, durable_url)


def latency(arguments):
    figures = {}
    with both_redis() as kinds:
        for _ in range(arguments.rounds):
            for name, flags in kinds.items():
                with server(*flags) as (url, _):
                    report = load(url, "--clients", arguments.clients, "--rate", 20, "--duration", "8s")
                measured = report["transports"][0]["latency_ms"]
                for quantile in ("p50", "p99"):
                    figures.setdefault((name, quantile), []).append(measured[quantile])
    for (name, quantile), values in figures.items():
        added = [value - base for value, base in zip(values, figures["memory", quantile])]
        print(f"{name}, {quantile}: {summary(values, 'ms')}, more than memory: {summary(added, 'ms')}")


POST = """
local thread = 0
function setup(t) thread = thread + 1; t:set("number", thread) end
function init() count, start = 0, os.time() end
function request()
  count = count + 1
  local body = string.format('{"id":"%d-%d-%d","body":"%s"}', start, number, count, string.rep("x", 100))
  return wrk.format("POST", "/messages", { ["Content-Type"] = "application/json" }, body)
end
"""


def publish(arguments):
    figures = {}
    with both_redis() as kinds, tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(POST)
        script.flush()
        for _ in range(arguments.rounds):
            for name, flags in kinds.items():
                with server(*flags) as (url, _):
                    command = ["wrk", "-t1", "-c64", "-d4s", "-s", script.name, url]
                    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                if "Non-2xx" in output:
                    sys.exit(output)
                rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
                figures.setdefault(name, []).append(rate)
    for name, values in figures.items():
        print(f"{name}: {summary(values, 'messages per second')}")


def servers(arguments):
    """Two servers deliver as much more than one as their CPU time for the same deliveries allows."""
    one, two, ratios = [], [], []
    for _ in range(arguments.rounds):
        with redis() as url, server("--redis", url) as (first, _), server("--redis", url) as (second, _):
            for figures, urls in (one, [first]), (two, [first, second]):
                report = load(*urls, "--clients", arguments.clients, "--rate", 20, "--duration", "8s")
                delivered = report["transports"][0]["delivered"]
                figures.append(report["server"]["cpu_seconds"] / delivered * 1e6)
        ratios.append(2 * one[-1] / two[-1])
    print(f"one server: {summary(one, 'µs of CPU time per delivery')}")
    print(f"two servers together: {summary(two, 'µs of CPU time per delivery')}")
    print(f"capacity of two, if both have the CPU time of one: {summary(ratios, 'times that of one')}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measurement", choices=["latency", "publish", "servers"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=1000, help="for latency and servers (default: 1000)")
    arguments = parser.parse_args()
    {"latency": latency, "publish": publish, "servers": servers}[arguments.measurement](arguments)


if __name__ == "__main__":
    main()
