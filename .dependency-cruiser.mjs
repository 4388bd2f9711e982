const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })
const vendors = 'node_modules/(kafkajs|consul|opossum|prom-client|pg|node-pg-migrate|undici|jose|pino)/'

export default {
  forbidden: [
    rule('no-cycles', 'A cycle cannot be read from either end.', {}, { circular: true }),
    rule(
      'no-orphans',
      'A file that is neither imported nor started is dead.',
      {
        orphan: true,
        pathNot:
          '(main|seed|cli|dev|build|buy)\\.tsx?$|theme-first\\.js$|\\.d\\.ts$|\\.test\\.ts$|global-(setup|teardown)\\.ts$|config\\.(mjs|js)$',
      },
      {},
    ),
    rule(
      'contracts-stand-alone',
      'Contracts run in a browser: zod and nothing else.',
      { path: '^packages/contracts/', pathNot: '\\.test\\.ts$' },
      {
        pathNot: '^packages/contracts/|node_modules/(.pnpm/)?zod',
      },
    ),
    rule(
      'libraries-know-no-shop',
      'common and events are taken into other systems.',
      { path: '^packages/(common|events)/src', pathNot: '\\.test\\.ts$' },
      { path: '^(services|infra|e2e|packages/(contracts|shop|testing))/' },
    ),
    rule(
      'runtime-stands-alone',
      'What every process has knows neither mesh nor HTTP nor events.',
      { path: '^packages/common/src/runtime/' },
      { path: '^packages/', pathNot: '^packages/common/src/runtime/' },
    ),
    rule(
      'mesh-stands-alone',
      'The mesh finds and calls services: over HTTP, but without a server.',
      { path: '^packages/common/src/mesh/', pathNot: '\\.test\\.ts$' },
      { path: '^packages/', pathNot: '^packages/common/src/(mesh|runtime)/' },
    ),
    rule(
      'common-knows-no-events',
      'Events are a library of their own.',
      { path: '^packages/common/src/' },
      { path: '^packages/events/' },
    ),
    rule(
      'events-stand-alone',
      'Events know neither mesh nor HTTP.',
      { path: '^packages/events/src/', pathNot: '\\.test\\.ts$' },
      { path: '^packages/', pathNot: '^packages/(events/|common/src/runtime/)' },
    ),
    rule(
      'simulation-runs-deciders',
      'The simulation runs what services decide, without their I/O.',
      { path: '^simulation/', pathNot: '\\.test\\.ts$' },
      {
        path: '^(services|infra|e2e)/',
        pathNot:
          '^services/(order|inventory|payment)/src/(domain|inputs|order|result|state-table|transaction-store|two-phase)\\.ts$',
      },
    ),
    rule(
      'services-keep-apart',
      'Services speak by events and HTTP only.',
      { path: '^services/([^/]+)/' },
      {
        path: '^services/',
        pathNot: '^services/$1/',
      },
    ),
    rule(
      'services-know-no-launcher',
      'A service does not know what runs it.',
      { path: '^services/' },
      { path: '^(infra|e2e)/' },
    ),
    rule(
      'vendors-in-common',
      'Each of these is known by one file of a library.',
      { path: '^services/', pathNot: '/tests/' },
      { path: vendors },
    ),
    rule(
      'domain-is-pure',
      'Rules take what they need as arguments.',
      { path: '/domain\\.ts$' },
      {
        pathNot:
          '^packages/(contracts|common/src/runtime/problem|shop/src/refuse)|/(state-table|order|domain)\\.ts$',
      },
    ),
    rule(
      'store-answers-questions',
      'SQL knows nothing of HTTP or events coming in.',
      { path: '^services/.*store\\.ts$' },
      {
        path: '/(routes|events|app|main)\\.ts$|common/src/http/(app|ask)\\.ts$|node_modules/express/',
      },
    ),
    rule(
      'rooms-keep-apart',
      'Routes and events are two doors to the same rooms.',
      { path: '^services/.*/(routes|events)\\.ts$' },
      {
        path: '^services/.*/(routes|events|app|main)\\.ts$',
        pathNot: '^services/gateway/',
      },
    ),
    rule('main-is-not-imported', 'A program is started, not imported.', {}, { path: '/main\\.ts$' }),
    rule(
      'launcher-knows-no-service',
      'The launcher starts processes.',
      { path: '^infra/' },
      { path: '^(services|e2e)/' },
    ),
    rule(
      'tests-stay-in-tests',
      'Only tests, and what measures, import tests.',
      { pathNot: '\\.test\\.ts$|^e2e/|/tests/|/bench/|^packages/testing/' },
      {
        path: '^packages/testing/|\\.test\\.ts$|/tests/',
      },
    ),
    rule(
      'one-file-per-vendor',
      'A vendor can be replaced in one place.',
      {
        path: '^packages/(common|events)/src/',
        pathNot:
          '(kafka/\\w+|postgres/\\w+|consul|breaker|dispatcher|metrics|transport|auth|log)\\.ts$|\\.test\\.ts$',
      },
      { path: vendors, dependencyTypesNot: ['type-only'] },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.lepton|services/web/dist' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
}
