import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'pipeline-studio:plugin',
  description: 'Pipeline Studio: DAGs of notebooks.',
  autoStart: true,
  activate: (_app: JupyterFrontEnd): void => undefined
};

export default [plugin];
