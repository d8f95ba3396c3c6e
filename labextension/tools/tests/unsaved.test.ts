import { Dialog, showErrorMessage } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { ServerConnection, type Contents, type Event as Events } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';
import { News } from '../../src/api/news';
import { OpenDocuments } from '../../src/idle/documents';
import type { ITab } from '../../src/idle/tab';
import { UnsavedDocuments } from '../../src/idle/unsaved';
import { FakeServer, json, REFUSAL, until } from './server';

const trans = nullTranslator.load('jupyter-mlplatform');
const real = setTimeout;
const OLD = '2026-11-20T10:00:00Z';

/** A document as JupyterLab's own context keeps it, as far as saving goes. */
class Document {
  constructor(
    readonly path: string,
    readonly contentsModel: Partial<Contents.IModel> = { last_modified: OLD, writable: true }
  ) {}

  readonly ready = Promise.resolve();
  readonly pathChanged = new Signal<this, string>(this);
  readonly disposed = new Signal<this, void>(this);
  readonly model = {
    collaborative: false,
    dirty: false,
    readOnly: false,
    stateChanged: new Signal<object, { name: string }>({})
  };
  saved = 0;
  save = async (): Promise<void> => {
    this.saved += 1;
    this.become(false);
  };

  /** Changed by typing, or saved. */
  become(dirty: boolean): this {
    this.model.dirty = dirty;
    this.model.stateChanged.emit({ name: 'dirty' });
    return this;
  }
}

let server: FakeServer;
let stream: Signal<object, Events.Emission>;
let news: News;
let unsaved: UnsavedDocuments;
let opened: Signal<object, unknown>;
let disk: Record<string, Partial<Contents.IModel>>;
beforeEach(() => {
  server = new FakeServer().on('POST /idle/unsaved', () => ({})).on('POST /idle/saved', () => ({}));
  stream = new Signal<object, Events.Emission>({});
  news = new News(stream as unknown as Events.Stream);
  opened = new Signal<object, unknown>({});
  disk = {};
});
afterEach(() => {
  unsaved.dispose();
  news.dispose();
});

const contents = {
  localPath: (path: string) => path.split(':').pop() ?? path,
  get: async (path: string) => {
    if (path.startsWith('gone')) {
      throw new ServerConnection.ResponseError(new Response('', { status: 404 }));
    }
    return { last_modified: OLD, ...disk[path] };
  }
} as unknown as Contents.IManager;

/** What JupyterLab knows of documents: the factory tells of each that is opened. */
function start(...already: Document[]): UnsavedDocuments {
  return startTab({ client: 'tab-1', returned: false }, ...already);
}

function startTab(tab: ITab, ...already: Document[]): UnsavedDocuments {
  const registry = {
    widgetFactories: () => [{ widgetCreated: opened }],
    changed: new Signal<object, object>({})
  } as unknown as DocumentRegistry;
  const widgets = already.map(context => ({ context }) as unknown as Widget);
  const documents = new OpenDocuments(registry, widgets);
  unsaved = new UnsavedDocuments(server.client, news, documents, { contents, trans, labTrans: trans }, tab);
  return unsaved;
}

const open = (document: Document): Document => {
  opened.emit({ context: document });
  return document;
};

const told = (): unknown[] =>
  server.asked
    .filter(one => one.what === 'POST /idle/unsaved')
    .map(one => (one.body as { paths: string[] }).paths);

const answers = (): unknown[] =>
  server.asked.filter(one => one.what === 'POST /idle/saved').map(one => one.body);

function say(action: string, change: Record<string, unknown> = {}): void {
  stream.emit({
    schema_id: 'https://schema.jupyter-mlplatform.dev/idle/v1',
    action,
    subject: 'workspace',
    kind: 'workspace',
    request: 'r1',
    why: 'It is idle.',
    ...change
  } as unknown as Events.Emission);
}

const answered = async (count = 1): Promise<void> => until(() => answers().length === count);
const failed = (): unknown => (answers()[0] as { failed: unknown }).failed;

describe('What is unsaved', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());
  const pass = async (ms: number): Promise<void> => {
    await jest.advanceTimersByTimeAsync(ms);
    await new Promise(resolve => real(resolve, 30)); // the request and its answer take their own time
  };

  it('is told when it changes, once for many changes, and not at all while there is none', async () => {
    start();
    const first = open(new Document('a.ipynb'));
    const second = open(new Document('RTC:b.py'));
    await pass(60_000);
    expect(told()).toEqual([]);
    for (let key = 0; key < 20; key++) {
      first.become(true);
      second.become(true);
    }
    await pass(2000);
    expect(told()).toEqual([['a.ipynb', 'b.py']]);
    first.become(false);
    second.disposed.emit();
    await pass(2000);
    expect(told()).toEqual([['a.ipynb', 'b.py'], []]);
  });

  it('counts documents that were open before', async () => {
    start(new Document('a.ipynb').become(true));
    await pass(2000);
    expect(told()).toEqual([['a.ipynb']]);
  });

  it('is told once after a reload, although there is nothing: the page before may have left something', async () => {
    startTab({ client: 'tab-1', returned: true });
    await pass(2000);
    await pass(60_000);
    expect(told()).toEqual([[]]);
  });

  it('leaves out documents that are edited together: the server saves them', async () => {
    const shared = new Document('a.ipynb');
    shared.model.collaborative = true;
    start(shared.become(true));
    await pass(60_000);
    expect(told()).toEqual([]);
  });

  it('is told again when the server did not take it, later and later', async () => {
    server.refuse('POST /idle/unsaved', REFUSAL, 503);
    start(new Document('a.ipynb').become(true));
    await pass(1500);
    await pass(6000);
    expect(told()).toHaveLength(2);
    server.on('POST /idle/unsaved', () => ({}));
    await pass(11_000);
    await pass(600_000);
    expect(told()).toHaveLength(3);
  });

  it('is never told again to a server that does not know it', async () => {
    server.on('POST /idle/unsaved', () => json({}, 404));
    start(new Document('a.ipynb').become(true));
    await pass(2000);
    expect(unsaved.isDisposed).toBe(true);
  });

  it('is told once more when the workspace is about to stop: the server may have been started again', async () => {
    start(new Document('a.ipynb').become(true));
    await pass(2000);
    say('warned');
    await pass(100);
    expect(told()).toEqual([['a.ipynb'], ['a.ipynb']]);
  });

  it('does not hold the workspace when the page goes, and is told again when it comes back', async () => {
    start(new Document('a.ipynb').become(true));
    await pass(2000);
    window.dispatchEvent(new Event('pagehide'));
    await pass(0);
    expect(told()).toEqual([['a.ipynb'], []]);
    window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
    await pass(2000);
    expect(told()).toEqual([['a.ipynb'], [], ['a.ipynb']]);
  });
});

describe('Saving when the server asks for it', () => {
  beforeEach(() => jest.spyOn(console, 'warn').mockReturnValue()); // JupyterLab writes what its dialogs say
  it('saves every document that has changes, and nothing else, and says so', async () => {
    const dirty = new Document('a.ipynb').become(true);
    const clean = new Document('b.ipynb');
    start(dirty, clean);
    say('save');
    await answered();
    expect(answers()).toEqual([{ client: 'tab-1', request: 'r1', failed: {} }]);
    expect([dirty.saved, clean.saved]).toEqual([1, 0]);
  });

  it('answers also when there is nothing to save, and once for a request that comes twice', async () => {
    start();
    say('save');
    say('save');
    say('save', { request: 'r2' });
    await answered(2);
    expect(answers()).toEqual([
      { client: 'tab-1', request: 'r1', failed: {} },
      { client: 'tab-1', request: 'r2', failed: {} }
    ]);
  });

  it('does not overwrite a newer file, by its time', async () => {
    const document = new Document('a.ipynb').become(true);
    disk['a.ipynb'] = { last_modified: '2026-11-20T10:00:05Z' };
    start(document);
    say('save');
    await answered();
    expect(failed()).toEqual({ 'a.ipynb': 'The file has changed on disk since it was opened here.' });
    expect(document.saved).toBe(0);
  });

  it('does not overwrite another content, by its hash', async () => {
    const document = new Document('a.ipynb', { hash: 'one', last_modified: OLD }).become(true);
    disk['a.ipynb'] = { hash: 'two' };
    start(document);
    say('save');
    await answered();
    expect(document.saved).toBe(0);
  });

  it('writes a file anew that was deleted', async () => {
    const document = new Document('gone.ipynb').become(true);
    start(document);
    say('save');
    await answered();
    expect([document.saved, failed()]).toEqual([1, {}]);
  });

  it('says which could not be saved and why, and still saves the others', async () => {
    const readOnly = new Document('ro.ipynb', { writable: false }).become(true);
    const full = new Document('full.ipynb').become(true);
    full.save = () => Promise.reject(new Error('No space left on device'));
    const fine = new Document('fine.ipynb').become(true);
    start(readOnly, full, fine);
    say('save');
    await answered();
    expect(failed()).toEqual({
      'ro.ipynb': 'The file is read-only.',
      'full.ipynb': 'No space left on device'
    });
    expect(fine.saved).toBe(1);
  });

  it('never waits for somebody at a dialog: what it would have said is the reason', async () => {
    const document = new Document('work/a.ipynb').become(true);
    document.save = () => {
      const error = new Error('The server said 500.');
      void showErrorMessage('File Save Error for a.ipynb', error);
      return Promise.reject(error);
    };
    start(document);
    say('save');
    await answered();
    expect(failed()).toEqual({ 'work/a.ipynb': 'The server said 500.' });
    await until(() => dialogs() === 0);
  });

  it('leaves a dialog open that a person has opened', async () => {
    const document = new Document('a.ipynb').become(true);
    let mine: Promise<void> = Promise.resolve();
    document.save = async () => {
      mine = showErrorMessage('Something else', 'It is mine.');
      document.become(false);
    };
    start(document);
    say('save');
    await answered();
    await until(() => dialogs() === 1);
    await new Promise(resolve => setTimeout(resolve, 150));
    expect(dialogs()).toBe(1);
    Dialog.tracker.forEach(dialog => dialog.reject());
    await mine;
  });

  it('gives up on a document that hangs, and says so', async () => {
    jest.useFakeTimers();
    const document = new Document('a.ipynb').become(true);
    document.save = () => new Promise(() => undefined);
    start(document);
    say('save');
    await jest.advanceTimersByTimeAsync(16_000);
    jest.useRealTimers();
    await answered();
    expect(failed()).toEqual({ 'a.ipynb': 'It was not saved within 15 seconds.' });
  });

  it('answers the next request of the same name when the answer did not arrive', async () => {
    server.refuse('POST /idle/saved', REFUSAL, 503);
    start();
    say('save');
    await answered();
    await new Promise(resolve => setTimeout(resolve, 20)); // the refusal is on its way back
    say('save');
    await answered(2);
  });
});

function dialogs(): number {
  return window.document.querySelectorAll('.jp-Dialog').length;
}
