import { signal } from '@preact/signals'

/** The chart that is on the page, for who makes a picture of it. */
export const plotHeld = signal<{ canvas: () => HTMLCanvasElement; box: HTMLElement } | null>(null)
