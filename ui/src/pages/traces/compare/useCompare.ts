// Runs a comparison, attribute by attribute, and shows what is known so far.
import { useEffect, useMemo, useState } from 'preact/hooks'
import { ApiError, runSql, toObjects } from '../../../api/client'
import { spanTotals } from '../../../api/tempo'
import type { AttributeKey, Fault } from '../../../api/types'
import { all, type Sql } from '../../../sql/escape'
import { within } from '../../../sql/range'
import type { Range } from '../../../time/range'
import { population, type Unit } from '../plot/queries'
import { overlaps, writeRegion, type Region } from '../plot/region'
import { isOfSingleSpans, type PageQuery } from '../query/pageQuery'
import { conditionOfQuery } from '../query/sqlOf'
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
  source: Sql | null // the spans in SQL, once these are known to be the ones meant
  warning: string | null
}

const start: Comparing = { sides: emptySides, counted: emptySides, distributions: [], done: 0, total: 0, running: true, fault: null, failed: [], left: 0, sampling: whole, how: 'sql', source: null, warning: null }

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
  // Counts of keys change while telemetry arrives; only other keys are another comparison.
  const names = useMemo(() => keys?.map(({ table, scope, key }) => `${table} ${scope} ${key}`).sort().join('\n'), [keys])
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
  }, [query.whole, filters, String(range.from), String(range.to), unit, writeRegion(region), names])
  return state
}

type Asked = CompareRequest & { keys: readonly AttributeKey[] }
type Run = (request: Asked, report: Report, signal: AbortSignal) => Promise<void>

// Statements under way at once: more would only keep the server from others.
const lanes = 3

const bySql: Run = async (request, report, signal) => {
  const of = population(request.range, request.query.filters, request.unit)
  await bySource(of, await readSides(sidesQuery(of, request.region), signal), request, report, signal)
}

async function bySource(of: Sql, sides: Sides, { range, region, keys }: Asked, report: Report, signal: AbortSignal): Promise<void> {
  const sampling = samplingFor(sides)
  const source = sampledPopulation(of, region, sampling)
  const counted = sampling.inside > 1 || sampling.outside > 1 ? await readSides(sidesQuery(source, region), signal) : sides
  const { fields, left } = fieldsToCompare(keys, region)
  report({ how: 'sql', source, sides, counted, sampling, left, total: fields.length })
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

// SQL where it finds as many spans on both sides as TraceQL does, since it gives one attribute after the other.
const byTempo: Run = async (request, report, signal) => {
  const { query, range, region } = request
  const sides = await sidesByTempo(query.whole, region, range, signal)
  report({ sides, counted: sides, how: 'compare' })
  if (sides.inside === 0 || sides.outside === 0) return
  const of = sourceOf(query, range)
  const known = of && (await readSides(sidesQuery(of, region), signal).catch(() => null))
  if (of && known?.inside === sides.inside && known.outside === sides.outside) return bySource(of, sides, request, report, signal)
  // Structure and pipelines are beyond compare().
  if (!isOfSingleSpans(query.whole)) return bySample(query.whole, region, range, report, signal)
  try {
    const answer = await spanTotals(compareQuery(query.whole, region), range, signal)
    report({ total: 1, distributions: distributionsOfCompare(answer).filter(({ field }) => !(field === 'status' && region.kind === 'errors')), done: 1, warning: answer.message ?? null })
  } catch (cause) {
    if (signal.aborted || !(cause instanceof ApiError) || cause.status !== 400) throw cause
    await bySample(query.whole, region, range, report, signal)
  }
}

function sourceOf({ whole: text }: PageQuery, range: Range): Sql | null {
  const condition = conditionOfQuery(text)
  return condition && all([within('start_time', range), condition])
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
