import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { address, launch, seriesOf, settle, visit, waitFor } from './browser'

const requests = 'http_server_request_duration_seconds'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
  await waitFor('rate of requests of both services: that takes two exports', async () => (await seriesOf(`count by (service_name) (rate(${requests}_count{service_name=~"spam|eggs"}[5m]))`)) === 2)
  await waitFor('exemplar of a request', async () => (await exemplarsOf(`${requests}_bucket`)) > 0)
  await waitFor('route with a kind of eggs', async () => (await seriesOf(`${requests}_count{service_name="eggs", http_route="/eggs/{kind}"}`)) > 0)
}, 300_000)
afterAll(() => browser.close())

async function exemplarsOf(query: string): Promise<number> {
  const now = Date.now() / 1000
  const response = await fetch(`${address}/api/v1/query_exemplars?${new URLSearchParams({ query, start: String(now - 900), end: String(now) })}`)
  return ((await response.json()) as { data: unknown[] }).data.length
}

const open = (query: string, options: Parameters<typeof visit>[2] = {}) => visit(browser, `/metrics-explorer${query ? `?${query}` : ''}`, options)
const parameter = (page: Page, name: string): string | null => new URL(page.url()).searchParams.get(name)
const opened = (page: Page) => page.waitForFunction((name) => new URLSearchParams(location.search).get('metric') === name, requests)

async function write(page: Page, text: string, editor = 0): Promise<void> {
  const content = page.locator('.cm-content').nth(editor)
  await content.waitFor()
  await content.click()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText(text)
  await page.keyboard.press('Control+Enter')
  await page.waitForFunction((query) => new URLSearchParams(location.search).getAll('q').includes(query), text)
  await settle(page)
}

describe('catalogue of metrics', () => {
  it('is reached by key, searched, and opens a metric', async () => {
    const { page, complaints } = await visit(browser, '/')
    await page.keyboard.press('g')
    await page.keyboard.press('m')
    await page.waitForURL('**/metrics-explorer*')
    await page.waitForSelector('.metric-list .sort-row.opens')
    await page.keyboard.press('/')
    await page.waitForSelector('[data-search]:focus')
    await page.keyboard.type('http.server request dur')
    await page.waitForFunction(() => document.querySelectorAll('.metric-list .sort-row.opens').length === 1)
    expect(await page.locator('.metric-list .metric-name').textContent()).toBe(requests)
    expect(await page.locator('.metric-list .sort-row.opens .metric-type').textContent()).toBe('histogram')
    await page.waitForSelector('.mini-line')
    await page.keyboard.press('Escape')
    await page.keyboard.press('j')
    await page.waitForSelector('.sort-row.at')
    await page.keyboard.press('Enter')
    await opened(page)
    await page.waitForSelector('.heatmap canvas')
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('is narrowed by type and by service', async () => {
    const { page } = await open('type=histogram&f=service%3Deggs')
    await page.waitForSelector('.metric-list .sort-row.opens')
    const types = await page.locator('.metric-list .sort-row.opens .metric-type').allTextContents()
    expect(new Set(types)).toEqual(new Set(['histogram']))
    const names = await page.locator('.metric-list .metric-name').allTextContents()
    expect(names).toContain('eggs_boiling_duration_seconds')
    expect(names).not.toContain('http_client_request_duration_seconds')
    await page.context().close()
  })

  it('says what leaves nothing', async () => {
    const { page } = await open('find=nosuchmetric')
    await page.waitForSelector('text=Nothing matches')
    await page.locator('.notice button', { hasText: 'nosuchmetric' }).click()
    await page.waitForSelector('.metric-list .sort-row.opens')
    await page.context().close()
  })
})

describe('a metric', () => {
  it('is shown by its kind, and by its labels', async () => {
    const { page, complaints } = await open(`metric=${requests}&range=15m`)
    await page.waitForSelector('.heatmap canvas')
    await page.waitForSelector('.graph-entry >> text=p95')
    expect(await page.locator('.origin .service').allTextContents()).toEqual(expect.arrayContaining(['spam', 'eggs']))
    await page.locator('.group-by button', { hasText: 'service_name' }).click()
    await page.waitForFunction(() => [...document.querySelectorAll('.graph-entry')].some((entry) => entry.textContent === 'spam'))
    expect(parameter(page, 'by')).toBe('service_name')
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('is filtered by chips as everything else', async () => {
    const { page } = await open(`metric=${requests}&range=15m&tab=labels&f=service%3Deggs`)
    const services = page.locator('tr', { has: page.locator('td:first-child', { hasText: /^service_name$/ }) })
    await services.waitFor()
    expect(await services.locator('.value').allTextContents()).toEqual(['eggs'])
    await page.locator('.label-value .value', { hasText: /^\/eggs\/\{kind\}$/ }).first().click()
    await page.locator('[role=menuitem]', { hasText: 'Filter by this' }).click()
    await page.waitForFunction(() => new URLSearchParams(location.search).getAll('f').includes('http.route=/eggs/{kind}'))
    await page.context().close()
  })

  it('may not exist', async () => {
    const { page } = await open('metric=nosuchmetric')
    await page.waitForSelector('text=There is no metric called nosuchmetric')
    await page.context().close()
  })

  it('breaks down into a chart for each value', async () => {
    const { page } = await open(`metric=${requests}&range=15m&tab=breakdown&split=service_name`)
    await page.waitForSelector('.multiple')
    expect(await page.locator('.multiple .value').allTextContents()).toEqual(expect.arrayContaining(['spam', 'eggs']))
    await page.context().close()
  })

  it('has exemplars that lead to traces', async () => {
    const { page } = await open(`metric=${requests}&range=15m`)
    const link = page.locator('.exemplar-list a').first()
    await link.waitFor()
    await link.click()
    await page.waitForURL(/\/trace\/[0-9a-f]{32}/)
    await page.waitForSelector('.waterfall-row')
    await page.context().close()
  })

  it('zooms in where one drags', async () => {
    const { page } = await open(`metric=${requests}&range=15m&by=service_name`)
    const plot = page.locator('.graph .u-over').first()
    await plot.waitFor()
    await settle(page)
    const box = await plot.boundingBox()
    const [x, y] = [(box?.x ?? 0) + (box?.width ?? 0) * 0.5, (box?.y ?? 0) + 60]
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + 120, y, { steps: 5 })
    await page.mouse.up()
    await page.waitForURL('**from=*')
    await page.context().close()
  })
})

describe('PromQL', () => {
  it('answers several queries, which the address keeps', async () => {
    const { page, complaints } = await open('view=query&range=15m')
    await write(page, `sum by (service_name) (rate(${requests}_count[5m]))`)
    await page.waitForFunction(() => [...document.querySelectorAll('.graph-entry')].some((entry) => entry.textContent === 'spam'))
    await page.locator('button', { hasText: 'Add query' }).click()
    await page.waitForFunction(() => document.querySelectorAll('.query-row').length === 2)
    await write(page, 'count(target_info)', 1)
    await page.waitForFunction(() => [...document.querySelectorAll('.graph-entry')].some((entry) => entry.textContent?.startsWith('B: ')))
    const address = page.url()
    await page.reload()
    expect(page.url()).toBe(address)
    await page.waitForFunction(() => document.querySelectorAll('.query-row').length === 2 && document.querySelectorAll('.graph-entry').length > 2)
    await page.locator('.segmented button', { hasText: 'Table' }).click()
    await page.waitForSelector('[aria-label="PromQL query A"] .sort-row >> text=spam')
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('completes names of metrics', async () => {
    const { page } = await open('view=query&range=15m')
    await page.waitForSelector('.cm-content')
    await page.locator('.cm-content').click()
    await page.keyboard.type('http_server_requ')
    await page.waitForSelector(`.cm-completionLabel >> text=${requests}_bucket`)
    await page.context().close()
  })

  it('says where a fault is', async () => {
    const { page } = await open('view=query&range=15m')
    await write(page, 'sum(rate(x[5m])')
    await page.waitForSelector('.query-fault >> text=line 1, column 16')
    await page.waitForSelector('.cm-fault')
    await page.context().close()
  })

  it('explains a query by its parts', async () => {
    const { page } = await open(`view=query&range=15m&q=${encodeURIComponent(`sum by (service_name) (rate(${requests}_count[5m])) > 0`)}`)
    await page.locator('button', { hasText: 'Explain' }).click()
    await page.locator('.query-tree button', { hasText: 'Measure all' }).click()
    await page.waitForFunction(() => document.querySelectorAll('.tree-measure').length === 4)
    expect(await page.locator('.tree-node code').allTextContents()).toEqual(['>', 'sum by (service_name)', 'rate', `${requests}_count[5m]`, '0'])
    const measured = Number.parseInt((await page.locator('.tree-measure .tag').nth(1).textContent()) ?? '0', 10)
    expect(measured).toBeGreaterThanOrEqual(2)
    expect(measured).toBeLessThanOrEqual(await seriesOf(`sum by (service_name) (rate(${requests}_count[5m]))`))
    await page.context().close()
  })

  it('draws no more series than asked for, and says so', async () => {
    const { page } = await open(`view=query&range=15m&top=3&q=${encodeURIComponent(`${requests}_bucket`)}`)
    await page.waitForSelector('.graph-cut')
    expect(await page.locator('.graph-entry').count()).toBe(3)
    expect(await page.locator('.graph-cut').textContent()).toMatch(/^Top 3 of \d+ series$/)
    await page.context().close()
  })
})

describe('cardinality', () => {
  it('names metrics with many series, and the label to blame', async () => {
    const { page, complaints } = await open('view=cardinality')
    const first = page.locator('.ranking-name').first()
    await first.waitFor()
    await first.click()
    await page.waitForFunction(() => new URLSearchParams(location.search).has('blame'))
    await page.waitForSelector('text=Left without it')
    expect(complaints).toEqual([])
    await page.context().close()
  })
})
