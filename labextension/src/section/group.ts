import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { SectionModel } from './model';

/**
 * Several models in one section, of which only those in view are active.
 */
export abstract class SectionGroup implements IDisposable {
  /** What is in view has changed; the models tell of their own changes. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get active(): boolean {
    return this._active;
  }

  set active(active: boolean) {
    this._active = active;
    this.follow();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this.models().forEach(model => model.dispose());
      Signal.clearData(this);
    }
  }

  /** All models of this section. */
  protected abstract models(): SectionModel<unknown>[];

  /** Those that a person can see while the section is in view. */
  protected abstract inView(): SectionModel<unknown>[];

  /** Make active what is in view and nothing else; call it when that changes. */
  protected follow(): void {
    if (this._isDisposed) {
      return;
    }
    const shown = this._active ? this.inView() : [];
    for (const model of this.models()) {
      model.active = shown.includes(model);
    }
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _active = false;
  private _isDisposed = false;
}
