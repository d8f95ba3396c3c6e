import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen, within } from '@testing-library/react/pure';
import * as React from 'react';
import type { AuditEvent, Effect, OverseenGrant } from '../../src/api/types';
import { DataModel } from '../../src/data/model';
import { DataView } from '../../src/data/view';
import { datasetPage, grant, inHours, options, searchPage, summary } from './nouns';
import { FakeServer, later, REFUSAL, until } from './server';

const trans = nullTranslator.load('jupyter-mlplatform');
const NASTY = '<img src=x onerror="document.title=\'owned\'">';

function effect(change: Partial<Effect> = {}): Effect {
  return {
    attempts: 0,
    backend: 'lake_formation',
    due_at: inHours(1),
    grant_id: 'grant-1',
    note: '',
    state: 'verified',
    wanted: true,
    ...change
  };
}

function event(seq: number, change: Partial<AuditEvent> = {}): AuditEvent {
  return {
    action: 'grant.revoked',
    actor: 'bob',
    at: inHours(-seq),
    body: {},
    hash: 'h',
    previous: 'p',
    seq,
    subject: `g-${seq}`,
    ...change
  };
}

describe('The data section', () => {
  let server: FakeServer;
  let model: DataModel;
  beforeEach(() => {
    server = new FakeServer()
      .on('GET /access/datasets', () => searchPage([summary()]))
      .on('GET /access/datasets/weld_guns', () => datasetPage())
      .on('GET /access/requests', () => ({ items: [] }))
      .on('GET /access/grants', () => ({ items: [], effects: [] }))
      .on('GET /access/delegations', () => ({ items: [] }))
      .on('GET /access/options', () => options())
      .on('GET /access/suggestions', () => ({
        items: [
          { id: 'weld_guns', title: 'Welding gun sensors' },
          { id: 'weld_spots', title: NASTY }
        ]
      }));
    model = new DataModel(server.client, trans);
  });
  afterEach(() => model.dispose());

  function open(): void {
    render(<DataView model={model} insert={jest.fn()} />);
    model.active = true;
  }

  describe('suggestions while typing', () => {
    const field = (): HTMLElement => screen.getByRole('combobox', { name: 'Search datasets' });
    const type = (value: string): void => void fireEvent.change(field(), { target: { value } });
    const press = (key: string): void => void fireEvent.keyDown(field(), { key });

    it('are a list of which the arrow keys choose, and Enter opens what is chosen', async () => {
      open();
      expect(field().getAttribute('aria-expanded')).toBe('false');
      type('we');
      const list = await screen.findByRole('listbox', { name: 'Datasets' });
      const shown = within(list).getAllByRole('option');
      expect(shown.map(one => one.textContent)).toEqual([
        'Welding gun sensorsweld_guns',
        `${NASTY}weld_spots`
      ]);
      expect(list.querySelector('img')).toBeNull();
      expect([field().getAttribute('aria-expanded'), field().getAttribute('aria-controls')]).toEqual([
        'true',
        list.id
      ]);
      expect(field().hasAttribute('aria-activedescendant')).toBe(false);
      press('ArrowDown');
      press('ArrowDown');
      expect(field().getAttribute('aria-activedescendant')).toBe(shown[1].id);
      expect(shown[1].getAttribute('aria-selected')).toBe('true');
      press('ArrowDown');
      expect(field().hasAttribute('aria-activedescendant')).toBe(false);
      press('ArrowUp');
      press('ArrowUp');
      expect(field().getAttribute('aria-activedescendant')).toBe(shown[0].id);
      press('Enter');
      expect(await screen.findByRole('heading', { name: 'Welding gun sensors' })).toBeTruthy();
      expect(model.dataset?.id).toBe('weld_guns');
    });

    it('go away with Escape, with Enter when none is chosen, and when the field is left', async () => {
      open();
      for (const leave of [() => press('Escape'), () => press('Enter'), () => void fireEvent.blur(field())]) {
        type(`w${Math.random()}`);
        expect(await screen.findByRole('listbox')).toBeTruthy();
        leave();
        expect(screen.queryByRole('listbox')).toBeNull();
        expect(model.dataset).toBeNull();
      }
    });

    it('ask once for a word typed letter by letter', async () => {
      open();
      for (const typed of ['w', 'we', 'wel']) {
        type(typed);
      }
      await screen.findByRole('listbox');
      const asked = server.asked.filter(one => one.what === 'GET /access/suggestions');
      expect(asked.map(one => one.query.text)).toEqual(['wel']);
    });

    it('never show an answer to what was typed before, nor one that comes after they were closed', async () => {
      const first = later<unknown>();
      const second = later<unknown>();
      server.on('GET /access/suggestions', ({ query }) =>
        query.text === 'old' ? first.answer : second.answer
      );
      open();
      type('old');
      await until(() => server.count('GET /access/suggestions') === 1);
      expect(screen.getByText('Looking for names…')).toBeTruthy();
      type('new');
      await until(() => server.count('GET /access/suggestions') === 2);
      second.send({ items: [{ id: 'new', title: 'New one' }] });
      expect(await screen.findByRole('option', { name: /New one/ })).toBeTruthy();
      first.send({ items: [{ id: 'old', title: 'Old one' }] });
      await Promise.resolve();
      expect(screen.queryByRole('option', { name: /Old one/ })).toBeNull();

      const third = later<unknown>();
      server.on('GET /access/suggestions', () => third.answer);
      type('third');
      await until(() => server.count('GET /access/suggestions') === 3);
      press('Escape');
      third.send({ items: [{ id: 'late', title: 'Late' }] });
      await new Promise(resolve => setTimeout(resolve, 0));
      expect(screen.queryByRole('listbox')).toBeNull();
    });

    it('say when no name begins so, and stay away when they fail', async () => {
      server.on('GET /access/suggestions', () => ({ items: [] }));
      open();
      type('zzz');
      expect(await screen.findByText('No name begins like this')).toBeTruthy();
      server.refuse('GET /access/suggestions', REFUSAL, 500);
      type('zzzz');
      await until(() => server.count('GET /access/suggestions') === 2);
      await until(() => !screen.queryByText(/name/i, { selector: '.jp-mlp-Suggest-note' }));
    });

    it('open what is clicked without losing the click to the field’s blur', async () => {
      open();
      type('we');
      const option = await screen.findByRole('option', { name: /Welding/ });
      expect(fireEvent.mouseDown(option)).toBe(false);
      fireEvent.click(option);
      expect(model.dataset?.id).toBe('weld_guns');
    });
  });

  it('says that there are more than were counted', async () => {
    server.on('GET /access/datasets', () =>
      searchPage([summary()], {
        capped: true,
        total: 5000,
        facets: [{ field: 'owner', value: 'bob', count: 4000 }]
      })
    );
    open();
    expect(await screen.findByText('more than 5,000 datasets')).toBeTruthy();
    expect(screen.getByRole('option', { name: 'bob (4,000+)' })).toBeTruthy();
  });

  describe('a grant elsewhere', () => {
    const show = (items: unknown[], effects: Effect[]): void => {
      server.on('GET /access/grants', ({ query }) =>
        query.role === 'mine' ? { items, effects } : { items: [], effects: [] }
      );
      open();
      fireEvent.click(screen.getByRole('tab', { name: 'My access' }));
    };
    const lake = { backend: 'lake_formation' };

    it('that is being set up says so, and cannot be used', async () => {
      show([grant({ ...lake, state: 'fulfilling' })], [effect({ state: 'applying' })]);
      expect(await screen.findByText('It is being set up in Lake Formation…')).toBeTruthy();
      expect(screen.getByRole('heading', { name: 'Being set up' })).toBeTruthy();
      expect(screen.queryByRole('button', { name: 'Insert code' })).toBeNull();
      expect(screen.getByRole('button', { name: 'Give up…' })).toBeTruthy();
    });

    it('that failed says why in the backend’s words, as text', async () => {
      show([grant({ ...lake, state: 'failed' })], [effect({ state: 'planned', attempts: 5, note: NASTY })]);
      const line = await screen.findByText(/It could not be set up in Lake Formation so far\./);
      expect(line.textContent).toContain(NASTY);
      expect(line.textContent).toMatch(/5 attempts · next at/);
      expect(document.querySelector('.jp-mlp-Effects img')).toBeNull();
      expect(screen.getByText('not set up')).toBeTruthy();
    });

    it('that somebody changed says that it waits for its repair', async () => {
      show(
        [grant({ ...lake, state: 'fulfilling' })],
        [effect({ state: 'drifted', attempts: 1, note: 'A column is missing.' })]
      );
      expect(await screen.findByText(/It was changed in Lake Formation\./)).toBeTruthy();
      expect(screen.queryByRole('button', { name: 'Insert code' })).toBeNull();
    });

    it('is called enforced only where the server says so', async () => {
      show(
        [
          grant({ ...lake, enforcement: 'enforced' }),
          grant({ id: 'grant-2', dataset_title: 'A file', enforcement: 'advisory' })
        ],
        [effect()]
      );
      expect(await screen.findByText(/enforced by Lake Formation/)).toBeTruthy();
      expect(screen.getByText(/advisory: nothing else keeps/)).toBeTruthy();
      expect(screen.getAllByRole('button', { name: 'Insert code' })).toHaveLength(2);
    });

    it('on the page of its dataset says that it is being set up, and offers nothing else', async () => {
      server.on('GET /access/datasets/weld_guns', () =>
        datasetPage({
          access: 'fulfilling',
          coming: grant({ ...lake, state: 'fulfilling' }),
          effects: [effect({ state: 'applied' })]
        })
      );
      open();
      fireEvent.click(await screen.findByRole('button', { name: /Welding gun sensors/ }));
      expect(await screen.findByText(/You were granted access\./)).toBeTruthy();
      expect(screen.getByText('It is being set up in Lake Formation…')).toBeTruthy();
      expect(screen.queryByRole('button', { name: 'Request access' })).toBeNull();
    });
  });

  describe('oversight', () => {
    const overseen = (change: Partial<OverseenGrant> = {}): OverseenGrant => ({
      concern: '',
      effects: [],
      grant: grant({ id: 'grant-2', subject: 'carol' }),
      ...change
    });
    beforeEach(() => {
      server
        .on('GET /access/options', () => ({ ...options(), may_oversee: true, may_verify: true }))
        .on('GET /access/oversight', () => ({
          items: [
            {
              concern: 'orphaned',
              id: 'lake',
              owner: 'eve',
              title: 'Lake table',
              grants: [
                overseen({
                  concern: 'orphaned',
                  effects: [
                    effect({ state: 'orphaned', wanted: false, attempts: 12, note: 'The role is gone.' })
                  ],
                  grant: grant({ subject: 'dora', state: 'ending', end_reason: 'revoked' })
                }),
                overseen()
              ]
            }
          ],
          total: 1,
          counters: { states: { active: 3, failed: 1 }, concerns: { orphaned: 1, pending: 2 } }
        }))
        .on('GET /access/audit', ({ query }) =>
          query.before
            ? { items: [event(1)], older: 0 }
            : { items: [event(3), event(2, { actor: NASTY })], older: 2 }
        )
        .on('GET /access/audit/verification', () => ({
          events: 3,
          findings: [],
          head: 'abc123',
          unanchored: 0
        }));
    });
    const show = async (): Promise<void> => {
      open();
      fireEvent.click(await screen.findByRole('tab', { name: 'Oversight' }));
    };

    it('is not there for who may not, and asks nothing', async () => {
      server.on('GET /access/options', () => options());
      open();
      await until(() => server.count('GET /access/options') === 1);
      expect(screen.queryByRole('tab', { name: 'Oversight' })).toBeNull();
      expect(server.count('GET /access/oversight')).toBe(0);
    });

    it('shows who holds grants, the ones that need somebody with the reason', async () => {
      await show();
      expect(await screen.findByText('1 not taken away')).toBeTruthy();
      expect(screen.getByText('3 active · 1 being set up')).toBeTruthy();
      const cards = screen.getAllByRole('listitem').filter(each => each.matches('.jp-mlp-Card'));
      expect(cards[0].textContent).toMatch(
        /dora.*not taken away.*It could not be taken away in Lake Formation/
      );
      expect(cards[0].textContent).toContain('The role is gone.');
      expect(cards[1].textContent).toMatch(/carol/);
    });

    it('narrows to what needs somebody, and by person', async () => {
      await show();
      fireEvent.click(await screen.findByRole('button', { name: 'Show only these' }));
      await until(() => server.asked.some(one => one.query.state === 'attention'));
      fireEvent.change(screen.getByRole('textbox', { name: 'Only this person' }), {
        target: { value: 'dora' }
      });
      await until(() =>
        server.asked.some(one => one.query.person === 'dora' && one.query.state === 'attention')
      );
    });

    it('looks back through the audit trail page by page, and shows names as text', async () => {
      await show();
      fireEvent.click(screen.getByRole('tab', { name: 'Audit trail' }));
      expect(await screen.findByText(/g-3/)).toBeTruthy();
      expect(screen.getByText(NASTY)).toBeTruthy();
      fireEvent.click(screen.getByRole('button', { name: 'Show older ones' }));
      expect(await screen.findByText(/g-1/)).toBeTruthy();
      expect(screen.queryByRole('button', { name: 'Show older ones' })).toBeNull();
      expect(screen.getByText('mlplat audit export --output audit.jsonl')).toBeTruthy();
      fireEvent.change(screen.getByRole('textbox', { name: /Only this action/ }), {
        target: { value: 'grant' }
      });
      await until(() => server.asked.some(one => one.query.action === 'grant'));
    });

    it('has the chain checked, and says what was found', async () => {
      await show();
      fireEvent.click(screen.getByRole('tab', { name: 'Audit trail' }));
      fireEvent.click(await screen.findByRole('button', { name: 'Check that nobody changed it' }));
      expect(await screen.findByText('Intact: 3 events.')).toBeTruthy();
      expect(screen.getByText('abc123')).toBeTruthy();
      server.on('GET /access/audit/verification', () => ({
        events: 1,
        findings: ['Event 2 is missing.'],
        head: 'x',
        unanchored: 0
      }));
      fireEvent.click(screen.getByRole('button', { name: 'Check that nobody changed it' }));
      expect((await screen.findByRole('alert')).textContent).toContain('Event 2 is missing.');
    });

    it('offers the check to admins only', async () => {
      server.on('GET /access/options', () => ({ ...options(), may_oversee: true, may_verify: false }));
      await show();
      fireEvent.click(screen.getByRole('tab', { name: 'Audit trail' }));
      expect(await screen.findByText(/g-3/)).toBeTruthy();
      expect(screen.queryByRole('button', { name: /Check/ })).toBeNull();
    });
  });
});
