/** As much of VS Code as the units under test touch. */

import { vi } from "vitest";

export class EventEmitter<Value> {
  private listeners: ((value: Value) => void)[] = [];
  readonly event = (listener: (value: Value) => void) => {
    this.listeners.push(listener);
    return { dispose: () => (this.listeners = this.listeners.filter((one) => one !== listener)) };
  };
  fire(value: Value): void {
    this.listeners.forEach((listener) => listener(value));
  }
  dispose(): void {
    this.listeners = [];
  }
}

export const Disposable = {
  from: (...all: { dispose(): unknown }[]) => ({ dispose: () => all.forEach((one) => one.dispose()) }),
};

export class MarkdownString {
  value = "";
  appendMarkdown(text: string): this {
    this.value += text;
    return this;
  }
}

export class ThemeColor {
  constructor(readonly id: string) {}
}

export class ThemeIcon {
  constructor(
    readonly id: string,
    readonly color?: ThemeColor,
  ) {}
}

export class TreeItem {
  constructor(
    readonly label: string,
    readonly collapsibleState: number,
  ) {}
}

export const TreeItemCollapsibleState = { None: 0, Collapsed: 1, Expanded: 2 };
export const ProgressLocation = { SourceControl: 1, Window: 10, Notification: 15 };
export const LanguageStatusSeverity = { Information: 0, Warning: 1, Error: 2 };

export const happens = {
  extensions: new EventEmitter<void>(),
  folders: new EventEmitter<void>(),
  trust: new EventEmitter<void>(),
  selection: new EventEmitter<unknown>(),
  editor: new EventEmitter<unknown>(),
};

export const extensions = {
  getExtension: vi.fn((_id: string): unknown => undefined),
  onDidChange: happens.extensions.event,
};

export const workspace = {
  isTrusted: true,
  workspaceFolders: [] as { uri: { toString(): string; fsPath: string } }[],
  onDidChangeWorkspaceFolders: happens.folders.event,
  onDidGrantWorkspaceTrust: happens.trust.event,
};

export const window = {
  activeTextEditor: undefined as unknown,
  showWarningMessage: vi.fn((_message: string, ..._items: string[]) => Promise.resolve<string | undefined>(undefined)),
  showInformationMessage: vi.fn(),
  showQuickPick: vi.fn((_items: { label: string }[]) => Promise.resolve<{ label: string } | undefined>(undefined)),
  setStatusBarMessage: vi.fn(),
  withProgress: vi.fn(),
  createTreeView: vi.fn((_id: string, _options: unknown) => ({
    visible: true,
    description: "",
    message: undefined as string | undefined,
    onDidChangeVisibility: () => ({ dispose: () => undefined }),
    dispose: () => undefined,
  })),
  onDidChangeActiveTextEditor: happens.editor.event,
  onDidChangeTextEditorSelection: happens.selection.event,
};

export const languages = { match: () => 1 };
export const commands = { executeCommand: vi.fn() };
export const env = { clipboard: { writeText: vi.fn() } };
