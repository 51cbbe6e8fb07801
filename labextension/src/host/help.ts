/** Where a guide, or a section of one, is below the studio's pages; it is shown in the theme of this page. */
export function helpPath(topic: string): string {
  const [guide = '', section] = topic.split('#');
  const theme = document.body.dataset['jpThemeLight'] === 'false' ? 'dark' : 'light';
  return `/help/${guide}?theme=${theme}${section === undefined ? '' : `#${section}`}`;
}
