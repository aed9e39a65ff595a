import { t } from '../../i18n/translate'

// What is shown of a metric, as a heading.
export function wordsOf(view: string): string {
  if (/^p\d/.test(view)) return view
  const words = t(`metrics.fn.${view}` as 'metrics.fn.rate')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
