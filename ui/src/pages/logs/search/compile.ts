// A search as conditions on the table `logs`. The pages know of searches by `searchConditions` alone.
import { containing, identifier, sql, text, type Sql } from '../../../sql/escape'
import { filterCondition, subjectOf } from '../../../sql/filter'
import { parseSearch, type Term } from './parse'

export const searchConditions = (search: string): Sql[] => parseSearch(search).map(termCondition)

const body = identifier('body')
const never = sql`FALSE`

export function termCondition(term: Term): Sql {
  const found = positive(term)
  // What has no such field does not have the value either.
  return term.not ? sql`(${found}) IS NOT TRUE` : found
}

function positive(term: Term): Sql {
  switch (term.kind) {
    case 'text':
      return sql`${body} ILIKE ${containing(term.text)}`
    case 'id':
      return sql`(${identifier(term.of)} = ${text(term.id)} OR ${body} ILIKE ${containing(term.text)})`
    case 'field':
      return filterCondition(term.filter, 'logs') ?? never
    case 'like':
      return sql`CAST(${subjectOf(term.key, 'logs')} AS VARCHAR) ILIKE ${likePattern(term.pattern)}`
  }
}

const likePattern = (pattern: string): Sql => text(pattern.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%'))
