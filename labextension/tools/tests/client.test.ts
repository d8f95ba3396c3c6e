import { nullTranslator } from '@jupyterlab/translation';
import { asProblem, isMissing, PlatformError } from '../../src/api/problem';
import { Availability } from '../../src/shell/availability';
import { workspaceInfo } from './nouns';
import { FakeServer, json, REFUSAL } from './server';

const trans = nullTranslator.load('jupyter-mlplatform');

async function failure(work: Promise<unknown>): Promise<PlatformError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof PlatformError) {
      return error;
    }
    throw error;
  }
  throw new Error('It did not fail.');
}

describe('The API client', () => {
  let server: FakeServer;
  beforeEach(() => {
    server = new FakeServer();
  });

  it('asks below the base URL and gives back what the server answers', async () => {
    server.on('GET /workspace', () => workspaceInfo({ person: 'alice' }));
    expect((await server.client.get('/workspace')).person).toBe('alice');
    expect(server.asked).toEqual([{ what: 'GET /workspace', query: {}, body: undefined }]);
  });

  it('keeps a value inside its place in the path, whatever characters it has', async () => {
    server.on('GET /access/datasets/..%2F..%2Fsecret%3Fq', () => ({}));
    await server.client.get('/access/datasets/{dataset_id}', { path: { dataset_id: '../../secret?q' } });
    expect(server.count('GET /access/datasets/..%2F..%2Fsecret%3Fq')).toBe(1);
  });

  it('leaves out query values that are not set', async () => {
    server.on('GET /access/datasets', () => ({ items: [] }));
    await server.client.get('/access/datasets', { query: { q: 'weld & gun', owner: '', limit: 20 } });
    expect(server.asked[0].query).toEqual({ q: 'weld & gun', limit: '20' });
  });

  it('turns the server’s error body into an error that says what happened, why and what to do', async () => {
    server.refuse('GET /workspace', REFUSAL, 409);
    const error = await failure(server.client.get('/workspace'));
    expect(error.message).toBe('The server said no. The test wants it so. Ask the test.');
    expect(error.status).toBe(409);
    expect(asProblem(error, trans)).toEqual(REFUSAL);
  });

  it('says what to do when a proxy answers with a page instead of JSON', async () => {
    server.on(
      'GET /workspace',
      () => new Response('<html>Bad gateway</html>', { status: 502, statusText: 'Bad Gateway' })
    );
    const { problem } = await failure(server.client.get('/workspace'));
    expect(problem.code).toBe('response.unreadable');
    expect(problem.cause).toBe('HTTP 502 Bad Gateway');
    expect(problem.next_step).toContain('Try again');
  });

  it('does not take another program’s JSON for a reason that a person can read', async () => {
    server.on('GET /workspace', () => json({ detail: 'nope' }, 500));
    const { problem } = await failure(server.client.get('/workspace'));
    expect(problem.message).toBe('The server gave an answer that the panel does not understand.');
  });

  it('says that the workspace does not answer when the network fails', async () => {
    server.on('GET /workspace', () => Promise.reject(new TypeError('Failed to fetch')));
    const error = await failure(server.client.get('/workspace'));
    expect(error.status).toBe(0);
    expect(error.problem.message).toBe('The workspace does not answer.');
    expect(error.problem.next_step).toContain('restart the workspace');
  });

  it('gives up after the time that the caller allows', async () => {
    server.on('GET /idle', () => new Promise(() => undefined));
    const { problem } = await failure(server.client.get('/idle', { timeout: 5 }));
    expect(problem.cause).toBe('There was no answer within 0.005 seconds.');
  });

  it('takes a missing dataset for a missing dataset, not for a missing server part', async () => {
    server.refuse('GET /access/datasets/gone', { ...REFUSAL, code: 'access.no_such_dataset' }, 404);
    const call = server.client.get('/access/datasets/{dataset_id}', { path: { dataset_id: 'gone' } });
    expect(isMissing(await failure(call))).toBe(false);
  });

  it('shows a defect of the panel itself as a problem with a next step', () => {
    const problem = asProblem(new TypeError('x is not a function'), trans);
    expect(problem).toMatchObject({ code: 'panel.defect', cause: 'x is not a function' });
    expect(problem.next_step).toContain('Reload the page');
  });
});

describe('The probe for the server part', () => {
  it('finds the server part missing when the server knows no such page, and asks no more by itself', async () => {
    const server = new FakeServer().on(
      'GET /workspace',
      () => new Response('<html>404</html>', { status: 404 })
    );
    const availability = new Availability(server.client, trans);
    await availability.ask();
    expect(availability.state).toBe('missing');
    expect(availability.problem).toBeNull();
    expect(server.asked).toHaveLength(1);
  });

  it('reports what the server says when it is there but refuses', async () => {
    const server = new FakeServer().refuse('GET /workspace', REFUSAL, 500);
    const availability = new Availability(server.client, trans);
    await availability.ask();
    expect(availability.state).toBe('problem');
    expect(availability.problem).toEqual(REFUSAL);
  });

  it('asks once however often the panel is shown while it waits, and never again once it is ready', async () => {
    const server = new FakeServer().on('GET /workspace', () => workspaceInfo());
    const availability = new Availability(server.client, trans);
    await Promise.all([availability.ask(), availability.ask()]);
    await availability.ask();
    expect(availability.state).toBe('ready');
    expect(server.asked).toHaveLength(1);
  });

  it('recovers when a person asks again and the server part has come back', async () => {
    const server = new FakeServer().on('GET /workspace', () => new Response('', { status: 404 }));
    const availability = new Availability(server.client, trans);
    await availability.ask();
    server.on('GET /workspace', () => workspaceInfo());
    await availability.ask();
    expect(availability.state).toBe('ready');
  });
});
