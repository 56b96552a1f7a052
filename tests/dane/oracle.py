#!/usr/bin/env python3
"""Every kind of TLSA record against every kind of chain: dane_compare() says what `openssl s_client` does.

Where they may differ: PKIX-TA(0) and PKIX-EE(1) are unusable in SMTP (RFC 7672 3.1.3), so s_client is not asked. It has
one word (65) for what we tell apart: nothing fits, the anchor was not sent, or nothing leads to it. OpenSSL 3.0 has no
raw public keys: those are compared with what RFC 7671 5.1 says.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from world import BASE, DAY, Server, World, data_of

# What s_client may say (X509_V_ERR_) where we say this. The worst of what it lists counts, as with us.
NO_MATCH, NAME, DATES = 65, 62, (9, 10)
NO_MATCH_WORDS = ('mismatch', 'ta_missing', 'ta_chain')


class Trial:
    """Runs both, and counts."""

    def __init__(self, program, directory):
        self.say = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.servers = {}
        self.now = int(time.time())
        self.passed = self.failed = self.asked = 0
        self.directory = directory

    def ours(self, shown, now, names, records):
        """Our answer: outcome, record, depth, what, usable, counted."""
        self.say.stdin.write('\t'.join([shown, str(now), ','.join(names), ';'.join(records)]) + '\n')
        self.say.stdin.flush()
        line = self.say.stdout.readline()
        if not line:
            sys.exit('dane_say ended')
        outcome, record, depth, what, usable, counted = line.rstrip('\n').split('\t')
        return {'outcome': outcome, 'record': int(record), 'depth': int(depth), 'what': what, 'usable': int(usable),
                'counted': int(counted, 16)}

    def theirs(self, chain, key, now, name, records):
        """Theirs: errors, matched ("3 1 1 at depth 0" or None), n_bad (records that were refused)."""
        if (chain, key) not in self.servers:
            self.servers[chain, key] = Server(chain, key)
        command = ['openssl', 's_client', '-connect', f'127.0.0.1:{self.servers[chain, key].port}', '-brief', '-no-CAfile', '-no-CApath',
                   '-no-CAstore', '-attime', str(now), '-dane_tlsa_domain', name, '-dane_ee_no_namechecks']
        for record in records:
            command += ['-dane_tlsa_rrdata', record]
        self.asked += 1
        got = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
        text = got.stdout + got.stderr
        bad = len(re.findall(r'warning: (?:bad|unusable) TLSA', text))
        if 'Failed to import any TLSA' in text:
            return {'errors': [], 'matched': None, 'bad': bad, 'none': True}
        if 'CONNECTION ESTABLISHED' not in text:
            sys.exit(f's_client did not connect: {text}')
        errors = [int(n) for n in re.findall(r'verify error:num=(\d+)', text)]
        matched = re.search(r'DANE TLSA (\d \d \d) \S+ [\w ]+ at depth (\d+)', text)
        ours = f'{matched[1]} at depth {matched[2]}' if matched else None
        return {'errors': errors, 'matched': ours, 'bad': bad, 'none': False}

    def verdict(self, what, fine, detail):
        """One more."""
        self.passed += fine
        self.failed += not fine
        if not fine:
            print(f'FAILED {what}\n  {detail}')

    def check(self, what, chain, key, records, want, days=0, name=BASE):
        """Both say the same, and ours is what the row wants (None: whatever s_client says)."""
        now = self.now + days * DAY
        mine = self.ours(chain, now, [name], records)
        other = self.theirs(chain, key, now, name, records)
        fine = agree(mine, other) and mine['usable'] == len(records) - other['bad'] and (want is None or mine['outcome'] == want)
        self.verdict(what, fine, f'ours {mine}\n  s_client {other}\n  wanted {want}')

    def check_alone(self, row, shown, records, want, **more):
        """Ours alone."""
        mine = self.ours(shown, self.now, [BASE], records)
        fine = mine['outcome'] == want and all(mine[k] == v for k, v in more.items())
        self.verdict(row, fine, f'ours {mine}\n  wanted {want} {more}')

    def close(self):
        """The end."""
        self.say.stdin.close()
        for server in self.servers.values():
            server.close()
        return self.say.wait()


def agree(mine, other):
    """Is our outcome what s_client did?"""
    errors = set(other['errors'])
    if other['none']:
        return mine['outcome'] == 'none'
    if not errors:
        return mine['outcome'] == 'match' and mine['what'] == other['matched']
    if NO_MATCH in errors:
        return mine['outcome'] in NO_MATCH_WORDS
    if errors - {NAME, *DATES}:
        return mine['outcome'] == 'ta_chain'
    return mine['outcome'] == ('ta_name' if NAME in errors else 'ta_date')


KINDS = [(usage, selector, mtype) for usage in range(4) for selector in range(2) for mtype in range(3)]


def situations(w):
    """name, chain, key, certificate of the record, outcome for DANE-TA by digest, by whole data, for DANE-EE; days, name."""
    leaf, with_inter = w.chain(w.leaf), w.chain(w.leaf, w.inter)
    whole = w.chain(w.leaf, w.inter, w.root)
    short = w.chain(w.short, w.inter, w.root)
    brief = w.chain(w.under_brief, w.brief_root)
    alone = w.chain(w.alone)
    stray = w.chain(w.alone, w.inter, w.root)
    key = w.leaf.key
    wrong = {'name': 'mx.example.net'}
    late = {'days': 20}
    return [
        ('leaf, of the leaf', leaf, key, w.leaf, 'mismatch', None, 'match', {}),
        ('leaf, of the issuer', leaf, key, w.inter, 'ta_missing', 'match', 'mismatch', {}),
        ('whole, of the leaf', whole, key, w.leaf, 'mismatch', None, 'match', {}),
        ('whole, of the intermediate', whole, key, w.inter, 'match', 'match', 'mismatch', {}),
        ('whole, of the root', whole, key, w.root, 'match', 'match', 'mismatch', {}),
        ('root not sent, of the intermediate', with_inter, key, w.inter, 'match', 'match', 'mismatch', {}),
        ('root not sent, of the root', with_inter, key, w.root, 'ta_missing', 'match', 'mismatch', {}),
        ('whole, wrong data', whole, key, w.other, 'mismatch', 'mismatch', 'mismatch', {}),
        ('root not sent, wrong data', with_inter, key, w.other, 'ta_missing', 'mismatch', 'mismatch', {}),
        ('whole, wrong name, of the leaf', whole, key, w.leaf, 'mismatch', None, 'match', wrong),
        ('whole, wrong name, of the intermediate', whole, key, w.inter, 'ta_name', 'ta_name', 'mismatch', wrong),
        ('whole, wrong name, of the root', whole, key, w.root, 'ta_name', 'ta_name', 'mismatch', wrong),
        ('root not sent, wrong name, of the root', with_inter, key, w.root, 'ta_missing', 'ta_name', 'mismatch', wrong),
        ('expired leaf, of the leaf', short, w.short.key, w.short, 'mismatch', None, 'match', late),
        ('expired leaf, of the intermediate', short, w.short.key, w.inter, 'ta_date', 'ta_date', 'mismatch', late),
        ('expired leaf, of the root', short, w.short.key, w.root, 'ta_date', 'ta_date', 'mismatch', late),
        ('expired leaf, wrong name', short, w.short.key, w.root, 'ta_name', 'ta_name', 'mismatch', {**late, **wrong}),
        ('not yet valid, of the leaf', whole, key, w.leaf, 'mismatch', None, 'match', {'days': -20}),
        ('not yet valid, of the root', whole, key, w.root, 'ta_date', 'ta_date', 'mismatch', {'days': -20}),
        ('expired anchor, of the leaf', brief, w.under_brief.key, w.under_brief, 'mismatch', None, 'match', late),
        ('expired anchor, of the anchor', brief, w.under_brief.key, w.brief_root, 'ta_date', None, 'mismatch', late),
        ('valid anchor, of the anchor', brief, w.under_brief.key, w.brief_root, 'match', 'match', 'mismatch', {}),
        ('self-signed, of itself', alone, w.alone.key, w.alone, 'mismatch', None, 'match', {}),
        ('self-signed, wrong data', alone, w.alone.key, w.other, 'mismatch', 'mismatch', 'mismatch', {}),
        ('self-signed, wrong name', alone, w.alone.key, w.alone, 'mismatch', None, 'match', wrong),
        ('an authority that nothing leads to', stray, w.alone.key, w.root, 'ta_chain', 'ta_chain', 'mismatch', {}),
        ('an authority of the same name', w.chain(w.leaf, w.inter, w.false_root), key, w.false_root, None, None, 'mismatch', {}),
        ('its record is of the true one', w.chain(w.leaf, w.inter, w.false_root), key, w.root, None, None, 'mismatch', {}),
        ('for clients only', w.chain(w.client_only, w.inter), w.client_only.key, w.inter, 'ta_chain', 'ta_chain', 'mismatch', {}),
        ('a wildcard', w.chain(w.wildcard, w.inter), w.wildcard.key, w.inter, 'match', 'match', 'mismatch', {}),
        ('a wildcard, wrong name', w.chain(w.wildcard, w.inter), w.wildcard.key, w.inter, 'ta_name', 'ta_name', 'mismatch',
         {'name': 'a.mx.example.com'}),
        ('a name in the subject only', w.chain(w.unnamed, w.inter), w.unnamed.key, w.inter, None, None, 'mismatch', {}),
        ('beyond its constraints', w.chain(w.out_of_bounds, w.bounded, w.root), w.out_of_bounds.key, w.root, 'ta_chain', 'ta_chain',
         'mismatch', {}),
        ('by no authority', w.chain(w.by_no_ca, w.no_ca, w.root), w.by_no_ca.key, w.root, 'ta_chain', 'ta_chain', 'mismatch', {}),
        ('out of order', w.chain(w.leaf, w.root, w.inter), key, w.root, 'match', 'match', 'mismatch', {}),
    ]


def all_kinds(t, w):
    """Each kind of record in each situation."""
    for name, chain, key, of, by_digest, by_data, for_leaf, more in situations(w):
        for usage, selector, mtype in KINDS:
            what = f'{name}: {usage} {selector} {mtype}'
            record = of.record(usage, selector, mtype)
            want = for_leaf if usage == 3 else by_digest if mtype else by_data
            if usage < 2:
                t.check_alone(what, chain, [record], 'none', usable=0, counted=0)
            else:
                t.check(what, chain, key, [record], want, **more)


def raw_keys(t, w):
    """Only 3 1 x names a raw key."""
    shown = w.public_key(w.leaf)
    for usage, selector, mtype in KINDS:
        want = 'none' if usage < 2 else 'match' if (usage, selector) == (3, 1) else 'mismatch'
        t.check_alone(f'raw key: {usage} {selector} {mtype}', shown, [w.leaf.record(usage, selector, mtype)], want)
        want = 'none' if usage < 2 else 'mismatch'
        t.check_alone(f'other raw key: {usage} {selector} {mtype}', shown, [w.other.record(usage, selector, mtype)], want)


def malformed(w):
    """Records that nobody can use."""
    der, spki = w.root.der.hex(), w.root.spki.hex()
    good = data_of(w.leaf.spki, 1).hex()
    rows = ['3 1 1 ' + good[:-2], '3 1 1 ' + good + '00', '3 1 2 ' + good, '3 1 3 ' + good, '3 1 255 ' + good, '3 2 1 ' + good,
            '3 255 1 ' + good, '4 1 1 ' + good, '255 1 1 ' + good, '3 0 0 ' + der[:-2], '3 0 0 ' + der + '00', '3 0 0 ' + spki,
            '2 0 0 ' + der[:-2], '2 0 0 ' + der + '00', '2 0 0 ' + spki, '2 0 0 3000', '2 1 0 ' + spki[:-2], '2 1 0 ' + spki + '00',
            '2 1 0 ' + der, '3 1 0 ' + der, '3 1 0 ' + spki[:-2], '3 1 0 00']
    # A certificate whose key is none.
    at = w.root.der.index(w.root.spki) + 26
    rows.append('2 0 0 ' + (w.root.der[:at] + b'\x05' + w.root.der[at + 1:]).hex())
    rows.append('2 1 0 ' + (w.root.spki[:26] + b'\x05' + w.root.spki[27:]).hex())
    return rows


def hostile(t, w):
    """Malformed records alone, and beside a good one."""
    chain, good = w.chain(w.leaf, w.inter, w.root), w.leaf.record(3, 1, 1)
    for row in malformed(w):
        t.check(f'alone: {row[:40]}', chain, w.leaf.key, [row], 'none')
        t.check(f'beside a good one: {row[:40]}', chain, w.leaf.key, [row, good], 'match')
    for usage in 2, 3:
        t.check_alone(f'empty data: {usage}', chain, [f'{usage} 1 1 ', f'{usage} 0 0 ', f'{usage} 1 0 '], 'none', usable=0)


def sets(t, w):
    """Several records: order, digest agility (RFC 7671 9), both usages."""
    whole, leaf_only, key = w.chain(w.leaf, w.inter, w.root), w.chain(w.leaf), w.leaf.key
    leaf, root, inter, other = w.leaf.record, w.root.record, w.inter.record, w.other.record
    rows = [
        ('stale SHA-512, good SHA-256', [other(3, 1, 2), leaf(3, 1, 1)], 'mismatch'),
        ('stale SHA-256, good SHA-512', [other(3, 1, 1), leaf(3, 1, 2)], 'match'),
        ('both of both', [other(3, 1, 2), leaf(3, 1, 1), leaf(3, 1, 2), other(3, 1, 1)], 'match'),
        ('stale SHA-512 of the other selector', [other(3, 0, 2), leaf(3, 1, 1)], 'match'),
        ('stale SHA-512 of the other usage', [other(2, 1, 2), leaf(3, 1, 1)], 'match'),
        ('stale SHA-512 as PKIX', [other(1, 1, 2), leaf(3, 1, 1)], None),
        ('unusable SHA-512', ['3 1 2 00', leaf(3, 1, 1)], 'match'),
        ('stale SHA-512, good key', [other(3, 1, 2), leaf(3, 1, 0)], 'match'),
        ('stale SHA-512, good SHA-256, good key', [other(3, 1, 2), leaf(3, 1, 1), leaf(3, 1, 0)], 'match'),
        ('stale key, good SHA-256', [other(3, 1, 0), leaf(3, 1, 1)], 'match'),
        ('anchor: stale SHA-512, good SHA-256', [other(2, 0, 2), root(2, 0, 1)], 'ta_chain'),
        ('anchor: intermediate by SHA-512, root by SHA-256', [inter(2, 0, 2), root(2, 0, 1)], 'match'),
        ('anchor: root by SHA-512, intermediate by SHA-256', [root(2, 0, 2), inter(2, 0, 1)], 'match'),
        ('anchor: stale SHA-512, good whole certificate', [other(2, 0, 2), root(2, 0, 0)], 'match'),
        ('a rollover', [leaf(3, 1, 1), other(3, 1, 1)], 'match'),
        ('a rollover, the other way', [other(3, 1, 1), leaf(3, 1, 1)], 'match'),
        ('leaf and root', [root(2, 1, 1), leaf(3, 1, 1)], 'match'),
        ('stale leaf and root', [other(3, 1, 1), root(2, 1, 1)], 'match'),
        ('stale leaf and stale root', [other(3, 1, 1), other(2, 1, 1)], 'mismatch'),
        ('intermediate and root', [root(2, 1, 1), inter(2, 1, 1)], 'match'),
        ('anchors as certificate and key', [root(2, 0, 0), root(2, 1, 0), inter(2, 1, 0)], 'match'),
        ('the same twice', [leaf(3, 1, 1), leaf(3, 1, 1)], 'match'),
        ('as many as are kept', [other(3, 1, 1)] * 31 + [leaf(3, 0, 1)], 'match'),
    ]
    for what, records, want in rows:
        usable = [r for r in records if r[0] in '23']
        t.check(what, whole, key, usable, want if what != 'anchor: stale SHA-512, good SHA-256' else None)
        if usable != records:
            t.check_alone(what, whole, records, 'match')
    t.check('anchors that DNS has, one below the other', leaf_only, key, [inter(2, 0, 0), root(2, 0, 0)], 'match')
    t.check('an anchor above one that DNS has', leaf_only, key, [inter(2, 0, 0)], 'match')
    t.check_alone('why: outranked', whole, [other(3, 1, 2), leaf(3, 1, 1)], 'mismatch', record=1,
                  what='3 1 1 at depth 0, but stronger digests count', usable=2, counted=1)
    t.check_alone('why: not sent', leaf_only, [root(2, 1, 1)], 'ta_missing', what='no anchor sent of 1 promised', record=-1)
    t.check_alone('why: name', w.chain(w.wildcard, w.inter), [w.inter.record(2, 1, 1)], 'match', what='2 1 1 at depth 1')
    t.check_alone('why: nothing leads there', w.chain(w.alone, w.root), [root(2, 1, 1)], 'ta_chain', record=0, depth=1,
                  what='2 1 1 at depth 1, nothing leads there')


def names(t, w):
    """Several reference names; none of them for DANE-TA(2) is a mismatch, and no odd name fits."""
    chain = w.chain(w.leaf, w.inter)
    rows = [(['mx.example.net', BASE], 'match'), (['mx.example.net', 'example.com'], 'ta_name'), ([], 'ta_name'), (['.example.com'], 'ta_name'),
            (['com'], 'ta_name'), ([BASE.upper()], 'match')]
    for reference, want in rows:
        mine = t.ours(chain, t.now, reference, [w.inter.record(2, 1, 1)])
        t.verdict(f'names {reference}', mine['outcome'] == want, mine)
        mine = t.ours(chain, t.now, reference, [w.leaf.record(3, 1, 1)])
        t.verdict(f'names {reference} for the leaf', mine['outcome'] == 'match', mine)
    # Without a clock no date is looked at.
    mine = t.ours(chain, 0, [BASE], [w.inter.record(2, 1, 1)])
    t.verdict('no clock', mine['outcome'] == 'match', mine)


def main():
    """All of it."""
    if not shutil.which('openssl'):
        print('skipped: no openssl')
        return 77
    with tempfile.TemporaryDirectory() as directory:
        began = time.monotonic()
        world = World(directory)
        trial = Trial(os.path.abspath(sys.argv[1]), directory)
        for part in all_kinds, raw_keys, hostile, sets, names:
            part(trial, world)
        status = trial.close()
        print(f'{trial.passed} passed, {trial.failed} failed, {trial.asked} by s_client, {time.monotonic() - began:.1f} s')
        return 1 if trial.failed or status or trial.asked < 400 else 0


if __name__ == '__main__':
    sys.exit(main())
