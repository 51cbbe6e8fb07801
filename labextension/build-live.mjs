/**
 * Builds what `studio/widgets/twin.py` hands to pages without our JupyterLab extension: the views as one module, the
 * layout worker as one script, and all styles as one file. `--production` makes them small.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import { rspack } from '@rspack/core';

const here = dirname(fileURLToPath(import.meta.url));
const path = join(here, '..', 'studio', 'widgets', 'assets');
const mode = process.argv.includes('--production') ? 'production' : 'development';

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
    entry: { live: './lib/live/index.js' },
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
writeFileSync(join(path, 'live.css'), [...names, 'live.css'].map(name => readFileSync(join(style, name), 'utf8')).join('\n'));
