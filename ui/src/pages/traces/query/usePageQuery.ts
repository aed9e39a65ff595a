// The page's query as the address says it.
import { useMemo } from 'preact/hooks'
import { useSchema } from '../../../api/query'
import { writeFilter, type Filter } from '../../../sql/filter'
import { setParams, useFilters, useParam } from '../../../url/state'
import type { TypeOf } from './chips'
import { combine, placeOf, typesOf, type PageQuery } from './pageQuery'

export function useTypes(): { typeOf: TypeOf; known: boolean } {
  const schema = useSchema()
  return useMemo(() => ({ typeOf: typesOf(schema.data?.attribute_keys ?? []), known: schema.data !== undefined || schema.fault !== null }), [schema.data, schema.fault])
}

export function usePageQuery(): PageQuery {
  const { typeOf } = useTypes()
  const filters = useFilters()
  const [text] = useParam('q')
  return useMemo(() => combine(text.trim(), filters, typeOf), [text, filters, typeOf])
}

// Filters that stand only for other signals stay as they are.
export function applyText(written: string, typeOf: TypeOf, kept: readonly Filter[]): void {
  const { filters, text } = placeOf(written, typeOf)
  setParams((params) => {
    params.delete('q')
    params.delete('f')
    if (text !== '') params.set('q', text)
    for (const filter of [...kept, ...filters]) params.append('f', writeFilter(filter))
  })
}

