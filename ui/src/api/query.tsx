// The only module that knows preact-query, so that it can be replaced in one place.
import { QueryClient, QueryClientProvider, keepPreviousData, useQueries, useQuery } from '@tanstack/preact-query'
import type { ComponentChildren } from 'preact'
import { ApiError, fetchSchema, fetchStatus, runSql, type SqlOptions } from './client'
import type { Fault, Schema, SqlAnswer, Status } from './types'

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      gcTime: 5 * 60_000,
      refetchOnWindowFocus: false,
      // The server is often on this very machine: that a browser believes to be offline says nothing of it.
      networkMode: 'always',
      retry: (failures, error) => failures < 2 && error instanceof ApiError && ['network', 'busy'].includes(error.fault.kind),
    },
  },
})

export function DataProvider({ children }: { children: ComponentChildren }) {
  return <QueryClientProvider client={client}>{children}</QueryClientProvider>
}

export interface Loaded<T> {
  data: T | undefined
  fault: Fault | null
  loading: boolean
  fetching: boolean
  refetch: () => void
}

interface LoadOptions {
  enabled?: boolean
  refreshMs?: number
  keepPrevious?: boolean
}

export function useLoad<T>(key: readonly unknown[], load: (signal: AbortSignal) => Promise<T>, options: LoadOptions = {}): Loaded<T> {
  const { enabled = true, refreshMs, keepPrevious = true } = options
  const result = useQuery<T, Error>({
    queryKey: key,
    queryFn: ({ signal }: { signal: AbortSignal }) => load(signal),
    enabled,
    ...(refreshMs ? { refetchInterval: refreshMs } : {}),
    ...(keepPrevious ? { placeholderData: keepPreviousData as never } : {}),
  })
  return {
    data: result.data as T | undefined,
    fault: result.error ? faultOf(result.error) : null,
    loading: enabled && result.isPending,
    fetching: result.isFetching,
    refetch: () => void result.refetch(),
  }
}

function faultOf(error: Error): Fault {
  return error instanceof ApiError ? error.fault : { kind: 'execution', message: error.message }
}

export function useSql(query: string | null, options: LoadOptions & Omit<SqlOptions, 'signal'> = {}): Loaded<SqlAnswer> {
  const { limit, timeout_ms, ...rest } = options
  const limits: SqlOptions = { ...(limit ? { limit } : {}), ...(timeout_ms ? { timeout_ms } : {}) }
  return useLoad(['sql', query, limits], (signal) => runSql(query ?? '', { ...limits, signal }), {
    ...rest,
    enabled: query !== null && rest.enabled !== false,
  })
}

export const useStatus = (refreshMs?: number): Loaded<Status> => useLoad(['status'], fetchStatus, refreshMs ? { refreshMs } : {})
export const useSchema = (): Loaded<Schema> => useLoad(['schema'], fetchSchema)

// Several questions that may succeed and fail each for itself.
export function useLoads<T>(loads: readonly { key: readonly unknown[]; load: (signal: AbortSignal) => Promise<T>; enabled?: boolean }[]): Loaded<T>[] {
  const results = useQueries({
    queries: loads.map(({ key, load, enabled = true }) => ({ queryKey: key, queryFn: ({ signal }: { signal: AbortSignal }) => load(signal), enabled, placeholderData: keepPreviousData as never })),
  }) as { data: unknown; error: Error | null; isPending: boolean; isFetching: boolean; refetch: () => unknown }[]
  return results.map((result, index) => ({
    data: result.data as T | undefined,
    fault: result.error ? faultOf(result.error) : null,
    loading: loads[index]?.enabled !== false && result.isPending,
    fetching: result.isFetching,
    refetch: () => void result.refetch(),
  }))
}
