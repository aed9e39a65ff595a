// What the plot shows: from SQL where the query is made of filters, else from Tempo's API.
import { useMemo } from 'preact/hooks'
import { toObjects } from '../../../api/client'
import { useLoad, useSql, type Loaded } from '../../../api/query'
import { searchTraces, spanSeries, type SearchAnswer, type SeriesAnswer } from '../../../api/tempo'
import type { Sql } from '../../../sql/escape'
import type { Range } from '../../../time/range'
import { narrowed, type PageQuery } from '../query/pageQuery'
import { cellsOfSeries, columnsFor, dotsMost, readCells, readDots, stepOf, totalsOf, type Cell, type Dot } from './cells'
import { dotsOfSearch } from './dotsOfSearch'
import { cellsQuery, dotsQuery, population, type Unit } from './queries'

export interface PlotData {
  cells: Loaded<Cell[]>
  dots: Loaded<{ list: Dot[]; partial: boolean }>
  sql: Sql | null
  traceql: string | null
  warning: string | null
}

const searchMost = 1000
const spansOfTrace = 100

const shownStep = (range: Range): number => stepOf(range, columnsFor(window.innerWidth))

// Tempo's times are whole milliseconds.
export const tempoStep = (range: Range): number => Math.max(1e6, shownStep(range))

export const histogramOf = (query: string): string => `${query} | histogram_over_time(duration)`

export function usePlotData(query: PageQuery, range: Range, unit: Unit, single: boolean): PlotData {
  const step = shownStep(range)
  const of = population(range, query.filters, unit)
  const [cellsSql, dotsSql] = [cellsQuery(of, step), dotsQuery(of)]
  const counted = useSql(query.byTempo ? null : cellsSql.text, { limit: 20_000 })
  const series = useLoad(['traces-histogram', query.whole, String(range.from), String(range.to)], (signal) => histograms(query.whole, range, signal), { enabled: query.byTempo })
  const cells = useMemo((): Loaded<Cell[]> => {
    if (query.byTempo) return { ...series, data: series.data && cellsOfSeries(series.data.all, series.data.failed, range, series.data.step) }
    return { ...counted, data: counted.data && readCells(toObjects(counted.data), range, step) }
  }, [query.byTempo, counted.data, counted.fault, counted.fetching, series.data, series.fault, series.fetching, range])
  const few = single && cells.data !== undefined && totalsOf(cells.data).count < dotsMost
  const listed = useSql(few && !query.byTempo ? dotsSql.text : null, { limit: dotsMost })
  const found = useLoad(['traces-dots', query.whole, String(range.from), String(range.to)], (signal) => foundDots(query.whole, range, signal), { enabled: few && query.byTempo })
  const dots = useMemo((): PlotData['dots'] => {
    if (query.byTempo) return { ...found, data: found.data && readFound(found.data, range) }
    return { ...listed, data: listed.data && { list: readDots(toObjects(listed.data), range), partial: false } }
  }, [query.byTempo, listed.data, listed.fault, found.data, found.fault, range])
  return {
    cells, dots,
    sql: query.byTempo ? null : few ? dotsSql : cellsSql,
    traceql: query.byTempo ? (few ? query.whole : histogramOf(query.whole)) : null,
    warning: query.byTempo ? (series.data?.all.message ?? series.data?.failed.message ?? null) : null,
  }
}

interface Histograms {
  all: SeriesAnswer
  failed: SeriesAnswer
  step: number
}

async function histograms(query: string, range: Range, signal: AbortSignal): Promise<Histograms> {
  const step = tempoStep(range)
  const [all, failed] = await Promise.all([
    spanSeries(histogramOf(query), range, step, signal),
    spanSeries(histogramOf(narrowed(query, 'status = error')), range, step, signal),
  ])
  return { all, failed, step }
}

const foundDots = (query: string, range: Range, signal: AbortSignal): Promise<SearchAnswer> =>
  searchTraces(`${query} | select(status, resource.service.name)`, range, { limit: searchMost, spans: spansOfTrace }, signal)

function readFound(answer: SearchAnswer, range: Range): { list: Dot[]; partial: boolean } {
  const list = dotsOfSearch(answer, range)
  return { list: list.slice(0, dotsMost), partial: answer.traces.length >= searchMost || list.length > dotsMost }
}

export interface Slowest {
  trace: string
  span: string
}

// The slowest span of a cell where the counts do not name it: among the newest traces of the cell.
export async function slowestOf(cell: Cell, query: string, range: Range): Promise<Slowest | null> {
  const from = range.from + BigInt(Math.round(cell.at))
  const bounds = `duration > ${Math.round(cell.low)}ns && duration <= ${Math.round(cell.high)}ns`
  const answer = await searchTraces(narrowed(query, bounds), { from, to: from + BigInt(cell.width) }, { limit: 200, spans: spansOfTrace })
  let best: (Slowest & { duration: number }) | null = null
  for (const { traceID, spanSets } of answer.traces) {
    for (const span of spanSets.flatMap(({ spans }) => spans)) {
      const lasted = Number(span.durationNanos)
      if (!best || lasted > best.duration) best = { trace: traceID, span: span.spanID, duration: lasted }
    }
  }
  return best
}
