/** The part of VS Code that the units under test use. */

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

export class Position {
  constructor(
    readonly line: number,
    readonly character: number,
  ) {}
}

export class Range {
  readonly start: Position;
  readonly end: Position;
  constructor(start: number | Position, startCharacter: number | Position, endLine = 0, endCharacter = 0) {
    this.start = typeof start === "number" ? new Position(start, startCharacter as number) : start;
    this.end = typeof startCharacter === "number" ? new Position(endLine, endCharacter) : startCharacter;
  }
  intersection(other: Range): Range | undefined {
    return this.start.line <= other.end.line && other.start.line <= this.end.line ? this : undefined;
  }
}

export class CancellationTokenSource {
  readonly token = { isCancellationRequested: false };
  cancel(): void {
    this.token.isCancellationRequested = true;
  }
  dispose(): void {
    this.cancel();
  }
}

export const Uri = {
  parse: (text: string) => ({ scheme: text.slice(0, text.indexOf(":")), toString: () => text }),
};
export const ViewColumn = { Active: -1, Beside: -2 };
export const OverviewRulerLane = { Left: 1, Center: 2, Right: 4, Full: 7 };
export const TextEditorRevealType = { Default: 0, InCenter: 1, InCenterIfOutsideViewport: 2, AtTop: 3 };
export const TreeItemCollapsibleState = { None: 0, Collapsed: 1, Expanded: 2 };
export const ProgressLocation = { SourceControl: 1, Window: 10, Notification: 15 };
export const LanguageStatusSeverity = { Information: 0, Warning: 1, Error: 2 };

export const happens = {
  extensions: new EventEmitter<void>(),
  folders: new EventEmitter<void>(),
  trust: new EventEmitter<void>(),
  selection: new EventEmitter<unknown>(),
  editor: new EventEmitter<unknown>(),
  editors: new EventEmitter<unknown>(),
  text: new EventEmitter<unknown>(),
  opened: new EventEmitter<unknown>(),
  configuration: new EventEmitter<{ affectsConfiguration(name: string): boolean }>(),
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
  onDidChangeTextDocument: happens.text.event,
  onDidOpenTextDocument: happens.opened.event,
  textDocuments: [] as unknown[],
  openTextDocument: vi.fn((_options: { language: string; content: string }) => Promise.resolve<unknown>(undefined)),
  onDidChangeConfiguration: happens.configuration.event,
  getConfiguration: () => ({
    get: (name: string): unknown => inWorkspace[name] ?? settings[name],
    inspect: (name: string) => ({ globalValue: settings[name], workspaceValue: inWorkspace[name] }),
    update: vi.fn((name: string, value: unknown, target: number) => {
      (target === ConfigurationTarget.Workspace ? inWorkspace : settings)[name] = value;
      return Promise.resolve();
    }),
  }),
};

/** The settings without their default values: the user's, and those of the workspace. */
export const settings: Record<string, unknown> = {};
export const inWorkspace: Record<string, unknown> = {};
export const ConfigurationTarget = { Global: 1, Workspace: 2 };

export const window = {
  activeTextEditor: undefined as unknown,
  visibleTextEditors: [] as unknown[],
  createTextEditorDecorationType: vi.fn((options: { backgroundColor: ThemeColor }) => ({
    ...options,
    dispose: () => undefined,
  })),
  showTextDocument: vi.fn((_uri: unknown, _options: { viewColumn: number }) => Promise.resolve(undefined)),
  showWarningMessage: vi.fn((_message: string, ..._items: string[]) => Promise.resolve<string | undefined>(undefined)),
  showInformationMessage: vi.fn(),
  createWebviewPanel: vi.fn((..._args: unknown[]): unknown => undefined),
  showInputBox: vi.fn((_options: unknown) => Promise.resolve<string | undefined>(undefined)),
  showQuickPick: vi.fn((_items: { label: string }[]) =>
    Promise.resolve<{ label: string; graph?: unknown } | undefined>(undefined),
  ),
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
  onDidChangeVisibleTextEditors: happens.editors.event,
  onDidChangeTextEditorSelection: happens.selection.event,
};

export const languages = {
  createLanguageStatusItem: vi.fn((_id: string, _selector: unknown): object => ({})),
  /** Documents of the stub know their scheme, and their language if they have one. An empty selector matches all. */
  match: (
    selector: { scheme?: string; language?: string }[],
    document: { uri: { scheme?: string }; languageId?: string },
  ) =>
    selector.length === 0 ||
    selector.some(
      ({ scheme, language }) =>
        (scheme === undefined || scheme === document.uri.scheme) &&
        (language === undefined || document.languageId === undefined || language === document.languageId),
    )
      ? 10
      : 0,
};
export const commands = { executeCommand: vi.fn() };
export const env = { clipboard: { readText: vi.fn(() => Promise.resolve("")), writeText: vi.fn() } };
