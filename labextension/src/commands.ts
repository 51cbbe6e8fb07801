/** What can be asked of the extension from menus, shortcuts and other extensions. */
export namespace CommandIDs {
  /** Show the list of DAGs. */
  export const showPipelines = 'pipeline-studio:show-pipelines';
  /** Open the panel of a DAG; its arguments are a `PartialPlace`. */
  export const openDag = 'pipeline-studio:open-dag';
  /** Of the DAG in front: show what its argument `tab` names. */
  export const showView = 'pipeline-studio:show-view';
  /** Ask when and how a notebook is to run by itself. */
  export const scheduleNotebook = 'pipeline-studio:schedule-notebook';
  /** Ask with which parameters a notebook is to run on the server, once. */
  export const runNotebook = 'pipeline-studio:run-notebook';
  /** Run a notebook on the server as it is. */
  export const sendToBackground = 'pipeline-studio:send-to-background';
  /** Open the dashboard in a tab of the browser. */
  export const openDashboard = 'pipeline-studio:open-dashboard';
  /** Of the DAG whose row in the sidebar the context menu is of, otherwise of the one in front: start a run. */
  export const triggerDag = 'pipeline-studio:trigger-dag';
  /** …: its backfills. */
  export const backfillDag = 'pipeline-studio:backfill-dag';
  /** …: schedule its runs no more, or again. */
  export const pauseDag = 'pipeline-studio:pause-dag';
  /** …: copy its id. */
  export const copyDagId = 'pipeline-studio:copy-dag-id';
  /** …: what it is, and how it is deleted. */
  export const describeDag = 'pipeline-studio:describe-dag';
  /** Show a guide; its argument `topic` is that of `IHost.openHelp`. */
  export const openHelp = 'pipeline-studio:open-help';
  /** Open the notebook that shows how it is done. */
  export const openExample = 'pipeline-studio:open-example';
}
