# SPDX-License-Identifier: GPL-3.0-or-later
"""A private CA and certificates that are good, over, not begun, or for another name; by openssl."""

import subprocess

CONFIGURATION = """[ca]
default_ca = own
[own]
database = %(folder)s/index.txt
new_certs_dir = %(folder)s
serial = %(folder)s/serial
certificate = %(folder)s/ca.pem
private_key = %(folder)s/ca.key
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
"""
GOOD_NAMES = "IP:127.0.0.1,DNS:localhost,DNS:master.example"
SOON, LONG_AGO, ALWAYS = "20990101000000Z", "20000102000000Z", "20000101000000Z"


class Authority:
    """ca is its certificate's path; options(name) are the stand-in master's for a certificate."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.ca = self.folder + "/ca.pem"
        self.configuration = self.folder + "/ca.cnf"
        self.write("ca.cnf", CONFIGURATION % {"folder": self.folder})
        self.write("index.txt", "")
        self.write("serial", "1000\n")
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out",
                     "ca.pem", "-days", "2", "-subj", "/CN=Test CA")
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "master.key", "-out",
                     "master.csr", "-subj", "/CN=master")

    def write(self, name, text):
        with open(self.folder + "/" + name, "w", encoding="ascii") as file:
            file.write(text)

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def certificate(self, name, names=GOOD_NAMES, start=ALWAYS, end="20980101000000Z"):
        self.write(name + ".ext", "subjectAltName=%s\n" % names)
        self.openssl("ca", "-batch", "-config", "ca.cnf", "-in", "master.csr", "-out",
                     name + ".pem", "-startdate", start, "-enddate", end, "-extfile",
                     name + ".ext", "-notext")
        return self

    def options(self, name):
        return ("--tls-cert", "%s/%s.pem" % (self.folder, name),
                "--tls-key", self.folder + "/master.key")
