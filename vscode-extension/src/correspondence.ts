/** Shows what belongs together: the line under the cursor in the graphs that are visible, and a node of these in the source. */

import * as vscode from "vscode";
import type { Range } from "vscode-languageclient/node";
import { CORRESPONDENCE, type Correspondence } from "./protocol";

const SETTLE_MS = 80;
const SETTING = "aotlens.graph.followCursor";

/** What the cursor does to what is not under it. */
type Mode = "reveal" | "highlight" | "off";

/** The lines to show in one editor: those of the forward and those of the backward pass. */
interface Marks {
  forward: vscode.Range[];
  backward: vscode.Range[];
}

type Ask = <Answer>(method: string, params: unknown, token: vscode.CancellationToken) => Promise<Answer | undefined>;

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
        if (event.affectsConfiguration(SETTING)) {
          this.refresh();
        }
      }),
    ];
  }

  /** Look again, soon, and once for many reasons. What was asked before is of no use any more. */
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
    const mode = vscode.workspace.getConfiguration().get<Mode>(SETTING) ?? "reveal";
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
      // Who typed on in the same line, or scrolled, is left alone.
      const shown = JSON.stringify(answer ?? null);
      if (mode === "reveal" && shown !== this.shown) {
        reveal(marks, active);
      }
      this.shown = shown;
    }
    asked.dispose();
  }

  /** Whether the cursor in a document has something to be shown elsewhere. */
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
      // Of the lines that led to a node, the innermost that is in this file.
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

/** Scroll the other editors to what is shown in them, where none of it is in view: to what is nearest. */
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

/** A colour of our own behind whole lines, and a bar before them for those who see no colours. */
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
