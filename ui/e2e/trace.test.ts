import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launch, runSql, settle, visit } from './browser'

let browser: Browser
let traceId = ''
let otherId = ''
beforeAll(async () => {
  browser = await launch()
  const rows = await runSql(`SELECT trace_id FROM spans GROUP BY trace_id HAVING count(DISTINCT service_name) > 1 ORDER BY sum(CASE WHEN status_code = 'ERROR' THEN 1 ELSE 0 END) DESC LIMIT 2`)
  traceId = String(rows[0]?.[0])
  otherId = String(rows[1]?.[0])
})
afterAll(() => browser.close())

const attack = '</script><script>window.broken = 1</script><img src=x onerror="window.broken = 2">'

interface Odd {
  id: string
  parent?: string
  name: string
  kind?: number
  start?: number
  end?: number
  service?: string
  code?: number
}

const moment = (tens = 0): string => String(1_700_000_000_000_000_000n + BigInt(tens) * 10_000n)
const hexId = (id: string): string => [...id].map((char) => char.charCodeAt(0).toString(16)).join('').padStart(16, '0')

// A file of OTLP JSON with everything a sender can get wrong.
function oddFile(): string {
  const repeats = Array.from({ length: 9 }, (_, index): Odd => ({ id: `r${index}`, parent: 'a', name: 'SELECT', kind: 3, start: 20 + index, end: 21 + index }))
  const spans: Odd[] = [
    { id: 'a', name: attack, start: 10, end: 90 },
    { id: 'b', parent: 'a', name: 'call', kind: 3, start: 30, end: 60 },
    { id: 'b', parent: 'a', name: 'called', kind: 2, start: 35, end: 50, service: 'db' },
    { id: 'e', parent: 'a', name: 'early', start: 5, end: 12 },
    { id: 'f', parent: 'a', name: 'failing', start: 61, end: 70, code: 2 },
    { id: 's', parent: 's', name: 'own parent', start: 80, end: 82 },
    { id: 'c', parent: 'd', name: 'circle one', start: 83, end: 84 },
    { id: 'd', parent: 'c', name: 'circle two', start: 84, end: 85 },
    { id: 'o', parent: 'lost', name: 'orphan', start: 86, end: 87 },
    { id: 'f', parent: 'a', name: 'failing', start: 61, end: 70, code: 2 },
    ...repeats,
  ]
  const written = (one: Odd) => ({
    traceId: '00000000000000000000000000000abc', spanId: hexId(one.id), parentSpanId: one.parent ? hexId(one.parent) : '', name: one.name, kind: one.kind ?? 1,
    startTimeUnixNano: moment(one.start), endTimeUnixNano: moment(one.end), status: { code: one.code ?? 0 },
    attributes: [{ key: 'note', value: { stringValue: attack } }],
  })
  const resource = (name: string) => ({ attributes: [{ key: 'service.name', value: { stringValue: name } }] })
  const group = (name: string) => ({ resource: resource(name), scopeSpans: [{ spans: spans.filter(({ service = 'web' }) => service === name).map(written) }] })
  return JSON.stringify({ resourceSpans: [group('web'), group('db')] })
}

async function openOdd(): Promise<{ page: Page; asked: string[] }> {
  const { page } = await visit(browser, '/trace/file')
  const asked: string[] = []
  page.on('request', (request) => asked.push(request.postData() ?? ''))
  await page.setInputFiles('input[type=file]', { name: 'odd.json', mimeType: 'application/json', buffer: Buffer.from(oddFile()) })
  await page.waitForSelector('.waterfall-row')
  return { page, asked }
}

describe('views of a trace', () => {
  for (const view of ['waterfall', 'flame', 'flame&flame=operation', 'list', 'list&by=operation', 'timeline', 'graph', 'graph&as=table', 'json', 'json&format=zipkin']) {
    for (const width of [1440, 390]) {
      it(`${view} at ${width} pixels opens without complaint or sideways scrolling`, async () => {
        const { page, complaints } = await visit(browser, `/trace/${traceId}?view=${view}`, { width, height: 844 })
        await page.waitForSelector('.trace-body .panel')
        await settle(page)
        expect(complaints).toEqual([])
        expect(await page.locator('.notice.failed').count()).toBe(0)
        expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
        await page.context().close()
      })
    }
  }

  it('sorts spans by self time and shows one', async () => {
    const { page } = await visit(browser, `/trace/${traceId}?view=list`)
    await page.waitForSelector('.span-scroll .span-line')
    await page.locator('.span-line.head button', { hasText: 'Duration' }).click()
    expect(page.url()).toContain('sort=-duration')
    await page.keyboard.press('j')
    await page.waitForSelector('.drawer >> text=Usually')
    await page.context().close()
  })

  it('explains an attribute', async () => {
    const { page } = await visit(browser, `/trace/${traceId}`)
    await page.locator('.waterfall-row').first().click()
    await page.locator('.explained', { hasText: 'service.name' }).first().click()
    await page.waitForSelector('.explanation')
    await page.context().close()
  })

  it('finds spans by attribute when a value is made a filter', async () => {
    const { page } = await visit(browser, `/trace/${traceId}?f=${encodeURIComponent('kind=SERVER')}`)
    await page.waitForSelector('.find >> text=found')
    await page.waitForSelector('text=Find traces with these filters')
    await page.context().close()
  })
})

describe('keyboard', () => {
  it('toggles the critical path, folds and unfolds', async () => {
    const { page } = await visit(browser, `/trace/${traceId}`)
    await page.waitForSelector('.waterfall-row')
    await page.waitForSelector('.bar-mark.critical')
    await page.keyboard.press('c')
    await page.waitForFunction(() => !document.querySelector('.bar-mark.critical'))
    expect(page.url()).toContain('critical=0')
    await page.keyboard.press('j')
    await page.waitForSelector('.waterfall-row.selected[aria-expanded=true]')
    const before = await page.locator('.waterfall-row').count()
    await page.keyboard.press('h')
    await page.waitForSelector('.waterfall-row.selected[aria-expanded=false]')
    expect(await page.locator('.waterfall-row').count()).toBeLessThan(before)
    await page.keyboard.press('l')
    await page.waitForSelector('.waterfall-row.selected[aria-expanded=true]')
    await page.keyboard.press('f')
    await page.waitForSelector('.service-chip:focus')
    await page.keyboard.press('/')
    await page.waitForSelector('[data-search]:focus')
    await page.context().close()
  })
})

describe('a file', () => {
  it('opens with every oddity marked, and asks the server nothing about it', async () => {
    const { page, asked } = await openOdd()
    for (const mark of ['skew', 'cycle', 'own parent', 'missing parent', '×9']) await page.waitForSelector(`.waterfall-row >> text=${mark}`)
    for (const note of ['parent cycle was broken', 'names itself', 'arrived twice', 'never arrived']) await page.waitForSelector(`.banner >> text=${note}`)
    expect(await page.locator('.waterfall-row', { hasText: 'failing' }).count()).toBe(1)
    expect(await page.locator('.waterfall-row', { hasText: 'called' }).getAttribute('aria-level')).toBe('3')
    const rows = await page.locator('.waterfall-row').count()
    await page.locator('.waterfall-row', { hasText: '×9' }).locator('.fold').click()
    await page.waitForSelector('.refold')
    expect(await page.locator('.waterfall-row').count()).toBe(rows + 8)
    await page.keyboard.press('n')
    await page.waitForSelector('.drawer >> text=ERROR')
    await page.waitForSelector('.drawer >> text=note')
    expect(asked.filter((body) => body.includes('abc'))).toEqual([])
    await page.reload()
    await page.waitForSelector('.waterfall-row >> text=cycle')
    await page.context().close()
  })

  it('says why it cannot be read', async () => {
    const { page } = await visit(browser, '/trace/file')
    await page.setInputFiles('input[type=file]', { name: 'x.json', mimeType: 'application/json', buffer: Buffer.from('{"a":1}') })
    await page.waitForSelector('[role=alert] >> text=no spans')
    await page.context().close()
  })
})

async function exportTo(page: Page): Promise<string> {
  const path = join(mkdtempSync(join(tmpdir(), 'luneta-e2e-')), 'trace.html')
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('text=Export HTML')])
  await file.saveAs(path)
  return path
}

describe('export', () => {
  it('opens offline with spans, logs and metrics', async () => {
    const { page } = await visit(browser, `/trace/${traceId}`)
    await page.waitForSelector('.waterfall-row')
    const path = await exportTo(page)
    await page.context().close()
    const offline = await browser.newContext({ offline: true })
    const reader = await offline.newPage()
    const seen: string[] = []
    reader.on('request', (request) => seen.push(request.url()))
    reader.on('console', (message) => seen.push(message.text()))
    await reader.goto(`file://${path}`)
    await reader.locator('.row').first().click()
    await reader.waitForSelector('aside dt')
    expect(await reader.locator('.logs tr').count()).toBeGreaterThan(0)
    expect(await reader.locator('.charts svg').count()).toBeGreaterThan(0)
    const rows = await reader.locator('.row').count()
    await reader.click('text=Collapse all')
    expect(await reader.locator('.row').count()).toBeLessThan(rows)
    expect(seen.filter((address) => !address.startsWith('file://'))).toEqual([])
    await offline.close()
  })

  it('lets no attribute become script', async () => {
    const { page } = await openOdd()
    const path = await exportTo(page)
    await page.context().close()
    const reader = await (await browser.newContext()).newPage()
    await reader.goto(`file://${path}`)
    await reader.locator('.row', { hasText: 'onerror' }).first().click()
    await reader.waitForSelector('aside >> text=onerror')
    expect(await reader.evaluate('window.broken')).toBeUndefined()
    expect(await reader.locator('img').count()).toBe(0)
    await reader.context().close()
  })
})

describe('comparison', () => {
  it('offers traces alike, then shows what differs', async () => {
    const { page, complaints } = await visit(browser, `/trace/${traceId}/diff`)
    await page.waitForSelector('.panel')
    await settle(page)
    await page.goto(page.url() + `/${otherId}`)
    await page.waitForSelector('.diff-scroll .diff-line')
    await page.locator('.diff-scroll a').first().click()
    await page.waitForSelector('.drawer')
    expect(complaints).toEqual([])
    await page.context().close()
  })
})
