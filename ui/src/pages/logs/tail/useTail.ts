// The live tail: what the server accepts, as it comes.
import type { Signal } from '@preact/signals'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Row } from '../../../api/client'
import { newStreamState, useStream, type StreamState } from '../../../api/stream'
import type { LogRow, TailEvent } from '../../../api/types'
import type { Filter } from '../../../sql/filter'
import { readRecord, type LogRecord } from '../record'
import { matcher, unseen } from '../search/match'
import { parseSearch } from '../search/parse'
import { tailPath } from './tailPath'
import { emptyBuffer, receive, resume, type TailBuffer } from './buffer'

export interface Tail extends TailBuffer {
  paused: boolean
  setPaused: (paused: boolean) => void
  clear: () => void
  state: Signal<StreamState>
  unseen: readonly string[] // fields that the tail does not carry
}

// What comes together comes from several senders: each in its order, but not all.
const newestFirst = (left: LogRecord, right: LogRecord): number => (left.time < right.time ? 1 : left.time > right.time ? -1 : 0)

export function useTail(on: boolean, search: string, filters: readonly Filter[]): Tail {
  const [paused, setPaused] = useState(false)
  const [buffer, setBuffer] = useState<TailBuffer>(emptyBuffer)
  const state = useMemo(newStreamState, [])
  const latest = useRef(paused)
  latest.current = paused
  const terms = useMemo(() => parseSearch(search), [search])
  const matches = useMemo(() => matcher(filters, terms), [filters, terms])
  const path = on ? tailPath(search, filters) : null
  useEffect(() => {
    setBuffer(emptyBuffer)
    setPaused(false)
  }, [on, search, filters])
  useStream<TailEvent>(path, 'rows', ({ rows, dropped }) => {
    const fresh = rows.map((row: LogRow) => readRecord(row as unknown as Row)).filter(matches).reverse().sort(newestFirst)
    if (fresh.length > 0 || dropped > 0) setBuffer((known) => receive(known, fresh, dropped, latest.current))
  }, state)
  const pause = (next: boolean) => {
    setPaused(next)
    if (!next) setBuffer(resume)
  }
  return { ...buffer, paused, setPaused: pause, clear: () => setBuffer(emptyBuffer), state, unseen: unseen(filters, terms) }
}
