/**
 * Writes src/api/schema.ts from the server's own description of its API, or with --check fails when the file differs.
 * PYTHON names an interpreter in which jupyter_mlplatform can be imported; without it the python on PATH is asked.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';
import prettier from 'prettier';

const tools = dirname(fileURLToPath(import.meta.url));
const root = join(tools, '..', '..');
const target = join(tools, '..', 'src', 'api', 'schema.ts');

/** Windows, and most virtual environments, have a python; some systems have a python3 only. */
function python() {
  if (process.env.PYTHON) {
    return process.env.PYTHON;
  }
  return spawnSync('python', ['--version']).error ? 'python3' : 'python';
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
