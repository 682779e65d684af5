/** The map of a target as a read-only document, which changes when the target is traced again. */

import * as vscode from "vscode";
import { MAP, type Ask } from "./protocol";

const SCHEME = "aotlens-map";

/** Provides the text of maps. */
export class MapDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly disposable: vscode.Disposable;

  readonly onDidChange = this.changed.event;

  constructor(private readonly ask: Ask) {
    this.disposable = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const target = uri.query;
    const map = await this.ask<{ markdown: string }>(MAP, { target });
    return map?.markdown ?? `There is no map of \`${target}\`: it was not traced, or the trace failed.\n`;
  }

  /** Ask for the shown maps again. */
  refresh(): void {
    for (const document of vscode.workspace.textDocuments) {
      if (document.uri.scheme === SCHEME) {
        this.changed.fire(document.uri);
      }
    }
  }

  dispose(): void {
    this.disposable.dispose();
    this.changed.dispose();
  }
}

/** Show the map of a target beside the text. */
export async function showMap(target: string): Promise<void> {
  const name = target.split("::").at(-1) ?? target;
  const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name} map.md`, query: target });
  try {
    await vscode.commands.executeCommand("markdown.showPreviewToSide", uri);
  } catch {
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preview: true });
  }
}
