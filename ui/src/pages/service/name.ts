import { useLocation } from 'wouter-preact'
import { pagePath } from '../../url/state'
import { serviceOf } from '../services/address'

export function useServiceName(): string {
  useLocation() // draws anew when the address changes
  return serviceOf(pagePath())
}
