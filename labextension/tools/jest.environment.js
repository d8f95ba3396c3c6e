const { TestEnvironment } = require('jest-environment-jsdom');

/** jsdom with what browsers have and it lacks: Node's own are the same standards. */
const MISSING = [
  'AbortController',
  'AbortSignal',
  'fetch',
  'Headers',
  'Request',
  'Response',
  'TextDecoder',
  'TextEncoder'
];

module.exports = class extends TestEnvironment {
  async setup() {
    await super.setup();
    for (const name of MISSING) {
      this.global[name] = globalThis[name];
    }
  }
};
