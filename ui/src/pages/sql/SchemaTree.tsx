import { useMemo, useState } from 'preact/hooks'
import type { Loaded } from '../../api/query'
import type { AttributeKey, Schema } from '../../api/types'
import { Gate } from '../../components/Notice'
import { t } from '../../i18n/translate'
import { compact } from '../../time/format'

interface SchemaTreeProps {
  schema: Loaded<Schema>
  onInsert: (text: string) => void
}

export function SchemaTree({ schema, onInsert }: SchemaTreeProps) {
  const [find, setFind] = useState('')
  return (
    <aside class="panel schema-tree" aria-label={t('sql.schema')}>
      <input class="field small" type="search" placeholder={t('sql.findColumn')} aria-label={t('sql.findColumn')} value={find} onInput={(event) => setFind(event.currentTarget.value)} />
      <Gate of={schema} height={240}>{(data) => <Tables schema={data} find={find.toLowerCase()} onInsert={onInsert} />}</Gate>
    </aside>
  )
}

function Tables({ schema, find, onInsert }: { schema: Schema; find: string; onInsert: (text: string) => void }) {
  const keys = useMemo(() => {
    const byTable = new Map<string, AttributeKey[]>()
    for (const key of schema.attribute_keys) byTable.set(key.table, [...(byTable.get(key.table) ?? []), key])
    for (const list of byTable.values()) list.sort((left, right) => right.count - left.count)
    return byTable
  }, [schema])
  return (
    <>
      {schema.tables.map((table) => {
        const columns = table.columns.filter(({ name }) => name.includes(find))
        const attributes = (keys.get(table.name) ?? []).filter(({ key }) => key.toLowerCase().includes(find)).slice(0, 120)
        if (find && columns.length + attributes.length === 0) return null
        return (
          <details key={table.name} open={table.name === 'spans' || find !== ''}>
            <summary>
              <b>{table.name}</b> <span class="quiet num">{table.columns.length}</span>
            </summary>
            <ul>
              {columns.map(({ name, type, description }) => (
                <Entry key={name} name={name} note={shortType(type)} title={`${type}${description ? ` — ${description}` : ''}`} insert={() => onInsert(name)} />
              ))}
              {attributes.length > 0 && <li class="quiet schema-sub">{t('sql.attributeKeys')}</li>}
              {attributes.map(({ scope, key, count }) => (
                <Entry key={scope + key} name={key} note={compact(count)} title={`${scope}['${key}']`} insert={() => onInsert(`${scope}['${key.replaceAll("'", "''")}']`)} />
              ))}
            </ul>
          </details>
        )
      })}
    </>
  )
}

function Entry({ name, note, title, insert }: { name: string; note: string; title: string; insert: () => void }) {
  return (
    <li>
      <button onClick={insert} title={title}>
        <span class="cut mono">{name}</span>
        <span class="quiet push num">{note}</span>
      </button>
    </li>
  )
}

function shortType(type: string): string {
  return type.replace(/[([<].*$/s, '').toLowerCase()
}
