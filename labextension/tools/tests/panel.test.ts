import { nullTranslator } from '@jupyterlab/translation';
import { MessageLoop } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';
import { screen, within } from '@testing-library/react/pure';
import * as React from 'react';
import { DataModel } from '../../src/data/model';
import { SectionWidget } from '../../src/section/widget';
import { Availability } from '../../src/shell/availability';
import { PlatformPanel } from '../../src/shell/panel';
import { searchPage, workspaceInfo } from './nouns';
import { FakeServer, json, until } from './server';

const trans = nullTranslator.load('jupyter-mlplatform');

/** JupyterLab's left area: one panel in front, or none. */
class LeftArea {
  constructor(readonly panel: Widget) {
    panel.hide();
    this._area.addWidget(panel);
    Widget.attach(this._area, document.body);
    MessageLoop.flush();
  }

  show(shown: boolean): void {
    this.panel.setHidden(!shown);
    MessageLoop.flush();
  }

  dispose(): void {
    this._area.dispose();
  }

  private readonly _area = new Panel();
}

describe('The panel', () => {
  let server: FakeServer;
  let data: DataModel;
  let panel: PlatformPanel;
  let area: LeftArea;
  beforeEach(() => {
    server = new FakeServer()
      .on('GET /workspace', () => workspaceInfo())
      .on('GET /access/datasets', () => searchPage([]))
      .on('GET /access/requests', () => ({ items: [] }));
    data = new DataModel(server.client, trans);
    panel = new PlatformPanel(new Availability(server.client, trans), trans, 25);
    const widget = new SectionWidget(data, trans, () => React.createElement('p', null, 'the data'));
    panel.addSection({ id: 'data', title: 'Data', rank: 20, widget });
    panel.addSection({ id: 'handoff', title: 'Hand-off', rank: 50, widget: new Widget() });
    panel.addSection({ id: 'workspace', title: 'Workspace', rank: 10, widget: new Widget() });
    area = new LeftArea(panel);
  });
  afterEach(() => area.dispose());

  const headings = (): HTMLElement[] => {
    const region = screen.getByRole('region', { name: 'ML workspace' });
    return within(region)
      .getAllByRole('heading', { level: 2 })
      .map(heading => within(heading).getByRole('button'));
  };

  it('asks the server nothing until it is shown, then for the probe first and for what is in view next', async () => {
    data.refresh();
    await data.catalogue.refresh();
    expect(server.asked).toEqual([]);
    area.show(true);
    await until(() => data.catalogue.data !== null && data.inbox.data !== null);
    expect(server.asked.map(one => one.what).sort()).toEqual([
      'GET /access/datasets',
      'GET /access/options',
      'GET /access/requests',
      'GET /workspace'
    ]);
    expect(server.asked[0].what).toBe('GET /workspace');
  });

  it('asks for news only while it is shown', async () => {
    area.show(true);
    await until(() => data.catalogue.data !== null && data.inbox.data !== null);
    const before = server.asked.length;
    area.show(false);
    data.refresh();
    data.show('mine');
    expect(data.catalogue.active || data.inbox.active || data.mine.active).toBe(false);
    expect(server.asked).toHaveLength(before);
  });

  it('shows one calm message in the place of all sections when the server part is missing', async () => {
    server.on('GET /workspace', () => json({}, 404));
    area.show(true);
    const title = 'The server part is not installed or not enabled';
    expect((await screen.findByRole('heading', { name: title })).tagName).toBe('H2');
    expect(screen.queryAllByRole('region').map(region => region.getAttribute('aria-label'))).toEqual([
      'ML workspace'
    ]);
    expect(screen.queryByRole('alert')).toBeNull();
    expect(server.asked).toHaveLength(1);
  });

  it('comes back with its sections when a person checks again and the server part is there', async () => {
    server.on('GET /workspace', () => json({}, 404));
    area.show(true);
    const again = await screen.findByRole('button', { name: 'Check again' });
    server.on('GET /workspace', () => workspaceInfo());
    again.click();
    await until(() => data.catalogue.data !== null);
    expect(headings()).toHaveLength(3);
  });

  it('orders its sections by rank, opens the first ones, and says which are open', async () => {
    area.show(true);
    await until(() => data.catalogue.data !== null);
    expect(headings().map(button => [button.textContent, button.getAttribute('aria-expanded')])).toEqual([
      ['Workspace', 'true'],
      ['Data', 'true'],
      ['Hand-off', 'false']
    ]);
  });

  it('closes a section on a click and asks nothing more for it', async () => {
    area.show(true);
    await until(() => data.catalogue.data !== null);
    headings()[1].click();
    expect(headings()[1].getAttribute('aria-expanded')).toBe('false');
    expect(data.active).toBe(false);
  });

  it('remembers what a person opened and closed', async () => {
    const toggled = jest.fn();
    panel.toggled.connect((_, open) => toggled({ ...open }));
    panel.restore({ handoff: true, data: false });
    area.show(true);
    await screen.findByRole('heading', { name: 'Workspace' });
    expect(headings().map(button => button.getAttribute('aria-expanded'))).toEqual(['true', 'false', 'true']);
    headings()[0].click();
    expect(toggled).toHaveBeenLastCalledWith(expect.objectContaining({ workspace: false }));
  });

  it('moves between its headings with the arrow keys, Home and End', async () => {
    area.show(true);
    await until(() => data.catalogue.data !== null);
    const [first, second, last] = headings();
    const press = (key: string): boolean =>
      (document.activeElement as HTMLElement).dispatchEvent(
        new KeyboardEvent('keydown', { key, bubbles: true })
      );
    first.focus();
    press('ArrowDown');
    expect(document.activeElement).toBe(second);
    press('End');
    expect(document.activeElement).toBe(last);
    press('ArrowDown');
    expect(document.activeElement).toBe(last);
    press('Home');
    expect(document.activeElement).toBe(first);
  });
});
