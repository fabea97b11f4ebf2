import type { Theme } from '../state.ts'

/** What the map is painted with. Quiet, so that the states are the only strong colours on it. */
export interface Palette {
  sea: string
  land: string
  province: string
  border: string
  river: string
  riverText: string
  parkText: string
  placeText: string
  halo: string
  hotspot: string
  hotspotText: string
  select: string
}

export const PALETTES: Record<Theme, Palette> = {
  light: {
    sea: '#d5e4e8',
    land: '#eceeea',
    province: '#fafbf8',
    border: '#9aa8a2',
    river: '#8fbccb',
    riverText: '#3f7387',
    parkText: '#33423d',
    placeText: '#77847e',
    halo: '#fafbf8',
    hotspot: '#b3261e',
    hotspotText: '#8c1d18',
    select: '#0b5f59',
  },
  dark: {
    sea: '#0b1417',
    land: '#141b1c',
    province: '#202a2a',
    border: '#4d5d59',
    river: '#2f5d70',
    riverText: '#7fb0c4',
    parkText: '#c3cfca',
    placeText: '#8b9893',
    halo: '#141b1c',
    hotspot: '#ff8a7a',
    hotspotText: '#ffb4a8',
    select: '#6fd8cc',
  },
}
