// Verifies and signs with the JWT libraries of Node.js. Input and output are those of job.rs; the argument is the folder with
// node_modules. jose is asynchronous, so that it is given 32 calls at once, which is where it is fastest.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { readFileSync } from 'node:fs'
import { createPrivateKey, createPublicKey, createSecretKey } from 'node:crypto'

const require = createRequire(process.argv[2] + '/')
const load = (name) => import(pathToFileURL(require.resolve(name)))
const { keys, claims, issuer, audience } = JSON.parse(readFileSync(0, 'utf8'))
const times = []

/** The median time of a call, in nanoseconds. */
async function time(call, atOnce = 1) {
  await call()
  const rounds = []
  const calls = 32
  for (let round = 0; round < 80; round++) {
    const start = process.hrtime.bigint()
    if (atOnce > 1) await Promise.all(Array.from({ length: calls }, call))
    else for (let n = 0; n < calls; n++) call()
    // The first rounds warm up.
    if (round >= 20) rounds.push(Number(process.hrtime.bigint() - start) / calls)
  }
  return rounds.sort((a, b) => a - b)[rounds.length / 2]
}

const jose = await load('jose')
const { default: jsonwebtoken } = await load('jsonwebtoken')
const { createSigner, createVerifier } = await load('fast-jwt')

for (const { alg, kid, secret, privatePem, publicPem, token } of keys) {
  const bytes = secret && Buffer.from(secret)
  const header = { alg, typ: 'at+jwt', kid }
  const joseSigner = bytes ?? (await jose.importPKCS8(privatePem, alg))
  const joseVerifier = bytes ?? (await jose.importSPKI(publicPem, alg))
  const options = { issuer, audience, algorithms: [alg] }
  times.push({
    library: 'jose (Node)',
    alg,
    verify: await time(() => jose.jwtVerify(token, joseVerifier, options), 32),
    sign: await time(() => new jose.SignJWT(claims).setProtectedHeader(header).sign(joseSigner), 32),
  })
  if (alg !== 'EdDSA') {
    const signer = bytes ? createSecretKey(bytes) : createPrivateKey(privatePem)
    const verifier = bytes ? signer : createPublicKey(publicPem)
    times.push({
      library: 'jsonwebtoken (Node)',
      alg,
      verify: await time(() => jsonwebtoken.verify(token, verifier, options)),
      sign: await time(() => jsonwebtoken.sign(claims, signer, { algorithm: alg, header })),
    })
  }
  const sign = createSigner({ key: bytes ?? privatePem, algorithm: alg, header })
  const verify = createVerifier({ key: bytes ?? publicPem, allowedIss: issuer, allowedAud: audience, algorithms: [alg] })
  times.push({ library: 'fast-jwt', alg, verify: await time(() => verify(token)), sign: await time(() => sign(claims)) })
}
process.stdout.write(JSON.stringify({ times }))
