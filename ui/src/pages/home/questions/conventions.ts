// Semantic conventions renamed their keys over time, so a question asks for the first of several that has a value; of
// those that were ever sent, because looking for a key that nobody sends means looking into every row.
import type { Schema } from '../../../api/types'
import { attribute, sql, type Sql } from '../../../sql/escape'

export type Sent = (key: string) => boolean

export const anyKey: Sent = () => true

export function sentKeys(schema: Schema | undefined): Sent {
  if (!schema) return anyKey
  const keys = new Set(schema.attribute_keys.filter(({ table, scope }) => table === 'spans' && scope === 'attributes').map(({ key }) => key))
  return (key) => keys.has(key)
}

export function firstOf(sent: Sent, keys: readonly string[]): Sql {
  const [first, ...others] = keys.filter(sent).map((key) => attribute('attributes', key))
  if (!first) return sql`NULL`
  return others.length === 0 ? first : sql`coalesce(${others.reduce((left, right) => sql`${left}, ${right}`, first)})`
}

export const userKeys = ['user.id', 'enduser.id']
export const statementKeys = ['db.query.text', 'db.statement']
export const databaseKeys = ['db.system.name', 'db.system']
export const inputTokenKeys = ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens']
export const outputTokenKeys = ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens']
export const httpStatusKeys = ['http.response.status_code', 'http.status_code']
export const httpMethodKeys = ['http.request.method', 'http.method']
export const grpcStatusKeys = ['rpc.grpc.status_code']
export const peerKeys = ['peer.service', 'server.address', 'net.peer.name', 'db.system.name', 'db.system', 'messaging.system']
export const addressKeys = ['server.address', 'net.peer.name']
export const portKeys = ['server.port', 'net.peer.port']
