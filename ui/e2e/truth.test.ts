// The questions of the page Home, asked of a server that holds the demo's telemetry, against what the guests of the demo
// know to have happened. The SQL is the cards' own. LUNETA_TRUTH names the demo's truth.jsonl.
import { beforeAll, describe, expect, it } from 'vitest'
import { servicesQuery } from '../src/pages/home/queries'
import { startOfDay } from '../src/pages/home/questions/calendar'
import { answerBusiest } from '../src/pages/home/questions/busiest/answer'
import { answerConsumers } from '../src/pages/home/questions/consumers/answer'
import { anyKey, sentKeys, type Sent } from '../src/pages/home/questions/conventions'
import { consumersQuery, costsQuery } from '../src/pages/home/questions/consumers/query'
import { answerFailures } from '../src/pages/home/questions/failures/answer'
import { answerFallback } from '../src/pages/home/questions/fallback/answer'
import { answerHop } from '../src/pages/home/questions/hop/answer'
import { hopQuery } from '../src/pages/home/questions/hop/query'
import { answerOrigins } from '../src/pages/home/questions/origin/answer'
import { answerRequests, readQuarters } from '../src/pages/home/questions/requests/answer'
import { requestsQuery } from '../src/pages/home/questions/requests/query'
import { readSampling, samplingQuery, traceSample } from '../src/pages/home/questions/sampling'
import { answerStatements } from '../src/pages/home/questions/statements/answer'
import { repeatsQuery, statementsQuery } from '../src/pages/home/questions/statements/query'
import { plant } from '../src/pages/home/questions/troubled/spanTree'
import { troubledQuery } from '../src/pages/home/questions/troubled/query'
import { answerUp } from '../src/pages/home/questions/up/answer'
import { upQuery, upRange } from '../src/pages/home/questions/up/query'
import { parseFilter, type Filter } from '../src/sql/filter'
import { toMilliseconds } from '../src/time/nanoseconds'
import type { Schema } from '../src/api/types'
import { address, askRows } from './browser'
import { readTruth, type Request, type Truth } from './truth'

const record = process.env['LUNETA_TRUTH'] ?? ''
// Requests of the demo's own worker carry no user, those of the guests do.
const guests = [parseFilter('user.id?') as Filter]
const byUser = <T>(items: readonly Request[], value: (mine: Request[]) => T): Record<string, T> =>
  Object.fromEntries([...new Set(items.map(({ user }) => user))].sort().map((user) => [user, value(items.filter((item) => item.user === user))]))
const sum = (items: readonly Request[], value: (item: Request) => number): number => items.reduce((total, item) => total + value(item), 0)
const count = (items: readonly Request[], condition: (item: Request) => boolean): number => items.filter(condition).length
const failed = ({ status }: Request): boolean => status >= 500
const metSilence = ({ fallback, attempts }: Request): boolean => fallback && attempts > 0
const always = traceSample(0)

function expectBetween(value: number, least: number, most: number): void {
  expect(value).toBeGreaterThanOrEqual(least)
  expect(value).toBeLessThanOrEqual(most)
}

// A demo that has just begun needs a while for one of each fault.
async function enough(): Promise<Truth> {
  for (let tries = 0; ; tries += 1) {
    try {
      const truth = readTruth(record)
      if (truth.requests.length >= 200) return truth
    } catch (fault) {
      if (tries >= 120) throw fault
    }
    if (tries >= 120) throw new Error(`${record} holds fewer than 200 requests`)
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
}

describe.skipIf(record === '')('the truth', () => {
  let truth: Truth
  let requests: Request[]
  let spam: Request[]
  let sent: Sent = anyKey
  beforeAll(async () => {
    truth = await enough()
    sent = sentKeys((await (await fetch(`${address}/api/schema`)).json()) as Schema)
    requests = truth.requests
    spam = requests.filter(({ service }) => service === 'spam')
  }, 150_000)

  it('nothing of it was sampled', async () => {
    const [row] = await askRows(samplingQuery(truth.range).text)
    expect(readSampling(row)).toMatchObject({ sampled: false, kept: 1 })
  })

  it('requests: how many, how many failed, how many come from outside', async () => {
    const quarters = readQuarters(await askRows(requestsQuery(truth.range, guests, false).text))
    const total = (key: 'requests' | 'failed' | 'outside') => quarters.reduce((all, quarter) => all + quarter[key], 0)
    expect([total('requests'), total('failed'), total('outside')]).toEqual([requests.length, count(requests, failed), requests.length])
  })

  for (const zone of ['UTC', 'America/Sao_Paulo', 'Asia/Kolkata', 'Pacific/Auckland']) {
    it(`requests of today in ${zone}`, async () => {
      const now = toMilliseconds(truth.range.to)
      const quarters = readQuarters(await askRows(requestsQuery(truth.range, guests, false).text))
      const midnight = startOfDay(now, zone)
      const answer = answerRequests(quarters, now, zone)
      expect(answer.today.soFar).toBe(count(requests, ({ begun }) => begun >= midnight))
      expect(answer.yesterday.whole).toBe(count(requests, ({ begun }) => begun < midnight))
    })
  }

  it('busiest hour: every hour of the day', async () => {
    const now = toMilliseconds(truth.range.to)
    const { cells } = answerBusiest(readQuarters(await askRows(requestsQuery(truth.range, guests, false).text)), now, 'UTC')
    const hours = Array.from({ length: 24 }, (_, hour) => cells.filter((cell) => cell.hour === hour).reduce((total, cell) => total + cell.requests, 0))
    expect(hours).toEqual(Array.from({ length: 24 }, (_, hour) => count(requests, ({ begun }) => new Date(begun).getUTCHours() === hour)))
  })

  it('failures: rate and count of the services that guests ask', async () => {
    const { services, total, worst } = answerFailures(await askRows(servicesQuery(truth.range, [...guests, parseFilter('kind=SERVER') as Filter]).text))
    expect(total).toBe(requests.length)
    expect(services.map(({ service, failed: n, rate }) => [service, n, rate])).toEqual([
      ['spam', count(spam, failed), count(spam, failed) / spam.length],
    ])
    expect(worst?.service).toBe('spam')
  })

  it('failures: of eggs, whom only spam asks', async () => {
    // In a silence the caller leaves. Whether its call reached eggs before that only eggs knows; if it did, and asked for
    // the wrong eggs, eggs goes on to fail. Tries before the last one failed in any case.
    const sure = sum(spam, (item) => (item.status === 502 ? item.attempts : metSilence(item) ? item.attempts - 1 : 0))
    const open = count(spam, (item) => metSilence(item) && (item.kind === 'rotten' || item.kind === 'dragon'))
    const answer = answerFailures(await askRows(servicesQuery(truth.range, [parseFilter('service=eggs') as Filter]).text))
    expect(answer.services.map(({ service }) => service)).toEqual(['eggs'])
    expectBetween(answer.failed, sure, sure + open)
    const asked = sum(spam, ({ attempts }) => attempts) + truth.silences
    expectBetween(answer.total, asked - count(spam, metSilence), asked)
  })

  it('second hop: every call from spam to eggs', async () => {
    const hop = answerHop(await askRows(hopQuery(truth.range, [], always).text)).find(({ client, server }) => client === 'spam' && server === 'eggs')
    const asked = sum(spam, ({ attempts }) => attempts)
    expectBetween(hop?.calls ?? 0, asked - count(spam, metSilence), asked)
    // Measured are the calls that eggs answered well.
    expect(hop?.measured).toBe(count(spam, ({ attempts, status, fallback }) => attempts > 0 && status === 200 && !fallback))
    expect(hop?.p50).toBeGreaterThan(0)
    expect(hop?.share).toBeGreaterThan(0)
    expect(hop?.share).toBeLessThan(1)
  })

  it('origin: whose fault the failures of spam are', async () => {
    const trees = plant(await askRows(troubledQuery(truth.range, [], false, sent).text))
    expect(trees.partial).toBe(false)
    const origins = answerOrigins(trees).find(({ service }) => service === 'spam')
    const faultOf = (origin: string) => count(spam, (item) => failed(item) && item.origin === origin)
    expect([origins?.failures, origins?.own, origins?.unknown]).toEqual([count(spam, failed), faultOf('spam'), 0])
    expect(origins?.from.map(({ service, failures }) => [service, failures])).toEqual([['eggs', faultOf('eggs')]])
  })

  it('fallback: what spam answers when eggs is silent, and when it fails', async () => {
    const edges = answerFallback(plant(await askRows(troubledQuery(truth.range, [], false, sent).text)))
    const edge = edges.find(({ caller, callee }) => caller === 'spam' && callee === 'eggs')
    const [silent, broken] = [count(spam, metSilence), count(spam, ({ status }) => status === 502)]
    expect([edge?.silent.requests, edge?.silent.survived]).toEqual([silent, silent])
    expect([edge?.failed.requests, edge?.failed.survived]).toEqual([broken, 0])
  })

  it('consumers: requests and failures of every user', async () => {
    const rows = await askRows(consumersQuery(truth.range, [], false, sent).text)
    const names = answerConsumers(rows, []).consumers.map(({ user }) => user)
    const { consumers, totals, users } = answerConsumers(rows, await askRows(costsQuery(truth.range, [], false, names, sent).text))
    const found = Object.fromEntries(consumers.map((consumer) => [consumer.user, [consumer.requests, consumer.failed]]).sort())
    expect(found).toEqual(byUser(requests, (mine) => [mine.length, count(mine, failed)]))
    expect([totals.requests, users]).toEqual([requests.length, Object.keys(byUser(requests, () => 0)).length])
    const most = Object.entries(byUser(requests, (mine) => mine.length)).sort(([, left], [, right]) => right - left)[0]?.[0]
    expect(consumers[0]?.user).toBe(most)
    expect(consumers.filter(({ database }) => database > 0).map(({ user }) => user).sort()).toEqual(Object.keys(byUser(spam, () => 0)))
    expect(consumers.reduce((total, { database }) => total + database, 0)).toBeLessThanOrEqual(totals.database)
  })

  it('statements: how often each was run', async () => {
    const statements = answerStatements(await askRows(statementsQuery(truth.range, [], false, sent).text), await askRows(repeatsQuery(truth.range, [], always, sent).text))
    const calls = (begin: string) => statements.filter(({ statement }) => statement.startsWith(begin)).reduce((total, statement) => total + statement.calls, 0)
    const asked = (path: string) => count(spam, (item) => item.path === path)
    expect([calls('WITH RECURSIVE days'), calls('SELECT price FROM menu WHERE dish = ?'), calls('INSERT INTO orders')]).toEqual([
      asked('/report'), asked('/breakfast'), asked('/orders'),
    ])
    // The query that nobody ever looked at takes the most time in all.
    expect(statements[0]?.statement).toMatch(/^WITH RECURSIVE days/)
  })

  it('up: every service was heard of', async () => {
    const states = answerUp(await askRows(upQuery(upRange(truth.range), []).text), toMilliseconds(truth.range.to), null)
    const heard = new Map(states.map(({ name, state }) => [name, state]))
    for (const service of ['spam', 'eggs', 'dice', 'worker', 'etl']) expect([service, heard.get(service)]).toEqual([service, 'receiving'])
  })
})
