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


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def cryptography_of(key):
    """Compact JWS by hand (RFC 7515 §7.1, RFC 9964 §3)."""
    header = {"alg": key["alg"], "typ": "at+jwt", "kid": key["private"]["kid"]}
    level = key["alg"].removeprefix("ML-DSA-")
    private = getattr(mldsa, f"MLDSA{level}PrivateKey").from_seed_bytes(from_base64url(key["private"]["priv"]))
    public = getattr(mldsa, f"MLDSA{level}PublicKey").from_public_bytes(from_base64url(key["public"]["pub"]))

    def sign(claims):
        signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
        return f"{signed}.{base64url(private.sign(signed.encode()))}"

    def verify(token):
        signed, signature = token.rsplit(".", 1)
        public.verify(from_base64url(signature), signed.encode())
        claims = json.loads(from_base64url(signed.split(".")[1]))
        assert claims["iss"] == job["issuer"] and claims["aud"] == job["audience"] and job["now"] < claims["exp"]

    return sign, verify


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
try:
    from cryptography.hazmat.primitives.asymmetric import mldsa

    LIBRARIES.append(("cryptography", lambda alg: alg.startswith("ML-DSA"), cryptography_of))
except ImportError:
    result["absent"].append("cryptography")


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
