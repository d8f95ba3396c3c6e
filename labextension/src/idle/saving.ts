import { Dialog } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { ServerConnection, type Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

/** Clocks of file systems differ by as much, in milliseconds; JupyterLab's own margin. */
const MARGIN_MS = 500;

/** How long one document may take, in milliseconds. */
const DEADLINE_MS = 15_000;

/** The pause between two looks at a dialog's title, in milliseconds, and how many there are. */
const LOOK_MS = 20;
const LOOKS = 250;

/** What saving without a question needs. */
export interface ISaver {
  contents: Contents.IManager;
  trans: TranslationBundle;
  /** JupyterLab's own texts, by which its dialogs are known. */
  labTrans: TranslationBundle;
}

/**
 * Save a document while nobody may be there to answer a question. Resolves to the reason why it could not be saved,
 * empty when it was. A newer file on disk is never overwritten.
 */
export async function saveQuietly(context: DocumentRegistry.Context, saver: ISaver): Promise<string> {
  const { trans } = saver;
  let timer = 0;
  const late = new Promise<string>(resolve => {
    const reason = trans.__('It was not saved within %1 seconds.', DEADLINE_MS / 1000);
    timer = window.setTimeout(() => resolve(reason), DEADLINE_MS);
  });
  try {
    return await Promise.race([save(context, saver), late]);
  } catch (error) {
    return reasonOf(error, trans);
  } finally {
    window.clearTimeout(timer);
  }
}

async function save(context: DocumentRegistry.Context, saver: ISaver): Promise<string> {
  const { trans } = saver;
  await context.ready;
  if (context.contentsModel?.writable === false || context.model.readOnly) {
    return trans.__('The file is read-only.');
  }
  if (await changedOnDisk(context, saver.contents)) {
    return trans.__('The file has changed on disk since it was opened here.');
  }
  const silence = closeDialogs(context, saver);
  try {
    await context.save();
  } finally {
    silence();
  }
  return context.model.dirty ? trans.__('It was changed while it was saved.') : '';
}

/** As JupyterLab's own save would find out, which then asks in a dialog what to do. */
async function changedOnDisk(
  context: DocumentRegistry.Context,
  contents: Contents.IManager
): Promise<boolean> {
  const known = context.contentsModel;
  if (!known) {
    return false;
  }
  let disk: Contents.IModel;
  try {
    disk = await contents.get(context.path, { content: false, hash: true });
  } catch (error) {
    if (error instanceof ServerConnection.ResponseError && error.response.status === 404) {
      return false; // deleted or never written: saving writes it anew
    }
    throw error;
  }
  if (known.hash && disk.hash) {
    return known.hash !== disk.hash;
  }
  return (
    !!known.last_modified && Date.parse(disk.last_modified) - Date.parse(known.last_modified) > MARGIN_MS
  );
}

/**
 * Close the two dialogs that a save of this document may open, as they would wait for somebody who is not there: what
 * they say goes into the answer instead. Returns the end of this.
 */
function closeDialogs(context: DocumentRegistry.Context, saver: ISaver): () => void {
  const file = saver.contents.localPath(context.path).split('/').pop() ?? '';
  const titles = [saver.labTrans.__('File Save Error for %1', file), saver.labTrans.__('File Changed')];
  const close = (_: unknown, dialog: Dialog<unknown>): void => closeIfTitled(dialog, titles);
  Dialog.tracker.widgetAdded.connect(close);
  // The dialog of a failed save is made in the same turn as the failure is told.
  return () => window.setTimeout(() => Dialog.tracker.widgetAdded.disconnect(close), LOOK_MS);
}

/** A dialog has its title a moment after it was made, and nothing tells when. */
function closeIfTitled(dialog: Dialog<unknown>, titles: string[], looks = LOOKS): void {
  if (dialog.isDisposed || !looks) {
    return;
  }
  const title = dialog.node.querySelector('.jp-Dialog-header')?.textContent?.trim();
  if (title && titles.includes(title)) {
    dialog.reject();
  } else if (!title) {
    window.setTimeout(() => closeIfTitled(dialog, titles, looks - 1), LOOK_MS);
  }
}

function reasonOf(error: unknown, trans: TranslationBundle): string {
  const name = error instanceof Error ? error.name : '';
  if (['ModalCancelError', 'ModalDuplicateError'].includes(name)) {
    return trans.__('The file has changed on disk since it was opened here.');
  }
  const text = error instanceof Error ? error.message : String(error);
  return text || trans.__('The server refused to save it.');
}
