// Colours of services: colour-blind-safe, stable per name, and different for the first ten names seen.
import { computed, signal } from '@preact/signals'
import { darkness, readStorage, writeStorage } from '../settings/settings'

const size = 10
const storageKey = 'luneta.service-colours'
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
  let hash = 7
  for (const char of service) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 9973
  const taken = new Set(slots.values())
  let slot = hash % size
  for (let step = 0; step < size && taken.has(slot); step += 1) slot = (slot + 1) % size
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
