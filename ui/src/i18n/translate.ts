import { signal } from '@preact/signals'
import { language } from '../settings/settings'
import { en } from './en'

export type MessageKey = keyof typeof en
export type Plural = { readonly one: string; readonly other: string }
export type Message = string | Plural
// A catalogue has every key of the English one; a missing key fails the build in `loadLanguage`.
export type Catalogue = { readonly [key in MessageKey]: Message }

const catalogues = signal<Partial<Record<'pt-BR', Catalogue>>>({})

export async function loadLanguage(): Promise<void> {
  if (language.value !== 'pt-BR' || catalogues.value['pt-BR']) return
  const loaded = await import('./pt-BR')
  catalogues.value = { 'pt-BR': loaded.ptBR }
}

export type Parameters = Record<string, string | number>

export function t(key: MessageKey, parameters: Parameters = {}): string {
  const catalogue: Catalogue = (language.value === 'pt-BR' && catalogues.value['pt-BR']) || en
  const message = catalogue[key]
  const template = typeof message === 'string' ? message : chosenForm(message, parameters)
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = parameters[name]
    if (value === undefined) return whole
    return typeof value === 'number' ? new Intl.NumberFormat(language.value).format(value) : value
  })
}

function chosenForm(message: Plural, parameters: Parameters): string {
  const amount = Number(parameters['n'] ?? 0)
  return new Intl.PluralRules(language.value).select(amount) === 'one' ? message.one : message.other
}
