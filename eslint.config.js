import reactHooks from 'eslint-plugin-react-hooks'
import tseslint from 'typescript-eslint'

const RESTRICTED = [
  { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
  {
    selector: "MemberExpression[object.name='process'][property.name='env']",
    message: 'Settings are read in config.ts.',
  },
]

// Warnings do not exist: a rule is an error or it is off.
export default tseslint.config(
  { ignores: ['**/node_modules', '.lepton', 'docs/generated', 'services/web/dist*', '**/*_pb.ts'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // Deliberate: indices and maps whose presence was just established.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/no-empty-function': 'off',
      // `Promise.withResolvers<void>()`.
      '@typescript-eslint/no-invalid-void-type': 'off',
      // Records of functions are how parts are made here; none of them uses `this`.
      '@typescript-eslint/unbound-method': 'off',
      'no-console': 'error',
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', ...RESTRICTED],
    },
  },
  {
    files: ['services/*/src/**/*.ts'],
    ignores: ['**/*store.ts', '**/audit.ts', '**/*.test.ts', '**/config.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...RESTRICTED,
        ...['Literal[value=', 'TemplateElement[value.raw='].map((node) => ({
          selector: `${node}/^\\s*(select|insert into|update|delete from|with \\w+ as) /]`,
          message: 'SQL is in store.ts, *-store.ts or audit.ts.',
        })),
      ],
    },
  },
  {
    files: ['**/config.ts', 'infra/**', 'packages/testing/**', 'simulation/**', 'e2e/**', '**/tests/**'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  { files: ['infra/**', 'e2e/**'], rules: { 'no-console': 'off' } },
  { files: ['services/web/src/**'], ...reactHooks.configs.flat.recommended },
)
