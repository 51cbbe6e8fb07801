import { LabIcon } from '@jupyterlab/ui-components';

import pipelines from '../style/icons/pipelines.svg';

export const pipelinesIcon = new LabIcon({ name: 'pipeline-studio:pipelines', svgstr: pipelines });
