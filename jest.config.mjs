const common = {
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2024', parser: { syntax: 'typescript' } },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironment: 'node',
  modulePathIgnorePatterns: ['<rootDir>/.lepton'],
}

export default {
  // Tests that say they may run side by side, mostly wait.
  maxConcurrency: 40,
  // Longer than `until` waits, which says for what: on a machine that others use too, servers take their time.
  testTimeout: 30_000,
  // The set-up starts servers in Jest's own process; once a connection to one that had been killed kept that process alive after the last test.
  forceExit: true,
  projects: [
    // Pure: no I/O, milliseconds.
    {
      ...common,
      displayName: 'unit',
      testMatch: [
        '**/{packages,services,infra,e2e,simulation}/**/src/**/*.test.ts',
        '**/e2e/{bench,chaos}/**/*.test.ts',
      ],
    },
    // One service or package in this process, on a real PostgreSQL.
    {
      ...common,
      displayName: 'services',
      testMatch: ['**/{packages,services}/*/tests/**/*.test.ts'],
      globalSetup: '<rootDir>/packages/testing/src/global-setup.ts',
      globalTeardown: '<rootDir>/packages/testing/src/global-teardown.ts',
    },
    // Starts and ends of whole shops, one a file.
    {
      ...common,
      displayName: 'shops',
      testMatch: ['**/e2e/{starting,tutorial}/**/*.test.ts', '**/infra/*/tests/**/*.test.ts'],
    },
    // Visits to one shop.
    {
      ...common,
      displayName: 'e2e',
      testMatch: ['**/e2e/{journeys,lift}/**/*.test.ts'],
      globalSetup: '<rootDir>/e2e/global-setup.ts',
      globalTeardown: '<rootDir>/e2e/global-teardown.ts',
    },
    // A minute of faults with a fixed seed, on a shop that it starts itself.
    { ...common, displayName: 'chaos', testMatch: ['**/e2e/chaos/*.chaos.ts'] },
  ],
}
