// Proposals for the editor, from what the server knows of the page's time.
import { tagScopes, tagValues, type TagScope, type TagValue } from '../../../api/tempo'
import type { Proposal, Proposals } from '../../../editor/TraceqlEditor'
import type { Range } from '../../../time/range'
import { intrinsics, quote } from '../query/comparison'
import { stageOffers, wantedAt } from '../query/completion'
import { isPlainKey } from '../query/tokens'

const valuesMost = 60

export class Proposer {
  private scopes: Promise<TagScope[]> | null = null
  private readonly values = new Map<string, Promise<TagValue[]>>()
  private readonly range: Range

  constructor(range: Range) {
    this.range = range
  }

  // Behind a whole query nothing is proposed until somebody asks: Enter is to run it.
  async propose(text: string, at: number, asked: boolean): Promise<Proposals | null> {
    const wanted = wantedAt(text, at)
    if (!wanted) return null
    if (wanted.kind === 'stage' && !asked && !/\|\s*$/.test(text.slice(0, wanted.from))) return null
    if (wanted.kind === 'stage') return { from: wanted.from, list: stageOffers(text.slice(0, wanted.from)) }
    if (wanted.kind === 'field') return { from: wanted.from, list: fieldOffers(await this.fields(), wanted.typed) }
    const rest = text.slice(at)
    const closes = wanted.quoted && rest.startsWith('"')
    return { from: wanted.from, list: valueOffers(await this.valuesOf(wanted.field), closes) }
  }

  private fields(): Promise<TagScope[]> {
    this.scopes ??= tagScopes(this.range)
    return this.scopes
  }

  private valuesOf(field: string): Promise<TagValue[]> {
    const known = this.values.get(field) ?? tagValues(field, this.range, { limit: valuesMost }).catch(() => [])
    this.values.set(field, known)
    return known
  }
}

// Behind a dot alone stand attributes of spans and resources alike.
export function fieldOffers(scopes: readonly TagScope[], typed: string): Proposal[] {
  const anywhere = typed.startsWith('.')
  const offers = new Map<string, Proposal>()
  for (const { name, tags } of scopes) {
    if (name === 'intrinsic' || (anywhere && name !== 'span' && name !== 'resource')) continue
    for (const tag of tags) {
      const label = `${anywhere ? '' : name}.${isPlainKey(tag) ? tag : quote(tag)}`
      offers.set(label, { label, insert: label, detail: name })
    }
  }
  const own = anywhere ? [] : intrinsics.map((name): Proposal => ({ label: name, insert: name, detail: '' }))
  return [...own, ...offers.values()]
}

export function valueOffers(values: readonly TagValue[], closes: boolean): Proposal[] {
  return values.map(({ type, value }) => {
    const written = type === 'string' ? quote(value) : value
    return { label: written, insert: closes ? written.replace(/"$/, '') : written, detail: '' }
  })
}
