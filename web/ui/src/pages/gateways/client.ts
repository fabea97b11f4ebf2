import { all, ask, id } from '../../http.ts'
import type { Gateway, Mapping, NewGateway, NewMapping } from '../../wire-doors.ts'

function put(gateway: string, body: NewGateway, onlyNew: boolean): Promise<Gateway> {
  return ask(`api/v1/gateways/${id(gateway)}`, { method: 'PUT', body: JSON.stringify(body), onlyNew })
}

export const gateways = {
  list: (signal: AbortSignal) => all<Gateway>('api/v1/gateways', {}, signal),
  /** The answer holds the password, this once. */
  create: (gateway: string, body: NewGateway) => put(gateway, body, true),
  change: (gateway: string, body: NewGateway) => put(gateway, body, false),
  rotate: (gateway: string) => ask<Gateway>(`api/v1/gateways/${id(gateway)}/rotate`, { method: 'POST' }),
  remove: (gateway: string) => ask<void>(`api/v1/gateways/${id(gateway)}`, { method: 'DELETE' }),
}

export const aliases = {
  list: (signal: AbortSignal) => all<Mapping>('api/v1/aliases', {}, signal),
  add: (mapping: NewMapping) => ask<Mapping>('api/v1/aliases', { method: 'POST', body: JSON.stringify(mapping) }),
  remove: (mapping: string) => ask<void>(`api/v1/aliases/${id(mapping)}`, { method: 'DELETE' }),
}
