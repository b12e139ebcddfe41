// Signs and verifies many tokens with the JWT libraries of Node.js. Reads one JSON document on standard input,
// {keys: [{alg, private, public, privatePem, publicPem, secret}], claims: [{verdict, claims}], tokens: [{alg, token}], issuer, audience, now},
// and writes one: {signed: [{library, alg, token, verdict}], verified: [{library, alg, verdicts: [bool]}], absent: [library]}.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { readFileSync } from 'node:fs'
import { createPrivateKey, createPublicKey } from 'node:crypto'

const require = createRequire(process.argv[2] + '/')
const { keys, claims, tokens, issuer, audience, now } = JSON.parse(readFileSync(0, 'utf8'))
const result = { signed: [], verified: [], absent: [] }

async function load(name) {
  try {
    return await import(pathToFileURL(require.resolve(name)))
  } catch {
    result.absent.push(name)
    return undefined
  }
}

// Of each library: what it knows, and how it prepares a key for signing and verifying.
const libraries = {
  jose: (jose) => ({
    knows: /^(HS|RS|PS|ES|EdDSA|Ed25519|ML-DSA)/,
    async prepare({ alg, private: jwk, public: publicJwk }) {
      const signer = await jose.importJWK(jwk, alg)
      const verifier = publicJwk ? await jose.importJWK(publicJwk, alg) : signer
      const options = { issuer, audience, typ: 'at+jwt', algorithms: [alg], currentDate: new Date(now * 1000) }
      const header = { alg, typ: 'at+jwt', kid: jwk.kid }
      return {
        sign: (claims) => new jose.SignJWT(claims).setProtectedHeader(header).sign(signer),
        verify: (token) => jose.jwtVerify(token, verifier, options),
      }
    },
  }),
  jsonwebtoken: ({ default: jsonwebtoken }) => ({
    knows: /^(HS|RS|PS|ES)/,
    prepare({ alg, private: { kid }, secret, privatePem, publicPem }) {
      const signer = secret ? Buffer.from(secret, 'base64url') : createPrivateKey(privatePem)
      const verifier = secret ? signer : createPublicKey(publicPem)
      const options = { issuer, audience, algorithms: [alg], clockTimestamp: now }
      return {
        sign: (claims) => jsonwebtoken.sign(claims, signer, { algorithm: alg, header: { alg, typ: 'at+jwt', kid } }),
        verify: (token) => jsonwebtoken.verify(token, verifier, options),
      }
    },
  }),
  'fast-jwt': ({ createSigner, createVerifier }) => ({
    knows: /^(HS|RS|PS|ES|EdDSA)/,
    prepare({ alg, private: { kid }, secret, privatePem, publicPem }) {
      const signer = secret ? Buffer.from(secret, 'base64url') : privatePem
      const options = { allowedIss: issuer, allowedAud: audience, algorithms: [alg], clockTimestamp: now * 1000 }
      return {
        sign: createSigner({ key: signer, algorithm: alg, header: { alg, typ: 'at+jwt', kid } }),
        verify: createVerifier({ key: secret ? signer : publicPem, ...options }),
      }
    },
  }),
}

async function accepts(verify, token) {
  try {
    await verify(token)
    return true
  } catch {
    return false
  }
}

for (const [library, describe] of Object.entries(libraries)) {
  const module = await load(library)
  if (!module) continue
  const { knows, prepare } = describe(module)
  for (const key of keys.filter(({ alg }) => knows.test(alg))) {
    const { sign, verify } = await prepare(key)
    for (const { verdict, claims: content } of claims) {
      result.signed.push({ library, alg: key.alg, verdict, token: await sign(content) })
    }
    const verdicts = []
    for (const { token } of tokens.filter(({ alg }) => alg === key.alg)) verdicts.push(await accepts(verify, token))
    result.verified.push({ library, alg: key.alg, verdicts })
  }
}
process.stdout.write(JSON.stringify(result))
