import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { address, launch, runSql, settle, visit, waitFor } from './browser'
import { now, sendLogs, type Sent } from './sendLogs'

const second = 1_000_000_000n
const run = Date.now().toString(36)
const kitchen = `kitchen-${run}` // few records, each of its own kind
const mill = `mill-${run}` // many
const trace = `${Date.now().toString(16).padStart(12, '0')}aabbccddeeff00112233`
const large = `start ${'0123456789abcdef'.repeat(1200)} end`
const crowd = 700 // records of one nanosecond: more than a page
const amount = 6000

function few(): Sent[] {
  const start = now() - 300n * second
  const at = (index: number) => start + BigInt(index) * second
  return [
    { time: at(0), body: 'stove lit', attributes: { 'http.route': '/eggs/{kind}', burner: 1 } },
    { time: at(1), body: 'pan on fire: 50% of eggs lost', severity: 17, traceId: trace, spanId: '00f067aa0ba902b7', attributes: { 'http.route': '/eggs/{kind}', burner: 2, took: 40 } },
    { time: at(2), body: 'pan cooled', severity: 13, attributes: { burner: 2, took: 60 } },
    { time: at(3), body: large, severity: 5 },
    { time: at(4), body: 'caf\uFFFD', observed: at(4) },
    { time: at(5), body: 'clock of the oven', observed: at(5) - 3600n * second },
    { time: at(6), body: '{"menu":["eggs","spam"]}' },
  ]
}

function many(): Sent[] {
  const start = now() - 200n * second
  const spread = Array.from({ length: amount - crowd }, (_, index) => ({ time: start + BigInt(index) * 20_000_000n, body: `grain ${index}` }))
  const moment = start + 50n * second + 1n
  return [...spread, ...Array.from({ length: crowd }, (_, index) => ({ time: moment, body: `crowd ${index}` }))]
}

let browser: Browser
beforeAll(async () => {
  browser = await launch()
  await sendLogs({ 'service.name': kitchen, 'service.instance.id': 'stove-1', 'host.name': 'cellar' }, few())
  await sendLogs({ 'service.name': kitchen, 'service.instance.id': 'stove-2' }, [{ time: now() - 299n * second, body: 'the other stove' }])
  await sendLogs({ 'service.name': mill }, many())
  await waitFor('records that were sent', async () => Number((await runSql(`SELECT count(*) FROM logs WHERE service_name IN ('${kitchen}', '${mill}')`))[0]?.[0]) === amount + 8)
}, 300_000)
afterAll(() => browser.close())

const of = (service: string, rest = ''): string => `/logs?range=15m&f=${encodeURIComponent(`service=${service}`)}${rest}`
const open = (path: string, options: Parameters<typeof visit>[2] = {}) => visit(browser, path, options)
const bodies = (page: Page): Promise<string[]> => page.locator('.log-panel .log-body.mono').allTextContents()
const parameters = (page: Page): URLSearchParams => new URL(page.url()).searchParams
const choose = async (page: Page, value: string, action: string) => {
  await page.locator('.log-open .value', { hasText: value }).first().click()
  await page.locator('[role=menuitem]', { hasText: action }).click()
}

describe('the search box', () => {
  const cases: [search: string, found: string[]][] = [
    ['PAN', ['pan cooled', 'pan on fire: 50% of eggs lost']],
    ['pan -fire', ['pan cooled']],
    ['"eggs lost"', ['pan on fire: 50% of eggs lost']],
    ['50%', ['pan on fire: 50% of eggs lost']],
    ['level:>=warn', ['pan cooled', 'pan on fire: 50% of eggs lost']],
    ['http.route:/eggs/{kind} -level:error', ['stove lit']],
    ['host.name:cell* pan burner:2 took:>50', ['pan cooled']],
    ['service.instance.id:stove-2', ['the other stove']],
    [trace, ['pan on fire: 50% of eggs lost']],
    ['00f067aa0ba902b7', ['pan on fire: 50% of eggs lost']],
  ]
  for (const [search, found] of cases) {
    it(search, async () => {
      const { page, complaints } = await open(of(kitchen, `&q=${encodeURIComponent(search)}`))
      await page.waitForSelector('.log-panel .log')
      expect(await bodies(page)).toEqual(found)
      expect(complaints).toEqual([])
      await page.context().close()
    })
  }

  it('searches while one types, marks what it finds, and keeps it in the address', async () => {
    const { page } = await open(of(kitchen))
    await page.keyboard.press('/')
    await page.waitForSelector('[data-search]:focus')
    await page.waitForSelector('.log-hint.float >> text=4bf92f35…')
    await page.keyboard.type('fire')
    await page.waitForFunction(() => new URLSearchParams(location.search).get('q') === 'fire')
    await page.waitForFunction(() => document.querySelectorAll('.log-panel .log').length === 1)
    expect(await page.locator('.log mark').allTextContents()).toEqual(['fire'])
    const shared = page.url()
    await page.reload()
    await page.waitForSelector('.log mark')
    expect(page.url()).toBe(shared)
    await page.context().close()
  })

  it('proposes fields', async () => {
    const { page } = await open(of(kitchen))
    await page.keyboard.press('/')
    await page.keyboard.type('severi')
    await page.locator('.log-offers button', { hasText: 'severity:' }).click()
    await page.keyboard.type('ERROR')
    await page.waitForFunction(() => document.querySelectorAll('.log-panel .log').length === 1)
    await page.context().close()
  })

  it('says which of its words leave nothing', async () => {
    const { page } = await open(of(kitchen, '&q=pan%20nosuchword'))
    await page.waitForSelector('text=Nothing matches')
    const culprit = page.locator('.notice button', { hasText: 'nosuchword' })
    await page.waitForFunction(() => document.querySelector('.notice')?.textContent?.includes('2 records'))
    expect(await culprit.textContent()).toContain('2 records')
    await culprit.click()
    await page.waitForFunction(() => document.querySelectorAll('.log-panel .log').length === 2)
    expect(parameters(page).get('q')).toBe('pan')
    await page.context().close()
  })
})

describe('a list of many records', () => {
  // Scrolls by less than what is rendered, and notes what is met.
  const walk = (page: Page, step: number, last: string) =>
    page.evaluate(async ([by, until]) => {
      const met: string[] = []
      const known = new Set<string>()
      let most = 0
      const host = document.querySelector('.log-panel .log-scroll') as HTMLElement
      for (let steps = 0; steps < 4000 && !known.has(until as string); steps += 1) {
        const rows = [...document.querySelectorAll('.log-panel .log')]
        most = Math.max(most, rows.length)
        const texts = rows.sort((left, right) => left.getBoundingClientRect().top - right.getBoundingClientRect().top).map((row) => row.querySelector('.log-body.mono')?.textContent ?? '')
        for (const text of (by as number) > 0 ? texts : texts.reverse()) if (!known.has(text)) met.push(text), known.add(text)
        host.scrollTop += by as number
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 4)))
      }
      return { met, most }
    }, [step, last] as const)

  it('is met whole, once and in order, however many share a moment', async () => {
    const { page, complaints } = await open(of(mill), { height: 1000 })
    await page.waitForSelector('.log-panel .log')
    const { met, most } = await walk(page, 500, 'grain 0')
    expect(met.length).toBe(amount)
    expect(most).toBeLessThanOrEqual(80)
    const grains = met.filter((body) => body.startsWith('grain')).map((body) => Number(body.slice(6)))
    expect(grains).toEqual([...grains].sort((left, right) => right - left))
    await page.waitForSelector('text=This is the oldest record of the range.')
    // What was let go at the top comes back from there.
    const back = await walk(page, -500, `grain ${amount - crowd - 1}`)
    expect(back.met.length).toBe(amount)
    expect(complaints).toEqual([])
    await page.context().close()
  }, 180_000)

  it('is entered from its end, and left at a time that a link keeps', async () => {
    const { page } = await open(of(mill))
    await page.waitForSelector('.log-panel .log')
    await page.keyboard.press('End')
    await page.waitForFunction(() => new URLSearchParams(location.search).get('at') === 'oldest')
    await page.waitForFunction(() => [...document.querySelectorAll('.log-panel .log')].some((row) => row.textContent?.endsWith('grain 0')))
    await page.keyboard.press('Home')
    await page.waitForFunction((newest) => [...document.querySelectorAll('.log-panel .log')].some((row) => row.textContent?.endsWith(newest)), `grain ${amount - crowd - 1}`)
    await page.locator('.histogram .u-over').click({ position: { x: 700, y: 40 } })
    await page.waitForFunction(() => (new URLSearchParams(location.search).get('at') ?? '').startsWith('20'))
    await page.context().close()
  })

  it('goes by keys', async () => {
    const { page } = await open(of(kitchen))
    await page.waitForSelector('.log-panel .log')
    for (const key of ['j', 'j', 'k', 'j', 'o']) await page.keyboard.press(key)
    await page.waitForSelector('.log.at .log-open')
    expect(await page.locator('.log.at .log-body.mono').textContent()).toContain('clock of the oven')
    await page.keyboard.press('h')
    await page.waitForFunction(() => !document.querySelector('.log-open'))
    await page.context().close()
  })
})

describe('a record', () => {
  it('that is large is cut until somebody wants it whole', async () => {
    const { page } = await open(of(kitchen, '&q=0123456789abcdef'))
    await page.locator('.log .fold').click()
    await page.waitForSelector('.log-open')
    expect((await page.locator('.log-open pre').textContent())?.length).toBeLessThan(2000)
    await page.locator('.log-open button', { hasText: 'Show all 19.2 kB' }).first().click()
    await page.locator('.log-open button', { hasText: 'Show all' }).first().click()
    await page.waitForFunction((length) => document.querySelector('.log-open pre')?.textContent?.length === length, large.length)
    await page.context().close()
  })

  it('that cannot be right is marked', async () => {
    const { page } = await open(of(kitchen))
    await page.waitForSelector('.log-mark')
    expect(await page.locator('.log-mark').allTextContents()).toEqual(['ahead of time', 'invalid text'].map((mark) => ` ${mark}`))
    await page.context().close()
  })

  it('shows fields in line, groups the chart, and leads to its trace', async () => {
    const { page, complaints } = await open(of(kitchen, '&q=fire'))
    await page.locator('.log .fold').click()
    await choose(page, '/eggs/{kind}', 'Show in every line')
    await page.waitForSelector('.log-field >> text="/eggs/{kind}"')
    expect(parameters(page).getAll('col')).toEqual(['http.route'])
    await choose(page, '/eggs/{kind}', 'Group by this field')
    await page.waitForSelector('.histogram .chip >> text=by http.route')
    await page.waitForSelector('.histogram .legend >> text="/eggs/{kind}"')
    await choose(page, '/eggs/{kind}', 'Exclude this')
    await page.waitForSelector('text=Nothing matches')
    await page.goBack()
    await page.waitForSelector('.log-panel .log')
    expect(await page.locator('.log-trace').getAttribute('href')).toContain(`/trace/${trace}?`)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('has a context of its instance, both ways, with a search of its own', async () => {
    const { page, complaints } = await open(of(kitchen, '&q=cooled'))
    await page.waitForSelector('.log-panel .log')
    await page.keyboard.press('j')
    await page.keyboard.press('c')
    await page.waitForSelector('dialog .log.marked >> text=pan cooled')
    const context = () => page.locator('dialog .log .log-body.mono').allTextContents()
    await page.waitForFunction(() => document.querySelectorAll('dialog .log').length === 7)
    expect(await context()).not.toContain('the other stove')
    await page.locator('dialog .segmented button', { hasText: kitchen }).click()
    await page.waitForFunction(() => document.querySelectorAll('dialog .log').length === 8)
    await page.fill('dialog [type=search]', 'stove')
    await page.waitForFunction(() => document.querySelectorAll('dialog .log').length === 3)
    expect(await context()).toEqual(['pan cooled', 'the other stove', 'stove lit'])
    expect(parameters(page).get('q')).toBe('cooled')
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('in the midst of many has neighbours as far as one scrolls', async () => {
    const { page } = await open(of(mill, '&q=%22grain%201000%22'))
    await page.locator('.log .fold').click()
    await page.locator('.log-open button', { hasText: 'Context' }).click()
    await page.waitForSelector('dialog .log.marked >> text=grain 1000')
    const box = await page.locator('dialog .log.marked').boundingBox()
    const list = await page.locator('dialog .log-scroll').boundingBox()
    expect(box && list && box.y > list.y && box.y < list.y + list.height).toBe(true)
    await page.locator('dialog .log-scroll').evaluate((host) => (host.scrollTop = host.scrollHeight))
    await page.waitForSelector('dialog .log >> text=/grain 7[0-9][0-9]$/')
    await page.locator('dialog .log-scroll').evaluate((host) => (host.scrollTop = 0))
    await page.waitForSelector('dialog .log >> text=/grain 1[3-9][0-9][0-9]$/')
    await page.context().close()
  })
})

describe('facets', () => {
  it('count values, and ignore their own filter', async () => {
    const { page } = await open(of(kitchen))
    const severity = page.locator('.facet', { hasText: 'Severity' })
    await severity.locator('.facet-value', { hasText: 'ERROR' }).click()
    await page.waitForFunction(() => document.querySelectorAll('.log-panel .log').length === 1)
    await settle(page)
    expect(await severity.locator('.facet-value .cut').allTextContents()).toEqual(['INFO', 'DEBUG', 'ERROR', 'WARN'])
    await severity.locator('.facet-row', { hasText: 'ERROR' }).hover()
    await severity.locator('[aria-label="Exclude ERROR"]').click()
    await page.waitForFunction(() => new URLSearchParams(location.search).getAll('f').includes('severity!=ERROR'))
    await page.context().close()
  })

  it('of other fields are a click away, and part of the address', async () => {
    const { page } = await open(of(kitchen, '&facet=burner'))
    const burner = page.locator('.facet', { hasText: 'burner' }).first()
    await burner.locator('.facet-value').first().waitFor()
    expect(await burner.locator('.facet-value').allTextContents()).toEqual(['∅5', '22', '11'])
    await burner.locator('.facet-value', { hasText: /^2/ }).click()
    await page.waitForFunction(() => document.querySelectorAll('.log-panel .log').length === 2)
    await page.context().close()
  })
})

describe('the live tail', () => {
  it('shows what comes, waits while paused, and obeys the search', async () => {
    const { page, complaints } = await open(of(kitchen, '&q=ding%20-dong'))
    await page.keyboard.press('.')
    await page.waitForSelector('text=Waiting for the next record')
    await page.waitForSelector('.log-head .flow-light.on')
    const ring = (body: string) => sendLogs({ 'service.name': kitchen }, [{ time: now(), body }])
    await waitFor('tail', async () => {
      await ring('ding first')
      return (await bodies(page)).includes('ding first')
    })
    await ring('ding dong')
    await ring('ding settled')
    await page.waitForSelector('.log >> text=ding settled')
    await page.keyboard.press('p')
    const before = (await bodies(page)).length
    await ring('ding second')
    await page.waitForSelector('.log-head >> text=Paused, 1 waiting')
    expect((await bodies(page)).length).toBe(before)
    await page.keyboard.press('p')
    await page.waitForSelector('.log >> text=ding second')
    expect((await bodies(page))[0]).toBe('ding second')
    expect(await bodies(page)).not.toContain('ding dong')
    expect(complaints).toEqual([])
    await page.context().close()
  })
})

describe('what leaves the page', () => {
  it('is a view', async () => {
    const { page } = await open(of(kitchen, '&q=pan&col=burner'))
    await page.locator('button', { hasText: 'Views' }).click()
    await page.fill('dialog input[maxlength]', 'Pans')
    await page.keyboard.press('Enter')
    await page.waitForSelector('dialog .view-open >> text=Pans')
    await page.keyboard.press('Escape')
    await page.goto(`${address}/logs?range=6h`)
    await page.locator('button', { hasText: 'Views' }).click()
    await page.locator('dialog .view-open', { hasText: 'Pans' }).click()
    await page.waitForFunction(() => document.querySelectorAll('.log-panel .log').length === 2)
    expect(Object.fromEntries(parameters(page))).toEqual({ q: 'pan', col: 'burner', range: '6h', f: `service=${kitchen}` })
    await page.context().close()
  })

  it('is a metric on a dashboard', async () => {
    const { page, complaints } = await open(of(kitchen, '&q=pan'))
    await page.locator('.histogram button', { hasText: 'Metric' }).click()
    await page.selectOption('dialog select >> nth=0', 'avg')
    await page.waitForSelector('text=Choose the field to measure.')
    await page.fill('dialog input >> nth=0', 'took')
    await page.keyboard.press('Tab')
    await page.waitForSelector('dialog .time-chart')
    await page.fill('dialog [aria-label="Name of the dashboard"]', `Kitchen ${run}`)
    await page.locator('dialog button', { hasText: 'Add to dashboard' }).click()
    await page.locator('dialog a', { hasText: 'Added: open it' }).click()
    await page.waitForURL(`**/dashboards/kitchen-${run}*`)
    await page.waitForSelector('text=avg(took) · pan')
    await settle(page)
    expect(await page.locator('.notice.failed').count()).toBe(0)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('is a file with every record', async () => {
    const { page } = await open(of(mill))
    await page.waitForSelector('.log-panel .log')
    const [download] = await Promise.all([page.waitForEvent('download'), page.selectOption('.log-panel select', 'csv')])
    expect(download.suggestedFilename()).toBe('luneta-logs.csv')
    const lines = readFileSync((await download.path()) as string, 'utf8').trimEnd().split('\n')
    expect(lines.length).toBe(amount + 1)
    await page.context().close()
  })

  it('is a query in the notebook', async () => {
    const { page } = await open(of(kitchen, '&q=pan'))
    await page.locator('.log-panel .log-head a', { hasText: 'Query' }).click()
    await page.waitForURL('**/sql*')
    await page.waitForSelector('.result-row:not(.head)')
    await page.context().close()
  })
})

describe('in Portuguese, on a phone', () => {
  it('reads and fits', async () => {
    const { page, complaints } = await open(of(kitchen), { width: 390, height: 844, language: 'pt-BR', theme: 'light' })
    await page.waitForSelector('.log-panel .log')
    await page.waitForSelector('text=Mais campos')
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
    expect(complaints).toEqual([])
    await page.context().close()
  })
})
