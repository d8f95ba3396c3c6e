import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/react/pure';
import * as React from 'react';
import { HandoffModel } from '../../src/handoff/model';
import { isHandoffFile } from '../../src/handoff/notebook';
import { PlanModel } from '../../src/handoff/plan';
import { PlanView } from '../../src/handoff/planview';
import { HandoffView } from '../../src/handoff/view';
import { inHours, plan, run, version, workspaceInfo } from './nouns';
import { FakeServer, REFUSAL, until } from './server';

const trans = nullTranslator.load('jupyter-mlplatform');
const NASTY = '<img src=x><b>bold</b>';

let server: FakeServer;
beforeEach(() => {
  server = new FakeServer();
});

describe('The plan of a hand-off', () => {
  let model: PlanModel;
  beforeEach(() => {
    server.on('POST /handoff/plans', () => plan());
    model = new PlanModel(server.client, trans, 'work/train.ipynb');
  });
  afterEach(() => model.dispose());
  const show = (): void => {
    render(<PlanView model={model} />);
    void model.check();
  };

  it('says that nothing is sent while it checks, then what is sent, which steps run and the cost', async () => {
    show();
    expect(screen.getByText('Checking work/train.ipynb: nothing is sent yet.')).toBeTruthy();
    expect(await screen.findByText('Trains weld-faults.')).toBeTruthy();
    expect(screen.getByText('2 files, 2.0 kB')).toBeTruthy();
    expect(screen.getByText('train')).toBeTruthy();
    expect(screen.getByText(/^about 0\.20 EUR, an estimate/)).toBeTruthy();
  });

  it('shows what blocks first, each with its fix, and checks again when asked to', async () => {
    const findings = [
      { check: 'size', severity: 'ok' as const, message: 'The code is small.', fix: '' },
      {
        check: 'secret',
        severity: 'blocked' as const,
        message: 'train.py has a password.',
        fix: 'Take it out.'
      }
    ];
    server.on('POST /handoff/plans', () => plan({ findings, startable: false }));
    show();
    expect(await screen.findByText('1 blocks the hand-off')).toBeTruthy();
    const lines = screen.getAllByRole('listitem').filter(line => within(line).queryByRole('img'));
    expect(lines.map(line => within(line).getByRole('img').getAttribute('aria-label'))).toEqual([
      'blocked',
      'good'
    ]);
    expect(lines[0].textContent).toContain('train.py has a password.Take it out.');
    fireEvent.click(screen.getByRole('button', { name: 'Check again' }));
    await until(() => server.count('POST /handoff/plans') === 2);
  });

  it('says why there is no plan, and makes one after Retry', async () => {
    server.refuse('POST /handoff/plans', REFUSAL, 422);
    show();
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toContain('Ask the test.');
    server.on('POST /handoff/plans', () => plan());
    fireEvent.click(within(alert).getByRole('button', { name: 'Retry' }));
    expect(await screen.findByText('Trains weld-faults.')).toBeTruthy();
  });

  it('shows names, findings and parameters as text, never as HTML', async () => {
    const findings = [{ check: 'x', severity: 'warning' as const, message: NASTY, fix: NASTY }];
    server.on('POST /handoff/plans', () => ({
      ...plan({ findings, summary: NASTY }),
      params: { [NASTY]: NASTY }
    }));
    show();
    expect((await screen.findAllByText(NASTY)).length).toBeGreaterThanOrEqual(4);
    expect(document.querySelector('.jp-mlp-Plan img, .jp-mlp-Plan b')).toBeNull();
  });
});

describe('The hand-off section', () => {
  let model: HandoffModel;
  const handOff = jest.fn();
  beforeEach(() => {
    handOff.mockReset();
    server
      .on('GET /workspace', () => workspaceInfo({ person: 'bob' }))
      .on('GET /policy', () => ({ path: null, settings: [] }))
      .on('GET /handoff/runs', () => ({ items: [run()] }))
      .on('GET /handoff/versions', () => ({ items: [version()] }));
    model = new HandoffModel(server.client, trans);
  });
  afterEach(() => model.dispose());
  const show = (): void => {
    render(<HandoffView model={model} handOff={handOff} />);
    model.active = true;
  };

  describe('runs', () => {
    it('offers to hand off the notebook when nothing was handed off yet', async () => {
      server.on('GET /handoff/runs', () => ({ items: [] }));
      show();
      expect(screen.getByRole('status', { name: 'Loading…' })).toBeTruthy();
      fireEvent.click(await screen.findByRole('button', { name: 'Hand off this notebook' }));
      expect(handOff).toHaveBeenCalledTimes(1);
    });

    it('says how each run goes, and opens its steps on a click', async () => {
      show();
      const card = await screen.findByRole('button', { name: /weld-faults.*running.*train: epoch 2/ });
      expect(card.getAttribute('aria-expanded')).toBe('false');
      fireEvent.click(card);
      await waitFor(() => expect(card.getAttribute('aria-expanded')).toBe('true'));
      expect(screen.getByRole('button', { name: 'train' }).getAttribute('aria-pressed')).toBe('false');
    });

    it('shows a step’s log as text in a region that the keyboard reaches', async () => {
      server.on('GET /handoff/runs/run-1/log', ({ query }) => ({
        complete: true,
        next_offset: 5,
        text: `${query.step} ${NASTY}`
      }));
      show();
      fireEvent.click(await screen.findByRole('button', { name: /weld-faults/ }));
      fireEvent.click(await screen.findByRole('button', { name: 'train' }));
      const log = await screen.findByRole('log', { name: 'Log of train' });
      expect(log.textContent).toBe(`train ${NASTY}`);
      expect(log.querySelector('img, b')).toBeNull();
      expect(log.tabIndex).toBe(0);
    });

    it('cancels a run once for two clicks', async () => {
      server.on('POST /handoff/runs/run-1/cancellation', () => run({ state: 'Stopping' }));
      show();
      fireEvent.click(await screen.findByRole('button', { name: /weld-faults/ }));
      const cancel = await screen.findByRole('button', { name: 'Cancel run' });
      server.on('GET /handoff/runs', () => ({ items: [run({ state: 'Stopping' })] }));
      fireEvent.click(cancel);
      fireEvent.click(cancel);
      expect(await screen.findByRole('button', { name: 'Stopping…' })).toHaveProperty('disabled', true);
      expect(server.count('POST /handoff/runs/run-1/cancellation')).toBe(1);
    });

    it('shows a finished run’s numbers and why a failed one failed', async () => {
      const metrics = [{ name: 'auc', step: 'train', value: 0.81234 }];
      server.on('GET /handoff/runs', () => ({
        items: [run({ state: 'Failed', finished_at: inHours(0), error: 'Out of memory.', metrics })]
      }));
      show();
      fireEvent.click(await screen.findByRole('button', { name: /weld-faults.*failed/ }));
      expect(await screen.findByText('Out of memory.')).toBeTruthy();
      expect(screen.getByText('auc').nextElementSibling?.textContent).toBe('0.8123');
      expect(screen.queryByRole('button', { name: 'Cancel run' })).toBeNull();
    });

    it('shows the error with Retry', async () => {
      server.refuse('GET /handoff/runs', REFUSAL, 500);
      show();
      const alert = await screen.findByRole('alert');
      server.on('GET /handoff/runs', () => ({ items: [run()] }));
      fireEvent.click(within(alert).getByRole('button', { name: 'Retry' }));
      expect(await screen.findByRole('button', { name: /weld-faults/ })).toBeTruthy();
    });
  });

  describe('model versions', () => {
    const decisions = (): unknown[] =>
      server.asked.filter(one => one.what.endsWith('/decisions')).map(one => one.body);
    const open = async (): Promise<void> => {
      show();
      fireEvent.click(screen.getByRole('tab', { name: /Models/ }));
      await screen.findByText('weld-faults version 1');
    };

    it('counts on its tab what waits for me', async () => {
      show();
      expect(await screen.findByRole('tab', { name: 'Models 1' })).toBeTruthy();
    });

    it('shows lineage and numbers, and approves once for two clicks', async () => {
      server.on('POST /handoff/versions/v1/decisions', () => {
        server.on('GET /handoff/versions', () => ({ items: [version({ state: 'Approved' })] }));
        return version({ state: 'Approved' });
      });
      await open();
      expect(screen.getByText('auc').nextElementSibling?.textContent).toBe('0.8123');
      expect(screen.getByText('Lineage')).toBeTruthy();
      const approve = screen.getByRole('button', { name: 'Approve' });
      fireEvent.click(approve);
      fireEvent.click(approve);
      expect(await screen.findByText('approved')).toBeTruthy();
      expect(screen.queryByRole('button', { name: 'Approve' })).toBeNull();
      expect(decisions()).toEqual([{ state: 'Approved', reason: '' }]);
    });

    it('rejects only with a reason', async () => {
      server.on('POST /handoff/versions/v1/decisions', () => version({ state: 'Rejected' }));
      await open();
      expect(screen.getByRole('button', { name: 'Reject' })).toHaveProperty('disabled', true);
      fireEvent.change(screen.getByRole('textbox', { name: 'Reason' }), { target: { value: 'too weak' } });
      fireEvent.click(screen.getByRole('button', { name: 'Reject' }));
      await until(() => decisions().length === 1);
      expect(decisions()).toEqual([{ state: 'Rejected', reason: 'too weak' }]);
    });

    it('does not let somebody decide on a version of one’s own', async () => {
      server.on('GET /workspace', () => workspaceInfo({ person: 'alice' }));
      await open();
      expect(screen.getByText('You made this version, so another person decides on it.')).toBeTruthy();
      expect(screen.queryByRole('button', { name: 'Approve' })).toBeNull();
    });

    it('does not let somebody decide whom the policy does not name', async () => {
      const settings = [{ key: 'handoff.approvers', origin: 'policy', value: ['carol'] }];
      server.on('GET /policy', () => ({ path: null, settings }));
      await open();
      expect(screen.getByText('Only an approver named in the policy decides on it.')).toBeTruthy();
      expect(screen.queryByRole('button', { name: 'Approve' })).toBeNull();
    });
  });
});

describe('A file that can be handed off', () => {
  it.each([
    ['work/train.ipynb', true],
    ['work/handoff.yaml', true],
    ['handoff.yml', true],
    ['work/my-handoff.yaml', false],
    ['work/train.py', false]
  ])('%s: %s', (path, can) => {
    expect(isHandoffFile(path)).toBe(can);
  });
});
