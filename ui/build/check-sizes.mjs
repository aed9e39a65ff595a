// Keeps source files under 600 lines, functions under 70, and vague folder names out.
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import ts from 'typescript'

const root = new URL('../src/', import.meta.url).pathname
const fileLimit = 600
const functionLimit = 70
const banned = new Set(['utils', 'common', 'helpers', 'core', 'misc', 'shared'])
const failures = []

function checkFunctions(path, source) {
  const visit = (node) => {
    if (ts.isFunctionLike(node) && node.body) {
      const first = source.getLineAndCharacterOfPosition(node.getStart()).line
      const last = source.getLineAndCharacterOfPosition(node.getEnd()).line
      const lines = last - first + 1
      if (lines > functionLimit) failures.push(`${path}:${first + 1} function has ${lines} lines, limit ${functionLimit}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
}

for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name)
  if (entry.isDirectory()) {
    if (banned.has(basename(path))) failures.push(`${path} has a name that says nothing`)
    continue
  }
  if (!/\.(tsx?|css)$/.test(entry.name)) continue
  const text = readFileSync(path, 'utf8')
  const lines = text.split('\n').length
  if (lines > fileLimit) failures.push(`${path} has ${lines} lines, limit ${fileLimit}`)
  if (!/\.tsx?$/.test(entry.name) || entry.name.includes('.test.')) continue
  checkFunctions(path, ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true, entry.name.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS))
}

for (const failure of failures) console.error(failure)
if (failures.length > 0) process.exit(1)
console.log('sizes ok')
