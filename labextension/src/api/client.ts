import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import { PlatformError } from './problem';
import type { paths } from './schema';
import type { Problem } from './types';

export const API_PREFIX = 'api/mlplatform/v1';

/** How long a request may take where the caller does not say, in milliseconds. */
const TIMEOUT_MS = 30_000;

type Method = 'get' | 'post' | 'delete';

/** The paths of the API that know a verb. */
type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never;
}[keyof paths];

type Operation<M extends Method, P extends PathOf<M>> = paths[P] extends Record<M, infer O> ? O : never;

type Json<T> = T extends { content: { 'application/json': infer J } } ? J : never;

/** What a verb answers when it succeeds. */
export type Answer<M extends Method, P extends PathOf<M>> =
  Operation<M, P> extends { responses: infer R }
    ? { [S in keyof R]: S extends 200 | 201 | 202 ? Json<R[S]> : never }[keyof R]
    : never;

type Parameter<O, In extends string> = O extends { parameters: { [K in In]: infer V } } ? V : undefined;

/** What a verb takes: values for its path, its query and its body. */
export interface ICall<O> {
  path?: Parameter<O, 'path'>;
  query?: O extends { parameters: { query?: infer Q } } ? Q : undefined;
  body?: O extends { requestBody: infer B } ? Json<B> : undefined;
  /** How long it may take, in milliseconds. */
  timeout?: number;
  /** It outlives the page, which may be closing; the body has at most 64 KiB then. */
  keepalive?: boolean;
}

/**
 * The server's API, typed by its own description. Every failure is a {@link PlatformError}.
 */
export class PlatformClient {
  constructor(
    private readonly _settings: ServerConnection.ISettings = ServerConnection.makeSettings(),
    private readonly _trans: TranslationBundle = nullTranslator.load('jupyter-mlplatform')
  ) {}

  get<P extends PathOf<'get'>>(path: P, call: ICall<Operation<'get', P>> = {}): Promise<Answer<'get', P>> {
    return this._request('get', path, call);
  }

  post<P extends PathOf<'post'>>(
    path: P,
    call: ICall<Operation<'post', P>> = {}
  ): Promise<Answer<'post', P>> {
    return this._request('post', path, call);
  }

  delete<P extends PathOf<'delete'>>(
    path: P,
    call: ICall<Operation<'delete', P>> = {}
  ): Promise<Answer<'delete', P>> {
    return this._request('delete', path, call);
  }

  private async _request<T>(
    method: Method,
    template: string,
    call: { path?: unknown; query?: unknown; body?: unknown; timeout?: number; keepalive?: boolean }
  ): Promise<T> {
    const url =
      URLExt.join(this._settings.baseUrl, API_PREFIX, fill(template, strings(call.path))) +
      URLExt.objectToQueryString(strings(call.query));
    const deadline = new AbortController();
    const timeout = call.timeout ?? TIMEOUT_MS;
    const timer = setTimeout(() => deadline.abort(), timeout);
    try {
      const response = await ServerConnection.makeRequest(
        url,
        {
          method: method.toUpperCase(),
          signal: deadline.signal,
          ...(call.keepalive ? { keepalive: true } : {}),
          ...(method === 'post' ? { body: JSON.stringify(call.body ?? {}) } : {})
        },
        this._settings
      );
      return await this._read<T>(response);
    } catch (error) {
      // What is thrown at the deadline does not say so: JupyterLab wraps it as any failure of the network.
      const late = deadline.signal.aborted;
      throw late || !(error instanceof PlatformError)
        ? new PlatformError(this._unreachable(late, timeout), 0)
        : error;
    } finally {
      clearTimeout(timer);
    }
  }

  private async _read<T>(response: Response): Promise<T> {
    let answer: unknown;
    try {
      answer = await response.json();
    } catch {
      throw new PlatformError(this._unreadable(response), response.status);
    }
    if (!response.ok) {
      throw new PlatformError(isProblem(answer) ? answer : this._unreadable(response), response.status);
    }
    return answer as T;
  }

  private _unreachable(late: boolean, timeout: number): Problem {
    return {
      code: 'network.unreachable',
      message: this._trans.__('The workspace does not answer.'),
      cause: late
        ? this._trans.__('There was no answer within %1 seconds.', timeout / 1000)
        : this._trans.__('The server has stopped, or the network is down.'),
      next_step: this._trans.__('Try again; if it stays, restart the workspace.')
    };
  }

  private _unreadable(response: Response): Problem {
    return {
      code: 'response.unreadable',
      message: this._trans.__('The server gave an answer that the panel does not understand.'),
      cause: `HTTP ${response.status} ${response.statusText}`.trim(),
      next_step: this._trans.__('Try again; if it stays, send the server’s log to your platform team.')
    };
  }
}

function isProblem(answer: unknown): answer is Problem {
  const given = answer as Partial<Problem> | null;
  return typeof given?.code === 'string' && typeof given?.message === 'string';
}

/** Put values into `{names}`; each is encoded, so that none can reach another path. */
function fill(template: string, values: Record<string, string>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
}

/** The values that are set, as strings. */
function strings(values: unknown): Record<string, string> {
  const given = Object.entries((values ?? {}) as Record<string, unknown>);
  return Object.fromEntries(
    given
      .filter(([, value]) => value !== undefined && value !== '')
      .map(([name, value]) => [name, String(value)])
  );
}
