// Runs a comparison, attribute by attribute, and shows what is known so far.
import { useEffect, useState } from 'preact/hooks'
import { ApiError, runSql, toObjects } from '../../../api/client'
import { spanTotals } from '../../../api/tempo'
import type { AttributeKey, Fault } from '../../../api/types'
import type { Sql } from '../../../sql/escape'
import type { Range } from '../../../time/range'
import { population, type Unit } from '../plot/queries'
import { overlaps, writeRegion, type Region } from '../plot/region'
import { isOfSingleSpans, type PageQuery } from '../query/pageQuery'
import { compareQuery, distributionsOfCompare } from './compareAnswer'
import { foundSpans, readSpans, sidesByTempo } from './ofTempo'
import { fieldQuery, fieldsToCompare, labelOf, sampledPopulation, samplingFor, sidesQuery, whole, type ComparedField, type Sampling } from './queries'
import { readDistribution } from './readDistribution'
import { statements } from './sample'
import { distributionsOf, emptySides, type Distribution, type SampledSpan, type Sides } from './score'

export interface Comparing {
  sides: Sides // all spans on either side
  counted: Sides // those that were counted: fewer where a sample was
  distributions: readonly Distribution[]
  done: number
  total: number
  running: boolean
  fault: Fault | null
  failed: readonly string[] // attributes that could not be counted
  left: number // attributes that were not compared
  sampling: Sampling
  how: 'sql' | 'compare' | 'sample'
  warning: string | null
}

const start: Comparing = { sides: emptySides, counted: emptySides, distributions: [], done: 0, total: 0, running: true, fault: null, failed: [], left: 0, sampling: whole, how: 'sql', warning: null }

export interface CompareRequest {
  query: PageQuery
  range: Range
  unit: Unit
  region: Region
  keys: readonly AttributeKey[] | undefined
}

type Report = (change: Partial<Comparing> | ((known: Comparing) => Partial<Comparing>)) => void

export function useCompare({ query, range, unit, region, keys }: CompareRequest): Comparing {
  const [state, setState] = useState(start)
  const filters = query.byTempo ? '' : JSON.stringify(query.filters)
  useEffect(() => {
    if (!keys) return
    const controller = new AbortController()
    const report: Report = (change) => {
      if (!controller.signal.aborted) setState((known) => ({ ...known, ...(typeof change === 'function' ? change(known) : change) }))
    }
    setState(start)
    const run = query.byTempo ? byTempo : bySql
    run({ query, range, unit, region, keys }, report, controller.signal)
      .catch((cause: unknown) => report({ fault: cause instanceof ApiError ? cause.fault : { kind: 'execution', message: String(cause) } }))
      .finally(() => report({ running: false }))
    return () => controller.abort()
  }, [query.whole, filters, String(range.from), String(range.to), unit, writeRegion(region), keys])
  return state
}

type Run = (request: CompareRequest & { keys: readonly AttributeKey[] }, report: Report, signal: AbortSignal) => Promise<void>

// Statements under way at once: more would only keep the server from others.
const lanes = 3

const bySql: Run = async ({ query, range, unit, region, keys }, report, signal) => {
  const of = population(range, query.filters, unit)
  const sides = await readSides(sidesQuery(of, region), signal)
  const sampling = samplingFor(sides)
  const source = sampledPopulation(of, region, sampling)
  const counted = sampling.inside > 1 || sampling.outside > 1 ? await readSides(sidesQuery(source, region), signal) : sides
  const { fields, left } = fieldsToCompare(keys, region)
  report({ sides, counted, sampling, left, total: fields.length })
  if (sides.inside === 0 || sides.outside === 0 || !overlaps(region, range)) return
  const waiting = [...fields]
  const lane = async () => {
    for (let field = waiting.shift(); field && !signal.aborted; field = waiting.shift()) await compareField(field, source, region, counted, report, signal)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

async function compareField(field: ComparedField, source: Sql, region: Region, sides: Sides, report: Report, signal: AbortSignal): Promise<void> {
  try {
    const answer = await runSql(fieldQuery(source, region, field, sides).text, { signal })
    const distribution = readDistribution(field, toObjects(answer))
    report(({ done, distributions }) => ({ done: done + 1, distributions: distribution ? [...distributions, distribution] : distributions }))
  } catch (cause) {
    if (signal.aborted) return
    if (cause instanceof ApiError && cause.fault.kind === 'network') throw cause
    report(({ done, failed }) => ({ done: done + 1, failed: [...failed, field.label] }))
  }
}

async function readSides(query: Sql, signal: AbortSignal): Promise<Sides> {
  const [row] = toObjects(await runSql(query.text, { signal }))
  return { inside: Number(row?.['inside'] ?? 0), outside: Number(row?.['outside'] ?? 0) }
}

const byTempo: Run = async ({ query, range, region }, report, signal) => {
  const sides = await sidesByTempo(query.whole, region, range, signal)
  report({ sides, counted: sides, how: 'compare', total: 1 })
  if (sides.inside === 0 || sides.outside === 0) return
  // Structure and pipelines are beyond compare().
  if (!isOfSingleSpans(query.whole)) return bySample(query.whole, region, range, report, signal)
  try {
    const answer = await spanTotals(compareQuery(query.whole, region), range, signal)
    report({ distributions: distributionsOfCompare(answer).filter(({ field }) => !(field === 'status' && region.kind === 'errors')), done: 1, warning: answer.message ?? null })
  } catch (cause) {
    if (signal.aborted || !(cause instanceof ApiError) || cause.status !== 400) throw cause
    await bySample(query.whole, region, range, report, signal)
  }
}

async function bySample(query: string, region: Region, range: Range, report: Report, signal: AbortSignal): Promise<void> {
  report({ how: 'sample' })
  const batches = statements(await foundSpans(query, region, range, signal), range)
  report({ total: batches.length })
  const spans: SampledSpan[] = []
  for (const batch of batches) {
    spans.push(...(await readSpans(batch, signal)))
    const { sides, distributions } = distributionsOf(spans, labelOf)
    report(({ done }) => ({ done: done + 1, counted: sides, distributions: distributions.filter(({ field }) => !(field === 'status' && region.kind === 'errors')) }))
  }
}
