/** The view *Graph inputs & outputs* of the class under the cursor. */

import * as vscode from "vscode";
import { SLOTS, type Ask, type Group, type Row, type Slots } from "./protocol";
import { code, prose } from "./texts";

const SETTLE_MS = 120;

const ICONS: Record<string, string> = {
  parameter: "symbol-field",
  buffer: "symbol-property",
  argument: "symbol-parameter",
  local: "symbol-variable",
  size: "symbol-numeric",
  tangent: "arrow-small-down",
  input: "symbol-misc",
  output: "symbol-event",
  gradient: "arrow-small-up",
  mutation: "edit",
  other: "symbol-misc",
  saved: "save",
};

/** A line of the view. */
export type Item = { group: Group } | { row: Row; kind: string };

/** Follows the cursor. Its last contents stay until there are others. */
export class SlotsView implements vscode.TreeDataProvider<Item>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly view: vscode.TreeView<Item>;
  private readonly disposables: { dispose(): unknown }[];
  private timer: NodeJS.Timeout | undefined;
  private shown: Slots | undefined;

  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly ask: Ask,
    private readonly selector: vscode.DocumentSelector,
  ) {
    this.view = vscode.window.createTreeView("aotlens.slots", { treeDataProvider: this, showCollapseAll: true });
    this.disposables = [
      this.view,
      this.changed,
      this.view.onDidChangeVisibility(() => this.refresh()),
      vscode.window.onDidChangeActiveTextEditor(() => this.refresh()),
      vscode.window.onDidChangeTextEditorSelection(() => this.refresh()),
    ];
  }

  /** The target that is shown. */
  get target(): string | undefined {
    return this.shown?.target;
  }

  /** Ask the server again, soon, and once for several calls. */
  refresh(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.look(), SETTLE_MS);
  }

  getTreeItem(item: Item): vscode.TreeItem {
    return "group" in item ? groupItem(item.group) : rowItem(item.row, item.kind);
  }

  getChildren(item?: Item): Item[] {
    if (item === undefined) {
      return (this.shown?.groups ?? []).map((group) => ({ group }));
    }
    const [rows, kind] = "group" in item ? [item.group.rows, item.group.kind] : [item.row.members, item.kind];
    return rows.map((row) => ({ row, kind }));
  }

  dispose(): void {
    clearTimeout(this.timer);
    vscode.Disposable.from(...this.disposables).dispose();
  }

  private async look(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (!this.view.visible || editor === undefined || !vscode.languages.match(this.selector, editor.document)) {
      return;
    }
    const { line, character } = editor.selection.active;
    const slots = await this.ask<Slots | null>(SLOTS, {
      textDocument: { uri: editor.document.uri.toString() },
      position: { line, character },
      known: this.shown?.mark,
    });
    if (slots === undefined) {
      return;
    }
    const groups = slots?.groups ?? this.shown?.groups;
    const isNew = slots?.mark !== this.shown?.mark || slots?.groups !== undefined;
    this.shown = slots === null ? undefined : { ...slots, groups: slots.mark ? groups : [] };
    this.view.description = slots?.title ?? "";
    this.view.message = message(this.shown);
    if (isNew) {
      this.changed.fire();
    }
  }
}

/** The text above the rows; undefined if the welcome view replaces them. */
function message(slots: Slots | undefined): string | undefined {
  if (slots === undefined) {
    return undefined;
  }
  const isWhole = slots.target.endsWith(`::${slots.title}`);
  const lines = [
    isWhole ? slots.call : slots.title,
    slots.state && slots.state.charAt(0).toUpperCase() + slots.state.slice(1),
  ];
  return lines.filter(Boolean).join("\n") || undefined;
}

function groupItem(group: Group): vscode.TreeItem {
  const open = group.kind !== "gradient" && group.kind !== "tangent";
  const item = new vscode.TreeItem(
    group.title,
    open ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed,
  );
  item.id = `${group.kind} ${group.title}`; // of several graphs, each has groups of its own
  item.description = group.summary;
  item.contextValue = "group";
  return item;
}

function rowItem(row: Row, kind: string): vscode.TreeItem {
  const several = row.members.length > 0;
  const item = new vscode.TreeItem(
    row.label,
    several ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None,
  );
  item.description = [row.note, row.type].filter(Boolean).join("  ");
  item.iconPath = row.concern
    ? new vscode.ThemeIcon("warning", new vscode.ThemeColor("list.warningForeground"))
    : new vscode.ThemeIcon(ICONS[kind] ?? "symbol-misc");
  item.tooltip = tooltip(row);
  item.contextValue = row.labels.length ? "slot" : "value";
  item.accessibilityInformation = { label: [row.label, row.type, row.note].filter(Boolean).join(", ") };
  if (row.location !== null) {
    item.command = { title: "Go to Source", command: "aotlens.goTo", arguments: [row.location] };
  }
  return item;
}

/** The node, the exact descriptor and the place of a row. */
export function tooltip(row: Row): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  const nodes = row.nodes.slice(0, 4).map(code).join(", ") + (row.nodes.length > 4 ? ", …" : "");
  text.appendMarkdown([code(row.label), row.type && code(row.type)].filter(Boolean).join(" · "));
  const facts = [nodes && `node${row.nodes.length > 1 ? "s" : ""} ${nodes}`, row.note && prose(row.note)].filter(
    Boolean,
  );
  if (facts.length) {
    text.appendMarkdown(`\n\n${facts.join(" · ")}`);
  }
  if (row.descriptor !== null) {
    text.appendMarkdown(`\n\n${code(row.descriptor)}`);
  }
  if (row.location !== null) {
    const place = `${row.location.uri.split("/").at(-1)}:${row.location.range.start.line + 1}`;
    text.appendMarkdown(`\n\n${code(place)}`);
  }
  return text;
}
