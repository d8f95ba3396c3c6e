import { nullTranslator } from '@jupyterlab/translation';
import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react/pure';
import * as React from 'react';
import { IdleSection } from '../../src/idle/section';
import { IdleView } from '../../src/idle/view';
import {
  idleStatus,
  inHours,
  kernel,
  lease,
  process,
  savings,
  stretch,
  terminal,
  timeline,
  track
} from './nouns';
import { FakeServer, later, REFUSAL } from './server';

const trans = nullTranslator.load('jupyter-mlplatform');
const NASTY = '<img src=x><b>bold</b>';

let server: FakeServer;
let section: IdleSection;
beforeEach(() => {
  server = new FakeServer()
    .on('GET /idle', () => idleStatus({ kernels: [kernel()] }))
    .on('GET /idle/timeline', () => timeline());
  section = new IdleSection(server.client, trans);
});
afterEach(() => section.dispose());

function show(): void {
  render(<IdleView section={section} />);
  section.active = true;
}

const kept = (): unknown[] =>
  server.asked.filter(one => one.what === 'POST /idle/leases').map(one => one.body);

describe('The verdict', () => {
  it('says why the workspace is awake, or when it stops, how, and on what evidence', async () => {
    const workspace = kernel({
      kind: 'workspace',
      subject: 'workspace',
      state: 'warned',
      stops_in_seconds: 240,
      evidence: [{ source: 'gpu', signal: 'unknown', text: 'the GPU did not answer' }]
    });
    const stop = {
      mode: 'direct' as const,
      native: 'none' as const,
      problem: '',
      why: 'Its role may do that.'
    };
    server.on('GET /idle', () => idleStatus({ workspace, stop, state: 'warned', verdict: 'It stops soon.' }));
    show();
    expect((await screen.findByText('It stops soon.')).getAttribute('role')).toBe('status');
    const verdict = screen.getByText('It stops soon.').parentElement as HTMLElement;
    expect(within(verdict).getByText('stops in 4 min')).toBeTruthy();
    expect(verdict.textContent).toContain(
      'deletes its own app when it is idle; your files stay. Its role may do that.'
    );
    expect(verdict.textContent).toContain('gpu (not known): the GPU did not answer');
  });

  it('shows what went wrong when it was stopped the last time', async () => {
    const stop = {
      mode: 'provider' as const,
      native: 'provider' as const,
      problem: 'Access denied.',
      why: ''
    };
    server.on('GET /idle', () => idleStatus({ stop }));
    show();
    expect((await screen.findByRole('alert')).textContent).toBe(
      'The workspace could not be stopped the last time.Access denied.'
    );
  });

  it('says that idle shutdown is switched off, and then offers no keeping', async () => {
    server.on('GET /idle', () => idleStatus({ enabled: false, kernels: [kernel()] }));
    show();
    expect(await screen.findByText(/Idle shutdown is switched off by policy/)).toBeTruthy();
    expect(screen.queryByRole('group')).toBeNull();
  });

  it('is not read out again while only the countdown changes', async () => {
    server.on('GET /idle', () => idleStatus({ stops_in_seconds: 240, state: 'warned' }));
    show();
    expect((await screen.findByText('stops in 4 min')).closest('[role=status], [role=alert]')).toBeNull();
  });
});

describe('Kernels, terminals and processes', () => {
  it('say what they are, since when, when they stop and why', async () => {
    show();
    const [item] = await screen.findAllByRole('listitem');
    expect(item.textContent).toMatch(
      /train\.ipynb.*idle.*python3 · idle for 10 min · stops in 12 min.*Nothing ran for 10 min\./
    );
  });

  it('show their own timeout and who has set it, and never the common one', async () => {
    const own = kernel({ subject: 'kernel:k2', timeout_seconds: 28_800, timeout_from: 'the notebook' });
    const never = terminal({ timeout_seconds: null, timeout_from: 'policy' });
    server.on('GET /idle', () => idleStatus({ kernels: [kernel(), own], terminals: [never] }));
    show();
    expect(await screen.findByText('stopped after 8 h, set by the notebook')).toBeTruthy();
    expect(screen.getByText('never stopped, set by the policy')).toBeTruthy();
    expect(screen.queryByText(/stopped after 30 min/)).toBeNull();
  });

  it('tell since when they work, as the timeline knows it', async () => {
    const since = inHours(-2);
    const working = [stretch(-9, -4), stretch(-4, -2, { state: 'idle' }), stretch(-2, 0, { since })];
    server
      .on('GET /idle', () => idleStatus({ kernels: [kernel({ state: 'working', stops_in_seconds: null })] }))
      .on('GET /idle/timeline', () => timeline([track({ stretches: working })]));
    show();
    const list = await screen.findByRole('list', { name: 'Kernels' });
    const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
    await waitFor(() => expect(list.textContent).toContain(`since`));
    expect(list.textContent).toContain(clock.format(new Date(since)));
  });

  it('come in the order in which they stop, and only the first ones of many', async () => {
    const many = Array.from({ length: 30 }, (_, index) =>
      kernel({ subject: `kernel:${index}`, path: `n${index}.ipynb`, stops_in_seconds: 3000 - index })
    );
    const warned = kernel({
      subject: 'kernel:w',
      path: 'soon.ipynb',
      state: 'warned',
      stops_in_seconds: 5000
    });
    server.on('GET /idle', () => idleStatus({ kernels: [...many, warned] }));
    show();
    const list = await screen.findByRole('list', { name: 'Kernels' });
    const names = (): string[] =>
      [...list.querySelectorAll('.jp-mlp-Card-title')].map(one => one.textContent ?? '');
    expect(names().slice(0, 3)).toEqual(['soon.ipynb', 'n29.ipynb', 'n28.ipynb']);
    expect(names()).toHaveLength(8);
    fireEvent.click(screen.getByRole('button', { name: 'Show all 31' }));
    expect(names()).toHaveLength(31);
  });

  it('list other processes folded, those at work first, with what they count as', async () => {
    const processes = [
      process({ pid: 1, name: 'sleep', signal: 'idle', cpu: 0, why: 'it did nothing' }),
      process()
    ];
    server.on('GET /idle', () => idleStatus({ processes }));
    show();
    const folded = (await screen.findByText('2 other processes, 1 at work')).closest(
      'details'
    ) as HTMLDetailsElement;
    expect(folded.open).toBe(false);
    expect([...folded.querySelectorAll('tbody tr')].map(row => row.textContent)).toEqual([
      'train.sh 4711it used 50 % of a core50 %',
      'sleep 1it did nothing0.0 %'
    ]);
  });

  it('say what to do when none runs', async () => {
    server.on('GET /idle', () => idleStatus());
    show();
    expect(await screen.findByText('No kernel and no terminal is running')).toBeTruthy();
    expect(screen.getByText('Open a notebook, and its kernel appears here.')).toBeTruthy();
  });

  it('show names and evidence as text, never as HTML', async () => {
    const evidence = [{ signal: 'idle' as const, source: 'terminal', text: NASTY }];
    server
      .on('GET /idle', () => idleStatus({ kernels: [kernel({ path: NASTY, why: NASTY, evidence })] }))
      .on('GET /idle/timeline', () =>
        timeline([track({ path: NASTY, stretches: [stretch(-1, 0, { why: NASTY })] })])
      );
    show();
    expect(await screen.findByText(NASTY)).toBeTruthy();
    expect(document.querySelector('li img, li b')).toBeNull();
  });
});

describe('Keeping', () => {
  it('keeps one kernel for an hour, once for two clicks, by a button that names it', async () => {
    const { answer, send } = later<unknown>();
    server.on('POST /idle/leases', () => answer);
    show();
    const button = await screen.findByRole('button', { name: 'Keep train.ipynb for 1 hour' });
    fireEvent.click(button);
    fireEvent.click(button);
    expect(button.getAttribute('aria-busy')).toBe('true');
    send(lease({ subject: 'kernel:k1' }));
    await waitFor(() => expect(button).toHaveProperty('disabled', false));
    expect(kept()).toEqual([{ seconds: 3600, subject: 'kernel:k1', reason: '' }]);
  });

  it('keeps a terminal and the workspace by their own subjects', async () => {
    server
      .on('GET /idle', () => idleStatus({ terminals: [terminal()] }))
      .on('POST /idle/leases', () => lease());
    show();
    fireEvent.click(await screen.findByRole('button', { name: 'Keep Terminal 1 for 4 hours' }));
    fireEvent.click(screen.getByRole('button', { name: 'Keep the workspace for 4 hours' }));
    await waitFor(() => expect(kept()).toHaveLength(2));
    expect(kept()).toEqual([
      { seconds: 14_400, subject: 'terminal:1', reason: '' },
      { seconds: 14_400, subject: 'workspace', reason: '' }
    ]);
  });

  it('offers no longer keeping than the policy allows', async () => {
    server.on('GET /idle', () => idleStatus({ keep_max_seconds: 7200 }));
    show();
    const group = await screen.findByRole('group', { name: 'Keep the workspace' });
    expect(
      within(group)
        .getAllByRole('button')
        .map(one => one.textContent)
    ).toEqual(['Keep 1 h', 'Keep 2 h', 'Until…']);
  });

  it('cuts a longer wish down to the policy’s cap, and says so before and after', async () => {
    server
      .on('GET /idle', () => idleStatus({ keep_max_seconds: 7200 }))
      .on('POST /idle/leases', () => lease({ until: inHours(2) }));
    show();
    fireEvent.click(await screen.findByRole('button', { name: 'Keep the workspace until…' }));
    fireEvent.change(screen.getByLabelText('Keep until'), { target: { value: '2999-01-01T00:00' } });
    expect(screen.getByText(/That is cut down to 2 h from now/)).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Keep' }));
    expect(await screen.findByText(/The policy allows no more than 2 h: kept until/)).toBeTruthy();
  });

  it('refuses a time that has passed', async () => {
    show();
    fireEvent.click(await screen.findByRole('button', { name: 'Keep the workspace until…' }));
    const field = screen.getByLabelText('Keep until');
    expect(document.activeElement).toBe(field);
    fireEvent.change(field, { target: { value: '2001-01-01T00:00' } });
    expect(screen.getByRole('button', { name: 'Keep' })).toHaveProperty('disabled', true);
    fireEvent.keyDown(field, { key: 'Escape' });
    expect(screen.queryByLabelText('Keep until')).toBeNull();
  });

  it('opens the choice of a time when a warning asks for it', async () => {
    show();
    await screen.findByRole('group', { name: 'Keep train.ipynb' });
    act(() => {
      section.now.choosing = 'kernel:k1';
    });
    expect(screen.getByRole('form', { name: 'Keep train.ipynb' })).toBeTruthy();
  });

  it('releases what is kept', async () => {
    server
      .on('GET /idle', () => idleStatus({ leases: [lease()], state: 'kept' }))
      .on('DELETE /idle/leases/lease-1', () => idleStatus());
    show();
    fireEvent.click(await screen.findByRole('button', { name: 'Release: Keep the workspace' }));
    await waitFor(() => expect(screen.queryByRole('button', { name: /Release/ })).toBeNull());
  });

  it('says why it was refused', async () => {
    server.refuse('POST /idle/leases');
    show();
    fireEvent.click(await screen.findByRole('button', { name: 'Keep the workspace for 1 hour' }));
    expect((await screen.findByRole('alert')).textContent).toContain('The server said no.');
  });
});

describe('The last day', () => {
  const day = (): void => {
    server.on('GET /idle/timeline', () =>
      timeline([
        track({
          subject: 'workspace',
          kind: 'workspace',
          name: 'ws',
          path: '',
          stretches: [stretch(-6, -2, { why: 'a cell ran' }), stretch(-2, 0, { state: 'idle' })]
        })
      ])
    );
  };

  it('is a bar that says in words what it shows, and opens into times and reasons', async () => {
    day();
    show();
    const bar = await screen.findByRole('img', { name: 'The workspace: working 4 h, idle 2 h' });
    const row = bar.closest('details') as HTMLDetailsElement;
    row.open = true;
    fireEvent(row, new Event('toggle'));
    const told = [...row.querySelectorAll('ol li')].map(one => one.textContent);
    expect(told).toHaveLength(2);
    expect(told[1]).toContain('working: a cell ran');
  });

  it('says so when nothing was watched yet', async () => {
    show();
    expect(await screen.findByText(/Nothing was watched in this time/)).toBeTruthy();
  });

  it('fails alone: what holds now stays in view', async () => {
    server.refuse('GET /idle/timeline', REFUSAL, 500);
    show();
    expect(within(await screen.findByRole('alert')).getByRole('button', { name: 'Retry' })).toBeTruthy();
    expect(await screen.findByText('Nothing runs.')).toBeTruthy();
  });

  it('tells hours and money saved as an estimate, and on which price', async () => {
    server.on('GET /idle', () => idleStatus({ savings: savings() }));
    show();
    const told = await screen.findByRole('region', { name: 'Saved, an estimate' });
    expect(told.textContent).toMatch(/About €56\.40 saved in 40 h an estimate/);
    expect(told.textContent).toContain('€1.41 an hour for ml.g5.xlarge');
  });

  it('counts hours only where there is no price', async () => {
    server.on('GET /idle', () => idleStatus({ savings: savings({ money: null, price_per_hour: null }) }));
    show();
    const told = await screen.findByRole('region', { name: 'Saved, an estimate' });
    expect(told.textContent).toContain('Stopped for 40 h');
    expect(told.textContent).toContain('The policy names no price');
  });
});

describe('The section', () => {
  it('shows the error with Retry, and keeps the last known state below a later one', async () => {
    show();
    await screen.findByText('Nothing runs.');
    server.refuse('GET /idle', REFUSAL, 500);
    await section.now.refresh();
    expect(within(await screen.findByRole('alert')).getByRole('button', { name: 'Retry' })).toBeTruthy();
    expect(screen.getByText('Nothing runs.')).toBeTruthy();
  });

  it('asks nothing while it is not in view', async () => {
    show();
    await screen.findByText('Nothing runs.');
    section.active = false;
    const before = server.asked.length;
    section.refresh();
    await section.past.refresh();
    expect(server.asked).toHaveLength(before);
  });
});
