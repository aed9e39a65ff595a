import { existsSync } from 'node:fs'
import { chromium, type Browser, type Page } from 'playwright-core'
import type { SqlAnswer, SqlValue } from '../src/api/types'

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const flags = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
]

export const address = (process.env['LUNETA_URL'] ?? '').replace(/\/$/, '')

export function launch(): Promise<Browser> {
  if (address === '') throw new Error('LUNETA_URL must name a running server that holds demo telemetry')
  if (!existsSync(executablePath)) throw new Error(`no browser at ${executablePath}: set CHROMIUM`)
  return chromium.launch({ executablePath, args: flags })
}

export interface Visit {
  page: Page
  complaints: string[]
}

interface VisitOptions {
  theme?: 'dark' | 'light'
  width?: number
  height?: number
  language?: 'en' | 'pt-BR'
}

// A fresh visitor; everything the browser complains about (errors, policy violations) is collected.
export async function visit(browser: Browser, path: string, options: VisitOptions = {}): Promise<Visit> {
  const { theme = 'dark', width = 1440, height = 900, language = 'en' } = options
  const context = await browser.newContext({ viewport: { width, height }, reducedMotion: 'reduce' })
  await context.addInitScript(
    ([chosenTheme, chosenLanguage]) => {
      localStorage.setItem('luneta.theme', chosenTheme as string)
      localStorage.setItem('luneta.language', chosenLanguage as string)
    },
    [theme, language],
  )
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  await page.goto(address + path)
  await page.waitForSelector('h1')
  await settle(page)
  return { page, complaints }
}

export async function settle(page: Page): Promise<void> {
  const rests = () => !document.querySelector('.skeleton, .loading-bar.on')
  await page.waitForFunction(rests, undefined, { timeout: 20_000 }).catch(async (error: unknown) => {
    const waiting = await page.evaluate(() =>
      [...document.querySelectorAll('.skeleton, .loading-bar.on')].map((part) => `${part.className} in ${part.closest('[aria-label]:not(.skeleton)')?.getAttribute('aria-label') ?? 'the page'}`),
    )
    throw new Error(`${page.url()} still waits after 20 s: ${waiting.join('; ')}; online: ${await page.evaluate(() => navigator.onLine)}`, { cause: error })
  })
}

// A demo that has just begun lacks what takes two exports, or a fault: tests wait for what they need, and say what that was.
export async function waitFor(what: string, there: () => Promise<boolean>, seconds = 100): Promise<void> {
  const end = Date.now() + seconds * 1000
  while (!(await there())) {
    if (Date.now() > end) throw new Error(`after ${seconds} s the server at ${address} has no ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

export async function seriesOf(query: string): Promise<number> {
  const response = await fetch(`${address}/api/v1/query?${new URLSearchParams({ query })}`)
  if (!response.ok) throw new Error(`${await response.text()}\n${query}`)
  return ((await response.json()) as { data: { result: unknown[] } }).data.result.length
}

export async function runSql(query: string): Promise<unknown[][]> {
  const response = await fetch(`${address}/api/sql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })
  if (!response.ok) throw new Error(await response.text())
  return ((await response.json()) as { rows: unknown[][] }).rows
}

// The demo's apps fail now and then, but not from their first second on.
export async function failedTrace(): Promise<string> {
  let id: unknown
  await waitFor('trace with an error', async () => {
    id = (await runSql(`SELECT trace_id FROM spans WHERE status_code = 'ERROR' ORDER BY start_time DESC LIMIT 1`))[0]?.[0]
    return typeof id === 'string'
  })
  return String(id)
}

export async function askRows(query: string): Promise<Record<string, SqlValue>[]> {
  const response = await fetch(`${address}/api/sql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, limit: 100_000 }),
  })
  if (!response.ok) throw new Error(`${await response.text()}\n${query}`)
  const { columns, rows } = (await response.json()) as SqlAnswer
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null])))
}
