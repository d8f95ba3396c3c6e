import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/react/pure';
import * as React from 'react';
import type { RowFilter } from '../../src/api/types';
import { DataModel } from '../../src/data/model';
import { DataView } from '../../src/data/view';
import {
  datasetPage,
  decision,
  grant,
  inHours,
  options,
  request,
  searchPage,
  summary,
  workspaceInfo
} from './nouns';
import { FakeServer, until } from './server';

const trans = nullTranslator.load('jupyter-mlplatform');
const NASTY = '<img src=x onerror="document.title=\'owned\'">';
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
    .on('GET /access/datasets/weld_guns', () => datasetPage())
    .on('GET /access/options', () => options())
    .on('GET /access/requests', () => ({ items: [] }))
    .on('GET /access/grants', () => ({ items: [] }))
    .on('GET /access/delegations', () => ({ items: [] }))
    .on('GET /workspace', () => workspaceInfo());
  model = new DataModel(server.client, trans);
});
afterEach(() => model.dispose());

function open(tab?: string | RegExp): void {
  render(<DataView model={model} insert={() => undefined} />);
  model.active = true;
  if (tab) {
    fireEvent.click(screen.getByRole('tab', { name: tab }));
  }
}

function sent(what: string): Record<string, unknown>[] {
  return server.asked.filter(one => one.what === what).map(one => one.body as Record<string, unknown>);
}

function change(field: HTMLElement, value: string): void {
  fireEvent.change(field, { target: { value } });
}

describe('Asking for a dataset', () => {
  async function openForm(button: string | RegExp = 'Request access'): Promise<HTMLElement> {
    open();
    fireEvent.click(await screen.findByRole('button', { name: /Welding gun sensors/ }));
    fireEvent.click(await screen.findByRole('button', { name: button }));
    return screen.findByRole('form', { name: 'Request access to Welding gun sensors' });
  }

  const send = (form: HTMLElement): void => {
    change(within(form).getByLabelText('What for?'), 'training');
    fireEvent.submit(form);
  };

  beforeEach(() => server.on('POST /access/requests', () => request()));

  it('asks for all rows for oneself when nothing else is said', async () => {
    send(await openForm());
    await until(() => sent('POST /access/requests').length === 1);
    expect(sent('POST /access/requests')[0]).toMatchObject({
      columns: ['force', 'operator_id'],
      rows: null,
      beneficiary: '',
      renews: ''
    });
  });

  it('sends conditions as a typed tree, after saying them in words', async () => {
    const form = await openForm();
    change(within(form).getByLabelText('What for?'), 'training');
    expect(within(form).getByText('Send request')).toHaveProperty('disabled', false);
    fireEvent.click(within(form).getByLabelText('Only some rows'));
    const first = within(form).getByLabelText('Condition 1');
    expect(within(form).getByText('Fill in each condition, or take it away.')).toBeTruthy();
    expect(within(form).getByText('Send request')).toHaveProperty('disabled', true);
    change(within(first).getByLabelText('Value'), '2');
    fireEvent.click(within(form).getByText('Add a condition'));
    const second = within(form).getByLabelText('Condition 2');
    change(within(second).getByLabelText('Column'), 'operator_id');
    change(within(second).getByLabelText('Comparison'), 'one_of');
    change(within(second).getByLabelText('Values, one a line'), 'a\nb');
    expect(
      within(form)
        .getAllByRole('listitem')
        .map(item => item.textContent)
    ).toEqual(expect.arrayContaining(['force is at least 2, and', 'operator_id is a or b.']));
    send(form);
    await until(() => sent('POST /access/requests').length === 1);
    expect(sent('POST /access/requests')[0].rows).toEqual({
      test: 'and',
      of: [STRONG, { test: 'in', column: 'operator_id', values: ['a', 'b'] }]
    });
  });

  it('asks for all rows again when the conditions are taken away', async () => {
    const form = await openForm();
    const box = within(form).getByLabelText('Only some rows');
    fireEvent.click(box);
    fireEvent.click(within(form).getByLabelText('Take this condition away'));
    expect(box).toHaveProperty('checked', false);
    send(form);
    await until(() => sent('POST /access/requests').length === 1);
    expect(sent('POST /access/requests')[0].rows).toBeNull();
  });

  it('asks for somebody else, but never with a name that was folded away', async () => {
    const form = await openForm();
    const fold = screen.getByText('For somebody else').closest('details') as HTMLDetailsElement;
    fold.open = true;
    fireEvent(fold, new Event('toggle'));
    change(within(form).getByLabelText('Who is going to use the data?'), ' dave ');
    fold.open = false;
    fireEvent(fold, new Event('toggle'));
    fold.open = true;
    fireEvent(fold, new Event('toggle'));
    const name = within(form).getByLabelText('Who is going to use the data?');
    expect(name).toHaveProperty('value', '');
    change(name, ' dave ');
    send(form);
    await until(() => sent('POST /access/requests').length === 1);
    expect(sent('POST /access/requests')[0].beneficiary).toBe('dave');
  });

  it('shows each stage with who decides in it, and how long it may be', async () => {
    server.on('GET /access/datasets/weld_guns', () => ({ ...datasetPage(), review: TWO_STAGES }));
    const form = await openForm();
    expect(
      within(within(form).getByRole('list', { name: 'Who decides' }))
        .getAllByRole('listitem')
        .map(item => item.textContent)
    ).toEqual(['1owner bob decides', '2privacy carol or dave decides']);
    expect(within(form).getByText('At most 90 for confidential data.')).toBeTruthy();
  });

  it('says by which rule it was approved at once', async () => {
    const approved = request({
      state: 'approved',
      review: [],
      decisions: [decision({ actor: 'policy', rule: 'open data', stage: '' })]
    });
    server.on('POST /access/requests', () => approved);
    send(await openForm());
    expect(
      await screen.findByText('Your request was approved at once by the rule “open data” of the policy.')
    ).toBeTruthy();
  });

  it('changes an open request: the form begins with it, and says what was asked for', async () => {
    const wish = decision({ verdict: 'ask_changes', reason: 'Fewer rows, please' });
    const asked = request({ state: 'changes_asked', reason: 'My words', days: 12, decisions: [wish] });
    asked.scope = { ...asked.scope, columns: ['force'], rows: STRONG };
    server.on('GET /access/datasets/weld_guns', () =>
      datasetPage({ access: 'requested', open_request: asked })
    );
    const form = await openForm('Change request');
    expect(within(form).getByText('bob asks you to change it: Fewer rows, please')).toBeTruthy();
    expect(within(form).getByRole('checkbox', { name: /operator_id/ })).toHaveProperty('checked', false);
    expect(within(form).getByLabelText('Value')).toHaveProperty('value', '2');
    expect(within(form).getByLabelText('In your own words')).toHaveProperty('value', 'My words');
    fireEvent.submit(form);
    await until(() => sent('POST /access/requests').length === 1);
    expect(sent('POST /access/requests')[0]).toMatchObject({
      columns: ['force'],
      rows: STRONG,
      days: 12,
      purpose: 'training'
    });
  });

  it('renews from the dataset’s page with the same columns and rows', async () => {
    const held = grant({ not_after: inHours(24 * 5) });
    held.scope = { ...held.scope, rows: STRONG };
    server.on('GET /access/datasets/weld_guns', () => datasetPage({ access: 'granted', grant: held }));
    const form = await openForm('Renew');
    expect(within(form).getByText(/whatever becomes of this request/)).toBeTruthy();
    fireEvent.submit(form);
    await until(() => sent('POST /access/requests').length === 1);
    expect(sent('POST /access/requests')[0]).toMatchObject({
      columns: ['force'],
      rows: STRONG,
      renews: 'grant-1',
      purpose: 'training'
    });
  });

  it('keeps what was filled in when the server refuses it, and says why', async () => {
    server.refuse('POST /access/requests');
    const form = await openForm();
    fireEvent.click(within(form).getByLabelText('Only some rows'));
    change(within(form).getByLabelText('Value'), '2');
    send(form);
    expect((await screen.findByRole('alert')).textContent).toContain('The server said no.');
    expect(screen.getByLabelText('Value')).toHaveProperty('value', '2');
  });
});

describe('My access', () => {
  const answer = (what: { requests?: unknown[]; mine?: unknown[]; owned?: unknown[] }): void => {
    server.on('GET /access/requests', ({ query }) => ({
      items: query.role === 'mine' ? (what.requests ?? []) : []
    }));
    server.on('GET /access/grants', ({ query }) => ({
      items: (query.role === 'mine' ? what.mine : what.owned) ?? []
    }));
  };

  it('shows the stages of a request: who has approved, and whom it waits for', async () => {
    answer({ requests: [request({ review: PASSED, approvers: ['carol', 'dave'], kind: 'renewal' })] });
    open('My access');
    const stages = within(await screen.findByRole('list', { name: 'Who decides' })).getAllByRole('listitem');
    expect(stages.map(item => item.textContent)).toEqual([
      'owner bob approved',
      '2privacy waits for carol or dave'
    ]);
    expect(stages[1].getAttribute('aria-current')).toBe('step');
    expect(screen.getByText('renewal')).toBeTruthy();
  });

  it('shows rows, whom it is for, and what was decided in whose place', async () => {
    const asked = request({
      beneficiary: 'erin',
      state: 'changes_asked',
      review: TWO_STAGES,
      decisions: [
        decision({ verdict: 'ask_changes', actor: 'dave', on_behalf: 'bob', reason: NASTY, stage: 'owner' })
      ]
    });
    asked.scope = { ...asked.scope, rows: { test: 'equals', column: 'operator_id', value: NASTY } };
    answer({ requests: [asked] });
    open('My access');
    const words = await screen.findByText(/^Only rows where operator_id is /);
    expect(words.textContent).toContain('<img src=x');
    expect(screen.getByText(/^for erin · 2 columns/)).toBeTruthy();
    expect(screen.getByText(/^dave, in the place of bob, asked for changes as “owner”/)).toBeTruthy();
    expect(document.querySelector('img')).toBeNull();
    expect(document.title).not.toBe('owned');
    fireEvent.click(screen.getByRole('button', { name: 'Change it' }));
    expect(await screen.findByRole('heading', { name: 'Welding gun sensors' })).toBeTruthy();
  });

  describe('renewing', () => {
    const ends = (hours: number, id = 'grant-1'): ReturnType<typeof grant> => {
      const one = grant({ id, not_after: inHours(hours) });
      one.scope = { ...one.scope, rows: STRONG };
      return one;
    };

    it('sends a new request for the same columns and rows, once', async () => {
      answer({ mine: [ends(24 * 10)] });
      server.on('POST /access/requests', () => request({ kind: 'renewal' }));
      open('My access');
      fireEvent.click(await screen.findByRole('button', { name: 'Renew…' }));
      const form = await screen.findByRole('form', { name: 'Renew Welding gun sensors' });
      expect(within(form).getByText(/What you have now still ends on/)).toBeTruthy();
      const days = within(form).getByLabelText('For how many more days?');
      expect(document.activeElement).toBe(days);
      change(days, '14');
      fireEvent.submit(form);
      fireEvent.submit(form);
      await waitFor(() => expect(screen.queryByRole('form')).toBeNull());
      expect(sent('POST /access/requests')).toEqual([
        {
          dataset_id: 'weld_guns',
          columns: ['force'],
          rows: STRONG,
          purpose: 'training',
          reason: '',
          days: 14,
          beneficiary: '',
          renews: 'grant-1',
          basket: '',
          idempotency_key: expect.stringMatching(/.{30}/)
        }
      ]);
    });

    it('uses the same key when the same is sent again after a failure, and another for another', async () => {
      answer({ mine: [ends(24 * 10)] });
      server.refuse('POST /access/requests');
      open('My access');
      fireEvent.click(await screen.findByRole('button', { name: 'Renew…' }));
      const form = await screen.findByRole('form');
      const days = within(form).getByLabelText('For how many more days?');
      for (const [times, value] of ['14', '14', '15'].entries()) {
        change(days, value);
        fireEvent.submit(form);
        await until(() => sent('POST /access/requests').length === times + 1);
        await waitFor(() => expect(days).toHaveProperty('disabled', false));
      }
      const keys = sent('POST /access/requests').map(body => body.idempotency_key);
      expect(keys[0]).toBe(keys[1]);
      expect(keys[2]).not.toBe(keys[0]);
    });

    it('is offered only in the last 30 days', async () => {
      answer({ mine: [ends(24 * 31)] });
      open('My access');
      expect(await screen.findByRole('button', { name: 'Insert code' })).toBeTruthy();
      expect(screen.queryByRole('button', { name: 'Renew…' })).toBeNull();
    });

    it('is not offered twice: the grant that follows says when it begins', async () => {
      const next = grant({ id: 'grant-2', not_before: inHours(24 * 10), not_after: inHours(24 * 20) });
      answer({ mine: [ends(24 * 10), { ...next, state: 'scheduled' }] });
      open('My access');
      expect(await screen.findByRole('heading', { name: 'Begins later' })).toBeTruthy();
      expect(screen.getByText(/^It begins .* and lasts until/)).toBeTruthy();
      expect(screen.getByText(/^It goes on until/)).toBeTruthy();
      expect(screen.queryByRole('button', { name: 'Renew…' })).toBeNull();
      expect(screen.getAllByRole('button', { name: 'Insert code' })).toHaveLength(1);
    });

    it('is not offered while a request for the dataset is open, which it would replace', async () => {
      answer({ mine: [ends(24 * 10)], requests: [request({ kind: 'renewal' })] });
      open('My access');
      expect(await screen.findByText('Its renewal is asked for.')).toBeTruthy();
      expect(screen.queryByRole('button', { name: 'Renew…' })).toBeNull();
    });
  });
});
