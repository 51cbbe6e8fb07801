/**
 * Builds the front end for pages that are not JupyterLab, into `studio/pages/assets`: `live` (views of cells, which
 * `studio/widgets/twin.py` hands out) and `dashboard`, each a module and a file of styles, and the layout worker of
 * both. They are as small as in a release: what is measured and tested is what is shipped.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { rspack } from '@rspack/core';

const here = dirname(fileURLToPath(import.meta.url));
const path = join(here, '..', 'studio', 'pages', 'assets');
const mode = 'production';

const shared = {
  context: here,
  mode,
  devtool: false,
  performance: false,
  // Where a chunk would be loaded from later nobody knows: everything is in one file.
  plugins: [new rspack.optimize.LimitChunkCountPlugin({ maxChunks: 1 })]
};

const configurations = [
  {
    ...shared,
    entry: { live: './lib/live/index.js', dashboard: './lib/dashboard/index.js' },
    experiments: { outputModule: true },
    output: { path, filename: '[name].js', library: { type: 'module' }, module: true, clean: true }
  },
  {
    ...shared,
    entry: { layout: './lib/layout/layout.worker.js' },
    target: 'webworker',
    output: { path, filename: '[name].js' }
  }
];

for (const configuration of configurations) {
  await new Promise((resolve, reject) =>
    rspack(configuration, (error, stats) => {
      if (error !== null || stats.hasErrors()) {
        reject(error ?? new Error(stats.toString('errors-only')));
      } else {
        resolve();
      }
    })
  );
}

const style = join(here, 'style');
const base = readFileSync(join(style, 'base.css'), 'utf8');
const names = [...base.matchAll(/@import url\('(.+?)'\);/g)].map(match => match[1]);
const sheets = { live: [...names, 'live.css'], dashboard: [...names, 'live.css', 'dashboard.css'] };
for (const [name, parts] of Object.entries(sheets)) {
  writeFileSync(join(path, `${name}.css`), parts.map(part => readFileSync(join(style, part), 'utf8')).join('\n'));
}
