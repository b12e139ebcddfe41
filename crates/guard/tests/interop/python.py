# Signs with PyJWT for the guard to verify, and verifies what we have signed.
import json
import sys

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

given = json.load(sys.stdin)
claims = given["claims"]

for pair in given["ours"]:
    key = jwt.PyJWK.from_json(pair["jwk"])
    expected = {"issuer": claims["iss"], "audience": claims["aud"]}
    # The tests' clock is not the one on the wall.
    unchecked = {"verify_iat": False, "verify_exp": False}
    jwt.decode(pair["token"], key.key, algorithms=[key.algorithm_name], options=unchecked, **expected)

makers = {
    "EdDSA": (ed25519.Ed25519PrivateKey.generate(), OKPAlgorithm),
    "ES256": (ec.generate_private_key(ec.SECP256R1()), ECAlgorithm),
    "RS256": (rsa.generate_private_key(65537, 2048), RSAAlgorithm),
    "PS256": (rsa.generate_private_key(65537, 2048), RSAAlgorithm),
}
theirs = []
for alg, (private, algorithm) in makers.items():
    jwk = {**json.loads(algorithm.to_jwk(private.public_key())), "alg": alg, "kid": alg}
    jwk.pop("key_ops", None)
    token = jwt.encode(claims, private, algorithm=alg, headers={"typ": "at+jwt", "kid": alg})
    theirs.append({"jwk": json.dumps(jwk), "token": token})
print(json.dumps(theirs))
