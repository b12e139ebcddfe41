"""Hashes of standard input's password by the libraries that other systems use: one a line, its maker before it."""

import sys

import argon2
import bcrypt
from argon2.low_level import Type
from django.conf import settings
from passlib.hash import pbkdf2_sha1, pbkdf2_sha256, pbkdf2_sha512, scrypt

settings.configure(PASSWORD_HASHERS=["django.contrib.auth.hashers." + name for name in (
    "PBKDF2PasswordHasher", "PBKDF2SHA1PasswordHasher", "Argon2PasswordHasher", "BCryptSHA256PasswordHasher",
    "BCryptPasswordHasher", "ScryptPasswordHasher")])

from django.contrib.auth.hashers import get_hashers  # noqa: E402

password = sys.stdin.read()
raw = password.encode()

for hasher in get_hashers():
    hasher.rounds = 4
    hasher.iterations = 1000
    hasher.time_cost, hasher.memory_cost, hasher.parallelism = 1, 64, 2
    hasher.work_factor = 16
    print("Django", hasher.encode(password, hasher.salt()))
for prefix in (b"2a", b"2b"):
    print("bcrypt", bcrypt.hashpw(raw[:72], bcrypt.gensalt(4, prefix)).decode())
for kind in (Type.ID, Type.I):
    print("argon2-cffi", argon2.PasswordHasher(time_cost=2, memory_cost=64, parallelism=2, type=kind).hash(password))
for kind in (pbkdf2_sha1, pbkdf2_sha256, pbkdf2_sha512):
    print("passlib", kind.using(rounds=1000).hash(password))
print("passlib", scrypt.using(rounds=4).hash(password))
