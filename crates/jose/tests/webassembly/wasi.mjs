// Runs a WASI program with this process's standard input and output.
import { readFileSync } from 'node:fs'
import { WASI } from 'node:wasi'

const wasi = new WASI({ version: 'preview1', args: ['program'], returnOnExit: true })
const { instance } = await WebAssembly.instantiate(readFileSync(process.argv[2]), wasi.getImportObject())
process.exitCode = wasi.start(instance)
