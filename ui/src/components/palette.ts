// Colours of services: colour-blind-safe, remembered per name, and different for the first ten names.
// The first names get the slots that differ most.
import { computed, signal } from '@preact/signals'
import { darkness, readStorage, writeStorage } from '../settings/settings'

const size = 10
const clearestFirst = [0, 1, 2, 3, 6, 5, 4, 8, 7, 9]
const storageKey = 'luneta.service-slots'
const slots = new Map<string, number>(readSlots())

function readSlots(): [string, number][] {
  try {
    return JSON.parse(readStorage(storageKey) ?? '[]') as [string, number][]
  } catch {
    return []
  }
}

function slotOf(service: string): number {
  const known = slots.get(service)
  if (known !== undefined) return known
  const slot = clearestFirst[slots.size % size] ?? 0
  slots.set(service, slot)
  if (slots.size <= 200) writeStorage(storageKey, JSON.stringify([...slots]))
  return slot
}

export const serviceVariable = (service: string): string => `var(--s${slotOf(service)})`

const fontsReady = signal(0)
void document.fonts?.ready.then(() => (fontsReady.value += 1))

// Colours as canvas needs them; recomputed when the theme changes.
const painted = computed(() => {
  void darkness.value
  void fontsReady.value
  const style = getComputedStyle(document.documentElement)
  const read = (name: string) => style.getPropertyValue(`--${name}`).trim()
  return {
    services: Array.from({ length: size }, (_, index) => read(`s${index}`)),
    text: read('text'),
    text2: read('text-2'),
    text3: read('text-3'),
    line: read('line'),
    lineStrong: read('line-strong'),
    surface: read('surface'),
    raised: read('raised'),
    hover: read('hover'),
    accent: read('accent-fill'),
    error: read('error'),
    warn: read('warn'),
    info: read('info'),
    ok: read('ok'),
    fatal: read('fatal'),
    quiet: read('quiet'),
    faint: read('faint'),
    font: `11px 'Inter Variable', system-ui, sans-serif`,
  }
})

export type Paint = typeof painted.value

export const paint = (): Paint => painted.value
export const servicePaint = (service: string, colours: Paint): string => colours.services[slotOf(service)] ?? colours.quiet
