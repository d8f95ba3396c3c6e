import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen, within } from '@testing-library/react/pure';
import * as React from 'react';
import type { Check, Examination } from '../../src/api/types';
import { PackagesModel } from '../../src/packages/model';
import { PackagesView } from '../../src/packages/view';
import { WorkspaceModel } from '../../src/workspace/model';
import { WorkspaceView } from '../../src/workspace/view';
import { idleStatus, inHours, packagesStatus, tool, workspaceInfo } from './nouns';
import { FakeServer, later, REFUSAL } from './server';

const trans = nullTranslator.load('jupyter-mlplatform');

function check(change: Partial<Check> = {}): Check {
  return {
    ecosystem: 'pip',
    evidence: 'It answered in 20 ms.',
    fix: '',
    id: 'pip.index',
    outcome: 'ok',
    title: 'The pip index answers',
    why: 'Without it nothing installs.',
    ...change
  };
}

function examination(change: Partial<Examination> = {}): Examination {
  return {
    checks: [],
    done: 2,
    finished_at: inHours(-1),
    id: 'exam-1',
    note: '',
    started_at: inHours(-1),
    state: 'done',
    total: 2,
    ...change
  };
}

let server: FakeServer;
beforeEach(() => {
  server = new FakeServer();
});

describe('The workspace section', () => {
  let model: WorkspaceModel;
  const open = jest.fn();
  beforeEach(() => {
    server
      .on('GET /workspace', () => workspaceInfo())
      .on('GET /idle', () => idleStatus())
      .on('GET /packages', () => packagesStatus());
    model = new WorkspaceModel(server.client, trans);
  });
  afterEach(() => model.dispose());
  const show = (): void => {
    render(<WorkspaceView model={model} open={open} />);
    model.active = true;
  };

  it('says who works where, and why the workspace is awake', async () => {
    show();
    expect(screen.getByRole('status', { name: 'Loading…' })).toBeTruthy();
    expect(await screen.findByText('alice')).toBeTruthy();
    expect(screen.getByText('Press shop · this machine')).toBeTruthy();
    expect(screen.getByText('Nothing runs.')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Open section Idle' }));
    expect(open).toHaveBeenCalledWith('idle');
  });

  it('never says that the mirrors answer without an examination that could tell', async () => {
    show();
    expect(await screen.findByText('The package mirrors were not checked yet.')).toBeTruthy();
  });

  it('warns in words when the person is not known', async () => {
    server.on('GET /workspace', () => workspaceInfo({ person: '', problem: 'Two names were found.' }));
    show();
    expect((await screen.findByRole('alert')).textContent).toMatch(
      /It is not known who is working here\..*Two names were found\..*ask your platform team/
    );
  });

  it('still says who works here when the other features do not answer', async () => {
    server.refuse('GET /idle', REFUSAL, 500).refuse('GET /packages', REFUSAL, 500);
    show();
    expect(await screen.findByText('alice')).toBeTruthy();
    expect(screen.getByText('Why the workspace is awake is not known at the moment.')).toBeTruthy();
    expect(screen.queryByRole('alert')).toBeNull();
  });
});

describe('The packages section', () => {
  let model: PackagesModel;
  beforeEach(() => {
    server.on('GET /packages', () => packagesStatus());
    model = new PackagesModel(server.client, trans);
  });
  afterEach(() => model.dispose());
  const show = (): void => {
    render(<PackagesView model={model} />);
    model.active = true;
  };

  it('says for each tool which mirror it uses and whether it does', async () => {
    show();
    const [item] = await screen.findAllByRole('listitem');
    expect(item.textContent).toMatch(/pip.*in use.*https:\/\/mirror\.test\/simple/);
  });

  it('says that pip and conda work as they are when the policy names no mirror', async () => {
    server.on('GET /packages', () => packagesStatus({ tools: [tool({ state: 'unmanaged' })] }));
    show();
    expect(await screen.findByText('No mirror is set')).toBeTruthy();
  });

  it('applies the policy once for two clicks and says what was written', async () => {
    server
      .on('GET /packages', () => packagesStatus({ tools: [tool({ state: 'not_applied' })] }))
      .on('POST /packages/application', () => ({ exports: {}, tools: [tool()], written: ['/etc/pip.conf'] }));
    show();
    const apply = await screen.findByRole('button', { name: 'Apply' });
    fireEvent.click(apply);
    fireEvent.click(apply);
    expect(await screen.findByText('/etc/pip.conf')).toBeTruthy();
    expect(screen.getByRole('status').textContent).toContain('Restart kernels');
    expect(server.count('POST /packages/application')).toBe(1);
  });

  it('runs the doctor with a progress bar, and shows what failed first, with the way to mend it', async () => {
    const done = examination({
      checks: [
        check(),
        check({ id: 'conda', title: 'The conda channel answers', outcome: 'failed', fix: 'Ask for a token.' })
      ]
    });
    const running = examination({ state: 'running', done: 1, finished_at: null });
    const { answer, send } = later<unknown>();
    server
      .on('POST /packages/checks', () => {
        server.on('GET /packages', () => packagesStatus({ last: done }));
        return running;
      })
      .on('GET /packages/checks/exam-1', () => answer);
    show();
    fireEvent.click(await screen.findByRole('button', { name: 'Run doctor' }));
    expect(await screen.findByRole('progressbar', { name: '1 of 2 checks' })).toHaveProperty('value', 1);
    expect(screen.getByRole('button', { name: 'Stop' })).toBeTruthy();
    send(done);
    expect(await screen.findByRole('button', { name: 'Examine again' })).toBeTruthy();
    const details = [...document.querySelectorAll('details')];
    expect(details.map(one => [one.querySelector('summary')?.textContent, one.open])).toEqual([
      ['The conda channel answersfailed', true],
      ['The pip index answersgood', false]
    ]);
    expect(details[0].textContent).toContain('To mend it: Ask for a token.');
  });

  it('shows the error with Retry in the place of what is not known', async () => {
    server.refuse('GET /packages', REFUSAL, 500);
    show();
    const alert = await screen.findByRole('alert');
    server.on('GET /packages', () => packagesStatus());
    fireEvent.click(within(alert).getByRole('button', { name: 'Retry' }));
    expect(await screen.findByText('in use')).toBeTruthy();
  });
});
