/**
 * Writes src/api/schema.ts from the server's own description of its API, or with --check fails when the file differs.
 * PYTHON names an interpreter in which jupyter_mlplatform can be imported; without it the repository's .venv is used.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';
import prettier from 'prettier';

const tools = dirname(fileURLToPath(import.meta.url));
const root = join(tools, '..', '..');
const target = join(tools, '..', 'src', 'api', 'schema.ts');

function python() {
  const ours = join(root, '.venv', 'bin', 'python');
  return process.env.PYTHON ?? (existsSync(ours) ? ours : 'python3');
}

const description = JSON.parse(
  execFileSync(python(), ['-m', 'jupyter_mlplatform.server.openapi'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024
  })
);
const written =
  '// Generated from the server by `jlpm generate`; do not edit.\n' +
  astToString(await openapiTS(description));
const options = JSON.parse(readFileSync(join(tools, 'prettier.json'), 'utf8'));
const wanted = await prettier.format(written, {
  ...options,
  parser: 'typescript'
});

if (!process.argv.includes('--check')) {
  writeFileSync(target, wanted);
} else if (readFileSync(target, 'utf8') !== wanted) {
  console.error(
    'src/api/schema.ts is not what the server describes. Run `jlpm generate` in labextension/tools.'
  );
  process.exit(1);
}
