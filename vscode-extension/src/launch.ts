/** Which server is started, and with which Python: that of an environment, or the one that comes with the extension. */

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

/** What a Python says of itself. */
export interface Probed {
  version: [number, number];
  suffix: string;
  aotlens: string | null;
}

/** Runs a program and gives what it prints; fails where it cannot be run, or fails itself. */
export type Run = (command: string, args: string[]) => Promise<string>;

export interface LaunchQuestion {
  strategy: ImportStrategy;
  /** The interpreters whose own aotlens may serve, best first. */
  environments: string[];
  /** The interpreters that may run the bundled server, best first. */
  pythons: string[];
  /** The folder that holds the bundled server. */
  bundle: string;
  /** The version of the extension, which is that of the bundled server. */
  version: string;
  run: Run;
}

/** Why there is no server: what each Python that was tried is. */
export class NoPython extends Error {
  constructor(readonly tried: string[]) {
    super(
      tried.length
        ? `No Python 3.10 to 3.14 to run the server with: ${tried.join("; ")}`
        : "There is no Python to run the server with",
    );
  }
}

/** What goes to stderr is for what the client does not hear: it is sent the log. */
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

/** The server to start. Throws NoPython. */
export async function findLaunch(question: LaunchQuestion): Promise<Launch> {
  const known = new Map<string, Promise<Probed>>();
  const probe = (python: string): Promise<Probed> => {
    let probed = known.get(python);
    if (probed === undefined) {
      // -I: nothing of the folder that it runs in, and nothing of the environment's variables.
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
      // -S: what is installed beside this Python must not get in the way of what is bundled.
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

/** Whether a server of one version understands an extension of the other: before 1.0 the minor version has to agree. */
export function isCompatible(server: string, extension: string): boolean {
  const numbers = (version: string) => /^(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  const [[ours = NaN, least = NaN] = [], [theirs, minor = NaN] = []] = [numbers(extension), numbers(server)];
  return ours === theirs && (ours === 0 ? minor === least : minor >= least);
}

/** The bundle has one native module for each version of Python, named as that Python names its modules. */
function canRunBundle(bundle: string, python: Probed): boolean {
  return existsSync(path.join(bundle, "libs", "tree_sitter", `_binding${python.suffix}`));
}
