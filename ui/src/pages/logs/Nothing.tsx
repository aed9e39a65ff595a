// Why there are no records: none at all yet, or what narrows them down to nothing, and what each of that takes away.
import { useSql, useStatus } from '../../api/query'
import { Icon } from '../../components/Icon'
import { NoData } from '../../components/Notice'
import { t } from '../../i18n/translate'
import { removeFilter, setRange } from '../../url/state'
import { conditionsOf, withoutQuery, type LogScope } from './queries'
import { without } from './search/parse'

interface NothingProps {
  scope: LogScope
  onSearch: (search: string) => void
}

const askedMost = 12

export function Nothing({ scope, onSearch }: NothingProps) {
  const status = useStatus()
  const conditions = conditionsOf(scope).slice(0, askedMost)
  const counts = useSql(conditions.length > 0 ? withoutQuery(scope).text : null)
  if (status.data?.signals.logs.rows === 0) return <NoData />
  const brings = conditions.map((_, index) => (counts.data ? Number(counts.data.rows[0]?.[index] ?? 0) : null))
  const helps = brings.some((records) => (records ?? 0) > 0)
  return (
    <div class="notice">
      <Icon name="empty" size={26} />
      <strong>{t('notice.nothing')}</strong>
      <p>{t(conditions.length === 0 ? 'notice.nothing.range' : helps ? 'logs.nothing.without' : 'notice.nothing.filters')}</p>
      <div class="row wrap">
        {conditions.map(({ label, filter, term }, index) => (
          <button key={label} class="button small" onClick={() => (filter ? removeFilter(filter) : onSearch(without(scope.search, term ?? 0)))}>
            <Icon name="close" size={13} /> <span class="cut">{label.slice(0, 80)}</span>
            {brings[index] !== null && <span class="quiet num">+ {t('logs.count', { n: brings[index] ?? 0 })}</span>}
          </button>
        ))}
        {conditions.length > 1 && <button class="button small" onClick={() => onSearch('')}>{t('logs.search.clear')}</button>}
        <button class="button small" onClick={() => setRange({ kind: 'relative', span: '7d' })}>
          <Icon name="clock" size={13} /> {t('notice.widen')}
        </button>
      </div>
    </div>
  )
}
