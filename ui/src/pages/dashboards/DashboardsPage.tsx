import { useEffect, useMemo, useState } from 'preact/hooks'
import { Link, useLocation } from 'wouter-preact'
import { useLoad } from '../../api/query'
import { ApiError } from '../../api/client'
import { toast } from '../../components/Copy'
import { Icon } from '../../components/Icon'
import { Failed, Skeleton } from '../../components/Notice'
import { Panel } from '../../components/Panel'
import { t } from '../../i18n/translate'
import { TopBar } from '../../shell/TopBar'
import { ago } from '../../time/format'
import { linkTo, useParam } from '../../url/state'
import { download } from '../trace/download'
import { DropZone, ImportDialog } from './list/ImportDialog'
import { NewDialog } from './list/NewDialog'
import { type Dashboard } from './model/document'
import { writeDashboard } from './model/write'
import { readyOnes, type Ready } from './ready/ready'
import { fetchDashboard, listDashboards, removeDashboard, saveNew, type Listed } from './storage'
import './dashboards.css'
import './edit/edit.css'

const matches = (search: string, tag: string, title: string, tags: readonly string[]): boolean =>
  (tag === '' || tags.includes(tag)) && search.toLowerCase().split(/\s+/).every((word) => title.toLowerCase().includes(word) || tags.some((one) => one.toLowerCase().includes(word)))

export default function DashboardsPage() {
  const [asked, setAsked] = useState(0)
  const loaded = useLoad(['dashboards', asked], (signal) => listDashboards(signal))
  const [search, setSearch] = useParam('search')
  const [tag, setTag] = useParam('tag')
  const [importing, setImporting] = useParam('import')
  const [making, setMaking] = useState(false)
  const [dropped, setDropped] = useState<string | null>(null)
  const [removed, setRemoved] = useState<Removed | null>(null)
  const again = () => setAsked(Date.now())
  const listed = useMemo(() => (loaded.data ?? []).filter((one) => matches(search, tag, one.title, one.tags)), [loaded.data, search, tag])
  const ready = readyOnes.filter((one) => matches(search, tag, t(one.title), one.tags))
  const tags = [...new Set([...(loaded.data ?? []).flatMap((one) => one.tags), ...readyOnes.flatMap((one) => one.tags)])].sort()
  const onDrop = (text: string) => {
    setDropped(text)
    setImporting('1')
  }
  return (
    <DropZone onText={onDrop}>
      <TopBar title={t('nav.dashboards')} busy={loaded.fetching}>
        <button class="button" onClick={() => setImporting('1')} aria-label={t('dash.import')}>
          <Icon name="upload" size={14} /> <span class="hide-phone">{t('dash.import')}</span>
        </button>
        <button class="button primary" onClick={() => setMaking(true)} aria-label={t('dash.new')}>
          <Icon name="plus" size={14} /> <span class="hide-phone">{t('dash.new')}</span>
        </button>
      </TopBar>
      <div class="filterbar">
        <input class="field small dash-search" data-search placeholder={t('dash.search')} aria-label={t('dash.search')} value={search} onInput={(event) => setSearch(event.currentTarget.value, { replace: true })} />
        {tags.map((one) => (
          <button key={one} class="button small" aria-pressed={one === tag} onClick={() => setTag(one === tag ? '' : one)}>{one}</button>
        ))}
      </div>
      <div class="page stack">
        {removed && <Undo removed={removed} done={() => { setRemoved(null); again() }} />}
        <Panel title={t('dash.own')} flush>
          {loaded.fault && <Failed fault={loaded.fault} retry={again} />}
          {!loaded.data && !loaded.fault && <Skeleton height={90} />}
          {loaded.data?.length === 0 && <p class="dash-none quiet">{t('dash.own.none')}</p>}
          {loaded.data && loaded.data.length > 0 && listed.length === 0 && <NoneFound clear={() => { setSearch(''); setTag('') }} />}
          {listed.length > 0 && <OwnList listed={listed} onRemoved={(one) => { setRemoved(one); again() }} />}
        </Panel>
        <Panel title={t('dash.ready')} note={t('dash.ready.note')} flush>
          {ready.length === 0 ? <NoneFound clear={() => { setSearch(''); setTag('') }} /> : <ReadyList ready={ready} />}
        </Panel>
      </div>
      {importing === '1' && <ImportDialog text={dropped} close={() => { setImporting(''); setDropped(null) }} />}
      {making && <NewDialog close={() => setMaking(false)} />}
    </DropZone>
  )
}

function NoneFound({ clear }: { clear: () => void }) {
  return (
    <p class="dash-none quiet">
      {t('notice.nothing')} <button class="button small" onClick={clear}><Icon name="close" size={12} /> {t('filter.clear')}</button>
    </p>
  )
}

function ReadyList({ ready }: { ready: readonly Ready[] }) {
  return (
    <ul class="dash-items">
      {ready.map(({ id, title, hint, tags }) => (
        <li key={id}>
          <Link href={linkTo(`/dashboards/ready/${id}`, {}, ['range', 'from', 'to'])}>{t(title)}</Link>
          <span class="quiet grow cut">{t(hint)}</span>
          <Tags tags={tags} />
        </li>
      ))}
    </ul>
  )
}

const Tags = ({ tags }: { tags: readonly string[] }) => <span class="row wrap dash-tags">{tags.map((tag) => <span key={tag} class="tag">{tag}</span>)}</span>

interface Removed {
  id: string
  dashboard: Dashboard
}

function OwnList({ listed, onRemoved }: { listed: readonly Listed[]; onRemoved: (removed: Removed) => void }) {
  const [busy, setBusy] = useState('')
  const act = async (id: string, action: () => Promise<void>) => {
    setBusy(id)
    try {
      await action()
    } catch (cause) {
      toast(cause instanceof ApiError ? cause.fault.message : String(cause))
    } finally {
      setBusy('')
    }
  }
  const save = (id: string) => act(id, async () => download(writeDashboard((await fetchDashboard(id)).dashboard), `${id}.json`, 'application/json'))
  // What goes is read first, so that it can come back.
  const remove = (id: string) =>
    act(id, async () => {
      const { dashboard, etag } = await fetchDashboard(id)
      await removeDashboard(id, etag)
      onRemoved({ id, dashboard })
    })
  return (
    <ul class="dash-items">
      {listed.map(({ id, title, tags, updated }) => (
        <li key={id}>
          <Link href={linkTo(`/dashboards/${id}`, {}, ['range', 'from', 'to'])}>{title}</Link>
          <span class="quiet grow cut">{Number.isNaN(Date.parse(updated)) ? id : t('dash.updated', { ago: ago(Date.parse(updated), Date.now()) })}</span>
          <Tags tags={tags} />
          <button class="button small icon plain" disabled={busy === id} onClick={() => void save(id)} title={t('dash.export')} aria-label={`${t('dash.export')}: ${title}`}>
            <Icon name="download" size={13} />
          </button>
          <button class="button small icon plain" disabled={busy === id} onClick={() => void remove(id)} title={t('dash.delete')} aria-label={`${t('dash.delete')}: ${title}`}>
            <Icon name="trash" size={13} />
          </button>
        </li>
      ))}
    </ul>
  )
}

function Undo({ removed, done }: { removed: Removed; done: () => void }) {
  const [, navigate] = useLocation()
  const [fault, setFault] = useState('')
  useEffect(() => setFault(''), [removed])
  const undo = () =>
    void saveNew(removed.id, removed.dashboard).then(
      ({ id }) => {
        done()
        if (id !== removed.id) navigate(linkTo(`/dashboards/${id}`))
      },
      (cause: unknown) => setFault(cause instanceof Error ? cause.message : String(cause)),
    )
  return (
    <div class="banner" role="status">
      {t('dash.deleted', { title: removed.dashboard.title })}
      <button class="button small" onClick={undo}><Icon name="undo" size={13} /> {t('dash.undo')}</button>
      {fault && <span>{fault}</span>}
    </div>
  )
}
