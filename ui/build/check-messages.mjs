// Every catalogue has the same keys, the same placeholders, and no key is unused or unknown.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

const root = new URL('../src/', import.meta.url).pathname
const failures = []

function catalogue(language) {
  const messages = new Map()
  const folder = join(root, 'i18n', language)
  for (const name of readdirSync(folder).filter((file) => file !== 'index.ts')) {
    const source = ts.createSourceFile(name, readFileSync(join(folder, name), 'utf8'), ts.ScriptTarget.ES2022, true)
    const visit = (node) => {
      if (ts.isPropertyAssignment(node) && ts.isStringLiteral(node.name)) {
        if (messages.has(node.name.text)) failures.push(`${language}: ${node.name.text} appears twice`)
        messages.set(node.name.text, placeholders(node.initializer.getText()))
      }
      ts.forEachChild(node, visit)
    }
    visit(source)
  }
  return messages
}

const placeholders = (text) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]))].sort().join(',')

const english = catalogue('en')
const portuguese = catalogue('pt-BR')
for (const [key, names] of english) {
  if (!portuguese.has(key)) failures.push(`pt-BR: ${key} is missing`)
  else if (portuguese.get(key) !== names) failures.push(`pt-BR: ${key} has placeholders [${portuguese.get(key)}], en has [${names}]`)
}
for (const key of portuguese.keys()) if (!english.has(key)) failures.push(`en: ${key} is missing`)

let code = ''
for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
  if (!/\.tsx?$/.test(entry.name) || entry.parentPath.includes('/i18n')) continue
  code += readFileSync(join(entry.parentPath, entry.name), 'utf8')
}
const prefixes = [...code.matchAll(/`([a-z][\w-]*(?:\.[\w-]+)*\.)\$\{/g)].map((match) => match[1])
for (const key of english.keys()) {
  const used = code.includes(`'${key}'`) || code.includes(`"${key}"`) || prefixes.some((prefix) => key.startsWith(prefix))
  if (!used) failures.push(`en: ${key} is never used`)
}

for (const failure of failures) console.error(failure)
if (failures.length > 0) process.exit(1)
console.log(`messages ok: ${english.size} keys in 2 languages`)
