/** What can be asked of the extension from menus, shortcuts and other extensions. */
export namespace CommandIDs {
  /** Show the list of DAGs. */
  export const showPipelines = 'pipeline-studio:show-pipelines';
  /** Open the panel of a DAG; its arguments are a `PartialPlace`. */
  export const openDag = 'pipeline-studio:open-dag';
  /** Open the notebook that shows how it is done. */
  export const openExample = 'pipeline-studio:open-example';
}
