import type { TranslationBundle } from '@jupyterlab/translation';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import type { Message } from '@lumino/messaging';
import { Signal, type ISignal } from '@lumino/signaling';
import { Panel, type Widget } from '@lumino/widgets';
import type { ISection } from '../tokens';
import { platformIcon } from '../ui/icons';
import type { Availability } from './availability';
import { SectionFrame } from './frame';
import { ServerState } from './serverstate';

/** Which sections a person opened or closed, by id. */
export type OpenSections = Record<string, boolean>;

/** The side panel: one column of sections, shown only when the server part answers. */
export class PlatformPanel extends Panel {
  constructor(
    private readonly _availability: Availability,
    trans: TranslationBundle,
    /** Sections with a rank below this are open until a person closes them. */
    private readonly _openBelow: number
  ) {
    super();
    this.id = 'jp-mlp-panel';
    this.addClass('jp-mlp-Panel');
    this.title.icon = platformIcon;
    this.title.caption = trans.__('ML workspace');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('ML workspace'));
    this._sections.addClass('jp-mlp-Panel-sections');
    this._sections.hide();
    this.addWidget(new ServerState(_availability, trans));
    this.addWidget(this._sections);
    this.node.addEventListener('keydown', event => this._moveFocus(event));
    _availability.changed.connect(() => this._sections.setHidden(_availability.state !== 'ready'));
  }

  /** A person opened or closed a section. */
  get toggled(): ISignal<this, OpenSections> {
    return this._toggled;
  }

  /** Put the sections as a person left them last time. */
  restore(open: OpenSections): void {
    this._open = { ...open, ...this._open };
    for (const frame of this._frames()) {
      frame.open = this._isOpen(frame.section);
    }
  }

  addSection(section: ISection): IDisposable {
    const frame = new SectionFrame(section, this._isOpen(section));
    const after = this._frames().findIndex(other => other.section.rank > section.rank);
    this._sections.insertWidget(after === -1 ? this._sections.widgets.length : after, frame);
    frame.toggled.connect((_, open) => {
      if (this._open[section.id] !== open) {
        this._open[section.id] = open;
        this._toggled.emit(this._open);
      }
    });
    return new DisposableDelegate(() => frame.dispose());
  }

  /** Open a section and bring it into view. */
  reveal(id: string): void {
    const frame = this._frames().find(other => other.section.id === id);
    if (frame) {
      frame.open = true;
      requestAnimationFrame(() => frame.node.scrollIntoView({ block: 'start' }));
    }
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._lookForServer();
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this._lookForServer();
  }

  private _lookForServer(): void {
    if (this.isVisible) {
      void this._availability.ask();
    }
  }

  private _frames(): SectionFrame[] {
    return this._sections.widgets.filter(
      (widget: Widget): widget is SectionFrame => widget instanceof SectionFrame
    );
  }

  private _isOpen(section: ISection): boolean {
    return this._open[section.id] ?? section.rank < this._openBelow;
  }

  /** Arrow keys, Home and End move between the headings, as in any accordion. */
  private _moveFocus(event: KeyboardEvent): void {
    const buttons = this._frames().map(frame => frame.button);
    const at = buttons.indexOf(event.target as HTMLButtonElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (at !== -1 && to !== undefined) {
      buttons[Math.min(Math.max(to, 0), buttons.length - 1)].focus();
      event.preventDefault();
    }
  }

  private readonly _sections = new Panel();
  private readonly _toggled = new Signal<this, OpenSections>(this);
  private _open: OpenSections = {};
}
