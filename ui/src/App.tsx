import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Route, Router, Switch } from 'wouter-preact'
import { DataProvider } from './api/query'
import { Toast } from './components/Copy'
import { Failed, Skeleton } from './components/Notice'
import { ValueMenu } from './components/Value'
import { t } from './i18n/translate'
import { pages, type Page } from './pages/pages'
import { Shell } from './shell/Shell'
import { basePath } from './url/base'

export function App() {
  return (
    <Router base={basePath}>
      <DataProvider>
        <Shell>
          <Switch>
            {pages.map((page) => (
              <Route key={page.id} path={page.path}>
                <LazyPage page={page} />
              </Route>
            ))}
            <Route>
              <NotFound />
            </Route>
          </Switch>
        </Shell>
        <ValueMenu />
        <Toast />
      </DataProvider>
    </Router>
  )
}

const loadedPages = new Map<string, ComponentType>()

function LazyPage({ page }: { page: Page }) {
  const [, redraw] = useState(0)
  const [failure, setFailure] = useState<string | null>(null)
  const Loaded = loadedPages.get(page.id)
  useEffect(() => {
    if (loadedPages.has(page.id)) return
    page.load().then(
      (module) => {
        loadedPages.set(page.id, module.default)
        redraw((tick) => tick + 1)
      },
      (cause: unknown) => setFailure(String(cause)),
    )
  }, [page.id])
  useEffect(() => {
    document.title = `${t(page.title)} · Luneta`
  })
  if (failure) return <Failed fault={{ kind: 'network', message: failure }} retry={() => location.reload()} />
  if (!Loaded) {
    return (
      <div class="page">
        <Skeleton height={180} />
      </div>
    )
  }
  return <Loaded key={page.id} />
}

function NotFound() {
  return (
    <div class="page">
      <Failed fault={{ kind: 'execution', message: t('shell.notFound', { path: location.pathname }) }} />
    </div>
  )
}
