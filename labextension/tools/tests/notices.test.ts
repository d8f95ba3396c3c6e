import { Notification } from '@jupyterlab/apputils';
import type { Event } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { News } from '../../src/api/news';
import { followAccess } from '../../src/data/notices';
import { followHandoff } from '../../src/handoff/notices';
import { request } from './nouns';
import { FakeServer, until } from './server';

const trans = nullTranslator.load('jupyter-mlplatform');
const SCHEMA = 'https://schema.jupyter-mlplatform.dev';

let stream: Signal<object, Event.Emission>;
let news: News;
beforeEach(() => {
  stream = new Signal<object, Event.Emission>({});
  news = new News(stream as unknown as Event.Stream);
});
afterEach(() => {
  news.dispose();
  Notification.manager.dismiss();
});

/** The server tells of something. */
function tell(schema: string, payload: Record<string, unknown>): void {
  stream.emit({ schema_id: schema, ...payload } as Event.Emission);
}

function told(): { message: string; type: string; actions: string[] }[] {
  return Notification.manager.notifications.map(({ message, type, options }) => ({
    message,
    type,
    actions: (options.actions ?? []).map(action => action.label)
  }));
}

/** Press a button of the only notification. */
function press(label: string): void {
  const [{ options }] = Notification.manager.notifications;
  options.actions?.find(action => action.label === label)?.callback(new MouseEvent('click'));
}

describe('News of data access', () => {
  let server: FakeServer;
  const refresh = jest.fn();
  const open = jest.fn();
  const insert = jest.fn();
  beforeEach(() => {
    [refresh, open, insert].forEach(reaction => reaction.mockReset());
    server = new FakeServer();
    followAccess(news, server.client, trans, { refresh, open, insert });
  });

  const access = (action: string, text: string, urgency = 'info'): void =>
    tell(`${SCHEMA}/access/v1`, { seq: 1, action, subject: 'req-1', text, urgency });

  it('tells an owner that somebody waits, and leads to the inbox', () => {
    access('request.submitted', 'alice asks for Welding gun sensors.');
    expect(told()).toEqual([
      { message: 'alice asks for Welding gun sensors.', type: 'info', actions: ['Decide'] }
    ]);
    press('Decide');
    expect(open).toHaveBeenCalledWith('inbox');
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it('tells who asked that the request was approved, and writes the code for exactly that dataset', async () => {
    server.on('GET /access/requests/req-1', () => request());
    access('request.approved', 'bob approved.', 'success');
    expect(told()).toEqual([{ message: 'bob approved.', type: 'success', actions: ['Insert code', 'Show'] }]);
    press('Insert code');
    await until(() => insert.mock.calls.length > 0);
    expect(insert).toHaveBeenCalledWith('weld_guns');
  });

  it('says why when the code cannot be written', async () => {
    server.refuse('GET /access/requests/req-1');
    access('request.approved', 'bob approved.', 'success');
    press('Insert code');
    await until(() => told().length === 2);
    expect(told().map(one => one.message)).toContain('The server said no. Ask the test.');
    expect(insert).not.toHaveBeenCalled();
  });

  it('warns that a grant ends, and leads to one’s own access', () => {
    access('grant.ending', 'Your access ends tomorrow.', 'warning');
    expect(told()).toEqual([{ message: 'Your access ends tomorrow.', type: 'warning', actions: ['Show'] }]);
    press('Show');
    expect(open).toHaveBeenCalledWith('mine');
  });

  it('leads to the inbox with a reminder, and when somebody may be stood in for', () => {
    access('request.reminded', 'The request of alice still waits for you.');
    press('Decide');
    Notification.manager.dismiss();
    access('delegation.given', 'bob lets you decide on requests.');
    press('Show');
    expect(open.mock.calls).toEqual([['inbox'], ['inbox']]);
  });

  it.each([
    ['request.passed', [request({ id: 'req-1' })], 'inbox'],
    ['request.passed', [request({ id: 'req-2' })], 'mine'],
    ['request.escalated', [], 'mine']
  ])('leads from %s to where the request is', async (action, items, tab) => {
    server.on('GET /access/requests', () => ({ items }));
    access(action, 'carol approved; it goes on to dave.');
    press('Show');
    await until(() => open.mock.calls.length > 0);
    expect(open).toHaveBeenCalledWith(tab);
    expect(server.asked[0].query).toEqual({ role: 'inbox' });
  });

  it('refreshes without a word when a notice has no text', () => {
    access('request.submitted', '');
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(told()).toEqual([]);
  });

  it('does not listen to other features or other extensions', () => {
    tell(`${SCHEMA}/handoff/v1`, {
      seq: 1,
      action: 'run.finished',
      subject: 'r',
      text: 'x',
      urgency: 'info'
    });
    tell('https://events.jupyter.org/kernel_actions/v1', { action: 'start', text: 'x' });
    expect(refresh).not.toHaveBeenCalled();
    expect(told()).toEqual([]);
  });
});

describe('News of hand-offs', () => {
  const refresh = jest.fn();
  const openRun = jest.fn();
  const openVersions = jest.fn();
  beforeEach(() => {
    [refresh, openRun, openVersions].forEach(reaction => reaction.mockReset());
    followHandoff(news, trans, { refresh, openRun, openVersions });
  });

  const handoff = (action: string, text: string, urgency = 'info'): void =>
    tell(`${SCHEMA}/handoff/v1`, { seq: 1, action, subject: 'subject-1', text, urgency });

  it('tells that a run has finished, and leads to it', () => {
    handoff('run.finished', 'weld-faults has succeeded.', 'success');
    expect(told()).toEqual([{ message: 'weld-faults has succeeded.', type: 'success', actions: ['Show'] }]);
    press('Show');
    expect(openRun).toHaveBeenCalledWith('subject-1');
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it('tells that a version was decided on, and leads to the versions', () => {
    handoff('version.rejected', 'bob rejected weld-faults version 1.', 'warning');
    press('Show');
    expect(openVersions).toHaveBeenCalledTimes(1);
    expect(openRun).not.toHaveBeenCalled();
  });

  it('refreshes without a word when a notice has no text', () => {
    handoff('run.started', '');
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(told()).toEqual([]);
  });
});
