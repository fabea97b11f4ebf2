import { learn, learnRest } from '../src/i18n/format.ts'

// A page waits for the texts of its language; tests have all.
await learn('en')
await learnRest()
