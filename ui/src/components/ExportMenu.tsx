// The answer to a query as a file, or as code that asks for it elsewhere.
import { useState } from 'preact/hooks'
import { exportSql } from '../api/client'
import { t } from '../i18n/translate'
import { snippet, type Language } from '../sql/snippet'
import { baseUrl } from '../url/base'
import { copyText } from './Copy'

interface ExportMenuProps {
  query: () => string
  name?: string // of the file
}

export function ExportMenu({ query, name = 'luneta' }: ExportMenuProps) {
  const [fault, setFault] = useState<string | null>(null)
  const download = async (format: 'csv' | 'parquet') => {
    try {
      setFault(null)
      const address = URL.createObjectURL(await exportSql(query(), format))
      const link = document.createElement('a')
      link.href = address
      link.download = `${name}.${format}`
      link.click()
      setTimeout(() => URL.revokeObjectURL(address), 10_000)
    } catch (cause) {
      setFault(cause instanceof Error ? cause.message : String(cause))
    }
  }
  const choose = (event: Event) => {
    const select = event.currentTarget as HTMLSelectElement
    const chosen = select.value
    select.value = ''
    if (chosen === 'csv' || chosen === 'parquet') void download(chosen)
    else if (chosen !== '') void copyText(snippet(chosen as Language, query(), baseUrl.href))
  }
  return (
    <>
      <select class="field small" aria-label={t('sql.export')} onChange={choose} value="">
        <option value="">{t('sql.export')}</option>
        <option value="csv">{t('sql.download', { format: 'CSV' })}</option>
        <option value="parquet">{t('sql.download', { format: 'Parquet' })}</option>
        <option value="duckdb">{t('sql.copyAs', { language: 'DuckDB' })}</option>
        <option value="pandas">{t('sql.copyAs', { language: 'pandas' })}</option>
        <option value="polars">{t('sql.copyAs', { language: 'Polars' })}</option>
      </select>
      {fault && <span class="error-text" role="alert">{fault}</span>}
    </>
  )
}
