import type { ReactElement } from 'react';

import type { DagPageModel } from '../../models/dagpage';
import type { DagTab } from '../../models/place';
import { DAG_TABS } from '../../models/place';
import type { IStudio } from '../../tokens';
import { DagView } from '../DagView';
import { GridTab } from '../grid/GridTab';
import { useSignal } from '../hooks';
import type { ITab } from '../Tabs';
import { Tabs } from '../Tabs';
import { BackfillsTab } from './BackfillsTab';
import { CodeTab } from './CodeTab';
import { DetailsTab } from './DetailsTab';

export interface IDagTabProps {
  model: DagPageModel;
  studio: IStudio;
}

interface IDagTab extends Omit<ITab<DagTab>, 'id'> {
  readonly View: (props: IDagTabProps) => ReactElement;
}

/** What there is to see of a DAG. */
const VIEWS: Partial<Record<DagTab, IDagTab>> = {
  graph: { label: 'Graph', title: 'The tasks of a run and how they depend on each other', View: GraphTab },
  grid: { label: 'Grid', title: 'Runs × tasks', View: GridTab },
  backfills: { label: 'Backfills', title: 'Runs of the past, filled in', View: BackfillsTab },
  code: { label: 'Code', title: 'Versions, and what changed between them', View: CodeTab },
  details: { label: 'Details', title: 'Schedule, limits, definition', View: DetailsTab }
};

const TABS = DAG_TABS.flatMap(id => {
  const view = VIEWS[id];
  return view === undefined ? [] : [{ id, ...view }];
});

export function DagTabs({ model, studio }: IDagTabProps): ReactElement {
  useSignal(model.changed);
  const { label, View } = TABS.find(tab => tab.id === model.tab) ?? { label: 'Graph', View: GraphTab };
  return (
    <Tabs
      label={`Views of ${model.dag.dagId}`}
      tabs={TABS}
      shown={model.tab}
      onShow={tab => model.go({ tab })}
    >
      <View key={label} model={model} studio={studio} />
    </Tabs>
  );
}

function GraphTab({ model, studio }: IDagTabProps): ReactElement {
  return <DagView dag={model.dag} focus={model.focus} studio={studio} isFlowing={false} />;
}
