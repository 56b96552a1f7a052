#!/usr/bin/env python3
"""Gives each story hosts of its own, so that many stories can be read as one capture without meeting each other.

The lab has one client and one server. In a recording they become 198.18.x.y and 198.19.x.y (RFC 2544), or
2001:db8:...::10 and ::25, with x and y from the story's name. Nothing else is changed; checksums are made right again.

    addresses.py STORY_FOLDER...     rewrites traffic.pcap in place; doing it twice changes nothing
"""
import ipaddress
import pathlib
import sys
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import pcapkit  # noqa: E402  (the folder is known only now)

CLIENTS = {ipaddress.ip_address(a).packed for a in ("192.0.2.10", "2001:db8::10")}
SERVERS = {ipaddress.ip_address(a).packed for a in ("192.0.2.25", "2001:db8::25")}


def own(address, story):
    """The address a lab host has in this story; any other address stays as it is."""
    if address not in CLIENTS | SERVERS:
        return address
    number = zlib.crc32(story.encode()) & 0xFFFF
    if len(address) == 4:
        return bytes([198, 18 if address in CLIENTS else 19, number >> 8, number & 255])
    return address[:4] + number.to_bytes(2, "big") + address[6:]


def rewrite(packets, story):
    """The packets with this story's addresses. What is no TCP (ARP, neighbour discovery) names the lab: it goes."""
    for p in packets:
        segment = pcapkit.parse(p.octets)
        if segment:
            yield pcapkit.packet(p.time_ns, pcapkit.replace(segment, src=own(segment.src, story), dst=own(segment.dst, story)))


def main():
    for folder in map(pathlib.Path, sys.argv[1:]):
        capture = folder / "traffic.pcap"
        pcapkit.write(capture, list(rewrite(pcapkit.read(capture), folder.name)))


if __name__ == "__main__":
    main()
