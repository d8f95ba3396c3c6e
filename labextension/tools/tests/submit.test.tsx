import { nullTranslator } from '@jupyterlab/translation';
import { act, fireEvent, render, screen } from '@testing-library/react/pure';
import * as React from 'react';
import type { Run } from '../../src/api/types';
import { DatasetModel } from '../../src/data/dataset';
import { DatasetView } from '../../src/data/datasetview';
import { HandoffDialog } from '../../src/handoff/dialog';
import { PlanModel } from '../../src/handoff/plan';
import { datasetPage, options, plan, request, run } from './nouns';
import { FakeServer, json, later, REFUSAL, until } from './server';

const trans = nullTranslator.load('jupyter-mlplatform');

interface IKeyed {
  idempotency_key: string;
}

describe('The form that asks for data', () => {
  let server: FakeServer;
  let model: DatasetModel;
  let asked: jest.Mock;
  beforeEach(() => {
    server = new FakeServer()
      .on('GET /access/datasets/weld_guns', () => datasetPage())
      .on('GET /access/options', () => options())
      .on('POST /access/requests', () => request());
    asked = jest.fn();
    model = new DatasetModel(server.client, trans, 'weld_guns', asked);
  });
  afterEach(() => model.dispose());

  const posts = (): IKeyed[] =>
    server.asked.filter(one => one.what === 'POST /access/requests').map(one => one.body as IKeyed);

  /** Open the form and fill in what has no default. */
  async function fillIn(): Promise<HTMLElement> {
    render(<DatasetView model={model} insert={jest.fn()} back={jest.fn()} />);
    model.active = true;
    fireEvent.click(await screen.findByRole('button', { name: 'Request access' }));
    fireEvent.change(await screen.findByRole('combobox', { name: 'What for?' }), {
      target: { value: 'training' }
    });
    return screen.getByRole('button', { name: 'Send request' });
  }

  it('sends one request with one key when it is clicked twice', async () => {
    const { answer, send } = later<unknown>();
    server.on('POST /access/requests', () => answer);
    const button = await fillIn();
    fireEvent.click(button);
    fireEvent.click(button);
    fireEvent.submit(screen.getByRole('form', { name: 'Request access to Welding gun sensors' }));
    expect(await screen.findByRole('button', { name: 'Sending…' })).toHaveProperty('disabled', true);
    send(request());
    await screen.findByRole('button', { name: 'Request access' });
    expect(posts()).toHaveLength(1);
    expect(posts()[0]).toMatchObject({
      dataset_id: 'weld_guns',
      columns: ['force', 'operator_id'],
      purpose: 'training',
      days: 30
    });
    expect(posts()[0].idempotency_key).not.toBe('');
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it('tries again with the same key, so that a lost answer does not ask twice', async () => {
    server.on('POST /access/requests', () => Promise.reject(new TypeError('Failed to fetch')));
    fireEvent.click(await fillIn());
    await screen.findByRole('alert');
    server.on('POST /access/requests', () => request());
    fireEvent.click(screen.getByRole('button', { name: 'Send request' }));
    await until(() => asked.mock.calls.length === 1);
    expect(posts().map(post => post.idempotency_key)).toEqual([
      posts()[0].idempotency_key,
      posts()[0].idempotency_key
    ]);
  });

  it('takes another key when the form was changed after a refusal', async () => {
    server.refuse('POST /access/requests', REFUSAL, 422);
    fireEvent.click(await fillIn());
    expect((await screen.findByRole('alert')).textContent).toContain('Ask the test.');
    fireEvent.change(screen.getByRole('spinbutton', { name: 'For how many days?' }), {
      target: { value: '7' }
    });
    fireEvent.click(screen.getByRole('button', { name: 'Send request' }));
    await until(() => posts().length === 2);
    expect(posts()[1].idempotency_key).not.toBe(posts()[0].idempotency_key);
  });

  it('cannot be sent without a purpose, without columns, or for longer than the policy allows', async () => {
    const button = await fillIn();
    expect(button).toHaveProperty('disabled', false);
    const refuses = (change: Parameters<DatasetModel['fill']>[0]): void => {
      act(() => model.fill(change));
      expect(button).toHaveProperty('disabled', true);
    };
    refuses({ purpose: '' });
    refuses({ purpose: 'training', days: 91 });
    refuses({ days: 90, columns: new Set() });
    await model.send();
    expect(posts()).toHaveLength(0);
  });
});

describe('The start of a hand-off', () => {
  let server: FakeServer;
  let model: PlanModel;
  beforeEach(() => {
    server = new FakeServer().on('POST /handoff/plans', () => plan()).on('POST /handoff/runs', () => run());
    model = new PlanModel(server.client, trans, 'work/train.ipynb');
  });
  afterEach(() => model.dispose());

  const starts = (): unknown[] =>
    server.asked.filter(one => one.what === 'POST /handoff/runs').map(one => one.body);

  function open(started: (run: Run) => void): HTMLButtonElement {
    const dialog = new HandoffDialog(model, trans, started);
    void dialog.launch();
    return dialog.node.querySelector('.jp-mod-accept') as HTMLButtonElement;
  }

  it('starts exactly the plan that was shown, once, when Start is clicked twice', async () => {
    const { answer, send } = later<unknown>();
    server.on('POST /handoff/runs', () => answer);
    const started = jest.fn();
    const button = open(started);
    await until(() => !button.disabled);
    button.click();
    button.click();
    expect(button.disabled).toBe(true);
    send(run());
    await until(() => started.mock.calls.length > 0);
    expect(starts()).toEqual([
      {
        path: 'work/train.ipynb',
        plan_hash: 'plan-hash-1',
        params: {},
        idempotency_key: expect.stringMatching(/.{8}/)
      }
    ]);
    expect(started).toHaveBeenCalledTimes(1);
  });

  it('cannot start before the plan is there', async () => {
    const { answer, send } = later<unknown>();
    server.on('POST /handoff/plans', () => answer);
    const button = open(jest.fn());
    await until(() => server.asked.length === 1);
    expect(button.disabled).toBe(true);
    expect(await model.start()).toBeNull();
    send(plan());
    await until(() => !button.disabled);
    expect(starts()).toHaveLength(0);
  });

  it('cannot start a plan that is blocked', async () => {
    server.on('POST /handoff/plans', () => plan({ startable: false }));
    const button = open(jest.fn());
    await until(() => model.state === 'shown');
    expect(button.disabled).toBe(true);
    expect(await model.start()).toBeNull();
    expect(starts()).toHaveLength(0);
  });

  it('says why the server refuses, and starts with the same key when tried again', async () => {
    server.on('POST /handoff/runs', () => json(REFUSAL, 409));
    await model.check();
    expect(await model.start()).toBeNull();
    expect(model.problem).toEqual(REFUSAL);
    server.on('POST /handoff/runs', () => run({ id: 'run-9' }));
    expect((await model.start())?.id).toBe('run-9');
    expect(starts()[1]).toEqual(starts()[0]);
  });

  it('makes no new plan after the start', async () => {
    await model.check();
    await model.start();
    await model.check();
    expect(server.count('POST /handoff/plans')).toBe(1);
  });
});
