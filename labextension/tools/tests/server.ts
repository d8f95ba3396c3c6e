import { ServerConnection } from '@jupyterlab/services';
import { PlatformClient } from '../../src/api/client';
import type { Problem } from '../../src/api/types';

/** One request that reached the server. */
export interface IAsked {
  /** Such as `GET /access/datasets`. */
  what: string;
  query: Record<string, string>;
  body: unknown;
}

type Reply = (asked: IAsked) => unknown;

const BASE = 'http://lab.test/jupyterlab/default/';
const PREFIX = `${BASE}api/mlplatform/v1`;

/** A server that answers what a test tells it to, and remembers what it was asked. */
export class FakeServer {
  readonly asked: IAsked[] = [];

  readonly client = new PlatformClient(
    ServerConnection.makeSettings({
      baseUrl: BASE,
      fetch: (request: RequestInfo | URL) => this._answer(request as Request)
    })
  );

  /** How many requests of this kind came. */
  count(what: string): number {
    return this.asked.filter(one => one.what === what).length;
  }

  /** Answer this kind of request from now on; a Response is sent as it is, anything else as JSON. */
  on(what: string, reply: Reply): this {
    this._replies.set(what, reply);
    return this;
  }

  /** Refuse this kind of request with a problem. */
  refuse(what: string, problem: Problem = REFUSAL, status = 409): this {
    return this.on(what, () => json(problem, status));
  }

  private async _answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const text = await request.text();
    const asked: IAsked = {
      what: `${request.method} ${(url.origin + url.pathname).replace(PREFIX, '')}`,
      // JupyterLab adds the time, so that no browser answers from its cache.
      query: Object.fromEntries([...url.searchParams].filter(([name]) => !/^\d+$/.test(name))),
      body: text ? JSON.parse(text) : undefined
    };
    this.asked.push(asked);
    const reply = this._replies.get(asked.what);
    if (!reply) {
      return json({ ...REFUSAL, message: `The test has no answer to ${asked.what}.` }, 500);
    }
    const answer = await Promise.race([reply(asked), aborted(request.signal)]);
    return answer instanceof Response ? answer : json(answer, 200);
  }

  private readonly _replies = new Map<string, Reply>();
}

/** As fetch does it. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

export const REFUSAL: Problem = {
  code: 'test.refused',
  message: 'The server said no.',
  cause: 'The test wants it so.',
  next_step: 'Ask the test.'
};

export function json(body: unknown, status: number): Response {
  return new Response(JSON.stringify(body), { status });
}

/** An answer that comes when the test says so. */
export function later<T>(): { answer: Promise<T>; send: (value: T) => void } {
  let send: (value: T) => void = () => undefined;
  const answer = new Promise<T>(resolve => {
    send = resolve;
  });
  return { answer, send };
}

/** Wait until something holds that the code under test does in its own time. */
export async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 8000;
  while (!holds()) {
    if (Date.now() > deadline) {
      throw new Error(`It did not become true in time: ${holds}`);
    }
    await new Promise(resolve => setTimeout(resolve, 1));
  }
}
