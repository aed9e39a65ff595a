// How often the values of fields occur in what is asked for; opening one is part of the address.
import { useMemo, useState } from 'preact/hooks'
import { column } from '../../../api/client'
import { useSchema, useSql } from '../../../api/query'
import { Icon } from '../../../components/Icon'
import { Gate } from '../../../components/Notice'
import { ServiceDot } from '../../../components/Service'
import { ShowQuery } from '../../../components/ShowQuery'
import { t } from '../../../i18n/translate'
import { compact, count } from '../../../time/format'
import { addFilter, removeFilter } from '../../../url/state'
import type { Filter } from '../../../sql/filter'
import { toggleFacet, useFacets } from '../parameters'
import { facetQuery, type LogScope } from '../queries'
import { offered } from './offered'

const always = ['severity', 'service']
const fewest = 8
const most = 60

export function Facets({ scope }: { scope: LogScope }) {
  const chosen = useFacets()
  const schema = useSchema()
  const fields = useMemo(() => offered(schema.data?.attribute_keys ?? []), [schema.data])
  const closed = fields.filter((field) => !chosen.includes(field))
  return (
    <aside class="facets" aria-label={t('logs.facets')}>
      {always.map((field) => (
        <Facet key={field} scope={scope} field={field} title={t(field === 'severity' ? 'logs.severity' : 'logs.service')} />
      ))}
      {chosen.filter((field) => !always.includes(field)).map((field) => (
        <Facet key={field} scope={scope} field={field} title={field.replace(/^resource:/, '')} close={() => toggleFacet(field)} />
      ))}
      {closed.length > 0 && <MoreFacets fields={closed} />}
    </aside>
  )
}

function MoreFacets({ fields }: { fields: readonly string[] }) {
  const [find, setFind] = useState('')
  const found = fields.filter((field) => field.toLowerCase().includes(find.toLowerCase()))
  return (
    <section class="panel facet" aria-label={t('logs.facets.more')}>
      <h3>{t('logs.facets.more')}</h3>
      {fields.length > fewest && (
        <input class="field small facet-find" value={find} placeholder={t('logs.facets.find')} aria-label={t('logs.facets.find')} onInput={({ currentTarget }) => setFind(currentTarget.value)} />
      )}
      <ul class="facet-offers">
        {found.slice(0, find === '' ? fewest : most).map((field) => (
          <li key={field}>
            <button class="facet-value" onClick={() => toggleFacet(field)}>
              <Icon name="plus" size={12} /> <span class="cut">{field.replace(/^resource:/, '')}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

interface FacetProps {
  scope: LogScope
  field: string
  title: string
  close?: () => void
}

function Facet({ scope, field, title, close }: FacetProps) {
  const [all, setAll] = useState(false)
  const query = facetQuery(scope, field, (all ? most : fewest) + 1)
  const loaded = useSql(query.text)
  return (
    <section class="panel facet" aria-label={title}>
      <h3>
        <span class="cut" title={field}>{title}</span>
        <span class="facet-tools">
          <ShowQuery query={query} />
          {close && (
            <button class="button small icon plain" onClick={close} aria-label={t('logs.facets.close', { field })} title={t('logs.facets.close', { field })}>
              <Icon name="close" size={12} />
            </button>
          )}
        </span>
      </h3>
      <Gate of={loaded} height={80}>
        {(data) => {
          const values = column(data, 'value').map(String)
          const counts = column(data, 'records').map(Number)
          const limit = all ? most : fewest
          if (values.length === 0) return <p class="quiet facet-none">{t('logs.noneInRange')}</p>
          return (
            <>
              <ul>
                {values.slice(0, limit).map((value, index) => (
                  <FacetValue key={value} field={field} value={value} records={counts[index] ?? 0} most={Math.max(1, ...counts)} filters={scope.filters} />
                ))}
              </ul>
              {values.length > limit && (all ? <p class="quiet facet-none">{t('logs.facets.cut', { n: most })}</p> : <button class="button small plain" onClick={() => setAll(true)}>{t('logs.facets.all')}</button>)}
            </>
          )
        }}
      </Gate>
    </section>
  )
}

interface FacetValueProps {
  field: string
  value: string
  records: number
  most: number
  filters: readonly Filter[]
}

function FacetValue({ field, value, records, most: highest, filters }: FacetValueProps) {
  const same = filters.filter(({ key }) => key === field)
  const chosen = same.find((filter) => filter.op === '=' && filter.value === value)
  const excluded = same.find((filter) => filter.op === '!=' && filter.value === value)
  const choose = () => {
    for (const filter of same) if (filter.op === '=' || filter === excluded) removeFilter(filter)
    if (!chosen) addFilter({ key: field, op: '=', value })
  }
  const exclude = () => {
    if (chosen) removeFilter(chosen)
    if (excluded) removeFilter(excluded)
    else addFilter({ key: field, op: '!=', value })
  }
  return (
    <li class={`facet-row ${excluded ? 'excluded' : ''}`}>
      <button class={`facet-value ${field === 'severity' ? `sev sev-${value}` : ''}`} aria-pressed={Boolean(chosen)} onClick={choose} title={`${value} · ${count(records)}`}>
        {field === 'service' && <span class="service"><ServiceDot name={value} /></span>}
        {field === 'severity' && <i />}
        <span class="cut">{value === '' ? '∅' : value}</span>
        <span class="num quiet push">{compact(records)}</span>
        <em style={{ width: `${(records / highest) * 100}%` }} />
      </button>
      <button class="button small icon plain facet-exclude" aria-pressed={Boolean(excluded)} onClick={exclude} aria-label={t('logs.facets.exclude', { value })} title={t('logs.facets.exclude', { value })}>
        <Icon name="exclude" size={12} />
      </button>
    </li>
  )
}
