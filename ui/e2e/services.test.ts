import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launch, settle, visit } from './browser'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

// Where something lies once nothing moves it any more: a young map is drawn anew while calls come in.
async function still(page: Page, selector: string) {
  for (let last = ''; ;) {
    await settle(page)
    const box = await page.locator(selector).boundingBox()
    if (JSON.stringify(box) === last) return box
    last = JSON.stringify(box)
    await page.waitForTimeout(400)
  }
}

const address = (page: Page): string => decodeURIComponent(page.url())
const firstName = (page: Page): Promise<string | null> => page.locator('.sort-rows .service-link a').first().textContent()

describe('services', () => {
  it('are reached by key, searched, sorted and opened', async () => {
    const { page, complaints } = await visit(browser, '/?range=24h')
    await page.keyboard.press('g')
    await page.keyboard.press('s')
    await page.waitForSelector('.sort-rows >> text=spam')
    await page.locator('[role=columnheader] button', { hasText: 'Service' }).click()
    expect(page.url()).toContain('sort=name')
    expect(await firstName(page)).toBe('dice')
    await page.locator('[role=columnheader] button', { hasText: 'Service' }).click()
    expect(await firstName(page)).toBe('worker')
    await page.fill('[data-search]', 'egg')
    await page.waitForFunction(() => document.querySelectorAll('.sort-rows .sort-row').length === 1)
    await page.keyboard.press('Escape')
    await page.keyboard.press('j')
    await page.waitForSelector('.sort-row.at')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/services/eggs*')
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('name what empties the list', async () => {
    const { page } = await visit(browser, '/services?range=24h&find=no-such-service')
    await page.waitForSelector('.notice >> text=Nothing matches')
    await page.locator('.notice button', { hasText: 'no-such-service' }).click()
    await page.waitForSelector('.sort-rows >> text=spam')
    await page.context().close()
  })

  it('filter by a value', async () => {
    const { page } = await visit(browser, '/services?range=24h')
    const row = page.locator('.sort-rows .sort-row', { hasText: 'eggs' })
    await row.hover()
    await row.locator('.funnel').click()
    await page.click('text=Filter by this')
    expect(address(page)).toContain('f=service=eggs')
    await settle(page)
    await page.waitForFunction(() => document.querySelectorAll('.sort-rows .sort-row').length === 1)
    await page.context().close()
  })
})

describe('a service', () => {
  it('tells rate, errors and latency, and each operation', async () => {
    const { page, complaints } = await visit(browser, '/services/spam?range=24h')
    await page.waitForSelector('.red-charts canvas')
    expect(await page.locator('.red-charts canvas').count()).toBe(3)
    await page.waitForSelector('[aria-label=Operations] >> text=GET /breakfast')
    await page.click('text=Compare with yesterday')
    await page.waitForSelector('[aria-label=Operations] >> text=p95 change')
    expect(page.url()).toContain('compare=day')
    expect(complaints).toEqual([])
    await page.context().close()
  })

  const sections: [tab: string, sign: string][] = [
    ['Dependencies', '.sort-rows >> text=eggs'],
    ['Database', '.sort-rows >> text=SELECT price FROM menu WHERE dish = ?'],
    ['Errors', '.sort-rows >> text=ValueError'],
    ['Runtime', '.runtime-charts >> text=process.memory.usage'],
    ['Logs', '.log-line >> nth=3'],
  ]
  for (const [tab, sign] of sections) {
    it(`shows ${tab}, by tab and by address`, async () => {
      const { page, complaints } = await visit(browser, '/services/spam?range=24h')
      await page.getByRole('tab', { name: tab }).click()
      await page.waitForSelector(sign)
      expect(page.url()).toContain(`tab=${tab.toLowerCase()}`)
      await page.reload()
      await page.waitForSelector(sign)
      expect(complaints).toEqual([])
      await page.context().close()
    })
  }

  it('says when it is unknown', async () => {
    const { page } = await visit(browser, '/services/no%2Fsuch%20service')
    await page.waitForSelector('text=Nothing from no/such service here')
    await page.context().close()
  })
})

describe('service map', () => {
  it('draws calls, databases and callers from outside', async () => {
    const { page, complaints } = await visit(browser, '/map?range=24h')
    await page.waitForSelector('[data-node="service:spam"]')
    await page.waitForSelector('[data-node="service:eggs"]')
    await page.waitForSelector('.node.database')
    await page.waitForSelector('.edge')
    expect(await page.locator('.edge text.hop').count()).toBeGreaterThan(0)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('goes from node to node by arrow keys, and opens the service', async () => {
    const { page } = await visit(browser, '/map?range=24h')
    await page.waitForSelector('[data-node="service:spam"]')
    await page.focus('[data-node="service:spam"]')
    await page.waitForSelector('.map-inspector >> text=spam')
    await page.keyboard.press('ArrowRight')
    await page.waitForFunction(() => document.activeElement?.getAttribute('data-node') !== 'service:spam')
    await page.focus('[data-node="service:eggs"]')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/services/eggs*')
    await page.context().close()
  })

  it('focuses, zooms and remembers both in the address', async () => {
    const { page } = await visit(browser, '/map?range=24h')
    await page.waitForSelector('[data-node="service:dice"]')
    await page.hover('[data-node="service:dice"]')
    await page.locator('.map-inspector button', { hasText: 'Focus' }).click()
    await page.waitForFunction(() => !document.querySelector('[data-node="service:eggs"]'))
    expect(page.url()).toContain('focus=dice')
    await page.keyboard.press('+')
    await page.waitForURL('**camera=*')
    await page.locator('button', { hasText: 'Whole map' }).click()
    await page.waitForSelector('[data-node="service:eggs"]')
    await page.context().close()
  })

  it('is moved by dragging, which opens nothing', async () => {
    const { page } = await visit(browser, '/map?range=24h')
    await page.waitForSelector('[data-node="service:spam"]')
    const box = await still(page, '[data-node="service:spam"]')
    const [x, y] = [(box?.x ?? 0) + 40, (box?.y ?? 0) + 20]
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + 60, y + 30, { steps: 4 })
    await page.mouse.up()
    await page.waitForURL('**camera=*')
    const moved = await page.locator('[data-node="service:spam"]').boundingBox()
    expect(Math.round((moved?.x ?? 0) - (box?.x ?? 0))).toBe(60)
    expect(page.url()).toContain('/map?')
    await page.mouse.click(x + 60, y + 30)
    await page.waitForURL('**/services/spam*')
    await page.context().close()
  })

  it('has a table that says the same', async () => {
    const { page } = await visit(browser, '/map?range=24h')
    await page.waitForSelector('.edge')
    const drawn = await page.locator('.edge').count()
    await page.locator('.segmented button', { hasText: 'Table' }).click()
    await page.waitForSelector('[aria-label="Calls between services"]')
    expect(Number(await page.getAttribute('[aria-label="Calls between services"]', 'aria-rowcount')) - 1).toBe(drawn)
    await page.context().close()
  })
})
