/** Every vector of hashing scheme V3, with one field changed at a time. */
import { describe } from 'vitest'
import { testVectors } from './mutations.ts'

describe('each field', () => {
  testVectors(3)
})
