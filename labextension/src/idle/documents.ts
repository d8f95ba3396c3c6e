import type { DocumentRegistry, IDocumentWidget } from '@jupyterlab/docregistry';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';

/** Every open document of this tab, in whatever part of the window it is shown, and which of them have changes. */
export class OpenDocuments implements IDisposable {
  constructor(
    private readonly _registry: DocumentRegistry,
    widgets: Iterable<Widget> = []
  ) {
    for (const factory of _registry.widgetFactories()) {
      factory.widgetCreated.connect(this._created, this);
    }
    _registry.changed.connect(this._factoryAdded, this);
    for (const widget of widgets) {
      if ('context' in widget) {
        this._adopt((widget as IDocumentWidget).context);
      }
    }
  }

  /** A document was opened or closed, changed or saved. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /**
   * Those with changes that only this tab has. A document that is edited together lives on the server, which saves it.
   */
  unsaved(): DocumentRegistry.Context[] {
    return [...this._contexts].filter(({ model }) => model.dirty && !model.collaborative);
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      Signal.clearData(this);
    }
  }

  private _factoryAdded(_: unknown, change: DocumentRegistry.IChangedArgs): void {
    if (change.type === 'widgetFactory' && change.change === 'added' && change.name) {
      this._registry.getWidgetFactory(change.name)?.widgetCreated.connect(this._created, this);
    }
  }

  private _created(_: unknown, widget: IDocumentWidget): void {
    this._adopt(widget.context);
  }

  private _adopt(context: DocumentRegistry.Context): void {
    if (this._contexts.has(context)) {
      return;
    }
    this._contexts.add(context);
    context.model.stateChanged.connect((_, change) => {
      if (change.name === 'dirty') {
        this._changed.emit();
      }
    }, this);
    context.pathChanged.connect(() => this._changed.emit(), this);
    context.disposed.connect(() => {
      this._contexts.delete(context);
      this._changed.emit();
    }, this);
    if (context.model.dirty) {
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _contexts = new Set<DocumentRegistry.Context>();
  private _isDisposed = false;
}
