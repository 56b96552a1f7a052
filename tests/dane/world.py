"""Certificates for the tests of DANE, made with openssl, and a server that shows them on loopback."""
import hashlib
import os
import socket
import ssl
import subprocess
import threading

BASE = 'mx.example.com'
DAY = 86400


class Certificate:
    """A certificate with its key, in files of `directory`."""

    def __init__(self, directory, name, issuer=None, days=3650, ca=False, names=(), extensions=(), key=None):
        self.path = os.path.join(directory, name + '.pem')
        self.key = key or os.path.join(directory, name + '.key')
        command = ['openssl', 'req', '-x509', '-config', os.devnull, '-subj', '/CN=' + name.split('+')[0], '-days', str(days), '-out', self.path]
        if key:
            command += ['-key', key]
        else:
            command += ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', self.key]
        if issuer:
            command += ['-CA', issuer.path, '-CAkey', issuer.key]
        command += ['-addext', 'basicConstraints=critical,CA:' + ('TRUE' if ca else 'FALSE')]
        if names:
            command += ['-addext', 'subjectAltName=' + ','.join('DNS:' + n for n in names)]
        for extension in extensions:
            command += ['-addext', extension]
        subprocess.run(command, check=True, capture_output=True)
        with open(self.path, encoding='ascii') as file:
            self.pem = file.read()
        self.der = ssl.PEM_cert_to_DER_cert(self.pem)
        self.spki = subprocess.run(
            ['openssl', 'pkey', '-in', self.key, '-pubout', '-outform', 'DER'], check=True, capture_output=True).stdout

    def record(self, usage, selector, mtype):
        """A TLSA record of it."""
        return f'{usage} {selector} {mtype} {data_of(self.spki if selector else self.der, mtype).hex()}'


def data_of(octets, mtype):
    """What stands in a record of these octets."""
    return [lambda o: o, lambda o: hashlib.sha256(o).digest(), lambda o: hashlib.sha512(o).digest()][mtype](octets)


class World:
    """Two authorities one below the other, leaves of every kind, and what is none of them."""

    def __init__(self, directory):
        self.directory = directory
        own = lambda name, *a, **k: Certificate(directory, name, *a, **k)  # noqa: E731
        self.root = own('Root', ca=True)
        self.inter = own('Middle', self.root, ca=True)
        self.leaf = own('leaf', self.inter, names=[BASE])
        self.short = own('short', self.inter, days=10, names=[BASE])
        self.brief_root = own('Brief', ca=True, days=10)
        self.under_brief = own('underbrief', self.brief_root, names=[BASE])
        self.alone = own('alone', names=[BASE])
        self.client_only = own('clientonly', self.inter, names=[BASE], extensions=['extendedKeyUsage=clientAuth'])
        self.wildcard = own('wildcard', self.inter, names=['*.example.com'])
        self.unnamed = own('mx.example.com', self.inter)  # its name is in the subject only
        self.false_root = own('Root+false', ca=True)      # another key under the same name
        self.other = own('Other', ca=True)
        # Issued by an authority that may issue for other names only.
        self.bounded = own('Bounded', self.root, ca=True, extensions=['nameConstraints=critical,permitted;DNS:example.net'])
        self.out_of_bounds = own('outofbounds', self.bounded, names=[BASE])
        self.no_ca = own('noca', self.root)
        self.by_no_ca = own('bynoca', self.no_ca, names=[BASE])

    def chain(self, *certificates):
        """The path of a file with this chain, the leaf first."""
        path = os.path.join(self.directory, '-'.join(os.path.basename(c.path)[:-4] for c in certificates) + '.chain')
        with open(path, 'w', encoding='ascii') as file:
            file.write(''.join(c.pem for c in certificates))
        return path

    def public_key(self, certificate):
        """The path of a file with the public key alone."""
        path = certificate.path[:-4] + '.public'
        subprocess.run(['openssl', 'pkey', '-in', certificate.key, '-pubout', '-out', path], check=True)
        return path


class Server:
    """Shows a chain to whoever connects."""

    def __init__(self, chain, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(chain, key)
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        """One client after another, until the listener is closed."""
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                try:
                    with self.context.wrap_socket(connection, server_side=True) as tls:
                        tls.unwrap()
                except (OSError, ssl.SSLError):
                    pass

    def close(self):
        """No more clients."""
        self.listener.close()
