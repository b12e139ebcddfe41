"""Signs and verifies with the JWT libraries of Python. Input and output are those of node.mjs."""
import base64
import json
import sys

sys.path.insert(0, sys.argv[1])
job = json.load(sys.stdin)
result = {"signed": [], "verified": [], "refused": [], "absent": []}

try:
    import jwt as pyjwt
except ImportError:
    pyjwt = None
    result["absent"].append("PyJWT")
try:
    from joserfc import jwk, jwt as joserfc_jwt
except ImportError:
    jwk = None
    result["absent"].append("joserfc")

try:
    from cryptography.hazmat.primitives.asymmetric import mldsa
except ImportError:
    mldsa = None


def attempt(library, alg, work):
    try:
        work()
    except Exception as error:  # whatever a library does not like is the answer
        result["refused"].append({"library": library, "alg": alg, "reason": f"{type(error).__name__}: {error}"})


def secret_of(key):
    return base64.urlsafe_b64decode(key["secret"] + "==") if key.get("secret") else None


def with_pyjwt(key, alg, header, token):
    secret = secret_of(key)
    signed = pyjwt.encode(job["claims"], secret or key["privatePem"], algorithm=alg, headers=header)
    result["signed"].append({"library": "PyJWT", "alg": alg, "token": signed})
    # It reads the system's clock; the times are ours to check.
    options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    pyjwt.decode(
        token, secret or key["publicPem"], algorithms=[alg], issuer=job["issuer"], audience=job["audience"], options=options
    )
    result["verified"].append({"library": "PyJWT", "alg": alg})


def with_joserfc(key, alg, header, token):
    private, public = jwk.import_key(key["private"]), jwk.import_key(key.get("public") or key["private"])
    signed = joserfc_jwt.encode({"alg": alg, **header}, job["claims"], private, algorithms=[alg])
    result["signed"].append({"library": "joserfc", "alg": alg, "token": signed})
    read = joserfc_jwt.decode(token, public, algorithms=[alg])
    assert read.claims == job["claims"]
    result["verified"].append({"library": "joserfc", "alg": alg})


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def with_cryptography(key, alg, header, token):
    """A compact JWS by hand (RFC 7515 §7.1, RFC 9964 §3)."""
    level = alg.removeprefix("ML-DSA-")
    private = getattr(mldsa, f"MLDSA{level}PrivateKey").from_seed_bytes(from_base64url(key["private"]["priv"]))
    public = getattr(mldsa, f"MLDSA{level}PublicKey").from_public_bytes(from_base64url(key["public"]["pub"]))
    signed = ".".join(base64url(json.dumps(part).encode()) for part in ({"alg": alg, **header}, job["claims"]))
    signature = base64url(private.sign(signed.encode()))
    result["signed"].append({"library": "cryptography", "alg": alg, "token": f"{signed}.{signature}"})
    theirs, signature = token.rsplit(".", 1)
    public.verify(from_base64url(signature), theirs.encode())
    assert json.loads(from_base64url(theirs.split(".")[1])) == job["claims"]
    result["verified"].append({"library": "cryptography", "alg": alg})


for key in job["keys"]:
    alg = key["alg"]
    header = {"typ": "at+jwt", "kid": key["private"]["kid"]}
    token = next(entry["token"] for entry in job["tokens"] if entry["alg"] == alg)
    if pyjwt and alg != "Ed25519" and not alg.startswith("ML-DSA"):
        attempt("PyJWT", alg, lambda: with_pyjwt(key, alg, header, token))
    if jwk and not alg.startswith("ML-DSA"):
        attempt("joserfc", alg, lambda: with_joserfc(key, alg, header, token))
    if mldsa and alg.startswith("ML-DSA"):
        attempt("cryptography", alg, lambda: with_cryptography(key, alg, header, token))

json.dump(result, sys.stdout)
