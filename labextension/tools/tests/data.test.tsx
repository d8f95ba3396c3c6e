import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/react/pure';
import * as React from 'react';
import { DataModel } from '../../src/data/model';
import { DataView } from '../../src/data/view';
import { datasetPage, grant, inHours, request, searchPage, summary, workspaceInfo } from './nouns';
import { FakeServer, later, REFUSAL, until } from './server';

const trans = nullTranslator.load('jupyter-mlplatform');
/** What a person may type into any field that others see. */
const NASTY = '<img src=x onerror="document.title=\'owned\'"><b>bold</b>';

describe('The data section', () => {
  let server: FakeServer;
  let model: DataModel;
  const insert = jest.fn();
  beforeEach(() => {
    insert.mockReset();
    server = new FakeServer()
      .on('GET /access/datasets', () => searchPage([summary()]))
      .on('GET /access/datasets/weld_guns', () => datasetPage())
      .on('GET /access/requests', () => ({ items: [] }))
      .on('GET /access/grants', () => ({ items: [] }))
      .on('GET /access/delegations', () => ({ items: [] }))
      .on('GET /workspace', () => workspaceInfo());
    model = new DataModel(server.client, trans);
  });
  afterEach(() => model.dispose());

  function open(): void {
    render(<DataView model={model} insert={insert} />);
    model.active = true;
  }

  describe('searching', () => {
    it('says that it is loading, then how many datasets there are, and names each with its facts', async () => {
      const { answer, send } = later<unknown>();
      server.on('GET /access/datasets', () => answer);
      open();
      expect(await screen.findByRole('status', { name: 'Loading…' })).toBeTruthy();
      send(searchPage([summary({ access: 'granted' })]));
      const card = await screen.findByRole('button', { name: /Welding gun sensors/ });
      expect(card.textContent).toMatch(/granted.*bob · 2 columns · 14,400 rows.*confidential.*body-shop/);
      expect(screen.getByRole('status').textContent).toBe('1 dataset');
      expect(screen.queryByRole('status', { name: 'Loading…' })).toBeNull();
    });

    it('says what to do when the catalogue is empty', async () => {
      server.on('GET /access/datasets', () => searchPage([]));
      open();
      expect(await screen.findByText('The catalogue is empty')).toBeTruthy();
      expect(screen.getByText(/mlplat data register/)).toBeTruthy();
    });

    it('offers to clear a search that finds nothing', async () => {
      server.on('GET /access/datasets', ({ query }) => searchPage(query.q ? [] : [summary()]));
      open();
      fireEvent.change(screen.getByRole('combobox', { name: 'Search datasets' }), {
        target: { value: 'zzz' }
      });
      fireEvent.click(await screen.findByRole('button', { name: 'Clear search' }));
      expect(await screen.findByRole('button', { name: /Welding gun sensors/ })).toBeTruthy();
      expect(screen.getByRole('combobox', { name: 'Search datasets' })).toHaveProperty('value', '');
    });

    it('asks once for a word that is typed letter by letter', async () => {
      open();
      await until(() => server.count('GET /access/datasets') === 1);
      for (const typed of ['w', 'we', 'wel', 'weld']) {
        fireEvent.change(screen.getByRole('combobox', { name: 'Search datasets' }), {
          target: { value: typed }
        });
      }
      await until(() => server.count('GET /access/datasets') === 2);
      expect(server.asked.filter(one => one.query.q).map(one => one.query.q)).toEqual(['weld']);
    });

    it('narrows by class, tag and owner, each with a name that says what it does', async () => {
      const facets = [{ field: 'owner', value: 'bob', count: 2 }];
      server.on('GET /access/datasets', () => searchPage([summary()], { facets }));
      open();
      const owner = await screen.findByRole('combobox', { name: 'Only datasets of this owner' });
      expect(
        within(owner)
          .getAllByRole('option')
          .map(option => option.textContent)
      ).toEqual(['Owner', 'bob (2)']);
      expect(screen.getByRole('combobox', { name: 'Only datasets of this class' })).toBeTruthy();
      expect(screen.getByRole('combobox', { name: 'Only datasets with this tag' })).toBeTruthy();
      fireEvent.change(owner, { target: { value: 'bob' } });
      await until(() => server.asked.some(one => one.query.owner === 'bob'));
    });

    it('shows what went wrong with a next step, and is well after Retry', async () => {
      server.refuse('GET /access/datasets', REFUSAL, 500);
      open();
      const alert = await screen.findByRole('alert');
      expect(alert.textContent).toBe('The server said no.The test wants it so.Ask the test.Retry');
      server.on('GET /access/datasets', () => searchPage([summary()]));
      fireEvent.click(within(alert).getByRole('button', { name: 'Retry' }));
      expect(await screen.findByRole('button', { name: /Welding gun sensors/ })).toBeTruthy();
      expect(screen.queryByRole('alert')).toBeNull();
    });

    it('shows what people wrote as text, never as HTML', async () => {
      server.on('GET /access/datasets', () =>
        searchPage([summary({ title: NASTY, description: NASTY, tags: [NASTY], owner: NASTY })])
      );
      open();
      const card = await screen.findByRole('button', { name: /bold/ });
      expect(card.querySelector('img, b')).toBeNull();
      expect(within(card).getAllByText(NASTY)).toHaveLength(3);
      expect(document.title).not.toBe('owned');
    });
  });

  describe('a dataset’s page', () => {
    async function openPage(): Promise<void> {
      open();
      fireEvent.click(await screen.findByRole('button', { name: /Welding gun sensors/ }));
    }

    it('says that there is no access, who decides, and which columns there are', async () => {
      await openPage();
      expect(await screen.findByRole('heading', { name: 'Welding gun sensors' })).toBeTruthy();
      expect(screen.getByText('You have no access. bob decides.')).toBeTruthy();
      const table = screen.getByRole('table', { name: '2 columns' });
      expect(
        within(table)
          .getAllByRole('columnheader')
          .map(cell => cell.textContent)
      ).toEqual(['Column', 'Type']);
      expect(within(table).getByRole('rowheader', { name: /operator_id.*personal/ })).toBeTruthy();
      expect(screen.queryByRole('button', { name: 'Insert code' })).toBeNull();
    });

    it('says which columns are granted and until when, and inserts the code', async () => {
      server.on('GET /access/datasets/weld_guns', () => datasetPage({ access: 'granted', grant: grant() }));
      await openPage();
      const said = await screen.findByText(/You may use 1 column\./);
      expect(said.textContent).toMatch(/until/);
      expect(screen.getByRole('rowheader', { name: /force.*granted/ })).toBeTruthy();
      fireEvent.click(screen.getByRole('button', { name: 'Insert code' }));
      expect(insert).toHaveBeenCalledWith('weld_guns');
      expect(screen.getByRole('button', { name: 'Ask for something else' })).toBeTruthy();
    });

    it('says that a request waits, and does not offer to ask twice', async () => {
      server.on('GET /access/datasets/weld_guns', () => datasetPage({ open_request: request() }));
      await openPage();
      expect(await screen.findByText(/Your request waits for bob\./)).toBeTruthy();
      expect(screen.queryByRole('button', { name: 'Request access' })).toBeNull();
    });

    it('goes back to the results', async () => {
      await openPage();
      fireEvent.click(await screen.findByRole('button', { name: 'All datasets' }));
      expect(await screen.findByRole('combobox', { name: 'Search datasets' })).toBeTruthy();
    });
  });

  describe('my access', () => {
    const answer = (what: { requests?: unknown[]; mine?: unknown[]; owned?: unknown[] }): void => {
      server.on('GET /access/requests', ({ query }) => ({
        items: query.role === 'mine' ? (what.requests ?? []) : []
      }));
      server.on('GET /access/grants', ({ query }) => ({
        items: (query.role === 'mine' ? what.mine : what.owned) ?? []
      }));
    };
    const show = (): void => {
      open();
      fireEvent.click(screen.getByRole('tab', { name: 'My access' }));
    };

    it('leads somebody without access to the search', async () => {
      answer({});
      show();
      fireEvent.click(await screen.findByRole('button', { name: 'Find data' }));
      expect(screen.getByRole('tab', { name: 'Find' }).getAttribute('aria-selected')).toBe('true');
    });

    it('shows what I may use, what waits and what others may use of mine, and tucks away the rest', async () => {
      answer({
        requests: [request(), request({ id: 'req-0', state: 'rejected', dataset_title: 'Old data' })],
        mine: [grant({ dataset_title: 'Paint line' })],
        owned: [grant({ id: 'grant-2', subject: 'carol', dataset_title: 'My presses' })]
      });
      show();
      expect((await screen.findAllByRole('heading', { level: 3 })).map(one => one.textContent)).toEqual([
        'I may use',
        'Waiting',
        'Others may use of mine'
      ]);
      expect(screen.getByText(/carol · 1 column/)).toBeTruthy();
      expect(screen.getByText('Earlier (1)')).toBeTruthy();
    });

    it('does not offer a grant that has ended by the clock', async () => {
      answer({ mine: [grant({ not_after: inHours(-1) })] });
      show();
      expect(await screen.findByText('You have no access to any dataset yet')).toBeTruthy();
      expect(screen.queryByRole('button', { name: 'Insert code' })).toBeNull();
    });

    it('withdraws a request once for two clicks', async () => {
      answer({ requests: [request()] });
      const { answer: withdrawn, send } = later<unknown>();
      server.on('POST /access/requests/req-1/withdrawal', () => withdrawn);
      show();
      const button = await screen.findByRole('button', { name: 'Withdraw' });
      fireEvent.click(button);
      fireEvent.click(button);
      send(request({ state: 'withdrawn' }));
      await waitFor(() => expect(button).toHaveProperty('disabled', false));
      expect(server.count('POST /access/requests/req-1/withdrawal')).toBe(1);
    });

    it('revokes somebody’s grant only with a reason', async () => {
      answer({ owned: [grant()] });
      server.on('POST /access/grants/grant-1/revocation', () => grant());
      show();
      fireEvent.click(await screen.findByRole('button', { name: 'Revoke…' }));
      const why = screen.getByRole('textbox', { name: 'Why does it end now?' });
      expect(why).toHaveProperty('required', true);
      fireEvent.change(why, { target: { value: 'project over' } });
      fireEvent.click(screen.getByRole('button', { name: 'Revoke now' }));
      await until(() => server.count('POST /access/grants/grant-1/revocation') === 1);
      expect(server.asked.find(one => one.what.endsWith('/revocation'))?.body).toEqual({
        reason: 'project over'
      });
    });
  });

  describe('the inbox', () => {
    const decisions = (): unknown[] =>
      server.asked.filter(one => one.what.endsWith('/decisions')).map(one => one.body);
    beforeEach(() => {
      let waiting = [request()];
      server
        .on('GET /access/requests', ({ query }) => ({ items: query.role === 'inbox' ? waiting : [] }))
        .on('POST /access/requests/req-1/decisions', () => {
          waiting = [];
          return request({ state: 'approved' });
        });
    });

    async function show(): Promise<void> {
      open();
      fireEvent.click(await screen.findByRole('tab', { name: 'Inbox 1' }));
    }

    it('shows who asks, for what and why, and counts what waits on its tab', async () => {
      await show();
      expect(await screen.findByText(/^alice · .* · training$/)).toBeTruthy();
      expect(screen.getByText('Find faulty welds')).toBeTruthy();
      const columns = within(screen.getByRole('group', { name: 'Columns' })).getAllByRole('checkbox');
      expect(
        columns.map(box => [box.closest('label')?.textContent, (box as HTMLInputElement).checked])
      ).toEqual([
        ['forcedouble', true],
        ['operator_idpersonalstring', true]
      ]);
    });

    it('approves all of it exactly once, for the revision that was shown', async () => {
      await show();
      const approve = await screen.findByRole('button', { name: 'Approve' });
      fireEvent.click(approve);
      fireEvent.click(approve);
      expect(await screen.findByText('Nothing waits for you')).toBeTruthy();
      expect(decisions()).toEqual([
        { verdict: 'approve', revision: 3, stage: 'owner', reason: '', columns: [], rows: null, days: null }
      ]);
    });

    it('approves fewer columns and days when they are taken away', async () => {
      await show();
      fireEvent.click(await screen.findByRole('checkbox', { name: /^operator_id.*personal/ }));
      fireEvent.change(screen.getByRole('spinbutton', { name: 'Days' }), { target: { value: '7' } });
      fireEvent.click(screen.getByRole('button', { name: 'Approve narrowed' }));
      await until(() => decisions().length === 1);
      expect(decisions()[0]).toMatchObject({ verdict: 'approve', columns: ['force'], days: 7 });
    });

    it('rejects only with a reason', async () => {
      await show();
      fireEvent.click(await screen.findByRole('button', { name: 'Reject…' }));
      const now = screen.getByRole('button', { name: 'Reject now' });
      expect(now).toHaveProperty('disabled', true);
      fireEvent.change(screen.getByRole('textbox', { name: 'Why? It is told to alice.' }), {
        target: { value: 'not for this' }
      });
      fireEvent.click(now);
      await until(() => decisions().length === 1);
      expect(decisions()[0]).toMatchObject({ verdict: 'reject', reason: 'not for this', columns: [] });
    });

    it('keeps the request and says why when the decision is refused', async () => {
      server.refuse('POST /access/requests/req-1/decisions');
      await show();
      fireEvent.click(await screen.findByRole('button', { name: 'Approve' }));
      expect((await screen.findByRole('alert')).textContent).toContain('The server said no.');
      fireEvent.click(screen.getByRole('button', { name: 'Dismiss' }));
      await waitFor(() => expect(screen.queryByRole('alert')).toBeNull());
      expect(screen.getByRole('button', { name: 'Approve' })).toBeTruthy();
    });

    it('shows a reason as text, never as HTML', async () => {
      server.on('GET /access/requests', () => ({ items: [request({ reason: NASTY, requester: NASTY })] }));
      await show();
      const quote = (await screen.findAllByText(NASTY))[0].closest('blockquote');
      expect(quote?.querySelector('img, b')).toBeNull();
    });
  });

  it('moves between its tabs with the arrow keys', async () => {
    open();
    const find = screen.getByRole('tab', { name: 'Find' });
    find.focus();
    fireEvent.keyDown(find, { key: 'ArrowRight' });
    const mine = screen.getByRole('tab', { name: 'My access' });
    await waitFor(() => expect(mine.getAttribute('aria-selected')).toBe('true'));
    expect(document.activeElement).toBe(mine);
    expect(screen.getByRole('tabpanel', { name: 'My access' })).toBeTruthy();
  });
});
