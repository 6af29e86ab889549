import { defineConfig } from 'vitest/config'

const shared = {
  exclude: ['dist/**', 'node_modules/**'],
  testTimeout: 60_000,
  globalSetup: ['test/support/global-setup.ts'],
  setupFiles: ['test/support/property-seed.ts'],
}

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'tests',
          include: ['test/**/*.test.ts'],
          exclude: [...shared.exclude, 'test/afterwards/**'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        // What looks at the output of all the others.
        test: {
          ...shared,
          name: 'afterwards',
          include: ['test/afterwards/**/*.test.ts'],
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
