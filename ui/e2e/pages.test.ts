import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { address, failedTrace, launch, settle, visit } from './browser'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

describe('every page', () => {
  for (const path of ['/', '/services', '/services/spam', '/map', '/traces', '/logs', '/metrics-explorer', '/dashboards', '/dashboards/ready/python-service', '/sql', '/connect', '/status']) {
    for (const width of [1440, 390]) {
      it(`${path} at ${width} pixels opens without complaint or sideways scrolling`, async () => {
        const { page, complaints } = await visit(browser, path, { width, height: 844 })
        expect(complaints).toEqual([])
        expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
        expect(await page.locator('.notice.failed').count()).toBe(0)
        await page.context().close()
      })
    }
  }

  for (const width of [390, 320]) {
    for (const language of ['en', 'pt-BR'] as const) {
      it(`names of the bar fit on ${width} pixels in ${language}`, async () => {
        const { page } = await visit(browser, '/', { width, height: 700, language })
        const cut = await page.locator('.nav-link span').evaluateAll((names) => names.filter((name) => name.checkVisibility() && name.scrollWidth > name.clientWidth + 1).map((name) => name.textContent))
        expect(cut).toEqual([])
        await page.locator('.nav-more button').click()
        await page.locator('.nav-sheet a[href^="/dashboards"]').click()
        await page.waitForURL('**/dashboards*')
        await page.waitForFunction(() => !document.querySelector('dialog'))
        await page.context().close()
      })
    }
  }

  it('speaks Portuguese', async () => {
    const { page } = await visit(browser, '/', { language: 'pt-BR' })
    await page.waitForFunction(() => document.querySelector('h1')?.textContent === 'Início')
    expect(await page.getAttribute('html', 'lang')).toBe('pt-BR')
    await page.context().close()
  })
})

describe('shell', () => {
  it('goes places by key and palette', async () => {
    const { page } = await visit(browser, '/')
    await page.keyboard.press('g')
    await page.keyboard.press('l')
    await page.waitForURL('**/logs')
    await page.keyboard.press('Control+k')
    await page.waitForSelector('dialog[open] input:focus')
    await page.keyboard.type('ingest')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/status')
    await page.keyboard.press('?')
    await page.waitForSelector('dialog[open]')
    await page.context().close()
  })

  it('keeps the range in the address', async () => {
    const { page } = await visit(browser, '/traces')
    await page.click('.range > button')
    await page.click('text=Last 6 hours')
    expect(page.url()).toContain('range=6h')
    await page.reload()
    await page.waitForSelector('.range >> text=Last 6 hours')
    await page.context().close()
  })
})

describe('home', () => {
  it('lists the services and opens a query in the notebook', async () => {
    const { page } = await visit(browser, '/?range=24h')
    await page.waitForSelector('.services >> text=spam')
    await page.waitForSelector('.services >> text=eggs')
    await settle(page)
    await page.locator('.panel', { hasText: 'Services' }).locator('a', { hasText: 'Query' }).last().click()
    await page.waitForURL('**/sql*')
    await page.waitForSelector('.result-row:not(.head)')
    await page.context().close()
  })
})

describe('traces', () => {
  it('filters by a value, and opens a trace', async () => {
    const { page } = await visit(browser, '/traces?range=24h')
    await page.locator('.trace-row:not(.head) .value', { hasText: 'spam' }).first().click()
    await page.click('text=Filter by this')
    expect(decodeURIComponent(page.url())).toContain('f=service=spam')
    await settle(page)
    await page.locator('.trace-name').first().click()
    await page.waitForSelector('.facts')
    const facts = await page.textContent('.facts')
    for (const name of ['Duration', 'Services', 'Depth', 'Total spans']) expect(facts).toContain(name)
    await page.context().close()
  })

  it('moves through the waterfall by keyboard and shows the span', async () => {
    const { page } = await visit(browser, `/trace/${await failedTrace()}`)
    await page.waitForSelector('.waterfall-row')
    await page.keyboard.press('n')
    await page.waitForSelector('.drawer >> text=ERROR')
    await page.keyboard.press('k')
    await page.waitForSelector('.waterfall-row.selected')
    expect(await page.locator('.waterfall-row').count()).toBeLessThanOrEqual(80)
    await page.context().close()
  })

  it('says that a trace is absent', async () => {
    const { page } = await visit(browser, '/trace/ffffffffffffffffffffffffffffffff')
    await page.waitForSelector('text=This trace is not here')
    await page.context().close()
  })
})

describe('logs', () => {
  it('searches, expands and names what empties the page', async () => {
    const { page } = await visit(browser, '/logs?range=24h')
    await page.locator('.log .fold').first().click()
    await page.waitForSelector('.log-open >> text=service.name')
    await page.fill('[data-search]', 'no such words anywhere')
    await page.waitForSelector('text=Nothing matches')
    for (const word of ['such', 'anywhere']) await page.waitForSelector(`.notice >> text=${word}`)
    await page.context().close()
  })
})

describe('notebook', () => {
  it('runs a query and underlines a fault', async () => {
    const { page } = await visit(browser, '/sql')
    await page.waitForSelector('.result-row:not(.head)')
    await page.locator('.cm-content').first().click()
    await page.keyboard.press('Control+a')
    await page.keyboard.type('SELECT 1 FROM spans WHERE )')
    await page.keyboard.press('Control+Enter')
    await page.waitForSelector('.cell-fault, .notice.failed')
    await page.context().close()
  })
})

describe('connect', () => {
  it('shows the real addresses and lights up', async () => {
    const status = (await (await fetch(`${address}/api/status`)).json()) as { addresses: { otlp_http: string } }
    const { page } = await visit(browser, '/connect')
    expect(await page.textContent('.recipe')).toContain(status.addresses.otlp_http)
    await page.waitForSelector('.lights .on >> nth=1')
    await page.click('text=Send test span')
    await page.click('text=Open its trace')
    await page.waitForSelector('.facts', { timeout: 20_000 })
    await page.context().close()
  })
})
