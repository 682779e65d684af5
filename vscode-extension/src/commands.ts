/** The commands: missing arguments are filled in, and answers go where they belong: an editor, or the clipboard. */

import * as vscode from "vscode";
import type { ExecuteCommandSignature } from "vscode-languageclient/node";
import { showMap } from "./maps";
import { SLOTS, type Ask, type GraphChoice, type Slots } from "./protocol";
import { showReport } from "./reports";

const WITH_TARGET = new Set([
  "aotlens.traceNow",
  "aotlens.cancelTrace",
  "aotlens.switchConvention",
  "aotlens.showMap",
  "aotlens.showReport",
  "aotlens.showGraph",
  "aotlens.explainDdpError",
  "aotlens.editExample",
]);
const DDP_ERROR = /did not receive grad for rank|marked as ready twice|\] in this process with sizes/;
const GRAPHS = [
  { label: "joint", description: "forward and backward in one, as AOTAutograd traces it" },
  { label: "forward", description: "what runs first, and what it keeps for backward" },
  { label: "backward", description: "what computes the gradients" },
];

/** Run a command of the server. A lens, hover or action names the target; the palette means that at the cursor. */
export async function handleCommand(
  ask: Ask,
  command: string,
  args: unknown[],
  next: ExecuteCommandSignature,
): Promise<unknown> {
  let given = args;
  let choice: GraphChoice | null | undefined;
  if (command === "aotlens.showGraph" && typeof given[0] !== "string") {
    choice = await graphAtCursor(ask);
    if (choice === undefined) {
      return undefined;
    }
    given = choice === null ? [] : [choice.target];
  }
  if (WITH_TARGET.has(command) && typeof given[0] !== "string") {
    const target = await targetAtCursor(ask);
    if (target === undefined) {
      void vscode.window.showInformationMessage(
        "aotlens: the cursor is not in a class or function that can be traced.",
      );
      return undefined;
    }
    given = [target];
  }
  if (command === "aotlens.showMap") {
    return showMap(given[0] as string);
  }
  if (command === "aotlens.showReport") {
    return showReport(ask, given[0] as string);
  }
  if (command === "aotlens.showGraph" && given.length < 2) {
    const kinds = GRAPHS.filter(({ label }) => choice?.kinds.includes(label) ?? true);
    const kind = await vscode.window.showQuickPick(kinds, { placeHolder: "Which graph?" });
    if (kind === undefined) {
      return undefined;
    }
    given = [given[0], kind.label, ...(choice?.module ? [choice.module] : [])];
  }
  if (command === "aotlens.explainDdpError" && given.length < 2) {
    const text = await ddpError();
    if (text === undefined) {
      return undefined;
    }
    given = [given[0], text];
  }
  if (command === "aotlens.showLogs") {
    return vscode.commands.executeCommand("aotlens.showOutput");
  }
  const answer: unknown = await next(command, given);
  if (command === "aotlens.copyExpression") {
    await copied(answer as string[]);
  }
  return answer;
}

/** The error of DDP to explain: that in the clipboard, or what the user types. */
async function ddpError(): Promise<string | undefined> {
  const copied = await vscode.env.clipboard.readText();
  return DDP_ERROR.test(copied)
    ? copied
    : vscode.window.showInputBox({
        title: "Explain DDP Error",
        prompt:
          "The error of DistributedDataParallel, its numbers, or all. An error in the clipboard is taken at once.",
        placeHolder: "3 4",
      });
}

/** Copy descriptors to the clipboard, as Python that builds them. */
export async function copied(descriptors: string[] | undefined): Promise<void> {
  if (!descriptors?.length) {
    return;
  }
  await vscode.env.clipboard.writeText(descriptors.join("\n"));
  const what = descriptors.length === 1 ? descriptors[0] : `${descriptors.length} descriptors`;
  vscode.window.setStatusBarMessage(`$(check) Copied ${what}`, 4000);
}

/** Let the user select the interpreter that traces: with the Python extension if it is installed. */
export async function selectInterpreter(): Promise<void> {
  if (vscode.extensions.getExtension("ms-python.python") !== undefined) {
    await vscode.commands.executeCommand("python.setInterpreter");
    return;
  }
  const chosen = await vscode.window.showOpenDialog({
    title: "The Python that has your torch, or its environment's folder",
    openLabel: "Select",
    canSelectFolders: true,
    canSelectFiles: true,
    defaultUri: vscode.workspace.workspaceFolders?.[0]?.uri,
  });
  if (chosen?.[0] !== undefined) {
    const scope = vscode.workspace.workspaceFolders
      ? vscode.ConfigurationTarget.Workspace
      : vscode.ConfigurationTarget.Global;
    await vscode.workspace.getConfiguration("aotlens").update("interpreter", chosen[0].fsPath, scope);
  }
}

/** Open a terminal with a command typed in. The user decides whether to run it. */
export function openTerminal(command: string): void {
  const terminal = vscode.window.createTerminal("aotlens");
  terminal.show();
  terminal.sendText(command, false);
}

async function targetAtCursor(ask: Ask): Promise<string | undefined> {
  return (await slotsAtCursor(ask))?.target;
}

/** The graph of the class at the cursor, alone or in a model: null if there is none, undefined if none was chosen. */
async function graphAtCursor(ask: Ask): Promise<GraphChoice | null | undefined> {
  const graphs = (await slotsAtCursor(ask))?.graphs ?? [];
  if (graphs.length < 2) {
    return graphs[0] ?? null;
  }
  const items = graphs.map((graph) => ({ label: graph.title, graph }));
  return (await vscode.window.showQuickPick(items, { placeHolder: "The graph of which model?" }))?.graph;
}

async function slotsAtCursor(ask: Ask): Promise<Slots | null | undefined> {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) {
    return undefined;
  }
  const position = { line: editor.selection.active.line, character: editor.selection.active.character };
  return ask<Slots | null>(SLOTS, { textDocument: { uri: editor.document.uri.toString() }, position });
}
