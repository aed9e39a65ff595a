// Saving: replaces only what was opened. When somebody else saved in between, the choice is the reader's.
import { useState } from 'preact/hooks'
import type { ComponentChildren } from 'preact'
import { useLocation } from 'wouter-preact'
import { ApiError } from '../../../api/client'
import { Icon } from '../../../components/Icon'
import { toast } from '../../../components/Copy'
import { t } from '../../../i18n/translate'
import { Dialog } from '../../../shell/Dialog'
import { bytes } from '../../../time/format'
import { linkTo } from '../../../url/state'
import { largestDocument, titleToId } from '../model/document'
import { writeDashboard } from '../model/write'
import { Conflict, fetchDashboard, saveDashboard, saveNew } from '../storage'
import type { Draft } from './useDraft'

// A copy opens with what was chosen.
function withVariables(address: string): string {
  const chosen = [...new URLSearchParams(location.search)].filter(([name]) => name.startsWith('var-'))
  return chosen.reduce((link, [name, value]) => `${link}&${name}=${encodeURIComponent(value)}`, address)
}

export interface Saving {
  save: () => void
  copy: () => void
  busy: boolean
  dialog: ComponentChildren
}

interface Options {
  id: string
  ready: boolean
  etag: string
  draft: Draft
  reopen: () => void
}

type Problem = { kind: 'conflict' } | { kind: 'failed'; message: string }

export function useSaving({ id, ready, etag: opened, draft, reopen }: Options): Saving {
  const [etag, setEtag] = useState(opened)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [, navigate] = useLocation()
  const attempt = async (action: () => Promise<void>) => {
    if (busy) return
    setBusy(true)
    try {
      const size = new TextEncoder().encode(writeDashboard(draft.dashboard)).length
      if (size > largestDocument) throw new Error(t('dash.tooLarge', { size: bytes(size), most: bytes(largestDocument) }))
      await action()
      setProblem(null)
    } catch (cause) {
      if (cause instanceof Conflict) setProblem({ kind: 'conflict' })
      else setProblem({ kind: 'failed', message: cause instanceof ApiError ? cause.fault.message : cause instanceof Error ? cause.message : String(cause) })
    } finally {
      setBusy(false)
    }
  }
  const put = async (tag: string) => {
    setEtag(await saveDashboard(id, draft.dashboard, tag))
    draft.saved()
    toast(t('dash.saved'))
  }
  const copy = () =>
    void attempt(async () => {
      const title = ready ? draft.dashboard.title : t('dash.copyOf', { title: draft.dashboard.title })
      const made = await saveNew(titleToId(title), { ...draft.dashboard, title })
      draft.drop()
      toast(t('dash.saved'))
      navigate(withVariables(linkTo(`/dashboards/${made.id}`, { edit: '1' })))
    })
  const save = () => (ready ? copy() : void attempt(() => put(etag)))
  const overwrite = () => void attempt(async () => put((await fetchDashboard(id)).etag))
  const theirs = () => {
    draft.drop()
    reopen()
  }
  const dialog = problem && (
    <Dialog title={t(problem.kind === 'conflict' ? 'dash.conflict' : 'dash.notSaved')} close={() => setProblem(null)}>
      <div class="stack dash-queries">
        <p>{problem.kind === 'conflict' ? t('dash.conflict.text') : problem.message}</p>
        {problem.kind === 'conflict' && (
          <div class="row wrap">
            <button class="button" onClick={copy}><Icon name="copy" size={14} /> {t('dash.conflict.copy')}</button>
            <button class="button" onClick={theirs}><Icon name="refresh" size={14} /> {t('dash.conflict.theirs')}</button>
            <button class="button" onClick={overwrite}><Icon name="save" size={14} /> {t('dash.conflict.mine')}</button>
          </div>
        )}
      </div>
    </Dialog>
  )
  return { save, copy, busy, dialog }
}
