import type { IDisposable } from '@lumino/disposable';
import { Token } from '@lumino/coreutils';
import type { Widget } from '@lumino/widgets';
import type { PlatformClient } from './api/client';
import type { News } from './api/news';

/** One section of the panel. It works only while its widget is visible. */
export interface ISection {
  /** A word that names it in commands, such as `data`. */
  id: string;
  title: string;
  /** Sections are ordered by it, smallest first. */
  rank: number;
  widget: Widget;
}

/** The panel at the left. Other extensions may add sections to it. */
export interface IMLPlatformPanel {
  /** Add a section; dispose what is returned to take it away again. */
  addSection(section: ISection): IDisposable;

  /** Show the panel with this section open and in view. */
  reveal(id: string): void;
}

export const IMLPlatformPanel = new Token<IMLPlatformPanel>(
  'jupyter-mlplatform:IMLPlatformPanel',
  'The platform’s side panel, to which sections can be added.'
);

/** The way to the server: requests, and the news that it sends. */
export interface IMLPlatformServer {
  readonly client: PlatformClient;
  readonly news: News;
}

export const IMLPlatformServer = new Token<IMLPlatformServer>(
  'jupyter-mlplatform:IMLPlatformServer',
  'The API and the events of the platform’s server part.'
);
