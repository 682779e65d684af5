/** The messages beyond LSP; docs/editors.md describes them. */

import type { CancellationToken } from "vscode";
import type { Location, Range } from "vscode-languageclient/node";

/** Sends a request to the running server; gives undefined without a server, or if it answers an error. */
export type Ask = <Answer>(method: string, params: unknown, token?: CancellationToken) => Promise<Answer | undefined>;

/** Executes a command of the server. */
export type Execute = <Answer>(command: string, ...args: unknown[]) => Promise<Answer | undefined>;

/** The state of the process that traces: the params of `aotlens/status`. */
export interface Status {
  state: "stopped" | "starting" | "ready" | "busy" | "unusable" | "restarting" | "gone";
  interpreter: string;
  reason: string;
  python: string | null;
  torch: string | null;
  problem: string | null;
  message: string | null;
  hint: string | null;
}

/** One input, output or saved value, or several whose names differ only in numbers. */
export interface Row {
  label: string;
  type: string;
  nodes: string[];
  note: string;
  concern: boolean;
  descriptor: string | null;
  location: Location | null;
  labels: string[];
  members: Row[];
}

export interface Group {
  kind: string;
  title: string;
  summary: string;
  rows: Row[];
}

/** A target whose graphs, of these kinds, have a class; `module` is the class's first instance in them. */
export interface GraphChoice {
  target: string;
  title: string;
  module: string | null;
  kinds: string[];
}

/** The answer to `aotlens/slots`. Without `groups`, the groups with the same `mark` are still valid. */
export interface Slots {
  target: string;
  title: string;
  call: string;
  state: string;
  mark: string;
  /** The graphs that have the class or function: its own, and those of the models around it. */
  graphs: GraphChoice[];
  groups?: Group[];
}

/** The answer to `aotlens/correspondence`: the lines of source that led to a node, innermost first; lines of graphs. */
export interface Correspondence {
  /** Whether the node is of the backward pass. */
  backward: boolean;
  sources: Location[];
  graphs: { uri: string; forward: Range[]; backward: Range[] }[];
}

/** An interpreter that is selected for a folder. */
export interface Interpreter {
  path: string;
  reason: string;
}

export const STATUS = "aotlens/status";
export const MAP = "aotlens/map";
export const REPORT = "aotlens/report";
export const CORRESPONDENCE = "aotlens/correspondence";
export const SLOTS = "aotlens/slots";
export const SLOTS_CHANGED = "aotlens/didChangeSlots";
export const TRUST_CHANGED = "aotlens/didChangeTrust";
export const CURSOR_CHANGED = "aotlens/didChangeCursor";
export const INTERPRETERS_CHANGED = "aotlens/didChangeInterpreters";
