// Signs and verifies with the JWT libraries of Node.js. Reads one JSON document on standard input:
// {keys: [{alg, private, public, privatePem, publicPem, secret}], tokens: [{alg, token}], claims, issuer, audience}
// and writes one: {signed: [{library, alg, token}], verified: [{library, alg}], refused: [{library, alg, reason}]}.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { readFileSync } from 'node:fs'
import { createPrivateKey, createPublicKey } from 'node:crypto'

const require = createRequire(process.argv[2] + '/')
const job = JSON.parse(readFileSync(0, 'utf8'))
const result = { signed: [], verified: [], refused: [], absent: [] }

async function attempt(library, alg, work) {
  try {
    await work()
  } catch (error) {
    result.refused.push({ library, alg, reason: String(error) })
  }
}

async function load(name) {
  try {
    return await import(pathToFileURL(require.resolve(name)))
  } catch {
    result.absent.push(name)
    return undefined
  }
}

const jose = await load('jose')
const jsonwebtoken = (await load('jsonwebtoken'))?.default
const fastJwt = await load('fast-jwt')

for (const key of job.keys) {
  const { alg } = key
  const token = job.tokens.find((entry) => entry.alg === alg).token
  const secret = key.secret && Buffer.from(key.secret, 'base64url')
  const header = { alg, typ: 'at+jwt', kid: key.private.kid }
  if (jose) {
    await attempt('jose', alg, async () => {
      const signer = await jose.importJWK(key.private, alg)
      const signed = await new jose.SignJWT(job.claims).setProtectedHeader(header).sign(signer)
      result.signed.push({ library: 'jose', alg, token: signed })
      const verifier = secret ? signer : await jose.importJWK(key.public, alg)
      const options = { issuer: job.issuer, audience: job.audience, typ: 'at+jwt', algorithms: [alg] }
      await jose.jwtVerify(token, verifier, { ...options, currentDate: new Date(job.now * 1000) })
      result.verified.push({ library: 'jose', alg })
    })
  }
  if (jsonwebtoken && /^(HS|RS|PS|ES)/.test(alg)) {
    await attempt('jsonwebtoken', alg, async () => {
      const signer = secret ?? createPrivateKey(key.privatePem)
      const signed = jsonwebtoken.sign(job.claims, signer, { algorithm: alg, header })
      result.signed.push({ library: 'jsonwebtoken', alg, token: signed })
      const verifier = secret ?? createPublicKey(key.publicPem)
      const options = { issuer: job.issuer, audience: job.audience, algorithms: [alg], clockTimestamp: job.now }
      jsonwebtoken.verify(token, verifier, options)
      result.verified.push({ library: 'jsonwebtoken', alg })
    })
  }
  if (fastJwt && /^(HS|RS|PS|ES|EdDSA)/.test(alg)) {
    await attempt('fast-jwt', alg, async () => {
      const signer = secret ?? key.privatePem
      const sign = fastJwt.createSigner({ key: signer, algorithm: alg, header })
      result.signed.push({ library: 'fast-jwt', alg, token: sign(job.claims) })
      const verifier = secret ?? key.publicPem
      const options = { allowedIss: job.issuer, allowedAud: job.audience, algorithms: [alg], clockTimestamp: job.now * 1000 }
      fastJwt.createVerifier({ key: verifier, ...options })(token)
      result.verified.push({ library: 'fast-jwt', alg })
    })
  }
}
process.stdout.write(JSON.stringify(result))
