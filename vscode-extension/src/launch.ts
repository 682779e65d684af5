/** Chooses the server and its Python: a server installed in an environment, or the one bundled with the extension. */

import { existsSync } from "node:fs";
import * as path from "node:path";

export type ImportStrategy = "fromEnvironment" | "useBundled";

/** A command that starts a server. */
export interface Launch {
  command: string;
  args: string[];
  from: "environment" | "bundle";
  version: string;
}

/** The answer of a Python about itself. */
export interface Probed {
  version: [number, number];
  suffix: string;
  aotlens: string | null;
}

/** Runs a program and gives its output. Rejects if the program cannot be run, or fails. */
export type Run = (command: string, args: string[]) => Promise<string>;

export interface LaunchQuestion {
  strategy: ImportStrategy;
  /** The interpreters whose installed aotlens may run, best first. */
  environments: string[];
  /** The interpreters that may run the bundled server, best first. */
  pythons: string[];
  /** The folder that holds the bundled server. */
  bundle: string;
  /** The version of the extension and of the bundled server. */
  version: string;
  run: Run;
}

/** No Python can run the server. Names each that was tried, with the reason. */
export class NoPython extends Error {
  constructor(readonly tried: string[]) {
    super(
      tried.length
        ? `No Python 3.10 to 3.14 to run the server with: ${tried.join("; ")}`
        : "There is no Python to run the server with",
    );
  }
}

/** Only errors go to stderr: the client gets the log as messages. */
const SERVE = ["serve", "--stdio", "--log-level", "error"];
const PROBE = `
import json, sys, sysconfig
try:
    from importlib.metadata import version
    aotlens = version("aotlens")
except Exception:
    aotlens = None
print(json.dumps({"version": sys.version_info[:2], "suffix": sysconfig.get_config_var("EXT_SUFFIX"), "aotlens": aotlens}))
`;

/** Find the server to start. Throws NoPython. */
export async function findLaunch(question: LaunchQuestion): Promise<Launch> {
  const known = new Map<string, Promise<Probed>>();
  const probe = (python: string): Promise<Probed> => {
    let probed = known.get(python);
    if (probed === undefined) {
      // -I: neither the working directory nor environment variables may change what is imported.
      probed = question.run(python, ["-I", "-c", PROBE]).then((text) => JSON.parse(text) as Probed);
      known.set(python, probed);
    }
    return probed;
  };
  if (question.strategy === "fromEnvironment") {
    for (const python of question.environments) {
      const found = await probe(python).catch(() => null);
      if (found?.aotlens && isCompatible(found.aotlens, question.version)) {
        const args = ["-I", "-m", "aotlens", ...SERVE];
        return { command: python, args, from: "environment", version: found.aotlens };
      }
    }
  }
  const tried: string[] = [];
  for (const python of new Set(question.pythons)) {
    const found = await probe(python).catch(() => null);
    if (found === null) {
      tried.push(`${python} does not run`);
    } else if (!canRunBundle(question.bundle, found)) {
      tried.push(`${python} is Python ${found.version.join(".")}`);
    } else {
      // -S: packages installed beside this Python must not replace the bundled ones.
      const args = ["-I", "-S", path.join(question.bundle, "serve.py"), ...SERVE];
      return { command: python, args, from: "bundle", version: question.version };
    }
  }
  throw new NoPython(tried);
}

/** Whether two launches start the same server. */
export function isSame(one: Launch | undefined, other: Launch): boolean {
  return one !== undefined && [one.command, ...one.args].join("\0") === [other.command, ...other.args].join("\0");
}

/** Whether a server and an extension understand each other: before 1.0 their minor versions have to agree. */
export function isCompatible(server: string, extension: string): boolean {
  const numbers = (version: string) => /^(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  const [[ours = NaN, least = NaN] = [], [theirs, minor = NaN] = []] = [numbers(extension), numbers(server)];
  return ours === theirs && (ours === 0 ? minor === least : minor >= least);
}

/** Whether the bundle has a native module for this version of Python. */
function canRunBundle(bundle: string, python: Probed): boolean {
  return existsSync(path.join(bundle, "libs", "tree_sitter", `_binding${python.suffix}`));
}
