"""Verifies and signs with the JWT libraries of Python. Input and output are those of job.rs; the argument is their folder."""
import json
import statistics
import sys
import time
import warnings

sys.path.insert(0, sys.argv[1])
warnings.simplefilter("ignore")  # joserfc warns of `EdDSA` each time

import jwt as pyjwt
from joserfc import jwk, jwt as joserfc_jwt

job = json.load(sys.stdin)
times = []
KEY_TYPES = {"HS256": "oct", "RS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}


def measure(call):
    """The median time of a call, in nanoseconds."""
    call()
    rounds = []
    for _ in range(40):
        start = time.perf_counter_ns()
        for _ in range(20):
            call()
        rounds.append((time.perf_counter_ns() - start) / 20)
    return statistics.median(rounds)


for key in job["keys"]:
    alg, token, claims = key["alg"], key["token"], job["claims"]
    secret = bytes(key["secret"]) if key.get("secret") else None
    algorithm = pyjwt.get_algorithm_by_name(alg)
    private = algorithm.prepare_key(secret or key["privatePem"])
    public = algorithm.prepare_key(secret or key["publicPem"])
    headers = {"typ": "at+jwt", "kid": key["kid"]}
    times.append({
        "library": "PyJWT",
        "alg": alg,
        "verify": measure(
            lambda: pyjwt.decode(token, public, algorithms=[alg], issuer=job["issuer"], audience=job["audience"])
        ),
        "sign": measure(lambda: pyjwt.encode(claims, private, algorithm=alg, headers=headers)),
    })
    private = jwk.import_key(secret or key["privatePem"], KEY_TYPES[alg])
    public = jwk.import_key(secret or key["publicPem"], KEY_TYPES[alg])
    registry = joserfc_jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": job["issuer"]}, aud={"essential": True, "value": job["audience"]}
    )
    times.append({
        "library": "joserfc",
        "alg": alg,
        "verify": measure(lambda: registry.validate(joserfc_jwt.decode(token, public, algorithms=[alg]).claims)),
        "sign": measure(lambda: joserfc_jwt.encode({"alg": alg, **headers}, claims, private, algorithms=[alg])),
    })

json.dump({"times": times}, sys.stdout)
