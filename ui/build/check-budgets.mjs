// Compares the built files with the size budgets; exits 1 when one is exceeded.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = new URL('../dist/', import.meta.url).pathname
const manifest = JSON.parse(readFileSync(join(root, '.vite/manifest.json'), 'utf8'))
const kilobyte = 1000

const gzipped = (file) => statSync(join(root, `${file}.gz`)).size

function closure(key, seen = new Set()) {
  if (seen.has(key)) return seen
  seen.add(key)
  for (const next of manifest[key].imports ?? []) closure(next, seen)
  return seen
}

const entryKey = Object.keys(manifest).find((key) => manifest[key].isEntry)
const initial = closure(entryKey)
const sum = (files) => files.reduce((total, file) => total + gzipped(file), 0)
const scripts = (keys) => [...keys].map((key) => manifest[key].file).filter((file) => file.endsWith('.js'))
const styles = (keys) => [...new Set([...keys].flatMap((key) => manifest[key].css ?? []))]

const failures = []
function report(label, bytes, limit) {
  const over = bytes > limit * kilobyte
  console.log(`${over ? 'OVER' : 'ok  '} ${label.padEnd(44)} ${(bytes / kilobyte).toFixed(1).padStart(7)} kB of ${limit} kB`)
  if (over) failures.push(label)
}

report('initial JS, gzip', sum(scripts(initial)), 150)
report('initial CSS, gzip', sum(styles(initial)), 15)

for (const [key, chunk] of Object.entries(manifest)) {
  if (!chunk.isDynamicEntry || !chunk.file.endsWith('.js')) continue
  const own = [...closure(key)].filter((part) => !initial.has(part))
  const limit = key.includes('editor/') ? 180 : 60
  report(`lazy ${key.replace('src/', '')}, gzip`, sum(scripts(own)) + sum(styles(own)), limit)
}

let embedded = 0
for (const entry of readdirSync(root, { recursive: true })) {
  const file = join(root, entry)
  if (!statSync(file).isFile() || /\.(br|gz)$/.test(file) || entry.startsWith('.vite')) continue
  embedded += statSync(existsSync(`${file}.br`) ? `${file}.br` : file).size
}
report('all embedded assets, brotli', embedded, 1000)
if (failures.length > 0) process.exit(1)
