/** As much of the Python extension as others see of it: which interpreter is selected, and that it is another now. */

const vscode = require("vscode");

exports.activate = () => {
    const pythons = JSON.parse(process.env.AOTLENS_TEST_PYTHONS);
    let selected = Object.values(pythons)[0];
    const changed = new vscode.EventEmitter();
    vscode.commands.registerCommand("python.setInterpreter", async () => {
        const chosen = await vscode.window.showQuickPick(Object.keys(pythons), { placeHolder: "Select Interpreter" });
        if (chosen !== undefined) {
            selected = pythons[chosen];
            changed.fire({ path: selected });
            changed.fire({ path: selected });
        }
    });
    return {
        environments: {
            getActiveEnvironmentPath: () => ({ id: selected, path: selected }),
            resolveEnvironment: async ({ path }) => ({ path, executable: { uri: vscode.Uri.file(path) } }),
            onDidChangeActiveEnvironmentPath: changed.event,
        },
    };
};
