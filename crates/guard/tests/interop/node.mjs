// Signs with `jose` for the guard to verify, and verifies what we have signed.
import { exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT } from 'jose';

let input = '';
for await (const chunk of process.stdin) input += chunk;
const { claims, ours } = JSON.parse(input);

for (const { jwk, token } of ours) {
  const expected = { issuer: claims.iss, audience: claims.aud, typ: 'at+jwt', currentDate: new Date(claims.iat * 1000) };
  await jwtVerify(token, await importJWK(JSON.parse(jwk)), expected);
}

const theirs = [];
for (const alg of ['EdDSA', 'ES256', 'RS256', 'PS256']) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = JSON.stringify({ ...(await exportJWK(publicKey)), alg, kid: alg });
  const header = { alg, typ: 'at+jwt', kid: alg };
  theirs.push({ jwk, token: await new SignJWT(claims).setProtectedHeader(header).sign(privateKey) });
}
console.log(JSON.stringify(theirs));
