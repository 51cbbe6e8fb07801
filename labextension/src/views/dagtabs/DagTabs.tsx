import type { ReactElement } from 'react';

import type { DagPageModel } from '../../models/dagpage';
import type { DagTab } from '../../models/place';
import { DAG_TABS } from '../../models/place';
import type { IStudio } from '../../tokens';
import { trans } from '../../trans';
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
const views = (): Readonly<Record<DagTab, IDagTab>> => ({
  graph: { label: trans.__('Graph'), title: trans.__('The tasks of a run and how they depend on each other'), View: GraphTab },
  grid: { label: trans.__('Grid'), title: trans.__('Runs × tasks'), View: GridTab },
  gantt: { label: trans.__('Gantt'), title: trans.__('When each task of a run waited and worked'), View: GanttTab },
  calendar: { label: trans.__('Calendar'), title: trans.__('A year of days'), View: CalendarTab },
  runs: { label: trans.__('Runs'), title: trans.__('All runs: find, compare, repeat, mark, delete'), View: RunsTab },
  backfills: { label: trans.__('Backfills'), title: trans.__('Runs of the past, filled in'), View: BackfillsTab },
  code: { label: trans.__('Code'), title: trans.__('Versions, and what changed between them'), View: CodeTab },
  details: { label: trans.__('Details'), title: trans.__('Schedule, limits, definition'), View: DetailsTab }
});

const tabs = () => DAG_TABS.map(id => ({ id, ...views()[id] }));

export function DagTabs({ model, studio }: IDagTabProps): ReactElement {
  useSignal(model.changed);
  const { View } = views()[model.tab];
  return (
    <Tabs
      label={trans.__('Views of %1', model.dag.dagId)}
      tabs={tabs()}
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
