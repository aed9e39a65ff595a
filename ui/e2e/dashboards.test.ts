import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { address, launch, seriesOf, settle, visit, waitFor } from './browser'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
  await waitFor('rate of calls, counted from spans', async () => (await seriesOf('rate(traces_spanmetrics_calls_total[5m])')) > 0)
  await waitFor('request of a Python service by route: that takes two exports', async () => (await seriesOf('rate(http_server_request_duration_seconds_count{http_route!=""}[5m])')) > 0)
}, 300_000)
afterAll(() => browser.close())

const made = new Set<string>()
const endpoint = (id: string): string => `${address}/api/dashboards/${id}`

// What a test leaves behind would be in the way of the next run.
afterEach(async () => {
  for (const id of made) {
    const response = await fetch(endpoint(id))
    if (response.ok) await fetch(endpoint(id), { method: 'DELETE', headers: { 'if-match': response.headers.get('etag') ?? '' } })
  }
  made.clear()
})

async function keep(id: string, document: object): Promise<void> {
  made.add(id)
  const response = await fetch(endpoint(id), { method: 'PUT', headers: { 'content-type': 'application/json', 'if-none-match': '*' }, body: JSON.stringify(document) })
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
}

const kept = async (id: string): Promise<{ title: string; panels: { id: number; title: string; place: { x: number; y: number; w: number; h: number }; queries: { query: string }[] }[] }> =>
  (await fetch(endpoint(id))).json() as never

const broken = { id: 3, type: 'stat', title: 'Broken', place: { x: 18, y: 0, w: 6, h: 4 }, queries: [{ ref: 'A', language: 'promql', query: 'sum(' }] }

const small = (title: string, more: object[] = []): object => ({
  version: 1, title, tags: ['e2e'], time: '15m',
  variables: [
    { name: 'service', type: 'query', query: 'label_values(traces_spanmetrics_calls_total, service)', sort: 'name', multi: true, all: true },
    { name: 'size', type: 'custom', query: '1, 2' },
  ],
  panels: [
    { id: 1, type: 'stat', title: 'Answer $size', place: { x: 0, y: 0, w: 6, h: 4 }, queries: [{ ref: 'A', language: 'promql', query: 'vector($size * 21)' }] },
    { id: 2, type: 'timeseries', title: 'Calls', place: { x: 6, y: 0, w: 12, h: 8 }, queries: [{ ref: 'A', language: 'promql', query: 'sum by (service) (rate(traces_spanmetrics_calls_total{service=~"$service"}[$__rate_interval]))', legend: '{{service}}' }] },
    ...more,
  ],
})

const place = (page: Page, title: string): Promise<string> => page.locator(`.dash-slot:has([aria-label="${title}"])`).evaluate((slot: HTMLElement) => `${slot.style.gridColumn} ${slot.style.gridRow}`)

describe('the list of dashboards', () => {
  it('finds by word and tag', async () => {
    await keep('e2e-list', small('Lighthouse of tests'))
    const { page, complaints } = await visit(browser, '/dashboards')
    await page.waitForSelector('.dash-items >> text=Lighthouse of tests')
    await page.fill('[data-search]', 'nothing has this name')
    await page.waitForSelector('text=Nothing matches')
    await page.fill('[data-search]', 'lighthouse')
    await page.waitForFunction(() => document.querySelectorAll('.dash-items li').length === 1)
    await page.fill('[data-search]', '')
    await page.click('.filterbar >> text=python')
    await page.waitForFunction(() => !document.body.textContent?.includes('Lighthouse of tests'))
    expect(page.url()).toContain('tag=python')
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('goes there by key, and makes one', async () => {
    made.add('made-by-a-test')
    const { page } = await visit(browser, '/')
    await page.keyboard.press('g')
    await page.keyboard.press('d')
    await page.waitForURL('**/dashboards')
    await page.click('button[aria-label="New dashboard"]')
    await page.fill('dialog input', 'Made by a test')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/dashboards/made-by-a-test?*edit=1*')
    await page.waitForSelector('text=No panels yet')
    await page.context().close()
  })

  it('deletes, and takes it back', async () => {
    await keep('e2e-undo', small('Gone and back'))
    const { page } = await visit(browser, '/dashboards')
    await page.click('button[aria-label="Delete: Gone and back"]')
    await page.waitForSelector('text=“Gone and back” is deleted.')
    expect((await fetch(endpoint('e2e-undo'))).status).toBe(404)
    await page.click('.banner >> text=Undo')
    await page.waitForSelector('.dash-items >> text=Gone and back')
    expect((await kept('e2e-undo')).title).toBe('Gone and back')
    await page.context().close()
  })
})

describe('a dashboard', () => {
  it('puts variables into titles and queries, from the address and by hand', async () => {
    await keep('e2e-view', small('Variables'))
    const { page, complaints } = await visit(browser, '/dashboards/e2e-view?var-size=2')
    await page.waitForSelector('.dash-stats >> text=42')
    await page.waitForSelector('h2 >> text=Answer 2')
    await page.selectOption('.dash-variable:has-text("size") select', '1')
    await page.waitForSelector('.dash-stats >> text=21')
    expect(page.url()).toContain('var-size=1')
    expect(page.url()).toContain('range=15m')
    await page.click('button[aria-label^="service:"]')
    const first = page.locator('.dash-choice-list label').nth(1)
    const name = (await first.textContent())?.trim() ?? ''
    await first.locator('input').check()
    await page.waitForFunction((value) => location.search.includes(`var-service=${value}`), name)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('keeps the fault of a panel in the panel', async () => {
    await keep('e2e-fault', small('Faults', [broken]))
    const { page } = await visit(browser, '/dashboards/e2e-fault')
    await page.waitForSelector('section[aria-label="Broken"] >> text=The query does not parse')
    await page.waitForSelector('section[aria-label="Calls"] canvas')
    await page.context().close()
  })

  it('shows the query, and opens it in the explorer', async () => {
    await keep('e2e-query', small('Queries'))
    const { page } = await visit(browser, '/dashboards/e2e-query')
    await page.locator('section[aria-label="Calls"] button[aria-label="Show query: Calls"]').click()
    await page.waitForSelector('dialog pre >> text=rate(traces_spanmetrics_calls_total')
    expect(await page.textContent('dialog pre')).not.toContain('$')
    await page.click('dialog >> text=Open in explorer')
    await page.waitForURL('**/metrics-explorer?*')
    await page.context().close()
  })

  it('asks only for panels that are in view', async () => {
    const panels = Array.from({ length: 30 }, (_, at) => ({ id: at + 1, type: 'stat', title: `p${at}`, place: { x: 0, y: at * 6, w: 24, h: 6 }, queries: [{ ref: 'A', language: 'promql', query: `vector(${at})` }] }))
    await keep('e2e-lazy', { version: 1, title: 'Lazy', tags: [], time: '1h', variables: [], panels })
    const { page } = await visit(browser, '/')
    let asked = 0
    page.on('request', (request) => {
      if (request.url().includes('/api/v1/query_range')) asked += 1
    })
    await page.goto(`${address}/dashboards/e2e-lazy`)
    await page.waitForSelector('section[aria-label="p0"] .dash-stats')
    await settle(page)
    expect(asked).toBeGreaterThan(1)
    expect(asked).toBeLessThan(12)
    await page.locator('section[aria-label="p29"]').scrollIntoViewIfNeeded()
    await page.waitForSelector('section[aria-label="p29"] .dash-stats >> text=29')
    expect(asked).toBeLessThan(25)
    await page.context().close()
  })

  it('fills the page with one panel, and comes back', async () => {
    await keep('e2e-full', small('Full'))
    const { page } = await visit(browser, '/dashboards/e2e-full')
    await page.locator('button[aria-label="Full screen: Calls"]').click()
    await page.waitForFunction(() => document.querySelectorAll('.dash-panel').length === 1)
    expect(page.url()).toContain('panel=2')
    await page.keyboard.press('Escape')
    await page.waitForFunction(() => document.querySelectorAll('.dash-panel').length === 2)
    await page.context().close()
  })

  it('shares one cross-hair among charts and heatmaps', async () => {
    const heat = { id: 4, type: 'heatmap', title: 'Durations', place: { x: 0, y: 8, w: 12, h: 8 }, queries: [{ ref: 'A', language: 'promql', query: 'sum by (le) (rate(traces_spanmetrics_latency_bucket[$__rate_interval]))' }] }
    await keep('e2e-hair', small('Cross-hair', [heat]))
    const { page, complaints } = await visit(browser, '/dashboards/e2e-hair')
    const [plot, cells] = [page.locator('section[aria-label="Calls"] .u-over'), page.locator('section[aria-label="Durations"] .heatmap')]
    await plot.waitFor()
    await cells.waitFor()
    await settle(page)
    const [box, other] = [await plot.boundingBox(), await cells.boundingBox()]
    if (!box || !other) throw new Error('no charts')
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
    await page.waitForSelector('section[aria-label="Durations"] .heatmap-hair')
    await page.mouse.move(other.x + other.width * 0.7, other.y + other.height / 2)
    await page.waitForFunction(() => {
      const [mine, theirs] = ['.u-cursor-x', '.u-over'].map((name) => document.querySelector(`section[aria-label="Calls"] ${name}`)?.getBoundingClientRect())
      return mine && theirs && mine.left > theirs.left + theirs.width * 0.4 && mine.left < theirs.right
    })
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('marks its annotations in charts, and switches them', async () => {
    const annotations = [
      { name: 'Moments', language: 'promql', query: 'vector(time() % 300 < bool 60)', text: 'now and then', colour: 'purple' },
      { name: 'Broken', language: 'sql', query: 'SELECT nothing FROM nowhere' },
    ]
    await keep('e2e-marks', { ...small('Marks'), annotations })
    const { page, complaints } = await visit(browser, '/dashboards/e2e-marks')
    const known = complaints.length
    const chart = page.locator('section[aria-label="Calls"] figcaption')
    await page.waitForFunction(() => document.querySelector('section[aria-label="Calls"] figcaption')?.textContent?.includes('Moments: now and then'))
    await page.waitForSelector('.dash-variables .tag.error')
    await page.locator('button.dash-mark', { hasText: 'Moments' }).click()
    await page.waitForFunction(() => !document.querySelector('section[aria-label="Calls"] figcaption')?.textContent?.includes('Moments'))
    expect(new URL(page.url()).searchParams.getAll('marks')).toEqual(['Moments'])
    expect(await chart.textContent()).not.toBe('')
    // The browser itself reports answers of status 400.
    expect(complaints.slice(known).filter((text) => !text.includes('400'))).toEqual([])
    await page.context().close()
  })

  it('says that it is absent', async () => {
    const { page } = await visit(browser, '/dashboards/there-is-none')
    await page.waitForSelector('.notice.failed')
    await page.context().close()
  })
})

describe('editing', () => {
  it('moves and resizes by keyboard, undoes, and saves', async () => {
    await keep('e2e-edit', small('Edit me'))
    const { page, complaints } = await visit(browser, '/dashboards/e2e-edit?edit=1')
    const grip = page.locator('section[aria-label="Calls"] .dash-grip')
    await grip.waitFor()
    const before = await place(page, 'Calls')
    await grip.focus()
    await page.keyboard.press('Shift+ArrowLeft')
    await page.waitForSelector('.dash-grid [role=status] >> text=Column 7, row 1, 11 wide, 8 high')
    expect(await place(page, 'Calls')).toBe('7 / span 11 1 / span 8')
    await page.click('button[aria-label="Undo"]')
    expect(await place(page, 'Calls')).toBe(before)
    await page.click('button[aria-label="Redo"]')
    await page.click('.dash-edit-bar >> text=Save')
    await page.waitForSelector('.toast >> text=Saved')
    expect((await kept('e2e-edit')).panels.find(({ id }) => id === 2)?.place.w).toBe(11)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('moves by pointer', async () => {
    await keep('e2e-drag', small('Drag me'))
    const { page } = await visit(browser, '/dashboards/e2e-drag?edit=1')
    const grip = page.locator('section[aria-label="Answer 1"] .dash-grip')
    await grip.waitFor()
    const box = await grip.boundingBox()
    if (!box) throw new Error('no grip')
    await page.mouse.move(box.x + 8, box.y + 8)
    await page.mouse.down()
    await page.mouse.move(box.x + 8, box.y + 400, { steps: 8 })
    await page.waitForSelector('.dash-slot.held')
    await page.mouse.up()
    await page.waitForFunction(() => !document.querySelector('.dash-slot.held'))
    await page.waitForSelector('button[aria-label="Undo"]:not([disabled])')
    await page.context().close()
  })

  it('changes a panel with a live preview', async () => {
    await keep('e2e-panel', small('Panels'))
    const { page } = await visit(browser, '/dashboards/e2e-panel?edit=1&panel=1')
    await page.waitForSelector('.dash-preview .dash-stats >> text=21')
    await page.locator('.dash-form label:has-text("Unit") input').fill('percent')
    await page.waitForSelector('.dash-preview .dash-stats >> text=21%')
    await page.locator('.dash-preview .cm-content').click()
    await page.keyboard.press('Control+a')
    await page.keyboard.type('vector(7)')
    await page.waitForSelector('.dash-preview .dash-stats >> text=7%')
    await page.click('.dash-edit-bar >> text=Save')
    await page.waitForSelector('.toast >> text=Saved')
    expect((await kept('e2e-panel')).panels[0]?.queries[0]?.query).toBe('vector(7)')
    await page.context().close()
  })

  it('completes SQL and TraceQL as their pages do', async () => {
    const queries = [{ ref: 'A', language: 'sql', query: 'SELECT 1' }, { ref: 'B', language: 'traceql', query: '{ }' }]
    await keep('e2e-complete', small('Complete', [{ id: 5, type: 'table', title: 'Rows', place: { x: 0, y: 8, w: 12, h: 6 }, queries }]))
    const { page, complaints } = await visit(browser, '/dashboards/e2e-complete?edit=1&panel=5')
    await page.locator('fieldset:has(legend:text-is("A")) .cm-content').click()
    // Typed over a selection, a letter gets an inline style from Chromium, which the policy forbids.
    await page.keyboard.press('Control+a')
    await page.keyboard.press('Delete')
    await page.keyboard.type('SELECT count(*) FROM span_me')
    await page.waitForSelector('.cm-completionLabel >> text=span_metrics')
    await page.keyboard.press('Escape')
    await page.locator('fieldset:has(legend:text-is("B")) .cm-content').click()
    await page.keyboard.press('Control+a')
    await page.keyboard.press('Delete')
    await page.keyboard.type('{ resource.service.n')
    await page.waitForSelector('.cm-completionLabel >> text=resource.service.name')
    expect(complaints.filter((text) => !text.includes('400'))).toEqual([])
    await page.context().close()
  })

  it('loses nobody’s work when two save', async () => {
    await keep('e2e-two', small('Two'))
    const { page } = await visit(browser, '/dashboards/e2e-two?edit=1')
    const grip = page.locator('section[aria-label="Calls"] .dash-grip')
    await grip.waitFor()
    await grip.focus()
    await page.keyboard.press('Shift+ArrowLeft')
    const etag = (await fetch(endpoint('e2e-two'))).headers.get('etag') ?? ''
    await fetch(endpoint('e2e-two'), { method: 'PUT', headers: { 'content-type': 'application/json', 'if-match': etag }, body: JSON.stringify(small('Theirs')) })
    await page.click('.dash-edit-bar >> text=Save')
    await page.waitForSelector('dialog >> text=Somebody else saved this dashboard')
    expect((await kept('e2e-two')).title).toBe('Theirs')
    await page.click('dialog button:has-text("Take theirs")')
    await page.waitForSelector('h1 >> text=Theirs')
    await page.context().close()
  })
})

describe('import', () => {
  const classic = readFileSync(new URL('../src/pages/dashboards/grafana/testdata/classic.json', import.meta.url), 'utf8')

  it('reports what became of each panel, and keeps the dashboard', async () => {
    made.add('shop-overview')
    const { page, complaints } = await visit(browser, '/dashboards')
    await page.click('button[aria-label="Import"]')
    await page.fill('dialog textarea', classic)
    await page.waitForSelector('dialog >> text=Grafana, classic schema')
    await page.waitForSelector('.dash-report >> text=4 unsupported')
    await page.waitForSelector('.dash-report >> text=A pie became bars')
    await page.click('text=Save dashboard')
    await page.waitForURL('**/dashboards/shop-overview*')
    await page.waitForSelector('text=Import report')
    expect(JSON.stringify(await kept('shop-overview'))).toContain('geomap')
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('says what it cannot read', async () => {
    const { page } = await visit(browser, '/dashboards?import=1')
    await page.fill('dialog textarea', '{"hello": 1}')
    await page.waitForSelector('dialog [role=alert]')
    await page.context().close()
  })
})

describe('ready dashboards', () => {
  it('Python service shows requests, and a copy becomes one’s own', async () => {
    const { page, complaints } = await visit(browser, '/dashboards/ready/python-service?range=6h')
    // A demo that has just begun has samples, but none yet at a step of six hours.
    const drawn = () => page.waitForSelector('section[aria-label="Requests by route"] canvas', { timeout: 5000 }).then(() => true, () => false)
    for (let again = 0; again < 24 && !(await drawn()); again++) await page.reload()
    await page.waitForSelector('section[aria-label="Routes"] .sort-row:not(.head)')
    expect(await page.locator('.dash-nothing.failed').count()).toBe(0)
    expect(complaints).toEqual([])
    await page.click('button[aria-label="Save a copy"]')
    await page.waitForURL('**/dashboards/python-service*')
    const id = new URL(page.url()).pathname.split('/').at(-1) ?? ''
    made.add(id)
    expect((await kept(id)).title).toBe('Python service')
    await page.context().close()
  }, 180_000)

  it('Luneta asks nothing that fails', async () => {
    const { page, complaints } = await visit(browser, '/dashboards/ready/luneta')
    await page.setViewportSize({ width: 1440, height: 3200 })
    // Panels ask once they are in view: all of them, here.
    await page.waitForFunction(() => document.querySelectorAll('.dash-panel').length > 10 && !document.querySelector('.dash-wait, .skeleton'))
    expect(await page.locator('.dash-nothing.failed').count()).toBe(0)
    expect(complaints).toEqual([])
    await page.context().close()
  })
})
