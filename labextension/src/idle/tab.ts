import { UUID } from '@lumino/coreutils';

const KEY = 'jupyter-mlplatform:tab';

/** Who this tab is to the server. */
export interface ITab {
  client: string;
  /** Its page was loaded before: the server may remember what that one had not saved. */
  returned: boolean;
}

/**
 * The name of this tab, the same after a reload, so that what the page before had not saved is not held for a tab that
 * never comes back. A duplicated tab starts with a copy of the storage: only the lock tells which of the two had the
 * name first. Where there are no locks (a page without TLS), or no storage, every page has a name of its own.
 */
export async function thisTab(): Promise<ITab> {
  try {
    const kept = window.sessionStorage.getItem(KEY);
    if (kept && (await claim(kept))) {
      return { client: kept, returned: true };
    }
    const client = UUID.uuid4();
    window.sessionStorage.setItem(KEY, client);
    await claim(client);
    return { client, returned: false };
  } catch {
    return { client: UUID.uuid4(), returned: false }; // the browser keeps nothing for this page
  }
}

/** Take the lock of a name for as long as this page lives. Resolves to whether nobody had it. */
function claim(client: string): Promise<boolean> {
  const locks = navigator.locks as LockManager | undefined;
  if (!locks) {
    return Promise.resolve(false);
  }
  return new Promise((resolve, reject) => {
    const hold = (lock: Lock | null): Promise<never> | undefined => {
      resolve(lock !== null);
      return lock ? new Promise<never>(() => undefined) : undefined;
    };
    locks.request(`${KEY}:${client}`, { ifAvailable: true }, hold).catch(reject);
  });
}
