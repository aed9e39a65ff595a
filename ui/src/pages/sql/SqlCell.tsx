import { useEffect, useRef, useState } from 'preact/hooks'
import { ApiError, runSql } from '../../api/client'
import type { Fault, Schema, SqlAnswer } from '../../api/types'
import { ExportMenu } from '../../components/ExportMenu'
import { Icon } from '../../components/Icon'
import { Failed } from '../../components/Notice'
import { Segmented } from '../../components/Tabs'
import { SqlField } from '../../components/SqlField'
import type { SqlEditor } from '../../editor/SqlEditor'
import { t } from '../../i18n/translate'
import { bytes, count, rate } from '../../time/format'
import type { Cell } from './notebook'
import { ResultChart, chartable } from './ResultChart'
import { ResultTable } from './ResultTable'
import { CellButtons, type CellTools } from './TextCell'

export interface CellHandle {
  insert: (text: string) => void
}

interface SqlCellProps extends CellTools {
  cell: Cell
  schema: Schema | undefined
  runNow: boolean
  onChange: (source: string) => void
  onFocus: () => void
  register: (handle: CellHandle | null) => void
}

interface Run {
  answer: SqlAnswer | null
  fault: Fault | null
  running: boolean
  start: () => void
  cancel: () => void
}

function useRun(source: () => string): Run {
  const [answer, setAnswer] = useState<SqlAnswer | null>(null)
  const [fault, setFault] = useState<Fault | null>(null)
  const [running, setRunning] = useState(false)
  const controller = useRef<AbortController | null>(null)
  const start = async () => {
    controller.current?.abort()
    const mine = new AbortController()
    controller.current = mine
    setRunning(true)
    setFault(null)
    try {
      setAnswer(await runSql(source(), { signal: mine.signal, limit: 10_000 }))
    } catch (cause) {
      if (controller.current === mine) setFault(cause instanceof ApiError ? cause.fault : { kind: 'execution', message: String(cause) })
    } finally {
      if (controller.current === mine) setRunning(false)
    }
  }
  useEffect(() => () => controller.current?.abort(), [])
  return { answer, fault, running, start: () => void start(), cancel: () => controller.current?.abort() }
}

export function SqlCell({ cell, schema, runNow, onChange, onFocus, register, ...tools }: SqlCellProps) {
  const source = useRef(cell.source)
  source.current = cell.source
  const run = useRun(() => source.current)
  const editor = useRef<SqlEditor | null>(null)
  const [view, setView] = useState<'table' | 'chart'>('table')
  useEffect(() => {
    if (runNow) run.start()
  }, [])
  useEffect(() => {
    editor.current?.showFault(run.fault?.position ?? null)
  }, [run.fault])
  const canChart = run.answer !== null && chartable(run.answer)
  return (
    <section class="panel sql-cell" onFocusCapture={onFocus}>
      <SqlField text={cell.source} label={t('sql.editor')} schema={schema} onChange={onChange} onRun={run.start} hold={(made) => {
        editor.current = made
        register(made)
      }} />
      <div class="row wrap cell-bar">
        {run.running ? (
          <button class="button small" onClick={run.cancel}>
            <Icon name="stop" size={13} /> {t('sql.cancel')}
          </button>
        ) : (
          <button class="button small primary" onClick={run.start} disabled={cell.source.trim() === ''}>
            <Icon name="play" size={13} /> {t('sql.run')} <span class="hide-phone">Ctrl ↵</span>
          </button>
        )}
        {run.answer && !run.running && <Stats answer={run.answer} />}
        <span class="push" />
        {canChart && (
          <Segmented
            label={t('sql.view')} selected={view} onSelect={setView}
            items={[
              { id: 'table', label: t('sql.table') },
              { id: 'chart', label: t('sql.chart') },
            ]}
          />
        )}
        <ExportMenu query={() => cell.source} />
        <CellButtons {...tools} />
      </div>
      {run.running && <div class="loading-bar on" />}
      {run.fault && <CellFault fault={run.fault} />}
      {run.answer?.warnings?.map((warning) => (
        <p key={warning} class="banner cell-fault" role="status">
          <Icon name="warn" size={14} /> {warning}
        </p>
      ))}
      {run.answer && !run.fault && (view === 'chart' && canChart ? <ResultChart answer={run.answer} /> : <ResultTable answer={run.answer} />)}
    </section>
  )
}

function Stats({ answer: { stats, truncated } }: { answer: SqlAnswer }) {
  const parts = [
    t('sql.rows', { n: stats.rows_returned }),
    `${rate(stats.elapsed_ms)} ms`,
    t('sql.read', { rows: count(stats.rows_read ?? 0), size: bytes(stats.bytes_read ?? 0), files: count(stats.files ?? 0) }),
  ]
  return (
    <span class="num quiet" role="status">
      {parts.join(' · ')}
      {truncated && (
        <span class="tag warn">
          <Icon name="warn" size={12} /> {t('sql.truncated', { n: stats.rows_returned })}
        </span>
      )}
    </span>
  )
}

function CellFault({ fault }: { fault: Fault }) {
  if (fault.kind === 'cancelled') return <p class="banner cell-fault">{t('fault.cancelled')}</p>
  if (!fault.position) return <Failed fault={fault} />
  return (
    <p class="banner error cell-fault" role="alert">
      <Icon name="error" size={14} />
      <b>{t('sql.faultAt', { line: fault.position.line, column: fault.position.column })}</b>
      <span class="mono">{fault.message}</span>
    </p>
  )
}
