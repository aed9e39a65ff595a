import { language } from '../settings/settings'
import { writeValue } from './unitText'

export { perSecond, unitIds, unitOfMetric } from './unitText'

// A value in its unit, as the reader's language writes it.
export const format = (value: number | null | undefined, unit?: string, decimals?: number): string => writeValue(language.value, value, unit, decimals)
