/** Highlights the lines of visible graphs that belong to the line of source under the cursor, and the other way. */

import * as vscode from "vscode";
import type { Range } from "vscode-languageclient/node";
import { CORRESPONDENCE, type Ask, type Correspondence } from "./protocol";
import { setting } from "./settings";

const SETTLE_MS = 80;
const SETTING = "graph.followCursor";

/** The effect of the cursor on other editors. */
type Mode = "reveal" | "highlight" | "off";

/** The lines to highlight in one editor. */
interface Marks {
  forward: vscode.Range[];
  backward: vscode.Range[];
}

/** Follows the cursor. Nothing is asked while no graph is visible. */
export class CorrespondenceView implements vscode.Disposable {
  private readonly forward = decoration("forward", vscode.OverviewRulerLane.Left);
  private readonly backward = decoration("backward", vscode.OverviewRulerLane.Right);
  private readonly disposables: { dispose(): unknown }[];
  private readonly marked = new Set<vscode.TextEditor>();
  private timer: NodeJS.Timeout | undefined;
  private shown = "";
  private asked: vscode.CancellationTokenSource | undefined;

  constructor(
    private readonly ask: Ask,
    private readonly sources: vscode.DocumentSelector,
    private readonly graphs: vscode.DocumentSelector,
  ) {
    this.disposables = [
      this.forward,
      this.backward,
      vscode.window.onDidChangeTextEditorSelection((event) => {
        if (event.textEditor === vscode.window.activeTextEditor) {
          this.refresh();
        }
      }),
      vscode.window.onDidChangeActiveTextEditor(() => this.refresh()),
      vscode.window.onDidChangeVisibleTextEditors(() => this.refresh()),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (this.isGraph(document)) {
          this.refresh();
        }
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(`aotlens.${SETTING}`)) {
          this.refresh();
        }
      }),
    ];
  }

  /** Ask the server again, soon, and once for several calls. A request that still runs is cancelled. */
  refresh(): void {
    this.asked?.cancel();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.look(), SETTLE_MS);
  }

  dispose(): void {
    this.asked?.cancel();
    clearTimeout(this.timer);
    vscode.Disposable.from(...this.disposables).dispose();
  }

  private async look(): Promise<void> {
    const mode = (setting(SETTING) as Mode | undefined) ?? "reveal";
    const active = vscode.window.activeTextEditor;
    if (mode === "off" || active === undefined || !this.concerns(active.document)) {
      this.show(new Map());
      return;
    }
    const { line, character } = active.selection.active;
    const asked = new vscode.CancellationTokenSource();
    this.asked = asked;
    const where = { textDocument: { uri: active.document.uri.toString() }, position: { line, character } };
    const answer = await this.ask<Correspondence | null>(CORRESPONDENCE, where, asked.token);
    if (!asked.token.isCancellationRequested) {
      const marks = answer ? this.marks(answer) : new Map<vscode.TextEditor, Marks>();
      this.show(marks);
      // The user may have scrolled on purpose: reveal only when the answer changes.
      const shown = JSON.stringify(answer ?? null);
      if (mode === "reveal" && shown !== this.shown) {
        reveal(marks, active);
      }
      this.shown = shown;
    }
    asked.dispose();
  }

  /** Whether the cursor in a document may highlight lines elsewhere. */
  private concerns(document: vscode.TextDocument): boolean {
    if (this.isGraph(document)) {
      return true;
    }
    const graphs = vscode.window.visibleTextEditors.some((editor) => this.isGraph(editor.document));
    return graphs && vscode.languages.match(this.sources, document) > 0;
  }

  private isGraph(document: vscode.TextDocument): boolean {
    return vscode.languages.match(this.graphs, document) > 0;
  }

  private marks(answer: Correspondence): Map<vscode.TextEditor, Marks> {
    const found = new Map<vscode.TextEditor, Marks>();
    for (const editor of vscode.window.visibleTextEditors) {
      const uri = editor.document.uri.toString();
      const graph = answer.graphs.find((one) => one.uri === uri);
      // The innermost line in this file that led to the node.
      const source = answer.sources.find((one) => one.uri === uri);
      if (graph !== undefined) {
        found.set(editor, { forward: graph.forward.map(range), backward: graph.backward.map(range) });
      } else if (source !== undefined) {
        const line = [range(source.range)];
        found.set(editor, answer.backward ? { forward: [], backward: line } : { forward: line, backward: [] });
      }
    }
    return found;
  }

  private show(marks: Map<vscode.TextEditor, Marks>): void {
    for (const editor of this.marked) {
      if (!marks.has(editor)) {
        editor.setDecorations(this.forward, []);
        editor.setDecorations(this.backward, []);
      }
    }
    this.marked.clear();
    for (const [editor, { forward, backward }] of marks) {
      editor.setDecorations(this.forward, forward);
      editor.setDecorations(this.backward, backward);
      this.marked.add(editor);
    }
  }
}

/** Scroll each other editor to its nearest highlighted line, if none is in view. */
function reveal(marks: Map<vscode.TextEditor, Marks>, active: vscode.TextEditor): void {
  for (const [editor, { forward, backward }] of marks) {
    const view = editor.visibleRanges;
    const ranges = [...forward, ...backward];
    if (editor === active || !view.length || ranges.some((one) => view.some((part) => part.intersection(one)))) {
      continue;
    }
    const top = view[0]?.start.line ?? 0;
    const bottom = view.at(-1)?.end.line ?? top;
    const away = ({ start, end }: vscode.Range) => (end.line < top ? top - end.line : start.line - bottom);
    const nearest = ranges.sort((one, other) => away(one) - away(other))[0];
    if (nearest !== undefined) {
      editor.revealRange(new vscode.Range(nearest.start, nearest.start), vscode.TextEditorRevealType.InCenter);
    }
  }
}

/** A colour behind whole lines, and a bar before them for users who do not see colours. */
function decoration(pass: "forward" | "backward", lane: vscode.OverviewRulerLane): vscode.TextEditorDecorationType {
  return vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor(`aotlens.${pass}Background`),
    borderColor: new vscode.ThemeColor(`aotlens.${pass}Border`),
    borderStyle: pass === "forward" ? "solid" : "double",
    borderWidth: "0 0 0 3px",
    overviewRulerColor: new vscode.ThemeColor(`aotlens.${pass}Border`),
    overviewRulerLane: lane,
  });
}

function range({ start, end }: Range): vscode.Range {
  return new vscode.Range(start.line, start.character, end.line, end.character);
}
