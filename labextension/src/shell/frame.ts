import { caretDownIcon } from '@jupyterlab/ui-components';
import { UUID } from '@lumino/coreutils';
import { Signal, type ISignal } from '@lumino/signaling';
import { Panel, Widget } from '@lumino/widgets';
import type { ISection } from '../tokens';

/** One section in the panel: a heading that opens and closes it, and its widget. */
export class SectionFrame extends Panel {
  constructor(
    readonly section: ISection,
    open: boolean
  ) {
    super();
    this.addClass('jp-mlp-Section');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', section.title);
    section.widget.id = section.widget.id || `jp-mlp-${section.id}-${UUID.uuid4()}`;
    section.widget.setHidden(!open);

    const heading = new Widget({ node: document.createElement('h2') });
    heading.addClass('jp-mlp-Section-heading');
    this.button.type = 'button';
    this.button.className = 'jp-mlp-Section-button';
    this.button.setAttribute('aria-controls', section.widget.id);
    this.button.append(
      caretDownIcon.element({ className: 'jp-mlp-Section-caret', tag: 'span' }),
      this._text('jp-mlp-Section-title', section.title),
      this._summary
    );
    this.button.addEventListener('click', () => {
      this.open = !this.open;
    });
    heading.node.append(this.button);
    this.addWidget(heading);
    this.addWidget(section.widget);
    section.widget.title.changed.connect(this._update, this);
    this._update();
  }

  /** The heading's button, for moving the focus between sections. */
  readonly button = document.createElement('button');

  get toggled(): ISignal<this, boolean> {
    return this._toggled;
  }

  get open(): boolean {
    return !this.section.widget.isHidden;
  }

  set open(open: boolean) {
    if (open !== this.open) {
      this.section.widget.setHidden(!open);
      this._update();
      this._toggled.emit(open);
    }
  }

  override dispose(): void {
    if (!this.isDisposed) {
      Signal.clearData(this);
      super.dispose();
    }
  }

  private _update(): void {
    this.button.setAttribute('aria-expanded', String(this.open));
    this._summary.textContent = this.section.widget.title.caption;
  }

  private _text(className: string, text: string): HTMLElement {
    const node = document.createElement('span');
    node.className = className;
    node.textContent = text;
    return node;
  }

  private readonly _toggled = new Signal<this, boolean>(this);
  private readonly _summary = this._text('jp-mlp-Section-summary', '');
}
