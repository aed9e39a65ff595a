export type Language = 'duckdb' | 'pandas' | 'polars'

// Code that asks the same question outside the browser. It holds an address, never a token.
export function snippet(language: Language, query: string, address: string): string {
  const url = `${address.replace(/\/$/, '')}/api/sql`
  const quoted = `"""\n${query.trim().replaceAll('\\', '\\\\').replaceAll('"""', '\\"\\"\\"')}\n"""`
  const fetch = `import io, json, urllib.request

query = ${quoted}
request = urllib.request.Request(
    "${url}",
    data=json.dumps({"query": query, "format": "parquet"}).encode(),
    headers={"content-type": "application/json"},
)
body = urllib.request.urlopen(request).read()
`
  if (language === 'pandas') return `${fetch}\nimport pandas as pd\n\nframe = pd.read_parquet(io.BytesIO(body))\nprint(frame)\n`
  if (language === 'polars') return `${fetch}\nimport polars as pl\n\nframe = pl.read_parquet(io.BytesIO(body))\nprint(frame)\n`
  return `${fetch}\nimport duckdb\n\nopen("answer.parquet", "wb").write(body)\nprint(duckdb.sql("SELECT * FROM 'answer.parquet'"))\n`
}
