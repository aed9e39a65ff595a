// Questions in PromQL: several at once, as a graph or as tables, each explained as a tree.
import type { ComponentChildren } from 'preact'
import { useMemo, useRef, useState } from 'preact/hooks'
import { Icon } from '../../../components/Icon'
import { Failed, Skeleton } from '../../../components/Notice'
import { Panel } from '../../../components/Panel'
import { Segmented } from '../../../components/Tabs'
import type { Loaded } from '../../../api/query'
import { t } from '../../../i18n/translate'
import type { Answer, QueryData } from '../../../promql/answer'
import { Remarks } from '../../../promql/Remarks'
import { countOf, keeps, type Keep } from '../../../promql/series'
import { secondsOf, stepsOf } from '../../../promql/steps'
import { promDuration, readPromDuration } from '../../../promql/text'
import { format, unitIds } from '../../../promql/units'
import { useInstantQueries, useRangeQueries } from '../../../promql/usePromql'
import { TopBar } from '../../../shell/TopBar'
import { refresh, setParams, useParam, useParams, useRange } from '../../../url/state'
import { queriesMost, readQueries, refOf, writeQueries, type Written } from './queries'
import { QueryRow } from './QueryRow'
import { lazy } from '../../../components/lazy'
import { GraphResult, type Look } from './GraphResult'

const seriesAsked = 5000
const TableResult = lazy(async () => (await import('./TableResult')).default, <Skeleton height={200} />)

export default function QueryView({ views }: { views: ComponentChildren }) {
  const params = useParams()
  const { range } = useRange()
  const queries = useMemo(() => readQueries(params), [params.getAll('q').join('\0'), params.getAll('legend').join('\0'), params.get('off')])
  const [mode, setMode] = useParam('mode', 'graph')
  const [written] = useParam('step')
  const steps = useMemo(() => stepsOf(range, written ? { step: written } : {}), [range, written])
  const look = useLook()
  const drafts = useRef(new Map<string, string>())
  const asked = queries.map(({ text, off }) => (text.trim() === '' || off ? null : text))
  const table = mode === 'table'
  const time = secondsOf(range.to)
  const ranges = useRangeQueries(table ? [] : asked, steps, { stats: true, limit: seriesAsked })
  const instants = useInstantQueries(table ? asked : [], time, { stats: true, limit: seriesAsked })
  const answers: readonly Loaded<Answer<QueryData>>[] = table ? instants : ranges
  // What is typed and not run yet comes along with every change.
  const change = (edit: (known: Written[]) => Omit<Written, 'ref'>[]) => {
    const current = queries.map((query) => ({ ...query, text: drafts.current.get(query.ref) ?? query.text }))
    drafts.current.clear()
    setParams((next) => writeQueries(next, edit(current)))
  }
  const [added, setAdded] = useState('')
  const add = (text: string) => {
    setAdded(refOf(queries.length))
    change((known) => [...known, { text, legend: '', off: false }])
  }
  const run = () => {
    const same = queries.every(({ ref, text }) => (drafts.current.get(ref) ?? text) === text)
    if (same) refresh()
    else change((known) => known)
  }
  const nothing = asked.every((one) => one === null)
  return (
    <>
      <TopBar title={t('nav.metrics')} range busy={answers.some(({ fetching }) => fetching)} />
      <div class="filterbar">{views}</div>
      <div class="page stack query-page">
        <section class="panel query-panel" aria-label={t('metrics.queries')}>
          {queries.map((query, index) => (
            <QueryRow
              key={query.ref} query={query} alone={queries.length === 1} range={range} time={time} fault={answers[index]?.fault ?? null} focus={added === query.ref || (queries.length === 1 && query.text === '')}
              onDraft={(text) => drafts.current.set(query.ref, text)} onRun={(text) => { drafts.current.set(query.ref, text); run() }}
              onChange={(edit) => change((known) => known.map((one) => (one.ref === query.ref ? { ...one, ...edit } : one)))}
              onRemove={() => change((known) => known.filter(({ ref }) => ref !== query.ref))} onUse={add}
            />
          ))}
          <div class="row wrap">
            <button class="button small primary" onClick={run} title="Enter"><Icon name="play" size={13} /> {t('traces.query.run')}</button>
            {queries.length < queriesMost && <button class="button small" onClick={() => add('')}><Icon name="plus" size={13} /> {t('metrics.query.add')}</button>}
            <Segmented label={t('metrics.mode')} selected={mode} onSelect={(id) => setMode(id)} items={[{ id: 'graph', label: t('metrics.mode.graph') }, { id: 'table', label: t('metrics.mode.table') }]} />
            <Options table={table} look={look} automatic={steps.step} />
          </div>
        </section>
        {nothing && <p class="notice">{t('metrics.query.empty')}</p>}
        {!nothing && !table && <Outcome queries={queries} answers={answers}><GraphResult queries={queries} answers={ranges} steps={steps} look={look} /></Outcome>}
        {table && !nothing && queries.map((query, index) => asked[index] !== null && <Tabled key={query.ref} query={query} answer={instants[index]} unit={look.unit} first={index === 0} several={asked.length > 1} />)}
      </div>
    </>
  )
}

function useLook(): Look {
  const params = useParams()
  return useMemo(() => ({
    unit: params.get('unit') ?? 'short', most: Math.min(500, Math.max(1, Number(params.get('top')) || 50)), keep: keeps.find((one) => one === params.get('keep')) ?? 'max',
    stacked: params.get('stack') === 'on', log: params.get('log') === 'on', exemplars: params.get('exemplars') === 'on',
  }), [params])
}

const tops = [10, 20, 50, 100, 200]
const set = (name: string, value: string, fallback = '') => setParams((params) => (value === fallback ? params.delete(name) : params.set(name, value)), { replace: true })

function Options({ table, look, automatic }: { table: boolean; look: Look; automatic: number }) {
  const [step] = useParam('step')
  const units = unitIds.includes(look.unit) ? unitIds : [look.unit, ...unitIds]
  const onStep = (text: string) => set('step', text.trim() !== '' && readPromDuration(text) !== null ? text.trim() : '')
  return (
    <>
      <label class="tool"><span class="quiet">{t('metrics.unit')}</span>
        <select class="field small" value={look.unit} onChange={({ currentTarget }) => set('unit', currentTarget.value, 'short')}>{units.map((one) => <option key={one} value={one}>{one}</option>)}</select>
      </label>
      {!table && (
        <>
          <label class="tool"><span class="quiet">{t('metrics.step')}</span>
            <input class="field small step-field num" key={step} defaultValue={step} placeholder={promDuration(automatic)} onChange={({ currentTarget }) => onStep(currentTarget.value)} />
          </label>
          <label class="tool"><span class="quiet">{t('metrics.top')}</span>
            <select class="field small" value={String(look.most)} onChange={({ currentTarget }) => set('top', currentTarget.value, '50')}>{(tops.includes(look.most) ? tops : [look.most, ...tops]).map((one) => <option key={one} value={String(one)}>{one}</option>)}</select>
          </label>
          <label class="tool"><span class="quiet">{t('metrics.keep')}</span>
            <select class="field small" value={look.keep} onChange={({ currentTarget }) => set('keep', currentTarget.value as Keep, 'max')}>{keeps.map((one) => <option key={one} value={one}>{t(`graph.figure.${one}`)}</option>)}</select>
          </label>
          <button class="button small" aria-pressed={look.stacked} onClick={() => set('stack', look.stacked ? '' : 'on')}>{t('metrics.stacked')}</button>
          <button class="button small" aria-pressed={look.log} onClick={() => set('log', look.log ? '' : 'on')}>{t('metrics.log')}</button>
          <button class="button small" aria-pressed={look.exemplars} onClick={() => set('exemplars', look.exemplars ? '' : 'on')}>{t('metrics.exemplars')}</button>
        </>
      )}
    </>
  )
}

// What an answer took.
function statsOf(answer: Loaded<Answer<QueryData>> | undefined): string | null {
  const data = answer?.data?.data
  if (!data?.stats || answer?.fault) return null
  return t('metrics.stats', { series: countOf(data), samples: data.stats.samples.totalQueryableSamples, time: format(data.stats.timings.execTotalTime, 's') })
}

const isCut = (answer: Answer<QueryData> | undefined): boolean => answer?.warnings.some((text) => text.includes('truncated')) ?? false

// Faults stand at their queries; where there is nothing else they stand here too.
function Outcome({ queries, answers, children }: { queries: readonly Written[]; answers: readonly Loaded<Answer<QueryData>>[]; children: ComponentChildren }) {
  const shown = answers.filter((_, index) => !queries[index]?.off && queries[index]?.text.trim() !== '')
  const fault = shown.every((answer) => answer.fault) ? shown[0]?.fault : null
  const known = shown.map(({ data, fault: failed }) => (failed ? undefined : data))
  const note = answers.flatMap((answer, index) => {
    const stats = queries[index]?.off ? null : statsOf(answer)
    return stats === null ? [] : [answers.length > 1 ? `${refOf(index)}: ${stats}` : stats]
  })
  return (
    <Panel title={t('metrics.result')} note={note.join(' · ')}>
      <Remarks answers={known} />
      {known.some(isCut) && <p class="banner">{t('metrics.result.cut', { n: seriesAsked })}</p>}
      {fault ? <Failed fault={fault} retry={() => shown.forEach(({ refetch }) => refetch())} /> : children}
    </Panel>
  )
}

interface TabledProps {
  query: Written
  answer: Loaded<Answer<QueryData>> | undefined
  unit: string
  first: boolean
  several: boolean
}

function Tabled({ query, answer, unit, first, several }: TabledProps) {
  if (!answer || answer.fault) return null
  return (
    <Panel title={several ? `${query.ref}: ${query.text}` : t('metrics.mode.table')} note={statsOf(answer)} flush>
      <div class="table-remarks"><Remarks answers={[answer.data]} /></div>
      {isCut(answer.data) && <p class="banner">{t('metrics.result.cut', { n: seriesAsked })}</p>}
      {answer.data ? <TableResult answer={answer.data} unit={unit} label={t('metrics.query.name', { ref: query.ref })} keys={first} /> : <Skeleton height={200} />}
    </Panel>
  )
}
