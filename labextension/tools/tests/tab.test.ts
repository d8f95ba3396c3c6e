import { thisTab } from '../../src/idle/tab';

/** The locks of a browser, as far as they are asked for here. */
function locks(): {
  request: (name: string, how: object, hold: (lock: unknown) => unknown) => Promise<unknown>;
} {
  const held = new Set<string>();
  return {
    request: async (name, _how, hold) => {
      if (held.has(name)) {
        return hold(null);
      }
      held.add(name);
      return hold({ name });
    }
  };
}

function give(value: unknown): void {
  Object.defineProperty(navigator, 'locks', { value, configurable: true });
}

describe('The name of a tab', () => {
  beforeEach(() => {
    window.sessionStorage.clear();
    give(locks());
  });
  afterEach(() => jest.restoreAllMocks());

  it('is the same after a reload', async () => {
    const first = await thisTab();
    give(locks()); // the page that held it is gone
    const second = await thisTab();
    expect(first.returned).toBe(false);
    expect(second).toEqual({ client: first.client, returned: true });
  });

  it('is another one in a duplicate, whose storage is a copy', async () => {
    const first = await thisTab();
    const copy = await thisTab();
    expect(copy.returned).toBe(false);
    expect(copy.client).not.toBe(first.client);
  });

  it('is a new one for every page where there are no locks', async () => {
    give(undefined);
    const first = await thisTab();
    const second = await thisTab();
    expect(second).toEqual({ client: expect.not.stringMatching(first.client), returned: false });
  });

  it('is a new one where the browser keeps nothing', async () => {
    jest.spyOn(Storage.prototype, 'getItem').mockImplementation(() => {
      throw new Error('The operation is insecure.');
    });
    expect((await thisTab()).returned).toBe(false);
  });
});
