// A dashboard while it is changed: every state before, so that each step can be taken back. Drafts outlive the page
// they were made on for as long as the tab is open.
import { useEffect, useState } from 'preact/hooks'
import type { Dashboard } from '../model/document'
import { writeDashboard } from '../model/write'

interface History {
  past: readonly { dashboard: Dashboard; what: string; at: number }[]
  now: Dashboard
  future: readonly Dashboard[]
}

export interface Draft {
  dashboard: Dashboard
  dirty: boolean
  canUndo: boolean
  canRedo: boolean
  change: (edit: (dashboard: Dashboard) => Dashboard, what?: string) => void
  undo: () => void
  redo: () => void
  saved: () => void
  drop: () => void
}

const kept = new Map<string, History>()
const statesMost = 100
// Letters typed one after another are one step.
const togetherMs = 900

export function useDraft(key: string, stored: Dashboard): Draft {
  const [history, setHistory] = useState<History>(() => kept.get(key) ?? { past: [], now: stored, future: [] })
  const [base, setBase] = useState(stored)
  const dirty = history.now !== base && writeDashboard(history.now) !== writeDashboard(base)
  useEffect(() => {
    if (dirty) kept.set(key, history)
    else kept.delete(key)
    if (!dirty) return
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', warn)
    return () => removeEventListener('beforeunload', warn)
  }, [dirty, history])
  const change: Draft['change'] = (edit, what = '') =>
    setHistory(({ past, now }) => {
      const next = edit(now)
      if (next === now) return { past, now, future: [] }
      const last = past.at(-1)
      const joins = what !== '' && last?.what === what && Date.now() - last.at < togetherMs
      const step = { dashboard: now, what, at: Date.now() }
      return { past: joins ? [...past.slice(0, -1), { ...last, at: Date.now() }] : [...past, step].slice(-statesMost), now: next, future: [] }
    })
  const undo = () =>
    setHistory((state) => {
      const last = state.past.at(-1)
      return last ? { past: state.past.slice(0, -1), now: last.dashboard, future: [state.now, ...state.future] } : state
    })
  const redo = () =>
    setHistory((state) => {
      const [next, ...rest] = state.future
      return next ? { past: [...state.past, { dashboard: state.now, what: '', at: 0 }], now: next, future: rest } : state
    })
  return {
    dashboard: history.now, dirty, canUndo: history.past.length > 0, canRedo: history.future.length > 0, change, undo, redo,
    saved: () => setBase(history.now),
    // At once, not after the next drawing: the page may be left before that.
    drop: () => {
      kept.delete(key)
      setHistory({ past: [], now: base, future: [] })
    },
  }
}
