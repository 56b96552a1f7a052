#!/usr/bin/env python3
"""Name servers that do not answer as they should, over UDP: one says nothing, one lies.

    liars.py SILENT_ADDRESS LYING_ADDRESS
"""
import selectors
import socket
import sys


def lie(query):
    """Answers to a question that nobody can use: another id, another name, and "there is none" without a proof."""
    end = query.index(b"\0", 12) + 5
    question = query[12:end]
    record = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x0e\x10\x00\x04\xc6\x33\x64\x42"
    head = b"\x84\x00\x00\x01\x00\x01\x00\x00\x00\x00"
    yield bytes([query[0] ^ 255, query[1]]) + head + question + record
    yield query[:2] + head + b"\x04evil\x07example\0\x00\x01\x00\x01" + record
    yield query[:2] + b"\x84\x00\x00\x01\x00\x00\x00\x00\x00\x00" + question


def main():
    silent, lying = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    silent.bind((sys.argv[1], 53))
    lying.bind((sys.argv[2], 53))
    choose = selectors.DefaultSelector()
    choose.register(silent, selectors.EVENT_READ)
    choose.register(lying, selectors.EVENT_READ)
    while True:
        for key, _ in choose.select():
            query, sender = key.fileobj.recvfrom(4096)
            for answer in lie(query) if key.fileobj is lying else ():
                lying.sendto(answer, sender)


if __name__ == "__main__":
    main()
