import { LabIcon } from '@jupyterlab/ui-components';

/** Three stacked layers with a check: a workspace that is looked after. */
export const platformIcon = new LabIcon({
  name: 'jupyter-mlplatform:platform',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M12 2 2 7.2l10 5.2 10-5.2L12 2Zm0 2.3 5.6 2.9L12 10.1 6.4 7.2 12 4.3Z"/>
    <path d="m4.2 10.9-2.2 1.1 10 5.2 3.1-1.6-2.2-1.1-.9.4-7.8-4Z"/>
    <path d="m4.2 15.6-2.2 1.1 10 5.2 1.6-.8-1.6-1.4-7.8-4.1Z"/>
    <path d="m22.3 13.1-5.9 5.9-2.6-2.6-1.4 1.4 4 4 7.3-7.3-1.4-1.4Z"/>
  </g>
</svg>`
});

/** A tray that something leaves upwards: the hand-off. */
export const handoffIcon = new LabIcon({
  name: 'jupyter-mlplatform:handoff',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M12 2.5 6.5 8l1.4 1.4L11 6.3V16h2V6.3l3.1 3.1L17.5 8 12 2.5Z"/>
    <path d="M4 13v6.5A1.5 1.5 0 0 0 5.5 21h13a1.5 1.5 0 0 0 1.5-1.5V13h-2v6H6v-6H4Z"/>
  </g>
</svg>`
});

/** A table with a magnifier: find data. */
export const dataIcon = new LabIcon({
  name: 'jupyter-mlplatform:data',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M4 3a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h6.3a6.5 6.5 0 0 1-.3-2H4v-4h6.5a6.5 6.5 0 0 1 1.6-2H4V7h16v2.7a6.5 6.5 0 0 1 2 1.7V5a2 2 0 0 0-2-2H4Zm12.5 7.5a5 5 0 1 0 2.9 9.1l2.4 2.4 1.2-1.2-2.4-2.4a5 5 0 0 0-4.1-7.9Zm0 2a3 3 0 1 1 0 6 3 3 0 0 1 0-6Z"/>
</svg>`
});

/** A crescent: asleep when idle. */
export const idleIcon = new LabIcon({
  name: 'jupyter-mlplatform:idle',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M12.3 2.1A10 10 0 1 0 21.9 14 8 8 0 0 1 12.3 2.1ZM9.7 4.7A10 10 0 0 0 18.9 16.2 8 8 0 1 1 9.7 4.7Z"/>
</svg>`
});

/** A parcel: packages. */
export const packagesIcon = new LabIcon({
  name: 'jupyter-mlplatform:packages',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M12 2 3 6.5v11L12 22l9-4.5v-11L12 2Zm0 2.2L17.6 7 12 9.8 6.4 7 12 4.2ZM5 8.6l6 3v7.7l-6-3V8.6Zm8 10.7v-7.7l6-3v7.7l-6 3Z"/>
</svg>`
});
