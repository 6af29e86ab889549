import tseslint from 'typescript-eslint'

const networkGlobals = [
  'fetch',
  'WebSocket',
  'EventSource',
  'XMLHttpRequest',
  'Request',
  'Response',
].map((name) => ({ name, message: 'the air-gapped half reaches no network' }))

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'src/wire/generated/',
      'src/online/wire/generated/',
      'node_modules/',
      'coverage/',
    ],
  },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      'no-restricted-globals': ['error', ...networkGlobals],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'getBuiltinModule', message: 'imports are static' },
      ],
      'no-console': 'error',
      'no-eval': 'error',
      'no-implied-eval': 'off',
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...networkGlobals,
        { name: 'process', message: 'the process belongs to cli/ and src/host/' },
      ],
    },
  },
  {
    files: ['src/host/**/*.ts'],
    rules: { 'no-restricted-globals': ['error', ...networkGlobals] },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  { files: ['**/*.mjs', '**/*.cjs'], rules: { eqeqeq: 'error' } },
)
