import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { data } from './data/plugin';
import { handoff } from './handoff/plugin';
import { idle } from './idle/plugin';
import { packages } from './packages/plugin';
import { panel, server } from './shell/plugin';
import { workspace } from './workspace/plugin';

export * from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [server, panel, workspace, data, idle, packages, handoff];

export default plugins;
