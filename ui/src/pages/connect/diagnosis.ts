// Pure: what the server saw in the first seconds, to what is probably wrong.
import type { Refusal, StatusEvent } from '../../api/types'

export type Finding = 'grpcOnHttp' | 'httpOnGrpc' | 'unauthorized' | 'contentType' | 'path' | 'refused' | 'nothingArrives' | 'reachedNoData'

const findings: Record<string, Finding> = {
  grpc_on_http_port: 'grpcOnHttp',
  http_on_grpc_port: 'httpOnGrpc',
  unauthorized: 'unauthorized',
  wrong_content_type: 'contentType',
  wrong_path: 'path',
}

export interface Diagnosis {
  finding: Finding
  refusal: Refusal | null
}

export function diagnose(event: StatusEvent | null, anyData: boolean): Diagnosis[] {
  if (anyData) return []
  const seen = new Set<Finding>()
  const diagnoses: Diagnosis[] = []
  for (const refusal of [...(event?.last_refusals ?? [])].reverse()) {
    const finding = findings[refusal.reason] ?? 'refused'
    if (seen.has(finding)) continue
    seen.add(finding)
    diagnoses.push({ finding, refusal })
  }
  if (diagnoses.length > 0) return diagnoses
  return [{ finding: (event?.requests_reached ?? 0) > 0 ? 'reachedNoData' : 'nothingArrives', refusal: null }]
}
