import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launch, runSql, settle, visit } from './browser'

let browser: Browser
let range = ''
beforeAll(async () => {
  browser = await launch()
  const [row] = await runSql(`SELECT max(start_time) - INTERVAL '4 minutes', max(start_time) + INTERVAL '1 second' FROM spans WHERE service_name = 'spam'`)
  range = `from=${String(row?.[0])}&to=${String(row?.[1])}`
})
afterAll(() => browser.close())

const open = async (query: string, options: Parameters<typeof visit>[2] = {}) => visit(browser, `/traces?${query}${query ? '&' : ''}${range}`, options)
const parameter = (page: Page, name: string): string | null => new URL(page.url()).searchParams.get(name)
const structural = `q=${encodeURIComponent('{ } >> { status = error }')}`

async function write(page: Page, text: string): Promise<void> {
  await page.waitForSelector('.cm-content')
  await page.locator('.cm-content').click()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText(text)
  await page.keyboard.press('Control+Enter')
  await settle(page)
}

describe('query of traces', () => {
  it('is chips and text alike', async () => {
    const { page, complaints } = await open('f=service%3Dspam')
    await page.waitForSelector('.chip >> text=service')
    await page.keyboard.press('t')
    await page.waitForSelector('.cm-content >> text=resource.service.name = "spam"')
    await write(page, '{ resource.service.name = "spam" && kind = server && duration > 1ms }')
    await page.waitForFunction(() => new URLSearchParams(location.search).getAll('f').length === 3)
    expect(parameter(page, 'q')).toBeNull()
    await page.locator('.traceql-bar >> text=Chips').click()
    await page.waitForSelector('.chip >> text=SERVER')
    expect(await page.locator('.chip').count()).toBe(3)
    await page.waitForSelector('.trace-row:not(.head)')
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('keeps text that chips cannot say, and shows what it finds', async () => {
    const { page, complaints } = await open('as=text')
    await write(page, '{ } >> { status = error } | select(span.http.route)')
    expect(parameter(page, 'q')).toBe('{ } >> { status = error } | select(span.http.route)')
    await page.locator('.traceql-bar >> text=Chips').click()
    await page.waitForSelector('.text-chip')
    await page.waitForSelector('text=This says more than chips can')
    await page.locator('.trace-row .fold').first().click()
    await page.waitForSelector('.matched li .trace-name')
    expect(await page.locator('.matched li .trace-name').first().getAttribute('href')).toMatch(/\/trace\/[0-9a-f]{32}\?.*span=[0-9a-f]{16}/)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('shows comparisons that filters cannot say as chips too', async () => {
    const { page } = await open(`q=${encodeURIComponent('{ span.http.route != "/x" && rootName =~ "GET.*" }')}`)
    await page.waitForSelector('.trace-row:not(.head)')
    expect(await page.locator('.chip').allTextContents()).toEqual(['span.http.route != "/x"', 'rootName =~ "GET.*"'])
    await page.getByLabel('Remove the filter on rootName =~ "GET.*"').click()
    expect(parameter(page, 'q')).toBe('{ span.http.route != "/x" }')
    await page.context().close()
  })

  it('takes what was typed along when chips are asked for', async () => {
    const { page } = await open('as=text')
    await page.waitForSelector('.cm-content')
    await page.locator('.cm-content').click()
    await page.keyboard.insertText('{ resource.service.name = "eggs" }')
    // One closes the list of proposals, which may open at any moment; the next leaves the editor.
    const focused = page.locator('.cm-focused')
    for (let press = 0; press < 10 && (await focused.count()) > 0; press += 1) {
      await page.keyboard.press('Escape')
      await page.waitForTimeout(200)
    }
    expect(await focused.count()).toBe(0)
    await page.keyboard.press('t')
    await page.waitForSelector('.chip >> text=eggs')
    expect(parameter(page, 'f')).toBe('service=eggs')
    await page.context().close()
  })

  it('says where a fault is', async () => {
    const { page } = await open('as=text')
    await write(page, '{ name = }')
    await page.waitForSelector('.traceql-fault >> text=line 1, column 10')
    await page.waitForSelector('.cm-fault')
    expect(await page.locator('.notice.failed').count()).toBe(0)
    await page.context().close()
  })

  it('proposes fields and values', async () => {
    const { page } = await open('as=text')
    await page.waitForSelector('.cm-content')
    await page.locator('.cm-content').click()
    await page.keyboard.type('{ resource.service.n')
    await page.waitForSelector('.cm-tooltip-autocomplete >> text=resource.service.name')
    // A list that has only just opened takes no keys, lest it be accepted unseen.
    await page.waitForTimeout(200)
    await page.keyboard.press('Enter')
    await page.waitForSelector('.cm-content >> text=resource.service.name')
    await page.keyboard.type(' = ')
    await page.waitForSelector('.cm-tooltip-autocomplete li:has-text("spam")')
    await page.context().close()
  })

  it('names the condition that leaves nothing', async () => {
    const { page } = await open('f=service%3Dspam&f=name%3Dno%20such%20span')
    await page.waitForSelector('text=Nothing matches')
    await page.locator('.notice button', { hasText: /name = no such span.*spans/ }).click()
    await page.waitForSelector('.trace-row:not(.head)')
    await page.context().close()
  })
})

describe('plot of traces', () => {
  it('selects by keyboard', async () => {
    const { page } = await open('')
    await page.locator('.span-plot').focus()
    await page.keyboard.press('ArrowRight')
    await page.waitForSelector('.span-tip')
    await page.keyboard.press('Shift+ArrowUp')
    await page.keyboard.press('Shift+ArrowLeft')
    await page.waitForSelector('.region-bar >> text=Selected')
    expect(parameter(page, 'sel')).toMatch(/^\d+\.\.\d+,\d+\.\.\d+$/)
    await page.keyboard.press('z')
    await page.waitForFunction(() => new URLSearchParams(location.search).getAll('f').some((filter) => filter.startsWith('duration>=')))
    await settle(page)
    await page.waitForSelector('.trace-row:not(.head)')
    await page.context().close()
  })

  it('opens the slowest trace of a cell by keyboard', async () => {
    const { page } = await open('')
    await page.locator('.span-plot').focus()
    await page.keyboard.press('ArrowRight')
    await page.waitForSelector('.span-tip')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/trace/*')
    await page.waitForSelector('.facts')
    await page.context().close()
  })

  it('opens the slowest trace of what text found', async () => {
    const { page } = await open(structural)
    await page.locator('.span-plot').focus()
    await page.keyboard.press('ArrowRight')
    await page.waitForSelector('.span-tip')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/trace/*span=*')
    await page.context().close()
  })

  it('shows single spans, and everything as a table', async () => {
    // Spans of the range may still be on their way while the page asks.
    const [from, to] = ['from', 'to'].map((end) => new URLSearchParams(range).get(end) ?? '')
    const failed = async () => {
      const [row] = await runSql(`SELECT count(*) FROM spans WHERE service_name = 'spam' AND status_code = 'ERROR' AND start_time >= '${from}' AND start_time < '${to}'`)
      return Number(row?.[0])
    }
    const before = await failed()
    const { page, complaints } = await open('f=service%3Dspam&f=status%3DERROR&of=spans&plot=scatter')
    await page.getByLabel('Show as table').click()
    await page.waitForSelector('.plot-table .sort-row:not(.head)')
    const shown = Number(await page.locator('.plot-table [role=table]').getAttribute('aria-rowcount')) - 1
    expect(before).toBeGreaterThan(0)
    expect(shown).toBeGreaterThanOrEqual(before)
    expect(shown).toBeLessThanOrEqual(await failed())
    expect(complaints).toEqual([])
    await page.context().close()
  })
})

describe('comparing traces', () => {
  it('ranks attributes of a rectangle against the rest', async () => {
    const { page, complaints } = await open('')
    const box = await page.locator('.span-plot canvas').boundingBox()
    if (!box) throw new Error('no plot')
    await page.mouse.move(box.x + box.width - 20, box.y + 2)
    await page.mouse.down()
    await page.mouse.move(box.x + 30, box.y + 90, { steps: 5 })
    await page.mouse.up()
    await page.waitForSelector('.region-bar >> text=Selected')
    await page.keyboard.press('c')
    await page.waitForSelector('.difference')
    await page.waitForSelector('.comparison[aria-busy="false"]')
    expect(parameter(page, 'sel')).toMatch(/^\d*\.\.\d*,\d+\.\.\d*$/)
    const scores = (await page.locator('.difference .score em').allTextContents()).map((text) => Number.parseFloat(text.replace('<', '')))
    expect(scores).toEqual([...scores].sort((left, right) => right - left))
    await page.locator('.difference li .button').first().click()
    await page.locator('.span-plot').focus()
    await page.keyboard.press('Escape')
    await page.waitForSelector('text=Nothing is selected yet')
    expect(parameter(page, 'sel')).toBeNull()
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('counts both sides as SQL does, and samples traces of a value', async () => {
    const { page } = await open('of=spans&sel=errors&view=compare')
    await page.waitForSelector('.comparison[aria-busy="false"]')
    const [from, to] = [/from=([^&]*)/, /to=([^&]*)/].map((part) => part.exec(range)?.[1] ?? '')
    const [row] = await runSql(`SELECT count(*) FILTER (WHERE status_code = 'ERROR'), count(*) FILTER (WHERE status_code <> 'ERROR') FROM spans WHERE start_time >= '${from}' AND start_time < '${to}'`)
    expect((await page.locator('.compare-head .side b').allTextContents()).map((text) => Number(text.replaceAll(',', '')))).toEqual([Number(row?.[0]), Number(row?.[1])])
    const card = page.locator('.difference', { hasText: 'http.response.status_code' }).first()
    await card.locator('li', { hasText: '500' }).locator('button[aria-expanded]').click()
    await page.waitForSelector('.samples .trace-name')
    await page.context().close()
  })

  for (const [name, query] of [['text of single spans', '{ span.http.route != "/x" || kind = client }'], ['text of structure', '{ } >> { kind = client }']] as const) {
    it(`works for ${name}`, async () => {
      const { page, complaints } = await open(`q=${encodeURIComponent(query)}&sel=errors&view=compare`)
      await page.waitForSelector('.comparison[aria-busy="false"] .difference')
      await page.locator('.difference .value-name .value').first().click()
      await page.waitForSelector('.menu >> text=Filter by this')
      expect(complaints).toEqual([])
      await page.context().close()
    })
  }
})

describe('files', () => {
  it('are opened from here and from the palette', async () => {
    const { page } = await open('')
    await page.click('text=Open a trace file')
    await page.waitForURL('**/trace/file')
    await page.keyboard.press('Control+k')
    await page.waitForSelector('dialog[open] input:focus')
    await page.keyboard.type('trace file')
    await page.waitForSelector('.palette [role=option] >> text=Open a trace file')
    await page.context().close()
  })
})
