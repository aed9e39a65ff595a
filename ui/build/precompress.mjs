// Writes a .br and a .gz beside every text asset so the server never compresses at request time.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const root = new URL('../dist/', import.meta.url).pathname
const compressible = /\.(js|css|html|svg|json|txt|webmanifest)$/

rmSync(join(root, '.vite/manifest.json.br'), { force: true })
for (const entry of readdirSync(root, { recursive: true })) {
  const file = join(root, entry)
  if (!statSync(file).isFile() || !compressible.test(file) || entry.startsWith('.vite')) continue
  const body = readFileSync(file)
  const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length } }
  writeFileSync(`${file}.br`, brotliCompressSync(body, brotli))
  writeFileSync(`${file}.gz`, gzipSync(body, { level: 9 }))
}
