import type { KeyboardEvent, ReactElement, ReactNode } from 'react';
import { useId, useRef } from 'react';

export interface ITab<T extends string> {
  readonly id: T;
  readonly label: string;
  /** What one finds there, for a tool tip. */
  readonly title?: string;
}

export interface ITabsProps<T extends string> {
  /** What the tabs are of, for screen readers. */
  label: string;
  tabs: readonly ITab<T>[];
  shown: T;
  onShow: (tab: T) => void;
  /** Beside the tabs, at the end of their line. */
  tools?: ReactNode;
  /** The content of the tab that is shown. */
  children: ReactNode;
}

/** Tabs and the panel of the chosen one; see the ARIA Authoring Practices, "Tabs with automatic activation". */
export function Tabs<T extends string>({ label, tabs, shown, onShow, tools, children }: ITabsProps<T>): ReactElement {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = tabs.findIndex(tab => tab.id === shown);
    const to = target(event.key, at, tabs.length);
    const tab = to === null ? undefined : tabs[to];
    if (tab !== undefined) {
      event.preventDefault();
      onShow(tab.id);
      list.current?.querySelectorAll<HTMLElement>('[role=tab]')[to ?? 0]?.focus();
    }
  };
  return (
    <div className="jp-Studio-tabs">
      <div className="jp-Studio-tabLine">
        <div className="jp-Studio-tabList" role="tablist" aria-label={label} ref={list} onKeyDown={onKeyDown}>
          {tabs.map(tab => (
            <button
              key={tab.id}
              type="button"
              role="tab"
              id={`${id}-${tab.id}`}
              className="jp-Studio-tab"
              title={tab.title}
              aria-selected={tab.id === shown}
              aria-controls={`${id}-panel`}
              tabIndex={tab.id === shown ? 0 : -1}
              onClick={() => onShow(tab.id)}
            >
              {tab.label}
            </button>
          ))}
        </div>
        {tools}
      </div>
      <div className="jp-Studio-tabPanel" role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${shown}`}>
        {children}
      </div>
    </div>
  );
}

/** Which of `count` tabs a key leads to. */
function target(key: string, at: number, count: number): number | null {
  switch (key) {
    case 'ArrowRight':
      return (at + 1) % count;
    case 'ArrowLeft':
      return (at + count - 1) % count;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}
