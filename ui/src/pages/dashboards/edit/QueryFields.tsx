import { useEffect, useState } from 'preact/hooks'
import { useSchema } from '../../../api/query'
import { Icon } from '../../../components/Icon'
import { SqlField } from '../../../components/SqlField'
import { t } from '../../../i18n/translate'
import { QueryField } from '../../../promql/QueryField'
import type { Range } from '../../../time/range'
import { queryLanguages, type Panel, type Query, type QueryLanguage } from '../model/document'
import { prepare } from '../panels/prepare'
import type { Context } from '../view/usePanelData'
import { TraceqlField } from '../../traces/bar/TraceqlField'
import { boundsTime } from '../variables/macros'
import { altered, CheckField, SelectField, TextField } from './fields'
import type { Alter } from './PanelEditor'

const labels: Record<QueryLanguage, string> = { promql: 'PromQL', sql: 'SQL', traceql: 'TraceQL' }
const example = 'SELECT time, severity_text, service_name, body, trace_id FROM logs WHERE $__timeFilter(time) ORDER BY time DESC LIMIT 200'

export function QueryFields({ panel, context, alter }: { panel: Panel; context: Context; alter: Alter }) {
  const put = (at: number, query: Query) => alter({ queries: panel.queries.map((one, index) => (index === at ? query : one)) })
  const add = () => {
    const used = new Set(panel.queries.map(({ ref }) => ref))
    const ref = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].find((letter) => !used.has(letter)) ?? `Q${panel.queries.length + 1}`
    alter({ queries: [...panel.queries, { ref, language: panel.queries.at(-1)?.language ?? 'promql', query: '' }] })
  }
  return (
    <div class="stack">
      {panel.queries.map((query, at) => (
        <QueryForm key={at} query={query} put={(next) => put(at, next)} remove={() => alter({ queries: panel.queries.filter((_, index) => index !== at) })} shown={shownOf(panel, query, context)} range={context.range} />
      ))}
      <div class="row">
        <button class="button small" onClick={add}>
          <Icon name="plus" size={13} /> {t('dash.query.add')}
        </button>
      </div>
    </div>
  )
}

const shownOf = (panel: Panel, { ref }: Query, { range, scope, samples, title }: Context): string =>
  prepare(panel, { range, scope, samples, title, points: 300 }).questions.find((question) => question.ref === ref)?.text ?? ''

interface FormProps {
  query: Query
  put: (query: Query) => void
  remove: () => void
  shown: string
  range: Range
}

const settleMs = 500

function QueryForm({ query, put, remove, shown, range }: FormProps) {
  const [text, setText] = useState(query.query)
  useEffect(() => setText(query.query), [query.query])
  // The preview follows the writing, a moment behind, so that half a word is not asked.
  useEffect(() => {
    if (text === query.query) return
    const timer = setTimeout(() => put({ ...query, query: text }), settleMs)
    return () => clearTimeout(timer)
  }, [text, query])
  return (
    <fieldset class="dash-set">
      <legend>{query.ref}</legend>
      <div class="dash-fields">
        <SelectField label={t('dash.field.language')} value={query.language} items={queryLanguages.map((id) => ({ id, label: labels[id] }))} onChange={(language) => put({ ...query, language })} />
        <TextField label={t('dash.field.legend')} value={query.legend ?? ''} hint="{{label}}" onChange={(legend) => put(altered(query, { legend: legend || undefined }))} />
        <TextField label={t('dash.field.step')} value={query.step ?? ''} hint="15s" onChange={(step) => put(altered(query, { step: step || undefined }))} />
        {query.language === 'promql' && <CheckField label={t('dash.instant')} value={query.instant === true} onChange={(instant) => put(altered(query, { instant: instant || undefined }))} />}
        <CheckField label={t('dash.hidden')} value={query.hidden === true} onChange={(hidden) => put(altered(query, { hidden: hidden || undefined }))} />
        <button class="button small plain" onClick={remove}>
          <Icon name="trash" size={13} /> {t('dash.remove')}
        </button>
      </div>
      {query.language === 'promql' && <QueryField text={query.query} label={`PromQL ${query.ref}`} range={range} onDraft={setText} onRun={(run) => put({ ...query, query: run })} />}
      {query.language === 'sql' && <SqlText text={text} given={query.query} label={`SQL ${query.ref}`} onChange={setText} onRun={() => put({ ...query, query: text })} />}
      {query.language === 'traceql' && <TraceqlField text={query.query} label={`TraceQL ${query.ref}`} range={range} onDraft={setText} onRun={(run) => put({ ...query, query: run })} />}
      {query.language === 'sql' && text.trim() !== '' && !boundsTime(text) && <p class="banner">{t('dash.sql.unbounded')}</p>}
      {shown !== '' && shown !== query.query && <pre class="dash-shown" title={t('dash.query.asked')}>{shown}</pre>}
    </fieldset>
  )
}

function SqlText({ text, given, label, onChange, onRun }: { text: string; given: string; label: string; onChange: (text: string) => void; onRun: () => void }) {
  const schema = useSchema()
  return (
    <div class="query-field">
      <SqlField text={text} given={given} label={label} hint={example} schema={schema.data} onChange={onChange} onRun={onRun} />
    </div>
  )
}
