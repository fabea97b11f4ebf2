/** What a caller may do; a later role includes the earlier. Pure. */
export const ROLES = ['none', 'viewer', 'officer', 'admin'] as const
export type Role = (typeof ROLES)[number]

export function allows(role: string, need: Role): boolean {
  return ROLES.indexOf(role as Role) >= ROLES.indexOf(need)
}
