#!/usr/bin/env python3
"""Runs a server and a client on two sides of a link that delays and loses packets.

For kernels without netem: both sides are network namespaces of their own, this program copies the packets between
their tun devices, and everything above, TCP included, is the kernel's. It needs root, Linux and Python 3.10.

    benches/lossy_link.py --delay 40 --loss 1 \
        --server 'target/release/trifold --listen 10.9.0.1:8080' \
        --client 'target/release/trifold load http://10.9.0.1:8080 --allow-remote'
"""

import argparse
import ctypes
import fcntl
import heapq
import os
import random
import select
import shlex
import struct
import subprocess
import sys
import time

SERVER, CLIENT = "10.9.0.1", "10.9.0.2"
CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
MAX_PACKET = 65536
libc = ctypes.CDLL(None, use_errno=True)


def new_namespace(address, peer):
    """Moves this process into a new network namespace, and returns its end of the link."""
    if libc.unshare(CLONE_NEWNET) != 0:
        sys.exit(f"no new network namespace: {os.strerror(ctypes.get_errno())}; run this as root")
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", b"link0", IFF_TUN | IFF_NO_PI))
    ip("link", "set", "lo", "up")
    ip("addr", "add", address, "peer", peer, "dev", "link0")
    ip("link", "set", "link0", "up")
    return tun


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


def forward(ends, delay, loss, random_source, is_over):
    """Copies packets from each end to the other one, until it is over."""
    other = {ends[0]: ends[1], ends[1]: ends[0]}
    in_flight, number, lost, copied = [], 0, 0, 0
    while not is_over():
        wait = max(0.0, in_flight[0][0] - time.monotonic()) if in_flight else 0.1
        readable, _, _ = select.select(ends, [], [], min(wait, 0.1))
        for end in readable:
            try:
                packet = os.read(end, MAX_PACKET)
            except BlockingIOError:
                continue
            number += 1
            if random_source.random() < loss:
                lost += 1
                continue
            heapq.heappush(in_flight, (time.monotonic() + delay, number, other[end], packet))
        while in_flight and in_flight[0][0] <= time.monotonic():
            _, _, end, packet = heapq.heappop(in_flight)
            copied += 1
            try:
                os.write(end, packet)
            except OSError:
                pass  # a full queue, or an end that is down: the packet is lost
    print(f"link: {lost} of {number} packets were lost", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--delay", type=float, default=40, help="in each direction, in ms")
    parser.add_argument("--loss", type=float, default=1, help="in each direction, in percent")
    parser.add_argument("--seed", type=int, default=1, help="of the losses")
    parser.add_argument("--server", required=True, help=f"a command; its address is {SERVER}")
    parser.add_argument("--client", required=True, help="a command, started when the server listens")
    options = parser.parse_args()

    server_end = new_namespace(SERVER, CLIENT)
    server = subprocess.Popen(shlex.split(options.server), stdout=subprocess.PIPE)
    try:
        server.stdout.readline()  # "listening on …"
        client_end = new_namespace(CLIENT, SERVER)
        client = subprocess.Popen(shlex.split(options.client))
        ends, delay = [server_end, client_end], options.delay / 1000
        forward(ends, delay, options.loss / 100, random.Random(options.seed), lambda: client.poll() is not None)
        sys.exit(client.returncode)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
