/** What is written as ES modules and must be turned into CommonJS before jest can load it. */
const esModules = [
  '@codemirror',
  '@jupyter/react-components',
  '@jupyter/web-components',
  '@jupyter/ydoc',
  '@jupyterlab',
  '@lezer',
  '@lumino',
  '@marijn',
  '@microsoft',
  'color',
  'exenv-es6',
  'lib0',
  'marked',
  'nanoid',
  'vscode-ws-jsonrpc',
  'y-protocols',
  'y-websocket',
  'yjs'
];

/** Types are checked by `types:check`; here every file is only translated. */
const translate = {
  diagnostics: false,
  tsconfig: {
    allowJs: true,
    allowSyntheticDefaultImports: true,
    esModuleInterop: true,
    isolatedModules: true,
    jsx: 'react',
    module: 'commonjs',
    target: 'es2022',
    useDefineForClassFields: false
  }
};

module.exports = {
  rootDir: '..',
  roots: ['<rootDir>/src', '<rootDir>/tools/tests'],
  testMatch: ['<rootDir>/tools/tests/**/*.test.{ts,tsx}'],
  testEnvironment: '<rootDir>/tools/jest.environment.js',
  resolver: '<rootDir>/tools/jest.resolver.js',
  setupFilesAfterEnv: ['<rootDir>/tools/tests/setup.ts'],
  moduleFileExtensions: ['ts', 'tsx', 'js', 'mjs', 'json'],
  transform: {
    '\\.svg$': '<rootDir>/tools/jest.text.js',
    '\\.m?[jt]sx?$': [require.resolve('ts-jest'), translate]
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esModules.join('|')})/)`],
  restoreMocks: true,
  testTimeout: 20_000
};
