import type { ReactElement } from 'react';

import type { DagPageModel } from '../../models/dagpage';
import type { DagTab } from '../../models/place';
import { DAG_TABS } from '../../models/place';
import type { IStudio } from '../../tokens';
import { DagView } from '../DagView';
import { GridTab } from '../grid/GridTab';
import { HelpButton } from '../HelpButton';
import { useSignal } from '../hooks';
import type { ITab } from '../Tabs';
import { Tabs } from '../Tabs';
import { BackfillsTab } from './BackfillsTab';
import { CalendarTab } from './CalendarTab';
import { CodeTab } from './CodeTab';
import { DetailsTab } from './DetailsTab';
import { GanttTab } from './GanttTab';
import { RunsTab } from './RunsTab';

export interface IDagTabProps {
  model: DagPageModel;
  studio: IStudio;
}

interface IDagTab extends Omit<ITab<DagTab>, 'id'> {
  readonly View: (props: IDagTabProps) => ReactElement;
}

/** What there is to see of a DAG. */
const VIEWS: Readonly<Record<DagTab, IDagTab>> = {
  graph: { label: 'Graph', title: 'The tasks of a run and how they depend on each other', View: GraphTab },
  grid: { label: 'Grid', title: 'Runs × tasks', View: GridTab },
  gantt: { label: 'Gantt', title: 'When each task of a run waited and worked', View: GanttTab },
  calendar: { label: 'Calendar', title: 'A year of days', View: CalendarTab },
  runs: { label: 'Runs', title: 'All runs: find, compare, repeat, mark, delete', View: RunsTab },
  backfills: { label: 'Backfills', title: 'Runs of the past, filled in', View: BackfillsTab },
  code: { label: 'Code', title: 'Versions, and what changed between them', View: CodeTab },
  details: { label: 'Details', title: 'Schedule, limits, definition', View: DetailsTab }
};

const TABS = DAG_TABS.map(id => ({ id, ...VIEWS[id] }));

export function DagTabs({ model, studio }: IDagTabProps): ReactElement {
  useSignal(model.changed);
  const { View } = VIEWS[model.tab];
  return (
    <Tabs
      label={`Views of ${model.dag.dagId}`}
      tabs={TABS}
      shown={model.tab}
      onShow={tab => model.go({ tab })}
      tools={<HelpButton host={studio.host} topic={`panels#${model.tab}`} />}
    >
      <View key={model.tab} model={model} studio={studio} />
    </Tabs>
  );
}

function GraphTab({ model, studio }: IDagTabProps): ReactElement {
  return <DagView dag={model.dag} focus={model.focus} studio={studio} isFlowing={false} />;
}
