import { useEffect, useState } from 'react';

export type Theme = 'system' | 'light' | 'dark';

export const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

const KEY = 'pipeline-studio:theme';

/** The theme that the person chose, and a way to choose; the page follows it, and the system's by default. */
export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => THEMES.find(known => known === localStorage.getItem(KEY)) ?? 'system');
  useEffect(() => {
    localStorage.setItem(KEY, theme);
    const query = window.matchMedia('(prefers-color-scheme: dark)');
    const apply = (): void => {
      const isDark = theme === 'dark' || (theme === 'system' && query.matches);
      document.documentElement.style.colorScheme = isDark ? 'dark' : 'light';
      document.body.dataset['jpThemeLight'] = String(!isDark);
    };
    apply();
    query.addEventListener('change', apply);
    return () => query.removeEventListener('change', apply);
  }, [theme]);
  return [theme, setTheme];
}
