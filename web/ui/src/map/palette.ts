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
  ground: string
  groundLine: string
  road: string
  /** From a little to much. */
  heat: readonly string[]
  /** How tiles are toned down. */
  tiles: { 'raster-brightness-min'?: number; 'raster-brightness-max'?: number; 'raster-opacity'?: number }
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
    ground: '#e3ddcf',
    groundLine: '#a3987f',
    road: '#d8d3c8',
    heat: ['rgba(253,224,140,0.55)', 'rgba(244,150,70,0.75)', 'rgba(214,64,48,0.85)', 'rgba(130,16,40,0.9)'],
    tiles: { 'raster-opacity': 0.75 },
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
    ground: '#2b2f27',
    groundLine: '#6f6a55',
    road: '#3a4443',
    heat: ['rgba(120,90,20,0.5)', 'rgba(190,100,30,0.7)', 'rgba(225,75,60,0.8)', 'rgba(255,190,170,0.9)'],
    tiles: { 'raster-brightness-max': 0.35, 'raster-opacity': 0.8 },
  },
}
