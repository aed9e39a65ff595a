import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSampling, weight } from '../src/pages/home/questions/sampling'
import { normalised } from '../src/pages/home/questions/statements/query'
import { identifier, join, sql, text, type Sql } from '../src/sql/escape'
import { askRows, launch, settle, visit } from './browser'

// Asks the server about texts given here, in the place of stored ones.
async function ofTexts(texts: readonly string[], column: string, asked: Sql): Promise<unknown[]> {
  const rows = join(texts.map((value, index) => sql`(${text(String(index))}, ${text(value)})`), ', ')
  const answer = await askRows(sql`SELECT ${asked} AS answer FROM (VALUES ${rows}) AS texts(place, ${identifier(column)}) ORDER BY CAST(place AS BIGINT)`.text)
  return answer.map(({ answer: value }) => value)
}

describe('what a sampled span stands for', () => {
  const cases: [state: string, weight: number][] = [
    ['', 1],
    ['vendor=1', 1],
    ['ot=th:0', 1],
    ['ot=th:8', 2],
    ['ot=th:c', 4],
    ['ot=th:c0', 4],
    ['ot=th:e;rv:123456789abcde', 8],
    ['ot=rv:123456789abcde;th:f', 16],
    ['vendor=th:8, ot=th:c,other=1', 4],
    ['ot=th:ff', 256],
    ['ot=th:ffffffffffffff', 2 ** 56],
    ['ot=th:fd70a4', 2 ** 56 / (2 ** 56 - 0xfd70a4 * 2 ** 32)],
    ['ot=th:xyz', 1],
    ['ot=th:123456789abcdef', 1],
    ['vendor=th:8', 1],
  ]
  it('is read from the trace state', async () => {
    const found = await ofTexts(cases.map(([state]) => state), 'trace_state', weight)
    cases.forEach(([state, expected], index) => expect(Number(found[index]), state).toBeCloseTo(expected, 9))
  })
  it('corrects a count', async () => {
    const rows = await askRows(sql`SELECT count(*) AS spans, count(*) FILTER (WHERE trace_state LIKE '%th:%') AS marked, sum(${weight}) FILTER (WHERE trace_state LIKE '%th:%') AS stands_for
      FROM (VALUES ('ot=th:8'), ('ot=th:c'), ('')) AS spans(trace_state)`.text)
    expect(readSampling(rows[0])).toEqual({ spans: 3, sampled: true, kept: 3 / 7 })
  })
})

describe('statements that differ in values are one', () => {
  const cases: [statement: string, normal: string][] = [
    ['SELECT 1', 'SELECT ?'],
    ["SELECT * FROM a WHERE b = 'it''s' AND c=1.5", 'SELECT * FROM a WHERE b = ? AND c=?'],
    ['SELECT * FROM t1 WHERE id = $1', 'SELECT * FROM t1 WHERE id = ?'],
    ['SELECT * FROM t WHERE id IN (1, 2,3)', 'SELECT * FROM t WHERE id IN (?)'],
    ['SELECT * FROM t WHERE id IN (?, ?, ?, ?)', 'SELECT * FROM t WHERE id IN (?)'],
    ['INSERT INTO t VALUES (%s, %s), (%s, %s)', 'INSERT INTO t VALUES (?)'],
    ['SELECT a,\n   b\nFROM t', 'SELECT a, b FROM t'],
  ]
  it('as the server normalises them', async () => {
    expect(await ofTexts(cases.map(([statement]) => statement), 'statement', normalised(identifier('statement')))).toEqual(cases.map(([, normal]) => normal))
  })
})

describe('home', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launch()
  })
  afterAll(() => browser.close())

  it('asks only what is in view, and the rest when it is scrolled to', async () => {
    const { page, complaints } = await visit(browser, '/?range=24h', { height: 700 })
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.postData() ?? ''))
    expect(await page.locator('.question-slot .awaiting').count()).toBeGreaterThan(0)
    await page.locator('.question-slot').last().scrollIntoViewIfNeeded()
    await page.waitForSelector('.question:has-text("Who consumes most?") .answer')
    await settle(page)
    expect(asked.some((body) => body.includes('enduser.id'))).toBe(true)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('answers every question in a sentence, with its query', async () => {
    const { page } = await visit(browser, '/?range=24h', { height: 3600 })
    await page.waitForFunction(() => !document.querySelector('.awaiting'))
    await settle(page)
    expect(await page.locator('.question').count()).toBe(9)
    expect(await page.locator('.question:has(.answer)').count()).toBe(9)
    expect(await page.locator('.question:has(a[href*="/sql?"])').count()).toBe(9)
    expect(await page.locator('.notice.failed').count()).toBe(0)
    await page.context().close()
  })

  it('keeps the ranking of users in the address, and opens the query', async () => {
    const { page } = await visit(browser, '/?range=24h', { height: 3600 })
    const card = page.locator('.question', { hasText: 'Who consumes most?' })
    await card.locator('.segmented button', { hasText: 'database time' }).click()
    await page.waitForURL('**by=database**')
    await card.locator('a', { hasText: 'Query' }).click()
    await page.waitForURL('**/sql*')
    await page.waitForSelector('.result-row:not(.head)')
    await page.context().close()
  })

  it('leads from a failure to its trace', async () => {
    const { page } = await visit(browser, '/?range=24h', { height: 3600 })
    await page.locator('.question', { hasText: 'Whose fault is it?' }).locator('.origin-links a').first().click()
    await page.waitForURL('**/trace/**')
    await page.waitForSelector('.facts')
    await page.context().close()
  })

  it('names the filter that empties it', async () => {
    const { page } = await visit(browser, '/?range=24h&f=service%3Dnobody', { height: 3600 })
    await page.waitForSelector('.question .notice >> text=service = nobody')
    await page.context().close()
  })
})
