// Generates src/api/generated.ts from openapi.json with openapi-typescript, run through npx
// because that tool pins its own TypeScript.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

if (!existsSync('openapi.json')) {
  console.error('openapi.json is absent: fetch /api/openapi.json from a running server first')
  process.exit(1)
}
execFileSync('npx', ['--yes', 'openapi-typescript@7.13.0', 'openapi.json', '-o', 'src/api/generated.ts'], { stdio: 'inherit' })
