import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/react/pure';
import * as React from 'react';
import type { RowFilter } from '../../src/api/types';
import { dayFromNow, startOf } from '../../src/data/delegations';
import { DataModel } from '../../src/data/model';
import { DataView } from '../../src/data/view';
import { decision, delegation, inHours, request, searchPage, summary, workspaceInfo } from './nouns';
import { FakeServer, json, until } from './server';

const trans = nullTranslator.load('jupyter-mlplatform');
const STRONG: RowFilter = { test: 'range', column: 'force', at_least: 2, at_most: null, below: null };
const TWO_STAGES = [
  { stage: 'owner', approvers: ['bob'], approved_by: '' },
  { stage: 'privacy', approvers: ['carol', 'dave'], approved_by: '' }
];
const PASSED = [{ ...TWO_STAGES[0], approved_by: 'bob' }, TWO_STAGES[1]];

let server: FakeServer;
let model: DataModel;
beforeEach(() => {
  server = new FakeServer()
    .on('GET /access/datasets', () => searchPage([summary()]))
    .on('GET /access/requests', () => ({ items: [] }))
    .on('GET /access/delegations', () => ({ items: [] }))
    .on('GET /workspace', () => workspaceInfo());
  model = new DataModel(server.client, trans);
});
afterEach(() => model.dispose());

function open(): void {
  render(<DataView model={model} insert={() => undefined} />);
  model.active = true;
  fireEvent.click(screen.getByRole('tab', { name: /^Inbox/ }));
}

function sent(what: string): Record<string, unknown>[] {
  return server.asked.filter(one => one.what === what).map(one => one.body as Record<string, unknown>);
}

function change(field: HTMLElement, value: string): void {
  fireEvent.change(field, { target: { value } });
}

describe('The inbox', () => {
  const DECIDE = 'POST /access/requests/req-1/decisions';
  let waiting: unknown[];
  beforeEach(() => {
    waiting = [];
    server.on('GET /access/requests', ({ query }) => ({ items: query.role === 'inbox' ? waiting : [] }));
  });

  /** Bob has left the strong half of it, for ten days. */
  const second = (): ReturnType<typeof request> =>
    request({
      review: PASSED,
      approvers: ['carol'],
      decisions: [decision({ columns: ['force'], rows: STRONG, days: 10, reason: 'Only what you need' })]
    });

  it('shows the stage and what the stage before has left, and sends both', async () => {
    waiting = [second()];
    server.on(DECIDE, () => {
      waiting = [];
      return request({ state: 'approved' });
    });
    open();
    expect(await screen.findByText('stage 2 of 2')).toBeTruthy();
    expect(screen.getByText('Only rows where force is at least 2.')).toBeTruthy();
    expect(screen.getByText('30 asked, 10 left by the stage before')).toBeTruthy();
    expect(screen.getByText('Only what you need')).toBeTruthy();
    const columns = within(screen.getByRole('group', { name: 'Columns' })).getAllByRole('checkbox');
    expect(columns).toHaveLength(1);
    fireEvent.click(screen.getByRole('button', { name: 'Approve' }));
    expect(await screen.findByText('Nothing waits for you')).toBeTruthy();
    expect(sent(DECIDE)).toEqual([
      { verdict: 'approve', revision: 3, stage: 'privacy', reason: '', columns: [], rows: null, days: null }
    ]);
  });

  it('narrows the rows by a further condition', async () => {
    waiting = [second()];
    server.on(DECIDE, () => request({ state: 'approved' }));
    open();
    fireEvent.click(await screen.findByLabelText('Only some of these rows'));
    expect(screen.getByText('Approve narrowed')).toHaveProperty('disabled', true);
    change(screen.getByLabelText('Comparison'), 'below');
    change(screen.getByLabelText('Value'), '9');
    expect(screen.getByText('Of these, only rows where force is below 9.')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Approve narrowed' }));
    await until(() => sent(DECIDE).length === 1);
    expect(sent(DECIDE)[0]).toMatchObject({
      columns: [],
      rows: { test: 'range', column: 'force', at_least: null, at_most: null, below: 9 },
      days: null
    });
  });

  it('sends no narrowing with a refusal', async () => {
    waiting = [second()];
    server.on(DECIDE, () => request({ state: 'rejected' }));
    open();
    fireEvent.click(await screen.findByLabelText('Only some of these rows'));
    change(screen.getByLabelText('Value'), '9');
    fireEvent.click(screen.getByRole('button', { name: 'Reject…' }));
    change(screen.getByRole('textbox', { name: 'Why? It is told to alice.' }), 'No');
    fireEvent.click(screen.getByRole('button', { name: 'Reject now' }));
    await until(() => sent(DECIDE).length === 1);
    expect(sent(DECIDE)[0]).toMatchObject({ verdict: 'reject', stage: 'privacy', rows: null, days: null });
  });

  it.each([
    ['access.revision_changed', { revision: 4, reason: 'Now for another purpose' }],
    ['access.stage_changed', { review: PASSED, reason: 'Now for another purpose' }]
  ])('shows the request anew and says why after %s', async (code, changed) => {
    waiting = [request({ review: TWO_STAGES })];
    server.on(DECIDE, () => {
      waiting = [request({ review: TWO_STAGES, ...changed })];
      return json({ code, message: 'It was changed.', cause: '', next_step: 'Look at it again.' }, 409);
    });
    open();
    fireEvent.click(await screen.findByRole('button', { name: 'Approve' }));
    expect(await screen.findByText('Now for another purpose')).toBeTruthy();
    const alerts = await screen.findAllByRole('alert');
    expect(alerts.map(alert => alert.textContent)).toEqual(['It was changed.Look at it again.']);
    expect(alerts[0].closest('li')).not.toBeNull();
    expect(sent(DECIDE)).toHaveLength(1);
  });

  it('says that a request was changed while it was shown, before anything is decided', async () => {
    waiting = [request()];
    open();
    expect(await screen.findByText('Find faulty welds')).toBeTruthy();
    waiting = [request({ revision: 4, reason: 'Now for another purpose' })];
    model.refresh();
    expect(await screen.findByText('Now for another purpose')).toBeTruthy();
    expect(screen.getByRole('alert').textContent).toBe(
      'This request has changed since you looked at it.Look at it again, then decide.'
    );
  });

  it('says what became of a request that somebody else has decided meanwhile', async () => {
    waiting = [request()];
    server.on(DECIDE, () => {
      waiting = [];
      return json({ code: 'access.not_open', message: 'Too late.', cause: '', next_step: '' }, 409);
    });
    open();
    fireEvent.click(await screen.findByRole('button', { name: 'Approve' }));
    expect(await screen.findByText('Nothing waits for you')).toBeTruthy();
    expect(screen.getByRole('alert').textContent).toContain('Too late.');
  });

  it('says in whose place a delegate decides', async () => {
    waiting = [
      request({ approvers: ['bob', 'alice'], review: [{ ...TWO_STAGES[0], approvers: ['bob', 'alice'] }] })
    ];
    server.on('GET /access/delegations', () => ({
      items: [delegation({ approver: 'bob', delegate: 'alice' })]
    }));
    open();
    expect(await screen.findByText('You decide in the place of bob.')).toBeTruthy();
  });

  it('does not say so of a delegation that has not begun, nor of somebody who may not decide this', async () => {
    waiting = [request()];
    server.on('GET /access/delegations', () => ({
      items: [
        delegation({ id: 'd-1', approver: 'bob', delegate: 'alice', not_before: inHours(5) }),
        delegation({ id: 'd-2', approver: 'zoe', delegate: 'alice' })
      ]
    }));
    open();
    expect(await screen.findByText('You decide in the place of zoe')).toBeTruthy();
    expect(screen.queryByText(/^You decide in the place of .*\.$/)).toBeNull();
  });
});

describe('While I am away', () => {
  const GIVE = 'POST /access/delegations';

  it('somebody can be let decide until the end of the last day', async () => {
    let items: unknown[] = [];
    server
      .on('GET /access/delegations', () => ({ items }))
      .on(GIVE, () => {
        items = [delegation()];
        return json(delegation(), 201);
      });
    open();
    expect(await screen.findByText('Nobody decides in your place.')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Let somebody decide for you…' }));
    const form = screen.getByRole('form', { name: 'Let somebody decide for you' });
    const who = within(form).getByLabelText('Who decides in your place?');
    expect(document.activeElement).toBe(who);
    change(who, ' dave ');
    const last = dayFromNow(3);
    change(within(form).getByLabelText('Last day'), last);
    fireEvent.submit(form);
    expect(await screen.findByText('dave decides in your place')).toBeTruthy();
    expect(screen.queryByRole('form')).toBeNull();
    expect(sent(GIVE)).toEqual([
      { delegate: 'dave', not_before: null, not_after: startOf(dayFromNow(4)), reason: '' }
    ]);
  });

  it('one that begins later is sent with its first day', async () => {
    server.on(GIVE, () => json(delegation(), 201));
    open();
    fireEvent.click(await screen.findByRole('button', { name: 'Let somebody decide for you…' }));
    const form = screen.getByRole('form');
    change(within(form).getByLabelText('Who decides in your place?'), 'dave');
    change(within(form).getByLabelText('First day'), dayFromNow(2));
    fireEvent.submit(form);
    await until(() => sent(GIVE).length === 1);
    expect(sent(GIVE)[0].not_before).toBe(startOf(dayFromNow(2)));
  });

  it('it can be taken back, and what was given to me given up', async () => {
    let items = [delegation(), delegation({ id: 'd-2', approver: 'bob', delegate: 'alice' })];
    server.on('GET /access/delegations', () => ({ items }));
    for (const id of ['d-1', 'd-2']) {
      server.on(`DELETE /access/delegations/${id}`, () => {
        items = items.filter(item => item.id !== id);
        return delegation({ id });
      });
    }
    open();
    expect(await screen.findByText('You decide in the place of bob')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Take back' }));
    await waitFor(() => expect(screen.queryByText('dave decides in your place')).toBeNull());
    fireEvent.click(screen.getByRole('button', { name: 'Give it up' }));
    expect(await screen.findByText('Nobody decides in your place.')).toBeTruthy();
  });

  it('says why it is refused, and keeps the form', async () => {
    server.refuse(GIVE);
    open();
    fireEvent.click(await screen.findByRole('button', { name: 'Let somebody decide for you…' }));
    const form = screen.getByRole('form');
    change(within(form).getByLabelText('Who decides in your place?'), 'dave');
    fireEvent.submit(form);
    expect((await screen.findByRole('alert')).textContent).toContain('The server said no.');
    expect(within(form).getByLabelText('Who decides in your place?')).toHaveProperty('value', 'dave');
  });
});
