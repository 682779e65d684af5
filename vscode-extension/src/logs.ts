/** Logs of torch.compile: which documents may be one, which call for the server, and the copy with the names. */

import * as vscode from "vscode";
import type { Execute } from "./protocol";

/**
 * The documents that the server may answer in. The Output panel is not among them: each line that any extension prints
 * would be sent.
 */
export const LOGS = ["file", "untitled"].flatMap((scheme) =>
  ["log", "plaintext"].map((language) => ({ scheme, language })),
);
const SIGN =
  /primals_\d|tangents_\d|\barg\d+_1\b|\bL_self_|\(torch\.nn\.Module\):|torch\/_(dynamo|inductor|functorch)\/|__compiled_fn/;
/** How many lines of a log are looked at, from its beginning and from its end. */
const LOOKED_AT = 2000;

/** Whether a document is a log of torch.compile's, by a look at its beginning and its end. */
export function isTorchLog(document: vscode.TextDocument): boolean {
  if (vscode.languages.match(LOGS, document) === 0) {
    return false;
  }
  const head = document.getText(new vscode.Range(0, 0, LOOKED_AT, 0));
  return SIGN.test(head) || SIGN.test(document.getText(new vscode.Range(end(document), 0, document.lineCount, 0)));
}

function end(document: vscode.TextDocument): number {
  return Math.max(0, document.lineCount - LOOKED_AT);
}

/** Open a copy of the open text with the names beside the numbers: also of the Output panel and of Python files. */
export async function decodeOpenLog(start: () => Promise<void>, execute: Execute): Promise<void> {
  const open = vscode.window.activeTextEditor?.document;
  if (open === undefined) {
    void vscode.window.showInformationMessage("aotlens: open a log of torch.compile first, or paste one into a file.");
    return;
  }
  const log =
    vscode.languages.match(LOGS, open) > 0
      ? open
      : await vscode.workspace.openTextDocument({ language: "log", content: open.getText() });
  await start();
  await execute("aotlens.decodeLog", log.uri.toString());
}

/**
 * Start the server now, unless the extension was activated for a text that is no log of torch.compile's: then it starts
 * with the first document that needs it.
 */
export function whenNeeded(sources: vscode.DocumentSelector, start: () => Promise<void>): vscode.Disposable {
  const isText = (document: vscode.TextDocument) => vscode.languages.match(LOGS, document) > 0;
  const needs = (document: vscode.TextDocument) =>
    vscode.languages.match(sources, document) > 0 || isTorchLog(document);
  const open = vscode.workspace.textDocuments;
  if (!open.some(isText) || open.some(needs)) {
    void start();
    return vscode.Disposable.from();
  }
  const waiting = vscode.workspace.onDidOpenTextDocument((document) => {
    if (needs(document)) {
      waiting.dispose();
      void start();
    }
  });
  return waiting;
}
