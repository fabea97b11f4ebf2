import type { Text } from '../wire.ts'
import { type Key, vi } from './vi.ts'

export type Language = 'vi' | 'en'

type Texts = Record<string, string>

/** What is known so far. A text that is not yet there is empty, or in Vietnamese. */
const TEXTS: { vi: Texts; en?: Texts } = { vi: { ...vi } }

/** Fetches the texts of a language, once: English comes when it is wanted, since most readers never do. */
export async function learn(language: Language): Promise<void> {
  if (language in TEXTS) return
  TEXTS.en = (await import('./en.ts')).en
}

let all: Promise<void> | null = null

/** Fetches what the first view does not say: the texts of the other pages and of the panel of a station. */
export function learnRest(): Promise<void> {
  all ??= import('./vi-rest.ts').then(
    ({ rest }) => {
      Object.assign(TEXTS.vi, rest)
    },
    (failure: unknown) => {
      all = null
      throw failure
    },
  )
  return all
}
const LOCALES: Record<Language, string> = { vi: 'vi-VN', en: 'en-GB' }

/** Times are shown where the stations are, wherever the reader is. */
export const ZONE = 'Asia/Ho_Chi_Minh'

/** Everything that turns data into words of one language. Pure: the present is an argument. */
export class Words {
  readonly language: Language
  private readonly clock: Intl.DateTimeFormat
  private readonly stamp: Intl.DateTimeFormat
  private readonly dayOnly: Intl.DateTimeFormat
  private readonly fullDayOnly: Intl.DateTimeFormat
  private readonly monthOnly: Intl.DateTimeFormat
  private readonly monthName: Intl.DateTimeFormat
  private readonly weekdayOnly: Intl.DateTimeFormat
  private readonly exact: Intl.DateTimeFormat

  constructor(language: Language) {
    this.language = language
    this.clock = new Intl.DateTimeFormat(LOCALES[language], { timeZone: ZONE, hour: '2-digit', minute: '2-digit' })
    this.stamp = new Intl.DateTimeFormat(LOCALES[language], {
      timeZone: ZONE,
      day: '2-digit',
      month: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    })
    this.dayOnly = new Intl.DateTimeFormat(LOCALES[language], { timeZone: ZONE, day: 'numeric', month: 'numeric' })
    this.fullDayOnly = new Intl.DateTimeFormat(LOCALES[language], {
      timeZone: ZONE,
      day: '2-digit',
      month: '2-digit',
      year: 'numeric',
    })
    this.monthOnly = new Intl.DateTimeFormat(LOCALES[language], { timeZone: ZONE, month: 'numeric', year: 'numeric' })
    this.monthName = new Intl.DateTimeFormat(LOCALES[language], { timeZone: ZONE, month: 'long', year: 'numeric' })
    this.weekdayOnly = new Intl.DateTimeFormat(LOCALES[language], { timeZone: ZONE, weekday: 'short' })
    this.exact = new Intl.DateTimeFormat(LOCALES[language], {
      timeZone: ZONE,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
  }

  /** {n} is the value of that name; {n|alert|alerts} is the first word where it is 1, else the second. */
  t(key: Key, values: Record<string, string | number> = {}): string {
    return fill(TEXTS[this.language]?.[key] ?? TEXTS.vi[key] ?? '', values)
  }

  /** The text of a name that the server chose, such as a flag; the name itself where there is no text for it. */
  named(prefix: string, name: string): string {
    const texts = TEXTS[this.language] ?? TEXTS.vi
    return texts[`${prefix}.${name}`] ?? name
  }

  /** The same for an explanation: "" where there is none. */
  said(prefix: string, name: string, values: Record<string, string | number> = {}): string {
    const texts = TEXTS[this.language] ?? TEXTS.vi
    return fill(texts[`${prefix}.${name}`] ?? '', values)
  }

  text(text: Text | undefined): string {
    if (!text) return ''
    return text[this.language] || text.vi || text.en
  }

  number(value: number, decimals: number): string {
    return new Intl.NumberFormat(LOCALES[this.language], { maximumFractionDigits: decimals }).format(value)
  }

  /** A measured value: as many decimals as the instrument has, also when they are 0, so that columns line up. */
  measured(value: number, decimals: number): string {
    return new Intl.NumberFormat(LOCALES[this.language], {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    }).format(value)
  }

  /** How a value stands to its limit, without rounding a small excess away to 1 or a near miss up to it. */
  ratio(ratio: number): string {
    const shown = Math.round(ratio * 100) / 100
    if (shown === 1 && ratio !== 1) return ratio > 1 ? `> ${this.number(1, 0)}` : `< ${this.number(1, 0)}`
    return this.measured(ratio, 2)
  }

  time(at: string | number): string {
    return this.clock.format(new Date(at))
  }

  date(at: string | number): string {
    return this.stamp.format(new Date(at))
  }

  /** Date and time to the second, where it has to be exact. */
  moment(at: string | number): string {
    return this.exact.format(new Date(at))
  }

  /** Date with its year, and time to the minute. */
  minute(at: string | number): string {
    return `${this.fullDay(at)} ${this.time(at)}`
  }

  /** A day, as the head of a column of a calendar. */
  day(at: number): string {
    return this.dayOnly.format(new Date(at))
  }

  /** A day with its year, as a law has it. */
  fullDay(at: string | number): string {
    return this.fullDayOnly.format(new Date(at))
  }

  /** A month of a year, where an axis spans many. */
  month(at: number): string {
    return this.monthOnly.format(new Date(at))
  }

  /** A month with its year, as the head of a calendar. */
  monthTitle(at: string | number): string {
    return this.monthName.format(new Date(at))
  }

  /** The day of the week, short. */
  weekday(at: string | number): string {
    return this.weekdayOnly.format(new Date(at))
  }

  /** How long something lasts, ms, in its greatest unit. */
  span(ms: number): string {
    return this.age(0, Math.max(0, ms))
  }

  /** A count, with its thousands apart. */
  count(n: number): string {
    return this.number(n, 0)
  }

  ago(at: string | number, now: number): string {
    const s = age(at, now)
    if (s < 2) return this.t('time.now')
    if (s < 60) return this.t('time.seconds', { n: s })
    if (s < 3600) return this.t('time.minutes', { n: Math.floor(s / 60) })
    if (s < 48 * 3600) return this.t('time.hours', { n: Math.floor(s / 3600) })
    return this.t('time.days', { n: Math.floor(s / 86400) })
  }

  /** The same without "ago", for a column that says so in its head. */
  age(at: string | number, now: number): string {
    const s = age(at, now)
    if (s < 60) return this.t('time.short_seconds', { n: s })
    if (s < 3600) return this.t('time.short_minutes', { n: Math.floor(s / 60) })
    if (s < 48 * 3600) return this.t('time.short_hours', { n: Math.floor(s / 3600) })
    return this.t('time.short_days', { n: Math.floor(s / 86400) })
  }
}

function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (whole, name: string, one?: string, many?: string) => {
    const value = String(values[name] ?? whole)
    return one === undefined ? value : ((value === '1' ? one : many) ?? '')
  })
}

/** Whole seconds; a clock that is a little ahead of ours makes no negative age. */
function age(at: string | number, now: number): number {
  return Math.max(0, Math.floor((now - new Date(at).getTime()) / 1000))
}

/** Lower case without Vietnamese marks, so that "bien hoa" finds "Biên Hòa" and "dong nai" finds "Đồng Nai". */
export function plain(s: string): string {
  return s.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '').replaceAll('đ', 'd')
}
