/** Graphs as documents. They open beside the source, so that both can be read together. */

import * as vscode from "vscode";

export const GRAPHS = [{ scheme: "aotlens" }];

interface Place {
  line: number;
  character: number;
}

interface Selection {
  start: Place;
  end: Place;
}

/** Show a document for the server: a graph in the editor group of another graph, else beside the source. */
export async function showBeside<Shown, Params extends { uri: string; selection?: Selection }>(
  params: Params,
  otherwise: (params: Params) => Promise<Shown>,
): Promise<Shown | { success: boolean }> {
  const uri = vscode.Uri.parse(params.uri);
  if (!isGraph({ uri })) {
    return otherwise(params);
  }
  const shown = vscode.window.visibleTextEditors.find((editor) => isGraph(editor.document));
  const viewColumn = shown?.viewColumn ?? vscode.ViewColumn.Beside;
  try {
    const { start, end } = params.selection ?? {};
    const selection = start && end && new vscode.Range(start.line, start.character, end.line, end.character);
    await vscode.window.showTextDocument(uri, { viewColumn, preview: false, selection });
    return { success: true };
  } catch {
    return { success: false };
  }
}

function isGraph(document: { uri: vscode.Uri }): boolean {
  return GRAPHS.some(({ scheme }) => scheme === document.uri.scheme);
}
