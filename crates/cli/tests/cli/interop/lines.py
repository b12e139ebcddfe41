"""Signs and verifies many tokens with the JWT libraries of Python. Input and output are those of lines.mjs."""
import base64
import json
import sys

sys.path.insert(0, sys.argv[1])
job = json.load(sys.stdin)
result = {"signed": [], "verified": [], "absent": []}


def pyjwt_of(key):
    alg, headers = key["alg"], {"typ": "at+jwt", "kid": key["private"]["kid"]}
    secret = base64.urlsafe_b64decode(key["secret"] + "==") if key.get("secret") else None
    algorithm = pyjwt.get_algorithm_by_name(alg)
    private = algorithm.prepare_key(secret or key["privatePem"])
    public = algorithm.prepare_key(secret or key["publicPem"])

    def verify(token):
        # It reads the system's clock, so that the end is compared here.
        options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
        claims = pyjwt.decode(
            token, public, algorithms=[alg], issuer=job["issuer"], audience=job["audience"], options=options
        )
        assert job["now"] < claims["exp"]

    return lambda claims: pyjwt.encode(claims, private, algorithm=alg, headers=headers), verify


def joserfc_of(key):
    alg, header = key["alg"], {"alg": key["alg"], "typ": "at+jwt", "kid": key["private"]["kid"]}
    private, public = jwk.import_key(key["private"]), jwk.import_key(key.get("public") or key["private"])
    registry = joserfc_jwt.JWTClaimsRegistry(
        now=job["now"], iss={"essential": True, "value": job["issuer"]}, aud={"essential": True, "value": job["audience"]}
    )

    def verify(token):
        registry.validate(joserfc_jwt.decode(token, public, algorithms=[alg]).claims)

    return lambda claims: joserfc_jwt.encode(header, claims, private, algorithms=[alg]), verify


LIBRARIES = []
try:
    import jwt as pyjwt

    LIBRARIES.append(("PyJWT", lambda alg: alg != "Ed25519" and not alg.startswith("ML-DSA"), pyjwt_of))
except ImportError:
    result["absent"].append("PyJWT")
try:
    from joserfc import jwk, jwt as joserfc_jwt

    LIBRARIES.append(("joserfc", lambda alg: not alg.startswith("ML-DSA"), joserfc_of))
except ImportError:
    result["absent"].append("joserfc")


def accepts(verify, token):
    try:
        verify(token)
        return True
    except Exception:  # whatever a library does not like is the answer
        return False


for library, knows, prepare in LIBRARIES:
    for key in job["keys"]:
        alg = key["alg"]
        if not knows(alg):
            continue
        sign, verify = prepare(key)
        for entry in job["claims"]:
            token = sign(entry["claims"])
            result["signed"].append({"library": library, "alg": alg, "verdict": entry["verdict"], "token": token})
        verdicts = [accepts(verify, entry["token"]) for entry in job["tokens"] if entry["alg"] == alg]
        result["verified"].append({"library": library, "alg": alg, "verdicts": verdicts})

json.dump(result, sys.stdout)
