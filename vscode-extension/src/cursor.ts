/** Tells the server where the cursor is: the values of the code around it are shown at the ends of its lines. */

import * as vscode from "vscode";
import { CURSOR_CHANGED } from "./protocol";
import { setting } from "./settings";

const SETTLE_MS = 80;
const VALUES = "inlayHints.values";
const MODES = [
  { label: "cursor", description: "the function around the cursor" },
  { label: "all", description: "every line that ran" },
  { label: "off", description: "no values" },
];

type Notify = (method: string, params: unknown) => void;

/** Follows the cursor in the documents with models. While somebody types, it waits until the cursor rests. */
export class Cursor implements vscode.Disposable {
  private readonly disposables: vscode.Disposable[];
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly notify: Notify,
    private readonly selector: vscode.DocumentSelector,
  ) {
    this.disposables = [
      vscode.window.onDidChangeTextEditorSelection((event) => {
        if (event.textEditor === vscode.window.activeTextEditor) {
          this.moved();
        }
      }),
      vscode.window.onDidChangeActiveTextEditor(() => this.moved()),
    ];
  }

  /** The cursor may be elsewhere, or a server has just started. */
  moved(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.report(), SETTLE_MS);
  }

  dispose(): void {
    clearTimeout(this.timer);
    vscode.Disposable.from(...this.disposables).dispose();
  }

  private report(): void {
    const editor = vscode.window.activeTextEditor;
    if (editor === undefined || vscode.languages.match(this.selector, editor.document) === 0) {
      return;
    }
    const { line, character } = editor.selection.active;
    this.notify(CURSOR_CHANGED, {
      textDocument: { uri: editor.document.uri.toString() },
      position: { line, character },
    });
  }
}

/** Let the user choose whose values are shown at the ends of lines. */
export async function chooseValues(): Promise<void> {
  const settings = vscode.workspace.getConfiguration("aotlens");
  const now = (setting(VALUES) as string | undefined) ?? "cursor";
  const items = MODES.map((mode) => ({ ...mode, detail: mode.label === now ? "now" : undefined }));
  const chosen = await vscode.window.showQuickPick(items, { placeHolder: "Values at the ends of lines" });
  if (chosen === undefined || chosen.label === now) {
    return;
  }
  const inWorkspace = settings.inspect(VALUES)?.workspaceValue !== undefined;
  const target = inWorkspace ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
  await settings.update(VALUES, chosen.label, target);
}
